"""A brand that hides carriers: what is left of texts, and that no name comes back."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal as D

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from invoice_pages import CODES, lines

from invoices.customer.circuits import spelled_once
from invoices.customer.hiding import unsaid, without_carriers

NAMES = ("Ameritech", "AT&T", "Ohio & Lakes Bell", "LD", None)
PAPERS = ("mvqbhbwp6t", "614 R01-0042 123", "INV3", None)
NO_CODES = pl.DataFrame(schema=CODES)


def left_of(text: str | None, names: tuple[str | None, ...] = NAMES) -> str | None:
    """Return what stays of a description whose code the catalogue does not know."""
    of = lines({"description": text, "usoc": None})
    made, _ = without_carriers(of, NO_CODES, unsaid(names, PAPERS))
    return str(told) if (told := made["description"][0]) is not None else None


@pytest.mark.parametrize(
    ("printed", "left"),
    [
        ("Business line", "Business line"),
        ("LDX plan, 2 \u00bd hours", "LDX plan, 2 \u00bd hours"),
        ("Ameritech's line", "line"),
        ("AMERITECHOHIO local", "local"),
        ("ameritech_ohio tax", "ohio tax"),
        ("AT & T charges", "charges"),
        ("ATT usage", "usage"),
        ("Call credit (OHIO & LAKES BELL)", "Call credit"),
        ("Calls provided by Ohio and Lakes Bell", "Calls provided"),
        ("Port provided by AMERITECH", "Port provided"),
        ("ld ld LD calls", "calls"),
        ("\uff21\uff2d\uff25\uff32\uff29\uff34\uff25\uff23\uff28 line", "line"),
        ("AME\u200bRITECH line", "line"),
        ("Am\u00e9ritech-line", "line"),
        ("A m e r i t e c h", None),
        ("Credit on mvqbhbwp6t-37 of INV3", "Credit"),
        ("614 R01-0042 123", None),
        (None, None),
    ],
)
def test_names_and_numbers_of_carriers_are_taken_out_of_what_is_printed(
    printed: str | None, left: str | None
) -> None:
    assert left_of(printed) == left


WORDS = st.text(st.sampled_from("abeiorstAB&'\u00e9\u0130\u00df.- 12"), min_size=5, max_size=12)


@given(WORDS, st.sampled_from(["{}", "{}'s line", "x {} {} y", "pre{}post", "({})", "a-{}_b"]))
def test_no_name_whatever_is_left(name: str, printed: str) -> None:
    for spelled in (name, name.upper(), name.title()):
        left = left_of(printed.format(spelled, spelled), (name,))
        letters, words = squeezed(name), " ".join(plain(left or "").split()).split()
        if len(letters) >= 5:
            assert not [word for word in words if letters in squeezed(word)]


def plain(text: str) -> str:
    marks = unicodedata.normalize("NFKD", text)
    return "".join(sign for sign in marks if not unicodedata.category(sign).startswith("M"))


def squeezed(text: str) -> str:
    return re.sub(r"[\W_]", "", plain(text)).upper()


def test_lines_keep_their_sum_and_one_order_and_codes_their_names() -> None:
    codes = pl.DataFrame([("ILEC", "1MB", "ILEC measured line")], schema=CODES, orient="row")
    of = lines(
        {"line_id": "d-10", "description": "1mb"},
        {"line_id": "d-9", "description": "ILEC", "price": D("3.00"), "bundle": "ILEC pack"},
        {"line_id": None, "description": "State tax", "service": "S ILEC 1"},
    )
    what = unsaid(["ILEC"], [])
    made, catalogue = without_carriers(of, codes, what)
    again, _ = without_carriers(of.reverse(), codes, what)
    assert made.equals(again) and catalogue.is_empty()
    assert made.select("description", "service", "bundle").rows() == [
        ("measured line", "SV1", "pack"),
        ("measured line", "SV1", None),
        ("State tax", "S 1", None),
    ]
    assert made["price"].sum() == of["price"].sum()
    assert made["carrier"].is_null().all() and made["line_id"].is_null().all()


def test_a_circuit_has_one_spelling_on_an_invoice_that_of_the_inventory_first() -> None:
    of = pl.DataFrame(
        {
            "invoice_no": ["N-1"] * 4 + ["N-2"],
            "service": ["S1", "S1", None, None, None],
            "circuit_id": [
                *("36LXFS0001OB", "36/LXFS/0001/OB", "7hcgs01", "7 HCGS.01", "36LXFS0001OB"),
            ],
        }
    )
    services = pl.DataFrame({"service": ["S1"], "circuit_id": ["36 LXFS 0001 OB"]})
    assert spelled_once(of, services)["circuit_id"].to_list() == [
        *("36 LXFS 0001 OB", "36 LXFS 0001 OB", "7 HCGS.01", "7 HCGS.01", "36LXFS0001OB"),
    ]
