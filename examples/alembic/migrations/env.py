"""Connects to the library's database, and lets Alembic migrate it."""

from __future__ import annotations

from logging.config import fileConfig

from alembic import context
from library.settings import database_url
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

if context.config.config_file_name is not None:
    fileConfig(context.config.config_file_name, disable_existing_loggers=False)


def migrate() -> None:
    """Apply what is new, each revision in a transaction of its own."""
    engine = create_engine(database_url(), poolclass=NullPool)
    with engine.connect() as connection:
        context.configure(connection=connection, transaction_per_migration=True)
        with context.begin_transaction():
            context.run_migrations()


if context.is_offline_mode():
    message = "The library's migrations need a connection: leave out --sql."
    raise SystemExit(message)
migrate()
