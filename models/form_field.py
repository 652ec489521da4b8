"""A field of the JSON in ``transition.form``, as an index reads it: each database has its own words for it."""

from typing import Any

from sqlalchemy import String
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.expression import ColumnElement


class FormField(ColumnElement[str]):
    """The value of a field as text, NULL where it was left out; the name is one of ours, so it needs no escaping.

    A query reads an index over it where it has the same expression (``reports/indicators/record_at.py``).
    """

    inherit_cache = False
    type = String()

    def __init__(self, name: str) -> None:
        self.name = name


@compiles(FormField, "sqlite")
def _in_sqlite(field: FormField, _compiler: Any, **_options: Any) -> str:  # pyright: ignore[reportUnusedFunction]
    return f"json_extract(form, '$.{field.name}')"


@compiles(FormField, "postgresql")
def _in_postgres(field: FormField, _compiler: Any, **_options: Any) -> str:  # pyright: ignore[reportUnusedFunction]
    return f"(form::json ->> '{field.name}')"
