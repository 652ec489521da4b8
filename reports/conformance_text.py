"""Renders a conformance report as Markdown in the reader's language, and as a document for programs."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from locales.translation import catalogue, label, translate
from reports.conformance import Conformance, Example, Found
from reports.conformance_picture import picture, span
from reports.markdown import percent, table

WORDS = 3
"""So many of the log's words are named for each reason; the document names all."""
FIGURES = (
    *("reopened_cases", "reopenings", "resolved_twice", "unprepared", "cases_after_end", "events_after_end"),
    *("rework", "self_loops", "ping_pong"),
)


def document(told: Conformance) -> dict[str, Any]:
    """The report as programs read it; times are in seconds."""
    return {
        "source": told.source,
        "kind": told.kind,
        "pack": told.pack,
        "bridged": told.bridged,
        "cases": told.cases,
        "events": told.events,
        "applied": told.applied,
        "ignored": told.ignored.total(),
        "refused": told.refusals,
        "inferred": told.inferred,
        "reasons": {reason: found.times for reason, found in _ranked(told.refused)},
        "ignored_reasons": dict(told.ignored.most_common()),
        "event_fitness": told.event_fitness,
        "case_fitness": told.case_fitness,
        "fitting_cases": told.fitting_cases,
        **{name: getattr(told, name) for name in FIGURES},
        "refused_words": {reason: dict(found.words.most_common()) for reason, found in _ranked(told.refused)},
        "examples": {reason: _examples(found) for reason, found in _ranked(told.refused)},
        "flags": {rule: {"events": one.times, "examples": _examples(one)} for rule, one in _ranked(told.flags)},
        "states": {
            name: {"visits": stay.visits, "median_s": stay.median / 1e6, "p90_s": stay.p90 / 1e6}
            for name, stay in told.stays.items()
        },
        "standing": dict(told.standing),
        "promises": {clause: asdict(promise) for clause, promise in told.promises.items()},
        "ways": [
            {"source": way.source, "move": way.move, "dest": way.dest, "times": times}
            for way, times in told.ways.most_common()
        ],
    }


def _ranked(found: Mapping[str, Found]) -> list[tuple[str, Found]]:
    return sorted(found.items(), key=lambda item: (-item[1].times, item[0]))


def _examples(found: Found) -> list[dict[str, Any]]:
    return [{"case": one.number or None, "row": one.row} for one in found.examples]


def render(told: Conformance, locale: str, drawn: bool = True) -> str:
    """The whole report, with the picture of the process as it was lived if it is to be ``drawn``."""
    return "\n".join([*_lines(told, locale), *(_drawn(told, locale) if drawn else ())]) + "\n"


def _lines(told: Conformance, locale: str) -> Iterator[str]:
    yield f"# {translate(locale, 'replay.title', source=told.source)}"
    yield from ("", overview(told, locale), "")
    yield from _figures(told, locale)
    yield from _reasons(told, locale)
    yield from _flags(told, locale)
    yield from _stays(told, locale)
    yield from _promises(told, locale)


def _drawn(told: Conformance, locale: str) -> Iterator[str]:
    yield from (
        "",
        f"## {translate(locale, 'replay.picture')}",
        "",
        "```mermaid",
        picture(told, locale).rstrip(),
        "```",
    )


def overview(told: Conformance, locale: str) -> str:
    """The report in two sentences."""
    return translate(
        locale,
        "replay.bridged" if told.bridged else "replay.strict",
        cases=told.cases,
        events=told.events,
        applied=told.applied,
        ignored=told.ignored.total(),
        refused=told.refusals,
        inferred=told.inferred,
        fitness=percent(told.applied, told.events - told.ignored.total()),
        fitting=percent(told.fitting_cases, told.cases),
    )


def _figures(told: Conformance, locale: str) -> Iterator[str]:
    heads = (translate(locale, "replay.head.figure"), translate(locale, "replay.head.times"))
    yield from table(
        heads, [(translate(locale, f"replay.figure.{name}"), str(getattr(told, name))) for name in FIGURES]
    )


def _reasons(told: Conformance, locale: str) -> Iterator[str]:
    if told.refused:
        yield from ("", f"## {translate(locale, 'replay.refused')}", "")
        heads = tuple(translate(locale, f"replay.head.{name}") for name in ("reason", "times", "words", "examples"))
        rows = [
            (reason_words(locale, reason), str(one.times), _called(one), _seen(one))
            for reason, one in _ranked(told.refused)
        ]
        yield from table(heads, rows)
    if told.ignored:
        yield from ("", f"## {translate(locale, 'replay.ignored')}", "")
        heads = tuple(translate(locale, f"replay.head.{name}") for name in ("reason", "times"))
        yield from table(heads, [(reason_words(locale, why), str(n)) for why, n in told.ignored.most_common()])


def reason_words(locale: str, reason: str) -> str:
    """Why an event was refused or ignored: ours in words, the mapping's as it gives it."""
    words = translate(locale, f"replay.reason.{reason}")
    return words if f"replay.reason.{reason}" in catalogue(locale) else reason


def _called(found: Found) -> str:
    more = ", …" if len(found.words) > WORDS else ""
    return ", ".join(f"{word} ×{times}" for word, times in found.words.most_common(WORDS)) + more


def _seen(found: Found) -> str:
    return ", ".join(_place(one) for one in found.examples)


def _place(one: Example) -> str:
    return f"{one.number} (#{one.row})" if one.number else f"#{one.row}"


def _flags(told: Conformance, locale: str) -> Iterator[str]:
    if told.flags:
        yield from ("", f"## {translate(locale, 'replay.flags')}", "")
        heads = tuple(translate(locale, f"replay.head.{name}") for name in ("rule", "times", "examples"))
        yield from table(
            heads, [(flag_words(locale, rule), str(one.times), _seen(one)) for rule, one in _ranked(told.flags)]
        )


def flag_words(locale: str, rule: str) -> str:
    """What contradicts itself: our own rules in words, the mapping's by their names."""
    return translate(locale, f"replay.flag.{rule}") if f"replay.flag.{rule}" in catalogue(locale) else rule


def _stays(told: Conformance, locale: str) -> Iterator[str]:
    yield from ("", f"## {translate(locale, 'replay.stays')}", "")
    heads = tuple(translate(locale, f"replay.head.{name}") for name in ("state", "visits", "median", "p90", "standing"))
    yield from table(heads, [_stay(told, locale, name) for name in {**told.stays, **told.standing}])


def _stay(told: Conformance, locale: str, name: str) -> tuple[str, ...]:
    words, stay = label(locale, told.kind, "state", name), told.stays.get(name)
    times = (str(stay.visits), span(locale, stay.median), span(locale, stay.p90)) if stay else ("0", "–", "–")
    return words, *times, str(told.standing[name])


def _promises(told: Conformance, locale: str) -> Iterator[str]:
    yield from ("", f"## {translate(locale, 'replay.promises', pack=told.pack)}", "")
    sorts = ("kept", "broken", "stopped", "open")
    heads = tuple(translate(locale, f"replay.head.{name}") for name in ("promise", *sorts))
    rows = [
        (label(locale, told.kind, "clause", clause), *(str(getattr(one, sort)) for sort in sorts))
        for clause, one in sorted(told.promises.items())
    ]
    yield from table(heads, rows)
