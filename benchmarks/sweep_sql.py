"""The reference of the sweep: the same rows by set-based SQL in one transaction, SHA-256 chain included.

It fires one step, the same for all, of every timer that is due; it evaluates no lifecycle, parks nothing, and is all
or nothing: an interrupted run has fired no step.
"""

import hashlib
from typing import Any

from engine.databases import open_postgres, open_sqlite
from engine.store import Store

PERCENTS = (75, 100, 150, 200)

# Every step that is due, with its transition's hash; {..} stands for what differs between the databases. CROSS JOIN
# and the plus make SQLite read the due timers first, and sort them into the order in which the tables are stored.
DUE = """
SELECT f.*, {sha} AS hash FROM (
  SELECT w.*, {record} AS record FROM (
    SELECT d.*, {form} AS form FROM (
      SELECT k.id AS timer_id, k.steps_fired AS step, k.clause, k.cycle AS its_cycle, k.fires_at AS due_at,
             c.id AS case_id, c.number, c.state, c.cycle, c.head, c.version + 1 AS seq,
             {greater}(c.level, :level) AS level, {greater}(c.changed_at, :at) AS recorded_at,
             k.running_since + k.allowance * :next / 100 - k.consumed AS fires_next
        FROM timer k {join} cases c ON c.id = k.case_id WHERE k.fires_at <= :at {order}
    ) AS d
  ) AS w
) AS f
"""
UPDATE_TIMER = """
UPDATE timer SET steps_fired = d.step + 1, level = {greater}(timer.level, :level),
       fires_at = CASE WHEN :next > 0 THEN d.fires_next END FROM due d WHERE timer.id = d.timer_id
"""
UPDATE_CASE = """
UPDATE cases SET version = d.seq, head = d.hash, level = d.level, changed_at = d.recorded_at FROM due d
 WHERE cases.id = d.case_id AND cases.version = d.seq - 1
"""
INSERT_TRANSITION = """
INSERT INTO transition (case_id, seq, move, source, dest, cycle, level, actor_id, via, occurred_at, recorded_at,
                        inferred, lifecycle, form, hash)
SELECT d.case_id, d.seq, :move, d.state, d.state, d.cycle, d.level, :actor, 'timer', d.due_at, d.recorded_at, false,
       :lifecycle, d.form, d.hash FROM due d
"""
INSERT_STEP = """
INSERT INTO escalation_step (timer_id, step, case_id, seq, clause, cycle, percent, level, due_at, recorded_at)
SELECT d.timer_id, d.step, d.case_id, d.seq, d.clause, d.its_cycle, :percent, :level, d.due_at, d.recorded_at FROM due d
"""
INSERT_OUTBOX_EVENT = "INSERT INTO outbox_event (case_id, seq) SELECT d.case_id, d.seq FROM due d"

ON_SQLITE = {
    "greater": "max",
    "join": "CROSS JOIN",
    "order": "ORDER BY +c.id",
    "sha": "sha256(f.head || char(10) || f.record)",
    "form": """'{"clause":"' || d.clause || '","cycle":' || d.its_cycle || ',"due_at":"'
        || strftime('%Y-%m-%dT%H:%M:%S', d.due_at / 1000000, 'unixepoch') || printf('.%06dZ', d.due_at % 1000000)
        || '","level":' || :level || ',"percent":' || :percent || '}'""",
    "record": """'{"actor_id":' || :actor || ',"case":"' || w.number || '","case_id":' || w.case_id || ',"cycle":'
        || w.cycle || ',"dest":"' || w.state || '","form":' || json_quote(w.form) || ',"inferred":false,"level":'
        || w.level || ',"lifecycle":"' || :lifecycle || '","move":"' || :move || '","occurred_at":' || w.due_at
        || ',"recorded_at":' || w.recorded_at || ',"seq":' || w.seq || ',"source":"' || w.state
        || '","via":"timer"}'""",
}
ON_POSTGRES = {
    "greater": "greatest",
    "join": "JOIN",
    "order": "",
    "sha": "encode(sha256(convert_to(f.head || chr(10) || f.record, 'UTF8')), 'hex')",
    "form": """'{"clause":"' || d.clause || '","cycle":' || d.its_cycle || ',"due_at":"'
        || to_char(to_timestamp(d.due_at / 1000000) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS')
        || '.' || lpad((d.due_at % 1000000)::text, 6, '0') || 'Z","level":' || :level || ',"percent":' || :percent
        || '}'""",
    "record": ON_SQLITE["record"].replace("json_quote(w.form)", "to_json(w.form)::text"),
}
WRITES = (UPDATE_TIMER, UPDATE_CASE, INSERT_TRANSITION, INSERT_STEP, INSERT_OUTBOX_EVENT)
SQLITE = [
    f"CREATE TEMP TABLE due AS {DUE.format(**ON_SQLITE)}",
    *(statement.format(**ON_SQLITE) for statement in WRITES),
    "DROP TABLE due",
]
POSTGRES = f"""
WITH due AS MATERIALIZED ({DUE.format(**ON_POSTGRES)}), k AS ({UPDATE_TIMER.format(**ON_POSTGRES)}),
     c AS ({UPDATE_CASE}), t AS ({INSERT_TRANSITION}), r AS ({INSERT_STEP}) {INSERT_OUTBOX_EVENT}
"""


def fire_by_sql(store: Store, at: int, step: int, lifecycle: str) -> None:
    """Fire the step of that number of every timer due at ``at`` (microseconds) by SQL alone, and commit."""
    next_percent = PERCENTS[step + 1] if step + 1 < len(PERCENTS) else 0
    values: dict[str, Any] = {
        "at": at,
        "level": step,
        "percent": PERCENTS[step],
        "next": next_percent,
        "move": "breach" if step else "remind",
        "actor": 1,
        "lifecycle": lifecycle,
    }
    (_on_postgres if store.postgres else _on_sqlite)(store, values)


def _on_sqlite(store: Store, values: dict[str, Any]) -> None:
    raw = open_sqlite(store.file)
    raw.create_function("sha256", 1, lambda text: hashlib.sha256(text.encode()).hexdigest(), deterministic=True)
    raw.execute("BEGIN IMMEDIATE")
    for statement in SQLITE:
        raw.execute(statement, values)
    raw.execute("COMMIT")
    raw.close()


def _on_postgres(store: Store, values: dict[str, Any]) -> None:
    with open_postgres(store.url) as raw:
        raw.execute(_write_out(POSTGRES, values))  # pyright: ignore[reportArgumentType, reportCallIssue]


def _write_out(sql: str, values: dict[str, Any]) -> str:
    """Write the few constants into the statement, so that the planner knows them."""
    for name, value in values.items():
        sql = sql.replace(f":{name}", f"'{value}'" if isinstance(value, str) else str(value))
    return sql
