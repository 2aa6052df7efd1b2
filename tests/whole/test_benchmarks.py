"""Benchmarks tell the truth: medians, failures, tables, and targets that are judged by the figures."""

import contextlib
import hashlib
import io
import tempfile
from pathlib import Path
from xmlrpc.client import Binary, dumps, loads

from debian.deb822 import Changes
from twisted.trial.unittest import SynchronousTestCase

from bench import page
from bench.figures import FAILED, interleaved, medians, percentile, rounded, tell
from bench.latency import BUILDBOT, put_beside_buildbot, waits_of
from bench.slaves import LOG, Connection, Loop, Slave
from bench.targets import TARGETS, Target, cell, judged, ratio
from bench.throughput import AGENT, compare
from buildmaster.slave.messages import request_of
from tests.support.databases import a_folder
from tests.support.packages import deb_stanza


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


class LatencyTests(SynchronousTestCase):
    def test_what_waits_is_put_beside_what_waits_for_buildbot(self):
        rows = [{"case": BUILDBOT, "median ms": 200}, {"case": "ours", "median ms": 50}, {"case": "no", FAILED: "why"}]
        put_beside_buildbot(rows)
        self.assertEqual([None, 0.25, None], [row.get("x Buildbot") for row in rows])
        alone = [{"case": BUILDBOT, FAILED: "why"}, {"case": "ours", "median ms": 50}]
        put_beside_buildbot(alone)
        self.assertNotIn("x Buildbot", alone[1])

    def test_a_wait_is_from_the_first_answer_that_shows_the_end_to_the_next_build_of_that_slave(self):
        events = [(1, "build", 0.0, ""), (1, "ended", 1.0, ""), (2, "ended", 1.5, ""), (1, "ended", 2.0, "")]
        events += [(2, "build", 1.75, ""), (1, "build", 3.0, ""), (1, "build", 9.0, "")]
        self.assertEqual([0.25, 2.0], list(waits_of(events)))


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
        self.assertEqual(2.5, sqlite["x Agent's CPU"])
        self.assertEqual((0.3, False), (postgresql["x Agent"], "x Buildbot" in postgresql))


class End:
    """The end of a connection to a simulated slave: what is said comes at once, in two pieces."""

    def __init__(self, slave, cut=0):
        self.connection, self.cut = Connection(slave, self), cut
        self.coming, self.replies = [], []

    def ask(self, said):
        self.coming = [said[: self.cut], said[self.cut :]]
        while self.coming:
            self.connection.ready()
        return self.replies.pop()

    def recv(self, size):
        return self.coming.pop(0)

    def sendall(self, data):
        head, _, body = data.partition(b"\r\n\r\n")
        self.replies.append(body)
        if b"Content-Length: %d" % len(body) not in head:
            raise AssertionError(head)


def by_library(method, args):
    return dumps(args, method, allow_none=True).encode()


class SimulatedSlaveTests(SynchronousTestCase):
    args = {"suite": "hoary", "arch_indep": False, "arch_tag": "amd64", "archives": ["deb http://x hoary main"]}
    build = ("1-7", "binarypackage", "ab", {"hello_1.0.dsc": "cd", "hello_1.0.tar.xz": "ef"}, args)

    def setUp(self):
        self.loop, self.cut, self.written = Loop(), 0, by_library
        self.addCleanup(self.loop.poll.close)
        self.patch(Slave, "events", [])
        self.patch(Slave, "length", (0.0, 0.0))
        self.slave = Slave(3, self.loop.later)

    def call(self, method, *args):
        body = self.written(method, args)
        (value,), _ = loads(
            End(self.slave, self.cut).ask(b"POST /rpc HTTP/1.1\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
        )
        return value

    def fetch(self, name):
        return End(self.slave, self.cut).ask(f"GET /filecache/{name} HTTP/1.1\r\nHost: x\r\n\r\n".encode())

    def results(self):
        return {name: self.fetch(sha1) for name, sha1 in self.call("status")["filemap"].items()}

    def test_says_the_words_of_a_slave(self):
        self.assertEqual([True, "Cache"], self.call("ensurepresent", "ab", "http://master/1", "", ""))
        self.assertEqual({"builder_status": "BuilderStatus.IDLE"}, self.call("status"))
        self.assertEqual(["BuilderStatus.BUILDING", "1-7"], self.call("build", *self.build))
        waiting = self.call("status")
        names = list(waiting.pop("filemap"))
        self.assertEqual(["hello_1.0_amd64.deb", "hello_1.0_amd64.changes"], names)
        told = {"build_id": "1-7", "build_status": "BuildStatus.OK", "dependencies": ""}
        self.assertEqual({"builder_status": "BuilderStatus.WAITING", **told}, waiting)
        self.assertEqual("BuilderStatus.IDLE", self.call("clean"))
        self.assertEqual({"builder_status": "BuilderStatus.IDLE"}, self.call("status"))
        noted = [(number, call, name) for number, call, _, name in self.slave.events]
        self.assertEqual([(3, "build", "hello_1.0.dsc"), (3, "ended", ""), (3, "clean", "")], noted)

    def test_understands_requests_of_either_client_however_they_are_cut(self):
        for self.written in (by_library, request_of):
            for self.cut in (1, 30, 60, 500):
                self.test_says_the_words_of_a_slave()
                self.slave.events.clear()

    def test_a_build_takes_its_time(self):
        self.patch(Slave, "length", (0.001, 0.001))
        self.slave.built = 1
        self.call("build", *self.build)
        building = {"builder_status": "BuilderStatus.BUILDING", "build_id": "1-7", "logtail": Binary(LOG[:2048])}
        self.assertEqual(building, self.call("status"))
        self.loop.turn()
        self.assertEqual("BuilderStatus.WAITING", self.call("status")["builder_status"])

    def test_results_are_what_they_are_said_to_be(self):
        self.call("build", *self.build)
        deb, changes = self.results().values()
        listed = Changes(changes)
        for field, name in (("Checksums-Sha1", "sha1"), ("Checksums-Sha256", "sha256"), ("Files", "md5sum")):
            [entry] = listed[field]
            sums = {"sha1": hashlib.sha1, "sha256": hashlib.sha256, "md5sum": hashlib.md5}
            told = entry["name"], int(entry["size"]), entry[name]
            self.assertEqual(("hello_1.0_amd64.deb", len(deb), sums[name](deb).hexdigest()), told)
        for sha1 in self.call("status")["filemap"].values():
            self.assertEqual(sha1, hashlib.sha1(self.fetch(sha1)).hexdigest())
        self.assertEqual((b"Build 1-7\n" + LOG, "hoary"), (self.fetch("buildlog"), listed["Distribution"]))

    def test_a_deb_has_its_control_file(self):
        self.call("build", *self.build)
        path = a_folder() / "hello.deb"
        path.write_bytes(self.results()["hello_1.0_amd64.deb"])
        fields = {"Package": "hello", "Version": "1.0", "Architecture": "amd64"}
        fields |= {"Maintainer": "A <a@b>", "Description": "none"}
        stanza = deb_stanza(path)
        self.assertEqual((None, fields), (stanza.fault, stanza.fields))


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
