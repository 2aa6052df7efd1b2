"""What commands take as arguments: references, read where they are typed; enumerations by their names."""

from collections.abc import Callable
from typing import Any

import click

from buildmaster.farm.vocabulary.archives import Pocket, SeriesStatus
from buildmaster.farm.vocabulary.references import parse_architecture, parse_archive, parse_series, parse_suite
from buildmaster.farm.vocabulary.states import BuildState
from buildmaster.model.register.accounts import parse_grant


class Parsed(click.ParamType[Any]):  # Any: what the function reads
    """An argument that a function reads; what it raises says what is wrong."""

    def __init__(self, name: str, parse: Callable[[str], Any]) -> None:
        self.name = name
        self._parse = parse

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:  # as click's
        """Return what is read of ``value``; a default that is read already stays."""
        return self._parse(value) if isinstance(value, str) else value


ARCHIVE = Parsed("archive", parse_archive)
DEPENDENCY = Parsed("archive", lambda text: parse_archive(text) if text else None)
ARCHITECTURE = Parsed("architecture", parse_architecture)
SERIES = Parsed("series", parse_series)
SUITE = Parsed("suite", parse_suite)
GRANT = Parsed("role", parse_grant)
POCKET = click.Choice(Pocket, case_sensitive=False)
STATUS = click.Choice(SeriesStatus, case_sensitive=False)
STATE = click.Choice(BuildState, case_sensitive=False)
