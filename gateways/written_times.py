"""Read dates and times as people write them in Chinese, or with the year first: 2026年3月1日 下午3:05, 2026/3/1.

Only what has one reading is read: the year comes first, and a half of the day agrees with its hour.
"""

import re
from datetime import UTC, datetime, timedelta, timezone

_WIDE = str.maketrans("０１２３４５６７８９：／－．＋　", "0123456789:/-.+ ")
_DIGITS = {sign: value for value, signs in enumerate(("〇零○", *"一二三四五六七八九")) for sign in signs}
_NUMBER = r"(?:\d{1,4}|[〇零○一二三四五六七八九十百]{1,6})"
_HALF = r"上午|下午|凌晨|清晨|早晨|早上|中午|傍晚|晚上|[ap]\.?m\.?"
_DATE = (
    rf"(?P<era>民國|民国)?\s*(?P<y>{_NUMBER})\s*年\s*(?P<m>{_NUMBER})\s*月\s*(?P<d>{_NUMBER})\s*[日号號]"
    r"|(?P<y2>\d{4})(?P<sep>[-/.])(?P<m2>\d{1,2})(?P=sep)(?P<d2>\d{1,2})"
)
_WEEKDAY = r"(?:\s*[（(]?(?:星期|周|週|礼拜|禮拜)(?P<weekday>[一二三四五六日天])[)）]?)?"
_WEEKDAYS = {"一": 0, "二": 1, "三": 2, "四": 3, "五": 4, "六": 5, "日": 6, "天": 6}
_TIME = (
    rf"(?P<half>{_HALF})?\s*(?P<hour>{_NUMBER})\s*(?::|[时時点點])\s*"
    rf"(?:(?P<minute>{_NUMBER}|半|整)\s*分?\s*(?::?\s*(?P<second>{_NUMBER})(?P<fraction>\.\d{{1,9}})?\s*秒?)?)?"
    rf"\s*(?P<half2>{_HALF})?"
)
_OFFSET = r"(?:\s*(?P<offset>Z|[+-]\d\d:?\d\d))?"
_WRITTEN = re.compile(rf"(?:{_DATE}){_WEEKDAY}(?:[ T,，]*{_TIME}{_OFFSET})?", re.IGNORECASE)
_MORNING, _AFTERNOON = (
    frozenset({"上午", "早晨", "早上", "凌晨", "清晨", "am"}),
    frozenset({"下午", "傍晚", "晚上", "pm"}),
)
_CHINESE = re.compile(r"(?:([一二三四五六七八九])百零?)?(?:([一二三四五六七八九])?(十))?([一二三四五六七八九])?")
MIDNIGHT = re.compile(r"(?<![\d:.])24:00(:00([.,]0+)?)?(?![\d:])")
"""The end of a day, which is the beginning of the next."""


def written_time(text: str) -> datetime | None:
    """Return the date or time that a text means, with its offset if it has one; None if it is none or contradictory."""
    match = _WRITTEN.fullmatch(text.translate(_WIDE).strip())
    if match is None:
        return None
    year, month, day = (_number(match[name] or match[f"{name}2"]) for name in "ymd")
    if match["era"]:
        year += 1911
    elif len(match["y"] or match["y2"]) != 4:
        return None
    hour, minute = _hour(match), _minute(match["minute"])
    second = _number(match["second"] or "0")
    micros = int(((match["fraction"] or ".")[1:] + "000000")[:6])
    if hour is None or (hour == 24 and (minute or second or micros)):
        return None
    try:
        moment = datetime(year, month, day, hour % 24, minute, second, micros, _zone(match["offset"]))
        if match["weekday"] and _WEEKDAYS[match["weekday"]] != moment.weekday():
            return None
        return moment + timedelta(days=hour // 24)
    except (ValueError, OverflowError):
        return None


def _hour(match: re.Match[str]) -> int | None:
    """Return the hour of the day, 24 for its end; None if it contradicts the half of the day."""
    hour = _number(match["hour"] or "0")
    first, last = match["half"], match["half2"]
    if first and last:
        return None
    half = (first or last or "").lower().replace(".", "")
    if not half:
        return hour if hour <= 24 else None
    if half == "中午":
        return {11: 11, 12: 12, 1: 13, 2: 14, 13: 13, 14: 14}.get(hour)
    if half in _MORNING:
        return hour % 12 if hour <= 12 else None
    if half == "晚上" and hour == 12:  # the beginning of the day, or its end
        return None
    return hour % 12 + 12 if 0 < hour < 24 else None


def _minute(text: str | None) -> int:
    return {"半": 30, "整": 0}[text] if text in {"半", "整"} else _number(text or "0")


def _number(text: str) -> int:
    """Return the value of digits, or of a Chinese number up to some hundreds. An ill-formed one is 9999."""
    if text.isdigit() and text.isascii():
        return int(text)
    if all(sign in _DIGITS for sign in text):
        return int("".join(str(_DIGITS[sign]) for sign in text))
    form = re.fullmatch(
        r"(?:([一二三四五六七八九])百零?)?(?:([一二三四五六七八九])?(十))?([一二三四五六七八九])?", text
    )
    if form is None:
        return 9999
    hundreds, tens = _DIGITS.get(form[1] or "", 0), _DIGITS.get(form[2] or "", 1) if form[3] else 0
    return 100 * hundreds + 10 * tens + _DIGITS.get(form[4] or "", 0)


def _zone(offset: str | None) -> timezone | None:
    if offset is None:
        return None
    if offset in {"Z", "z"}:
        return UTC
    sign, digits = (-1 if offset[0] == "-" else 1), offset[1:].replace(":", "")
    return timezone(sign * timedelta(hours=int(digits[:2]), minutes=int(digits[2:])))
