"""Active elements that the carrier forgot: charged as if billed, and given back once they are.

The finding `element_not_billed` says what is missing and what it would cost. A customer whose rule
is `invoice` is charged for it by the very markups that would price the line. When the carrier bills
the element after all the line is charged like any other, and the row is given back. Rules:
`docs/pricing.md`, what the carrier forgot.
"""

from __future__ import annotations

import polars as pl

from invoices.money import MONTH_PARTS, ZERO_CENTS
from invoices.periods import add_months
from invoices.schema import RATE, seal
from rebill.pricing.customer_lines import BACK
from reconcile.schema import AUDITED

ROW = "unbilled:"
"""How the `made_key` of such a row begins; the finding follows."""


def as_lines(
    findings: pl.DataFrame, customers: pl.DataFrame, services: pl.DataFrame, elements: pl.DataFrame
) -> pl.DataFrame:
    """Return what the findings miss as audited lines (`AUDITED`): a whole month, due as expected.

    `findings` are those of `element_not_billed`; without an expected cost there is no line.
    `customers` has customer and unbilled, `services` and `elements` are the inventory.
    """
    found = missed(findings, customers, services)
    due = pl.col("units").fill_null(1).cast(RATE)
    return (
        found.join(active_units(found, elements), on="finding_id", how="left")
        .with_columns(
            line_id="finding_id",
            charge_class=pl.lit("recurring"),
            kind=pl.lit("recurring"),
            amount="expected",
            quantity=due,
            due_units=due,
            due_unit_parts=due.cast(pl.Decimal(38, 6)) * MONTH_PARTS,
            fraction_parts=pl.lit(MONTH_PARTS, dtype=pl.Int64),
            at_stake=ZERO_CENTS,
            rate_day="bill_date",
            period_from="bill_date",
            period_until=add_months(pl.col("bill_date"), 1),
            package=pl.when(pl.col("package") == pl.col("usoc")).then("package"),
            inventory_state="state",
        )
        .pipe(seal, AUDITED)
    )


def missed(findings: pl.DataFrame, customers: pl.DataFrame, services: pl.DataFrame) -> pl.DataFrame:
    """Return the findings with a cost on services of customers who are charged for them."""
    asked = customers.filter(pl.col("unbilled") == "invoice").select("customer")
    return (
        findings.filter(pl.col("code") == "element_not_billed", pl.col("expected") > 0)
        .select("finding_id", "carrier", "bill_date", "service", "usoc", "expected")
        .join(services.select("service", "customer", "product", "package", "state"), on="service")
        .join(asked, on="customer", how="semi")
    )


def active_units(found: pl.DataFrame, elements: pl.DataFrame) -> pl.DataFrame:
    """Return [finding_id, units]: how many units of the element are active on the bill's date."""
    day = pl.col("bill_date")
    active = elements.filter(pl.col("quantity") > 0).select(
        "service", "usoc", "quantity", "active_from", "active_until"
    )
    return (
        found.select("finding_id", "service", "usoc", "bill_date")
        .join(active, on=["service", "usoc"])
        .filter(
            pl.col("active_from").is_null() | (pl.col("active_from") <= day),
            pl.col("active_until").is_null() | (day < pl.col("active_until")),
        )
        .group_by("finding_id")
        .agg(units=pl.col("quantity").sum())
    )


def as_rows(lines: pl.DataFrame) -> pl.DataFrame:
    """Return customer lines that `as_lines` were priced into as rows without a carrier line."""
    key = pl.col("line_id").str.strip_suffix(":element_not_billed")
    return lines.with_columns(
        kind=pl.lit("unbilled"),
        made_key=pl.lit(ROW) + key,
        line_id=pl.lit(None, dtype=pl.String),
        rule=pl.lit("the carrier did not bill it; ") + pl.col("rule"),
    )


def given_back(charged: pl.DataFrame, billed: pl.LazyFrame, month_of: pl.DataFrame) -> pl.DataFrame:
    """Return rows that give back those of `charged` that the carrier has billed since.

    `charged` are unbilled rows that stand, with `issued` (on an issued invoice); `billed` are the
    charges on invoices of the months in `month_of` (bill_month): service, usoc, service_from,
    service_until, bill_month. A draft's row of the same month simply goes when the line comes.
    """
    later = (
        billed.join(charged.lazy().select("service", "usoc").unique(), on=["service", "usoc"])
        .select(*("service", "usoc", "service_from", "service_until"), back_in=pl.col("bill_month"))
        .collect()
    )
    meets = (pl.col("service_from_right") < pl.col("service_until")) & (
        pl.col("service_until_right") > pl.col("service_from")
    )
    after = (pl.col("back_in") > pl.col("bill_month")) | (
        pl.col("issued") & (pl.col("back_in") == pl.col("bill_month"))
    )
    return (
        charged.join(later, on=["service", "usoc"])
        .filter(meets, after)
        .sort("made_key", "back_in")
        .unique("made_key", keep="first", maintain_order=True)
        .join(month_of, left_on="back_in", right_on="bill_month", how="semi")
        .with_columns(
            -pl.col("cost", "price", "margin", "quantity"),
            bill_month="back_in",
            made_key=pl.col("made_key") + BACK,
            rule=pl.lit("the carrier has billed it since; ") + pl.col("rule"),
        )
        .drop("issued", "back_in", "service_from_right", "service_until_right")
    )
