"""What credits give back of the taxes their charges bore: in proportion, the last one the rest.

| the charge bore | credited | given back |
|---|---|---|
| 10.00 of 100.00 | 33.33, 33.33, 33.34 | 3.33, 3.33, 3.34 |
| 0.02 of 1.00 | 0.30, 0.30, 0.30, 0.10 | 0.01, 0.01, 0.00, 0.00 |
"""

from __future__ import annotations

import polars as pl

from invoices.money import ZERO_CENTS, cents, divide_half_away, from_cents
from invoices.schema import CENTS, RATE, seal
from rebill.pricing.customer_lines import CUSTOMER_LINES, GIVEN_BACK
from rebill.pricing.given_back.borne import BILL

CHARGE = ["customer", "charge"]
TAX = ["kind", "jurisdiction", "tax", "tax_rate"]

PARTS = pl.Schema(
    {
        "customer": pl.String(),
        "charge": pl.String(),  # what is credited, as `charge_key` names it
        "credit": pl.String(),  # line_id or made_key of the credit
        "bill_month": pl.String(),  # of the credit
        "on": pl.Date(),  # of the credit: the earlier comes first
        "price": CENTS,  # of that part of the credit; negative
        "stands": pl.Boolean(),  # whether the credit stands on an issued invoice
    }
)
"""Which part of which credit is for which charge: all there are of each charge."""

GIVEN = pl.Schema(
    {
        "customer": pl.String(),
        "charge": pl.String(),
        "kind": pl.String(),
        "jurisdiction": pl.String(),
        "tax": pl.String(),
        "tax_rate": RATE,
        "base": CENTS,  # positive, like `share`
        "share": CENTS,
    }
)
"""What issued invoices gave back already of what a charge bore."""


