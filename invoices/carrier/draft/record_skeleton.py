"""Typed records of a delimited file: a draft that names each kind with its cells.

Without a header only the look of a value tells what a cell is. So each kind is asked for: whether
its records are charges, and which of its cells are the fields of a bill.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from invoices.carrier.draft import looks
from invoices.carrier.draft.day_columns import days_of
from invoices.carrier.draft.questions import Line, Question
from invoices.carrier.draft.sample import Row, Sample
from invoices.carrier.draft.toml_words import quoted
from invoices.schema import CHARGE_CLASSES

_LOOKS = (
    ("telephone", lambda cell: looks.is_telephone(cell) and len(cell) == 10),
    ("day", lambda cell: looks.is_day(cell) and bool(looks.fitting([cell]))),
    ("money", lambda cell: looks.is_money(cell) and "." in cell),
    ("number", str.isdigit),
    ("code", looks.is_usoc),
)
PAGE = "docs/formats/records.md"


def skeleton(
    kinds: Mapping[str, Sequence[Row]], sample: Sample, name: str, file: str
) -> tuple[tuple[Line, ...], tuple[()], tuple[tuple[str, str], ...]]:
    """Return the lines of a draft of the format `records`, no parts, and what was seen."""
    days = [[row[p] for row in rows] for rows in kinds.values() for p in _of(rows, "day")]
    formats = [form for form in days_of(days).formats if "-" not in form] or ["%Y%m%d"]
    lines: list[Line] = [
        f"# A draft made from {file}, whose rows are typed records.",
        f"# {PAGE} says how to finish it.",
        "# What is asked stands in lines that begin with `# ?`: write the answer in place of the",
        '# "?" below them. `rebill profiles check` lists what is open.',
        "# A record is `rows` (charges), `header` (it goes with the records below), `trailer` (it",
        '# ends them) or `skip`; one that is header and totals of a bill: ["header", "rows"].',
        f"# Classes: {', '.join(CHARGE_CLASSES)}.",
        f'profile = "{name}"',
        'format = "records"',
        f"about = {quoted(f'drafted from {file}')}",
        "",
        "[records]",
        f"delimiter = {quoted(sample.delimiter or ',')}",
        f"dates = [{', '.join(map(quoted, formats))}]",
    ]
    names = _names(kinds)
    for kind, rows in kinds.items():
        lines += _record(kind, rows, names[kind])
    lines += ["", "[records.fields]"]
    for field, what in (("ban", "account"), ("invoice_no", "invoice"), ("bill_date", "bill day")):
        lines.append(Question(f"Which cell is the {what}?", f'{field} = "?"'))
    for kind, rows in kinds.items():
        if _of(rows, "money"):
            lines += _part(kind, rows, names[kind])
    said = ", ".join(f"{kind} ({len(rows):,})" for kind, rows in kinds.items())
    seen = (
        ("made of", f"{sample.file}: typed records, told by their first cell: {said}"),
        ("not tried", f"what each kind is must be said first; {PAGE} shows a whole profile"),
    )
    return tuple(lines), (), seen


def _record(kind: str, rows: Sequence[Row], names: Sequence[str]) -> list[Line]:
    """Return a kind of records with its cells named by their look, and ask what it is."""
    shown = "|".join(rows[0])[:60]
    words = f"What are records {kind} ({len(rows):,}, such as {shown})?"
    return [
        "",
        "[[records.record]]",
        f'name = "kind_{kind.lower()}"',
        Question(words, 'role = "?"'),
        f"id = [{quoted(kind)}]",
        f"columns = [{', '.join(map(quoted, names))}]",
    ]


def _part(kind: str, rows: Sequence[Row], names: Sequence[str]) -> list[Line]:
    """Return the part that records with money may be, and ask which cell is the amount."""
    money = _of(rows, "money")
    sums = ", ".join(
        f"{names[place]}: {sum(looks.amount_of(row[place]) or 0 for row in rows)}"
        for place in money
    )
    lines: list[Line] = [
        "",
        f"# Delete this part where records {kind} are no charges.",
        "[[records.part]]",
        f'name = "kind_{kind.lower()}"',
        Question(f"Which class are records {kind}?", 'charge_class = "?"'),
        "[records.part.fields]",
        Question(f"Which cell is what a record {kind} charges ({sums})?", 'amount = "?"'),
    ]
    for look, field in (("telephone", "wtn"), ("code", "usoc"), ("text", "description")):
        places = _of(rows, look)
        if len(places) == 1:
            lines.append(f"{field} = {quoted(names[places[0]])}")
    days = _of(rows, "day")
    if len(days) == 2:
        lines.append(f"service_from = {quoted(names[days[0]])}")
        words = f"Is the day in {names[days[1]]} still billed? If not, call it service_until."
        lines.append(Question(words, 'service_through = "?"'))
    return lines


def _look(rows: Sequence[Row], place: int) -> str:
    """Return what the cells of a place look like in every record of a kind."""
    cells = [row[place] for row in rows if row[place]]
    return next(
        (name for name, fits in _LOOKS if cells and all(map(fits, cells))), "text" if cells else ""
    )


def _of(rows: Sequence[Row], look: str) -> list[int]:
    """Return the places of a kind whose cells look so; the first is its id."""
    return [place for place in range(1, len(rows[0])) if _look(rows, place) == look]


def _names(kinds: Mapping[str, Sequence[Row]]) -> dict[str, list[str]]:
    """Return how the cells of each kind are called: by their look and their place, from 1.

    Cells of one name say the same of one bill, as those of a header and of the records below it do;
    where they say otherwise, the name says of which kind they are.
    """
    names: dict[str, list[str]] = {}
    said: dict[str, set[str]] = {}
    for kind, rows in sorted(kinds.items(), key=lambda item: -len(item[1])):
        names[kind] = ["id"]
        for place in range(1, len(rows[0])):
            name = f"{_look(rows, place) or 'cell'} {place + 1}"
            values = {row[place] for row in rows}
            if not said.setdefault(name, values) & values:
                name = f"{name} of {kind}"
            names[kind].append(name)
    return names
