"""Check that a file can be written before the work begins whose result it is to hold."""

import errno
import os
from pathlib import Path

from statemachines.refused import Refused


def check_target(path: Path | None) -> None:
    """Raise ``Refused('cannot_write')`` for a folder, for a file in no folder, and where nothing may be written."""
    if path is None:
        return
    try:
        is_folder, there, has_folder = path.is_dir(), path.exists(), path.parent.is_dir()
        name_limit = os.pathconf(path.parent, "PC_NAME_MAX") if has_folder else 0
    except (OSError, ValueError) as error:
        raise Refused("cannot_write", file=path.name[:40], why=str(getattr(error, "strerror", error))) from None
    if is_folder:
        raise Refused("cannot_write", file=path.name[:40], why=os.strerror(errno.EISDIR))
    if not has_folder:
        raise Refused("cannot_write", file=path.name[:40], why=os.strerror(errno.ENOENT))
    if len(os.fsencode(path.name)) > name_limit:
        raise Refused("cannot_write", file=path.name[:40], why=os.strerror(errno.ENAMETOOLONG))
    if not os.access(path if there else path.parent, os.W_OK):
        raise Refused("cannot_write", file=path.name[:40], why=os.strerror(errno.EACCES))
