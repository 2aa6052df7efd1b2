"""Within a turn of the scanner answers are acted on as they come."""

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.tasks.scanner.beliefs import Believed
from buildmaster.tasks.scanner.turn import Scanner
from buildmaster.work.errands import Errands
from tests.support.facts import a_builder

BUILDERS = (a_builder(id=1, name="bob"), a_builder(id=2, name="eve"), a_builder(id=3, name="ida"))


class Answers:
    """Bob answers in the first round, Eve in the second, and Ida in none."""

    def __init__(self):
        self.rounds = [{1: "bob's"}, {2: "eve's"}]

    def begin(self, away):
        return frozenset({1, 2, 3})

    def survey(self, everybody):
        """See nothing."""

    async def ask_those_due(self, builders):
        """Ask nobody."""

    async def answers(self, builders):
        for each in self.rounds:
            yield each

    def end(self, away):
        """Have nothing to end."""


class Deciding:
    """Decides that what was said be noted."""

    def survey(self, everybody):
        """See nothing."""

    async def decisions(self, builders, answers):
        return [(builder.name, answers.get(builder.id)) for builder in builders]


class Effects:
    """Has begun what it was told to do, and ends when a test says so."""

    def __init__(self):
        self.begun, self.ends = [], []

    async def carry_out(self, decisions):
        self.begun.append(decisions)
        self.ends.append(Deferred())
        await self.ends[-1]


class Beliefs:
    async def gather(self, called):
        return Believed(BUILDERS, everybody=True)

    async def with_landings(self, builders):
        return list(builders)


class RoundTests(SynchronousTestCase):
    def setUp(self):
        self.clock, self.effects = Clock(), Effects()
        errands = Errands(self.clock, 4)
        self.scanner = Scanner(Beliefs(), Answers(), errands, Deciding(), self.effects)
        self.turn = Deferred.fromCoroutine(self.scanner.run())

    def test_no_answer_waits_for_the_rows_that_others_change(self):
        self.assertEqual([[("bob", "bob's")], [("eve", "eve's")], [("ida", None)]], self.effects.begun)

    def test_the_turn_ends_when_all_are_changed(self):
        for end in reversed(self.effects.ends):
            self.assertNoResult(self.turn)
            end.callback(None)
        self.successResultOf(self.turn)

    def test_a_turn_in_which_something_broke_has_failed(self):
        self.effects.ends[0].errback(ValueError("spoilt"))
        for end in self.effects.ends[1:]:
            end.callback(None)
        self.assertEqual("spoilt", str(self.failureResultOf(self.turn, ValueError).value))
        self.flushLoggedErrors(ValueError)
