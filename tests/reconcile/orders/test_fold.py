"""What became of an order: stories of a page each, and the fold against a slow model."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

import polars as pl
import pytest
from frame_tables import frame, rows
from hypothesis import given
from hypothesis import strategies as st

from invoices.calendar import add_banking_days
from invoices.order_words import EVENTS
from reconcile.orders.fold import AGAIN, DATED, HEADS, STATUS, TOLD, fold, named

HEAD_TYPES = {name: pl.Date() if name.endswith("_on") else pl.String() for name in HEADS}
TOLD_TYPES = {n: pl.Date() if n in ("at", "due_on") else pl.String() for n in TOLD}


def heads(text: str) -> pl.DataFrame:
    return frame(text, **HEAD_TYPES)


def events(text: str) -> pl.DataFrame:
    return frame(text, **TOLD_TYPES)


ONE = """
    order_no pon kind submitted_on wanted_on
    N1       P1  new  06-01        06-10
    """
HEADER = "order_no pon at event due_on code ban circuit_id wtn\n"
SHOWN = ("state", "since", "due_on", "slips", "late_days", "jeopardy_code", "installed_on")
STORIES = {
    "nothing happened yet but the submission": ("06-05", "", "submitted 06-01 . 0 0 . ."),
    "confirmed, and in time so far": (
        "06-09",
        "N1 . 06-03 confirmed 06-12 . . . .",
        "confirmed 06-03 06-12 0 0 . .",
    ),
    "the FOC moved twice": (
        "06-20",
        """N1 . 06-03 confirmed 06-12 . . . .
           N1 . 06-10 confirmed 06-17 . . . .
           N1 . 06-16 supplemented 06-24 . . . .
           N1 . 06-18 confirmed 06-24 . . . .""",
        "confirmed 06-18 06-24 2 8 . .",
    ),
    "events repeated and shuffled": (
        "06-20",
        """N1 . 06-12 installed . . . . .
           N1 . 06-03 confirmed 06-12 . . . .
           N1 . 06-12 installed . . . . .
           .  P1 06-03 confirmed 06-12 . . . .
           N1 . 06-02 acknowledged . . . . .""",
        "installed 06-12 06-12 0 0 . 06-12",
    ),
    "several events of a day follow the order of the trade": (
        "06-20",
        """N1 . 06-12 completed . . . . .
           N1 . 06-12 installed . . . . .
           N1 . 06-12 loop_accepted . . . . .""",
        "completed 06-12 . 0 2 . 06-12",
    ),
    "missed from the next banking day on": (
        "06-15",
        "N1 . 06-03 confirmed 06-12 . . . .",
        "missed 06-15 06-12 0 3 . .",
    ),
    "not missed on the weekend after": (
        "06-14",
        "N1 . 06-03 confirmed 06-12 . . . .",
        "confirmed 06-03 06-12 0 2 . .",
    ),
    "due on a holiday, a Friday": (
        "06-21",
        "N1 . 06-03 confirmed 06-19 . . . .",
        "confirmed 06-03 06-19 0 2 . .",
    ),
    "installed on the 31st, told again a day later": (
        "08-05",
        """N1 . 06-03 confirmed 07-30 . . . .
           N1 . 07-31 installed . . . . .
           N1 . 08-01 installed . . . . .""",
        "installed 08-01 07-30 0 2 . 08-01",
    ),
    "a disconnect while in jeopardy": (
        "06-20",
        """N1 . 06-03 confirmed 06-12 . . . .
           N1 . 06-11 jeopardy . 1C . . .
           N1 . 06-12 cancelled . . . . .""",
        "cancelled 06-12 06-12 0 . . .",
    ),
    "late counts from what was confirmed, not from what was guessed": (
        "06-20",
        """N1 . 06-02 acknowledged 06-08 . . . .
           N1 . 06-03 confirmed 06-12 . . . .
           N1 . 06-14 installed 06-14 . . . .""",
        "installed 06-14 06-12 0 2 . 06-14",
    ),
    "cancelled, whatever is told of it later": (
        "06-20",
        """N1 . 06-03 confirmed 06-12 . . . .
           N1 . 06-05 cancelled . . . . .
           N1 . 06-06 designed . . . . .""",
        "cancelled 06-05 06-12 0 . . .",
    ),
    "cancelled, and ordered again": (
        "06-20",
        """N1 . 06-05 cancelled . . . . .
           N1 . 06-08 supplemented . . . . .
           N1 . 06-09 confirmed 06-22 . . . .""",
        "confirmed 06-09 06-22 0 0 . .",
    ),
    "in jeopardy and missed, the code stays": (
        "06-20",
        """N1 . 06-03 confirmed 06-12 . . . .
           N1 . 06-11 jeopardy . 1A . . .""",
        "missed 06-15 06-12 0 8 1A .",
    ),
    "a jeopardy that a new date ends": (
        "06-13",
        """N1 . 06-03 confirmed 06-12 . . . .
           N1 . 06-11 jeopardy . 1A . . .
           N1 . 06-12 confirmed 06-18 . . . .""",
        "confirmed 06-12 06-18 1 1 . .",
    ),
    "held at our own wish, nothing is missed": (
        "06-20",
        """N1 . 06-03 confirmed 06-12 . . . .
           N1 . 06-11 held . . . . .""",
        "held 06-11 06-12 0 8 . .",
    ),
    "what is told of later days does not count yet": (
        "06-09",
        "N1 . 06-10 installed . . . . .",
        "submitted 06-01 . 0 0 . .",
    ),
}


@pytest.mark.parametrize(("day", "told", "said"), STORIES.values(), ids=STORIES)
def test_the_story_of_an_order(day: str, told: str, said: str) -> None:
    on = dt.date.fromisoformat(f"2026-{day}")
    found = fold(heads(ONE), events(HEADER + told), on)
    assert rows(found, *SHOWN) == [said]
    assert found.schema == STATUS


def test_an_order_without_any_event_is_planned() -> None:
    made = fold(heads(ONE.replace("06-01", ".")), events(HEADER), dt.date(2026, 6, 20))
    assert rows(made, *SHOWN) == ["planned . . 0 10 . ."]


def test_account_circuit_and_number_are_those_of_the_last_event_that_tells_them() -> None:
    told = """N1 . 06-03 confirmed 06-12 . 305 . .
              N1 . 06-12 installed . . . 45/HCGS 6145550131
              N1 . 06-13 completed . . 306 . ."""
    found = fold(heads(ONE), events(HEADER + told), dt.date(2026, 6, 20))
    assert rows(found, "ban", "circuit_id", "wtn") == ["306 45/HCGS 6145550131"]


def test_an_event_names_its_order_by_number_or_by_a_pon_of_one_order() -> None:
    known = heads(ONE + "N2 P2 new . .\n    N3 P2 new . .")
    told = """N1 . 06-03 confirmed . . . . .
              .  P1 06-03 confirmed . . . . .
              N9 P1 06-03 confirmed . . . . .
              .  P2 06-03 confirmed . . . . .
              N9 . 06-03 confirmed . . . . ."""
    assert named(known, events(HEADER + told))["of"].to_list() == ["N1", "N1", "N1", None, None]


# --- the slow model -------------------------------------------------------------------------------

DAYS = [dt.date(2026, 6, 1) + dt.timedelta(n) for n in range(40)]
Row = dict[str, Any]
one_event = st.fixed_dictionaries(
    {
        "order_no": st.sampled_from(["N1", "N2", "N9", None]),
        "pon": st.sampled_from(["P1", "P2", None]),
        "at": st.sampled_from(DAYS),
        "event": st.sampled_from(EVENTS),
        "due_on": st.one_of(st.none(), st.sampled_from(DAYS)),
        "code": st.sampled_from(["1A", "1C", None]),
        "ban": st.sampled_from(["A", "B", None]),
        "circuit_id": st.none(),
        "wtn": st.none(),
    }
)


def slow(head: Row, told: list[Row], day: dt.date) -> Row:
    """Return what became of an order, event by event."""
    mine = [
        e
        for e in told
        if e["at"] <= day
        and (
            e["order_no"] == head["order_no"]
            or (e["order_no"] in ("N9", None) and e["pon"] == head["pon"])
        )
    ]
    if head["submitted_on"] and head["submitted_on"] <= day:
        blank = dict.fromkeys(TOLD)
        mine.append({**blank, "at": head["submitted_on"], "event": "submitted"})
    low = dt.date.min

    def place(e: Row) -> tuple[Any, ...]:
        given = [(e[n] is not None, e[n] or low) for n in ("due_on",)]
        words = [(e[n] is not None, e[n] or "") for n in ("code", "ban")]
        return (e["at"], EVENTS.index(e["event"]), *given, *words)

    state: Row = {"state": "planned", "since": None, "slips": 0, "ban": None}
    state |= dict.fromkeys(("first", "due_on", "jeopardy_code", "installed_on", "completed_on"))
    for e in sorted(mine, key=place):
        if state["state"] != "cancelled" or e["event"] in ("cancelled", *AGAIN):
            state["state"], state["since"] = e["event"], e["at"]
        if e["due_on"] and e["event"] in DATED:
            state["slips"] += bool(state["first"]) and state["due_on"] != e["due_on"]
            if e["event"] == "confirmed":
                state["first"] = state["first"] or e["due_on"]
            state["due_on"] = e["due_on"]
        if e["event"] == "jeopardy":
            state["jeopardy_code"] = e["code"]
        if e["event"] in ("installed", "completed"):
            state[f"{e['event']}_on"] = e["at"]
        if e["event"] in ("installed", "completed", "cancelled", "rejected", "confirmed"):
            state["jeopardy_code"] = None
        state["ban"] = e["ban"] or state["ban"]
    done = state["installed_on"] or state["completed_on"]
    from_day = state["first"] or head["wanted_on"]
    over = state["state"] in ("cancelled", "rejected")
    late = None if over or not from_day else max(0, ((done or day) - from_day).days)
    if state["due_on"] and not done and state["state"] not in ("cancelled", "rejected", "held"):
        missed = add_banking_days(state["due_on"], 1)
        if missed <= day:
            state["state"], state["since"] = "missed", missed
    return {**state, "late_days": late}


@given(st.lists(one_event, max_size=9), st.sampled_from(DAYS), st.integers(0, 999))
def test_the_fold_is_what_the_slow_model_says_in_any_order(
    told: list[Row], day: dt.date, seed: int
) -> None:
    orders = heads(ONE + "N2 P2 new . 06-20")
    shuffled = [*told, *told[:3]]
    random.Random(seed).shuffle(shuffled)
    found = fold(orders, pl.DataFrame(shuffled, schema=TOLD_TYPES), day)
    names = ["state", "since", "due_on", "slips", "late_days", "jeopardy_code", "ban"]
    names += ["installed_on", "completed_on"]
    for head, row in zip(orders.to_dicts(), found.to_dicts(), strict=True):
        wanted = slow(head, told, day)
        assert {n: row[n] for n in names} == {n: wanted[n] for n in names}
