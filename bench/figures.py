"""Measure cases in turn, several times over, and take the median of each figure.

What is compared is measured within the same minute, so that what else the machine does hits all alike. A case that
fails is told loudly and measured no more; the others go on. A row is a table's name, what was measured, and figures.
"""

import json
import sys
import traceback
from statistics import median

FAILED = "FAILED"


def interleaved(cases, rounds, compare=lambda _: None):
    """Return the medians of each case's figures. ``cases`` are functions by their names.

    ``compare`` is given all figures of a round, by case, and adds the ratios between them.
    """
    found, failed = {name: [] for name in cases}, {}
    for number in range(1, rounds + 1):
        there = {}
        for name, measure in cases.items():
            if name not in failed:
                measured(there, failed, name, measure)
        compare(there)
        for name, figures in there.items():
            found[name].append(figures)
            print(f"round {number}: {name:36}", *(f"{key} {value:.4g}  " for key, value in figures.items()), flush=True)
    return {name: {FAILED: failed[name]} if name in failed else medians(found[name]) for name in cases}


def measured(there, failed, name, measure):
    """Put the figures of a case into ``there``, or why there are none into ``failed``."""
    try:
        there[name] = measure()
    except (Exception, SystemExit) as error:  # noqa: BLE001 - one case's failure spares the others
        failed[name] = f"{type(error).__name__}: {error}".splitlines()[0][:100]
        print(f"*** {name} FAILED", file=sys.stderr)
        traceback.print_exception(error)


def medians(rounds):
    """Return the median of each figure, and by how many per cent the first figure differed between rounds."""
    keys = dict.fromkeys(key for figures in rounds for key in figures)
    found = {key: rounded(median([figures[key] for figures in rounds if key in figures])) for key in keys}
    first = [figures[key] for figures in rounds for key in list(figures)[:1]]
    if len(first) > 1 and median(first):
        found["spread %"] = round((max(first) - min(first)) / median(first) * 100)
    return found


def rounded(number):
    """Return a number as exact as it deserves."""
    if isinstance(number, int):
        return number
    return round(number) if abs(number) >= 100 else float(f"{number:.3g}")  # noqa: PLR2004 - three digits


def percentile(times, share):
    """Return the milliseconds that no more than this share of the seconds exceeds."""
    ordered = sorted(times)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000


def tell(rows):
    """Print the rows as people read them, and as JSON in the last line; fail if one of them did."""
    for table, row in rows:
        print(f"{table}:", ", ".join(f"{key} {value}" for key, value in row.items()), flush=True)
    print(json.dumps(rows))
    if any(FAILED in row for _, row in rows):
        sys.exit(1)
