"""Code imports in a database, for the tests that need some."""

import tempfile
from datetime import datetime, timedelta
from pathlib import Path

import pytz

from buildmaster.farm.codeimports.jobs import DEFAULT_POLICY, By, NewImport
from buildmaster.farm.codeimports.states import MachineState, RcsType, ReviewStatus
from buildmaster.model.codeimports.machines import add_machine, job_for_machine
from buildmaster.model.codeimports.reviews import add_import, review
from buildmaster.model.listings.imports import list_imports, list_machines, list_results, show_import
from buildmaster.work.transactions import Transactions, make_engine
from tests.support.databases import sqlite_url

NOW = datetime(2008, 6, 4, 12, tzinfo=pytz.UTC)
BY = By("david", NOW)


def after(**delay):
    return NOW + timedelta(**delay)


def sqlite_transactions(test):
    """Return the transactions of a fresh SQLite database, which goes with the test."""
    folder = tempfile.TemporaryDirectory()
    test.addCleanup(folder.cleanup)
    engine = make_engine(sqlite_url(Path(folder.name)))
    test.addCleanup(engine.dispose)
    return Transactions(engine)


class Imports:
    """Does things to code imports, each in a transaction of its own."""

    def __init__(self, transactions, policy=DEFAULT_POLICY):
        self.transactions = transactions
        self.policy = policy

    def add(self, name="trunk", rcs_type=RcsType.GIT, url=None, module="", interval=None):
        new = NewImport(name, rcs_type, url or f"https://example.org/{name}", module, interval)
        self.transactions.write(add_import, new, BY, self.policy)

    def approved(self, name="trunk", by=BY, **fields):
        self.add(name, **fields)
        self.review(name, ReviewStatus.REVIEWED, by)

    def review(self, name, status, by=BY):
        self.transactions.write(review, name, status, by, self.policy)

    def machine(self, hostname="box", state=MachineState.ONLINE):
        self.transactions.write(add_machine, hostname, state, BY)

    def ask(self, hostname="box", now=NOW):
        return self.transactions.write(job_for_machine, hostname, self.policy, now)

    def shown(self, name="trunk"):
        return self.transactions.read(show_import, name)

    def listed(self):
        return self.transactions.read(list_imports)

    def results(self, name="trunk"):
        return self.transactions.read(list_results, name, "http://farm/")

    def machines(self):
        return self.transactions.read(list_machines)

    def events(self, name="trunk"):
        """Return the names of an import's events, oldest first."""
        return [event["event"] for event in reversed(self.shown(name)["events"])]

    def a_running_job(self):
        """Return the id of a job that the machine ``box`` runs since NOW."""
        self.machine()
        self.approved()
        return self.ask()
