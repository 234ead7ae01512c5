"""What a file is that no reader knows, by how it begins: told by its name, with what to do."""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Callable
from typing import NamedTuple

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
AS_XLSX = "open it in a spreadsheet and save it as .xlsx or CSV"
_TABLE = "ask the carrier for the data as CSV or .xlsx"


class Stranger(NamedTuple):
    """What a file is, in words, and what to do."""

    what: str
    remedy: str


def stranger(head: bytes, encoding: str = "utf-8") -> Stranger | None:
    """Return what a file is by its first bytes; null where it may be one that is read.

    EBCDIC is no stranger where a profile names its `encoding`.
    The more of the file `head` has, the surer: an old workbook keeps its directory where it likes.
    """
    if head.startswith(OLE):
        return _compound(head)
    for sign, what, remedy in _SIGNS:
        if head.startswith(sign):
            return Stranger(f"the file is {what}, which is not read", remedy)
    if head[257:262] == b"ustar":
        return Stranger("the file is a tar archive, which is not read", _UNPACK)
    if encoding == "utf-8" and (wide := _wide_interchange(head)):
        return Stranger(f"the file is an X12 interchange in {wide}, which is not read", _AS_ASCII)
    if encoding == "utf-8" and is_ebcdic(head):
        what = "the file is EBCDIC, a mainframe's text"
        return Stranger(what, _IN_EBCDIC)
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:4096].decode("utf-8", errors="replace")
    return next((found for look in _TEXTS if (found := look(text))), None)


_UNPACK = "unpack it, and put the files into the inbox; zip and gzip are unpacked here"
_AS_ASCII = "ask the carrier for it in ASCII; a transfer in text mode writes it so"
_IN_EBCDIC = (
    'say `encoding = "cp037"` at the top of its profile, below [fixed] where it is of `fixed`'
)
_SCANNED = "ask the carrier for the data; nothing is read from a picture"
_SIGNS: tuple[tuple[bytes, str, str], ...] = (
    (b"%PDF", "a PDF", _TABLE),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", _UNPACK),
    (b"Rar!\x1a\x07", "a RAR archive", _UNPACK),
    (b"\xfd7zXZ\0", "an xz archive", _UNPACK),
    (b"BZh", "a bzip2 archive", _UNPACK),
    (b"\x28\xb5\x2f\xfd", "a zstd archive", _UNPACK),
    (b"\x1f\x9d", "a file of Unix compress (.Z)", _UNPACK),
    (b"MSCF", "a cabinet archive", _UNPACK),
    (
        b"-----BEGIN PGP MESSAGE",
        "encrypted by PGP",
        "decrypt it, and put the result into the inbox",
    ),
    (b"{\\rtf", "a text document (.rtf)", _TABLE),
    (b"\x89PNG\r\n", "a picture (PNG)", _SCANNED),
    (b"\xff\xd8\xff", "a picture (JPEG)", _SCANNED),
    (b"II*\0", "a picture (TIFF)", _SCANNED),
    (b"MM\0*", "a picture (TIFF)", _SCANNED),
    (b"PAR1", "a Parquet file", _TABLE),
    (b"SQLite format 3\0", "a database (SQLite)", _TABLE),
)


def _wide(name: str) -> bytes:
    return name.encode("utf-16-le")


def _compound(head: bytes) -> Stranger:
    """Return what a compound file of Microsoft's holds, by the names in its directory."""
    if _wide("EncryptedPackage") in head:
        what = "the file is a workbook protected by a password, which is not read"
        return Stranger(what, "open it with its password, save it without one, and send it again")
    if _wide("__substg1.0") in head:
        return Stranger("the file is a saved e-mail (.msg), which is not read", _ATTACHED)
    if _wide("WordDocument") in head:
        return Stranger("the file is a text document (.doc), which is not read", _TABLE)
    if _wide("Workbook") in head or _wide("Book") in head:
        return Stranger("the file is an old workbook (.xls), which is not read", AS_XLSX)
    what = "the file is an old workbook (.xls), or one protected by a password: neither is read"
    return Stranger(what, "open it in a spreadsheet and save it as .xlsx without a password")


