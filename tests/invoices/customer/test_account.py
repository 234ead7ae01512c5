"""The account on an invoice: open invoices by age, what was paid since, judged by a slow model."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal as D
from typing import Any

import polars as pl
from account_model import model_balances, model_section
from frame_tables import frame as table
from hypothesis import given
from hypothesis import strategies as st

from invoices.customer.account import BILLS, PAID, balances, known_on, open_items
from invoices.customer.account_section import SECTION, sections
from invoices.schema import frame_of

START = dt.date(2026, 1, 1)
DAYS = st.integers(0, 200).map(lambda n: START + dt.timedelta(n))
AMOUNTS = st.decimals(-300, 900, places=2)
NUMBERS = st.sampled_from([None, "N-0", "N-1", "N-2", "N-3", "N-9"])
ISSUED = pl.Schema(
    {
        "customer": pl.String(),
        **{name: kind for name, kind in BILLS.items() if name not in ("account", "as_of")},
        "status": pl.String(),
        "issued_on": pl.Date(),
        "issued_load": pl.Int64(),
        "issued_run": pl.Int64(),
    }
)
PAYMENTS = pl.Schema(
    {
        **{name: kind for name, kind in PAID.items() if name != "account"},
        "customer": pl.String(),
        "paid_on": pl.Date(),
        "loaded_in": pl.Int64(),
        "superseded_in": pl.Int64(),
        "run": pl.Int64(),
    }
)


@st.composite
def issued(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Draw issued invoices and credit notes of two customers; a later one knows a later load.

    One that was issued later may be of an earlier day.
    """
    rows: list[dict[str, Any]] = []
    loads = sorted(draw(st.lists(st.integers(1, 5), min_size=1, max_size=6)))
    days = draw(st.lists(DAYS, min_size=len(loads), max_size=len(loads)))
    for n, (load, day) in enumerate(zip(loads, days, strict=True)):
        bills = [row for row in rows if row["kind"] == "invoice" and row["total"] > 0]
        of = draw(st.sampled_from(bills)) if bills and draw(st.booleans()) else None
        who = of["customer"] if of else draw(st.sampled_from(["C1", "C1", "C2"]))
        rows.append(
            {
                "customer": who,
                "invoice_no": f"N-{n}",
                "kind": "credit_note" if of else "invoice",
                "corrects": of["invoice_no"] if of else None,
                "bill_date": day,
                "due_date": day + dt.timedelta(draw(st.sampled_from([0, 20, 30]))),
                "total": -of["total"] if of else draw(AMOUNTS),
                "status": "issued",
                "issued_on": day,
                "issued_load": load,
                "issued_run": 2 * n,
            }
        )
    return rows


NO_LOAD = {"loaded_in": None, "superseded_in": None}
LOADED = st.fixed_dictionaries(
    {
        "loaded_in": st.integers(1, 5),
        "superseded_in": st.sampled_from([None, None, 4, 6]),
        "run": st.none(),
    }
)
MADE = st.sampled_from([1, 3, 5, 7]).map(lambda run: {**NO_LOAD, "run": run})
"""A debit of the house, or its return, between two invoices."""
PAID_ROWS = st.lists(
    st.builds(
        lambda row, known: {**row, **known},
        st.fixed_dictionaries(
            {
                "customer": st.sampled_from(["C1", "C1", "C2"]),
                "invoice_no": NUMBERS,
                "amount": AMOUNTS,
                "paid_on": DAYS,
            }
        ),
        LOADED | MADE,
    ),
    max_size=6,
)


@given(issued(), PAID_ROWS, DAYS)
def test_open_invoices_of_any_day_are_those_of_the_slow_account(
    bills: list[dict[str, Any]], paid: list[dict[str, Any]], as_of: dt.date
) -> None:
    known = known_on(frame_of(bills, ISSUED), frame_of(paid, PAYMENTS), as_of)
    items = open_items(*known)
    told = {row.pop("account"): row for row in balances(items).to_dicts()}
    for who in ("C1", "C2"):
        own = [b for b in bills if b["customer"] == who and b["issued_on"] <= as_of]
        money = [p for p in paid if p["customer"] == who and p["paid_on"] <= as_of]
        expected = model_balances(own, money, as_of)
        assert told.get(who, dict.fromkeys(expected, D(0))) == expected
    named = items.drop_nulls("invoice_no")
    assert named.filter((pl.col("open") > pl.col("total")) & (pl.col("open") <= 0)).is_empty()


@given(issued(), PAID_ROWS)
def test_what_an_invoice_says_of_its_account_is_what_the_slow_one_says(
    bills: list[dict[str, Any]], paid: list[dict[str, Any]]
) -> None:
    frame, payments = frame_of(bills, ISSUED), frame_of(paid, PAYMENTS)
    told = {row["invoice_no"]: row for row in sections(frame, frame, payments).to_dicts()}
    assert told == {
        bill["invoice_no"]: expected
        for bill in bills
        if (expected := model_section(bill["invoice_no"], bills, paid))
    }
    # Whoever asks for one, and whatever was issued, loaded or debited since, gets the same.
    for number, row in told.items():
        own = frame.filter(invoice_no=number).row(0, named=True)
        then = frame.filter(pl.col("issued_run") <= own["issued_run"])
        old = payments.filter(
            (pl.col("loaded_in") <= own["issued_load"]) | (pl.col("run") < own["issued_run"])
        )
        assert sections(then.filter(invoice_no=number), then, old).to_dicts() == [row]


def test_each_paper_begins_with_the_balance_of_the_one_before() -> None:
    bills = table(
        """
        customer invoice_no kind corrects bill_date due_date total issued_on issued_load issued_run
        C1 A-1 invoice     .   2026-01-15 2026-02-14 100.00  2026-01-16 1 .
        C1 A-2 invoice     .   2026-02-15 2026-03-17 80.00   2026-02-16 2 20
        C1 A-3 credit_note A-1 2026-03-01 2026-03-01 -100.00 2026-03-01 2 30
        C1 A-4 invoice     .   2026-04-15 2026-05-15 90.00   2026-04-20 3 40
        """,
        **ISSUED,
    )
    payments = table(
        """
        customer invoice_no amount paid_on    loaded_in superseded_in run
        C1       A-1        40.00  2026-02-01 1         .             .
        C1       A-2        80.00  2026-03-18 .         .             25
        C1       .          30.00  2026-04-18 3         .             .
        C1       A-2        -80.00 2026-04-19 .         .             35
        C1       A-4        90.00  2026-04-20 .         .             40
        """,
        **PAYMENTS,
    )
    shown = ("previous_balance", "payments", "credits", "brought_forward", "balance", "past_due")
    rows = sections(bills, bills, payments).sort("invoice_no").select(shown).rows()
    assert [[str(amount) for amount in row] for row in rows] == [
        ["0.00", "0.00", "0.00", "0.00", "100.00", "0.00"],
        ["100.00", "40.00", "0.00", "60.00", "140.00", "60.00"],
        ["140.00", "0.00", "0.00", "140.00", "40.00", "0.00"],
        ["140.00", "30.00", "100.00", "10.00", "100.00", "10.00"],
    ]


def test_a_house_that_keeps_no_payments_says_nothing_of_accounts() -> None:
    bill = {"customer": "C1", "invoice_no": "A-1", "kind": "invoice", "total": D(5)}
    dates = dict.fromkeys(("bill_date", "due_date", "issued_on"), START)
    frame = frame_of([{**bill, **dates, "issued_load": 1}], ISSUED)
    assert sections(frame, frame, frame_of([], PAYMENTS)).equals(pl.DataFrame(schema=SECTION))
