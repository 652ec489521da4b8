"""The discovered model: every change of state is counted once, and the diagram shows the most frequent arcs."""

import pytest

from engine.store import Store
from locales.translation import locales
from reports import discovered_model
from reports.discovered_model import Arc, DiscoveredModel
from statemachines.kinds import lifecycle_of
from tests.case_actions import DAY, HOUR, START, make_move, new_case, new_resolved_case, query_rows
from tests.flows.scenes import DAMAGE

pytestmark = pytest.mark.requirement("I1")


def models(store: Store, days: int = 7) -> tuple[DiscoveredModel, ...]:
    """Discover the models of a week that ends so many days after ``START``."""
    with store.looking() as tx:
        return discovered_model.discover(tx, START + DAY * (days - 7) - HOUR, START + DAY * days)


def test_every_arc_is_counted_as_often_as_it_was_made(store: Store):
    new_case(store, text=DAMAGE)
    new_resolved_case(store, HOUR)
    reopened = new_resolved_case(store, HOUR * 2)
    make_move(store, reopened, "tell_result", after=HOUR * 3, opinion="rejected")
    [model] = models(store)
    assert model.arcs == {
        Arc("", "received", "open"): 3,
        Arc("received", "classified", "classify"): 2,
        Arc("classified", "investigated", "investigate"): 2,
        Arc("investigated", "resolved", "resolve"): 2,
        Arc("resolved", "investigated", "tell_result"): 1,
    }
    assert model.standing == {"received": 1, "resolved": 1, "investigated": 1}
    counted = query_rows(store, "SELECT count(*) AS n FROM transition WHERE source <> dest OR move = 'open'")
    assert model.arcs.total() == counted[0]["n"]


def test_earlier_moves_are_not_counted(store: Store):
    new_case(store, text=DAMAGE)
    assert models(store, days=14) == ()
    [model] = models(store, days=7)
    assert model.arcs.total() == 1


def test_the_diagram_names_states_and_arcs_with_their_counts(store: Store):
    number = new_resolved_case(store)
    make_move(store, number, "tell_result", after=HOUR, opinion="rejected")
    [model] = models(store)
    diagram = discovered_model.mermaid(model, "zh_CN")
    assert diagram.startswith("stateDiagram-v2\n")
    assert '    state "已查明·待处理 (1)" as investigated\n' in diagram
    assert "    [*] --> received: 受理 1\n" in diagram
    assert "    resolved --> investigated: 告知结果并征求意见 1 ↻\n" in diagram
    states = [line.split()[-1] for line in diagram.splitlines() if line.startswith("    state ")]
    ends = {end for line in diagram.splitlines() if "-->" in line for end in line.split(":")[0].split() if end != "-->"}
    assert ends - {"[*]"} <= set(states), "no arc leads to a state without a name"


def test_only_the_most_frequent_arcs_are_drawn():
    table = lifecycle_of("complaint")
    pairs = [(row.name, source, row.dest) for row in table.moves if row.dest for source in row.sources]
    arcs = {Arc(source, dest, move): n for n, (move, source, dest) in enumerate(pairs, start=1)}
    model = DiscoveredModel("complaint", discovered_model.Counter(arcs), discovered_model.Counter())
    counts = [count for _, count in discovered_model.shown(model)]
    assert len(arcs) > discovered_model.MAX_ARCS
    assert counts == sorted(arcs.values(), reverse=True)[: discovered_model.MAX_ARCS]
    assert discovered_model.left_out(model) == (len(arcs) - discovered_model.MAX_ARCS, sum(arcs.values()) - sum(counts))
    diagram = discovered_model.mermaid(model, "en")
    arrows = [line.split(": ", 1) for line in diagram.splitlines() if "-->" in line]
    assert len(dict(arrows)) == len(arrows), "two states have one arrow between them, whatever the moves"
    assert sum(moves.count(", ") + 1 for _, moves in arrows) == discovered_model.MAX_ARCS


def test_a_section_is_translated_into_every_language(store: Store):
    new_resolved_case(store)
    for locale in locales():
        text = "\n".join(discovered_model.section(models(store), locale))
        assert text.count("```mermaid") == 1
        assert "lived." not in text
        assert "{" not in text


def test_a_week_without_moves_draws_nothing(store: Store):
    assert list(discovered_model.section(models(store), "en")) == []
