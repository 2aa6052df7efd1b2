"""The builders of one processor, and which of them can be given work now."""

from hypothesis import given
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.farm.dispatching import match
from buildmaster.farm.groups import BuilderGroup, groups_of, unserved
from buildmaster.farm.states import CleanStatus
from tests.makers import a_builder, a_candidate, a_head, a_job
from tests.test_dispatching import HINDRANCES, candidates


class GroupTests(SynchronousTestCase):
    def test_an_empty_group_has_nobody(self):
        group = BuilderGroup("x86")
        self.assertEqual(
            (None, 0, False),
            (group.first_available(trusted=True), group.count_available(trusted=True), group.in_service),
        )

    def test_the_sick_the_manual_the_busy_and_the_wrongly_trusted_are_skipped(self):
        hindered = [a_candidate(number, **facts) for number, (_, facts) in enumerate(HINDRANCES, 1)]
        well, stranger = a_candidate(90), a_candidate(91, trusted=False)
        group = groups_of([*hindered, stranger, well])["x86"]
        self.assertEqual((well, 1), (group.first_available(trusted=True), group.count_available(trusted=True)))
        self.assertEqual((stranger, 1), (group.first_available(trusted=False), group.count_available(trusted=False)))

    def test_a_builder_is_in_the_group_of_each_of_its_processors(self):
        both, one = a_candidate(1, processors=("arm", "x86")), a_candidate(2)
        self.assertEqual(
            {"arm": BuilderGroup("arm", (both,)), "x86": BuilderGroup("x86", (one, both))}, groups_of([both, one])
        )

    def test_a_group_is_in_service_while_one_of_it_is(self):
        failed, busy = a_candidate(1, builderok=False), a_candidate(2, building=True)
        self.assertFalse(BuilderGroup("x86", (failed, a_candidate(3, manual=True))).in_service)
        self.assertTrue(BuilderGroup("x86", (failed, busy)).in_service)

    @given(candidates())
    def test_the_first_available_is_the_one_that_a_build_is_given_to(self, builders):
        group = groups_of(builders).get("x86", BuilderGroup("x86"))
        plan = match(builders, [a_head()])
        first = group.first_available(trusted=True)
        self.assertEqual([first.id] if first else [], [assignment.builder_id for assignment in plan])

    def test_a_processor_is_unserved_while_all_its_builders_are_sick_or_manual(self):
        failed, manual = a_builder(builderok=False, processors=("arm",)), a_builder(manual=True)
        busy = a_builder(job=a_job(), clean_status=CleanStatus.DIRTY, silent_scans=1, processors=("arm", "x86"))
        self.assertEqual({"arm", "x86"}, unserved([failed, manual]))
        self.assertEqual(frozenset(), unserved([failed, manual, busy]))
