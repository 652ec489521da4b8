"""The language that somebody chose for the pages, kept in a cookie of his browser."""

from fastapi import Request, Response

from locales.translation import locales

COOKIE = "closeloop-language"
KEPT_SECONDS = 365 * 24 * 3600
OWN_NAMES = {"zh_CN": "简体中文", "zh_TW": "繁體中文", "en": "English"}
"""What each language is called in itself."""


def chosen_language(request: Request) -> str | None:
    """Return the language of the cookie, or None where there is none that we have."""
    chosen = request.cookies.get(COOKIE)
    return chosen if chosen in locales() else None


def keep_language(response: Response, locale: str, *, secure: bool) -> None:
    """Have the browser keep the choice for a year."""
    response.set_cookie(COOKIE, locale, max_age=KEPT_SECONDS, path="/", secure=secure, httponly=True, samesite="lax")
