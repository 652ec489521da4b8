"""The address of a webhook is parsed once, and what could be read in two ways is refused."""

import pytest

from models.webhook_url import BadWebhookUrl, WebhookUrl, parse_webhook_url


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("https://Hooks.Example.com", WebhookUrl("https", "hooks.example.com", 443, "/")),
        ("https://hooks.example.com/a?b=c", WebhookUrl("https", "hooks.example.com", 443, "/a?b=c")),
        ("https://hooks.example.com:8443/a", WebhookUrl("https", "hooks.example.com", 8443, "/a")),
        ("https://[2001:4860::8888]/a", WebhookUrl("https", "2001:4860::8888", 443, "/a")),
        ("https://客诉.example/a", WebhookUrl("https", "xn--ubto43i.example", 443, "/a")),
    ],
)
def test_an_address_has_one_form(text: str, parsed: WebhookUrl):
    assert parse_webhook_url(text) == parsed
    assert parse_webhook_url(parsed.text) == parsed


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("http://hooks.example.com/", "scheme"),
        ("ftp://hooks.example.com/", "scheme"),
        ("file:///etc/passwd", "scheme"),
        ("hooks.example.com", "scheme"),
        ("https://user:secret@hooks.example.com/", "credentials"),
        ("https://hooks.example.com@evil.example/", "credentials"),
        ("https://hooks.example.com/#a", "fragment"),
        ("https://hooks.example.com:25/", "port"),
        ("https://hooks.example.com:0/", "port"),
        ("https://hooks.example.com:70000/", "not_a_url"),
        ("https://hooks.example.com\\@evil.example/", "credentials"),
        ("https://hooks.example.com\\evil/", "not_a_url"),
        ("https://hooks example.com/", "not_a_url"),
        ("https://hooks.example.com/a b", "not_a_url"),
        ("https://hooks.example.com/a\r\nX-Evil: 1", "not_a_url"),
        ("https:///path", "not_a_url"),
        ("https://[::1/", "not_a_url"),
        ("https://hooks.example.com/" + "a" * 500, "too_long"),
    ],
)
def test_what_is_no_safe_address_is_refused(text: str, why: str):
    with pytest.raises(BadWebhookUrl) as refused:
        parse_webhook_url(text)
    assert refused.value.why == why


def test_http_is_an_address_only_where_it_is_allowed():
    assert parse_webhook_url("http://hooks.example.com/", http_allowed=True).port == 80
