"""Debited = undisputed + unfiled + open + credited + denied + withdrawn + expired, always.

Histories of bills, claims, answers and credits nobody would think of: whatever happens, each cent
of each bill is in one place, and the places of a claim's money say what the claim says.
"""

from __future__ import annotations

import datetime as dt
import random
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from claim_model import CENTS, CLOSED, START, WORDS, Claim, state
from claim_nights import USUAL, paper
from hypothesis import given
from hypothesis import strategies as st
from nights import night, put, small

from rebill.disputes import file
from rebill.disputes.claims import check
from rebill.inquiry.export import table_frame
from rebill.store.record import reading
from rebill.workspace.settings import ConfigError, Workspace
from reconcile.cash.exposure import PLACES, by_bill, exposure
from reconcile.claims.life import NEWS, STATE, advance
from reconcile.claims.places import CREDIT_PARTS, PARTS, TOTALS, faults, now, steps
from reconcile.pulls.debits import DEBITS

DAY = dt.timedelta(1)


@st.composite
def lives(draw: st.DrawFn) -> tuple[dict[str, Claim], list[dict[str, object]]]:
    """Claims on one to three bills each, and events of theirs in order of days."""
    claims = {}
    for n in range(draw(st.integers(1, 3))):
        documents = [(f"B{b}", draw(CENTS)) for b in range(draw(st.integers(1, 3)))]
        claims[f"N{n}"] = Claim(
            sum((amount for _, amount in documents), Decimal(0)),
            draw(st.none() | st.integers(0, 40).map(lambda days: START + DAY * days)),
            documents=documents,
        )
    rows: list[dict[str, object]] = []
    day = START
    for _ in range(draw(st.integers(0, 12))):
        day += DAY * draw(st.integers(0, 9))
        number = draw(st.sampled_from(sorted(claims)))
        what = draw(st.sampled_from([*WORDS, "submit", "submit", "credit", "credit", "escalate"]))
        needs = what in ("grant_part", "credit", "reverse_credit")
        rows.append(
            {
                "claim_no": number,
                "what": what,
                "at": day,
                "amount": draw(CENTS) if needs else None,
                "late": draw(st.booleans()),
                "lined": draw(st.booleans()),
            }
        )
    return claims, rows


def three_bills() -> pl.DataFrame:
    """Return three bills of 50.00, each pulled three days after the one before."""
    rows = [
        {
            "document_id": f"B{b}",
            "carrier": "ILEC",
            "ban": str(b),
            "invoice_no": "I",
            "bill_date": START,
            "debit_on": START + DAY * 3 * b,
            "amount": Decimal("50.00"),
            "status": "expected",
        }
        for b in range(3)
    ]
    return pl.DataFrame(rows, schema=DEBITS)


def agrees(bills: pl.DataFrame, found: pl.DataFrame, held: pl.DataFrame, today: dt.date) -> None:
    """Assert that the places of the money say on a day what the claims say, per bill and in sum."""
    stand = now(found, today)
    for claim in held.iter_rows(named=True):
        own = stand.filter(pl.col("claim_no") == claim["claim_no"])
        for place in ("credited", "denied", "withdrawn"):
            assert own[place].sum() == claim[place]
    each = by_bill(bills, found, today)
    assert each.filter(pl.col("debited") != pl.sum_horizontal(PLACES)).is_empty()
    whole = exposure(bills, found, today).filter(pl.col("on") == today)
    for place in ("debited", *PLACES):
        assert whole[place].sum() == each[place].sum()


