"""Channels whose messages come in by signed webhooks: what ``channels.toml`` of the home and mapping files say of them.

The key that signs stands in a file of its own. A mapping names where a provider's JSON has what a contact needs.
"""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from models.contact import Channel
from models.zones import is_zone

FILE = "channels.toml"
MAPPINGS = Path(__file__).parent / "inbound_mappings"
"""The mappings that are shipped, by their names."""

Word = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]
JsonPath = Annotated[str, StringConstraints(pattern=r"^[^.\s]{1,60}(\.[^.\s]{1,60}){0,4}$")]
"""Names of nested objects, separated by dots: ``SeatUser.UserId``."""


class Sort(StrEnum):
    """What a provider sends: messages of customers, or the events of calls."""

    MESSAGE = "message"
    CALL = "call"


class CallEvent(StrEnum):
    """What happened to a call."""

    STARTED = "started"
    ENDED = "ended"
    RECORDING = "recording"


class Condition(BaseModel):
    """A condition on the JSON: ``path`` is there and, where it is given, is ``value`` as text."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: JsonPath
    value: str | None = None


class EventRule(Condition):
    """The event of a call, by the first of the rules that holds."""

    name: Literal["started", "ended", "recording"]


class InboundMapping(BaseModel):
    """Where a provider's JSON has what a contact needs; of several paths the first that is there counts.

    ``id`` names the message, or the call: of several paths all together. ``items`` is the path of a list of messages;
    a body that is a list needs none. ``time`` is ``iso``, ``unix``, ``unix_ms`` or a format of strptime, then in
    ``zone``. ``only`` names values: a message that has another one there does not concern us, such as an outgoing
    call.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    sort: Sort
    source: str
    """Where the provider's format is documented."""
    id: tuple[JsonPath, ...] = Field(min_length=1)
    sender: tuple[JsonPath, ...] = ()
    at: tuple[JsonPath, ...] = Field(min_length=1)
    time: str = "iso"
    zone: str = "Asia/Shanghai"
    text: tuple[JsonPath, ...] = ()
    customer: tuple[JsonPath, ...] = ()
    agent: tuple[JsonPath, ...] = ()
    recording: tuple[JsonPath, ...] = ()
    items: JsonPath | None = None
    only: tuple[Condition, ...] = ()
    events: tuple[EventRule, ...] = ()

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if not is_zone(self.zone):
            raise ValueError("no time zone")
        if self.sort is Sort.MESSAGE and not (self.text and self.sender):
            raise ValueError("a mapping of messages names text and sender")
        if self.sort is Sort.CALL and not (self.events and self.sender):
            raise ValueError("a mapping of calls names events and sender")
        return self


class ChannelSettings(BaseModel):
    """One channel: its name in the address, the key that signs, the mapping, and what its contacts become.

    ``mapping`` is a shipped one by name or a file relative to the home. Events of calls after the first are notes:
    ``agents`` names the member of staff for each agent of the call centre, ``acts_as`` the one for all others.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Word
    secret_file: Path
    mapping: str
    kind: Word = "complaint"
    pack: Word = "logistics"
    channel: Channel
    acts_as: str = ""
    agents: dict[str, str] = Field(default_factory=dict[str, str])
    per_minute: int = Field(default=300, ge=1, le=100_000)


class ChannelFile(BaseModel):
    """The file ``channels.toml``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    channel: tuple[ChannelSettings, ...] = ()

    @model_validator(mode="after")
    def _named_once(self) -> Self:
        names = [channel.name for channel in self.channel]
        if len(set(names)) != len(names):
            raise ValueError("two channels have one name")
        return self


def read_channels(home: Path) -> tuple[ChannelSettings, ...]:
    """Return the channels of a home; none without the file. Raises ``BadMapping`` with each fault."""
    path = home / FILE
    if not path.exists():
        return ()
    from gateways.mapping_file import load_mapping  # the evidence for encodings: only where there are channels

    return load_mapping(path, ChannelFile).channel


def read_mapping(home: Path, name: str) -> InboundMapping:
    """Return a mapping by its name or its file. Raises ``BadMapping`` with each fault."""
    from gateways.mapping_file import load_mapping

    shipped = MAPPINGS / f"{name}.toml"
    return load_mapping(shipped if name.isidentifier() and shipped.exists() else home / name, InboundMapping)
