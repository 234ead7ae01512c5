"""Typed records in a delimited file: each kind has its cells, headers go with their own bill."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal

import polars as pl
import pytest
from examples import few
from hypothesis import given
from hypothesis import strategies as st
from tapes import examples, settled

from invoices.carrier import Profile, ProfileError, Profiles, parse_profile, source_of_bytes
from invoices.carrier import read as read_any
from invoices.carrier.reading import Reading
from invoices.carrier.typed_records import read, read_cells

PAPER, TEXT = examples("records.md")
"""The file and the profile the documentation shows."""


def profile(*changes: tuple[str, str]) -> Profile:
    text = TEXT
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return parse_profile(text)


def reading(text: str, which: Profile | None = None) -> Reading:
    return read(source_of_bytes("bill.txt", "d", text.encode()), which or profile())


def without_controls(*changes: tuple[str, str]) -> Profile:
    """The same layout, of which no trailer counts."""
    return profile(
        ("required = true\ncount = \"records\"\n", ""),
        ('counts = "all"                     # every record but itself\n', ""),
        ('sums = { total = ["monthly.amount", "occ.amount", "taxes.amount"] }\n', ""),
        *changes,
    )  # fmt: skip


def test_the_example_is_read_to_the_cent() -> None:
    own = Profiles((profile(),))
    found = read_any(source_of_bytes("bill.txt", "d", PAPER.encode()), None, own)
    bill = settled(found).row(0, named=True)
    assert (bill["status"], bill["ban"], bill["invoice_no"]) == ("loaded", "8310009999", "1946176")
    assert bill["bill_date"] == dt.date(2026, 3, 1) and bill["due_date"] == dt.date(2026, 3, 28)
    assert (bill["previous_balance"], bill["payments"]) == (Decimal("120.00"), Decimal("-120.00"))
    assert bill["line_sum"] == bill["total_due"] == Decimal("89.90")
    lines = found.lines.collect().sort("source_row")
    assert lines.select("charge_class", "usoc", "wtn", "amount", "source_row").rows() == [
        ("recurring", "1FB", "6145550131", Decimal("20.00"), 3),
        ("recurring", "9ZR", "6145550131", Decimal("8.30"), 4),
        ("one_time", "NRCSO", "6145550144", Decimal("57.30"), 5),
        ("tax", None, None, Decimal("4.30"), 6),
    ]
    assert lines["service_until"][0] == dt.date(2026, 4, 1)
    assert found.quarantine.is_empty() and found.findings.is_empty()


@pytest.mark.parametrize(
    "written",
    [
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.replace("\n", "|\n"),
        lambda text: text.replace("\n", "||||\n"),
        lambda text: "\ufeff" + text + "\n\n\x1a",
        lambda text: text.replace("BUSINESS LINE", '"BUSINESS LINE"'),
        lambda text: text.replace("10|", " 10 |"),
        lambda text: text.replace("|BOX 9011", ""),
        lambda text: text.replace("|1|20.00", "|1|$20.00").replace("6|89.90", "6|0,089.90"),
    ],
)
def test_spellings_that_change_nothing(written: Callable[[str], str]) -> None:
    found = reading(written(PAPER))
    assert settled(found).select("status", "line_sum").rows() == [("loaded", Decimal("89.90"))]
    assert found.quarantine.is_empty()


def test_a_quoted_cell_may_hold_the_delimiter() -> None:
    found = reading(PAPER.replace("BUSINESS LINE", '"BUSINESS | ""LINE"""'))
    assert found.lines.collect()["description"][0] == 'BUSINESS | "LINE"'
    bare = reading(PAPER.replace("BUSINESS LINE", 'BUSINESS "'), profile(
        ('delimiter = "|"', 'delimiter = "|"\nquotes = "none"')
    ))  # fmt: skip
    assert bare.lines.collect()["description"][0] == 'BUSINESS "'


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("|1|8.30|", "|1|8.30|x|", "the record has 11 cells, its kind 10"),
        ("|20260301|20260331\n10", "\n10", "the record has 8 cells, its kind 10"),
        ("BUSINESS LINE", '"BUSINESS LINE', "a quoted cell is not closed"),
        ("|1|8.30|", "|1|8.3x|", "amount `8.3x` is not"),
        (
            "10|1946176|8310009999|6145550131|9ZR",
            "10|1946176|8310009998|6145550131|9ZR",
            "ban `8310009998` is not the `8310009999` of the bill record above it",
        ),
        (
            "10|1946176|8310009999|6145550131|9ZR",
            "10|1946177|8310009999|6145550131|9ZR",
            "invoice_no `1946177` is not the `1946176` of the bill record above it",
        ),
    ],
)
def test_a_record_that_cannot_be_read_is_set_aside_and_its_bill_held(
    old: str, new: str, said: str
) -> None:
    assert old in PAPER
    found = reading(PAPER.replace(old, new), without_controls())
    assert said in found.quarantine["reason"][0]
    assert found.quarantine.height == 1
    assert settled(found)["status"].to_list() == ["held"]


