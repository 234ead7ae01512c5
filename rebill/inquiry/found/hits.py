"""What on record a person can mean: every name that stands there, and those that are meant.

Names are gathered a column a table; which of them are meant is decided without effects.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator

import polars as pl
import sqlalchemy as sa

from rebill.inquiry.found.spelling import Spelt, loose, squeezed, worded
from rebill.reference.current import reference_frames
from rebill.store.frames import read_frame
from rebill.store.models import Claim, CustomerInvoice, Document
from rebill.store.record import Record
from reconcile.findings import CODES

KINDS = {
    "service": "services by name, telephone number and circuit",
    "number": "telephone numbers on carrier bills",
    "circuit": "circuits on carrier bills",
    "account": "billing accounts (BAN)",
    "customer": "customers by id and name",
    "order": "orders and PONs",
    "claim": "claims and the carriers' tracking numbers",
    "invoice": "customer invoices",
    "document": "carrier invoices and documents",
    "line": "lines of carrier invoices",
    "finding": "findings",
}
"""What there is to find, in the order in which it is told, and where it was looked for."""
NAMES = pl.Schema(
    {
        "kind": pl.String(),
        "id": pl.String(),
        "carrier": pl.String(),  # of an account, document, number or circuit; null else
        "called": pl.String(),  # what stands beside the id
        "by": pl.String(),  # which of its names `spelling` is
        "spelling": pl.String(),
        "key": pl.String(),  # `spelling` as it is compared
    }
)
"""A name that stands on record: of what, and as which of its names."""
BAN_DIGITS = 13
"""A BAN of so many digits begins with the telephone number it is billed under."""
INSIDE = 3
"""A word of so many letters is looked for inside the words of a name too."""
NEAR = 5
"""Nearest spellings that are told."""
HELD = 24
"""Characters of either end of a text by which near names are looked for."""
ALIKE = 200
"""Names held against a text to find the nearest."""


def names_on_record(record: Record) -> pl.DataFrame:
    """Return every name of a service, account, customer, order, claim, invoice or document."""
    frames = reference_frames(record.workspace, record.connection)
    billed = _on_bills(record)
    services = frames["services"].collect()
    moved = frames["service_accounts"].collect()
    documents = _documents(record)
    return pl.concat(
        [
            *_of_services(services),
            *_only_on_bills(billed, services, moved),
            _accounts(services, moved, documents),
            *_of_customers(frames["customers"].collect()),
            *_orders(frames["orders"].collect(), billed["order_no"]["order_no"].unique()),
            *_of_claims_and_invoices(record),
            *_of_documents(documents),
        ]
    )


def _names(rows: pl.DataFrame, kind: str, by: str, **columns: pl.Expr) -> pl.DataFrame:
    """Return rows as names (`NAMES`); what they do not say is null."""
    told = {name: columns.get(name, pl.lit(None, dtype=pl.String)) for name in NAMES}
    told |= {"kind": pl.lit(kind), "by": pl.lit(by), "key": squeezed(columns["spelling"])}
    return rows.select(**told).filter(pl.col("id").is_not_null(), pl.col("spelling").is_not_null())


def _on_bills(record: Record) -> dict[str, pl.DataFrame]:
    """Return the distinct numbers, circuits and orders that lines of loaded documents bear, each
    with its carrier."""
    lines = record.lines()
    asked = ("wtn", "circuit_id", "order_no")
    found = pl.collect_all([lines.select("carrier", name).drop_nulls().unique() for name in asked])
    return dict(zip(asked, found, strict=True))


def _documents(record: Record) -> pl.DataFrame:
    """Return what documents are called by."""
    told = (Document.document_id, Document.carrier, Document.ban, Document.invoice_no)
    return read_frame(record.connection, sa.select(*told))


def _of_services(services: pl.DataFrame) -> Iterator[pl.DataFrame]:
    called = pl.coalesce("product", "package")
    for by, column in (
        ("service", "service"),
        ("telephone number", "wtn"),
        ("circuit", "circuit_id"),
    ):
        named = pl.col(column)
        yield _names(services, "service", by, id=pl.col("service"), called=called, spelling=named)


def _only_on_bills(
    billed: dict[str, pl.DataFrame], services: pl.DataFrame, moved: pl.DataFrame
) -> Iterator[pl.DataFrame]:
    """Yield the numbers and circuits that carriers bill and no service of ours has with them.

    `moved` are the accounts services were at home on (`service_accounts`).
    """
    homes = pl.concat([rows.select("service", "carrier") for rows in (services, moved)]).unique()
    for kind, column in (("number", "wtn"), ("circuit", "circuit_id")):
        key = ["carrier", "key"]
        named = services.select("service", key=squeezed(pl.col(column)))
        ours = named.join(homes, on="service")
        rows = billed[column].sort("carrier", column).with_columns(key=squeezed(pl.col(column)))
        shown = rows.join(ours, on=key, how="anti", maintain_order="left")
        shown = shown.unique(key, keep="first", maintain_order=True)
        by = "telephone number" if kind == "number" else "circuit"
        own, carrier = pl.col(column), pl.col("carrier")
        yield _names(shown, kind, by, id=own, carrier=carrier, called=carrier, spelling=own)


def _accounts(services: pl.DataFrame, moved: pl.DataFrame, documents: pl.DataFrame) -> pl.DataFrame:
    """Return the accounts that services are or were at home on, and those that were billed."""
    own = [rows.select("carrier", "ban") for rows in (services, moved, documents)]
    rows = pl.concat(own).unique().sort("carrier", "ban")
    ban, carrier = pl.col("ban"), pl.col("carrier")
    return _names(rows, "account", "BAN", id=ban, carrier=carrier, called=carrier, spelling=ban)


def _of_customers(customers: pl.DataFrame) -> Iterator[pl.DataFrame]:
    own = pl.col("customer")
    for by, spelling in (("customer", own), ("name", pl.col("name"))):
        yield _names(customers, "customer", by, id=own, called=pl.col("name"), spelling=spelling)


def _orders(orders: pl.DataFrame, billed: pl.Series) -> Iterator[pl.DataFrame]:
    """Yield the orders that are loaded, and those that carriers name on lines."""
    own = orders.select("order_no", "service").unique("order_no", keep="any").sort("order_no")
    number = pl.col("order_no")
    yield _names(own, "order", "order", id=number, spelling=number)
    rest = billed.sort().to_frame("order_no").join(own, on="order_no", how="anti")
    yield _names(rest, "order", "order on a bill", id=number, spelling=number)


def _of_claims_and_invoices(record: Record) -> Iterator[pl.DataFrame]:
    claim = (Claim.claim_no, Claim.carrier, Claim.tracking_no)
    claims = read_frame(record.connection, sa.select(*claim))
    number, carrier = pl.col("claim_no"), pl.col("carrier")
    for by, spelling in (("claim", number), ("tracking number", pl.col("tracking_no"))):
        yield _names(claims, "claim", by, id=number, called=carrier, spelling=spelling)
    told = (CustomerInvoice.invoice_no, CustomerInvoice.customer)
    invoices = read_frame(record.connection, sa.select(*told))
    number, customer = pl.col("invoice_no"), pl.col("customer")
    yield _names(invoices, "invoice", "invoice", id=number, called=customer, spelling=number)


def _of_documents(documents: pl.DataFrame) -> Iterator[pl.DataFrame]:
    own, carrier = pl.col("document_id"), pl.col("carrier")
    invoice = pl.col("invoice_no")
    for by, spelling in (("document", own), ("carrier invoice", invoice)):
        yield _names(
            documents,
            *("document", by),
            id=own,
            carrier=carrier,
            called=pl.coalesce(invoice, pl.lit("not readable")),
            spelling=spelling,
        )


def meant(names: pl.DataFrame, text: Spelt) -> pl.DataFrame:
    """Return those of `names` that a text means (`NAMES`), each thing once; `exact`: as a whole.

    What is spelt like it, but for case and punctuation; without any, what is but for zeros in front
    of numbers. A customer is meant by words of its name too, an account by the number its BAN
    begins with, a telephone number by its last seven digits.
    """
    if not text.key:
        return names.clear().with_columns(exact=pl.lit(True))
    whole = names.filter((_key == text.key) | _as_number(text))
    if whole.is_empty():
        whole = names.filter(loose(pl.col("spelling")) == text.loose)
    parts = pl.concat([_by_name(names, text), _by_digits(names, text)])
    found = pl.concat(
        [whole.with_columns(exact=pl.lit(True)), parts.with_columns(exact=pl.lit(False))]
    )
    order = pl.col("kind").replace_strict({kind: n for n, kind in enumerate(KINDS)})
    return found.unique(["kind", "id", "carrier"], keep="first", maintain_order=True).sort(
        order, "id", "carrier", maintain_order=True
    )


def _as_number(text: Spelt) -> pl.Expr:
    """Say whether a name is the telephone number that a text is, with or without the 1 before."""
    if text.number is None or len(text.number) < len("6145550131"):
        return pl.lit(False)
    return (pl.col("by") == "telephone number") & (_key == text.number)


def _by_name(names: pl.DataFrame, text: Spelt) -> pl.DataFrame:
    """Return the customers whose names have all words of a text in them.

    A word stands where one of the name begins; one of `INSIDE` letters and more anywhere.
    """
    own = names.filter(pl.col("kind") == "customer", pl.col("by") == "name")
    called = pl.lit(" ") + worded(pl.col("spelling"))
    asked = [word if len(word) >= INSIDE else f" {word}" for word in text.words]
    return own.filter(*(called.str.contains(word, literal=True) for word in asked))


def _by_digits(names: pl.DataFrame, text: Spelt) -> pl.DataFrame:
    """Return the accounts that begin with a telephone number, and the numbers that end in one."""
    if text.number is None:
        return names.clear()
    if len(text.number) == len("5550131"):
        own = pl.col("by") == "telephone number"
        return names.filter(own, _key.str.ends_with(text.number))
    account = (pl.col("kind") == "account") & (_key.str.len_chars() == BAN_DIGITS)
    return names.filter(account, _key.str.starts_with(text.number))


def nearest(names: pl.DataFrame, text: Spelt) -> list[str]:
    """Return the spellings on record that are most like a text of which nothing is spelt.

    Held against it are the names that have most of its beginning and end.
    """
    key, most = text.key, min(len(text.key), HELD) + 1
    begins = [_key.str.starts_with(key[:length]) for length in range(3, most)]
    ends = [_key.str.ends_with(key[-length:]) for length in range(4, most)]
    inside = [_key.str.contains(key, literal=True)] if len(key) > 2 else []
    shared = pl.sum_horizontal(pl.lit(0), *begins, *ends, *inside)
    alike = names.unique("key").with_columns(shared=shared).filter(pl.col("shared") > 0)
    closest = alike.sort("shared", "key", descending=[True, False]).head(ALIKE)
    known = dict(closest.select("key", "spelling").iter_rows())
    close = difflib.get_close_matches(key, known, NEAR, 0.6)
    rest = [one for one in known if key in one and one not in close]
    return [known[one] for one in (*close, *rest)][:NEAR]


def in_line(text: Spelt, names: pl.DataFrame) -> list[tuple[str, int]]:
    """Return document and position of each line that a text can be the id of.

    A line is called by its document and its position there: `3k5vq2ab7c-17`.
    """
    own = names.filter(pl.col("by") == "document")
    rest = pl.lit(text.key).str.strip_prefix(_key)
    found = own.select("id", rest=rest).filter(
        pl.col("rest").str.contains("^[0-9]{1,12}$") & (pl.col("rest") != text.key)
    )
    return [(document, int(rest)) for document, rest in found.sort("id").iter_rows()]


def is_finding(text: Spelt) -> bool:
    """Say whether a text has a code in it, as the id of every finding has."""
    return any(code in text.key for code in _CODES)


_key = pl.col("key")
_CODES = [code.name.replace("_", "").upper() for code in CODES]
