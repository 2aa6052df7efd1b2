"""The way of building on this machine: its commands, and whom an end is blamed on."""

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from buildmaster.workers.buildd.backends.host import blame, command, environment, unmet_dependencies
from buildmaster.workers.buildd.orders import Order, Verdict
from buildmaster.workers.buildd.workbench import Ended

ORDER = Order("1-1", Path("/b"), "a_1.dsc", Path("/c"), "hoary-security", "i386")


class HostTests(SynchronousTestCase):
    def test_unmet_dependencies_get_the_commas_of_a_control_file(self):
        said = (
            "dpkg-checkbuilddeps: error: Unmet build dependencies: libnowhere-dev (>= 2.0) one | two (<< 3) last:native\n"
            "dpkg-checkbuilddeps: error: Unmet build conflicts: other\n"
        )
        self.assertEqual("libnowhere-dev (>= 2.0), one | two (<< 3), last:native", unmet_dependencies(said))

    def test_without_an_unmet_dependency_nothing_is_missing(self):
        self.assertEqual("", unmet_dependencies("dpkg-checkbuilddeps: error: Unmet build conflicts: other\n"))

    def test_who_is_to_blame(self):
        for ended, verdict in (
            (Ended(2, None), Verdict.PACKAGEFAIL),
            (Ended(127, None), Verdict.BUILDERFAIL),
            (Ended(None, 9), Verdict.GIVENBACK),
            (Ended(2, None, b"make[1]: *** [x] Illegal instruction\n"), Verdict.GIVENBACK),
            (Ended(2, None, b"cc: terminated by signal 4\n"), Verdict.GIVENBACK),
            (Ended(2, None, b"cc: terminated by signal 11\n"), Verdict.PACKAGEFAIL),
        ):
            self.assertEqual(verdict, blame(ended))

    def test_only_the_architecture_dependent_part_is_built_unless_told(self):
        self.assertIn("-B", command(ORDER))
        self.assertIn("--host-arch=i386", command(ORDER))
        self.assertIn("--changes-option=-DDistribution=hoary-security", command(ORDER))

    def test_nothing_of_the_daemons_environment_reaches_a_build(self):
        self.assertEqual({"PATH", "LC_ALL", "LOGNAME", "USER", "HOME", "DEB_BUILD_OPTIONS"}, set(environment(ORDER)))
