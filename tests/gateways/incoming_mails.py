"""Makes mails as customers, programs and strangers send them."""

import random
from collections.abc import Iterator
from email.message import EmailMessage
from email.policy import SMTP

OUR_ADDRESS = "service@example.com"
CUSTOMER = "wang@example.cn"
PICTURE = bytes.fromhex("89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360"
                        "606060000000050001a5f645400000000049454e44ae426082")  # fmt: skip


def mail(text: str = "我的箱子破了。", **headers: str) -> EmailMessage:
    """Return a mail of a customer; ``headers`` have ``_`` for ``-`` and replace or add."""
    message = EmailMessage(policy=SMTP)
    given = {"From": f"王女士 <{CUSTOMER}>", "To": OUR_ADDRESS, "Subject": "投诉", "Message-ID": "<1@example.cn>"}
    for name, value in (given | {name.replace("_", "-"): value for name, value in headers.items()}).items():
        message[name] = value
    message.set_content(text)
    return message


def awkward_mails(seed: int, count: int) -> Iterator[bytes]:
    """Yield mails that are unusual or damaged: in charset, nesting, headers, files, as calendars and winmail.dat."""
    draw = random.Random(seed)
    for number in range(count):
        content = draw.choice(SORTS)(draw, number)
        for _ in range(draw.choice((0, 0, 1, 3))):
            content = draw.choice(DAMAGE)(draw, content)
        yield content


def _raw(head: bytes, body: bytes, number: int) -> bytes:
    return b"From: a%d@example.cn\r\nMessage-ID: <%d@x>\r\n%s\r\n\r\n%s" % (number, number, head, body)


def _charset(draw: random.Random, number: int) -> bytes:
    name = draw.choice(("gb2312", "gbk", "gb18030", "big5", "iso-2022-jp", "utf-7", "x-unknown", "", "utf-16", "hz"))
    text = draw.choice(("箱子破了，请赔偿。", "漢字的郵件", "naïve ☃", "")).encode(
        draw.choice(("gb18030", "big5hkscs", "utf-8")), "replace"
    )
    return _raw(f"Content-Type: text/plain; charset={name}".encode(), text, number)


def _nested(draw: random.Random, number: int) -> bytes:
    depth = draw.choice((1, 5, 20, 400))
    opened = b"".join(
        b"--b%d\r\nContent-Type: multipart/mixed; boundary=b%d\r\n\r\n" % (n, n + 1) for n in range(depth)
    )
    return _raw(b"Content-Type: multipart/mixed; boundary=b0", opened + b"--b%d\r\n\r\nhi\r\n" % depth, number)


def _with_file(draw: random.Random, number: int) -> bytes:
    message = mail(draw.choice(("text", "", "> quoted only")), Message_ID=f"<{number}@x>")
    name = draw.choice(("photo.png", "winmail.dat", "../../etc/passwd", "a" * 300, "发票.pdf", "x.exe", ""))
    main, sub = draw.choice((("image", "png"), ("application", "ms-tnef"), ("text", "calendar"), ("text", "html")))
    message.add_attachment(draw.choice((PICTURE, b"", b"\x00" * 5000)), maintype=main, subtype=sub, filename=name)
    message.set_boundary("part")  # else each is drawn, and the seed says nothing of the damage
    return bytes(message)


def _headers(draw: random.Random, number: int) -> bytes:
    head = draw.choice((
        b"", b"From:", b"From: <>", b"From: @", b"From: a b c", b"Subject: =?utf-8?B?????=", b"Subject: =?gb2312?Q?=B",
        b"From: =?utf-8?B?" + b"5" * 3000 + b"?=", b"To: " + b"x@y.z, " * 500, b"References: " + b"<a@b> " * 900,
        b"Subject: \xcd\xb6\xcb\xdf", b"Message-ID: <>", b"Date: never", b"Content-Type: ;;;=", b"Content-Type: text/",
        b"Content-Transfer-Encoding: base65", b"Content-Disposition: attachment; filename*=utf-8''%ff%fe",
    ))  # fmt: skip
    return head + b"\r\n\r\nwords %d" % number


def _html(draw: random.Random, number: int) -> bytes:
    body = draw.choice(
        (
            "<p>Hi<br>there",
            "<b" * 3000,
            "<script>x</script>",
            "<!--" * 500,
            "&#99999999;" * 50,
            "<a href='javascript:x'>y</a>",
        )
    )
    return _raw(b"Content-Type: text/html; charset=utf-8", body.encode(), number)


def _cut(draw: random.Random, content: bytes) -> bytes:
    return content[: draw.randrange(len(content) + 1)]


def _flipped(draw: random.Random, content: bytes) -> bytes:
    changed = bytearray(content)
    for _ in range(min(8, len(changed))):
        changed[draw.randrange(len(changed))] = draw.randrange(256)
    return bytes(changed)


def _doubled(draw: random.Random, content: bytes) -> bytes:
    at = draw.randrange(len(content) + 1)
    return content[:at] + content[: draw.randrange(len(content) + 1)] + content[at:]


SORTS = (_charset, _nested, _with_file, _headers, _html)
DAMAGE = (_cut, _flipped, _doubled)
