"""Actors: people of the company, the system and the import."""

from sqlmodel import Field, SQLModel


class Actor(SQLModel, table=True):
    """Who makes moves. ``roles`` are those of H3, separated by blanks; ``boss`` is a handle."""

    id: int | None = Field(default=None, primary_key=True)
    handle: str = Field(unique=True)
    roles: str
    department: str | None = None
    boss: str | None = None
    locale: str = "zh_CN"
    email: str | None = None