def _wide_interchange(head: bytes) -> str | None:
    """Return the coding of a file that begins with an ISA in another than ASCII."""
    for coding, name in (("utf-16-le", "UTF-16"), ("utf-16-be", "UTF-16"), ("cp037", "EBCDIC")):
        text = head[:64].decode(coding, errors="replace").lstrip("\ufeff\r\n\t \x85")
        if re.match(r"ISA[^\w\s].{2}[^\w\s]", text):
            return name
    return None


def is_ebcdic(head: bytes) -> bool:
    """Whether a file is text of a mainframe: nearly all of it letters, digits and blanks there,
    and hardly any of it here."""
    part = head[:4096]
    if len(part) < 16 or part.isascii():
        return False
    there = part.decode("cp037")
    plain = sum(letter.isascii() and (letter.isalnum() or letter == " ") for letter in there)
    here = sum(32 <= byte < 127 for byte in part) - part.count(b"@")
    return plain > 0.8 * len(part) and here < 0.3 * len(part)


# --- texts ----------------------------------------------------------------------------------------


_ATTACHED = "save what is attached to it, and put that into the inbox"


def _edi(text: str) -> Stranger | None:
    if (found := re.search(r"(?m)^[ \t]*ISA([^\w\s]).{2}\1", text)) and found.start():
        row = text.count("\n", 0, found.start()) + 1
        what = f"an X12 interchange begins in row {row}; what stands above it is none of it"
        return Stranger(what, "take away the rows above the ISA, or ask for the file without them")
    if re.match(r"UN[AB][^A-Za-z0-9]", text):
        what = "the file is EDIFACT, which is not read"
        return Stranger(what, "ask the carrier for an X12 811, or for the data as CSV or .xlsx")
    if text.startswith("STX="):
        what = "the file is TRADACOMS, which is not read"
        return Stranger(what, "ask the carrier for an X12 811, or for the data as CSV or .xlsx")
    return None


def _markup(text: str) -> Stranger | None:
    if not text.startswith("<"):
        return None
    if re.search(r"urn:schemas-microsoft-com:office:spreadsheet|progid=.Excel\.Sheet", text):
        what = "the file is a workbook saved as XML (SpreadsheetML), which is not read"
        return Stranger(what, AS_XLSX)
    if re.match(r"(?is)<(?:!doctype\s+html|html|head|meta|body|table|style|div)\b", text):
        what = "the file is a web page (HTML), whatever its name says: it is not read"
        return Stranger(what, AS_XLSX)
    if re.match(r"(?s)<(?:\?xml|[A-Za-z_][\w.:-]*[\s>/]|!--)", text):
        return Stranger("the file is XML, which is not read", _TABLE)
    return None


def _json(text: str) -> Stranger | None:
    if re.match(r'(?s)(?:\{\s*(?:"[^"\n]{0,200}"\s*:|\})|\[\s*(?:[{\[\]"]))', text):
        return Stranger("the file is JSON, which is not read", _TABLE)
    return None


def _mail(text: str) -> Stranger | None:
    headers = r"(?im)^(?:MIME-Version|Received|Return-Path|Message-ID|Content-Type): "
    if re.match(r"(?i)[A-Za-z-]{2,40}: ", text) and len(re.findall(headers, text)) >= 2:
        return Stranger("the file is a saved e-mail, which is not read", _ATTACHED)
    return None


_TEXTS: tuple[Callable[[str], Stranger | None], ...] = (_edi, _markup, _json, _mail)


def damage(fault: Exception) -> str:
    """Say what an archive or a workbook suffers from whose unpacking raised `fault`."""
    said = str(fault)
    if isinstance(fault, zipfile.BadZipFile):
        if "CRC" in said:
            return "a member of it is damaged: its checksum is another"
        return "it is cut off or damaged: its directory cannot be found or read"
    if isinstance(fault, EOFError):
        return "it is cut off"
    if isinstance(fault, zlib.error):
        return "its packed content is damaged"
    if isinstance(fault, NotImplementedError):
        return "it is packed in a way that is not read"
    return said or "it is damaged"
