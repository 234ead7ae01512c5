"""What stands on an invoice besides carrier lines, and how credits follow their charges."""

from __future__ import annotations

import datetime as dt
import shutil
from decimal import Decimal as D
from pathlib import Path
from typing import Any

import nights
import polars as pl
import pytest
from nights import NOW, bill, copied, loaded, night, now, put, small, table
from reference_files import write

from rebill.inquiry import explain
from rebill.night import batch
from rebill.night.job import Job
from rebill.reference.load import load
from rebill.run import plan
from rebill.selling import issue, made_lines, rerate, tax_engine
from rebill.store.record import reading
from rebill.workspace.settings import ConfigError, Workspace

ON = dt.date(2026, 3, 16)
PLAIN = """
    1FB 6145550131 20.00 20.00
    TTB 6145550131 5.00  5.00
    """
"""S1 of customer C1 as the contract says: 20.00 and 5.00, at ten percent 22.00 and 5.50."""


def tables(workspace: Workspace, **texts: str) -> None:
    """Load reference tables; `~` in a cell is a blank, `-` an empty cell."""
    folder = workspace.root / "more"
    shutil.rmtree(folder, ignore_errors=True)
    loaded(workspace, write(folder, **texts))


def built(workspace: Workspace, month: str = "2026-03") -> None:
    """Price the month again, as `rebill invoices build` does."""
    job = Job("invoices build", plan.plan_prices((month,)), ON)
    batch.run(workspace, job, nights.QUIET, now)


def rows(workspace: Workspace, *columns: str, **wanted: str) -> list[tuple[Any, ...]]:
    """Return columns of the customer lines that say what is wanted, in order of invoice and key."""
    frame = table(workspace, "customer_lines")
    return frame.filter(**wanted).select(columns).rows() if wanted else frame.select(columns).rows()


def totals(workspace: Workspace, customer: str = "C1") -> list[str]:
    bills = table(workspace, "customer_invoices").filter(pl.col("customer") == customer)
    return bills["total"].to_list()


def foot(workspace: Workspace) -> None:
    bills = table(workspace, "customer_invoices")
    lines = table(workspace, "customer_lines").with_columns(pl.col("price").cast(pl.Decimal(18, 2)))
    sums = dict(lines.group_by("invoice_no").agg(pl.col("price").sum()).iter_rows())
    for number, total in bills.select("invoice_no", "total").iter_rows():
        assert sums.get(number, D(0)) == D(total), number


@pytest.fixture
def march(tmp_path: Path) -> Workspace:
    """A workspace whose March has been billed as it should be."""
    return copied(tmp_path / "w", march_billed)


def march_billed(root: Path) -> None:
    workspace = small(root)
    put(workspace, [("b3.csv", bill(3, PLAIN))])
    night(workspace, "2026-03-20")
    assert totals(workspace) == ["27.50"]


def test_own_charges_are_recurring_or_once_prorated_inside_the_month(march: Workspace) -> None:
    tables(
        march,
        customer_charges="""
        customer charge  frequency amount quantity cost effective_from effective_until description
        C1       SUPPORT monthly   30.00  2        4.00 2026-03-16     -               Help~desk
        C1       ROUTER  once      99.00  1        0    2026-03-31     -               Router
        C1       OLD     monthly   5.00   1        0    2026-01-01     2026-03-01      Over
        C1       NEXT    once      7.00   1        0    2026-04-01     -               Not~yet
        C1       LESS    monthly   -2.50  1        0    -              -               Goodwill
        """,
    )
    built(march)
    # 15 of 30 days (the 16th to the end of March by thirty-day months) of two units.
    assert rows(march, "description", "price", "cost", "charge_class", kind="own_charge") == [
        ("Goodwill", "-2.50", "0.00", "recurring"),
        ("Router", "99.00", "0.00", "one_time"),
        ("Help desk", "30.00", "4.00", "recurring"),
    ]
    assert totals(march) == ["154.00"]
    foot(march)


