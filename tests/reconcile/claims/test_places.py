"""Where the money of a claim stands on its documents, step by step."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import polars as pl
import pytest

from invoices.schema import CENTS
from reconcile.claims.places import (
    CLAIM_PLACES,
    CREDIT_PARTS,
    PARTS,
    STEPS,
    TOTALS,
    faults,
    now,
    steps,
)

CLOSES = {"claim_no": pl.String, "dispute_closes_on": pl.Date}


def day(text: str) -> dt.date | None:
    return None if text == "-" else dt.date.fromisoformat(f"2026-{text}")


def cells(table: str) -> list[list[str]]:
    return [line.split() for line in table.strip().splitlines()]


def cents(text: str) -> Decimal | None:
    return None if text == "-" else Decimal(text)


def parts_of(table: str) -> pl.DataFrame:
    """Read claim, document, amount."""
    rows = [(name, document, Decimal(amount)) for name, document, amount in cells(table)]
    return pl.DataFrame(rows, schema=PARTS, orient="row")


def laid(claims: str, parts: str, events: str, credits: str = "") -> pl.DataFrame:
    """Return the steps of claims [no closes], parts and events, credits [no document event amount].

    An event is claim, number, day, what, then credited, denied, withdrawn after it; - = as before.
    """
    closes = [(name, day(on)) for name, on in cells(claims)]
    totals = [
        (name, int(number), day(on), what, *(cents(amount) for amount in money))
        for name, number, on, what, *money in cells(events)
    ]
    given = [
        (name, document, int(event), Decimal(amount))
        for name, document, event, amount in cells(credits)
    ]
    return steps(
        pl.DataFrame(closes, schema=CLOSES, orient="row"),
        parts_of(parts),
        pl.DataFrame(totals, schema=TOTALS, orient="row"),
        pl.DataFrame(given, schema=CREDIT_PARTS, orient="row"),
    )


def told(found: pl.DataFrame) -> list[str]:
    """Return a line for each step: its day, the document and what stands where."""
    assert found.schema == STEPS
    lines = []
    for row in found.iter_rows(named=True):
        money = [f"{name} {row[name]}" for name in CLAIM_PLACES if row[name]]
        on = "-" if row["on"] is None else f"{row['on']:%m-%d}"
        lines.append(" ".join([on, row["document_id"], *money]))
    return lines


TWO = "N1 D1 3.00\nN1 D2 7.00"
FILED = "N1 1 04-01 submit 0 0 0"
CASES: dict[str, tuple[str, str, str, list[str]]] = {
    "unfiled until the day after its window": (
        "N1 06-03",
        "N1 1 04-01 prepare - - -",
        "",
        [
            "- D1 unfiled 3.00",
            "06-04 D1 expired 3.00",
            "- D2 unfiled 7.00",
            "06-04 D2 expired 7.00",
        ],
    ),
    "unfiled for ever where no window is known": (
        "N1 -",
        "",
        "",
        ["- D1 unfiled 3.00", "- D2 unfiled 7.00"],
    ),
    "denied from the last document on, what was credited where it was credited": (
        "N1 -",
        f"{FILED}\nN1 2 05-01 credit_short 4 0 0\nN1 3 05-02 grant_part 4 5 0",
        "N1 D2 2 4.00",
        [
            *("- D1 unfiled 3.00", "04-01 D1 open 3.00", "05-01 D1 open 3.00"),
            "05-02 D1 open 1.00 denied 2.00",
            *("- D2 unfiled 7.00", "04-01 D2 open 7.00", "05-01 D2 open 3.00 credited 4.00"),
            "05-02 D2 credited 4.00 denied 3.00",
        ],
    ),
    "a credit for no document fills the first ones, and leaves the last ones first": (
        "N1 -",
        f"{FILED}\nN1 2 05-01 credit 8 0 0\nN1 3 05-02 reverse_credit 2 0 0",
        "",
        [
            *("- D1 unfiled 3.00", "04-01 D1 open 3.00", "05-01 D1 credited 3.00"),
            "05-02 D1 open 1.00 credited 2.00",
            *("- D2 unfiled 7.00", "04-01 D2 open 7.00", "05-01 D2 open 2.00 credited 5.00"),
            "05-02 D2 open 7.00",
        ],
    ),
    "a credit taken back without a word leaves the last documents it stood on": (
        "N1 -",
        f"{FILED}\nN1 2 05-01 credit 8 0 0\nN1 3 05-02 reverse_credit 2 0 0",
        "N1 D1 2 2.00\nN1 D2 2 6.00",
        [
            *("- D1 unfiled 3.00", "04-01 D1 open 3.00", "05-01 D1 open 1.00 credited 2.00"),
            "05-02 D1 open 1.00 credited 2.00",
            *("- D2 unfiled 7.00", "04-01 D2 open 7.00", "05-01 D2 open 1.00 credited 6.00"),
            "05-02 D2 open 7.00",
        ],
    ),
    "a credit taken back for a document leaves that one": (
        "N1 -",
        f"{FILED}\nN1 2 05-01 credit 8 0 0\nN1 3 05-02 reverse_credit 6 0 0",
        "N1 D1 2 2.00\nN1 D2 2 6.00\nN1 D1 3 -2.00",
        [
            *("- D1 unfiled 3.00", "04-01 D1 open 3.00", "05-01 D1 open 1.00 credited 2.00"),
            "05-02 D1 open 3.00",
            *("- D2 unfiled 7.00", "04-01 D2 open 7.00", "05-01 D2 open 1.00 credited 6.00"),
            "05-02 D2 open 1.00 credited 6.00",
        ],
    ),
    "what is withdrawn comes after what is denied": (
        "N1 -",
        f"{FILED}\nN1 2 05-01 deny - 5 -\nN1 3 05-02 withdraw - - 4",
        "",
        [
            *("- D1 unfiled 3.00", "04-01 D1 open 3.00", "05-01 D1 open 3.00"),
            "05-02 D1 open 1.00 withdrawn 2.00",
            *("- D2 unfiled 7.00", "04-01 D2 open 7.00", "05-01 D2 open 2.00 denied 5.00"),
            "05-02 D2 denied 5.00 withdrawn 2.00",
        ],
    ),
    "its window is open on its last day, and what was filed does not expire": (
        "N1 06-03",
        "N1 1 06-03 credit_short 1 0 0\nN1 2 06-10 submit - - -",
        "",
        [
            *("- D1 unfiled 3.00", "06-03 D1 unfiled 2.00 credited 1.00"),
            *("06-04 D1 credited 1.00 expired 2.00", "06-10 D1 open 2.00 credited 1.00"),
            *("- D2 unfiled 7.00", "06-03 D2 unfiled 7.00"),
            *("06-04 D2 expired 7.00", "06-10 D2 open 7.00"),
        ],
    ),
    "an event that moves no money is no step": (
        "N1 -",
        f"{FILED}\nN1 2 05-01 review - - -\nN1 3 05-02 deny 0 10 0\nN1 4 05-03 note - - -",
        "",
        [
            *("- D1 unfiled 3.00", "04-01 D1 open 3.00", "05-02 D1 denied 3.00"),
            *("- D2 unfiled 7.00", "04-01 D2 open 7.00", "05-02 D2 denied 7.00"),
        ],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_the_money_of_a_claim_is(name: str) -> None:
    claims, events, credits, expected = CASES[name]
    assert told(laid(claims, TWO, events, credits)) == expected


def test_the_steps_of_one_claim_have_nothing_to_do_with_those_of_another() -> None:
    events = "N1 1 04-01 submit 0 0 0\nN1 2 05-01 deny 0 2 0\nN2 1 04-01 submit 0 0 0"
    found = laid("N1 -\nN2 -\nN3 06-03", "N1 D1 3.00\nN2 D1 7.00\nN3 D1 5.00", events)
    assert told(found) == [
        *("- D1 unfiled 3.00", "04-01 D1 open 3.00", "05-01 D1 open 1.00 denied 2.00"),
        *("- D1 unfiled 7.00", "04-01 D1 open 7.00"),
        *("- D1 unfiled 5.00", "06-04 D1 expired 5.00"),
    ]


def test_a_step_holds_from_its_day() -> None:
    found = laid("N1 -", TWO, f"{FILED}\nN1 2 05-01 deny - 5 -")
    assert told(now(found, dt.date(2026, 3, 31))) == ["- D1 unfiled 3.00", "- D2 unfiled 7.00"]
    assert told(now(found, dt.date(2026, 4, 30))) == ["04-01 D1 open 3.00", "04-01 D2 open 7.00"]
    assert told(now(found, dt.date(2026, 5, 1))) == [
        *("05-01 D1 open 3.00", "05-01 D2 open 2.00 denied 5.00"),
    ]


def test_what_does_not_add_up_is_told() -> None:
    found = laid("N1 -", TWO, f"{FILED}\nN1 2 05-01 deny - 5 -")
    money = dict.fromkeys(("amount", "credited", "denied", "withdrawn"), CENTS)

    def said(amount: str, denied: str | None, parts: str = TWO, moved: str = "0") -> list[str]:
        row = ("N1", cents(amount), None, denied and cents(denied), Decimal(0))
        claims = pl.DataFrame([row], schema={"claim_no": pl.String, **money}, orient="row")
        last = pl.col("step") == 2
        shifted = found.with_columns(
            open=pl.when(last).then(pl.col("open") - Decimal(moved)).otherwise("open").cast(CENTS),
            denied=pl.when(last)
            .then(pl.col("denied") + Decimal(moved))
            .otherwise("denied")
            .cast(CENTS),
        )
        return faults(shifted, claims, parts_of(parts))

    assert said("10.00", "5.00") == []
    lost = "N1 is not where its events left it"
    assert said("10.01", "5.00") == [lost]
    assert said("10.00", None) == [lost]
    assert said("10.00", "5.01") == [lost]
    # All of D2 could be denied, but no more than that.
    assert said("10.00", "9.00", moved="2") == []
    assert said("10.00", "11.00", moved="3") == ["N1 on D2 does not add up at step 2"]
    uneven = [f"N1 on D1 does not add up at step {n}" for n in range(3)]
    assert said("10.00", "5.00", "N1 D1 3.01\nN1 D2 7.00") == uneven
