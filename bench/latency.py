"""How long what waits for the master has to wait.

    python -m bench.latency [BUILDERS [SECONDS [WAITING]]]

Accepted to taken: from the commit of a new source to ``build`` accepted by an idle clean slave, one source after the
other. Ended to taken: from the status answer that shows a build's end to the next ``build`` accepted by the same slave,
with about 20 builds ending each second (as many as there are builders where these are fewer). Meanwhile the daemon's
CPU and memory are looked at. The last line is JSON; all times are milliseconds.
"""

import json
import sys
import time
import urllib.request
from statistics import median

from bench.rig import Farm, Slaves

RATE = 20.0  # ends of builds a second
SAMPLES = 20


def summary(times):
    ordered = sorted(times)
    if not ordered:
        return {"median": None, "p99": None, "samples": 0}
    last = ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
    return {"median": round(median(ordered) * 1000, 1), "p99": round(last * 1000, 1), "samples": len(ordered)}


def accepted_to_taken(builders, samples=SAMPLES):
    """Return what accepted sources wait for idle builders."""
    slaves = Slaves(builders)
    farm = Farm(slaves.ports)
    try:
        farm.start()
        time.sleep(5)
        accepted = []
        for number in range(samples):
            accepted.append(farm.accept_source())
            farm.wait_for_built(number + 1, limit=20)
            time.sleep(0.4)
    finally:
        farm.close()
        taken = {name: when for _, call, when, name in slaves.finish() if call == "build"}
    return summary([taken[name] - begun for name, begun in accepted if name in taken])


def ended_to_taken(builders, seconds=20.0, waiting=0):
    """Return what slaves wait whose builds have ended, and what the daemon takes meanwhile."""
    length = builders / min(RATE, builders)
    slaves = Slaves(builders, (length * 0.5, length * 1.5))
    farm = Farm(slaves.ports, waiting + builders * 3 + int(RATE * seconds))
    try:
        farm.start()
        time.sleep(3 + length * 1.5)
        begun, cpu, built = time.monotonic(), farm.daemon.cpu, farm.built()
        time.sleep(seconds)
        passed, used = time.monotonic() - begun, farm.daemon.cpu - cpu
        memory, rate = farm.daemon.memory("VmRSS"), (farm.built() - built) / passed
        with urllib.request.urlopen(f"{farm.address}healthz", timeout=20) as answer:
            stall = json.load(answer)["stall"]["worst_seconds"]
    finally:
        farm.close()
        events = slaves.finish()
    waits = list(waits_of(event for event in events if event[2] > begun))
    more = {"cores": round(used / passed, 2), "memory_mb": round(memory), "builds_per_s": round(rate, 1)}
    return summary(waits) | more | {"worst_stall": round(stall * 1000)}


def waits_of(events):
    """Yield the seconds from the first answer that a build has ended to the slave's next build."""
    ended = {}
    for slave, call, when, _ in events:
        if call == "ended":
            ended.setdefault(slave, when)
        elif call == "build" and slave in ended:
            yield when - ended.pop(slave)


def main(builders=100, seconds=20, waiting=0):
    count = int(builders)
    found = {
        f"accepted to taken, {count} builders": accepted_to_taken(count),
        f"ended to taken, {count} builders": ended_to_taken(count, float(seconds), int(waiting)),
    }
    for name, figures in found.items():
        print(f"{name:40}", *(f"{key} {value:7}" for key, value in figures.items()))
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
