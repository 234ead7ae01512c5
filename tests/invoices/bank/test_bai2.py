"""BAI2 reports: what is written is read, and what does not add up is refused."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from bank_worlds import DAYS, WORDS, amounts, read_of
from bank_writers import BAI2_QUIRKS, Move, Statement, bai2
from hypothesis import given
from hypothesis import strategies as st

from invoices.bank import BankReading
from invoices.bank.schema import ENTRIES

D = Decimal
FUNDS = st.sampled_from(
    [("",), ("0",), ("Z",), ("S", "1", "2", "3"), ("D", "2", "0", "5", "1", "6")]
)
TEXTS = st.text("ABC xyz0123,*-", max_size=30).map(lambda text: " ".join(text.split()))


def moves() -> st.SearchStrategy[Move]:
    """Transactions of all kinds."""
    return st.builds(
        Move,
        amount=amounts(),
        type_code=st.sampled_from(["455", "451", "165", "475", "495", "257", "557"]),
        bank_reference=st.one_of(st.just(""), WORDS),
        customer_reference=st.one_of(st.just(""), WORDS),
        text=TEXTS,
        funds=FUNDS,
    )


@st.composite
def statements(draw: st.DrawFn) -> list[Statement]:
    """The days of an account or two, not far from each other."""
    made = draw(DAYS)
    one = st.builds(
        Statement,
        st.lists(moves(), max_size=5),
        account=st.sampled_from(["0012345678", "99"]),
        day=st.integers(-60, 30).map(lambda days: made + dt.timedelta(days)),
        summaries=st.lists(
            st.tuples(st.sampled_from(["010", "015", "100"]), st.integers(-(10**9), 10**9)),
            max_size=3,
        ),
    )
    return draw(st.lists(one, min_size=1, max_size=3))


def fields(reading: BankReading) -> list[tuple[object, ...]]:
    """Return row and field of every fault."""
    return reading.faults.select("row", "field").rows()


@given(statements(), st.sampled_from(BAI2_QUIRKS))
def test_a_balance_report_is_read_in_every_dress(days: list[Statement], quirk: str) -> None:
    reading = read_of(bai2(days, quirk), "bai2")
    assert reading.faults.rows() == []
    assert reading.entries.schema == ENTRIES
    written = [(day, move) for day in days for move in day.moves]
    found = reading.entries.iter_rows(named=True)
    for row, (day, move) in zip(found, written, strict=True):
        assert (row["amount"], row["settled_on"]) == (move.amount, day.day)
        ach = move.type_code in ("455", "451", "165")
        back = move.type_code in ("257", "557")
        assert row["kind"] == ("return" if back else "entry" if ach else "other")
        takes = move.type_code in ("455", "451", "475", "495", "257")
        assert row["direction"] == ("debit" if takes else "credit")
        assert row["account"] == day.account[-4:]
        assert (row["description"] or "").replace(" ", "") == move.text.replace(" ", "")
    assert reading.entries["entry_id"].is_unique().all()
    assert reading.entries["entry_id"].equals(read_of(bai2(days), "bai2").entries["entry_id"])


@given(statements(), st.data())
def test_a_wrong_digit_of_a_report_is_noticed(days: list[Statement], data: st.DataObject) -> None:
    lines = bai2(days).decode().splitlines()
    number = data.draw(
        st.sampled_from([n for n, line in enumerate(lines) if line[:2] in ("16", "49", "98", "99")])
    )
    code, *parts = lines[number].rstrip("/").split(",")
    place = 1 if code == "16" else data.draw(st.integers(0, len(parts) - 1))
    parts[place] = str(int(parts[place]) + data.draw(st.sampled_from([1, -1, 10, 99])))
    lines[number] = ",".join([code, *parts]) + ("" if code == "16" else "/")
    reading = read_of("\n".join(lines).encode(), "bai2")
    assert not reading.ok and reading.entries.is_empty()


@given(statements(), st.data(), st.sampled_from(["drop", "double", "swap", "cut"]))
def test_a_record_of_a_report_that_is_not_where_it_was_is_noticed(
    days: list[Statement], data: st.DataObject, how: str
) -> None:
    lines = bai2(days).decode().splitlines()
    at = data.draw(st.integers(2, len(lines) - 1))
    changed = {
        "drop": lines[:at] + lines[at + 1 :],
        "double": [*lines[: at + 1], *lines[at:]],
        "swap": [*lines[: at - 1], lines[at], lines[at - 1], *lines[at + 1 :]],
        "cut": lines[:at],
    }[how]
    same_place = how == "swap" and lines[at][:2] == lines[at - 1][:2] == "16"
    if changed != lines and not same_place:
        assert not read_of("\n".join(changed).encode(), "bai2").ok


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        (",2/\n02", ",3/\n02", "version"),
        ("122099999,1,", "122099999,4,", "group status"),
        ("122099999,1,", "122099999,2,", "group status"),
        (",USD,2/", ",CAD,2/", "currency"),
        ("03,0012345678,USD", "03,0012345678,EUR", "currency"),
        ("03,0012345678", "03,", "account number"),
        ("16,455,1000,", "16,455,-1000,", "amount"),
        ("16,455,1000,", "16,455,10.00,", "amount"),
        ("16,455,1000,", "16,ACH,1000,", "type code"),
        ("16,455,1000,,", "16,455,1000,Q,", "funds type"),
        ("1,260320,", "1,260231,", "as-of date"),
    ],
)
def test_a_fault_of_a_report_names_its_field(old: str, new: str, field: str) -> None:
    text = bai2([Statement([Move(D("10.00"))])]).decode()
    assert old in text
    found = fields(read_of(text.replace(old, new, 1).encode(), "bai2"))
    assert field in [name for _, name in found], found


def test_a_report_that_is_cut_off_is_refused() -> None:
    text = bai2([Statement([Move(D("10.00"))])])
    assert fields(read_of(text[: text.rindex(b"99,")], "bai2")) == [(6, "record code")]


def report(*lines: str, made: str = "260326", day: str = "260325", total: str = "10000") -> bytes:
    """Return a BAI2 file of one account, `lines` being what stands in it."""
    own = len(lines) + 1
    head = [f"01,BANK,US,{made},0600,1,80,1,2/", f"02,US,BANK,1,{day},,USD,2/"]
    tail = [f"49,{total},{own}/", f"98,{total},1,{own + 2}/", f"99,{total},1,{own + 4}/"]
    return "\n".join([*head, *lines, *tail]).encode()


PULL = "16,455,10000,Z,,091000010000001,ILEC"
PADDED = [
    # amount, what the trailers say, what is read
    ("10000", "+00000000000010000", "100.00"),
    ("+10000", "0000000000000000000000000010000", "100.00"),
    ("0000000000000000000010000", "10000", "100.00"),
    ("0", "+0", "0.00"),
    ("000", "-000", "0.00"),
    ("", "", "0.00"),
    ("999999999999999", "+0000000999999999999999", "9999999999999.99"),
    ("9999999999999999", "9999999999999999", None),
    ("9223372036854785808", "9223372036854785808", None),
    ("-10000", "-10000", None),
    ("100.00", "10000", None),
    ("1e4", "10000", None),
    ("+", "0", None),
    ("10000", "10000.", None),
    ("10000", "+-10000", None),
    ("10000", "1000", None),
    ("10000", "100000000000000000000000000000000000010000", None),
]


@pytest.mark.parametrize(("amount", "total", "right"), PADDED)
def test_zeros_and_a_plus_before_an_amount_say_nothing_and_no_digit_is_lost(
    amount: str, total: str, right: str | None
) -> None:
    found = read_of(report("03,123,USD/", PULL.replace("10000", amount), total=total), "bai2")
    assert found.ok == (right is not None), found.faults.rows()
    assert found.entries["amount"].to_list() == ([D(right)] if right else [])


CUT = [
    # what stands between the header of the group and the trailer of the account, and its total
    (["03,123,USD,010,100,,,/", "88,040,200,,/"], "300"),
    (["03,123,USD,010,100,,/", "88,040,200,,/"], "300"),
    (["03,123,USD,010,100,,,015,250,,,/", "88,100,7,1,,400,-2,0,/"], "355"),
    (["03,123,USD,010,100,,,040/", "88,200,,,/"], "300"),
    (["03,123,USD,010,100,,,040,/", "88,200,,,072,5,,/"], "305"),
    (["03,123,USD,010,100,,,040,/", "88,200,,/"], "300"),
    (["03,123,USD,010,+0100,/", "88,00008,,400,+0200,00002,,/"], "300"),
    (["03,123,USD,100,100,3,V,/", "88,260324,,400,200,,S,1,/", "88,2,3/"], "300"),
    (["03,123,USD,100,100,3,D,2,0,60,/", "88,1,40,400,200,,,/"], "300"),
    (["03,123,/", "88,USD,010,100,,,/", "88,,,,,/", "88,040,200,,/"], "300"),
    (["03,123,,,,,,010,100,,,,,,,040,200/"], "300"),
    (["03,123/"], ""),
    (["03,123,,,,,/"], "0"),
]


@pytest.mark.parametrize(("lines", "total"), CUT)
def test_summaries_are_read_wherever_a_record_is_cut_and_whatever_closes_it(
    lines: list[str], total: str
) -> None:
    assert read_of(report(*lines, total=total), "bai2").faults.rows() == []
    wrong = str(int(total or "0") + 1)
    assert not read_of(report(*lines, total=wrong), "bai2").ok


@pytest.mark.parametrize(
    "lines",
    [
        ["16,455/", "88,10000,Z,,091000010000001,ILEC"],
        ["16,455,/", "88,10000,Z,,091000010000001,ILEC"],
        ["16,455,10000,/", "88,Z,,091000010000001,ILEC"],
        ["16,455,10000,Z/", "88,,091000010000001,ILEC"],
        ["16,455,10000,Z,,091000010000001,/", "88,ILEC"],
        ["16,455,10000,V,260325/", "88,,,091000010000001,ILEC/"],
        ["16,455,10000,V,/", "88,260325,,,091000010000001,ILEC"],
        ["16,455,10000,/", "88,V,260325,,,091000010000001,ILEC"],
        ["16,455,10000,S,1,/", "88,2,3,,091000010000001,ILEC"],
        ["16,455,10000,D,2,/", "88,0,5000,1,5000,,091000010000001,ILEC"],
        ["16, 455, 10000 ,Z, ,091000010000001, ILEC  "],
    ],
)
def test_a_transaction_is_read_wherever_it_is_cut(lines: list[str]) -> None:
    found = read_of(report("03,123,USD/", *lines), "bai2")
    assert found.ok, found.faults.rows()
    assert found.entries.select("amount", "settled_on", "trace", "description").rows() == [
        (D("100.00"), dt.date(2026, 3, 25), "091000010000001", "ILEC")
    ]


@given(statements(), st.data(), st.sampled_from(["/", ",/"]))
def test_no_cut_of_a_record_moves_a_cent_or_a_day(
    days: list[Statement], data: st.DataObject, close: str
) -> None:
    """Counts of records follow the cuts; a comma too many may only cost a reference its place."""
    lines, added, out = bai2(days).decode().splitlines(), [0, 0, 0], []
    for line in lines:
        code, *parts = line.removesuffix("/").split(",")
        if code in ("49", "98", "99"):
            level = ("49", "98", "99").index(code)
            parts[-1] = str(int(parts[-1]) + added[level])
            added[level] = 0
            out.append(",".join([code, *parts]) + "/")
            continue
        most = {"03": len(parts) - 1, "16": 2}.get(code, 0)
        at = data.draw(st.integers(1, most)) if most > 0 and data.draw(st.booleans()) else 0
        if not at:
            out.append(line)
            continue
        out += [",".join([code, *parts[:at]]) + close, ",".join(["88", *parts[at:]])]
        out[-1] += "/" if code == "03" else ""
        added = [more + 1 for more in added]
    whole, cut = (read_of(text, "bai2") for text in (bai2(days), "\n".join(out).encode()))
    assert cut.faults.rows() == []
    same = ["amount", "settled_on", "direction", "kind", "account"]
    assert cut.entries.select(same).equals(whole.entries.select(same))


FAR = [
    # made, as of, value date; refused or doubted field; the day of the movement
    ("260326", "260325", "260324", None, "2026-03-24"),
    ("260326", "260325", "000000", None, "2026-03-25"),
    ("260326", "260325", "", None, "2026-03-25"),
    ("260326", "260325", "000324", "value date", "2026-03-25"),
    ("260326", "260325", "270324", "value date", "2026-03-25"),
    ("260326", "250325", "", "as-of date", "2025-03-25"),
    ("000000", "260325", "", None, "2026-03-25"),
    ("260326", "000325", "", "as-of date", None),
    ("260326", "000000", "", "as-of date", None),
    ("260326", "26032 ", "", "as-of date", None),
]


@pytest.mark.parametrize(("made", "as_of", "value", "field", "day"), FAR)
def test_a_day_that_a_report_cannot_mean_is_not_believed(
    made: str, as_of: str, value: str, field: str | None, day: str | None
) -> None:
    line = PULL.replace(",Z,", f",V,{value},,")
    found = read_of(report("03,123,USD/", line, made=made, day=as_of), "bai2")
    told = found.doubts if day else found.faults
    assert told["field"].to_list() == ([field] if field else [])
    assert found.entries["settled_on"].to_list() == ([dt.date.fromisoformat(day)] if day else [])


def test_a_report_without_line_ends_is_cut_by_the_length_its_header_names() -> None:
    lines = report("03,123,USD/", PULL).decode().splitlines()
    whole = "".join(line.ljust(80) for line in lines)
    for text in (whole, "\r".join(lines), "\r\r\n".join(lines), "\n".join(lines) + "\x1a\0"):
        assert read_of(text.encode(), "bai2").entries["amount"].to_list() == [D("100.00")]


def test_a_reference_of_nothing_but_zeros_names_nothing() -> None:
    zeros = "0" * 15
    lines = ["03,123,USD/", f"16,455,5000,Z,091000010000001,{zeros},X"]
    lines.append(f"16,455,5000,Z,,{zeros},TRACE#:{zeros} ORIG ID:0000000000")
    first, second = read_of(report(*lines), "bai2").entries.to_dicts()
    assert (first["trace"], first["individual_id"]) == ("091000010000001", None)
    assert [second[name] for name in ("trace", "individual_id", "company_id")] == [None] * 3


def test_the_tags_of_a_text_say_who_took_it() -> None:
    text = (
        "ORIG CO NAME:ILEC TELEPHONE ORIG ID:1234567890 DESC DATE:260320 CO ENTRY DESCR:TELECOM "
        "SEC:CCD TRACE#:091000010000001 EED:260320 IND ID:305R010001 IND NAME:ACME RESALE"
    )
    returned = "RETURN CODE:R29 ORIG TRACE#:091000010000001"
    report = bai2([Statement([Move(D("1"), text=text), Move(D("1"), "257", text=returned)])])
    row, back = read_of(report, "bai2").entries.iter_rows(named=True)
    assert row["company_name"] == "ILEC TELEPHONE" and row["company_id"] == "1234567890"
    assert row["sec"] == "CCD" and row["trace"] == "091000010000001"
    assert row["individual_id"] == "305R010001" and row["individual_name"] == "ACME RESALE"
    assert (back["code"], back["original_trace"], back["trace"]) == ("R29", row["trace"], None)


def test_the_same_movement_in_the_next_statement_has_the_same_id() -> None:
    twice = [Move(D("10.00"), text="ILEC"), Move(D("10.00"), text="ILEC")]
    first = read_of(bai2([Statement(twice)]), "bai2").entries["entry_id"].to_list()
    later = [Statement([*twice, Move(D("9.99"))])]
    second = read_of(bai2(later), "bai2").entries["entry_id"].to_list()
    assert len(set(first)) == 2 and second[:2] == first and second[2] not in first
