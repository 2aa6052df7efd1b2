"""Imports point one way, from what people type down to what is only decided; and nothing runs in a circle at any level."""

import ast
import sys
from itertools import pairwise
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "buildmaster"

# From the top down: a room imports what stands on a lower floor, and nothing that stands on its own or above.
FLOORS = (
    ("cli",),
    ("daemon",),
    ("tasks", "web"),
    ("work",),
    ("files",),
    ("model", "slave"),
    ("farm",),
    ("errors",),
)
ON_THEIR_OWN = {"workers"}  # on other machines; the command starts them, and nobody else knows them
# Inside the model: what people see, set and check rests on what turns read and write, and all on the tables.
MODEL_FLOORS = (
    ("listings", "maintenance", "register"),
    ("builders", "codeimports", "dispatch", "mirrors", "notices", "publishing", "queue", "uploads"),
    ("tables",),
)
FARM_MAY_USE = set(sys.stdlib_module_names) - {"time", "os", "random", "logging"} | {"pytz"}


def _modules():
    """Return the path of each module, by its name below ``buildmaster``."""
    return {
        ".".join(path.relative_to(PACKAGE).with_suffix("").parts): path
        for path in sorted(PACKAGE.rglob("*.py"))
        if path.name != "__init__.py"
    }


def _imported(path):
    """Return the full names of what the module at ``path`` imports, wherever in it."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


MODULES = _modules()
IMPORTED = {name: _imported(path) for name, path in MODULES.items()}


def _home(name):
    """Return the module of ours that an imported ``name`` is of, or is; None for what is not ours."""
    inside = name.removeprefix("buildmaster.")
    while inside and inside not in MODULES:
        inside = inside.rpartition(".")[0]
    return inside or None


ARROWS = {(module, home) for module, names in IMPORTED.items() for home in map(_home, names) if home and home != module}


def _floor(floors, room):
    return next(number for number, rooms in enumerate(floors) if room in rooms)


def _reached(arrows, start):
    """Return all rooms that can be reached from ``start`` along ``arrows``."""
    seen, ahead = set(), [start]
    while ahead:
        here = ahead.pop()
        new = {end for begin, end in arrows if begin == here} - seen
        seen |= new
        ahead += new
    return seen


def _arrows_inside(folder):
    """Return the arrows between what lies directly in ``folder``, a tuple of names."""
    depth = len(folder)
    inside = set()
    for module, home in ARROWS:
        begin, end = module.split("."), home.split(".")
        if begin[:depth] == end[:depth] == [*folder] and begin[depth : depth + 1] != end[depth : depth + 1]:
            inside.add((begin[depth], end[depth]))
    return inside


class LayerTests(SynchronousTestCase):
    def test_no_arrow_points_up(self):
        wrong = []
        for module, home in ARROWS:
            here, there = module.split(".")[0], home.split(".")[0]
            if here == there or here in ON_THEIR_OWN or (here == "cli" and there in ON_THEIR_OWN):
                continue
            if there in ON_THEIR_OWN or _floor(FLOORS, here) >= _floor(FLOORS, there):
                wrong.append(f"{module} imports {home}")
        self.assertEqual([], wrong)

    def test_inside_the_model_no_arrow_points_up(self):
        wrong = []
        for module, home in ARROWS:
            here, there = module.split("."), home.split(".")
            inside = here[0] == there[0] == "model" and len(here) == len(there) == 3
            if inside and _floor(MODEL_FLOORS, here[1]) > _floor(MODEL_FLOORS, there[1]):
                wrong.append(f"{module} imports {home}")
        self.assertEqual([], wrong)

    def test_nothing_runs_in_a_circle_at_any_level(self):
        folders = {tuple(name.split(".")[:depth]) for name in MODULES for depth in range(name.count(".") + 1)}
        circles = [
            f"{'.'.join(folder)}: {begin} and {end}"
            for folder in folders
            for arrows in [_arrows_inside(folder)]
            for begin, end in arrows
            if begin in _reached(arrows, end)
        ]
        self.assertEqual([], circles)

    def test_workers_import_nothing_of_the_master(self):
        wrong = [f"{module} imports {home}" for module, home in ARROWS if module.split(".")[0] in ON_THEIR_OWN]
        self.assertEqual([], [line for line in wrong if " imports workers." not in line])

    def test_the_farm_is_pure(self):
        wrong = [
            f"{module} imports {name}"
            for module, names in IMPORTED.items()
            for name in names
            if module.startswith("farm.")
            and not name.startswith("buildmaster.")
            and name.split(".")[0] not in FARM_MAY_USE
            and not (module == "farm.queue.depends" and name.startswith("debian."))
        ]
        self.assertEqual([], wrong)

    def test_tasks_meet_in_the_database_only(self):
        wrong = [
            f"{module} imports {home}"
            for module, home in ARROWS
            if module.startswith("tasks.") and home.startswith("tasks.") and module.split(".")[1] != home.split(".")[1]
        ]
        self.assertEqual([], wrong)

    def test_nobody_imports_the_global_reactor(self):
        places = [*PACKAGE.rglob("*.py"), *(ROOT / "bench").glob("*.py"), *(ROOT / "tests").rglob("*.py")]
        wrong = [str(path) for path in places if "twisted.internet.reactor" in _imported(path)]
        self.assertEqual([], wrong)

    def test_the_plan_names_every_room(self):
        rooms = {name.split(".")[0] for name in MODULES}
        self.assertEqual(rooms, {room for floor in FLOORS for room in floor} | ON_THEIR_OWN)
        below = {name.split(".")[1] for name in MODULES if name.startswith("model.") and name.count(".") == 2}
        self.assertEqual(below, {room for floor in MODEL_FLOORS for room in floor})
        self.assertTrue(all(set(upper).isdisjoint(lower) for upper, lower in pairwise(FLOORS)))
