"""Who writes a claim letter and to whom, and what has to be filled in before it can be written."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from invoices.calendar import add_banking_days
from rebill.disputes.claims import policies_of, under_policies
from rebill.disputes.packet.evidence import sent_again
from rebill.store.record import Record
from rebill.workspace.settings import Settings
from reconcile.claims.forms import DEFAULT, FormProfile, form_names
from reconcile.contracts import Contract

FEW = 6
"""So many contracts are named."""


@dataclass(frozen=True)
class Sender:
    """Who speaks for us: `[contact]`, and where that says nothing `[house]`."""

    company: str
    address: tuple[str, ...]
    name: str
    phone: str
    fax: str
    email: str
    acna: str
    ocn: Mapping[str, str]

    @property
    def lacks(self) -> str:
        """What a letter cannot do without and `rebill.toml` does not say; empty: nothing."""
        wanted = {
            "name in [house] (our company)": self.company,
            "address in [house]": self.address,
            "name in [contact] (who signs)": self.name,
            "phone or email in [contact]": self.phone or self.email,
        }
        absent = [what for what, given in wanted.items() if not given]
        return f"{', '.join(absent)}, of rebill.toml" if absent else ""

    def codes(self, carrier: str) -> list[str]:
        """Return the numbers by which a carrier knows us, with what they are called."""
        known = {"ACNA": self.acna, "OCN": self.ocn.get(carrier, "")}
        return [f"{name} {number}" for name, number in known.items() if number]


def sender_of(settings: Settings) -> Sender:
    """Return who writes our claim letters."""
    contact, house = settings.contact, settings.house
    own = _lines(contact.address.splitlines())
    return Sender(
        company=contact.company.strip() or house.name.strip(),
        address=own or _lines(house.address),
        name=contact.name.strip(),
        phone=contact.phone.strip() or house.phone.strip(),
        fax=contact.fax.strip(),
        email=contact.email.strip() or house.email.strip(),
        acna=contact.acna,
        ocn=contact.ocn,
    )


def _lines(given: Iterable[str]) -> tuple[str, ...]:
    return tuple(line.strip() for line in given if line.strip())


@dataclass(frozen=True)
class Desks:
    """Where claims under each contract go: the form they follow and the carrier's address."""

    forms: Mapping[str, FormProfile]
    by_contract: Mapping[str, str]
    """The name of the form of each contract."""
    agreed: Mapping[str, tuple[str, ...]]
    """The address that each contract names itself."""
    usual: Mapping[str, tuple[str, ...]]
    """The address of each carrier's first contract that names one."""

    def form_of(self, own: str | None, contract: str | None) -> str:
        """Return the form of a claim: its own, its contract's; one that is gone is the default."""
        if own in self.forms:
            return str(own)
        return self.by_contract.get(contract or "", DEFAULT.form)

    def address(self, form: str, contract: str | None, carrier: str) -> tuple[str, ...]:
        """Return where claims of a form under a contract go, or under none; empty if unknown."""
        own = self.agreed.get(contract or "", ()) or self.forms[form].address
        return own or (() if contract else self.usual.get(carrier, ()))

    def title(self, form: str) -> str:
        """Return what stands above letters and summaries of a form."""
        layout = self.forms[form].layout or self.forms[DEFAULT.form].layout
        return layout.title if layout else "Dispute"


def desks_of(contracts: list[Contract], forms: Mapping[str, FormProfile]) -> Desks:
    """Return where the claims under contracts go."""
    agreed = {c.id: (c.carrier, c.dispute.form) for c in contracts}
    addresses = {c.id: c.dispute.address for c in contracts}
    named = [c for c in contracts if c.dispute.address]
    usual = {c.carrier: c.dispute.address for c in sorted(named, key=lambda c: c.id, reverse=True)}
    return Desks(forms, form_names(agreed, forms), addresses, usual)


def no_address(contracts: Collection[str | None]) -> str:
    """Return what is to be filled in where no address of the carrier's is known."""
    named = sorted(name for name in contracts if name)
    more = f" and {len(named) - FEW} more" if len(named) > FEW else ""
    whose = (
        f"[contract.dispute] of {', '.join(named[:FEW])}{more}" if named else "[contract.dispute]"
    )
    return f"address in {whose} (or in the form profile: where the carrier takes claims)"


def worked(
    record: Record, claims: pl.DataFrame, desks: Desks, form: str | None = None
) -> pl.DataFrame:
    """Return claims with the form each packet follows, whether it is a `resend`, and its policy.

    The form is the one asked for, its own, or its contract's.
    """
    asked = claims.select("form", "contract").iter_rows()
    names = [form or desks.form_of(own, contract) for own, contract in asked]
    return under_policies(
        claims.with_columns(form=pl.Series(names, dtype=pl.String), resend=sent_again()),
        policies_of(record).drop("form"),
    )


def head_of(
    name: str, claims: pl.DataFrame, accounts: list[str], sender: Sender, desks: Desks, **known: Any
) -> dict[str, Any]:
    """Return what letter and summary of a packet say above all lines, `known` with it.

    `claims` have form, contract, late and the policy they are worked by; `known` names day (the day
    the letter is written), closings, title and files. `lacks` says what no letter goes out without.
    """
    day, carrier = known["day"], str(claims["carrier"].first())
    form, contract = claims.select("form", "contract").sort("contract", nulls_last=True).row(0)
    to = desks.address(form, contract, carrier)
    soonest = claims.select(pl.col(_POLICY).drop_nulls().min()).row(0, named=True)
    return {
        "name": name,
        "form": form,
        "carrier": carrier,
        "claims": claims["claim_no"].to_list(),
        "accounts": accounts,
        "tracking_no": ", ".join(claims["tracking_no"].drop_nulls().unique().sort()),
        "resend": bool(claims["resend"].any()),
        "filed_on": claims["filed_on"].drop_nulls().min(),
        "deadline": claims["dispute_closes_on"].drop_nulls().min(),
        "late": "LATE" if claims["late"].any() else "",
        "acknowledge_by": add_banking_days(
            day, soonest["acknowledge_banking_days"], known["closings"]
        ),
        "answer_by": day + dt.timedelta(days=soonest["resolve_days"]),
        "credit_by_bill": soonest["credit_by_bill"],
        "sender": {field: getattr(sender, field) for field in _SHOWN},
        "codes": sender.codes(carrier),
        "to": to,
        "lacks": [*filter(None, (sender.lacks, "" if to else no_address([contract])))],
        **known,
    }


_POLICY = ("acknowledge_banking_days", "resolve_days", "credit_by_bill")
_SHOWN = ("company", "address", "name", "phone", "fax", "email")
