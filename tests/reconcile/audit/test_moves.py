"""Services that are sold or move: who may bill what, and what an old month says afterwards."""

from __future__ import annotations

import copy
import datetime as dt

import polars as pl
import pytest
from compare import agreed, differences, kernel_audit
from hand_bills import answers, audit, found, paper, said, table
from hypothesis import given, settings
from hypothesis import strategies as st
from model import model_audit
from worlds import World, world, worlds
from worlds_moving import moving_world, moving_worlds, sold

from reconcile.audit.bill_series import document_missing
from reconcile.contracts import Contract

HOMES = """
service  carrier  ban  effective_from  effective_until
S1       ILEC     A1   .               2026-06-15
"""
HEAD = "carrier ban bill class usoc amount from until no\n"
"""Every line names the number of S1."""


def story(lines: str, homes: str = HOMES, now: tuple[str, str] = ("NEWCO", "B1")) -> World:
    """Return a world of S1, sold by ILEC to NEWCO on the 15th of June, and what both bill."""
    made = audit("class")
    rates = [row for row in made.buy_rates if row["usoc"] in ("1FB", "NRCIN")]
    made.contracts.append(
        Contract.model_validate(
            {"id": "N", "carrier": "NEWCO", "effective_from": dt.date(2025, 1, 1),
             "accounts": ["B*"]}
        )
    )  # fmt: skip
    made.buy_rates += [{**row, "contract": "N"} for row in rates]
    made.usocs += [{**row, "carrier": "NEWCO"} for row in made.usocs]
    made.services = [{**made.services[0], "carrier": now[0], "ban": now[1]}]
    made.service_elements = [e for e in made.service_elements if e["usoc"] == "1FB"]
    made.service_accounts = table(homes) if homes else []
    paper(made, table(HEAD + lines.strip()))
    return made


def test_the_buyers_first_bill_is_known_and_the_sellers_last_one_too() -> None:
    made = story(
        """
        ILEC  A1 2026-06-01 rec   1FB   20.00  2026-06-01 2026-07-01 jun
        ILEC  A1 2026-07-01 rec   1FB  -20.00  2026-06-01 2026-07-01 credit
        ILEC  A1 2026-07-01 pro   1FB    9.33  2026-06-01 2026-06-15 half
        ILEC  A1 2026-07-01 tax   STAX1  1.00  .          .          tax
        ILEC  A1 2026-07-01 use   UMIN1  1.00  2026-05-20 2026-06-14 late
        NEWCO B1 2026-07-01 pro   1FB   10.67  2026-06-15 2026-07-01 first
        NEWCO B1 2026-07-01 rec   1FB   20.00  2026-07-01 2026-08-01 jul
        """
    )
    assert [row[1:] for row in answers(made, "service", "match_note")] == [["S1", "None"]] * 7
    # Nothing is billed twice: what the seller had billed in advance it gave back.
    assert [one for one in found(made) if "usoc_unknown" not in one] == said("late rate_missing")


