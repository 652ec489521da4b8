"""How far a long piece of scheduled work is, as an artifact that fills up while it runs."""

from uuid import UUID

from prefect.artifacts import acreate_progress_artifact, aupdate_progress_artifact

from flows.work import Work
from locales.translation import label


class Filling:
    """A progress artifact kept under the work's own key; it is never worth the work it tells of."""

    def __init__(self, work: Work, name: str) -> None:
        self._key = f"{name}-progress"
        self._words = label(work.locale, "", "work", name)
        self._id: UUID | None = None

    async def __call__(self, percent: int) -> None:
        """Say how much is done."""
        try:
            if self._id is None:
                self._id = await acreate_progress_artifact(float(percent), key=self._key, description=self._words)
            else:
                await aupdate_progress_artifact(self._id, float(percent))
        except Exception:  # noqa: BLE001 - Prefect may go away in the middle of a night
            return
