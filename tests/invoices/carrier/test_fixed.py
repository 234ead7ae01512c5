"""Fixed-width files say what their layout promises; no cut or doubled record goes unseen."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tapes import DOCS, EXAMPLE, Bill, Line, records_of, settled, written

from invoices.carrier import Profile, ProfileError, Profiles, parse_profile, source_of_bytes
from invoices.carrier import read as read_any
from invoices.carrier.fixed import Unreadable, read, read_cells
from invoices.carrier.reading import Reading


def profile(**changes: str) -> Profile:
    text = EXAMPLE
    for old, new in changes.items():
        text = text.replace(*{
            "lines": ("record_length = 80", ""),
            "ascii": ('"cp037"', '"ascii"'),
            "optional": ("required = true", "required = false"),
        }[old]) if new else text  # fmt: skip
    return parse_profile(text)


def reading(content: bytes, which: Profile | None = None) -> Reading:
    return read(source_of_bytes("tape.dat", "d", content), which or profile())


def told(found: Reading) -> list[Bill]:
    """The bills of a reading that are loaded."""
    lines = found.lines.collect()
    return [
        Bill(
            row["ban"],
            row["invoice_no"],
            tuple(
                Line(line["usoc"], int(line["quantity"]), int(line["amount"] * 100))
                for line in lines.filter(document_id=row["document_id"]).iter_rows(named=True)
            ),
        )
        for row in settled(found).filter(status="loaded").sort("source_row").iter_rows(named=True)
    ]


LINES = st.builds(
    Line,
    st.sampled_from(["1FB", "9ZR", "1L5XX"]),
    st.integers(1, 999),
    st.integers(-10_000_00, 10_000_00),
)
PAIRS = st.lists(
    st.tuples(st.integers(0, 9_999_999), st.lists(LINES, min_size=1, max_size=6)),
    min_size=1, max_size=4, unique_by=lambda pair: pair[0],
)  # fmt: skip
BILLS = PAIRS.map(lambda pairs: [Bill(f"0305R{n:07d}", f"I{n}", tuple(own)) for n, own in pairs])


@given(BILLS, st.sampled_from(["", "\n", "\r\n"]), st.booleans())
def test_what_is_written_is_read(bills: list[Bill], end: str, ebcdic: bool) -> None:
    encoding = "cp037" if ebcdic and not end else "ascii"
    which = profile(lines=end, ascii="yes" if encoding == "ascii" else "")
    found = reading(written(records_of(bills), encoding, end), which)
    assert told(found) == bills
    assert found.quarantine.is_empty()


@given(BILLS, st.data())
def test_nothing_that_changes_money_goes_unseen(bills: list[Bill], data: st.DataObject) -> None:
    records = records_of(bills)
    money = [n for n, record in enumerate(records) if record[0] in "DB"]
    place = data.draw(st.sampled_from(money))
    how = data.draw(st.sampled_from(["drop", "double", "cut", "flip"]))
    changed = list(records)
    if how == "drop":
        del changed[place]
    elif how == "double":
        changed.insert(place, changed[place])
    elif how == "cut":
        changed = changed[: place + 1]
    else:
        at = 20 if changed[place][0] == "D" else 9
        digit = str((int(changed[place][at]) + 1) % 10)
        changed[place] = changed[place][:at] + digit + changed[place][at + 1 :]
    found = reading(written(changed))
    assert not (settled(found)["status"] == "loaded").all() or told(found) == bills


@pytest.mark.parametrize(
    ("sign", "printed", "value"),
    [
        ("none", "0001234", "12.34"),
        ("none", "", None),
        ("none", "12.3", "12.3"),
        ("leading", "-001234", "-12.34"),
        ("leading", "+001234", "12.34"),
        ("leading", "  1234", "12.34"),
        ("trailing", "001234-", "-12.34"),
        ("trailing", "001234", "12.34"),
        ("overpunch", "00123D", "12.34"),
        ("overpunch", "00123M", "-12.34"),
        ("overpunch", "00000}", "-0.00"),
        ("overpunch", "001234", "12.34"),
        ("overpunch_leading", "{01234", "12.34"),
        ("overpunch_leading", "}01234", "-12.34"),
        ("none", "12A4", "12A4"),
        ("none", "7", "0.07"),
    ],
)
def test_numbers_are_written_out_in_every_sign(sign: str, printed: str, value: str | None) -> None:
    text = f"""
        profile = "x"
        format = "fixed"
        [fixed]
        is_bill = false
        [[fixed.record]]
        name = "all"
        columns = [
          {{ name = "n", start = 3, length = 8, type = "number", decimals = 2, sign = "{sign}" }},
        ]
        """
    cells = read_cells(source_of_bytes("x", "d", f"XX{printed:8}|\n".encode()), parse_profile(text))
    assert cells["n"].to_list() == [value or ""]


BILL = Bill("0305R0000001", "I1", (Line("1FB", 1, 20_00), Line("9ZR", 1, 8_30)))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda r: r[:-1], "there is no tail record"),
        (lambda r: [*r, r[0]], "records stand behind the last tail record"),
        (lambda r: [*r[:2], *r[3:]], "tail says records 3, and the records above come to 2"),
        (lambda r: [*r[:1], "X what is this", *r[1:]], "which is no kind of the layout"),
        (lambda r: [*r[:-1], "T0000003+000000002831"], "says total 28.31"),
        (lambda r: [*r[:-1], "T00000x3+000000002830"], "nothing that can be read"),
    ],
)
def test_a_file_that_is_not_what_it_says_is_refused_with_the_place(
    change: Callable[[list[str]], list[str]], said: str
) -> None:
    found = reading(written(change(records_of([BILL]))))
    assert found.documents["status"].to_list() == ["refused"]
    finding = found.findings.row(0, named=True)
    assert said in finding["message"]
    assert finding["source_row"] is not None


def test_a_cut_record_and_bytes_of_another_encoding_refuse_the_file() -> None:
    content = written(records_of([BILL]))
    assert "of 80" in reading(content[:-3] + b"\xf1").findings["message"][0]
    assert reading(content[:-3]).findings["message"][0].startswith("the last record has 77")
    which = profile(ascii="yes", lines="yes")
    assert "no character of ascii" in reading(b"H\xff\n", which).findings["message"][0]


def test_blanks_and_a_mark_of_the_end_are_no_record() -> None:
    content = written(records_of([BILL]), "ascii", "\r\n") + b"\r\n\x1a"
    assert told(reading(content, profile(ascii="yes", lines="yes"))) == [BILL]


def test_a_file_larger_than_its_limit_is_refused() -> None:
    which = parse_profile("limits = { memory_bytes = 100 }\n" + EXAMPLE)
    assert (
        "larger than 100 bytes"
        in reading(written(records_of([BILL])), which).findings["message"][0]
    )


def test_a_file_is_known_by_its_first_record() -> None:
    own = Profiles((profile(),))
    content = written(records_of([BILL]))
    found = read_any(source_of_bytes("tape.dat", "d", content), None, own)
    assert told(found) == [BILL]
    assert found.lines.collect()["source_row"].to_list() == [2, 3]


def test_order_activity_is_no_invoice_and_can_be_looked_at() -> None:
    row = (
        f"{'6145550100123':17}11012026{'ILEC':4}{'TELCOM':6}6145550131{'45/HCGS/000001':30}10282026"
        f"N{'N12345678':9}{'PO-77':30}00002{'1FB':5}{'BUSINESS LINE':50}{'':150}"
    )
    content = f"{row}\n{row.replace('10282026N', '10282026 ')}\n".encode()
    source = source_of_bytes("SOACTVTY.DET", "d", content)
    found = read_any(source)
    assert "it is no invoice" in found.findings["message"][0]
    which = Profiles().named("billmate-soactvty")
    assert which is not None
    cells = read_cells(source, which).row(0, named=True)
    assert (cells["account"], cells["wtn"], cells["usoc"]) == ("6145550100123", "6145550131", "1FB")
    assert (cells["occ_reason"], cells["order_no"], cells["quantity"]) == (
        "new",
        "N12345678",
        "2",
    )
    assert cells["description_1"] == "BUSINESS LINE"
    assert read_cells(source, which)["occ_reason"].to_list() == ["new", "rate_change"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            'name = "due", start = 2, length = 11',
            'name = "due", start = 75, length = 11',
            "ends behind",
        ),
        ('sums = { total = "charges.amount" }', 'sums = { total = "charges.usoc" }', "no number"),
        ('count = "records"', 'count = "recrods"', "no number is called"),
        ('usoc = "usoc"', 'usoc = "usok"', "no column `usok`"),
        ('name = "invoice", start', 'name = "account", start', "stands twice"),
        ('sign = "trailing"', 'sign = "behind"', "sign"),
        ('type = "number", decimals = 2, sign = "trailing"', "decimals = 2", "for numbers"),
    ],
)
def test_a_wrong_layout_is_named(old: str, new: str, said: str) -> None:
    assert old in EXAMPLE
    with pytest.raises(ProfileError, match=said):
        parse_profile(EXAMPLE.replace(old, new))


def test_the_layout_for_licensees_can_be_filled_in() -> None:
    text = (DOCS / "cabs-bdt.toml").read_text(encoding="utf-8")
    assert not any(line and not line.startswith("#") for line in text.splitlines())
    bare = "\n".join(
        line.removeprefix("# ") for line in text.splitlines()
        if line.startswith("# ") and (" = " in line or line.startswith(("# [", "# ]")))
    )  # fmt: skip
    places = iter(range(1, 99))
    ids = iter("HOBTX")
    lines = []
    for line in bare.splitlines():
        line = line.replace("id_at = 0", "id_at = 1").replace(
            "record_length = 0", "record_length = 200"
        )
        if 'id = ["..."]' in line:
            line = f'id = ["{next(ids)}"]'
        while "start = 0, length = 0" in line:
            line = line.replace(
                "start = 0, length = 0", f"start = {next(places) + 1}, length = 1", 1
            )
        lines.append(line)
    filled = parse_profile("\n".join(lines))
    assert filled.profile == "cabs-bdt"


def test_days_and_amounts_are_those_of_the_records() -> None:
    row = settled(reading(written(records_of([BILL])))).row(0, named=True)
    assert row["bill_date"] == dt.date(2026, 11, 1)
    assert row["total_due"] == Decimal("28.30")


def test_cells_of_a_broken_file_are_an_error_with_its_place() -> None:
    with pytest.raises(Unreadable) as fault:
        read_cells(source_of_bytes("x", "d", b"?" * 80), profile(ascii="yes"))
    assert fault.value.row == 1
