"""The operator actions of the Prefect UI as plain functions; each returns its outcome, refusals included."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from engine.commands.advance import Answer, Command, advance
from engine.commands.holds import hold, in_charge, release
from engine.commands.one_time_codes import Issued, issue, redeem
from engine.ledger.chain import canonical, keyed
from engine.ledger.record import case_by_number
from engine.runs import Done, keep
from engine.store import Store
from flows.deployments.operator_forms import (
    NONE_NEEDED,
    ActForm,
    CaseForm,
    DecideForm,
    EscalateForm,
    ExtendForm,
    HoldForm,
    KindForm,
    ReassignForm,
    SweepForm,
    decisions,
)
from flows.notifications import write
from flows.scheduled_work import run_scheduled
from flows.work import Work, off_loop
from gateways.schedule import OVERNIGHT
from locales.translation import label, refusal, translate, when
from statemachines.kinds import lifecycle_of
from statemachines.lifecycle import Lifecycle, Refused
from statemachines.roles import MANAGERS, Role

ESCALATE, REASSIGN, EXTEND, DECIDE = "escalate-case", "reassign-case", "extend-promise", "decide-case"
PAUSE_KIND, RESUME_KIND, SWEEP_NOW = "pause-kind", "resume-kind", "sweep-now"
VIA = "prefect-form"
SWEEPERS = (*MANAGERS, Role.ADMINISTRATOR)

DONE, AGAIN, AWAITING, REFUSED = "Done", "Again", "AwaitingCode", "Refused"
"""The names of the final states of an action's run."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The final state's name and message (codes only), the subject of the action, and the text of its artifact.

    ``night`` is the result of a sweep, which leaves artifacts of its own.
    """

    state: str
    message: str
    about: str
    text: str
    night: object = None


async def escalate(work: Work, act: EscalateForm) -> Outcome:
    """Raise a case to a level (B6)."""
    return await _move(work, act, "escalate", {"level": int(act.level), "reason": _reason(work, act)})


async def reassign(work: Work, act: ReassignForm) -> Outcome:
    """Give a case to a department, or to a person in it (B10)."""
    form = {"department": act.department, "reason": _reason(work, act)} | ({"owner": act.owner} if act.owner else {})
    return await _move(work, act, "assign", form)


async def extend(work: Work, act: ExtendForm) -> Outcome:
    """Grant a promise more time."""
    return await _move(
        work,
        act,
        "extend",
        {"clause": act.clause, "hours": act.hours, "reason": _reason(work, act)},
    )


async def decide(work: Work, act: DecideForm) -> Outcome:
    """Make the decision that a case waits for; always with a one-time code, as the login to Prefect is shared (F3)."""
    return await _move(work, act, act.move, None)


async def _move(work: Work, act: CaseForm, move: str, form: Mapping[str, Any] | None) -> Outcome:
    """Make a move with a form; without one it is a decision, whose form is filled in from the action's."""
    try:
        table = lifecycle_of(await off_loop(_kind_of, work.store, act.case))
        filled_in = form if form is not None else _decision(work, table, act)
        return await _make(work, act, _command(work, act, move, filled_in), table, form is None)
    except Refused as refused:
        return _refused(work, act, refused)


async def _make(work: Work, act: CaseForm, command: Command, table: Lifecycle, decides: bool) -> Outcome:
    now = await work.now()
    if not decides and not _separates_duties(table, command.move):
        return _moved(work, act, table, command.move, await off_loop(advance, work.store, command, now))
    if not act.code:
        return await _send_code(work, act, table, await off_loop(issue, work.store, command, now), command.move)
    return _moved(work, act, table, command.move, await off_loop(redeem, work.store, command, act.code, now))


def _command(work: Work, act: CaseForm, move: str, form: Mapping[str, Any]) -> Command:
    """Build the command. Its key is a digest of the entries, not of the run: repeating a run moves nothing (law 3)."""
    digest = keyed(work.store.secret, "act", act.acting_as, canonical(dict(form)), act.code)[:32]
    return Command(act.case, move, form, act.acting_as, VIA, f"act:{act.case}:{move}:{digest}")


def _separates_duties(table: Lifecycle, move: str) -> bool:
    """Return whether the lifecycle separates duties for the move (F3)."""
    return any(row.separate_from or row.recused for row in table.rows.get(move, ()))


def _decision(work: Work, table: Lifecycle, act: CaseForm) -> dict[str, Any]:
    """Fill in the decision's form; the amount goes into its integer field. Raises ``Refused('unknown_field')``."""
    assert isinstance(act, DecideForm)
    rows = table.rows.get(act.move)
    if rows is None:
        raise Refused("unknown_move", move=act.move, known=sorted(set(table.rows) & set(decisions())))
    fields = rows[0].form.model_fields
    amount = next((name for name, field in fields.items() if field.annotation is int), "amount")
    reason = None if act.reason == NONE_NEEDED else _reason(work, act)
    entries = {amount: act.amount, "department": act.department or None, "reason": reason}
    form = {name: value for name, value in entries.items() if value is not None}
    if unknown := [name for name in form if name not in fields]:
        raise Refused("unknown_field", move=act.move, field=unknown[0], known=list(fields))
    return form


