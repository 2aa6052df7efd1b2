"""Run all benchmarks with moderate parameters, and write their figures into docs/benchmarks.rst.

    python -m bench.all [quick]

One that fails is said so, here and there, and fails the run; the others go on. It takes about twenty minutes
on two cores. Each target is compared with its figure of the same run. ``quick`` shows in four minutes whether all still
work; its figures are worth nothing, so they are only printed.
"""

import json
import os
import platform
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from bench.figures import FAILED
from bench.folders import shared
from bench.page import figures, table_of, write
from bench.rig import ROOT
from bench.targets import judged

# Of throughput: rounds, seconds, builds that wait behind, slaves.
# Of latency: builders, seconds, builds that wait, ends a second.
CASES = (
    ("bench.throughput", "1", "5", "0", "1"),
    ("bench.throughput", "2", "4", "0", "10"),
    ("bench.throughput", "3", "5", "0", "100"),
    ("bench.throughput", "1", "5", "0", "1000"),
    ("bench.throughput", "2", "5", "10000", "100"),
    ("bench.latency", "1", "10"),
    ("bench.latency", "100", "15"),
    ("bench.latency", "1000", "20", "100000", "54"),
    ("bench.scale",),
    ("bench.endurance",),
)
QUICK = (
    ("bench.throughput", "1", "1", "0", "5"),
    ("bench.throughput", "1", "1", "100", "5"),
    ("bench.latency", "5", "3", "1000", "5"),
    ("bench.scale", "100", "10000"),
    ("bench.endurance", "6", "5", "100"),
)
LIMIT = 420.0  # seconds of one benchmark


def run(case):
    """Return the rows of a benchmark, from its last line."""
    command = [sys.executable, "-m", *case]
    begun = time.monotonic()
    print("*", *case, flush=True)
    try:
        done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, timeout=LIMIT, check=False)
    except subprocess.TimeoutExpired:
        return [failed(case, f"not done after {LIMIT:.0f} s")]
    print(done.stdout, f"({time.monotonic() - begun:.0f} s)", sep="\n", flush=True)
    try:
        return json.loads(done.stdout.splitlines()[-1])
    except (IndexError, ValueError):
        return [failed(case, f"exit code {done.returncode}")]


def failed(case, why):
    return ["Not measured", {"benchmark": " ".join(case), FAILED: why}]


def machine():
    names = {
        line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line
    }
    return f"{os.cpu_count()} cores of {', '.join(sorted(names))}; Python {platform.python_version()}"


def heading(load):
    when = f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
    loads = f"{load[0]:.1f} before, and {os.getloadavg()[0]:.1f} after"
    return f"{when}, on {machine()}.\nThe load of the machine was {loads}."


def main(extent=""):
    load, rows = os.getloadavg(), []
    shared()
    for case in QUICK if extent == "quick" else CASES:
        rows += run(case)
    told, verdicts = figures(rows, heading(load)), table_of(judged(rows))
    print(told, verdicts, sep="\n\n")
    if extent != "quick":
        write({"figures": told, "targets": verdicts})
    wrong = [f"{table}: {row}" for table, row in rows if FAILED in row]
    if wrong:
        raise SystemExit("FAILED:\n" + "\n".join(wrong))


if __name__ == "__main__":
    main(*sys.argv[1:])
