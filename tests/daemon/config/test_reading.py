"""The conf file is read once, and every mistake in it is told at once."""

import tempfile
from pathlib import Path
from typing import get_type_hints

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.daemon.config.entries import expand, parse
from buildmaster.daemon.config.reading import SHIPPED, ConfigError, load
from buildmaster.daemon.config.settings import SECTIONS, JobSettings


class ConfTestCase(SynchronousTestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name).resolve() / "farm.conf"

    def load(self, text):
        self.path.write_text(text)
        return load(self.path)

    def mistakes(self, text):
        error = self.assertRaises(ConfigError, self.load, text)
        return [line.removeprefix(f"{self.path}:") for line in error.mistakes]


class ConfigTests(ConfTestCase):
    def test_an_empty_file_has_the_shipped_defaults(self):
        config = self.load("")
        self.assertEqual(
            (Path("/var/lib/buildmaster"), 8085, ("-",)), (config.root, config.web.port, config.mailproblemsto)
        )
        self.assertEqual(load(SHIPPED).jobs, config.jobs)

    def test_root_stands_for_itself_everywhere(self):
        config = self.load("[buildmaster]\nroot = /srv/farm\n[librarian]\nstore = file:%(root)s/files")
        self.assertEqual("sqlite:////srv/farm/buildmaster.sqlite", config.database.url)
        self.assertEqual("file:/srv/farm/files", config.librarian.store)

    def test_a_relative_root_is_beside_the_file(self):
        self.assertEqual(self.path.parent / "farm", self.load("[buildmaster]\nroot = farm").root)

    def test_two_percent_signs_are_one(self):
        self.assertEqual("ssh root@%(vm_host)s reset", self.load("").slaves.vm_resume_command)

    def test_every_mistake_is_told_at_once(self):
        text = (
            "[slavez]\nx = 1\n[slaves]\ntimout = 4\nsilent_scans = 0\npoll_idle = soon\nnonsense\n[web]\nport = 70000\n"
        )
        self.assertEqual(
            [
                "1: [slavez]: no such section; did you mean 'slaves'?",
                "4: timout: no such option in [slaves]; did you mean 'timeout'?",
                "5: silent_scans: must be at least 1",
                "6: poll_idle: 'soon' is not a number of seconds",
                "7: nonsense: a line is KEY = VALUE, [SECTION] or # comment",
                "9: port: 70000 is not a port: the last one is 65535",
            ],
            self.mistakes(text),
        )

    def test_wrong_values_are_told_in_words(self):
        for section, line, words in [
            ("web", "public_url = farm", "is not an address"),
            ("job uploader", "timeout = 0", "must be more than 0"),
            ("database", "url = mysql://x/y", "is neither"),
            ("librarian", "store = /srv", "is not file:FOLDER"),
            ("mail", "notify_owner = perhaps", "is neither yes nor no"),
            ("uploader", "command = 'x", "not quoted as in a shell"),
            ("slaves", "vm_resume_command = reset %%(host)s", "is not known here"),
            ("scores", "component = main", "is not WORD:NUMBER"),
            ("librarian", "store = file:%(rot)s/x", "'%(rot)s' is not known here, only %(root)s is; write %%"),
            ("buildmaster", "root = %(rot)s/x", "'%(rot)s' is not known here; write %%"),
            ("web", "bind = 999.1.1.1", "is neither an IP address nor a host name"),
            ("scores", "urgency = low:5 hihg:7", "is none of low, medium, high, emergency; did you mean 'high'?"),
            ("scores", "pocket = relese:3", "did you mean 'release'?"),
            ("scores", "age = day:3", "is not a number of seconds"),
        ]:
            (mistake,) = self.mistakes(f"[{section}]\n{line}\n")
            self.assertIn(words, mistake)
            self.assertTrue(mistake.startswith(f"2: {line.split()[0]}: "), mistake)

    def test_a_key_stands_once(self):
        self.assertEqual(["3: port: stands in line 2 already"], self.mistakes("[web]\nport = 1\nport = 2\n"))

    def test_a_file_that_is_no_text_is_refused(self):
        self.path.write_bytes(b"[web]\n\xff")
        error = self.assertRaises(ConfigError, load, self.path)
        self.assertIn("is not UTF-8", str(error))

    def test_postgresql_is_spoken_to_through_psycopg2(self):
        config = self.load("[database]\nurl = postgresql://farm@/farm")
        self.assertEqual("postgresql+psycopg2://farm@/farm", config.database.url)

    def test_slaves_fetch_from_the_public_url_unless_told_otherwise(self):
        self.assertEqual("http://x/", self.load("[web]\npublic_url = http://x").web.slave_url)


