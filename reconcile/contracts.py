"""Contracts with carriers: who may bill what to which account, by which rules.

A contract is TOML (see `docs/formats/reference-tables.md`). Nothing here looks at lines; the
kernels ask `contract_for` with distinct (carrier, BAN, day) questions and join the answers back.
"""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from typing import Annotated, Any, Literal, NamedTuple

import polars as pl
from pydantic import BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from invoices.identifiers import clean_text
from invoices.patterns import fits
from invoices.schema import CENTS, frame_of
from invoices.setting_faults import close, faults_of
from invoices.toml_text import NoToml, Path, Places, SettingsFault, Told, read_toml
from reconcile.policies import Dispute, Exact
from reconcile.policies import Strict as _Strict

Name = Annotated[
    str, BeforeValidator(lambda said: clean_text(said) if isinstance(said, str) else said)
]
"""What tells a contract, a carrier or an account: without what no eye sees."""
Amount = Annotated[Exact, Field(ge=0)]
"""An exact number that is not negative."""
ChargeClass = Literal[
    "recurring",
    "one_time",
    "prorated",
    "usage",
    "surcharge",
    "tax",
    "late_charge",
    "adjustment",
]


class Account(_Strict):
    """A pattern of billing account numbers the contract holds, `*` as wildcard, and when."""

    model_config = ConfigDict(title='an account number in quotes, such as "305*"')
    ban: Name = Field(
        pattern=r"^[^\s*]*(\*[^\s*]*)*$",
        description="an account number without blanks, * for what may differ",
        min_length=1,
        max_length=100,
    )
    from_: dt.date | None = Field(default=None, alias="from")
    until: dt.date | None = None

    @property
    def regex(self) -> str:
        """The pattern as an anchored regular expression."""
        return "^" + ".*".join(re.escape(part) for part in self.ban.split("*")) + "$"

    def fits(self, ban: str) -> bool:
        """Whether an account number fits; `regex` says the same to polars."""
        return fits(ban, self.ban)

    @property
    def length(self) -> int:
        """How specific the pattern is: its characters other than the wildcard."""
        return len(self.ban.replace("*", ""))


class Billing(_Strict):
    """How this carrier computes what it bills."""

    proration: Literal["thirty_day_month", "actual_days"] = "thirty_day_month"
    rounding: Literal["line", "unit"] = "line"
    disconnect_grace_days: int = Field(default=0, ge=0)
    backbill_limit_months: int = Field(default=12, ge=0)
    resale_certificate: bool = False


class Terms(_Strict):
    """When the carrier's pull settles."""

    anchor: Literal["bill_date", "due_date", "received_on"] = "bill_date"
    days: int = Field(default=15, ge=0, le=366)
    unit: Literal["calendar", "banking"] = "calendar"
    roll: Literal["next", "previous"] = "next"


class Debit(_Strict):
    """What the carrier pulls by ACH and what our bank lets through."""

    terms: Terms = Terms()
    amount: Literal["total_due", "current_charges"] = "total_due"
    company_id: str | None = None
    maximum: Exact | None = None


class Commitment(_Strict):
    """What we promised to buy in a year."""

    annual: Exact = Field(ge=0)
    year_starts: dt.date
    eligible: tuple[ChargeClass, ...] = ("recurring", "prorated", "usage")
    """The charge classes that count."""
    basis: Literal["gross", "net"] = "gross"
    """Whether credits lessen what counts."""
    quota: int | None = Field(default=None, ge=0)
    """So many services to have under the contract when the year ends."""


class Security(_Strict):
    """What secures the carrier and what it and our cash cost, a year, actual/365.

    `bond`, `deposit` and `letter_of_credit` are what the contract asks for; `months` so many months
    of charges, if that is more. A rate is the premium of a bond, the fee of a letter of credit or
    the interest a deposit earns.
    """

    bond: Amount | None = None
    deposit: Amount | None = None
    letter_of_credit: Amount | None = None
    months: Amount | None = None
    bond_rate: Amount | None = None
    deposit_rate: Amount | None = None
    letter_of_credit_rate: Amount | None = None
    cost_of_capital: Amount | None = None


class Bills(_Strict):
    """What we expect of the bills themselves, before their lines."""

    missing_after_days: int = Field(default=5, ge=0)
    jump_limit: Exact | None = None
    """How far charges of a class may move, as a share of the last bill's; none: no check."""
    jump_minimum: Exact = Decimal("0.00")
    """Smaller moves, in dollars, are not reported."""


class Contract(_Strict):
    """An agreement with a carrier, half-open in time."""

    id: Name = Field(min_length=1, max_length=64)
    carrier: Name = Field(min_length=1, max_length=32)
    effective_from: dt.date
    effective_until: dt.date | None = None
    accounts: tuple[Account, ...] = Field(min_length=1)
    billing: Billing = Billing()
    dispute: Dispute = Dispute()
    debit: Debit = Debit()
    commitment: Commitment | None = None
    security: Security | None = None
    bills: Bills = Bills()

    @model_validator(mode="before")
    @classmethod
    def _patterns(cls, data: Any) -> Any:
        if isinstance(data, dict) and isinstance(data.get("accounts"), (list, tuple)):
            accounts = [{"ban": a} if isinstance(a, str) else a for a in data["accounts"]]
            data = {**data, "accounts": accounts}
        return data

    @model_validator(mode="after")
    def _order(self) -> Contract:
        spans = [(a.from_, a.until) for a in self.accounts]
        spans.append((self.effective_from, self.effective_until))
        for start, end in spans:
            if start and end and end <= start:
                raise ValueError(f"ends on {end}, not after it begins on {start}")
        return self


