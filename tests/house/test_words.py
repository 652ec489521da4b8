"""House rule: every refusal, message and mail that the code names has its words, and is given what they ask for."""

import ast
import re
from collections.abc import Iterator

from locales.translation import DEFAULT, catalogue
from statemachines.kinds import lifecycles
from tests.house.sources import ROOMS, called_name, sources, texts
from tests.reports.test_translation import placeholders


def pattern(node: ast.AST | None) -> str | None:
    """A template literal's key as a pattern, each hole one word: ``mail.{template}.body``."""
    if not isinstance(node, ast.JoinedStr):
        return None
    return "".join(re.escape(str(one.value)) if isinstance(one, ast.Constant) else r"[\w-]+" for one in node.values)


def calls(name: str, *rooms: str) -> Iterator[tuple[str, ast.Call]]:
    for source in sources(*rooms):
        for node in source.nodes:
            if isinstance(node, ast.Call) and called_name(node) == name:
                yield source.at(node, ""), node


def given(call: ast.Call) -> set[str] | None:
    """The names of what a call hands over, if all are in sight."""
    names = {keyword.arg for keyword in call.keywords}
    return None if None in names else {name for name in names if name is not None}


def said(room: str) -> Iterator[tuple[str, ast.Call, str, ast.AST]]:
    """Each ``translate(locale, key)`` and ``self.translate(key)`` of a room: place, call, prefix of the keys, key."""
    for place, call in calls("translate", room):
        if isinstance(call.func, ast.Attribute):
            yield place, call, "report.", call.args[0]
        else:
            yield place, call, "", call.args[1]


def test_every_refusal_has_its_words():
    found = [(place, code) for place, call in calls("Refused", *ROOMS) for code in texts(call.args[0])]
    assert len(found) > 30
    assert [f"{place}{code}" for place, code in found if f"refused.{code}" not in catalogue(DEFAULT)] == []


def test_a_refusal_asks_for_no_more_than_it_is_given():
    words = catalogue(DEFAULT)
    for place, call in calls("Refused", *ROOMS):
        names = given(call)
        for code in texts(call.args[0]):
            asked = placeholders(words.get(f"refused.{code}", ""))
            assert names is None or asked <= names, f"{place}{code}"


def test_every_message_of_the_flows_exists_and_is_given_what_it_asks_for():
    words, found = catalogue(DEFAULT), 0
    for place, call, prefix, node in said("flows"):
        for key in texts(node):
            found += 1
            assert prefix + key in words, f"{place}{prefix}{key}"
            names = given(call)
            assert names is None or placeholders(words[prefix + key]) <= names, f"{place}{prefix}{key}"
    assert found > 20


def test_every_template_literal_of_the_flows_finds_a_message():
    found = [(place, re.escape(prefix) + one) for place, _, prefix, node in said("flows") if (one := pattern(node))]
    assert found
    for place, one in found:
        assert any(re.fullmatch(one, key) for key in catalogue(DEFAULT)), f"{place}{one}"


def letters() -> Iterator[tuple[str, str, set[str] | None]]:
    """Every mail with its template: where it is sent, and what it is given; what ``send`` adds to it itself."""
    for function, at in (("send", 2), ("write", 4)):
        for place, call in calls(function, "flows"):
            names, more = given(call), set[str]()
            if function == "send":
                more = {"number"} if "CUSTOMER" in map(ast.unparse, call.args) else {"number", "page"}
            for name in texts(call.args[at]) if len(call.args) > at else ():
                yield place, name, None if names is None else names | more
    for kind, table in lifecycles().items():
        for row in table.moves:
            if row.speaks is None:
                continue
            yield f"{kind}.{row.name}: ", row.speaks.template, {"number", "text", *row.speaks.fields}


def test_every_mail_has_its_words_and_is_given_what_they_ask_for():
    words = catalogue(DEFAULT)
    assert {"acknowledged", "order_confirmed", "dead"} <= {name for _, name, _ in letters()}
    assert {"order_progress", "customer_message", "report_dismissed"} <= {name for _, name, _ in letters()}
    for place, name, names in letters():
        for key in (f"mail.{name}.subject", f"mail.{name}.body"):
            assert key in words, f"{place}{key}"
            assert names is None or placeholders(words[key]) <= names, f"{place}{key}"
