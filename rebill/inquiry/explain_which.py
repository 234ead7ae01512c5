"""Which carrier lines are to be explained: by id, number, circuit, invoice line, finding, claim.

`explained` tells the story of the one line that is meant; of several those of the newest bill.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, NamedTuple

import polars as pl

from invoices.customer.charge_words import charge_rows
from invoices.customer.invoice_parts import own_lines
from invoices.identifiers import clean_text
from rebill.inquiry.explain import story
from rebill.inquiry.explain_words import customers_in
from rebill.inquiry.find import hits
from rebill.inquiry.found.find_words import SPOKEN
from rebill.inquiry.found.found_rows import inventory, rows_of, with_lines
from rebill.inquiry.found.hits import names_on_record, nearest
from rebill.inquiry.found.particulars import in_words, sections
from rebill.inquiry.found.scope import Scope, of_lines, scope_of
from rebill.inquiry.found.spelling import spelt
from rebill.outbox.made_of import catalogue
from rebill.reference.current import current_frame
from rebill.store.models import CustomerInvoice
from rebill.store.record import INVOICED_LINES, Record
from rebill.workspace.settings import ConfigError

Told = dict[str, Any]
MANY = 3
"""So many lines are explained at once; of more one is to be chosen."""
BILLED = ("service", "number", "circuit", "order")
"""Kinds that stand on bills: what is meant are the lines of the newest one."""
NUMBERED = ("invoice", "document", "claim")
"""Kinds whose lines have numbers: `INVOICE_NO 17`."""
_NUMBERED = re.compile(r"(?s)^(.*[^\s:/#-])[\s:/#-]+0*([0-9]{1,9})$")
_LINE_ID = re.compile(r"^[a-z2-7]+-[1-9][0-9]*$")


class Hit(NamedTuple):
    """A thing that is meant, and its kind."""

    kind: str
    id: str
    carrier: str | None = None


@dataclass(frozen=True)
class Meant:
    """The lines that are meant, the newest bill first, and what they are lines of, in words."""

    lines: tuple[str, ...]
    of: str = ""
    own_charge: Told | None = None
    """What stands on a customer invoice that no carrier line is behind."""


def explained(record: Record, text: str) -> Told:
    """Return the story of the line a text means (`explain.story`); of several lines what they are.

    Several are told as text, of (what they are lines of), lines (rows as `find` tells them) and
    stories: of each line, where they are few. Raises ConfigError where no line is meant.
    """
    if _LINE_ID.match(text):
        try:
            return story(record, text)
        except ConfigError:
            pass  # it may be the name of something else, or be spelt otherwise
    meant = which(record, text)
    if meant.own_charge is not None:
        return meant.own_charge
    if len(meant.lines) == 1:
        return story(record, meant.lines[0])
    few = meant.lines if len(meant.lines) <= MANY else ()
    return {
        "text": spelt(text).shown,
        "of": meant.of,
        "lines": _rows(record, meant.lines),
        "stories": [story(record, line) for line in few],
    }


def called(record: Record, told: Told) -> dict[str, str]:
    """Return the names of the customers a story is about."""
    wanted = customers_in(told)
    customers = current_frame(record.workspace, record.connection, "customers")
    own = customers.filter(pl.col("customer").is_in(sorted(wanted)), pl.col("name").is_not_null())
    return dict(own.select("customer", "name").collect().iter_rows()) if wanted else {}


def which(record: Record, text: str) -> Meant:
    """Return the lines a text means. Raises ConfigError with what to do where it means none."""
    asked = spelt(text)
    if not asked.key:
        raise ConfigError("no line can be called so: give the id of a line, a number or a circuit")
    names = names_on_record(record)
    found = [
        Hit(hit["kind"], hit["id"], hit["carrier"])
        for hit in hits(record, names, asked)
        if hit["exact"]
    ]
    lines = tuple(hit.id for hit in found if hit.kind == "line")
    if lines:
        return Meant(lines)
    on_bills = [hit for hit in found if hit.kind in BILLED]
    if on_bills:
        return _of_newest_bill(record, on_bills)
    if numbered := _numbered(record, names, text):
        return numbered
    for hit in found:
        if hit.kind in ("finding", "claim"):
            return _of_claims(record, hit)
    raise ConfigError(_no_line(asked.shown, found, nearest(names, asked)))


def _no_line(shown: str, found: list[Hit], near: list[str]) -> str:
    """Return why nothing can be explained, and what to do."""
    if any(hit.kind in NUMBERED for hit in found):
        return f"{shown} has many lines: give the number of one behind it, as in `{shown} 1`"
    if found:
        what = SPOKEN[found[0].kind]
        return f"{shown} is the name of no line, but of a {what}; see `rebill find {shown}`"
    like = f"; nearest: {', '.join(near)}" if near else ""
    return f"there is no line {shown}{like}; `rebill export lines` lists them"


def _of_newest_bill(record: Record, on_bills: list[Hit]) -> Meant:
    """Return the lines of services, numbers, circuits or orders on the newest bill they are on."""
    known = inventory(record, record.last_as_of())
    scope = Scope()
    for hit in on_bills:
        scope |= scope_of(hit._asdict(), known.services, known.carriers, known.orders)
    asked = [record.lines().filter(each) for each in of_lines(scope)]
    rows = pl.concat(asked).select("line_id", "document_id", "bill_date").unique().collect()
    named = ", ".join(dict.fromkeys(f"{hit.kind} {hit.id}" for hit in on_bills))
    if rows.is_empty():
        raise ConfigError(f"{named} is on no carrier bill: `rebill find` tells what is known of it")
    newest = rows.filter(pl.col("bill_date") == pl.col("bill_date").max())
    day = newest["bill_date"][0]
    return Meant(_in_order(newest), f"{named} on the bill of {day}")


def _in_order(rows: pl.DataFrame) -> tuple[str, ...]:
    """Return line ids as they stand on their documents: line 10 after line 9."""
    position = pl.col("line_id").str.extract("([0-9]+)$").cast(pl.Int64, strict=False)
    document = pl.col("line_id").str.replace("-[0-9]+$", "")
    return tuple(rows.sort(document, position)["line_id"])


def _of_claims(record: Record, hit: Hit) -> Meant:
    """Return the lines of a claim, or of a finding."""
    scope = Scope(**{f"{hit.kind}s": frozenset([hit.id])})
    (about,) = with_lines(record, [scope])
    if not about.lines:
        raise ConfigError(f"{hit.kind} {hit.id} is about no single line: `rebill find` tells of it")
    rows = pl.DataFrame({"line_id": sorted(about.lines)})
    return Meant(_in_order(rows), f"{hit.kind} {hit.id}")


def _numbered(record: Record, names: pl.DataFrame, text: str) -> Meant | None:
    """Return the line of an invoice, document or claim that a text names by its number.

    Where several go by the name, as invoices of two carriers may, the lines of all are meant.
    """
    parts = _NUMBERED.match(clean_text(text))
    if not parts:
        return None
    found, lacking = [], []
    for hit in hits(record, names, spelt(parts[1])):
        if hit["exact"] and hit["kind"] in NUMBERED:
            try:
                found.append(_line_of(record, Hit(hit["kind"], hit["id"]), int(parts[2])))
            except ConfigError as none:
                lacking.append(str(none))
    if lacking and not found:
        raise ConfigError("; ".join(lacking))
    if len(found) < 2:
        return found[0] if found else None
    of = " and ".join(meant.of for meant in found)
    return Meant(tuple(line for meant in found for line in meant.lines), of)


def _line_of(record: Record, hit: Hit, number: int) -> Meant:
    """Return the line of an invoice, document or claim that has a number."""
    of = f"{hit.kind} {hit.id}"
    if hit.kind == "invoice":
        return _of_invoice(record, hit.id, number)
    if hit.kind == "claim":
        lines = _of_claims(record, hit).lines[max(number - 1, 0) : number]
    else:
        lines = _of_document(record, hit.id, number)
    if not lines:
        raise ConfigError(f"{of} has no line {number}")
    return Meant(lines, of)


def _of_document(record: Record, document: str, number: int) -> tuple[str, ...]:
    """Return the lines of a document that print a number, else the one at that place."""
    kept = (record.lines(), record.held(), record.void())
    place = pl.col("line_id") == f"{document}-{number}"
    prints = (pl.col("line_no") == number).fill_null(False)
    own = (pl.col("document_id") == document) & (prints | place)
    told = [rows.filter(own).select("line_id", prints=prints) for rows in kept]
    rows = pl.concat(told).collect().unique("line_id")
    return _in_order(rows.filter("prints") if rows["prints"].any() else rows)


def _of_invoice(record: Record, invoice_no: str, number: int) -> Meant:
    """Return the carrier line behind a line of a customer invoice, as its CSV numbers them."""
    bills = record.customer_invoices(CustomerInvoice.invoice_no == invoice_no)
    kept = record.customer_lines(bills["bill_month"].to_list())
    own = own_lines(bills.with_row_index("bill"), kept)
    shown = own.with_columns(elements=pl.lit(None, dtype=pl.Int64))
    rows = charge_rows(shown, catalogue(record))
    if not 1 <= number <= rows.height:
        raise ConfigError(f"invoice {invoice_no} has no line {number}: it has {rows.height}")
    row = rows.row(number - 1, named=True)
    if row["line_id"]:
        return Meant((row["line_id"],))
    same = ("service", "usoc", "charge_class", "price", "description", "service_from")
    alike = [pl.col(name).eq_missing(pl.lit(row[name], INVOICED_LINES[name])) for name in same]
    made = kept.filter(pl.col("invoice_no") == invoice_no, pl.col("line_id").is_null(), *alike)
    told = made.head(1).collect().to_dicts()
    names = ("customer", "kind", "service", "description", "quantity", "price", "rule", "tax")
    said = {name: value for name, value in (told or [row])[0].items() if name in names}
    outcome = "no carrier line is behind it: it is a charge of our own"
    own_charge = {"invoice_no": invoice_no, "line_no": number, "price": said, "outcome": outcome}
    return Meant((), own_charge=own_charge)


def _rows(record: Record, lines: tuple[str, ...]) -> list[Told]:
    """Return lines as `find` tells them, each with what is wrong with it."""
    day = record.last_as_of()
    scope = Scope(lines=frozenset(lines))
    parts = sections(scope, in_words(inventory(record, day), rows_of(record, scope, day), day))
    wrong: dict[str, list[str]] = {}
    for finding in parts["findings"]:
        wrong.setdefault(finding["line_id"], []).append(finding["words"])
    order = {line: place for place, line in enumerate(lines)}
    rows = sorted(parts["lines"], key=lambda row: order[row["line_id"]])
    return [{**row, "wrong": wrong.get(row["line_id"], [])} for row in rows]
