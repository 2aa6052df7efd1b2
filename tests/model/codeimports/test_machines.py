"""The machines that run code imports."""

from dataclasses import replace

from twisted.trial.unittest import SynchronousTestCase

from buildmaster.farm.codeimports.jobs import DEFAULT_POLICY, Ended, ImportRefusedError, NoSuchMachineError, RunningJob
from buildmaster.farm.codeimports.states import ImportResult, MachineState
from buildmaster.model.codeimports.jobs import finish_job
from buildmaster.model.codeimports.machines import set_machine
from tests.support.codeimports import BY, NOW, Imports, after, sqlite_transactions


class MachineTests(SynchronousTestCase):
    def setUp(self):
        self.imports = Imports(sqlite_transactions(self))

    def become(self, state):
        self.imports.transactions.write(set_machine, "box", state, BY)

    def test_a_stranger_is_refused_by_name(self):
        error = self.assertRaises(NoSuchMachineError, self.imports.ask, "does-not-exist")
        self.assertEqual("No such code import machine: does-not-exist", str(error))

    def test_a_stranger_is_taken_in_where_that_is_allowed(self):
        self.imports.policy = replace(DEFAULT_POLICY, auto_create_machines=True)
        self.imports.approved()
        self.assertEqual(1, self.imports.ask("new-box"))
        wanted = [{"hostname": "new-box", "state": "ONLINE", "heartbeat": NOW, "running": 1}]
        self.assertEqual(wanted, self.imports.machines())

    def test_a_name_is_taken_once(self):
        self.imports.machine()
        self.assertRaises(ImportRefusedError, self.imports.machine)

    def test_a_machine_that_is_offline_gets_nothing_and_has_no_heartbeat(self):
        self.imports.machine(state=MachineState.OFFLINE)
        self.imports.approved()
        self.assertEqual(0, self.imports.ask())
        self.assertIsNone(self.imports.machines()[0]["heartbeat"])

    def test_asking_is_a_sign_of_life(self):
        self.imports.machine()
        self.imports.ask(now=after(minutes=1))
        self.assertEqual(after(minutes=1), self.imports.machines()[0]["heartbeat"])

    def test_a_quiescing_machine_goes_offline_after_its_last_job(self):
        job = self.imports.a_running_job()
        self.imports.approved("other")
        self.become(MachineState.QUIESCING)
        self.assertEqual(0, self.imports.ask())
        self.assertEqual("QUIESCING", self.imports.machines()[0]["state"])
        ended = Ended(ImportResult.SUCCESS, NOW)
        self.imports.transactions.write(finish_job, RunningJob(job), ended, DEFAULT_POLICY)
        self.assertEqual(0, self.imports.ask())
        self.assertEqual("OFFLINE", self.imports.machines()[0]["state"])

    def test_an_unknown_machine_can_t_be_changed(self):
        self.assertRaises(NoSuchMachineError, self.become, MachineState.ONLINE)
