"""Builds a second through the whole master, beside the bare protocol and Buildbot.

    python -m bench.throughput [ROUNDS [SECONDS [WAITING [SLAVES...]]]]

For each number of simulated slaves (100 unless told), whose builds end at once, and for SQLite and PostgreSQL: builds
are dispatched, asked about, collected (a log, a .changes, one .deb of 10 kB), accepted, and the slaves cleaned, with
WAITING more in the queue. What is queued beforehand, and what slaves fetch, is left out. In each round every case has
its turn; its figures are the median of the rounds.
"""

import json
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

from bench.figures import interleaved, tell
from bench.rig import ROOT, Farm, Slaves
from tests.support.databases import postgresql_farm_url, postgresql_url

BUILDBOT = ROOT / ".venv-buildbot/bin/python"
FASTEST = 250  # builds a second that a case has enough builds for
LIMIT = 100.0  # seconds of a peer's process
MOST_WORKERS = 100  # of Buildbot, which has them in its own process: more take minutes to begin
PEERS = {
    "SQLite": 30,
    "PostgreSQL": 60,
}  # builds that Buildbot does at the least: one for each worker, which go in waves
URLS = {"SQLite": lambda: None, "PostgreSQL": postgresql_farm_url}
AGENT, CLIENT = "protocol, pooled Agent", "protocol, our client"


def master(count, seconds, waiting, new_url):
    """Return the figures of the whole master."""
    slaves = Slaves(count)
    farm = Farm(slaves.ports, waiting + 3 * count + int(FASTEST * seconds), new_url())
    try:
        farm.start()
        begun = farm.wait_for_built(max(2, count // 4), limit=60)[-1]
        samples = farm.wait_for_built(farm.sources - waiting - count, limit=seconds)
        memory = farm.daemon.memory()
    finally:
        farm.close()
        slaves.finish()
    time, cpu, built = (last - first for last, first in zip(samples[-1], begun, strict=True))
    if not built:
        raise SystemExit("nothing was built")
    return {"builds/s": built / time, "CPU ms": cpu / built * 1000, "MB": memory}


def bare(way, count):
    """Return the figures of the bare protocol."""
    builds = max(1000, 2 * count)
    slaves = Slaves(count)
    try:
        return told([sys.executable, "-m", "bench.bare", way, str(builds), *map(str, slaves.ports)])
    finally:
        slaves.finish()


def buildbot(workers, builds, waiting=0, samples=0, url=None):
    """Return the figures of Buildbot."""
    if not BUILDBOT.exists():
        raise SystemExit(f"Buildbot is not there: `make {BUILDBOT.parent.parent.name}/ready` installs it")
    with tempfile.TemporaryDirectory() as folder:
        where = url or f"sqlite:///{Path(folder)}/state.sqlite"
        numbers = map(str, (workers, builds, waiting, samples))
        return told([str(BUILDBOT), str(ROOT / "bench/buildbot_master.py"), where, *numbers])


def told(command):
    """Run a peer; return the JSON of its last line."""
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=LIMIT, check=False)
    if done.returncode or not done.stdout:
        raise SystemExit(f"{' '.join(command[1:3])} failed:\n{done.stdout[-2000:]}{done.stderr[-3000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def cases_of(count, seconds, waiting):
    """Return what is measured in a round, in an order that keeps apart least what is compared most."""
    cases = {}
    if not waiting:
        cases = {AGENT: partial(bare, "agent", count), CLIENT: partial(bare, "slave", count)}
    for database, builds in PEERS.items():
        cases[f"master, {database}"] = partial(master, count, seconds, waiting, URLS[database])
        if count <= MOST_WORKERS:  # with many waiting it is slow
            cases[f"Buildbot, {database}"] = partial(peer, count, max(builds, count), waiting, database)
    return cases


def peer(count, builds, waiting, database):
    return buildbot(count, builds, waiting, url=postgresql_url() if database == "PostgreSQL" else None)


def compare(figures):
    """Put the master beside Buildbot on the same database, and beside the bare protocol."""
    for database in PEERS:
        ours, theirs = figures.get(f"master, {database}"), figures.get(f"Buildbot, {database}")
        if ours and theirs:
            ours["x Buildbot"] = ours["builds/s"] / theirs["builds/s"]
            ours["x its CPU"] = ours["CPU ms"] / theirs["CPU ms"]
        if ours and AGENT in figures:
            ours["x Agent"] = ours["builds/s"] / figures[AGENT]["builds/s"]
            ours["x Agent's CPU"] = ours["CPU ms"] / figures[AGENT]["CPU ms"]


def measure(rounds, seconds, waiting, counts):
    """Return the rows of the table."""
    rows = []
    for count in counts:
        found = interleaved(cases_of(count, seconds, waiting), rounds, compare)
        place = {"slaves": count, "waiting": waiting}
        rows += [("Throughput", {"case": name, **place, **figures}) for name, figures in found.items()]
    return rows


def main(rounds=3, seconds=5, waiting=0, *counts):
    tell(measure(int(rounds), float(seconds), int(waiting), [int(count) for count in counts] or [100]))


if __name__ == "__main__":
    main(*sys.argv[1:])
