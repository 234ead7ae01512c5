"""Numbers of mainframes in fixed records: packed decimals and integers, beside text of any code."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import pytest
from examples import few
from hypothesis import given
from hypothesis import strategies as st
from tapes import settled

from invoices.carrier import Profile, ProfileError, Profiles, parse_profile, source_of_bytes
from invoices.carrier import read as read_any
from invoices.carrier.fixed import read, read_cells
from invoices.carrier.reading import Reading

TEXT = """
profile = "packed"
format = "fixed"
carrier = "ILEC"

[fixed]
encoding = "cp037"
record_length = 40
dates = ["%Y%m%d"]

[[fixed.record]]
name = "head"
role = "header"
id = ["H"]
columns = [
  { name = "account", start = 2, length = 10 },
  { name = "invoice", start = 12, length = 5, type = "packed" },
  { name = "billed", start = 17, length = 8 },
  { name = "due", start = 25, length = 6, type = "packed", decimals = 2 },
]

[[fixed.record]]
name = "charges"
id = ["D"]
columns = [
  { name = "usoc", start = 2, length = 5 },
  { name = "units", start = 7, length = 2, type = "binary" },
  { name = "amount", start = 9, length = 5, type = "packed", decimals = 2 },
  { name = "unread", start = 14, length = 3, type = "packed" },
]

[[fixed.record]]
name = "tail"
role = "trailer"
id = ["T"]
required = true
count = "records"
sums = { total = "charges.amount" }
columns = [
  { name = "records", start = 2, length = 4, type = "binary" },
  { name = "total", start = 6, length = 6, type = "packed", decimals = 2 },
]

[fixed.fields]
ban = "account"
invoice_no = "invoice"
bill_date = "billed"
current_charges = "due"
total_due = "due"

