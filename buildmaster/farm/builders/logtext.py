"""The text of build logs: what of it may be shown, and what its file is called."""

from buildmaster.farm.text.redacting import without_credentials
from buildmaster.farm.vocabulary.states import BuildState

ENDING = ".txt.gz"


def shown_tail(tail: str, *, private: bool) -> str:
    """Return the end of a log as people may see it.

    A private archive's loses its first line, which may begin in the middle of a URL.
    """
    whole = tail.partition("\n")[2] if private else tail
    return without_credentials(whole.replace("\x00", ""))


def log_name(label: str, state: BuildState) -> str:
    """Return the name of a build's log; ``label`` is ``<distro>-<series>-<tag>.<source>_<version>``."""
    return f"buildlog_{label}{state_ending(state)}"


def state_ending(state: BuildState) -> str:
    """Return what the names of logs end with, of builds in this state."""
    return f"_{state.name}{ENDING}"


def renamed_log(name: str, state: BuildState) -> str:
    """Return the name of a build's log once the build has come to another state."""
    return f"{name.rpartition('_')[0]}{state_ending(state)}"
