"""The operator actions of the Prefect UI as plain functions; each returns its outcome, refusals included.

An action takes two runs. The first one rehearses it and has a one-time code sent to whoever is to act; the second one
brings the code, which proves who acts, and does it (F3).
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

from engine.access.principal import Principal, PrincipalKind
from engine.actors import acting, in_charge
from engine.clock_doubt import refuse_doubtful_clock
from engine.commands.command import Command
from engine.commands.holds import held, hold, release
from engine.commands.one_time_codes import Issued, Purpose, confirmed, issue, issue_for_act, redeem
from engine.ledger.chain import canonical, keyed
from engine.ledger.record import case_by_number
from engine.outbox.duty_alerts import acknowledge_in
from engine.runs import Done, keep
from engine.store import Store
from engine.transaction import Tx
from flows.deployments.operator_forms import (
    NONE_NEEDED,
    ActForm,
    AlertForm,
    CaseForm,
    DecideForm,
    EscalateForm,
    ExtendForm,
    HoldForm,
    KindForm,
    ReassignForm,
    ReleaseForm,
    SweepForm,
    decisions,
)
from flows.deployments.operator_outcomes import (
    AGAIN,
    AWAITING,
    DONE,
    Outcome,
    Reader,
    about_text,
    kind_text,
    outcome_of,
    reader_of,
    refused_outcome,
)
from flows.notifications import write
from flows.scheduled_work import run_scheduled
from flows.work import Work, off_loop
from gateways.mail import destination_of
from gateways.schedule import OVERNIGHT
from locales.translation import label, translate
from models.columns import to_micros
from reports.case_changes import CaseStanding, changes, standing_of
from reports.duty_alerts import may_acknowledge
from statemachines.kinds import lifecycle_of
from statemachines.lifecycle import Lifecycle, Refused
from statemachines.roles import MANAGERS, Role

T = TypeVar("T")

ESCALATE, REASSIGN, EXTEND, DECIDE = "escalate-case", "reassign-case", "extend-promise", "decide-case"
PAUSE_KIND, RESUME_KIND, SWEEP_NOW = "pause-kind", "resume-kind", "sweep-now"
ACKNOWLEDGE_ALERT = "acknowledge-alert"
VIA = "prefect-form"
SWEEPERS = (*MANAGERS, Role.ADMINISTRATOR)


async def escalate(work: Work, act: EscalateForm) -> Outcome:
    """Raise a case to a level (B6)."""
    return await _move(work, act, "escalate", lambda _: {"level": int(act.level), "reason": _reason(work, act)})


async def reassign(work: Work, act: ReassignForm) -> Outcome:
    """Give a case to a department, or to a person in it (B10)."""
    form = {"department": act.department, "reason": _reason(work, act)} | ({"owner": act.owner} if act.owner else {})
    return await _move(work, act, "assign", lambda _: form)


async def extend(work: Work, act: ExtendForm) -> Outcome:
    """Grant a promise more time."""
    form = {"clause": act.clause, "hours": act.hours, "reason": _reason(work, act)}
    return await _move(work, act, "extend", lambda _: form)


async def decide(work: Work, act: DecideForm) -> Outcome:
    """Make the decision that a case waits for (F3)."""
    return await _move(work, act, act.move, lambda table: _decision(work, table, act))


async def _move(work: Work, act: CaseForm, move: str, form: Callable[[Lifecycle], Mapping[str, Any]]) -> Outcome:
    """Make a move; its form is filled in from the action's, for the lifecycle of the case."""
    reader, now, kind = await reader_of(work, act), await work.now(), ""
    try:
        await off_loop(refuse_doubtful_clock, work.store)
        kind = await off_loop(_kind_of, work.store, act.case)
        table = lifecycle_of(kind)
        command = _command(work, act, move, form(table))
        if not act.code:
            issued = await off_loop(issue, work.store, command, now)
            return await _send_code(work, reader, act, issued, lambda locale: label(locale, table.kind, "move", move))
        before = await off_loop(standing_of, work.store, act.case)
        answer = await off_loop(redeem, work.store, command, act.code, now)
    except Refused as refused:
        return refused_outcome(reader, act, refused, kind)
    params = {
        "move": label(reader.locale, table.kind, "move", move),
        "handle": act.acting_as,
        "number": act.case,
        "state": label(reader.locale, table.kind, "state", answer.state),
        "seq": answer.seq,
    }
    step = f"{answer.number}:{answer.seq}"
    if answer.again:
        return outcome_of(reader, act, AGAIN, step, translate(reader.locale, "act.again", **params))
    after = await off_loop(standing_of, work.store, act.case)
    text = translate(reader.locale, "act.moved", **params)
    return outcome_of(reader, act, DONE, step, text, *_changes(before, after, reader))


def _changes(before: CaseStanding | None, after: CaseStanding | None, reader: Reader) -> list[str]:
    return changes(before, after, reader.locale, reader.zone) if before is not None and after is not None else []


def _command(work: Work, act: CaseForm, move: str, form: Mapping[str, Any]) -> Command:
    """Build the command. Its key is a digest of the entries, not of the run: repeating a run moves nothing (law 3)."""
    digest = keyed(work.store.secret, "act", act.acting_as, canonical(dict(form)), act.code)[:32]
    return Command(act.case, move, form, act.acting_as, VIA, f"act:{act.case}:{move}:{digest}")


def _decision(work: Work, table: Lifecycle, act: DecideForm) -> dict[str, Any]:
    """Fill in the decision's form; the amount goes into its integer field.

    Raises ``Refused('unknown_move' | 'unknown_field')``.
    """
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


