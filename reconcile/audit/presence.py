"""What stands on a bill beside what: partners, and what is not billed.

Rules: `partner_missing` and `element_not_billed` of the findings page, and
`docs/DECISIONS.md` 24 and 25.
"""

from __future__ import annotations

import polars as pl

from invoices.money import MONTH_PARTS, from_cents, micros
from invoices.periods import period_end
from invoices.schema import CENTS
from reconcile.audit.pricing import (
    QUESTION,
    RECURRING,
    in_force,
    on_day,
    rate_frame,
    value,
    with_catalogue,
    with_contract,
    with_question,
)
from reconcile.contracts import Contract, settings
from reconcile.homes import at_home, homes

_ANYBODY = ""
"""Who shows a service that never moved, or moves in the month: whatever line there is of it."""


def billed(lines: pl.LazyFrame) -> pl.LazyFrame:
    """Return the recurring and prorated charges of lines, narrow; `period_last` is excluded."""
    start, end = pl.col("period_from"), pl.col("period_until")
    return lines.filter(
        pl.col("charge_class").is_in(RECURRING),
        pl.col("service").is_not_null(),
        pl.col("amount") >= 0,
    ).select(
        "line_id",
        "carrier",
        "service",
        "usoc",
        "package",
        "period_from",
        "rate_day",
        "amount",
        bill_month=pl.col("bill_date").dt.truncate("1mo"),
        period_last=period_end(start, end),
    )


def by_rule(lines: pl.LazyFrame, rules: pl.LazyFrame, relation: str, side: str) -> pl.LazyFrame:
    """Return charges whose USOC is the given side of a rule in force, with the other side."""
    other = "other_usoc" if side == "usoc" else "usoc"
    rule = rules.filter(pl.col("relation") == relation).select(
        "carrier",
        pl.col(side).alias("usoc"),
        pl.col(other).alias("wanted"),
        "valid_from",
        "valid_until",
    )
    return lines.join(rule, on=["carrier", "usoc"]).filter(
        on_day(pl.col("rate_day"), "valid_from", "valid_until")
    )


def beside(asking: pl.LazyFrame, all_billed: pl.LazyFrame) -> pl.DataFrame:
    """Return the asking charges whose wanted USOC is billed in their month or for their period.

    One row for each line that bills it: line_id, wanted, line_id_there, amount_there.
    """
    # What a code needs or sums up is a code of its carrier, whoever else bills the service.
    wanted = asking.select("carrier", "service", usoc="wanted").unique()
    there = all_billed.join(wanted, on=["carrier", "service", "usoc"], how="semi")
    overlap = (pl.col("period_from_there") < pl.col("period_last")) & (
        pl.col("period_last_there") > pl.col("period_from")
    )
    return (
        asking.join(
            there,
            left_on=["carrier", "service", "wanted"],
            right_on=["carrier", "service", "usoc"],
            suffix="_there",
        )
        .filter(
            (pl.col("bill_month_there") == pl.col("bill_month"))
            | (overlap.fill_null(False) & (pl.col("bill_month_there") < pl.col("bill_month")))
        )
        .select(
            "line_id",
            "wanted",
            "line_id_there",
            "amount_there",
        )
        .collect()
    )


def without_partner(
    lines: pl.LazyFrame, history: pl.LazyFrame, rules: pl.LazyFrame
) -> pl.DataFrame:
    """Return charges billed without a code they need (line_id, partner: the codes missing)."""
    asking = by_rule(billed(lines).filter(pl.col("amount") > 0), rules, "requires", "usoc")
    both = pl.concat([billed(lines), billed(history)])
    found = beside(asking, both).select("line_id", "wanted").unique()
    return (
        asking.select("line_id", "wanted")
        .collect()
        .unique()
        .join(found, on=["line_id", "wanted"], how="anti")
        .sort("wanted")
        .group_by("line_id", maintain_order=True)
        .agg(partner=pl.col("wanted").str.join(", "))
    )


def not_billed(
    documents: pl.DataFrame,
    lines: pl.LazyFrame,
    reference: dict[str, pl.LazyFrame],
    contracts: list[Contract],
) -> pl.DataFrame:
    """Return active elements, packages and bare services on no line of their month.

    `documents` are the loaded documents of the months looked at (document_id, carrier, ban,
    bill_date, source_file), `lines` all loaded lines of those months. Columns: carrier, ban,
    bill_date, document_id, source_file, service, usoc, expected (null where no rate is in force).
    """
    bills = (
        documents.sort("bill_date", "document_id")
        .with_columns(bill_month=pl.col("bill_date").dt.truncate("1mo"))
        .unique(["carrier", "ban", "bill_month"], keep="last", maintain_order=True)
        .lazy()
    )
    owned = _owned(bills, reference)
    # A line of any class shows that its element and its service are billed; a credit does not.
    shown = pl.col("service").is_not_null() & (pl.col("amount") >= 0)
    month = pl.col("bill_date").dt.truncate("1mo")
    seen = lines.filter(shown).select("carrier", "service", "usoc", "package", bill_month=month)
    # A package that is billed as one line, and held as elements, bills its elements.
    inside = seen.filter(pl.col("package").is_not_null()).drop("usoc").unique()
    inside = inside.join(
        reference["packages"].select("carrier", "package", "usoc"), on=["carrier", "package"]
    )
    seen = _by_whom(
        pl.concat([seen, inside.select("carrier", "service", "usoc", "package", "bill_month")]),
        reference["service_accounts"],
    )
    place = ["billed_by", "service", "bill_month"]
    packages = seen.filter(pl.col("package").is_not_null())
    # Few services are held bare: only what is seen of these is looked through for them.
    of_bare = seen.join(owned["service"].select("service"), on="service", how="semi")
    missing = pl.concat(
        [
            owned["element"].join(seen, on=[*place, "usoc"], how="anti"),
            owned["package"].join(packages, on=[*place, "package"], how="anti"),
            owned["service"].join(of_bare, on=place, how="anti"),
        ]
    )
    return _accrued(missing.collect(), reference, contracts)


