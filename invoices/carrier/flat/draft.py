"""A draft of a profile from an example file: what can be seen is filled in, the rest is said.

Nothing is decided here that a person need not read: each guess stands with the column it comes
from, and what was found nowhere stands as a comment, so that `profiles check` asks for it.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass

import polars as pl

from invoices.carrier.flat.dates import to_date
from invoices.carrier.flat.profile import folded

DELIMITERS = (",", "\t", ";", "|")
ENCODINGS = ("utf-8", "cp1252")
LOOKED_AT = 200
CUT_AT = 64 * 1024
FORMATS = (
    *("%Y-%m-%d", "%Y%m%d", "%m/%d/%Y", "%m/%d/%y", "%m-%d-%Y", "%d-%b-%Y", "%b %d, %Y"),
    *("%Y-%m-%d %H:%M:%S", "%m/%d/%Y %H:%M", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y %I:%M %p"),
    *("%b %d, %Y, %I:%M %p", "%B %d, %Y"),
)
NAMES = {
    "ban": r"(billing )?(account|acct|a/c)( (number|nr|no|num|id))?\.?|ban|master ?btn",
    "invoice_no": r"(invoice|inv|bill)( (number|nr|no|num|id))\.?|invoice",
    "bill_date": r"(bill|invoice|billing|statement) ?date",
    "due_date": r"(payment )?due ?date",
    "previous_balance": r"(previous|prior|last) (balance|bill).*",
    "payments": r"payments?( received)?",
    "current_charges": r"(total )?(current|new) charges|invoice (amount|total)",
    "total_due": r"(total|amount|balance|current) due|total amount due",
    "charge_class": r"(charge|line)? ?(type|class|category)",
    "usoc": r"usoc( code)?",
    "description": r"(service |charge |product |line )?(description|title)|rr title|text",
    "quantity": r"qty|quantity|units?",
    "unit_rate": r"(unit |monthly )?(price|rate)",
    "amount": r"(line |billed |extended |charge )?(amount|amt)( billed)?|charges?|amt billed",
    "wtn": r"(working )?(tn|wtn|telephone( number)?|phone( number)?|working acct nr)|btn",
    "circuit_id": r"(circuit|ckt)( (id|number|no))?",
    "state": r"state",
    "zone": r"zone",
    "order_no": r"(service )?order( (number|no|id))?",
    "service_from": r"(service |period )?(from|start)( date)?",
    "service_through": r"(service |period )?(through|thru|to|end)( date)?",
    "currency": r"currency",
}
"""What the columns of a field are usually called; compared as `folded`."""
WORDS = (
    ("late", "late_charge"),
    (r"tax|franchise", "tax"),
    (r"surcharge|universal|911|subscriber line", "surcharge"),
    (r"usage|toll|minute|measured", "usage"),
    (r"prorat|partial", "prorated"),
    (r"adjust|credit", "adjustment"),
    (r"install|one.?time|non.?rec|oc&?c|other charges|nrc", "one_time"),
    (r"month|recur|mrc|access", "recurring"),
)
_TOTALS = ("current_charges", "total_due")


class NoDraft(ValueError):
    """No profile can be drafted from a file; the message says why."""


@dataclass(frozen=True)
class Sample:
    """The beginning of a file as cells."""

    rows: list[tuple[str, ...]]
    delimiter: str | None
    encoding: str


def draft(head: bytes, name: str, file: str) -> str:
    """Return the TOML of a profile that reads files such as the one that begins with `head`."""
    sample = _sample(head)
    header = _header(sample.rows)
    names = sample.rows[header]
    data = [row for row in sample.rows[header + 1 :] if len(row) == len(names) and any(row)]
    if not data:
        raise NoDraft("the file has a header and no row below it")
    columns = {place: [row[place] for row in data if row[place]] for place in range(len(names))}
    fields = _fields(names, columns)
    blank = next((n for n, row in enumerate(sample.rows[header + 1 :]) if any(row)), 0)
    parts = [
        f"# A draft made from {file}: read every line, correct it, then `rebill profiles check`",
        "# and `rebill describe FILE --profile NAME`.",
        f'profile = "{name}"',
        'format = "flat"',
        f'about = "drafted from {file}"',
        '# carrier = "NAME"             # not given: the carrier whose contract covers the account',
        *([f'encoding = "{sample.encoding}"'] if sample.encoding != "utf-8" else []),
        *_words(columns, fields),
        "",
        "[flat]",
        *([f"delimiter = {_quoted(sample.delimiter)}"] if sample.delimiter else []),
        f"header_row = {header + 1}",
        *([f"first_row = {header + 2 + blank}"] if blank else []),
        f"dates = {json.dumps(_dates(columns, fields))}",
        *_numbers(columns, fields),
        *_derived(fields),
        "",
        "[[flat.part]]",
        'name = "lines"',
        'charge_class = "recurring"     # of rows that say nothing else',
        "[flat.part.fields]",
        *_placed(names, columns, fields),
    ]
    return "\n".join(parts) + "\n"


def _quoted(text: str | None) -> str:
    return json.dumps(text, ensure_ascii=False)


def _sample(head: bytes) -> Sample:
    """Return the first rows of a text, or of the first sheet of a workbook, as cells."""
    if head.startswith(b"PK\x03\x04"):
        sheets = json.loads(head[4:])
        first: list[list[str]] = next((rows for _, rows in sheets if rows), [])
        return Sample([tuple(cell.strip() for cell in row) for row in first], None, "utf-8")
    encoding = "utf-16" if head[:2] in (b"\xff\xfe", b"\xfe\xff") else _encoding(head)
    text = head.decode(encoding, errors="replace").lstrip("\ufeff")
    if "\0" in text:
        raise NoDraft("the file is no text and no workbook")
    if text.startswith("ISA"):
        raise NoDraft("it is an X12 interchange: profile x12-811 reads it; copy that one")
    lines = text.splitlines()
    # The beginning of a longer file ends inside a line.
    lines = (lines[:-1] if len(head) >= CUT_AT else lines)[:LOOKED_AT]
    delimiter = _delimiter(lines)
    if delimiter is None:
        raise NoDraft("no delimiter parts its rows: is it of fixed width?")
    rows = [_cells(line, delimiter) for line in lines]
    return Sample(rows, delimiter, encoding)


def _encoding(head: bytes) -> str:
    """Return the first encoding the beginning is of; it may end inside a character."""
    for name in ENCODINGS:
        try:
            head[: len(head) - 4 if len(head) > 8 else None].decode(name)
        except UnicodeDecodeError:
            continue
        return name
    return "latin-1"


def _cells(line: str, delimiter: str) -> tuple[str, ...]:
    """Return the cells of a line as they stand, without the quotes around them."""
    if '"' not in line:
        return tuple(cell.strip() for cell in line.split(delimiter))
    sign = re.escape(delimiter)
    parts = re.findall(rf'(?:^|{sign})\s*("(?:[^"]|"")*"|[^{sign}]*)', line)
    return tuple(part.strip().strip('"').replace('""', '"') for part in parts)


def _delimiter(lines: list[str]) -> str | None:
    """Return what parts most lines into the same number of cells, the more the better."""
    best: tuple[int, int, str] | None = None
    for sign in DELIMITERS:
        counts = Counter(len(_cells(line, sign)) for line in lines if line.strip())
        for count, often in counts.most_common(1):
            if count > 1 and (best is None or (often * count, count) > best[:2]):
                best = (often * count, count, sign)
    return best[2] if best else None


def _header(rows: list[tuple[str, ...]]) -> int:
    """Return the place of the header: the first full row of words."""
    width = Counter(len(row) for row in rows if any(row)).most_common(1)
    if not width:
        raise NoDraft("the file is empty")
    for place, row in enumerate(rows):
        named = [cell for cell in row if cell]
        words = [cell for cell in named if not re.fullmatch(r"[-+$(\d.,/: )]+", cell)]
        if len(row) == width[0][0] and len(named) >= len(row) * 3 // 4 and len(words) == len(named):
            return place
    raise NoDraft("no row looks like a header")


def _fields(names: tuple[str, ...], columns: dict[int, list[str]]) -> dict[str, int]:
    """Return which column each field seems to be, by its name; the first that fits."""
    found: dict[str, int] = {}
    for field, pattern in NAMES.items():
        fits = [
            place
            for place, name in enumerate(names)
            if re.fullmatch(pattern, folded(name)) and place not in found.values()
        ]
        # Two columns of one kind: the one that has more values.
        if fits:
            found[field] = max(fits, key=lambda place: (len(columns[place]), -place))
    return found


def _words(columns: dict[int, list[str]], fields: dict[str, int]) -> list[str]:
    """Return what the words of the class column seem to mean."""
    place = fields.get("charge_class")
    if place is None:
        return []
    lines = ["", "[charge_classes]"]
    for word in sorted(set(columns[place])):
        meant = next((kind for pattern, kind in WORDS if re.search(pattern, word.lower())), None)
        line = f'{_quoted(word)} = "{meant or "recurring"}"'
        lines.append(line if meant else f"# {line}    # unknown: say what it is")
    return lines


def _dates(columns: dict[int, list[str]], fields: dict[str, int]) -> list[str]:
    """Return the formats that read every value of the date columns, the surest of each."""
    found: list[str] = []
    for field in ("bill_date", "due_date", "service_from", "service_through"):
        values = columns.get(fields.get(field, -1), [])
        if not values:
            continue
        frame = pl.DataFrame({"text": values})
        fitting = [
            text
            for text in FORMATS
            if frame.select(to_date(pl.col("text"), (text,)).is_not_null().all()).item()
        ]
        found += [text for text in fitting[:1] if text not in found]
    return found or ["%Y-%m-%d"]


def _numbers(columns: dict[int, list[str]], fields: dict[str, int]) -> list[str]:
    """Return the signs of the numbers where they are not the usual ones."""
    values = columns.get(fields.get("amount", -1), [])
    commas = sum(1 for value in values if re.search(r"\d,\d{1,2}\D*$", value))
    if commas * 2 > len(values) > 0:
        return ['decimal = ","', 'thousands = "."']
    long = [value for value in values if re.search(r"\.\d{3,}", value)]
    return ["# amounts of more than two decimals: see `rounding` of the part"] if long else []


def _derived(fields: dict[str, int]) -> list[str]:
    """Return that totals are derived where no column prints them."""
    absent = [name for name in _TOTALS if name not in fields]
    if not absent:
        return []
    return [
        "# No column prints these: they become the sums, and a row that is missing goes unseen.",
        f"derive = {json.dumps(absent)}",
    ]


def _placed(
    names: tuple[str, ...], columns: dict[int, list[str]], fields: dict[str, int]
) -> list[str]:
    """Return where each field stands, then what was not found and what is not read."""
    lines = []
    for field, place in fields.items():
        shown = ", ".join(list(dict.fromkeys(columns[place]))[:3])
        where = _quoted(" ".join(names[place].split()))
        if field == "ban":
            where = _account(where, columns[place])
        comment = " ".join(shown.split())[:60]
        lines.append(f"{field} = {where}    # {comment}")
    if "invoice_no" not in fields:
        lines.append('invoice_no = { template = "{ban}-{bill_date}" }    # no column prints one')
    for field in ("ban", "bill_date", "amount"):
        if field not in fields:
            lines.append(f'# {field} = "COLUMN"    # needed: no column was found')
    unread = [name for place, name in enumerate(names) if place not in fields.values() and name]
    return [*lines, *(["# not read: " + ", ".join(unread)] if unread else [])]


def _account(where: str, values: list[str]) -> str:
    """Return how an account number is read: what parts it, and its length if all have one."""
    signs = "".join(sorted({letter for value in values for letter in value if letter in " ()-."}))
    lengths = {len(re.sub(r"[ ().-]", "", value)) for value in values}
    strip = f", strip = {_quoted(signs)}" if signs else ""
    width = f", width = {lengths.pop()}" if len(lengths) == 1 else ""
    return f"{{ column = {where}{strip}{width} }}"
