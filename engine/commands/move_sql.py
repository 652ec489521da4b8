"""The statements that write moves, for each database: the only writers of cases, transitions, steps and open timers.

SQLite executes one statement for each table, with as many rows as there are. Postgres executes one statement for all
of them, made of the parts that have rows; each part reads its rows from one JSON text. ``moved`` is its first part: it
updates a case only if its version is the one that was read. Every other part writes only if ``moved`` updated all of
its cases, so that a stale case writes nothing, whether or not a transaction is open.
"""

# moved: brings a case from the version that was read to the last one of its plan.
CASE = """
UPDATE cases SET state = :state, previous_state = :previous_state, closed = :closed, version = :version, head = :head,
       cycle = :cycle, level = :level, attempts = :attempts, category = :category, severity = :severity,
       department = :department, owner = :owner, variables = :variables, customer_type = :customer_type,
       changed_at = :changed_at
 WHERE id = :id AND version = :was
"""
CASES = """
UPDATE cases SET state = r.state, previous_state = r.previous_state, closed = r.closed, version = r.version,
       head = r.head, cycle = r.cycle, level = r.level, attempts = r.attempts, category = r.category,
       severity = r.severity, department = r.department, owner = r.owner, variables = r.variables,
       customer_type = r.customer_type, changed_at = r.changed_at
  FROM json_to_recordset(%(cases)s::json) AS r(
       id bigint, was integer, state text, previous_state text, closed boolean, version integer, head text,
       cycle integer, level integer, attempts integer, category text, severity text, department text, owner text,
       variables text, customer_type text, changed_at bigint)
 WHERE cases.id = r.id AND cases.version = r.was RETURNING cases.id
"""

# cases_stepped: the same where only usual escalation steps fired; a sweep writes a million of them.
CASE_STEPPED = """
UPDATE cases SET version = :version, head = :head, level = :level, changed_at = :changed_at
 WHERE id = :id AND version = :was
"""
CASES_STEPPED = """
UPDATE cases SET version = r.version, head = r.head, level = r.level, changed_at = r.changed_at
  FROM json_to_recordset(%(cases_stepped)s::json) AS r(
       id bigint, was integer, version integer, head text, level integer, changed_at bigint)
 WHERE cases.id = r.id AND cases.version = r.was RETURNING cases.id
"""

# transitions: adds the moves to the chained history; the key (case, seq) forbids a second one.
TRANSITION = """
INSERT INTO transition (case_id, seq, move, source, dest, cycle, level, actor_id, via, occurred_at, recorded_at,
                        inferred, lifecycle, form, hash)
VALUES (:case_id, :seq, :move, :source, :dest, :cycle, :level, :actor_id, :via, :occurred_at, :recorded_at,
        :inferred, :lifecycle, :form, :hash)
"""
TRANSITIONS = """
INSERT INTO transition (case_id, seq, move, source, dest, cycle, level, actor_id, via, occurred_at, recorded_at,
                        inferred, lifecycle, form, hash)
SELECT r.case_id, r.seq, r.move, r.source, r.dest, r.cycle, r.level, r.actor_id, r.via, r.occurred_at, r.recorded_at,
       r.inferred, r.lifecycle, r.form, r.hash
  FROM json_to_recordset(%(transitions)s::json) AS r(
       case_id bigint, seq integer, move text, source text, dest text, cycle integer, level integer, actor_id integer,
       via text, occurred_at bigint, recorded_at bigint, inferred boolean, lifecycle text, form text, hash text)
 WHERE (SELECT count(*) FROM moved) = %(count)s RETURNING case_id, seq
"""

# events: tells the outbox of each of the transitions.
EVENT = "INSERT INTO outbox_event (case_id, seq) VALUES (:case_id, :seq)"
EVENTS = "INSERT INTO outbox_event (case_id, seq) SELECT case_id, seq FROM transitions"

