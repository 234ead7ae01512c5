"""The line rows of a file: which can be read, why others cannot, and what the lines say."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from invoices.carrier import cells as c
from invoices.carrier import checks as ck
from invoices.carrier import split
from invoices.carrier.header import Header
from invoices.carrier.piecewise import lazy_lines
from invoices.carrier.usoc_lines.attach import NO_KEY
from invoices.carrier.usoc_lines.columns import (
    KEY,
    KINDS,
    LINE_CELLS,
    LINE_READ,
    line_checks,
    plain_spellings,
    stands,
)
from invoices.carrier.usoc_lines.plain import Plain
from invoices.schema import LINES, among, empty, seal
from invoices.text import filled

FAULTS = pl.Schema(
    {
        "row": pl.Int64,
        "document": pl.Int64,
        **dict.fromkeys(("raw", "message", "remedy"), pl.String),
    }
)
"""A row that cannot be read, the number of its document, and why."""


def read_rows(
    body: pl.LazyFrame, header: Header, documents: pl.DataFrame, plain: Plain | None
) -> pl.DataFrame:
    """Return `row`, `key`, `plain` and `faulty` of every row that is no document row, in order.

    `key` is the number of the document key that the row names, `NO_KEY` where it names none or is
    not whole, and null where no document has it. Plain rows are known to be readable from going
    through a `plain` file, else from one look at their text; only the others are split and checked
    cell by cell.
    """
    if plain is not None:
        rows, odd = _known_rows(plain, documents), plain.odd
    else:
        looked_at = _looked_at(body, header, documents)
        rows, odd = looked_at.filter("plain"), looked_at.filter(~pl.col("plain"))
    odd = odd.filter(~among("row", documents["row"]))
    if odd.is_empty():
        return rows
    checked = (
        header.read_cells(body.join(odd.lazy().select("row"), on="row", how="semi"), LINE_READ)
        .select(
            "row",
            *(pl.when("whole").then(name).alias(name) for name in KEY),
            plain=pl.lit(False),
            faulty=ck.any_fails(line_checks(header)),
        )
        .pipe(_with_key, documents)
        .collect()
        .sort("row")
    )
    return rows.merge_sorted(checked.select(rows.columns), key="row")


def _known_rows(plain: Plain, documents: pl.DataFrame) -> pl.DataFrame:
    """Return `row`, `key`, `plain` (true) and `faulty` (false) of the rows of a plain file."""
    named = plain.keys.lazy().with_columns(c.seen(name, c.trimmed(pl.col(name))) for name in KEY)
    key = named.pipe(_with_key, documents).collect()["key"].gather(plain.rows["number"])
    return plain.rows.select("row", key=key, plain=pl.lit(True), faulty=pl.lit(False))


def _looked_at(body: pl.LazyFrame, header: Header, documents: pl.DataFrame) -> pl.DataFrame:
    """Return `row`, `key`, `plain` and `faulty` (false) of every row, from one look at its text."""
    period = tuple(name for name in ("service_from", "service_until") if name in header.names)
    in_order = pl.lit(True)
    if len(period) == 2:
        starts, ends = pl.col(period[0]), pl.col(period[1])
        in_order = (ends >= starts) | (ends == "") | (starts == "")
    wanted = (*KEY, *period)
    seen = split.plain_cells(pl.col("text"), header.names, wanted, header.quoted, plain_spellings())
    return (
        body.select("row", seen=seen, stands=stands(pl.col("text")))
        .unnest("seen")
        .select(
            "row",
            *(c.trimmed(pl.col(name)).alias(name) for name in KEY),
            plain=pl.col("carrier").is_not_null() & in_order & pl.col("stands"),
        )
        .pipe(_with_key, documents)
        .with_columns(faulty=pl.lit(False))
        .collect()
        .sort("row")
    )


def _with_key(rows: pl.LazyFrame, documents: pl.DataFrame) -> pl.LazyFrame:
    """Put the number of the key in the place of carrier, BAN and invoice number."""
    keys = documents.filter(pl.col("key").is_not_null()).select(*KEY, "key").unique()
    unnamed = pl.all_horizontal(pl.col(name).is_null() for name in KEY)
    return (
        rows.join(keys.lazy(), on=list(KEY), how="left", maintain_order="left")
        .with_columns(key=pl.when(unnamed).then(pl.lit(NO_KEY, pl.Int32)).otherwise("key"))
        .drop(*KEY)
    )


def _in_stretches(body: pl.LazyFrame, wanted: pl.DataFrame) -> pl.LazyFrame:
    """Return the rows in the stretches `wanted`, which are sorted, in file order."""
    return body.join_asof(
        wanted.lazy(), left_on="row", right_on="first", coalesce=False, check_sortedness=False
    ).filter(pl.col("row") <= pl.col("last"))


def read_faults(body: pl.LazyFrame, header: Header, wrong: pl.DataFrame) -> pl.DataFrame:
    """Return the rows in the stretches `wrong` with all that is wrong with each (`FAULTS`)."""
    if wrong.is_empty():
        return pl.DataFrame(schema=FAULTS)
    checks = line_checks(header)
    key = pl.concat_str([c.shown(pl.col(name)) for name in KEY], separator=" / ")
    said = ck.reasons(checks)
    orphan = ~ck.any_fails(checks)
    return (
        header.read_cells(_in_stretches(body, wrong), LINE_READ)
        .select(
            "row",
            "document",
            raw="text",
            message=pl.when(orphan)
            .then(pl.lit("no document row of the file is of ") + key)
            .otherwise(said["message"]),
            remedy=pl.when(orphan)
            .then(pl.lit("add the document row, or correct carrier, ban and invoice_no"))
            .otherwise(said["remedy"]),
        )
        .collect()
    )


def read_lines(
    body: pl.LazyFrame,
    header: Header,
    good: pl.DataFrame,
    documents: pl.DataFrame,
    source_file: str,
    plain: Plain | None,
) -> pl.LazyFrame:
    """Return the readable lines of the documents that are not refused: plain rows, then others."""
    loaded = documents.filter(pl.col("status") != "refused")
    owners = loaded.select("document", "document_id", *KEY, "bill_date")
    wanted = good.join(loaded.select("document"), on="document", how="semi").sort("first")
    parts = []
    for is_plain in (True, False):
        stretch = wanted.filter(pl.col("plain") == is_plain)
        if stretch.is_empty():
            continue
        if is_plain and plain is not None:
            owned = stretch.join(owners, on="document", how="left", maintain_order="left")
            parts.append(_kept_lines(plain, owned, source_file))
        else:
            values = _line_values(_in_stretches(body, stretch), header, is_plain).join(
                owners.lazy(), on="document", how="left", maintain_order="left"
            )
            parts.append(_owned(values, source_file))
    return pl.concat(parts) if parts else empty(LINES).lazy()


def _kept_lines(plain: Plain, owned: pl.DataFrame, source_file: str) -> pl.LazyFrame:
    """Return the lines of the plain rows in stretches that know their document."""

    def lines() -> Iterator[pl.DataFrame]:
        for piece in plain.values:
            yield _owned(_in_stretches(piece.lazy(), owned), source_file).collect()

    return lazy_lines(lines)


def _owned(values: pl.LazyFrame, source_file: str) -> pl.LazyFrame:
    """Return the values of rows as lines of the documents they are beside."""
    position = pl.col("before") + pl.col("row") - pl.col("first") + 1
    return values.with_columns(
        line_id=filled("{}-{}", "document_id", position),
        source_row="row",
        source_file=pl.lit(source_file),
    ).pipe(seal, LINES)


def _line_values(rows: pl.LazyFrame, header: Header, plain: bool) -> pl.LazyFrame:
    """Return the values of lines; of plain rows without looking for other spellings."""
    if plain:
        split_rows = _plain_cells(rows, header)
        cell = {name: c.trimmed(header.raw(name)) for name in LINE_CELLS}
        spelled = {name: header.raw(name) for name in KINDS if name in LINE_CELLS}
        wtn = cell["wtn"]
    else:
        split_rows = header.read_cells(rows, LINE_CELLS)
        cell = {name: pl.col(name) for name in LINE_CELLS}
        spelled = {name: header.spelled(name) for name in KINDS if name in LINE_CELLS}
        wtn = c.telephone(cell["wtn"])
    return split_rows.select(
        *("document", "row", "first", "before"),
        **cell
        | {name: KINDS[name].cast(text) for name, text in spelled.items()}
        | {
            "usoc": cell["usoc"].str.to_uppercase(),
            "state": cell["state"].str.to_uppercase(),
            "unit_rate_places": c.printed_places(spelled["unit_rate"]),
            "wtn": wtn,
            "circuit_key": c.circuit_key(cell["circuit_id"]),
        },
    )


def _plain_cells(rows: pl.LazyFrame, header: Header) -> pl.LazyFrame:
    """Add the line cells of plain rows; without quotes a bare split at the commas is quickest."""
    if not header.quoted:
        return split.cells(rows, header.names, quoted=False)
    wanted = tuple(name for name in LINE_CELLS if name in header.names)
    found = split.plain_cells(pl.col("text"), header.names, wanted, quoted=True)
    return rows.with_columns(cells=found).unnest("cells")
