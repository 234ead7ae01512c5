"""What each line of an invoice bore of its taxes: every row of taxes divided among its lines.

A tax is rounded once for each invoice, jurisdiction, tax and rate. To say what of it was charged on
one line the row is divided among the lines it covers by largest remainder of rate x price, so that
the shares add up to the row. The contribution is divided first: where a tax covers it, that tax is
borne by the lines that bore the contribution. Rules: `docs/taxes.md`, what credits give back.

| row of taxes | lines | shares |
|---|---|---|
| 10% of 20.09 = 2.01 | 10.04, 10.05 | 1.00, 1.01 |
"""

from __future__ import annotations

import polars as pl

from invoices.money import cents, divide_half_away, from_cents, micros
from invoices.schema import CENTS, RATE, columns_of
from rebill.pricing.customer_lines import GIVEN_BACK, OWN_TAXES, charge_key, refers
from rebill.pricing.own_charges import NO_CHARGES
from rebill.pricing.taxes import Tables, chosen, located, with_share

BILL = ["customer", "bill_month", "bill"]
"""An invoice: its number, or an empty text where it is a draft."""

BORNE = pl.Schema(
    {
        "customer": pl.String(),
        "bill_month": pl.String(),
        "bill": pl.String(),
        "charge": pl.String(),  # of the line, as `charge_key` names it
        "refers": pl.Boolean(),  # whether the line gives back another one
        "kind": pl.String(),  # of the row of taxes, like all below
        "jurisdiction": pl.String(),
        "tax": pl.String(),
        "tax_rate": RATE,
        "method": pl.String(),
        "description": pl.String(),
        "rule": pl.String(),
        "base": CENTS,  # what of the line was taxed
        "share": CENTS,  # what of the row the line bore
    }
)

_ITEM = [*BILL, "charge", "refers"]
_MICROS = 10**6
_SUM = r", ([0-9.]+% )?of (interstate )?-?[0-9.]+$"
"""What follows the name of a tax in the words of its row."""


def borne(lines: pl.DataFrame, tables: Tables) -> pl.DataFrame:
    """Return what each line bore of each row of taxes of its invoice (`BORNE`).

    `lines` are all lines of some invoices (`rebill.pricing.customer_lines.CUSTOMER_LINES`) with
    `bill`, `day`, on which the rates were to be in force, and `state`, of the service; `tables` are
    those that taxed them.
    """
    rows = (
        lines.filter(pl.col("kind").is_in(OWN_TAXES), pl.col("method") != GIVEN_BACK)
        .with_row_index("row")
        .with_columns(total=cents(pl.col("price")))
    )
    items = lines.filter(~pl.col("kind").fill_null("charge").is_in(OWN_TAXES)).select(
        *BILL,
        *("service", "usoc", "product", "charge_class", "state", "price"),
        charge=charge_key(),
        refers=refers(),
        bill_date="day",
    )
    own = pl.col("method") == "contribution_factor"
    surcharges = _divided(_contributed(items, rows.filter(own), tables), items, rows.filter(own))
    passed = surcharges.select(
        *BILL, "charge", "refers",
        charge_class="kind",
        price="share",
        **{name: pl.lit(None, dtype=pl.String) for name in ("service", "usoc", "product", "state")},
    ).join(items.select(*BILL, "bill_date").unique(), on=BILL)  # fmt: skip
    taxed = pl.concat([items, passed.select(items.columns)])
    taxes = _divided(_taxed(taxed, rows.filter(~own), tables), items, rows.filter(~own))
    return pl.concat([surcharges, taxes])


def _contributed(items: pl.DataFrame, rows: pl.DataFrame, tables: Tables) -> pl.DataFrame:
    """Return what each line adds to the contribution of its invoice: `weight` over `of`."""
    charges = items.filter(~pl.col("charge_class").is_in(NO_CHARGES))
    fine = cents(pl.col("price")) * micros(pl.col("share"))
    return (
        with_share(charges, tables.shares)
        .join(rows.select(*BILL, "row", "tax_rate"), on=BILL)
        .group_by("row", *_ITEM)
        .agg(fine=fine.sum(), weight=(fine * micros(pl.col("tax_rate"))).sum())
        .with_columns(of=pl.lit(10**12, dtype=pl.Int128))
    )