# statements: keeps the personal values of a form, of which the history has only the salted digests.
STATEMENT = """
INSERT INTO statement (case_id, seq, field, salt, content) VALUES (:case_id, :seq, :field, :salt, :content)
"""
STATEMENTS = """
INSERT INTO statement (case_id, seq, field, salt, content)
SELECT r.case_id, r.seq, r.field, r.salt, r.content
  FROM json_to_recordset(%(statements)s::json) AS r(case_id bigint, seq integer, field text, salt bytea, content text)
 WHERE (SELECT count(*) FROM moved) = %(count)s
"""

# timers_changed: writes open timers that were paused, resumed, given other dates, fired or ended.
TIMER = """
UPDATE timer SET policy = :policy, calendar = :calendar, amount = :amount, unit = :unit, allowance = :allowance,
       consumed = :consumed, extended = :extended, running_since = :running_since, fires_at = :fires_at,
       steps_fired = :steps_fired, level = :level, closed_at = :closed_at, outcome = :outcome,
       closed_by = :closed_by
 WHERE id = :id
"""
TIMERS = """
UPDATE timer SET policy = r.policy, calendar = r.calendar, amount = r.amount, unit = r.unit, allowance = r.allowance,
       consumed = r.consumed, extended = r.extended, running_since = r.running_since, fires_at = r.fires_at,
       steps_fired = r.steps_fired, level = r.level, closed_at = r.closed_at, outcome = r.outcome,
       closed_by = r.closed_by
  FROM json_to_recordset(%(timers_changed)s::json) AS r(
       id bigint, policy text, calendar text, amount integer, unit text, allowance bigint, consumed bigint,
       extended bigint, running_since bigint, fires_at bigint, steps_fired integer, level integer, closed_at bigint,
       outcome text, closed_by integer)
 WHERE timer.id = r.id AND (SELECT count(*) FROM moved) = %(count)s
"""

# timers_renamed: the same for timers whose clause a new release of the lifecycle has renamed.
RENAMED_TIMER = TIMER.replace("SET ", "SET clause = :clause, occurrence = :occurrence, ", 1)
RENAMED_TIMERS = (
    TIMERS.replace("SET ", "SET clause = r.clause, occurrence = r.occurrence, ", 1)
    .replace("%(timers_changed)s", "%(timers_renamed)s")
    .replace("id bigint, policy text", "id bigint, clause text, occurrence integer, policy text")
)

# timers_stepped: the same where only usual escalation steps fired.
TIMER_STEPPED = "UPDATE timer SET steps_fired = :steps_fired, fires_at = :fires_at, level = :level WHERE id = :id"
TIMERS_STEPPED = """
UPDATE timer SET steps_fired = r.steps_fired, fires_at = r.fires_at, level = r.level
  FROM json_to_recordset(%(timers_stepped)s::json) AS r(
       id bigint, steps_fired integer, fires_at bigint, level integer)
 WHERE timer.id = r.id AND (SELECT count(*) FROM moved) = %(count)s
"""