@given(life=lives())
def test_every_cent_of_every_bill_is_in_one_place_after_every_event(
    life: tuple[dict[str, Claim], list[dict[str, object]]],
) -> None:
    claims, rows = life
    parts = pl.DataFrame(
        [(name, *part) for name, claim in claims.items() for part in claim.documents],
        schema=PARTS,
        orient="row",
    )
    held = pl.DataFrame([state(*item) for item in claims.items()], schema=STATE)
    events = pl.DataFrame(schema=TOTALS)
    given_to = pl.DataFrame(schema=CREDIT_PARTS)
    room = {(name, doc): amount for name, c in claims.items() for doc, amount in c.documents}
    bills = three_bills()
    for row in rows:
        news = pl.DataFrame([dict.fromkeys(NEWS) | row], schema=NEWS)
        outcome = advance(held, news, CLOSED)
        held = held.update(outcome.claims, on="claim_no", how="left", include_nulls=True)
        name = str(row["claim_no"])
        if outcome.events.is_empty():
            continue
        number = events.filter(pl.col("claim_no") == name).height + 1
        told = outcome.events.with_columns(event=pl.lit(number))
        events = pl.concat([events, told.select(pl.col(n).cast(d) for n, d in TOTALS.items())])
        if told["what"].item() in ("credit", "credit_short") and row["lined"]:
            # The credit is for the last document of the claim, as far as it reaches.
            document = claims[name].documents[-1][0]
            amount = min(Decimal(str(row["amount"])), room[name, document])
            room[name, document] -= amount
            line = pl.DataFrame([(name, document, number, amount)], CREDIT_PARTS, orient="row")
            given_to = pl.concat([given_to, line])
        found = steps(held, parts, events, given_to)
        assert faults(found, held, parts) == []
        today = row["at"]
        assert isinstance(today, dt.date)
        agrees(bills, found, held, today)


def said(workspace: Workspace, day: str) -> None:
    """Assert the identity on every row, per bill and in total, and that claims agree with it."""
    with reading(workspace) as record:
        as_of = dt.date.fromisoformat(day)
        rows = table_frame(record, "exposure", None, as_of).collect()
        each = table_frame(record, "bill_exposure", None, as_of).collect()
        claims = record.claims()
        check(record, claims["claim_no"])
    for frame in (rows, each):
        assert frame.filter(pl.col("debited") != pl.sum_horizontal(PLACES)).is_empty()
    today = rows.filter(pl.col("on") == as_of)
    for place in ("debited", *PLACES):
        assert today[place].sum() == each[place].sum(), place
    for place in ("credited", "denied", "withdrawn"):
        assert claims[place].fill_null(Decimal("0.00")).sum() == each[place].sum(), place


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.soak)])
def test_nights_of_any_bills_answers_and_credits_lose_no_cent(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    workspace = small(tmp_path / "w")
    for month in range(3, 6):
        with reading(workspace) as record:
            open_now = record.claims().filter(pl.col("filed_on").is_not_null())
        extra = []
        for number, amount in open_now.select("claim_no", "amount").iter_rows():
            share = chance.choice([Decimal(1), Decimal("0.5"), Decimal("1.2")])
            part = round(amount * share, 2)
            words = chance.choice([number, f"T{number}", "adjustment", "goodwill"])
            usoc, wtn = chance.choice([("-", "-"), ("1FB", "6145550131"), ("1FB", "6145550132")])
            if chance.random() < 0.7:
                extra.append(f"adjustment {usoc} {wtn} -{part} {words}")
        lines = [line for line in USUAL if chance.random() < 0.8] or USUAL
        header = chance.choice(["0.00", "-2.00"])
        put(workspace, [(f"{month}.csv", paper(month, lines, extra, header))])
        day = f"2026-{month:02d}-22"
        night(workspace, day)
        said(workspace, day)
        with reading(workspace) as record:
            numbers = record.claims()["claim_no"].to_list()
        for number in numbers * 2:
            what = chance.choice(
                ["submit", "submit", "acknowledge", "sustain", "deny", "escalate", "withdraw"]
                + ["grant_part", "credit", "close", "reverse_credit"]
            )
            needs = what in ("grant_part", "credit", "reverse_credit")
            row = {
                "claim_no": number,
                "what": what,
                "at": dt.date.fromisoformat(day) + DAY * chance.randint(0, 5),
                "amount": Decimal(chance.choice(["1.00", "2.00", "16.67"])) if needs else None,
                "reference": f"T{number}" if what == "acknowledge" else None,
            }
            try:
                file.record_events(workspace, [row])
            except ConfigError:
                continue
        said(workspace, f"2026-{month:02d}-28")