async def acknowledge_alert(work: Work, act: AlertForm) -> Outcome:
    """Acknowledge the alerts of a case, which then climb no further (B11)."""
    reader, now = await reader_of(work, act), await work.now()
    purpose = Purpose(act.acting_as, act.case, ACKNOWLEDGE_ALERT, {})

    def acknowledged(tx: Tx) -> int:
        principal = Principal(acting(tx, act.acting_as, to_micros(now)), PrincipalKind.PERSON, VIA)
        if not may_acknowledge(tx, principal, act.case, now):
            raise Refused("no_alert", number=act.case)
        return acknowledge_in(tx, act.acting_as, VIA, act.case, now)

    async def end(count: int) -> Outcome:
        text = translate(reader.locale, "duty.acknowledged" if count else "duty.acknowledged_again", number=act.case)
        return outcome_of(reader, act, DONE if count else AGAIN, act.case, text)

    return await _confirm(work, reader, act, purpose, acknowledged, end)


async def pause_kind(work: Work, act: HoldForm) -> Outcome:
    """Hold the reactions of a kind; its timers run on and people work on."""
    reader, now = await reader_of(work, act), await work.now()
    if await off_loop(_on_hold, work.store, act.kind):
        return outcome_of(reader, act, AGAIN, act.kind, kind_text(reader, act, "act.held_already"))
    purpose = Purpose(act.acting_as, act.kind, PAUSE_KIND, {"reason": act.reason})

    def held_back(tx: Tx) -> bool:
        return hold(tx, act.kind, act.acting_as, act.reason, now)

    async def end(new: bool) -> Outcome:
        await _note(work, PAUSE_KIND, act, now, int(new))
        return outcome_of(reader, act, DONE, act.kind, kind_text(reader, act, "act.held"))

    return await _confirm(work, reader, act, purpose, held_back, end)


async def resume_kind(work: Work, act: ReleaseForm) -> Outcome:
    """End a hold and deliver what waited."""
    reader, now = await reader_of(work, act), await work.now()
    purpose = Purpose(act.acting_as, act.kind, RESUME_KIND, {"reason": act.reason})

    def freed(tx: Tx) -> int:
        return release(tx, act.kind, act.acting_as, act.reason, now)

    async def end(count: int) -> Outcome:
        await _note(work, RESUME_KIND, act, now, count)
        return outcome_of(reader, act, DONE, act.kind, kind_text(reader, act, "act.released", count=count))

    return await _confirm(work, reader, act, purpose, freed, end)


async def sweep_now(work: Work, act: SweepForm) -> Outcome:
    """Do the night's work now: it does what is due, so it may run at any hour and any number of times."""
    reader, now = await reader_of(work, act), await work.now()
    purpose = Purpose(act.acting_as, OVERNIGHT, SWEEP_NOW, {})

    def may(tx: Tx) -> object:
        return in_charge(tx, act.acting_as, SWEEPERS, to_micros(now))

    async def end(_: object) -> Outcome:
        night = await run_scheduled(work, OVERNIGHT)
        ended = outcome_of(reader, act, DONE, OVERNIGHT, translate(reader.locale, "act.swept", handle=act.acting_as))
        return replace(ended, night=night)

    return await _confirm(work, reader, act, purpose, may, end)


async def _confirm(
    work: Work,
    reader: Reader,
    act: ActForm,
    purpose: Purpose,
    do: Callable[[Tx], T],
    end: Callable[[T], Awaitable[Outcome]],
) -> Outcome:
    """Send the code for an act that is no move of a case, or do it with its code."""
    now = await work.now()
    try:
        if not act.code:
            issued = await off_loop(issue_for_act, work.store, purpose, do, now)
            return await _send_code(
                work, reader, act, issued, lambda locale: label(locale, "", "act.name", purpose.act)
            )
        done = await off_loop(confirmed, work.store, purpose, act.code, now, do)
    except Refused as refused:
        return refused_outcome(reader, act, refused, act.about)
    return await end(done)


async def _send_code(work: Work, reader: Reader, act: ActForm, issued: Issued, name: Callable[[str], str]) -> Outcome:
    """Mail the code. The mail is keyed by the code's id; if the process dies before, the next run sends a new code."""
    until = f"{issued.until.astimezone(reader.zone):%Y-%m-%d %H:%M} {reader.zone.key}"
    about, move = about_text(act, issued.locale), name(issued.locale)
    params = {"code": issued.code, "number": about, "move": move, "until": until}
    await write(work, f"code:{issued.id}", issued.email, issued.locale, "one_time_code", **params)
    went = destination_of(work.mailer, issued.email)
    key = "act.code_sent" if went.code == "address" else "act.code_filed"
    text = translate(reader.locale, key, handle=act.acting_as, to=went.text, until=until)
    return outcome_of(reader, act, AWAITING, "code_sent", text)


async def _note(work: Work, name: str, act: KindForm, at: datetime, did: int) -> None:
    """Record a hold among the runs, with its actor: it leaves no transition of a case."""
    await off_loop(keep, work.store, Done(name, at, at, observed=True, did=did, why=f"{act.kind}:{act.acting_as}"))


def _kind_of(store: Store, number: str) -> str:
    with store.looking() as tx:
        return case_by_number(tx, number).kind


def _on_hold(store: Store, kind: str) -> bool:
    with store.looking() as tx:
        return any(one.kind == kind for one in held(tx))
