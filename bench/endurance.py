"""Whether an hour leaves anything behind: builds as fast as they go, and what memory, descriptors and database grow by.

    python -m bench.endurance [SECONDS [SLAVES]]

A farm that ends a build every 3 s does 1,200 in an hour; here they come as fast as the master takes them. The first
third of the builds is not counted. The last line is JSON.
"""

import json
import sys

from bench.rig import Farm, Slaves


def size_of(farm):
    """Return the bytes of a SQLite database, its log written back."""
    with farm.transactions.engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    return (farm.root / "buildmaster.sqlite").stat().st_size


def state(farm):
    return {
        "builds": farm.built(),
        "memory_mb": farm.daemon.memory("VmRSS"),
        "descriptors": farm.daemon.descriptors(),
        "database": size_of(farm),
    }


def measure(seconds, count, builds=1200):
    """Return what grew from a third of the builds on to their end."""
    slaves = Slaves(count)
    farm = Farm(slaves.ports, builds)
    try:
        farm.start()
        farm.wait_for_built(builds // 3, limit=seconds / 2)
        begun = state(farm)
        farm.wait_for_built(builds - count, limit=seconds)
        ended = state(farm)
    finally:
        farm.close()
        slaves.finish()
    done = ended["builds"] - begun["builds"]
    return {
        "builds": done,
        "memory_mb_more": round(ended["memory_mb"] - begun["memory_mb"], 1),
        "descriptors_more": ended["descriptors"] - begun["descriptors"],
        "database_bytes_a_build": round((ended["database"] - begun["database"]) / max(done, 1)),
    }


def main(seconds=120, count=20):
    found = {"endurance": measure(float(seconds), int(count))}
    print(*(f"{key} {value}" for key, value in found["endurance"].items()))
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
