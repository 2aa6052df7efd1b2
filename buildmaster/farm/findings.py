"""What the doctor finds."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """Something about the farm: what is so, and the ``cure`` where it is wrong. Without a cure it is only a note."""

    what: str
    cure: str = ""

    @property
    def wrong(self) -> bool:
        """Whether something is to be done."""
        return bool(self.cure)
