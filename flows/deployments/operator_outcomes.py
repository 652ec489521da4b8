"""What an operator action ends with: the state of its run, its message and its artifact, in words for whoever acts."""

from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from engine.store import Store
from flows.deployments.operator_forms import ActForm, KindForm
from flows.work import Work, off_loop
from gateways.schedule import OVERNIGHT
from locales.translation import label, refusal, translate
from locales.zone import reader_zone
from statemachines.lifecycle import Refused

DONE, AGAIN, AWAITING, REFUSED = "Done", "Again", "AwaitingCode", "Refused"
"""The names of the final states of an action's run."""
MOVES = {"move", "moves", "allowed"}
"""The parameters of a refusal that name moves."""
READER = "SELECT locale, zone FROM actor WHERE handle = :handle"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The final state's name and message, the subject of the action, and the text of its artifact.

    The message is in words for whoever acts: ids, handles, labels and codes. ``code`` is for programs: the code of the
    refusal, or case and step of the move. ``night`` is the result of a sweep, which leaves artifacts of its own.
    """

    state: str
    code: str
    message: str
    about: str
    text: str
    night: object = None


@dataclass(frozen=True, slots=True)
class Reader:
    """The language and the time zone of whoever acts; those of the house for somebody unknown."""

    locale: str
    zone: ZoneInfo


def refused_outcome(reader: Reader, act: ActForm, refused: Refused, kind: str) -> Outcome:
    """Return a refusal in words; moves are named as in the forms. It holds handles, labels and codes."""
    params = dict(refused.params)
    for name in MOVES & params.keys():
        names = params[name] if isinstance(params[name], list) else [params[name]]
        params[name] = [label(reader.locale, kind, "move", str(move)) for move in names]
    if isinstance(act, KindForm):
        params["kind"] = label(reader.locale, "", "kind", act.kind)
    return outcome_of(reader, act, REFUSED, refused.code, refusal(reader.locale, Refused(refused.code, **params)))


def outcome_of(reader: Reader, act: ActForm, state: str, code: str, message: str, *more: str) -> Outcome:
    """Return the outcome with its text for the artifact: a heading, the message, and a line for each of ``more``."""
    about = act.about or OVERNIGHT
    heading = translate(reader.locale, f"act.state.{state}", about=about, handle=act.acting_as)
    lines = [f"### {heading}", "", message, *(["", *(f"- {line}" for line in more)] if more else []), ""]
    return Outcome(state, code, " · ".join((message, *more)), about, "\n".join(lines))


async def reader_of(work: Work, act: ActForm) -> Reader:
    """Return the language and the zone of whoever acts."""
    return await off_loop(_reader_in, work.store, act.acting_as, work.locale)


def _reader_in(store: Store, handle: str, locale: str) -> Reader:
    with store.looking() as tx:
        row = tx.row(READER, handle=handle)
    if row is None:
        return Reader(locale, reader_zone())
    return Reader(row.locale, ZoneInfo(row.zone) if row.zone else reader_zone())


def kind_text(reader: Reader, act: KindForm, key: str, **params: Any) -> str:
    """Return a text about a kind of case."""
    return translate(reader.locale, key, kind=label(reader.locale, "", "kind", act.kind), **params)


def about_text(act: ActForm, locale: str) -> str:
    """Return what the act is about as its mail names it: a case's number, a kind of case, or all cases."""
    if isinstance(act, KindForm):
        return label(locale, "", "kind", act.kind)
    return act.about or translate(locale, "act.all_cases")
