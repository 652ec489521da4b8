"""Words for the duty roster: posts, and the times at which nobody is on duty."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from engine.duty.gaps import Turn
from locales.translation import label, translate, when
from reports.duty_alerts import DutyAlertRow

SHOWN = 5
"""The most times that a line names."""


def department_text(locale: str, department: str) -> str:
    """Return the name of a department, or that of the whole house."""
    return label(locale, "", "department", department) if department else translate(locale, "duty.house")


def post_text(turn: Turn, locale: str) -> str:
    """Return for what somebody is on duty: the department and the level."""
    level = translate(locale, "duty.level", level=turn.level)
    return translate(locale, "duty.post", department=department_text(locale, turn.department), level=level)


def gap_lines(gaps: Sequence[Turn], locale: str) -> Iterator[str]:
    """Yield one line for each department and level of which nobody is on duty at some time."""
    by_post: dict[str, list[Turn]] = defaultdict(list)
    for gap in gaps:
        by_post[post_text(gap, locale)].append(gap)
    for post, some in by_post.items():
        times = [f"{when(gap.starts_at, '%m-%d %H:%M')}–{when(gap.ends_at, '%m-%d %H:%M')}" for gap in some[:SHOWN]]
        more = [translate(locale, "duty.more", count=len(some) - SHOWN)] if len(some) > SHOWN else []
        yield translate(locale, "report.duty_gap", post=post, times=", ".join([*times, *more]))


def alert_texts(alert: DutyAlertRow, locale: str) -> tuple[str, str, str, str]:
    """Return of an alert: the level, who was alerted, since when, and what became of it."""
    people = ", ".join(alert.people) or translate(locale, "duty.nobody_alerted")
    at = "" if alert.at is None else when(alert.at, "%m-%d %H:%M")
    answer = translate(locale, f"duty.answer.{alert.became}", handle=alert.by or "–", at=at)
    level = translate(locale, "duty.level", level=alert.level)
    return level, people, when(alert.raised_at, "%m-%d %H:%M"), answer
