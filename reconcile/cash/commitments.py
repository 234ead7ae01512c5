"""What we promised to buy in a year, what of it is bought, and when a shortfall becomes certain.

Charges count by the date of their bill, under the contract that holds the account on that day. So
accounts that move to another contract take their months to come with them. Taxes, surcharges,
one-time and late charges do not count unless the contract says so.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import polars as pl

from invoices.schema import CENTS
from reconcile.cash.run_rate import ACCOUNT, bills_to_come, held_by, total, usual_months
from reconcile.contracts import Contract

COMMITMENTS = pl.Schema(
    {
        "contract": pl.String(),
        "carrier": pl.String(),
        "year_from": pl.Date(),
        "year_until": pl.Date(),  # excluded
        "annual": CENTS,
        "basis": pl.String(),  # gross or net: what counts against `annual`
        "eligible_gross": CENTS,  # of bills dated in the year up to the day asked
        "credits": CENTS,  # negative: of eligible classes, and all credits among the adjustments
        "eligible_net": CENTS,
        "counted": CENTS,  # gross or net
        "held": CENTS,  # current charges of held bills of the year; not counted
        "still_to_buy": CENTS,  # annual - counted, not below 0
        "run_rate": CENTS,  # what the accounts held on the day asked come to in a usual month
        "bills_left": pl.Int64(),  # bills to come in the year
        "moved_in": CENTS,  # a usual month of accounts that come to the contract later in the year
        "moved_out": CENTS,  # and of those that leave it
        "projected": CENTS,  # counted + the bills to come
        "projected_gross": CENTS,
        "projected_net": CENTS,
        "shortfall": CENTS,  # annual - projected, not below 0
        "shortfall_gross": CENTS,
        "shortfall_net": CENTS,
        "certain_on": pl.Date(),  # no bill to come can make good for it then; null = no shortfall
        "status": pl.String(),  # met, on_course, short, certain
        "quota": pl.Int64(),
        "services": pl.Int64(),  # active under the contract
        "services_projected": pl.Int64(),  # at the year's end, as the last three months went
        "quota_shortfall": pl.Int64(),
    }
)
_ZERO = Decimal("0.00")
_NAMES = ("gross", "net")


def year_of(starts: dt.date, as_of: dt.date) -> tuple[dt.date, dt.date]:
    """Return the commitment year that holds `as_of`, half-open; the first one before it starts.

    A year that begins on 29 February begins on the 28th where there is none.
    """
    year = max(as_of.year, starts.year)
    first = _anniversary(starts, year)
    if first > as_of and year > starts.year:
        year, first = year - 1, _anniversary(starts, year - 1)
    return first, _anniversary(starts, year + 1)


def _anniversary(starts: dt.date, year: int) -> dt.date:
    try:
        return starts.replace(year=year)
    except ValueError:
        return dt.date(year, 2, 28)


def commitments(
    charges: pl.DataFrame,
    held: pl.DataFrame,
    services: pl.DataFrame,
    contracts: list[Contract],
    as_of: dt.date,
) -> pl.DataFrame:
    """Return how each contract with a commitment stands (columns of `COMMITMENTS`, by contract).

    `charges` are those of loaded documents (`reconcile.cash.run_rate.CHARGES`), `held` the held
    documents with carrier, ban, bill_date and current_charges, `services` the inventory with
    carrier, ban, installed_on and disconnected_on. Bills dated after `as_of` do not count yet.
    """
    rows = [
        _row(one, charges, held, services, contracts, as_of)
        for one in sorted(contracts, key=lambda c: c.id)
        if one.commitment is not None
    ]
    return pl.DataFrame(rows, schema=COMMITMENTS)


def _row(
    contract: Contract,
    charges: pl.DataFrame,
    held: pl.DataFrame,
    services: pl.DataFrame,
    contracts: list[Contract],
    as_of: dt.date,
) -> dict[str, object]:
    promise = contract.commitment
    assert promise is not None
    first, until = year_of(promise.year_starts, as_of)
    bills = _eligible(charges, promise.eligible)
    past, future, accounts = _bills(bills, contract.id, contracts, as_of, first, until)
    money = {name: total(past, name) for name in _NAMES}
    coming = {name: total(future, name) for name in _NAMES}
    counted = money[promise.basis]
    projected = {name: money[name] + coming[name] for name in _NAMES}
    short = {name: max(promise.annual - projected[name], _ZERO) for name in _NAMES}
    certain = _certain_on(past, future, promise.basis, promise.annual, until)
    waits = held_by(held, contracts).filter(pl.col("contract") == contract.id)
    kept = held.join(waits, on=[*ACCOUNT, "bill_date"], how="semi").filter(
        pl.col("bill_date").is_between(first, as_of)
    )
    lacks = short[promise.basis] > 0
    return {
        "contract": contract.id,
        "carrier": contract.carrier,
        "year_from": first,
        "year_until": until,
        "annual": promise.annual,
        "basis": promise.basis,
        **{f"eligible_{name}": money[name] for name in _NAMES},
        "credits": money["net"] - money["gross"],
        "counted": counted,
        "held": total(kept, "current_charges"),
        "still_to_buy": max(promise.annual - counted, _ZERO),
        **_moves(accounts, contract.id, contracts, as_of, until, promise.basis),
        "bills_left": future.height,
        "projected": projected[promise.basis],
        **{f"projected_{name}": projected[name] for name in _NAMES},
        "shortfall": short[promise.basis],
        **{f"shortfall_{name}": short[name] for name in _NAMES},
        "certain_on": certain if lacks else None,
        "status": _status(counted >= promise.annual, lacks, certain, as_of),
        **_quota(promise.quota, services, contract.id, contracts, as_of, until),
    }


def _status(met: bool, lacks: bool, certain: dt.date, as_of: dt.date) -> str:
    if met:
        return "met"
    if not lacks:
        return "on_course"
    return "certain" if certain <= as_of else "short"


def _eligible(charges: pl.DataFrame, classes: tuple[str, ...]) -> pl.DataFrame:
    """Return [carrier, ban, bill_date, gross, net] of what counts, a row a document."""
    counts = pl.col("charge_class").is_in(classes)
    credits = counts | (pl.col("charge_class") == "adjustment")
    gross = pl.col("charged").filter(counts).sum()
    return charges.group_by(*ACCOUNT, "bill_date", "document_id").agg(
        gross=gross, net=gross + pl.col("credited").filter(credits).sum()
    )


def _bills(
    bills: pl.DataFrame,
    contract: str,
    contracts: list[Contract],
    as_of: dt.date,
    first: dt.date,
    until: dt.date,
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Return the bills of the year that are in and those to come, and the accounts that run.

    Both have bill_date, gross, net and `<name>_best`, what the bill could be at most.
    """
    accounts = usual_months(bills, as_of, _NAMES)
    dated = bills.filter(pl.col("bill_date").is_between(first, as_of))
    own = held_by(bills, contracts).filter(pl.col("contract") == contract)
    best = accounts.select(*ACCOUNT, *(f"{name}_best" for name in _NAMES))
    past = (
        dated.join(own, on=[*ACCOUNT, "bill_date"], how="semi")
        .join(best, on=ACCOUNT, how="left")
        .with_columns(
            pl.max_horizontal(name, f"{name}_best").alias(f"{name}_best") for name in _NAMES
        )
    )
    coming = bills_to_come(accounts, until).filter(pl.col("bill_date") >= first)
    # Whether a buyer bills an account itself is known from the bills that are in.
    everything = pl.concat([bills.select(*ACCOUNT, "bill_date"), coming])
    held = held_by(everything, contracts).filter(pl.col("contract") == contract)
    future = coming.join(held, on=[*ACCOUNT, "bill_date"], how="semi").join(accounts, on=ACCOUNT)
    return past, future, accounts