def _by_whom(seen: pl.LazyFrame, accounts: pl.LazyFrame) -> pl.LazyFrame:
    """Return what was seen with `billed_by`: anybody, and for services that moved their carrier."""
    moved = seen.join(accounts.select("service").unique(), on="service", how="semi")
    return pl.concat(
        [seen.with_columns(billed_by=pl.lit(_ANYBODY)), moved.with_columns(billed_by="carrier")]
    )


def _owned(bills: pl.LazyFrame, reference: dict[str, pl.LazyFrame]) -> dict[str, pl.LazyFrame]:
    """Return what is active on the bill date of each account: elements, packages, bare services.

    A service is asked of the account where it is at home on that day.
    """
    ends = "home_from", "home_until"
    moved = pl.any_horizontal(pl.col(day).is_not_null() for day in ends)
    moves = pl.any_horizontal(
        (pl.col(day).dt.truncate("1mo") == pl.col("bill_month")).fill_null(False) for day in ends
    )
    services = (
        homes(reference["services"], reference["service_accounts"])
        .join(bills, on=["carrier", "ban"])
        .filter(
            at_home(pl.col("bill_date")),
            on_day(pl.col("bill_date"), "installed_on", "disconnected_on"),
        )
        # In the month of a move one of the two bills may show it; later each has to show its own.
        .with_columns(billed_by=pl.when(moved & ~moves).then("carrier").otherwise(pl.lit(_ANYBODY)))
        .select(
            "carrier", "ban", "bill_date", "bill_month", "document_id", "source_file", "service",
            "billed_by", "package", inventory_circuit="circuit_key", inventory_state="state",
            inventory_zone="zone", term_months="term_months",
        )
    )  # fmt: skip
    own = _elements_of(services, reference)
    one = pl.lit(1).cast(pl.Decimal(18, 6)).alias("quantity")
    package = services.filter(pl.col("package").is_not_null()).with_columns(
        one, usoc=pl.lit(None, dtype=pl.String)
    )
    bare = (
        services.filter(pl.col("package").is_null())
        .join(reference["service_elements"].select("service").unique(), on="service", how="anti")
        .with_columns(one, usoc=pl.lit(None, dtype=pl.String))
    )
    columns = own.collect_schema().names()
    return {
        "element": own,
        "package": package.select(columns),
        "service": bare.select(columns),
    }


def _elements_of(services: pl.LazyFrame, reference: dict[str, pl.LazyFrame]) -> pl.LazyFrame:
    """Return the active elements of services, but those that are part of their package."""
    packaged = reference["packages"].select("carrier", "package", "usoc").unique()
    elements = reference["service_elements"].select(
        "service", "usoc", "quantity", "active_from", "active_until"
    )
    return (
        services.join(elements, on="service")
        .filter(on_day(pl.col("bill_date"), "active_from", "active_until"))
        .join(packaged, on=["carrier", "package", "usoc"], how="anti")
        # A package listed by its own code is the package: its elements on a bill show it too.
        .filter(pl.col("usoc").ne_missing(pl.col("package")))
        .drop("active_from", "active_until")
        .with_columns(package=pl.lit(None, dtype=pl.String))
    )


def _accrued(
    missing: pl.DataFrame, reference: dict[str, pl.LazyFrame], contracts: list[Contract]
) -> pl.DataFrame:
    """Add what the missing would have cost; leave out what costs nothing or is record-only."""
    rates = rate_frame(reference["buy_rates"])
    asked = missing.lazy().with_columns(
        charge_class=pl.lit("recurring"),
        rate_day=pl.col("bill_date"),
        kind=pl.lit(None, dtype=pl.String),
        family=pl.lit(None, dtype=pl.String),
        circuit_key=pl.lit(None, dtype=pl.String),
    )
    asked = with_contract(asked, contracts, "bill_date", "contract").with_columns(
        rate_contract="contract"
    )
    asked = with_question(with_catalogue(asked, reference["usocs"]), rates)
    rounding = settings(contracts).select("contract", "rounding").lazy()
    frame = asked.join(rounding, on="contract", how="left").collect()
    questions = frame.filter(pl.col("rate_contract").is_not_null()).select(QUESTION).unique()
    answers = in_force(questions, rates)
    quantity = micros(pl.col("quantity"))
    month = pl.lit(MONTH_PARTS, dtype=pl.Int128)
    worth = value(
        pl.col("buy_rate"), quantity, month, (pl.col("rounding") == "unit").fill_null(False)
    )
    return (
        frame.join(answers, on=QUESTION, how="left", nulls_equal=True)
        .filter(
            (pl.col("buy_rate") != 0).fill_null(True),
            (pl.col("kind") != "record_only").fill_null(True),
        )
        .select(
            "carrier",
            "ban",
            "bill_date",
            "document_id",
            "source_file",
            "service",
            usoc=pl.coalesce("usoc", "package"),
            expected=from_cents(worth).cast(CENTS),
        )
        .sort("carrier", "ban", "bill_date", "service", "usoc")
    )
