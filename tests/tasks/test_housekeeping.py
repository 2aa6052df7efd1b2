"""What is too old and of no use is removed, and nothing else."""

import errno
import os
import shutil
import time
from datetime import datetime, timedelta
from pathlib import Path
from unittest.mock import patch

import pytz
from sqlalchemy import select, update
from twisted.internet.defer import Deferred
from twisted.logger import capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.files.layout import make_folders
from buildmaster.files.librarian import FolderLibrarian, NotKeptError
from buildmaster.model.maintenance.expiry import _references
from buildmaster.model.tables.distribution import PocketChroot
from buildmaster.model.tables.files import StoredFile, remember_file
from buildmaster.model.tables.outbox import due_messages, mark_sent, post
from buildmaster.model.tables.people import Audit, record
from buildmaster.tasks.housekeeping import Ages, Housekeeping, remove_leaves
from tests.support.commands import CommandFarm
from tests.support.contexts import a_context
from tests.support.databases import a_folder
from tests.support.rows import a_series

NOW = datetime(2005, 4, 1, tzinfo=pytz.UTC)
DAY = timedelta(days=1)


class HousekeepingTests(SynchronousTestCase):
    def setUp(self):
        self.farm = CommandFarm(self)
        self.transactions = self.farm.transactions
        make_folders(self.farm.root)
        self.librarian = FolderLibrarian(self.farm.root / "librarian")
        ages = Ages({"rejected": 30}, audit=100, mail=30)
        self.task = Housekeeping(
            a_context(self.transactions, librarian=self.librarian, now=lambda: NOW), self.farm.root, ages
        )

    def turn(self, times=1):
        for _ in range(times):
            self.successResultOf(Deferred.fromCoroutine(self.task.run()))

    def leaf(self, name, age, folder="rejected"):
        leaf = self.farm.root / folder / name
        leaf.mkdir()
        (leaf / "uploader.log").touch()
        os.utime(leaf, ((NOW - age).timestamp(),) * 2)
        return leaf

    def a_content(self, held, age):
        path = self.farm.root / "original"
        path.write_bytes(held)
        content = self.librarian.add(path)
        os.utime(self.librarian.path(content.sha256), ((NOW - age).timestamp(),) * 2)
        return content

    def a_file(self, content, expires):
        def remember(session):
            file_id = remember_file(session, content, "name", "text/plain", NOW - 10 * DAY)
            session.get_one(StoredFile, file_id).expires = expires
            return file_id

        return self.transactions.write(remember)

    def ids(self):
        return self.transactions.read(lambda session: list(session.scalars(select(StoredFile.id))))

    def test_results_that_nobody_fetched_to_the_end_go_after_two_days(self):
        old = self.leaf("8-1", timedelta(days=2, minutes=1), "gathering")
        new = self.leaf("8-1-2", timedelta(days=1), "gathering")
        logs = [leaf.with_suffix(".log.gz") for leaf in (old, new)]
        for leaf, log in zip((old, new), logs, strict=True):
            log.write_bytes(b"")
            os.utime(log, (leaf.stat().st_mtime,) * 2)
        self.turn()
        self.assertEqual([False, True] * 2, [path.exists() for path in (old, new, *logs)])

    def test_what_goes_while_it_is_looked_at_is_no_matter(self):
        folder = self.leaf("8-1", timedelta(days=3), "gathering").parent
        gone = folder / "8-2.log.gz"
        with patch.object(Path, "glob", lambda *_: iter([gone, folder / "8-1"])):
            self.assertEqual(1, remove_leaves(folder, time.time()))

    def test_one_that_can_not_be_removed_spares_the_others(self):
        folder, remove = a_folder(), shutil.rmtree
        for name in "abc":
            (folder / name).mkdir()

        def forbidden(path):
            if path.name == "b":
                raise PermissionError(errno.EACCES, "Permission denied", str(path))
            remove(path)

        with patch("shutil.rmtree", forbidden), capturedLogs() as said:
            self.assertEqual(2, remove_leaves(folder, time.time() + 9))
        self.assertEqual(["b"], [path.name for path in folder.iterdir()])
        self.assertRegex(formatEvent(said[0]), "/b is too old and can't be removed: .*Permission denied")

    def test_old_leaves_go_and_young_ones_stay(self):
        old, young = self.leaf("old", 31 * DAY), self.leaf("young", 29 * DAY)
        self.turn()
        self.assertEqual((False, True), (old.exists(), young.exists()))

    def test_uploads_that_were_never_whole_go_and_whole_ones_stay(self):
        names = {".put-1-x": 3 * DAY, ".young": DAY, "20050101-000000-1-1": 90 * DAY}
        leaves = [self.leaf(name, age, "incoming") for name, age in names.items()]
        self.turn()
        self.assertEqual([False, True, True], [leaf.exists() for leaf in leaves])

    def test_old_audit_rows_go(self):
        for age in (99, 101):
            self.transactions.write(record, NOW - age * DAY, "ann", "deed", "thing", {})
        self.turn()
        dates = self.transactions.read(lambda session: list(session.scalars(select(Audit.date))))
        self.assertEqual([NOW - 99 * DAY], dates)

    def test_sent_mail_goes_and_unsent_stays(self):
        for _ in range(2):
            self.transactions.write(post, NOW - 50 * DAY, "ann@example.com", "s", "b")
        self.transactions.write(mark_sent, NOW - 40 * DAY, 1)
        self.turn()
        self.assertEqual([2], [message.id for message in self.transactions.read(due_messages, NOW, 10)])

    def test_expired_files_go_and_others_stay(self):
        content = self.a_content(b"x", DAY)
        kept = [self.a_file(content, None), self.a_file(content, NOW + DAY)]
        self.a_file(content, NOW - DAY)
        self.turn()
        self.assertEqual(kept, self.ids())

    def test_an_expired_file_that_something_refers_to_stays(self):
        def expire_all(session):
            a_series(session)
            session.execute(update(StoredFile).values(expires=NOW - DAY))

        self.transactions.write(expire_all)
        self.turn()
        self.assertEqual(2, len(self.ids()))

    def test_every_table_that_refers_to_files_is_known(self):
        tables = {column.table.name for column in _references()}
        self.assertLessEqual({"build", "attempt", PocketChroot.__tablename__}, tables)

    def test_what_a_killed_master_had_begun_to_keep_goes_after_two_days(self):
        """A file is as old as its name, which no test can change: so the librarian is asked."""
        asked = []
        self.patch(self.librarian, "clear_up", lambda before: asked.append(before) or 1)
        self.turn()
        self.assertEqual([(NOW - 2 * DAY).timestamp()], asked)

    def test_a_content_without_a_name_goes_in_time(self):
        named, nameless, young = (self.a_content(held, 5 * DAY) for held in (b"a", b"b", b"c"))
        os.utime(self.librarian.path(young.sha256), (NOW.timestamp(),) * 2)
        self.a_file(named, None)
        self.turn(256)
        self.librarian.path(named.sha256)
        self.librarian.path(young.sha256)
        self.assertRaises(NotKeptError, self.librarian.path, nameless.sha256)
