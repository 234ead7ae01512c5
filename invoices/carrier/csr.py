"""Customer service records: what the carrier believes is on an account today.

Grammar (`docs/formats/csr.md`): a header with the account, then sections under a marker line. In
the sections that list equipment a row is

    [TN] USOC [/FID value ...] [F|N] [quantity] [unit total] [date [order]]

Nothing is added up twice: summaries and cross references repeat what stands above them, and listing
and billing sections hold no equipment. A row that cannot be read is returned with its reason.
"""

from __future__ import annotations

import polars as pl

from invoices.carrier.cells import circuit_key, telephone
from invoices.schema import CENTS, RATE, columns_of

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
ROWS = pl.Schema(
    {
        "record": pl.Int64(),
        "section": pl.String(),
        "wtn": pl.String(),  # ten digits; null on a circuit
        "circuit_id": pl.String(),
        "circuit_key": pl.String(),
        "usoc": pl.String(),
        "fids": pl.String(),  # as printed, from the first slash on; null = none
        "mark": pl.String(),  # F flat rate, N not billable
        "quantity": RATE,
        "unit": RATE,  # dollars a month; 0 on a row marked N, null where not printed
        "total": CENTS,
        "term_months": pl.Int64(),  # of /TA
        "active_from": pl.Date(),  # of /CD, else the date behind the amounts
        "order_no": pl.String(),
        "source_file": pl.String(),
        "source_row": pl.Int64(),
    }
)
UNREAD = pl.Schema(
    {
        "source_file": pl.String(),
        "source_row": pl.Int64(),
        "raw": pl.String(),
        "reason": pl.String(),
    }
)

_MONEY = r"-?\$?[0-9][0-9,]*\.[0-9]{2,6}"
_DAY = r"[0-9]{1,2}-[0-9]{1,2}-(?:[0-9]{4}|[0-9]{2})"
_MAIN = r"\(?[0-9]{3}\)?[ .-]?[0-9]{3}[ .-]?[0-9]{4}"
_TN = r"(?:\(?([0-9]{3})\)?[ .-]?)?([0-9]{3})[ .-]?([0-9]{4})"
_PRICED = rf"(?:[ \t]+([FN]))?(?:[ \t]+([0-9]{{1,6}}))?[ \t]+({_MONEY})[ \t]+({_MONEY})"
_UNPRICED = r"[ \t]+([FN])(?:[ \t]+([0-9]{1,6}))?"
_BEHIND = rf"(?:[ \t]+({_DAY})(?:[ \t]+([A-Z0-9]+))?)?"
_HEAD = r"^[ \t]*(?:" + _TN + r"[ \t]+)?([A-Z0-9][A-Z0-9+*#]{2,5})((?:[ \t]*/.*?)?)"
_WITH_PRICE = _HEAD + _PRICED + _BEHIND + r"[ \t]*$"
_WITH_MARK = _HEAD + _UNPRICED + _BEHIND + r"[ \t]*$"
_BARE = _HEAD + r"(?:[ \t]+([0-9]{1,6}))?[ \t]*$"
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
    equipment, unread = _equipment(_continued(body), records)
    return Csr(records.select(RECORDS.names()).cast(RECORDS), equipment, unread)


def _account() -> pl.Expr:
    """Return the account a header row names, as printed."""
    text = pl.col("text")
    return pl.coalesce(text.str.extract(_ACCOUNT), text.str.extract(_MAIN_AND_CODE))


def _area() -> pl.Expr:
    """Return the area code of an account: of its number, or what a billing account begins with.

    Accounts such as 305 R01-0000 have no number of their own, and begin with the area all the same.
    """
    return pl.coalesce(
        pl.col("main_tn").str.head(3), pl.col("ban").str.extract(r"^([2-9][0-9]{2})[A-Z][0-9]{2}")
    )


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


