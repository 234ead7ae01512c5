"""A file of a delimited feed becomes fragments of documents and their lines.

A text is read in streaming passes over its physical lines: one that finds the bills, their sums and
whether rows cannot be read, one for those rows if there are any, and, when the caller collects or
sinks them, one for the lines.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import polars as pl

from invoices.carrier import cells as c
from invoices.carrier import checks as ck
from invoices.carrier.accounts import TIE, TIE_REMEDY, carrier_of
from invoices.carrier.bundles import CAME, PARTS, REASONS, TIES, WIDE, Bundle, Feed
from invoices.carrier.flat.ledger import ledger_charges, ledger_ties
from invoices.carrier.flat.profile import KEY_FIELDS, Flat, Rows
from invoices.carrier.flat.rows import Table
from invoices.carrier.flat.values import EXACT, MONEY, Fields, document_fields, rounded, with_values
from invoices.carrier.profiles import Profile
from invoices.carrier.reading import (
    QUARANTINE,
    Reading,
    document_id,
    findings_of,
    refused_file,
    short_id,
)
from invoices.carrier.source import Known, Source
from invoices.schema import DOCUMENTS, FINDINGS, LINES, empty, seal, stack
from invoices.text import filled

MOST_FAULTS = 100_000
"""A file with more unreadable rows than this is refused as a whole."""
KEY = ("carrier", *KEY_FIELDS)


@dataclass(frozen=True)
class Piece:
    """What one table of a file says."""

    documents: pl.DataFrame
    lines: pl.LazyFrame
    faults: pl.DataFrame
    bundle: Bundle


def read_tables(source: Source, profile: Profile, tables: Sequence[Table]) -> Reading:
    """Return what the tables of a file say: fragments of documents, lines, rows set aside.

    Each table is a part of the feed; a workbook may have several.
    """
    flat = profile.section(Flat)
    pieces: list[Piece] = []
    for table in tables:
        piece = _read_table(source, profile, flat, table)
        if isinstance(piece, Reading):
            return piece
        pieces.append(piece)
    documents = _one_each(tables, pieces)
    faults = pl.concat([piece.faults for piece in pieces])
    refused = documents.filter(pl.col("status") == "refused")
    if not profile.good_documents_load and (faults.height or refused.height):
        first = pl.concat(
            [frame.select("source_row", "message", "remedy") for frame in (faults, refused)]
        ).sort("source_row")
        row, message, remedy = first.row(0)
        return refused_file(source.name, source.digest, message, remedy, row)
    findings = [
        findings_of(refused, "document_unreadable", "error"),
        findings_of(faults, "line_unreadable", "error"),
    ]
    unnamed = pl.col("status") == "refused"
    documents = documents.with_columns(
        pl.when(~unnamed).then(pl.col(name)).alias(name)
        for name in ("carrier", "ban", "invoice_no")
    )
    bundles = [piece.bundle for piece in pieces]
    return Reading(
        documents=documents.lazy().pipe(seal, DOCUMENTS).collect(),
        lines=pl.concat([piece.lines for piece in pieces]),
        quarantine=faults.rename({"message": "reason"}).lazy().pipe(seal, QUARANTINE).collect(),
        findings=stack(findings, FINDINGS),
        bundle=Bundle(
            bundles[0].feed,
            *(
                pl.concat([getattr(bundle, name) for bundle in bundles])
                for name in ("parts", "ties", "reasons", "came")
            ),
        ),
    )


def _one_each(tables: Sequence[Table], pieces: Sequence[Piece]) -> pl.DataFrame:
    """Return each document of the file once: what its totals print goes before the other parts."""
    ordered = sorted(zip(tables, pieces, strict=True), key=lambda at: at[0].part.role != "totals")
    fragments = pl.concat([piece.documents for _, piece in ordered])
    if len(tables) == 1:
        return fragments
    values = pl.exclude("document_id", "source_row").drop_nulls().first()
    return (
        fragments.group_by("document_id", maintain_order=True)
        .agg(values, pl.col("source_row").first())
        .select(fragments.columns)
    )


def _read_table(source: Source, profile: Profile, flat: Flat, table: Table) -> Piece | Reading:
    """Return what a table says, or the reading of a file that is refused for it."""
    fields = Fields(profile, flat, table)
    kept, totals = _told_apart(fields)
    checks = fields.checks()
    rows = kept.with_columns(faulty=ck.any_fails(checks))
    found = _bills(rows, fields)
    bad = int(found.filter("faulty")["rows"].sum())
    good = found.filter(~pl.col("faulty"))
    faults = _faults(rows, checks, table, source) if bad else _no_faults()
    if bad and (good.is_empty() or bad > MOST_FAULTS):
        row, reason, remedy = faults.select("source_row", "message", "remedy").row(0)
        message = f"{bad} of its rows cannot be read; the first: {reason}"
        return refused_file(source.name, source.digest, message, remedy, row)
    if found.is_empty() and (len(flat.part) == 1 or table.part.role == "totals"):
        remedy = "ask the carrier to send it again, whole"
        message = "the file has a header and no row below it"
        return refused_file(source.name, source.digest, message, remedy, flat.header_of(table.part))
    documents = _documents(good, fields, source, profile)
    loaded = documents.filter(pl.col("status") != "refused")
    if not bad:
        # Nothing is looked for a second time in rows that are known to be readable.
        rows = kept.with_columns(faulty=pl.lit(False))
    faults = _named(faults, loaded, source)
    bundle = _bundle(rows, loaded, documents, totals, fields)
    if flat.derive and faults.height:
        unsure = pl.concat([bundle.reasons, _unsure(loaded, faults)])
        bundle = replace(bundle, reasons=unsure)
    columns = [*DOCUMENTS.names(), "message", "remedy"]
    return Piece(
        documents.select(pl.col(name).cast(DOCUMENTS.get(name, pl.String())) for name in columns),
        _lines(rows, loaded, fields, source),
        faults,
        bundle,
    )


def _told_apart(fields: Fields) -> tuple[pl.LazyFrame, pl.DataFrame | None]:
    """Return the rows that count with their values, and the rows that print a total."""
    part, table = fields.table.part, fields.table
    rows = fields.table.rows
    skipped = [_is(rule, table) for rule in part.skip]
    total = _is(part.total, table) if part.total else pl.lit(False)
    away = pl.any_horizontal(total, *skipped) & pl.col("whole")
    kept = with_values(Fields(fields.profile, fields.flat, _replaced(table, rows.filter(~away))))
    if part.total is None:
        return kept, None
    printed = table.cell(part.total.amount) if part.total.amount else pl.lit(None, pl.String)
    stated = (
        rows.filter(total & pl.col("whole"))
        .select("row", printed=printed)
        .with_columns(plain=fields.plain_number(pl.col("printed")))
        .select("row", stated=fields.amount(pl.col("plain")))
    )
    return kept, stated.collect()


def _replaced(table: Table, rows: pl.LazyFrame) -> Table:
    return Table(table.part, table.names, rows, table.source_file, table.damaged)


def _is(rule: Rows, table: Table) -> pl.Expr:
    """Say whether a row is one of those a rule names."""
    cell = table.cell(rule.column).fill_null("")
    if rule.equals is not None:
        return cell.str.to_lowercase() == rule.equals.strip().lower()
    return cell.str.contains(rule.matches or "")


def _key(fields: Fields) -> list[pl.Expr]:
    carrier = fields.value("carrier") if fields.has("carrier") else pl.lit(fields.profile.carrier)
    return [
        carrier.cast(pl.String).alias("carrier"),
        *(pl.col(f"{name} value").alias(name) for name in KEY_FIELDS),
    ]


def _bills(rows: pl.LazyFrame, fields: Fields) -> pl.DataFrame:
    """Return the bills that rows speak of: key, `faulty`, `rows`, first `row`, what they add up to,
    each document field with its smallest and largest value."""
    others = [name for name in document_fields(fields) if name not in KEY]
    role_lines = fields.table.part.role == "lines"
    exact = fields.extended() if role_lines else pl.lit(0)
    amount = exact.cast(EXACT)
    if fields.table.part.rounding != "total":
        amount = rounded(amount)
    narrow = rows.select(
        *(
            pl.when(~pl.col("faulty")).then(key).alias(key.meta.output_name())
            for key in _key(fields)
        ),
        *(pl.when(~pl.col("faulty")).then(fields.value(name)).alias(name) for name in others),
        "row",
        "faulty",
        amount=pl.when(~pl.col("faulty")).then(amount),
    )
    return (
        narrow.group_by(*KEY, "faulty")
        .agg(
            pl.len().cast(pl.Int64).alias("rows"),
            pl.col("row").min(),
            pl.col("amount").sum(),
            *(pl.col(name).min().alias(name) for name in others),
            *(pl.col(name).max().alias(f"{name} most") for name in others),
            *(pl.col(name).null_count().alias(f"{name} absent") for name in others),
        )
        .collect()
        .sort("row")
        .with_columns(amount=rounded(pl.col("amount").cast(EXACT)).cast(WIDE))
    )


_FAULTS = pl.Schema(
    {
        "source_row": pl.Int64(),
        "raw": pl.String(),
        "message": pl.String(),
        "remedy": pl.String(),
        "source_file": pl.String(),
        **{name: pl.Date() if name == "bill_date" else pl.String() for name in KEY},
    }
)


def _no_faults() -> pl.DataFrame:
    return empty(_FAULTS)


def _faults(
    rows: pl.LazyFrame, checks: list[ck.Check], table: Table, source: Source
) -> pl.DataFrame:
    """Return the rows that cannot be read with all that is wrong with each, in file order."""
    key = [pl.when("whole").then(pl.col(f"{name} value")).alias(name) for name in KEY_FIELDS]
    return (
        rows.filter("faulty")
        .select(
            *key,
            source_row="row",
            raw="text",
            source_file=pl.lit(table.source_file),
            **ck.reasons(checks),
        )
        .head(MOST_FAULTS + 1)
        .collect()
        .sort("source_row")
        .lazy()
        .pipe(seal, _FAULTS)
        .collect()
    )


def _named(faults: pl.DataFrame, loaded: pl.DataFrame, source: Source) -> pl.DataFrame:
    """Give each unreadable row its bill, where it names one that is read, and a finding's name."""
    bills = loaded.select(*KEY_FIELDS, "document_id", of="carrier")
    owner = pl.col("document_id").fill_null(short_id("refused", source.digest or source.name))
    return (
        faults.join(bills, on=list(KEY_FIELDS), how="left", maintain_order="left")
        .unique("source_row", keep="first", maintain_order=True)
        .with_columns(
            carrier=pl.coalesce("carrier", "of"),
            finding_id=filled("{}-r{}:line_unreadable", owner, "source_row"),
        )
        .drop("of")
    )


