"""The tables of the record as CSV, Parquet or JSON, for the people who script the product.

Columns are promised: the ones named here come first and in this order, others follow. Rows are
sorted by key as text, so that the same record gives the same bytes. What is money has two places,
a rate is written as it is, nothing ever passes through a float. Large tables are written bucket by
bucket of their key, so that memory does not grow with the table.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

import polars as pl

from invoices.schema import CENTS, RATE
from rebill.bank_tables import TABLES as BANK
from rebill.bank_tables import bank_frame
from rebill.cash_tables import TABLES as CASH
from rebill.cash_tables import cash_frame
from rebill.claim_credits import ROWS as CREDIT_ROWS
from rebill.claim_credits import credit_rows
from rebill.claimbook import claim_steps
from rebill.decisions import decisions, waivers
from rebill.earning_tables import TABLES as EARNING
from rebill.earning_tables import earning_frame
from rebill.record import Record
from reconcile.dispute import refresh
from reconcile.exposure import by_bill, exposure
from reconcile.pulls import standing_pulls
from reconcile.waivers import waived

Format = Literal["csv", "parquet", "json"]

MONTH = pl.col("bill_date").dt.strftime("%Y-%m")
AT_ONCE = 400_000
"""Rows that are sorted and written in one piece."""


@dataclass(frozen=True)
class Table:
    """A table that goes out: what it holds, its key, and the columns that are promised."""

    name: str
    holds: str
    key: tuple[str, ...]
    columns: pl.Schema


def _table(name: str, holds: str, key: str, **columns: pl.DataType | type[pl.DataType]) -> Table:
    return Table(name, holds, tuple(key.split()), pl.Schema(columns))


TABLES = {
    table.name: table
    for table in (
        _table(
            "documents",
            "every document that came: loaded, held or refused",
            "document_id",
            document_id=pl.String,
            carrier=pl.String,
            ban=pl.String,
            invoice_no=pl.String,
            bill_date=pl.Date,
            due_date=pl.Date,
            status=pl.String,
            lines=pl.Int64,
            current_charges=CENTS,
            total_due=CENTS,
            source_file=pl.String,
            source_row=pl.Int64,
            previous_balance=CENTS,
            payments=CENTS,
            adjustments=CENTS,
            line_sum=CENTS,
            received_on=pl.Date,
            contract=pl.String,
        ),
        _table(
            "lines",
            "the lines of loaded documents, as billed and as the contract expects them",
            "line_id",
            line_id=pl.String,
            document_id=pl.String,
            carrier=pl.String,
            ban=pl.String,
            invoice_no=pl.String,
            bill_date=pl.Date,
            line_no=pl.Int64,
            charge_class=pl.String,
            usoc=pl.String,
            quantity=RATE,
            unit_rate=RATE,
            amount=CENTS,
            expected=CENTS,
            wtn=pl.String,
            circuit_id=pl.String,
            service=pl.String,
            customer=pl.String,
            order_no=pl.String,
            service_from=pl.Date,
            service_until=pl.Date,
            source_file=pl.String,
            source_row=pl.Int64,
            description=pl.String,
            state=pl.String,
            zone=pl.String,
            product=pl.String,
            package=pl.String,
            matched_by=pl.String,
            contract=pl.String,
            order_used=pl.String,
            rate_day=pl.Date,
            buy_rate=RATE,
            at_stake=CENTS,
            tolerated=CENTS,
            underbilled=CENTS,
            interchange=pl.String,
            set_no=pl.String,
        ),
        _table(
            "findings",
            "what is wrong or worth a look, each with the money it puts at stake",
            "finding_id",
            finding_id=pl.String,
            code=pl.String,
            cause=pl.String,
            severity=pl.String,
            document_id=pl.String,
            line_id=pl.String,
            service=pl.String,
            usoc=pl.String,
            billed=CENTS,
            expected=CENTS,
            amount_at_stake=CENTS,
            message=pl.String,
            remedy=pl.String,
            source_file=pl.String,
            source_row=pl.Int64,
            dispute_closes_on=pl.Date,
            claim_no=pl.String,
            reason=pl.String,
            carrier=pl.String,
            ban=pl.String,
            bill_date=pl.Date,
            waived=pl.Boolean,
            waived_until=pl.Date,
            waived_by=pl.Int64,
        ),
        _table(
            "decisions",
            "what people decided: who, when, why, and about what",
            "id",
            id=pl.Int64,
            decided_on=pl.Date,
            who=pl.String,
            act=pl.String,
            subject=pl.String,
            other=pl.String,
            reason=pl.String,
            holds_until=pl.Date,
            carrier=pl.String,
            service=pl.String,
            usoc=pl.String,
            code=pl.String,
            amount=CENTS,
            ends=pl.Int64,
        ),
        _table(
            "claims",
            "what is disputed or could be, and until when",
            "claim_no",
            claim_no=pl.String,
            carrier=pl.String,
            ban=pl.String,
            reason=pl.String,
            bill_month=pl.String,
            status=pl.String,
            amount=CENTS,
            filed_on=pl.Date,
            file_by=pl.Date,
            dispute_closes_on=pl.Date,
            credited=CENTS,
            denied=CENTS,
            findings=pl.Int64,
            withdrawn=CENTS,
            granted=CENTS,
            level=pl.Int64,
            sent=pl.Int64,
            answered_on=pl.Date,
            tracking_no=pl.String,
            group_key=pl.String,
            contract=pl.String,
            form=pl.String,
        ),
        _table(
            "claim_events",
            "everything that happened to claims, in order; the last three are of the claim in all",
            "claim_no event",
            claim_no=pl.String,
            event=pl.Int64,
            at=pl.Date,
            who=pl.String,
            what=pl.String,
            reference=pl.String,
            amount=CENTS,
            note=pl.String,
            status=pl.String,
            level=pl.Int64,
            credited=CENTS,
            denied=CENTS,
            withdrawn=CENTS,
        ),
        Table(
            "credits",
            "what bills gave back by adjustments, and which claims it is for or could be for",
            ("credit_id",),
            CREDIT_ROWS,
        ),
        _table(
            "customer_invoices",
            "the invoices to customers",
            "invoice_no",
            invoice_no=pl.String,
            customer=pl.String,
            bill_date=pl.Date,
            due_date=pl.Date,
            total=CENTS,
            status=pl.String,
            brand=pl.String,
            bill_month=pl.String,
            lines=pl.Int64,
            kind=pl.String,
            corrects=pl.String,
            corrected_by=pl.String,
            replaced_by=pl.String,
            issued_on=pl.Date,
            rounding=pl.String,
            hold=pl.String,
            note=pl.String,
        ),
        _table(
            "customer_lines",
            "whatever stands on a customer invoice, with its cost and margin",
            "invoice_no line_id made_key",
            invoice_no=pl.String,
            customer=pl.String,
            line_id=pl.String,
            service=pl.String,
            usoc=pl.String,
            description=pl.String,
            quantity=RATE,
            cost=CENTS,
            price=CENTS,
            method=pl.String,
            margin=CENTS,
            charge_class=pl.String,
            service_from=pl.Date,
            service_until=pl.Date,
            carrier=pl.String,
            bill_date=pl.Date,
            bill_month=pl.String,
            markup_row=pl.Int64,
            markup_scope=pl.String,
            bundle=pl.String,
            kind=pl.String,
            made_key=pl.String,
            product=pl.String,
            rule=pl.String,
            promotion=pl.String,
            credit_of=pl.String,
            tax=pl.String,
            jurisdiction=pl.String,
            tax_base=CENTS,
            tax_rate=RATE,
        ),
        _table(
            "debits",
            "what each document lets the carrier pull, and when",
            "carrier ban invoice_no bill_date",
            carrier=pl.String,
            contract=pl.String,
            ban=pl.String,
            invoice_no=pl.String,
            bill_date=pl.Date,
            debit_on=pl.Date,
            amount=CENTS,
            status=pl.String,
            dispute_closes_on=pl.Date,
            document_id=pl.String,
            pulled=CENTS,
            pulled_on=pl.Date,
            returned=CENTS,
            returned_on=pl.Date,
        ),
        _table(
            "exposure",
            "by carrier and day: what was pulled, and what of it is in which state of dispute",
            "on carrier",
            on=pl.Date,
            carrier=pl.String,
            debited=CENTS,
            undisputed=CENTS,
            unfiled=CENTS,
            open=CENTS,
            credited=CENTS,
            denied=CENTS,
            withdrawn=CENTS,
            expired=CENTS,
        ),
        _table(
            "bill_exposure",
            "by bill: what was pulled, and what of it is in which state of dispute on a day",
            "carrier ban bill_date invoice_no",
            on=pl.Date,
            carrier=pl.String,
            ban=pl.String,
            invoice_no=pl.String,
            bill_date=pl.Date,
            debited=CENTS,
            undisputed=CENTS,
            unfiled=CENTS,
            open=CENTS,
            credited=CENTS,
            denied=CENTS,
            withdrawn=CENTS,
            expired=CENTS,
            document_id=pl.String,
        ),
    )
}


TABLES |= {
    name: _table(name, holds, key, **columns)
    for name, holds, key, columns in (*CASH, *BANK, *EARNING)
}


def table_frame(
    record: Record, name: str, months: Collection[str] | None = None, as_of: dt.date | None = None
) -> pl.LazyFrame:
    """Return the rows of a table from the record: all, or those of the bill months.

    Exposure is reckoned for `as_of`, and claims have the state of that day; without it both are as
    the last night left them.
    """
    if name == "lines":
        return record.lines(months)
    if name == "customer_lines":
        return record.customer_lines(months)
    if name == "findings":
        days = record.debits().select("document_id", "dispute_closes_on")
        held = waivers(record, as_of or record.last_as_of())
        found = waived(record.findings(months), held).with_columns(
            waived=pl.col("waived_by").is_not_null()
        )
        return found.join(days.lazy(), on="document_id", how="left")
    if name == "decisions":
        acts = decisions(record)
        if months is not None:
            month_decided = pl.col("decided_on").dt.strftime("%Y-%m")
            acts = acts.filter(month_decided.is_in(list(months)))
        return acts.lazy()
    if name == "exposure":
        return _exposure(record, months, as_of or record.last_as_of()).lazy()
    if name in {table for table, *_ in EARNING}:
        return earning_frame(record, name, months)
    if name in {table for table, *_ in CASH}:
        return cash_frame(record, name, months, as_of or record.last_as_of()).lazy()
    if name in {table for table, *_ in BANK}:
        day = "debit_on" if name == "pulls_to_come" else "settled_on"
        settled = pl.col(day).dt.strftime("%Y-%m")
        moved = bank_frame(record, name, as_of or record.last_as_of()).lazy()
        return moved if months is None else moved.filter(settled.is_in(list(months)))
    if name == "credits":
        return credit_rows(record, None if months is None else list(months)).lazy()
    if name == "bill_exposure":
        return _bill_exposure(record, months, as_of or record.last_as_of()).lazy()
    rows = {
        "claim_events": record.claim_events,
        "documents": record.documents,
        "claims": record.claims,
        "customer_invoices": record.customer_invoices,
        "debits": record.debits,
    }[name]()
    if name == "claims" and as_of is not None:
        rows = refresh(rows, as_of)
    if name == "claim_events":
        number = pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over("claim_no")
        months_of = record.claims().select("claim_no", "bill_month")
        rows = rows.with_columns(event=number).join(months_of, on="claim_no", how="left")
    if months is None:
        return rows.lazy()
    month = "bill_month" if "bill_month" in rows.columns else MONTH
    own = pl.col(month) if isinstance(month, str) else month
    return rows.filter(own.is_in(list(months))).lazy()


def _exposure(
    record: Record, months: Collection[str] | None, as_of: dt.date | None
) -> pl.DataFrame:
    """Return the exposure of the bills of some months, or of all."""
    debits = record.debits()
    if months is not None:
        debits = debits.filter(MONTH.is_in(list(months)))
    if debits.is_empty() or as_of is None:
        return pl.DataFrame(schema=TABLES["exposure"].columns)
    pulled = standing_pulls(record.settlements())
    return exposure(debits, claim_steps(record), as_of, pulled)


def _bill_exposure(
    record: Record, months: Collection[str] | None, as_of: dt.date | None
) -> pl.DataFrame:
    """Return where the money of each bill of some months stands on a day."""
    if as_of is None:
        return pl.DataFrame(schema=TABLES["bill_exposure"].columns)
    pulled = standing_pulls(record.settlements())
    found = by_bill(record.debits(), claim_steps(record), as_of, pulled)
    rows = found.with_columns(on=pl.lit(as_of))
    return rows if months is None else rows.filter(MONTH.is_in(list(months)))


def shaped(table: Table, frame: pl.LazyFrame) -> pl.LazyFrame:
    """Return `frame` with the promised columns first, absent ones null, money with two places."""
    present = frame.collect_schema()
    promised = [
        (pl.col(name) if name in present else pl.lit(None)).cast(dtype).alias(name)
        for name, dtype in table.columns.items()
    ]
    return frame.select(promised)


def pieces(table: Table, frame: pl.LazyFrame) -> Iterator[pl.DataFrame]:
    """Yield the rows of `frame` in order of its key; the first piece may be empty.

    A large table comes in buckets: all keys of one beginning sort before all of the next.
    """
    if frame.select(pl.len()).collect().item() <= AT_ONCE:
        yield frame.collect().sort(table.key, nulls_last=False)
        return
    start = pl.col(table.key[0]).cast(pl.String).str.head(2)
    starts = frame.select(start.unique().sort()).collect().to_series().to_list()
    for value in starts:
        yield frame.filter(start.eq_missing(pl.lit(value))).collect().sort(table.key)


def write(table: Table, frame: pl.LazyFrame, form: Format, out: BinaryIO) -> int:
    """Write the rows of `frame` to `out` in the given form and return how many there were."""
    rows = 0
    opened = False
    if form == "parquet":
        whole = pl.concat(list(pieces(table, shaped(table, frame))))
        whole.write_parquet(out)
        return whole.height
    for piece in pieces(table, shaped(table, frame)):
        text = as_text(piece)
        if form == "csv":
            text.write_csv(out, include_header=not opened)
        else:
            _json_rows(text, out, first=rows == 0)
        opened = True
        rows += piece.height
    if form == "json":
        out.write(b"\n]\n" if rows else b"[]\n")
    return rows


def _json_rows(frame: pl.DataFrame, out: BinaryIO, *, first: bool) -> None:
    """Write rows as JSON objects, one a line, behind an opening bracket or a comma."""
    if frame.is_empty():
        return
    body = frame.write_ndjson().rstrip("\n").replace("\n", ",\n")
    out.write(("[\n" if first else ",\n").encode())
    out.write(body.encode())


def as_text(frame: pl.DataFrame) -> pl.DataFrame:
    """Return `frame` with decimals as plain text: money with two places, rates without padding."""
    exprs = []
    for name, dtype in frame.schema.items():
        if isinstance(dtype, pl.Decimal):
            text = pl.col(name).cast(pl.String)
            if dtype.scale != CENTS.scale:
                text = text.str.strip_chars_end("0").str.strip_chars_end(".")
            exprs.append(text.alias(name))
    return frame.with_columns(exprs)


def export_to(path: Path, table: Table, frame: pl.LazyFrame, form: Format) -> int:
    """Write a table to the file `path`, which is complete or as it was before; return its rows."""
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        with temporary.open("wb") as out:
            rows = write(table, frame, form, out)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return rows
