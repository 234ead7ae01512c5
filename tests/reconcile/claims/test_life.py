"""What may happen to a claim, against a model that lives one claim at a time."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from claim_model import CENTS, CLOSED, START, WORDS, Claim, state
from hypothesis import given
from hypothesis import strategies as st

from reconcile.claims.life import HAPPENED, NEWS, STATE, advance


def happen(claims: dict[str, Claim], rows: list[dict[str, Any]]) -> Any:
    before = pl.DataFrame([state(*item) for item in claims.items()], schema=STATE)
    named = [dict.fromkeys(NEWS) | {"late": False, "at": START} | row for row in rows]
    return advance(before, pl.DataFrame(named, schema=NEWS), CLOSED)


@st.composite
def histories(draw: st.DrawFn) -> tuple[dict[str, Claim], list[dict[str, Any]]]:
    """Claims, and events of theirs in any order, most of them in order of days."""
    claims = {}
    for n in range(draw(st.integers(1, 3))):
        closes = draw(st.none() | st.integers(0, 60).map(lambda d: START + dt.timedelta(d)))
        claims[f"N{n}"] = Claim(
            draw(CENTS),
            closes,
            status=draw(st.sampled_from(["draft", "ready", "ready", "expired"])),
            levels=draw(st.integers(0, 3)),
            escalate_days=draw(st.integers(0, 12)),
            waived=draw(st.booleans()),
        )
    rows, day = [], START
    for _ in range(draw(st.integers(0, 14))):
        day += dt.timedelta(draw(st.sampled_from([-1, 0, 1, 3, 9, 20])))
        what = draw(st.sampled_from(WORDS) | st.sampled_from(["submit", "credit", "deny"]))
        number = draw(st.sampled_from(sorted(claims)))
        wanted = what in ("grant_part", "credit", "reverse_credit")
        amount = draw(CENTS) if wanted != draw(st.integers(0, 9).map(lambda n: n == 0)) else None
        if what == "credit" and draw(st.booleans()):
            amount = claims[number].amount
        late = draw(st.booleans())
        rows.append({"claim_no": number, "what": what, "at": day, "amount": amount, "late": late})
    return claims, rows


@given(history=histories())
def test_claims_are_as_their_events_left_them_and_what_may_not_happen_does_not(
    history: tuple[dict[str, Claim], list[dict[str, Any]]],
) -> None:
    claims, rows = history
    found = happen(claims, rows)
    allowed, refused = [], []
    for place, row in enumerate(rows):
        claim = claims[row["claim_no"]]
        if claim.happens(row["what"], row["at"], row["amount"], row["late"]):
            allowed.append((row["claim_no"], claim.status, claim.credited, claim.denied))
        else:
            refused.append(place)
        assert claim.open >= 0
        assert min(claim.credited, claim.denied, claim.withdrawn) >= 0
    assert found.refused["row"].to_list() == refused
    assert found.refused["why"].null_count() == 0
    told = found.events.select("claim_no", "status", "credited", "denied").rows()
    assert told == allowed
    assert found.events.schema == HAPPENED
    for row in found.claims.iter_rows(named=True):
        expected = state(row["claim_no"], claims[row["claim_no"]])
        assert {name: row[name] for name in expected} == expected


def ready(**how: Any) -> dict[str, Claim]:
    return {"N1": Claim(Decimal("100.00"), dt.date(2026, 2, 2), **how)}


REFUSED = [
    ({}, [("N9", "submit", None)], "there is no claim N9"),
    ({}, [("N1", "sing", None)], "there is no event `sing`"),
    ({}, [("N1", "deny", None)], "N1 is ready: deny is not allowed, only expire, submit"),
    ({}, [("N1", "credit", "40")], "N1 is ready: a part credit is not allowed"),
    ({"status": "submitted"}, [("N1", "credit", "100.01")], "larger than the 100.00 left"),
    (
        {"status": "submitted", "credited": Decimal(40)},
        [("N1", "credit", "60.01")],
        "larger than the 60.00 left",
    ),
    ({"status": "submitted"}, [("N1", "credit", None)], "credit needs an amount above 0.00"),
    ({"status": "submitted"}, [("N1", "credit", "0")], "needs an amount above 0.00"),
    ({"status": "submitted"}, [("N1", "grant_part", "100")], "sustain grants it"),
    ({"status": "submitted"}, [("N1", "sustain", "99")], "sustain grants all 100.00"),
    ({"status": "submitted"}, [("N1", "review", "1")], "review takes no amount"),
    ({"status": "submitted", "level": 4}, [("N1", "escalate", None)], "at level 4 already"),
    (
        {"status": "credited", "credited": Decimal(5)},
        [("N1", "reverse_credit", "6")],
        "more than the 5.00 that were credited",
    ),
    (
        {"status": "submitted", "last_on": dt.date(2026, 1, 6)},
        [("N1", "review", None)],
        "out of order: the last event was on 2026-01-06",
    ),
    (
        {"status": "denied", "answered_on": dt.date(2025, 12, 1), "escalate_days": 10},
        [("N1", "escalate", None)],
        "could be escalated until 2025-12-15",
    ),
]


@pytest.mark.parametrize(("how", "events", "words"), REFUSED)
def test_a_refusal_says_why(how: dict[str, Any], events: list[Any], words: str) -> None:
    rows = [
        {"claim_no": number, "what": what, "amount": amount and Decimal(amount)}
        for number, what, amount in events
    ]
    found = happen(ready(**how), rows)
    assert found.events.is_empty()
    assert found.claims.is_empty()
    (why,) = found.refused["why"]
    assert words in why, why


DAY = dt.timedelta(1)
DENIED = {"status": "denied", "granted": Decimal(0), "escalate_days": 10}
ON_THE_BOUND: list[tuple[dict[str, Any], str, str | None, str | None]] = [
    # What may happen on the last day, and of the last cent; null = it is refused.
    ({"status": "submitted", "last_on": START}, "review", None, "in_review"),
    ({"status": "submitted", "last_on": START + DAY}, "review", None, None),
    ({"status": "ready", "known_from": START}, "submit", None, "submitted"),
    ({"status": "ready", "known_from": START + DAY}, "submit", None, None),
    ({"status": "ready", "closes": START}, "submit", None, "submitted"),
    ({"status": "ready", "closes": START - DAY}, "submit", None, None),
    ({"status": "submitted"}, "review", "1.00", None),
    ({"status": "submitted"}, "grant_part", "0.00", None),
    ({"status": "submitted"}, "grant_part", "0.01", "partial"),
    ({"status": "submitted"}, "grant_part", "99.99", "partial"),
    ({"status": "submitted"}, "grant_part", "100.00", None),
    ({"status": "submitted"}, "sustain", "99.99", None),
    ({"status": "submitted"}, "sustain", "100.00", "sustained"),
    ({"status": "submitted"}, "grant", "99.99", "partial"),
    ({"status": "submitted"}, "grant", "100.00", "sustained"),
    ({"status": "submitted", "credited": Decimal(40)}, "credit", "0.00", None),
    ({"status": "submitted", "credited": Decimal(40)}, "credit", "59.99", "short_credited"),
    ({"status": "submitted", "credited": Decimal(40)}, "credit", "60.00", "credited"),
    ({"status": "submitted", "credited": Decimal(40)}, "credit", "60.01", None),
    ({"status": "credited", "credited": Decimal(5)}, "reverse_credit", "5.00", "short_credited"),
    ({"status": "credited", "credited": Decimal(5)}, "reverse_credit", "5.01", None),
    ({"status": "submitted", "level": 3}, "escalate", None, "escalated"),
    ({"status": "submitted", "level": 4}, "escalate", None, None),
    (DENIED | {"answered_on": dt.date(2025, 12, 18)}, "escalate", None, "escalated"),
    (DENIED | {"answered_on": dt.date(2025, 12, 17)}, "escalate", None, None),
    (DENIED | {"answered_on": dt.date(2025, 12, 17)}, "close", None, "closed"),
    # All of what was granted is enough; of a denied claim only all of it is.
    ({"status": "partial", "granted": Decimal(30)}, "credit", "30.00", "credited"),
    ({"status": "partial", "granted": Decimal(30)}, "credit", "29.99", "short_credited"),
    (DENIED, "credit", "99.99", "short_credited"),
    (DENIED, "credit", "100.00", "credited"),
]


def test_on_the_bound_an_event_may_happen() -> None:
    before, rows, expected = [], [], []
    for n, (how, what, amount, after) in enumerate(ON_THE_BOUND):
        terms = {name: value for name, value in how.items() if name not in ("known_from", "closes")}
        claim = Claim(Decimal("100.00"), how.get("closes", dt.date(2026, 2, 2)), **terms)
        before.append(state(f"N{n:02d}", claim) | {"known_from": how.get("known_from")})
        row = {"claim_no": f"N{n:02d}", "what": what, "amount": amount and Decimal(amount)}
        rows.append(dict.fromkeys(NEWS) | {"late": False, "at": START} | row)
        expected.append((f"N{n:02d}", after))
    news = pl.DataFrame(rows, schema=NEWS)
    found = advance(pl.DataFrame(before, schema=STATE), news, CLOSED)
    happened = dict(found.events.select("claim_no", "status").iter_rows())
    assert [(name, happened.get(name)) for name, _ in expected] == expected
    words = dict(found.refused.select("claim_no", "why").iter_rows())
    assert words["N01"] == f"it is out of order: the last event was on {START + DAY}"
    assert words["N03"] == f"it is out of order: its bill is of {START + DAY}"


AFTER = """
    # Of 100.00 so much is granted, credited, denied; an event; what follows, withdrawn, the level
    submitted  -    40  0    submit       -   -
    submitted  -    40  0    sustain      -   100  40   0   0   1
    submitted  -    40  0    sustain      100 100  40   0   0   1
    submitted  -    40  0    grant        -   100  40   0   0   1
    submitted  -    40  0    grant        99  99   40   1   0   1
    submitted  -    40  0    grant_part   30  30   40   60  0   1
    submitted  -    40  0    grant_part   70  70   40   30  0   1
    submitted  -    40  0    deny         -   0    40   60  0   1
    submitted  -    40  0    credit       10  -    50   0   0   1
    submitted  -    40  0    credit       60  -    100  0   0   1
    submitted  -    40  0    credit       61  -
    submitted  -    40  0    withdraw     -   -    40   0   60  1
    submitted  -    40  0    escalate     -   -    40   0   0   2
    submitted  -    40  0    review       -   -    40   0   0   1
    denied     0    40  60   escalate     -   0    40   0   0   2
    denied     0    40  60   close        -   0    40   60  0   1
    denied     0    40  60   credit       10  0    50   50  0   1
    partial    70   40  30   close        -   70   40   30  30  1
    partial    70   40  30   credit       30  70   70   30  0   1
    partial    70   40  30   credit       45  70   85   15  0   1
    credited   100  100 0    reverse_credit 15 100 85   0   0   1
    credited   100  40  0    reverse_credit 41 -
    """


def test_what_an_event_does_to_the_money_of_a_claim() -> None:
    claims, rows, expected = {}, [], []
    for n, line in enumerate(AFTER.strip().splitlines()[1:]):
        status, *words = line.split()
        what = words.pop(3)
        granted, credited, denied, amount, *after = [
            None if w == "-" else Decimal(w) for w in words
        ]
        claims[f"N{n:02d}"] = Claim(
            Decimal(100), None, status=status, granted=granted, credited=credited or Decimal(0),
            denied=denied or Decimal(0), answered_on=granted is not None and START or None,
        )  # fmt: skip
        rows.append({"claim_no": f"N{n:02d}", "what": what, "amount": amount})
        if len(after) > 1:
            expected.append((f"N{n:02d}", *after))
    found = happen(claims, rows).claims
    columns = ("claim_no", "granted", "credited", "denied", "withdrawn", "level")
    assert found.select(columns).rows() == expected


def test_a_claim_filed_after_its_window_is_marked() -> None:
    row = {"claim_no": "N1", "what": "submit", "at": dt.date(2026, 2, 3)}
    (why,) = happen(ready(), [row]).refused["why"]
    assert "closed on 2026-02-02" in why
    found = happen(ready(status="expired"), [{**row, "late": True, "note": "asked for grace"}])
    assert found.events["note"].item() == "filed after its window; asked for grace"
    in_time = {**row, "at": dt.date(2026, 2, 2)}
    assert happen(ready(status="expired"), [in_time]).events["status"].item() == "submitted"


def test_grant_means_what_the_amount_says() -> None:
    for amount, after in ((None, "sustained"), ("100.00", "sustained"), ("30.00", "partial")):
        row = {"claim_no": "N1", "what": "grant", "amount": amount and Decimal(amount)}
        found = happen(ready(status="submitted"), [row, row])
        assert found.events["status"].to_list() == [after, "credit_pending"]


def test_a_claim_sent_again_keeps_its_number_its_first_day_and_counts() -> None:
    rows = [
        {"claim_no": "N1", "what": what, "at": START + dt.timedelta(n), "reference": reference}
        for n, (what, reference) in enumerate(
            [("submit", "T-1"), ("reject_form", None), ("submit", "T-2"), ("acknowledge", None)]
        )
    ]
    found = happen(ready(), rows).claims.row(0, named=True)
    assert (found["status"], found["sent"], found["filed_on"]) == ("acknowledged", 2, START)
    assert found["tracking_no"] == "T-2"


def test_an_answer_gives_a_claim_its_number_where_it_has_none() -> None:
    for first, number in (("T-1", "T-1"), (None, "T-2")):
        rows = [
            {"claim_no": "N1", "what": "acknowledge", "reference": first},
            {"claim_no": "N1", "what": "grant", "amount": None, "reference": "T-2"},
        ]
        found = happen(ready(status="submitted"), rows).claims.row(0, named=True)
        assert (found["status"], found["tracking_no"]) == ("sustained", number)
