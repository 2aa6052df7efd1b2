"""What a turn costs on farms of any size.

    python -m bench.scale [full]

A turn of the dispatcher against builders and waiting entries, in milliseconds of CPU, all in SQLite; ``full`` goes up
to 10,000 builders and a million entries, which takes minutes to set up. ``bench/scanner.py`` does it for a turn of the
scanner. The last line is JSON.
"""

import json
import sys

from bench.dispatching import measure

SIZES = ((10, 10_000), (100, 10_000), (1000, 10_000), (10, 100_000), (100, 100_000), (1000, 100_000))
FULL = ((10_000, 10_000), (100, 1_000_000), (1000, 1_000_000))


def main(extent=""):
    found = {}
    for builders, entries in SIZES + (FULL if extent == "full" else ()):
        cost, claimed = measure(builders, entries)
        found[f"dispatch turn, {builders} idle builders, {entries} waiting"] = {"ms": round(cost, 1), "given": claimed}
        print(f"{builders:6} idle builders, {entries:8} waiting: {cost:7.1f} ms, {claimed} given", flush=True)
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
