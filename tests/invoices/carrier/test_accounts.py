"""Whose an account is: by a table of patterns, and the same answer from every reader."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from invoices import carrier
from invoices.carrier import Known, Profiles, parse_profile, source_of_bytes
from invoices.carrier.accounts import carrier_of
from invoices.carrier.reading import Reading
from invoices.carrier.source import ACCOUNTS

CONTRACTS = """
    carrier pattern   from       until
    WIDE    *         -          -
    ALPHA   305R*     -          -
    BETA    305R01*   2026-01-01 -
    GAMMA   *0001     -          -
    GAMMA   305*      -          -
    DELTA   77*       -          2026-06-01
    ALPHA   77*       2026-06-01 -
    ALPHA   88*1      -          -
    BETA    8*81      -          -
    ALPHA   9+.[a]?   -          -
    BETA    4040      -          -
    GAMMA   404*      -          -
"""
ANSWERS = """
    ban        day        carrier rivals
    305R019999 2026-03-01 BETA    -
    305R019999 2025-12-31 ALPHA   -
    305R029999 2026-03-01 ALPHA   -
    305R020001 2026-03-01 -       ALPHA+GAMMA
    305R010001 2026-03-01 BETA    -
    3050000001 2026-03-01 GAMMA   -
    1230000001 2026-03-01 GAMMA   -
    1230000002 2026-03-01 WIDE    -
    7712345678 2026-05-31 DELTA   -
    7712345678 2026-06-01 ALPHA   -
    7712345678 -          -       ALPHA+DELTA
    8881       2026-03-01 -       ALPHA+BETA
    88         2026-03-01 WIDE    -
    9+.[a]?    2026-03-01 ALPHA   -
    9+..a..    2026-03-01 WIDE    -
    4040       2026-03-01 BETA    -
    40401      2026-03-01 GAMMA   -
