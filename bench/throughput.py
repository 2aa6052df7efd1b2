"""Builds a second through the whole master, beside the bare protocol and Buildbot, in one run.

    python -m bench.throughput [SECONDS [SLAVES...]]

For each number of simulated slaves (100 unless told), whose builds end at once, and for SQLite and PostgreSQL: builds
are dispatched, asked about, collected (a log, a .changes, one .deb of 10 kB), accepted, and the slaves cleaned. What is
queued beforehand, and what slaves fetch, is left out. Prints a line for each case; the last line is JSON.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.rig import ROOT, Farm, Slaves
from tests.databases import postgresql_farm_url, postgresql_url

BUILDBOT = ROOT / ".venv-buildbot/bin/python"
MOST = 4000  # builds of a case
LIMIT = 120.0  # seconds of a peer's process


def master(count, seconds, url=None, waiting=0):
    """Return the figures of the whole master."""
    slaves = Slaves(count)
    farm = Farm(slaves.ports, min(MOST, max(50, int(count * seconds))) + waiting, url)
    try:
        farm.start()
        begun = farm.wait_for_built(max(2, count // 4))[-1]
        samples = farm.wait_for_built(farm.sources - waiting - count, limit=seconds)
        memory = farm.daemon.memory()
    finally:
        farm.close()
        slaves.finish()
    time, cpu, built = (last - first for last, first in zip(samples[-1], begun, strict=True))
    if not built:
        raise SystemExit("nothing was built")
    return {"builds_per_s": round(built / time, 1), "cpu_ms": round(cpu / built * 1000, 2), "memory_mb": round(memory)}


def bare(way, count, builds=600):
    """Return the figures of the bare protocol."""
    slaves = Slaves(count)
    try:
        ports = map(str, slaves.ports)
        return told([sys.executable, "-m", "bench.bare", way, str(builds), *ports])
    finally:
        slaves.finish()


def buildbot(count, builds, waiting=0, samples=0, url=None):
    """Return the figures of Buildbot."""
    if not BUILDBOT.exists():
        raise SystemExit(f"BUILDBOT IS NOT THERE: `make {BUILDBOT.parent.parent.name}/ready` installs it")
    with tempfile.TemporaryDirectory() as folder:
        where = url or f"sqlite:///{Path(folder)}/state.sqlite"
        numbers = map(str, (count, builds, waiting, samples))
        return told([str(BUILDBOT), str(ROOT / "bench/buildbot_master.py"), where, *numbers])


def told(command):
    """Run a peer; return the JSON of its last line."""
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=LIMIT, check=False)
    if done.returncode or not done.stdout:
        raise SystemExit(f"{' '.join(command[:3])} failed:\n{done.stdout[-2000:]}{done.stderr[-3000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def main(seconds=10, *counts):
    found = {}

    def case(name, figures):
        found[name] = figures
        print(f"{name:45}", *(f"{key} {value:8}" for key, value in figures.items()), flush=True)

    for count in [int(count) for count in counts] or [100]:
        case(f"protocol, our client, {count} slaves", bare("slave", count))
        case(f"protocol, pooled Agent, {count} slaves", bare("agent", count))
        case(f"master, SQLite, {count} slaves", master(count, float(seconds)))
        case(f"master, PostgreSQL, {count} slaves", master(count, float(seconds), postgresql_farm_url()))
        peers = min(count, 100)  # its workers live in its process: more than that takes minutes to begin
        case(f"Buildbot, SQLite, {peers} workers", buildbot(peers, 40))
        url = postgresql_url()
        case(f"Buildbot, PostgreSQL, {peers} workers", buildbot(peers, 80, url=url))
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
