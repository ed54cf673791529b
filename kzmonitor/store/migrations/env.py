"""Alembic's entry point: runs the migrations on the connection that `store.schema` holds open."""

from alembic import context

from kzmonitor.store.tables import Table

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Table.metadata,
    transaction_per_migration=False,
)
context.run_migrations()
