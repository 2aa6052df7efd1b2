"""The revisions, each a step from one schema to the next; from now on they are only added, and none is edited.

Each writes its names out in full, so that a later change of the naming convention changes no database; ``op.f`` keeps the
convention from putting its prefix before a CHECK's name once more.
"""
