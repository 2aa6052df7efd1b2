"""The farm at one moment, as the scanner sees it."""

from dataclasses import asdict, fields
from datetime import timedelta

from sqlalchemy import event
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.farm.builders.facts import BuilderFacts, JobFacts
from buildmaster.farm.builders.states import CleanStatus, FailedBy
from buildmaster.farm.vocabulary.archives import Pocket, Purpose
from buildmaster.farm.vocabulary.states import BuildState
from buildmaster.model.builders.attempts import conclude
from buildmaster.model.builders.snapshots import belongings_of, glimpse, snapshot
from buildmaster.model.tables.archive import Archive
from buildmaster.model.tables.builders import Builder
from buildmaster.model.tables.builds import Attempt, Build, BuildQueue
from tests.support.bothdatabases import OnPostgreSQL, OnSQLite
from tests.support.rows import NOW, a_builder

MOMENTS = [NOW + timedelta(seconds=number) for number in range(1, 10)]
BUILDER = {
    "trusted": False, "vm_host": "metal", "builderok": False, "failed_by": FailedBy.PROBE, "failnotes": "smoke",
    "date_failed": MOMENTS[0], "manual": True, "clean_status": CleanStatus.CLEANING, "clean_since": MOMENTS[1],
    "failure_count": 3, "silent_scans": 4, "silent_since": MOMENTS[2], "probe_delay": 120.0, "next_probe": MOMENTS[3], "last_seen": MOMENTS[8],
    "version": "206", "kinds": "binarypackage livefs",
}  # fmt: skip
ATTEMPT = {"number": 2, "cookie": "c-2", "started": MOMENTS[4], "accepted": MOMENTS[5]}
ENTRY = {"logtail": "cc", "tail_changed": MOMENTS[6], "cancel_since": MOMENTS[7], "held_for": "the pocket"}
ARCHIVE = {
    "purpose": Purpose.PARTNER,
    "private": True,
    "build_limit": 1.0,
    "silence_limit": 2.0,
    "empty_log_limit": 3.0,
}


class SnapshotTests(OnSQLite, SynchronousTestCase):
    def test_a_builder_has_its_job_its_processors_and_their_tags(self):
        [bob] = self.read(snapshot)
        job = bob.job
        self.assertEqual(("bob", "http://bob:8221/", True, CleanStatus.DIRTY, frozenset({"amd64"})),
                         (bob.name, bob.url, bob.builderok, bob.clean_status, bob.tags))  # fmt: skip
        self.assertEqual((self.build_id, self.attempt_id, BuildState.BUILDING, NOW, False, False),
                         (job.build_id, job.attempt_id, job.state, job.started, job.accepted, job.landed))  # fmt: skip
        self.assertRegex(job.title, r"^amd64 build of pmount 1\.0-1 in ubuntu[0-9]+ hoary RELEASE$")
        self.assertRegex(job.label, r"^ubuntu[0-9]+-hoary-amd64\.pmount_1\.0-1$")

    def test_every_column_is_where_it_belongs(self):
        self.set(Builder, self.builder_id, **BUILDER)
        self.set(Attempt, self.attempt_id, **ATTEMPT)
        self.set(BuildQueue, self.entry()["id"], **ENTRY)
        self.set(Build, self.build_id, pocket=Pocket.SECURITY, estimated_build_duration=60.0)
        self.set(Archive, self.build().archive_id, buildd_secret="s", **ARCHIVE)
        [bob] = self.read(snapshot)
        found = {**asdict(bob), **asdict(bob.job)}
        wanted = {
            **BUILDER,
            **ATTEMPT,
            **ENTRY,
            **ARCHIVE,
            "pocket": Pocket.SECURITY,
            "estimate": 60.0,
            "accepted": True,
        }
        wanted |= {"attempt": wanted.pop("number"), "kinds": ("binarypackage", "livefs"), "name": "bob"}
        wanted |= {"id": self.builder_id, "entry_id": self.entry()["id"], "archive_id": self.build().archive_id}
        self.assertEqual(wanted, {name: found[name] for name in wanted})
        covered = {"url", "processors", "tags", "job", "build_id", "attempt_id", "state", "title", "label", "landed"}
        covered |= wanted.keys() | {"series_status"}
        self.assertEqual(covered, {field.name for kind in (BuilderFacts, JobFacts) for field in fields(kind)})

    def test_a_glimpse_is_the_same_of_some(self):
        more = self.write(lambda session: [a_builder(session).id for _ in range(5)])
        everybody = {builder.id: builder for builder in self.read(snapshot)}
        for ids in ([], [self.builder_id], [more[2], self.builder_id, 999], [self.builder_id, *more]):
            wanted = tuple(everybody[id_] for id_ in sorted(ids) if id_ in everybody)
            self.assertEqual(wanted, self.read(glimpse, ids, belongings_of(everybody.values())))
            self.assertEqual((), self.read(glimpse, ids, {}))

    def test_what_has_ended_is_nobodys_job(self):
        self.write(lambda session: conclude(session, NOW, self.attempt_id, BuildState.FAILEDTOBUILD))
        self.assertIsNone(self.read(snapshot)[0].job)

    def test_one_that_was_removed_is_not_there(self):
        self.set(Builder, self.builder_id, date_removed=NOW)
        self.assertEqual((), self.read(snapshot))

    def test_the_questions_are_as_many_whatever_the_number_of_builders(self):
        asked = []
        event.listen(self.transactions.engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
        self.read(snapshot)
        few = len(asked)
        self.write(lambda session: [a_builder(session) for _ in range(20)] and None)
        asked.clear()
        self.assertEqual(21, len(self.read(snapshot)))
        self.assertEqual(few, len(asked))


class PostgreSQLSnapshotTests(OnPostgreSQL, SnapshotTests):
    pass
