"""BAI2 balance reports: what moved on an account on a day, checked to the last total.

A file holds groups (a bank, a day), a group holds accounts, an account holds summaries and
transactions; each level ends with what it adds up to and how many records it had. A record may be
continued by others (88). Amounts are cents without a point.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import polars as pl

from invoices.bank.records import decoded, lines_of
from invoices.bank.schema import BankReading, faults, one_fault, together
from invoices.bank.wording import content_key, from_text, identified
from invoices.money import from_cents

NAME = "bai2"
RECORDS = {
    "01": "file header",
    "02": "group header",
    "03": "account",
    "16": "transaction",
    "49": "account trailer",
    "88": "continuation",
    "98": "group trailer",
    "99": "file trailer",
}
FOLLOWS = {
    "": ("01",),
    "01": ("02", "99"),
    "02": ("03", "98"),
    "03": ("16", "49"),
    "16": ("16", "49"),
    "49": ("03", "98"),
    "98": ("02", "99"),
    "99": (),
}
ACH_CREDITS, ACH_DEBITS = ("142", "165", "169"), ("451", "455", "469")
RETURNED_DEBIT, RETURNED_CREDIT = "257", "557"
AGAIN = "ask the bank for a correct file; nothing of this one is booked"
_BREAK = "\x1f"
_AMOUNT = re.compile(r"[+-]?[0-9]{1,15}")
_UNSIGNED = re.compile(r"[0-9]{1,15}")


def recognises(head: bytes) -> bool:
    """Whether a file begins with a BAI2 file header."""
    return re.match(r"\s*01,[^,\n]*,[^,\n]*,[0-9]{6},", decoded(head[:400])) is not None


@dataclass
class _Record:
    """A logical record: the one it begins with, and the text of its continuations."""

    row: int
    code: str
    text: str
    lines: int = 1
    rest: str = ""

    def __post_init__(self) -> None:
        self.rest = self.text

    def take(self) -> str:
        """Return the next field and leave the rest."""
        cut = re.search(f"[,{_BREAK}]", self.rest)
        if cut is None:
            value, self.rest = self.rest, ""
        else:
            value, self.rest = self.rest[: cut.start()], self.rest[cut.end() :]
        return value.strip()


@dataclass
class _Level:
    """A file, group or account that is open: what it adds up to so far."""

    total: int = 0
    parts: int = 0
    lines: int = 0


@dataclass
class _State:
    """What has been read, and what is wrong with it."""

    levels: list[_Level] = field(default_factory=lambda: [_Level(), _Level(), _Level()])
    day: dt.date | None = None
    account: str = ""
    currency: str = ""
    moves: list[tuple[object, ...]] = field(default_factory=list)
    wrong: list[tuple[int, str, str, str]] = field(default_factory=list)

    def fault(self, record: _Record, name: str, message: str) -> None:
        """Note what is wrong with a record."""
        self.wrong.append((record.row, RECORDS.get(record.code, "record"), name, message))


def read(content: bytes) -> BankReading:
    """Return what a BAI2 file says, or every fault for which it is refused."""
    records = list(_records(lines_of(decoded(content))))
    key = content_key(*(f"{record.code},{record.text}" for record in records))
    found = _order(records)
    if found.height:
        return BankReading(NAME, key, faults=found)
    state = _State()
    for record in records:
        _READERS[record.code](state, record)
    if state.wrong:
        rows = pl.DataFrame(state.wrong, schema=["row", "record", "field", "message"], orient="row")
        words = (pl.col("record"), pl.col("field"), pl.col("message"))
        return BankReading(NAME, key, faults=together([faults(rows, *words, AGAIN)]))
    return BankReading(NAME, key, _entries(state))


def _records(lines: list[str]) -> Iterator[_Record]:
    """Yield the logical records of a file; continuations are joined to what they continue."""
    open_record: _Record | None = None
    for row, line in enumerate(lines, 1):
        text = line.strip(" \x1a")
        if not text:
            continue
        code, _, rest = text.partition(",")
        rest = rest.removesuffix("/")
        if code.removesuffix("/") == "88" and open_record is not None:
            open_record.text += _BREAK + rest
            open_record.rest = open_record.text
            open_record.lines += 1
            continue
        if open_record is not None:
            yield open_record
        open_record = _Record(row, code.removesuffix("/"), rest)
    if open_record is not None:
        yield open_record


def _order(records: list[_Record]) -> pl.DataFrame:
    """Return the records that may not follow the one before them."""
    found, before = [], ""
    for record in records:
        name = RECORDS.get(record.code)
        if name is None or record.code == "88":
            message = f"no record begins with `{record.code[:8]}`"
            found.append(one_fault(record.row, name or "record", "record code", message, AGAIN))
        elif record.code not in FOLLOWS[before]:
            after = RECORDS.get(before, "the start of the file")
            message = f"out of order: {name} after {after}"
            found.append(one_fault(record.row, name, "record code", message, AGAIN))
        before = record.code if name and record.code != "88" else before
    if not records:
        found.append(one_fault(None, "file", "file", "the file is empty", AGAIN))
    elif before != "99":
        message = "the file ends here, without its file trailer: it was cut off"
        found.append(one_fault(records[-1].row, "record", "record code", message, AGAIN))
    return together(found)


def _day(state: _State, record: _Record, name: str, text: str) -> dt.date | None:
    try:
        if len(text) != 6:
            raise ValueError
        return dt.date(2000 + int(text[:2]), int(text[2:4]), int(text[4:]))
    except ValueError:
        state.fault(record, name, f"`{text}` is no date YYMMDD")
        return None


def _cents(state: _State, record: _Record, name: str, text: str, signed: bool = True) -> int:
    """Return an amount; a blank one is nothing."""
    if not text:
        return 0
    if not (_AMOUNT if signed else _UNSIGNED).fullmatch(text):
        what = "an amount in cents" if signed else "an amount in cents without a sign"
        state.fault(record, name, f"`{text}` is not {what}")
        return 0
    return int(text)


def _number(state: _State, record: _Record, name: str, text: str) -> int:
    if not _UNSIGNED.fullmatch(text):
        state.fault(record, name, f"`{text}` is no number")
        return -1
    return int(text)


def _count(state: _State, record: _Record) -> None:
    for level in state.levels:
        level.lines += record.lines


def _file_header(state: _State, record: _Record) -> None:
    _count(state, record)
    for name in ("sender", "receiver"):
        if not record.take():
            state.fault(record, name, "it is empty")
    _day(state, record, "file creation date", record.take())
    fields = [record.take() for _ in range(5)]
    if fields[4] not in ("2", ""):
        state.fault(record, "version", f"`{fields[4]}`: only version 2 is read")


def _group_header(state: _State, record: _Record) -> None:
    state.levels[1] = _Level()
    _count_from(state, record, 1)
    record.take(), record.take()
    status = record.take()
    if status in ("2", "4"):
        what = {"2": "a deletion", "4": "a test"}[status]
        state.fault(record, "group status", f"`{status}`: the group is {what}, nothing to book")
    state.day = _day(state, record, "as-of date", record.take())
    record.take()
    state.currency = record.take()
    _dollars(state, record, state.currency)


def _dollars(state: _State, record: _Record, currency: str) -> None:
    if currency not in ("", "USD"):
        state.fault(record, "currency", f"`{currency}`: only USD is read")


def _count_from(state: _State, record: _Record, level: int) -> None:
    for one in state.levels[: level + 1]:
        one.lines += record.lines


def _account(state: _State, record: _Record) -> None:
    state.levels[2] = _Level()
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


def _funds(state: _State, record: _Record) -> dt.date | None:
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


def _transaction(state: _State, record: _Record) -> None:
    _count(state, record)
    code = record.take()
    if not re.fullmatch("[1-9][0-9]{2}", code):
        state.fault(record, "type code", f"`{code}` is no type code")
    amount = _cents(state, record, "amount", record.take(), signed=False)
    value = _funds(state, record)
    bank, customer = record.take(), record.take()
    text = " ".join(record.rest.replace(_BREAK, " ").split())
    state.levels[2].total += amount
    reference = next((r for r in (customer, bank) if re.fullmatch("[0-9]{15}", r)), None)
    state.moves.append(
        (
            *(record.row, code, amount, value or state.day, state.account),
            *(bank or None, customer or None, text or None, reference),
        )
    )


def _close(state: _State, record: _Record, level: int, parts: str | None) -> None:
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


_READERS: dict[str, Callable[[_State, _Record], None]] = {
    "01": _file_header,
    "02": _group_header,
    "03": _account,
    "16": _transaction,
    "49": lambda state, record: _close(state, record, 2, None),
    "98": lambda state, record: _close(state, record, 1, "accounts"),
    "99": lambda state, record: _close(state, record, 0, "groups"),
}


def _entries(state: _State) -> pl.DataFrame:
    """Return the transactions as entries (columns of `ENTRIES`)."""
    columns = {
        **{"source_row": pl.Int64, "type_code": pl.String, "cents": pl.Int64},
        **{"settled_on": pl.Date, "account": pl.String, "bank_reference": pl.String},
        **{"customer_reference": pl.String, "description": pl.String, "reference": pl.String},
    }
    moves = pl.DataFrame(state.moves, schema=columns, orient="row")
    code = pl.col("type_code")
    number = code.cast(pl.Int64)
    returned = code.is_in((RETURNED_DEBIT, RETURNED_CREDIT))
    credit = (number < 400) | number.is_between(920, 959)
    direction = pl.when(returned).then(code == RETURNED_CREDIT).otherwise(credit)
    kind = (
        pl.when(returned)
        .then(pl.lit("return"))
        .when(code.is_in((*ACH_CREDITS, *ACH_DEBITS)))
        .then(pl.lit("entry"))
        .otherwise(pl.lit("other"))
    )
    told = from_text(
        moves.with_columns(
            amount=from_cents(pl.col("cents")),
            direction=pl.when(direction).then(pl.lit("credit")).otherwise(pl.lit("debit")),
            kind=kind,
        )
    ).with_columns(
        trace=pl.coalesce(pl.when(~returned).then("reference"), "trace"),
        original_trace=pl.coalesce("original_trace", pl.when(returned).then("reference")),
        individual_id=pl.coalesce(
            "individual_id", pl.when(pl.col("reference").is_null()).then("customer_reference")
        ),
    )
    return identified(told, NAME, "account", "type_code", "bank_reference", "customer_reference")
