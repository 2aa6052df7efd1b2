"""What runs work in transactions, as those see it who ask for that."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

from sqlalchemy.orm import Session
from twisted.internet.defer import Deferred

T = TypeVar("T")
Item = TypeVar("Item")


class Transacts(Protocol):
    """Runs ``work(session, *args)``, and alone commits. Work returns facts, and may be run twice."""

    def run(self, work: Callable[..., T], *args: Any) -> Deferred[T]:  # Any: whatever the work takes
        """Run the work in a transaction that is then committed; fire with what it returned."""

    def join(
        self, deed: Callable[[Session, Sequence[Item]], Sequence[T]], item: Item, patience: float = 0.0
    ) -> Deferred[T]:
        """Do the deed with this item, together with the items of others; fire with what it returned for this one.

        It waits up to ``patience`` seconds for a transaction that somebody else wants.
        """

    def read(self, work: Callable[..., T], *args: Any) -> Deferred[T]:  # Any: whatever the work takes
        """Run work that only reads; fire with what it returned."""
