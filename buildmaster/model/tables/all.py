"""All tables, imported, so that whoever needs the whole schema gets the whole schema."""

from buildmaster.model.tables import archive, builders, builds, distribution, files, imports, mirrors, outbox, people
from buildmaster.model.tables.mapping import Base

MODULES = (archive, builders, builds, distribution, files, imports, mirrors, outbox, people)
metadata = Base.metadata
