"""What the pages of a worker share, from its store to its hashes of passwords."""

from dataclasses import dataclass, fields
from typing import Any

from apps.api.figures import Figures
from apps.sandbox import SandboxCheck
from apps.web.live import Watcher
from engine.accounts.passwords import Passwords
from engine.settings import Settings
from engine.store import Store


@dataclass(frozen=True, slots=True)
class Services:
    """What routes find in ``request.app.state``."""

    store: Store
    settings: Settings
    figures: Figures
    watcher: Watcher
    sandbox: SandboxCheck
    passwords: Passwords

    def give(self, state: Any) -> None:
        """Set each of them on the state of an application."""
        for field in fields(self):
            setattr(state, field.name, getattr(self, field.name))
