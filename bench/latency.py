"""How long what waits for the master has to wait, and how the daemon is meanwhile.

    python -m bench.latency [BUILDERS [SECONDS [WAITING [RATE]]]]

Accepted to taken: from the commit of a new source to ``build`` accepted by an idle clean slave, one source after the
other, beside Buildbot's submitted to started (20 workers at the most). Ended to taken: from the status answer that
shows a build's end to the next ``build`` accepted by the same slave, with RATE builds ending each second (no more
than there are builders), for SECONDS, with WAITING builds in the queue. Meanwhile the daemon's CPU and memory are
looked at, and every 10 ms the reactor's clock. Its CPU is put beside what as many builds take by the pooled Agent's
bare protocol, which is measured before and after: three times, of which the medians are told. All in SQLite; the rounds
of what is compared take turns.
"""

import sys
import time
from functools import partial
from statistics import mean, median

from bench.figures import FAILED, measured, percentile, rounded, tell
from bench.rig import Farm, Slaves
from bench.throughput import bare, buildbot

BUILDBOT = "Buildbot, submitted to started"
ROUNDS = 2
WORKERS = 20  # of Buildbot at the most: more make it slow to begin, and no difference here
SAMPLES = 10  # sources in a round
UNSEEN = 1 / 8  # of a build's length, on average, from its end to the answer that shows it: see farm/pacing.py
LOADS = 3  # rounds under load
AGENTS = 100  # slaves of the bare protocol
SETTLING = 60.0  # seconds in which all slaves get their first builds, or the figures are of fewer


def accepted_to_taken(builders):
    """Return the seconds that accepted sources wait for idle builders."""
    slaves = Slaves(builders)
    farm = Farm(slaves.ports)
    try:
        farm.start()
        farm.wait_until_ready()
        time.sleep(3)
        accepted = []
        for number in range(SAMPLES):
            accepted.append(farm.accept_source())
            farm.wait_for_built(number + 1, limit=20)
            time.sleep(0.4)
    finally:
        farm.close()
        taken = {name: when for _, call, when, name in slaves.finish() if call == "build"}
    return [taken[name] - begun for name, begun in accepted if name in taken]


def submitted_to_started(builders):
    """Return Buildbot's seconds."""
    return buildbot(min(builders, WORKERS), 0, samples=SAMPLES)["seconds"]


def beside(builders):
    """Return the rows of what is compared."""
    cases = {
        "accepted to taken": partial(accepted_to_taken, builders),
        BUILDBOT: partial(submitted_to_started, builders),
    }
    found, failed = {name: [] for name in cases}, {}
    for _ in range(ROUNDS):
        there = {}
        for name, measure in cases.items():
            measured(there, failed, name, measure)
        for name, seconds in there.items():
            found[name] += seconds
    told = {name: {FAILED: failed[name]} if name in failed else summary(times) for name, times in found.items()}
    return [("Latency", {"case": name, "builders": builders, **figures}) for name, figures in told.items()]


def put_beside_buildbot(rows):
    """Add to each how many times it is what Buildbot takes from submitted to started."""
    theirs = next((row["median ms"] for row in rows if row["case"] == BUILDBOT and FAILED not in row), None)
    for row in rows:
        if theirs and row["case"] != BUILDBOT and FAILED not in row:
            row["x Buildbot"] = rounded(row["median ms"] / theirs)


def summary(times):
    if not times:
        return {FAILED: "nothing was seen"}
    return {
        "median ms": rounded(percentile(times, 0.5)),
        "p99 ms": rounded(percentile(times, 0.99)),
        "samples": len(times),
    }


def loaded(builders, seconds, waiting, rate):
    """Return the rows of what slaves wait whose builds have ended, and of the daemon meanwhile."""
    rounds = [beside_agent(builders, seconds, waiting, rate) for _ in range(LOADS)]
    waits, loads = ({key: median_of(key, rows) for key in rows[0]} for rows in zip(*rounds, strict=True))
    return [("Latency", {"case": "ended to taken", "builders": builders, **waits}), ("Load", loads)]


def median_of(key, rows):
    return rounded(median(row[key] for row in rows))


def beside_agent(builders, seconds, waiting, rate):
    """Return the figures of one round: of what slaves wait, and of the daemon beside the bare protocol."""
    before = bare("agent", AGENTS)["CPU ms"]
    waits, row = under_load(builders, seconds, waiting, rate)
    if not waits:
        raise SystemExit("no build was seen to end, and the next to begin")
    agent = mean((before, bare("agent", AGENTS)["CPU ms"]))
    return summary(waits), row | {"x Agent's CPU": row["cores"] * 1000 / (row["dispatches/s"] * agent)}


def under_load(builders, seconds, waiting, rate):
    """Return the seconds that slaves wait whose builds have ended, and how the daemon is meanwhile."""
    length = builders / min(rate, builders) / (1 + UNSEEN)
    slaves = Slaves(builders, (length * 0.5, length * 1.5))
    farm = Farm(slaves.ports, waiting + builders * 2 + int(rate * (seconds + SETTLING)))
    try:
        farm.start(ticker=True)
        farm.wait_until_ready()
        farm.wait_for_held(builders * 0.95, SETTLING)
        begun, cpu, built = time.monotonic(), farm.daemon.cpu, farm.built()
        time.sleep(seconds)
        passed, used, done = time.monotonic() - begun, farm.daemon.cpu - cpu, farm.built() - built
        memory, held, stall = farm.daemon.memory("VmRSS"), farm.held(), farm.health()["stall"]
    finally:
        farm.close()
        events = slaves.finish()
    events = [event for event in events if begun < event[2]]
    begins = [when for _, call, when, _ in events if call == "build" and when < begun + passed]
    row = {"builders": builders, "busy": held, "waiting": waiting, "dispatches/s": len(begins) / passed}
    row |= {"builds/s": done / passed, "cores": used / passed, "MB": memory}
    row |= {"late p99.9 ms": stall["p999_seconds"] * 1000, "late worst ms": stall["worst_seconds"] * 1000}
    return list(waits_of(events)), row


def waits_of(events):
    """Yield the seconds from the first answer that a build has ended to the slave's next build."""
    ended = {}
    for slave, call, when, _ in events:
        if call == "ended":
            ended.setdefault(slave, when)
        elif call == "build" and slave in ended:
            yield when - ended.pop(slave)


def main(builders=100, seconds=20, waiting=0, rate=20):
    count, failed, there = int(builders), {}, {}
    rows = beside(count)
    measured(there, failed, "load", partial(loaded, count, float(seconds), int(waiting), float(rate)))
    rows += there.get("load", [("Load", {"builders": count, FAILED: failed.get("load")})])
    put_beside_buildbot([row for table, row in rows if table == "Latency"])
    tell(rows)


if __name__ == "__main__":
    main(*sys.argv[1:])
