"""Margins by whatever one asks, judged by plain sums; what is sold below cost or earns nothing."""

from __future__ import annotations

from collections import defaultdict
from decimal import ROUND_HALF_UP
from decimal import Decimal as D
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pricing_tables import a_line
from pricing_worlds import World
from sold_lines import Row, lines

from rebill.pricing.customer_lines import KINDS
from rebill.pricing.margin import (
    KEYS,
    SUMS,
    By,
    at_retail,
    earning,
    earns_nothing,
    share_of,
    sold_below_cost,
    summed,
)
from rebill.pricing.markups import MARKUPS, RETAIL
from rebill.pricing.rate import rate
from reconcile.schema import AUDITED

AMOUNT = st.decimals(-500, 500, places=2)
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "customer": st.sampled_from(["C1", "C2"]),
            "service": st.sampled_from(["S1", "S2", None]),
            "product": st.sampled_from(["voice", "data", None]),
            "carrier": st.sampled_from(["ILEC", None]),
            "bill_month": st.sampled_from(["2026-02", "2026-03"]),
            "kind": st.sampled_from([*KINDS, None]),
            "cost": AMOUNT,
            "price": AMOUNT,
        }
    ),
    max_size=25,
)


def plain_share(part: D, whole: D) -> D | None:
    return (part / whole).quantize(D("0.0001"), ROUND_HALF_UP) if whole > 0 else None


def model(rows: list[Row], key: str) -> dict[Any, tuple[Any, ...]]:
    """Return (lines, cost, price, margin, share, markup, taxes, below_cost) by a key, slowly."""
    groups: dict[Any, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row[key] if key else None].append(row)
    found = {}
    for name, group in groups.items():
        taxed = [row for row in group if row["kind"] in ("tax", "surcharge")]
        own = [row for row in group if row not in taxed]
        cost = sum((row["cost"] for row in group), D("0.00"))
        price = sum((row["price"] for row in own), D("0.00"))
        loss = sum(0 <= row["price"] < row["cost"] for row in own)
        found[name] = (
            *(len(group), cost, price, price - cost),
            *(plain_share(price - cost, price), plain_share(price - cost, cost)),
            *(sum((row["price"] for row in taxed), D("0.00")), loss),
        )
    return found


@given(ROWS, st.sampled_from(["service", "customer", "product", "carrier", "month", "total"]))
def test_margins_are_what_plain_sums_say(rows: list[Row], by: By) -> None:
    made = summed(earning(lines(*rows)), by)
    keys = KEYS[by]
    columns = [name for name in SUMS if name not in ("retail", "reach")]
    got = {
        row[0] if keys else None: row[len(keys) :] for row in made.select(*keys, *columns).rows()
    }
    wanted = model(rows, keys[0] if keys else "")
    nothing = (0, *[D("0.00")] * 3, None, None, D("0.00"), 0)
    assert got == (wanted or ({} if keys else {None: nothing}))
    assert made["retail"].is_null().all()


def test_a_share_is_rounded_half_away_from_zero_and_null_over_nothing() -> None:
    frame = pl.DataFrame(
        {
            "part": ["0.05", "-0.05", "1.00", "1.00"],
            "whole": ["1000.00", "1000.00", "0.00", "-2.00"],
        }
    ).cast(pl.Decimal(18, 2))
    assert frame.select(share_of(pl.col("part"), pl.col("whole"))).to_series().to_list() == [
        D("0.0001"),
        D("-0.0001"),
        None,
        None,
    ]


def test_a_row_for_every_line_foots_with_the_total() -> None:
    earned = earning(lines({}, {"kind": "tax", "cost": D(0), "price": D("1.11")}, {"price": D(-2)}))
    whole, each = summed(earned, "total"), summed(earned, "line")
    assert each.height == 3 and each["line_id"].to_list() == ["D-1", "D-2", "D-3"]
    for name in ("cost", "price", "margin", "taxes"):
        assert each[name].sum() == whole[name].item()


def test_what_is_sold_below_cost_is_listed_with_the_largest_loss_first() -> None:
    earned = earning(
        lines(
            {"price": D("7.99")},
            {"price": D("1.00")},
            {"price": D("8.00")},
            {"price": D("-9.00"), "cost": D("-8.00")},  # a credit is no sale
            {"price": D("0.00"), "kind": "tax"},
            {"price": D("0.00")},  # given away
        )
    )
    assert sold_below_cost(earned)["line_id"].to_list() == ["D-6", "D-2", "D-1"]


def test_a_service_that_costs_and_brings_nothing_is_told() -> None:
    def audited(service: str | None, expected: str | None, stake: str = "0.00") -> Row:
        line = a_line(amount=D("8.00"), service=service, customer="C1", at_stake=D(stake))
        return {**line, "expected": None if expected is None else D(expected)}

    paper = pl.LazyFrame(
        [
            audited("S1", "8.00"),
            audited("S2", "8.00"),
            audited("S3", "0.00"),
            audited("S4", None, "3.00"),
            audited(None, "8.00"),
        ],
        schema=AUDITED,
    )
    idle = earns_nothing(paper, lines({}, {"service": "S4", "price": D("0.00")}))
    assert idle.select("service", "cost", "price").rows() == [
        ("S2", D("8.00"), D("0.00")),
        ("S4", D("5.00"), D("0.00")),
    ]


# --- retail -------------------------------------------------------------------------------------


def test_reach_is_retail_less_price_of_what_has_a_retail_price() -> None:
    retail = pl.LazyFrame({"line_id": ["D-1", "D-4"], "retail": ["12.50", "12.50"]}).with_columns(
        pl.col("retail").cast(pl.Decimal(18, 2))
    )
    earned = earning(lines({}, {"price": D("99.00")}), retail)
    assert summed(earned, "total").select("retail", "reach").row(0) == (D("12.50"), D("2.50"))
    free = earning(lines({"price": D("0.00")}), retail)
    assert summed(free, "total").select("retail", "reach").row(0) == (D("12.50"), D("12.50"))
    back = earning(lines({}, {"line_id": "D-1", "price": D("-10.00"), "cost": D("-8.00")}), retail)
    assert summed(back, "total").select("retail", "reach").row(0) == (D("0.00"), D("0.00"))


@pytest.mark.parametrize("seed", range(6))
def test_retail_of_a_line_is_what_the_kernel_charges_for_full_retail(seed: int) -> None:
    world = World(seed, 150)
    frames = pl.LazyFrame(world.lines, schema=AUDITED), pl.DataFrame(world.retail, schema=RETAIL)
    customers = pl.DataFrame(
        {"customer": list(world.bases), "cost_basis": list(world.bases.values())}
    )
    priced = rate(frames[0], customers, everything_at_retail(), frames[1]).customer_lines
    both = priced.join(at_retail(frames[0], customers, frames[1]), on="line_id", how="left")
    rows = both.filter(method="retail_discount").select("line_id", "price", "retail").collect()
    assert rows.height and rows["price"].equals(rows["retail"])


def everything_at_retail() -> pl.DataFrame:
    rows: list[Row] = [{"row_id": 1, "method": "retail_discount", "value": D(0)}]
    rows += [
        {"row_id": n, "charge_class": name, "method": "retail_discount", "value": D(0)}
        for n, name in enumerate(("tax", "surcharge"), 2)
    ]
    return pl.DataFrame(rows, schema=MARKUPS)
