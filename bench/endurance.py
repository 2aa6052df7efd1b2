"""Whether an hour leaves anything behind: builds as fast as they go, and what memory, descriptors and database grow by.

    python -m bench.endurance [SECONDS [SLAVES [BUILDS]]]

A farm that ends a build every 3 s does 1,200 in an hour; here they come as fast as the master takes them, on SQLite.
The first third, of the builds or of the time, is not counted.
"""

import sys
import time

from bench.figures import rounded, tell
from bench.rig import Farm, Slaves

LOOKS = 40  # at the descriptors, within two seconds: what is open for a moment only is not kept


def size_of(farm):
    """Return the bytes of a SQLite database, its log written back."""
    with farm.transactions.engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    return (farm.root / "buildmaster.sqlite").stat().st_size


def descriptors(farm):
    for _ in range(LOOKS):
        yield farm.daemon.descriptors()
        time.sleep(0.05)


def state(farm):
    return {
        "builds": farm.built(),
        "MB": farm.daemon.memory("VmRSS"),
        "descriptors": min(descriptors(farm)),
        "database": size_of(farm),
    }


def measure(seconds, count, builds):
    """Return what grew from a third of the builds on to their end."""
    slaves = Slaves(count)
    farm = Farm(slaves.ports, builds)
    try:
        farm.start()
        farm.wait_until_ready()
        farm.wait_for_built(builds // 3, limit=seconds / 3)
        begun = state(farm)
        farm.wait_for_built(builds - count, limit=seconds * 2 / 3)
        ended = state(farm)
    finally:
        farm.close()
        slaves.finish()
    done = ended["builds"] - begun["builds"]
    return {
        "builds": done,
        "more MB": rounded(ended["MB"] - begun["MB"]),
        "more descriptors": ended["descriptors"] - begun["descriptors"],
        "database bytes a build": round((ended["database"] - begun["database"]) / max(done, 1)),
    }


def main(seconds=60, count=20, builds=4000):
    tell([("Endurance", measure(float(seconds), int(count), int(builds)))])


if __name__ == "__main__":
    main(*sys.argv[1:])