def test_a_share_of_the_charges_is_taken_off_but_not_of_taxes(march: Workspace) -> None:
    tables(
        march,
        customer_charges="""
        customer charge percent effective_from
        C1       LOYAL  -0.10   2026-01-01
        """,
    )
    built(march)
    assert rows(march, "price", "tax_base", kind="own_charge") == [("-2.75", "27.50")]
    foot(march)


def test_a_commitment_brings_the_month_up_to_its_amount_and_never_twice(march: Workspace) -> None:
    tables(march, commitments="customer amount effective_from\nC1 100.00 2026-03-01")
    built(march)
    assert rows(march, "price", kind="minimum") == [("72.50",)]
    assert totals(march) == ["100.00"]
    issue.issue(march, [], ON, now, "2026-03")
    late = bill(3, "TTC 6145550131 7.00 7.00", ban="305R010002", number="Z9")
    tables(
        march,
        service_elements="service usoc quantity active_from\nS1 TTC 1 2025-01-01",
        usocs="carrier usoc description kind\nILEC TTC More recurring",
        buy_rates="contract charge_class usoc rate effective_from\nACME-2026 recurring TTC 7 -",
    )
    put(march, [("late.csv", late)])
    night(march, "2026-03-25")
    again = [row for row in rows(march, "price", "invoice_no", kind="minimum")]
    assert [price for price, _ in again] == ["72.50", "-7.70"], "what was a minimum is now charged"
    assert totals(march) == ["100.00", "0.00"]
    foot(march)


def test_taxes_are_reckoned_once_for_each_tax_and_say_on_what_base(march: Workspace) -> None:
    tables(
        march,
        services="service carrier ban wtn customer installed_on state\n"
        "S1 ILEC 305R010001 6145550131 C1 2025-01-01 OH",
        tax_rates="""
        jurisdiction tax   rate   charge_class effective_from description
        OH           sales 0.0575 -            2020-01-01     Ohio~sales~tax
        OH           911   0.01   recurring    2020-01-01     -
        """,
    )
    built(march)
    taxes = rows(march, "description", "price", "tax_base", "tax_rate", "margin", kind="tax")
    assert taxes == [
        ("OH 911, 1% of 27.50", "0.28", "27.50", "0.01", "0.00"),
        ("Ohio sales tax, 5.75% of 27.50", "1.58", "27.50", "0.0575", "0.00"),
    ]
    tables(
        march,
        tax_exemptions="""
        customer jurisdiction tax certificate effective_from
        C1       OH           911 X-1         2026-01-01
        """,
    )
    built(march)
    assert rows(march, "tax", kind="tax") == [("sales",)]
    foot(march)


def test_a_hole_in_the_tax_table_is_an_error_at_the_load_and_on_the_day(march: Workspace) -> None:
    folder = march.root / "hole"
    folder.mkdir()
    path = folder / "tax_rates.csv"
    head = "jurisdiction,tax,rate,effective_from,effective_until\n"
    path.write_text(f"{head}OH,sales,0.05,2020-01-01,2026-01-01\nOH,sales,0.06,2026-02-01,\n")
    (error,) = load(march, [folder], given=NOW).errors
    assert str(error).startswith("tax_rates.csv row 3: there is a hole in OH sales (any) (any)")
    path.write_text(f"{head}OH,sales,0.05,2020-01-01,2026-01-01\n")
    assert load(march, [folder], given=NOW).ok
    tables(march, tax_jurisdictions="customer jurisdiction\nC1 OH\nC2 OH")
    built(march)
    (hold,) = table(march, "customer_invoices")["hold"].to_list()
    assert "no rate of OH is in force on 2026-03-15" in hold
    issued, waiting = issue.issue(march, [], ON, now, "2026-03")
    assert issued.is_empty() and waiting.height == 1


