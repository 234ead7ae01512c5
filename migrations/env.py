"""Runs the migrations on the connection that `rebill.store.engine.migrate` hands over."""

from __future__ import annotations

from alembic import context

from rebill.store.models import Base

connection = context.config.attributes.get("connection")
if connection is None:
    raise RuntimeError("migrations are run by `rebill db upgrade`, on its own connection")

# The transaction is the caller's: all migrations are kept, or none.
context.configure(connection=connection, target_metadata=Base.metadata, compare_type=True)
context.run_migrations()
