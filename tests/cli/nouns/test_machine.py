"""The machines that run code imports are registered, and told when to work."""

from twisted.trial.unittest import SynchronousTestCase

from tests.support.commands import CommandFarm


class MachineTests(SynchronousTestCase):
    def setUp(self):
        self.farm = CommandFarm(self)

    def test_a_machine_s_life(self):
        self.farm.run("machine", "add", "box")
        for word, state in (("online", "ONLINE"), ("quiesce", "QUIESCING"), ("offline", "OFFLINE")):
            self.farm.run("machine", word, "box")
            wanted = [{"hostname": "box", "state": state, "heartbeat": None, "running": 0}]
            self.assertEqual(wanted, self.farm.json("machine", "list"))

    def test_what_can_t_be_is_refused(self):
        self.farm.run("machine", "add", "box", "--online")
        self.assertEqual("State of machine box was ONLINE.", self.farm.refused("machine", "online", "box"))
        self.assertEqual("No such code import machine: other", self.farm.refused("machine", "online", "other"))