# timers_started: adds timers; where the occurrence was not read, it is counted after those that are there.
NEW_TIMER = """
INSERT INTO timer (id, case_id, clause, cycle, occurrence, policy, calendar, amount, unit, allowance, consumed,
                   extended, opened_at, running_since, fires_at, steps_fired, steps_before, level, closed_at, outcome,
                   closed_by, part)
VALUES (:id, :case_id, :clause, :cycle,
        CASE WHEN :occurrence > 0 THEN :occurrence ELSE (
            SELECT coalesce(max(occurrence), 0) + 1 FROM timer
             WHERE case_id = :case_id AND clause = :clause AND cycle >= :counted_from) END,
        :policy, :calendar, :amount, :unit, :allowance, :consumed, :extended,
        :opened_at, :running_since, :fires_at, :steps_fired, :steps_before, :level, :closed_at, :outcome,
        :closed_by, :part)
"""
NEW_TIMERS = """
INSERT INTO timer (id, case_id, clause, cycle, occurrence, policy, calendar, amount, unit, allowance, consumed,
                   extended, opened_at, running_since, fires_at, steps_fired, steps_before, level, closed_at, outcome,
                   closed_by, part)
SELECT coalesce(r.id, nextval(pg_get_serial_sequence('timer', 'id'))), r.case_id, r.clause, r.cycle,
       CASE WHEN r.occurrence > 0 THEN r.occurrence ELSE (
           SELECT coalesce(max(t.occurrence), 0) + r.nth FROM timer t
            WHERE t.case_id = r.case_id AND t.clause = r.clause AND t.cycle >= r.counted_from) END,
       r.policy, r.calendar, r.amount, r.unit, r.allowance, r.consumed, r.extended, r.opened_at, r.running_since,
       r.fires_at, r.steps_fired, r.steps_before, r.level, r.closed_at, r.outcome, r.closed_by, r.part
  FROM json_to_recordset(%(timers_started)s::json) AS r(
       id bigint, case_id bigint, clause text, cycle integer, occurrence integer, nth integer, counted_from integer,
       policy text, calendar text, amount integer, unit text, allowance bigint, consumed bigint, extended bigint,
       opened_at bigint, running_since bigint, fires_at bigint, steps_fired integer, steps_before integer,
       level integer, closed_at bigint, outcome text, closed_by integer, part text)
 WHERE (SELECT count(*) FROM moved) = %(count)s
"""

# steps: records the escalation steps that fired; the key (timer, step) forbids a second time.
STEP = """
INSERT INTO escalation_step (timer_id, step, case_id, seq, clause, cycle, percent, level, due_at, recorded_at)
VALUES (:timer_id, :step, :case_id, :seq, :clause, :cycle, :percent, :level, :due_at, :recorded_at)
"""
STEPS = """
INSERT INTO escalation_step (timer_id, step, case_id, seq, clause, cycle, percent, level, due_at, recorded_at)
SELECT r.timer_id, r.step, r.case_id, r.seq, r.clause, r.cycle, r.percent, r.level, r.due_at, r.recorded_at
  FROM json_to_recordset(%(steps)s::json) AS r(
       timer_id bigint, step integer, case_id bigint, seq integer, clause text, cycle integer, percent integer,
       level integer, due_at bigint, recorded_at bigint)
 WHERE (SELECT count(*) FROM moved) = %(count)s
"""

# keys: keeps the idempotency key of a command with the move that answered it.
KEY = "INSERT INTO idempotency_key (key, request_hash, case_id, seq) VALUES (:key, :request_hash, :case_id, :seq)"
KEYS = """
INSERT INTO idempotency_key (key, request_hash, case_id, seq)
SELECT r.key, r.request_hash, r.case_id, r.seq
  FROM json_to_recordset(%(keys)s::json) AS r(key text, request_hash text, case_id bigint, seq integer)
 WHERE (SELECT count(*) FROM moved) = %(count)s
"""

# timer_ids: reserves the keys of new timers to which steps in the same statement refer.
RESERVE = {
    True: "SELECT nextval(pg_get_serial_sequence('timer', 'id')) AS id FROM generate_series(1, :count)",
    False: """
WITH RECURSIVE free(id) AS (
  SELECT coalesce(max(id), 0) + 1 FROM timer UNION ALL SELECT id + 1 FROM free LIMIT :count
) SELECT id FROM free
""",
}

SQLITE = {
    "cases": CASE, "cases_stepped": CASE_STEPPED, "transitions": TRANSITION, "events": EVENT, "statements": STATEMENT,
    "timers_changed": TIMER, "timers_renamed": RENAMED_TIMER, "timers_stepped": TIMER_STEPPED,
    "timers_started": NEW_TIMER, "steps": STEP, "keys": KEY,
}  # fmt: skip
POSTGRES = {
    "cases": CASES, "cases_stepped": CASES_STEPPED, "transitions": TRANSITIONS, "events": EVENTS,
    "statements": STATEMENTS, "timers_changed": TIMERS, "timers_renamed": RENAMED_TIMERS,
    "timers_stepped": TIMERS_STEPPED, "timers_started": NEW_TIMERS, "steps": STEPS, "keys": KEYS,
}  # fmt: skip
