"""Log lines about builders, each under the name of its builder's group."""

from twisted.logger import Logger, LogLevel

from buildmaster.farm.builders.facts import BuilderFacts
from buildmaster.farm.builders.logmessages import Line


def say(builder: BuilderFacts, line: Line | None) -> None:
    """Log the line, if there is one."""
    if line is not None:
        level, text = line
        Logger(namespace=builder.logger_name).emit(LogLevel.lookupByName(level.value), "{text}", text=text)
