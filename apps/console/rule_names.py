"""What the pages call a rule: its label in the language of the reader, as its name is a code."""

from collections.abc import Callable

from apps.console.visit import Visit
from engine.rules.in_force import Sort, rules_in
from locales.translation import label
from models.columns import to_micros
from reports.indicators.indicator_text import label_of

LabelOf = Callable[[str, str], str]


def labels_of_rules(visit: Visit) -> LabelOf:
    """Return a function that gives the label of a rule by its sort and name; the name itself where it has none.

    An indicator has a label, a pack is called by its line of business, a checklist by its channel, a questionnaire by
    the kinds of cases after which it is asked.
    """
    at = to_micros(visit.at)
    with visit.store.looking() as tx:
        rules = rules_in(tx)
        indicators, questionnaires = rules.indicators(at), rules.questionnaires(at)

    def label_of_rule(sort: str, name: str) -> str:
        if sort == Sort.INDICATOR and name in indicators:
            return label_of(indicators[name], visit.locale)
        if sort == Sort.SURVEY and name in questionnaires:
            return ", ".join(label(visit.locale, "", "kind", kind) for kind in questionnaires[name].kinds)
        if sort == Sort.CHECKLIST:
            return label(visit.locale, "", "conduct_channel", name)
        return label(visit.locale, "contact", "pack", name) if sort == Sort.PACK else name

    return label_of_rule
