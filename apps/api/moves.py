"""Routes that move cases: one, or many with a result for each."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from apps.api.caller import Called, ExpectedSeq, IdempotencyKey, etag
from apps.api.case_documents import EXAMPLE_CASE, Input, MovedCase, kind_of_number
from apps.api.cases import CaseNumber
from apps.api.problems import Problem, problem_of
from apps.api.responses import WRITE
from apps.principal_moves import WantedMove, move_for, move_many_for
from statemachines.refused import Refused

router = APIRouter(tags=["moves"])

MOST_MOVES = 200
MoveName = Annotated[str, Path(max_length=100, examples=["classify"], description="The name of a move.")]
Value = bool | int | str | list[str] | None
"""What a field of a form may hold; its own model checks it."""
FormValues = Annotated[
    dict[str, Value],
    Body(
        description="The fields of the move's form; `GET /api/v1/cases/{number}/moves` gives its schema.",
        examples=[{"category": "damage", "severity": "high", "department": "claims"}],
    ),
]


class BulkMove(Input):
    """One of many moves. ``seq`` is the step on which the caller relied."""

    number: str = Field(max_length=100, examples=[EXAMPLE_CASE])
    move: str = Field(max_length=100, examples=["classify"])
    form: dict[str, Value] = Field(default_factory=dict)
    seq: int | None = Field(default=None, ge=0)


class BulkMoves(Input):
    """Many moves. Each is made or refused by itself; those that are made become durable together."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {"moves": [{"number": EXAMPLE_CASE, "move": "classify", "form": {"category": "damage"}}]}
        }
    )

    moves: list[BulkMove] = Field(min_length=1, max_length=MOST_MOVES)


class BulkResult(BaseModel):
    """What became of one of many moves: where its case stands now, or why it was refused."""

    number: str
    moved: MovedCase | None = None
    problem: Problem | None = None


class BulkResults(BaseModel):
    """What became of each move, in the order in which they were sent."""

    results: list[BulkResult]


@router.post("/cases/{number}/moves/{move}", responses=WRITE)
def make_move(
    number: CaseNumber,
    move: MoveName,
    form: FormValues,
    caller: Called,
    key: IdempotencyKey,
    expected: ExpectedSeq,
    response: Response,
) -> MovedCase:
    """Make a move on a case; the body is the form that the lifecycle's table asks for."""
    at = caller.working_time()
    answer = move_for(caller.store, caller.principal, WantedMove(number, move, form, expected), key, at)
    caller.figures.moved(kind_of_number(answer.number), move)
    response.headers["ETag"] = etag(answer.seq)
    return MovedCase.of(answer, caller.locale)


@router.post("/moves", responses=WRITE)
def make_moves(body: BulkMoves, caller: Called, key: IdempotencyKey, request: Request) -> BulkResults:
    """Make many moves at once; a refused one is refused alone."""
    at = caller.working_time()
    wanted = [WantedMove(each.number, each.move, each.form, each.seq) for each in body.moves]
    answers = move_many_for(caller.store, caller.principal, wanted, key, at)

    def result(number: str, move: str, answer: Any) -> BulkResult:
        if isinstance(answer, Refused):
            return BulkResult(number=number, problem=problem_of(answer, caller.locale, request.state.request_id))
        caller.figures.moved(kind_of_number(answer.number), move)
        return BulkResult(number=number, moved=MovedCase.of(answer, caller.locale))

    return BulkResults(
        results=[result(each.number, each.move, answer) for each, answer in zip(wanted, answers, strict=True)]
    )
