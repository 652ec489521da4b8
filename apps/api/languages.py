"""Choose the language of an answer by ``Accept-Language``, among those that have a catalogue."""

from locales.translation import locales

TRADITIONAL = ("tw", "hk", "mo", "hant")
"""The parts of a Chinese language tag that ask for traditional characters."""
MOST_RANGES = 20
"""Later ranges of a header are not read."""


def language_of(header: str | None, default: str) -> str:
    """Return the locale that a header prefers; the default where it names none that we have (RFC 9110, 12.5.4)."""
    ranges = [_range(part) for part in (header or "").split(",")[:MOST_RANGES]]
    for _, tag in sorted((each for each in ranges if each[0] > 0), key=lambda each: -each[0]):
        if (locale := _locale(tag)) is not None:
            return locale
    return default


def content_language(locale: str) -> str:
    """Return the language tag of a locale: ``zh-CN``."""
    return locale.replace("_", "-")


def _range(part: str) -> tuple[float, str]:
    tag, _, weight = part.strip().lower().partition(";")
    name, _, value = weight.strip().partition("=")
    try:
        quality = float(value) if name.strip() == "q" else 1.0
    except ValueError:
        quality = 0.0
    return (quality if 0 <= quality <= 1 else 0.0), tag.strip()


def _locale(tag: str) -> str | None:
    language, *parts = tag.split("-")
    if language == "zh":
        return "zh_TW" if any(part in TRADITIONAL for part in parts) else "zh_CN"
    return language if language in locales() else None
