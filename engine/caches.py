"""What a transaction or a store reads once: each kept value is a named field here."""

from dataclasses import dataclass, field
from typing import Any

from statemachines.roles import Role


@dataclass(frozen=True, slots=True)
class Acting:
    """An actor as a move needs him."""

    id: int
    handle: str
    roles: frozenset[Role]
    disabled_at: int | None = None
    absent_from: int | None = None
    absent_until: int | None = None
    department: str | None = None

    @property
    def person(self) -> bool:
        """Return whether duties are separated for this actor (F3): the system and an import are not people."""
        return not self.roles & {Role.SYSTEM, Role.IMPORT}

    def available(self, at: int) -> bool:
        """Return whether he can act and be asked at an instant, in microseconds."""
        return self.disabled_at is None and not self.away(at)

    def away(self, at: int) -> bool:
        """Return whether he is absent at an instant, in microseconds."""
        begun = self.absent_from is not None and self.absent_from <= at
        return begun and (self.absent_until is None or self.absent_until > at)


@dataclass(frozen=True, slots=True)
class PublishedEdition:
    """A published edition of a pack, a calendar or a questionnaire; ``effective_from`` in microseconds."""

    id: int
    sort: str
    name: str
    version: str
    content: str
    effective_from: int

    @property
    def edition(self) -> str:
        """Name and version, as a refusal names it."""
        return f"{self.name}@{self.version}"


@dataclass(slots=True)
class StoreCache:
    """What can never change in a store, kept while it is open.

    ``published`` is the id of the newest edition read so far, and all editions up to it.
    """

    published: tuple[int | None, tuple[PublishedEdition, ...]] = (None, ())
    system: Acting | None = None
    lifecycle_versions: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    """The recorded versions of lifecycles, by kind and version, that were found in the store."""
    sound_cases: dict[int, bytes] = field(default_factory=dict[int, bytes])
    """The digest with which each case was verified last without a fault, by id; see ``engine/audit/sound_cases.py``."""
    sound_entries: dict[tuple[str, int], bytes] = field(default_factory=dict[tuple[str, int], bytes])
    """The digest of each chunk of the journal that was verified without a fault, by table and the entry before it."""


@dataclass(slots=True)
class TransactionCache:
    """What is read at most once in a transaction. None means: not read yet."""

    editions: tuple[PublishedEdition, ...] | None = None
    low_water_mark: int | None = None
    written_versions: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    """The versions of lifecycles that this transaction recorded itself: they may still be undone."""
    actors: dict[str, Acting] = field(default_factory=dict[str, Acting])
    departments: frozenset[str] | None = None
    categories: set[str] = field(default_factory=set[str])
    """The categories that were found to be in force."""
    journalled: dict[tuple[str, tuple[Any, ...]], tuple[str, int]] = field(
        default_factory=dict[tuple[str, tuple[Any, ...]], tuple[str, int]]
    )
    """The rows to be journalled at the end, by table and key, and who wrote them when (microseconds)."""
    ended_ranges: set[tuple[int, ...]] = field(default_factory=set[tuple[int, ...]])
    """The ranges of cases that this transaction ends, because a person confirmed that cases of them are gone."""
