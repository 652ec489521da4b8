"""Run the migrations on the connection that ``engine/schema.py`` gives, in the transaction that it began."""

from alembic import context

from models import whole_schema

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=whole_schema(),
    render_as_batch=True,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