def test_the_federal_contribution_never_exceeds_its_cap(march: Workspace) -> None:
    tables(
        march,
        customers="customer name brand bill_day due_days federal_usf\nC1 One ACME 15 20 charge",
        contribution_factors="""
        factor effective_from effective_until
        0.376  2026-01-01     2026-04-01
        0.37   2026-04-01     -
        """,
        interstate_shares="usoc product share\n1FB - 0.25\n- - 0.10",
    )
    built(march)
    # 22.00 x 0.25 + 5.50 x 0.10 = 6.05; x 0.376 = 2.2748, rounded down.
    charged = rows(march, "price", "tax_base", "tax_rate", kind="surcharge")
    assert charged == [("2.27", "6.05", "0.376")]
    foot(march)


def test_what_the_carrier_forgot_is_charged_where_the_rule_says_so_and_given_back(
    march: Workspace,
) -> None:
    tables(
        march, customers="customer name brand bill_day due_days unbilled\nC1 One ACME 15 20 invoice"
    )
    put(march, [("b4.csv", bill(4, "1FB 6145550131 20.00 20.00"))])
    night(march, "2026-04-20")
    assert rows(march, "usoc", "price", "cost", kind="unbilled") == [("TTB", "5.50", "5.00")]
    issue.issue(march, [], dt.date(2026, 4, 20), now, "2026-04")
    # In May the carrier bills May and, after all, April.
    may = bill(5, PLAIN)
    back = may.splitlines()[3].split(",")
    back[8], back[9] = "", ""
    back = [*back[:11], "3", *back[12:-2], "2026-04-05", "2026-05-05"]
    lines = [*may.splitlines()[:1], may.splitlines()[1].replace("25.00", "30.00")]
    put(march, [("b5.csv", "\n".join([*lines, *may.splitlines()[2:], ",".join(back)]) + "\n")])
    night(march, "2026-05-20")
    told = rows(march, "usoc", "price", "bill_month", kind="unbilled")
    assert told == [("TTB", "5.50", "2026-04"), ("TTB", "-5.50", "2026-05")]
    foot(march)


def credit(month: int, amount: str) -> str:
    """A bill that only gives back, of March."""
    return credits(month, [("6145550131", amount)])


def credits(month: int, given: list[tuple[str, str]]) -> str:
    """A bill that only gives back amounts of March for numbers."""
    lines = "\n".join(f"1FB {wtn} {amount} {amount}" for wtn, amount in given)
    text = bill(month, lines, number=f"K{month}{given[0][1]}")
    day, end = f"2026-{month:02d}-05", f"2026-{month + 1:02d}-05"
    return text.replace(f"{day},{end}", "2026-03-05,2026-04-05").replace(",1,-", ",-1,-")


FOLLOWED = (
    # customer, what it pays for, what becomes of credits; what is given back, and its price
    ("D1", "billed", "follow", "-2.00", "-2.20"),
    ("D2", "billed", "follow", "-22.00", "-24.20"),
    ("D3", "billed", "keep", "-2.00", None),
    ("D4", "expected", "follow", "-2.00", None),
    ("D5", "expected", "follow", "-12.00", "-11.00"),
    ("D6", "expected", "follow", "-22.00", "-22.00"),
    ("D7", "expected", "pass", "-2.00", "-2.20"),
)


