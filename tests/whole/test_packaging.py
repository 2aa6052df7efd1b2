"""The wheel has all that the daemon needs, and works from an empty folder."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from zipfile import ZipFile

from twisted.trial.unittest import SynchronousTestCase

HERE = Path(__file__).parents[2]
BUILT = ("buildmaster", "schema", "daemons", "setup.py", "pyproject.toml", "README.rst", "LICENSE", "buildmaster.conf")


class WheelTests(SynchronousTestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name).resolve()
        self.site = self.folder / "site"

    def install(self):
        """Build the wheel of a copy of the checkout, and unpack it into a folder of its own."""
        source = self.folder / "source"
        source.mkdir()
        for name in BUILT:
            if (HERE / name).is_dir():
                shutil.copytree(HERE / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(HERE / name, source / name)
        wheel = [sys.executable, "-W", "ignore", "setup.py", "-q", "bdist_wheel", "-d", self.folder / "dist"]
        subprocess.run(wheel, cwd=source, check=True, capture_output=True)
        (built,) = (self.folder / "dist").iterdir()
        with ZipFile(built) as wheel_file:
            wheel_file.extractall(self.site)

    def run_command(self, *words):
        """Run the installed command in an empty folder."""
        empty = self.folder / "empty"
        empty.mkdir(exist_ok=True)
        program = "from buildmaster.cli.main import main; main()"
        return subprocess.run(
            [sys.executable, "-c", program, *words],
            cwd=empty,
            env={**os.environ, "PYTHONPATH": str(self.site)},
            capture_output=True,
            text=True,
            check=False,
        )

    def test_it_runs_from_an_empty_folder(self):
        self.install()
        conf = self.folder / "farm.conf"
        conf.write_text(f"[buildmaster]\nroot = {self.folder / 'farm'}\n")
        checked = self.run_command("--config", str(conf), "check-config")
        made = self.run_command("--config", str(conf), "init")
        self.assertEqual((0, 0, ""), (checked.returncode, made.returncode, made.stderr))
        self.assertTrue((self.folder / "farm/buildmaster.sqlite").exists())
        self.assertTrue((self.site / "buildmaster/daemons/buildmaster.tac").exists())
        lost = self.run_command("check-config")
        self.assertIn(str(self.site / "buildmaster/buildmaster.conf"), lost.stderr)
