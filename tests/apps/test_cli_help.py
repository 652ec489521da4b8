"""Help, and what is said of wrong arguments, is in the reader's language."""

import pytest

from tests.apps.conftest import Closeloop

HELP = {
    "en": ("Usage: closeloop survey publish FILE [OPTIONS]", "Why it is published.", "[required]"),
    "zh_CN": ("用法： closeloop survey publish FILE [选项]", "发布原因。", "[必填]"),
    "zh_TW": ("用法： closeloop survey publish FILE [選項]", "發布原因。", "[必填]"),
}
WRONG = {
    "en": (
        "--limit: must be a whole number in digits",
        "There is no command “nosuch”.",
        "NUMBER is missing.",
        "--level: must be",
    ),
    "zh_CN": ("--limit：须为整数，请用数字书写", "没有命令“nosuch”。", "缺少 NUMBER。", "--level：不得大于 3。"),
    "zh_TW": ("--limit：須為整數，請用數字書寫", "沒有命令「nosuch」。", "缺少 NUMBER。", "--level：不得大於 3。"),
}
ARGUMENTS = (("case", "list", "--limit", "many"), ("case", "nosuch"), ("case", "do"), ("case", "list", "--level", "9"))


@pytest.mark.parametrize("locale", HELP)
def test_the_help_of_a_command_is_in_the_readers_language(closeloop: Closeloop, locale: str):
    closeloop.patch.setenv("CLOSELOOP_LOCALE", locale)
    result = closeloop("survey", "publish", "--help")
    assert result.code == 0
    for text in HELP[locale]:
        assert text in result.output


def test_a_group_and_the_program_list_their_commands(closeloop: Closeloop):
    closeloop.patch.setenv("CLOSELOOP_LOCALE", "zh_CN")
    assert "一个工单的全部操作，以及说过的话。" in closeloop("case").output
    for arguments in ((), ("--help",)):
        output = closeloop(*arguments).output
        assert "客诉与服务单的闭环处理。" in output
        assert "import-bounces" in output


def test_a_parameter_shows_what_it_may_hold_and_what_holds_without_it(closeloop: Closeloop):
    output = closeloop("case", "open", "--help").output
    assert "hotline | mail | website" in output
    assert "[default: hotline]" in output
    assert "violation (report)" in output


@pytest.mark.parametrize("locale", WRONG)
def test_wrong_arguments_are_named_in_the_readers_language(closeloop: Closeloop, locale: str):
    closeloop.patch.setenv("CLOSELOOP_LOCALE", locale)
    for arguments, text in zip(ARGUMENTS, WRONG[locale], strict=True):
        result = closeloop(*arguments)
        assert (result.code, result.out) == (2, "")
        assert text in result.err
        assert closeloop(*arguments, "--json").document["refused"]["text"].startswith(text[:8])


@pytest.mark.parametrize(
    ("locale", "text"),
    [("en", "phone: is too long: at most 500 characters"), ("zh_CN", "phone: 过长，最多 500 个字符")],
)
def test_a_contact_that_cannot_be_is_refused_in_the_readers_language(
    closeloop: Closeloop, simulated: object, locale: str, text: str
):
    closeloop.patch.setenv("CLOSELOOP_LOCALE", locale)
    refused = closeloop.refused("case", "open", "--text", "Late.", "--phone", "9" * 600, "--as", "amy")
    assert text in refused["text"]
