"""A refusal as a value; a module of its own, so that a command that only refuses imports no lifecycle."""

from typing import Any


class Refused(Exception):
    """A refusal as a value: a message key and its parameters, translated where it is shown."""

    def __init__(self, code: str, **params: Any) -> None:
        super().__init__(code, params)
        self.code = code
        self.params = params