def _documents(
    bills: pl.DataFrame, fields: Fields, source: Source, profile: Profile
) -> pl.DataFrame:
    """Return the fragments of documents (`DOCUMENTS`, `message`, `remedy`, and what was summed)."""
    found = with_carrier(bills, profile, source.known)
    tie = pl.col("rivals").is_not_null()
    message = (
        pl.when(tie)
        .then(filled(f"{TIE}, and the profile names no carrier", "rivals", "ban"))
        .when(pl.col("carrier").is_null())
        .then(filled("account {} is under no contract, and the profile names no carrier", "ban"))
        .when(~pl.col("ban").is_in([ban for ban in found["ban"].unique() if profile.covers(ban)]))
        .then(filled(f"account {{}} is none that profile {profile.profile} reads", "ban"))
    )
    found = (
        found.with_columns(message=message)
        .with_columns(
            status=pl.when(pl.col("message").is_null())
            .then(pl.lit("loaded"))
            .otherwise(pl.lit("refused")),
            remedy=pl.when(tie)
            .then(pl.lit(f"name the carrier in the profile, or {TIE_REMEDY}"))
            .otherwise(
                pl.lit("name the carrier or the account pattern in the profile, or load a contract")
            ),
        )
        .drop("rivals")
    )
    counted = filled("{}; its {} rows are not loaded", "message", "rows")
    return found.with_columns(
        pl.when(pl.col("message").is_not_null()).then(counted).alias("message"),
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


def _ids(found: pl.DataFrame, source: Source) -> list[str]:
    return [
        short_id("refused", source.digest or source.name, str(row))
        if status == "refused"
        else document_id(carrier, ban, invoice_no)
        for status, row, carrier, ban, invoice_no in found.select(
            "status", "row", "carrier", "ban", "invoice_no"
        ).iter_rows()
    ]


def with_carrier(bills: pl.DataFrame, profile: Profile, known: Known) -> pl.DataFrame:
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


# --- lines --------------------------------------------------------------------------------------


def _lines(
    rows: pl.LazyFrame, loaded: pl.DataFrame, fields: Fields, source: Source
) -> pl.LazyFrame:
    """Return the lines of the documents that are read, in the order of the file."""
    part = fields.table.part
    owners = loaded.select("document_id", "carrier", *KEY_FIELDS, printed_by=_printed_by(fields))
    if part.role == "totals":
        return ledger_charges(rows.filter(~pl.col("faulty")), owners, fields)
    if loaded.is_empty():
        return empty(LINES).lazy()
    mark = f"-{part.name}" if len(fields.flat.part) > 1 else ""
    mark += f"-{source.digest[:6]}" if part.several else ""
    value = fields.value
    exact = fields.extended().cast(EXACT)
    charge_class = (
        value("charge_class") if fields.has("charge_class") else pl.lit(part.charge_class)
    )
    until = value("service_until")
    if fields.has("service_through"):
        until = pl.coalesce(until, value("service_through").dt.offset_by("1d"))
    typed = rows.filter(~pl.col("faulty")).select(
        "row",
        *(pl.col(f"{name} value").alias(name) for name in KEY_FIELDS),
        printed_by=value("carrier") if fields.has("carrier") else pl.lit(""),
        exact=exact,
        charge_class=charge_class,
        service_until=until.cast(pl.Date),
        unit_rate_places=_places(fields),
        **{name: value(name) for name in _AS_READ},
        **_rates(fields),
    )
    named = typed.join(
        owners.lazy(),
        on=[*KEY_FIELDS, "printed_by"],
        how="inner",
        maintain_order="left",
    )
    return named.with_columns(
        amount=_cents(part.rounding),
        service_until=_until(part.prorated_until),
        circuit_key=c.circuit_key(pl.col("circuit_id").cast(pl.String)),
        line_id=filled(f"{{}}{mark}-{{}}", "document_id", "row"),
        source_file=pl.lit(fields.table.source_file),
        source_row="row",
    ).pipe(seal, LINES)


_AS_READ = (
    *("line_no", "usoc", "description", "wtn", "circuit_id", "state", "zone", "order_no"),
    "service_from",
)


def _rates(fields: Fields) -> dict[str, pl.Expr]:
    """Return quantity and unit rate; where the printed amount is of one unit it is the rate."""
    unit = fields.profile.amount_rule == "unit" and not fields.has("unit_rate")
    rate = pl.col("amount value").cast(LINES["unit_rate"]) if unit else fields.value("unit_rate")
    return {"quantity": fields.value("quantity"), "unit_rate": rate}


def _places(fields: Fields) -> pl.Expr:
    """Return how many decimals the unit rate prints."""
    name = "unit_rate" if fields.has("unit_rate") else "amount"
    if name == "amount" and fields.profile.amount_rule != "unit":
        return pl.lit(None, pl.Int8)
    digits = pl.col(f"{name} plain").str.replace_all(r"[^0-9.]", "")
    return c.printed_places(digits)


def _printed_by(fields: Fields) -> pl.Expr:
    """Return the carrier as rows print it, empty where none does."""
    return pl.col("carrier") if fields.has("carrier") else pl.lit("")


def _cents(rounding: str) -> pl.Expr:
    """Return the amount of a line in cents; `total` spreads what rounding leaves over the lines."""
    if rounding != "total":
        return rounded(pl.col("exact"))
    so_far = pl.col("exact").cum_sum().over("document_id", order_by="row")
    return rounded(so_far) - rounded(so_far - pl.col("exact"))


def _until(rule: str) -> pl.Expr:
    """Return the end of the service period; of a prorated line without one by the part's rule."""
    if rule == "printed":
        return pl.col("service_until")
    starts = pl.col("service_from").cast(pl.Date)
    end = (
        starts.dt.month_start().dt.offset_by("1mo") if rule == "month_end" else pl.col("bill_date")
    )
    open_ = pl.col("service_until").is_null() & (pl.col("charge_class") == "prorated")
    return pl.when(open_ & (end > starts)).then(end).otherwise("service_until")


# --- what the file has of its bills -------------------------------------------------------------


def _bundle(
    rows: pl.LazyFrame,
    loaded: pl.DataFrame,
    documents: pl.DataFrame,
    totals: pl.DataFrame | None,
    fields: Fields,
) -> Bundle:
    flat, part = fields.flat, fields.table.part
    feed = Feed(
        fields.profile.profile,
        next((one.name for one in flat.part if one.role == "totals"), None),
        flat.derive,
        tuple(one.name for one in flat.part if one.required),
        tuple(one.name for one in flat.part if one.several),
        len(flat.part) == 1,
    )
    marks = {"part": pl.lit(part.name), "role": pl.lit(part.role)}
    amounts = loaded.select("document_id", "rows", "amount", **marks)
    ties = empty(TIES)
    if part.role == "totals":
        owners = loaded.select("document_id", "carrier", *KEY_FIELDS)
        good = rows.filter(~pl.col("faulty"))
        ties = ledger_ties(good, owners, fields)
        charged = ledger_charges(good, owners, fields).group_by("document_id")
        sums = charged.agg(charged=pl.col("amount").cast(WIDE).sum()).collect()
        amounts = amounts.join(sums, on="document_id", how="left").with_columns(
            amount=pl.col("charged").fill_null(pl.lit("0.00").cast(WIDE))
        )
    days = (
        loaded.select("bill_date").unique() if loaded.height else pl.DataFrame({"bill_date": None})
    )
    return Bundle(
        feed,
        amounts.lazy().pipe(seal, PARTS).collect(),
        ties,
        pl.concat([_disagreeing(loaded, fields), _off_the_total(loaded, totals, fields)]),
        days.select(part=pl.lit(part.name), bill_date="bill_date")
        .lazy()
        .pipe(seal, CAME)
        .collect(),
    )


def _unsure(loaded: pl.DataFrame, faults: pl.DataFrame) -> pl.DataFrame:
    """Return the bills whose derived totals lack a row that cannot be read: all of the file where a
    row does not say whose it is."""
    if not faults["document_id"].null_count():
        loaded = loaded.join(faults, on="document_id", how="semi", maintain_order="left")
    said = f"{faults.height} rows of the file cannot be read, and it prints no totals to tell by"
    return _reasons(loaded, "rows_unreadable", pl.lit(said))


def _disagreeing(loaded: pl.DataFrame, fields: Fields) -> pl.DataFrame:
    """Return the bills whose rows print a total, or a due date, in several ways."""
    names = [name for name in document_fields(fields) if name not in KEY]
    frames = [empty(REASONS)]
    if fields.table.part.role == "totals":
        doubled = loaded.filter(pl.col("rows") > 1)
        message = filled("the file has {} rows of totals for it", "rows")
        frames.append(_reasons(doubled, "totals_twice", message))
    for name in names:
        both = (pl.col(name) != pl.col(f"{name} most")) | (
            pl.col(name).is_not_null() & (pl.col(f"{name} absent") > 0)
        )
        message = filled(f"its rows print {name} as {{}} and as {{}}", name, pl.col(f"{name} most"))
        frames.append(_reasons(loaded.filter(both), "totals_differ", message))
    return pl.concat(frames)


def _off_the_total(
    loaded: pl.DataFrame, totals: pl.DataFrame | None, fields: Fields
) -> pl.DataFrame:
    """Return all bills of a file whose total row is missing or is not what its rows add up to."""
    if totals is None:
        return empty(REASONS)
    column = "amount"
    if fields.table.part.role == "totals":
        column = next((name for name in MONEY[::-1] if name in loaded.columns), "amount")
    found = loaded[column].cast(WIDE).sum() if loaded.height else None
    if totals.height != 1:
        said = f"the file has {totals.height} total rows, not one: it may be cut"
        return _reasons(loaded, "file_total", pl.lit(said))
    row, stated = totals.row(0)
    if stated is not None and abs(stated - (found or 0)) <= fields.profile.tolerance:
        return empty(REASONS)
    said = f"row {row} prints {stated} as the total of the file, its rows add up to {found}"
    return _reasons(loaded, "file_total", pl.lit(said))


def _reasons(documents: pl.DataFrame, cause: str, message: pl.Expr) -> pl.DataFrame:
    return documents.select("document_id", cause=pl.lit(cause), message=message).cast(REASONS)
