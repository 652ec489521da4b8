"""Trains the classifier: every week from the decisions people made, or by hand from files as well (A3)."""

import json
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime

from classifier.examples import Example
from classifier.training_report import MIN_DECISIONS, MIN_NEW_DECISIONS, NOTHING_NEW, TOO_FEW, TrainingResult
from engine.actors import IMPORT, SYSTEM
from engine.retired_names import recorded_as
from engine.store import Store
from engine.transaction import Tx
from statemachines.complaint import COMPLAINT
from statemachines.inquiry import INQUIRY

MAX_DECISIONS = 20_000
"""How many of the latest cases are used; older decisions may follow other habits."""
PAGE = 2_000
FIELDS = ("subject", "text", "demand")

# The last decision of a person on each case; what the system decided by itself is nothing to learn from.
DECISIONS = """
SELECT t.case_id, t.form FROM transition t JOIN actor a ON a.id = t.actor_id JOIN cases c ON c.id = t.case_id
 WHERE t.case_id < :before AND c.kind IN (:complaint, :inquiry) AND t.move IN ({chosen})
   AND a.handle NOT IN (:system, :import)
   AND NOT EXISTS (SELECT 1 FROM transition u JOIN actor b ON b.id = u.actor_id
                    WHERE u.case_id = t.case_id AND u.seq > t.seq AND u.move IN ({chosen})
                      AND b.handle NOT IN (:system, :import))
 ORDER BY t.case_id DESC LIMIT :page
"""
STATEMENTS = """
SELECT case_id, field, content FROM statement
 WHERE case_id >= :first AND case_id <= :last AND seq = 1 AND content IS NOT NULL
"""


def train_weekly(store: Store, at: datetime) -> TrainingResult:
    """Train on people's decisions if there are enough new ones; adopt the model only if it is not worse."""
    decisions = decisions_in(store)
    if len(decisions) < MIN_DECISIONS:
        return TrainingResult(at, TOO_FEW, len(decisions))
    from classifier.training_run import TrainingRun  # loads scikit-learn, which takes a second

    run = TrainingRun(store, decisions)
    if len(run.new_decisions()) < MIN_NEW_DECISIONS:
        return TrainingResult(at, NOTHING_NEW, len(decisions), former=run.former_version, broken=run.broken)
    return run.train(at, may_be_worse=False)


def train_from(store: Store, examples: list[Example], at: datetime) -> TrainingResult:
    """Train on files and on people's decisions, and adopt the model in any case.

    The files' examples replace the kept ones; without files the kept ones are used again. Raises
    ``Refused('too_few_examples')`` and then changes nothing.
    """
    from classifier.training_run import TrainingRun

    return TrainingRun(store, decisions_in(store), examples).train(at, may_be_worse=True)


def decisions_in(store: Store, most: int = MAX_DECISIONS) -> list[Example]:
    """Return the latest decisions as examples, oldest first; a case whose statements were erased is absent."""
    with store.looking() as tx:
        latest = [example for _, example in zip(range(most), _decisions(tx), strict=False)]
    return latest[::-1]


def _decisions(tx: Tx) -> Iterator[Example]:
    before = 1 << 62
    params = {"complaint": COMPLAINT.kind, "inquiry": INQUIRY.kind, "system": SYSTEM, "import": IMPORT}
    sql = DECISIONS.format(chosen=recorded_as("move", "classify", "reclassify"))
    while page := tx.rows(sql, before=before, page=PAGE, **params):
        before = page[-1].case_id
        statements = _statements(tx, before, page[0].case_id)
        for row in page:
            category, fields = json.loads(row.form).get("category"), statements[row.case_id]
            text = " ".join(fields[name] for name in FIELDS[1:] if name in fields)
            if category and (text or fields.get("subject")):
                yield Example(fields.get("subject", ""), text, category)


def _statements(tx: Tx, first: int, last: int) -> defaultdict[int, dict[str, str]]:
    by_case: defaultdict[int, dict[str, str]] = defaultdict(dict)
    for row in tx.rows(STATEMENTS, first=first, last=last):
        if row.field in FIELDS:
            by_case[row.case_id][row.field] = row.content
    return by_case
