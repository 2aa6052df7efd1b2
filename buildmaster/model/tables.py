"""All tables, imported, so that whoever needs the whole schema gets the whole schema."""

from buildmaster.model import archive, builders, builds, distribution, files, imports, outbox, people
from buildmaster.model.mapping import Base

MODULES = (archive, builders, builds, distribution, files, imports, outbox, people)
metadata = Base.metadata
