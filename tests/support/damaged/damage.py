"""Bytes are damaged the way transport, people and other programs damage them; by a seed, always
the same."""

from __future__ import annotations

import gzip
import io
import random
import re
import zipfile
import zlib
from collections.abc import Callable, Sequence

Damage = Callable[[random.Random, bytes], bytes]

TOKENS = (
    *("99999999999999999999", "-1", "0", "1e308", "1e-9", "NaN", "Infinity", "0x10", "1,23", "--"),
    *("\u0661\u0662", "\uff11", "\u200b", "\u202e", "\ufeff", "\u00a0", "\u00df", "\x00", "\x1a"),
    *(
        "\r",
        "\n",
        "\r\n",
        "\f",
        "\t",
        "\x1b",
        "\x7f",
        '"',
        "'",
        '""',
        "=1+1",
        "%s",
        "{}",
        "\\",
        "/",
    ),
    *("2026-02-30", "9999-12-31", "0000-00-00", "99991231", "000000", " ", "~", "*", ",", "|", "."),
    *("TOTAL", "SUBTOTAL", "0.005", "-0.00", "(1.00)", "1.00-", "[", "]]", "\U0001f4a9", "\ud7ff"),
)
ENCODINGS = ("utf-16", "utf-16-be", "utf-32", "latin-1", "cp037", "cp1252", "utf-8-sig", "utf-7")


def _span(rng: random.Random, content: bytes) -> tuple[int, int]:
    start = rng.randrange(len(content) + 1)
    return start, min(len(content), start + rng.choice((1, 1, 2, 5, 20, 100, 1000)))


def _flip(rng: random.Random, content: bytes) -> bytes:
    place = rng.randrange(len(content))
    changed = content[place] ^ (1 << rng.randrange(8))
    return content[:place] + bytes([changed]) + content[place + 1 :]


def _drop(rng: random.Random, content: bytes) -> bytes:
    start, end = _span(rng, content)
    return content[:start] + content[end:]


def _repeat(rng: random.Random, content: bytes) -> bytes:
    start, end = _span(rng, content)
    return content[:end] + content[start:end] * rng.choice((1, 1, 2, 50)) + content[end:]


def _insert(rng: random.Random, content: bytes) -> bytes:
    place = rng.randrange(len(content) + 1)
    put = rng.choice((rng.choice(TOKENS).encode(), rng.randbytes(rng.choice((1, 4, 40)))))
    return content[:place] + put + content[place:]


def _truncate(rng: random.Random, content: bytes) -> bytes:
    return content[: rng.randrange(len(content))]


def _parts(rng: random.Random, content: bytes) -> tuple[bytes, list[bytes]]:
    found = [mark for mark in (b"\n", b"~", b",", b"\t", b"|", b"!", b"/", b" ") if mark in content]
    mark = found[0] if found and rng.random() < 0.6 else rng.choice(found or [b"\n"])
    return mark, content.split(mark)


def _swap(rng: random.Random, content: bytes) -> bytes:
    mark, parts = _parts(rng, content)
    one, other = rng.randrange(len(parts)), rng.randrange(len(parts))
    parts[one], parts[other] = parts[other], parts[one]
    return mark.join(parts)


def _lose(rng: random.Random, content: bytes) -> bytes:
    mark, parts = _parts(rng, content)
    del parts[rng.randrange(len(parts))]
    return mark.join(parts)


def _double(rng: random.Random, content: bytes) -> bytes:
    mark, parts = _parts(rng, content)
    place = rng.randrange(len(parts))
    parts.insert(rng.choice((place, rng.randrange(len(parts) + 1))), parts[place])
    return mark.join(parts)


def _number(rng: random.Random, content: bytes) -> bytes:
    found = list(re.finditer(rb"[0-9]+(?:\.[0-9]+)?", content))
    if not found:
        return content
    place = rng.choice(found)
    old = place.group()
    new = rng.choice(
        (
            old[:-1] + bytes([48 + rng.randrange(10)]),
            b"-" + old,
            old + b"0" * rng.choice((1, 3, 30)),
            b"9" * rng.choice((12, 19, 40, 400)),
            b"",
            old.replace(b".", b","),
            b"00" + old,
            str(rng.randrange(10**4)).encode(),
        )
    )
    return content[: place.start()] + new + content[place.end() :]