@pytest.mark.parametrize(
    ("line", "note", "finding"),
    [
        # On some day at home, or billed while it was: known.
        ("ILEC  A1 2026-07-01 pro 1FB 0.67 2026-06-14 2026-06-15 x", "None", ""),
        ("ILEC  A1 2026-06-14 rec 1FB 20.00 2026-06-15 2026-07-15 x", "None", ""),
        ("NEWCO B1 2026-06-15 pro 1FB 0.67 2026-06-14 2026-06-15 x", "None", ""),
        ("NEWCO B1 2026-06-14 rec 1FB 20.00 2026-06-14 2026-07-14 x", "None", ""),
        # Neither: the seller bills on, the buyer bills before it bought.
        ("ILEC  A1 2026-06-15 rec 1FB 20.00 2026-06-15 2026-07-15 x", "not_at_home",
         "x service_unknown 20.00"),
        ("NEWCO B1 2026-06-14 pro 1FB 0.67 2026-06-13 2026-06-14 x", "not_at_home",
         "x service_unknown 0.67"),
        # No days are billed: it may be for the days before. A credit may be so for any days.
        ("ILEC  A1 2026-07-01 tax STAX1 1.00 . . x", "None", ""),
        ("ILEC  A1 2026-07-01 nrc NRCMV 9.00 2026-06-20 . x", "None",
         "x one_time_charge_not_due 9.00"),
        ("ILEC  A1 2026-09-01 rec 1FB -20.00 2026-08-01 2026-09-01 x", "None", ""),
        # What will be at home only after the month of the bill is not known yet.
        ("NEWCO B1 2026-05-14 tax STAX1 1.00 . . x", "None", "x service_unknown 1.00"),
        ("NEWCO B1 2026-05-16 tax STAX1 1.00 . . x", "None", ""),
        # Another account of the carrier where it is at home: as before.
        ("ILEC  A2 2026-06-01 rec 1FB 20.00 2026-06-01 2026-07-01 x", "other_ban",
         "x match_doubtful other_ban"),
    ],
)  # fmt: skip
def test_a_line_is_for_who_is_at_home_on_its_days_or_on_the_day_of_its_bill(
    line: str, note: str, finding: str
) -> None:
    made = story(line)
    known = "None" if "service_unknown" in finding else "S1"
    assert answers(made, "service", "match_note") == [["x", known, note]]
    quiet = ("usoc_unknown", "rate_missing", "rate_below")
    told = [one for one in found(made) if not any(word in one for word in quiet)]
    assert told == ([finding] if finding else [])


def test_what_both_bill_for_the_same_days_is_billed_twice_whoever_comes_later() -> None:
    made = story(
        """
        ILEC  A1 2026-06-01 rec   1FB   20.00  2026-06-01 2026-07-01 jun
        NEWCO B1 2026-06-20 pro   1FB   10.67  2026-06-15 2026-07-01 first
        NEWCO B1 2026-06-20 rec   1FB   20.00  2026-07-01 2026-08-01 jul
        ILEC  A1 2026-07-01 rec   1FB   20.00  2026-07-01 2026-08-01 on
        """
    )
    assert found(made) == said("first charged_twice 10.67\non service_unknown 20.00")


def test_a_service_is_missed_on_the_bill_of_who_has_it_on_the_bill_date() -> None:
    lines = """
        ILEC  A1 2026-{} late  .  0.01  . . a
        NEWCO B1 2026-{} late  .  0.01  . . b
        """
    for days, missed in (
        (("06-14", "06-14"), ["A1/2026-06-14"]),
        (("06-14", "06-15"), ["A1/2026-06-14", "B1/2026-06-15"]),
        (("06-15", "06-15"), ["B1/2026-06-15"]),
        (("07-01", "07-01"), ["B1/2026-07-01"]),
    ):
        made = story(lines.format(*days).replace("late  .", "late 1FB"))
        for line in made.lines:
            line["wtn"], line["usoc"] = None, None
        _, findings = agreed(made)
        gone = [f["document_id"] for f in findings if f["code"] == "element_not_billed"]
        assert sorted(gone) == missed, days


def test_in_the_month_of_a_move_either_bill_shows_the_service_later_only_its_own() -> None:
    for month, missed in (("06", []), ("07", ["B1/2026-07-20"])):
        made = story(
            f"""
            ILEC  A1 2026-{month}-01 nrc  1FB  1.00  . . a
            NEWCO B1 2026-{month}-20 late 1FB  0.01  . . b
            """
        )
        made.lines[1]["wtn"] = None
        _, findings = agreed(made)
        gone = [f["document_id"] for f in findings if f["code"] == "element_not_billed"]
        assert gone == missed, month


def test_codes_of_two_carriers_are_no_partners_and_no_summaries_of_each_other() -> None:
    made = story(
        """
        ILEC  A1 2026-06-01 rec   PORT1  7.00  2026-06-01 2026-07-01 port
        NEWCO B1 2026-06-20 rec   1FB   20.00  2026-06-20 2026-07-20 line
        NEWCO B1 2026-06-20 rec   TTB    5.00  2026-06-20 2026-07-01 tone
        ILEC  A1 2026-06-01 rec   SUMM1  9.00  2026-06-01 2026-07-01 sum
        """
    )
    made.usoc_rules = [
        {"carrier": "NEWCO", "usoc": code, "relation": relation, "other_usoc": other,
         "valid_from": None, "valid_until": None}
        for code, relation, other in (("1FB", "requires", "PORT1"), ("SUMM1", "summary_of", "TTB"))
    ]  # fmt: skip
    told = found(made)
    assert "line partner_missing" in told
    assert not [one for one in told if "charged_in_summary" in one]


