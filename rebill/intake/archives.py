"""Archives and compressed files: what lies in them becomes files, or is refused by its name.

Members are written under names of ours into a scratch folder, so that no path of theirs leads
anywhere. A member is inflated here, not by its own word: what it declares (size, checksum, place,
name) is held against what it is. Sizes, ratio, number and depth have limits; an archive beyond them
is refused as a whole.
"""

from __future__ import annotations

import hashlib
import shutil
import stat
import struct
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from invoices.carrier.strangers import damage
from rebill.intake.inflate import (
    GZIP,
    Broken,
    Budget,
    Nowhere,
    TooMuch,
    Writes,
    check_ratio,
    inflated_gzip,
    pieces,
)
from rebill.workspace import own_copy
from rebill.workspace.settings import Archives
from rebill.workspace.text_files import BLOCK, Fault, head

ZIP, EMPTY_ZIP = b"PK\x03\x04", b"PK\x05\x06"
WORKBOOK = "[Content_Types].xml"
"""A zip that has this member is a spreadsheet, not an archive."""
OPEN_DOCUMENT = {"mimetype", "content.xml"}
"""And one with these is one of another program."""
ENCRYPTED, DESCRIBED = 0x1 | 0x40, 0x8
STORED, DEFLATED = 0, 8
HEADER = struct.Struct("<4s5H3I2H")
FAULTS = (
    *(zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, EOFError, struct.error),
    *(OverflowError, NotImplementedError, ValueError, UnicodeError, OSError),
)


@dataclass(frozen=True)
class Member:
    """What an archive holds: a file of its own, or why it is none."""

    name: str
    """`bills.zip!march.csv`"""
    size: int = 0
    sha256: str = ""
    path: Path | None = None
    """Where it was unpacked; null where it is refused or left."""
    fault: Fault | None = None
    left: str | None = None
    """Why it is passed over: hidden."""


def may_be(path: Path) -> bool:
    """Whether a file begins like an archive; a spreadsheet does too."""
    try:
        start = head(path, 4)
    except OSError:
        return False
    return start[:2] == GZIP or start in (ZIP, EMPTY_ZIP)


def opened(
    limits: Archives, scratch: Path, path: Path, name: str, sha256: str
) -> list[Member] | str | None:
    """Return what the archive of a digest holds, as `unpack` does; null where it is none.

    Returns `changed`, `vanished` or `unreadable` where the file is not there as it was seen.
    """
    try:
        with own_copy.as_seen(path, sha256, scratch / "archive") as copy:
            return None if kind(copy) is None else unpack(copy, name, scratch, limits)
    except own_copy.Moved as moved:
        shutil.rmtree(scratch, ignore_errors=True)
        return str(moved)


def kind(path: Path) -> str | None:
    """Return `zip` or `gzip` where a file is one, by content; a spreadsheet is neither."""
    start = head(path, 4)
    if start[:2] == GZIP:
        return "gzip"
    if start not in (ZIP, EMPTY_ZIP):
        return None
    try:
        with zipfile.ZipFile(path) as archive:
            members = set(archive.namelist())
            return None if WORKBOOK in members or members >= OPEN_DOCUMENT else "zip"
    except FAULTS:
        return "zip"


def unpack(path: Path, name: str, scratch: Path, limits: Archives) -> list[Member]:
    """Return what an archive holds, unpacked below `scratch`; refused where it is none or too much.

    A member that cannot be read is refused by its name, and the others are there all the same. Of
    an archive beyond a limit nothing is there but the refusal.
    """
    budget = Budget(limits, scratch)
    try:
        return list(_unpacked(path, name, budget, 1))
    except TooMuch as much:
        for place in budget.written:
            place.unlink(missing_ok=True)
        remedy = "raise the limit below [archives], or ask for smaller archives"
        return [_refused(name, name, str(much), remedy)]


def _unpacked(path: Path, name: str, budget: Budget, depth: int) -> Iterator[Member]:
    what = kind(path)
    if depth > budget.limits.max_depth:
        raise TooMuch(f"archives lie in archives more than {budget.limits.max_depth} deep")
    try:
        found = list(_gunzipped(path, name, budget) if what == "gzip" else _zip(path, name, budget))
    except FAULTS as fault:
        yield _refused(name, name, f"the archive cannot be read: {damage(fault)}", _AGAIN)
        return
    if not found:
        yield _refused(name, name, "the archive holds no file", _AGAIN)
    for member in found:
        if member.path is not None and kind(member.path):
            yield from _unpacked(member.path, member.name, budget, depth + 1)
            member.path.unlink(missing_ok=True)
        else:
            yield member


