"""Form profiles: how a carrier wants claims put together, and what its words mean.

A profile is TOML, shipped in `reconcile/form_profiles/` or the workspace's own. It says by which
keys lines go into one claim, where the keys come from, what the carrier's status words mean, and
how its upload is laid out (which the packets read). A carrier without one gets `DEFAULT`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib import resources
from typing import Literal, get_args

import polars as pl
from pydantic import Field, field_validator, model_validator

from invoices.packet.form import Layout
from invoices.setting_faults import settings_of
from invoices.toml_text import SettingsFault
from reconcile.claims.moves import EVENTS
from reconcile.policies import Address, Strict

Key = Literal[
    "ban",
    "master_ban",
    "bill_month",
    "bill_period",
    "region",
    "state",
    "jurisdiction",
    "product",
]
KEYS: tuple[Key, ...] = get_args(Key)
"""What lines of a claim can be told apart by, besides carrier and reason, which always do."""

Derived = Literal["master_ban", "region", "jurisdiction", "product", "bill_period"]


class FormError(SettingsFault):
    """A text is no form profile; the message says what is wrong and where it stands."""


class Rule(Strict):
    """A value, and the lines that have it: all that is said of a line must fit; `*` is any text."""

    value: str = Field(
        min_length=1,
        max_length=64,
        pattern=r"^[^|=\x00-\x1f]+$",
        description="text without | and =",
    )
    ban: str | None = None
    usoc: str | None = None
    product: str | None = None
    state: str | None = None

    def fits(self) -> pl.Expr:
        """Return whether a line (ban, usoc, product, state) is one of them."""
        fits = pl.lit(True)
        for name in ("ban", "usoc", "product", "state"):
            pattern: str | None = getattr(self, name)
            if pattern is not None:
                body = ".*".join(re.escape(part) for part in pattern.split("*"))
                fits = fits & pl.col(name).str.contains(f"(?i)^{body}$").fill_null(False)
        return fits


class FormProfile(Strict):
    """How one carrier, or one of its forms, wants claims."""

    form: str = Field(
        pattern=r"^[a-z0-9][a-z0-9-]{0,63}$",
        description="at most 64 small letters, digits and dashes",
    )
    about: str = ""
    carriers: tuple[str, ...] = ()
    """Carriers whose contracts name no form and follow this one."""
    group_by: tuple[Key, ...] = ("ban", "bill_month")
    rules: dict[Derived, tuple[Rule, ...]] = Field(default_factory=dict)
    """Where a key comes from, the first rule that fits; else from the line and its service."""
    status_words: dict[str, str] = Field(default_factory=dict)
    """The carrier's words for what happened to a claim, and the events they are."""
    address: Address = ()
    """Where the carrier takes claims, where the contract does not say it itself."""
    layout: Layout | None = None
    """How its packets look; null = as the default's."""

    @field_validator("status_words")
    @classmethod
    def _known_events(cls, words: dict[str, str]) -> dict[str, str]:
        unknown = sorted(set(words.values()) - {*EVENTS, "grant", "nothing"})
        if unknown:
            known = ", ".join((*EVENTS, "grant", "nothing"))
            raise ValueError(f"{', '.join(unknown)}: no such event; there are: {known}")
        return {word_of(word): event for word, event in words.items()}

    @model_validator(mode="after")
    def _one_account(self) -> FormProfile:
        if not {"ban", "master_ban"} & set(self.group_by):
            raise ValueError("group_by needs ban or master_ban: a claim is about one account")
        if len(set(self.group_by)) != len(self.group_by):
            raise ValueError("group_by names a key twice")
        return self


DEFAULT = FormProfile(form="default", about="carrier, account, reason and bill month")


def word_of(text: str) -> str:
    """Return a status word as words are compared: without case, blanks around and doubled."""
    return " ".join(text.lower().replace("_", " ").split())


def parse_form(text: str) -> FormProfile:
    """Return the profile a TOML text says; raises FormError naming each fault."""
    try:
        return settings_of(FormProfile, text, exact=False)
    except SettingsFault as fault:
        raise FormError(fault.told) from None


def shipped() -> dict[str, FormProfile]:
    """Return the profiles that come with the package, by name."""
    found = {DEFAULT.form: DEFAULT}
    folder = resources.files("reconcile") / "form_profiles"
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.name.endswith(".toml"):
            profile = parse_form(entry.read_text(encoding="utf-8"))
            found[profile.form] = profile
    return found


def form_names(
    agreed: Mapping[str, tuple[str, str | None]], forms: Mapping[str, FormProfile]
) -> dict[str, str]:
    """Return the name of the form each contract's claims follow.

    `agreed` are carrier and form of each contract, as it says. A contract that names none follows
    the first form, by name, that names its carrier, else the default.
    """
    by_carrier: dict[str, str] = {}
    for name in sorted(forms, reverse=True):
        by_carrier |= dict.fromkeys(forms[name].carriers, name)
    return {
        contract: named or by_carrier.get(carrier, DEFAULT.form)
        for contract, (carrier, named) in agreed.items()
    }


def with_keys(lines: pl.DataFrame, forms: Mapping[str, FormProfile]) -> pl.DataFrame:
    """Return lines with what their form groups by: `group_key`, `monthly` and `claim_ban`.

    `lines` have form (null = default), ban, bill_date, usoc, product and state; rows and order
    stay. `group_key` is text that says all keys but the month, `monthly` whether bill months are
    kept apart, `claim_ban` the account a claim is about.
    """
    columns = ["form", "ban", "usoc", "product", "state", "bill_date"]
    asked = lines.select(columns).unique().with_columns(named=pl.col("form").fill_null("default"))
    answers = [
        _answered(part, forms.get(str(name), DEFAULT))
        for (name,), part in sorted(asked.group_by("named"), key=lambda item: str(item[0][0]))
    ]
    empty = _answered(asked.clear(), DEFAULT)
    known = pl.concat([empty, *answers]).drop("named")
    return lines.join(known, on=columns, how="left", nulls_equal=True, maintain_order="left")


def key_values(form: FormProfile) -> dict[str, pl.Expr]:
    """Return what each key is of a line (ban, bill_date, usoc, product, state), by key."""
    own: dict[str, pl.Expr] = {
        "ban": pl.col("ban"),
        "master_ban": pl.col("ban"),
        "bill_period": pl.col("bill_date").dt.day().cast(pl.String),
        "region": pl.col("state"),
        "state": pl.col("state"),
        "jurisdiction": pl.lit(None, dtype=pl.String),
        "product": pl.col("product"),
    }
    for name, rules in form.rules.items():
        value = own[name]
        for rule in reversed(rules):
            value = pl.when(rule.fits()).then(pl.lit(rule.value)).otherwise(value)
        own[name] = value
    return own


def _answered(asked: pl.DataFrame, form: FormProfile) -> pl.DataFrame:
    """Return distinct questions with what a form says of them."""
    own = key_values(form)
    parts = [
        pl.concat_str(pl.lit(f"{name}="), own[name].fill_null(""))
        for name in form.group_by
        if name != "bill_month"
    ]
    account = "ban" if "ban" in form.group_by else "master_ban"
    return asked.with_columns(
        group_key=pl.concat_str(parts, separator="|"),
        monthly=pl.lit("bill_month" in form.group_by),
        claim_ban=own[account],
    )
