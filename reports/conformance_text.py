"""Renders a conformance report as Markdown in the reader's language, and as a JSON document."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from locales.shares import share_text
from locales.translation import catalogue, label, translate
from reports.conformance_figures import Conformance, Deviation, EventReference
from reports.discovered_model import duration_diagram, span
from reports.markdown import table

ACTIVITIES = 3
"""How many of the log's activities are listed for each reason; the document lists all."""
FIGURES = (
    *("reopened_cases", "reopenings", "resolved_twice", "unprepared", "cases_after_end", "events_after_end"),
    *("rework", "self_loops", "ping_pong", "hand_backs"),
)


def document(report: Conformance) -> dict[str, Any]:
    """Return the report as a JSON document; times are in seconds."""
    return {
        "source": report.source,
        "kind": report.kind,
        "pack": report.pack,
        "bridged": report.bridged,
        "cases": report.cases,
        "events": report.events,
        "applied": report.applied,
        "ignored": report.ignored.total(),
        "refused": report.refusals,
        "inferred": report.inferred,
        "reasons": {reason: found.times for reason, found in _ranked(report.refused)},
        "ignored_reasons": dict(report.ignored.most_common()),
        "event_fitness": report.event_fitness,
        "case_fitness": report.case_fitness,
        "fitting_cases": report.fitting_cases,
        **{name: getattr(report, name) for name in FIGURES},
        "refused_words": {reason: dict(found.words.most_common()) for reason, found in _ranked(report.refused)},
        "examples": {reason: _examples(report, found) for reason, found in _ranked(report.refused)},
        "flags": {
            rule: {"events": one.times, "examples": _examples(report, one)} for rule, one in _ranked(report.flags)
        },
        "states": {
            name: {"visits": stay.visits, "median_s": stay.median / 1e6, "p90_s": stay.p90 / 1e6}
            for name, stay in report.stays.items()
        },
        "standing": dict(report.standing),
        "sla": asdict(report.sla) if report.sla else None,
        "promises": {clause: asdict(outcomes) for clause, outcomes in report.promises.items()},
        "not_judged": {clause: dict(reasons) for clause, reasons in report.not_judged.items()},
        "ways": [
            {"source": arc.source, "move": arc.move, "dest": arc.dest, "times": times}
            for arc, times in report.arcs.most_common()
        ],
    }


def _ranked(found: Mapping[str, Deviation]) -> list[tuple[str, Deviation]]:
    return sorted(found.items(), key=lambda item: (-item[1].times, item[0]))


def _examples(report: Conformance, found: Deviation) -> list[dict[str, Any]]:
    return [
        {"case": example.number or None, "source_case": report.source_ids.get(example.number), "row": example.row}
        for example in found.examples
    ]


def picture(report: Conformance, locale: str) -> str:
    """Draw the discovered process with the median sojourn times."""
    medians = {name: stay.median for name, stay in report.stays.items()}
    return duration_diagram(report.lived, medians, locale)


def render(report: Conformance, locale: str, drawn: bool = True) -> str:
    """Render the whole report, with the diagram of the discovered process if ``drawn``."""
    return "\n".join([*_lines(report, locale), *(_drawn(report, locale) if drawn else ())]) + "\n"


def _lines(report: Conformance, locale: str) -> Iterator[str]:
    yield f"# {translate(locale, 'replay.title', source=report.source)}"
    yield from ("", overview(report, locale), "")
    yield from _figures(report, locale)
    yield from _reasons(report, locale)
    yield from _flags(report, locale)
    yield from _stays(report, locale)
    yield from _promises(report, locale)
    yield from _sla(report, locale)


def _drawn(report: Conformance, locale: str) -> Iterator[str]:
    yield from (
        "",
        f"## {translate(locale, 'replay.picture')}",
        "",
        "```mermaid",
        picture(report, locale).rstrip(),
        "```",
    )


def overview(report: Conformance, locale: str) -> str:
    """Render the report in two sentences."""
    return translate(
        locale,
        "replay.bridged" if report.bridged else "replay.strict",
        cases=report.cases,
        events=report.events,
        applied=report.applied,
        ignored=report.ignored.total(),
        refused=report.refusals,
        inferred=report.inferred,
        fitness=share_text(report.applied, report.events - report.ignored.total()),
        fitting=share_text(report.fitting_cases, report.cases),
    )


def _figures(report: Conformance, locale: str) -> Iterator[str]:
    heads = (translate(locale, "replay.head.figure"), translate(locale, "replay.head.times"))
    yield from table(
        heads, [(translate(locale, f"replay.figure.{name}"), str(getattr(report, name))) for name in FIGURES]
    )


