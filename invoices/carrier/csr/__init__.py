"""Customer service records: what the carrier believes is on an account today.

Grammar (`docs/formats/csr.md`): a header with the account, then sections under a marker line. In
the sections that list equipment a row is

    [TN] USOC [/FID value ...] [F|N] [quantity] [unit total] [date [order]]

Nothing is added up twice: summaries and cross references repeat what stands above them, listing and
billing sections hold no equipment, and the headings of a printed page are read over (`csr_pages`).
Totals that are printed prove. A row that cannot be read is returned with its reason.
"""

from __future__ import annotations

import polars as pl

from invoices.carrier.cells import telephone
from invoices.carrier.csr import csr_pages
from invoices.carrier.csr.csr_equipment import ROWS, UNREAD, equipment_of, is_priced, is_tail
from invoices.carrier.csr.csr_records import MAIN, account_of, opened
from invoices.carrier.csr.csr_totals import TOTAL, unproven
from invoices.identifiers import unseen_off
from invoices.schema import columns_of

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

_TWO_AMOUNTS = r"[0-9]\.[0-9]{2,}[ \t]+-?\$?[0-9][0-9,]*\.[0-9]{2,}[ \t]*$"
_CONTINUED = r"[ \t(\[-]*\bCONT(?:INUED|['`]?D)?\b\.?[ \t)\]]*"


def is_csr(head: str) -> bool:
    """Whether a text begins like a customer service record: an account, then a marked section."""
    rows = csr_pages.rows_of(head)
    seen = rows.select(
        account=account_of().is_not_null().any(),
        section=_section().is_in([*EQUIPMENT, *OTHER]).any(),
    )
    return all(seen.row(0))


class Csr:
    """The records of one file: accounts (`RECORDS`), equipment (`ROWS`), what is unread."""

    def __init__(self, records: pl.DataFrame, rows: pl.DataFrame, unread: pl.DataFrame) -> None:
        self.records, self.rows, self.unread = records, rows, unread


def read_csr(text: str, source_file: str) -> Csr:
    """Return what the text says; a file without an account or equipment section has no rows."""
    lines = csr_pages.rows_of(unseen_off(text)).with_columns(
        source_file=pl.lit(source_file), marker=_section(), page=csr_pages.number()
    )
    lines = lines.with_columns(
        marker=pl.when(pl.col("marker").is_in([*EQUIPMENT, *OTHER])).then("marker")
    )
    lines = _of_pages(opened(lines, list(EQUIPMENT)))
    records = lines.filter("first").select(
        "record",
        ban=pl.col("account"),
        # An account that does not begin with a number has no main one.
        main_tn=telephone(pl.col("named").str.extract(rf"^({MAIN})")),
        source_file="source_file",
        source_row="source_row",
    )
    body = lines.filter(
        pl.col("record") >= 0, pl.col("marker").is_null(), ~pl.col("opens"), ~pl.col("skipped")
    ).with_columns(counted=pl.col("section").is_in(list(EQUIPMENT)).fill_null(False))
    is_row = pl.col("counted") & ~pl.col("text").str.contains(TOTAL)
    good, bad = equipment_of(_continued(body.filter(is_row)), records)
    off = unproven(good, bad, body.filter(~is_row, pl.col("section").is_not_null()))
    place = ["source_file", "source_row", "line", "text", "reason"]
    unread = pl.concat([frame.select(place) for frame in (bad, _lost(lines), off)])
    return Csr(
        records.select(columns_of(RECORDS)),
        good.select(columns_of(ROWS)),
        unread.sort("line").rename({"text": "raw"}).select(columns_of(UNREAD)),
    )


def _section() -> pl.Expr:
    """Return the section a marker row opens, whatever it is framed with; else other text."""
    text = pl.col("text").str.to_uppercase().str.replace(_CONTINUED, "")
    return text.str.strip_chars(" \t-=*<>[]#:._")


