"""Groups of staff in messengers: what the file ``groups.toml`` of the home says of them, the protocol, and a fake.

The address of a group is a secret: whoever knows it writes into the group. It stands in a file of its own and is
neither logged nor shown. ``group_robots`` sends.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal, Protocol, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

from models.mail_addresses import mail_address

FILE = "groups.toml"
log = logging.getLogger("closeloop.groups")

Word = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]
Level = Annotated[int, Field(ge=0, le=3)]


class Provider(StrEnum):
    """How a group is reached: a robot of WeCom, DingTalk or Feishu, or an address of ``apprise``."""

    WECOM = "wecom"
    DINGTALK = "dingtalk"
    FEISHU = "feishu"
    APPRISE = "apprise"


class GroupAlert(StrEnum):
    """What a group is alerted of: breaches, times without anybody on duty, failed runs and missing nights."""

    DUTY = "duty"
    GAP = "gap"
    NIGHT = "night"


class GroupSettings(BaseModel):
    """One group: how it is reached and what it gets. Empty ``departments`` or ``levels`` are all of them.

    ``address_file`` and ``secret_file`` (the key that signs, of DingTalk and Feishu) are relative to the home.
    ``fallback`` is the mail address that gets what the group does not accept.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Word
    provider: Provider
    address_file: Path
    secret_file: Path | None = None
    fallback: str
    departments: tuple[Word, ...] = ()
    levels: tuple[Level, ...] = ()
    alerts: tuple[GroupAlert, ...] = tuple(GroupAlert)
    locale: Literal["zh_CN", "zh_TW", "en"] = "zh_CN"

    @field_validator("fallback")
    @classmethod
    def _an_address(cls, text: str) -> str:
        if not mail_address(text).valid:
            raise ValueError("not one mail address")
        return text

    @model_validator(mode="after")
    def _signs(self) -> Self:
        if self.secret_file is not None and self.provider not in (Provider.DINGTALK, Provider.FEISHU):
            raise ValueError("only robots of dingtalk and feishu sign")
        return self

    def wants(self, alert: GroupAlert, department: str | None = None, level: int | None = None) -> bool:
        """Return whether the group gets such an alert; one of no department goes to groups of all departments."""
        return (
            alert in self.alerts
            and (not self.departments or department in self.departments or alert is GroupAlert.NIGHT)
            and (not self.levels or level is None or level in self.levels)
        )


class GroupFile(BaseModel):
    """The file ``groups.toml``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    group: tuple[GroupSettings, ...] = ()

    @model_validator(mode="after")
    def _named_once(self) -> Self:
        names = [group.name for group in self.group]
        if len(set(names)) != len(names):
            raise ValueError("two groups have one name")
        return self


class GroupFailed(Exception):
    """A message that a group did not accept; ``code`` says why, without any text of the provider's.

    ``busy``: the provider limits how often it is called, so a later try will help.
    """

    def __init__(self, code: str, *, busy: bool = False) -> None:
        super().__init__(code)
        self.code, self.busy = code, busy


class Groups(Protocol):
    """The groups of a house."""

    def listed(self) -> Sequence[GroupSettings]:
        """Return the groups; none where their file is faulty, for no alert waits for its repair."""
        ...

    def send(self, group: GroupSettings, subject: str, body: str, at: datetime) -> str:
        """Send a message and return the provider's answer code. Raises ``GroupFailed``."""
        ...


def read_groups(home: Path) -> tuple[GroupSettings, ...]:
    """Return the groups of a home; none without the file. Raises ``BadMapping`` with each fault."""
    path = home / FILE
    if not path.exists():
        return ()
    from gateways.mapping_file import load_mapping  # the evidence for encodings: only where there are groups

    return load_mapping(path, GroupFile).group


@dataclass
class FakeGroups:
    """Keeps messages in memory, as (group, subject, body). ``failing`` are groups that accept nothing."""

    groups: tuple[GroupSettings, ...] = ()
    sent: list[tuple[str, str, str]] = field(default_factory=list[tuple[str, str, str]])
    failing: dict[str, GroupFailed] = field(default_factory=dict[str, GroupFailed])

    def listed(self) -> Sequence[GroupSettings]:
        return self.groups

    def send(self, group: GroupSettings, subject: str, body: str, at: datetime) -> str:
        if group.name in self.failing:
            raise self.failing[group.name]
        self.sent.append((group.name, subject, body))
        return "0"
