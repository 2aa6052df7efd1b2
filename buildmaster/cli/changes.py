"""Change the farm: in one transaction with its line in the audit trail, then wake the jobs that act on it."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from buildmaster.cli.farm import Farm
from buildmaster.model.tables.people import Deed, audited

T = TypeVar("T")
NOBODY = ()  # who asks for this finds it
BUILDING = ("queue_builder", "dispatcher")  # the jobs that act on what may be built
SCANNING = ("slave_scanner", "dispatcher")  # those that act on builders
DISPATCHING = ("dispatcher",)  # the one that acts on what is next
PUBLISHING = ("publisher", "queue_builder")  # those that act on new sources
MIRRORING = ("mirror_indices",)  # the one that looks at archives outside


def change(
    farm: Farm,
    action: str,
    subject: object,
    work: Callable[..., T],
    *args: Any,  # Any: what the work takes
    wakes: Sequence[str],
    **details: object,
) -> T:
    """Return ``work(session, *args)``, committed with the trail's line: ``action``, ``subject`` and ``details``.

    Then the jobs that it ``wakes`` are due at once. What is None in ``details`` was not asked for, and is left out.
    """
    given = {name: value for name, value in details.items() if value is not None}
    deed = Deed(farm.now(), farm.who, action, str(subject), given)
    result: T = farm.transactions.write(audited, deed, work, *args)
    if wakes:
        farm.nudge(*wakes)
    return result
