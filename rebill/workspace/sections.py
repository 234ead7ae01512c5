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
