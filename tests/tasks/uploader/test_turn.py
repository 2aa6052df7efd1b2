"""The uploader takes in what builders made, and settles what lies in incoming/."""

import os
from datetime import timedelta
from pathlib import Path

from twisted.internet.defer import CancelledError, Deferred, execute, maybeDeferred
from twisted.logger import capturedLogs, formatEvent

from buildmaster.farm.vocabulary.archives import Publishing
from buildmaster.farm.vocabulary.states import BuildState
from buildmaster.files.layout import ACCEPTED, FAILED, INCOMING, REJECTED
from buildmaster.files.uploadfolders import LOG_NAME, LeafLog, locked
from buildmaster.model.tables.archive import BinaryPublication
from buildmaster.model.tables.builds import Attempt, Build
from buildmaster.tasks.uploader.command import UploadCommand
from buildmaster.tasks.uploader.resultfolders import GONE
from buildmaster.tasks.uploader.turn import where_to
from tests.support.databases import postgresql_farm_url
from tests.support.packages import a_changes, a_control, a_deb, results, sources, write
from tests.support.rows import inline
from tests.support.uploading import LEAF, UploaderCase

S = BuildState


class AcceptedTests(UploaderCase):
    def test_results_that_fit_make_the_build_fully_built(self):
        self.upload()
        self.turn()
        self.assertEqual((S.FULLYBUILT, S.FULLYBUILT, [("hello", "1.0-1", "deb", "devel")]), self.facts())
        self.assertEqual([f"{ACCEPTED}/{LEAF}"], self.places())
        self.assertEqual(["publisher"], self.nudged)

    def test_the_binaries_are_kept_and_wait_to_be_published(self):
        self.upload()
        self.turn()

        def published(session):
            row = session.query(BinaryPublication).one()
            return row.status, row.architecture.architecturetag, row.release.file.sha256, row.release.control

        status, tag, sha256, control = self.read(published)
        self.assertEqual((Publishing.PENDING, "i386", a_control()), (status, tag, control))
        self.assertEqual(a_deb(), self.librarian.path(sha256).read_bytes())

    def test_a_package_for_all_is_published_on_each_architecture(self):
        debs = {"hello_1.0-1_all.deb": a_deb(a_control(Architecture="all"))}
        self.upload({**debs, "hello.changes": a_changes(debs, Architecture="all").encode()}, arch_indep=True)
        self.turn()
        tags = self.read(lambda session: {row.architecture.architecturetag for row in session.query(BinaryPublication)})
        self.assertEqual({"amd64", "i386"}, tags)

    def test_the_log_tells_each_step_behind_its_level(self):
        self.upload()
        self.turn()
        log = self.log_in(ACCEPTED)
        self.assertTrue(
            log.startswith("INFO    creating lockfile\nDEBUG   Initialising connection.\nDEBUG   Beginning")
        )
        self.assertIn(f"DEBUG   Creating directory {self.root / REJECTED}\n", log)
        self.assertIn("INFO    Accepted", log)

    def test_nothing_to_do_does_nothing(self):
        self.turn()
        self.assertEqual(([], []), (self.places(), self.nudged))


class AcceptedOnPostgresqlTests(AcceptedTests):
    url = staticmethod(postgresql_farm_url)


class RefusedTests(UploaderCase):
    def test_results_of_another_build_are_refused(self):
        self.upload(results(Distribution="warty"))
        self.turn()
        self.assertEqual((S.FAILEDTOUPLOAD, S.FAILEDTOUPLOAD, []), self.facts())
        self.assertEqual([f"{REJECTED}/{LEAF}"], self.places())
        self.assertIn(f"ERROR   Attempt to upload binaries specifying build {self.build_id}, where they don't fit.\n",
                      self.log_in(REJECTED))  # fmt: skip

    def test_the_log_is_stored_with_build_and_attempt(self):
        self.upload(results(Distribution="warty"))
        self.turn()

        def stored(session):
            build, attempt = session.query(Build).one(), session.query(Attempt).one()
            return build.upload_log.filename, build.upload_log.mimetype, build.upload_log.sha256, attempt.upload_log_id

        name, mimetype, sha256, log_id = self.read(stored)
        self.assertEqual((f"upload_{self.build_id}_log.txt", "text/plain"), (name, mimetype))
        self.assertEqual(self.log_in(REJECTED), self.librarian.path(sha256).read_text())
        self.assertIsNotNone(log_id)

    def test_people_are_told_with_the_log(self):
        self.upload(results(Distribution="warty"))
        self.turn()
        self.assertEqual([(S.FAILEDTOUPLOAD, self.log_in(REJECTED))], self.told)
        self.assertIn("notifier", self.nudged)

    def test_the_reasons_are_told_with_the_build(self):
        self.upload(results(Distribution="warty", Version="2"))
        self.turn()
        failure = self.read(lambda session: session.query(Build).one().failure)
        self.assertIn("suite warty", failure)
        self.assertIn("version 2", failure)

    def test_results_without_a_changes_file_have_failed(self):
        self.upload({"hello_1.0-1_i386.deb": a_deb()})
        self.turn()
        self.assertEqual(S.FAILEDTOUPLOAD, self.facts()[0])
        self.assertEqual([f"{FAILED}/{LEAF}"], self.places())

    def test_results_that_are_gone_fail_with_a_log(self):
        self.upload()
        (self.root / INCOMING).rename(self.root / "elsewhere")
        self.turn()
        self.assertEqual(S.FAILEDTOUPLOAD, self.facts()[0])
        self.assertIn(GONE, self.log_in(FAILED))

    def test_a_log_that_the_builder_sent_is_not_followed(self):
        self.upload(results(Distribution="warty"))
        victim = self.root / "victim"
        victim.write_text("safe")
        (self.root / INCOMING / LEAF / LOG_NAME).symlink_to(victim)
        self.turn()
        self.assertEqual("safe", victim.read_text())


