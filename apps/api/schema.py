"""The OpenAPI document of the routes: security on each, problem documents for refusals, links; and its committed copy.

``python -m apps.api.schema`` writes the copy. The tests compare it, and refuse a change that breaks a client which was
written by the copy (``apps.api.schema_changes``).
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from apps.api.addresses import PREFIX
from apps.api.problems import Problem
from apps.api.routes import OPEN_ROUTERS, ROUTERS, operation_id
from apps.api.schema_links import add_links

COPY = Path(__file__).resolve().parents[2] / "docs" / "generated" / "openapi.json"
VERSION = "1"
DESCRIPTION = """
Closed-loop complaint handling (客诉闭环). Bodies and answers are JSON in UTF-8. Instants carry their offset; answers
give them in UTC. Every write takes an `Idempotency-Key`: sent again with the same content it gets the same answer.
A case's `ETag` is the number of its last step; `If-Match` refuses a move if the case has moved since. A refusal is a
problem document (RFC 9457): its `code` stays the same between releases, its `detail` is in the language that
`Accept-Language` asks for: zh-CN, zh-TW or en.
"""


@cache
def schema() -> dict[str, Any]:
    """Return the OpenAPI document."""
    app = FastAPI(generate_unique_id_function=operation_id)
    for router in ROUTERS:
        app.include_router(router, prefix=PREFIX)
    for router in OPEN_ROUTERS:
        app.include_router(router)
    document = get_openapi(
        title="closeloop", version=VERSION, openapi_version="3.1.0", description=DESCRIPTION.strip(), routes=app.routes,
        servers=[{"url": "/"}],
    )  # fmt: skip
    add_links(document["paths"])
    schemas = document["components"]["schemas"]
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas |= {**problem.pop("$defs", {}), "Problem": problem}
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    return document


def rendered() -> str:
    """Return the document as its copy holds it."""
    return json.dumps(schema(), ensure_ascii=False, indent=1, sort_keys=True) + "\n"


if __name__ == "__main__":
    COPY.write_text(rendered(), "utf-8")
