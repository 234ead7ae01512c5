"""What credits give back of taxes: which charges they credit, and the invoices these stand on.

A charge counts as the invoice that holds it now says: the issued one that no credit note took back,
else the draft. The rates of its day come from the tables that taxed it. Rules: `docs/taxes.md`.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from invoices.periods import month_of
from invoices.schema import among, seal
from rebill.pricing import invoices, own_charges
from rebill.pricing.credits import PARTS as CARRIER_PARTS
from rebill.pricing.customer_lines import (
    BACK,
    CUSTOMER_LINES,
    GIVEN_BACK,
    OWN_TAXES,
    charge_key,
    refers,
)
from rebill.pricing.given_back import returned
from rebill.pricing.given_back.borne import BILL, BORNE, borne
from rebill.pricing.given_back.returned import CHARGE, GIVEN, PARTS
from rebill.pricing.own_charges import ITEMS
from rebill.pricing.unbilled import ROW as UNBILLED
from rebill.reference import current
from rebill.selling.making import KEY, Making, tax_tables
from rebill.store.frames import MONTH
from rebill.store.models import CustomerInvoice
from rebill.store.record import CREDIT_PARTS, MADE_LINES, Record, documents_named

BILLED = pl.Schema({**CUSTOMER_LINES, "bill": pl.String()})
"""Lines with the number of their invoice, an empty text where it is a draft."""
_OWN_TAX = pl.col("kind").is_in(OWN_TAXES)


@dataclass(frozen=True)
class Credited:
    """What credits of the months give back of taxes."""

    rows: pl.DataFrame  # CUSTOMER_LINES
    settled: pl.DataFrame  # customer, charge, credit: no outside engine is asked about them


def gather(making: Making) -> Credited:
    """Return what the credits of the months give back of the taxes their charges bore."""
    parts = _parts(making)
    if parts.is_empty():
        none = pl.DataFrame(schema=CUSTOMER_LINES)
        return Credited(none, parts.select(*CHARGE, "credit"))
    lines = _bills(making, parts)
    shares = pl.concat([pl.DataFrame(schema=BORNE), *_shares(making, lines)])
    charges = returned.of_charges(
        shares, lines.select(*BILL, "price", charge=charge_key(), refers=refers())
    )
    table = shares.filter(pl.col("method") == "tax_table", ~pl.col("refers"))
    settled = parts.join(table, on=CHARGE, how="semi").select(*CHARGE, "credit")
    outside = _outside(making).select("customer")
    theirs = parts.join(settled, on=["customer", "credit"], how="anti").join(
        outside, on="customer", how="semi"
    )
    back = returned.returned(parts, charges, _given(making, parts, shares))
    left_out = back.filter(pl.col("kind") == "tax").join(
        theirs, left_on=["customer", "credit_of"], right_on=CHARGE, how="semi"
    )
    own = back.filter(pl.col("bill_month").is_in(making.months))
    rows = own.join(left_out, on=["customer", "made_key"], how="anti")
    return Credited(rows, settled)


def _outside(making: Making) -> pl.DataFrame:
    return making.customers.filter(pl.col("tax_source") == "file")


def with_followers(record: Record, months: list[str]) -> list[str]:
    """Return the months with those of drafts whose credits are for charges of the months, or for
    charges that credits of the months are for too."""
    if not record.has_made_lines():
        return months
    parts = (
        record.scan(CREDIT_PARTS, CARRIER_PARTS)
        .filter(pl.col("why") == "passed")
        .select("customer", charge="credit_of", bill_month=month_of("bill_date"))
        .collect()
    )
    document_id = pl.col("charge").str.replace(r"-\d+$", "")
    placed = parts.with_columns(document_id=document_id)
    dated = documents_named(record, placed["document_id"]).select(
        "document_id", charged_in=month_of("bill_date")
    )
    placed = placed.join(dated, on="document_id", how="left")
    touched = placed.filter(
        pl.col("charged_in").is_in(months) | pl.col("bill_month").is_in(months)
    ).select(CHARGE)
    drafts = record.customer_invoices(CustomerInvoice.status == "draft").select(KEY)
    follow = parts.join(touched.unique(), on=CHARGE, how="semi").join(drafts, on=KEY, how="semi")
    return sorted({*months, *follow["bill_month"]})


# --- credits ------------------------------------------------------------------------------------


def _parts(making: Making) -> pl.DataFrame:
    """Return all parts (`PARTS`) of all credits of the charges that open credits are for."""
    made = making.made.filter(refers(), ~_OWN_TAX.fill_null(False))
    own = making.lines.filter(refers()).select("customer", "line_id").collect()
    if made.is_empty() and own.is_empty():
        return pl.DataFrame(schema=PARTS)
    return pl.concat([_of_carriers(making, own), _of_ours(making, made)])


def _of_carriers(making: Making, own: pl.DataFrame) -> pl.DataFrame:
    """Return the parts of carriers' credits; `own` has customer and line_id of open ones."""
    names = ["line_id", "credit_of", "customer", "bill_date", "price", "why"]
    known = making.record.scan(CREDIT_PARTS, CARRIER_PARTS).select(names)
    month = month_of("bill_date")
    if making.anew is not None:
        other = known.filter(~month.is_in(making.months))
        known = pl.concat([other, making.anew.lazy().select(names)])
    passed = known.filter(pl.col("why") == "passed", pl.col("price") != 0)
    of = passed.join(own.lazy(), on=["customer", "line_id"], how="semi")
    key = ["customer", "credit_of"]
    parts = passed.join(of.select(key).unique(), on=key, how="semi").collect()
    months = parts.select(month).to_series().unique().to_list()
    standing = _standing(making, months).filter(among("line_id", parts["line_id"]))
    held = standing.select("customer", "line_id").unique().collect()
    return (
        parts.join(held.with_columns(stands=True), on=["customer", "line_id"], how="left")
        .with_columns(pl.col("stands").fill_null(False), bill_month=month, on="bill_date")
        .rename({"credit_of": "charge", "line_id": "credit"})
        .pipe(seal, PARTS)
    )


