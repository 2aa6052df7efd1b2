"""Run the revisions on the connection that buildmaster.work.upgrading hands over."""

from alembic import context

from buildmaster.model.tables.all import metadata
from buildmaster.model.tables.mapping import rendered

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    render_as_batch=True,
    render_item=rendered,
    include_object=context.config.attributes.get("include_object"),
)
with context.begin_transaction():
    context.run_migrations()
