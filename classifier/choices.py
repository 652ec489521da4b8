"""What people decided a case is about, with the words of it: what the classifier learns from here (A3)."""

import json
from collections import defaultdict
from collections.abc import Iterator

from classifier.examples import Example
from engine.actors import IMPORT, SYSTEM
from engine.retired_names import recorded_as
from engine.store import Store
from engine.transaction import Tx
from statemachines.complaint import COMPLAINT
from statemachines.inquiry import INQUIRY

MOST = 20_000
"""The latest so many cases; what was decided longer ago is not how it is decided now."""
PAGE = 2_000
FIELDS = ("subject", "text", "demand")

# The last word of a person on each case; what the system decided by itself teaches it nothing.
CHOSEN = """
SELECT t.case_id, t.form FROM transition t JOIN actor a ON a.id = t.actor_id JOIN cases c ON c.id = t.case_id
 WHERE t.case_id < :before AND c.kind IN (:complaint, :inquiry) AND t.move IN ({chosen})
   AND a.handle NOT IN (:system, :import)
   AND NOT EXISTS (SELECT 1 FROM transition u JOIN actor b ON b.id = u.actor_id
                    WHERE u.case_id = t.case_id AND u.seq > t.seq AND u.move IN ({chosen})
                      AND b.handle NOT IN (:system, :import))
 ORDER BY t.case_id DESC LIMIT :page
"""
SAID = """
SELECT case_id, field, content FROM statement
 WHERE case_id >= :first AND case_id <= :last AND seq = 1 AND content IS NOT NULL
"""


def choices_in(store: Store, most: int = MOST) -> list[Example]:
    """The latest choices, the oldest first; a case whose words were erased is absent."""
    with store.looking() as tx:
        found = [example for _, example in zip(range(most), _walk(tx), strict=False)]
    return found[::-1]


def _walk(tx: Tx) -> Iterator[Example]:
    before = 1 << 62
    who = {"complaint": COMPLAINT.kind, "inquiry": INQUIRY.kind, "system": SYSTEM, "import": IMPORT}
    sql = CHOSEN.format(chosen=recorded_as("move", "classify", "reclassify"))
    while page := tx.rows(sql, before=before, page=PAGE, **who):
        before = page[-1].case_id
        said = _said(tx, before, page[0].case_id)
        for row in page:
            category, words = json.loads(row.form).get("category"), said[row.case_id]
            text = " ".join(words[name] for name in FIELDS[1:] if name in words)
            if category and (text or words.get("subject")):
                yield Example(words.get("subject", ""), text, category)


def _said(tx: Tx, first: int, last: int) -> defaultdict[int, dict[str, str]]:
    said: defaultdict[int, dict[str, str]] = defaultdict(dict)
    for row in tx.rows(SAID, first=first, last=last):
        if row.field in FIELDS:
            said[row.case_id][row.field] = row.content
    return said