def _of_ours(making: Making, made: pl.DataFrame) -> pl.DataFrame:
    """Return the parts of our own rows that give back rows of ours, and of minimums on issued
    invoices."""
    minimum = pl.col("kind") == "minimum"
    issued = (
        _standing(making, making.months)
        .filter(minimum, pl.col("price") < 0)
        .select(CUSTOMER_LINES.names())
        .collect()
    )
    both = [made.with_columns(stands=False), issued.with_columns(stands=True)]
    return (
        pl.concat(both)
        .with_columns(
            charge=pl.when(minimum)
            .then(charge_key())
            .otherwise(pl.col("made_key").str.strip_suffix(BACK)),
            credit="made_key",
            on="bill_date",
        )
        .pipe(seal, PARTS)
    )


def _standing(making: Making, months: list[str] | None = None) -> pl.LazyFrame:
    """Return the lines of issued invoices that no credit note took back (`INVOICED_LINES`)."""
    bills = making.record.customer_invoices(
        CustomerInvoice.status == "issued",
        CustomerInvoice.kind == "invoice",
        CustomerInvoice.corrected_by.is_(None),
    )
    if making.anew is not None:
        bills = bills.filter(~pl.col("bill_month").is_in(making.months))
    lines = making.record.issued_lines(months)
    return lines.join(bills.lazy().select("invoice_no"), on="invoice_no", how="semi")


# --- the invoices of their charges --------------------------------------------------------------


