"""The determinations of who answers for what, as a relation in SQL: which of them are recurrences.

A recurrence depends on another case: on the determination of the same cause and party before it. It is found in the
index ``ix_transition_determined``, so that a few cases are read without all the others.

Note [Next determination]: what a case that did not move counts can change only where the determination before its own
is another one now. That one was made, or withdrawn, by a case that moved, and lay between them; so no other stands
between it and the unmoved one, but for superseded ones and those of further cases that moved. Hence, whatever the two
instants are: the cases that count otherwise are those that moved, and those whose determination is the next one after a
determination of theirs.
"""

from collections.abc import Collection

from engine.rules.indicator_queries import Facts, kinds_with
from reports.indicators.record_at import CAUSES, CHANGED, RecordAt, of_kinds
from statemachines.kinds import recorded_names

RECURRENCE_DAYS = 90
"""Within how many days the same cause and party make a recurrence; ours."""
RECURRENCE = RECURRENCE_DAYS * 24 * 3_600_000_000

# A determination without a cause or a party has none before it.
DETERMINATIONS = """
SELECT c.id AS case_id, d.at, 1 AS responsibilities_determined,
       CASE WHEN d.at - d.before <= {recurrence} THEN 1 ELSE 0 END AS recurrences{attributes}
  FROM (SELECT t.case_id, t.occurred_at AS at,
               (SELECT p.occurred_at FROM transition p
                 WHERE {p_determines} AND {same_as_t} AND (p.occurred_at, p.case_id) < (t.occurred_at, t.case_id)
                   AND p.recorded_at <= :as_of AND NOT EXISTS ({p_superseded} AND u.recorded_at <= :as_of)
                 ORDER BY p.occurred_at DESC, p.case_id DESC LIMIT 1) AS before
          FROM transition t WHERE {t_determines} AND t.recorded_at <= :as_of
           AND NOT EXISTS ({t_superseded} AND u.recorded_at <= :as_of){among}) d
  JOIN cases c ON c.id = d.case_id
 WHERE {kinds}
"""
# See Note [Next determination].
AMONG = """
 AND t.case_id IN ({changed} UNION ALL
     SELECT (SELECT n.case_id FROM transition n
              WHERE {n_determines} AND {same_as_m} AND (n.occurred_at, n.case_id) > (m.occurred_at, m.case_id)
                AND NOT EXISTS ({n_superseded}) ORDER BY n.occurred_at, n.case_id LIMIT 1)
       FROM transition m WHERE {m_determines} AND m.case_id IN ({changed}))
"""
SUPERSEDED = "SELECT 1 FROM transition u WHERE u.case_id = {of}.case_id AND u.seq > {of}.seq AND {determines}"


def determinations(record: RecordAt, wanted: Collection[str]) -> str:
    """Return the relation of the determinations that hold as of the instant, with the wanted attributes."""
    return DETERMINATIONS.format(
        recurrence=RECURRENCE, attributes=record.attributes(wanted), kinds=of_kinds(kinds_with(Facts.DETERMINATIONS)),
        same_as_t=_same(record, "p", "t"), among=_among(record) if record.changed_only else "",
        **_conditions("t", "p"),
    )  # fmt: skip


def _among(record: RecordAt) -> str:
    changed = CHANGED.format(since="changed_since")
    return AMONG.format(changed=changed, same_as_m=_same(record, "n", "m"), **_conditions("n", "m"))


def _conditions(*transitions: str) -> dict[str, str]:
    """Return, for each of these transitions, that it determines, and the query for a later one of its case."""
    later = _determines("u")
    determines = {f"{name}_determines": _determines(name) for name in transitions}
    return determines | {f"{name}_superseded": SUPERSEDED.format(of=name, determines=later) for name in transitions}


def _determines(transition: str) -> str:
    """Return the condition that a transition determines; with one name it is that of the index, word for word."""
    conditions = (f"{transition}.move = '{name}'" for name in recorded_names("move", CAUSES[0]))
    return f"({' OR '.join(conditions)})"


def _same(record: RecordAt, one: str, other: str) -> str:
    """Return the condition that two transitions name the same cause and party."""
    pairs = ([record.field(f"{each}.form", name) for each in (one, other)] for name in ("cause", "responsible"))
    return " AND ".join(" = ".join(pair) for pair in pairs)
