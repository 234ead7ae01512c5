"""The charges of a piece: IT1, SLN, ITA, TCD, USD and the TXI that add, each with what it says.

A charge that cannot be read is no charge but a fault with its place; nothing is rounded but the
product of a quantity and a unit price, once, half away from zero.
"""

from __future__ import annotations

import polars as pl

from invoices.carrier.cells import AMOUNT_DIGITS, shown
from invoices.carrier.x12 import fields as f
from invoices.carrier.x12.charge_segments import PRINTED, READERS, Dialect, credit
from invoices.carrier.x12.facts import DATES, NAMES, PERIOD, Facts, in_one_period, with_fact
from invoices.carrier.x12.segments import Id, Walked
from invoices.money import micros
from invoices.schema import RATE, columns_of
from invoices.text import filled

CHARGES = pl.Schema(
    {
        "segment": pl.Int64(),  # its number in the file
        "set": pl.Int64(),
        "node": pl.Int64(),  # the HL, or the heading, it stands under
        "line": pl.Int64(),  # the segment of the line it belongs to; 0 = of the node itself
        "id": Id,
        "subtracts": pl.Boolean(),  # an allowance
        "cents": pl.Int64(),
        "quantity": RATE,
        "unit_rate": RATE,
        "unit_rate_places": pl.Int8(),
        "usoc": pl.String(),
        "service_code": pl.String(),
        "description": pl.String(),
        "wtn": pl.String(),
        "circuit_id": pl.String(),
        "order_no": pl.String(),
        "service_from": pl.Date(),
        "service_through": pl.Date(),
    }
)
"""Charges as they are printed; what HL say is added by `hierarchy`."""
WRONG = pl.Schema(
    {
        "set": pl.Int64(),
        "segment": pl.Int64(),
        "raw": pl.String(),
        "message": pl.String(),
        "remedy": pl.String(),
        "unknown": pl.Boolean(),  # whether it begins like no segment of an 811
    }
)
"""Segments of sets that cannot be read, with all that is wrong with each."""

_STANDS = ("set", "node", "line", "in_set")
_LARGEST = 10 ** (AMOUNT_DIGITS + 2) - 1


