"""Flat feeds: what is written is what is read, and what changes money is noticed."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import polars as pl
import pytest
from examples import few
from flat_feeds import PARTS, Bill, Quirks, feeds, files_of, profile_of
from flat_gate import BILL, Gate, through
from hypothesis import given
from hypothesis import strategies as st


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


# Each feed is five files, so that few are read but in `make soak`.
@few(8, long=500)
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


@few(8, long=500)
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
    whole = loaded(gate) == printed(bills) and moving(seen(gate)) == moving(written(bills))
    noticed = (gate.documents["status"] != "loaded").any() or gate.findings.height > 0
    missing = set(printed(bills)) - set(loaded(gate))
    # A bill that is in no file at all is another check's affair: its account sent none. So is one
    # without a row whose account lost a digit in the ledger: nothing else speaks of it.
    gone = bool(missing) and missing <= without_rows(bills)
    assert whole or noticed or gone
    for invoice_no, values in loaded(gate).items():
        # A digit of the account makes an invoice of another account, and leaves this one noticed.
        assert values == printed(bills).get(invoice_no, values)
        assert noticed or gone or invoice_no in printed(bills)


def moving(rows: list[tuple[object, ...]]) -> list[tuple[object, ...]]:
    """The account, part and amount of each row that moves money.

    A row of 0.00 may be there or not, and a digit of a code, a number, a rate or a quantity is
    for the audit to see: no total of the feed speaks of it.
    """
    return sorted(((row[0], row[1], row[6]) for row in rows if row[6] != Decimal("0.00")), key=repr)


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


# --- bills in several files ---------------------------------------------------------------------


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


def test_a_part_that_comes_twice_and_says_two_things_holds_the_bill() -> None:
    files = files_of([BILL], Quirks())
    files["again.csv"] = files["tax.csv"].replace("LINE", "TAX")
    gate = through(files, profile_of(Quirks()))
    assert gate.documents["status"].to_list() == ["held"]
    assert "its part tax came 2 times: `tax.csv`, `again.csv`" in gate.messages


@pytest.mark.parametrize("part", [*PARTS, "ledger"])
def test_a_part_that_comes_twice_alike_is_one_part(part: str) -> None:
    files = files_of([BILL], Quirks())
    once = through(files, profile_of(Quirks()))
    rows = files[f"{part}.csv"].splitlines()
    again = "\r\n".join(f'"{row}"'.replace(",", '","') for row in rows) + "\r\n"
    files["again.csv"] = "\ufeff" + again
    gate = through(files, profile_of(Quirks()))
    assert gate.messages == ""
    assert gate.documents.equals(once.documents)
    assert gate.lines.equals(once.lines)


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
