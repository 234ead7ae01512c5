"""What is looked at of the reference tables: contracts, and holes that bills and services show."""

from __future__ import annotations

import datetime as dt

import polars as pl

from invoices.schema import LINES, among, empty
from rebill.inquiry.doctor.case import Case, Told, fine, named
from rebill.outbox.to_do import counted
from reconcile.audit.presence import not_billed
from reconcile.audit.pricing import on_day
from reconcile.contracts import contract_for
from reconcile.homes import at_home, homes

SOON = dt.timedelta(days=60)
"""A contract that ends within this time is to be renewed."""


PRICE = ("services", "service_accounts", "service_elements", "packages", "usocs", "buy_rates")
"""The tables that say what a service costs."""


def contracts(case: Case) -> Told:
    """Every account with services is under a contract today, and none ends soon."""
    accounts = _accounts(case)
    held = contract_for(accounts.with_columns(day=pl.lit(case.today)), case.contracts)
    alone = held.filter(pl.col("contract").is_null())
    if alone.height:
        what = f"{counted(alone.height, 'account')} with services under no contract today"
        remedy = "add them to a contract of contracts.toml, or end the services; rebill load"
        return Told("warning", f"{what}: {named(alone['ban'])}", remedy)
    ends = {c.id: c.effective_until for c in case.contracts if c.id in set(held["contract"])}
    soon = {name: day for name, day in ends.items() if day and day <= case.today + SOON}
    if soon:
        name, day = min(soon.items(), key=lambda pair: pair[1])
        more = f", and {len(soon) - 1:,} more soon" if len(soon) > 1 else ""
        remedy = "renew it: its successor, or a later effective_until, in contracts.toml"
        return Told("warning", f"contract {name} ends on {day}{more}", remedy)
    return fine(f"{counted(accounts.height, 'account')} with services, all under contract")


def _accounts(case: Case) -> pl.DataFrame:
    """Return carrier and ban of the accounts that services are at home on today."""
    today = pl.lit(case.today)
    services = homes(case.frame("services"), case.frame("service_accounts"))
    here = at_home(today) & on_day(today, "installed_on", "disconnected_on")
    return services.filter(here).select("carrier", "ban").unique().drop_nulls().collect()


def rates(case: Case) -> Told:
    """Every element that services have today, and every code on the last bills, has a buy rate."""
    # An empty bill of every account on this day bills nothing: what it misses is all there is.
    bills = _accounts(case).select(
        *("carrier", "ban"),
        bill_date=pl.lit(case.today),
        document_id=pl.concat_str("carrier", "ban", separator="/"),
        source_file=pl.lit(""),
    )
    reference = {name: case.frame(name) for name in PRICE}
    missed = not_billed(bills, empty(LINES).lazy().pipe(_audited), reference, case.contracts)
    holes = missed.filter(pl.col("usoc").is_not_null(), pl.col("expected").is_null())
    # Rates are those of contracts: of an account under none another check tells.
    nowhere = _of(case, "account_unknown")["ban"]
    billed = _of(case, "rate_missing").filter(~among("ban", nowhere))
    codes = pl.concat([holes["usoc"], billed["usoc"].drop_nulls()]).unique()
    if codes.is_empty():
        return fine(f"every one of {missed.height:,} elements in service has one today")
    parts = []
    if holes.height:
        on = counted(holes["service"].n_unique(), "service")
        parts.append(f"{counted(holes.height, 'element')} on {on}")
    if billed.height:
        parts.append(f"{counted(billed.height, 'line')} billed in {case.last_month}")
    what = f"no buy rate for {' and '.join(parts)}: {named(codes)}"
    return Told("warning", what, "add the codes to buy_rates, then rebill load")


def _audited(lines: pl.LazyFrame) -> pl.LazyFrame:
    """Return lines with the columns that say of which service they are."""
    words = pl.lit(None, dtype=pl.String)
    return lines.with_columns(service=words, package=words)


def markups(case: Case) -> Told:
    """Every line of the last bills is priced for its customer."""
    return _told(case, "markup_missing", "usoc", "no markup", "add a row to markups")


def codes(case: Case) -> Told:
    """Every code on the last bills is in the catalogue."""
    return _told(case, "usoc_unknown", "usoc", "an unknown USOC", "add the codes to usocs")


def services(case: Case) -> Told:
    """Every line of the last bills is of a service that we know."""
    remedy = "dispute the lines, or add the services"
    found = _of(case, "service_unknown")
    if found.is_empty():
        return fine(_looked_at(case))
    what = f"{counted(found.height, 'line')} of {case.last_month} of services nobody knows"
    return Told("warning", what, f"{remedy}, then rebill load")


def accounts(case: Case) -> Told:
    """Every bill is of an account under contract."""
    remedy = "add them to a contract, or dispute the bills"
    return _told(case, "account_unknown", "ban", "an unknown account", remedy)


def _told(case: Case, code: str, column: str, lack: str, remedy: str) -> Told:
    """Return what findings of a code say of the last bills."""
    found = _of(case, code)
    if found.is_empty():
        return fine(_looked_at(case))
    what = f"{counted(found.height, 'line')} of {case.last_month} with {lack}"
    return Told("warning", f"{what}: {named(found[column])}", f"{remedy}, then rebill load")


def _of(case: Case, code: str) -> pl.DataFrame:
    return case.found.filter(among("code", pl.Series([code])))


def _looked_at(case: Case) -> str:
    return "no bill yet" if case.last_month is None else f"all lines of {case.last_month}"
