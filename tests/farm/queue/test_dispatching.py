"""Which build goes to which builder; why each other one waits."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.farm.builders.states import CleanStatus
from buildmaster.farm.queue.dispatching import (
    Assignment,
    Place,
    block,
    explain_builder,
    explain_entry,
    match,
    pools_of,
    shuns,
)
from tests.support.facts import a_candidate, a_head

HINDRANCES = [
    ("building", {"building": True}),
    ("failed", {"builderok": False}),
    ("in manual mode", {"manual": True}),
    ("silent", {"silent": True}),
    ("being cleaned", {"clean_status": CleanStatus.DIRTY}),
    ("being cleaned", {"clean_status": CleanStatus.CLEANING}),
    ("being cleaned", {"busy": True}),
]


def given_to(builders, heads):
    """Return who gets what, as {builder: entry}."""
    return {assignment.builder_id: assignment.entry_id for assignment in match(builders, heads)}


class MatchTests(SynchronousTestCase):
    def test_the_highest_score_is_first_then_the_oldest_build(self):
        heads = [a_head(1, score=5), a_head(3, score=9), a_head(2, score=9)]
        self.assertEqual((Assignment(1, 2, 2),), match([a_candidate()], heads))

    def test_trust_is_strictly_equal_both_ways(self):
        for trusted in (True, False):
            heads = [a_head(1, trusted=not trusted, score=99), a_head(2, trusted=trusted)]
            self.assertEqual({1: 2}, given_to([a_candidate(trusted=trusted)], heads))

    def test_a_builder_takes_its_own_processors_only(self):
        self.assertEqual({}, given_to([a_candidate()], [a_head(processor="arm")]))
        self.assertEqual({1: 1}, given_to([a_candidate(processors=("arm", "x86"))], [a_head(processor="arm")]))

    def test_the_builder_with_the_fewest_processors_is_taken_first(self):
        builders = [a_candidate(1, processors=("arm", "x86")), a_candidate(2)]
        self.assertEqual({2: 1}, given_to(builders, [a_head(1)]))
        self.assertEqual({2: 1, 1: 2}, given_to(builders, [a_head(1), a_head(2, processor="arm")]))

    def test_one_that_has_a_hindrance_gets_nothing(self):
        for words, facts in HINDRANCES:
            builder = a_candidate(**facts)
            self.assertEqual(words, builder.hindrance)
            self.assertEqual({}, given_to([builder], [a_head()]))

    def test_a_build_does_not_go_to_the_builder_that_failed_it_last(self):
        builders = [a_candidate(1), a_candidate(2)]
        self.assertEqual({2: 1, 1: 2}, given_to(builders, [a_head(1, shunned_id=1), a_head(2)]))

    def test_a_build_goes_to_one_that_has_not_failed_it_before(self):
        builders = [a_candidate(number) for number in (1, 2, 3)]
        head = a_head(1, shunned_id=2, failed_on=frozenset({1, 2}))
        self.assertEqual({3: 1}, given_to(builders, [head]))
        self.assertEqual({}, given_to([*builders[:2], a_candidate(3, building=True)], [head]))

    def test_where_all_have_failed_it_the_last_is_avoided(self):
        head = a_head(1, shunned_id=2, failed_on=frozenset({1, 2}))
        self.assertEqual({1: 1}, given_to([a_candidate(1), a_candidate(2)], [head]))
        self.assertEqual({2: 1}, given_to([a_candidate(1, builderok=False), a_candidate(2)], [head]))

    def test_it_waits_for_another_that_is_busy_but_not_for_one_that_takes_no_work(self):
        head = a_head(1, shunned_id=1)
        self.assertEqual({}, given_to([a_candidate(1), a_candidate(2, building=True)], [head]))
        for facts in ({"builderok": False}, {"manual": True}, {"processors": ("arm",)}, {"trusted": False}):
            self.assertEqual({1: 1}, given_to([a_candidate(1), a_candidate(2, **facts)], [head]))


NAMES = ("x86", "arm", "ppc")


def candidates():
    facts = st.fixed_dictionaries({
        "processors": st.lists(st.sampled_from(NAMES), min_size=1, max_size=3, unique=True).map(tuple),
        "trusted": st.booleans(),
        "builderok": st.sampled_from([True, True, False]),
        "manual": st.sampled_from([False, False, True]),
        "building": st.sampled_from([False, False, True]),
        "silent": st.sampled_from([False, False, True]),
        "busy": st.sampled_from([False, False, True]),
        "clean_status": st.sampled_from([CleanStatus.CLEAN, CleanStatus.CLEAN, CleanStatus.DIRTY]),
    })  # fmt: skip
    return st.lists(facts, max_size=6).map(
        lambda rows: [a_candidate(number, **row) for number, row in enumerate(rows, 1)],
    )


def queues():
    facts = st.fixed_dictionaries({
        "processor": st.sampled_from(NAMES),
        "trusted": st.booleans(),
        "score": st.integers(0, 3),
        "shunned_id": st.none() | st.integers(1, 6),
        "failed_on": st.frozensets(st.integers(1, 6), max_size=3),
    })  # fmt: skip
    rows = st.lists(facts, max_size=8)
    return rows.map(lambda rows: [a_head(number, **row) for number, row in enumerate(rows, 1)])


class PropertyTests(SynchronousTestCase):
    @given(candidates(), queues())
    def test_nobody_gets_two_and_nothing_is_given_twice(self, builders, heads):
        plan = match(builders, heads)
        self.assertEqual(len(plan), len({assignment.builder_id for assignment in plan}))
        self.assertEqual(len(plan), len({assignment.entry_id for assignment in plan}))

    @given(candidates(), queues())
    def test_what_is_given_fits(self, builders, heads):
        by_id, entries = {b.id: b for b in builders}, {h.entry_id: h for h in heads}
        for assignment in match(builders, heads):
            builder, head = by_id[assignment.builder_id], entries[assignment.entry_id]
            self.assertIsNone(builder.hindrance)
            self.assertIn(head.processor, builder.processors)
            self.assertEqual(head.trusted, builder.trusted)
            self.assertFalse(shuns(head, builder, pools_of(builders)[head.pool]))

    @given(candidates(), queues())
    def test_nobody_idles_who_could_take_what_waits(self, builders, heads):
        plan = match(builders, heads)
        busy, given_away = {a.builder_id for a in plan}, {a.entry_id for a in plan}
        pools = pools_of(builders)
        for head in heads:
            for builder in pools.get(head.pool, []):
                if head.entry_id not in given_away and builder.id not in busy and builder.hindrance is None:
                    self.assertTrue(shuns(head, builder, pools[head.pool]), (builder, head))

    @given(candidates(), queues())
    def test_dispatched_is_to_have_no_reason_to_wait(self, builders, heads):
        order = sorted(heads, key=lambda head: (-head.score, head.build_id))
        given_away = {assignment.entry_id for assignment in match(builders, heads)}
        for place, head in enumerate(order):
            reason = explain_entry(head, None, builders, order[:place])
            self.assertEqual(head.entry_id in given_away, reason is None, reason)

    @given(candidates(), queues())
    def test_where_nothing_is_shunned_only_the_idle_matter(self, builders, heads):
        heads = [replace(head, shunned_id=None, failed_on=frozenset()) for head in heads]
        idle = [builder for builder in builders if builder.hindrance is None]
        self.assertEqual(match(builders, heads), match(idle, heads))

    @given(candidates(), queues())
    def test_who_has_no_work_has_a_reason(self, builders, heads):
        busy = {assignment.builder_id for assignment in match(builders, heads)}
        waiting = {head.pool: 1 for head in heads}
        for builder in builders:
            words = explain_builder(builder, waiting)
            self.assertTrue(words)
            if builder.id in busy:
                self.assertEqual("idle: the next turn gives it work", words)


class ExplainTests(SynchronousTestCase):
    def explain(self, *builders, head=None, before=()):
        return explain_entry(head or a_head(7), None, builders, before)

    def test_a_block_comes_first(self):
        self.assertEqual("no chroot for x", explain_entry(a_head(), "no chroot for x", [a_candidate()], []))

    def test_nobody_is_registered_for_it(self):
        self.assertEqual("waits for a trusted x86 builder, and none is registered", self.explain())
        untrusted = self.explain(head=a_head(7, trusted=False))
        self.assertEqual("waits for an untrusted x86 builder, and none is registered", untrusted)

    def test_all_are_hindered(self):
        builders = [a_candidate(1, building=True), a_candidate(2, building=True), a_candidate(3, builderok=False)]
        expected = "waits for an idle trusted x86 builder (2 of 3 building, 1 of 3 failed)"
        self.assertEqual(expected, self.explain(*builders))

    def test_the_one_that_is_idle_failed_it_last(self):
        builders = [a_candidate(1), a_candidate(2, building=True)]
        expected = "waits for an idle trusted x86 builder (1 of 2 building, 1 of 2 failed it before)"
        self.assertEqual(expected, self.explain(*builders, head=a_head(7, shunned_id=1)))

    def test_others_come_before_it(self):
        before = [a_head(1), a_head(2), a_head(3, processor="arm")]
        self.assertEqual(
            "waits for its turn at a trusted x86 builder: 2 before it", self.explain(a_candidate(), before=before)
        )

    def test_a_builder_without_work(self):
        for words, facts in HINDRANCES:
            self.assertEqual(words, explain_builder(a_candidate(**facts), {}))
        self.assertEqual(
            "nothing that can be built now waits for a trusted x86 builder",
            explain_builder(a_candidate(), {("x86", False): 3}),
        )
        self.assertEqual(
            "nothing that can be built now waits for an untrusted arm/x86 builder",
            explain_builder(a_candidate(trusted=False, processors=("arm", "x86")), {}),
        )
        self.assertEqual("idle: the disk is full", explain_builder(a_candidate(), {}, "the disk is full"))
        self.assertEqual("building", explain_builder(a_candidate(building=True), {}, "the disk is full"))


BLOCKS = [
    ("archive ubuntu is disabled", {"archive_enabled": False}),
    ("dispatching is frozen: release day", {"frozen": "dispatching is frozen: release day"}),
    ("no chroot for ubuntu/hoary/i386", {"has_chroot": False}),
    ("closed", {"closed": "closed"}),
    ("its source files are still to be fetched", {"fetched": False}),
    ("its source is private and not yet published", {"private_unpublished": True}),
    ("build-dependencies not installable: zlib1g-dev", {"unmet": "zlib1g-dev"}),
]


class BlockTests(SynchronousTestCase):
    def test_the_table(self):
        place = {"architecture": "ubuntu/hoary/i386", "archive": "ubuntu"}
        self.assertIsNone(block(Place(**place)))
        for reason, facts in BLOCKS:
            self.assertEqual(reason, block(Place(**place, **facts)))
