"""Flat feeds: what is written is what is read, and what changes money is noticed."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from decimal import Decimal

import polars as pl
import pytest
from flat_feeds import PARTS, ZERO, Bill, Charge, Quirks, feeds, files_of, profile_of
from hypothesis import given, settings
from hypothesis import strategies as st

from invoices import carrier
from invoices.carrier import Profiles, parse_profile, source_of_bytes
from invoices.carrier.bundles import assemble
from invoices.footing import foot, line_sums
from invoices.schema import DOCUMENTS

FEW = 15 if settings.get_current_profile_name() == "test" else 500
"""Each feed is five files, so that few are read but in `make soak`."""


@dataclass(frozen=True)
class Gate:
    """What became of the files of a feed."""

    documents: pl.DataFrame
    lines: pl.DataFrame
    findings: pl.DataFrame
    waiting: tuple[int, ...]

    @property
    def messages(self) -> str:
        return " | ".join(self.findings["message"])


def through(files: dict[str, str | bytes], profile: str) -> Gate:
    """Read files, put their parts together and foot them."""
    profiles = Profiles((parse_profile(profile),))
    readings = []
    for number, (name, text) in enumerate(files.items()):
        content = text.encode() if isinstance(text, str) else text
        source = source_of_bytes(name, f"{number:064}", content)
        readings.append(carrier.read(source, None, profiles))
    documents = pl.concat(
        [r.documents.with_columns(intake=pl.lit(n, pl.Int64)) for n, r in enumerate(readings)]
    )
    bundles = [(n, r.bundle) for n, r in enumerate(readings) if r.bundle is not None]
    assembled = assemble(documents, bundles)
    lines = pl.concat([r.lines for r in readings]).collect()
    unread = pl.concat([r.findings for r in readings])
    sums = line_sums(lines.lazy()).collect()
    reasons = assembled.reasons.drop("intake")
    whole = assembled.documents.select(DOCUMENTS.names())
    footed, findings = foot(whole, sums, unread, reasons)
    return Gate(footed, lines, pl.concat([unread, findings]), assembled.waiting)


def seen(gate: Gate) -> list[tuple[object, ...]]:
    """What the lines say, in an order of their own."""
    rows = gate.lines.select(
        *("ban", "charge_class", "usoc", "description", "quantity", "unit_rate", "amount"),
        *("wtn", "service_from"),
    ).rows()
    return sorted(rows, key=repr)


def written(bills: list[Bill]) -> list[tuple[object, ...]]:
    """The same of the bills as they were written."""
    rows: list[tuple[object, ...]] = []
    for bill in bills:
        rows += [
            (
                *(bill.ban, c.part, c.usoc, c.description),
                *(c.quantity.quantize(Decimal("0.000001")), c.rate.quantize(Decimal("0.000001"))),
                *(c.amount, c.wtn, c.service_from),
            )
            for c in bill.charges
        ]
        if bill.late_fees:
            late = (bill.late_fees, None, None)
            rows.append((bill.ban, "late_charge", None, "Late Fees", None, None, *late))
    return sorted(rows, key=repr)


def loaded(gate: Gate) -> dict[str, tuple[object, ...]]:
    rows = gate.documents.filter(pl.col("status") == "loaded")
    columns = ("previous_balance", "payments", "current_charges", "total_due", "bill_date")
    return {row[0]: row[1:] for row in rows.select("invoice_no", *columns).iter_rows()}


def printed(bills: list[Bill]) -> dict[str, tuple[object, ...]]:
    return {
        bill.invoice_no: (
            *(bill.previous, bill.payments, bill.current),
            *(bill.previous + bill.payments + bill.current, bill.bill_date),
        )
        for bill in bills
    }


@settings(max_examples=FEW)
@given(feeds())
def test_what_a_carrier_writes_is_what_is_read(feed: tuple[list[Bill], Quirks]) -> None:
    bills, quirks = feed
    gate = through(files_of(bills, quirks), profile_of(quirks))
    assert gate.messages == ""
    assert loaded(gate) == printed(bills)
    assert seen(gate) == written(bills)
    assert gate.lines["line_id"].is_unique().all()
    assert gate.waiting == ()


HURTS = ("drop", "double", "cent", "cut", "move", "lose file")


@settings(max_examples=FEW)
@given(feeds(), st.sampled_from(HURTS), st.data())
def test_nothing_that_changes_money_passes_unseen(
    feed: tuple[list[Bill], Quirks], hurt: str, data: st.DataObject
) -> None:
    bills, quirks = feed
    files = files_of(bills, replace(quirks, footer=False))
    profile = profile_of(replace(quirks, footer=False))
    name = data.draw(st.sampled_from(sorted(files)))
    hurt_file = hurt_text(files[name], hurt, quirks, data)
    files = {n: t for n, t in files.items() if n != name}
    if hurt_file is not None:
        files[name] = hurt_file
    gate = through(files, profile)
    whole = loaded(gate) == printed(bills) and seen(gate) == written(bills)
    noticed = (gate.documents["status"] != "loaded").any() or gate.findings.height > 0
    missing = len(loaded(gate)) < len(bills)
    # A bill that is in no file at all is another check's affair: its account sent none.
    gone = missing and not {b.invoice_no for b in bills} - set(loaded(gate)) - without_rows(bills)
    assert whole or noticed or gone
    for invoice_no, values in loaded(gate).items():
        assert values == printed(bills)[invoice_no]


def without_rows(bills: list[Bill]) -> set[str]:
    return {bill.invoice_no for bill in bills if not bill.charges}


def hurt_text(text: str, hurt: str, quirks: Quirks, data: st.DataObject) -> str | None:
    """Return the text of a file with something done to it; null = the file is gone."""
    if hurt == "lose file":
        return None
    end = "\r\n" if quirks.crlf else "\n"
    rows = text.split(end)[:-1]
    head, body = rows[: quirks.first_row - 1], rows[quirks.first_row - 1 :]
    if hurt == "cut":
        return text[: data.draw(st.integers(0, len(text)))]
    if not body:
        return text
    place = data.draw(st.integers(0, len(body) - 1))
    if hurt == "drop":
        del body[place]
    elif hurt == "double":
        body.insert(place, body[place])
    elif hurt == "move":
        body.append(body.pop(place))
    else:
        digits = [i for i, letter in enumerate(body[place]) if letter.isdigit()]
        at = data.draw(st.sampled_from(digits))
        other = str((int(body[place][at]) + 1) % 10)
        body[place] = body[place][:at] + other + body[place][at + 1 :]
    return end.join([*head, *body]) + end


# --- by example ---------------------------------------------------------------------------------

ONE = """
profile = "portal"
format = "flat"
carrier = "ILEC"
{head}
[flat]
dates = ["%m/%d/%Y"]
[flat.fields]
ban = {{ column = "Account", width = 10 }}
invoice_no = "Invoice"
bill_date = "Bill Date"
current_charges = "Charges"
total_due = "Due"
[[flat.part]]
name = "lines"
charge_class = "recurring"
{more}
[flat.part.fields]
usoc = "USOC"
amount = "Amount"
quantity = "Qty"
{fields}
"""
COLUMNS = "Account,Invoice,Bill Date,Charges,Due,USOC,Amount,Qty"


def portal(*rows: str, more: str = "", fields: str = "", head: str = "", columns: str = "") -> Gate:
    """Read a portal export: its totals stand on each row."""
    profile = ONE.format(head=head, more=more, fields=fields)
    text = "\n".join([COLUMNS + columns, *rows]) + "\n"
    return through({"portal.csv": text}, profile)


def test_totals_that_stand_on_each_row_are_those_of_the_bill() -> None:
    gate = portal(
        "0012345678,A1,11/1/2026,30.00,30.00,1FB,10.00,1",
        "0012345678,A1,11/1/2026,30.00,30.00,9ZR,20.00,2",
    )
    assert gate.documents.select("ban", "invoice_no", "status", "lines", "total_due").rows() == [
        ("0012345678", "A1", "loaded", 2, Decimal("30.00"))
    ]
    assert gate.lines["line_id"].str.ends_with("-3").to_list() == [False, True]


def test_rows_that_print_totals_in_two_ways_hold_the_bill() -> None:
    gate = portal(
        "0012345678,A1,11/1/2026,30.00,30.00,1FB,10.00,1",
        "0012345678,A1,11/1/2026,31.00,30.00,9ZR,20.00,2",
    )
    assert gate.documents["status"].to_list() == ["held"]
    assert "its rows print current_charges as 30.00 and as 31.00" in gate.messages


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("12345678,A1,11/1/2026,1,1,1FB,1,1", "ban `12345678` has 8 characters, not 10: zeros"),
        ("1.37E+18,A1,11/1/2026,1,1,1FB,1,1", "ban `1.37E+18` is a number cut short"),
        ("0012345678,1.2E+11,11/1/2026,1,1,1FB,1,1", "invoice_no `1.2E+11` is a number cut"),
        ("0012345678,A1,13/1/2026,1,1,1FB,1,1", "bill_date `13/1/2026` is not a date"),
        ("0012345678,A1,2026-11-01,1,1,1FB,1,1", "bill_date `2026-11-01` is not a date"),
        ("0012345678,A1,11/1/2026,1,1,1FB,1.005,1", "amount `1.005` is not an amount"),
        ("0012345678,A1,11/1/2026,1,1,1FB,1e3,1", "amount `1e3` is not an amount"),
        ("0012345678,A1,11/1/2026,1,1,1FB,,1", "amount is empty"),
        (",A1,11/1/2026,1,1,1FB,1,1", "ban is empty"),
        ("0012345678,A1,11/1/2026,1,1,1FB,1,-1", "quantity `-1` with amount `1`"),
        ("0012345678,A1,11/1/2026,1,1,1FB,1", "the row has 7 cells, the header 8"),
        ('0012345678,A1,11/1/2026,1,1,"1FB,1,1', "a quoted cell is not closed"),
    ],
)
def test_a_row_that_cannot_be_read_is_named_with_its_reason(row: str, said: str) -> None:
    good = "0012345678,A1,11/1/2026,1.00,1.00,1FB,1.00,1"
    gate = portal(good, row)
    assert said in gate.messages
    found = gate.findings.filter(pl.col("code") == "line_unreadable")
    assert found["source_row"].to_list() == [3]
    assert gate.lines.height == 1


def test_a_code_that_only_looks_like_a_number_with_exponent_stays_what_it_is() -> None:
    gate = portal("0012345678,A1,11/1/2026,1,1,1E5,1,1")
    assert gate.lines["usoc"].to_list() == ["1E5"]


def test_a_file_none_of_whose_rows_reads_is_refused() -> None:
    gate = portal("x,A1,11/1/2026,1,1,1FB,1,1", "y,A1,11/1/2026,1,1,1FB,1,1")
    assert gate.documents["status"].to_list() == ["refused"]
    assert "2 of its rows cannot be read; the first: ban `x`" in gate.messages


def test_where_the_profile_says_so_one_bad_row_refuses_the_file() -> None:
    good = "0012345678,A1,11/1/2026,1.00,1.00,1FB,1.00,1"
    gate = portal(good, good.replace("A1", ""), head="good_documents_load = false\n")
    assert gate.documents["status"].to_list() == ["refused"]
    assert gate.findings["source_row"].to_list() == [3]
    assert gate.lines.is_empty()


def test_an_account_the_profile_does_not_read_is_refused_with_its_rows_counted() -> None:
    gate = portal(
        "0012345678,A1,11/1/2026,1.00,1.00,1FB,1.00,1",
        "9912345678,A2,11/1/2026,1.00,1.00,1FB,1.00,1",
        head='accounts = ["00*"]\n',
    )
    assert sorted(gate.documents["status"]) == ["loaded", "refused"]
    assert "account 9912345678 is none that profile portal reads; its 1 rows" in gate.messages
    assert gate.lines["ban"].to_list() == ["0012345678"]


def test_codes_and_words_of_the_carrier_are_translated() -> None:
    gate = portal(
        "0012345678,A1,11/1/2026,3,3,R_WBOB,1,1,MRC",
        "0012345678,A1,11/1/2026,3,3,1FB,1,1,",
        "0012345678,A1,11/1/2026,3,3,1FB,1,1,tax",
        "0012345678,A1,11/1/2026,3,3,1FB,1,1,WHO?",
        columns=",Kind",
        fields='charge_class = "Kind"',
        head='[codes.usoc]\nR_WBOB = "WBOB1"\n[charge_classes]\nmrc = "usage"\n',
    )
    assert gate.lines.select("usoc", "charge_class").rows() == [
        ("WBOB1", "usage"),
        ("1FB", "recurring"),
        ("1FB", "tax"),
    ]
    assert "charge class `WHO?` is none the profile knows" in gate.messages


def test_a_price_of_one_unit_is_extended_and_rounded_once() -> None:
    gate = portal(
        "0012345678,A1,11/1/2026,0.34,0.34,1FB,0.0125,27",
        head='amount_rule = "unit"\n',
    )
    row = gate.lines.select("quantity", "unit_rate", "unit_rate_places", "amount").row(0)
    assert row == (Decimal(27), Decimal("0.0125"), 4, Decimal("0.34"))
    assert gate.documents["status"].to_list() == ["loaded"]


@given(st.lists(st.decimals("-99", "99", places=6), min_size=1, max_size=6))
@settings(max_examples=30)
def test_amounts_rounded_as_a_total_add_up_to_the_exact_sum_rounded_once(
    amounts: list[Decimal],
) -> None:
    exact = sum(amounts, ZERO)
    total = Decimal(round_half_away(exact * 100)) / 100
    rows = [
        f"0012345678,A1,11/1/2026,{total},{total},1FB,{a},1".replace("-0,", "0,") for a in amounts
    ]
    gate = portal(*rows, more='rounding = "total"', fields="", head="")
    rows_read = [row for row in gate.lines["amount"]]
    assert sum(rows_read, ZERO) == total
    for read, printed_amount in zip(rows_read, amounts, strict=True):
        assert abs(read - printed_amount) < Decimal("0.011")


def round_half_away(value: Decimal) -> int:
    whole = int(abs(value) + Decimal("0.5"))
    return -whole if value < 0 else whole


def test_a_total_row_is_no_charge_and_says_whether_the_file_is_whole() -> None:
    rows = ["0012345678,A1,11/1/2026,2,2,1FB,1.00,1"] * 2
    rule = 'total = { column = "Account", equals = "Total", amount = "Amount" }'
    assert portal(*rows, "TOTAL,,,,,,2.00,", more=rule).messages == ""
    assert (
        "row 4 prints 2.50 as the total of the file"
        in portal(*rows, "TOTAL,,,,,,2.50,", more=rule).messages
    )
    assert "the file has 0 total rows" in portal(*rows, more=rule).messages


def test_a_prorated_line_without_an_end_runs_to_the_end_of_its_month() -> None:
    gate = portal(
        "0012345678,A1,11/1/2026,3,3,1FB,3,1,2/7/2026",
        columns=",From",
        fields='service_from = "From"',
        more='prorated_until = "month_end"',
        head="[codes.state]\n",
    )
    assert gate.lines["service_until"].to_list() == [None]
    gate = portal(
        "0012345678,A1,11/1/2026,3,3,1FB,3,1,2/7/2026,Prorate",
        columns=",From,Kind",
        fields='service_from = "From"\ncharge_class = "Kind"',
        more='prorated_until = "month_end"',
        head='[charge_classes]\nProrate = "prorated"\n',
    )
    assert gate.lines["service_until"].to_list() == [dt.date(2026, 3, 1)]


def test_a_through_date_is_included() -> None:
    gate = portal(
        "0012345678,A1,11/1/2026,3,3,1FB,3,1,2/7/2026,2/28/2026",
        columns=",From,Thru",
        fields='service_from = "From"\nservice_through = "Thru"',
    )
    assert gate.lines["service_until"].to_list() == [dt.date(2026, 3, 1)]


def test_a_header_that_lacks_a_column_or_has_it_twice_is_refused_by_its_name() -> None:
    profiles = Profiles((parse_profile(ONE.format(head="", more="", fields="")),))
    for header, said in (
        (COLUMNS.replace("Due", "Balance"), "which lacks: due"),
        (COLUMNS.replace(",", ";"), "nearest is lines"),
        (COLUMNS + ",amount", "columns that stand twice: amount"),
    ):
        source = source_of_bytes("x.csv", "0" * 64, f"{header}\n1\n".encode())
        reading = carrier.read(source, "portal", profiles)
        assert said in reading.findings["message"].item()
        assert reading.documents["status"].to_list() == ["refused"]


# --- bills in several files ---------------------------------------------------------------------

BILL = Bill(
    "0012345678",
    tuple(Charge(part, Decimal("10.00")) for part in PARTS),
    previous=Decimal("5.00"),
    payments=Decimal("-5.00"),
)


@pytest.mark.parametrize("part", PARTS)
def test_a_bill_waits_for_the_file_its_ledger_speaks_of(part: str) -> None:
    files = files_of([BILL], Quirks())
    del files[f"{part}.csv"]
    gate = through(files, profile_of(Quirks()))
    assert gate.documents.select("status", "source_file").rows() == [("held", "ledger.csv")]
    assert f"`Sum of {part}` is 10.00 and no row of part {part} came" in gate.messages
    assert gate.findings["cause"].to_list() == ["part_missing"]
    assert gate.waiting == (0, 1, 2, 3)


def test_a_bill_without_its_ledger_waits_for_it() -> None:
    files = files_of([BILL], Quirks())
    del files["ledger.csv"]
    gate = through(files, profile_of(Quirks()))
    assert gate.documents["status"].to_list() == ["held"]
    assert "no file of part ledger, which prints its totals, came with it" in gate.messages
    assert gate.waiting == (0, 1, 2, 3)


def test_errors_of_two_parts_that_cancel_out_are_seen() -> None:
    files = files_of([BILL], Quirks())
    files["recurring.csv"] = files["recurring.csv"].replace("10.00", "11.00")
    files["tax.csv"] = files["tax.csv"].replace("10.00", "9.00")
    gate = through(files, profile_of(Quirks()))
    assert gate.documents["status"].to_list() == ["held"]
    assert (
        "`Sum of recurring` is 10.00, the rows of part recurring add up to 11.00" in gate.messages
    )


def test_a_part_that_comes_twice_holds_the_bill() -> None:
    files = files_of([BILL], Quirks())
    files["again.csv"] = files["tax.csv"] + "\n"
    gate = through(files, profile_of(Quirks()))
    assert gate.documents["status"].to_list() == ["held"]
    assert "its part tax came 2 times: `tax.csv`, `again.csv`" in gate.messages


def test_a_feed_without_totals_waits_for_each_required_file_of_its_bill_date() -> None:
    text = profile_of(Quirks()).split('[[flat.part]]\nname = "ledger"')[0]
    text = text.replace("[flat]\n", '[flat]\nderive = ["current_charges", "total_due"]\n')
    text = text.replace('charge_class = "tax"', 'charge_class = "tax"\nrequired = true')
    files = files_of([BILL], Quirks())
    del files["ledger.csv"]
    gate = through(files, text)
    assert gate.messages == ""
    assert gate.documents["total_due"].to_list() == [Decimal("40.00")]
    header_only = files["tax.csv"].splitlines()[0] + "\n"
    gate = through({**files, "tax.csv": header_only}, text)
    assert gate.documents["total_due"].to_list() == [Decimal("30.00")]
    assert gate.documents["status"].to_list() == ["loaded"]
    del files["tax.csv"]
    gate = through(files, text)
    assert "no file of part tax of its bill date came" in gate.messages
    assert gate.documents["status"].to_list() == ["held"]


def test_a_bill_whose_totals_are_derived_is_held_for_a_row_that_cannot_be_read() -> None:
    derived = ONE.format(head="", more="", fields="").replace('current_charges = "Charges"\n', "")
    derived = derived.replace('total_due = "Due"\n', "").replace(
        "[flat]\n", '[flat]\nderive = ["current_charges", "total_due"]\n'
    )
    good = "0012345678,A1,11/1/2026,,,1FB,1.00,1"
    other = good.replace("A1", "A2")
    bad = good.replace("1.00", "x")
    nobody = good.replace("0012345678", "?")
    for rows, held in (((good, other, bad), ["A1"]), ((good, other, nobody), ["A1", "A2"])):
        gate = through({"x.csv": "\n".join([COLUMNS, *rows]) + "\n"}, derived)
        found = gate.documents.filter(pl.col("status") == "held")["invoice_no"].to_list()
        assert sorted(found) == held
        assert "cannot be read, and it prints no totals to tell by" in gate.messages


def test_a_file_cut_off_behind_its_header_is_refused() -> None:
    gate = portal()
    assert gate.documents["status"].to_list() == ["refused"]
    assert "a header and no row below it" in gate.messages
    files = files_of([BILL], Quirks())
    files["ledger.csv"] = files["ledger.csv"].splitlines()[0]
    gate = through(files, profile_of(Quirks()))
    assert sorted(gate.documents["status"]) == ["held", "refused"]
