"""Rows of a service record become equipment: a USOC of a service, its units and its money."""

from __future__ import annotations

import polars as pl

from invoices.carrier.cells import circuit_key, telephone
from invoices.schema import CENTS, RATE

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
MONEY = r"-?\$?[0-9][0-9,]{0,10}\.[0-9]{2,6}"
_DAY = r"[0-9]{1,2}-[0-9]{1,2}-(?:[0-9]{4}|[0-9]{2})"
_TN = r"(?:\(?([0-9]{3})\)?[ .-]?)?([0-9]{3})[ .-]?([0-9]{4})"
_PRICED = rf"(?:[ \t]+([FN]))?(?:[ \t]+([0-9]{{1,6}}))?[ \t]+({MONEY})[ \t]+({MONEY})"
_UNPRICED = r"[ \t]+([FN])(?:[ \t]+([0-9]{1,6}))?"
_BEHIND = rf"(?:[ \t]+({_DAY})(?:[ \t]+([A-Z0-9]+))?)?"
_HEAD = r"^[ \t]*(?:" + _TN + r"[ \t]+)?([A-Z0-9][A-Z0-9+*#]{2,5})((?:[ \t]*/.*?)?)"
_WITH_PRICE = _HEAD + _PRICED + _BEHIND + r"[ \t]*$"
_WITH_MARK = _HEAD + _UNPRICED + _BEHIND + r"[ \t]*$"
_BARE = _HEAD + r"(?:[ \t]+([0-9]{1,6}))?[ \t]*$"
_FORMS = {"price": _WITH_PRICE, "mark_only": _WITH_MARK, "bare": _BARE}
NO_CODE = "PAGE|TOTALS?|DATE|USOCS?|QTY|UNITS?|RATES?|AMOUNT|ACCT|CONTD?|DESC|FIDS?|ITEM"
"""Words of a heading that have the shape of a code, and are none."""
_PAIR = rf"[ \t]{MONEY}[ \t]+({MONEY})" + _BEHIND + r"[ \t]*$"
_TAIL = (
    r"^[ \t]*(?:[FN][ \t]*$|(?:[FN][ \t]+)?(?:[0-9]{1,2}[ \t]+)?"
    + rf"{MONEY}[ \t]+{MONEY}"
    + _BEHIND
    + r"[ \t]*$)"
)


def _area() -> pl.Expr:
    """Return the area code of an account: of its number, or what a billing account begins with.

    Accounts such as 305 R01-0000 have no number of their own, and begin with the area all the same.
    """
    return pl.coalesce(
        pl.col("main_tn").str.head(3), pl.col("ban").str.extract(r"^([2-9][0-9]{2})[A-Z][0-9]{2}")
    )


def equipment_of(body: pl.DataFrame, records: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the rows of equipment and those that cannot be read, which have a `reason`.

    `body` has a row for each, `text` and what goes on behind it (`more`), with `record`, `block`
    (which of the sections of the file) and the `reason` it cannot be taken for, if known.
    """
    area = records.select("record", "main_tn", account_area=_area())
    told = (
        body.join(area, on="record", how="left", maintain_order="left")
        .pipe(_in_form)
        .pipe(_with_parts)
        .pipe(_with_values)
        .pipe(_subjects)
        .pipe(_without_subject)
    )
    return told.filter(pl.col("reason").is_null()), told.filter(pl.col("reason").is_not_null())


def fits(text: pl.Expr) -> pl.Expr:
    """Return whether a row has a form of equipment, and a code in it that may be one."""
    upper = text.str.to_uppercase()
    code = pl.coalesce(upper.str.extract(form, 4) for form in _FORMS.values())
    return code.is_not_null() & ~code.fill_null("").str.contains(f"^(?:{NO_CODE})$")


def is_priced(text: pl.Expr) -> pl.Expr:
    """Return whether a row says at its end what is to be paid, or that nothing is."""
    upper = text.str.to_uppercase()
    return upper.str.contains(_WITH_PRICE) | upper.str.contains(_WITH_MARK)


def is_tail(text: pl.Expr) -> pl.Expr:
    """Return whether a row is only the end of one: mark, quantity, amounts, day."""
    return text.str.to_uppercase().str.contains(_TAIL)


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
        unit=amount(part(("price", 8))),
        total=amount(part(("price", 9))),
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
        reason=pl.coalesce("reason", _fault()),
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
        pl.when(pl.col("usoc").is_null() | pl.col("usoc").str.contains(f"^(?:{NO_CODE})$"))
        .then(pl.lit("no USOC row: `[TN] USOC [/FID ...] [F|N] [quantity] unit total`"))
        .when(pl.col("text").str.contains(r",[ \t]*$") & (pl.col("more") == ""))
        .then(pl.lit("it ends with a comma, and nothing goes on below it"))
        .when(pl.col("more").str.contains(rf"[ \t]{MONEY}[ \t]+{MONEY}[ \t]*$"))
        .then(pl.lit("it has amounts, and what goes on below it has others"))
        .when(pl.col("total").is_null() & pl.col("fids").str.contains(rf"[ \t]{MONEY}(?:[ \t]|$)"))
        .then(pl.lit("unit and total do not stand together at its end"))
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
        subject=pl.col("opened").forward_fill().over("record", "block")
    ).with_columns(pl.col("subject").fill_null(pl.lit("T") + pl.col("main_tn")))
    body, is_circuit = pl.col("subject").str.slice(1), pl.col("subject").str.starts_with("C")
    return kept.with_columns(
        wtn=pl.when(~is_circuit).then(body), circuit_id=pl.when(is_circuit).then(body)
    ).with_columns(circuit_key=circuit_key(pl.col("circuit_id")))


def _fid(name: str) -> pl.Expr:
    """Return what follows a FID, up to the next one; the slash inside a circuit ends nothing."""
    value = r"(.*?)(?:[ \t]+/[A-Z]{2,4}[ \t(]|[ \t]*/[A-Z]{2,4}$|$)"
    return pl.col("fids").str.extract(rf"/{name}[ \t]+{value}").str.strip_chars()


def printed_total(text: pl.Expr) -> pl.Expr:
    """Return the total of a row that ends as equipment does, in dollars; null where none does."""
    return amount(text.str.to_uppercase().str.extract(_PAIR))


def amount(cell: pl.Expr) -> pl.Expr:
    """Return a printed amount in dollars, of up to six places."""
    return cell.str.replace_all(r"[$,]", "").str.to_decimal(scale=6).cast(RATE)


def _date(cell: pl.Expr) -> pl.Expr:
    """Return a day printed as month-day-year; two digits are a year of this century."""
    full = cell.str.replace(r"-([0-9]{2})$", "-20$1")
    return full.str.to_date("%m-%d-%Y", strict=False)
