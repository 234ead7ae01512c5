"""Files that break readers, small enough for every test and, by a number, as large as they come."""

from __future__ import annotations

import gzip
import io
import struct
import zipfile
from functools import reduce

import nights
from gate import HEADER

KEY = "ILEC,305R010001"
PARTS = {
    "xl/workbook.xml": '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    ' xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets>'
    '<sheet name="S" sheetId="1" r:id="rId1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": "<Relationships"
    ' xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1"'
    ' Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet"'
    ' Target="worksheets/sheet1.xml"/></Relationships>',
}


def document(number: str = "INV3", total: str = "47.00", day: str = "2026-03-05") -> str:
    """Return a document row of `usoc-lines`."""
    empty = "," * 14
    return f"document,{KEY},{number},{day},{day},0.00,0.00,0.00,{total},{total}{empty}\n"


def zipped(members: dict[str, str | bytes]) -> bytes:
    """Return a zip of the members."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return made.getvalue()


def overlapping(count: int) -> bytes:
    """Return a zip whose directory names one and the same bytes so many times."""
    one = zipped({"m0000.csv": nights.bill(3, nights.USUAL)})
    start = one.index(b"PK\1\2")
    entry = one[start : start + 46]
    directory = b"".join(entry + f"m{number:04}.csv".encode() for number in range(count))
    told = (count & 0xFFFF, count & 0xFFFF, len(directory), start)
    return one[:start] + directory + struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, *told, 0)


def workbook(cells: str) -> bytes:
    """Return a workbook whose one sheet has these rows, as XML."""
    sheet = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
    sheet += f'<dimension ref="A1:XFD1048576"/><sheetData>{cells}</sheetData></worksheet>'
    return zipped({"[Content_Types].xml": "<Types/>", **PARTS, "xl/worksheets/sheet1.xml": sheet})


SPARSE = (
    '<row r="1"><c r="A1" t="inlineStr"><is><t>a</t></is></c></row>'
    '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
)
"""Two cells, in the first place of a sheet and in the last there is."""


def files(size: int) -> dict[str, bytes]:
    """Return files by name; `size` is how often what is repeated in them stands there."""
    header = f"{HEADER}\n"
    nines = "9" * size
    texts = {
        "repeated.csv": document("SAME") * size,
        "contents.csv": "".join(document("ONE", f"{number}.00") for number in range(size)),
        "digits.csv": document("DIGITS", nines)
        + document("WIDE")
        + f"line,{KEY},WIDE,,,,,,,,{nines}"
        f",recurring,1FB,,{nines},{nines},{nines}.00,6145550131,,,,,,\n",
        "days.csv": "".join(document(day, day=day) for day in ("9999-12-31", "0001-01-01"))
        + document("NEVER", day="0000-00-00"),
        "commas.csv": document("COMMAS") + f"line,{KEY},COMMAS{',' * 10 * size}\n",
        "quotes.csv": document("QUOTES") + '"' * size + "\n",
    }
    made = {name: (header + text).encode() for name, text in texts.items()}
    made["columns.csv"] = ",".join(f"column {number}" for number in range(10 * size)).encode()
    made["long.csv"] = (header + "x" * 2**20 + "x\n").encode()
    made["nothing.csv"] = bytes(size)
    made["sparse.xlsx"] = workbook(SPARSE)
    made["empty.xlsx"] = workbook("")
    made["entities.xlsx"] = zipped(
        {"[Content_Types].xml": "<Types/>", **PARTS, "xl/workbook.xml": _LAUGHS}
    )
    made["junk.zip"] = zipped({f"{number}.csv": b"\0junk" for number in range(size // 40)})
    made["overlapping.zip"] = overlapping(size // 40)
    made["parts.csv.gz"] = gzip.compress(b"", mtime=0) * size
    made["deep.gz"] = reduce(lambda inner, _: gzip.compress(inner), range(20), b"x")
    made[f"{'n' * 251}.csv"] = nights.bill(3, nights.USUAL, number="LONG").encode()
    made["\u202efdp.csv"] = b"turned round"
    made["%2e%2e %s {0} $(x).csv"] = nights.bill(3, nights.USUAL, number="PERCENT").encode()
    return made


_LAUGHS = '<!DOCTYPE w [<!ENTITY a "ha">' + "".join(
    f'<!ENTITY {chr(98 + level)} "{f"&{chr(97 + level)};" * 10}">' for level in range(9)
)
_LAUGHS += "]><workbook>&j;</workbook>"