_AGAIN = "ask the carrier to send it again"


def _refused(name: str, origin: str, what: str, remedy: str) -> Member:
    """Return a member that is refused; its digest stands for its place, since it cannot be read."""
    digest = hashlib.sha256(f"{origin}\x1f{name}\x1f{what}".encode()).hexdigest()
    return Member(name, sha256=digest, fault=Fault(what, None, remedy))


def workbook_fault(path: Path, limits: Archives, most: int) -> Fault | None:
    """Return why a spreadsheet may not be opened: it lies, or inflates beyond `most` bytes."""
    budget = Budget(limits.model_copy(update={"max_bytes": most}), path.parent)
    try:
        with zipfile.ZipFile(path) as archive:
            members, start = archive.infolist(), archive.start_dir
        ends = _ends(members, start)
        with path.open("rb") as packed:
            for member in members:
                if wrong := _wrong(member):
                    return Fault(f"{_shown(member.orig_filename)}: {wrong}", None, _remedy(wrong))
                _inflated(packed, member, ends[member.header_offset], Nowhere(), budget)
    except (*FAULTS, Broken, TooMuch) as fault:
        return Fault(f"the workbook cannot be read: {damage(fault)}", None, _AGAIN)
    return None


# --- gzip -----------------------------------------------------------------------------------------


def _gunzipped(path: Path, name: str, budget: Budget) -> Iterator[Member]:
    """Yield the one file in a gzip, which may be of several parts; nothing may follow them."""
    inner = Path(name.rpartition("!")[2]).name
    inner = inner[:-3] if inner.lower().endswith(".gz") and len(inner) > 3 else f"{inner}.content"
    place = budget.one_more()
    with path.open("rb") as packed, place.open("wb") as target:
        try:
            size, digest = inflated_gzip(packed, target, path.stat().st_size, budget)
        except Broken as fault:
            yield _refused(f"{name}!{inner}", name, str(fault), _AGAIN)
            return
    yield Member(f"{name}!{inner}", size, digest, place)


# --- zip ------------------------------------------------------------------------------------------


def _zip(path: Path, name: str, budget: Budget) -> Iterator[Member]:
    """Yield what a zip holds: each member a file, refused by its name, or passed over."""
    with zipfile.ZipFile(path) as archive:
        members = [one for one in archive.infolist() if not one.filename.endswith("/")]
        start = archive.start_dir
    if len(members) > budget.limits.max_members:
        raise TooMuch(f"it holds more than {budget.limits.max_members:,} files")
    declared = sum(member.file_size for member in members)
    if budget.bytes + declared > budget.limits.max_bytes:
        raise TooMuch(f"it says that it unpacks to {declared:,} bytes")
    names = Counter(member.filename.casefold() for member in members)
    ends = _ends(members, start)
    with path.open("rb") as packed:
        for member in members:
            shown = f"{name}!{_shown(member.orig_filename)}"
            if _is_hidden(member.filename):
                yield Member(shown, left="hidden")
                continue
            wrong = _wrong(member) or (
                "two members have this name" if names[member.filename.casefold()] > 1 else None
            )
            if wrong:
                yield _refused(shown, name, wrong, _remedy(wrong))
                continue
            place = budget.one_more()
            try:
                with place.open("wb") as target:
                    digest = _inflated(packed, member, ends[member.header_offset], target, budget)
            except Broken as fault:
                yield _refused(shown, name, str(fault), _AGAIN)
                continue
            yield Member(shown, member.file_size, digest, place)


def _shown(name: str) -> str:
    """Return the name of a member as it may be shown: on one line, not too long."""
    plain = "".join(letter if letter.isprintable() else "?" for letter in name)
    return plain if len(plain) <= 200 else plain[:200] + "..."


def _is_hidden(name: str) -> bool:
    """Whether a member is what a computer adds by itself."""
    parts = [part for part in name.split("/") if part not in ("", ".", "..")]
    return "__MACOSX" in parts or (bool(parts) and parts[-1].startswith("."))