def _reasons(report: Conformance, locale: str) -> Iterator[str]:
    if report.refused:
        yield from ("", f"## {translate(locale, 'replay.refused')}", "")
        heads = tuple(translate(locale, f"replay.head.{name}") for name in ("reason", "times", "words", "examples"))
        rows = [
            (reason_text(locale, reason), str(one.times), _activities(one), _examples_text(report, one))
            for reason, one in _ranked(report.refused)
        ]
        yield from table(heads, rows)
    if report.ignored:
        yield from ("", f"## {translate(locale, 'replay.ignored')}", "")
        heads = tuple(translate(locale, f"replay.head.{name}") for name in ("reason", "times"))
        yield from table(heads, [(reason_text(locale, why), str(n)) for why, n in report.ignored.most_common()])


def reason_text(locale: str, reason: str) -> str:
    """Return why an event was refused or ignored: our reasons translated, the mapping's as written there."""
    words = translate(locale, f"replay.reason.{reason}")
    return words if f"replay.reason.{reason}" in catalogue(locale) else reason


def _activities(found: Deviation) -> str:
    more = ", …" if len(found.words) > ACTIVITIES else ""
    return ", ".join(f"{word} ×{times}" for word, times in found.words.most_common(ACTIVITIES)) + more


def _examples_text(report: Conformance, found: Deviation) -> str:
    return ", ".join(_place(report, example) for example in found.examples)


def _place(report: Conformance, example: EventReference) -> str:
    """Return an example as text: our case, its id in the source, and the row of the file."""
    if not example.number:
        return f"#{example.row}"
    source_id = report.source_ids.get(example.number)
    return f"{example.number} ({source_id}, #{example.row})" if source_id else f"{example.number} (#{example.row})"


def _flags(report: Conformance, locale: str) -> Iterator[str]:
    if report.flags:
        yield from ("", f"## {translate(locale, 'replay.flags')}", "")
        heads = tuple(translate(locale, f"replay.head.{name}") for name in ("rule", "times", "examples"))
        yield from table(
            heads,
            [
                (flag_text(locale, rule), str(one.times), _examples_text(report, one))
                for rule, one in _ranked(report.flags)
            ],
        )


def flag_text(locale: str, rule: str) -> str:
    """Return the name of a rule that an event contradicts: our rules translated, the mapping's by their names."""
    return translate(locale, f"replay.flag.{rule}") if f"replay.flag.{rule}" in catalogue(locale) else rule


def _stays(report: Conformance, locale: str) -> Iterator[str]:
    yield from ("", f"## {translate(locale, 'replay.stays')}", "")
    heads = tuple(translate(locale, f"replay.head.{name}") for name in ("state", "visits", "median", "p90", "standing"))
    yield from table(heads, [_stay(report, locale, name) for name in {**report.stays, **report.standing}])


def _stay(report: Conformance, locale: str, name: str) -> tuple[str, ...]:
    words, stay = label(locale, report.kind, "state", name), report.stays.get(name)
    times = (str(stay.visits), span(locale, stay.median), span(locale, stay.p90)) if stay else ("0", "–", "–")
    return words, *times, str(report.standing[name])


def _promises(report: Conformance, locale: str) -> Iterator[str]:
    yield from ("", f"## {translate(locale, 'replay.promises', pack=report.pack)}", "")
    sorts = ("kept", "broken", "stopped", "open", "not_judged")
    heads = tuple(translate(locale, f"replay.head.{name}") for name in ("promise", *sorts))
    rows = [
        (label(locale, report.kind, "clause", clause), *(str(getattr(one, sort)) for sort in sorts))
        for clause, one in sorted(report.promises.items())
    ]
    yield from table(heads, rows)
    reasons = sorted({reason for counted in report.not_judged.values() for reason in counted})
    if reasons:
        yield ""
    for reason in reasons:
        clauses = [
            f"{label(locale, report.kind, 'clause', clause)} {counted[reason]}"
            for clause, counted in sorted(report.not_judged.items())
            if counted[reason]
        ]
        yield f"- {translate(locale, f'replay.not_judged.{reason}', clauses=', '.join(clauses))}"


def _sla(report: Conformance, locale: str) -> Iterator[str]:
    """Yield how often the log and our timers agree whether a promise was kept."""
    sla = report.sla
    if sla is None:
        return
    yield from ("", f"## {translate(locale, 'replay.sla.title')}", "")
    names = ("kept_kept", "kept_broken", "broken_kept", "broken_broken")
    heads = (translate(locale, "replay.head.figure"), translate(locale, "replay.head.times"))
    yield from table(heads, [(translate(locale, f"replay.sla.{name}"), str(getattr(sla, name))) for name in names])
