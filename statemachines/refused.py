"""A refusal as a value; a module of its own, so that saying no costs no command the import of the whole vocabulary."""

from typing import Any


class Refused(Exception):
    """A refusal as a value: a message key and its parameters, rendered only at the doors."""

    def __init__(self, code: str, **params: Any) -> None:
        super().__init__(code, params)
        self.code = code
        self.params = params
