"""`closeloop status` says whether mail can go out, and what to do if not."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from apps.mail_health import mail_health
from engine.settings import Settings
from locales.translation import locales
from tests.gateways.test_smtp_tls import ELSEWHERE, HERE, USER, Post, post

__all__ = ["post"]
Url = Callable[[Post], str]
HEALTH: dict[str, tuple[Url, str]] = {
    "trusted": (lambda post: f"smtps://{USER}@{HERE}:{post.implicit(post.certificate(HERE))}", "there"),
    "unknown": (lambda post: f"smtps://{HERE}:{post.implicit(post.certificate(HERE, own=True))}", "certificate"),
    "plain": (lambda post: f"smtp://{ELSEWHERE}:{post.serve()}", "no_tls"),
    "login": (lambda post: f"smtp://{USER}@{HERE}:{post.serve()}", "plain_login"),
    "away": (lambda _: f"smtps://{USER}@{HERE}:9", "away"),
    "wrong": (lambda _: "http://mail.example.com", "setting"),
}


@pytest.mark.parametrize(("url", "code"), HEALTH.values(), ids=HEALTH.keys())
def test_the_mail_server_is_looked_at_without_the_password(post: Post, tmp_path: Path, url: Url, code: str):
    [health] = mail_health(Settings(home=tmp_path, smtp_url=url(post), smtp_ca=post.authorities))
    assert (health.part, health.code, health.ok) == ("mail", code, code == "there")
    assert post.received.logins == []
    texts = [health.text(locale) for locale in locales()]
    assert len(set(texts)) == 3, "a text of its own in each language"
    assert "s3cret" not in json.dumps([*texts, health.document()])


@pytest.mark.parametrize("url", [None, ""])
def test_without_a_mail_server_there_is_nothing_to_say(tmp_path: Path, url: str | None):
    assert mail_health(Settings(home=tmp_path, smtp_url=url)) == []
