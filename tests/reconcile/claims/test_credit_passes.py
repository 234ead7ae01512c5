"""What each pass takes of credits and what it offers: on the day, on the cent, of two alike."""

from __future__ import annotations

import pytest
from credit_worlds import passed

from reconcile.claims.credits_by_line import by_line, by_number, by_period, by_shared_line
from reconcile.claims.credits_by_sum import by_bill, by_sum, by_whole_bill

FILED = "N1 T-901 02-20 0 -\nN2 T-90 02-20 0 -\nN3 - - 0 -"
LINE = "N1 02-05 S1 1FB 02 3.00"


@pytest.mark.parametrize(
    ("credits", "found"),
    [
        ("C1 03-05 - - - 9.00 cr T901", ["C1 N1 - 9.00"]),
        # A number is a name from four letters or digits on.
        ("C1 03-05 - - - 9.00 cr T-90", []),
        ("C1 03-05 - - - 9.00 recurring T-901", ["offer C1 N1 3.00"]),
        ("C1 03-05 - - - 2.00 recurring T-901", ["offer C1 N1 2.00"]),
    ],
)
def test_by_number(credits: str, found: list[str]) -> None:
    assert passed(by_number, FILED, LINE, credits) == found


def test_by_two_numbers() -> None:
    claims, lines = "N1 T-901 02-20 0 -\nN2 T-902 02-20 0 -", f"{LINE}\nN2 02-05 S2 1FB 02 4.00"
    both = ["offer C1 N1 3.00", "offer C1 N2 4.00"]
    assert passed(by_number, claims, lines, "C1 03-05 - - - 9.00 T901 T902") == both


@pytest.mark.parametrize(
    ("lines", "credits", "found"),
    [
        (LINE, "C1 03-05 S1 1FB - 3.00", ["C1 N1 N1/0 3.00"]),
        (LINE, "C1 03-05 S1 1FB 02 2.99", []),
        # Half-open: neither the month after nor the one before is of its period.
        (LINE, "C1 05-05 S1 1FB 03 3.00", []),
        (LINE.replace(" 02 ", " 03 "), "C1 05-05 S1 1FB 02 3.00", []),
        # A bill after the claim's own; taken from the day of its filing on.
        (LINE, "C1 02-05 S1 1FB 02 3.00", []),
        (LINE, "C1 02-06 S1 1FB 02 3.00", ["offer C1 N1 3.00"]),
        (LINE, "C1 02-19 S1 1FB 02 3.00", ["offer C1 N1 3.00"]),
        (LINE, "C1 02-20 S1 1FB 02 3.00", ["C1 N1 N1/0 3.00"]),
        (LINE, "C1 03-05 S1 1FB 02 3.00 recurring", ["offer C1 N1 3.00"]),
        # Two lines alike of one claim, of two claims, and as many credits as lines.
        (f"{LINE}\n{LINE}", "C1 03-05 S1 1FB 02 3.00", ["C1 N1 N1/0 3.00"]),
        (
            f"{LINE}\n{LINE.replace('N1', 'N2')}",
            "C1 03-05 S1 1FB 02 3.00",
            ["offer C1 N1 3.00", "offer C1 N2 3.00"],
        ),
        (
            f"{LINE}\n{LINE.replace('N1', 'N2')}",
            "C1 03-05 S1 1FB 02 3.00\nC2 03-05 S1 1FB 02 3.00",
            ["C1 N1 N1/0 3.00", "C2 N2 N2/1 3.00"],
        ),
        # Of claims of which one was not filed the filed one is meant.
        (
            f"{LINE}\n{LINE.replace('N1', 'N3')}",
            "C1 03-05 S1 1FB 02 3.00",
            ["C1 N1 N1/0 3.00"],
        ),
    ],
)
def test_by_line(lines: str, credits: str, found: list[str]) -> None:
    assert passed(by_line, FILED, lines, credits) == found


GREW = "N1 02-05 S1 1FB 02 3.00 L:rate\nN2 02-05 S1 1FB 02 5.00 L:twice"
BOTH = ["C1 N1 L:rate 3.00", "C1 N2 L:twice 5.00"]


