"""Keeps the contents of attachments, each under its salted digest: in a folder, or in a bucket by one setting.

Note [Salted addresses]: a content's address is SHA-256 over a salt of its own and the content. So two uploads never
share a file, the erasure of one takes nothing from another, and an address tells nobody which file it is.
"""

import contextlib
import hashlib
import re
from collections.abc import Generator, Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from engine.databases import translated
from engine.durable_file import sync_folder, write_whole
from statemachines.refused import Refused

if TYPE_CHECKING:
    from engine.store import Store

DIGEST = re.compile(r"[0-9a-f]{64}")
CLIENT: Any = {"timeout": timedelta(seconds=30)}
RETRY: Any = {"max_retries": 2, "retry_timeout": timedelta(seconds=20)}


class ContentFiles(Protocol):
    """Where the contents lie."""

    def put(self, digest: str, content: bytes) -> None:
        """Keep a content; it is durable when this returns. Raises ``Refused``."""
        ...

    def get(self, digest: str) -> bytes | None:
        """Return a content, or None where there is none. Raises ``Refused``."""
        ...

    def remove(self, digest: str) -> None:
        """Remove a content, if it is there. Raises ``Refused``."""
        ...

    def kept(self) -> Iterator[tuple[str, datetime]]:
        """Yield the digests of all contents, each with the instant at which it was written, by the place's clock."""
        ...


def salted_digest(salt: bytes, content: bytes) -> str:
    """Return the address of a content, which the record names as well. See Note [Salted addresses]."""
    return hashlib.sha256(salt + content).hexdigest()


def content_files(store: "Store") -> ContentFiles:
    """Return where the store's contents lie: a bucket where the setting is a URL, else a folder."""
    place = store.attachments
    return ObjectFiles(place) if isinstance(place, str) else FolderFiles(place)


class FolderFiles:
    """A folder of the home, with one folder for each pair of digits, for the owner of the home alone."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, digest: str, content: bytes) -> None:
        file = self._file(digest)
        try:
            for folder in (self.folder, file.parent):
                if not folder.exists():
                    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                    sync_folder(folder.parent)
            write_whole(file, content)
        except OSError as error:
            raise _refused(error, self.folder) from error

    def get(self, digest: str) -> bytes | None:
        try:
            return self._file(digest).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _refused(error, self.folder) from error

    def remove(self, digest: str) -> None:
        file = self._file(digest)
        try:
            for each in (file, file.with_name(f"{file.name}.part")):
                each.unlink(missing_ok=True)
            if file.parent.exists():
                sync_folder(file.parent)
        except OSError as error:
            raise _refused(error, self.folder) from error

    def kept(self) -> Iterator[tuple[str, datetime]]:
        for file in sorted(self.folder.glob("??/*")):
            name = file.parent.name + file.name.removesuffix(".part")
            if DIGEST.fullmatch(name):
                yield name, datetime.fromtimestamp(file.stat().st_mtime, UTC)

    def _file(self, digest: str) -> Path:
        return self.folder / digest[:2] / digest[2:]


class ObjectFiles:
    """A bucket of an S3-compatible store, through ``obstore``."""

    def __init__(self, url: str) -> None:
        self.url = url

    @property
    def _bucket(self) -> Any:
        """Return the bucket, which is opened at its first use. Raises ``Refused('bad_attachments_url')``."""
        return _opened(self.url)

    def put(self, digest: str, content: bytes) -> None:
        with _bucket_errors():
            self._bucket.put(digest, content)

    def get(self, digest: str) -> bytes | None:
        try:
            with _bucket_errors():
                return bytes(self._bucket.get(digest).bytes())
        except FileNotFoundError:
            return None

    def remove(self, digest: str) -> None:
        try:
            with _bucket_errors():
                self._bucket.delete(digest)
        except FileNotFoundError:
            return

    def kept(self) -> Iterator[tuple[str, datetime]]:
        with _bucket_errors():
            for page in self._bucket.list():
                for entry in page:
                    if DIGEST.fullmatch(entry["path"]):
                        yield entry["path"], entry["last_modified"]


@contextlib.contextmanager
def _bucket_errors() -> Generator[None]:
    """Turn errors of the bucket, but for a missing object, into ``Refused('attachments_away')``."""
    from obstore.exceptions import BaseError

    try:
        yield
    except FileNotFoundError:
        raise
    except (BaseError, OSError) as error:
        raise Refused("attachments_away", why=type(error).__name__) from error


@cache
def _opened(url: str) -> Any:
    """Open a bucket by its URL; keys and addresses come from the variables of its maker, such as ``AWS_*``."""
    from obstore.exceptions import BaseError
    from obstore.store import from_url

    try:
        return from_url(url, client_options=CLIENT, retry_config=RETRY)
    except (BaseError, ValueError) as error:
        raise Refused("bad_attachments_url", scheme=url.partition(":")[0]) from error


def _refused(error: OSError, place: Path) -> Refused:
    ours = translated(error, place)
    return ours if isinstance(ours, Refused) else Refused("attachments_away", why=type(error).__name__)