def _reason(work: Work, act: EscalateForm | ReassignForm | ExtendForm | DecideForm) -> str:
    """Return the reason for the record: the label of its code, and the reference number if there is one."""
    reason = label(work.locale, "", "act.reason", act.reason)
    if not act.reference:
        return reason
    return translate(work.locale, "act.with_reference", reason=reason, reference=act.reference)


async def _send_code(work: Work, act: CaseForm, table: Lifecycle, issued: Issued, move: str) -> Outcome:
    """Mail the code. The mail is keyed by the code's id; if the process dies before, the next run sends a new code."""
    await write(
        work,
        f"code:{issued.id}",
        issued.email,
        issued.locale,
        "one_time_code",
        code=issued.code,
        number=act.case,
        move=label(issued.locale, table.kind, "move", move),
        until=when(issued.until),
    )
    text = translate(work.locale, "act.code_sent", handle=act.acting_as, until=when(issued.until))
    return _ended(work, act, AWAITING, "code_sent", text)


def _moved(work: Work, act: CaseForm, table: Lifecycle, move: str, answer: Answer) -> Outcome:
    params = {
        "move": label(work.locale, table.kind, "move", move),
        "handle": act.acting_as,
        "state": label(work.locale, table.kind, "state", answer.state),
        "level": label(work.locale, "", "level", str(answer.level)),
        "seq": answer.seq,
    }
    text = translate(work.locale, "act.again" if answer.again else "act.moved", **params)
    return _ended(work, act, AGAIN if answer.again else DONE, f"{act.case}:{answer.seq}", text)


async def pause_kind(work: Work, act: HoldForm) -> Outcome:
    """Hold the reactions of a kind; its timers run on and people work on."""
    now = await work.now()
    try:
        new = await off_loop(hold, work.store, act.kind, act.acting_as, act.reason, now)
    except Refused as refused:
        return _refused(work, act, refused)
    if not new:
        return _ended(
            work, act, AGAIN, act.kind, translate(work.locale, "act.held_already", kind=_kind_label(work, act))
        )
    await _note(work, PAUSE_KIND, act, now, 1)
    return _ended(work, act, DONE, act.kind, translate(work.locale, "act.held", kind=_kind_label(work, act)))


async def resume_kind(work: Work, act: KindForm) -> Outcome:
    """End a hold and deliver what waited."""
    now = await work.now()
    try:
        released = await off_loop(release, work.store, act.kind, act.acting_as, now)
    except Refused as refused:
        return _refused(work, act, refused)
    await _note(work, RESUME_KIND, act, now, released)
    text = translate(work.locale, "act.released", kind=_kind_label(work, act), count=released)
    return _ended(work, act, DONE, act.kind, text)


async def sweep_now(work: Work, act: SweepForm) -> Outcome:
    """Do the night's work now: it does what is due, so it may run at any hour and any number of times."""
    try:
        await off_loop(_may_sweep, work.store, act.acting_as)
    except Refused as refused:
        return _refused(work, act, refused)
    night = await run_scheduled(work, OVERNIGHT)
    ended = _ended(work, act, DONE, OVERNIGHT, translate(work.locale, "act.swept", handle=act.acting_as))
    return replace(ended, night=night)


def _may_sweep(store: Store, handle: str) -> None:
    with store.looking() as tx:
        in_charge(tx, handle, SWEEPERS)


async def _note(work: Work, name: str, act: KindForm, at: datetime, did: int) -> None:
    """Record a hold among the runs, with its actor: it leaves no transition of a case."""
    await off_loop(keep, work.store, Done(name, at, at, observed=True, did=did, why=f"{act.kind}:{act.acting_as}"))


def _refused(work: Work, act: ActForm, refused: Refused) -> Outcome:
    """Return a refusal. Its text names handles, moves, states and codes; the state's message is the code alone."""
    if isinstance(act, KindForm):
        refused = Refused(refused.code, **refused.params | {"kind": _kind_label(work, act)})
    return _ended(work, act, REFUSED, refused.code, refusal(work.locale, refused))


def _ended(work: Work, act: ActForm, state: str, message: str, text: str) -> Outcome:
    heading = translate(work.locale, f"act.state.{state}", about=act.about or OVERNIGHT, handle=act.acting_as)
    return Outcome(state, message, act.about or OVERNIGHT, f"### {heading}\n\n{text}\n")


def _kind_of(store: Store, number: str) -> str:
    with store.looking() as tx:
        return case_by_number(tx, number).kind


def _kind_label(work: Work, act: ActForm) -> str:
    return label(work.locale, "", "kind", act.about)
