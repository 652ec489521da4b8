"""The life as lived: every change of state is counted once, and the diagram shows the most travelled ways."""

import pytest

from engine.store import Store
from locales.translation import locales
from reports import discovered_model
from reports.discovered_model import Arc, DiscoveredModel
from statemachines.kinds import lifecycle_of
from tests.case_actions import DAY, HOUR, START, make_move, new_case, new_resolved_case, query_rows
from tests.flows.scenes import DAMAGE

pytestmark = pytest.mark.requirement("I1")


def told(store: Store, days: int = 7) -> tuple[DiscoveredModel, ...]:
    with store.looking() as tx:
        return discovered_model.discover(tx, START + DAY * (days - 7) - HOUR, START + DAY * days)


def test_every_way_is_counted_as_often_as_it_was_gone(store: Store):
    new_case(store, text=DAMAGE)
    new_resolved_case(store, HOUR)
    reopened = new_resolved_case(store, HOUR * 2)
    make_move(store, reopened, "tell_result", after=HOUR * 3, opinion="rejected")
    [one] = told(store)
    assert one.arcs == {
        Arc("", "received", "open"): 3,
        Arc("received", "classified", "classify"): 2,
        Arc("classified", "investigated", "investigate"): 2,
        Arc("investigated", "resolved", "resolve"): 2,
        Arc("resolved", "investigated", "tell_result"): 1,
    }
    assert one.standing == {"received": 1, "resolved": 1, "investigated": 1}
    moved = query_rows(store, "SELECT count(*) AS n FROM transition WHERE source <> dest OR move = 'open'")
    assert one.arcs.total() == moved[0]["n"]


def test_what_happened_before_is_not_counted(store: Store):
    new_case(store, text=DAMAGE)
    assert told(store, days=14) == ()
    [one] = told(store, days=7)
    assert one.arcs.total() == 1


def test_the_diagram_names_states_and_ways_with_their_counts(store: Store):
    number = new_resolved_case(store)
    make_move(store, number, "tell_result", after=HOUR, opinion="rejected")
    [one] = told(store)
    drawn = discovered_model.mermaid(one, "zh_CN")
    assert drawn.startswith("stateDiagram-v2\n")
    assert '    state "已查明·待处理 (1)" as investigated\n' in drawn
    assert "    [*] --> received: 受理 1\n" in drawn
    assert "    resolved --> investigated: 告知结果并征求意见 1 ↻\n" in drawn
    states = [line.split()[-1] for line in drawn.splitlines() if line.startswith("    state ")]
    ends = {end for line in drawn.splitlines() if "-->" in line for end in line.split(":")[0].split() if end != "-->"}
    assert ends - {"[*]"} <= set(states), "no way leads to a state without a name"


def test_only_the_most_travelled_ways_are_drawn():
    table = lifecycle_of("complaint")
    pairs = [(row.name, source, row.dest) for row in table.moves if row.dest for source in row.sources]
    ways = {Arc(source, dest, move): n for n, (move, source, dest) in enumerate(pairs, start=1)}
    one = DiscoveredModel("complaint", discovered_model.Counter(ways), discovered_model.Counter())
    counts = [count for _, count in discovered_model.shown(one)]
    assert len(ways) > discovered_model.MAX_ARCS
    assert counts == sorted(ways.values(), reverse=True)[: discovered_model.MAX_ARCS]
    assert discovered_model.left_out(one) == (len(ways) - discovered_model.MAX_ARCS, sum(ways.values()) - sum(counts))
    drawn = discovered_model.mermaid(one, "en")
    arrows = [line.split(": ", 1) for line in drawn.splitlines() if "-->" in line]
    assert len(dict(arrows)) == len(arrows), "two states have one arrow between them, whatever the moves"
    assert sum(words.count(", ") + 1 for _, words in arrows) == discovered_model.MAX_ARCS


def test_a_section_is_all_words_in_every_language(store: Store):
    new_resolved_case(store)
    for locale in locales():
        text = "\n".join(discovered_model.section(told(store), locale))
        assert text.count("```mermaid") == 1
        assert "lived." not in text
        assert "{" not in text


def test_a_quiet_week_draws_nothing(store: Store):
    assert list(discovered_model.section(told(store), "en")) == []
