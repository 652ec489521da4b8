"""What a policy pack says of a call: the steps of the script, and the fields that must be asked for (A1)."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Final

from pydantic import Field

from engine.rules.languages import language_faults
from engine.rules.limits import Row, Text
from statemachines.rule_faults import Fault, rule_fault

WHO: Final = ("customer", "phone", "email", "customer_type")
"""The fields of a contact that say who is calling; a caller may decline to say it."""
MATTER: Final = ("text", "demand", "shipment", "subject", "requested_at", "language")
"""The fields of a contact that say what the call is about."""
PLACEHOLDER = re.compile(r"\{[^{}]*\}?|\}")
AGENT: Final = "{handle}"
"""The placeholder for the handle of the agent who takes the call."""

Texts = Annotated[dict[str, Text], Field(min_length=1)]
"""A text by language."""


class ScriptStep(Row):
    """A step of the script: its title and words by language, and the kinds or natures that have it (none: all).

    The words of a ``closing`` step are shown again beside the number of the new case.
    """

    title: Texts
    words: Texts
    kinds: tuple[Text, ...] = ()
    closing: bool = False

    def spoken(self, locale: str, handle: str) -> str:
        """Return the words in a language, as the agent of this handle says them."""
        return self.words[locale].replace(AGENT, handle)


class PhoneCalls(Row):
    """The script of a call, and what must be asked: ``who`` of the caller, ``mandatory`` of each kind or nature.

    A nature of which ``mandatory`` says nothing has the fields of its kind; a kind of which it says nothing has none.
    """

    who: tuple[Text, ...] = ()
    mandatory: Annotated[dict[str, tuple[Text, ...]], Field(default_factory=dict)]
    script: tuple[ScriptStep, ...] = ()

    def must_ask(self, sort: str, kind: str, *, named: bool = True) -> tuple[str, ...]:
        """Return the fields that must be asked for of a nature or kind ``sort`` of ``kind``.

        Without those of the caller where he is not ``named``: he declines to say who he is.
        """
        matter = self.mandatory[sort] if sort in self.mandatory else self.mandatory.get(kind, ())
        return (*(self.who if named else ()), *matter)

    def steps(self, sort: str, kind: str) -> list[ScriptStep]:
        """Return the steps of a call about a nature or kind."""
        return [step for step in self.script if not step.kinds or {sort, kind} & set(step.kinds)]


def phone_faults(calls: PhoneCalls) -> Iterator[Fault]:
    """Yield unknown kinds and fields, missing languages, and placeholders that nothing fills in."""
    yield from _field_faults("phone.who", calls.who, WHO)
    yield from _kind_faults("phone.mandatory", tuple(calls.mandatory))
    for sort, fields in calls.mandatory.items():
        yield from _field_faults(f"phone.mandatory.{sort}", fields, MATTER)
    for at, step in enumerate(calls.script):
        yield from _kind_faults(f"phone.script.{at}.kinds", step.kinds)
        yield from language_faults(f"phone.script.{at}.title", step.title)
        yield from language_faults(f"phone.script.{at}.words", step.words)
        yield from _placeholder_faults(f"phone.script.{at}.words", step.words)


def _field_faults(place: str, fields: Sequence[str], known: Sequence[str]) -> Iterator[Fault]:
    for name in fields:
        if name not in known:
            why = "a contact has no field {name} here; use one of: {known}"
            yield rule_fault(place, "pack.unknown_field", why, name=name, known=known)


def _kind_faults(place: str, sorts: Sequence[str]) -> Iterator[Fault]:
    if not sorts:
        return
    from statemachines.kinds import lifecycles  # loads all tables, which whoever reads packs alone does not need

    tables = [table for table in lifecycles().values() if table.by_contact and not table.internal]
    known = list(dict.fromkeys(name for table in tables for name in (table.kind, *table.natures)))
    for sort in sorts:
        if sort not in known:
            why = "no customer calls about {sort}; use one of: {known}"
            yield rule_fault(place, "pack.unknown_kind", why, sort=sort, known=known)


def _placeholder_faults(place: str, words: Mapping[str, str]) -> Iterator[Fault]:
    for language, text in words.items():
        for placeholder in PLACEHOLDER.findall(text):
            if placeholder != AGENT:
                why = "nothing fills in {name} between braces; use {known} there, or take the braces out"
                shown = {"name": placeholder.strip("{}")[:40] or placeholder, "known": AGENT.strip("{}")}
                yield rule_fault(f"{place}.{language}", "pack.unknown_placeholder", why, **shown)
