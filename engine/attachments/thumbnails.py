"""Makes the thumbnail of a picture in a process with limits of memory and time; the original is not touched."""

import subprocess
import sys
from pathlib import Path

PROGRAM = Path(__file__).with_name("thumbnail_process.py")
PICTURES = frozenset({"image/jpeg", "image/png", "image/webp", "image/gif", "image/tiff"})
SECONDS = 15.0
"""How long the process may take in all, also where it waits for a processor."""
THUMBNAIL_TYPE = "image/jpeg"
LARGEST = 2**20


def thumbnail_of(type_: str, content: bytes) -> bytes | None:
    """Return a small JPEG without EXIF and location, or None for what is no picture that can be opened safely."""
    if type_ not in PICTURES:
        return None
    try:
        made = subprocess.run(
            [sys.executable, "-I", str(PROGRAM)],
            input=content,
            capture_output=True,
            timeout=SECONDS,
            check=False,
            cwd="/",
            env={},
        )
    except (subprocess.TimeoutExpired, OSError):
        return None
    return made.stdout if made.returncode == 0 and 0 < len(made.stdout) <= LARGEST else None
