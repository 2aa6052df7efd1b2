"""Settings of all tests: a busy machine is no fault of what is tested, so examples have no deadline.

Where CI is set the examples are the same each time, so that a change is judged by itself; elsewhere they are new ones, and
find what nobody thought of.
"""

import gc
import os

import pytest
from hypothesis import settings

from tests.support.databases import AT_THE_END

settings.register_profile("farm", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("farm")

# They take several seconds each, and are begun first: else the last of them runs alone while all other workers are idle.
SLOW = (
    "tests/whole/test_simulation.py",
    "tests/whole/test_stories.py",
    "tests/e2e/",
    "tests/tasks/scanner/test_flapping.py",
    "tests/whole/test_packaging.py",
    "tests/tasks/scanner/",
    "tests/daemon/test_master.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put what is slow before all else; within each the order stays."""
    items.sort(key=lambda item: next((n for n, place in enumerate(SLOW) if item.nodeid.startswith(place)), len(SLOW)))


def pytest_collection_finish() -> None:
    """Let no collection of garbage look through the modules again: the simulation collects at each death of a master."""
    gc.collect()
    gc.freeze()


def pytest_sessionfinish() -> None:
    """Clean up after a worker here, with all the time it takes: who takes his time at his exit is killed."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        AT_THE_END.close()
