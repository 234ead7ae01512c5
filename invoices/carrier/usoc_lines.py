"""`usoc-lines`, our own plain CSV: a `document` row for header and totals, `line` rows below it.

The format is described in `docs/formats/usoc-lines.md`. A file is read in three streaming passes
over its text: the document rows; a narrow one that finds rows which cannot be read and the document
each line belongs to; and, when the caller collects or sinks them, the lines themselves.
"""

from __future__ import annotations

import polars as pl

from invoices.carrier import cells as c
from invoices.carrier import checks as ck
from invoices.carrier import split
from invoices.carrier.attach import NO_KEY, stretches
from invoices.carrier.header import Header, Refusal, column_names, read_header, with_commas
from invoices.carrier.reading import (
    QUARANTINE,
    Reading,
    document_id,
    findings_of,
    refused_file,
    short_id,
)
from invoices.schema import DOCUMENTS, FINDINGS, LINES, empty, seal, stack
from invoices.text import filled

NAME = "usoc-lines"

KEY = ("carrier", "ban", "invoice_no")
BALANCES = ("previous_balance", "payments", "adjustments", "current_charges", "total_due")
DOCUMENT_CELLS = (*KEY, "bill_date", "due_date", *BALANCES)
LINE_CELLS = (
    *("line_no", "charge_class", "usoc", "description", "quantity", "unit_rate", "amount"),
    *("wtn", "circuit_id", "state", "zone", "order_no", "service_from", "service_until"),
)
COLUMNS = ("record", *DOCUMENT_CELLS, *LINE_CELLS, "currency")
"""Every column that is read; any but those needed may be absent."""
LINE_READ = ("record", *KEY, *LINE_CELLS, "currency")
"""The columns that are read of a line row."""
_RECORD = pl.col("record").str.to_lowercase()
NEEDED_OF_DOCUMENT = (*KEY, "bill_date", "current_charges", "total_due")
NEEDED_OF_LINE = ("charge_class", "amount")
NEEDED = ("record", *NEEDED_OF_DOCUMENT, *NEEDED_OF_LINE)
KINDS = {
    **dict.fromkeys((*BALANCES, "amount"), c.AMOUNT),
    **dict.fromkeys(("bill_date", "due_date", "service_from", "service_until"), c.DATE),
    "line_no": c.WHOLE,
    "charge_class": c.CHARGE_CLASS,
    "quantity": c.QUANTITY,
    "unit_rate": c.UNIT_RATE,
}
HOPELESS = 100_000
"""A file with more unreadable line rows than this and not one that reads is refused as a whole."""


def recognises(head: str) -> bool:
    """Say whether a text begins like this format: its first line names our columns.

    The delimiter does not matter here, so that a file with the wrong one is refused by its name.
    """
    lines = (line for line in head.lstrip("\ufeff").splitlines() if line.strip(" \t,;|"))
    line = with_commas(next(lines, "")).replace('"', "")
    names = set(column_names(line)) if line else set()
    return "record" in names and len(names & set(COLUMNS)) >= len(NEEDED) - 2


def read(raw: pl.LazyFrame, source_file: str, digest: str = "") -> Reading:
    """Read a file of physical lines (`row` from 1, `text`) into documents and lines.

    Nothing raises on what a carrier may send: a file, a document or a row that cannot be read
    becomes a finding with its row, its cause and a remedy, and the rest is read. `digest` is the
    SHA-256 of the file, from which refused documents and repeated keys take their ids. `lines` of
    the answer is lazy and scans `raw` again.
    """
    raw = raw.select(pl.col("row").cast(pl.Int64), "text")
    header = read_header(raw, COLUMNS, NEEDED, KINDS)
    if isinstance(header, Refusal):
        return refused_file(source_file, digest, header.message, header.remedy, header.row)
    body = raw.filter(pl.col("row") > header.row, split.not_blank(pl.col("text")))
    documents = _read_documents(body, header, digest or source_file)
    if documents.is_empty():
        message = "the file has a header and no row whose record is `document`"
        remedy = "add a document row with header and printed totals for each invoice"
        return refused_file(source_file, digest, message, remedy, header.row)
    unread = documents.filter(pl.col("status") == "refused")
    if unread.height == documents.height:
        first = unread.row(0, named=True)
        message = f"none of its {unread.height} document rows can be read; the first: "
        return refused_file(
            source_file, digest, message + first["message"], first["remedy"], first["row"]
        )
    rows = _read_rows(body, header, documents)
    good = stretches(rows.filter(~pl.col("faulty")), documents)
    bad = stretches(rows.filter("faulty"), documents)
    orphans = good.filter(pl.col("document").is_null())
    wrong = pl.concat([bad, orphans]).sort("first")
    if orphans.height == good.height and wrong["length"].sum() > HOPELESS:
        return _refuse_hopeless(body, header, wrong, source_file, digest)
    faults = _read_faults(body, header, wrong).join(
        documents.select("document", "document_id", *KEY, "bill_date"), on="document", how="left"
    )
    owner = pl.col("document_id").fill_null(short_id("refused", digest or source_file))
    faults = faults.sort("row").with_columns(
        finding_id=filled("{}-r{}:line_unreadable", owner, "row"),
        source_file=pl.lit(source_file),
        source_row="row",
    )
    documents = _count_lines(documents, good, bad).with_columns(
        source_file=pl.lit(source_file), source_row="row"
    )
    refused = _refused(documents)
    # What cannot be read as a document goes by no number on record.
    known = pl.col("status") != "refused"
    documents = documents.with_columns(
        pl.when(known).then(pl.col(name)).alias(name) for name in KEY
    )
    findings = [
        findings_of(refused, "document_unreadable", "error"),
        findings_of(faults, "line_unreadable", "error"),
    ]
    return Reading(
        documents=documents.lazy().pipe(seal, DOCUMENTS).collect(),
        lines=_read_lines(body, header, good, documents, source_file),
        quarantine=faults.rename({"message": "reason"}).lazy().pipe(seal, QUARANTINE).collect(),
        findings=stack(findings, FINDINGS),
    )