"""


def table(text: str) -> list[list[str | None]]:
    """Return the rows of a table of words without its head; `-` is null."""
    rows = [line.split() for line in text.strip().splitlines()[1:]]
    return [[None if cell == "-" else cell for cell in row] for row in rows]


def day(text: str | None) -> dt.date | None:
    return dt.date.fromisoformat(text) if text else None


def known(text: str, **more: str) -> Known:
    rows = [(who, pattern, day(since), day(until)) for who, pattern, since, until in table(text)]
    return Known(accounts=pl.DataFrame(rows, schema=ACCOUNTS, orient="row"), **more)


def asked(*questions: tuple[str | None, str | None]) -> pl.DataFrame:
    rows = [(ban, day(on)) for ban, on in questions]
    return pl.DataFrame(rows, schema={"ban": pl.String, "day": pl.Date}, orient="row")


def test_the_longest_pattern_in_force_says_whose_an_account_is_and_a_tie_nobody() -> None:
    rows = table(ANSWERS)
    found = carrier_of(asked(*((ban, on) for ban, on, _, _ in rows)), known(CONTRACTS))
    told = [
        (ban, day(on), who, rivals and rivals.replace("+", " and "))
        for ban, on, who, rivals in rows
    ]
    assert found.rows() == told


def test_the_order_of_the_contracts_says_nothing() -> None:
    questions = asked(*((ban, on) for ban, on, _, _ in table(ANSWERS)))
    found = known(CONTRACTS)
    turned = Known(accounts=found.accounts.reverse())
    assert carrier_of(questions, turned).equals(carrier_of(questions, found))


def test_a_question_that_is_asked_again_has_one_answer() -> None:
    again = asked(("4040", "2026-03-01"), ("4040", "2026-03-01"), ("4040", "2026-03-02"))
    assert carrier_of(again, known(CONTRACTS))["carrier"].to_list() == ["BETA", "BETA"]


def test_an_account_under_no_contract_is_nobodys_or_whose_is_said() -> None:
    tie = "c p f u\n A 1* - -\n B 1* - -"
    question = asked(("100", "2026-03-01"), ("200", "2026-03-01"))
    assert carrier_of(question, known(tie))["carrier"].to_list() == [None, None]
    # Where it is said, it is said of what no contract covers, and decides no tie.
    told = carrier_of(question, known(tie, otherwise="(unknown)"))
    assert told.select("carrier", "rivals").rows() == [(None, "A and B"), ("(unknown)", None)]
    assert carrier_of(question, Known(otherwise="X"))["carrier"].to_list() == ["X", "X"]


# --- the readers --------------------------------------------------------------------------------

FLAT = """
profile = "own"
format = "flat"
[flat]
[flat.fields]
ban = "ban"
invoice_no = "invoice"
bill_date = "billed"
current_charges = "charges"
total_due = "due"
[[flat.part]]
name = "lines"
charge_class = "recurring"
[flat.part.fields]
usoc = "usoc"
amount = "amount"
"""
FLAT_FILE = """\
ban,invoice,billed,charges,due,usoc,amount
{ban},INV1,2026-11-10,37.00,37.00,1FB,37.00
"""
FIXED = """
profile = "own"
format = "fixed"
[fixed]
encoding = "ascii"
dates = ["%Y%m%d"]
[[fixed.record]]
name = "lines"
id = ["D"]
columns = [
  { name = "account", start = 2, length = 10 },
  { name = "invoice", start = 12, length = 4 },
  { name = "billed", start = 16, length = 8 },
  { name = "due", start = 24, length = 7, type = "number", decimals = 2 },
]
[fixed.fields]
ban = "account"
invoice_no = "invoice"
bill_date = "billed"
current_charges = "due"
total_due = "due"
[[fixed.part]]
name = "lines"
charge_class = "recurring"
fields = { amount = "due" }
"""
FIXED_FILE = "D{ban}INV1202611100003700\n"
X12 = 'profile = "own"\nformat = "x12"\n'
X12_FILE = "~".join(
    (
        f"ISA*00*{'':10}*00*{'':10}*ZZ*{'ILEC':15}*ZZ*{'RESELLER':15}"
        "*261110*0101*U*00401*000000001*0*P*>",
        *("GS*CI*ILEC*RESELLER*20261110*0101*1*X*004010", "ST*811*0001"),
        *("BIG*20261110*INV1*****CD", "REF*12*{ban}", "N1*RE*SOMEONE", "HL*1**1*1"),
        *("HL*2*1*4*1", "PID*F****MONTHLY SERVICE", "HL*3*2*8*0", "SLN*1**A*2*EA*18.50*UM**A3*1FB"),
        *("TDS*3700", "SE*11*0001", "GE*1*1", "IEA*1*000000001", ""),
    )
)
TIED = "c p f u\n ALPHA 305* - -\n BETA *001 - -\n GAMMA 305R09* - -"


@pytest.fixture(params=["flat", "fixed", "x12"])
def reader(request: pytest.FixtureRequest) -> tuple[str, str]:
    """A profile that names no carrier, and a file of it that names none."""
    papers = {"flat": (FLAT, FLAT_FILE), "fixed": (FIXED, FIXED_FILE), "x12": (X12, X12_FILE)}
    return papers[request.param]


def read(reader: tuple[str, str], ban: str) -> Reading:
    profile, file = reader
    source = source_of_bytes("bill", "0" * 64, file.format(ban=ban).encode(), known(TIED))
    return carrier.read(source, "own", Profiles((parse_profile(profile),)))


def test_no_reader_chooses_between_carriers_that_fit_alike(reader: tuple[str, str]) -> None:
    found = read(reader, "305R000001")
    assert found.documents.select("status", "carrier").rows() == [("refused", None)]
    [message], [remedy] = found.findings["message"], found.findings["remedy"]
    assert "contracts of ALPHA and BETA fit account 305R000001 equally well" in message
    assert "the carrier in the profile, or make the account pattern of one contract" in remedy


@pytest.mark.parametrize(("ban", "whose"), [("305R090001", "GAMMA"), ("9990000001", "BETA")])
def test_every_reader_knows_the_carrier_that_fits_best(
    reader: tuple[str, str], ban: str, whose: str
) -> None:
    found = read(reader, ban)
    assert found.documents.select("status", "carrier").rows() == [("loaded", whose)]
    assert found.lines.collect()["carrier"].to_list() == [whose]


def test_every_reader_refuses_an_account_that_no_contract_covers(reader: tuple[str, str]) -> None:
    found = read(reader, "9990000002")
    assert found.documents.select("status", "carrier").rows() == [("refused", None)]
    assert "contract" in found.findings["message"].item()
