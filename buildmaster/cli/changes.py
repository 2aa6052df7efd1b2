"""Change the farm: in one transaction with its line in the audit trail, then wake the jobs that act on it."""

from collections.abc import Callable
from typing import Any, TypeVar

from buildmaster.cli.farm import Farm
from buildmaster.model.tables.people import Deed, audited

T = TypeVar("T")
BUILDING = ("queue_builder", "dispatcher")  # the jobs that act on what may be built
SCANNING = ("slave_scanner", "dispatcher")  # those that act on builders


def change(farm: Farm, action: str, subject: object, work: Callable[..., T], *args: Any, **details: object) -> T:
    """Return ``work(session, *args)``, committed with the trail's line: ``action``, ``subject`` and ``details``.

    What is None in ``details`` was not asked for, and is left out.
    """
    given = {name: value for name, value in details.items() if value is not None}
    deed = Deed(farm.now(), farm.who, action, str(subject), given)
    return farm.transactions.write(audited, deed, work, *args)