class Mortal:
    """A database and threads that do so many steps, and then nothing any more: the process was killed."""

    def __init__(self, transactions, steps):
        self.left = steps
        self.database = inline(transactions)

    def in_thread(self, work, *args):
        self.left -= 1
        return maybeDeferred(work, *args) if self.left >= 0 else Deferred()

    def run(self, *args):
        return self.in_thread(self.database.run, *args)

    def join(self, *args):
        return self.in_thread(self.database.join, *args)

    def read(self, *args):
        return self.in_thread(self.database.read, *args)


class CrashTests(UploaderCase):
    """Killed between any two steps, the next turn comes to the same end."""

    def test_good_results_are_accepted_whenever_the_master_is_killed(self):
        for steps in range(9):
            self.check(steps, results(), (S.FULLYBUILT, S.FULLYBUILT, [("hello", "1.0-1", "deb", "devel")]), ACCEPTED)

    def test_bad_results_are_refused_whenever_the_master_is_killed(self):
        for steps in range(9):
            self.check(steps, results(Version="2"), (S.FAILEDTOUPLOAD, S.FAILEDTOUPLOAD, []), REJECTED)

    def check(self, steps, files, end, place):
        self.setUp()
        self.upload(files)
        self.killed_after(steps)
        self.turn()
        self.assertEqual((end, [f"{place}/{LEAF}"]), (self.facts(), self.places()), f"killed after {steps} steps")

    def killed_after(self, steps):
        life = Mortal(self.transactions, steps)
        uploader, errands = self.uploader(life, life.in_thread)
        self.successResultOf(Deferred.fromCoroutine(uploader.run()))
        self.assertEqual(life.left < 0, bool(errands.away()))
        errands.stop(0).cancel()
        self.flushLoggedErrors(CancelledError)


class LateTests(UploaderCase):
    def test_a_build_that_ended_meanwhile_is_not_touched(self):
        """Somebody else ends the attempt between the check and the recording."""

        def end(session):
            build = session.query(Build).one()
            build.buildstate = build.attempts[0].state = S.FAILEDTOUPLOAD

        def in_thread(work, *args):
            done = execute(work, *args)
            if work.__name__ == "check":
                self.transactions.write(end)
            return done

        self.upload()
        self.turn(in_thread)
        self.assertEqual((S.FAILEDTOUPLOAD, S.FAILEDTOUPLOAD, []), self.facts())
        self.assertEqual([f"{REJECTED}/{LEAF}"], self.places())

    def test_nor_is_one_whose_attempt_alone_ended(self):
        self.upload()
        self.transactions.write(lambda session: session.query(Attempt).update({"state": S.CANCELLED}))
        self.turn()
        self.assertEqual((S.UPLOADING, S.CANCELLED, []), self.facts())


