"""The groups of builders: those of one processor."""

from twisted.trial.unittest import SynchronousTestCase

from buildmaster.farm.builders.groups import unserved
from buildmaster.farm.builders.states import CleanStatus
from tests.support.facts import a_builder, a_job


class GroupTests(SynchronousTestCase):
    def test_a_processor_is_unserved_while_all_its_builders_are_sick_or_manual(self):
        failed, manual = a_builder(builderok=False, processors=("arm",)), a_builder(manual=True)
        busy = a_builder(job=a_job(), clean_status=CleanStatus.DIRTY, silent_scans=1, processors=("arm", "x86"))
        self.assertEqual({"arm", "x86"}, unserved([failed, manual]))
        self.assertEqual(frozenset(), unserved([failed, manual, busy]))
