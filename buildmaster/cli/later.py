"""A command that is imported when it is asked for.

What one command needs no other has to pay for: a listing takes a fifth of the time that importing everything takes.
This is the one place that imports inside a function.
"""

from importlib import import_module
from typing import Any

import click


class Later(click.Command):
    """Stands for a command until that is run, completed or asked for its help: its name, and what the list tells of it.

    ``place`` is ``module:attribute`` below ``buildmaster.cli``; ``told`` is the first sentence of the command's help.
    """

    def __init__(self, name: str, place: str, told: str) -> None:
        super().__init__(name, help=told)
        self._place = place

    def load(self) -> click.Command:
        """Return the command itself."""
        module, _, attribute = self._place.partition(":")
        command: click.Command = getattr(import_module(f"buildmaster.cli.{module}"), attribute)
        return command

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,  # Any: as click's
    ) -> click.Context:
        """Return the context of the command itself: from here on click sees only that."""
        return self.load().make_context(info_name, args, parent, **extra)
