"""The settings of an 811 in a profile: where each field is, in which order to look, what adds.

Where a carrier puts a code, a number or a title is nowhere published; so it is a setting here and
not a rule in the code. The defaults are those of the profile `x12-811`, which
`docs/formats/x12-811.md` describes segment by segment.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from invoices.carrier.profiles import ChargeClass, Strict
from invoices.carrier.x12.rules import BY_NAME, CHANGEABLE

Qualifiers = tuple[str, ...]
"""Qualifiers in the order in which they are looked for."""
Place = Annotated[int, Field(ge=1, le=40)]
"""The position of an element in its segment, from 1."""
TitleClass = Literal[ChargeClass, "occ", "occ_one_time", "occ_prorated", "balance"]
"""A charge class, or `occ` (other charges and credits: one_time or prorated, line by line; the
title of `occ_one_time` and `occ_prorated` says which), or `balance` (no charges: previous balance
and payments)."""

CodeClass = Literal[ChargeClass, "occ"]
Written = Literal["auto", "cents", "dollars"]
"""How an amount is written; `auto`: dollars where there is a point, else cents."""
PLAIN = ("IT104", "SLN06", "ITA06", "TXI02", "AMT02", "BAL03")
"""Amounts and prices the standard writes in dollars, beside those of calls and usage."""


class Title(Strict):
    """Words that make a group title a class; compared without case, inside the title."""

    charge_class: TitleClass
    words: tuple[str, ...] = Field(min_length=1)


TITLES = (
    Title(charge_class="late_charge", words=("LATE PAYMENT", "LATE CHARGE", "LATE FEE")),
    Title(
        charge_class="occ",
        words=(
            "OTHER CHARGES AND CREDITS",
            "OTHER CHARGES & CREDITS",
            "OTHER CHARGES",
            "OC&C",
            "OCC",
            "ADDITIONS AND CHANGES",
            "ADDITIONS & CHANGES",
            "AND ONE-TIME",
            "AND ONE TIME",
            "AND NON-RECURRING",
            "AND NONRECURRING",
            "AND PRORAT",
            "& ONE-TIME",
            "& PRORAT",
        ),
    ),
    Title(charge_class="occ_prorated", words=("PRORAT",)),
    Title(
        charge_class="occ_one_time",
        words=("NON-RECURRING", "NONRECURRING", "NON RECURRING", "ONE-TIME", "ONE TIME"),
    ),
    Title(charge_class="adjustment", words=("ADJUSTMENT", "CREDIT")),
    Title(charge_class="balance", words=("PREVIOUS", "PAYMENT", "BALANCE FORWARD")),
    Title(charge_class="tax", words=("TAX", "FRANCHISE")),
    Title(
        charge_class="surcharge",
        words=(
            "SURCHARGE",
            "UNIVERSAL SERVICE",
            "EUCL",
            "SUBSCRIBER LINE",
            "NUMBER PORTABILITY",
            "E911",
        ),
    ),
    Title(charge_class="usage", words=("USAGE", "TOLL", "LOCAL MEASURED", "MINUTES")),
    Title(charge_class="recurring", words=("MONTHLY", "RECURRING", "ACCESS")),
)
"""Which title is of which class, the first that fits."""


class Taxes(Strict):
    """Which TXI add to the total, by TXI07."""

    adds: Qualifiers = ("", "A")
    informs: Qualifiers = ("O", "I")


class Allowances(Strict):
    """What an ITA is, by ITA01, and where its amount stands."""

    adds: Qualifiers = ("C", "S")
    subtracts: Qualifiers = ("A",)
    informs: Qualifiers = ("N", "P", "Q", "R")
    amount: Place = 7
    """An element of implied cents."""


class Usage(Strict):
    """Where TCD and USD say amount and quantity. The first amount that is given counts."""

    tcd_amounts: tuple[Place, ...] = (12, 13, 14, 15)
    """In dollars."""
    tcd_quantity: Place = 10
    usd_cents: Place = 9
    """An element of implied cents; it goes before `usd_amount`."""
    usd_amount: Place = 8
    usd_quantity: Place | None = None
    """Null: only QTY says it."""


class Balance(Strict):
    """Which BAL02 qualifier is what; one that stands nowhere here is said and not added."""

    previous: Qualifiers = ("PB",)
    payments: Qualifiers = ("TP",)
    adjustments: Qualifiers = ("NA",)
    other: Qualifiers = ("BT",)
    """Other balance items: added to the adjustments of the balance."""
    total: Qualifiers = ("TT",)
    informs: Qualifiers = ()


class Levels(Strict):
    """What the levels of HL03 are for."""

    sums: str = "8"
    """Where charges stand on this level of a branch, they are the charges; else on its deepest.
    `all`: every level has charges of its own, and none states those of another again."""
    supporting: Qualifiers = ("9",)
    """Detail that is counted only where nothing above it in its branch bears a charge."""
    titles: Qualifiers = ("5", "4")
    """Levels whose PID05 is the title of a group; the nearest that says something counts."""
    inherits: Qualifiers = ("4", "5", "6", "7", "8", "9")
    """Levels whose number, circuit and order hold for the charges below."""
    stated: Qualifiers = ("5", "1")
    """AMT01 of an amount stated at an HL, which is compared with the charges below it."""


class X12(Strict):
    """The section `[x12]` of a profile."""

    encoding: Literal["auto", "utf-8", "latin-1", "cp1252"] = "auto"
    """`auto`: UTF-8, and Latin-1 where the file is no UTF-8."""
    rules: dict[str, Literal["refuse", "warn"]] = {}
    """A rule of the envelope -> what breaking it does, where it is not the default."""
    memorandum: Qualifiers = ("ME",)
    """BIG07 of sets that only inform; they are listed, never loaded."""
    implied_cents: Written = "auto"
    """How TDS, ITA07 and USD09 are written."""
    cents: tuple[str, ...] = ()
    """Amount elements, such as `TXI02`, that are whole cents, dollars where there is a point."""
    dollars: tuple[str, ...] = ()
    """Amount elements, such as `TDS01`, that are dollars, whether there is a point or not."""
    credit_flag: Literal["subtracts", "informs"] = "subtracts"
    """What AMT03 `C` does to an amount that is printed without a sign."""
    carrier_party: str = "PE"
    account_party: str = "PR"
    accounts: Qualifiers = ("12", "11", "14")
    """REF01 of the billing account."""
    usoc: Qualifiers = ("A3", "NU", "SV")
    """Product-ID qualifiers of IT1 and SLN."""
    service_code: Qualifiers = ("SV",)
    text_pair: Qualifiers = ("PD",)
    wtn: Qualifiers = ("TN",)
    """Qualifiers of the pairs of an SI."""
    circuit: Qualifiers = ("CI",)
    """Likewise, or SI01 itself."""
    circuit_ref: Qualifiers = ("CN",)
    orders: Qualifiers = ("OR", "SO")
    service_dates: tuple[str, str] = ("150", "151")
    period_dates: tuple[str, str] = ("186", "187")
    due_dates: Qualifiers = ("814",)
    """DTM01 of the due date where no ITD06 stands."""
    through_included: bool = True
    """Whether 151, 187 and the end of a range are the last day that is billed."""
    century_from: int = Field(default=70, ge=0, le=99)
    """Years of two digits from this on are of the 1900s."""
    amount: str = "1"
    """AMT01 of the amount of a line."""
    quantity: Qualifiers = ("94",)
    """QTY01 that is preferred where the line gives no quantity; else the first QTY counts."""
    service_codes: dict[str, CodeClass] = {}
    """A carrier's service code -> its class."""
    unclassified: ChargeClass = "recurring"
    """The class of an IT1 or SLN of which nothing says one; it is told."""
    titles: tuple[Title, ...] = TITLES
    taxes: Taxes = Taxes()
    allowances: Allowances = Allowances()
    usage: Usage = Usage()
    balance: Balance = Balance()
    levels: Levels = Levels()
    informs: Qualifiers = ("O",)
    """SLN03, TCD16 and USD01 of what only informs."""

    def written(self, element: str) -> Written:
        """Return how an amount element is written: `cents`, `dollars`, or `auto`.

        `auto` is dollars where there is a point, else cents. Of the standard's own two decimals
        are TDS01 and the elements that `allowances.amount` and `usage.usd_cents` name.
        """
        if element in self.cents:
            return "auto"
        if element in self.dollars:
            return "dollars"
        return self.implied_cents if element in self._implied() else "dollars"

    def _implied(self) -> tuple[str, ...]:
        return ("TDS01", f"ITA{self.allowances.amount:02}", f"USD{self.usage.usd_cents:02}")

    @model_validator(mode="after")
    def _amounts(self) -> X12:
        usage = (f"TCD{at:02}" for at in self.usage.tcd_amounts)
        known = (*PLAIN, *usage, f"USD{self.usage.usd_amount:02}", *self._implied())
        for name in (*self.cents, *self.dollars):
            if name not in known:
                said = ", ".join(known)
                raise ValueError(f"`{name}` is no amount element that is read; these are {said}")
        for name in set(self.cents) & set(self.dollars):
            raise ValueError(f"`{name}` stands in both `cents` and `dollars`")
        return self

    @field_validator("rules")
    @classmethod
    def _known(cls, rules: dict[str, str]) -> dict[str, str]:
        for name in rules:
            if name not in CHANGEABLE:
                what = "is not changed" if name in BY_NAME else "is no rule"
                raise ValueError(f"`{name}` {what}; what may be: {', '.join(CHANGEABLE)}")
        return rules