@pytest.mark.parametrize(
    ("lines", "credits", "found"),
    [
        (GREW, "C1 03-05 S1 1FB 02 8.00", BOTH),
        (GREW, "C1 03-05 S1 1FB - 8.00", BOTH),
        (GREW, "C1 03-05 S1 1FB 02 7.99", []),
        (GREW, "C1 02-05 S1 1FB 02 8.00", []),
        (GREW, "C1 02-19 S1 1FB 02 8.00", []),
        (GREW, "C1 02-20 S1 1FB 02 8.00", BOTH),
        (GREW, "C1 05-05 S1 1FB 03 8.00", []),
        # Two credits for one line, and one for two lines.
        (GREW, "C1 03-05 S1 1FB 02 8.00\nC2 03-05 S1 1FB 02 8.00", []),
        (f"{GREW}\n{GREW.replace('L:', 'M:')}", "C1 03-05 S1 1FB 02 8.00", []),
        # One claim that holds two findings of a line is asked for by its sum.
        (GREW.replace("N2", "N1"), "C1 03-05 S1 1FB 02 8.00", []),
    ],
)
def test_by_a_line_that_several_claims_hold(lines: str, credits: str, found: list[str]) -> None:
    claims = f"{FILED}\nN4 - 03-20 0 -"
    assert passed(by_shared_line, claims, lines, credits) == found


def test_a_credit_on_the_bill_itself_is_none_though_the_claim_was_filed_that_day() -> None:
    claims = "N1 - 02-05 0 -\nN2 - 02-05 0 -"
    assert passed(by_shared_line, claims, GREW, "C1 02-05 S1 1FB 02 8.00") == []
    assert passed(by_shared_line, claims, GREW, "C1 02-06 S1 1FB 02 8.00") == BOTH


@pytest.mark.parametrize(
    ("lines", "credits", "found"),
    [
        # The tolerance is 0.05.
        ("N1 02-05 S1 1FB 02 2.99", "C1 03-05 - - 02 3.04", ["C1 N1 N1/0 3.04"]),
        ("N1 02-05 S1 1FB 02 3.04", "C1 03-05 - - 02 2.99", ["C1 N1 N1/0 2.99"]),
        ("N1 02-05 S1 1FB 02 3.00", "C1 03-05 - - 02 3.05", ["C1 N1 N1/0 3.05"]),
        ("N1 02-05 S1 1FB 02 2.99", "C1 03-05 - - 02 3.05", []),
        ("N1 02-05 S1 1FB 02 3.05", "C1 03-05 - - 02 2.99", []),
        # What is said of it is true of the line.
        (LINE, "C1 03-05 S1 1FB 02 2.98", ["C1 N1 N1/0 2.98"]),
        (LINE, "C1 03-05 S2 - 02 2.98", []),
        (LINE, "C1 03-05 - TTB 02 2.98", []),
        (LINE, "C1 03-05 - - - 2.98", []),
        (LINE, "C1 05-05 - - 03 2.98", []),
        (LINE, "C1 02-19 - - 02 2.98", ["offer C1 N1 2.98"]),
        # Two credits for a line, one for two lines.
        (
            LINE,
            "C1 03-05 - - 02 2.98\nC2 03-05 - - 02 3.02",
            ["offer C1 N1 2.98", "offer C2 N1 3.00"],
        ),
        (
            f"{LINE}\nN2 02-05 S2 1FB 02 3.01",
            "C1 03-05 - - 02 2.98",
            ["offer C1 N1 2.98", "offer C1 N2 2.98"],
        ),
    ],
)
def test_by_period(lines: str, credits: str, found: list[str]) -> None:
    assert passed(by_period, FILED, lines, credits) == found


TWO = "N1 02-05 S1 1FB 02 3.00\nN1 02-05 S2 TTB 02 5.00"