def _taxed(items: pl.DataFrame, rows: pl.DataFrame, tables: Tables) -> pl.DataFrame:
    """Return what each line adds to each tax of its invoice: `weight` over `of`."""
    placed = located(items, tables).filter(pl.col("jurisdiction").is_not_null())
    rates = chosen(placed.with_row_index("item"), tables.rates)
    key = [*BILL, "jurisdiction", "tax", "tax_rate"]
    price = cents(pl.col("price"))
    return (
        rates.drop("row_id", "description", strict=False)
        .with_columns(tax_rate=pl.col("rate").cast(RATE))
        .join(rows.filter(pl.col("method") == "tax_table").select("row", *key), on=key)
        .group_by("row", *_ITEM)
        .agg(
            fine=(price * _MICROS).sum(),
            weight=(price * micros(pl.col("tax_rate"))).sum(),
        )
        .with_columns(of=pl.lit(_MICROS, dtype=pl.Int128))
    )


def _divided(members: pl.DataFrame, items: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """Divide each of `rows` among its `members`, or where these do not explain its base, or it
    has none, as with an outside engine, among all charges of the invoice by their price."""
    sums = members.group_by("row").agg(
        whole=from_cents(divide_half_away(pl.col("fine").sum(), _MICROS)),
        alone=from_cents(divide_half_away(pl.col("fine").filter(~pl.col("refers")).sum(), _MICROS)),
    )
    known = rows.select("row", "total", "tax_base").join(sums, on="row", how="left")
    # Credits were taxed by the rates of their own day once: such a row counts them too.
    alone = (pl.col("alone") == pl.col("tax_base")).fill_null(False)
    told = known.with_columns(
        alone=alone, whole=(pl.col("whole") == pl.col("tax_base")).fill_null(False) & ~alone
    )
    fits = (
        members.join(told, on="row")
        .filter(pl.col("whole") | pl.col("alone") & ~pl.col("refers"))
        .drop("whole", "alone")
    )
    others = rows.join(told.filter(~pl.col("whole"), ~pl.col("alone")), on="row", how="semi")
    shared = pl.concat([fits, _by_price(items, others).select(fits.columns)])
    named = rows.select(
        "row", "kind", "jurisdiction", "tax", "tax_rate", "method", "rule",
        description=pl.col("description").str.replace(_SUM, ""),
    )  # fmt: skip
    return _largest_remainder(shared).join(named, on="row").select(columns_of(BORNE))


def _by_price(items: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """Return the charges of invoices with their prices as what they add to each row of taxes."""
    price = cents(pl.col("price"))
    return (
        items.filter(~pl.col("charge_class").is_in(NO_CHARGES), ~pl.col("refers"))
        .join(rows.select(*BILL, "row", "total", "tax_base"), on=BILL)
        .group_by("row", "total", "tax_base", *_ITEM)
        .agg(fine=(price * _MICROS).sum(), weight=(price * pl.col("total")).sum())
        .with_columns(of=(pl.col("fine").sum().over("row") // _MICROS).cast(pl.Int128))
        .filter(pl.col("of") > 0)
    )


def _largest_remainder(members: pl.DataFrame) -> pl.DataFrame:
    """Add `share` and `base`: `weight` over `of` in cents, so that those of a row add up to its
    `total`. A row that its members do not come to within their roundings is not divided: each
    then bore what it comes to by itself."""
    turn = pl.int_range(pl.len()).over("row", order_by=[pl.col("rest") * -1, "charge"])
    left = pl.col("total") - pl.col("floor").sum().over("row")
    fits = pl.col("left").is_between(0, pl.len().over("row"))
    whole = pl.col("floor") + (pl.col("turn") < pl.col("left")).cast(pl.Int128)
    alone = divide_half_away(pl.col("weight"), pl.col("of"))
    return (
        members.with_columns(
            floor=pl.col("weight").floordiv(pl.col("of")), rest=pl.col("weight") % pl.col("of")
        )
        .with_columns(left=left, turn=turn)
        .with_columns(
            share=from_cents(pl.when(fits).then(whole).otherwise(alone)),
            base=from_cents(divide_half_away(pl.col("fine"), _MICROS)),
        )
    )