def test_a_credit_follows_its_charge_as_far_as_it_was_invoiced(tmp_path: Path) -> None:
    # The carrier billed each 22.00 where 20.00 is due, and gives something back in April.
    workspace = small(tmp_path / "w")
    numbers = {name: f"61455502{name[1:]:0>2}" for name, *_ in FOLLOWED}
    lines = {
        "customers": [f"{name} {name} {basis} {rule}" for name, basis, rule, *_ in FOLLOWED],
        "services": [f"S{name} ILEC 305R010001 {wtn} {name} -" for name, wtn in numbers.items()],
        "service_elements": [f"S{name} 1FB 1 2025-01-01" for name in numbers],
    }
    heads = {
        "customers": "customer name cost_basis credits",
        "services": "service carrier ban wtn customer installed_on",
        "service_elements": "service usoc quantity active_from",
    }
    tables(workspace, **{name: "\n".join([heads[name], *own]) for name, own in lines.items()})
    march = "\n".join(f"1FB {wtn} 22.00 22.00" for wtn in numbers.values())
    put(workspace, [("b3.csv", bill(3, march))])
    night(workspace, "2026-03-20")
    tables(workspace, markups="method value effective_from\npercent 0.50 2026-03-20")
    given = [(numbers[name], amount) for name, *_, amount, _ in FOLLOWED]
    put(workspace, [("b4.csv", credits(4, given))])
    night(workspace, "2026-04-20")
    for name, *_, price in FOLLOWED:
        ((charge,),) = rows(workspace, "line_id", kind="charge", customer=name)
        told = rows(workspace, "price", "credit_of", "method", kind="credit", customer=name)
        assert told == ([(price, charge, "percent")] if price else []), name
    foot(workspace)


def test_parts_of_a_charge_given_back_add_up_to_its_price(tmp_path: Path) -> None:
    workspace = small(tmp_path / "w")
    tables(workspace, markups="method value effective_from\npercent_with_minimum - -\n".replace(
        "percent_with_minimum - -", "adder 0.333333 2026-01-01"))  # fmt: skip
    put(workspace, [("b3.csv", bill(3, "1FB 6145550131 20.00 20.00"))])
    night(workspace, "2026-03-20")
    for month, amount in ((4, "-6.67"), (5, "-6.66"), (6, "-6.67")):
        put(workspace, [(f"b{month}.csv", credit(month, amount))])
        night(workspace, f"2026-0{month}-20")
    prices = [D(price) for (price,) in rows(workspace, "price", usoc="1FB")]
    assert sum(prices) == 0 and len(prices) == 4
    foot(workspace)


def test_a_month_priced_again_shows_the_difference_and_then_issues_it(march: Workspace) -> None:
    issue.issue(march, [], ON, now, "2026-03")
    tables(march, markups="method value\npercent 0.20")
    day = dt.date(2026, 5, 2)
    shown = rerate.rerate(march, "2026-03", None, day, now, issue=False, note="dearer")
    assert shown.issued.is_empty()
    assert shown.differences.select("usoc", "was", "now", "difference").rows() == [
        ("1FB", D("22.00"), D("24.00"), D("2.00")),
        ("TTB", D("5.50"), D("6.00"), D("0.50")),
    ]
    assert totals(march) == ["27.50"], "showing changes nothing"
    done = rerate.rerate(march, "2026-03", None, day, now, issue=True, note="dearer")
    assert done.differences.equals(shown.differences)
    columns = ("invoice_no", "kind", "total", "corrects", "corrected_by", "replaced_by", "status")
    one, two, three = (f"ACME-2026-{n:06d}" for n in (1, 2, 3))
    assert table(march, "customer_invoices").select(columns).rows() == [
        (one, "invoice", "27.50", None, two, three, "issued"),
        (two, "credit_note", "-27.50", one, None, three, "issued"),
        (three, "invoice", "30.00", one, None, None, "issued"),
    ]
    foot(march)
    again = rerate.rerate(march, "2026-03", None, day, now, issue=True, note="again")
    assert again.differences.is_empty() and again.issued.is_empty()
    built(march)
    assert totals(march) == ["27.50", "-27.50", "30.00"], "nothing is due twice"


def test_a_price_below_cost_waits_for_consent(march: Workspace) -> None:
    tables(march, markups="usoc method value\n1FB flat 5.00")
    built(march)
    (hold,) = table(march, "customer_invoices")["hold"].to_list()
    assert "1 line(s) are priced below cost without consent (markup row" in hold
    tables(march, markups="usoc method value below_cost\n1FB flat 5.00 true")
    built(march)
    assert table(march, "customer_invoices")["hold"].to_list() == [None]