@pytest.mark.parametrize(
    ("change", "row", "said"),
    [
        (lambda r: [*r[:5], "77|what", *r[5:]], 6, "begins with `77`, which is no kind"),
        (lambda r: r[:-1], 6, "there is no tail record"),
        (lambda r: [*r[:2], *r[3:]], 6, "tail says records 6, and the records above come to 5"),
        (lambda r: [*r[:-1], "99|1946176|6|89.91"], 7, "tail says total 89.91, and the"),
        (lambda r: [*r[:-1], "99|1946176|six|89.90"], 7, "nothing that can be read"),
        (lambda r: [*r[:-1], "99|1946176|6"], 7, "the tail record cannot be read"),
        (lambda r: [r[0], r[1] + "|7", *r[2:]], 2, "the bill record cannot be read"),
        (lambda r: [*r, r[0]], 8, "records stand behind the last tail record"),
    ],
)
def test_a_file_that_is_not_what_it_says_is_refused_with_the_place(
    change: Callable[[list[str]], list[str]], row: int, said: str
) -> None:
    found = reading("\n".join(change(PAPER.splitlines())))
    assert found.documents["status"].to_list() == ["refused"]
    finding = found.findings.row(0, named=True)
    assert said in finding["message"] and finding["source_row"] == row


BARE = ('"account", "text", "amount"]', '"", "text", "amount"]')
"""Taxes whose account and invoice are those of the header above."""


def test_a_header_never_speaks_for_another_bill() -> None:
    second = PAPER.replace("1946176", "1946177").replace("8310009999", "8310000000")
    both = PAPER + second
    found = reading(both, without_controls(BARE))
    assert settled(found).sort("ban")["status"].to_list() == ["loaded", "loaded"]
    taxes = found.lines.collect().filter(charge_class="tax")
    assert sorted(taxes["ban"]) == ["8310000000", "8310009999"]
    # The second bill has lost its own `01`: its tax is not one of the first.
    lost = "".join(line for line in both.splitlines(True) if not line.startswith("01|1946177"))
    found = reading(lost, without_controls(BARE))
    assert [
        (row, reason) for row, reason in found.quarantine.select("source_row", "reason").iter_rows()
    ] == [(12, "ban is empty")]


@pytest.mark.parametrize(
    ("counts", "itself", "number"),
    [
        ('"all"', "false", 6),
        ('"all"', "true", 7),
        ('["monthly", "occ"]', "false", 3),
        ('["head", "bill", "monthly"]', "false", 4),
        ("[]", "false", 5),
        ("[]", "true", 7),
    ],
)
def test_a_trailer_counts_what_the_profile_says(counts: str, itself: str, number: int) -> None:
    which = profile(('counts = "all" ', f"counts_itself = {itself}\ncounts = {counts} "))
    for told in range(2, 9):
        found = reading(PAPER.replace("176|6|", f"176|{told}|"), which)
        assert (found.documents["status"][0] == "refused") == (told != number)


CLOSED = """
profile = "closed"
format = "records"
carrier = "SOUTH"
[records]
delimiter = "|"
[[records.record]]
name = "charge"
id = ["D"]
columns = ["id", "account", "invoice", "usoc", "amount"]
[[records.record]]
name = "close"
role = ["trailer", "rows"]
id = ["Z"]
required = true
count = "records"
sums = { due = "charge.amount" }
columns = ["id", "account", "invoice", "billed", "records", "due"]
[records.fields]
ban = "account"
invoice_no = "invoice"
[[records.part]]
name = "charge"
charge_class = "recurring"
fields = { bill_date = { value = "2026-03-01" }, usoc = "usoc", amount = "amount" }
[[records.part]]
name = "close"
role = "totals"
fields = { bill_date = "billed", current_charges = "due", total_due = "due" }
"""


def test_a_trailer_that_closes_a_bill_prints_its_totals() -> None:
    bills = [
        *("D|A1|I1|1FB|20.00", "D|A1|I1|9ZR|8.30", "Z|A1|I1|2026-03-01|2|28.30"),
        *("D|A2|I2|1FB|1.00", "Z|A2|I2|2026-03-01|1|1.00"),
    ]
    documents = settled(reading("\n".join(bills), parse_profile(CLOSED))).sort("ban")
    assert documents.select("ban", "status", "total_due").rows() == [
        ("A1", "loaded", Decimal("28.30")),
        ("A2", "loaded", Decimal("1.00")),
    ]
    cut = reading("\n".join([bills[0], *bills[2:]]), parse_profile(CLOSED))
    assert "close says records 2, and the records above come to 1" in cut.findings["message"][0]


def test_cells_are_those_of_each_kind() -> None:
    cells = read_cells(source_of_bytes("x", "d", PAPER.encode()), profile())
    assert cells["kind"].to_list() == ["head", "bill", "monthly", "monthly", "occ", "taxes", "tail"]
    assert cells["amount"].to_list() == [None, None, "20.00", "8.30", "57.30", "4.30", None]
    assert cells["billed"].to_list() == ["20260301", *[None] * 6]