class StrayTests(UploaderCase):
    def test_where_folders_of_results_belong(self):
        table = {
            None: FAILED,
            (S.GATHERING, None): "",
            (S.BUILDING, None): "",
            (S.UPLOADING, LEAF): "",
            (S.UPLOADING, "another"): FAILED,
            (S.FULLYBUILT, LEAF): ACCEPTED,
            (S.FAILEDTOUPLOAD, LEAF): REJECTED,
            (S.FULLYBUILT, "another"): FAILED,
            (S.NEEDSBUILD, None): FAILED,
        }
        self.assertEqual(table, {known: where_to(LEAF, known)[0] for known in table})

    def test_results_of_nobody_fail_with_a_log(self):
        write(self.root / INCOMING / "20260301-120000-77-77", results())
        self.turn()
        self.assertIn("INFO    Nobody knows the attempt", self.log_in(FAILED, "20260301-120000-77-77"))

    def test_what_is_still_being_gathered_stays(self):
        self.upload(state=S.GATHERING)
        self.turn()
        self.assertEqual([f"{INCOMING}/{LEAF}"], self.places())

    def test_what_begins_with_a_dot_stays(self):
        write(self.root / INCOMING / ".20260301-hello", results())
        self.turn()
        self.assertEqual([f"{INCOMING}/.20260301-hello"], self.places())

    def test_an_unsigned_drop_is_rejected_and_told_how(self):
        write(self.root / INCOMING / "drop" / "ubuntu", sources())
        self.turn()
        self.assertIn("buildmaster upload", self.log_in(REJECTED, "drop"))

    def test_one_bad_folder_spares_the_others(self):
        self.upload()

        def in_thread(work, *args):
            if work.__name__ == "settle" and args[1].name == "a-drop":
                return execute(lambda: (_ for _ in ()).throw(OSError("no space")))
            return execute(work, *args)

        write(self.root / INCOMING / "a-drop", {})
        write(self.root / INCOMING / "b-drop", {})
        self.turn(in_thread)
        self.assertEqual(1, len(self.flushLoggedErrors(OSError)))
        self.assertEqual([f"{INCOMING}/a-drop", f"{ACCEPTED}/{LEAF}", f"{FAILED}/b-drop"], self.places())

    def test_another_process_that_takes_in_uploads_has_its_way(self):
        self.upload()
        with locked(self.root, LeafLog()):
            self.turn()
        self.flushLoggedErrors()
        self.assertEqual(S.UPLOADING, self.facts()[0])


class OutOfReachTests(UploaderCase):
    """What the daemon may not read or move. Root may do all, so the modes are looked at as another sees them."""

    def setUp(self):
        super().setUp()
        self.patch(os, "access", lambda path, needed: Path(path).stat().st_mode >> 6 & needed == needed)
        self.drop = self.root / INCOMING / "drop"
        self.dsc = write(self.drop / "ubuntu", sources()) / "hello_1.0-1.dsc"
        self.running, _ = self.uploader()

    def events(self):
        """Return what another turn logs, a second later."""
        self.now += timedelta(seconds=1)
        with capturedLogs() as events:
            self.successResultOf(Deferred.fromCoroutine(self.running.run()))
        return events

    def test_it_waits_and_an_operator_is_told_of_it_once(self):
        modes = (("", 0o000), ("", 0o500), ("ubuntu", 0o300), ("ubuntu", 0o500), ("ubuntu/hello_1.0-1.dsc", 0o000))
        for name, mode in modes:
            self.setUp()
            path = self.drop / name
            path.chmod(mode)
            (event,), again = self.events(), self.events()
            path.chmod(0o700)
            self.assertEqual((self.drop, path, []), (event["leaf"], event["path"], again))
            self.assertEqual([f"{INCOMING}/drop"], self.places())

    def test_what_is_said_tells_the_cure(self):
        self.drop.chmod(0)
        (event,) = self.events()
        self.drop.chmod(0o700)
        self.assertIn(f"`chown -R {os.geteuid()} {self.drop} && chmod -R u+rwX {self.drop}`", formatEvent(event))

    def test_it_is_taken_in_once_it_may_be(self):
        self.dsc.chmod(0)
        self.events()
        self.dsc.chmod(0o600)
        self.events()
        self.assertEqual([f"{REJECTED}/drop"], self.places())

    def test_a_link_that_leads_nowhere_is_in_reach(self):
        (self.drop / "link").symlink_to("nowhere")
        self.events()
        self.assertEqual([f"{REJECTED}/drop"], self.places())


class CommandTests(UploaderCase):
    def test_a_program_that_ends_well_leaves_the_recording_to_us(self):
        self.upload()
        self.turn(command=self.command('echo "INFO    other" > "$2"; mv "${11}/incoming/${10}" "${11}/accepted/"'))
        self.assertEqual(S.FULLYBUILT, self.facts()[0])
        self.assertIn("INFO    other\n", self.log_in(ACCEPTED))

    def test_a_program_that_ends_badly_fails_the_upload(self):
        self.upload()
        self.turn(command=self.command("exit 3"))
        self.assertEqual(S.FAILEDTOUPLOAD, self.facts()[0])
        self.assertIn("sh ended with 3.", self.log_in(REJECTED))

    def command(self, script):
        return UploadCommand(self.root, ["sh", "-c", script, "uploader"], 10)
