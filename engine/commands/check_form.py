"""Checks a form against what the store knows of what it names: people, departments, categories, cases, instants."""

from collections.abc import Collection, Mapping

import orjson

from engine.actors import NOBODY, Acting, refuse_unavailable
from engine.commands.case_context import CaseContext
from engine.commands.certificates import required_certificate
from engine.commands.form_facts import FormFacts, Named, Recorded
from engine.commands.form_names import NO_NAMES, Names, names_in
from engine.departments import refuse_unknown_department
from engine.entry_checks import SHOWN, check_actor
from engine.ledger.record import CaseRow
from models.columns import to_micros
from statemachines.form_model import ON_CASE, PAST, Form, marked, value_of
from statemachines.forms import AGREED
from statemachines.kinds import lifecycles
from statemachines.lifecycle import Refused


def check_form(context: CaseContext, move: str, form: Form, facts: FormFacts, *, history: bool) -> None:
    """Refuse a form that comes late, reports the future, or names what is not there, in this order.

    Raises ``Refused('superseded' | 'not_yet')`` and what ``check_named`` raises.
    """
    _refuse_superseded(context, move, form, facts.recorded)
    _refuse_future(context, move, form)
    check_named(context, form, facts.named, history=history)


def check_named(context: CaseContext, form: Form, named: Named, *, history: bool) -> None:
    """Check departments, categories, people, kinds and cases that a form names.

    Whoever is to have the work must be a person who is there now and who belongs to the department that has the case,
    if he belongs to any; the department and the category must be of this house. In history the owners may have left,
    and the departments and categories may be another house's. Raises ``Refused('unknown_department' |
    'unknown_category' | 'unknown_actor' | 'not_a_person' | 'actor_disabled' | 'actor_absent' | 'owner_elsewhere' |
    'uncertified' | 'unknown_kind' | 'unknown_case' | 'not_mergeable' | 'no_consent')``.
    """
    names = names_in(form)
    if names is NO_NAMES:
        return
    if not history:
        for code in names.departments:
            refuse_unknown_department(code, named.departments)
        _refuse_unknown_categories(names, named.unknown_categories)
    _check_people(context, value_of(form, "department") or context.case.department, names, named, history=history)
    _refuse_unknown_kinds(names)
    _check_cases(context.case, names, named, history=history)


def _refuse_superseded(context: CaseContext, move: str, form: Form, recorded: Recorded) -> None:
    """Refuse an automatic step that would overwrite what a person has put on the case meanwhile (B10)."""
    if not recorded.later_moves:
        return
    columns = {name for name in marked(type(form), ON_CASE) if getattr(form, name) is not None}
    for row in recorded.later_moves:
        if row.handle in NOBODY:
            continue
        decided = columns & set(context.table.resolved_form(row.move, orjson.loads(row.form)))
        if decided:
            raise Refused("superseded", move=move, number=context.case.number, by=row.handle, fields=sorted(decided))


def _refuse_future(context: CaseContext, move: str, form: Form) -> None:
    """Refuse a form that reports something as of an instant that has not come."""
    for name in marked(type(form), PAST):
        if (value := getattr(form, name)) is not None and to_micros(value) > context.now:
            raise Refused("not_yet", move=move, field=name)


def _refuse_unknown_categories(names: Names, unknown: Mapping[str, list[str]]) -> None:
    for code in (*names.categories, *names.borne_categories) if unknown else ():
        if code in unknown:
            raise Refused("unknown_category", category=code[:SHOWN], near=unknown[code])


def _check_people(context: CaseContext, department: str | None, names: Names, named: Named, *, history: bool) -> None:
    """Check whom the form names; ``department`` is the one that has the case after the move."""
    for handle, owns, works in names.people:
        check_actor(handle)
        person = named.people.get(handle)
        if person is None:
            raise Refused("unknown_actor", handle=handle)
        if not history and (owns or works):
            _check_worker(person, department, context.now)
        if not history and owns:
            _refuse_uncertified(context, handle, named.certified)


def _check_worker(person: Acting, department: str | None, at: int) -> None:
    """Refuse somebody who cannot have the work of a department (B10)."""
    if not person.person:
        raise Refused("not_a_person", handle=person.handle)
    refuse_unavailable(person, at)
    if department is not None and person.department not in {None, department}:
        raise Refused("owner_elsewhere", handle=person.handle, theirs=person.department, department=department)


def _refuse_uncertified(context: CaseContext, handle: str, certified: Collection[str]) -> None:
    """Refuse to give a customer's case to somebody without the certificate that the pack asks for (J1)."""
    course = required_certificate(context.pack)
    if course is not None and not context.table.internal and handle not in certified:
        raise Refused("uncertified", handle=handle, course=course, pack=context.pack.edition)


def _refuse_unknown_kinds(names: Names) -> None:
    for kind in names.kinds:
        known = [name for name, table in lifecycles().items() if not table.internal]
        if kind not in known:
            raise Refused("unknown_kind", kind=kind, known=known)


def _check_cases(case: CaseRow, names: Names, named: Named, *, history: bool) -> None:
    """Check the cases that a form names; what was open in history may have ended since."""
    for number in names.open_cases:
        other = _known_case(number, named.cases)
        if (other.closed and not history) or other.id == case.id or other.kind != case.kind:
            raise Refused("not_mergeable", number=other.number, kind=case.kind)
    for number in () if history else names.own_cases:
        _refuse_without_consent(case, number, named.customers)
    for number in names.known_cases:
        _known_case(number, named.cases)


def _known_case(number: str, cases: Mapping[str, CaseRow]) -> CaseRow:
    if number not in cases:
        raise Refused("unknown_case", number=number[:SHOWN])
    return cases[number]


def _refuse_without_consent(case: CaseRow, into: str, customers: Mapping[str, int | None]) -> None:
    """Refuse to hand a customer's matter to the case of another one, unless he agreed to it (A6)."""
    theirs = customers[case.number] is not None and customers[case.number] != customers[into]
    if theirs and orjson.loads(case.variables).get(AGREED) != into:
        raise Refused("no_consent", number=case.number, into=into)