def _equipment(body: pl.DataFrame, records: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the rows of equipment (`ROWS`) and those that cannot be read (`UNREAD`)."""
    area = records.select("record", "main_tn", account_area=_area())
    told = (
        body.join(area, on="record", how="left", maintain_order="left")
        .pipe(_in_form)
        .pipe(_with_parts)
        .pipe(_with_values)
        .pipe(_subjects)
        .pipe(_without_subject)
    )
    good = told.filter(pl.col("reason").is_null())
    unread = told.filter(pl.col("reason").is_not_null()).rename({"text": "raw"})
    return good.select(columns_of(ROWS)), unread.select(columns_of(UNREAD))


_FORMS = ("price", "mark_only", "bare")


def _in_form(rows: pl.DataFrame) -> pl.DataFrame:
    """Add the parts of each row in the first form that fits it (`_FORMS`).

    A later form would take amounts for FIDs.
    """
    text = pl.col("text").str.to_uppercase()
    has_price, has_mark = text.str.contains(_WITH_PRICE), text.str.contains(_WITH_MARK)
    return rows.with_columns(
        price=text.str.extract_groups(_WITH_PRICE),
        mark_only=pl.when(~has_price).then(text).str.extract_groups(_WITH_MARK),
        bare=pl.when(~has_price & ~has_mark).then(text).str.extract_groups(_BARE),
    )


def _with_parts(rows: pl.DataFrame) -> pl.DataFrame:
    """Add what a row prints, whichever form it has: number, USOC, FIDs, amounts, date, order."""

    def part(*places: tuple[str, int]) -> pl.Expr:
        return pl.coalesce(pl.col(form).struct.field(str(place)) for form, place in places)

    area, exchange, number, usoc, fids = (
        part(*((form, place) for form in _FORMS)) for place in range(1, 6)
    )
    more = pl.col("more").str.to_uppercase().replace("", None)
    printed = fids.str.strip_chars().replace("", None)
    return rows.with_columns(
        area=area,
        exchange=exchange,
        number=number,
        usoc=usoc,
        fids=pl.concat_str(printed, more, separator=" ", ignore_nulls=True).replace("", None),
        mark=part(("price", 6), ("mark_only", 6)),
        quantity=part(("price", 7), ("mark_only", 7), ("bare", 6)).cast(RATE).fill_null(1),
        unit=_amount(part(("price", 8))),
        total=_amount(part(("price", 9))),
        day=part(("price", 10), ("mark_only", 8)),
        order_no=part(("price", 11), ("mark_only", 9)),
    )


def _with_values(rows: pl.DataFrame) -> pl.DataFrame:
    """Add term, day and `reason`; what is not billable has amounts of zero."""
    not_billed = pl.col("mark") == "N"
    return rows.with_columns(
        pl.when(not_billed).then(0).otherwise(pl.col(name)).cast(RATE).alias(name)
        for name in ("unit", "total")
    ).with_columns(
        term_months=_fid("TA").str.extract(r"^([0-9]{1,3})\b").cast(pl.Int64),
        active_from=pl.coalesce(_date(_fid("CD").str.extract(rf"({_DAY})")), _date(pl.col("day"))),
        reason=_fault(),
    )


def _without_subject(rows: pl.DataFrame) -> pl.DataFrame:
    """Say of a row that is about no number and no circuit that it cannot be taken."""
    nobody = pl.col("wtn").is_null() & pl.col("circuit_id").is_null()
    words = pl.lit("no number and no circuit stands before it, and the account has none")
    return rows.with_columns(
        reason=pl.when(nobody & pl.col("reason").is_null()).then(words).otherwise("reason")
    )


def _fault() -> pl.Expr:
    """Return why a row cannot be taken as it stands, null where it can."""
    worth = pl.col("quantity").cast(pl.Decimal(38, 12)) * pl.col("unit").cast(pl.Decimal(38, 12))
    off = worth.round(2, mode="half_away_from_zero") != pl.col("total").cast(pl.Decimal(38, 12))
    return (
        pl.when(pl.col("usoc").is_null())
        .then(pl.lit("no USOC row: `[TN] USOC [/FID ...] [F|N] [quantity] unit total`"))
        .when(pl.col("total").cast(CENTS).cast(RATE) != pl.col("total"))
        .then(pl.lit("the total has parts of a cent"))
        .when(off.fill_null(False))
        .then(pl.lit("quantity times unit is not the total"))
        .when(pl.col("day").is_not_null() & _date(pl.col("day")).is_null())
        .then(pl.lit("the date is no day"))
    )


def _subjects(rows: pl.DataFrame) -> pl.DataFrame:
    """Add the number or the circuit each row is about.

    A row with a telephone number, or a circuit (/CLS), opens a service; the rows below it are of
    that service until the next one or the end of the section. Before any, it is the main number.
    """
    area = pl.coalesce("area", "account_area")
    own = telephone(pl.concat_str(area, "exchange", "number"))
    own = pl.coalesce(own, telephone(_fid("TN").str.extract(r"^([0-9() .-]+)")))
    circuit = _fid("CLS").str.extract(r"^(\S.*?)\s*$")
    opened = rows.with_columns(own=own, circuit=circuit).with_columns(
        opened=pl.coalesce(pl.lit("C") + pl.col("circuit"), pl.lit("T") + pl.col("own"))
    )
    kept = opened.with_columns(
        subject=pl.col("opened").forward_fill().over("record", "section")
    ).with_columns(pl.col("subject").fill_null(pl.lit("T") + pl.col("main_tn")))
    body, is_circuit = pl.col("subject").str.slice(1), pl.col("subject").str.starts_with("C")
    return kept.with_columns(
        wtn=pl.when(~is_circuit).then(body), circuit_id=pl.when(is_circuit).then(body)
    ).with_columns(circuit_key=circuit_key(pl.col("circuit_id")))


def _fid(name: str) -> pl.Expr:
    """Return what follows a FID, up to the next one; the slash inside a circuit ends nothing."""
    value = r"(.*?)(?:[ \t]+/[A-Z]{2,4}[ \t(]|[ \t]*/[A-Z]{2,4}$|$)"
    return pl.col("fids").str.extract(rf"/{name}[ \t]+{value}").str.strip_chars()


def _amount(cell: pl.Expr) -> pl.Expr:
    return cell.str.replace_all(r"[$,]", "").str.to_decimal(scale=6).cast(RATE)


def _date(cell: pl.Expr) -> pl.Expr:
    """Return a day printed as month-day-year; two digits are a year of this century."""
    full = cell.str.replace(r"-([0-9]{2})$", "-20$1")
    return full.str.to_date("%m-%d-%Y", strict=False)
