"""Equal partners take turns with the odd cent, and what was said of one stays."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from decimal import Decimal as D
from random import Random

import polars as pl
import pytest
from commission_model import model
from commission_worlds import Row, bill, frames, line, rule, world
from frame_tables import few

from rebill.pricing.earning.commissions import EARNED, stated
from rebill.pricing.earning.months import earned
from rebill.pricing.shares.turns import Before, said_before

CENT = D("0.01")
MONTHS = [f"2026-{month:02d}" for month in range(1, 7)]
SEEDS = [0, *(pytest.param(seed, marks=pytest.mark.soak) for seed in range(1, 12))]
"""Half years of two partners and of four."""


def halves(*payees: str, value: str = "0.10", **given: str) -> list[Row]:
    share = str(D(100) / len(payees))
    return [rule(who, "percent_of_price", value, share, **given) for who in payees]


def customers(prices: list[str], day: str = "2026-03-15") -> tuple[list[Row], list[Row]]:
    """Return an invoice for each price, of customers C0, C1 and so on."""
    bills = [bill(f"I-{n}", day) for n in range(len(prices))]
    lines = [
        line(invoice_no=f"I-{n}", customer=f"C{n}", line_id=f"D-{n}", service=f"S{n}", price=D(p))
        for n, p in enumerate(prices)
    ]
    return lines, bills


def parts(made: pl.DataFrame, *by: str) -> dict[tuple[str, ...], dict[str, D]]:
    """Return what each payee has, by what is asked."""
    found: dict[tuple[str, ...], dict[str, D]] = defaultdict(dict)
    sums = made.group_by(*by, "payee").agg(pl.col("amount").sum())
    for *key, payee, amount in sums.iter_rows():
        found[tuple(key)][payee] = amount
    return found


def far(part: dict[str, D], payees: str) -> D:
    """Return how far the payees are from each other."""
    amounts = [part.get(payee, D(0)) for payee in payees]
    return max(amounts) - min(amounts)


def test_the_odd_cent_goes_round() -> None:
    lines, bills = customers(["0.10", "100.00", "0.30", "0.20", "0.50", "-0.10", "0.70"])
    made = parts(earned(*frames(lines, bills, halves("a", "b"))), "invoice_no")
    assert [made[f"I-{n}",] for n in range(7)] == [
        {"a": D("0.00"), "b": D("0.01")},
        {"a": D("5.00"), "b": D("5.00")},
        {"a": D("0.02"), "b": D("0.01")},
        {"a": D("0.01"), "b": D("0.01")},
        {"a": D("0.02"), "b": D("0.03")},
        {"a": D("0.00"), "b": D("-0.01")},  # taken back from who had the last one
        {"a": D("0.03"), "b": D("0.04")},
    ]


def test_the_ring_of_four_begins_where_it_was_drawn_and_an_odd_cent_goes_back_there() -> None:
    lines, bills = customers(["0.10", "0.10", "-0.10", "0.10", "0.10", "0.00"])
    rows = earned(*frames(lines, bills, halves(*"abcd")))
    carried = rows.filter(pl.col("amount") != 0).sort("invoice_no")
    assert carried.select("payee", "amount").rows() == [
        *(("b", CENT), ("c", CENT), ("c", -CENT), ("c", CENT), ("d", CENT))
    ]


def test_unlike_partners_with_equal_remainders_take_turns_too() -> None:
    rules = [rule("a", "percent_of_price", "0.10", "70"), rule("b", "percent_of_price", "0.10")]
    rules[1]["share"] = D(30)
    lines, bills = customers(["0.50", "0.50", "0.50", "0.50"])
    made = parts(earned(*frames(lines, bills, rules)), "invoice_no")
    assert sorted(part["a"] for part in made.values()) == [D("0.03"), D("0.03"), *[D("0.04")] * 2]


def test_deals_of_one_invoice_do_not_all_favour_the_first_of_the_alphabet() -> None:
    lines, bills = customers(["0.10"])
    rules = [row for n in range(40) for row in halves("a", "b", deal=f"D{n}")]
    made = earned(*frames(lines, bills, rules)).filter(pl.col("amount") == CENT)
    assert 10 < made.filter(payee="a").height < 30 and made.height == 40


def test_partners_sit_in_one_ring_whatever_rule_of_their_deal_they_meet_in() -> None:
    lines, bills = customers(["0.10"] * 6)
    rules = [row for n in range(6) for row in halves("a", "b", customer=f"C{n}")]
    made = parts(earned(*frames(lines, bills, rules)), "deal")
    assert made["D",] == {"a": D("0.03"), "b": D("0.03")}


def months_of(seed: int) -> tuple[list[Row], list[Row], list[Row]]:
    """Return half a year of invoices of some customers, in any order, and equal partners."""
    pick = Random(seed)
    rules = halves(*"abcd"[: pick.choice([2, 4])], value=pick.choice(["0.1", "0.033", "0.125"]))
    rules += halves("a", "b", value="0.071", customer="C1")
    lines, bills = [], []
    for n, (month, who) in enumerate((m, w) for m in MONTHS for w in range(5)):
        number = f"I-{who}-{month}"
        bills.append(bill(number, f"{month}-{pick.randint(1, 28):02d}"))
        for row in range(pick.randint(1, 4)):
            price = D(pick.randint(-300, 2000)) / 100
            named = {"line_id": f"D-{n}-{row}", "service": f"S{who}", "customer": f"C{who}"}
            lines.append(line(invoice_no=number, price=price, **named))
    pick.shuffle(lines)
    pick.shuffle(bills)
    return lines, bills, rules


@pytest.mark.parametrize("seed", few(5, 12))
def test_equal_partners_differ_by_a_cent_at_most_by_invoice_month_and_in_all(seed: int) -> None:
    lines, bills, rules = months_of(seed)
    made = earned(*frames(lines, bills, rules))
    for part in parts(made, "invoice_no", "rule").values():
        assert far(part, "".join(part)) <= CENT
    # Where they meet in two rings of other partners beside, each ring has its own cent.
    rings = 1 if {r["payee"] for r in rules} == {"a", "b"} else 2
    for by in ("deal", "month"):
        assert all(far(part, "ab") <= rings * CENT for part in parts(made, by).values())
    assert made.sort(EARNED.names()).equals(
        earned(*frames(lines[::-1], bills[::-1], rules)).sort(EARNED.names())
    )


def closed_by(
    lines: list[Row], bills: list[Row], rules: list[Row], known: dict[str, int]
) -> pl.DataFrame:
    """Return all final statements; an invoice comes when `known` months are final."""
    kept = EARNED.to_frame().with_columns(late=pl.lit(False))
    for done, month in enumerate(MONTHS):
        here = [b for b in bills if known.get(b["invoice_no"], 0) <= done]
        numbers = {b["invoice_no"] for b in here}
        own = [row for row in lines if row["invoice_no"] in numbers]
        wanted = earned(*frames(own, here, rules), said_before(kept))
        kept = pl.concat([kept, stated(wanted, kept.drop("late"), month, MONTHS[:done])])
    return kept


@pytest.mark.parametrize("seed", SEEDS)
def test_months_closed_one_by_one_say_what_they_say_all_at_once(seed: int) -> None:
    lines, bills, rules = months_of(seed)
    at_once = earned(*frames(lines, bills, rules))
    kept = closed_by(lines, bills, rules, {})
    assert not kept["late"].any()
    key = ["month", "payee", "deal", "method", "invoice_no", "line_id"]
    assert kept.select(EARNED.names()).sort(key).equals(at_once.sort(key))


@pytest.mark.parametrize("seed", SEEDS)
def test_what_comes_late_moves_no_odd_cent_of_a_closed_month(seed: int) -> None:
    lines, bills, rules = months_of(seed)
    late = "I-2-2026-01"
    kept = closed_by(lines, bills, rules, {late: 3})
    told = kept.filter("late")
    assert told["invoice_no"].unique().to_list() == [late]
    assert told["month"].unique().to_list() == ["2026-04"]
    assert far(parts(told.filter(method="percent_of_price"), "rule").popitem()[1], "ab") <= CENT


@pytest.mark.parametrize("seed", few(8, 20))
def test_worlds_with_closed_months_are_what_the_slow_model_says(seed: int) -> None:
    lines, bills, rules = world(seed)
    numbered = [{"row_id": n, **row} for n, row in enumerate(rules, 1)]
    early = [b for b in bills if b["invoice_no"] not in ("I-1-0", "N-I-1-0")]
    first = [row for row in lines if row["invoice_no"] not in ("I-1-0", "N-I-1-0")]
    kept = earned(*frames(first, early, rules)).filter(month="2026-03")
    sums = kept.group_by("invoice_no", "payee", "rule_row").agg(pl.col("amount").sum())
    said = {(i, p, r): int(a * 100) for i, p, r, a in sums.iter_rows()}
    before = said_before(kept.with_columns(late=pl.lit(False)))
    by_row = ["2026-02"] if seed % 2 else []
    got: dict[tuple[object, ...], D] = defaultdict(D)
    columns = ("month", "payee", "deal", "method", "invoice_no", "service", "line_id", "amount")
    made = earned(*frames(lines, bills, rules), Before(before.amounts, by_row))
    for *key, amount in made.select(columns).iter_rows():
        got[tuple(key)] += amount
    want = model(lines, bills, numbered, said, by_row)
    assert {k: v for k, v in got.items() if v} == want


def test_statements_that_were_rounded_row_by_row_stay_and_are_not_corrected() -> None:
    rows = [line(line_id=f"D-{n}", price=D("0.13"), cost=D(0)) for n in range(7)]
    rules = halves("a", "b")
    bills = [bill("I-1", "2026-03-15"), bill("N-1", "2026-04-02", corrects="I-1")]
    table = frames(rows, bills[:1], rules)
    # As an earlier version stated it: 0.01 of each line, always the first of the alphabet's.
    none = [pl.lit(None, dtype=EARNED[name]).alias(name) for name in ("rule", "exact")]
    march = stated(earned(*table, Before(by_row=["2026-03"])), EARNED.to_frame(), "2026-03", [])
    old = march.with_columns(none)
    assert old.group_by("payee").agg(pl.col("amount").sum()).rows() == [("a", D("0.07"))]
    said = old.select(EARNED.names())
    wanted = earned(*table, said_before(old))
    assert stated(wanted, said, "2026-04", ["2026-03"]).is_empty()
    back = [{**row, "invoice_no": "N-1", "price": -row["price"]} for row in rows]
    wanted = earned(*frames(rows + back, bills, rules), said_before(old))
    april = stated(wanted, said, "2026-04", ["2026-03"])
    assert april.group_by("payee").agg(pl.col("amount").sum()).rows() == [("a", D("-0.07"))]
    assert not april["late"].any()


def test_an_invoice_of_an_older_rule_is_a_sum_of_its_own() -> None:
    rules = halves("a", "b") + halves("a", "b", value="0.30")
    for row in rules[2:]:
        row["effective_from"] = dt.date(2026, 4, 1)
    bills = [bill("I-1", "2026-03-15"), bill("I-2", "2026-04-15")]
    back = line(
        invoice_no="I-2", line_id="X-1", kind="credit", charge_class="adjustment",
        credit_of="D-1", price=D("-0.10"),
    )  # fmt: skip
    rows = [line(price=D("0.10")), back, line(invoice_no="I-2", line_id="D-2", price=D("0.10"))]
    made = parts(earned(*frames(rows, bills, rules)), "invoice_no", "rule")
    assert made["I-1", 1] == {"a": D("0.00"), "b": CENT}
    assert made["I-2", 1] == {"a": D("0.00"), "b": -CENT}
    assert sorted(made["I-2", 3].values()) == [CENT, 2 * CENT]
