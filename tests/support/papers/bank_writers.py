"""Bank paper written the slow way: plain text and `decimal`, one record after the other.

Nothing here comes from the readers: positions are written out once more, from the layouts.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace
from decimal import Decimal

OUR_BANK = "07640125"  # with its check digit 1


def check_digit(eight: str) -> str:
    """Return the ninth digit of a routing number."""
    total = sum(int(d) * w for d, w in zip(eight, (3, 7, 1, 3, 7, 1, 3, 7), strict=True))
    return str(-total % 10)


def cents(amount: Decimal) -> int:
    """Return dollars as a whole number of cents."""
    whole = amount * 100
    assert whole == int(whole)
    return int(whole)


@dataclass(frozen=True)
class Entry:
    """One entry of a batch with what follows it."""

    amount: Decimal
    code: str = "27"
    rdfi: str = OUR_BANK
    account: str = "0012345678"
    individual_id: str = ""
    name: str = "ACME RESALE"
    trace: str = ""
    addenda: str = ""  # payment information, cut into 80 characters
    returned: tuple[str, str] | None = None  # R-code and original trace
    changed: tuple[str, str, str] | None = None  # C-code, original trace, corrected data
    own_trace: str = ""  # of the return or change; else that of the entry


@dataclass(frozen=True)
class Batch:
    """The entries of one originator."""

    entries: list[Entry]
    company_id: str = "1234567890"
    company_name: str = "ILEC TELEPHONE"
    sec: str = "CCD"
    description: str = "TELECOM"
    effective: dt.date | str | None = dt.date(2026, 3, 20)
    settlement_day: str = "   "
    odfi: str = "09100001"
    service_class: str = ""


@dataclass(frozen=True)
class File:
    """A whole file."""

    batches: list[Batch]
    created: dt.date = dt.date(2026, 3, 19)
    modifier: str = "A"
    time: str = "0930"
    reference: str = ""


@dataclass
class Sums:
    """What the controls of a batch or a file say."""

    count: int = 0
    hashed: int = 0
    debit: int = 0
    credit: int = 0

    def add(self, other: Sums) -> None:
        """Take the sums of a part in."""
        self.count += other.count
        self.hashed += other.hashed
        self.debit += other.debit
        self.credit += other.credit


def records(file: File) -> list[str]:
    """Return the records of a file, without the filler that completes its last block."""
    out = [
        "101" + " " + OUR_BANK + check_digit(OUR_BANK) + " 091000019"
        + file.created.strftime("%y%m%d") + file.time + file.modifier + "094101"
        + "OUR BANK".ljust(23) + "THEIR BANK".ljust(23) + file.reference.ljust(8)
    ]  # fmt: skip
    whole = Sums()
    for number, batch in enumerate(file.batches, 1):
        lines, sums = _batch(batch, number)
        out += lines
        whole.add(sums)
    blocks = -(-(len(out) + 1) // 10)
    out.append(
        f"9{len(file.batches):06d}{blocks:06d}{whole.count:08d}{whole.hashed % 10**10:010d}"
        f"{whole.debit:012d}{whole.credit:012d}".ljust(94)
    )
    assert all(len(record) == 94 for record in out), [len(record) for record in out]
    return out


def yymmdd(day: dt.date | str | None) -> str:
    """Return what stands in the field of a day; a text stands there as it is."""
    return day if isinstance(day, str) else day.strftime("%y%m%d") if day else " " * 6


def _batch(batch: Batch, number: int) -> tuple[list[str], Sums]:
    sums, lines = Sums(), []
    for place, entry in enumerate(batch.entries, 1):
        trace = entry.trace or f"{batch.odfi}{number * 1000 + place:07d}"
        lines += _entry(replace(entry, trace=trace), batch.sec)
        sums.hashed += int(entry.rdfi)
        way = "debit" if int(entry.code[1]) >= 5 else "credit"
        setattr(sums, way, getattr(sums, way) + cents(entry.amount))
    sums.count = len(lines)
    kind = batch.service_class or (
        "200" if sums.debit and sums.credit else "225" if sums.debit else "220"
    )
    effective = yymmdd(batch.effective)
    head = (
        f"5{kind}{batch.company_name[:16]:16}{'':20}{batch.company_id:10}{batch.sec}"
        f"{batch.description:10}{'':6}{effective}{batch.settlement_day:3}1{batch.odfi}{number:07d}"
    )
    foot = (
        f"8{kind}{sums.count:06d}{sums.hashed % 10**10:010d}{sums.debit:012d}{sums.credit:012d}"
        f"{batch.company_id:10}{'':19}{'':6}{batch.odfi}{number:07d}"
    )
    return [head, *lines, foot], sums


def _entry(entry: Entry, sec: str) -> list[str]:
    chunks = [entry.addenda[n : n + 80] for n in range(0, len(entry.addenda), 80)]
    follow = len(chunks) + (entry.returned is not None) + (entry.changed is not None)
    counted = f"{follow:04d}{entry.name[:16]:16}  "
    named = counted if sec == "CTX" else f"{entry.name[:22]:22}"
    lines = [
        f"6{entry.code}{entry.rdfi}{check_digit(entry.rdfi)}{entry.account:17}"
        f"{cents(entry.amount):010d}{entry.individual_id:15}{named}  {int(follow > 0)}{entry.trace}"
    ]
    for place, chunk in enumerate(chunks, 1):
        lines.append(f"705{chunk:80}{place:04d}{entry.trace[-7:]}")
    own = entry.own_trace or entry.trace
    if entry.returned:
        code, original = entry.returned
        lines.append(f"799{code}{original}{'':6}{entry.rdfi}{'':44}{own}")
    if entry.changed:
        code, original, data = entry.changed
        lines.append(f"798{code}{original}{'':6}{entry.rdfi}{data:29}{'':15}{own}")
    return lines


QUIRKS = ("plain", "crlf", "cr", "trimmed", "one line", "unblocked", "blank lines", "bom")


def nacha(file: File, quirk: str = "plain") -> bytes:
    """Return a file as a bank may send it."""
    lines = records(file)
    filler = ["9" * 94] * (-len(lines) % 10)
    if quirk == "unblocked":
        filler = []
    lines = lines + filler
    if quirk == "trimmed":
        lines = [line.rstrip() for line in lines]
    if quirk == "blank lines":
        lines = [text for line in lines for text in (line, "")]
    end = {"crlf": "\r\n", "cr": "\r", "one line": ""}.get(quirk, "\n")
    text = end.join(lines) + ("" if quirk == "one line" else end)
    return ("\ufeff" if quirk == "bom" else "").encode() + text.encode()


# --- what a payment is for -------------------------------------------------------------------


@dataclass(frozen=True)
class Item:
    """One invoice of an 820."""

    invoice_no: str
    paid: Decimal
    ban: str = ""
    qualifier: str = "IV"
    gross: Decimal | None = None
    day: dt.date | None = None


@dataclass(frozen=True)
class Advice:
    """An 820."""

    items: list[Item]
    adjustments: list[Decimal] = field(default_factory=list)
    element: str = "*"
    segment: str = "~"
    component: str = ">"
    compact: bool = False
    total: Decimal | None = None

    @property
    def paid(self) -> Decimal:
        """What the items and adjustments come to."""
        return sum((item.paid for item in self.items), Decimal(0)) + sum(
            self.adjustments, Decimal(0)
        )


def x820(advice: Advice) -> str:
    """Return the text of an 820 with its envelopes."""
    body = [
        ["ST", "820", "0001"],
        ["BPR", "D", f"{advice.total if advice.total is not None else advice.paid}", "D", "ACH"],
        ["TRN", "1", "000123"],
        ["N1", "PR", "ACME RESALE"],
        ["N1", "PE", "ILEC TELEPHONE"],
        ["ENT", "1"],
    ]
    for item in advice.items:
        gross = "" if item.gross is None else f"{item.gross}"
        body.append(["RMR", item.qualifier, item.invoice_no, "", f"{item.paid}", gross])
        if item.ban:
            body.append(["REF", "12", item.ban])
        if item.day:
            body.append(["DTM", "003", item.day.strftime("%Y%m%d")])
    body += [["ADX", f"{amount}", "CS", "CM", "CR1"] for amount in advice.adjustments]
    body.append(["SE", str(len(body) + 1), "0001"])
    pad = (lambda text, width: text) if advice.compact else (lambda text, width: text.ljust(width))
    isa = [
        *("ISA", "00", pad("", 10), "00", pad("", 10), "ZZ", pad("ILEC", 15), "ZZ"),
        *(pad("ACME", 15), "260319", "0930", "U", "00401", "000000007", "0", "P"),
        advice.component,
    ]
    segments = [
        isa,
        ["GS", "RA", "ILEC", "ACME", "20260319", "0930", "7", "X", "004010"],
        *body,
        ["GE", "1", "7"],
        ["IEA", "1", "000000007"],
    ]
    return "".join(advice.element.join(parts) + advice.segment for parts in segments)


# --- statements ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Move:
    """One transaction of a statement."""

    amount: Decimal
    type_code: str = "455"
    bank_reference: str = ""
    customer_reference: str = ""
    text: str = ""
    funds: tuple[str, ...] = ("",)


@dataclass(frozen=True)
class Statement:
    """The moves of an account on a day."""

    moves: list[Move]
    account: str = "0012345678"
    day: dt.date = dt.date(2026, 3, 20)
    summaries: list[tuple[str, int]] = field(default_factory=lambda: [("010", 500000)])


def bai2(statements: list[Statement], quirk: str = "plain") -> bytes:
    """Return a BAI2 file with a group a statement; `quirk` is how the bank writes it."""
    out = [f"01,122099999,123456789,{statements[0].day:%y%m%d},0200,1,80,,2/"]
    file_total, file_lines = 0, 1
    for statement in statements:
        total, lines = 0, []
        named = "".join(f",{code},{amount},," for code, amount in statement.summaries)
        lines.append(f"03,{statement.account},USD{named}/")
        total += sum(amount for _, amount in statement.summaries)
        for move in statement.moves:
            total += cents(move.amount)
            fixed = f"16,{move.type_code},{cents(move.amount)},{','.join(move.funds)},"
            rest = f"{move.bank_reference},{move.customer_reference},{move.text}"
            if quirk == "continued":
                head, middle, tail = rest.split(",", 2)
                lines += [fixed[:-1] + "/", f"88,{head},{middle}/", f"88,{tail}"]
            else:
                lines.append(fixed + rest + ("/" if quirk == "slash" else ""))
        lines.append(f"49,{total},{len(lines) + 1}/")
        group = [f"02,123456789,122099999,1,{statement.day:%y%m%d},,USD,2/", *lines]
        group.append(f"98,{total},1,{len(group) + 1}/")
        out += group
        file_total += total
        file_lines += len(group)
    out.append(f"99,{file_total},{len(statements)},{file_lines + 1}/")
    if quirk == "padded":
        out = [line.ljust(120) for line in out]
    return (("\r\n" if quirk == "crlf" else "\n").join(out) + "\n").encode()


BAI2_QUIRKS = ("plain", "crlf", "padded", "slash", "continued")
