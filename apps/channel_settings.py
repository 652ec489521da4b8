"""Reads the channels that the home names, with their keys and mappings, and checks that they can be used."""

from dataclasses import dataclass
from pathlib import Path

from apps.health import Health
from engine.settings import Settings
from gateways.inbound_messages import signing_key
from gateways.inbound_settings import FILE, ChannelSettings, InboundMapping, Sort, read_channels, read_mapping
from locales.translation import translate
from statemachines.kinds import lifecycles
from statemachines.refused import Refused


@dataclass(frozen=True, slots=True)
class ReadyChannel:
    """A channel with its mapping and the key that signs."""

    settings: ChannelSettings
    mapping: InboundMapping
    key: bytes


def ready_channels(home: Path, locale: str) -> dict[str, ReadyChannel]:
    """Return the channels of a home by name; none without the file. Raises ``Refused('bad_channels')``."""
    if not (home / FILE).exists():
        return {}
    from gateways.mapping_file import BadMapping  # the evidence for encodings: only where there are channels

    try:
        return {each.name: _ready(home, each) for each in read_channels(home)}
    except BadMapping as error:
        faults = [f"{each.row or 1}: {translate(locale, each.code, **each.params)}" for each in error.problems]
        raise Refused("bad_channels", file=str(error.path), problems=faults) from None


def _ready(home: Path, settings: ChannelSettings) -> ReadyChannel:
    mapping = read_mapping(home, settings.mapping)
    fault = ""
    if mapping.sort is Sort.CALL and not settings.acts_as:
        fault = "acts_as"
    elif "follow_up" not in getattr(lifecycles().get(settings.kind), "rows", {}):
        fault = "kind"
    try:
        key = signing_key((home / settings.secret_file).read_text("utf-8"))
    except (OSError, ValueError):
        key, fault = b"", "secret_file"
    if fault:
        raise Refused("bad_channels", file=str(home / FILE), problems=[f"{settings.name}: {fault}"])
    return ReadyChannel(settings, mapping, key)


def channel_health(settings: Settings) -> list[Health]:
    """Return whether the channels can be used; nothing where the home names none."""
    try:
        channels = ready_channels(settings.where, settings.locale)
    except Refused as refused:
        return [Health("channels", False, "faulty", {"problems": "; ".join(refused.params["problems"])})]
    return [Health("channels", True, "ready", {"names": ", ".join(channels)})] if channels else []
