"""Hold a task back while something stands in its way."""

from collections.abc import Callable
from typing import Any, Protocol


class Task(Protocol):
    """What is held back."""

    name: str

    def run(self) -> Any:  # Any: whatever the task returns
        """Do it."""


class Guarded:
    """A task that runs only while ``check`` raises nothing; what it raises is the turn's failure, told as such."""

    def __init__(self, task: Task, check: Callable[[], None]) -> None:
        self.name = task.name
        self._task = task
        self._check = check

    def run(self) -> Any:  # Any: whatever the task returns
        """Check, and do it."""
        self._check()
        return self._task.run()
