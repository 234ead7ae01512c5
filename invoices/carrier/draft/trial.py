"""What a draft makes of the file it was made from, said in one screen.

The draft is tried as it stands, and what it asks as it assumes; the whole file is read, so that
what the sample did not show comes to light here.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import polars as pl

from invoices.carrier.describe import Description
from invoices.carrier.draft import looks
from invoices.carrier.draft.feed import Draft
from invoices.carrier.draft.layout import TOTAL_WORDS, cited
from invoices.carrier.draft.part import Drafted, unread_places
from invoices.carrier.draft.toml_words import counted, dollars
from invoices.carrier.draft.total_rows import amount_in
from invoices.carrier.draft.usual_names import class_of
from invoices.carrier.source import Known
from invoices.schema import WIDE

Said = tuple[str, str]
"""A heading and words."""
FAULTS = 4
"""So many kinds of faults are told."""
UNKNOWN = "(unknown)"
"""The carrier of documents of which nothing says whose they are; a night refuses them."""
_IDENTIFIERS = (
    *(("ban", "account"), ("invoice_no", "invoice"), ("wtn", "number"), ("circuit_id", "circuit")),
    *(("order_no", "order"), ("usoc", "USOC")),
)
_FOR = {
    "recurring": ("recurring", "prorated", "adjustment"),
    "one_time": ("one_time", "adjustment"),
    "usage": ("usage", "adjustment"),
    "surcharge": ("surcharge", "tax", "adjustment"),
    "tax": ("tax", "surcharge", "adjustment"),
}
"""Kind of a code in the catalogue -> the classes its lines may be of."""


def report(draft: Draft, told: Description, lines: pl.LazyFrame, known: Known) -> list[Said]:
    """Return what is said of a draft that was tried: each heading with its words.

    `told` describes what the draft read, `lines` are the lines it read (`LINES`), `known` has the
    kinds of codes where a workspace knows them.
    """
    return [
        *draft.seen,
        *_reads(draft, told),
        *_set_aside(told),
        *columns_not_read(draft.parts),
        *_totals(draft.parts, told),
        *_identifiers(draft.parts),
        *_classes(draft.parts, told, lines, known),
    ]


def _reads(draft: Draft, told: Description) -> list[Said]:
    """Say documents, lines and sum, and the printed total beside it."""
    read = told.documents.filter(pl.col("status") != "refused")
    refused = told.findings.filter(pl.col("code") == "document_unreadable")
    said: list[Said] = []
    if read.height:
        lines, total = read["lines"].sum(), read["line_sum"].sum()
        documents = "1 document" if read.height == 1 else f"{read.height:,} documents"
        each = "1 line" if lines == 1 else f"{lines:,} lines"
        said.append(("reads", f"{documents}, {each}, {total}"))
        said.append(("printed", _printed(draft, read)))
        if (read["carrier"] == UNKNOWN).any():
            said.append(("carrier", "not said: name it in the profile, or load the contract"))
        apart = told.findings.filter(pl.col("code") == "document_does_not_foot")
        said += [("held", f"{message}") for message in apart["message"].head(2)]
    for row, message, remedy in refused.select("source_row", "message", "remedy").head(2).rows():
        place = f"row {row}: " if row else ""
        said.append(("refused", f"{place}{message}; {remedy}"))
    if draft.line_ends == "\r":
        what = "as on an old Mac, in CR alone"
        then = "; so it is not read: save it with lines that end in LF" if refused.height else ""
        said.append(("line ends", f"its lines end {what}{then}"))
    return said


def _printed(draft: Draft, read: pl.DataFrame) -> str:
    """Say what the bills print as their charges, and how far that is from their lines."""
    if draft.is_derived:
        words = "no total of the charges: a row that is missing goes unseen"
        if draft.elsewhere is None:
            return words
        label, amount = draft.elsewhere
        apart = amount - _sum(read, "line_sum")
        told = f"{apart} apart" if apart else "as the lines add up"
        return f"nothing that is read; the cover says {label} {dollars(amount)}, {told}"
    printed = _sum(read, "current_charges")
    apart = printed - _sum(read, "line_sum")
    words = f"current charges {printed}"
    words += ", as the lines add up" if not apart else f": {apart} apart"
    return words


def _sum(read: pl.DataFrame, name: str) -> Decimal:
    return sum((value for value in read[name].cast(WIDE) if value is not None), Decimal(0))


def _set_aside(told: Description) -> list[Said]:
    """Say which rows are set aside and why, equal faults once."""
    said = [
        ("set aside", f"{counted(rows)}: {reason} (first in row {first})")
        for rows, first, reason, _ in told.set_aside.head(FAULTS).rows()
    ]
    more = told.set_aside.height - FAULTS
    return [*said, ("set aside", f"and {more} more kinds of faults")] if more > 0 else said


def columns_not_read(parts: Sequence[Drafted]) -> list[Said]:
    """Say which columns are not read, those of money with what they hold."""
    money, others = [], []
    for part in parts:
        table = part.table
        money += [(table.names[p], sum(table.numbers(p)), "asked") for p in part.money.asked]
        for place in unread_places(part):
            cells = table.filled(place)
            if looks.most(cells, looks.is_number, 0.95) and any(map(looks.is_money, cells)):
                why = "the amount has it" if place in part.money.inside else ""
                money.append((table.names[place], sum(table.numbers(place)), why))
            elif table.names[place] not in others:
                others.append(table.names[place])
    told = ", ".join(
        f"{name} {dollars(total)}{f' ({why})' if why else ''}" for name, total, why in money
    )
    said = [("not read", f"money: {told}")] if told else []
    return [*said, ("not read", f"columns {', '.join(others)}")] if others else said


def _totals(parts: Sequence[Drafted], told: Description) -> list[Said]:
    """Say which rows look like totals, those the draft knows and those it read as charges."""
    said: list[Said] = []
    kinds = [(part, kind) for part in parts for kind in part.totals if not kind.is_charge]
    for proves, what in ((True, "that prove sums"), (False, "that prove no sum: asked for")):
        rows = [(p, row) for p, kind in kinds if bool(kind.stands) is proves for row in kind.rows]
        if rows:
            part, (number, row) = rows[0]
            name = next((cell for cell in row if TOTAL_WORDS.search(cell)), "")
            amount = amount_in(part.table, part.money, (number, row)) or Decimal(0)
            shown = f"{name[:40]} {dollars(amount)}".strip()
            count = "1 total" if len(rows) == 1 else f"{len(rows):,} totals"
            what = what if len(rows) > 1 else what.replace("prove", "proves")
            said.append(("totals", f"{count} {what}, such as row {cited(number)}: {shown}"))
    if told.like_totals.height:
        row, words, amount = told.like_totals.row(0)
        count = counted(told.like_totals.height)
        said.append(("totals?", f"{count} read as charges, such as row {row}: {words} {amount}"))
    return said


def _identifiers(parts: Sequence[Drafted]) -> list[Said]:
    """Say how long identifiers are and which signs stand in them, where that is worth a look."""
    said = []
    for field, name in _IDENTIFIERS:
        values = sorted(
            {
                v
                for p in parts
                if field in p.table.fields
                for v in p.table.filled(p.table.fields[field])
            }
        )
        if values and (words := _identifier(field, values)):
            said.append(f"{name} {words}")
    return [("identifiers", "; ".join(said))] if said else []


def _identifier(field: str, values: list[str]) -> str:
    guarded = [value for value in values if looks.GUARDS.search(value)]
    bare = [looks.bare(value) for value in values]
    lengths = sorted({len(value) for value in bare})
    signs = "".join(sorted({s for v in values for s in v if not s.isalnum()} - set("=\"'")))
    words = f"{lengths[0]} characters" if len(lengths) == 1 else ""
    if len(lengths) > 1 and field in ("ban", "wtn"):
        words = f"{lengths[0]} to {lengths[-1]} characters: zeros may be lost"
    if field == "ban" and any(value.startswith("0") for value in bare):
        words += ", zeros before"
    seen = "".join(sign for sign in signs if sign.isprintable())
    hidden = ", ".join(f"U+{ord(sign):04X}" for sign in signs if not sign.isprintable())
    words += f", parted by `{seen}`" if seen and field in ("ban", "invoice_no") else ""
    words += f", with signs that an eye does not see ({hidden})" if hidden else ""
    guarded = [value for value in guarded if value.isprintable()]
    words += f", with the guard of a spreadsheet ({guarded[0]})" if guarded else ""
    usual = not guarded and field in ("invoice_no", "order_no", "usoc", "circuit_id")
    return "" if usual and not signs else words.removeprefix(", ")


def _classes(
    parts: Sequence[Drafted], told: Description, lines: pl.LazyFrame, known: Known
) -> list[Said]:
    """Say what the lines of each class add up to, from which words, and what the catalogue says."""
    said = []
    words = sorted({word for part in parts for word in part.words})
    assumed = [word for word in words if class_of(word) is None]
    others = _other_kinds(lines, known)
    for name, count, amount in told.classes.select("charge_class", "lines", "amount").rows():
        of = [word for word in words if class_of(word) == name]
        shown = f" ({', '.join(of)[:50]})" if of else ""
        more = others.get(name, "")
        each = "1 line" if count == 1 else f"{count:,} lines"
        said.append((name, f"{each}, {amount}{shown}{more}"))
    if assumed:
        said.append(("assumed", f"one_time, until it is answered: {', '.join(assumed)[:60]}"))
    return said


def _other_kinds(lines: pl.LazyFrame, known: Known) -> dict[str, str]:
    """Return for each class which of its lines are of codes that the catalogue knows otherwise."""
    kinds = known.kinds.select("usoc", "kind").unique().collect()
    single = kinds.filter(~pl.col("usoc").is_duplicated())
    if single.is_empty():
        return {}
    found = (
        lines.select("usoc", "charge_class")
        .join(single.lazy(), on="usoc")
        .group_by("charge_class", "kind", "usoc")
        .agg(pl.len())
        .collect()
        .sort("charge_class", "usoc")
    )
    told: dict[str, list[str]] = {}
    for name, kind, usoc, count in found.rows():
        if name not in _FOR.get(kind, (name,)):
            told.setdefault(name, []).append(f"{usoc} is {kind} in the catalogue ({count})")
    return {name: f"; {', '.join(words[:3])}" for name, words in told.items()}
