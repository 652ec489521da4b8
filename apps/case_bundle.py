"""Puts all of a closed case into one file: for people, for programs, its attachments, and what proves it (H2, A10)."""

import io
import zipfile
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final

import orjson

from apps.case_history import history_in
from apps.case_paper import case_paper
from apps.paper_files import pdf_of
from apps.principal_case_page import SeenCasePage, case_page_seen
from apps.views import case_document
from engine.access.masking import PersonalData, unmask
from engine.access.principal import Principal
from engine.access.scope import case_for
from engine.audit.case_record import contents_of, proof_file, record_files
from engine.audit.export_access import Taken, record_export
from engine.audit.proof import prove
from engine.store import Store
from engine.transaction import Tx
from statemachines.refused import Refused

FORMAT: Final = "zip"
MEDIA_TYPE: Final = "application/zip"
EPOCH: Final = (1980, 1, 1, 0, 0, 0)
"""The time of each entry, so that the same case gives the same file."""


def case_bundle(store: Store, principal: Principal, number: str, reason: str, at: datetime, locale: str) -> bytes:
    """Return the bundle of a case with all names and texts; who took it and why is recorded before.

    Raises ``Refused('unknown_case' | 'bundle_of_open_case' | 'not_anchored' | 'may_not_unmask' | 'no_reason' |
    'bad_text')``.
    """
    with store.looking() as tx:
        case = case_for(tx, principal, number, at)
    if not case.closed:
        raise Refused("bundle_of_open_case", number=number)
    proof = prove(store, number)
    if proof.seq != case.version:  # it was closed after the last anchor
        raise Refused("not_anchored", number=number)
    with store.writing() as tx:
        seen = unmask(tx, principal, number, PersonalData, reason, at)
    record_export(
        store, Taken(FORMAT, principal.actor.handle, case.kind, case.opened_at, reason=reason, number=number), at
    )
    page = case_page_seen(store, principal, number, at, locale, seen, whole=True)
    with store.looking() as tx:
        files = record_files(tx, case.id)
        files |= {f"attachments/{name}": content for name, content in contents_of(store, tx, case.id).items()}
        document = _document(tx, page)
    files["proof.json"] = proof_file(proof)
    files["case.json"] = orjson.dumps(document, default=str, option=orjson.OPT_INDENT_2)
    files["case.pdf"] = pdf_of(case_paper(page, proof, locale), locale)
    return _zipped(files)


def _document(tx: Tx, page: SeenCasePage) -> dict[str, Any]:
    """Return the case for programs: what its row, its customer, its moves, timers, files and links say."""
    seen = page.seen
    return {
        "case": case_document(seen.case),
        "customer": None if seen.customer is None else asdict(seen.customer),
        "moves": [move.document() for move in history_in(tx, seen.case.id)],
        "timers": [asdict(timer) for timer, _ in page.timers.timers],
        "attachments": [file.document() for file in page.files],
        "links": [link.document() for link in seen.links],
    }


def _zipped(files: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in sorted(files.items()):
            packed.writestr(zipfile.ZipInfo(name, EPOCH), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()