def _bills(making: Making, parts: pl.DataFrame) -> pl.DataFrame:
    """Return all lines (`BILLED`) of the invoices and drafts with the charges that are credited,
    and of issued ones with credits of them."""
    wanted = pl.concat(
        [parts.select(CHARGE), parts.filter("stands").select("customer", charge="credit")]
    ).unique()
    issued = _standing(making, _months(making, parts)).with_columns(charge=charge_key())
    found = issued.join(wanted.lazy(), on=CHARGE, how="semi").filter(
        ~refers() | among("line_id", parts["credit"])
    )
    bills = found.select(*CHARGE, *KEY[1:], "invoice_no").unique().collect()
    theirs = issued.join(bills.lazy().select("invoice_no").unique(), on="invoice_no", how="semi")
    lines = theirs.with_columns(bill="invoice_no").select(BILLED.names()).collect()
    rest = wanted.join(bills, on=CHARGE, how="anti")
    drafts = _drafts(making, rest)
    every = pl.concat([lines, drafts])
    taxed = every.filter(_OWN_TAX, pl.col("method") != GIVEN_BACK).select(BILL).unique()
    return every.join(taxed, on=BILL, how="semi")


def _months(making: Making, parts: pl.DataFrame) -> list[str] | None:
    """Return the bill months of the charges and their credits; all of them where a row of ours
    for a forgotten element is given back, for it may be of any."""
    if parts["charge"].str.starts_with(UNBILLED).any():
        return None
    document_id = pl.col("charge").str.replace(r"-\d+$", "")
    charged = documents_named(making.record, parts.select(document_id).to_series())
    return sorted({*charged.select(MONTH).to_series(), *parts["bill_month"], *making.months})


def _drafts(making: Making, wanted: pl.DataFrame) -> pl.DataFrame:
    """Return all lines (`BILLED`) of the drafts with the charges that are `wanted`."""
    if wanted.is_empty():
        return pl.DataFrame(schema=BILLED)
    record, own = making.record, pl.col("bill_month").is_in(making.months)

    def holding(lines: pl.LazyFrame) -> pl.LazyFrame:
        asked = lines.filter(~refers()).with_columns(charge=charge_key())
        return asked.join(wanted.lazy(), on=CHARGE, how="semi").select(KEY)

    stored = [
        record.scan(kind, CUSTOMER_LINES).select(CUSTOMER_LINES.names()).filter(~own)
        for kind in ("customer_lines", MADE_LINES)
    ]
    fresh = pl.concat([making.lines.select(CUSTOMER_LINES.names()), making.made.lazy()])
    bills = pl.concat([holding(lines) for lines in (*stored, fresh)]).unique().collect()
    months = bills.filter(~own)["bill_month"].unique().to_list()
    kept = [record.open_lines(months)] if months else []
    return (
        pl.concat([*kept, fresh])
        .join(bills.lazy(), on=KEY, how="semi")
        .with_columns(bill=pl.lit(""))
        .select(BILLED.names())
        .collect()
    )


def _shares(making: Making, lines: pl.DataFrame) -> list[pl.DataFrame]:
    """Return what each of the lines bore of the taxes of its invoice (`BORNE`), in parts."""
    version = pl.col("priced_load").filter(_OWN_TAX).max().over(BILL)
    fresh = (pl.col("bill") == "") & pl.col("bill_month").is_in(making.months)
    told = lines.with_columns(version=pl.when(~fresh).then(version))
    record = making.record
    shares = []
    for (load,), own in told.partition_by("version", as_dict=True, include_key=False).items():
        tables = making.tables
        if load is not None:
            tables = current.reference_frames(record.workspace, record.connection, load)
        states = tables["services"].select("service", "state").collect()
        latest = (
            own.filter(pl.col("line_id").is_not_null())
            .group_by(BILL)
            .agg(latest=pl.col("bill_date").max())
        )
        every = own.select(BILL).unique().join(latest, on=BILL, how="left")
        taxing = tax_tables(tables)
        days = invoices.dated(every, taxing.customers).select(*BILL, day="bill_date")
        dated = own.join(days, on=BILL).join(states, on="service", how="left")
        shares.append(borne(dated, taxing))
    return shares


