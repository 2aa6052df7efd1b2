"""Who is silent is remembered between two looks at everybody."""

from twisted.internet.defer import Deferred, succeed
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.farm.builders.states import FailedBy
from buildmaster.tasks.scanner.round import Answer, Belief
from buildmaster.tasks.scanner.silences import Silences
from tests.support.contexts import a_context
from tests.support.facts import NOW, REFUSED, a_builder, a_word, ago


class Rows:
    """A database that remembers what people were told."""

    def __init__(self):
        self.told = []

    def run(self, work, *args):
        return succeed(work(None, *args))

    def warn(self, _session, _now, about, _text):
        self.told.append(about)


def some(*silent, **facts):
    """Return builders by the seconds since when they are silent, None for those that answer."""
    since = [None if seconds is None else ago(seconds) for seconds in silent]
    return [a_builder(id=number, silent_since=time, **facts) for number, time in enumerate(since, 1)]


def answers(builders, word):
    return {builder.id: Answer(Belief.of(builder), word, None) for builder in builders}


class SilenceTests(SynchronousTestCase):
    def setUp(self):
        self.rows = Rows()
        self.silences = Silences(a_context(database=self.rows, notices=self.rows))

    def note(self, builders, word=None):
        """Note these, who all said this; return who is excused."""
        self.silences.note(builders, {} if word is None else answers(builders, word), NOW)
        return self.successResultOf(Deferred.fromCoroutine(self.silences.excused(NOW)))

    def test_when_the_third_falls_silent_all_are_excused_and_that_is_told_once(self):
        everybody = some(None, None, None, None)
        self.assertEqual(frozenset(), self.note(everybody))
        self.assertEqual(frozenset(), self.note(everybody[:1], REFUSED))
        self.assertEqual(frozenset(), self.note(everybody[1:2], REFUSED))
        for _ in range(2):
            self.assertEqual({1, 2, 3}, self.note(everybody[2:3], REFUSED))
        self.assertEqual(1, len(self.rows.told))

    def test_who_answers_is_silent_no_more(self):
        self.assertEqual({1, 2, 3}, self.note(some(5, 5, 5, None)))
        self.assertEqual(frozenset(), self.note(some(5), a_word("IDLE")))

    def test_who_says_nothing_stays_as_its_row_has_it(self):
        self.assertEqual({1, 2, 3}, self.note(some(5, 5, 5, None)))
        self.assertEqual({1, 2, 3}, self.note(some(5)))

    def test_those_that_no_probe_restores_count_for_nothing(self):
        everybody = some(5, 5, 5, None)
        for failed_by, excused in ((FailedBy.PROBE, {1, 2, 3}), (FailedBy.LIMIT, set()), (FailedBy.OPERATOR, set())):
            self.assertEqual(excused, self.note([*some(5, builderok=False, failed_by=failed_by), *everybody[1:]]))

    def test_who_was_removed_is_forgotten(self):
        self.assertEqual({1, 2, 3}, self.note(some(5, 5, 5)))
        self.silences.forget()
        self.assertEqual(frozenset(), self.note(some(5, 5)))