class JobsTests(ConfTestCase):
    def test_built_in_jobs_come_first_in_the_shipped_order(self):
        config = self.load("[job mine]\ncommand = true\n[job dispatcher]\nmindelay = 7")
        names = [job.name for job in config.jobs]
        self.assertEqual(["slave_scanner", "queue_builder", "dispatcher"], names[:3])
        self.assertEqual("mine", names[-1])
        self.assertEqual((7.0, "dispatcher"), (config.jobs[2].mindelay, config.jobs[2].task))

    def test_a_job_can_be_switched_off(self):
        config = self.load("[job dispatcher]\nenabled = no")
        self.assertNotIn("dispatcher", [job.name for job in config.jobs])

    def test_a_command_is_quoted_as_in_a_shell(self):
        job = self.load("[job mine]\ncommand = echo 'a b' $HOME\nalwayslog = yes").jobs[-1]
        self.assertEqual(
            (("echo", "a b", "$HOME"), "", 1.0, True), (job.command, job.task, job.mindelay, job.alwayslog)
        )

    def test_a_command_may_replace_a_built_in_task(self):
        (job,) = [job for job in self.load("[job uploader]\ncommand = take in").jobs if job.name == "uploader"]
        self.assertEqual((("take", "in"), ""), (job.command, job.task))

    def test_a_job_has_either_a_task_or_a_command(self):
        neither = self.mistakes("[job x]\nmindelay = 1\n")
        both = self.mistakes("[job x]\ntask = uploader\ncommand = y\n")
        self.assertEqual(["1: [job x]: a job has either a task or a command"], neither)
        self.assertEqual(["2: task: a job has either a task or a command"], both)

    def test_a_mistake_in_a_job_hides_no_other(self):
        self.assertEqual(2, len(self.mistakes("[job dispatcher]\nmindelay = soon\ntask = dispacher\n")))

    def test_web_may_listen_at_any_address_of_this_machine(self):
        for bind in ("", "::1", "10.1.2.3", "localhost", "farm-1.example.com"):
            self.assertEqual(bind, self.load(f"[web]\nbind = {bind}\n").web.bind)

    def test_an_unknown_task_is_told_with_the_nearest(self):
        self.assertEqual(
            ["2: task: 'dispacher' is no task; did you mean 'dispatcher'?"],
            self.mistakes("[job x]\ntask = dispacher\n"),
        )


class ShippedFileTests(SynchronousTestCase):
    def setUp(self):
        self.entries, self.faults = parse(SHIPPED, SHIPPED.read_text())

    def test_the_shipped_file_has_exactly_the_options_that_are_read(self):
        wanted = {(name, key) for name, kind in SECTIONS.items() for key in get_type_hints(kind)}
        wanted |= {("job ...", key) for key in get_type_hints(JobSettings)} | {("buildmaster", "root")}
        found = {(entry.section, entry.key) for entry in self.entries if entry.key}
        self.assertEqual([], self.faults)
        self.assertEqual(wanted, {pair for pair in found if pair in wanted or not pair[0].startswith("job ")})

    def test_every_option_is_told_in_a_line_above_it(self):
        lines = SHIPPED.read_text().splitlines()
        untold = [
            entry.key
            for entry in self.entries
            if entry.key and not entry.section.startswith("job ") and not lines[entry.line - 2].startswith("# ")
        ]
        self.assertEqual([], untold)


class ConfFileTests(SynchronousTestCase):
    def test_lines_that_begin_with_white_space_go_on(self):
        entries, _ = parse(Path("f"), "[a]\nx = 1\n  2\n; comment\ny: 3 = 4\n")
        self.assertEqual([("", ""), ("x", "1\n2"), ("y", "3 = 4")], [(entry.key, entry.value) for entry in entries])

    def test_a_key_before_any_section_is_a_mistake(self):
        self.assertEqual(["f:1: x: stands before the first [SECTION]"], parse(Path("f"), "x = 1")[1])

    @given(st.text())
    def test_any_text_is_read_or_complained_of(self, text):
        entries, mistakes = parse(Path("f"), text)
        lines = [line for line in text.splitlines() if line.strip() and line.lstrip()[0] not in "#;"]
        self.assertLessEqual(len(entries) + len(mistakes), len(lines))
        self.assertEqual(bool(lines), bool(entries or mistakes))

    @given(st.text())
    def test_doubling_percent_signs_protects_any_text(self, text):
        self.assertEqual(text, expand(text.replace("%", "%%"), {}))