def _given(making: Making, parts: pl.DataFrame, shares: pl.DataFrame) -> pl.DataFrame:
    """Return what issued invoices gave back already of the charges (`GIVEN`)."""
    months = parts["bill_month"].unique().to_list()
    issued = making.record.issued_lines(months).filter(pl.col("method") == GIVEN_BACK)
    if making.anew is not None:
        issued = issued.filter(~pl.col("bill_month").is_in(making.months))
    rows = (
        issued.with_columns(charge="credit_of", base=-pl.col("tax_base"), share=-pl.col("price"))
        .join(parts.lazy().select(CHARGE).unique(), on=CHARGE, how="semi")
        .select(GIVEN.names())
        .collect()
    )
    return pl.concat([rows, _given_once(parts, shares)])


def _given_once(parts: pl.DataFrame, shares: pl.DataFrame) -> pl.DataFrame:
    """Return what issued credits gave back (`GIVEN`) when they were taxed by the rates of their
    own day; of a credit of several charges, all for the first of them."""
    first = parts.filter("stands").sort("charge").unique(["customer", "credit"], keep="first")
    taxed = shares.filter(pl.col("refers"), pl.col("bill") != "").rename({"charge": "credit"})
    return (
        taxed.join(first.select("customer", "credit", "charge"), on=["customer", "credit"])
        .with_columns(-pl.col("base", "share"))
        .pipe(seal, GIVEN)
    )


# --- bounds, and outside engines ----------------------------------------------------------------


def bounded(making: Making) -> pl.DataFrame:
    """Return what was made, where no credit or discount without a charge gives back a tax that was
    never charged: what counts are invoices of the month and before, and all issued ones."""
    own = _OWN_TAX & pl.col("jurisdiction").is_not_null()
    made = making.made
    if made.filter(own, pl.col("price") < 0, pl.col("method") != GIVEN_BACK).is_empty():
        return made
    columns = ["customer", "bill_month", "kind", "jurisdiction", "tax", "price"]
    issued = making.record.issued_lines().filter(own)
    if making.anew is not None:
        issued = issued.filter(~pl.col("bill_month").is_in(making.months))
    drafted = making.record.scan(MADE_LINES, CUSTOMER_LINES).filter(
        own, ~pl.col("bill_month").is_in(making.months)
    )
    standing = issued.select(columns).collect()
    before = drafted.select(columns).collect()
    taxes = []
    for month in sorted(making.months):
        earlier = before.filter(pl.col("bill_month") < month)
        rows = made.filter(own, pl.col("bill_month") == month)
        taxes.append(returned.bounded(rows, pl.concat([standing, earlier])))
        before = pl.concat([before, taxes[-1].select(columns)])
    return pl.concat([made.filter(~own.fill_null(False)), *taxes])


def asked_outside(making: Making, credited: Credited) -> pl.DataFrame:
    """Return what is charged to customers with an outside engine (`ITEMS`), without the credits
    whose taxes are known from our own table."""
    theirs = _outside(making).select("customer")
    if theirs.is_empty():
        return pl.DataFrame(schema=ITEMS)
    settled = credited.settled.lazy()
    lines = pl.concat([making.lines.select(CUSTOMER_LINES.names()), making.made.lazy()])
    asked = (
        lines.join(theirs.lazy(), on="customer", how="semi")
        .with_columns(
            credit=pl.coalesce("line_id", "made_key"),
            charge=pl.when(pl.col("method") == GIVEN_BACK).then("credit_of"),
        )
        .join(settled.select("customer", "credit").unique(), on=["customer", "credit"], how="anti")
        .join(settled.select(CHARGE).unique(), on=CHARGE, how="anti")
    )
    return own_charges.items_of(asked, making.states, making.told).select(ITEMS.names())
