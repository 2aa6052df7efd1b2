"""A farm with places to upload to, and the source packages of the examples."""

import shutil
from functools import cache

from twisted.trial.unittest import SynchronousTestCase

from buildmaster.cli.running.demosources import TREES, make_source
from buildmaster.farm.vocabulary.archives import Purpose
from buildmaster.model.tables.distribution import Distribution
from tests.support.commands import CommandFarm
from tests.support.databases import a_folder
from tests.support.rows import a_series, an_archive

TO = ("--archive", "ubuntu", "--suite", "hoary")


@cache
def made():
    """Return a folder with the source packages of the demo, made once."""
    folder = a_folder()
    for name in ("abacus", "fieldnotes"):
        make_source(TREES / name, folder)
    return folder


def add_places(session):
    ubuntu = Distribution(name="ubuntu", title="Ubuntu")
    a_series(session, "hoary", distribution=ubuntu)
    a_series(session, "warty", distribution=ubuntu)
    an_archive(session, ubuntu, reference="ubuntu")
    ppa = {"purpose": Purpose.PPA, "trusted": False, "name": "ppa"}
    an_archive(session, ubuntu, reference="~cprov/ubuntu/ppa", owner="cprov", **ppa)
    an_archive(session, ubuntu, reference="~secret/ubuntu/ppa", owner="s", private=True, buildd_secret="s", **ppa)


class UploadCase(SynchronousTestCase):
    def setUp(self):
        self.farm = CommandFarm(self)
        self.farm.transactions.write(add_places)
        self.folder = a_folder() / "sources"
        shutil.copytree(made(), self.folder)

    def source(self, name="fieldnotes"):
        return next(self.folder.glob(f"{name}_*_source.changes"))

    def leaves(self, place):
        folder = self.farm.root / place
        return sorted(leaf.name for leaf in folder.iterdir()) if folder.is_dir() else []
