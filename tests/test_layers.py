"""Imports point one way: from what wires, through what acts, to what only decides."""

import ast
import sys
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "buildmaster"
PURE = {"errors"}
SLAVE = {"slave", "slaveaddress", "slavefiles", "slavehttp", "slavewire", "slavewords"}
OTHERS = {
    "archfiles",
    "child",
    "database",
    "disk",
    "diskfiles",
    "election",
    "errands",
    "fetching",
    "folders",
    "joining",
    "landing",
    "librarian",
    "logfiles",
    "mail",
    "notifications",
    "nudges",
    "pausing",
    "reporter",
}
DAEMON = {"garbage", "signals", "stall", "systemd", "mastership"}
UPLOADS = {"arrivals", "drops", "intake", "leaves", "packages", "resultintake", "signatures", "uploadcommand"}
ERRANDS = {"asking", "collecting", "duties", "preparing", "probing", "resetting", "saying", "schedule", "silences"}
EDGES = SLAVE | OTHERS | UPLOADS | ERRANDS | {"upgrading"}
ALLOWED = {
    "errors": set(),
    "farm": PURE,
    "conffile": set(),
    "confvalues": {"farm", "conffile"},
    "settings": {"farm", "confvalues"},
    "config": PURE | {"conffile", "settings"},
    "model": PURE | {"farm"},
    **dict.fromkeys(EDGES, PURE | EDGES | {"farm", "model"}),
    **dict.fromkeys(DAEMON, PURE),
    "sequencer": PURE | EDGES | {"farm", "model"},
    "tasks": PURE | EDGES | {"farm", "model"},
    "web": PURE | EDGES | {"farm", "model"},
    "buildd": set(),
    "importworker": set(),
    "parts": PURE | EDGES | {"settings"},
    "crew": PURE | EDGES | {"farm", "model", "settings", "parts", "sequencer", "tasks"},
    "front": PURE | EDGES | {"farm", "model", "settings", "parts", "sequencer", "stall", "web"},
    "service": PURE | EDGES | DAEMON | {"settings", "crew", "front", "parts", "sequencer", "tasks"},
    "daemon": PURE | DAEMON | {"config", "settings", "database", "reporter", "service"},
    "cli": PURE
    | EDGES
    | {"farm", "model", "config", "settings", "sequencer", "tasks", "web", "service", "buildd", "importworker"},
}
PARTS = {"deciding", "effects"}  # of the scanner's turn, which is a task
FARM_MAY_USE = set(sys.stdlib_module_names) - {"time", "os", "random", "logging"} | {"pytz"}


def modules():
    """Yield (room, path, imported names) of every module of the package."""
    for path in sorted(PACKAGE.rglob("*.py")):
        inside = path.relative_to(PACKAGE)
        room = inside.parts[0].removesuffix(".py")
        if room != "__init__":
            yield room, inside, imported(path)


def imported(path):
    """Return the full names of the modules that the one at ``path`` imports, wherever in it."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


class LayerTests(SynchronousTestCase):
    def test_imports_point_one_way(self):
        wrong = [
            f"{path} imports {name}"
            for room, path, names in modules()
            for name in names
            if name.startswith("buildmaster.") and name.split(".")[1] not in ALLOWED[room] | {room, "__version__"}
        ]
        self.assertEqual([], wrong)

    def test_the_farm_is_pure(self):
        wrong = [
            f"{path} imports {name}"
            for room, path, names in modules()
            for name in names
            if room == "farm"
            and not name.startswith("buildmaster.")
            and name.split(".")[0] not in FARM_MAY_USE
            and not (path.name == "depends.py" and name.startswith("debian."))
        ]
        self.assertEqual([], wrong)

    def test_tasks_meet_in_the_database_only(self):
        wrong = [
            f"{path} imports {name}"
            for room, path, names in modules()
            for name in names
            if room == "tasks" and name.startswith("buildmaster.tasks.") and name.split(".")[2] not in PARTS
        ]
        self.assertEqual([], wrong)

    def test_nobody_imports_the_global_reactor(self):
        places = [*PACKAGE.rglob("*.py"), *(ROOT / "bench").glob("*.py"), *(ROOT / "tests").rglob("*.py")]
        wrong = [str(path) for path in places if "twisted.internet.reactor" in imported(path)]
        self.assertEqual([], wrong)
