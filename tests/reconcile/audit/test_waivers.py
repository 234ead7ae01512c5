"""Waivers hold from the day they are given, for what they name, until their day or another act."""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconcile.audit.waivers import WAIVERS, active, waived

DAYS = st.dates(dt.date(2026, 1, 1), dt.date(2026, 1, 6))
MAYBE = st.none() | st.sampled_from(["a", "b"])
ACT = pl.Schema(
    {
        "id": pl.Int64(),
        "decided_on": pl.Date(),
        "act": pl.String(),
        "subject": pl.String(),
        "holds_until": pl.Date(),
        "code": pl.String(),
        "carrier": pl.String(),
        "service": pl.String(),
        "usoc": pl.String(),
        "ends": pl.Int64(),
    }
)
FINDING = pl.Schema(dict.fromkeys(("finding_id", "code", "carrier", "service", "usoc"), pl.String))
BY_NAME = st.fixed_dictionaries(
    {"act": st.just("waive"), "subject": st.sampled_from(["f0", "f1", "f2"])},
    optional={"holds_until": DAYS},
)
BY_KIND = st.fixed_dictionaries(
    {"act": st.just("waive"), "code": st.sampled_from(["a", "b"]), "service": MAYBE, "usoc": MAYBE,
     "carrier": MAYBE},
    optional={"holds_until": DAYS},
)  # fmt: skip
ENDING = st.fixed_dictionaries({"act": st.just("reopen"), "ends": st.integers(1, 5)})
OTHER = st.fixed_dictionaries({"act": st.just("approve"), "subject": st.just("f0")})
ACTS = st.lists(st.tuples(DAYS, st.one_of(BY_NAME, BY_KIND, ENDING, OTHER)), max_size=7)
FINDINGS = st.lists(
    st.fixed_dictionaries(
        {"code": st.sampled_from(["a", "b"]), "carrier": MAYBE, "service": MAYBE, "usoc": MAYBE}
    ),
    max_size=4,
)


def model(finding: dict[str, Any], acts: list[dict[str, Any]], on: dt.date) -> int | None:
    """Return the first waiver that holds for a finding, act by act."""
    known = [act for act in acts if act["decided_on"] <= on]
    ended = {act.get("ends") for act in known if act["act"] == "reopen"}
    for act in known:
        until = act.get("holds_until")
        if act["act"] != "waive" or act["id"] in ended or (until is not None and until <= on):
            continue
        if act.get("subject") is not None:
            if act["subject"] == finding["finding_id"]:
                return int(act["id"])
        elif act["code"] == finding["code"] and all(
            act[name] is None or act[name] == finding[name]
            for name in ("carrier", "service", "usoc")
        ):
            return int(act["id"])
    return None


@given(FINDINGS, ACTS, DAYS)
def test_a_finding_is_waived_by_the_first_waiver_that_holds(
    found: list[dict[str, Any]], acts: list[tuple[dt.date, dict[str, Any]]], on: dt.date
) -> None:
    given_acts = [{"id": n, "decided_on": day, **act} for n, (day, act) in enumerate(acts, 1)]
    findings = [{"finding_id": f"f{n}", **one} for n, one in enumerate(found)]
    table = pl.DataFrame([dict.fromkeys(ACT.names()) | act for act in given_acts], schema=ACT)
    held = active(table, on)
    assert held.schema == WAIVERS
    told = waived(pl.LazyFrame(findings, schema=FINDING), held).collect()
    assert told["finding_id"].to_list() == [one["finding_id"] for one in findings]
    assert told["waived_by"].to_list() == [model(one, given_acts, on) for one in findings]
    until = {act["id"]: act.get("holds_until") for act in given_acts}
    assert told["waived_until"].to_list() == [until.get(by) for by in told["waived_by"]]


@pytest.mark.parametrize(
    ("on", "holds"),
    [
        ("2026-01-02", []),
        ("2026-01-03", [1, 2]),  # given that day
        ("2026-01-04", [1, 2]),
        ("2026-01-05", [2]),  # the first held until that day
        ("2026-01-06", []),  # the second is ended that day
    ],
)
def test_a_waiver_holds_from_the_day_it_is_given_and_not_on_the_day_it_ends(
    on: str, holds: list[int]
) -> None:
    acts = [
        {"decided_on": 3, "act": "waive", "subject": "f0", "holds_until": dt.date(2026, 1, 5)},
        {"decided_on": 3, "act": "waive", "code": "a"},
        {"decided_on": 6, "act": "reopen", "ends": 2},
    ]
    days = [{**act, "decided_on": dt.date(2026, 1, act["decided_on"])} for act in acts]
    rows = [dict.fromkeys(ACT.names()) | {"id": n, **act} for n, act in enumerate(days, 1)]
    held = active(pl.DataFrame(rows, schema=ACT), dt.date.fromisoformat(on))
    assert held["decision"].to_list() == holds
