"""Jobs of code imports: one machine each, however many ask, and one end each."""

from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.farm.codeimports.jobs import DEFAULT_POLICY, By, Ended, RunningJob, Waiting, urgency
from buildmaster.farm.codeimports.states import ImportResult, ReviewStatus
from buildmaster.model.codeimports.jobs import finish_job, import_of_job, keep_alive, most_urgent, reclaim_silent
from buildmaster.model.codeimports.machines import job_for_machine
from buildmaster.model.codeimports.reviews import request, review
from buildmaster.model.tables.imports import CodeImport, CodeImportJob
from buildmaster.work.transactions import Transactions
from tests.support.codeimports import BY, NOW, Imports, after, sqlite_transactions
from tests.support.databases import postgresql_engine

MACHINES, JOBS = 12, 8
LATER = after(minutes=10)
WAITS = 0.3  # seconds that a transaction is given to go wrong in, where it ought to wait for another


class Claiming:
    """What holds on either database when many machines ask at the same instant."""

    def setUp(self):
        self.imports = Imports(self.transactions())

    def ask_at_once(self, hostnames):
        with ThreadPoolExecutor(len(hostnames)) as threads:
            return sorted(threads.map(self.imports.ask, hostnames))

    def test_no_job_goes_to_two_machines(self):
        for number in range(JOBS):
            self.imports.approved(f"import-{number}")
        hostnames = [f"box-{number}" for number in range(MACHINES)]
        for hostname in hostnames:
            self.imports.machine(hostname)
        self.assertEqual([0] * (MACHINES - JOBS) + list(range(1, JOBS + 1)), self.ask_at_once(hostnames))

    def test_no_machine_gets_more_than_its_share(self):
        self.imports.policy = replace(DEFAULT_POLICY, jobs_per_machine=2)
        for number in range(JOBS):
            self.imports.approved(f"import-{number}")
        self.imports.machine()
        self.assertEqual([0] * 4 + [1, 2], self.ask_at_once(["box"] * 6))

    def test_a_stranger_who_asks_often_is_registered_once(self):
        self.imports.policy = replace(DEFAULT_POLICY, auto_create_machines=True)
        self.assertEqual([0] * 6, self.ask_at_once(["box"] * 6))
        self.assertEqual(["box"], [machine["hostname"] for machine in self.imports.machines()])

    def test_a_job_ends_once(self):
        job = self.imports.a_running_job()
        ended = Ended(ImportResult.SUCCESS, after(seconds=400))

        def finish(_number):
            return self.imports.transactions.write(finish_job, RunningJob(job), ended, DEFAULT_POLICY)

        def reclaim(_number):
            reclaimed = self.imports.transactions.write(reclaim_silent, DEFAULT_POLICY, after(seconds=400))
            return reclaimed == [job]

        with ThreadPoolExecutor(6) as threads:
            outcomes = list(threads.map(lambda number: (finish, reclaim)[number % 2](number), range(6)))
        self.assertEqual(1, outcomes.count(True))
        self.assertEqual(1, len(self.imports.results()))

    def test_a_review_meets_a_finish(self):
        job = self.imports.a_running_job()
        work = (
            lambda: self.imports.review("trunk", ReviewStatus.SUSPENDED),
            lambda: self.imports.transactions.write(
                finish_job,
                RunningJob(job),
                Ended(ImportResult.SUCCESS, after(hours=1)),
                DEFAULT_POLICY,
            ),
        )
        with ThreadPoolExecutor(2) as threads:
            list(threads.map(lambda deed: deed(), work))
        self.assertIsNone(self.imports.shown()["job"])


class SqliteClaimingTests(Claiming, SynchronousTestCase):
    def transactions(self):
        return sqlite_transactions(self)


class PostgresqlClaimingTests(Claiming, SynchronousTestCase):
    def transactions(self):
        engine = postgresql_engine()
        self.addCleanup(engine.dispose)
        return Transactions(engine)


