"""Anchor the chain heads: sign a Merkle root over all of them, store it in a row and publish it outside the database.

Note [Steps of an anchor]: write the leaves beside the anchors; commit the row as unpublished; append the line; mark the
row as published; remove the leaves of the previous line. After a crash between two steps the next anchor finishes them.
A published row without its line is no crash: somebody cut the file.
"""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path

from engine.ledger import leaves
from engine.ledger.anchor_check import AnchorCheck, AnchorDoubt, all_stand
from engine.ledger.anchor_file import FILE, Anchored, alone, append_line, broken_line, read_lines, set_aside
from engine.ledger.anchor_stand import COLUMNS, NAMES, leaves_doubt, stand_of
from engine.ledger.journal import INIT, JOURNAL_LEAF, journal_as_found, journal_new_cases, journal_new_readings
from engine.ledger.keyed_anchors import before_the_first
from engine.ledger.last_seen import remember
from engine.ledger.signing import ensure_key, key_of, make_key, public_hex, publish_public_key
from engine.store import Store
from engine.transaction import Tx
from models.columns import to_micros

SETTLED = timedelta(minutes=1)
"""The longest that a writer may take. A row recorded earlier that is in no anchor was added afterwards."""

UNEXAMINED = frozenset({"", INIT})
"""Who begins anchors without having examined what was found: no person."""

UNPUBLISHED = f"SELECT {COLUMNS} FROM anchor WHERE line IS NOT NULL AND NOT published ORDER BY line LIMIT 1"
KEEP = f"""
INSERT INTO anchor ({COLUMNS}, published) VALUES ({", ".join(f":{name}" for name in NAMES)}, :published)
"""
LAST = f"SELECT {COLUMNS} FROM anchor WHERE line IS NOT NULL ORDER BY line DESC LIMIT 1"
CHANGED_SINCE_INIT = "SELECT 1 AS one FROM journal WHERE made_by <> :init LIMIT 1"
HAS_CASES = "SELECT 1 AS one FROM cases LIMIT 1"
PUBLISHED = "UPDATE anchor SET published = :published WHERE line = :line"


@dataclass(frozen=True, slots=True)
class Anew:
    """Who re-anchors despite findings, and why; both are published with the anchor."""

    begun_by: str
    reason: str


def published(store: Store) -> Path:
    """Return the file outside the database to which every anchor is appended."""
    return store.anchors / FILE


def last_anchored(tx: Tx) -> Anchored | None:
    """Return the last anchor as its row has it, unchecked; see ``doubts``."""
    row = tx.row(LAST)
    return Anchored(*row) if row is not None else None


def settled(tx: Tx) -> int | None:
    """Return the instant before which nothing is recorded any more, in microseconds; None without an anchor."""
    last = last_anchored(tx)
    return None if last is None else _settled(last)


def doubts(store: Store) -> list[AnchorDoubt]:
    """Return what does not agree between the file of anchors, their rows and the chains now."""
    place = store.anchors
    with alone(place, reading=True), store.looking() as tx:
        tx.lenient = True
        stand = stand_of(tx, store, place)
        findings = [AnchorDoubt("", 0, what) for what in stand.doubts]
        if stand.last is not None and stand.leaves_hold:
            check = AnchorCheck(tx, _settled(stand.last))
            for _ in check.heads(leaves.read_leaves(place, stand.last.line)):
                pass  # walking the heads collects the findings
            findings += check.doubts
        return findings


def anchored_entry(store: Store) -> int:
    """Return the number of the journal's entry that was anchored last; 0 if none was or the leaves are unreadable."""
    place = store.anchors
    try:
        leaf = next(leaves.read_leaves(place, read_lines(place)[-1].line), None)
    except (OSError, ValueError, IndexError):
        return 0
    return leaf.seq if leaf is not None and leaf.number == JOURNAL_LEAF else 0


