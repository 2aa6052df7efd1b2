"""A build is given to a slave, whose every reply to ``build()`` is judged."""

from twisted.internet.defer import Deferred, succeed
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.farm.builders.replies import BuildReply, Present, Silence
from buildmaster.farm.vocabulary.states import BuildState
from buildmaster.model.tables.builds import Build
from buildmaster.tasks.dispatcher.sending import (
    BUILDING,
    FRESH,
    UNKNOWN_BUILDER,
    UNKNOWN_SUM,
    DispatchFailedError,
    NotWantedError,
    Order,
    Preparer,
    SlaveFile,
    UnsuitableSlaveError,
)
from tests.support.bothdatabases import OnSQLite
from tests.support.contexts import a_context
from tests.support.facts import COOKIE, a_builder, a_word
from tests.support.rows import NOW

CHROOT = SlaveFile("chroot.tar.gz", "1" * 40, "http://master/files/1/chroot.tar.gz")
DSC = SlaveFile("a.dsc", "2" * 40, "http://master/files/2/a.dsc", "buildd", "secret")
TAKEN = BuildReply(BUILDING, COOKIE)
MISSING = BuildReply(UNKNOWN_SUM, f"FILESUM -> {DSC.sha1}")
FAULT = Silence("fault 8002: error")
LOST = Silence("connection closed without an answer")
IDLE, OURS, OTHERS = a_word("IDLE"), a_word("BUILDING"), a_word("BUILDING", cookie="7-1")


class Scripted:
    """A slave that answers as it was told to; ``said`` is what it was asked."""

    def __init__(self, words, replies, present=None):
        self.words, self.replies, self.present = list(words), list(replies), present
        self.said = []

    def ensurepresent(self, *args):
        self.said.append(("ensurepresent", *args))
        return succeed(self.present or Present(present=True, detail="Cache"))

    def status(self):
        self.said.append(("status",))
        return succeed(self.words.pop(0))

    def build(self, *args):
        self.said.append(("build", *args))
        return succeed(self.replies.pop(0))

    def calls(self):
        return [name for name, *_ in self.said]


# what the slave says before, what it replies to build(), what it says after: whether it is certain that it took it
TOLD = [
    ("taken", [IDLE], [TAKEN], True),
    ("files were missing", [IDLE, IDLE], [MISSING, TAKEN], True),
    ("reply lost, taken", [IDLE, OURS], [LOST], True),
    ("fault, and yet its cookie", [IDLE, OURS], [FAULT], True),
    ("unknown reply, taken", [IDLE, OURS], [BuildReply("BuilderStatus.SURE", "")], True),
    ("reply lost, then silent", [IDLE, LOST], [LOST], False),
    ("fault, another's cookie", [IDLE, OTHERS], [FAULT], False),
    ("reply lost, over already", [IDLE, a_word("WAITING", "OK")], [LOST], False),
]
REFUSED = [
    ("busy", [OTHERS], [], "Slave 'bob' is not idle right before the build: BuilderStatus.BUILDING 7-1"),
    ("silent", [LOST], [], "Slave 'bob' is not idle right before the build: connection closed without an answer"),
    ("fault, idle", [IDLE, IDLE], [FAULT], "Slave 'bob' did not take the build: fault 8002: error"),
    ("reply lost, idle", [IDLE, IDLE], [LOST], "Slave 'bob' did not take the build: connection closed without an answer"),
    ("files missing twice", [IDLE, IDLE, IDLE], [MISSING, MISSING],
     f"Slave 'bob' did not take the build: BuilderStatus.UNKNOWNSUM: FILESUM -> {DSC.sha1}"),
    ("unknown reply, idle", [IDLE, IDLE], [BuildReply("BuilderStatus.NO", "")],
     "Slave 'bob' did not take the build: BuilderStatus.NO: "),
]  # fmt: skip