class Written(NamedTuple):
    """One entry of a file of contracts: its line, what it says, or what is wrong with it."""

    line: int | None
    contract: Contract | None
    faults: tuple[Told, ...] = ()


def written_contracts(text: str) -> list[Written]:
    """Return the `[[contract]]` entries of a TOML text, and what else is wrong with it.

    A text that is no TOML, or holds no contract, is one entry of that fault.
    """
    try:
        data = read_toml(text)
    except NoToml as fault:
        return [Written(None, None, fault.told)]
    places = Places(text)
    found = [
        Written(None, None, (Told(places.line((name,)), _strange(name)),))
        for name in data
        if name != "contract"
    ]
    entries = data.get("contract", [])
    if isinstance(entries, dict):
        what = "[contract] is one table; write [[contract]], each contract with its own"
        return [*found, Written(None, None, (Told(places.line(("contract",)), what),))]
    if not isinstance(entries, list) or not entries:
        # Where a table is misnamed, that is why there is no contract.
        lacks = Written(None, None, (Told(None, "the file holds no [[contract]]"),))
        return found or [lacks]
    return [*found, *(_written(entry, number, places) for number, entry in enumerate(entries))]


def _strange(name: str) -> str:
    meant = "did you mean" if close(name, ["contract"]) else "a file of contracts holds"
    return f"there is no table [{name}]; {meant} [[contract]]" + "?" * meant.startswith("did")


def _written(entry: Any, number: int, places: Places) -> Written:
    at: Path = ("contract", number)
    try:
        return Written(places.line(at), Contract.model_validate(entry))
    except ValidationError as error:
        told = faults_of(error, Contract, entry, places=places, at=at)
        return Written(places.line(at), None, tuple(told))


def read_contracts(text: str) -> list[Contract]:
    """Return the contracts of a TOML text; raises `SettingsFault` with every fault."""
    if not text.strip():
        return []
    written = written_contracts(text)
    if told := [fault for one in written for fault in one.faults]:
        raise SettingsFault(told)
    return [one.contract for one in written if one.contract]


SETTINGS = pl.Schema(
    {
        "contract": pl.String(),
        "carrier": pl.String(),
        "proration": pl.String(),
        "rounding": pl.String(),
        "disconnect_grace_days": pl.Int64(),
        "backbill_limit_months": pl.Int64(),
        "resale_certificate": pl.Boolean(),
        "minimum_claim": CENTS,
        "minimum_line": CENTS,
        "debit_anchor": pl.String(),
        "debit_days": pl.Int64(),
        "debit_unit": pl.String(),
        "debit_roll": pl.String(),
        "debit_amount": pl.String(),
        "debit_maximum": CENTS,
        "missing_after_days": pl.Int64(),
        "jump_limit": pl.Decimal(18, 6),
        "jump_minimum": CENTS,
    }
)


def settings(contracts: list[Contract]) -> pl.DataFrame:
    """Return one row a contract with the settings the kernels use (columns of `SETTINGS`)."""
    rows = [
        {
            "contract": c.id,
            "carrier": c.carrier,
            **c.billing.model_dump(),
            "minimum_claim": c.dispute.minimum_claim,
            "minimum_line": c.dispute.minimum_line,
            **{f"debit_{k}": v for k, v in c.debit.terms.model_dump().items()},
            "debit_amount": c.debit.amount,
            "debit_maximum": c.debit.maximum,
            **c.bills.model_dump(),
        }
        for c in contracts
    ]
    return frame_of(rows, SETTINGS)


def contract_for(questions: pl.DataFrame, contracts: list[Contract]) -> pl.DataFrame:
    """Answer which contract holds an account on a day: the longest fitting pattern wins.

    `questions` has carrier, ban, day (distinct); the answer adds `contract`, null where none is
    in force. Two patterns equally long are refused when contracts are loaded.
    """
    bans = questions.select("carrier", "ban").unique()
    fitting = bans.join(_patterns(contracts), on="carrier").filter(
        pl.col("ban").str.contains(pl.col("regex"))
    )
    answers = (
        questions.join(fitting, on=["carrier", "ban"])
        .filter(
            pl.col("starts") <= pl.col("day"),
            pl.col("ends").is_null() | (pl.col("day") < pl.col("ends")),
        )
        .sort("length", "contract", descending=[True, False])
        .unique(["carrier", "ban", "day"], keep="first", maintain_order=True)
        .select("carrier", "ban", "day", "contract")
    )
    return questions.join(answers, on=["carrier", "ban", "day"], how="left", nulls_equal=True)


def _patterns(contracts: list[Contract]) -> pl.DataFrame:
    """Return the account patterns of contracts and the days they hold, half-open."""
    return pl.DataFrame(
        [
            {
                "carrier": c.carrier,
                "contract": c.id,
                "regex": a.regex,
                "length": a.length,
                "starts": max(c.effective_from, a.from_ or c.effective_from),
                "ends": min((d for d in (c.effective_until, a.until) if d), default=None),
            }
            for c in contracts
            for a in c.accounts
        ],
        schema={
            "carrier": pl.String(),
            "contract": pl.String(),
            "regex": pl.String(),
            "length": pl.Int64(),
            "starts": pl.Date(),
            "ends": pl.Date(),
        },
    )
