"""Convert one row of a table to a contact, and collect all that is wrong with its cells."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, cast

from pydantic import ValidationError

from gateways.cells import Serial, fault_in, instant_in, text_in
from gateways.contact_mapping import TIMES, ContactMapping
from gateways.problems import BadCell, FileNote, Params, Problem, excerpt
from gateways.tables import Cells
from models.contact import Channel, Contact, Reply
from models.printable_text import without_hidden

WHOLE_TEXTS = frozenset({"text", "demand"})
"""The fields that are kept as the customer wrote them."""
CaseFault = Callable[[str], str]
"""Returns why a contact cannot follow up the case with a number (one of ``CASE_FAULTS``); empty if it can."""


REPLACED = "\ufffd"
"""What a program writes for a character that it could not read: the character is lost."""
CASE_FAULTS = {"unknown_case": "bad_file.unknown_case", "no_follow_up": "bad_file.no_follow_up"}


def no_case_is_known(_number: str) -> str:
    """Refuse every number: there is no store to look it up in."""
    return "unknown_case"


class ContactRow:
    """One row of a file, its mapping, and the problems and notes of its conversion."""

    def __init__(self, row: int, cells: Cells, mapping: ContactMapping, case_fault: CaseFault) -> None:
        self.problems: list[Problem] = []
        self.notes: list[FileNote] = []
        self._row = row
        self._cells = cells
        self._mapping = mapping
        self._case_fault = case_fault

    def contact(self) -> Contact | None:
        """Return the row as a contact, or None if ``problems`` were found."""
        for column, cell in self._cells.items():
            if isinstance(cell, str) and REPLACED in cell:
                self.notes.append(FileNote("file_note.replaced_characters", row=self._row, column=column))
            fault = fault_in(cell)
            if fault is not None:
                self._refuse(column, fault.code, fault.params)
        if self.problems:
            return None
        values: dict[str, Any] = {name: self._value(name, column) for name, column in self._mapping.fields}
        values["channel"] = self._channel(values.get("channel"))
        self._require(values)
        values["reply"] = self._reply(values["at"])
        self._check_case(values)
        return None if self.problems else self._validated(values)

    def _refuse(self, column: str | None, code: str, params: Params) -> None:
        self.problems.append(Problem(self._row, column, code, params))

    def _value(self, name: str, column: str) -> str | datetime | None:
        cell = self._cells.get(column)
        try:
            if name not in TIMES:
                return self._text(name, column, text_in(cell))
            instant = instant_in(cell, self._mapping.source)
            if isinstance(cell, Serial):
                params = {"value": excerpt(text_in(cell)), "date": f"{cell.date():%Y-%m-%d %H:%M}"}
                self.notes.append(FileNote("file_note.serial_date", params, self._row, column))
            return instant
        except BadCell as fault:
            self._refuse(column, fault.code, fault.params)
            return None

    def _text(self, name: str, column: str, text: str | None) -> str | None:
        """Return the text of a cell; that of a field of one line without its hidden characters, which are noted."""
        if text is None or name in WHOLE_TEXTS or text.isprintable():
            return text
        plain = without_hidden(text)
        if plain != text:
            self.notes.append(FileNote("file_note.hidden_characters", {}, self._row, column))
        return plain

    def _channel(self, value: str | None) -> Channel | None:
        if value is None:
            return self._mapping.source.channel
        try:
            return Channel(value.lower())
        except ValueError:
            channels = {"channels": ", ".join(Channel)}
            self._refuse(self._mapping.contact.channel, "bad_file.unknown_channel", channels)
            return None

    def _check_case(self, values: dict[str, Any]) -> None:
        """Report a number under which no case can be followed up, and a reply, which belongs to a new case."""
        if values.get("case") is None:
            return
        column = self._mapping.contact.case
        number = values["case"] = values["case"].lower()
        if fault := self._case_fault(number):
            self._refuse(column, CASE_FAULTS[fault], {"number": excerpt(number)})
        elif values["reply"] is not None:
            self._refuse(column, "bad_file.follow_up_with_reply", {"number": number})

    def _require(self, values: dict[str, Any]) -> None:
        """Report required fields without a value, unless their cell was refused already."""
        refused = {problem.column for problem in self.problems}
        columns, missing = self._mapping.contact, "bad_file.missing_value"
        for name, column, code in (
            ("row_id", columns.row_id, missing),
            ("at", columns.at, "bad_file.missing_time"),
            ("text", columns.text, missing),
        ):
            if values[name] is None and column not in refused:
                self._refuse(column, code, {})

    def _reply(self, contact_at: datetime | None) -> Reply | None:
        columns = self._mapping.reply
        if columns is None:
            return None
        before = len(self.problems)
        text = cast("str | None", self._value("text", columns.text))
        at = cast("datetime | None", self._value("at", columns.at))
        if len(self.problems) > before or (text is None and at is None):
            return None
        if text is None:
            self._refuse(columns.text, "bad_file.time_without_reply", {})
        elif at is None:
            self._refuse(columns.at, "bad_file.reply_without_time", {})
        elif contact_at is not None and at < contact_at:
            self._refuse(columns.at, "bad_file.reply_before_contact", {})
        else:
            return Reply(text=text, at=at)
        return None

    def _validated(self, values: dict[str, Any]) -> Contact | None:
        try:
            return Contact(**values)
        except ValidationError as error:
            columns = dict(self._mapping.fields)
            for detail in error.errors():
                column = columns.get(str(detail["loc"][0]))
                limit = detail.get("ctx", {}).get("max_length")
                if detail["type"] == "string_too_long" and isinstance(limit, int):
                    self._refuse(column, "bad_file.line_too_long", {"limit": limit})
                elif detail["type"] == "control_character":
                    self._refuse(column, "bad_file.control_character", {})
                else:
                    self._refuse(column, "bad_file.wrong_value", {})
            return None
