"""How a dispute is worked under a contract: windows and limits, minima, answers, credits, interest.

Every agreement has its own (`[contract.dispute]`); nothing here is a constant of the trade. Beside
each setting `source` may say where it stands in the paper, in words that are shown, not read.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

import polars as pl
from pydantic import BaseModel, ConfigDict, Field, model_validator

from invoices.schema import CENTS, frame_of

Exact = Annotated[Decimal, Field(allow_inf_nan=False, max_digits=42, decimal_places=30)]
"""Read exactly, quoted or not: a TOML number never becomes a float."""


AddressLine = Annotated[str, Field(min_length=1, max_length=120, pattern=r"^[^\x00-\x1f]*\S.*$")]
Address = Annotated[tuple[AddressLine, ...], Field(max_length=8)]
"""The lines of an address, the office first."""


class Strict(BaseModel):
    """A setting of a contract: nothing unknown is taken, nothing is changed after."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Window(Strict):
    """The days or months after an anchor in which a dispute is in time."""

    anchor: Literal["bill_date", "due_date", "received_on", "debit_on"] = "bill_date"
    days: int | None = Field(default=None, ge=0, le=3660)
    months: int | None = Field(default=None, ge=0, le=120)
    source: str | None = None

    @model_validator(mode="after")
    def _one_length(self) -> Window:
        if (self.days is None) == (self.months is None):
            raise ValueError("a window is so many days or so many months: give one of the two")
        return self


class Withholding(Window):
    """Until when a disputed amount may be withheld; under a pull it is never in our hands."""

    allowed: bool = False


class LateCharge(Strict):
    """What the carrier may ask for paying late."""

    per_month: Exact = Field(default=Decimal("0.015"), ge=0, le=1)
    basis: Literal["simple", "compound"] = "simple"
    source: str | None = None


class Dispute(Strict):
    """When and how a dispute is worked under the contract."""

    window: Window = Window(days=90)
    withhold_window: Withholding | None = None
    waiver_if_late: bool = True
    """Whether what is filed after the window is waived: then only `--late` files it."""
    paid_dispute_window: Window | None = None
    """The window of amounts that are paid; under a pull every amount is."""
    back_credit_limit_months: int | None = Field(default=None, ge=0, le=120)
    """Credits are claimed for bills dated so many months back, no more."""
    statute_months: int | None = Field(default=None, ge=0, le=120)
    minimum_claim: Exact = Decimal("0.00")
    minimum_line: Exact = Decimal("0.00")
    acknowledge_banking_days: int = Field(default=2, ge=0, le=366)
    resolve_days: int = Field(default=60, ge=0)
    escalate_banking_days: int = Field(default=10, ge=0, le=366)
    """An answer that is not taken is escalated within so many banking days."""
    escalation_levels_days: tuple[Annotated[int, Field(ge=0, le=3660)], ...] = (60, 90, 120)
    """Unanswered so many days after it was filed a claim goes to level 2, 3, 4 and so on."""
    credit_by_bill: int = Field(default=2, ge=0, le=36)
    credit_tolerance: Exact = Field(default=Decimal("0.05"), ge=0)
    """So far may a credit be off the line of its account and period that it is for."""
    pay_after_denial_days: int = Field(default=5, ge=0, le=366)
    interest_per_day: Exact = Decimal(0)
    interest_compound: bool = False
    late_charge: LateCharge | None = None
    form: str | None = Field(default=None, max_length=64)
    """The name of the form profile the carrier's claims follow."""
    address: Address = ()
    """Where the carrier takes claims, as lines of a letter; none: as the form profile says."""
    source: dict[str, str] = Field(default_factory=dict)
    """Where each setting stands in the agreement, by the setting's name."""

    @model_validator(mode="after")
    def _levels_and_sources(self) -> Dispute:
        levels = self.escalation_levels_days
        if list(levels) != sorted(set(levels)):
            raise ValueError("escalation_levels_days: each level comes after the one before it")
        unknown = sorted(set(self.source) - (set(type(self).model_fields) - {"source"}))
        if unknown:
            raise ValueError(f"source names settings that do not exist: {', '.join(unknown)}")
        return self

    def sources(self, setting: str) -> list[str]:
        """Return what is said of where a setting stands in the agreement."""
        own = getattr(self.limits().get(setting), "source", None)
        return [words for words in (self.source.get(setting), own) if words]

    def limits(self) -> dict[str, Window]:
        """Return the limits that say until when a line can be claimed, by name."""
        found = {"window": self.window, "paid_dispute_window": self.paid_dispute_window}
        for name in ("back_credit_limit_months", "statute_months"):
            months: int | None = getattr(self, name)
            found[name] = None if months is None else Window(months=months)
        return {name: window for name, window in found.items() if window is not None}


LIMITS = ("window", "paid_dispute_window", "back_credit_limit_months", "statute_months")
"""What can end the time of a claim line: the earliest of those the agreement names applies."""

POLICIES = pl.Schema(
    {
        "contract": pl.String(),
        "form": pl.String(),
        "waiver_if_late": pl.Boolean(),
        "acknowledge_banking_days": pl.Int64(),
        "resolve_days": pl.Int64(),
        "escalate_banking_days": pl.Int64(),
        "levels": pl.List(pl.Int64()),  # days after filing at which level 2, 3, ... is due
        "credit_by_bill": pl.Int64(),
        "credit_tolerance": CENTS,
        "pay_after_denial_days": pl.Int64(),
        "interest_per_day": pl.Decimal(18, 12),
        "interest_compound": pl.Boolean(),
    }
)


def policies(agreements: dict[str, Dispute]) -> pl.DataFrame:
    """Return one row a contract with the settings by which its claims are worked (`POLICIES`).

    `agreements` are the dispute settings by contract. The row without a contract says how claims
    of accounts under no contract are worked: by the settings that hold where nothing is said.
    """
    wanted = ("form", *POLICIES.names()[2:])
    rows = [
        {"contract": name, "levels": list(one.escalation_levels_days)}
        | {field: getattr(one, field) for field in wanted if field != "levels"}
        for name, one in ({None: Dispute()} | agreements).items()
    ]
    return frame_of(rows, POLICIES)


def limits(agreements: dict[str, Dispute]) -> pl.DataFrame:
    """Return one row a contract with the anchor, days and months of each of its `LIMITS`."""
    rows = []
    for name, one in agreements.items():
        row: dict[str, object] = {"contract": name}
        for limit, window in one.limits().items():
            row |= {f"{limit}:anchor": window.anchor}
            row |= {f"{limit}:days": window.days, f"{limit}:months": window.months}
        rows.append(row)
    schema: dict[str, pl.DataType] = {"contract": pl.String()}
    for limit in LIMITS:
        schema |= {f"{limit}:anchor": pl.String()}
        schema |= {f"{limit}:days": pl.Int64(), f"{limit}:months": pl.Int64()}
    return pl.DataFrame(rows, schema=schema)
