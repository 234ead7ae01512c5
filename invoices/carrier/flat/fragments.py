"""The bills that rows speak of become fragments of documents, each with its carrier and its id."""

from __future__ import annotations

import polars as pl

from invoices.carrier.accounts import TIE, TIE_REMEDY, carrier_of
from invoices.carrier.flat.profile import KEY_FIELDS
from invoices.carrier.flat.values import EXACT, Fields, column_field, document_fields, rounded
from invoices.carrier.profiles import Profile
from invoices.carrier.reading import document_id, short_id
from invoices.carrier.source import Known, Source
from invoices.schema import DOCUMENTS, WIDE
from invoices.text import filled

KEY = ("carrier", *KEY_FIELDS)


def _key(fields: Fields) -> list[pl.Expr]:
    carrier = fields.value("carrier") if fields.has("carrier") else pl.lit(fields.profile.carrier)
    return [
        carrier.cast(pl.String).alias("carrier"),
        *(pl.col(f"{name} value").alias(name) for name in KEY_FIELDS),
    ]


def bills_of(rows: pl.LazyFrame, fields: Fields) -> pl.DataFrame:
    """Return the bills that rows speak of: key, `faulty`, `rows`, first `row`, what they add up to,
    each document field with its smallest and largest value."""
    others = [name for name in document_fields(fields) if name not in KEY]
    role_lines = fields.table.part.role == "lines"
    exact = fields.extended() if role_lines else pl.lit(0)
    charges = fields.table.part.charges if role_lines else {}
    amounts = {
        "amount": exact.cast(EXACT),
        **{f"charge {name}": pl.col(f"{column_field(name)} value").cast(EXACT) for name in charges},
    }
    if fields.table.part.rounding != "total":
        amounts = {name: rounded(amount) for name, amount in amounts.items()}
    narrow = rows.select(
        *(
            pl.when(~pl.col("faulty")).then(key).alias(key.meta.output_name())
            for key in _key(fields)
        ),
        *(pl.when(~pl.col("faulty")).then(fields.value(name)).alias(name) for name in others),
        "row",
        "faulty",
        **{name: pl.when(~pl.col("faulty")).then(amount) for name, amount in amounts.items()},
    )
    return (
        narrow.group_by(*KEY, "faulty")
        .agg(
            pl.len().cast(pl.Int64).alias("rows"),
            pl.col("row").min(),
            pl.col(*amounts).sum(),
            *(pl.col(name).min().alias(name) for name in others),
            *(pl.col(name).max().alias(f"{name} most") for name in others),
            *(pl.col(name).null_count().alias(f"{name} absent") for name in others),
        )
        .collect()
        .sort("row")
        .with_columns(
            amount=pl.sum_horizontal(rounded(pl.col(name).cast(EXACT)) for name in amounts).cast(
                WIDE
            )
        )
        .drop(name for name in amounts if name != "amount")
    )


def fragments_of(bills: pl.DataFrame, fields: Fields, source: Source) -> pl.DataFrame:
    """Return the fragments of documents (`DOCUMENTS`, `message`, `remedy`, and what was summed)."""
    found = _told(with_carrier(bills, source.known), fields.profile).drop("rivals")
    return found.with_columns(
        document_id=pl.Series(_ids(found, source), dtype=pl.String),
        source_file=pl.lit(fields.table.source_file),
        source_row="row",
        lines=pl.lit(0, pl.Int64),
        **{
            name: pl.lit(None, DOCUMENTS[name])
            for name in DOCUMENTS
            if name not in found.columns
            and name not in ("document_id", "source_file", "source_row", "lines")
        },
    )


def _told(bills: pl.DataFrame, profile: Profile) -> pl.DataFrame:
    """Add `status`, and of a bill that is refused `message` and `remedy`."""
    covered = [ban for ban in bills["ban"].unique() if profile.covers(ban)]
    nobody = "account {} is under no contract, and the profile names no carrier"
    tie = pl.col("rivals").is_not_null()
    message = (
        pl.when(tie)
        .then(filled(f"{TIE}, and the profile names no carrier", "rivals", "ban"))
        .when(pl.col("carrier").is_null())
        .then(filled(nobody, "ban"))
        .when(~pl.col("ban").is_in(covered))
        .then(filled(f"account {{}} is none that profile {profile.profile} reads", "ban"))
    )
    remedy = "name the carrier or the account pattern in the profile, or load a contract"
    refused = message.is_not_null()
    return bills.with_columns(
        status=pl.when(refused).then(pl.lit("refused")).otherwise(pl.lit("loaded")),
        message=filled("{}; its {} rows are not loaded", message, "rows"),
        remedy=pl.when(tie)
        .then(pl.lit(f"name the carrier in the profile, or {TIE_REMEDY}"))
        .otherwise(pl.lit(remedy)),
    )


def _ids(found: pl.DataFrame, source: Source) -> list[str]:
    return [
        short_id("refused", source.digest or source.name, str(row))
        if status == "refused"
        else document_id(carrier, ban, invoice_no)
        for status, row, carrier, ban, invoice_no in found.select(
            "status", "row", "carrier", "ban", "invoice_no"
        ).iter_rows()
    ]


def with_carrier(bills: pl.DataFrame, known: Known) -> pl.DataFrame:
    """Give bills whose paper names no carrier the one whose contract covers the account.

    `rivals` are the carriers whose contracts cover it equally well on the bill date, else null.
    """
    unnamed = bills.filter(pl.col("carrier").is_null())
    owners = carrier_of(unnamed.select("ban", day="bill_date"), known)
    return (
        bills.join(
            owners.rename({"day": "bill_date", "carrier": "of"}),
            on=["ban", "bill_date"],
            how="left",
            maintain_order="left",
        )
        .with_columns(
            carrier=pl.coalesce("carrier", "of"),
            rivals=pl.when(pl.col("carrier").is_null()).then("rivals"),
        )
        .drop("of")
    )
