"""Looks at a store from outside, in plain SQL: what was acknowledged or promised and is not there, what is there twice."""

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy.engine import make_url

from engine.policy import pack
from engine.store import postgres_conninfo, sqlite_path
from tests.chaos.ledger import Acknowledged, whole_lines

HISTORIC = 3600 * 1_000_000
"""Microseconds after which what happened is history, of which nobody is told by mail."""

MOVES = """
SELECT c.number, t.seq, t.move, t.dest, t.via, t.form, t.recorded_at - t.occurred_at, c.closed, p.email
  FROM transition t JOIN cases c ON c.id = t.case_id LEFT JOIN party p ON p.id = c.party_id
"""
DELIVERIES = """
SELECT c.number, d.seq, d.reaction, d.status FROM delivery d JOIN cases c ON c.id = d.case_id
"""
CLOCKS = "SELECT id, case_id, clause, cycle, opened_at, budget, coalesce(closed_at, {until}), closed_at FROM clock"
RUNGS = "SELECT clock_id, percent, due_at FROM rung"
IMPORTED_ENDS = "SELECT case_id, occurred_at FROM transition WHERE via = 'import' AND move <> 'open'"
UNTAKEN = "SELECT row_id, part, refusal FROM arrival WHERE taken_at IS NULL OR refusal IS NOT NULL"
UNTOLD = "SELECT case_id, seq FROM moment"
TWICE = {
    "statement": "SELECT field, content, count(*) FROM statement WHERE content LIKE '%[%' GROUP BY 1, 2 HAVING count(*) > 1",
    "rung": """SELECT case_id, move, form, count(*) FROM transition WHERE via = 'clock' AND move IN ('remind', 'breach')
                GROUP BY 1, 2, 3 HAVING count(*) > 1""",
    "flow": """SELECT case_id, move, cycle, form, count(*) FROM transition WHERE via = 'flow'
                AND move IN ('acknowledge', 'suggest', 'classify', 'assign', 'attempt')
                GROUP BY 1, 2, 3, CASE WHEN move = 'attempt' THEN form ELSE '' END, 4 HAVING count(*) > 1""",
    "row": """SELECT form, count(*) FROM transition WHERE via = 'import' AND move = 'open' GROUP BY 1 HAVING count(*) > 1""",
}
