"""The way of building with sbuild: how it is called, and what its ends mean."""

from pathlib import Path

from twisted.internet.defer import ensureDeferred, succeed
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.workers.buildd.backends.sbuild import SbuildWay, command, judge, obstacles, perl_string, setup_commands
from buildmaster.workers.buildd.orders import Order, Outcome, Verdict
from buildmaster.workers.buildd.workbench import Ended
from tests.support.databases import a_folder

ORDER = Order("1-1", Path("/b/build-1-1"), "a_1.dsc", Path("/c/filecache/abc"), "hoary", "i386")
UNMET = b"""\
The following packages have unmet dependencies:
 sbuild-build-depends-main-dummy : Depends: libdoes-not-exist-dev (>= 2.0) but it is not installable
                                   Depends: zlib1g-dev (>= 99:1) but 1:1.2 is to be installed
E: Unable to correct problems, you have held broken packages.
"""


class JudgeTests(SynchronousTestCase):
    def test_what_the_ends_mean(self):
        for ended, verdict in (
            (Ended(2, None, b"Fail-Stage: build\n"), Verdict.PACKAGEFAIL),
            (Ended(1, None), Verdict.PACKAGEFAIL),
            (Ended(4, None), Verdict.BUILDERFAIL),
            (Ended(127, None), Verdict.BUILDERFAIL),
            (Ended(None, 9), Verdict.GIVENBACK),
            (Ended(3, None, b"Fail-Stage: apt-get-update\n"), Verdict.CHROOTFAIL),
            (Ended(1, None, b"E: Error creating chroot session: skipping a\n"), Verdict.CHROOTFAIL),
            (Ended(3, None, b"Fail-Stage: install-deps\n"), Verdict.PACKAGEFAIL),
            (Ended(3, None, b"E: There are problems and -y was used without --force-yes\n"), Verdict.GIVENBACK),
            (Ended(2, None, b"make: *** [x] Illegal instruction\n"), Verdict.GIVENBACK),
        ):
            self.assertEqual(verdict, judge(ended).verdict, ended)

    def test_missing_dependencies_are_named(self):
        wanted = Outcome(Verdict.DEPFAIL, dependencies="libdoes-not-exist-dev (>= 2.0), zlib1g-dev (>= 99:1)")
        self.assertEqual(wanted, judge(Ended(3, None, UNMET + b"Fail-Stage: install-deps\n")))


class CommandTests(SynchronousTestCase):
    def test_the_chroots_own_archives_stay_unless_others_are_sent(self):
        self.assertEqual(["usermod --append --groups sbuild bob"], setup_commands(ORDER, "bob"))

    def test_archives_replace_those_of_the_chroot(self):
        order = Order(
            "1-1", Path("/b"), "a_1.dsc", Path("/c"), "hoary", "i386", archives=("deb http://x/%20 hoary main",)
        )
        self.assertEqual("rm -rf /etc/apt/sources.list /etc/apt/sources.list.d/*", setup_commands(order, "bob")[1])
        words = command(order, Path("/c.tar"), "bob")
        self.assertIn("--chroot-setup-commands=echo 'deb http://x/%%20 hoary main' >>/etc/apt/sources.list", words)

    def test_keys_are_trusted_in_the_form_they_come(self):
        order = Order(
            "1-1", Path("/b"), "a_1.dsc", Path("/c"), "hoary", "i386", keys=("LS0tLS1CRUdJTg==", "mQ==", "no")
        )
        suffixes = [line.rpartition(".")[2] for line in setup_commands(order, "bob")[1:]]
        self.assertEqual(["asc", "gpg", "gpg"], suffixes)

    def test_only_the_architecture_dependent_part_is_built_unless_told(self):
        self.assertIn("--no-arch-all", command(ORDER, Path("/c.tar"), "bob"))

    def test_a_path_is_quoted_for_perl(self):
        self.assertEqual(r"'a\'b\\c'", perl_string("a'b\\c"))


class ObstacleTests(SynchronousTestCase):
    def test_a_user_that_is_not_there_is_missed(self):
        self.assertEqual(["there is no user nosuch: useradd --create-home nosuch"], obstacles(Path("/"), "nosuch"))

    def test_a_folder_that_others_cannot_enter_is_told(self):
        folder = a_folder()
        folder.chmod(0o700)
        self.assertIn(f"{folder} can't be entered by root: chmod o+x {folder}", obstacles(folder / "new", "root"))
        self.assertEqual([], obstacles(Path("/"), "root"))


class Bench:
    """Remembers what it was to run; the first program fails with ``code``."""

    def __init__(self, code):
        self.code = code
        self.ran = []

    def run(self, *argv, **kwargs):
        self.ran.append(argv[0])
        return succeed(Ended(self.code, None))


class SbuildWayTests(SynchronousTestCase):
    def setUp(self):
        self.folder = a_folder()
        (self.folder / "build-1-1").mkdir()
        self.order = Order("1-1", self.folder / "build-1-1", "a_1.dsc", Path("/c/abc"), "hoary", "i386")
        self.way = SbuildWay(self.folder / "chroots", "buildd", True)

    def test_what_is_no_chroot_is_told(self):
        outcome = self.successResultOf(ensureDeferred(self.way.build(self.order, Bench(1))))
        self.assertEqual(Outcome(Verdict.CHROOTFAIL), outcome)

    def test_root_becomes_the_builds_user(self):
        (self.folder / "chroots").mkdir()
        (self.folder / "chroots/abc.tar").touch()
        bench = Bench(2)
        outcome = self.successResultOf(ensureDeferred(self.way.build(self.order, bench)))
        self.assertEqual((Outcome(Verdict.PACKAGEFAIL), ["chown", "runuser"]), (outcome, bench.ran))
