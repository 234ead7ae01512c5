"""Files of call records become lines of usage to the cent, or say what they lack."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from tapes import examples, settled

from invoices.carrier import ProfileError, Profiles, parse_profile, read, source_of_bytes
from invoices.carrier.reading import Reading

TOLL, TOLL_PROFILE, CALLS, CALLS_PROFILE = examples("usage.md")
USE = "usage"
NAME = "Toll 8310009999 20260301.csv"


def reading(name: str, text: str, profile: str) -> Reading:
    own = Profiles((parse_profile(profile),))
    return read(source_of_bytes(name, "d", text.encode()), None, own)


def calls(found: Reading) -> list[tuple[object, ...]]:
    names = ("wtn", "description", "service_from", "quantity", "amount", "charge_class")
    return found.lines.collect().sort("source_row").select(names).rows()


def test_calls_of_a_portal_become_lines_whose_cents_add_up() -> None:
    found = reading(NAME, TOLL, TOLL_PROFILE)
    bill = settled(found).row(0, named=True)
    assert (bill["status"], bill["ban"]) == ("loaded", "8310009999")
    assert (bill["invoice_no"], bill["bill_date"]) == ("8310009999-20260301", dt.date(2026, 3, 1))
    assert bill["total_due"] == Decimal("0.06")
    assert calls(found) == [
        ("6145550131", "212-555-0100", dt.date(2026, 2, 3), Decimal("12.5"), Decimal("0.04"), USE),
        ("6145550131", "212-555-0101", dt.date(2026, 2, 4), Decimal("1"), Decimal("0.01"), USE),
        ("6145550144", "312-555-0102", dt.date(2026, 2, 4), Decimal("3.2"), Decimal("0.01"), USE),
    ]


def test_calls_in_fixed_records_become_the_same() -> None:
    found = reading("calls.dat", CALLS, CALLS_PROFILE)
    bill = settled(found).row(0, named=True)
    assert (bill["status"], bill["invoice_no"]) == ("loaded", "INV7781")
    assert bill["total_due"] == Decimal("0.06")
    assert [row[3:5] for row in calls(found)] == [
        (Decimal("750"), Decimal("0.04")),
        (Decimal("60"), Decimal("0.01")),
        (Decimal("192"), Decimal("0.01")),
    ]


@pytest.mark.parametrize(
    ("old", "new", "status"),
    [
        ("Total,,,,16.7,0.06", "Total,,,,16.7,0.07", "held"),
        ("614-555-0144,312-555-0102,02/04/2026,17:40:00,3.2,0.0112\n", "", "held"),
        ("Total,,,,16.7,0.06\n", "", "held"),
        ("Total,,,,16.7,0.06", "Total,,,,16.7,0.06", "loaded"),
    ],
)
def test_a_call_that_is_lost_holds_the_bill(old: str, new: str, status: str) -> None:
    assert old in TOLL
    found = reading(NAME, TOLL.replace(old, new), TOLL_PROFILE)
    assert settled(found)["status"].to_list() == [status]


def test_a_lost_record_refuses_the_file() -> None:
    found = reading("calls.dat", CALLS.replace(CALLS.splitlines(True)[2], ""), CALLS_PROFILE)
    assert "tail says calls 3, and the records above come to 2" in found.findings["message"][0]


@pytest.mark.parametrize("field", ["ban", "invoice_no", "bill_date", "amount"])
def test_a_field_that_is_nowhere_is_named(field: str) -> None:
    line = next(line for line in TOLL_PROFILE.splitlines(True) if line.startswith(f"{field} = "))
    with pytest.raises(ProfileError, match=f"part toll: no field {field}"):
        parse_profile(TOLL_PROFILE.replace(line, ""))
