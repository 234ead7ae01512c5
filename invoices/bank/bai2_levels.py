"""What each level of a BAI2 report adds up to, record by record, is what its trailer says."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from invoices.bank.bai2_records import BREAK, RECORDS, Record

_AMOUNT = re.compile(r"[+-]?[0-9]{1,15}")
_UNSIGNED = re.compile(r"[0-9]{1,15}")


@dataclass
class Level:
    """A file, group or account that is open: what it adds up to so far."""

    total: int = 0
    parts: int = 0
    lines: int = 0


@dataclass
class State:
    """What has been read, and what is wrong with it."""

    levels: list[Level] = field(default_factory=lambda: [Level(), Level(), Level()])
    day: dt.date | None = None
    account: str = ""
    moves: list[tuple[object, ...]] = field(default_factory=list)
    wrong: list[tuple[int, str, str, str]] = field(default_factory=list)

    def fault(self, record: Record, name: str, message: str) -> None:
        """Note what is wrong with a record."""
        self.wrong.append((record.row, RECORDS.get(record.code, "record"), name, message))


def _day(state: State, record: Record, name: str, text: str) -> dt.date | None:
    try:
        if len(text) != 6:
            raise ValueError
        return dt.date(2000 + int(text[:2]), int(text[2:4]), int(text[4:]))
    except ValueError:
        state.fault(record, name, f"`{text}` is no date YYMMDD")
        return None


def _cents(state: State, record: Record, name: str, text: str, signed: bool = True) -> int:
    """Return an amount; a blank one is nothing."""
    if not text:
        return 0
    if not (_AMOUNT if signed else _UNSIGNED).fullmatch(text):
        what = "an amount in cents" if signed else "an amount in cents without a sign"
        state.fault(record, name, f"`{text}` is not {what}")
        return 0
    return int(text)


def _number(state: State, record: Record, name: str, text: str) -> int:
    if not _UNSIGNED.fullmatch(text):
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
    _day(state, record, "file creation date", record.take())
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
    state.day = _day(state, record, "as-of date", record.take())
    record.take()
    _dollars(state, record, record.take())


def _dollars(state: State, record: Record, currency: str) -> None:
    if currency not in ("", "USD"):
        state.fault(record, "currency", f"`{currency}`: only USD is read")


def _count_from(state: State, record: Record, level: int) -> None:
    for one in state.levels[: level + 1]:
        one.lines += record.lines


def _account(state: State, record: Record) -> None:
    state.levels[2] = Level()
    _count(state, record)
    state.account = record.take()
    if not state.account:
        state.fault(record, "account number", "it is empty")
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
        value = _day(state, record, "value date", record.take())
        record.take()
        return value
    elif kind == "D":
        for _ in range(max(_number(state, record, "funds", record.take()), 0)):
            record.take()
            _cents(state, record, "funds", record.take())
    elif kind not in ("", "0", "1", "2", "Z"):
        state.fault(record, "funds type", f"`{kind}` is no funds type")
    return None


def _transaction(state: State, record: Record) -> None:
    _count(state, record)
    code = record.take()
    if not re.fullmatch("[1-9][0-9]{2}", code):
        state.fault(record, "type code", f"`{code}` is no type code")
    amount = _cents(state, record, "amount", record.take(), signed=False)
    value = _funds(state, record)
    bank, customer = record.take(), record.take()
    text = " ".join(record.rest.replace(BREAK, " ").split())
    state.levels[2].total += amount
    reference = next((r for r in (customer, bank) if re.fullmatch("[0-9]{15}", r)), None)
    state.moves.append(
        (
            *(record.row, code, amount, value or state.day, state.account),
            *(bank or None, customer or None, text or None, reference),
        )
    )


def _close(state: State, record: Record, level: int, parts: str | None) -> None:
    """Compare the trailer of a level with what it holds, and add that to the level above."""
    own = state.levels[level]
    _count_from(state, record, level)
    total = _cents(state, record, "control total", record.take())
    if total != own.total:
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
