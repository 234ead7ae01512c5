"""A service record comes in pages: what is of the page is read over, and no row is lost to it."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoices.carrier.csr import is_csr, read_csr

ACCOUNT = "ACCOUNT NO: 614 555-0100 123"
TITLE = "CUSTOMER SERVICE RECORD"
CAPTIONS = "  TN       USOC   FIDS      QTY   UNIT   TOTAL"
OURS = [("1FB", Decimal("20.00")), ("TTB", Decimal("5.00")), ("9ZR", Decimal("8.30"))]

FORM_FEEDS = f"""\
{TITLE}            PAGE 1 OF 2
{ACCOUNT}       DATE 10-01-24
--- S&E ---
{CAPTIONS}
  1FB 20.00 20.00
\f{TITLE}            PAGE 2 OF 2
{ACCOUNT}       DATE 10-01-24
{CAPTIONS}
  TTB 5.00 5.00
  9ZR 8.30 8.30
  TOTAL                     33.30
"""
NUMBERS_ONLY = f"""\
{ACCOUNT} PAGE 1
S&E
1FB 20.00 20.00
{ACCOUNT} PAGE 2
TTB 5.00 5.00
9ZR 8.30 8.30
"""
CARRIAGE_CONTROL = """\
1CUSTOMER SERVICE RECORD     ACCT 614 555-0100 123    10/01/24   PAGE   1
0--- S&E ---
  1FB 20.00 20.00
+ 1FB 20.00 20.00
+ ___
1CUSTOMER SERVICE RECORD     ACCT 614 555-0100 123    10/01/24   PAGE   2
-  --- S&E --- (CONTINUED)
0 TTB 5.00 5.00
  9ZR 8.30 8.30
"""
FOOTERS = f"""\
SOME TELEPHONE COMPANY
{TITLE}
{ACCOUNT}
MONTHLY CHARGES 33.30
S&E
1FB 20.00 20.00
    PROPRIETARY - DO NOT COPY
                - 1 -
\fSOME TELEPHONE COMPANY
{TITLE}
{ACCOUNT}
MONTHLY CHARGES 33.30
TTB 5.00 5.00
9ZR 8.30 8.30
    PROPRIETARY - DO NOT COPY
                - 2 -
