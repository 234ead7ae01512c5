"""Credits give back the taxes that were charged, whatever is in force by then."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal as D
from fractions import Fraction
from math import floor
from pathlib import Path
from random import Random

import nights
import polars as pl
import pytest
from credited_world import (
    CUSTOMERS,
    WTN,
    april_issued,
    billed,
    march_issued,
    mixed,
    paper,
    tables,
    totals,
    world,
)
from nights import copied, night, now, put, table
from tax_model import gives_back, half_away, handed_out

from rebill.books import statements
from rebill.inquiry import explain
from rebill.night import batch
from rebill.night.job import Job
from rebill.run import plan
from rebill.selling import issue, made_lines, rerate
from rebill.store.record import reading
from rebill.workspace.settings import Workspace

THIRDS = {
    #        10 percent of 100.00: 3.33 and 3.33, and the last third the rest
    "RATE": ["110.00", "-73.32", "-36.68"],
    "CERT": ["110.00", "-73.32", "-36.68"],
    "FREE": ["100.00", "-66.66", "-33.34"],
    "MOVE": ["110.00", "-73.32", "-36.68"],
    # half of it is interstate: 18.80, given back as 6.27, 6.27 and 6.26
    "USF": ["128.80", "-85.86", "-42.94"],
    "QUIT": ["110.00", "-73.32", "-36.68"],
    "HOME": ["110.00", "-73.32", "-36.68"],
}


def test_credits_give_back_what_was_charged_whatever_is_in_force_by_then(tmp_path: Path) -> None:
    workspace = copied(tmp_path / "w", april_issued)
    billed(workspace, 5, "-33.34")
    assert totals(workspace) == THIRDS
    lines = table(workspace, "customer_lines").filter(kind="tax", customer="RATE")
    told = lines.select("bill_month", "description", "tax_base", "tax_rate", "price", "rule")
    rule = lines["rule"].to_list()[0]
    back = f"as charged in 2026-03: {rule}"
    assert told.sort("bill_month").rows() == [
        ("2026-03", "OH sales, 10% of 100.00", "100.00", "0.1", "10.00", rule),
        *[("2026-04", "OH sales given back, 10% of -33.33", "-33.33", "0.1", "-3.33", back)] * 2,
        ("2026-05", "OH sales given back, 10% of -33.34", "-33.34", "0.1", "-3.34", back),
    ]
    for month in ("2026-03", "2026-04", "2026-05"):
        again = rerate.rerate(
            workspace, month, "RATE", dt.date(2026, 6, 1), now, issue=False, note="again"
        )
        assert again.differences.is_empty(), "priced again it is the same"


def test_it_does_not_matter_in_how_many_nights_and_invoices_it_came(tmp_path: Path) -> None:
    workspace = copied(tmp_path / "w", world)
    amounts: dict[int, tuple[str, ...]] = {3: ("100.00",), 4: ("-33.33", "-33.33"), 5: ("-33.34",)}
    put(workspace, [(f"b{month}.csv", paper(month, *own)) for month, own in amounts.items()])
    night(workspace, "2026-05-10")
    assert totals(workspace) == THIRDS
    # And all of it on one invoice.
    other = copied(tmp_path / "o", world)
    billed(other, 3, "100.00", "-33.33", "-33.33", issued=False)
    assert totals(other)["RATE"] == [str(D("110.00") - D("73.32"))]
    assert totals(other)["USF"] == [str(D("128.80") - D("85.86"))]


def test_a_credit_that_is_taken_back_and_issued_again_gives_back_the_same(tmp_path: Path) -> None:
    workspace = copied(tmp_path / "w", april_issued)
    bills = table(workspace, "customer_invoices")
    april = bills.filter(bill_month="2026-04", customer="USF")["invoice_no"].to_list()
    issue.void(workspace, april, dt.date(2026, 4, 12), "again", now)
    job = Job("invoices build", plan.plan_prices(("2026-04",)), dt.date(2026, 4, 12))
    batch.run(workspace, job, nights.QUIET, now)
    issue.issue(workspace, [], dt.date(2026, 4, 12), now, "2026-04")
    billed(workspace, 5, "-33.34")
    assert totals(workspace) == THIRDS


def test_a_charge_issued_anew_is_given_back_as_its_new_invoice_says(tmp_path: Path) -> None:
    workspace = copied(tmp_path / "w", april_issued)
    tables(
        workspace,
        tax_rates="""
        jurisdiction tax   rate effective_from effective_until
        OH           sales 0.12 2024-01-01     2026-04-01
        """,
    )
    day = dt.date(2026, 5, 2)
    rerate.rerate(workspace, "2026-03", "RATE", day, now, issue=True, note="dearer")
    assert totals(workspace)["RATE"] == ["112.00", "-73.32"]
    billed(workspace, 5, "-33.34")
    # 12.00 were charged in the end, 6.66 of them given back in April.
    assert totals(workspace)["RATE"] == ["112.00", "-73.32", "-38.68"]
    assert totals(workspace)["HOME"] == ["110.00", "-73.32", "-36.68"]


def built(workspace: Workspace, month: str) -> None:
    job = Job("invoices build", plan.plan_prices((month,)), dt.date(2026, 5, 20))
    batch.run(workspace, job, nights.QUIET, now)


def test_an_element_charged_as_forgotten_is_given_back_with_the_tax_it_bore(
    tmp_path: Path,
) -> None:
    workspace = copied(tmp_path / "w", world)
    people = f"{CUSTOMERS} unbilled\nRATE RATE 5 billed pass_through table invoice"
    tables(
        workspace,
        customers=people,
        service_elements="service usoc quantity active_from\nSRATE 1FB 1 2025-01-01",
        buy_rates="contract charge_class usoc rate effective_from\nACME-2026 recurring 1FB 100 -",
    )
    others = tuple(name for name in WTN if name != "RATE")
    put(workspace, [("b3.csv", paper(3, "100.00", names=others))])
    night(workspace, "2026-03-10")
    assert totals(workspace)["RATE"] == ["110.00"]
    issue.issue(workspace, [], dt.date(2026, 3, 11), now, "2026-03")
    put(workspace, [("b4.csv", paper(4, "100.00", names=("RATE",)))])
    night(workspace, "2026-04-10")
    # March comes a month late: charged at the rates of its invoice, and the row of March goes.
    told = table(workspace, "customer_lines").filter(customer="RATE", bill_month="2026-04")
    rows = told.filter(pl.col("kind") != "charge").select("kind", "price", "tax_rate").rows()
    assert sorted(rows) == [
        ("tax", "-10.00", "0.1"),
        ("tax", "20.00", "0.2"),
        ("unbilled", "-100.00", None),
    ]


def test_a_minimum_that_is_given_back_takes_the_tax_it_bore_along(tmp_path: Path) -> None:
    workspace = copied(tmp_path / "w", world)
    tables(
        workspace,
        commitments="customer amount\nCERT 150.00",
        tax_jurisdictions="customer jurisdiction\nCERT OH",
    )
    billed(workspace, 3, "100.00")
    assert totals(workspace)["CERT"] == ["165.00"]
    tables(
        workspace,
        tax_exemptions="""
        customer certificate effective_from effective_until
        CERT     X0          2026-03-01     2026-04-01
        """,
    )
    late = paper(3, "20.00", names=("CERT",)).replace(",I3,", ",LATE,")
    put(workspace, [("late.csv", late.replace("2026-04-05", "2026-03-25"))])
    night(workspace, "2026-03-20")
    told = table(workspace, "customer_lines").filter(customer="CERT", bill_month="2026-03")
    second = told.filter(pl.col("invoice_no") == told["invoice_no"].max())
    # 20.00 of what was a minimum are charged now, without tax; the minimum had borne 2.00 of 5.00.
    rows = second.filter(pl.col("kind") != "charge").select("kind", "price").rows()
    assert sorted(rows) == [("minimum", "-20.00"), ("tax", "-2.00")]


def test_no_engine_is_asked_about_credits_whose_tax_is_known_from_our_table(
    tmp_path: Path,
) -> None:
    workspace = copied(tmp_path / "w", march_issued)
    people = f"{CUSTOMERS}\nRATE RATE 5 billed pass_through file"
    tables(workspace, customers=people)
    billed(workspace, 4, "-50.00", issued=False)
    assert totals(workspace)["RATE"] == ["110.00", "-55.00"]
    bills = table(workspace, "customer_invoices").filter(customer="RATE", bill_month="2026-04")
    assert not bills["hold"].str.contains("tax").any(), "nothing is left to ask"
    with reading(workspace) as record:
        assert made_lines.tax_requests(record).is_empty()


def test_own_charges_and_minimums_are_taxed_and_earn_by_what_they_are(tmp_path: Path) -> None:
    workspace = copied(tmp_path / "w", world)
    people = f"{CUSTOMERS}\nUSF USF 5 billed charge table"
    own = """
        customer charge amount product  service effective_from
        USF      ROUTER 50.00  hardware -       -
        USF      CARE   30.00  -        -       -
        USF      PHONE  20.00  hardware SUSF    -
        """
    common = {
        "customers": people,
        "customer_charges": own,
        "commitments": "customer amount product\nUSF 250.00 shortfall",
        "tax_jurisdictions": "customer jurisdiction\nUSF OH",
        "interstate_shares": "usoc product share\n1FB - 0.5\n- - 0.25\n- hardware 0",
        "tax_rates": """
        jurisdiction tax   product   rate effective_from effective_until
        OH           sales hardware  0.05 2024-01-01     -
        OH           sales shortfall 0    2024-01-01     -
        """,
        "commissions": """
        deal payee product  method           value share
        A    Ann   hardware percent_of_price 0.10  100
        """,
    }
    tables(workspace, **common)
    billed(workspace, 3, "100.00", issued=False)
    told = table(workspace, "customer_lines").filter(customer="USF")
    assert dict(told.filter(kind="own_charge").select("description", "product").iter_rows()) == {
        "ROUTER": "hardware",
        "CARE": None,
        "PHONE": "hardware",
    }
    (minimum,) = told.filter(kind="minimum").select("price", "product").rows()
    assert minimum == ("50.00", "shortfall")
    # Interstate: half of 100.00, a quarter of 30.00 and of the 50.00 that were missing.
    usf = told.filter(kind="surcharge").select("tax_base", "price").rows()
    assert usf == [("70.00", "26.32")]
    taxes = told.filter(kind="tax").select("tax_rate", "tax_base", "price").sort("price").rows()
    assert taxes == [("0.1", "130.00", "13.00"), ("0.05", "70.00", "3.50")]
    with reading(workspace) as record:
        earned = statements.earned_so_far(record)
    assert sorted(earned["amount"].to_list()) == [D("2.00"), D("5.00")]


def test_the_page_shows_what_is_given_back_of_a_tax_as_one_line(tmp_path: Path) -> None:
    workspace = copied(tmp_path / "w", april_issued)
    bills = table(workspace, "customer_invoices").filter(customer="RATE", bill_month="2026-04")
    (number,) = bills["invoice_no"].to_list()
    (page,) = workspace.outbox.glob(f"invoices/2026-04/{number}*.html")
    text = page.read_text("utf-8")
    assert text.count("OH sales given back, 10%") == 1 and "6.66" in text
    (rows,) = workspace.outbox.glob(f"invoices/2026-04/{number}*.csv")
    assert rows.read_text("utf-8").count("OH sales given back, 10% of -33.33") == 2
    lines = table(workspace, "customer_lines").filter(invoice_no=number, kind="credit")
    with reading(workspace) as record:
        told = explain.story(record, lines["line_id"][0])["price"]["taxes"]
    assert [(one["description"], one["price"]) for one in told] == [
        ("OH sales given back, 10% of -33.33", D("-3.33"))
    ]


def other(wtn: str) -> str:
    """Return the number of the second service of a customer."""
    return wtn.replace("555", "556")


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.soak)])
def test_credits_of_any_shape_over_nights_and_invoices_are_those_of_the_slow_model(
    tmp_path: Path, seed: int
) -> None:
    random = Random(seed)
    workspace = copied(tmp_path / "w", world)
    second = "\n".join(f"T{n} ILEC 305R010001 {other(w)} OH {n} -" for n, w in WTN.items())
    rate = D(random.randint(30000, 120000)).scaleb(-6)
    tables(
        workspace,
        services=f"service carrier ban wtn state customer installed_on\n{second}",
        tax_rates=f"""
        jurisdiction tax   rate   effective_from effective_until
        OH           sales {rate} 2024-01-01     2026-04-01
        """,
    )
    services = [wtn for one in WTN.values() for wtn in (one, other(one))]
    left = {wtn: random.randint(1, 20000) for wtn in services}
    bills = {3: [(wtn, left[wtn]) for wtn in services]}
    for month in (4, 5):
        bills[month] = []
        for wtn in services * 2:
            part = min(left[wtn], random.choice([left[wtn], left[wtn] // 3 + 1, 1, 777]))
            if part and random.random() < 0.7:
                left[wtn] -= part
                bills[month].append((wtn, -part))
    for month, rows in bills.items():
        amounts = [(wtn, str(D(amount).scaleb(-2))) for wtn, amount in rows]
        put(workspace, [(f"b{month}.csv", mixed(month, amounts))])
        night(workspace, f"2026-0{month}-10")
        if random.random() < 0.6:
            issue.issue(workspace, [], dt.date(2026, month, 11), now, f"2026-0{month}")
    assert totals(workspace) == {name: modelled(name, bills, rate) for name in WTN}


def modelled(name: str, bills: dict[int, list[tuple[str, int]]], rate: D) -> list[str]:
    """Return the totals of a customer's months as the slow model reckons them."""
    own = (WTN[name], other(WTN[name]))
    charged = {f"x-{n}": (w, a) for n, (w, a) in enumerate(bills[3], 1) if w in own}
    taxes = [] if name == "FREE" else [(Fraction(rate), half_away)]
    taxes += [(Fraction(D("0.376")) / 2, floor)] if name == "USF" else []
    told = {
        month: sum(a for w, a in rows if w in own)
        for month, rows in bills.items()
        if any(w in own for w, _ in rows)
    }
    for share, rounding in taxes:
        exact = {line: amount * share for line, (_, amount) in charged.items()}
        whole = rounding(sum(exact.values(), Fraction(0)))
        told[3] += whole
        for line, bore in handed_out(whole, exact).items():
            wtn, amount = charged[line]
            credits = [(m, -a) for m in (4, 5) for w, a in bills[m] if w == wtn]
            back = gives_back(bore, amount, [part for _, part in credits])
            assert sum(back) <= bore
            for (month, _), part in zip(credits, back, strict=True):
                told[month] -= part
    return [str(D(total).scaleb(-2)) for total in told.values()]