@pytest.mark.parametrize(
    ("lines", "credits", "found"),
    [
        (TWO, "C1 03-05 - - - 8.00", ["C1 N1 - 8.00"]),
        (TWO, "C1 03-05 S1 - - 3.00", ["C1 N1 - 3.00"]),
        (TWO, "C1 03-05 S2 - - 3.00", []),
        (TWO, "C1 03-05 S2 TTB - 5.00", ["C1 N1 - 5.00"]),
        (TWO, "C1 03-05 - - - 7.99", []),
        (TWO, "C1 02-05 - - - 8.00", []),
        (TWO, "C1 02-19 - - - 8.00", ["offer C1 N1 8.00"]),
        (TWO, "C1 05-05 - - 03 8.00", []),
        # Two credits for a claim, one for two claims.
        (
            TWO,
            "C1 03-05 - - - 8.00\nC2 03-05 - - - 8.00",
            ["offer C1 N1 8.00", "offer C2 N1 8.00"],
        ),
        (
            f"{TWO}\nN2 02-05 S3 1FB 02 8.00",
            "C1 03-05 - - - 8.00",
            ["offer C1 N1 8.00", "offer C1 N2 8.00"],
        ),
    ],
)
def test_by_sum(lines: str, credits: str, found: list[str]) -> None:
    assert passed(by_sum, FILED, lines, credits) == found


def test_by_the_sum_of_a_service_and_a_code_of_it() -> None:
    lines = "N1 02-05 S1 1FB 02 3.00\nN1 02-05 S1 TTB 02 5.00\nN1 02-05 S2 1FB 02 1.00"
    for credit, found in (
        ("C1 03-05 S1 1FB - 3.00", ["C1 N1 - 3.00"]),
        ("C1 03-05 S1 TTB - 3.00", []),
        ("C1 03-05 S1 - - 8.00", ["C1 N1 - 8.00"]),
        ("C1 03-05 S2 - - 8.00", []),
    ):
        assert passed(by_sum, FILED, lines, credit) == found
    # What was granted may be said to be for one service that has the room.
    granted = "N1 - 02-20 6.00 1.00"
    assert passed(by_sum, granted, lines, "C1 03-05 S2 - - 1.00") == ["C1 N1 - 1.00"]
    assert passed(by_sum, granted, lines, "C1 03-05 S1 1FB - 1.00") == ["C1 N1 - 1.00"]


@pytest.mark.parametrize(
    ("lines", "credits", "found"),
    [
        (TWO, "C1 03-05 - - - 6.00\nC2 03-05 - - - 2.00", ["C1 N1 - 6.00", "C2 N1 - 2.00"]),
        (TWO, "C1 03-05 - - - 6.00\nC2 03-05 - - - 1.99", []),
        # One is not several; those of two bills are not together.
        (TWO, "C1 03-05 - - - 8.00", []),
        (TWO, "C1 03-05 - - - 6.00\nC2 03-06 - - - 2.00", []),
        (TWO, "C1 02-05 - - - 6.00\nC2 02-05 - - - 2.00", []),
        (
            TWO,
            "C1 02-19 - - - 6.00\nC2 02-19 - - - 2.00",
            ["offer C1 N1 6.00", "offer C2 N1 2.00"],
        ),
        # Two bills of it, or two claims of one sum, are for a person.
        (
            TWO,
            "C1 03-05 - - - 6.00\nC2 03-05 - - - 2.00\nC3 04-05 - - - 7.00\nC4 04-05 - - - 1.00",
            ["offer C1 N1 6.00", "offer C2 N1 2.00", "offer C3 N1 7.00", "offer C4 N1 1.00"],
        ),
        (
            f"{TWO}\nN2 02-05 S3 1FB 02 8.00",
            "C1 03-05 - - - 6.00\nC2 03-05 - - - 2.00",
            [f"offer {name} {claim} {amount}.00"
             for name, amount in (("C1", 6), ("C2", 2)) for claim in ("N1", "N2")],
        ),
    ],
)  # fmt: skip
def test_by_bill(lines: str, credits: str, found: list[str]) -> None:
    assert passed(by_bill, FILED, lines, credits) == found
    taken = [row for row in found if not row.startswith("offer")]
    assert passed(by_whole_bill, FILED, lines, credits) == taken
