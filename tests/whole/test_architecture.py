"""What the documents say of the tree is so: each folder is named, and each module that is named is there."""

import re
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "buildmaster"
ARCHITECTURE = ROOT / "docs/architecture.rst"
PAGES = (
    ROOT / "README.rst",
    ROOT / "CONTRIBUTING.rst",
    ROOT / "SECURITY.rst",
    ARCHITECTURE,
    ROOT / "docs/glossary.rst",
    *sorted((ROOT / "docs/decisions").glob("*.rst")),
)
BESIDE = ("bench", "daemons", "docs", "examples", "schema", "tests")  # what lies beside the package
ROOMS = (*(path.name for path in PACKAGE.iterdir() if (path / "__init__.py").exists()), *BESIDE)
LITERAL = re.compile(r"``(.+?)``", re.DOTALL)
PLACE = re.compile(rf"(?<![\w./<~-])(?:buildmaster/)?(?:{'|'.join(ROOMS)})/[\w./-]*\w/?")
FILE = re.compile(r"(?<![\w./<~-])\w+\.(?:py|rst)\b")


def named(text, pattern):
    """Return what of a pattern is written in a text's literals, such as ``work/database`` or ``build.py``."""
    return {found for literal in LITERAL.findall(text) for found in pattern.findall(literal)}


def is_there(place):
    """Tell whether a folder, a module (with or without its ending) or another file has this name."""
    return any((above / f"{place.rstrip('/')}{ending}").exists() for above in (ROOT, PACKAGE) for ending in ("", ".py"))


class ArchitectureTests(SynchronousTestCase):
    def test_every_folder_of_the_package_is_named(self):
        folders = [path.parent.relative_to(PACKAGE) for path in sorted(PACKAGE.rglob("__init__.py"))]
        text = ARCHITECTURE.read_text()
        self.assertEqual([], [str(folder) for folder in folders if folder.parts and f"``{folder}/``" not in text])

    def test_what_is_named_by_its_path_is_there(self):
        lost = [
            f"{page.name}: {place}"
            for page in PAGES
            for place in sorted(named(page.read_text(), PLACE))
            if not is_there(place)
        ]
        self.assertEqual([], lost)

    def test_what_is_named_by_its_file_name_is_there(self):
        known = {path.name for above in (PACKAGE, *map(ROOT.joinpath, BESIDE)) for path in above.rglob("*.*")}
        known |= {path.name for path in ROOT.iterdir()}
        wrong = [
            f"{page.name}: {name}"
            for page in PAGES
            for name in sorted(named(page.read_text(), FILE))
            if name not in known
        ]
        self.assertEqual([], wrong)

    def test_the_literals_are_told_from_the_rest(self):
        text = "See ``work/database``, ``make test TESTS=tests/farm``, work/lost and ``/files/<id>/<name>``; ``a.py``."
        self.assertEqual({"work/database", "tests/farm"}, named(text, PLACE))
        self.assertEqual({"a.py"}, named(text, FILE))
