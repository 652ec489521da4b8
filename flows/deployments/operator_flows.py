"""The flows that a supervisor starts by hand in the Prefect UI: thin shells on ``operator_actions``."""

from collections.abc import Awaitable, Callable
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from prefect.states import Completed

from engine.settings import Settings
from flows.deployments import operator_actions as acts
from flows.deployments.operator_actions import Outcome
from flows.deployments.operator_forms import (
    DecideForm,
    EscalateForm,
    ExtendForm,
    HoldForm,
    KindForm,
    ReassignForm,
    SweepForm,
)
from flows.prefect_ui.artifacts import leave_scheduled
from flows.prefect_ui.run_states import LEFT_NOTHING, state_after
from flows.work import Work, work_from


def _name_of_run() -> str:
    """The act, what it is about, and who acts: ids and handles only."""
    act = flow_run.parameters["act"]
    return " · ".join(filter(None, (str(flow_run.flow_name), act.about, act.acting_as)))


async def _act(body: Callable[[Work], Awaitable[Outcome]]) -> State[Any]:
    told: list[State[Any]] = []

    async def make() -> None:
        work = work_from(Settings())
        try:
            told.append(await _told(work, await body(work)))
        finally:
            work.store.close()

    fallen = await state_after(make)
    return told[0] if told else fallen


async def _told(work: Work, outcome: Outcome) -> State[Any]:
    """The state of the run: never failed, for a refusal is an answer. See Note [What Prefect may know]."""
    try:
        await _leave(work, outcome)
    except Exception as error:  # noqa: BLE001 (an artifact is never worth the work it tells of)
        return Completed(name=outcome.state, message=f"{LEFT_NOTHING}: {type(error).__name__}")
    return Completed(name=outcome.state, message=outcome.message)


async def _leave(work: Work, outcome: Outcome) -> None:
    from prefect.artifacts import acreate_markdown_artifact

    key = f"act-{outcome.about.replace('_', '-')}"
    await acreate_markdown_artifact(markdown=outcome.text, key=key, description=None)
    await leave_scheduled(work, outcome.night)


@flow(name=acts.ESCALATE, flow_run_name=_name_of_run, persist_result=False, log_prints=False)
async def escalate_case(act: EscalateForm) -> State[Any]:
    """Raise a case to a level."""
    return await _act(lambda work: acts.escalate(work, act))


@flow(name=acts.REASSIGN, flow_run_name=_name_of_run, persist_result=False, log_prints=False)
async def reassign_case(act: ReassignForm) -> State[Any]:
    """Give a case to a department, or to a person in it."""
    return await _act(lambda work: acts.reassign(work, act))


@flow(name=acts.EXTEND, flow_run_name=_name_of_run, persist_result=False, log_prints=False)
async def extend_promise(act: ExtendForm) -> State[Any]:
    """Grant a promise more time."""
    return await _act(lambda work: acts.extend(work, act))


@flow(name=acts.DECIDE, flow_run_name=_name_of_run, persist_result=False, log_prints=False)
async def decide_case(act: DecideForm) -> State[Any]:
    """Make the decision that a case waits for."""
    return await _act(lambda work: acts.decide(work, act))


@flow(name=acts.PAUSE_KIND, flow_run_name=_name_of_run, persist_result=False, log_prints=False)
async def pause_kind(act: HoldForm) -> State[Any]:
    """Hold the reactions of a kind back."""
    return await _act(lambda work: acts.pause_kind(work, act))


@flow(name=acts.RESUME_KIND, flow_run_name=_name_of_run, persist_result=False, log_prints=False)
async def resume_kind(act: KindForm) -> State[Any]:
    """End a hold."""
    return await _act(lambda work: acts.resume_kind(work, act))


@flow(name=acts.SWEEP_NOW, flow_run_name=_name_of_run, persist_result=False, log_prints=False)
async def sweep_now(act: SweepForm) -> State[Any]:
    """Do the night's work now."""
    return await _act(lambda work: acts.sweep_now(work, act))
