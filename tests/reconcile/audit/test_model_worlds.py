"""The slow model on whole invented worlds: each cent is accounted for, whatever the order."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from decimal import Decimal as D

from hypothesis import given, settings
from model import model_audit
from worlds import World, world, worlds
from worlds_tables import REFERENCE, frames, to_csv, to_tables, to_toml, to_usoc_lines

from invoices.schema import LINES
from reconcile.contracts import read_contracts


@settings(max_examples=15, deadline=None)
@given(worlds())
def test_every_line_of_a_world_is_audited_once_and_its_cents_are_accounted_for(made: World):
    lines, findings = model_audit(made)
    assert sorted(row["line_id"] for row in lines) == sorted(row["line_id"] for row in made.lines)
    stakes: dict[str, Decimal] = {}
    for row in findings:
        if row["line_id"]:
            stakes[row["line_id"]] = stakes.get(row["line_id"], D(0)) + row["amount_at_stake"]
    amounts = {row["line_id"]: row["amount"] for row in made.lines}
    for row in lines:
        assert row["at_stake"] == stakes.get(row["line_id"], 0)
        if row["expected"] is not None:
            explained = row["expected"] + row["at_stake"] + row["tolerated"] - row["underbilled"]
            assert explained == amounts[row["line_id"]]


@settings(max_examples=20, deadline=None)
@given(worlds(2))
def test_several_months_at_once_are_what_month_by_month_gives(made: World):
    def months(world: World) -> list[tuple[int, int]]:
        days = sorted({d["bill_date"] for d in world.documents})
        return sorted({(day.year, day.month) for day in days})

    whole = {(f["line_id"], f["code"]): f for f in model_audit(made)[1] if f["line_id"]}
    for month in months(made):
        seen = [d for d in made.documents if (d["bill_date"].year, d["bill_date"].month) <= month]
        ids = {d["document_id"] for d in seen}
        part = World(**{**vars(made), "documents": seen,
                        "lines": [x for x in made.lines if x["document_id"] in ids]})  # fmt: skip
        for finding in model_audit(part)[1]:
            if finding["line_id"]:
                assert whole[finding["line_id"], finding["code"]] == finding


def test_a_world_is_the_same_for_the_same_seed_and_holds_every_kind_of_finding():
    assert vars(world(7, 3)) == vars(world(7, 3))
    seen = {f["code"] for seed in range(40) for f in model_audit(world(seed, 3))[1]}
    assert seen >= {
        "account_unknown", "backbilled_too_late", "charged_twice", "service_unknown",
        "billed_after_disconnect", "billed_before_install", "one_time_charge_not_due",
        "element_not_ordered", "tax_on_exempt_account", "surcharge_not_due",
        "surcharge_above_cap", "charged_in_summary", "quantity_above_inventory",
        "rate_above_contract", "package_above_contract", "proration_wrong", "extension_wrong",
        "usoc_unknown", "rate_missing", "rate_below_contract", "element_not_billed",
        "partner_missing", "match_doubtful",
    }  # fmt: skip


def test_a_world_can_be_told_as_frames_and_as_files():
    made = world(11, 3)
    lines, reference = frames(made)
    assert lines.collect_schema() == LINES
    assert lines.collect().height == len(made.lines)
    assert set(reference) == {*REFERENCE, "documents"}
    for name, rows in to_tables(made).items():
        columns = tuple(rows[0]) if rows else None
        assert len(to_csv(rows, columns).splitlines()) == len(rows) + 1, name
    told = read_contracts(to_toml(made))
    assert [c.billing for c in told] == [c.billing for c in made.contracts]
    assert [c.accounts for c in told] == [c.accounts for c in made.contracts]
    files = to_usoc_lines(made)
    assert sum(len(text.splitlines()) - 2 for text in files.values()) == len(made.lines)
    assert dt.date.min < made.documents[0]["bill_date"]