"""
BARS = """\
Page 1 of 2 | Account: 614 555-0100 123 | Oct 21, 2024
S&E
Service Tel   USOC   Feature Data   Qty   Each
1FB 20.00 20.00
(continued on page 2)
Page 2 of 2 | Account: 614 555-0100 123 | Oct 21, 2024
(continued from page 1)
Service Tel   USOC   Feature Data   Qty   Each
TTB 5.00 5.00
9ZR 8.30 8.30
"""
BETWEEN_SECTIONS = f"""\
{TITLE}
{ACCOUNT}
LINE & STATION
1FB 20.00 20.00
\f{TITLE}
{ACCOUNT}
LIST
(LN) SOMEBODY
\f{TITLE}
{ACCOUNT}
SPECIAL SERVICE
TTB 5.00 5.00
9ZR 8.30 8.30
"""
PRINTER = (
    f"\x1bE\x1b&l1O{ACCOUNT}\nS&E\n\x0f1FB 20.00 20.00\x0e\nTTB 5.00 5.00\n9ZR 8.30 8.30\n\x1a"
)
NO_LABEL = """\
614 555-0100 123      10-01-24    PAGE 1
S&E
1FB 20.00 20.00
614 555-0100 123      10-01-24    PAGE 2
TTB 5.00 5.00
9ZR 8.30 8.30
"""


@pytest.mark.parametrize(
    "text",
    [
        FORM_FEEDS,
        NUMBERS_ONLY,
        CARRIAGE_CONTROL,
        FOOTERS,
        BETWEEN_SECTIONS,
        PRINTER,
        NO_LABEL,
        BARS,
    ],
)
def test_pages_of_a_record_are_one_record(text: str) -> None:
    found = read_csr(text, "x.csr")
    assert is_csr(text)
    assert found.unread.is_empty(), found.unread.rows()
    assert found.records["ban"].to_list() == ["6145550100123"]
    assert found.rows.select("usoc", "total").rows() == OURS
    lines = text.split("\n")
    for usoc, row in found.rows.select("usoc", "source_row").rows():
        assert usoc in lines[row - 1], "rows are counted as an editor does"


def test_a_service_goes_on_over_a_turn_of_the_page_and_ends_with_its_section() -> None:
    found = read_csr(
        f"{ACCOUNT}\nS&E\n555 0199\n\f{ACCOUNT}\nS&E\n1FB 20.00 20.00\n"
        f"\f{ACCOUNT}\n--- S&E --- CONT'D\nTTB 5.00 5.00\n"
        f"\f{ACCOUNT}\nSPECIAL SERVICE\n9ZR 8.30 8.30\n",
        "x",
    )
    told = [("1FB", "6145550199"), ("TTB", "6145550199"), ("9ZR", "6145550100")]
    assert found.unread.is_empty()
    assert found.rows.select("usoc", "wtn").rows() == told


@pytest.mark.parametrize(
    ("above", "below", "fids", "total"),
    [
        ("PGO9T/SPP (A)VT1", "  /TA 12,10-18-24 N", "/SPP (A)VT1 /TA 12,10-18-24", "0"),
        ("B1W /RCU AR", "  /TA 12,10-18-24 28.08 28.08", "/RCU AR /TA 12,10-18-24", "28.08"),
        ("B1W /RCU AR,COT,", "  TWC 28.08 28.08", "/RCU AR,COT, TWC", "28.08"),
        ("TMECS /CD 10-21-24", "  84.50 84.50", "/CD 10-21-24", "84.50"),
        ("TMECS /CD 10-21-24 84.50 84.50", "  /PIC 0288", "/CD 10-21-24 /PIC 0288", "84.50"),
        ("1L5XX 12", "  2.30 27.60 10-21-24", None, "27.60"),
    ],
)
def test_a_row_that_a_page_cuts_is_one_row(above: str, below: str, fids: str, total: str) -> None:
    heads = f"{ACCOUNT}   PAGE 1\nS&E\n{CAPTIONS}\n"
    again = f"    CONTINUED ON NEXT PAGE\n\f{ACCOUNT}   PAGE 2\n{CAPTIONS}\n"
    found = read_csr(f"{heads}1FB 20.00 20.00\n{above}\n{again}{below}\n", "x")
    assert found.unread.is_empty(), found.unread.rows()
    assert found.rows["usoc"].to_list() == ["1FB", above.split()[0].split("/")[0]]
    row = found.rows.row(1, named=True)
    assert (row["fids"], row["total"], row["source_row"]) == (fids, Decimal(total), 5)


BLOCK = f"{ACCOUNT}\nS&E\n1FB 20.00 20.00\n"


@pytest.mark.parametrize(
    ("text", "row", "reason"),
    [
        (f"{BLOCK}TTB 5.00 5.00\nTOTAL 26.00\n", 5, "the rows above it come to 25.00"),
        (f"{BLOCK}--- RMKS ---\nTTB 5.00 5.00\nTOTAL 25.00\n", 6, "come to 5.00"),
        (f"{BLOCK}ESX 1\nTOTAL 25.00\n", 5, "come to 20.00"),
        (f"{BLOCK}TOTAL 20.00\nTTB 5.00 5.00\n", 5, "none of them is of this row"),
        (f"{BLOCK}LIST\nS&E\nTTB 5.00 5.00\nTOTAL 26.00\n", 7, "come to 5.00"),
        (f"{BLOCK}LIST\nS&E\nTTB 5.00 5.00\nTOTAL 5.00\n", 3, "none of them is of this row"),
        (f"{BLOCK}{ACCOUNT[:-1]}4\nTTB 5.00 5.00000\nRMKS\n", 5, "no section is open"),
        (f"{BLOCK}{ACCOUNT[:-1]}4\nTTB 5.00\n", 4, "no section of this record"),
        (f"S&E\nTTB 5.00 5.00\n{BLOCK}", 2, "no account stands above it"),
        (f"{BLOCK}TTB /RCU AR,\nRMKS\n", 4, "nothing goes on below it"),
        (f"{BLOCK}RMKS\nTOTAL 25.00\n", 5, "come to 20.00"),
        (f"{BLOCK}\f{ACCOUNT}\nSOMEBODY ELSE INC\nTTB 5.00 5.00\n", 5, "no USOC row"),
        (f"{BLOCK}\fPAGE 2 5.00 TTB\n", 4, "no USOC row"),
        (f"{ACCOUNT}\n1FB 20.00 20.00\nS&E\nTTB 5.00 5.00\n", 2, "no section is open"),
        (f"{BLOCK}RMKS\nACCOUNT NO: 614 555-0200 45 (NEW) 7\nS&E\nTTB 5.00 5.00\n", 5,
         "the account cannot be read"),
        (f"{BLOCK}TTB 5.00 5.00\n{ACCOUNT}\nS&E\n1FB 20.00 20.00\nTTB 5.00 5.00\n", 5,
         "the page repeats one above it"),
        (f"1{TITLE}\n {ACCOUNT}\n S&E\n1L5XX 1.00 1.00\n", 4, "cannot be told"),
        (f"1{TITLE}\n {ACCOUNT}\n S&E\n 1FB 1.00 1.00\n+TTB 1.00 1.00\n", 5, "printed over"),
        (f"{BLOCK}TTB /RCU AR 5.00\n", 4, "do not stand together"),
        (f"{BLOCK}TTB 5.00 5.00\n /RCU AR 6.00 6.00\n", 4, "has others"),
        (f"{BLOCK}TT\x01B 5.00 5.00\n", 4, "cannot be seen"),
    ],
)  # fmt: skip
def test_what_would_be_lost_or_counted_twice_is_told(text: str, row: int, reason: str) -> None:
    found = read_csr(text, "x").unread
    assert found["source_row"].to_list() == [row]
    assert reason in found["reason"][0]


@pytest.mark.parametrize(
    "total",
    ["TOTAL MONTHLY CHARGES  $33.30", "PAGE TOTAL 13.30", "SUBTOTAL 33.30", "S&E TOTAL 33.30 33.30",
     "TOTAL CARRIED FORWARD 33.30"],
)  # fmt: skip
def test_a_total_is_of_the_record_the_section_the_page_or_what_follows_another(total: str) -> None:
    second = f"\f{ACCOUNT} PAGE 2\nTTB 5.00 5.00\n9ZR 8.30 8.30\n"
    text = f"{ACCOUNT} PAGE 1\nS&E\n1FB 20.00 20.00\n{second}"
    assert read_csr(f"{text}{total}\n", "x").unread.is_empty()
    assert not read_csr(f"{text}{total}\n".replace("TTB 5.00 5.00\n", ""), "x").unread.is_empty()


@pytest.mark.parametrize("top", ["PAGE {}\n" + ACCOUNT, ACCOUNT + "   PAGE {}"])
def test_pages_with_numbers_of_their_own_may_say_the_same(top: str) -> None:
    pages = [f"{top.format(number)}\nS&E\nESX 1.00 1.00\n" for number in (1, 2, 3)]
    found = read_csr("".join(pages), "x")
    assert (found.rows.height, found.unread.height, found.records.height) == (3, 0, 1)


@pytest.mark.parametrize(
    "more",
    [
        "BILL\nTOTAL DUE 99.00\n",
        "RMKS\nTOTAL CREDIT OF MAY 5.00\n",
        "RMKS\nTOTAL MONTHLY CHARGES 20.00\n",
        "ACCOUNT SUMMARY\n1FB 20.00 20.00\nTOTAL 20.00\n",
        "ACCOUNT SUMMARY\n1FB 20.00 20.00\nTAXES 3.00\nTOTAL 23.00\n",
        "ESX 1\nTOTAL 20.00\n",
    ],
)
def test_a_total_of_other_things_proves_nothing(more: str) -> None:
    assert read_csr(f"{BLOCK}{more}", "x").unread.is_empty()


@pytest.mark.parametrize(
    "again",
    [
        f"{TITLE} PAGE 1 OF 1\n{BLOCK}TTB 5.00 5.00\n",
        f"{TITLE}\n{ACCOUNT}\nLIST\nSOMEBODY\nS&E\nTTB 5.00 5.00\n",
    ],
)
def test_a_second_record_of_an_account_is_one_of_its_own(again: str) -> None:
    found = read_csr(f"{again}{again.replace('5.00', '6.00')}", "x")
    assert found.records["ban"].to_list() == ["6145550100123"] * 2


WORDS = st.sampled_from(
    ["1FB", "TTB", "9ZR", "ESM", "B1W", "614 555 0177 1FB", "TMECS /CLS 4/H/1/B"]
)
ROWS = st.lists(st.tuples(WORDS, st.integers(1, 9_000_00)), min_size=1, max_size=14)
HEADINGS = st.lists(
    st.sampled_from(
        [
            *("MAIN STREET 12", "SOME TELEPHONE COMPANY - OHIO", f"{TITLE}   OHIO", CAPTIONS),
            *("-----  ----  ---", "RUN DATE: 10/01/2024 TIME 10:22", "(CONTINUED)"),
        ]
    ),
    unique=True,
    max_size=5,
)


@given(ROWS, HEADINGS, st.integers(1, 5), st.booleans(), st.booleans())
def test_headings_change_nothing(
    rows: list[tuple[str, int]], headings: list[str], size: int, feeds: bool, carriage: bool
) -> None:
    said = [
        f"{words} {Decimal(cents).scaleb(-2)} {Decimal(cents).scaleb(-2)}" for words, cents in rows
    ]
    plain = read_csr("\n".join([ACCOUNT, "S&E", *said]), "x").rows.drop("source_row")
    text, pages = [], [said[first : first + size] for first in range(0, len(said), size)]
    for number, page in enumerate(pages, 1):
        top = [f"{ACCOUNT}    PAGE {number} OF {len(pages)}", *headings, "S&E"]
        first = ("1" if carriage else "\f" if feeds else "") + top[0]
        rest = [*top[1:], *page] if number == 1 or size % 2 else [*top[1:-1], *page]
        text += [first, *((" " if carriage else "") + row for row in rest)]
    found = read_csr("\n".join(text), "x")
    assert found.unread.is_empty(), found.unread.rows()
    assert found.rows.drop("source_row").equals(plain)


@pytest.mark.parametrize(
    ("old", "new", "row", "said"),
    [
        ("PAGE 2 OF 2", "PAGE 3 OF 3", 6, "page 3 stands behind page 1: one is missing"),
        ("PAGE 2 OF 2", "PAGE 2 OF 3", 6, "the record ends on page 2 of 3"),
    ],
)
def test_a_page_that_is_missing_is_an_error(old: str, new: str, row: int, said: str) -> None:
    csr = read_csr(FORM_FEEDS.replace(old, new), "a.csr")
    assert csr.unread.select("source_row", "reason").rows() == [(row, said)]


def test_pages_are_counted_within_their_record_and_remarks_speak_of_none() -> None:
    other = FORM_FEEDS.replace("0100", "0101").replace("PAGE 1 OF 2", "PAGE 7 OF 8")
    other = other.replace("PAGE 2 OF 2", "PAGE 8 OF 8")
    csr = read_csr(f"{FORM_FEEDS}--- RMKS ---\nHAS A LISTING ON PAGE 9\n\f{other}", "a.csr")
    assert csr.unread.is_empty(), csr.unread
    assert csr.records.height == 2
