"""What ``verify`` does not cover: the one list, of which docs/tampering.md and the tampering tests are made."""

from collections.abc import Mapping
from dataclasses import dataclass

WHOLE_ROWS = ("delete", "insert", "swap")
"""What can be done to whole rows: one is deleted, one is inserted, two exchange everything but their keys."""


@dataclass(frozen=True, slots=True)
class Uncovered:
    """What of a table can be changed unnoticed, and why: columns, and changes of whole rows.

    ``partly`` names those of both that are found in some rows and not in others.
    """

    why: str
    columns: tuple[str, ...] = ()
    rows: tuple[str, ...] = ()
    partly: frozenset[str] = frozenset()


def listed() -> str:
    """Return the list as the rows of a table of Markdown."""
    lines = [
        f"| `{table}` | {', '.join(entry.columns) or '–'} | {', '.join(entry.rows) or '–'} | {entry.why} |"
        for table, entry in UNCOVERED.items()
    ]
    return "\n".join(lines)


UNCOVERED: Mapping[str, Uncovered] = {
    "account": Uncovered("which step of a second factor was used last: a code is good for a minute", ("totp_step",)),
    "anchor": Uncovered(
        "the numbers of rows, and whether a line counts as published: the lines themselves are the witness",
        ("id", "published"),
    ),
    "api_token": Uncovered("when and from where a token was used last", ("used_at", "used_from")),
    "arrival": Uncovered(
        "what was read from files and waits: a case that came of it is in the record",
        ("source", "row_id", "part", "kind", "pack", "at", "digest", "payload", "processed_at", "case_id", "refusal"),
        WHOLE_ROWS,
    ),
    "attempt_window": Uncovered("how often somebody tried within minutes", ("key", "hits", "until"), WHOLE_ROWS),
    "care_greeting": Uncovered(
        "which greeting was sent or withheld: who agreed to greetings is in the journal",
        ("party_id", "occasion", "pack", "queued_at", "ends_at", "next_at", "outcome", "reason", "settled_at"),
        WHOLE_ROWS,
    ),
    "delivery": Uncovered(
        "which reaction is still to be made, and when: what a reaction moves is in the record; status, holder, error"
        " and end must fit each other",
        ("case_id", "seq", "reaction", "tries", "next_at", "lease_owner", "done_at"),
        WHOLE_ROWS,
        frozenset({"case_id", "tries", "lease_owner", "done_at"}),
    ),
    "failed_log_in": Uncovered(
        "who failed to log in: nothing came of it", ("id", "at", "actor_id", "method", "address"), WHOLE_ROWS
    ),
    "day_forecast": Uncovered(
        "what was forecast in the morning of a day; nothing is decided by it, and what came true is in the record",
        ("day", "timer_id", "case_id", "made_at", "due_at", "probability", "model"),
        WHOLE_ROWS,
    ),
    "fingerprint": Uncovered(
        "by what near texts are found; it is made of the texts and erased with them",
        ("case_id", "a", "b", "c", "d"),
        WHOLE_ROWS,
        frozenset({"case_id", "insert"}),
    ),
    "idempotency_key": Uncovered(
        "which request was honoured: the move that answered it is in the record",
        ("key", "request_hash", "case_id"),
        WHOLE_ROWS,
    ),
    "indicator_count": Uncovered(
        "what indicators counted until the last night: without it the record is counted, and each week it is compared"
        " with the record",
        (),
        ("delete",),
    ),
    "kept_answer": Uncovered(
        "what a caller is answered who repeats a request within a week: what the request changed is in the journal",
        ("key", "request_hash", "answer", "at"),
        WHOLE_ROWS,
    ),
    "lease": Uncovered("who works at the moment", ("name", "owner", "seen_at", "until"), WHOLE_ROWS),
    "lifecycle_version": Uncovered(
        "when a version of a lifecycle was recorded, and whether it was; its table vouches for itself by its hash",
        ("kind", "recorded_at"),
        ("delete",),
    ),
    "login_session": Uncovered(
        "sessions that are open for hours: the digest of one fits its own row alone, and nobody makes one without the"
        " secret of the store",
        (
            *("id", "actor_id", "digest", "made_at", "seen_at", "until", "change_id", "second_factor_at"),
            *("method", "address", "agent"),
        ),
        WHOLE_ROWS,
    ),
    "mail": Uncovered(
        "what became of mails: a message to a customer that did not arrive is in the record; outcome, end and text must"
        " fit each other, and the mail of a notice its person",
        ("key", "recipient", "subject", "body", "composed_at", "outcome", "settled_at", "tries", "next_at", "answer"),
        WHOLE_ROWS,
        frozenset({"key", "recipient", "subject", "body", "outcome", "settled_at", "next_at", "delete", "swap"}),
    ),
    "notice": Uncovered(
        "whom a case asked: the escalation step or the move by which it asks is in the record; its cycle, its timer's"
        " case and its mail must fit",
        ("case_id", "seq", "recipient", "level", "timer_id", "asked_at", "digest_at", "line", "mail", "awaiting"),
        WHOLE_ROWS,
        frozenset({"case_id", "seq", "recipient", "timer_id", "mail", "digest_at", "insert", "swap"}),
    ),
    "one_time_code": Uncovered(
        "codes that are valid for minutes; that an administrator made one is in the journal",
        ("id", "actor_id", "purpose", "code", "made_at", "until", "tries", "used_at"),
        WHOLE_ROWS,
    ),
    "outbox_event": Uncovered("what is to be delivered next: its transition is in the record", (), ("delete",)),
    "parked": Uncovered(
        "which failed work is tried again, and when",
        ("case_id", "work", "version", "tries", "next_at", "reason", "reported_at"),
        WHOLE_ROWS,
        frozenset({"case_id"}),
    ),
    "party": Uncovered(
        "the language and the birthday of a customer, and customers that belong to no case; name, number and address of"
        " one whom neither number nor address identifies",
        ("name", "phone", "email", "locale", "birthday", "email_key", "phone_key", "person_id"),
        ("insert", "swap"),
        frozenset({"name", "phone", "email", "email_key", "phone_key", "person_id"}),
    ),
    "reading": Uncovered(
        "readings since the last anchor: the next one enters those that are there then",
        (),
        ("insert",),
    ),
    "refused_attempt": Uncovered(
        "attempts that were refused: nothing came of them",
        ("id", "at", "case_id", "actor_id", "via", "move", "state", "code", "why"),
        WHOLE_ROWS,
    ),
    "run": Uncovered(
        "what scheduled work did, for the morning report",
        ("id", "flow", "began_at", "ended_at", "observed", "did", "note"),
        WHOLE_ROWS,
    ),
    "saved_filter": Uncovered(
        "which filters of the queue a person saved: they hold codes, and nothing depends on them",
        ("actor_id", "name", "address", "saved_at"),
        WHOLE_ROWS,
        frozenset({"actor_id"}),
    ),
    "store_info": Uncovered("the clock of a simulated store", ("simulated_at",)),
    "timer": Uncovered(
        "what does not follow from the record: which edition of a pack a limit is from, if this release does not have"
        " it, the number of an occurrence, and a timer that ended before its first step; of promises that came from"
        " another case or were opened again, of working time and of days also what was used and the end within weeks",
        ("occurrence", "policy", "part", "outcome"),
        WHOLE_ROWS,
        frozenset({"policy", "outcome", *WHOLE_ROWS}),
    ),
}
