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


@pytest.mark.parametrize(
    ("name", "printed", "left"),
    [
        ("ATT", "AT&T business line", "business line"),
        ("ATT", "at & t, A.T.T. and A T T ring", "and ring"),
        ("ATT", "AT&amp;T line of AT and T", "line"),
        ("AT&T", "AT&#38;T's fee", "fee"),
        ("ATT", "ATT2 port", "port"),
        ("ATT", "AT\u2122 pattern, batt attached", "AT\u2122 pattern, batt attached"),
        ("ATT", "ATT\u2122 line", "line"),
        ("VZ", "VZ2 v.z. line", "VZ2 line"),
        ("Lumen", "L-u-men and L U M E N port", "and port"),
        ("Lumen Technologies, Inc.", "LUMEN DS1 of Lumen Technologies", "DS1"),
        ("Lumen Technologies, Inc.", "Lumen Technologies, Inc.'s Lumen Tech loop", "Tech loop"),
        ("Acme Telephone Company", "Acme Telephone Co charge", "charge"),
        ("Local Telephone Co", "Local Telephone line, local line", "line, local line"),
        (
            "Long Distance Services",
            "Long Distance Services calls, long distance",
            "calls, long distance",
        ),
        ("Operator Services", "Operator assisted call", "Operator assisted call"),
        ("Frontier Communications Group", "Frontier line", "line"),
        ("Co", "Co line", "line"),
    ],
)
def test_a_name_is_known_however_it_is_spelled_and_no_word_is_taken_for_it(
    name: str, printed: str, left: str
) -> None:
    assert left_of(printed, (name,)) == left


def test_words_that_a_brand_hides_besides_are_hidden_as_they_stand() -> None:
    of = lines({"description": "Lakes Services port, lakes port", "usoc": None})
    made, _ = without_carriers(of, NO_CODES, unsaid((), (), ["Lakes Services"]))
    assert made["description"].to_list() == ["port, lakes port"]


def test_services_that_are_called_by_a_carrier_stay_apart() -> None:
    called = ["Ameritech-1", "AT&T-1", "Ameritech", "S2", None]
    of = lines(*({"service": name} for name in called))
    made, _ = without_carriers(of, NO_CODES, unsaid(NAMES, ()))
    assert made["service"].to_list() == ["1 (3)", "1 (1)", "(2)", "S2", None]


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


def test_there_is_room_for_as_many_and_as_long_names_as_a_brand_may_hide() -> None:
    words = [f"{'abcdefghij' * 40}{n:03}" for n in range(100)] + [f"Nm{n} Co" for n in range(100)]
    of = lines({"description": "Line of Nm99 Co", "usoc": None})
    made, _ = without_carriers(of, NO_CODES, unsaid(NAMES, PAPERS, words))
    assert made["description"].to_list() == ["Line"]