[[fixed.part]]
name = "charges"
charge_class = "recurring"
fields = { usoc = "usoc", quantity = "units", amount = "amount" }
"""


def profile(*changes: tuple[str, str]) -> Profile:
    text = TEXT
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return parse_profile(text)


def packed(number: int, length: int, plus: str = "c", minus: str = "d") -> bytes:
    """A number in packed decimals, one digit after the other."""
    digits = str(abs(number)).rjust(2 * length - 1, "0")
    halves = [*digits, minus if number < 0 else plus]
    return bytes(int(halves[n] + halves[n + 1], 16) for n in range(0, len(halves), 2))


def binary(number: int, length: int) -> bytes:
    """A signed integer, the highest byte first."""
    rest = number + 256**length if number < 0 else number
    return bytes(rest // 256**place % 256 for place in range(length - 1, -1, -1))


def tape(cents: Sequence[int], encoding: str = "cp037", plus: str = "c") -> list[bytes]:
    """The records of a bill of these charges."""
    due = sum(cents)
    head = "H0305550001".encode(encoding) + packed(77, 5, plus) + "20261101".encode(encoding)
    told = [head + packed(due, 6, plus)]
    for place, amount in enumerate(cents, 1):
        usoc = "D1FB  ".encode(encoding)
        units = binary(-place if amount < 0 else place, 2)
        told.append(usoc + units + packed(amount, 5, plus) + packed(0, 3, plus))
    told.append("T".encode(encoding) + binary(len(cents), 4) + packed(due, 6, plus))
    return [record.ljust(40, " ".encode(encoding)) for record in told]


def reading(records: Sequence[bytes], which: Profile | None = None) -> Reading:
    return read(source_of_bytes("tape", "d", b"".join(records)), which or profile())


@few(12)
@given(
    st.lists(st.integers(-99_999_999, 99_999_999), min_size=1, max_size=6),
    st.sampled_from(["cp037", "cp500", "cp1140", "ascii", "latin-1"]),
    st.sampled_from("cfae"),
    st.booleans(),
)
def test_what_is_written_is_read(
    cents: list[int], encoding: str, plus: str, described: bool
) -> None:
    records = tape(cents, encoding, plus)
    changes = [('"cp037"', f'"{encoding}"')]
    if described:
        changes.append(("record_length = 40", 'record_length = "rdw"'))
        records = [binary(len(r) + 4, 2) + b"\0\0" + r for r in records]
    own = Profiles((profile(*changes),))
    found = read_any(source_of_bytes("tape", "d", b"".join(records)), None, own)
    bill = settled(found).row(0, named=True)
    assert bill["status"] == "loaded"
    assert (bill["ban"], bill["invoice_no"]) == ("0305550001", "77")
    assert bill["total_due"] == bill["line_sum"] == Decimal(sum(cents)) / 100
    assert found.lines.collect().select("amount", "quantity").rows() == [
        (Decimal(amount) / 100, Decimal(-place if amount < 0 else place))
        for place, amount in enumerate(cents, 1)
    ]


CELLS = """
profile = "x"
format = "fixed"
[fixed]
encoding = "ascii"
record_length = {length}
is_bill = false
[[fixed.record]]
name = "all"
columns = [
  {{ name = "n", start = 1, length = {length}, type = "{kind}", decimals = {decimals} }},
]
"""


def shown(content: bytes, kind: str, decimals: int = 0) -> str | None:
    text = CELLS.format(length=len(content), kind=kind, decimals=decimals)
    cells = read_cells(source_of_bytes("x", "d", content), parse_profile(text))
    assert cells.height == 1
    return cells["n"].to_list()[0]


@few(30)
@given(st.integers(1, 8), st.data())
def test_an_integer_of_any_length_is_its_number(length: int, data: st.DataObject) -> None:
    most = 256**length // 2
    number = data.draw(st.integers(-most, most - 1) | st.sampled_from([-most, -1, 0, most - 1]))
    assert shown(binary(number, length), "binary") == str(number)


@few(30)
@given(st.integers(1, 16), st.integers(0, 6), st.sampled_from("cfaebd"), st.data())
def test_a_packed_number_of_any_length_is_its_number(
    length: int, decimals: int, sign: str, data: st.DataObject
) -> None:
    digits = data.draw(st.integers(0, 10 ** (2 * length - 1) - 1))
    content = packed(digits, length, plus=sign)
    assert content.hex()[-1] == sign
    written = str(digits).zfill(decimals + 1)
    point = f"{written[:-decimals]}.{written[-decimals:]}" if decimals else written
    assert shown(content, "packed", decimals) == ("-" if sign in "bd" else "") + point


@pytest.mark.parametrize("figures", ["4040404040", "0000000000", "12a4567c89", "123456789a12"])
def test_bytes_that_are_no_packed_number_are_shown(figures: str) -> None:
    content = bytes.fromhex(figures)
    good = figures[-1] in "abcdef" and figures[:-1].isdigit()
    assert not good
    assert shown(content, "packed") == f"x'{figures}'"


def test_a_record_with_such_bytes_is_set_aside_and_names_them() -> None:
    records = tape([20_00, 8_30])
    records[1] = records[1][:8] + b"\x40" * 5 + records[1][13:]
    found = reading(records, profile(('sums = { total = "charges.amount" }\n', "")))
    assert found.quarantine.select("source_row", "reason").rows() == [
        (2, "amount holds the bytes x'4040404040', which are no number of its type")
    ]
    assert settled(found)["status"].to_list() == ["held"]
    # Of a column that nothing reads the bytes do not matter.
    unread = tape([20_00])
    unread[1] = unread[1][:13] + b"\xff" * 3 + unread[1][16:]
    assert settled(reading(unread))["status"].to_list() == ["loaded"]


def test_a_header_with_such_bytes_bills_nothing() -> None:
    records = tape([20_00, 8_30])
    records[0] = records[0][:11] + b"\x40" * 5 + records[0][16:]
    found = reading(records)
    assert "invoice holds the bytes x'4040404040'" in found.findings["message"][0]
    assert found.documents["status"].to_list() == ["refused"]


def test_text_beside_packed_numbers_is_of_its_encoding() -> None:
    records = tape([20_00], "ascii")
    which = profile(('"cp037"', '"ascii"'))
    assert settled(reading(records, which))["status"].to_list() == ["loaded"]
    records[1] = b"D\xff" + records[1][2:]
    finding = reading(records, which).findings.row(0, named=True)
    assert finding["message"] == "usoc has a byte that is no character of ascii"
    assert finding["source_row"] == 2


@pytest.mark.parametrize("cut", [1, 3, 20, 42])
def test_a_cut_file_of_described_records_is_refused(cut: int) -> None:
    content = b"".join(binary(len(r) + 4, 2) + b"\0\0" + r for r in tape([20_00, 8_30]))
    which = profile(("record_length = 40", 'record_length = "rdw"'))
    assert settled(reading([content], which))["status"].to_list() == ["loaded"]
    assert settled(reading([content + b"\0" * 9], which))["status"].to_list() == ["loaded"]
    found = reading([content[:-cut]], which)
    assert found.documents["status"].to_list() == ["refused"]
    assert "gives no length" in found.findings["message"][0]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("record_length = 40\n", "", "need record_length"),
        ('"cp037"', '"utf-8"', "an encoding of one byte"),
        ('"cp037"', '"utf-16"', "an encoding of one byte"),
        ('"cp037"', '"shift_jis"', "an encoding of one byte"),
        ("length = 6, type", "length = 17, type", "at most 16 bytes"),
        ('length = 2, type = "binary"', 'length = 9, type = "binary"', "at most 8 bytes"),
        ('type = "packed", dec', 'type = "packed", sign = "leading", dec', "its sign in it"),
        ("record_length = 40", "record_length = 0", "1 to 32768"),
        ("record_length = 40", 'record_length = "bdw"', "record_length"),
    ],
)
def test_a_wrong_layout_is_named(old: str, new: str, said: str) -> None:
    with pytest.raises(ProfileError, match=said):
        profile((old, new))
