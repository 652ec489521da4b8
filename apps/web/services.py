"""What the pages of a worker share: its store, its settings, its figures, and the watcher of its open pages."""

from dataclasses import dataclass, fields
from typing import Any

from apps.api.figures import Figures
from apps.web.live import Watcher
from engine.settings import Settings
from engine.store import Store


@dataclass(frozen=True, slots=True)
class Services:
    """What routes find in ``request.app.state``."""

    store: Store
    settings: Settings
    figures: Figures
    watcher: Watcher

    def give(self, state: Any) -> None:
        """Set each of them on the state of an application."""
        for field in fields(self):
            setattr(state, field.name, getattr(self, field.name))
