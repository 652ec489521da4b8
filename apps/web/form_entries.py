"""What was typed into a page's form, as the form's model takes it."""

import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from apps.web.form_fields import Widget, widgets_of
from statemachines.form_faults import form_faults
from statemachines.form_model import Form
from statemachines.refused import Refused

FilledForm = TypeVar("FilledForm", bound=Form)


def form_values(form: type[Form], entries: Mapping[str, str], zone: ZoneInfo) -> dict[str, Any]:
    """Return what was typed as the form's model takes it: money in fen, local times with their offset.

    What cannot be read so is handed on as it was typed, for the model to refuse.
    """
    widgets = widgets_of(form)
    return {name: _read(widgets.get(name, Widget.TEXT), text.strip(), zone) for name, text in entries.items()}


def filled(form: type[FilledForm], entries: Mapping[str, str], zone: ZoneInfo) -> FilledForm:
    """Return the form that was filled in. Raises ``Refused('form')``, which names the faulty fields."""
    try:
        return form.model_validate(form_values(form, entries, zone))
    except ValidationError as error:
        raise Refused("form", move="", fields=form_faults(error)) from None


def _read(widget: Widget, text: str, zone: ZoneInfo) -> Any:
    if widget is Widget.MONEY:
        return _fen(text)
    if widget is Widget.INSTANT:
        return _instant(text, zone)
    if widget is Widget.SWITCH:
        return {"true": True, "false": False}.get(text, text)
    return text


def _fen(yuan: str) -> Any:
    """Return an amount in fen; the text itself where it is no amount in yuan with at most two decimals."""
    plain = yuan.replace(",", "").replace("，", "")
    if not re.fullmatch(r"\d{1,12}(\.\d{1,2})?", plain, re.ASCII):
        return yuan
    return int(Decimal(plain) * 100)


def _instant(text: str, zone: ZoneInfo) -> Any:
    """Return a local date and time with its offset; the text itself where it is none or has an offset already."""
    try:
        local = datetime.fromisoformat(text)
    except ValueError:
        return text
    return text if local.tzinfo is not None else local.replace(tzinfo=zone).isoformat()