def test_an_outside_engine_is_asked_and_answers_once(march: Workspace, tmp_path: Path) -> None:
    head = "customer name brand bill_day due_days tax_source"
    tables(march, customers=f"{head}\nC1 One ACME 15 20 file")
    built(march)
    with reading(march) as record:
        asked = made_lines.tax_requests(record)
    assert asked.select("usoc", "price").rows() == [("1FB", D("22.00")), ("TTB", D("5.50"))]
    (request,) = asked["request"].unique()
    result = tmp_path / "result.csv"
    columns = "request,jurisdiction,tax,description,tax_base,rate,amount\n"
    result.write_text(f"{columns}nonsense,OH,sales,,27.50,0.0575,1.58\n")
    with pytest.raises(ConfigError, match="row 2: no draft asks for this request"):
        made_lines.take_tax_result(march, result)
    result.write_text(f"{columns}{request},OH,sales,Sales tax,27.50,0.0575,1.58\n")
    assert made_lines.take_tax_result(march, result) == ("2026-03",)
    assert made_lines.take_tax_result(march, result) == (), "the same file again adds nothing"
    built(march)
    told = rows(march, "description", "price", "tax_base", kind="tax")
    assert told == [("Sales tax, of 27.50", "1.58", "27.50")]
    assert table(march, "customer_invoices")["hold"].to_list() == [None]
    assert tax_engine.REQUEST.names()[:2] == ["request", "line"]
    foot(march)


# --- the story of a price -----------------------------------------------------------------------


def story_of(workspace: Workspace, line_id: str) -> dict[str, Any]:
    with reading(workspace) as record:
        told: dict[str, Any] = explain.story(record, line_id)["price"]
    return told


def test_explain_names_the_rule_that_priced_a_line_and_those_it_beat(march: Workspace) -> None:
    tables(
        march,
        tiers="tier mode per from_units value\nV all_units line 0 0.30\nV all_units line 5 0.20",
        markups="""
        customer usoc method  value effective_from effective_until promotion tier
        C1       -    percent 0.15  -              -               -         -
        C1       1FB  flat    30    2026-01-01     -               -         -
        C1       1FB  percent -     2026-03-01     2026-06-01      Spring    V
        """,
    )
    built(march)
    (line,) = rows(march, "line_id", usoc="1FB")[0]
    told = story_of(march, line)
    assert told["price"] == D("26.00") and told["promotion"] == "Spring"
    assert told["rule"].endswith("from 2026-03-01 until 2026-06-01, tier V, promotion Spring")
    assert [(one["scope"], one["method"], one["verdict"]) for one in told["weighed"]] == [
        ("customer and usoc", "percent", "priced it"),
        ("customer and usoc", "flat", "beaten: the latest effective_from of a scope wins"),
        ("customer", "percent", "beaten: customer and usoc comes before customer"),
        ("all", "percent", "beaten: customer and usoc comes before all"),
    ]
    assert [band["value"] for band in told["bands"]] == [D("0.3"), D("0.2")]


def test_explain_says_what_became_of_a_credit(tmp_path: Path) -> None:
    workspace = small(tmp_path / "w")
    put(workspace, [("b3.csv", bill(3, "1FB 6145550131 22.00 22.00"))])
    put(workspace, [("b4.csv", credit(4, "-2.00"))])
    night(workspace, "2026-04-20")
    lines = table(workspace, "lines").filter(pl.col("amount") == "-2.00")
    (part,) = story_of(workspace, lines["line_id"].item())["parts"]
    assert part["given"] == D("2.00") and part["passed"] == D("0.00")
    assert part["why"] == "the customer was never charged for this part: it is kept"