def _recode(rng: random.Random, content: bytes) -> bytes:
    text = content.decode("utf-8", errors="replace")
    return text.encode(rng.choice(ENCODINGS), errors="replace")


def _ends(rng: random.Random, content: bytes) -> bytes:
    plain = content.replace(b"\r\n", b"\n")
    return plain.replace(
        b"\n", rng.choice((b"\r\n", b"\r", b"\n\n", b"", b"\n\r", b" \n", b"\f\n"))
    )


def _mark(rng: random.Random, content: bytes) -> bytes:
    put = rng.choice(
        (b"\xef\xbb\xbf", b"\xff\xfe", b"\n", b" ", b"\x00", b"\xef\xbb\xbf" * 2, b"\x1f\x8b")
    )
    return put + content if rng.random() < 0.7 else content + put


def _upper(rng: random.Random, content: bytes) -> bytes:
    return content.upper() if rng.random() < 0.5 else content.lower()


PLAIN: tuple[Damage, ...] = (
    *(_flip, _drop, _repeat, _insert, _truncate, _swap, _lose, _double, _number, _number),
    *(_recode, _ends, _mark, _upper),
)
"""What may happen to any bytes."""


def damaged(seed: int, seeds: Sequence[bytes], kind: str = "plain") -> bytes:
    """Return one of `seeds`, damaged up to three times; `zip` and `gzip` are damaged inside too."""
    rng = random.Random(seed)
    content = rng.choice(seeds)
    if rng.random() < 0.1:
        other = rng.choice(seeds)
        content = content[: rng.randrange(len(content) + 1)] + other[rng.randrange(len(other)) :]
    if kind == "zip" and rng.random() < 0.75:
        content = _of_members(rng, content)
    elif kind == "gzip" and rng.random() < 0.4:
        content = gzip.compress(_some(rng, _unpacked(content)), mtime=0)
    else:
        content = _some(rng, content)
    return content


def _some(rng: random.Random, content: bytes) -> bytes:
    for _ in range(rng.choice((1, 1, 2, 3))):
        if content:
            content = rng.choice(PLAIN)(rng, content)
    return content


def _unpacked(content: bytes) -> bytes:
    try:
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error):
        return content


_NAMES = ("../up.csv", "/etc/x", "a\\b.csv", "C:x", "\u202egnp.csv", "a" * 300, "", ".hidden", "x/")


def _of_members(rng: random.Random, content: bytes) -> bytes:
    """Return a zip of which members are damaged, renamed, lost or doubled, or lie about sizes."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = [(one.filename, archive.read(one)) for one in archive.infolist()]
    except Exception:  # what was spliced may be no archive any more
        return _some(rng, content)
    place = rng.randrange(len(members))
    name, inside = members[place]
    what = rng.choice(("damage", "damage", "damage", "rename", "lose", "double", "lie", "lie"))
    if what == "damage":
        members[place] = (name, _some(rng, inside))
    elif what == "rename":
        members[place] = (rng.choice((*_NAMES, rng.choice(members)[0])), inside)
    elif what == "lose":
        del members[place]
    elif what == "double":
        members.append((rng.choice((name, name.upper())), inside))
    made = io.BytesIO()
    method = rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))
    with zipfile.ZipFile(made, "w", method) as archive:
        for called, data in members:
            # A name that stands there twice is warned of by the writer, and wanted.
            info = zipfile.ZipInfo(called or "x")
            archive.NameToInfo.pop(info.filename, None)
            archive.writestr(info, data, method)
    return _lying(rng, made.getvalue()) if what == "lie" else made.getvalue()


def _lying(rng: random.Random, content: bytes) -> bytes:
    """Change a field of a header: flags, method, time, checksum, sizes, lengths, offsets."""
    heads = [m.start() for m in re.finditer(rb"PK(?:\x01\x02|\x03\x04|\x05\x06)", content)]
    start = rng.choice(heads) + rng.randrange(4, 46)
    put = rng.choice((b"\xff\xff\xff\xff", b"\x00\x00", b"\x01", b"\xff\xff", b"\x00\x00\x00\x80"))
    return content[:start] + put + content[start + len(put) :]