def anchor(store: Store, now: datetime, anew: Anew | None = None) -> Anchored | None:
    """Anchor the heads and publish the root. Return None if nothing changed since the last anchor.

    Without the private key, or while ``doubts`` finds anything, nothing is anchored: the finding must stay visible
    until a person has examined it and re-anchors (``anew``).
    """
    place = store.anchors
    with alone(place):
        ensure_key(store.home, place)
        _finish(store, place)
        if anew is not None and key_of(store.home) is None:
            make_key(store.home, place)
        if key_of(store.home) is not None:
            with store.writing() as tx:
                journal_new_readings(tx, to_micros(now))
                journal_new_cases(tx, to_micros(now))
                if anew is not None and anew.begun_by not in UNEXAMINED:
                    journal_as_found(tx, anew.begun_by, to_micros(now))
        made = _made(store, place, to_micros(now), anew)
        if made is not None:
            with store.writing() as tx:
                tx.run(KEEP, **asdict(made), published=False)
            _publish(store, place, made)
        return made


def first_anchor(store: Store, now: datetime) -> Anchored | None:
    """Anchor a store that was just made, or brought from a release without anchors; return None for any other one.

    A store that has been worked on since ``init`` should have its anchors: that they are gone is for a person to see.
    If the store holds cases, the anchor says that it is the first one over them.
    """
    with alone(store.anchors):
        _finish(store, store.anchors)
    with store.looking() as tx:
        stand = stand_of(tx, store, store.anchors)
        if stand.doubts != ["anchor_none"] or tx.row(CHANGED_SINCE_INIT, init=INIT) is not None:
            return None
        has_cases = tx.row(HAS_CASES) is not None
    if key_of(store.home) is None:
        return None
    return anchor(store, now, Anew(INIT, "the first anchor of a store that had none") if has_cases else Anew("", ""))


def _made(store: Store, place: Path, at: int, anew: Anew | None) -> Anchored | None:
    unfinished = place / "leaves.part"
    key = key_of(store.home)
    with store.looking() as tx:
        if anew is None and _nothing_moved(tx, place):
            return None
        stand = stand_of(tx, store, place)
        if key is None or (stand.doubts and anew is None):
            return None
        last = stand.last if anew is None else None
        survey = AnchorCheck(tx, _settled(last) if last else 0)
        known = leaves.read_leaves(place, last.line) if last else ()
        tree = leaves.write_leaves(survey.heads(known), unfinished)
    root = tree.root().hex()
    if anew is None and (survey.doubts or (last is not None and root == last.root)):
        unfinished.unlink()
        return None
    if "anchor_file" in stand.doubts and not stand.lines and published(store).exists():
        set_aside(place, at)
    leaves.name_leaves(place, unfinished, stand.top + 1)
    before = stand.last.hash if stand.last else before_the_first(store.home)
    reason = asdict(anew) if anew is not None else {}
    cases = tree.count - survey.journal_leaves
    return Anchored(stand.top + 1, at, cases, root, before, "", **reason).signed_by(key)


def _nothing_moved(tx: Tx, place: Path) -> bool:
    """Return whether every head is a leaf of the last published line, and every leaf a head.

    Then nothing is to be anchored: either that line has the root over them, or it is in doubt.
    """
    try:
        last = read_lines(place)[-1]
        return all_stand(tx, leaves.read_leaves(place, last.line), _settled(last))
    except (OSError, ValueError, IndexError):
        return False


def _publish(store: Store, place: Path, made: Anchored) -> None:
    append_line(place, made)
    if (key := key_of(store.home)) is not None and public_hex(key) == made.key:
        publish_public_key(key, place)
    remember(store.home, made)
    _mark(store, made)
    leaves.forget_leaves(place, but=made.line)


def _mark(store: Store, made: Anchored) -> None:
    with store.writing() as tx:
        tx.run(PUBLISHED, line=made.line, published=True)


def _finish(store: Store, place: Path) -> None:
    """Finish an anchor that a crash interrupted. See Note [Steps of an anchor]."""
    with store.looking() as tx:
        row = tx.row(UNPUBLISHED)
    if row is None:
        return
    left = Anchored(*row)
    try:
        lines = read_lines(place)
        if left in lines:
            remember(store.home, left)
            _mark(store, left)
            leaves.forget_leaves(place, but=lines[-1].line)
        elif broken_line([*lines, left], before_the_first(store.home)) is None and leaves_doubt(place, left) is None:
            _publish(store, place, left)
    except (OSError, ValueError):
        return


def _settled(last: Anchored) -> int:
    return last.at - SETTLED // timedelta(microseconds=1)
