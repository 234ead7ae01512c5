"""One line of a bill, and what is found out about it: its due units, months and money."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any

from model_time import DAY, Period, Row, billing_days, extension, fraction, rounded

from reconcile.contracts import Billing, Contract

Due = dict[dt.date | None, Decimal]


ZERO = Decimal("0.00")


MONTHLY = ("recurring", "prorated")


ORDERED = (*MONTHLY, "one_time", "usage")


FRACTIONED = (*MONTHLY, "surcharge")


DATED = (*FRACTIONED, "tax")


@dataclass
class Judged:
    """One line with everything that was found out about it so far."""

    line: Row
    period: Period | None
    bill_day: int  # of the account, which a bill of a short month may not show
    service: Row | None = None
    matched_by: str | None = None
    match_note: str | None = None
    contract: Contract | None = None
    rate_contract: str | None = None
    order: Row | None = None
    rate_day: dt.date = dt.date.min
    kind: str | None = None
    family: str | None = None
    catalogued: bool = False
    package: str | None = None
    rate_row: Row | None = None
    package_rate: Decimal | None = None
    due: Due = field(default_factory=dict)
    units_left: Decimal = Decimal(0)  # of the order, before this line
    left: Decimal = ZERO
    worth: Decimal = ZERO  # what is due, by the codes so far
    spared: Decimal = ZERO  # billed again, but the first time credited in part
    used_up: Decimal = ZERO  # of what earlier lines were billed too little
    accrual: dict[dt.date | None, Fraction] = field(default_factory=dict)  # too little, by day
    beside_nothing: Due = field(default_factory=dict)  # what lines of 0.00 leave of its units
    billed_again: dict[dt.date | None, Fraction] = field(default_factory=dict)  # of its credits
    plain_units: bool = True  # the units due are counted, not weighed in money
    nothing_due: bool = False  # a code took the whole line
    repeated: bool = False  # an element of a package, billed again
    not_again: Decimal = ZERO  # what of it is no repeat
    grouped: bool = False  # judged with the other lines of its package
    expected: Decimal | None = None
    tolerated: Decimal = ZERO
    underbilled: Decimal = ZERO
    findings: dict[str, tuple[Decimal, str | None]] = field(default_factory=dict)

    def __getitem__(self, column: str) -> Any:
        return self.line[column]

    @property
    def billing(self) -> Billing:
        """The billing rules of the document's contract, the defaults where there is none."""
        return self.contract.billing if self.contract else Billing()

    @property
    def rounding(self) -> str:
        """How the carrier rounds this line; a minute of usage is never rounded by itself."""
        return "line" if self["charge_class"] == "usage" else self.billing.rounding

    @property
    def order_key(self) -> tuple[Any, ...]:
        """The place of the line in document order."""
        return (self["bill_date"], self["invoice_no"], self["line_no"], self["line_id"])

    @property
    def month(self) -> tuple[int, int]:
        """The bill month."""
        return (self["bill_date"].year, self["bill_date"].month)

    @property
    def units(self) -> Decimal:
        """The quantity billed; 1 where none is printed."""
        return Decimal(1) if self["quantity"] is None else Decimal(self["quantity"])

    @property
    def is_credit(self) -> bool:
        """Negative lines and every adjustment: nothing is at stake for them."""
        return bool(self["amount"] < 0 or self["charge_class"] == "adjustment")

    @property
    def circuit(self) -> str | None:
        """The circuit of the inventory, the printed one where the service is not known."""
        known = circuit_key(self.service["circuit_id"]) if self.service else None
        return known or self["circuit_key"]

    @property
    def rate(self) -> Decimal | None:
        """The buy rate in force."""
        return self.rate_row["rate"] if self.rate_row else None

    @property
    def priceable(self) -> bool:
        """Whether a rate can be extended: there is a period to prorate, usage has a quantity."""
        undated = self["charge_class"] == "prorated" and self.fraction is None
        return not undated and not (self["charge_class"] == "usage" and self["quantity"] is None)

    @property
    def price(self) -> Decimal | None:
        """The rate the line is extended with; a surcharge within its cap is what was billed."""
        if self["charge_class"] == "surcharge" and self.rate is not None:
            months = Fraction(self.units) * self.whole
            cap = extension(self.rate, months, self.units, self.rounding)
            return self.rate if self["amount"] > cap else None
        return self.rate if self.priceable else None

    @property
    def order_no(self) -> str | None:
        """The order the line uses, else the one it prints."""
        number: str | None = self.order["order_no"] if self.order else self["order_no"]
        return number

    @property
    def told_apart(self) -> Period | None:
        """The period by which repeats and credits are found; a surcharge without one has a day."""
        if self["charge_class"] == "surcharge" and self.period is None:
            return self["bill_date"], self["bill_date"]
        return self.period

    @property
    def whole(self) -> Fraction:
        """The months of the whole period; 1 for a line without a fraction."""
        return self.months_of(*self.period) if self.period and self.by_days else Fraction(1)

    @property
    def by_days(self) -> bool:
        """Whether days of the line can be due and others not."""
        return self["charge_class"] in DATED and self.period is not None

    @property
    def fraction(self) -> Fraction | None:
        """The months billed, None for a line that has no fraction."""
        if self["charge_class"] not in FRACTIONED or self.period is None:
            return None
        return None if self.period[0] == self.period[1] else self.whole

    def months_of(self, start: dt.date, end: dt.date) -> Fraction:
        """Return the months of a part of the period; a point in time counts once."""
        if self.period and self.period[0] == self.period[1]:
            return Fraction(1)
        cut = (start, end) != self.period
        return fraction(start, end, self.billing.proration, self.bill_day, cut=cut)

    def months_by_units(self, due: Due) -> dict[Decimal, Fraction]:
        """Return for how many months each number of units is due: runs of days, at most all."""
        if not self.by_days:
            return {due[None]: Fraction(1)}
        runs: list[tuple[dt.date, dt.date, Decimal]] = []
        for day in sorted(d for d in due if d):
            if runs and runs[-1][1] == day and runs[-1][2] == due[day]:
                runs[-1] = (runs[-1][0], day + DAY, due[day])
            else:
                runs.append((day, day + DAY, due[day]))
        months: dict[Decimal, Fraction] = {}
        for start, end, units in runs:
            together = months.get(units, Fraction(0)) + self.months_of(start, end)
            months[units] = min(together, self.whole)
        return months

    def unit_months(self, due: Due) -> Fraction:
        """Return units x months."""
        parts = (Fraction(units) * months for units, months in self.months_by_units(due).items())
        return sum(parts, Fraction(0))

    def due_units(self) -> Decimal:
        """Return the units due, the most there are on any day."""
        return max(self.due.values())

    def due_amount(self, due: Due | None = None) -> Decimal:
        """Return what is due of the line: by the rate in force, else a share of the billed."""
        due = self.due if due is None else due
        months = self.unit_months(due)
        if self.price is not None and self.rounding == "unit":
            rate, parts = Fraction(self.price), self.months_by_units(due).items()
            return sum((rounded(rounded(rate * months) * units) for units, months in parts), ZERO)
        if self.price is not None:
            return rounded(Fraction(self.price) * months)
        everything = Fraction(self.units) * self.whole
        if everything:
            return rounded(Fraction(self["amount"]) * months / everything)
        return self["amount"] if any(due.values()) or not self.units else ZERO

    def take(self, code: str, due: Due) -> None:
        """Narrow what is due and put at stake what is left above it."""
        self.narrow(due)
        stake = max(ZERO, self.left - self.worth - self.spared)
        self.left -= stake
        self.findings[code] = (stake, None)

    def narrow(self, due: Due) -> None:
        """Leave no more units due on any day than `due` has, and no more money."""
        self.due = {day: min(units, due[day]) for day, units in self.due.items()}
        self.worth = min(self.worth, self.due_amount())


def same_item(a: Judged, b: Judged) -> bool:
    """Say whether two lines are for one USOC of one service."""
    return bool(a.service and a.service is b.service and a["usoc"] and a["usoc"] == b["usoc"])


def same_rate(j: Judged, rate: Decimal) -> bool:
    """Say whether the printed unit rate is that rate, rounded to the printed places."""
    return bool(rounded(rate, printed_places(j)) == j["unit_rate"])


def printed_places(j: Judged) -> int:
    """Return the decimals the unit rate is printed with."""
    places: int | None = j["unit_rate_places"]
    return 6 if places is None else places


def circuit_key(circuit: str | None) -> str | None:
    """Return a circuit without blanks, in upper case."""
    return circuit and re.sub(r"\s", "", circuit).upper()


CENT = Decimal("0.01")


def day_and_cent(j: Judged, rate: Decimal, units: Decimal) -> Fraction:
    """Return what one day of so many units costs, plus a cent: the tolerance of a proration."""
    assert j.period is not None
    thirty = j.billing.proration == "thirty_day_month"
    days = 30 if thirty else billing_days(j.period[0], j.bill_day)
    return Fraction(rate) * Fraction(units) / days + Fraction(CENT)
