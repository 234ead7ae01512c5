"""Order activity of a carrier becomes events of orders; what cannot be read is set aside."""

from __future__ import annotations

import datetime as dt

import pytest
from tapes import examples

from invoices.carrier import Profile, ProfileError, Profiles, parse_profile, source_of_bytes
from invoices.carrier.order_events import (
    ORDER_EVENTS,
    SET_ASIDE,
    Activity,
    Unreadable,
    declares_events,
    order_events,
)

EXAMPLE = examples("fixed.md")[1]
DAY = dt.date(2026, 10, 28)


def activity(text: str, profile: Profile | str = EXAMPLE) -> Activity:
    which = parse_profile(profile) if isinstance(profile, str) else profile
    found = order_events(source_of_bytes("ORDERS.DAT", "d", text.encode()), which)
    assert found.events.schema == ORDER_EVENTS and found.set_aside.schema == SET_ASIDE
    return found


def row(order: str, on: str, status: str, due: str = "", code: str = "", circuit: str = "") -> str:
    return f"A{order:9}{on:8}{status:3}{due:8}{code:4}{circuit:20}\n"


def test_each_row_is_an_event_of_its_order() -> None:
    found = activity(
        row("C100", "20261001", "FOC", "20261028", circuit="45/HCGS/000001")
        + row("C100", "20261020", "jep", code="1C")
        + row("C100", "20261025", "INF")
        + row("C100", "20261028", "CMP")
    )
    told = found.events.select(
        "order_no", "at", "event", "due_on", "code", "circuit_id", "who", "note", "source_row"
    )
    assert told.rows() == [
        ("C100", dt.date(2026, 10, 1), "confirmed", DAY, None, "45/HCGS/000001", "ILEC", "FOC", 1),
        ("C100", dt.date(2026, 10, 20), "jeopardy", None, "1C", None, "ILEC", "jep", 2),
        ("C100", DAY, "completed", None, None, None, "ILEC", "CMP", 4),
    ]
    assert found.events["source_file"].unique().to_list() == ["ORDERS.DAT"]
    assert found.set_aside.is_empty()


def test_an_order_is_what_can_be_seen_of_its_number() -> None:
    found = activity(row("'C100", "20261001", "FOC") + row("C1\x0700", "20261028", "CMP"))
    assert found.events["order_no"].to_list() == ["C100", "C100"]


@pytest.mark.parametrize(
    ("wrong", "reason", "remedy"),
    [
        (row("", "20261001", "FOC"), "order_no is empty, and so is pon", "fill in one of them"),
        (row("C1", "", "FOC"), "at is empty", "fill in at"),
        (row("C1", "20261301", "FOC"), "at `20261301` is not a date", "there are: %Y%m%d"),
        (row("C1", "20261001", "FOC", "soon"), "due_on `soon` is not a date", "%Y%m%d"),
        (row("C1", "20261001", "QQQ"), "event `QQQ` is none", "add the word to `events.words`"),
        (row("C1", "20261001", ""), "event is empty", "fill in event"),
        (row("=A1+B2", "20261001", "FOC"), "order_no `=A1+B2` is a formula", "plain letters"),
    ],
)
def test_a_row_that_is_no_event_is_set_aside_with_its_reason(
    wrong: str, reason: str, remedy: str
) -> None:
    found = activity(row("C1", "20261001", "FOC") + wrong + row("C1", "20261002", "CMP"))
    assert found.events["source_row"].to_list() == [1, 3]
    aside = found.set_aside.row(0, named=True)
    assert aside["reason"].startswith(reason) and remedy in aside["remedy"]
    assert (aside["source_file"], aside["source_row"]) == ("ORDERS.DAT", 2)
    assert aside["raw"] == wrong.removesuffix("\n")


