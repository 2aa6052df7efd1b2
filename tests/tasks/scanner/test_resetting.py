"""A virtual machine is reset by the operator's command."""

from twisted.internet.defer import Deferred, fail, succeed
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.farm.builders.replies import Silence
from buildmaster.farm.builders.states import CleanStatus, FailedBy
from buildmaster.model.tables.archive import Archive
from buildmaster.tasks.scanner.resetting import CannotResumeHostError, Resetter
from buildmaster.work.child import ProcessFailedError
from tests.support.facts import a_builder
from tests.support.master import ADMIN, Master

VM = a_builder(trusted=False, vm_host="bob.ppa")


class Echoing:
    def __init__(self, answer):
        self.answer = answer

    def echo(self, *words):
        return succeed(list(words) if self.answer is None else self.answer)


class ResetTests(SynchronousTestCase):
    def reset(self, command="ssh -i key root@%(vm_host)s 'reset now'", builder=VM, ended=None, echo=None):
        self.ran = []

        def run(argv):
            self.ran.append(argv)
            return ended or succeed(("", ""))

        return Deferred.fromCoroutine(Resetter(command, run).reset(builder, Echoing(echo)))

    def refusal(self, **how):
        return str(self.failureResultOf(self.reset(**how), CannotResumeHostError).value)

    def test_the_command_is_split_as_a_shell_would_and_names_the_host(self):
        self.successResultOf(self.reset())
        self.assertEqual([["ssh", "-i", "key", "root@bob.ppa", "reset now"]], self.ran)

    def test_a_host_is_one_word_whatever_is_in_it(self):
        self.successResultOf(self.reset("reset %(vm_host)s", a_builder(trusted=False, vm_host="bob; rm -rf /")))
        self.assertEqual([["reset", "bob; rm -rf /"]], self.ran)

    def test_what_the_command_printed_is_told(self):
        ended = fail(ProcessFailedError(255, "trying", "no such host"))
        self.assertEqual("Resuming failed:\nOUT:\ntrying\nERR:\nno such host\n", self.refusal(ended=ended))

    def test_a_command_that_is_not_there_is_told(self):
        self.assertEqual("Resuming failed: [Errno 2] No ssh", self.refusal(ended=fail(OSError(2, "No ssh"))))

    def test_a_machine_that_does_not_echo_is_told(self):
        self.assertEqual("no echo after the reset: refused", self.refusal(echo=Silence("refused")))

    def test_what_is_missing_is_told(self):
        self.assertEqual("Undefined vm_host.", self.refusal(builder=a_builder(trusted=False)))
        self.assertIn("vm_resume_command is empty", self.refusal(command=""))
        self.assertEqual([], self.ran)


class FarmTests(SynchronousTestCase):
    def setUp(self):
        self.master = Master(self)
        self.bob = self.master.add_builder("bob", trusted=False, vm_host="bob.ppa")

    def test_a_machine_is_reset_before_its_first_build_and_after_each(self):
        self.master.run(5)
        self.assertEqual([["resume", "bob.ppa"]], self.master.network.commands)
        self.master.write(lambda session: setattr(session.get(Archive, self.master.archive_id), "trusted", False))
        build_id = self.master.add_build()
        self.master.run(30)
        self.assertEqual("FULLYBUILT", self.master.state(build_id))
        self.assertEqual(2, len(self.master.network.commands))
        self.assertIs(CleanStatus.CLEAN, self.master.builder().clean_status)

    def test_a_machine_that_is_off_is_reset_before_it_is_asked(self):
        self.bob.vanish()
        self.master.run(60)
        self.assertEqual(
            (True, CleanStatus.CLEAN), (self.master.builder().builderok, self.master.builder().clean_status)
        )

    def test_a_machine_that_can_not_be_reset_is_tried_seldomer_and_seldomer(self):
        self.master.network.broken_hosts.add("bob.ppa")
        self.master.run(400, "slave_scanner", every=5)
        self.assertEqual(FailedBy.PROBE, self.master.builder().failed_by)
        self.assertEqual("Resuming failed:\nOUT:\n\nERR:\nno such host\n\n", self.master.builder().failnotes)
        self.assertEqual(3, len(self.master.network.commands))
        self.master.network.broken_hosts.clear()
        self.master.run(300, "slave_scanner", every=5)
        self.assertEqual(
            (True, CleanStatus.CLEAN), (self.master.builder().builderok, self.master.builder().clean_status)
        )
        self.assertEqual(1, len(self.master.mails()))
        self.assertIn(ADMIN, self.master.config.mail.administrators)