def _document_checks(header: Header) -> list[ck.Check]:
    return [
        ck.shape(header),
        *(ck.needed(name) for name in NEEDED_OF_DOCUMENT),
        *(ck.of_kind(header, name) for name in DOCUMENT_CELLS if name in KINDS),
        ck.in_dollars(),
    ]


def _line_checks(header: Header) -> list[ck.Check]:
    record = ck.Check(
        _RECORD.ne_missing("line"),
        filled("record `{}` is neither `document` nor `line`", c.shown(pl.col("record"))),
        "write `document` or `line` into record",
    )
    return [
        ck.shape(header),
        record,
        *(ck.needed(name) for name in NEEDED_OF_LINE),
        *(ck.of_kind(header, name) for name in LINE_CELLS if name in KINDS),
        ck.in_order(header, "service_from", "service_until"),
        ck.agrees_in_sign(header, "quantity"),
        ck.agrees_in_sign(header, "unit_rate"),
        ck.in_dollars(),
    ]


def _read_documents(body: pl.LazyFrame, header: Header, origin: str) -> pl.DataFrame:
    """Return each document row: its number, its values, `key`, `status`, and what is wrong.

    `key` numbers the distinct keys; it is null where the row is not whole, since its cells may be
    shifted or cut, or where a part of the key is empty.
    """
    # A row that is no document row may say the word as well; only these few rows are kept.
    likely = body.filter(pl.col("text").str.contains("(?i)document")).collect().lazy()
    found = (
        header.read_cells(likely, ("record", *DOCUMENT_CELLS, "currency"))
        .filter(_RECORD == "document")
        .select(
            "row",
            *(pl.when("whole").then(header.value(name)).alias(name) for name in DOCUMENT_CELLS),
            **ck.reasons(_document_checks(header)),
        )
        .collect()
        .sort("row")
    )
    named = pl.all_horizontal(pl.col(name).is_not_null() for name in KEY)
    readable = pl.col("message") == ""
    return found.with_row_index("document").with_columns(
        pl.col("document").cast(pl.Int64),
        key=pl.when(named).then(pl.struct(KEY).rank("dense")).cast(pl.Int32),
        status=pl.when(readable).then(pl.lit("loaded")).otherwise(pl.lit("refused")),
        document_id=pl.Series(_ids(found, origin), dtype=pl.String),
    )


def _ids(found: pl.DataFrame, origin: str) -> list[str]:
    """Return an id for each document row; a refused one leaves its key's own id to the next."""
    ids: list[str] = []
    taken: set[str] = set()
    for row, message, *key in found.select("row", "message", *KEY).iter_rows():
        if message:
            ids.append(short_id("refused", origin, str(row)))
            continue
        first = document_id(*key)
        ids.append(document_id(*key, origin, str(row)) if first in taken else first)
        taken.add(first)
    return ids