@pytest.mark.parametrize(
    ("code", "event", "word"),
    [
        ("C", "completed", "change"),
        ("D", "completed", "disconnect"),
        ("R", "completed", "record"),
        ("N", "completed", "new"),
        ("T", "completed", "move_to"),
        ("F", "completed", "move_from"),
        ("S", "supplemented", "supplemental"),
        ("I", None, None),
        (" ", None, None),
    ],
)
def test_codes_of_the_shipped_order_activity(
    code: str, event: str | None, word: str | None
) -> None:
    shipped = Profiles().named("billmate-soactvty")
    assert shipped is not None and declares_events(shipped)
    text = (
        f"{'6145550100123':17}11012026{'ILEC':4}{'TELCOM':6}6145550131{'45/HCGS/000001':30}10282026"
        f"{code}{'N12345678':9}{'PO-77':30}00002{'1FB':5}{'BUSINESS LINE':50}{'':150}\n"
    )
    found = activity(text, shipped)
    assert found.set_aside.is_empty()
    row = ("N12345678", "PO-77", DAY, event, "6145550100123", "45/HCGS/000001", "6145550131")
    note = f"{word}; 1FB x 2; BUSINESS LINE"
    names = ("order_no", "pon", "at", "event", "ban", "circuit_id", "wtn", "note")
    assert found.events.select(names).rows() == ([(*row, note)] if event else [])


def test_a_record_that_stands_shifted_is_no_event_of_another_order() -> None:
    shipped = Profiles().named("billmate-soactvty")
    assert shipped is not None
    record = (
        f"{'6145550100123':17}11012026{'ILEC':4}{'TELCOM':6}6145550131{'45/HCGS/000001':30}10282026"
        f"N{'N12345678':9}{'PO-77':30}00002{'1FB':5}{'BUSINESS LINE':50}{'':150}\n"
    )
    found = activity(record + record.replace("N12345678", "N123456"), shipped)
    assert found.events["order_no"].to_list() == ["N12345678"]
    assert found.set_aside["reason"].to_list() == ["quantity `0021F` is no number"]
    assert "rebill profiles cells" in found.set_aside["remedy"][0]


DELIMITED = """
profile = "status"
format = "records"
[records]
delimiter = ","
is_bill = false
dates = ["%m/%d/%Y"]
[[records.record]]
name = "header"
role = "skip"
id = ["Order"]
[[records.record]]
name = "status"
columns = ["order", "po", "when", "what", "commit", "tn", "remark"]
[records.events]
dates = ["%m/%d/%Y", "%Y-%m-%d"]
[records.events.fields]
order_no = { column = "order", strip = "-" }
pon = "po"
at = "when"
event = "what"
due_on = "commit"
wtn = "tn"
note = "remark"
who = { value = "the gateway" }
[records.events.words]
"Firm Order Confirmation" = "confirmed"
"""


def test_a_delimited_status_report_is_read_by_the_same_words() -> None:
    found = activity(
        "Order,PO,Date,Status,Due,TN,Remark\n"
        'C-100,PO-1,10/01/2026,FIRM ORDER CONFIRMATION,2026-10-28,(614) 555-0131,"one, two"\n'
        ",PO-2,10/28/2026,installed,,,\n"
        "C-101,PO-3,10/28/2026,installed\n",
        DELIMITED,
    )
    names = ("order_no", "pon", "event", "due_on", "wtn", "who", "note")
    assert found.events.select(names).rows() == [
        (
            *("C100", "PO-1", "confirmed", DAY, "6145550131", "the gateway"),
            "FIRM ORDER CONFIRMATION; one, two",
        ),
        (None, "PO-2", "installed", None, None, "the gateway", None),
    ]
    assert found.set_aside["reason"].to_list() == ["the record has 4 cells, its kind 7"]


def test_a_file_that_is_not_what_its_layout_says_has_no_event() -> None:
    with pytest.raises(Unreadable, match="no kind of the layout"):
        activity(row("C1", "20261001", "FOC") + "B\n")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('order_no = "order"\n', "", "no field order_no, and no pon"),
        ('at = "on"\n', "", "no field at"),
        ('event = "status"', 'event = "stauts"', "no column `stauts` in record activity"),
        ('FOC = "confirmed"', 'FOC = "confrimed"', "words"),
        ("[fixed.events.fields]", '[fixed.events]\nrecord = "x"\n[fixed.events.fields]', "`x`"),
        ('code = "code"\n', 'code = { template = "{ban}" }\n', "no template here"),
    ],
)
def test_a_wrong_declaration_is_named(old: str, new: str, said: str) -> None:
    assert old in EXAMPLE
    with pytest.raises(ProfileError, match=said):
        parse_profile(EXAMPLE.replace(old, new))