def test_the_id_may_stand_in_another_cell_and_columns_are_tables() -> None:
    text = """
        profile = "x"
        format = "records"
        [records]
        delimiter = ";"
        id_cell = 2
        is_bill = false
        [[records.record]]
        name = "row"
        id = ["D"]
        columns = [
          "first",
          { name = "cents", cell = 4, type = "number", decimals = 2, sign = "trailing" },
          { name = "kind of", words = { R = "recurring" } },
        ]
        [[records.record]]
        name = "other"
        role = "skip"
        """
    content = b"a;D;skipped;001234-;R\nb;X\nc;D;;5;Q\n"
    cells = read_cells(source_of_bytes("x", "d", content), parse_profile(text))
    assert cells.rows() == [
        (1, "row", "a", "-12.34", "recurring"),
        (2, "other", None, None, None),
        (3, "row", "c", "0.05", "Q"),
    ]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('role = ["header", "rows"]', 'role = ["header", "trailer"]', "rows with header or with"),
        ("cells = [3, 5]", "cells = [5, 3]", "the least and the most"),
        ("cells = [3, 5]", "cells = 2", "stands behind the last"),
        ('"taxes.amount"]', '"taxes.amuont"]', "`taxes.amuont` is no number of a record"),
        ('count = "records"', 'count = "recrods"', "no number is called `recrods`"),
        ('usoc = "usoc"', 'usoc = "usok"', "no column `usok` in its layout"),
        ('"text", "amount"]', '"text", { name = "amount", cell = 4 }]', "cell 4 stands twice"),
        ('"account", "text", "amount"]', '"account", "text", "text"]', "stands twice"),
        (
            'usoc = "usoc"',
            'usoc = { label = "usoc" }',
            "label, title and line_breaks are for tables",
        ),
    ],
)
def test_a_wrong_layout_is_named(old: str, new: str, said: str) -> None:
    with pytest.raises(ProfileError, match=said):
        profile((old, new))


def test_two_profiles_with_the_same_ids_are_told_apart_by_their_rules() -> None:
    other = profile(
        ('profile = "example-records"', 'profile = "other"\nrecognise = { contains = ["NORTH"] }')
    )
    own = Profiles((profile(), other))
    for text, carrier in ((PAPER, "example-records"), (PAPER.replace("SOUTH", "NORTH"), "other")):
        from invoices.carrier import identify

        assert [one.profile for one in identify(text.encode(), own)] == [carrier]
    assert not identify(b"invoice,account\n00,1\n", Profiles((profile(),), ()))


ROWS = st.lists(
    st.tuples(
        st.sampled_from(["10", "20", "30"]),
        st.integers(-99_999, 99_999),
        st.text(st.sampled_from('AB |"'), max_size=6),
    ),
    min_size=1, max_size=8,
)  # fmt: skip


@few(10)
@given(st.lists(ROWS, min_size=1, max_size=3), st.data())
def test_what_is_written_is_read_and_what_is_lost_is_seen(
    bills: list[list[tuple[str, int, str]]], data: st.DataObject
) -> None:
    lines = []
    for number, rows in enumerate(bills):
        key = f"I{number}|83100000{number:02d}"
        due = sum(cents for _, cents, _ in rows)
        lines.append(f"00|I{number}|20260301")
        lines.append(f"01|{key}|C|0.00|0.00|{_money(due)}|{_money(due)}|20260328")
        for kind, cents, text in rows:
            quoted = '"' + text.replace('"', '""') + '"'
            lines.append({
                "10": f"10|{key}|6145550131|1FB|{quoted}|1|{_money(cents)}|20260301|20260331",
                "20": f"20|{key}|6145550131|NRC|{quoted}|C1|{_money(cents)}",
                "30": f"30|{key}|{quoted}|{_money(cents)}",
            }[kind])  # fmt: skip
        lines.append(f"99|I{number}|{len(rows) + 2}|{_money(due)}")
    found = reading("\n".join(lines))
    assert (settled(found)["status"] == "loaded").all()
    read_back = found.lines.collect().sort("source_row").select("amount", "description").rows()
    assert read_back == [
        (Decimal(cents) / 100, text.strip() or None) for rows in bills for _, cents, text in rows
    ]
    place = data.draw(st.integers(0, len(lines) - 1))
    lost = reading("\n".join(lines[:place] + lines[place + 1 :]))
    assert not (settled(lost)["status"] == "loaded").all() or _said(lost) == _said(found)


def _money(cents: int) -> str:
    return f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02d}"


def _said(found: Reading) -> list[tuple[object, ...]]:
    return found.lines.select("ban", "invoice_no", "amount", "description").collect().rows()


def test_a_file_larger_than_its_limit_is_refused() -> None:
    which = parse_profile("limits = { memory_bytes = 100 }\n" + TEXT)
    assert "larger than 100 bytes" in reading(PAPER, which).findings["message"][0]
    assert pl.Series(reading("", profile()).documents["status"]).to_list() == ["refused"]