def _read_rows(body: pl.LazyFrame, header: Header, documents: pl.DataFrame) -> pl.DataFrame:
    """Return `row`, `key`, `plain` and `faulty` of every row that is no document row, in order.

    `key` is the number of the document key that the row names, `NO_KEY` where it names none or is
    not whole, and null where no document has it. Plain rows are known to be readable from one
    look at their text; only the others are split and checked cell by cell.
    """
    plain = {name: f"(?:{kind.plain})?" for name, kind in KINDS.items() if name in LINE_CELLS}
    plain |= {name: KINDS[name].plain for name in NEEDED_OF_LINE}
    plain |= {"record": "line", "currency": "(?:USD)?", "wtn": f"(?:{c.TELEPHONE})?"}
    # A sign, or a period that may be the wrong way round, wants the full checks.
    plain |= {name: plain[name].replace("-?", "") for name in ("quantity", "unit_rate")}
    period = tuple(name for name in ("service_from", "service_until") if name in header.names)
    in_order = pl.lit(True)
    if len(period) == 2:
        starts, ends = pl.col(period[0]), pl.col(period[1])
        in_order = (ends >= starts) | (ends == "") | (starts == "")
    wanted = (*KEY, *period)
    seen = split.plain_cells(pl.col("text"), header.names, wanted, header.quoted, plain)
    looked_at = (
        body.select("row", seen=seen)
        .unnest("seen")
        .select(
            "row",
            *(c.trimmed(pl.col(name)).alias(name) for name in KEY),
            plain=pl.col("carrier").is_not_null() & in_order,
        )
        .pipe(_with_key, documents)
        .with_columns(faulty=pl.lit(False))
        .collect()
        .sort("row")
    )
    odd = looked_at.filter(~pl.col("plain"), ~pl.col("row").is_in(documents["row"].implode()))
    rows = looked_at.filter("plain")
    if odd.is_empty():
        return rows
    checked = (
        header.read_cells(body.join(odd.lazy().select("row"), on="row", how="semi"), LINE_READ)
        .select(
            "row",
            *(pl.when("whole").then(name).alias(name) for name in KEY),
            plain=pl.lit(False),
            faulty=ck.any_fails(_line_checks(header)),
        )
        .pipe(_with_key, documents)
        .collect()
        .sort("row")
    )
    return rows.merge_sorted(checked.select(rows.columns), key="row")


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


def _read_faults(body: pl.LazyFrame, header: Header, wrong: pl.DataFrame) -> pl.DataFrame:
    """Return the rows in the stretches `wrong` with all that is wrong with each."""
    checks = _line_checks(header)
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


def _refuse_hopeless(
    body: pl.LazyFrame, header: Header, wrong: pl.DataFrame, source_file: str, digest: str
) -> Reading:
    """Refuse a file of which no line reads, with the reason of the first."""
    first = _read_faults(body, header, wrong.head(1).with_columns(last="first"))
    row, reason, remedy = first.select("row", "message", "remedy").row(0)
    message = f"none of the {wrong['length'].sum()} line rows can be read; the first: {reason}"
    return refused_file(source_file, digest, message, remedy, row)


def _count_lines(documents: pl.DataFrame, good: pl.DataFrame, bad: pl.DataFrame) -> pl.DataFrame:
    """Add `lines`, those that are read, and `left`, those of a document that is not loaded."""
    read = good.group_by("document").agg(lines=pl.col("length").sum())
    unread = bad.group_by("document").agg(left=pl.col("length").sum())
    refused = pl.col("status") == "refused"
    return (
        documents.join(read, on="document", how="left")
        .join(unread, on="document", how="left")
        .sort("row")
        .with_columns(pl.col("lines", "left").fill_null(0))
        .with_columns(
            lines=pl.when(refused).then(0).otherwise("lines"),
            left=pl.when(refused).then(pl.col("lines") + pl.col("left")).otherwise("left"),
        )
    )


def _refused(documents: pl.DataFrame) -> pl.DataFrame:
    """Return the document rows that cannot be read, saying what is not loaded with them."""
    return documents.filter(pl.col("status") == "refused").with_columns(
        message=filled(
            "the document row of {} cannot be read: {}; its {} line rows are not loaded",
            pl.concat_str([c.shown(pl.col(name)) for name in KEY], separator=" / "),
            "message",
            "left",
        )
    )


def _read_lines(
    body: pl.LazyFrame,
    header: Header,
    good: pl.DataFrame,
    documents: pl.DataFrame,
    source_file: str,
) -> pl.LazyFrame:
    """Return the readable lines of the documents that are not refused: plain rows, then others."""
    loaded = documents.filter(pl.col("status") != "refused")
    owners = loaded.select("document", "document_id", *KEY, "bill_date").lazy()
    wanted = good.join(loaded.select("document"), on="document", how="semi").sort("first")
    position = pl.col("before") + pl.col("row") - pl.col("first") + 1
    parts = [
        _line_values(_in_stretches(body, stretch), header, plain)
        .join(owners, on="document", how="left", maintain_order="left")
        .with_columns(
            line_id=filled("{}-{}", "document_id", position),
            source_row="row",
            source_file=pl.lit(source_file),
        )
        .pipe(seal, LINES)
        for plain in (True, False)
        if not (stretch := wanted.filter(pl.col("plain") == plain)).is_empty()
    ]
    return pl.concat(parts) if parts else empty(LINES).lazy()


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
