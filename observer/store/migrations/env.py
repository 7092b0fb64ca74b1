"""Alembic's entry: runs the migrations on the connection that `observer.store.migrate` hands over."""

from alembic import context

from observer.store.migrate import VERSION_TABLE
from observer.store.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    version_table=VERSION_TABLE,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
