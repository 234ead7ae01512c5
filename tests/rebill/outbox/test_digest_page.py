"""The digest as a page: what is to be done first, links that lead somewhere, money that foots."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal as D
from pathlib import Path
from urllib.parse import unquote

import nights
import polars as pl
import pytest
from nights import USUAL, bill, put
from shell import Call, rows

from rebill.books.month_sold import last_sold
from rebill.outbox.digest_page import _by_carrier, digest_html
from rebill.outbox.to_do import Morning, to_do
from rebill.store.record import reading
from rebill.workspace.settings import Workspace
from reconcile.findings import CODES, REASONS


def words_of(page: str) -> str:
    return " ".join(re.sub("<style>.*?</style>|<[^>]+>", " ", page, flags=re.S).split())


@pytest.fixture
def near(place: Workspace, rebill: Call) -> Workspace:
    """A workspace on whose last night two claims are near their last day, and one bill is held."""
    odd = bill(3, USUAL, ban="305R010002", number="O'DD/3", charges="99.00")
    put(place, [("a.csv", bill(3, USUAL)), ("held.csv", odd)])
    rebill("nightly", "--as-of", "2026-05-28")
    return place


def test_the_page_says_what_to_do_first_and_links_what_lies_beside_it(near: Workspace) -> None:
    page = (near.outbox / "digest.html").read_text()
    places = [unquote(place) for place in re.findall('href="([^"]+)"', page)]
    assert any(place.startswith("claims/2026-03/D-") for place in places)
    assert any(place.startswith("invoices/2026-03/") for place in places)
    for place in places:
        assert not Path(place).is_absolute() and (near.outbox / place).is_file(), place
    said = words_of(page)
    first = said.index("To do first")
    assert first < said.index("rebill disputes submit D-00000") < said.index("Held and refused")
    assert "2 claims to file, the first by 2026-06-03, $18.67" in said
    assert "1 bill held, $99.00" in said and "rebill documents accept" in said


def test_invoices_and_their_margin_foot_with_the_record(near: Workspace) -> None:
    bills = nights.table(near, "customer_invoices").filter(pl.col("status") != "void")
    lines = nights.table(near, "customer_lines")
    with reading(near) as record:
        sold = last_sold(record)
    assert sold is not None and sold.month == "2026-03"
    assert sold.sum("total") == sum(map(D, bills["total"]))
    assert sold.sum("margin") == sum(map(D, lines["margin"].drop_nulls()))
    (row,) = [r for r in rows((near.outbox / "digest.csv").read_text()) if r["section"] == "sold"]
    assert D(row["amount"]) == sold.sum("total") and f"margin {sold.sum('margin')}" in row["text"]
    assert f"${sold.sum('margin'):,.2f}" in (near.outbox / "digest.html").read_text()


def test_claims_to_file_are_by_carrier_then_day_then_money() -> None:
    told = [
        ("2026-06-09", "D-1", "A", "1.00"), ("2026-06-03", "D-2", "B", "2.00"),
        ("2026-06-09", "D-3", "A", "9.00"), ("2026-06-05", "D-4", "A", "3.00"),
    ]  # fmt: skip
    found = [
        {"file_by": dt.date.fromisoformat(day), "claim_no": no, "carrier": of, "amount": D(money)}
        for day, no, of, money in told
    ]
    made = _by_carrier(found)
    assert [(one["carrier"], [row["claim_no"] for row in one["rows"]]) for one in made] == [
        ("B", ["D-2"]),
        ("A", ["D-4", "D-3", "D-1"]),
    ]
    assert {code.reason for code in CODES if code.reason} <= set(REASONS)


def test_a_night_on_which_nothing_happened_is_a_sentence(place: Workspace) -> None:
    with reading(place) as record:
        morning = Morning(record, record.last_as_of())
        digest, work = morning.digest, to_do(morning)
    page = digest_html(digest, None, work, None, {})
    assert "<table" not in page and len(words_of(page)) < 300
    assert "Nothing came, nothing is held, no claim is near its last day" in page


def test_the_command_beside_claims_that_are_ready_lists_them(
    place: Workspace, rebill: Call
) -> None:
    put(place, [("a.csv", bill(3, USUAL))])
    rebill("nightly", "--as-of", "2026-03-20")
    said = words_of((place.outbox / "digest.html").read_text())
    ready = nights.table(place, "claims").filter(status="ready")
    assert f"{ready.height} claims ready to file" in said
    (command,) = set(re.findall("rebill (disputes list --status [a-z]+)", said))
    listed = rebill(*command.split(), "--as-of", "2026-03-20")[1]
    assert ready.height and all(number in listed for number in ready["claim_no"])
