"""Bills audited against a folder of reference tables: no workspace, no database, nothing kept.

The steps are those of a night in a workspace that has these tables and no bills yet, and so are
ids and cents. What hangs on a bank's word, on claims or on decisions of people is not there: no
pull came back, nothing was filed, nobody waived anything, no promised credit is followed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import polars as pl

from invoices.bill_dates import known
from invoices.schema import CENTS, FINDINGS, WIDE, empty
from rebill.cash.schedule import reckoned
from rebill.disputes.claims import closed_near
from rebill.door.bill import Bill, shaped, summed
from rebill.door.papers import Said
from rebill.door.refused import ReferenceFaults, in_words
from rebill.door.wanted import Where, each
from rebill.door.wanted import day as wanted_day
from rebill.judging.late_charges import verdicts_of
from rebill.judging.whole_bills import of_bills
from rebill.reference import current
from rebill.reference.checked import Tables, tables_of
from rebill.reference.faults import Faults, LoadError
from rebill.selling.prices import Prices
from rebill.store import tables
from rebill.store.record import COUNTED
from rebill.workspace.settings import ConfigError
from reconcile.audit import audit as kernel
from reconcile.audit import late_charges
from reconcile.audit.bill_series import ACTUAL
from reconcile.pulls.debits import debits
from reconcile.schema import AUDITED
from reconcile.window import known_deadlines

NOT_SETTLED = pl.Schema({"document_id": pl.String(), "settled_on": pl.Date()})
NOT_DISPUTED = pl.Schema({"document_id": pl.String(), "disputed": CENTS})


@dataclass(frozen=True, repr=False)
class Audit:
    """Bills held against contract and inventory. Its frames are those of `rebill export`."""

    documents: pl.DataFrame
    """Every document with the contract that holds its account, sorted by `document_id`."""
    lines: pl.DataFrame
    """The lines of loaded documents, sorted by `line_id`: what each should have cost (`expected`),
    what of it is wrong (`at_stake`), its service and buy rate."""
    findings: pl.DataFrame
    """What is wrong, sorted by `finding_id`: the money at stake, message and remedy, and the last
    day to say so (`dispute_closes_on`). `claim_no` is null: nothing is claimed here."""
    prices: pl.DataFrame
    """What customers pay for charges that a markup covers (`customer_lines`). `invoice_no` is null:
    credits, minimums, own charges and taxes are reckoned with an invoice, not here."""
    passed_over: pl.DataFrame
    """Files that were named and not read, and why: [file, why]."""
    as_of: dt.date | None
    """The day the bills were audited for; none where no document knows a day."""
    warnings: tuple[LoadError, ...]
    """What of the reference tables may not be meant."""

    def __repr__(self) -> str:
        at_stake = self.findings["amount_at_stake"].cast(WIDE).sum()
        day = "" if self.as_of is None else f" as of {self.as_of}"
        words = summed(self.documents, self.lines, self.findings)
        return f"Audit{day}: {words}, {at_stake or 0:,.2f} at stake"


def audit(bill: Bill, reference: Where | Sequence[Where], *, as_of: dt.date | None = None) -> Audit:
    """Return what each line of the bills should have cost, and every finding, to the cent.

    `reference` is a folder of tables as `rebill load` takes them (CSV, Parquet, contracts as TOML),
    or several files. `as_of` is the day the bills came in and are looked at: by it bills are
    missing, dates doubted and windows counted that begin with the arrival; without it it is the
    latest bill date. The files are read again, by what the tables say of codes and accounts.

    Raises `ReferenceFaults` with all that is wrong with the tables: file, row and remedy of each.

        audit = rebill.audit(bill, reference="reference/")
        audit.findings.filter(pl.col("code") == "rate_above_contract")
    """
    if not isinstance(bill, Bill):
        kind = type(bill).__name__
        raise ConfigError(f"{kind} is no bill; `audit` takes what `rebill.read` returns")
    paths, asked = each(reference), wanted_day(as_of)
    with in_words():
        return _audited(bill, paths, asked)


def _audited(bill: Bill, paths: list[Path], asked: dt.date | None) -> Audit:
    settings, faults = bill.papers.settings, Faults()
    if not paths:
        raise ConfigError("no reference table is named; name a folder of them, or files")
    given = tables_of(paths, settings.limits, faults)
    if given is None:
        raise ReferenceFaults(faults.listed, faults.total)
    said = bill.papers.read(current.known(given.frames, given.contracts))
    day = asked or _latest(said)
    case = _Case(said.came(day, given.contracts), given, settings.closings, day)
    lines, findings = case.judged()
    rated = Prices(given.frames, load_id=0).rate(lines.lazy())
    found = pl.concat([findings, rated.findings.select(FINDINGS.names()).collect()])
    return Audit(
        shaped(tables.DOCUMENTS, case.said.documents),
        shaped(tables.LINES, lines),
        shaped(tables.FINDINGS, case.with_last_days(found)),
        shaped(tables.CUSTOMER_LINES, rated.customer_lines.collect()),
        said.passed_over,
        day,
        given.warnings,
    )


def _latest(said: Said) -> dt.date | None:
    """Return the latest bill date the calendar knows."""
    days = said.with_status(*COUNTED).select(known("bill_date")).to_series().drop_nulls()
    latest = days.max()
    return latest if isinstance(latest, dt.date) else None


@dataclass(frozen=True)
class _Case:
    """Bills, and what they are judged by. Every pull settles on its day, and none comes back."""

    said: Said
    given: Tables
    closings: frozenset[dt.date]
    day: dt.date | None

    @cached_property
    def days(self) -> pl.DataFrame:
        """The documents that are pulled, with their deadlines."""
        counted, came = self.said.with_status(*COUNTED), pl.col("received_on")
        return known_deadlines(counted, self.given.contracts, came, self.closings)

    @cached_property
    def pulls(self) -> pl.DataFrame:
        """What is pulled for them (`DEBITS`)."""
        return reckoned(self.days, self.given.contracts)

    def judged(self) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Return the lines of loaded documents (`AUDITED`), and what is wrong (`FINDINGS`)."""
        tables = (self.given.frames, self.given.contracts)
        late = _Late(self._verdicts())
        lines, loaded = self.said.of("loaded").lazy(), self.said.with_status("loaded")
        result = kernel.audit(lines, empty(AUDITED).lazy(), loaded, *tables, late.keep)
        whole = of_bills(self.days, self.said.totals, self.pulls, empty(ACTUAL), *tables, self.day)
        found = [self.said.findings, result.findings, *late.findings, result.month_findings, whole]
        findings = pl.concat([part.select(FINDINGS.names()) for part in found])
        return result.lines.collect(), findings

    def _verdicts(self) -> pl.DataFrame:
        """Return what is to be said of late charges (`late_charges.VERDICTS`)."""
        late = self.said.totals.filter(pl.col("charge_class") == "late_charge")
        bills = self.said.with_status("loaded").join(late, on="document_id", how="semi")
        if bills.is_empty():
            return late_charges.VERDICTS.to_frame()
        accounts = self.days.join(bills, on=["carrier", "ban"], how="semi")
        pulls = debits(accounts, self.given.contracts)
        nothing = empty(NOT_SETTLED), empty(NOT_DISPUTED)
        closed = closed_near(self.closings, accounts["due_date"], accounts["bill_date"])
        return verdicts_of(bills, accounts, pulls, *nothing, closed)

    def with_last_days(self, findings: pl.DataFrame) -> pl.DataFrame:
        """Return findings with the last day to dispute each; nobody waived any."""
        until = self.pulls.select("document_id", "dispute_closes_on")
        return findings.join(until, on="document_id", how="left").with_columns(waived=False)


@dataclass(frozen=True)
class _Late:
    """Judges the late charges among audited lines, and keeps what is found."""

    verdicts: pl.DataFrame
    findings: list[pl.DataFrame] = field(default_factory=list)

    def keep(self, lines: pl.DataFrame) -> pl.LazyFrame:
        """Return audited lines, their late charges judged."""
        if not self.verdicts.is_empty():
            self.findings.append(late_charges.findings(lines.lazy(), self.verdicts))
            lines = late_charges.judged(lines.lazy(), self.verdicts).collect()
        return lines.select(AUDITED.names()).lazy()
