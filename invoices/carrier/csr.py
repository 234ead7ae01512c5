"""Customer service records: what the carrier believes is on an account today.

Grammar (`docs/formats/csr.md`): a header with the account, then sections under a marker line. In
the sections that list equipment a row is

    [TN] USOC [/FID value ...] [F|N] [quantity] [unit total] [date [order]]

Nothing is added up twice: summaries and cross references repeat what stands above them, and listing
and billing sections hold no equipment. A row that cannot be read is returned with its reason.
"""

from __future__ import annotations

import polars as pl

from invoices.carrier.cells import telephone
from invoices.carrier.csr_equipment import equipment_of

EQUIPMENT = (
    *("S&E", "S & E", "S AND E", "SERVICE AND EQUIPMENT", "SERVICE & EQUIPMENT", "ACCOUNT"),
    *("LINE & STATION", "LINE AND STATION", "KEY SYSTEM", "SPECIAL SERVICE", "EXTRA LISTINGS"),
)
"""Sections whose rows are services and elements."""
OTHER = (
    *("LIST", "LISTING", "LISTINGS", "BILL", "BILLING", "RMKS", "REMARKS", "ACCOUNT SUMMARY"),
    *("S&E CROSS REFERENCE", "S & E CROSS REFERENCE", "HEADER"),
)
"""Sections that hold no equipment, or repeat it."""

RECORDS = pl.Schema(
    {
        "record": pl.Int64(),  # which record of the file, from 0
        "ban": pl.String(),  # main number and customer code, blanks and dashes removed
        "main_tn": pl.String(),  # ten digits
        "source_file": pl.String(),
        "source_row": pl.Int64(),  # of the account
    }
)

_MAIN = r"\(?[0-9]{3}\)?[ .-]?[0-9]{3}[ .-]?[0-9]{4}"
_ACCOUNT = (
    r"(?i)^[ \t]*(?:ACCOUNT|ACCT|BAN)(?:[ \t]+(?:NO|NUMBER|NBR))?[ \t.:#]+"
    r"([0-9(][0-9A-Z() .-]{5,30}?)[ \t]*$"
)
_MAIN_AND_CODE = rf"^[ \t]*({_MAIN}[ .-]?[0-9A-Z]{{3}})[ \t]*$"


def is_csr(head: str) -> bool:
    """Whether a text begins like a customer service record: an account, then a marked section."""
    rows = pl.DataFrame({"text": head.lstrip("\ufeff").splitlines()}, schema={"text": pl.String})
    seen = rows.select(
        account=_account().is_not_null().any(),
        section=_section().is_in([*EQUIPMENT, *OTHER]).any(),
    )
    return all(seen.row(0))


class Csr:
    """The records of one file: accounts (`RECORDS`), equipment (`ROWS`), what is unread."""

    def __init__(self, records: pl.DataFrame, rows: pl.DataFrame, unread: pl.DataFrame) -> None:
        self.records, self.rows, self.unread = records, rows, unread


def read_csr(text: str, source_file: str) -> Csr:
    """Return what the text says; a file without an account or equipment section has no rows."""
    lines = pl.DataFrame(
        {"text": text.lstrip("\ufeff").splitlines()}, schema={"text": pl.String}
    ).with_row_index("source_row", offset=1)
    lines = lines.with_columns(
        pl.col("source_row").cast(pl.Int64),
        source_file=pl.lit(source_file),
        account=_account(),
        marker=_section(),
    )
    # An account stands in the header; what looks like one in a section is none.
    lines = lines.with_columns(
        marker=pl.when(pl.col("marker").is_in([*EQUIPMENT, *OTHER])).then("marker"),
        opens=pl.col("account").is_not_null() & pl.col("text").str.contains(_ACCOUNT),
    )
    named = lines["opens"].any()
    opens = pl.col("opens") if named else pl.col("account").is_not_null()
    lines = lines.with_columns(record=opens.cast(pl.Int64).cum_sum() - 1, opens=opens)
    lines = lines.with_columns(
        section=pl.col("marker").forward_fill().over("record"), is_marker=pl.col("marker") != ""
    )
    records = lines.filter("opens").select(
        "record",
        ban=pl.col("account").str.replace_all(r"[^0-9A-Za-z]", "").str.to_uppercase(),
        # An account that does not begin with a number has no main one.
        main_tn=telephone(pl.col("account").str.extract(rf"^({_MAIN})")),
        source_file="source_file",
        source_row="source_row",
    )
    body = lines.filter(
        pl.col("record") >= 0,
        pl.col("section").is_in(list(EQUIPMENT)),
        pl.col("is_marker").is_null(),
        pl.col("text").str.strip_chars() != "",
    )
    equipment, unread = equipment_of(_continued(body), records)
    return Csr(records.select(RECORDS.names()).cast(RECORDS), equipment, unread)


def _account() -> pl.Expr:
    """Return the account a header row names, as printed."""
    text = pl.col("text")
    return pl.coalesce(text.str.extract(_ACCOUNT), text.str.extract(_MAIN_AND_CODE))


def _section() -> pl.Expr:
    """Return the section a marker row opens, whatever it is framed with; else other text."""
    return pl.col("text").str.strip_chars(" \t-=*<>[]#:._").str.to_uppercase()


def _continued(body: pl.DataFrame) -> pl.DataFrame:
    """Put rows that only go on with FIDs behind the row they belong to."""
    goes_on = pl.col("text").str.contains(r"^[ \t]*/")
    return (
        body.with_columns(own=(~goes_on).cum_sum().over("record"))
        .group_by("record", "own", maintain_order=True)
        .agg(
            pl.col("section", "source_file", "source_row").first(),
            # Amounts stand at the end of the row itself: what goes on is put before them.
            text=pl.col("text").first(),
            more=pl.col("text").slice(1).str.strip_chars().str.join(" "),
        )
    )
