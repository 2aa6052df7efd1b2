"""The soonest are found without a look at all, and are those that a look at all would find."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.tasks.scanner.timetable import DueTimes

TIMES = st.sampled_from([float("-inf"), 0.0, 1.0, 2.0, 3.0])
CHANGES = st.lists(st.tuples(st.integers(1, 6), st.none() | TIMES), max_size=60)


def scheduled(changes):
    """Return due times to which this was done, and what is left of it."""
    schedule, times = DueTimes(), {}
    for builder_id, time in changes:
        change(schedule, times, builder_id, time)
    return schedule, times


def change(schedule, times, builder_id, time):
    if time is None:
        schedule.drop(builder_id)
        times.pop(builder_id, None)
    else:
        schedule.set(builder_id, time)
        times[builder_id] = time


class DueTimesTests(SynchronousTestCase):
    def test_the_longest_due_come_first_and_no_more_than_wanted(self):
        schedule, _ = scheduled([(1, 3.0), (2, 1.0), (3, 2.0), (4, 9.0)])
        self.assertEqual([2, 3], schedule.due(5.0, 2))
        self.assertEqual([2, 3, 1], schedule.due(5.0, 9), "they stay due")
        self.assertEqual([], schedule.due(0.9, 9))

    def test_who_is_due_at_another_time_is_due_at_no_other(self):
        schedule, _ = scheduled([(1, 1.0), (1, 3.0)])
        self.assertEqual((3.0, []), (schedule.first(), schedule.due(2.0, 9)))

    def test_who_is_dropped_is_not_due(self):
        schedule, _ = scheduled([(1, 1.0), (2, 2.0), (1, None), (3, None)])
        self.assertEqual((2.0, [2], None), (schedule.first(), schedule.due(9.0, 9), schedule.time(1)))

    def test_who_is_due_again_as_before_is_due_once(self):
        schedule, _ = scheduled([(1, 1.0), (2, 2.0), (1, 3.0), (1, 1.0)])
        self.assertEqual([1, 2], schedule.due(9.0, 9))

    def test_in_an_empty_one_nobody_is_due(self):
        self.assertEqual((None, []), (DueTimes().first(), DueTimes().due(9.0, 9)))

    @given(CHANGES, CHANGES, st.integers(0, 7), TIMES)
    def test_it_is_as_if_all_were_looked_at(self, before, after, most, now):
        schedule, times = scheduled(before)
        schedule.due(now, most)
        for builder_id, time in after:
            change(schedule, times, builder_id, time)
            self.assertEqual(min(times.values(), default=None), schedule.first())
        due = sorted((time, builder_id) for builder_id, time in times.items() if time <= now)
        self.assertEqual([builder_id for _, builder_id in due][:most], schedule.due(now, most))
        self.assertEqual([times.get(builder_id) for builder_id in range(8)], [schedule.time(id_) for id_ in range(8)])

    @given(CHANGES)
    def test_what_was_changed_does_not_pile_up(self, changes):
        schedule, times = scheduled(changes)
        self.assertLessEqual(len(schedule._heap), 2 * len(times))