class PrepareTests(OnSQLite, SynchronousTestCase):
    def start(self, slave, claimed=NOW, **facts):
        builder = a_builder(**facts)
        order = Order(builder, self.attempt_id, claimed, COOKIE, "a build", CHROOT, (DSC,), {"suite": "hoary"})
        return Deferred.fromCoroutine(Preparer(a_context(self.transactions)).prepare(slave, order))

    def test_the_replies_that_the_slave_may_have_it_after(self):
        for name, words, replies, taken in TOLD:
            self.assertEqual(taken, self.successResultOf(self.start(Scripted(words, replies))), name)
            self.assertEqual(NOW, self.attempt().accepted, name)

    def test_the_replies_that_it_has_it_not_after(self):
        for name, words, replies, reason in REFUSED:
            error = self.failureResultOf(self.start(Scripted(words, replies)), DispatchFailedError).value
            self.assertEqual(reason, str(error), name)
            self.assertIsNone(self.attempt().accepted, name)

    def test_build_is_never_told_again_blindly(self):
        for _, words, replies, *_ in (*TOLD, *REFUSED):
            slave = Scripted(words, replies)
            self.start(slave).addErrback(lambda _: None)
            calls = slave.calls()
            for place, name in enumerate(calls):
                self.assertTrue(name != "build" or calls[place - 1] == "status", calls)
            self.assertLessEqual(calls.count("build"), 2)

    def test_a_slave_of_another_kind_is_unsuitable(self):
        slave = Scripted([IDLE], [BuildReply(UNKNOWN_BUILDER, "binarypackage not in []")])
        error = self.failureResultOf(self.start(slave), UnsuitableSlaveError).value
        self.assertEqual("Slave 'bob' can't build binary packages: binarypackage not in []", str(error))

    def test_the_files_come_one_after_another_the_chroot_first_with_their_credentials(self):
        slave = Scripted([IDLE], [TAKEN])
        self.start(slave)
        self.assertEqual(
            [
                ("ensurepresent", CHROOT.sha1, CHROOT.url, "", ""),
                ("ensurepresent", DSC.sha1, DSC.url, "buildd", "secret"),
                ("status",),
                ("build", COOKIE, "binarypackage", CHROOT.sha1, {"a.dsc": DSC.sha1}, {"suite": "hoary"}),
            ],
            slave.said,
        )

    def test_the_kind_is_the_slaves_own_word(self):
        for kinds, kind in (
            (("debian",), "debian"),
            (("livefs", "binarypackage", "debian"), "binarypackage"),
            ((), "binarypackage"),
        ):
            slave = Scripted([IDLE], [TAKEN])
            self.start(slave, kinds=kinds)
            self.assertEqual(kind, slave.said[-1][2])

    def test_a_file_that_the_slave_can_not_fetch_is_told_without_secrets(self):
        for present, why in ((Present(present=False, detail="HTTP Error 404"), "HTTP Error 404"), (LOST, LOST.reason)):
            slave = Scripted([], [], present)
            text = str(self.failureResultOf(self.start(slave), DispatchFailedError).value)
            expected = f"Slave 'bob' (http://bob:8221/) was unable to fetch file chroot.tar.gz ({CHROOT.url}): {why}"
            self.assertEqual(expected, text)
            self.assertEqual(["ensurepresent"], slave.calls())
        self.assertNotIn("secret", repr(DSC))

    def test_a_build_cancelled_while_its_files_were_sent_is_not_begun(self):
        self.set(Build, self.build_id, buildstate=BuildState.CANCELLING)
        slave = Scripted([IDLE], [TAKEN])
        self.failureResultOf(self.start(slave, NOW - 2 * FRESH), NotWantedError)
        self.assertEqual(["ensurepresent"] * 2, slave.calls())

    def test_one_that_was_claimed_just_now_is_not_looked_at_again(self):
        self.set(Build, self.build_id, buildstate=BuildState.CANCELLING)
        self.assertTrue(self.successResultOf(self.start(Scripted([IDLE], [TAKEN]))))
