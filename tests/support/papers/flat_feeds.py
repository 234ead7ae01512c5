"""A writer of invented flat feeds: whole bills in several files, with chosen quirks, and the
profile that describes them. It shares nothing with the reader: plain `decimal` and text."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace
from decimal import Decimal

from hypothesis import strategies as st

ZERO = Decimal("0.00")
PARTS = ("recurring", "one_time", "usage", "tax")
BILL_DATE = dt.date(2026, 11, 1)


@dataclass(frozen=True)
class Charge:
    """A row of a part file."""

    part: str
    amount: Decimal
    usoc: str = "1FB"
    description: str = "LINE"
    quantity: Decimal = Decimal(1)
    rate: Decimal = Decimal("18.5")
    wtn: str = "6145550131"
    service_from: dt.date | None = None


@dataclass(frozen=True)
class Bill:
    """A bill of one account."""

    ban: str
    charges: tuple[Charge, ...]
    previous: Decimal = ZERO
    payments: Decimal = ZERO
    late_fees: Decimal = ZERO
    bill_date: dt.date = BILL_DATE

    @property
    def invoice_no(self) -> str:
        return f"{self.ban}-{self.bill_date:%Y%m%d}"

    def of(self, part: str) -> Decimal:
        return sum((c.amount for c in self.charges if c.part == part), ZERO)

    @property
    def current(self) -> Decimal:
        return sum((c.amount for c in self.charges), self.late_fees)


@dataclass(frozen=True)
class Quirks:
    """How a carrier happens to write its feed."""

    delimiter: str = ","
    quotes: str = "strict"
    quote_all: bool = False
    decimal: str = "."
    thousands: str = ""
    negative: str = "before"  # before, behind, brackets, credit
    cents: bool = False
    date: str = "%Y-%m-%d"
    blank_row: bool = False
    title_rows: int = 0
    footer: bool = False
    crlf: bool = False
    bom: bool = False
    padded: bool = False
    extra: bool = False
    upper: bool = False
    parted_ban: bool = False
    turned: bool = False  # columns in reverse order
    reasons: tuple[str, ...] = field(default=())

    @property
    def first_row(self) -> int:
        return self.title_rows + 2 + self.blank_row


def money(amount: Decimal, q: Quirks) -> str:
    """Return an amount as this carrier prints it."""
    digits = f"{abs(amount):.2f}"
    if q.cents:
        digits = str(int(abs(amount) * 100))
    else:
        whole, _, rest = digits.partition(".")
        if q.thousands:
            whole = f"{int(whole):,}".replace(",", q.thousands)
        digits = f"{whole}{q.decimal}{rest}"
    if amount >= 0:
        return digits
    forms = {"before": f"-{digits}", "behind": f"{digits}-", "brackets": f"({digits})"}
    return forms.get(q.negative, f"{digits} CR")


def number(value: Decimal, q: Quirks) -> str:
    return f"{value.normalize():f}".replace(".", q.decimal)


def day(value: dt.date | None, q: Quirks) -> str:
    if value is None:
        return ""
    if q.date == "%m/%d/%Y %H:%M":
        return f"{value.month}/{value.day}/{value.year} 0:07"
    return value.strftime(q.date)


def ban_text(ban: str, q: Quirks) -> str:
    return f"({ban[:3]}) {ban[3:6]}-{ban[6:]}" if q.parted_ban else ban


def cell(text: str, q: Quirks) -> str:
    """Return a cell as the row has it."""
    needs = q.delimiter in text or '"' in text or text != text.strip()
    if q.quotes != "none" and (needs or q.quote_all):
        inner = text.replace('"', '""') if q.quotes == "strict" else text
        text = f'"{inner}"'
    return f" {text} " if q.padded and q.delimiter != "\t" else text


def rows_of(bill: Bill, part: str, q: Quirks) -> list[dict[str, str]]:
    return [
        {
            "Acct": ban_text(bill.ban, q),
            "Billed On": day(bill.bill_date, q),
            "USOC": c.usoc,
            "Text": c.description,
            "Qty": number(c.quantity, q),
            "Price": number(c.rate, q),
            f"{part} Amt": money(c.amount, q),
            "TN": c.wtn,
            "From": day(c.service_from, q),
        }
        for c in bill.charges
        if c.part == part
    ]


def ledger_row(bill: Bill, q: Quirks) -> dict[str, str]:
    return {
        "Acct": ban_text(bill.ban, q),
        "Billed On": day(bill.bill_date, q),
        "Previous": money(bill.previous, q),
        "Paid": money(bill.payments, q),
        **{f"Sum of {part}": money(bill.of(part), q) for part in PARTS},
        "Late Fees": money(bill.late_fees, q),
        "Invoice Amount": money(bill.current, q),
        "Due Now": money(bill.previous + bill.payments + bill.current, q),
    }


def text_of(rows: list[dict[str, str]], columns: list[str], q: Quirks) -> str:
    """Return a file of these rows."""
    names = [*columns, *(["Remarks"] if q.extra else [])]
    if q.turned:
        names.reverse()
    shown = [name.upper() if q.upper else name for name in names]
    lines = [f"title {n}" for n in range(q.title_rows)]
    lines.append(q.delimiter.join(cell(name, q) for name in shown))
    if q.blank_row:
        lines.append(q.delimiter * (len(names) - 1))
    lines += [q.delimiter.join(cell(row.get(name, ""), q) for name in names) for row in rows]
    if q.footer:
        last = {names[0]: "END OF REPORT"}
        lines.append(q.delimiter.join(cell(last.get(name, ""), q) for name in names))
    end = "\r\n" if q.crlf else "\n"
    return ("\ufeff" if q.bom else "") + end.join(lines) + end


LINE_COLUMNS = ["Acct", "Billed On", "USOC", "Text", "Qty", "Price", "TN", "From"]


def files_of(bills: list[Bill], q: Quirks) -> dict[str, str]:
    """Return the files of a feed by name."""
    found = {}
    for part in PARTS:
        rows = [row for bill in bills for row in rows_of(bill, part, q)]
        columns = [*LINE_COLUMNS[:6], f"{part} Amt", *LINE_COLUMNS[6:]]
        found[f"{part}.csv"] = text_of(rows, columns, q)
    ledger = [ledger_row(bill, q) for bill in bills]
    columns = list(ledger_row(Bill("0", ()), q))
    found["ledger.csv"] = text_of(ledger, columns, q)
    return found


def profile_of(q: Quirks, name: str = "invented", head: str = "") -> str:
    """Return the TOML of the profile that reads such a feed."""
    sign = {"\t": "\\t"}.get(q.delimiter, q.delimiter)
    first = "Remarks" if q.extra else None
    parts = []
    for part in PARTS:
        skip = first or ("From" if q.turned else "Acct")
        parts.append(
            f'[[flat.part]]\nname = "{part}"\ncharge_class = "{part}"\n'
            + _skip(q, skip if q.turned else "Acct")
            + f'[flat.part.fields]\nusoc = "USOC"\ndescription = "Text"\nquantity = "Qty"\n'
            f'unit_rate = "Price"\namount = "{part} Amt"\nwtn = "TN"\nservice_from = "From"\n'
        )
    ties = "".join(f'"Sum of {part}" = "{part}"\n' for part in PARTS)
    last = first or "Due Now"
    parts.append(
        '[[flat.part]]\nname = "ledger"\nrole = "totals"\n'
        + _skip(q, last if q.turned else "Acct")
        + '[flat.part.fields]\nprevious_balance = "Previous"\npayments = "Paid"\n'
        f'current_charges = "Invoice Amount"\ntotal_due = "Due Now"\n[flat.part.ties]\n{ties}'
        '[flat.part.charges]\n"Late Fees" = "late_charge"\n'
    )
    thousands = q.thousands or ("," if q.decimal == "." else ".")
    return (
        f'profile = "{name}"\nformat = "flat"\ncarrier = "ILEC"\n{head}[flat]\n'
        f'delimiter = "{sign}"\nquotes = "{q.quotes}"\nheader_row = {q.title_rows + 1}\n'
        f'first_row = {q.first_row}\ndates = ["{q.date}"]\ndecimal = "{q.decimal}"\n'
        f'thousands = "{thousands}"\nplaces = "{"cents" if q.cents else "point"}"\n'
        '[flat.fields]\nban = { column = "Acct", strip = " ()-", width = 10 }\n'
        'bill_date = "Billed On"\ninvoice_no = { template = "{ban}-{bill_date}" }\n'
    ) + "".join(parts)


def _skip(q: Quirks, column: str) -> str:
    return f'skip = [{{ column = "{column}", equals = "end of report" }}]\n' if q.footer else ""


# --- invented bills -----------------------------------------------------------------------------

CENTS = st.decimals("-99999.99", "99999.99", places=2)
DAYS = st.dates(dt.date(2026, 9, 1), dt.date(2026, 10, 31))
QUIRKS = st.builds(
    Quirks,
    delimiter=st.sampled_from([",", ";", "\t", "|"]),
    quotes=st.sampled_from(["strict", "lenient", "none"]),
    quote_all=st.booleans(),
    decimal=st.sampled_from([".", ","]),
    thousands=st.sampled_from(["", "'", " "]),
    negative=st.sampled_from(["before", "behind", "brackets", "credit"]),
    cents=st.booleans(),
    date=st.sampled_from(["%Y-%m-%d", "%Y%m%d", "%m/%d/%Y", "%m/%d/%Y %H:%M", "%d-%b-%Y"]),
    blank_row=st.booleans(),
    title_rows=st.integers(0, 2),
    footer=st.booleans(),
    crlf=st.booleans(),
    bom=st.booleans(),
    padded=st.booleans(),
    extra=st.booleans(),
    upper=st.booleans(),
    parted_ban=st.booleans(),
    turned=st.booleans(),
).map(lambda q: replace(q, decimal=".") if q.delimiter == "," and q.quotes == "none" else q)


def texts(q: Quirks) -> st.SearchStrategy[str]:
    """Descriptions as such a carrier can print them."""
    letters = "AB z0é'/;,|\"" if q.quotes == "strict" else "AB z0é'/"
    if q.quotes == "lenient":
        letters += ";,|"
    text = st.text(letters, min_size=1, max_size=8)
    # Without quotes nothing can hold the delimiter.
    return text.map(
        lambda t: (t.replace(q.delimiter, "-") if q.quotes == "none" else t).strip() or "x"
    )


@st.composite
def feeds(draw: st.DrawFn) -> tuple[list[Bill], Quirks]:
    """Invented bills and the quirks they are written with."""
    q = draw(QUIRKS)
    bans = draw(st.lists(st.integers(0, 10**10 - 1), min_size=1, max_size=3, unique=True))

    def charge() -> st.SearchStrategy[Charge]:
        return st.builds(
            Charge,
            part=st.sampled_from(PARTS),
            amount=CENTS,
            usoc=st.sampled_from(["1FB", "9ZR", "UEPY4", "1E5"]),
            description=texts(q),
            quantity=st.decimals("0", "999", places=3),
            rate=st.decimals("0", "999.999999", places=6),
            wtn=st.integers(2000000000, 9999999999).map(str),
            service_from=st.none() | DAYS,
        )

    bills = [
        Bill(
            f"{ban:010}",
            tuple(draw(st.lists(charge(), max_size=5))),
            previous=draw(CENTS),
            payments=draw(CENTS),
            late_fees=draw(st.sampled_from([ZERO, Decimal("1.50"), Decimal("-2.00")])),
        )
        for ban in bans
    ]
    return bills, q