def of_charges(borne: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """Return what each charge bore of each tax, with the `price` it bore it for.

    `borne` is `rebill.pricing.given_back.borne.BORNE`; `lines` has its bill, charge, refers, price.
    """
    charges = lines.filter(~pl.col("refers")).unique([*BILL, "charge"])
    prices = charges.group_by(CHARGE).agg(pl.col("price").sum())
    return (
        borne.filter(~pl.col("refers"))
        .sort("bill_month", "bill", "rule")
        .group_by(*CHARGE, *TAX, maintain_order=True)
        .agg(
            pl.col("description", "rule", "bill_month").first(),
            pl.col("base", "share").sum().cast(CENTS),
        )
        .join(prices, on=CHARGE)
        .rename({"price": "charged", "bill_month": "charged_in"})
    )


def returned(parts: pl.DataFrame, charges: pl.DataFrame, given: pl.DataFrame) -> pl.DataFrame:
    """Return the rows that give taxes back (`CUSTOMER_LINES`) for credits not issued yet.

    `parts` (`PARTS`) are all parts of credits of the charges, `charges` what `of_charges` made,
    `given` (`GIVEN`) what was given back before. Each part gives back its share of the charge's
    price, rounded once, as long as something is left; the one that completes the charge the rest.
    """
    before = parts.filter("stands").group_by(CHARGE).agg(credited=cents(-pl.col("price")).sum())
    asked = (
        parts.filter(~pl.col("stands"), pl.col("price") < 0)
        .join(before, on=CHARGE, how="left")
        .join(_left(charges.filter(pl.col("charged") > 0), given), on=CHARGE)
        .with_columns(pl.col("credited").fill_null(0))
        .sort("on", "bill_month", "credit", nulls_last=True)
    )
    return (
        asked.with_columns(back=_back("share", "left"), of=_back("base", "base_left"))
        .filter(pl.col("back") != 0)
        .pipe(_lines)
    )


def _left(charges: pl.DataFrame, given: pl.DataFrame) -> pl.DataFrame:
    """Add to what each charge bore what of it is `left` to give back, and `base_left` of its base.

    What was given back at a rate that the charge no longer bears, because its invoice was issued
    anew, is taken from what it bears of the same tax now.
    """
    tax = [*CHARGE, "kind", "jurisdiction", "tax"]
    names = {"share": "left", "base": "base_left"}
    same = given.group_by(*CHARGE, *TAX).agg(
        pl.sum(name).alias(left) for name, left in names.items()
    )
    other = (
        given.join(charges, on=[*CHARGE, *TAX], how="anti", nulls_equal=True)
        .group_by(tax)
        .agg(pl.sum(name).alias(f"{left}_other") for name, left in names.items())
    )
    left = charges.join(same, on=[*CHARGE, *TAX], how="left", nulls_equal=True).join(
        other, on=tax, how="left"
    )
    for name, rest in names.items():
        left = left.with_columns(
            pl.max_horizontal(pl.col(name) - pl.col(rest).fill_null(0), ZERO_CENTS).alias(rest)
        ).with_columns(
            _reach=pl.min_horizontal(
                pl.col(rest).cum_sum().over(tax), pl.col(f"{rest}_other").fill_null(0)
            )
        )
        less = pl.col("_reach") - pl.col("_reach").shift(1, fill_value=0).over(tax)
        left = left.with_columns((pl.col(rest) - less).cast(CENTS).alias(rest))
    return left.drop("_reach")


def _back(amount: str, left: str) -> pl.Expr:
    """Return what each part gives back of an amount of its charge, positive; `left` at most."""
    window = [*CHARGE, *TAX]
    part, charged, most = cents(-pl.col("price")), cents(pl.col("charged")), cents(pl.col(left))
    each = divide_half_away(cents(pl.col(amount)) * part, charged).cum_sum().over(window)
    whole = pl.col("credited") + part.cum_sum().over(window) >= charged
    reach = pl.when(whole).then(most).otherwise(pl.min_horizontal(each, most))
    return from_cents(reach - reach.shift(1, fill_value=0).over(window))


def _lines(given: pl.DataFrame) -> pl.DataFrame:
    """Return what is given back as customer lines; those of one tax are shown as one."""
    hundred = pl.col("tax_rate").cast(pl.Decimal(38, 6)) * pl.lit("100").cast(pl.Decimal(38, 6))
    percent = hundred.cast(pl.String).str.strip_chars_end("0").str.strip_chars_end(".") + "% "
    named = pl.col("description") + pl.lit(" given back")
    prefix = pl.concat_str(
        pl.when(pl.col("kind") == "tax").then(pl.lit("tax:")).otherwise(pl.lit("")),
        pl.when(pl.col("kind") == "tax").then(pl.col("jurisdiction") + ":").otherwise(pl.lit("")),
        "tax",
        pl.concat_str(pl.lit(":"), pl.col("tax_rate").cast(pl.String)).fill_null(""),
    )
    return given.with_columns(
        price=-pl.col("back"),
        cost=-pl.col("back"),
        margin=ZERO_CENTS,
        tax_base=-pl.col("of"),
        charge_class="kind",
        method=pl.lit(GIVEN_BACK),
        credit_of="charge",
        bundle=pl.concat_str(
            named, pl.lit(", ") + percent.str.strip_chars_end(" "), ignore_nulls=True
        ),
        description=pl.concat_str(
            named, pl.lit(", "), percent.fill_null(""), pl.lit("of -"), pl.col("of").cast(pl.String)
        ),
        made_key=pl.concat_str(prefix, pl.lit("back"), "charge", "credit", separator=":"),
        rule=pl.concat_str(
            pl.lit("as charged in "), "charged_in", pl.lit(": "), pl.col("rule").fill_null("")
        ),
    ).pipe(seal, CUSTOMER_LINES)


def bounded(rows: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
    """Return the rows of taxes of a month, none of which gives back what was never charged.

    A row below zero comes of credits and discounts that name no charge. `before` has customer,
    kind, jurisdiction, tax and `price`: what was charged of each tax on other invoices.
    """
    key = ["customer", "kind", "jurisdiction", "tax"]
    open_ended = (pl.col("price") < 0) & (pl.col("method") != GIVEN_BACK)
    negative = rows.filter(open_ended)
    if negative.is_empty():
        return rows
    known = pl.concat(
        [rows.filter(~open_ended).select(*key, "price"), before.select(*key, "price")]
    )
    room = known.group_by(key).agg(room=pl.max_horizontal(pl.col("price").sum(), ZERO_CENTS))
    reach = pl.min_horizontal((-pl.col("price")).cum_sum().over(key), pl.col("room"))
    kept = (
        negative.join(room, on=key, how="left")
        .with_columns(pl.col("room").fill_null(ZERO_CENTS))
        .sort(*key, "bill_month", "made_key")
        .with_columns(back=reach)
        .with_columns(
            back=(pl.col("back") - pl.col("back").shift(1, fill_value=0).over(key)).cast(CENTS)
        )
    )
    cut = pl.col("back") < -pl.col("price")
    said = pl.when(cut).then(pl.col("rule") + "; no more than was charged").otherwise("rule")
    told = kept.with_columns(rule=said, price=-pl.col("back"), cost=-pl.col("back"))
    return pl.concat(
        [rows.filter(~open_ended), told.filter(pl.col("price") != 0).select(rows.columns)]
    )
