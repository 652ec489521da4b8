"""No text from outside reaches the terminal, a letter or a page of Prefect as an escape sequence."""

import json
from io import BytesIO, StringIO, TextIOWrapper

import pytest

from apps.cli.context import cli, open_context, table
from apps.page import Page
from apps.safe_console import SafeConsole, TerminalBytes, write_out
from engine.store import Store
from gateways.mail import FakeMailer, Mail
from locales.translation import translate
from reports.markdown import table as markdown_table
from statemachines.refused import Refused
from tests.apps.conftest import Closeloop
from tests.case_actions import query_rows

TITLE = "\x1b]0;owned\x07"
"""Sets the title of the terminal's window."""
CLEAR, RED_C1, REVERSED = "\x1b[2J", "\x9b31m", "\u202egpj.exe"
EVIL = f"王{TITLE}{CLEAR}{RED_C1}{REVERSED}\u200b先生"


def is_safe(text: str) -> bool:
    return not any(character in text for character in "\x1b\x07\x9b\u202e\u200b")


def printed(*parts: object) -> str:
    out = StringIO()
    console = SafeConsole(file=out, width=200, color_system=None)
    for part in parts:
        console.print(part, markup=False) if isinstance(part, str) else console.print(part)
    return out.getvalue()


@pytest.mark.parametrize(
    "part", [EVIL, table(EVIL, [EVIL], [[EVIL]]), Page(f"# {EVIL}\n\n| {EVIL} |\n|---|\n| {EVIL} |")]
)
def test_no_part_of_an_answer_prints_an_escape(part: object):
    assert is_safe(printed(part))
    assert "先生" in printed(part)


def test_a_link_of_a_page_sets_no_title():
    out = StringIO()
    SafeConsole(file=out, force_terminal=True, width=80).print(Page(f"[here](http://example.com/{TITLE})"))
    assert "]0;owned\x07" not in out.getvalue()


def test_colours_of_our_own_stay():
    out = StringIO()
    SafeConsole(file=out, force_terminal=True, color_system="standard").print("[red]late[/]")
    assert "\x1b[31mlate" in out.getvalue()


def test_a_document_for_programs_is_escaped_and_whole(capsys: pytest.CaptureFixture[str]):
    open_context()
    cli.as_json = True
    cli.give({"name": EVIL, "half": "\udc80"})
    out = capsys.readouterr().out
    assert is_safe(out)
    assert json.loads(out) == {"name": EVIL, "half": "\udc80"}


@pytest.mark.parametrize("as_json", [True, False])
def test_a_refusal_quotes_nothing_unsafe(as_json: bool, capsys: pytest.CaptureFixture[str]):
    open_context()
    cli.as_json = as_json
    cli.refuse(Refused("unknown_actor", handle=EVIL, problems=[EVIL]))
    captured = capsys.readouterr()
    assert is_safe(captured.out + captured.err)


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def test_a_document_is_printable_on_a_terminal_and_whole_in_a_file(monkeypatch: pytest.MonkeyPatch):
    for out, whole in ((Terminal(), False), (StringIO(), True)):
        monkeypatch.setattr("sys.stdout", out)
        write_out(f"# {EVIL}")
        assert is_safe(out.getvalue()) is not whole


def test_bytes_for_a_terminal_may_be_cut_within_a_character():
    terminal = TextIOWrapper(BytesIO(), "utf-8", write_through=True)
    target = TerminalBytes(terminal)
    for byte in f"客诉{EVIL}".encode():
        target.write(bytes([byte]))
    shown = terminal.buffer.getvalue().decode()  # pyright: ignore[reportAttributeAccessIssue] it is a BytesIO
    assert shown.startswith("客诉王")
    assert is_safe(shown)


def test_a_letter_holds_no_escape_and_its_subject_no_line_end():
    mailer = FakeMailer()
    mailer.send(Mail("k:1", "wang@example.com", f"Re: {EVIL}\r\nBcc: all@example.com", f"Dear {EVIL}\r\n"))
    [mail] = mailer.sent
    assert is_safe(mail.subject + mail.body)
    assert "\n" not in mail.subject


@pytest.mark.parametrize("locale", ["zh_CN", "zh_TW", "en"])
def test_a_message_makes_its_parameters_printable(locale: str):
    assert is_safe(translate(locale, "refused.unknown_actor", handle=EVIL))


def test_a_cell_of_a_page_is_one_line():
    lines = list(markdown_table(["who"], [[f"{EVIL}\n| forged | row |"]]))
    assert len(lines) == 3
    assert is_safe(lines[2])


def test_a_case_is_shown_safely_and_its_text_is_kept_as_the_customer_wrote_it(closeloop: Closeloop, simulated: Store):
    text = f"The box was {EVIL} open."
    number = closeloop.json("case", "open", "--text", text, "--as", "amy")["case"]
    shown, document = closeloop("case", "show", number, "--as", "amy"), closeloop("case", "show", number, "--json")
    assert is_safe(shown.out + shown.err + document.out)
    [row] = query_rows(simulated, "SELECT content FROM statement WHERE field = 'text'")
    assert row["content"] == text
