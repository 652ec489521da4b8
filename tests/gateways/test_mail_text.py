"""Of a mail the sender's own words are kept; what he quotes is folded away."""

import pytest

from gateways.mail_text import own_words, text_of_html

QUOTES = {
    "Apple and Gmail": "On Tue, 3 Nov 2026 at 10:02, Service <s@example.com> wrote:\n\n> Hello",
    "wrapped": "On Tue, 3 Nov 2026 at 10:02, Service\n<s@example.com> wrote:\n\n> Hello",
    "German": "Am 03.11.2026 um 10:02 schrieb Service <s@example.com>:\n\n> Hallo",
    "Gmail, simplified": "在 2026年11月3日，上午10:02，顺通客服 <s@example.com> 写道：\n\n> 您好",
    "Gmail, traditional": "客服 <s@example.com> 於 2026年11月3日 週二 上午10:02寫道：\n\n> 您好",
    "QQ": '------------------ 原始邮件 ------------------\n发件人: "客服" <s@example.com>;\n您好',
    "163": "---- 回复的原邮件 ----\n| 发件人 | 客服 |\n您好",
    "Outlook": "From: Service <s@example.com>\nSent: Tuesday\nTo: Wang\nSubject: Your complaint\n\nHello",
    "Outlook, Chinese": "发件人: 客服\n发送时间: 2026年11月3日\n收件人: 王\n主题: 投诉\n\n您好",
    "a line": "________________________________\nFrom: Service\nHello",
    "forwarded": "-----Original Message-----\nHello",
    "signature": "-- \nWang, Example Ltd.",
    "marked": "> Hello\n> there",
}


@pytest.mark.parametrize("quote", QUOTES.values(), ids=QUOTES)
def test_what_is_quoted_is_folded_away(quote: str):
    assert own_words(f"还是没到。\nStill nothing.\n\n{quote}\n") == "还是没到。\nStill nothing."


@pytest.mark.parametrize(
    "text",
    [
        "On Monday I wrote to you: nothing happened.",
        "From: Shanghai\nit never left.",
        "我写道：没有到。然后呢",
        "- one\n- two",
        "The driver said -- I swear -- that it was broken.",
    ],
)
def test_words_that_only_look_like_a_quote_stay(text: str):
    assert own_words(text) == text


def test_answers_between_quoted_lines_stay_without_them():
    assert own_words("> Which day?\nSunday.\n> Which door?\nThe back door.") == "Sunday.\nThe back door."


def test_a_mail_that_only_forwards_keeps_its_text():
    text = "-----Original Message-----\nMy box is broken."
    assert own_words(text) == text


@pytest.mark.parametrize(
    "bad", ["On " * 300_000, "> " * 300_000, "-" * 300_000, "From: a\n" * 50_000, "-- \n" * 100_000]
)
def test_a_text_that_is_made_to_cost_time_is_read(bad: str):
    assert len(own_words(bad)) <= len(bad)


@pytest.mark.parametrize("tag", ["<div>", "<x>", "<blockquote>", "<table><tr><td>"])
def test_html_that_is_nested_too_deep_is_refused_at_once(tag: str):
    with pytest.raises(ValueError, match="too deep"):
        text_of_html(tag * 200_000)


@pytest.mark.parametrize("tag", ["<p>a", "<li>a", "<br>", "<div>a</div>", "<!--", "&amp;", "<", "<img src=x>"])
def test_html_that_is_long_and_flat_is_read(tag: str):
    assert len(text_of_html(tag * 50_000)) <= len(tag) * 50_000


def test_html_becomes_lines_of_text():
    assert text_of_html("<div>5 &lt; 6</div><ul><li>a</li><li>b</li></ul><style>p{}</style>") == "5 < 6\na\nb"
