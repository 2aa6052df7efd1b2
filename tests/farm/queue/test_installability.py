"""What the solver is asked, and how its report is read."""

from twisted.trial.unittest import SynchronousTestCase

from buildmaster.farm.queue.installability import CONFLICT, WaitingSource, sources_stanzas, unmet_dependencies

REPORT = """\
output-version: 1.2
report:
 -
  package: one
  version: 1.0-1
  reasons:
   -
    missing:
     pkg:
      package: dep
      version: 7
      unsat-dependency: gone-dev:i386 (>= 2) | other:i386
   -
    missing:
     pkg:
      unsat-dependency: gone-too:amd64
   -
    missing:
     pkg:
      unsat-dependency: gone-too:i386
 -
  package: two
  version: 1:2
  reasons:
   -
    conflict:
     pkg1:
      unsat-conflict: b:i386

binary-packages: 2
"""


class ReportTests(SynchronousTestCase):
    def test_each_source_has_what_it_lacks_once_and_without_the_architecture(self):
        found = unmet_dependencies(f"{line}\n" for line in REPORT.splitlines())
        self.assertEqual("gone-dev (>= 2) | other, gone-too", found["one", "1.0-1"])

    def test_where_nothing_is_missing_there_is_a_conflict(self):
        self.assertEqual(CONFLICT, unmet_dependencies(REPORT.splitlines())["two", "1:2"])

    def test_nothing_else_is_reported(self):
        self.assertEqual({("one", "1.0-1"), ("two", "1:2")}, set(unmet_dependencies(REPORT.splitlines())))
        self.assertEqual({}, unmet_dependencies(["output-version: 1.2", "  package: one"]))

    def test_a_lack_of_what_has_no_name_is_kept(self):
        self.assertEqual({("", ""): "cpp"}, unmet_dependencies(["      unsat-dependency: cpp:any"]))


class QuestionTests(SynchronousTestCase):
    def test_dependencies_are_written_on_one_line(self):
        [stanza] = sources_stanzas([WaitingSource(1, "one", "1-1", "cpp,\n  gcc [i386]")])
        expected = "Package: one\nVersion: 1-1\nArchitecture: any\nBuild-Depends: cpp, gcc [i386]\n\n"
        self.assertEqual(expected, stanza)

    def test_a_source_may_depend_on_nothing(self):
        expected = "Package: one\nVersion: 1-1\nArchitecture: any\n\n"
        self.assertEqual([expected], list(sources_stanzas([WaitingSource(1, "one", "1-1", "")])))

    def test_what_can_not_be_read_is_left_out_and_the_rest_stays(self):
        sources = [WaitingSource(1, "bad", "1", "(("), WaitingSource(2, "good", "1", "cpp")]
        self.assertEqual(["good"], [stanza.split()[1] for stanza in sources_stanzas(sources)])
