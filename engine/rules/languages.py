"""Texts of rule files that people read: each in every language of the house."""

from collections.abc import Iterator, Mapping

from statemachines.rule_faults import Fault, rule_fault

LANGUAGES = ("zh_CN", "zh_TW", "en")


def language_faults(field: str, text: Mapping[str, str]) -> Iterator[Fault]:
    """Yield the languages in which a text is missing, and unknown languages."""
    for language in LANGUAGES:
        if language not in text:
            why = "is missing; write it in this language, too"
            yield rule_fault(f"{field}.{language}", "file.missing_language", why)
    for language in text:
        if language not in LANGUAGES:
            why = "is no language of ours ({known}); take it out"
            yield rule_fault(f"{field}.{language}", "file.unknown_language", why, known=LANGUAGES)
