"""What each level of a BAI2 report adds up to, record by record, is what its trailer says."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from invoices.bank.bai2_fields import (
    MOST_DIGITS,
    PLAIN_FUNDS,
    TOTAL_DIGITS,
    cents_of,
    fields_of,
    held,
    moved,
)
from invoices.bank.bai2_records import BREAK, RECORDS, Record
from invoices.bank.settlement import believed, date_of, says

_NUMBER = re.compile(r"[+]?[0-9]{1,15}")
_OLDEST = 5 * 366
"""So many days off the day the file was made its balances cannot be."""


@dataclass
class Level:
    """A file, group or account that is open: what it adds up to so far."""

    total: int = 0
    others: tuple[int, ...] = ()
    """What its summaries come to if they are read another way, less what they do at first."""
    parts: int = 0
    lines: int = 0


@dataclass
class State:
    """What has been read, and what is wrong with it."""

    levels: list[Level] = field(default_factory=lambda: [Level(), Level(), Level()])
    created: dt.date | None = None
    day: dt.date | None = None
    account: str = ""
    moves: list[tuple[object, ...]] = field(default_factory=list)
    wrong: list[tuple[int, str, str, str]] = field(default_factory=list)
    doubtful: list[tuple[int, str, str, str]] = field(default_factory=list)

    def fault(self, record: Record, name: str, message: str) -> None:
        """Note what is wrong with a record."""
        self.wrong.append((record.row, RECORDS.get(record.code, "record"), name, message))

    def doubt(self, record: Record, name: str, message: str) -> None:
        """Note what of a record is not believed."""
        self.doubtful.append((record.row, RECORDS.get(record.code, "record"), name, message))


def _day(state: State, record: Record, name: str, text: str) -> dt.date | None:
    day = date_of(text)
    if day is None:
        state.fault(record, name, f"`{text}` is no date YYMMDD")
    return day


def _cents(state: State, record: Record, name: str, text: str, signed: bool = True) -> int:
    """Return an amount; a blank one is nothing."""
    cents = cents_of(text, signed)
    if cents is None:
        what = "an amount in cents" if signed else "an amount in cents without a sign"
        much = f" of at most {MOST_DIGITS} digits" if len(text) > MOST_DIGITS else ""
        state.fault(record, name, f"`{text}` is not {what}{much}")
    return cents or 0


def _total(state: State, record: Record, text: str) -> int | None:
    """Return a control total, null where there is none to compare with."""
    total = cents_of(text, digits=TOTAL_DIGITS)
    if total is None:
        state.fault(record, "control total", f"`{text}` is not an amount in cents")
    return total


def _number(state: State, record: Record, name: str, text: str) -> int:
    if not _NUMBER.fullmatch(text):
        state.fault(record, name, f"`{text}` is no number")
        return -1
    return int(text)


def _count(state: State, record: Record) -> None:
    for level in state.levels:
        level.lines += record.lines


def _file_header(state: State, record: Record) -> None:
    _count(state, record)
    for name in ("sender", "receiver"):
        if not record.take():
            state.fault(record, name, "it is empty")
    made = record.take()
    state.created = _day(state, record, "file creation date", made) if says(made) else None
    fields = [record.take() for _ in range(5)]
    if fields[4] not in ("2", ""):
        state.fault(record, "version", f"`{fields[4]}`: only version 2 is read")


def _group_header(state: State, record: Record) -> None:
    state.levels[1] = Level()
    _count_from(state, record, 1)
    record.take(), record.take()
    status = record.take()
    if status in ("2", "4"):
        what = {"2": "a deletion", "4": "a test"}[status]
        state.fault(record, "group status", f"`{status}`: the group is {what}, nothing to book")
    state.day = _as_of(state, record, record.take())
    record.take()
    _dollars(state, record, record.take())


def _as_of(state: State, record: Record, text: str) -> dt.date | None:
    """Return the day of a group; one that lies absurdly far from that of the file is refused."""
    day, name, made = _day(state, record, "as-of date", text), "as-of date", state.created
    if day is None or made is None or believed(day, made):
        return day
    words = f"`{text}` in a file that was made on {made}"
    if abs((day - made).days) > _OLDEST:
        state.fault(record, name, f"{words} cannot be meant")
    else:
        state.doubt(record, name, f"{words} lies far off")
    return day


def _dollars(state: State, record: Record, currency: str) -> None:
    if currency not in ("", "USD"):
        state.fault(record, "currency", f"`{currency}`: only USD is read")


def _count_from(state: State, record: Record, level: int) -> None:
    for one in state.levels[: level + 1]:
        one.lines += record.lines


def _account(state: State, record: Record) -> None:
    state.levels[2] = Level()
    _count(state, record)
    said = held(fields_of(record.text))
    state.account = record.take()
    if not state.account:
        state.fault(record, "account number", "it is empty")
    if said is not None:
        _dollars(state, record, said.currency)
        first = said.totals[0]
        state.levels[2].total += first
        state.levels[2].others = tuple(total - first for total in said.totals[1:])
        return
    _dollars(state, record, record.take())
    while record.rest.strip():
        name = record.take()
        amount = _cents(state, record, f"amount of {name or 'summary'}", record.take())
        record.take()
        _funds(state, record)
        state.levels[2].total += amount


def _funds(state: State, record: Record) -> dt.date | None:
    """Pass over the funds type and what belongs to it; return the value date, if it names one."""
    kind = record.take()
    if kind == "S":
        for _ in range(3):
            _cents(state, record, "funds", record.take())
    elif kind == "V":
        text = record.take()
        record.take()
        return _day(state, record, "value date", text) if says(text) else None
    elif kind == "D":
        number = _number(state, record, "funds", record.take())
        for _ in range(min(number, record.rest.count(",") + 1)):
            record.take()
            _cents(state, record, "funds", record.take())
    elif kind not in PLAIN_FUNDS:
        state.fault(record, "funds type", f"`{kind}` is no funds type")
    return None


def _transaction(state: State, record: Record) -> None:
    _count(state, record)
    said = moved(fields_of(record.text))
    if said is not None:
        code, amount, value = said.code, said.cents, said.value_date
        record.rest = record.text[said.end :]
    else:
        code = record.take()
        if not re.fullmatch("[1-9][0-9]{2}", code):
            state.fault(record, "type code", f"`{code}` is no type code")
        amount = _cents(state, record, "amount", record.take(), signed=False)
        value = _funds(state, record)
    bank, customer = record.take(), record.take()
    text = " ".join(record.rest.replace(BREAK, " ").split())
    state.levels[2].total += amount
    traces = (r for r in (customer, bank) if re.fullmatch("[0-9]{15}", r) and says(r))
    state.moves.append(
        (
            *(record.row, code, amount, _settled(state, record, value), state.account),
            *(bank or None, customer or None, text or None, next(traces, None)),
        )
    )


def _settled(state: State, record: Record, value: dt.date | None) -> dt.date | None:
    """Return the day of a transaction: its value date, where that is one to believe."""
    if value is None or state.day is None or believed(value, state.day):
        return value or state.day
    words = f"{value} lies far off in a group as of {state.day}: the movement is of that day"
    state.doubt(record, "value date", words)
    return state.day


def _close(state: State, record: Record, level: int, parts: str | None) -> None:
    """Compare the trailer of a level with what it holds, and add that to the level above."""
    own = state.levels[level]
    _count_from(state, record, level)
    total = _total(state, record, record.take())
    if total is not None and total - own.total in own.others:
        own.total = total
    if total is not None and total != own.total:
        words = f"it says {total}, the records come to {own.total}"
        state.fault(record, "control total", words)
    if parts is not None:
        number = _number(state, record, f"number of {parts}", record.take())
        if number != own.parts:
            words = f"it says {number}, there are {own.parts}"
            state.fault(record, f"number of {parts}", words)
    number = _number(state, record, "number of records", record.take())
    if number != own.lines:
        words = f"it says {number}, there are {own.lines}"
        state.fault(record, "number of records", words)
    if level:
        state.levels[level - 1].total += own.total
        state.levels[level - 1].parts += 1


READERS: dict[str, Callable[[State, Record], None]] = {
    "01": _file_header,
    "02": _group_header,
    "03": _account,
    "16": _transaction,
    "49": lambda state, record: _close(state, record, 2, None),
    "98": lambda state, record: _close(state, record, 1, "accounts"),
    "99": lambda state, record: _close(state, record, 0, "groups"),
}
