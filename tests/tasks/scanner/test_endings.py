"""Builds end as their slaves say: in the rows, in the log, and for the slaves."""

from twisted.logger import LogLevel

from buildmaster.farm.builders.runningjobs import OUT_OF_ORDER
from buildmaster.farm.builders.states import FailedBy
from buildmaster.farm.vocabulary.states import BuildState
from buildmaster.model.tables.builds import Build
from tests.support.scannercase import LOG, ScannerCase


class EndTests(ScannerCase):
    def check(self, build_id, state, facts):
        build = self.master.look(build_id)
        self.assertEqual(state, build.buildstate.name)
        self.assertIsNotNone(build.datebuilt)
        self.assertGreater(build.buildduration, 0)
        self.assertEqual(facts, (build.dependencies, build.failure))
        self.assertEqual(self.master.numbers["bob"], build.builder_id)
        self.assertIsNone(self.entry(build_id))
        self.assertTrue(self.is_free())

    def test_ok(self):
        build_id = self.build()
        self.check(build_id, "FULLYBUILT", (None, None))
        self.assertEqual([], self.master.mails())
        name = self.log_of(build_id)[0]
        self.assertRegex(name, r"^buildlog_ubuntu[0-9]+-hoary-i386\.hello_1\.0-1_FULLYBUILT\.txt\.gz$")

    def test_ok_but_refused(self):
        self.bob.will("OK", duration=5, files={"hello_1.0-1_i386.changes": b"nonsense"})
        build_id = self.build()
        build = self.master.look(build_id)
        self.assertEqual("FAILEDTOUPLOAD", build.buildstate.name)
        self.assertIsNotNone(build.upload_log_id)
        self.assertRegex(self.log_of(build_id)[0], "_FAILEDTOUPLOAD.txt.gz$")
        self.assertEqual(1, len(self.master.mails()))

    def test_packagefail(self):
        build_id = self.build("PACKAGEFAIL")
        self.check(build_id, "FAILEDTOBUILD", (None, "the package failed to build"))
        name, mimetype, text = self.log_of(build_id)
        self.assertRegex(name, "_FAILEDTOBUILD.txt.gz$")
        self.assertEqual(("text/plain", LOG), (mimetype, text))
        self.assertEqual(1, len(self.master.mails()))

    def test_depfail(self):
        build_id = self.build("DEPFAIL", dependencies="baz (>= 1.0.1)")
        self.check(build_id, "MANUALDEPWAIT", ("baz (>= 1.0.1)", None))
        self.assertEqual([], self.master.mails())
        self.assertEqual([LogLevel.critical], self.said("***** bob is MANUALDEPWAIT *****"))

    def test_chrootfail(self):
        build_id = self.build("CHROOTFAIL")
        self.check(build_id, "CHROOTWAIT", (None, "the chroot could not be set up"))
        self.assertEqual(1, len(self.master.mails()))
        self.assertEqual([LogLevel.critical], self.said("***** bob is CHROOTWAIT *****"))

    def test_builderfail(self):
        build_id = self.build("BUILDERFAIL")
        builder = self.master.builder()
        self.assertEqual(
            (False, FailedBy.LIMIT, OUT_OF_ORDER, 1),
            (builder.builderok, builder.failed_by, builder.failnotes, builder.failure_count),
        )
        self.assertEqual("NEEDSBUILD", self.master.state(build_id))
        self.assertIsNone(self.entry(build_id).builder_id)
        self.assertEqual([LogLevel.warn], self.said("***** bob has failed *****"))
        self.assertEqual(["[buildmaster] bob is out of service"], self.master.mails())

    def test_givenback(self):
        self.master.add_builder("zoe", manual=True)
        self.bob.will("GIVENBACK", duration=5, log=LOG)
        build_id = self.master.add_build()
        self.master.run(9, "slave_scanner", "dispatcher")
        self.bob.will("OK")
        first = self.master.attempts(build_id)[0]
        self.assertEqual(BuildState.NEEDSBUILD, first.state)
        self.assertIsNotNone(first.buildlog_id)
        self.assertEqual(0, self.entry(build_id).lastscore)
        self.assertEqual([LogLevel.warn], self.said(f"***** {first.cookie} is GIVENBACK by bob *****"))
        self.assertEqual([], self.master.mails())

    def test_aborted_uncalled(self):
        self.build("ABORTED", seconds=9)
        [build_id] = self.master.read(lambda session: session.query(Build.id).one())
        self.assertEqual("builder bob aborted the build uncalled", self.master.attempts(build_id)[0].failure)

    def test_an_unknown_word(self):
        self.bob.will("OK", duration=None)
        build_id = self.master.add_build()
        self.master.run(5, "slave_scanner", "dispatcher")
        self.bob.lie("status", ["BuilderStatus.DANCING"])
        self.master.run(9, "slave_scanner")
        self.assertEqual("NEEDSBUILD", self.master.state(build_id))
        self.assertIsNotNone(self.master.attempts(build_id)[0].buildlog_id)
        self.assertFalse(self.master.builder().builderok)
        text = "Builder on http://bob:8221/ returned unknown status BuilderStatus.DANCING, failing it"
        self.assertEqual([LogLevel.critical], self.said(text))
