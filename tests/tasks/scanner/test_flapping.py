"""Builders that die again and again, and builds that kill them: each is told from the innocent."""

from twisted.trial.unittest import SynchronousTestCase

from buildmaster.model.register.builders import restore_builder
from buildmaster.model.tables.builds import Attempt
from tests.support.master import Master, results_of


class FlappingTests(SynchronousTestCase):
    """A builder that dies and recovers again and again, among two that are well."""

    def test_a_builder_that_dies_a_hundred_times_fails_no_innocent_build(self):
        master = Master(self)
        bad, *good = [master.add_builder(name) for name in ("bad", "eve", "ida")]
        for slave in good:
            slave.will("OK", duration=20, files=results_of)
        bad.will("OK", duration=None)
        builds = []
        for death in range(100):
            builds.append(master.add_build(f"pkg{death}"))
            master.run(30, "slave_scanner", "dispatcher", "uploader", every=10)
            bad.forget()
            if death % 7 == 6:
                master.write(restore_builder, "bad", master.now())
        master.set_builder("bad", manual=True)
        bad.forget()
        master.run(4000, "slave_scanner", "dispatcher", "uploader", every=10)
        self.assertEqual({"FULLYBUILT"}, {master.state(build_id) for build_id in builds})
        died = master.read(lambda session: session.query(Attempt).filter_by(blamed=True).count())
        self.assertGreater(died, 20)

    def test_a_poisonous_build_is_stopped_after_three_builders_which_stay_in_service(self):
        master = Master(self)
        for name in ("a", "b", "c", "d", "e"):
            master.add_builder(name).will("OK", duration=None)
        build_id = master.add_build("poison")
        for _ in range(60):
            master.run(10, "slave_scanner", "dispatcher", "uploader", every=2)
            for slave in master.slaves.values():
                slave.forget()
        self.assertEqual("FAILEDTOBUILD", master.state(build_id))
        blamed = [attempt.builder_id for attempt in master.attempts(build_id) if attempt.blamed]
        self.assertEqual((3, 3), (len(blamed), len(set(blamed))))
        self.assertEqual([0] * 5, [master.builder(name).failure_count for name in "abcde"])
        self.assertTrue(all(master.builder(name).builderok for name in "abcde"))
