"""Runs the migrations against the database it is given."""

from alembic import context
from sqlalchemy import create_engine

from models import whole_schema

engine = create_engine(context.config.attributes["url"])
with engine.connect() as connection:
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA journal_mode=WAL")
        connection.commit()
    context.configure(connection=connection, target_metadata=whole_schema(), render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()
engine.dispose()