def _wrong(member: zipfile.ZipInfo) -> str | None:
    """Return why a member is refused before it is looked into."""
    name = member.orig_filename
    parts = name.replace("\\", "/").split("/")
    mode = stat.S_IFMT(member.external_attr >> 16)
    if not name:
        return "it has no name"
    if "\0" in name or not name.isprintable():
        return "its name has characters that cannot be shown"
    if ".." in parts or name[:1] in ("/", "\\") or name[1:2] == ":" or "\\" in name:
        return "its path leaves the folder it is in"
    if len(name) > 1024:
        return "its name is longer than 1,024 characters"
    if mode == stat.S_IFLNK:
        return "it is a link"
    if mode not in (0, stat.S_IFREG):
        return "it is no ordinary file"
    if member.flag_bits & ENCRYPTED:
        return "it is encrypted"
    if member.compress_type not in (STORED, DEFLATED):
        return f"it is compressed by method {member.compress_type}, which is not read"
    return None


def _remedy(wrong: str) -> str:
    if wrong == "it is encrypted":
        return "unpack it with its password, and put the files into the inbox"
    return "ask the carrier for an archive of plain files"


def _ends(members: list[zipfile.ZipInfo], start_of_directory: int) -> dict[int, int]:
    """Return up to where each member's bytes may reach: the next one, or the directory."""
    offsets = sorted({member.header_offset for member in members})
    return dict(zip(offsets, [*offsets, start_of_directory][1:], strict=True))


def _inflated(
    packed: BinaryIO, member: zipfile.ZipInfo, end: int, target: Writes, budget: Budget
) -> str:
    """Write a member's content and return its SHA-256; raises `Broken` where anything it declares
    is not so."""
    packed.seek(member.header_offset)
    header = packed.read(HEADER.size)
    if len(header) < HEADER.size or header[:4] != ZIP:
        raise Broken("nothing stands where the directory says")
    _, _, flags, method, _, _, crc, size, full, name_length, extra = HEADER.unpack(header)
    name = packed.read(name_length)
    encoding = "utf-8" if member.flag_bits & 0x800 else "cp437"
    if name.decode(encoding, "replace") != member.orig_filename or method != member.compress_type:
        raise Broken("its own header says something else than the directory")
    if flags & ENCRYPTED:
        raise Broken("it is encrypted")
    declared = (member.CRC, member.compress_size, member.file_size)
    in_sixty_four = 0xFFFFFFFF in (size, full)
    if not flags & DESCRIBED and not in_sixty_four and (crc, size, full) != declared:
        raise Broken("its own header says something else than the directory")
    packed.seek(extra, 1)
    if packed.tell() + member.compress_size > end:
        raise Broken("it reaches into another member")
    return _copied(packed, member, target, budget)


def _copied(packed: BinaryIO, member: zipfile.ZipInfo, target: Writes, budget: Budget) -> str:
    """Inflate `compress_size` bytes to just `file_size` of the declared checksum."""
    sha, crc, size = hashlib.sha256(), 0, 0
    for data in _content(packed, member):
        size += len(data)
        budget.take(len(data))
        check_ratio(size, member.compress_size, budget.limits)
        if size > member.file_size:
            raise Broken(f"it is larger than the {member.file_size:,} bytes it says")
        crc = zlib.crc32(data, crc)
        sha.update(data)
        target.write(data)
    if size != member.file_size:
        raise Broken(f"it says {member.file_size:,} bytes and has {size:,}")
    if crc != member.CRC:
        raise Broken("its checksum is wrong")
    return sha.hexdigest()


def _content(packed: BinaryIO, member: zipfile.ZipInfo) -> Iterator[bytes]:
    """Yield what the bytes of a member hold, all of them and no more."""
    inflate = zlib.decompressobj(wbits=-15) if member.compress_type == DEFLATED else None
    left = member.compress_size
    while left:
        block = packed.read(min(BLOCK, left))
        if not block:
            raise Broken("it is cut off")
        left -= len(block)
        if inflate is None:
            yield block
            continue
        yield from pieces(inflate, block)
        if inflate.eof and (left or inflate.unused_data):
            raise Broken("something else follows its compressed data")
    if inflate is not None and not inflate.eof:
        raise Broken("it is cut off")
