"""A program of its own: reads a picture from standard input, writes a small one without metadata to standard output.

It is run by ``thumbnails.py``, imports nothing of ours, and limits itself before it looks at the first byte: a picture
that is made to exhaust the memory or the time of whoever opens it ends this process and nothing else.
"""

import io
import resource
import sys
import warnings

MEMORY, SECONDS = 768 * 2**20, 5
PIXELS = 60_000_000
"""More than a camera makes; 180 megabytes once unpacked."""
SIDE = 480
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "TIFF")


def main() -> int:
    """Limit the process, then make the thumbnail; return 1 for what is no picture, or too large a one."""
    for limit, amount in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_CPU, SECONDS),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(limit, (amount, amount))
    try:
        small = thumbnail(sys.stdin.buffer.read())
    except Exception:  # noqa: BLE001 (whatever a damaged picture makes the library raise)
        return 1
    sys.stdout.buffer.write(small)
    return 0


def thumbnail(content: bytes) -> bytes:
    """Return a JPEG of at most ``SIDE`` pixels a side, upright, with nothing in it but the pixels."""
    from PIL import Image, ImageOps

    warnings.simplefilter("error")  # a warning of a bomb is a refusal
    Image.MAX_IMAGE_PIXELS = PIXELS
    with Image.open(io.BytesIO(content), formats=FORMATS) as picture:
        if picture.width * picture.height > PIXELS:
            raise ValueError("too many pixels")
        picture.draft("RGB", (SIDE, SIDE))  # a JPEG is unpacked at the size that is wanted
        picture.thumbnail((SIDE, SIDE))
        upright = ImageOps.exif_transpose(picture).convert("RGBA")
    page = Image.new("RGB", upright.size, "white")  # a new picture: nothing of the metadata comes along
    page.paste(upright, mask=upright)
    out = io.BytesIO()
    page.save(out, "JPEG", quality=80)
    return out.getvalue()


if __name__ == "__main__":
    sys.exit(main())
