"""A build's log and results are fetched, verified and landed; after a kill anywhere the rest is done, and nothing twice."""

import gzip
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pkgutil import resolve_name as attribute
from unittest.mock import patch

from twisted.internet.defer import Deferred, execute, succeed
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.farm.builders.replies import Silence
from buildmaster.farm.vocabulary.states import BuildState
from buildmaster.files.layout import GATHERING, INCOMING, make_folders
from buildmaster.files.librarian import FolderLibrarian
from buildmaster.model.tables.builds import Build
from buildmaster.model.tables.files import StoredFile
from buildmaster.tasks.scanner.fetching import Bounds, FetchFailedError, ResultFetcher
from buildmaster.tasks.scanner.landing import FetchedBuild, FetchFolders
from tests.support.bothdatabases import OnSQLite
from tests.support.contexts import a_context
from tests.support.databases import a_folder
from tests.support.facts import a_job
from tests.support.master import sha1
from tests.support.rows import NOW

FILES = {"a_1_i386.changes": b"changes", "a_1_i386.deb": b"deb", "b_1_i386.deb": b"deb"}
FILEMAP = tuple((name, sha1(content)) for name, content in FILES.items())
LOG = b"deb http://buildd:secret@host/ hoary main\n\xff make\n"


class KilledError(Exception):
    """The master is killed here."""


class Holding:
    """A slave that has files, by SHA-1; ``fetched`` are the names that it was asked for.

    Files of ``hold`` bytes and more are written as they come.
    """

    def __init__(self, files=FILES, log=LOG, hold=1000):
        self.hold = hold
        self.files = {sha1(content): content for content in files.values()} | {"buildlog": log}
        self.fetched = []

    def fetch(self, name, into, limit, hold):
        self.fetched.append(name)
        content = self.files.get(name)
        if content is None:
            return succeed(Silence("garbage: HTTP 404 Not Found"))
        if len(content) > limit:
            return succeed(Silence(f"garbage: more than {limit} bytes"))
        return succeed(content if len(content) < min(hold, self.hold) else into.finish(content))


class FetchingCase(OnSQLite, SynchronousTestCase):
    def setUp(self):
        super().setUp()
        self.root = a_folder()
        make_folders(self.root)
        self.librarian = FolderLibrarian(self.root / "librarian")
        self.slave = Holding()
        self.in_thread = execute
        self.job = a_job(build_id=self.build_id, attempt_id=self.attempt_id, cookie=f"{self.build_id}-1")
        self.leaf = self.root / INCOMING / f"20260301-120000-{self.job.cookie}"

    def fetcher(self, **bounds):
        bounds = Bounds(**{"files": 3, "size": 1000, "log": 1000, **bounds})
        folders = FetchFolders(self.root, self.librarian, lambda: NOW)
        return ResultFetcher(a_context(self.transactions, in_thread=self.in_thread), folders, bounds)

    def start(self, filemap=FILEMAP, **bounds):
        job = replace(self.job, state=self.build().buildstate)
        return Deferred.fromCoroutine(self.fetcher(**bounds).fetch_and_land(self.slave, job, filemap))

    def fetch(self, filemap=FILEMAP, **bounds):
        return self.successResultOf(self.start(filemap, **bounds))

    def refusal(self, filemap=FILEMAP, **bounds):
        return str(self.failureResultOf(self.start(filemap, **bounds), FetchFailedError).value)

    def gathering(self):
        return sorted(path.name for path in (self.root / GATHERING).iterdir())

    def landed(self):
        return {path.name: path.read_bytes() for path in self.leaf.iterdir()} if self.leaf.exists() else None

    def log_text(self):
        row = self.read(lambda session: session.get(StoredFile, session.get(Build, self.build_id).buildlog_id))
        return row.filename, gzip.decompress(self.librarian.path(row.sha256).read_bytes()).decode()


