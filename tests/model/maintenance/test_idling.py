"""A builder that idles beside work that it could do is found."""

from datetime import timedelta

from sqlalchemy import update

from buildmaster.farm.builders.states import CleanStatus
from buildmaster.model.maintenance.idling import idle_beside_work
from buildmaster.model.tables.archive import Archive
from buildmaster.model.tables.builders import Builder
from tests.support.onebuild import OneBuildTestCase
from tests.support.rows import NOW


class IdlingTests(OneBuildTestCase):
    def idle(self, minutes=6):
        return self.transactions.read(idle_beside_work, NOW + timedelta(minutes=minutes))

    def clean(self, **columns):
        self.change(update(Builder).values(clean_status=CleanStatus.CLEAN, clean_since=NOW, name="bob", **columns))

    def test_a_builder_that_idles_beside_work_is_found_after_a_while(self):
        self.clean()
        self.assertEqual((), self.idle(minutes=4))
        (finding,) = self.idle()
        self.assertEqual(f"the builder bob is idle, and build {self.build} waits for one like it", finding.what)

    def test_a_builder_that_can_not_be_given_work_does_not_idle(self):
        for hindrance in ({"manual": True}, {"builderok": False}, {"silent_scans": 1}, {"trusted": False}):
            self.clean(**{"manual": False, "builderok": True, "silent_scans": 0, "trusted": True, **hindrance})
            self.assertEqual((), self.idle(), hindrance)

    def test_a_build_that_is_blocked_keeps_nobody_idle(self):
        self.clean()
        self.change(update(Archive).values(enabled=False))
        self.assertEqual((), self.idle())
