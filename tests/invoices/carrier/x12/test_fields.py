"""What the codes, names, numbers and days of an 811 become."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest
from x12_paper import BODY, HEAD, bill, lines, one, own_profile, read_bytes, text_of, whole

from invoices.carrier import Known
from invoices.carrier.source import ACCOUNTS, KINDS
from invoices.schema import CENTS


def test_codes_are_looked_for_in_their_order() -> None:
    text = "HL*1**4\nPID*F****MONTHLY\nIT1*1*1*M4*1**SV*S1*NU*n1*A3*a1\nIT1*2*1*M4*1**SV*S1*NU*N1\n"
    found = lines(text + "IT1*3*1*M4*1**SV*S1*ZZ*Z1\nSLN*4***1*EA*1***ZZ*Z1", "400")
    assert [one["usoc"] for one in found] == ["A1", "N1", "S1", None]


def test_a_profile_says_what_codes_and_names_mean() -> None:
    text = '[codes.usoc]\n"1FB" = "UEPBX"\n[codes.carrier]\n"ILEC" = "NORTH"\n'
    gate = bill(BODY, profile="own", profiles=own_profile(text))
    assert (one(gate)["carrier"], gate.lines["usoc"].item()) == ("NORTH", "UEPBX")


def test_numbers_circuits_and_orders_come_from_the_line_or_its_group() -> None:
    text = """HL*1**4