def _of_pages(lines: pl.DataFrame) -> pl.DataFrame:
    """Add the section each row is in, the `block` it is of, and whether it is of the page only.

    A marker that a new page repeats goes on with the section that is open.
    """
    lines = lines.with_columns(
        section=pl.col("marker").forward_fill().over("record"), run=csr_pages.run_of()
    )
    was = pl.col("section").shift(1).over("record")
    turned = (pl.col("page").is_not_null() | pl.col("opens")).any().over("run") | (
        pl.col("sheet").n_unique().over("run") > 1
    )
    goes_on = pl.col("text").str.to_uppercase().str.contains(_CONTINUED) | turned
    begins = pl.col("marker").is_not_null() & ~(
        (pl.col("marker") == was).fill_null(False) & goes_on
    )
    lines = lines.with_columns(
        block=(begins | pl.col("first")).cast(pl.Int64).cum_sum(),
        heads=pl.col("marker").is_not_null().cast(pl.Int64).cum_sum() == 0,
        own=csr_pages.of_the_page(),
    )
    return lines.with_columns(skipped=pl.col("own") | csr_pages.headings(lines))


def _lost(lines: pl.DataFrame) -> pl.DataFrame:
    """Return what is doubtful and must not be read over: accounts, pages, rows in no section."""
    text = pl.col("text")
    priced = is_priced(text) | text.str.contains(_TWO_AMOUNTS)
    priced &= ~pl.col("opens") & pl.col("first").any()
    empty = pl.col("first") & pl.col("marker").is_not_null().any().over("record").not_()
    twice = pl.col("opens") & pl.col("repeated")
    why = (
        pl.when(pl.col("misnamed"))
        .then(pl.lit("the account cannot be read"))
        .when(empty & (pl.col("marker").is_not_null().any()))
        .then(pl.lit("no section of this record follows"))
        .when(twice)
        .then(pl.lit("the page repeats one above it, row by row"))
        .when(pl.col("gap").is_not_null())
        .then("gap")
        .when(priced & (pl.col("record") < 0))
        .then(pl.lit("no account stands above it"))
        .when(priced & pl.col("section").is_null())
        .then(pl.lit("no section is open where it stands"))
    )
    lines = lines.join(csr_pages.missing(lines), on="line", how="left", maintain_order="left")
    return lines.with_columns(reason=why).filter(pl.col("reason").is_not_null())


def _continued(body: pl.DataFrame) -> pl.DataFrame:
    """Put rows that only go on behind the row they belong to, also over a turn of the page.

    Rows of FIDs go on; so do amounts alone below a row without any, and what follows a comma or a
    number that stands alone.
    """
    text = pl.col("text")
    above = text.shift(1).over("record", "block")
    fids = text.str.contains(r"^[ \t]*/")
    hangs = above.str.contains(rf",[ \t]*$|^[ \t]*(?:{MAIN}|[0-9]{{3}}[ .-][0-9]{{4}})[ \t]*$")
    hangs = hangs.fill_null(False)
    owner = pl.when(~fids).then(text).forward_fill().shift(1).over("record", "block")
    tail = is_tail(text) & ~is_priced(owner).fill_null(True) & ~is_priced(above).fill_null(True)
    rows = body.with_columns(goes_on=fids | hangs | tail)
    rows = (
        rows.with_columns(own=(~pl.col("goes_on")).cum_sum().over("record", "block"))
        .group_by("record", "block", "own", maintain_order=True)
        .agg(
            pl.exclude("text", "goes_on", "reason").first(),
            pl.col("reason").drop_nulls().first(),
            text=pl.col("text").first(),
            more=pl.col("text").slice(1).str.strip_chars().str.join(" "),
        )
    )
    # Amounts stand at the end of a row: where it has some, what goes on is put before them.
    whole = ~is_priced(pl.col("text")) & (pl.col("more") != "")
    return rows.with_columns(
        text=pl.when(whole).then(pl.concat_str("text", "more", separator=" ")).otherwise("text"),
        more=pl.when(whole).then(pl.lit("")).otherwise("more"),
    )