class FetchTests(FetchingCase):
    def test_all_lands_at_once_and_the_build_is_the_uploaders(self):
        self.assertTrue(self.fetch())
        self.assertEqual(FILES, self.landed())
        self.assertEqual((BuildState.UPLOADING, self.leaf.name), (self.build().buildstate, self.attempt().leaf))
        self.assertEqual([f"{self.job.cookie}.log.gz"], self.gathering())

    def test_the_log_of_one_that_has_landed_goes_when_the_next_lands(self):
        fetcher = self.fetcher()
        self.successResultOf(Deferred.fromCoroutine(fetcher.fetch_and_land(self.slave, self.job, FILEMAP)))
        folders = fetcher._folders
        folders.land([FetchedBuild("9-1", (), b"log")])
        self.assertEqual(["9-1.log.gz"], self.gathering())

    def test_the_log_comes_first_and_is_kept_without_credentials(self):
        self.fetch()
        self.assertEqual("buildlog", self.slave.fetched[0])
        name, text = self.log_text()
        self.assertEqual("buildlog_ubuntu-hoary-i386.pmount_0.1-1_UPLOADING.txt.gz", name)
        self.assertEqual("deb http://host/ hoary main\n\N{REPLACEMENT CHARACTER} make\n", text)

    def test_a_log_that_can_not_be_had_is_replaced_by_what_is_known_of_it(self):
        for log, reason in ((None, "HTTP 404"), (b"x" * 1001, "more than 1000 bytes")):
            with self.subTest(reason):
                super().setUp()
                self.slave.files["buildlog"] = log
                self.assertTrue(self.fetch())
                self.assertIn(reason, self.log_text()[1])

    def test_what_took_the_place_of_a_log_is_taken_for_no_log_by_another_master(self):
        self.slave.files["buildlog"] = None
        lost = self.slave.files.pop(FILEMAP[1][1])
        self.refusal()
        self.assertNotIn(f"{self.job.cookie}.log.gz", self.gathering())
        self.slave.files |= {"buildlog": LOG, FILEMAP[1][1]: lost}
        self.fetch()
        self.assertIn("make", self.log_text()[1])

    def test_where_results_and_log_both_fail_the_log_is_left_to_another_try(self):
        self.slave.files = {}
        with patch.object(FetchFolders, "keep_instead") as kept:
            self.refusal()
        kept.assert_not_called()

    def test_names_are_checked_before_anything_is_opened(self):
        for name in ("../../etc/passwd", "/etc/passwd", ".changes", "a b", "x" * 256, "uploader.log"):
            self.assertIn(repr(name), self.refusal((*FILEMAP[:2], (name, "0" * 40))))
        self.assertEqual(["buildlog"], self.slave.fetched)
        self.assertIsNone(self.landed())

    def test_there_are_not_too_many_files_and_they_are_not_too_large(self):
        self.assertEqual("3 result files, and 2 are allowed", self.refusal(files=2))
        self.assertIn("could not be fetched: garbage: more than", self.refusal(size=12))
        self.assertTrue(self.fetch(size=13))

    def test_every_file_is_what_was_promised(self):
        self.slave.files["1" * 40] = b"something else"
        text = self.refusal((("a.deb", "1" * 40),))
        self.assertRegex(text, f"^a.deb is not what was promised: SHA-1 [0-9a-f]{{40}}, not {'1' * 40}$")
        self.assertIsNone(self.landed())

    def test_a_file_that_is_not_there_fails_the_attempt(self):
        self.assertEqual(
            "a.deb could not be fetched: garbage: HTTP 404 Not Found", self.refusal((("a.deb", "../buildd.conf"),))
        )

    def test_of_what_is_wanted_no_more_nothing_lands(self):
        for state in (BuildState.CANCELLING, BuildState.FULLYBUILT):
            self.set(Build, self.build_id, buildstate=state)
            self.assertFalse(self.fetch())
            self.assertIsNone(self.landed())
            self.assertEqual([], self.gathering())

    def test_a_build_with_no_files_is_the_uploaders_to_refuse(self):
        self.assertTrue(self.fetch(()))
        self.assertEqual({}, self.landed())


class BigFilesTests(FetchTests):
    """All files are too big to be held."""

    def setUp(self):
        super().setUp()
        self.slave.hold = 0


class KilledTests(FetchingCase):
    """The master is killed at any flush to the disk, or before any commit, and a new one goes on."""

    def killed(self, last, hold):
        """Collect, and be killed at that step; tell whether there was one."""
        self.start_anew(hold)
        count = 0

        def step(do, *args):
            nonlocal count
            count += 1
            if count > last:
                raise KilledError
            return do(*args)

        with ExitStack() as patches:
            for name in (
                "buildmaster.tasks.scanner.landing.sync_folder",
                "buildmaster.files.librarian.sync_folder",
                "os.fsync",
            ):
                patches.enter_context(patch(name, partial(step, attribute(name))))
            for deed in ("begin_fetching", "note_landed"):
                name = f"buildmaster.tasks.scanner.fetching.{deed}"
                patches.enter_context(patch(name, partial(step, attribute(name))))
            ended = self.start()
        return bool(self.failureResultOf(ended, KilledError)) if count > last else self.successResultOf(ended) and False

    def start_anew(self, hold):
        super().setUp()
        self.slave.hold = hold

    def test_the_end_is_the_same_wherever_it_happens(self):
        for hold in (0, 4, 1000):
            step = 0
            while self.killed(step, hold):
                self.fetch()
                with self.subTest(hold=hold, step=step):
                    self.assertEqual(FILES, self.landed())
                    self.assertEqual(BuildState.UPLOADING, self.build().buildstate)
                    self.assertEqual(1, len(list((self.root / INCOMING).iterdir())))
                    self.assertIn("make", self.log_text()[1])
                step += 1
            self.assertGreater(step, 5)

    def test_a_big_file_that_has_come_whole_is_not_fetched_again(self):
        self.slave.hold = 4
        lost = self.slave.files.pop(FILEMAP[1][1])
        self.refusal()
        self.slave.files[FILEMAP[1][1]] = lost
        self.slave.fetched.clear()
        self.fetch()
        self.assertEqual([FILEMAP[1][1]] * 2, self.slave.fetched)

    def test_what_nobody_promised_this_time_does_not_land(self):
        self.slave.hold = 4
        self.slave.files.pop(FILEMAP[1][1])
        self.refusal()
        self.assertTrue(self.fetch(()))
        self.assertEqual({}, self.landed())

    def test_a_folder_that_somebody_removed_is_made_anew(self):
        for folder in (INCOMING, GATHERING):
            (self.root / folder).rmdir()
        self.fetch()
        self.assertEqual(FILES, self.landed())

    def test_the_log_and_results_that_have_landed_need_no_slave(self):
        with patch("buildmaster.tasks.scanner.fetching.note_landed", side_effect=KilledError):
            self.failureResultOf(self.start(), KilledError)
        self.slave = Holding({}, None)
        self.assertTrue(self.fetch(()))
        self.assertEqual((BuildState.UPLOADING, FILES), (self.build().buildstate, self.landed()))
        self.assertIn("make", self.log_text()[1])
