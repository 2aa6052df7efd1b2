"""Benchmarks tell the truth: medians, failures, tables, and targets that are judged by the figures."""

import contextlib
import io
import tempfile
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from bench import page
from bench.figures import FAILED, interleaved, medians, percentile, rounded, tell
from bench.targets import TARGETS, Target, cell, judged, ratio
from bench.throughput import AGENT, compare


class FiguresTests(SynchronousTestCase):
    def interleaved(self, *args):
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()) as said:
            found = interleaved(*args)
        return found, said.getvalue()

    def test_cases_take_turns_and_the_median_is_taken(self):
        order, speeds = [], iter([3, 1, 2])

        def fast():
            order.append("fast")
            return {"speed": next(speeds)}

        def slow():
            order.append("slow")
            return {"speed": 1}

        found, _ = self.interleaved({"fast": fast, "slow": slow}, 3)
        self.assertEqual(["fast", "slow"] * 3, order)
        self.assertEqual({"speed": 2, "spread %": 100}, found["fast"])

    def test_ratios_are_taken_within_a_round(self):
        ours, theirs = iter([10, 30]), iter([5, 10])

        def compare(figures):
            figures["ours"]["times"] = figures["ours"]["speed"] / figures["theirs"]["speed"]

        cases = {"ours": lambda: {"speed": next(ours)}, "theirs": lambda: {"speed": next(theirs)}}
        found, _ = self.interleaved(cases, 2, compare)
        self.assertEqual(2.5, found["ours"]["times"])

    def test_a_case_that_fails_is_loud_and_spares_the_others(self):
        def broken():
            raise SystemExit("no daemon")

        found, said = self.interleaved({"broken": broken, "good": lambda: {"speed": 1}}, 2)
        self.assertEqual({FAILED: "SystemExit: no daemon"}, found["broken"])
        self.assertEqual({"speed": 1, "spread %": 0}, found["good"])
        self.assertIn("*** broken FAILED", said)

    def test_one_round_has_no_spread(self):
        self.assertEqual({"speed": 1.23}, medians([{"speed": 1.2345}]))

    def test_numbers_are_as_exact_as_they_deserve(self):
        self.assertEqual([1234, 0.0123, 7], [rounded(1234.5), rounded(0.01234), rounded(7)])

    def test_percentiles_are_milliseconds(self):
        times = [number / 1000 for number in range(1, 101)]
        self.assertEqual([51.0, 100.0], [percentile(times, 0.5), percentile(times, 0.99)])

    def test_a_row_that_failed_fails_the_benchmark(self):
        with contextlib.redirect_stdout(io.StringIO()):
            tell([("Load", {"speed": 1})])
            self.assertRaises(SystemExit, tell, [("Load", {FAILED: "why"})])


class PageTests(SynchronousTestCase):
    def test_a_table_has_all_columns_of_its_rows(self):
        table = page.table_of([{"case": "ours", "builds/s": 1000}, {"case": "theirs", "MB": 7.5}])
        lines = ["======  ========  ===", "case    builds/s  MB", "======  ========  ==="]
        lines += ["ours    1,000     -", "theirs  -         7.5", "======  ========  ==="]
        self.assertEqual(lines, table.splitlines())

    def test_what_failed_stands_below_its_table(self):
        rows = [["Load", {"builders": 1, "cores": 0.5}], ["Load", {"builders": 9, FAILED: "too slow"}]]
        told = page.figures(rows, "Today.").split("\n\n")
        self.assertEqual(("Today.", "*Load*", "**Failed**: builders 9: too slow"), (told[0], told[1], told[-1]))

    def test_sections_are_put_between_their_marks(self):
        path = Path(tempfile.mkdtemp(dir=self.folder())) / "page.rst"
        path.write_text("Before\n\n.. figures begin\n\nold\n\n.. figures end\n\nAfter\n")
        page.write({"figures": "new"}, path)
        self.assertEqual("Before\n\n.. figures begin\n\nnew\n\n.. figures end\n\nAfter\n", path.read_text())
        self.assertRaises(SystemExit, page.write, {"targets": "new"}, path)

    def folder(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        return folder.name

    def test_the_page_has_its_marks(self):
        text = page.PAGE.read_text()
        for name in ("figures", "targets"):
            self.assertLess(text.index(f".. {name} begin\n"), text.index(f".. {name} end\n"))


class ThroughputTests(SynchronousTestCase):
    def test_the_master_is_compared_with_buildbot_on_the_same_database_and_with_the_agent(self):
        figures = {
            "master, SQLite": {"builds/s": 50, "CPU ms": 10},
            "Buildbot, SQLite": {"builds/s": 5, "CPU ms": 100},
            "master, PostgreSQL": {"builds/s": 60, "CPU ms": 10},
            AGENT: {"builds/s": 200, "CPU ms": 4},
        }
        compare(figures)
        sqlite, postgresql = figures["master, SQLite"], figures["master, PostgreSQL"]
        self.assertEqual((10, 0.1, 0.25), (sqlite["x Buildbot"], sqlite["x its CPU"], sqlite["x Agent"]))
        self.assertEqual((0.3, False), (postgresql["x Agent"], "x Buildbot" in postgresql))


class TargetTests(SynchronousTestCase):
    rows = (["Load", {"builders": 1, "cores": 0.4}], ["Load", {"builders": 9, "cores": 0.8}])

    def verdict(self, limit, at_least=False, builders=9):
        return Target("cores", cell("Load", "cores", builders=builders), limit, at_least).judged(self.rows)["verdict"]

    def test_the_verdict_is_the_figures(self):
        verdicts = [self.verdict(0.5), self.verdict(0.8), self.verdict(0.5, at_least=True)]
        self.assertEqual(["NOT MET", "met", "met"], verdicts)

    def test_what_was_not_measured_is_not_met(self):
        self.assertEqual("unknown", self.verdict(0.5, builders=5))

    def test_ratios_are_of_two_figures(self):
        nine, one, none = (cell("Load", "cores", builders=builders) for builders in (9, 1, 5))
        self.assertEqual((2.0, None), (ratio(nine, one)(self.rows), ratio(nine, none)(self.rows)))

    def test_each_target_has_a_verdict_of_its_own(self):
        self.assertEqual(len(TARGETS), len({row["target"] for row in judged([])}))
        self.assertEqual({"unknown"}, {row["verdict"] for row in judged([])})
