"""Builders are registered, watched, mended and taken away by the command."""

from twisted.trial.unittest import SynchronousTestCase

from buildmaster.farm.builders.states import CleanStatus, FailedBy
from buildmaster.model.tables.builders import find_builder
from tests.support.buildrows import a_build, a_builder, a_dispatched_build
from tests.support.commands import CommandFarm
from tests.support.rows import NOW, Place

WRONG_URLS = [
    "https://bob:8221/",
    "bob:8221",
    "http://",
    "http://bob:8221/path",
    "http://bob:8221/?x=1",
    "http://bob:8221/#x",
    "http://me:secret@bob:8221/",
    "http://bob:99999/",
    "http://bob:x/",
    "http://b\nob/",
]


class BuilderCommandTests(SynchronousTestCase):
    def setUp(self):
        self.farm = CommandFarm(self)
        self.farm.run("processor", "add", "x86")
        self.farm.run("builder", "add", "bob", "http://bob:8221/", "--processor", "x86")

    def bob(self, *fields):
        row = self.farm.json("builder", "show", "bob")
        return tuple(row[field] for field in fields)

    def alter(self, **columns):
        self.farm.transactions.write(self.write, columns)

    def write(self, session, columns):
        bob = find_builder(session, "bob")
        for column, value in columns.items():
            setattr(bob, column, value)

    def give_work(self):
        return self.farm.transactions.write(self.dispatch)

    def dispatch(self, session):
        place = Place(session, reference="~cprov/ubuntu/ppa", owner="cprov")
        place.series.distribution.name = "ubuntu"
        release = place.publish().release
        build = a_build(session, release, place.series.architectures[0], place.archive)
        a_dispatched_build(session, build, find_builder(session, "bob"), logtail="compiling")
        return build.id

    def test_a_url_is_http_a_host_and_a_port(self):
        for url in WRONG_URLS:
            self.assertIn("http://HOST:PORT/", self.farm.refused("builder", "add", "x", url, "--processor", "x86"))

    def test_several_processors_may_follow_one_option(self):
        self.farm.run("processor", "add", "amd64")
        self.farm.run("builder", "set", "bob", "--processor", "x86", "amd64", "--title", "Bob")
        self.assertEqual((["amd64", "x86"], "Bob"), self.bob("processors", "title"))

    def test_a_builder_without_processors_is_wrong_usage(self):
        self.assertEqual(2, self.farm.result("builder", "add", "frog", "http://frog:8221/").exit_code)
        self.assertEqual(2, self.farm.result("builder", "set", "bob", "amd64").exit_code)

    def test_a_name_and_a_url_are_used_once(self):
        self.assertEqual(
            "the builder bob is there already: `buildmaster builder set bob` changes it",
            self.farm.refused("builder", "add", "bob", "http://frog:8221/", "--processor", "x86"),
        )
        self.assertEqual(
            "http://bob:8221 is the builder bob's already: a slave has one builder",
            self.farm.refused("builder", "add", "frog", "http://bob:8221", "--processor", "x86"),
        )

    def test_an_unknown_processor_is_named_with_the_nearest(self):
        self.assertEqual(
            "there is no processor x68 (did you mean x86?); `buildmaster processor add x68` adds it",
            self.farm.refused("builder", "add", "frog", "http://frog:8221/", "--processor", "x68"),
        )

    def test_an_unknown_builder_is_named_with_the_nearest(self):
        for command in ("show", "ok", "auto", "manual", "clean", "remove"):
            self.assertEqual(
                "there is no builder bub (did you mean bob?); "
                "`buildmaster builder add bub URL --processor NAME` adds it",
                self.farm.refused("builder", command, "bub"),
            )

    def test_set_changes_what_is_given(self):
        self.farm.run("processor", "add", "amd64")
        self.farm.run("builder", "set", "bob", "--processor", "amd64", "--untrusted", "--vm-host", "dom0", "--manual")
        self.assertEqual(
            (["amd64"], False, "dom0", True, "http://bob:8221/"),
            self.bob("processors", "trusted", "vm_host", "manual", "url"),
        )

    def test_a_builder_that_is_set_to_another_place_is_cleaned(self):
        self.alter(clean_status=CleanStatus.CLEAN, last_seen=NOW)
        self.farm.run("builder", "set", "bob", "--title", "Bob")
        self.assertEqual(("CLEAN",), self.bob("clean_status"))
        self.farm.run("builder", "set", "bob", "--url", "http://bob2:8221/")
        self.assertEqual(("DIRTY", "http://bob2:8221/"), self.bob("clean_status", "url"))

    def test_what_is_believed_of_a_builder_is_found_out_again(self):
        self.farm.run("processor", "add", "amd64")
        for change in (("--processor", "amd64"), ("--untrusted",), ("--vm-host", "dom0"), ("--vm-host", "")):
            self.alter(clean_status=CleanStatus.CLEAN, failed_by=FailedBy.PROBE, builderok=False)
            self.farm.run("builder", "set", "bob", *change)
            self.assertEqual(("DIRTY", True), self.bob("clean_status", "builderok"), change)
            self.alter(clean_status=CleanStatus.CLEAN)
            self.farm.run("builder", "set", "bob", *change)
            self.assertEqual(("CLEAN",), self.bob("clean_status"), change)

    def test_a_builder_may_build_for_other_processors_while_it_holds_a_build(self):
        self.farm.run("processor", "add", "riscv")
        build = self.give_work()
        self.farm.run("builder", "set", "bob", "--processor", "riscv")
        self.assertEqual((build, "DIRTY"), self.bob("build", "clean_status"))

    def test_one_that_a_probe_failed_is_probed_at_its_new_place(self):
        self.alter(builderok=False, failed_by=FailedBy.PROBE, failnotes="refused", next_probe=NOW)
        self.farm.run("builder", "set", "bob", "--title", "Bob")
        self.assertEqual((False, "refused"), self.bob("builderok", "failnotes"))
        self.farm.run("builder", "set", "bob", "--url", "http://bob2:8221/")
        self.assertEqual((True, None), self.bob("builderok", "failnotes"))

    def test_a_trusted_builder_has_no_vm_host(self):
        self.assertIn(
            "a trusted builder has no --vm-host", self.farm.refused("builder", "set", "bob", "--vm-host", "x")
        )

    def test_ok_forgets_all_failures(self):
        self.alter(
            builderok=False,
            failed_by=FailedBy.LIMIT,
            failnotes="5 failures",
            date_failed=NOW,
            failure_count=5,
            silent_scans=3,
            probe_delay=60.0,
            next_probe=NOW,
            clean_status=CleanStatus.CLEAN,
        )
        self.farm.run("builder", "ok", "bob")
        self.assertEqual(
            (True, None, None, None, 0, "DIRTY"),
            self.bob("builderok", "failed_by", "failnotes", "next_probe", "failure_count", "clean_status"),
        )

    def test_fail_is_an_operators_mark(self):
        self.farm.run("builder", "fail", "bob", "--reason", "its disk is full")
        self.assertEqual((False, "operator", "its disk is full"), self.bob("builderok", "failed_by", "failnotes"))
        (status,) = self.bob("status")
        self.assertRegex(status, r"^Failed by an operator [0-9]+ seconds? ago: its disk is full$")

    def test_manual_and_auto(self):
        self.farm.run("builder", "manual", "bob")
        self.assertEqual((True,), self.bob("manual"))
        self.farm.run("builder", "auto", "bob")
        self.assertEqual((False,), self.bob("manual"))

    def test_what_it_builds_is_shown(self):
        build = self.give_work()
        self.assertEqual((build, "compiling", False), self.bob("build", "logtail", "is_available"))
        self.assertRegex(
            self.bob("status")[0],
            r"^Building amd64 build of pmount 1.0-1 in ubuntu hoary RELEASE \[cprov\] for [0-9]+ [a-z]+$",
        )

    def test_a_builder_that_holds_a_build_stays_as_it_is(self):
        build = self.give_work()
        end = (
            f"while it holds build {build}: wait for its end after `buildmaster builder manual bob`, "
            "or `buildmaster builder fail bob` gives the build to another"
        )
        self.assertEqual(f"bob can't be removed {end}", self.farm.refused("builder", "remove", "bob"))
        self.assertEqual(f"bob can't be cleaned {end}", self.farm.refused("builder", "clean", "bob"))
        self.assertEqual(f"bob can't be changed so {end}", self.farm.refused("builder", "set", "bob", "--untrusted"))

    def test_the_name_of_a_removed_builder_may_be_used_again(self):
        self.farm.run("builder", "remove", "bob")
        self.assertEqual([], self.farm.json("builder", "list"))
        self.farm.run("builder", "add", "bob", "http://bob:8221/", "--processor", "x86")
        self.assertEqual(["bob"], [row["name"] for row in self.farm.json("builder", "list")])

    def test_an_available_builder_is_good_clean_and_free(self):
        self.farm.transactions.write(lambda session: a_builder(session, "frog") and None)
        self.assertTrue(self.farm.json("builder", "show", "frog")["is_available"])
        self.assertEqual((False,), self.bob("is_available"))

    def test_the_table_fits_the_page(self):
        self.give_work()
        self.assertRegex(
            self.farm.run("builder", "list"),
            r"name  processors  trusted  build  status\n"
            r"bob   x86         yes      [0-9]+      Building amd64 build of pmount .*\n$",
        )