class OverlapTests(SynchronousTestCase):
    """What holds on PostgreSQL when one transaction begins while another is still open."""

    def setUp(self):
        self.engine = postgresql_engine()
        self.addCleanup(self.engine.dispose)
        self.imports = Imports(Transactions(self.engine))

    def overlap(self, first, second):
        """Do ``second`` while the transaction of ``first`` is open, or as soon as it lets it; return what both return."""
        with ThreadPoolExecutor(1) as threads:
            with Session(self.engine) as session, session.begin():
                one = first[0](session, *first[1:])
                session.flush()
                other = threads.submit(self.imports.transactions.write, *second)
                wait([other], timeout=WAITS)
            return one, other.result()

    def test_a_machine_s_questions_are_answered_in_turn(self):
        policy = replace(DEFAULT_POLICY, jobs_per_machine=1)
        self.imports.approved("one")
        self.imports.approved("other")
        self.imports.machine()
        ask = (job_for_machine, "box", policy, NOW)
        self.assertEqual((1, 0), self.overlap(ask, ask))

    def test_a_review_sees_the_job_that_a_finish_makes(self):
        finish = (
            finish_job,
            RunningJob(self.imports.a_running_job()),
            Ended(ImportResult.SUCCESS, LATER),
            DEFAULT_POLICY,
        )
        self.overlap(finish, (review, "trunk", ReviewStatus.SUSPENDED, BY, DEFAULT_POLICY))
        self.assertIsNone(self.imports.shown()["job"])

    def test_a_finish_sees_the_review(self):
        finish = (
            finish_job,
            RunningJob(self.imports.a_running_job()),
            Ended(ImportResult.SUCCESS, LATER),
            DEFAULT_POLICY,
        )
        self.overlap((review, "trunk", ReviewStatus.SUSPENDED, BY, DEFAULT_POLICY), finish)
        self.assertIsNone(self.imports.shown()["job"])

    def test_a_heartbeat_at_the_last_moment_saves_the_job(self):
        job, now = self.imports.a_running_job(), after(seconds=400)
        beat = (keep_alive, RunningJob(job), "", now)
        self.assertEqual((True, []), self.overlap(beat, (reclaim_silent, DEFAULT_POLICY, now)))
        self.assertEqual(job, self.imports.shown()["job"]["id"])


class OrderTests(SynchronousTestCase):
    @given(st.lists(st.tuples(st.integers(-3, 3), st.booleans()), max_size=5))
    @settings(max_examples=15)
    def test_the_database_sorts_by_urgency(self, wanted):
        transactions = sqlite_transactions(self)
        due = [Waiting(number + 1, after(hours=hours), asked) for number, (hours, asked) in enumerate(wanted)]
        transactions.write(self.insert, due)
        first = min((job for job in due if job.date_due <= NOW), key=urgency, default=None)
        self.assertEqual(first and first.id, transactions.read(lambda session: session.scalar(most_urgent(NOW))))

    def insert(self, session, due):
        for job in due:
            row = CodeImport(id=job.id, name=str(job.id), rcs_type=3, url=str(job.id), registrant="", date_created=NOW)
            session.add(row)
            session.flush()
            asker = "david" if job.requested else None
            session.add(
                CodeImportJob(
                    id=job.id,
                    code_import_id=job.id,
                    date_due=job.date_due,
                    requesting_user=asker,
                    date_created=NOW,
                ),
            )