# --- bills ----------------------------------------------------------------------------------------


def moved(*stays: tuple[str, str | None, str | None]) -> pl.DataFrame:
    """Return the stays of one service: account, from, until."""
    rows = [(ban, *(day and dt.date.fromisoformat(day) for day in days)) for ban, *days in stays]
    return pl.DataFrame(
        [("S", "ILEC", ban, start, end, start) for ban, start, end in rows],
        schema={"service": pl.String, "carrier": pl.String, "ban": pl.String,
                "installed_on": pl.Date, "disconnected_on": pl.Date, "home_from": pl.Date},
        orient="row",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("stays", "expected"),
    [
        # The seller bills in the month of the sale once more, the buyer from the next one on.
        ((("01", None, "2026-02-15"), ("02", "2026-02-15", None)),
         ["01 2026-02-10", "02 2026-03-31", "02 2026-04-30"]),
        ((("01", None, "2026-02-01"), ("02", "2026-02-01", None)),
         ["02 2026-02-28", "02 2026-03-31", "02 2026-04-30"]),
        # Moved back: nothing is asked of the first account while the service is away.
        ((("01", None, "2026-02-01"), ("02", "2026-02-01", "2026-04-01"), ("01", "2026-04-01",
          None)), ["01 2026-04-10", "02 2026-02-28", "02 2026-03-31"]),
    ],
)  # fmt: skip
def test_a_bill_is_expected_of_the_account_where_the_services_are_at_home(
    stays: tuple[tuple[str, str | None, str | None], ...], expected: list[str]
) -> None:
    sent = {"carrier": ["ILEC"], "ban": ["01"], "bill_date": [dt.date(2026, 1, 10)]}
    policy = {"id": "C", "carrier": "ILEC", "effective_from": dt.date(2025, 1, 1),
              "accounts": ["0*"]}  # fmt: skip
    found = document_missing(
        pl.DataFrame(sent), moved(*stays), [Contract.model_validate(policy)], dt.date(2026, 5, 9)
    )
    assert [f"{row['ban']} {row['bill_date']}" for row in found.to_dicts()] == expected


# --- whole worlds ---------------------------------------------------------------------------------


@settings(max_examples=3)
@given(moving_worlds(3))
def test_the_kernels_say_of_moving_services_what_the_slow_model_says(made: World) -> None:
    agreed(made)


@settings(max_examples=3)
@given(worlds(3), st.integers(0, 10**6))
def test_a_sale_after_all_that_was_billed_changes_nothing_of_it(made: World, seed: int) -> None:
    if not made.lines:
        return
    before, after = kernel_audit(made), kernel_audit(sold(made, seed))
    assert after.lines.collect().equals(before.lines.collect())
    assert after.findings.equals(before.findings)
    assert after.month_findings.equals(before.month_findings)


def test_without_its_old_homes_a_sold_service_is_unknown_to_its_old_bills() -> None:
    made = world(11, 3)
    after = sold(made, 1)
    after.service_accounts.clear()
    assert len(kernel_audit(after).findings) != len(kernel_audit(made).findings)


@pytest.mark.parametrize("seed", [2, *(pytest.param(n, marks=pytest.mark.soak) for n in (3, 8))])
def test_rows_shuffled_and_lines_judged_share_by_share_say_the_same(seed: int) -> None:
    made = moving_world(seed, 3)
    lines, findings = model_audit(copy.deepcopy(made))
    for said_of in (kernel_audit(made, shuffled=seed), kernel_audit(made, shares=5)):
        told = pl.concat([said_of.findings, said_of.month_findings])
        assert not differences(lines, findings, said_of.lines.collect(), told)


def test_moving_worlds_hold_every_note_of_a_match() -> None:
    notes = {
        row["match_note"] for seed in range(12) for row in model_audit(moving_world(seed, 3))[0]
    }
    assert notes >= {None, "other_ban", "not_at_home", "ambiguous"}
