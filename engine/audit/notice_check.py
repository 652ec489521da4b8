"""Check that notices and mails fit one another, the timer that asked and the transition that they are about."""

from collections.abc import Iterator

from engine.transaction import Tx

CHECKS = {
    # A notice is of the cycle of its transition, and of a timer of its own case.
    "notice_cycle": """
SELECT count(*) AS n FROM notice n JOIN transition t ON t.case_id = n.case_id AND t.seq = n.seq WHERE t.cycle <> n.cycle
""",
    "notice_timer": """
SELECT count(*) AS n FROM notice n JOIN timer k ON k.id = n.timer_id WHERE k.case_id <> n.case_id
""",
    # A notice waits for a digest, or names a mail to its person, which is kept for good.
    "notice_waits": "SELECT count(*) AS n FROM notice WHERE mail IS NULL AND digest_at IS NULL",
    "notice_mail": """
SELECT count(*) AS n FROM notice n LEFT JOIN mail m ON m.key = n.mail
 WHERE n.mail IS NOT NULL AND (m.key IS NULL OR m.recipient <> n.recipient)
""",
    # A mail of its own bears the number and the step of its case in its key.
    "notice_key": """
SELECT count(*) AS n FROM notice n JOIN cases c ON c.id = n.case_id
 WHERE n.mail IS NOT NULL AND n.digest_at IS NULL
   AND substr(n.mail, 1, length(c.number || ':' || n.seq || ':')) <> c.number || ':' || n.seq || ':'
""",
    # A mail is settled once its outcome is known; one that was sent or erased keeps no text and is not sent again.
    "mail_settled": """
SELECT count(*) AS n FROM mail WHERE (outcome IS NULL) <> (settled_at IS NULL)
    OR outcome IN ('sent', 'bounced', 'erased') AND (subject <> '' OR body <> '' OR next_at IS NOT NULL) OR tries < 0
    OR (outcome = 'erased') > (erasure_reason IS NOT NULL)
""",
}
"""What counts rows that do not fit, by the code of the fault."""


def notice_faults(tx: Tx) -> Iterator[str]:
    """Yield the code of each check that finds rows which do not fit."""
    for code, sql in CHECKS.items():
        if tx.row(sql).n:
            yield code
