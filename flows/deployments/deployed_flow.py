"""Declares the flow of a deployment that people or automations start, with a plain function's parameters as its own."""

from collections.abc import Awaitable, Callable, Coroutine
from inspect import getdoc, signature
from typing import Any, Concatenate, ParamSpec

from prefect import Flow
from prefect.client.schemas.objects import State

from flows.prefect_ui.flow_body import on_store
from flows.work import Work

P = ParamSpec("P")
Body = Callable[Concatenate[Work, P], Awaitable[State[Any] | None]]
"""A plain function of the tools and of the flow's parameters; it returns a state if it ends in one of its own."""


def deployed_flow(
    name: str, run_name: str | Callable[[], str], body: Body[P], description: str = ""
) -> Flow[P, Coroutine[Any, Any, State[Any]]]:
    """Return the flow that runs ``body`` on the store that the settings of its process name.

    The parameters of the flow, and their schema in Prefect, are those of ``body`` after the first one. Its description
    is the docstring of ``body`` unless another is given. It never raises and has no result: see Note [What Prefect may
    know].
    """

    async def run(*args: P.args, **kwargs: P.kwargs) -> State[Any]:
        return await on_store(lambda work: body(work, *args, **kwargs))

    declared = signature(body, eval_str=True)
    parameters = list(declared.parameters.values())[1:]
    run.__signature__ = declared.replace(parameters=parameters)  # pyright: ignore[reportFunctionMemberAccess]
    run.__doc__ = description or getdoc(body)
    return Flow(run, name=name, flow_run_name=run_name, persist_result=False, log_prints=False)
