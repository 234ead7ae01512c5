"""Credits find their claims: certain ones are taken, doubtful ones offered, none twice."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from credit_worlds import frames, sound, told
from examples import few
from hypothesis import given
from hypothesis import strategies as st

from reconcile.claims.crediting import match

FILED = """
    N1  T-9001  02-20  0  -
    N2  -       03-20  0  -
    N3  -       -      0  -
    """
LINES = """
    N1  02-05  S1  1FB  02  2.00
    N1  02-05  S2  1FB  02  3.00
    N2  03-05  S1  1FB  03  2.00
    N3  04-05  S1  1FB  04  2.00
    N3  04-05  S4  TTB  04  7.00
    """
CASES = {
    "by the carrier's number, whatever else is said": (
        "C1  03-05  S9  XYZ  -  4.00  adjustment t9001.",
        ["C1  N1/0  2.00  tracking_no", "C1  N1/1  2.00  tracking_no"],
    ),
    "by our number, on the line it names first": (
        "C1  03-05  S2  1FB  -  3.50  re N1 dispute\nC2 03-05 - - - 9.00 claim T-9001 interest",
        # N1 is shorter than a number may be to be known among others.
        ["C2  N1/0  2.00  tracking_no", "C2  N1/1  3.00  tracking_no"],
    ),
    "by line, in the period that is said": (
        "C1  04-05  S1  1FB  03  2.00",
        ["C1  N2/2  2.00  line"],
    ),
    "not by a line of another period": ("C1  04-05  S1  1FB  01  2.00", []),
    "offered where two claims could be meant": (
        "C1  04-05  S1  1FB  -  2.00",
        ["offer  C1  N1  2.00  line", "offer  C1  N2  2.00  line"],
    ),
    "as many credits as lines are for them all": (
        "C1  04-05  S1  1FB  -  2.00\nC2  04-05  S1  1FB  -  2.00",
        ["C1  N1/0  2.00  line", "C2  N2/2  2.00  line"],
    ),
    "of one line not twice": (
        "C1  03-05  S2  1FB  02  3.00\nC2  03-05  S2  1FB  02  3.00",
        ["C1  N1/1  3.00  line"],
    ),
    "within the tolerance of a period": (
        "C1  03-05  S2  -  02  2.97",
        ["C1  N1/1  2.97  period"],
    ),
    "within the tolerance and of another service or code it is for nobody": (
        "C1  03-05  S2  TTB  02  2.97\nC2  03-05  -  TTB  02  2.97\nC3  03-05  S8  -  02  2.97",
        [],
    ),
    "beyond the tolerance it is offered": (
        "C1  03-05  S2  1FB  02  2.94",
        ["offer  C1  N1  2.94  part"],
    ),
    "all of a claim in one": (
        "C1  03-05  -  -  -  5.00",
        ["C1  N1/0  2.00  claim", "C1  N1/1  3.00  claim"],
    ),
    "all of a claim in several of a bill": (
        "C1  03-05  -  -  -  4.00\nC2  03-05  -  -  -  1.00",
        [
            "C1  N1/0  2.00  claim",
            "C1  N1/1  2.00  claim",
            "C2  N1/1  1.00  claim",
        ],
    ),
    "all of two claims in several of a bill, by their periods": (
        "C1 04-05 - - 02 4.00\nC2 04-05 - - 02 1.00\nC3 04-05 - - 03 1.50\nC4 04-05 - - 03 0.50",
        [
            "C1  N1/0  2.00  claim",
            "C1  N1/1  2.00  claim",
            "C2  N1/1  1.00  claim",
            "C3  N2/2  1.50  claim",
            "C4  N2/2  0.50  claim",
        ],
    ),
    "several for another service or period are for nobody": (
        "C1 03-05 S8 - - 4.00\nC2 03-05 S9 - - 1.00\nC3 04-05 - - 01 4.00\nC4 04-05 - - 01 1.00",
        [],
    ),
    "several of two bills are for nobody": ("C1 03-05 - - - 4.00\nC2 04-05 - - - 1.00", []),
    "a claim that is not filed is offered only": (
        "C1  05-05  S4  TTB  04  7.00",
        ["offer  C1  N3  7.00  line"],
    ),
    "a credit from before the filing is offered only": (
        "C1  02-15  S2  1FB  02  3.00",
        ["offer  C1  N1  3.00  line"],
    ),
    "a credit on the bill itself is none": ("C1  02-05  S2  1FB  02  3.00", []),
    "a line that is no adjustment is offered only": (
        "C1  03-05  S2  1FB  02  3.00  recurring",
        ["offer  C1  N1  3.00  line"],
    ),
    "a credit on the bill itself is none, be it all of a claim": (
        "C1  02-05  -  -  -  5.00",
        [],
    ),
    "several on the bill itself are none": ("C1 02-05 - - - 4.00\nC2 02-05 - - - 1.00", []),
    "a credit on the day its claim was filed is for it": (
        "C1  02-20  S2  1FB  02  3.00",
        ["C1  N1/1  3.00  line"],
    ),
    "a credit from the day a period ended is for no day of it": (
        "C1  05-05  S2  1FB  03  3.00",
        [],
    ),
    "a credit up to the day a period began is for no day of it": (
        "C1  05-05  S4  TTB  03  7.00",
        [],
    ),
    "a credit of 0.00 is none": ("C1  03-05  S2  1FB  02  0.00  T-9001", []),
    "what is no adjustment is offered for what is left of the claim it names": (
        "C1  03-05  S2  1FB  02  3.00\nC2  03-05  -  -  -  9.00  recurring T-9001",
        ["C1  N1/1  3.00  line", "offer  C2  N1  2.00  tracking_no"],
    ),
    "and not offered where nothing is left": (
        "C1  03-05  -  -  -  5.00\nC2  03-05  -  -  -  9.00  recurring T-9001",
        ["C1  N1/0  2.00  claim", "C1  N1/1  3.00  claim"],
    ),
    "what nobody claimed stays with nobody": ("C1  03-05  S7  1FB  02  11.00", []),
}


@pytest.mark.parametrize("name", CASES)
def test_a_credit_is_for(name: str) -> None:
    credits, expected = CASES[name]
    assert told(FILED, LINES, credits) == expected


def test_what_was_granted_is_known_when_it_comes() -> None:
    claims = "N1  -  02-20  3.00  2.00"
    lines = "N1  02-05  S1  1FB  02  2.50\nN1  02-05  S2  1FB  02  2.50"
    assert told(claims, lines, "C1  03-05  -  -  -  2.00") == ["C1  N1/0  2.00  claim"]
    # It may be said to be for a service of the claim, where that has the room.
    assert told(claims, lines, "C1  03-05  S2  1FB  -  2.00") == ["C1  N1/1  2.00  claim"]
    assert told(claims, lines, "C1  03-05  S2  1FB  03  2.00") == []
    assert told(claims, lines, "C1  03-05  S3  1FB  -  2.00") == []
    small = "N1  02-05  S1  1FB  02  4.00\nN1  02-05  S2  1FB  02  1.00"
    assert told(claims, small, "C1  03-05  S2  1FB  -  2.00") == ["offer  C1  N1  1.00  part"]


def test_several_credits_that_are_a_claim_are_not_one_that_is_like_a_service() -> None:
    claims = "N1  -  02-20  1.50  4.50"
    lines = "".join(f"N1 02-05 S{n} 1FB 02 {n}.00\n" for n in (1, 2, 3))
    credits = "C1  03-05  -  -  -  2.50\nC2  03-05  -  -  -  2.00"
    assert told(claims, lines, credits) == [
        "C1  N1/0  1.00  claim",
        "C1  N1/1  1.50  claim",
        "C2  N1/1  0.50  claim",
        "C2  N1/2  1.50  claim",
    ]
    # Where one of them is all of a claim, that stands before.
    claims += "\nN2  -  02-20  0  -"
    lines += "N2 02-05 S5 1FB 02 2.50\n"
    assert told(claims, lines, credits)[0] == "C1  N2/3  2.50  claim"


def test_what_was_denied_is_credited_only_where_the_claim_is_named() -> None:
    claims, lines = "N1  T-9001  02-20  2.00  0", "N1  02-05  S1  1FB  02  2.00"
    assert told(claims, lines, "C1  03-05  S1  1FB  02  2.00") == []
    assert told(claims, lines, "C1  03-05  S1  1FB  02  2.00  T-9001") == [
        "C1  N1/0  2.00  tracking_no"
    ]


def test_a_number_is_a_name_from_four_letters_or_digits_on() -> None:
    lines, credit = "N1  02-05  S1  1FB  02  2.00", "C1  03-05  -  -  -  9.00  cr "
    named = ["C1  N1/0  2.00  tracking_no"]
    for number, expected in (("T-901", named), ("T-90", [])):
        assert told(f"N1  {number}  02-20  0  -", lines, credit + number) == expected


@pytest.mark.parametrize(
    ("room", "credit", "taken"),
    [
        # The tolerance of a claim is 0.05; no more is taken than a line has room for.
        ("2.99", "3.04", "2.99"),
        ("3.04", "2.99", "2.99"),
        ("3.00", "3.00", "3.00"),
        ("2.99", "3.05", None),
        ("3.05", "2.99", None),
    ],
)
def test_a_credit_for_a_period_may_be_off_by_the_tolerance(
    room: str, credit: str, taken: str | None
) -> None:
    lines = f"N1  02-05  S1  1FB  02  {room}\nN1  02-05  S3  1FB  01  9.00"
    found = told("N1  -  02-20  0  -", lines, f"C1  03-05  -  1FB  02  {credit}")
    assert found == ([] if taken is None else [f"C1  N1/0  {taken}  period"])


def test_a_line_without_room_waits_for_nothing() -> None:
    lines = "N1  02-05  S1  1FB  02  0.00\nN1  02-05  S2  1FB  02  3.00"
    assert told("N1  -  02-20  0  -", lines, "C1  03-05  S1  1FB  02  1.50") == []


def test_a_later_credit_is_for_what_an_earlier_one_left() -> None:
    lines = "N1 02-05 S1 1FB 02 4.00\nN1 02-05 S2 1FB 02 2.50\nN1 02-05 S3 1FB 02 2.50"
    one = "C1 03-05 S1 1FB 02 4.00\n"
    first = "C1  N1/0  4.00  line"
    # All of the rest; what is left of 8.00 that are not denied; of 7.00 that were granted.
    for claim, much, taken in (("0 -", "5.00", "2.50"), ("1.00 -", "4.00", "1.50")):
        found = told(f"N1 T-9001 02-20 {claim}", lines, f"{one}C2 04-05 - - - {much}")
        assert found == [first, "C2  N1/1  2.50  claim", f"C2  N1/2  {taken}  claim"]
    found = told("N1 T-9001 02-20 1.00 7.00", lines, f"{one}C2 04-05 - - - 3.00")
    assert found == [first, "C2  N1/1  2.50  claim", "C2  N1/2  0.50  claim"]
    # What is left of a line.
    part = "C1 03-05 S1 1FB 02 1.50 T-9001\nC2 04-05 S1 1FB 02 2.50"
    assert told("N1 T-9001 02-20 0 -", lines, part) == [
        "C1  N1/0  1.50  tracking_no",
        "C2  N1/0  2.50  line",
    ]


def test_two_claims_named_at_once_are_offered() -> None:
    claims = "N1  T-9001  02-20  0  -\nN2  T-9002  02-20  0  -"
    lines = "N1  02-05  S1  1FB  02  2.00\nN2  02-05  S2  1FB  02  3.00"
    assert told(claims, lines, "C1  03-05  -  -  -  4.00  T-9001 T-9002") == [
        "offer  C1  N1  2.00  tracking_no",
        "offer  C1  N2  3.00  tracking_no",
    ]


AMOUNTS = st.sampled_from(["1.00", "1.02", "2.00", "3.00", "5.00"])


@st.composite
def worlds(draw: st.DrawFn) -> tuple[str, str, str]:
    names = [f"N{n}" for n in range(draw(st.integers(1, 4)))]
    claims = [
        f"{name} {draw(st.sampled_from(['-', f'T-90{name}']))}"
        f" {draw(st.sampled_from(['-', '02-20', '02-20', '03-20']))}"
        f" 0 {draw(st.sampled_from(['-', '1.00', '2.00']))}"
        for name in names
    ]
    lines, credits = [], []
    for name in names:
        for _ in range(draw(st.integers(1, 4))):
            place = f"{draw(st.sampled_from(['02-05', '03-05']))}"
            code = f"S{draw(st.integers(1, 2))} {draw(st.sampled_from(['1FB', 'TTB']))}"
            month = draw(st.sampled_from(["02", "03"]))
            lines.append(f"{name} {place} {code} {month} {draw(AMOUNTS)}")
    for n in range(draw(st.integers(0, 8))):
        subject = draw(st.sampled_from(["-", "S1", "S2", "S3"]))
        usoc = draw(st.sampled_from(["-", "1FB", "TTB"]))
        month = draw(st.sampled_from(["-", "02", "03"]))
        words = draw(st.sampled_from(["", "T-90N0", "re T-90N1", "recurring", "T-90N0 T-90N1"]))
        billed = draw(st.sampled_from(["03-05", "04-05"]))
        credits.append(f"C{n} {billed} {subject} {usoc} {month} {draw(AMOUNTS)} {words}")
    return "\n".join(claims), "\n".join(lines), "\n".join(credits)


def model_named(credits: list[dict[str, Any]], claims: list[dict[str, Any]]) -> dict[str, Decimal]:
    """Say how much of each claim the credits take that name it and no other, one by one."""
    left = {c["claim_no"]: c["left"] for c in claims}
    known = {(c["tracking_no"] or "").replace("-", ""): c for c in claims if c["tracking_no"]}
    taken: dict[str, Decimal] = defaultdict(Decimal)
    for credit in sorted(credits, key=lambda c: (c["bill_date"], c["invoice_no"], c["credit_id"])):
        words = credit["words"].replace("-", "").split()
        named = [known[word] for word in words if word in known]
        if len(named) == 1 and named[0]["filed_on"] and credit["certain"]:
            number = named[0]["claim_no"]
            given = min(credit["amount"], left[number])
            left[number] -= given
            taken[number] += given
    return {number: amount for number, amount in taken.items() if amount}


def model_lines(
    credits: list[dict[str, Any]], claims: dict[str, dict[str, Any]], lines: list[dict[str, Any]]
) -> set[str]:
    """Say which credits of exactly a line's amount, code and period are certain, by counting."""
    certain = set()
    key = ("subject", "usoc", "starts")

    def alike(one: dict[str, Any], other: dict[str, Any], amount: str) -> bool:
        return all(one[name] == other[name] for name in key) and one["amount"] == other[amount]

    for credit in credits:
        if None in [credit[name] for name in key]:
            continue
        fits = [
            line
            for line in lines
            if alike(credit, line, "room") and line["bill_date"] < credit["bill_date"]
        ]
        filed = [
            line
            for line in fits
            if claims[line["claim_no"]]["filed_on"]
            and claims[line["claim_no"]]["filed_on"] <= credit["bill_date"]
        ]
        rivals = [c for c in credits if alike(c, credit, "amount")]
        if len(filed) == 1 and len(fits) == 1 and len(rivals) == 1 and credit["certain"]:
            certain.add(credit["credit_id"])
    return certain


@few(10)
@given(world=worlds())
def test_no_cent_is_taken_twice_and_what_is_certain_is_taken(world: tuple[str, str, str]) -> None:
    given = frames(*world)
    taken, offered = match(*given)
    sound(*given, taken, offered)
    credits, claims, lines = (frame.to_dicts() for frame in given)
    by_number = taken.filter(pl.col("matched_by") == "tracking_no")
    sums = by_number.group_by("claim_no").agg(pl.col("amount").sum())
    assert dict(sums.iter_rows()) == model_named(credits, claims)
    if by_number.is_empty():
        sure = model_lines(credits, {c["claim_no"]: c for c in claims}, lines)
        assert sure <= set(taken.filter(pl.col("matched_by") == "line")["credit_id"])
    again = match(given[0].reverse(), given[1].reverse(), given[2].reverse())
    assert again.taken.equals(taken)
    assert again.offered.equals(offered)
