"""Run all benchmarks with moderate parameters, and write their figures into docs/benchmarks.rst.

    python -m bench.all

One that fails is said so, here and there, and fails the run; the others go on. It takes less than a quarter of an hour.
"""

import json
import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from textwrap import wrap

from bench.rig import ROOT

PAGE = ROOT / "docs/benchmarks.rst"
BEGIN, END = ".. figures begin", ".. figures end"
CASES = (
    ("bench.throughput", "8", "10", "100"),
    ("bench.latency", "1", "10"),
    ("bench.latency", "100", "15"),
    ("bench.latency", "1000", "20", "100000"),
    ("bench.scale",),
    ("bench.endurance", "60"),
)
LIMIT = 400.0  # seconds of one benchmark


def run(case):
    """Return the figures of a benchmark, from its last line."""
    print("*", *case, flush=True)
    command = [sys.executable, "-m", *case]
    try:
        done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, timeout=LIMIT, check=False)
    except subprocess.TimeoutExpired:
        return {" ".join(case): {"FAILED": f"not done after {LIMIT:.0f} s"}}
    print(done.stdout, flush=True)
    if done.returncode:
        return {" ".join(case): {"FAILED": f"exit code {done.returncode}"}}
    return json.loads(done.stdout.splitlines()[-1])


def machine():
    names = {
        line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line
    }
    return f"{os.cpu_count()} cores of {', '.join(sorted(names))}; Python {platform.python_version()}"


def page(found, load):
    """Return the section of figures."""
    when = f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
    lines = [f"{when}, {machine()}; load before and after: {load[0]:.1f}, {os.getloadavg()[0]:.1f}.", "", "::", ""]
    for name, figures in found.items():
        told = ", ".join(f"{key} {value}" for key, value in figures.items())
        lines += [f"    {name}", *wrap(told, 110, initial_indent=" " * 8, subsequent_indent=" " * 8)]
    return "\n".join(lines)


def write(section):
    before, _, rest = PAGE.read_text().partition(BEGIN)
    after = rest.partition(END)[2]
    PAGE.write_text(f"{before}{BEGIN}\n\n{section}\n\n{END}{after}")


def main():
    load, found = os.getloadavg(), {}
    for case in CASES:
        found |= run(case)
        write(page(found, load))
    failed = [name for name, figures in found.items() if "FAILED" in figures]
    if failed:
        raise SystemExit(f"FAILED: {', '.join(failed)}")


if __name__ == "__main__":
    main()
