"""The doctor says what is wrong with a farm, and what to do about it."""

import json

from sqlalchemy import select, update
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.cli.running.checks import (
    check_chroots,
)
from buildmaster.cli.running.doctor import in_lines
from buildmaster.farm.builders.states import FailedBy
from buildmaster.farm.findings import Finding
from buildmaster.farm.vocabulary.archives import Pocket
from buildmaster.farm.vocabulary.states import BuildState
from buildmaster.model.maintenance.examining import builder_addresses, chroot_files, examine_rows
from buildmaster.model.tables.builders import Builder
from buildmaster.model.tables.builds import Build
from buildmaster.model.tables.distribution import PocketChroot
from tests.support.commands import CommandFarm
from tests.support.onebuild import OneBuildTestCase
from tests.support.rows import (
    NOW,
    an_attempt,
)


class ExaminingTests(OneBuildTestCase):
    def found(self):
        return [finding.what for finding in self.transactions.read(examine_rows, NOW)]

    def test_a_good_farm_is_well(self):
        self.assertEqual([], self.found())

    def test_a_missing_chroot_is_found(self):
        self.transactions.write(lambda session: session.delete(session.scalar(select(PocketChroot))))
        (what,) = self.found()
        self.assertRegex(what, "there is no chroot for ubuntu[0-9]+/hoary/i386")

    def test_entries_for_builders_that_nobody_has_are_found(self):
        self.change(update(Builder).values(trusted=False))
        self.assertEqual([f"1 build(s) wait for a trusted {self.processor} builder, and there is none"], self.found())

    def test_a_failed_builder_is_found_with_its_reason(self):
        self.change(update(Builder).values(builderok=False, failnotes="burnt", name="bob"))
        self.assertEqual(["the builder bob is failed: burnt"], self.found())

    def test_one_that_a_probe_failed_heals_when_its_slave_does(self):
        self.change(update(Builder).values(builderok=False, failed_by=FailedBy.PROBE, name="bob"))
        (finding,) = self.transactions.read(examine_rows, NOW)
        self.assertIn("mend its slave", finding.cure)

    def test_a_clock_that_went_back_is_found(self):
        self.change(update(Build).values(buildstate=BuildState.BUILDING))
        self.transactions.write(lambda session: an_attempt(session, session.get_one(Build, self.build)))
        found = self.transactions.read(examine_rows, NOW.replace(year=2025))
        self.assertTrue(any("in the future" in finding.what for finding in found), found)

    def test_a_chroot_whose_file_is_lost_is_found(self):
        files = self.transactions.read(chroot_files)
        self.assertEqual([], list(check_chroots(files, lambda _: True)))
        self.change(update(PocketChroot).values(pocket=Pocket.SECURITY))
        own = self.transactions.read(chroot_files)
        found = [*check_chroots(files, lambda _: False), *check_chroots(own, lambda _: False)]
        for finding, end in zip(found, ("i386", "i386 --pocket SECURITY"), strict=True):
            self.assertRegex(finding.what, rf"the chroot of ubuntu[0-9]+/hoary/{end} is not in the librarian")

    def test_builders_are_named_with_their_addresses(self):
        ((_, url),) = self.transactions.read(builder_addresses)
        self.assertTrue(url.startswith("http://"))


class DoctorCommandTests(SynchronousTestCase):
    def test_what_is_wrong_comes_first_with_its_cure(self):
        text = in_lines([Finding("a note"), Finding("it is broken", "mend it")])
        self.assertEqual("WRONG: it is broken\n       mend it\nnote:  a note", text)

    def test_a_farm_without_a_daemon_is_refused(self):
        farm = CommandFarm(self, "[web]\nport = 1\n")
        farm.run("init")
        result = farm.result("doctor", "--invariants", "--json")
        self.assertEqual(1, result.exit_code)
        self.assertIn("no daemon answers at port 1", json.dumps(json.loads(result.stdout)))

    def test_a_database_that_does_not_fit_is_told_with_the_cure(self):
        farm = CommandFarm(self, "[web]\nport = 1\n[database]\nurl = sqlite:///%(root)s/other.sqlite\n")
        self.assertIn("buildmaster init", farm.result("doctor").stdout)