def read_charges(
    walked: Walked, facts: Facts, dialect: Dialect
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the charges of a piece (`CHARGES`) and what cannot be read (`WRONG`), in order."""
    printed = [
        reader(own.with_columns(p=f.split(pl.col("text"), dialect.element)), dialect)
        for id_, reader in READERS.items()
        if (own := walked.of(id_, given=_STANDS).filter("in_set")).height
    ]
    printed = [frame for frame in printed if frame.height] or [pl.DataFrame(schema=PRINTED)]
    rows = printed[0] if len(printed) == 1 else pl.concat(printed).sort("segment")
    rows = _with_own(rows, facts)
    # Usage detail without an amount supports a charge that stands elsewhere.
    silent = pl.col("id").is_in(["TCD", "USD"]) & pl.col("cents").is_null()
    rows = rows.filter(~(silent & (pl.col("message") == "")))
    rows = _with_shared(rows, facts)
    rows = _with_faults(rows, facts)
    wrong = rows.filter(pl.col("message") != "")
    good = rows.filter(pl.col("message") == "") if wrong.height else rows
    told = wrong.select("set", "segment", "message", "remedy", raw="text", unknown=pl.lit(False))
    told = told.select(WRONG.names())
    return good.select(columns_of(CHARGES)), pl.concat([told, _unknown(walked)]).sort("segment")


def _unknown(walked: Walked) -> pl.DataFrame:
    """Return the segments of sets that begin like none of an 811 (`WRONG`)."""
    return (
        walked.of(None)
        .filter("in_set")
        .select(
            "set",
            "segment",
            raw="text",
            message=filled("`{}` begins no segment of an 811", shown(pl.col("text"))),
            remedy=pl.lit("ask the carrier what it is, or for the file as its system wrote it"),
            unknown=pl.lit(True),
        )
        .select(WRONG.names())
    )


def _with_own(rows: pl.DataFrame, facts: Facts) -> pl.DataFrame:
    """Add what only the line itself is told by: its amount, quantity and text."""
    own = pl.when(pl.col("segment") == pl.col("line")).then("segment")
    rows = rows.with_columns(own=own)
    for name in ("amount", "quantity", "text"):
        frame = facts.named.get(name)
        column = f"{name}_said"
        if frame is None or frame.is_empty():
            dtype = {"amount": pl.Int64(), "quantity": RATE, "text": pl.String()}[name]
            rows = rows.with_columns(pl.lit(None, dtype).alias(column))
        else:
            is_own = pl.col("own").is_not_null()
            rows = with_fact(rows, frame, column).with_columns(
                pl.when(is_own).then(column).alias(column)
            )
    quantity = pl.coalesce("quantity", "quantity_said")
    given = pl.col("amount_said").cast(pl.Int128)
    given = pl.when("subtracts").then(credit(given)).otherwise(given)
    cents = pl.coalesce(given, "cents")
    rate, places = _derived(cents, quantity)
    printed = pl.col("unit_rate").is_not_null()
    return rows.with_columns(
        quantity=quantity,
        cents=cents,
        description=pl.coalesce("text_said", "description"),
        unit_rate=pl.when(printed).then("unit_rate").otherwise(rate),
        unit_rate_places=pl.when(printed).then("unit_rate_places").otherwise(places),
    )


def _derived(cents: pl.Expr, quantity: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """Return amount / quantity and its decimals, null where six of them do not say it exactly."""
    units = micros(quantity)
    top = cents.cast(pl.Int128) * pl.lit(10**10, dtype=pl.Int128)
    bottom = pl.when(units != 0).then(units)
    fits = (top % bottom == 0) & ((top // bottom).abs() < 10**15)
    value = pl.when(fits).then(top // bottom)
    places = pl.lit(6, pl.Int8)
    for decimals in range(5, 1, -1):
        step = 10 ** (6 - decimals)
        places = pl.when(value % step == 0).then(pl.lit(decimals, pl.Int8)).otherwise(places)
    rate = (value.cast(pl.Decimal(38, 6)) * pl.lit("0.000001").cast(pl.Decimal(38, 6))).cast(RATE)
    return rate, pl.when(value.is_not_null()).then(places)


def _with_shared(rows: pl.DataFrame, facts: Facts) -> pl.DataFrame:
    """Add what holds for the line and its taxes and allowances: number, circuit, order, dates."""
    for name in (*NAMES, *DATES):
        frame = facts.named.get(name)
        if frame is None or frame.is_empty():
            dtype = pl.String() if name in NAMES else pl.Date()
            rows = rows.with_columns(pl.lit(None, dtype).alias(name))
        else:
            rows = with_fact(rows, frame, name)
    rows = rows.with_columns(in_one_period(DATES)).drop(DATES[2:])
    dated = pl.col("day").is_not_null() & pl.all_horizontal(
        pl.col(name).is_null() for name in PERIOD
    )
    bases = rows.filter(pl.col("subtracts"), pl.col("line") != pl.col("segment"))
    if bases.height:
        lines = rows.filter(pl.col("segment") == pl.col("line")).select("line", of_line="usoc")
        rows = rows.join(lines, on="line", how="left", maintain_order="left").with_columns(
            usoc=pl.when("subtracts").then(pl.coalesce("usoc", "of_line")).otherwise("usoc")
        )
    return rows.with_columns(
        pl.when(dated).then("day").otherwise(name).alias(name) for name in PERIOD
    )


def _with_faults(rows: pl.DataFrame, facts: Facts) -> pl.DataFrame:
    """Put all that is wrong with a charge into `message` and `remedy`, empty where nothing is."""
    own = facts.faults.filter(pl.col("owner") > 0)
    told = own.group_by("owner", maintain_order=True).agg(
        of_facts=pl.col("message").str.join("; "),
        cure=pl.col("remedy").unique().sort().str.join("; "),
    )
    rows = rows.join(told, left_on="own", right_on="owner", how="left", maintain_order="left")
    cents, quantity = pl.col("cents"), pl.col("quantity")
    sign = ((quantity < 0) | (pl.col("unit_rate") < 0)) & (cents > 0)
    turned = pl.col("service_through") < pl.col("service_from")
    said = (pl.col("message") == "") & pl.col("of_facts").is_null()
    words = pl.concat_str(
        pl.when(pl.col("message") != "").then("message"),
        "of_facts",
        pl.when(cents.is_null() & said).then(pl.lit("it says no amount")),
        pl.when(cents.abs() > _LARGEST).then(
            pl.lit(f"its amount has more than {AMOUNT_DIGITS} digits before the point")
        ),
        pl.when(sign).then(pl.lit("quantity or rate is negative, the amount is not")),
        pl.when(turned).then(pl.lit("the period ends before it begins")),
        separator="; ",
        ignore_nulls=True,
    )
    cure = "have the carrier correct the segment and send the interchange again"
    return rows.with_columns(message=words.fill_null(""), remedy=pl.coalesce("cure", pl.lit(cure)))
