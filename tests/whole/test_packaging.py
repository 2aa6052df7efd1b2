"""The wheel has all that the daemon and the demo need, and works from an empty folder."""

import os
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from zipfile import ZipFile

from twisted.trial.unittest import SynchronousTestCase

from tests.support.databases import a_folder

HERE = Path(__file__).parents[2]
FOLDERS = ("buildmaster", "schema", "daemons", "examples")
FILES = ("setup.py", "pyproject.toml", "README.rst", "LICENSE", "buildmaster.conf")


@cache
def installed():
    """Build the wheel of a copy of the checkout, and unpack it into a folder of its own, as pip does; once for all."""
    source = a_folder()
    for name in FOLDERS:
        shutil.copytree(HERE / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in FILES:
        shutil.copy(HERE / name, source / name)
    wheels, site = a_folder(), a_folder()
    command = [sys.executable, "-W", "ignore", "setup.py", "-q", "bdist_wheel", "-d", wheels]
    subprocess.run(command, cwd=source, check=True, capture_output=True)
    (built,) = wheels.iterdir()
    with ZipFile(built) as wheel:
        for member in wheel.infolist():
            Path(wheel.extract(member, site)).chmod(member.external_attr >> 16)
    return site


class WheelTests(SynchronousTestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name).resolve()
        self.site = installed()

    def run_command(self, *words):
        """Run the installed command in an empty folder."""
        empty = self.folder / "empty"
        empty.mkdir(exist_ok=True)
        program = "from buildmaster.cli.main import main; main()"
        return subprocess.run(
            [sys.executable, "-c", program, *words],
            cwd=empty,
            env={**os.environ, "PYTHONPATH": str(self.site), "TMPDIR": str(self.folder)},
            capture_output=True,
            text=True,
            check=False,
        )

    def test_it_runs_from_an_empty_folder(self):
        conf = self.folder / "farm.conf"
        conf.write_text(f"[buildmaster]\nroot = {self.folder / 'farm'}\n")
        checked = self.run_command("--config", str(conf), "check-config")
        made = self.run_command("--config", str(conf), "init")
        self.assertEqual((0, 0, ""), (checked.returncode, made.returncode, made.stderr))
        self.assertTrue((self.folder / "farm/buildmaster.sqlite").exists())
        self.assertTrue((self.site / "buildmaster/daemons/buildmaster.tac").exists())
        lost = self.run_command("check-config")
        self.assertIn(str(self.site / "buildmaster/buildmaster.conf"), lost.stderr)

    def test_the_examples_are_whole(self):
        here, there = (
            {path.relative_to(folder): os.access(path, os.X_OK) for path in folder.rglob("*")}
            for folder in (HERE / "examples", self.site / "buildmaster/examples")
        )
        self.assertEqual(here, there)

    def test_the_demo_builds_its_packages(self):
        done = self.run_command("demo")
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        self.assertEqual(3, done.stdout.partition("results\n")[2].count("FULLYBUILT"), done.stdout)
