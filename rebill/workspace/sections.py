"""What the sections of `rebill.toml` can say that are about our trade and our people.

Which there are is said by `settings.Settings`, and how they look in a file by `settings.TEMPLATE`.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

PUBLIC_KEY = re.compile(r"[a-z0-9][A-Za-z0-9@.-]* [A-Za-z0-9+/]{16,}=*(?=\s|$)")
"""A public key as OpenSSH writes it, without the comment behind it."""


class Section(BaseModel):
    """A table of the file; a name that is none of its own is a fault."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Approval(Section):
    """What one person alone may not do."""

    claims_over: Decimal | None = Field(default=None, ge=0, le=10**12)
    """A claim of a larger amount is filed only when a second person approved it."""
    bills_over: Decimal | None = Field(default=None, ge=0, le=10**12)
    """A carrier's bill of which more is pulled is approved by a person before that."""
    names: tuple[str, ...] = ()
    """Who may approve, by login; none: whoever gives another name than who files."""
    keys: dict[str, str] = Field(default_factory=dict)
    """The public keys by which approvals are signed, by name."""

    @field_validator("names")
    @classmethod
    def _are_names(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not all(name.strip() for name in value):
            raise ValueError("a name is empty; give logins")
        return value

    @field_validator("keys")
    @classmethod
    def _are_keys(cls, value: dict[str, str]) -> dict[str, str]:
        for name, key in value.items():
            if not PUBLIC_KEY.match(key.strip()):
                raise ValueError(f"{name} has no public key of OpenSSH; `ssh-ed25519 AAAA...`")
        return value


class Contact(Section):
    """Who speaks for us on dispute packets, and the numbers carriers know us by."""

    company: str = ""
    name: str = ""
    email: str = ""
    phone: str = ""
    fax: str = ""
    address: str = ""
    acna: str = ""
    ocn: dict[str, str] = Field(default_factory=dict)
    """By carrier."""


class Bank(Section):
    """What the bank sends, and who may take money."""

    known_originators: tuple[str, ...] = ()
    max_file_bytes: int = Field(default=2**28, gt=0)
    statement: tuple[dict[str, Any], ...] = ()
    """Profiles of CSV statements, as `Settings.statements` reads them."""


class Cash(Section):
    """What pulls are held against before they come."""

    at_hand: Decimal | None = Field(default=None, ge=-(10**12), le=10**12)
    audit_days: int = Field(default=1, ge=0, le=366)


class Recovery(Section):
    """What is believed of a carrier's answers to claims before any is known."""

    prior_win_rate: Decimal = Field(default=Decimal("0.5"), ge=0, le=1)
    prior_claims: Decimal = Field(default=Decimal(4), gt=0, le=10**6)
    band: Decimal = Field(default=Decimal("0.8"), gt=0, lt=1)


class House(Section):
    """Who we are: what a brand that is no private label shows where it says nothing itself."""

    name: str = ""
    phone: str = ""
    email: str = ""
    web: str = ""
    address: tuple[str, ...] = ()
    remittance: tuple[str, ...] = ()


class Books(Section):
    """What our accounts are called in the general ledger that takes our journals."""

    accounts: dict[str, str] = Field(default_factory=dict)
    """Its account, by how ours begin: `Expenses:Carrier`; `*` stands for any one part."""
    subsidiary: str = ""
    """Whose journals they are, where the ledger keeps several companies."""

    @field_validator("accounts")
    @classmethod
    def _are_accounts(cls, value: dict[str, str]) -> dict[str, str]:
        for ours, theirs in value.items():
            parts = ours.split(":")
            if parts[0] not in ROOTS or not all(part and part == part.strip() for part in parts):
                raise ValueError(
                    f"{ours!r} is no account of ours; `rebill books balances` has them"
                )
            if not theirs.strip() or not theirs.isprintable():
                raise ValueError(f"{ours} has no account in the other ledger; name it")
        return {ours: theirs.strip() for ours, theirs in value.items()}

    @field_validator("subsidiary")
    @classmethod
    def _is_printable(cls, value: str) -> str:
        if not value.isprintable():
            raise ValueError("the subsidiary has a character that cannot be printed")
        return value.strip()


ROOTS = ("Assets", "Liabilities", "Income", "Expenses")
"""What accounts of the books begin with."""


class Commissions(Section):
    """What statements of commissions say of their payees."""

    addresses: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """The lines of each payee's address, by its name."""


class Invoices(Section):
    """What the night leaves of customer invoices."""

    pdf: bool = False
    """Also a PDF of each, beside its page and its CSV."""


class Outbox(Section):
    """Which papers the night leaves by itself; commands make any."""

    invoices: Literal["all", "issued", "none"] = "all"
    """Customer invoices that get their page and CSV, and their PDF where these are asked for."""
    claims: Literal["all", "due", "none"] = "all"
    """Claims that get their packet; `due`: those a person is asked to file."""

    @field_validator("*", mode="before")
    @classmethod
    def _is_a_choice(cls, value: Any, info: ValidationInfo) -> Any:
        choices = CHOICES[info.field_name or ""]
        if value not in choices:
            *others, last = (f'"{choice}"' for choice in choices)
            raise ValueError(f"{value!r} is no choice; write {', '.join(others)} or {last}")
        return value


CHOICES = {name: get_args(field.annotation) for name, field in Outbox.model_fields.items()}


class Selling(Section):
    """What an invoice may do without a person looking at it."""

    jump_percent: Decimal | None = Field(default=None, ge=0, le=10**6, decimal_places=6)
    """An invoice that moved by more percent from the customer's last one waits."""
    jump_amount: Decimal | None = Field(default=None, ge=0, le=10**12, decimal_places=2)
    """And one that moved by more dollars."""

    @field_validator("jump_percent")
    @classmethod
    def _is_a_percentage(cls, value: Decimal | None) -> Decimal | None:
        if value is not None and 0 < value < 1:
            meant = (value * 100).normalize()
            raise ValueError(f"{value} is less than one percent; did you mean {meant:f}?")
        return value

    @property
    def guards_moves(self) -> bool:
        """Whether any limit is set."""
        return self.jump_percent is not None or self.jump_amount is not None


class Debits(Section):
    """Who debits customers that agreed to it, through which bank and when."""

    bank_routing: str = Field(default="", pattern="^([0-9]{9})?$")
    bank_name: str = Field(default="", max_length=23, pattern="^[ -~]*$")
    origin: str = Field(default="", max_length=10, pattern="^[ -~]*$")
    """What the bank knows our files by; empty: the company's number."""
    company_name: str = Field(default="", max_length=16, pattern="^[ -~]*$")
    company_id: str = Field(default="", max_length=10, pattern="^[ -~]*$")
    description: str = Field(default="PAYMENT", min_length=1, max_length=10, pattern="^[ -~]*$")
    days_after_due: int = Field(default=0, ge=-30, le=365)
    """Calendar days; negative: before it."""
    banking_days_ahead: int = Field(default=1, ge=0, le=10)
    """From the day a file is made to the day it settles."""
    prenote: bool = True
    """An account gets an entry of 0.00 first, and three banking days to object."""


class DunningStep(Section):
    """A letter that reminds a customer of what is past due."""

    letter: str = Field(min_length=1, max_length=40, pattern="^[a-z][a-z0-9 _-]*$")
    """What it is called on record."""
    days: int = Field(ge=1, le=3660)
    """Past the due date."""
    minimum: Decimal = Field(default=Decimal(0), ge=0, le=10**12, decimal_places=2)
    """What it must come to; less is not reminded of yet."""
    title: str = Field(default="", max_length=80)
    text: str = Field(default="", max_length=4000)
    """What it says; each line is a paragraph."""


class Dunning(Section):
    """When customers are reminded, and how often."""

    automatic: bool = False
    """The night sends what is due; else it only counts them."""
    step: tuple[DunningStep, ...] = ()

    @field_validator("step")
    @classmethod
    def _follow_each_other(cls, value: tuple[DunningStep, ...]) -> tuple[DunningStep, ...]:
        days = [step.days for step in value]
        if days != sorted(set(days)):
            raise ValueError("each step needs more days than the one before it")
        if len({step.letter for step in value}) < len(value):
            raise ValueError("two steps have one letter; call each by a name of its own")
        return value


class Forecast(Section):
    """What is taken for granted where the record does not say."""

    credit_line: Decimal = Field(default=Decimal(0), ge=0, le=10**12)
    dso_days: int | None = Field(default=None, ge=0, le=3660)
    pay_spread_days: int = Field(default=5, ge=0, le=365)
    bad_debt: Decimal = Field(default=Decimal("0.01"), ge=0, le=1)
    doubtful_after_days: int = Field(default=90, ge=0, le=3660)
    doubtful: Decimal = Field(default=Decimal("0.5"), ge=0, le=1)
    filing_days: int = Field(default=10, ge=0, le=365)
    bill_spread: Decimal = Field(default=Decimal("0.05"), ge=0, le=1)
