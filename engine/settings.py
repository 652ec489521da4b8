"""Read the settings from environment variables ``CLOSELOOP_*``.

Note [Settings without pydantic-settings]: it imports asyncio, SSL and the readers of ten sources, which took every
command 60 ms of processor time. Our settings are plain values from one source, so pydantic alone validates them.
"""

import os
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, model_validator

from engine.secret import LEAST_BYTES
from engine.store import Store
from statemachines.lifecycle import Refused

PREFIX = "CLOSELOOP_"
THREADS, DASK = "threads", "dask"
TASK_RUNNERS = (THREADS, DASK)
"""The task runners over which the night's sweep can be distributed."""


class Settings(BaseModel):
    """Where the store is, the secret of its keys, the language and time zone of its messages, the default actor.

    A setting that is not given is read from the environment.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="ignore")

    home: Path = Path(".closeloop")
    database_url: str | None = None
    secret: str | None = None
    anchors: Path | None = None
    locale: str = "zh_CN"
    actor: str = ""
    cli_actors: str = "any"
    zone: str | None = None
    smtp_url: str | None = None
    smtp_ca: Path | None = None
    smtp_plain: bool = False
    mail_from: str = "closeloop@localhost"
    mail_reply_to: str | None = None
    webhook_http: bool = False
    webhook_networks: str = ""
    webhook_ca: Path | None = None
    ui_url: str | None = None
    task_runner: str = "threads"
    dask_address: str | None = None
    sweep_parts: int = 4
    public_url: str = "http://127.0.0.1:4280"
    session_idle_minutes: int = Field(default=30, ge=1, le=24 * 60)
    session_hours: int = Field(default=12, ge=1, le=24 * 7)
    oidc_issuer: str | None = None
    oidc_client_id: str | None = None
    oidc_secret_file: Path | None = None
    attachments: str | None = None
    attachment_types: str | None = None
    attachment_bytes: int = Field(default=20 * 2**20, ge=1, le=2**30)
    attachments_per_case: int = Field(default=100, ge=1, le=10_000)

    @model_validator(mode="before")
    @classmethod
    def _from_environment(cls, given: dict[str, Any]) -> dict[str, Any]:
        variables = {name: os.environ.get(PREFIX + name.upper()) for name in cls.model_fields}
        return {name: value for name, value in variables.items() if value is not None} | given

    @property
    def given_public_url(self) -> str | None:
        """Return the public address if one is set, without a stroke at its end."""
        return self.public_url.rstrip("/") if "public_url" in self.model_fields_set else None

    @property
    def portal_url(self) -> str | None:
        """Return the address of the customers' portal; None where no public address is set: letters name none then."""
        return None if self.given_public_url is None else f"{self.given_public_url}/portal"

    @property
    def session_idle(self) -> timedelta:
        """Return after how long without a request a session ends."""
        return timedelta(minutes=self.session_idle_minutes)

    @property
    def session_absolute(self) -> timedelta:
        """Return how long a session lasts at most."""
        return timedelta(hours=self.session_hours)

    @property
    def where(self) -> Path:
        """Return the home as an absolute path."""
        return self.home.expanduser().resolve()

    @property
    def url(self) -> str:
        """Return the SQLAlchemy URL: SQLite in the home by default, Postgres through psycopg 3.

        Raises ``Refused('bad_database_url')``.
        """
        if self.database_url is None:
            return f"sqlite:///{self.where / 'closeloop.db'}"
        for short in ("postgres://", "postgresql://"):
            if self.database_url.startswith(short):
                return "postgresql+psycopg://" + self.database_url.removeprefix(short)
        if not self.database_url.startswith(("sqlite:///", "postgresql+psycopg://")):
            raise Refused("bad_database_url", scheme=self.database_url.partition(":")[0])
        return self.database_url

    @property
    def on_dask(self) -> bool:
        """Return whether the night runs on Dask instead of threads. Raises ``Refused('bad_task_runner')``."""
        if self.task_runner not in TASK_RUNNERS:
            raise Refused("bad_task_runner", runner=self.task_runner, runners=list(TASK_RUNNERS))
        return self.task_runner == DASK

    def anchors_beside(self, home: Path) -> Path:
        """Return the folder to which the anchors of ``home`` are published: the setting, else a folder of the home."""
        return self.anchors.expanduser().resolve() if self.anchors is not None else home / "anchors"

    @property
    def attachments_place(self) -> Path | str:
        """Return where attached files lie: a folder, by default one of the home, or the URL of a bucket."""
        place = self.attachments or "attachments"
        return place if "://" in place else self.where / Path(place).expanduser()

    @property
    def secret_file(self) -> Path:
        """Return the file in which ``init`` stores the secret that it generated."""
        return self.where / "secret"

    def secret_bytes(self) -> bytes:
        """Return the secret, of which the store decides whether it is its own.

        Raises ``Refused('no_store')`` if neither the setting nor the file gives one, ``'weak_secret'`` if it is empty.
        """
        try:
            secret = self.secret_file.read_bytes() if self.secret is None else self.secret.encode()
        except OSError:
            raise Refused("no_store", home=str(self.where)) from None
        if not secret:
            raise Refused("weak_secret", least=LEAST_BYTES, file=str(self.secret_file))
        return secret

    def store(self, *, any_schema: bool = False, shares: bool = True) -> Store:
        """Return the store of these settings; its database is opened at first use. For the options see ``Store``."""
        anchors = self.anchors_beside(self.where)
        place = self.attachments_place
        return Store(
            self.url, self.where, self.secret_bytes(), anchors, attachments=place, any_schema=any_schema, shares=shares
        )