PID*F****MONTHLY
REF*SO*S1
HL*2*1*8
SI*TI*SC*X*TN*6145550131
SLN*1***1*EA*1
SLN*2***1*EA*1
SI*CI*11.AB
REF*SO*S2
REF*OR*O2
SLN*3***1*EA*1
REF*CN*22.CD
SI*TI*TN*6145550139"""
    found = lines(text, "300")
    told = [(one["wtn"], one["circuit_id"], one["order_no"]) for one in found]
    assert told == [
        ("6145550131", None, "S1"),
        ("6145550131", "11.AB", "O2"),
        ("6145550139", "22.CD", "S1"),
    ]


def test_accounts_are_looked_for_by_qualifier_then_by_nearness() -> None:
    text = "BIG*20261110*I\nN1*PE*ILEC\nN1*PR*US*91*P1\n{}HL*1**2\n{}HL*2*1*4\nIT1*1*1**1\nTDS*100"
    for head, level, expected in [
        ("REF*11*E1~", "REF*12*T1~", "T1"),
        ("REF*12*T0~", "REF*11*E1~", "T0"),
        ("REF*14*F0~", "", "F0"),
        ("", "", "P1"),
    ]:
        gate = bill(text.format(head, level))
        assert (one(gate)["ban"], gate.lines["ban"].item()) == (expected, expected)


def test_a_carrier_without_a_name_is_the_one_whose_contract_covers_the_account() -> None:
    text = BODY.replace("N1*PE*ILEC*92*1", "N1*RE*SOMEONE")
    accounts = [("BIGCO", "305R*", None, None), ("ILEC", "305R01*", dt.date(2026, 1, 1), None)]
    known = Known(accounts=pl.DataFrame(accounts, schema=ACCOUNTS, orient="row"))
    assert one(bill(text, known=known))["carrier"] == "ILEC"
    own = own_profile('carrier = "OURS"\n')
    assert one(bill(BODY, profile="own", profiles=own))["carrier"] == "OURS"


def test_other_charges_are_one_time_or_prorated_by_code_then_by_days() -> None:
    kinds = [("ILEC", "NRC1", "one_time"), ("ILEC", "1FB", "recurring")]
    known = Known(
        kinds=pl.LazyFrame([(*row, None, None) for row in kinds], schema=KINDS, orient="row")
    )
    days = "DTM*150*20261105\nDTM*151*20261119\n"
    text = "HL*1**4\nPID*F****OTHER CHARGES AND CREDITS\n"
    text += f"SLN*1***1*EA*1***A3*NRC1\n{days}SLN*2***1*EA*1***A3*1FB\nSLN*3***1*EA*1\n{days}"
    text += "SLN*4***1*EA*1\nDTM*150*20261105\nDTM*151*20261105"
    found = lines(text, "400", known=known)
    classes = [one["charge_class"] for one in found]
    assert classes == ["one_time", "prorated", "prorated", "one_time"]
    assert found[3]["service_until"] == dt.date(2026, 11, 6)


def test_a_line_that_cannot_be_read_is_quarantined_and_the_document_held() -> None:
    gate = bill(BODY.replace("18.50", "18.5O"))
    assert one(gate)["status"] == "held"
    assert gate.quarantine["source_row"].to_list() == [13]
    assert "SLN06 `18.5O` cannot be read" in gate.messages
    assert gate.quarantine["raw"].item().startswith("SLN*1**A*2*EA*18.5O")


def test_ranges_say_first_and_last_day() -> None:
    text = "HL*1**4\nPID*F****MONTHLY\nSLN*1***1*EA*1\nDTM*186****RD8*20261101-20261130"
    [line] = lines(text, "100")
    assert line["service_until"] == dt.date(2026, 12, 1)


def test_an_interchange_without_a_line_is_a_bill_of_nothing() -> None:
    gate = bill(f"{HEAD}\nTDS*0")
    assert (one(gate)["status"], one(gate)["lines"]) == ("loaded", 0)
    assert gate.lines.schema["amount"] == CENTS


def test_charges_of_which_nothing_says_a_class_are_told() -> None:
    kinds = pl.LazyFrame([("ILEC", "1FB", "recurring", None, None)], schema=KINDS, orient="row")
    text = "HL*1**8\nSLN*1***1*EA*1***A3*1FB\nSLN*2***1*EA*1***PD*LATE FEE\nSLN*3***1*EA*1"
    gate = bill(f"{HEAD}\n{text}\nTDS*300", known=Known(kinds=kinds))
    assert gate.lines["charge_class"].to_list() == ["recurring", "late_charge", "recurring"]
    assert "nothing says the class of 1 charges" in gate.messages
    assert gate.findings["source_row"].to_list() == [12]


# --- the class, and the kind of the code ----------------------------------------------------------

OF_CODES = ("recurring", "one_time", "usage", "surcharge", "tax", "credit", "record_only")
CLASSES = """
title                         days  recurring  one_time  usage      surcharge  tax        unknown
MONTHLY SERVICE               no    recurring  recurring recurring  recurring  recurring  recurring
USAGE                         no    usage      usage     usage      usage      usage      usage
SURCHARGES                    no    surcharge  surcharge surcharge  surcharge  surcharge  surcharge
TAXES                         no    tax        tax       tax        tax        tax        tax
OTHER CHARGES AND CREDITS     no    prorated   one_time  one_time   surcharge  one_time   one_time
OTHER CHARGES AND CREDITS     yes   prorated   one_time  prorated   surcharge  prorated   prorated
PRORATED CHARGES              no    prorated   prorated  prorated   surcharge  prorated   prorated
NON-RECURRING CHARGES         no    one_time   one_time  one_time   one_time   one_time   one_time
ONE-TIME CHARGES              yes   prorated   one_time  prorated   surcharge  prorated   prorated
PRORATED AND ONE-TIME CHARGES no    prorated   one_time  one_time   surcharge  one_time   one_time
LINE                          no    recurring  one_time  usage      surcharge  tax        recurring
"""


@pytest.mark.parametrize("row", CLASSES.strip().split("\n")[1:])
def test_the_paper_says_the_class_and_the_catalogue_what_it_leaves_open(row: str) -> None:
    names = CLASSES.strip().split("\n")[0].split()[2:]
    title, (days, *expected) = row[:30].strip(), row[30:].split()
    found = {"ILEC": [(name[:3].upper(), name) for name in names if name in OF_CODES]}
    kinds = [("ILEC", code, kind, None, None) for code, kind in found["ILEC"]]
    known = Known(kinds=pl.LazyFrame(kinds, schema=KINDS, orient="row"))
    period = "\nDTM*150*20261103\nDTM*151*20261109" if days == "yes" else ""
    charges = "\n".join(f"SLN*1***1*EA*1***A3*{name[:3].upper()}{period}" for name in names)
    text = f"HL*1**4\nPID*F****{title}\nHL*2*1*8\n{charges}"
    assert [one["charge_class"] for one in lines(text, "600", known=known)] == expected


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("SI*TI*TN*", f"SI*TI*TN*{'7' * 70}", "wtn has 80 characters, and no wtn more than 64"),
        ("SI*TI*TN*", "SI*TI*TN*\uff17", "has characters that only look like others"),
        ("*A3*1FB", f"*A3*{'X' * 65}", "usoc has 65 characters, and no usoc more than 64"),
        ("BIG*20261110*", f"BIG*20261110*{'9' * 65}", "BIG02 has"),
        ("REF*12*", f"REF*12*{'9' * 65}", "the account has"),
    ],
)
def test_what_is_no_identifier_is_told(old: str, new: str, said: str) -> None:
    text = text_of(whole(BODY))
    assert old in text, text
    reading = read_bytes(text.replace(old, new, 1).encode())
    assert said in " | ".join(reading.findings["message"])