class JobTests(SynchronousTestCase):
    def setUp(self):
        self.imports = Imports(sqlite_transactions(self))
        self.write = self.imports.transactions.write

    def finish(self, job, result=ImportResult.SUCCESS, hostname="box", date=LATER):
        return self.write(finish_job, RunningJob(job, hostname), Ended(result, date), DEFAULT_POLICY)

    def test_a_job_says_what_to_import(self):
        job = self.imports.a_running_job()
        found = self.write(import_of_job, RunningJob(job))
        self.assertEqual(("trunk", "https://example.org/trunk"), (found.name, found.url))

    def test_a_waiting_job_is_nobody_s(self):
        self.imports.approved()
        self.assertIsNone(self.write(import_of_job, RunningJob(1)))
        self.assertFalse(self.finish(1))

    def test_a_machine_speaks_of_its_own_jobs_only(self):
        job = self.imports.a_running_job()
        self.imports.machine("other")
        self.assertFalse(self.write(keep_alive, RunningJob(job, "other"), "", NOW))
        self.assertFalse(self.finish(job, hostname="other"))
        self.assertTrue(self.finish(job))

    def test_a_heartbeat_keeps_the_tail_of_the_log(self):
        job = self.imports.a_running_job()
        self.assertTrue(self.write(keep_alive, RunningJob(job, "box"), "r1\nr2\n", after(seconds=30)))
        shown = self.imports.shown()["job"]
        self.assertEqual(("r1\nr2\n", after(seconds=30)), (shown["logtail"], shown["heartbeat"]))

    def test_the_next_job_is_due_an_interval_after_the_start(self):
        job = self.imports.a_running_job()
        self.assertTrue(self.finish(job))
        shown = self.imports.shown()
        self.assertEqual((job + 1, after(hours=6)), (shown["job"]["id"], shown["job"]["date_due"]))
        self.assertEqual(after(minutes=10), shown["date_last_successful"])

    def test_a_result_keeps_what_the_job_was(self):
        job = self.imports.a_running_job()
        self.write(keep_alive, RunningJob(job), "r1\n", NOW)
        self.finish(job, ImportResult.UPDATE_FAILURE)
        result = self.imports.results()[0]
        self.assertEqual((job, "UPDATE_FAILURE", "box"), (result["job"], result["status"], result["machine"]))
        self.assertEqual((600.0, "r1\n"), (result["duration"], result["log_excerpt"]))

    def test_five_failures_in_a_row_set_the_import_aside(self):
        self.imports.machine()
        self.imports.approved()
        now = NOW
        for _ in range(5):
            self.assertTrue(self.finish(self.imports.ask(now=now), ImportResult.FAILURE, date=now))
            now += after(days=30) - NOW
        shown = self.imports.shown()
        self.assertEqual(("FAILING", None, 5), (shown["review_status"], shown["job"], shown["consecutive_failures"]))

    def test_the_events_tell_the_story(self):
        job = self.imports.a_running_job()
        self.finish(job)
        wanted = ["CREATE", "MODIFY", "START", "FINISH", "PUBLISH"]
        self.assertEqual(wanted, self.imports.events())

    def test_a_requested_run_goes_first(self):
        self.imports.approved("first")
        self.imports.approved("second", by=By("david", after(minutes=1)))
        self.imports.machine()
        self.write(request, "second", By("lifeless", after(minutes=2)))
        self.assertEqual(2, self.imports.ask(now=after(minutes=3)))


class ReclaimTests(SynchronousTestCase):
    def setUp(self):
        self.imports = Imports(sqlite_transactions(self))
        self.job = self.imports.a_running_job()

    def reclaim(self, now):
        return self.imports.transactions.write(reclaim_silent, DEFAULT_POLICY, now)

    def test_a_silent_machine_s_job_is_due_at_once(self):
        self.assertEqual([self.job], self.reclaim(after(seconds=301)))
        job = self.imports.shown()["job"]
        self.assertEqual(("PENDING", after(seconds=301), None), (job["state"], job["date_due"], job["machine"]))
        self.assertEqual("RECLAIMED", self.imports.results()[0]["status"])
        self.assertEqual("RECLAIM", self.imports.events()[-1])

    def test_a_machine_that_spoke_keeps_its_job(self):
        self.assertEqual([], self.reclaim(after(seconds=300)))

    def test_the_late_result_is_refused_and_recorded(self):
        self.reclaim(after(seconds=301))
        late = Ended(ImportResult.SUCCESS, after(seconds=400))
        finished = self.imports.transactions.write(finish_job, RunningJob(self.job, "box"), late, DEFAULT_POLICY)
        self.assertFalse(finished)
        event = self.imports.shown()["events"][0]
        self.assertEqual(("FINISH", "SUCCESS", "RECLAIMED"), (event["event"], event["refused"], event["ended_as"]))
        self.assertEqual(1, len(self.imports.results()))

    def test_a_suspended_import_gets_no_new_job(self):
        self.imports.review("trunk", ReviewStatus.SUSPENDED, BY)
        self.reclaim(after(seconds=301))
        self.assertIsNone(self.imports.shown()["job"])