def _certain_on(
    past: pl.DataFrame, future: pl.DataFrame, basis: str, annual: Decimal, until: dt.date
) -> dt.date:
    """Return the first day on which even the highest months to come do not reach `annual`.

    Up to that day bills count as they are, those to come as usual; after it each counts as the
    highest month its account had. Without such a day it is the last one of the year.
    """
    columns = ["bill_date", basis, f"{basis}_best"]
    year = pl.concat([past.select(columns), future.select(columns)]).group_by("bill_date")
    days = year.agg(pl.all().sum()).sort("bill_date")
    done, best = pl.col(basis).cum_sum(), pl.col(f"{basis}_best")
    at_most = done + best.sum() - best.cum_sum()
    hopeless = days.filter(at_most < pl.lit(annual, dtype=CENTS))["bill_date"].to_list()
    last = until - dt.timedelta(1)
    day: dt.date = hopeless[0] if hopeless else last
    return day


def _moves(
    accounts: pl.DataFrame,
    contract: str,
    contracts: list[Contract],
    as_of: dt.date,
    until: dt.date,
    basis: str,
) -> dict[str, object]:
    """Return a usual month of the accounts held today, of those that come and of those that go."""
    days = {"today": as_of, "later": until - dt.timedelta(1)}
    asked = pl.concat([accounts.select(*ACCOUNT, bill_date=pl.lit(day)) for day in days.values()])
    held = held_by(asked.unique(), contracts).filter(pl.col("contract") == contract)
    has = {
        name: accounts.join(held.filter(pl.col("bill_date") == day), on=ACCOUNT, how="semi")
        for name, day in days.items()
    }
    return {
        "run_rate": total(has["today"], basis),
        "moved_in": total(has["later"].join(has["today"], on=ACCOUNT, how="anti"), basis),
        "moved_out": total(has["today"].join(has["later"], on=ACCOUNT, how="anti"), basis),
    }


def _quota(
    quota: int | None,
    services: pl.DataFrame,
    contract: str,
    contracts: list[Contract],
    as_of: dt.date,
    until: dt.date,
) -> dict[str, int | None]:
    """Return how many services there are and will be when the year ends, as it went so far."""
    before = as_of - dt.timedelta(91)
    now, then = (_active(services, contract, contracts, day) for day in (as_of, before))
    projected = max(0, now + (now - then) * (until - as_of).days // 91)
    return {
        "quota": quota,
        "services": now,
        "services_projected": projected,
        "quota_shortfall": None if quota is None else max(0, quota - projected),
    }


def _active(services: pl.DataFrame, contract: str, contracts: list[Contract], day: dt.date) -> int:
    active = services.filter(
        pl.col("installed_on").is_null() | (pl.col("installed_on") <= day),
        pl.col("disconnected_on").is_null() | (pl.col("disconnected_on") > day),
        pl.col("ban").is_not_null(),
    ).with_columns(bill_date=pl.lit(day))
    held = held_by(active, contracts).filter(pl.col("contract") == contract)
    return active.join(held, on=ACCOUNT, how="semi").height
