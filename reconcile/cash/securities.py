"""What secures a carrier: what it may ask for, what it has, and what that costs a year.

A contract asks for a bond, a deposit and a letter of credit, or for so many months of charges if
that is more. Of a kind that no row of `deposits` names for the contract, what the contract asks
for is taken to be held.
"""

from __future__ import annotations

import datetime as dt
from decimal import ROUND_HALF_UP, Decimal

import polars as pl

from invoices.schema import CENTS
from reconcile.cash.run_rate import ACCOUNT, held_by, total, usual_months
from reconcile.contracts import Contract, Security

KINDS = ("bond", "deposit", "letter_of_credit")
_CENT = Decimal("0.01")
_ZERO = Decimal("0.00")

SECURITY = pl.Schema(
    {
        "contract": pl.String(),
        "carrier": pl.String(),
        "monthly_charges": CENTS,  # a usual month of the accounts held on the day asked
        "months": pl.Decimal(18, 6),  # so many of them may be asked for; null = not agreed
        "named": CENTS,  # bond, deposit and letter of credit of the contract
        "required": CENTS,  # the larger of `named` and the months of charges
        "bond": CENTS,  # held, as the next two
        "deposit": CENTS,
        "letter_of_credit": CENTS,
        "held": CENTS,
        "headroom": CENTS,  # held - required; negative: more may be asked for
        "months_covered": pl.Decimal(18, 2),  # held / monthly charges
        "pending": CENTS,  # dated and not pulled: what the security stands for today
        "cost": CENTS,  # a year; null where a rate is not known
        "monthly_later": CENTS,  # once all accounts that are to move in a year have moved
        "required_later": CENTS,
        "headroom_later": CENTS,
    }
)


def securities(
    charges: pl.DataFrame,
    debits: pl.DataFrame,
    deposits: pl.DataFrame,
    contracts: list[Contract],
    as_of: dt.date,
) -> pl.DataFrame:
    """Return how each contract with a security stands (columns of `SECURITY`, by contract).

    `charges` are those of loaded documents (`reconcile.cash.run_rate.CHARGES`), `debits` the pulls,
    `deposits` the reference table. A contract has a row if it names a security or holds one.
    """
    all_of_it = charges.group_by(*ACCOUNT, "bill_date", "document_id").agg(
        amount=pl.col("charged").sum() + pl.col("credited").sum()
    )
    accounts = usual_months(all_of_it, as_of, ("amount",))
    later = as_of + dt.timedelta(365)
    in_force = deposits.filter(
        pl.col("effective_from").is_null() | (pl.col("effective_from") <= as_of),
        pl.col("effective_until").is_null() | (pl.col("effective_until") > as_of),
    )
    with_row = set(deposits["contract"]) | {c.id for c in contracts if c.security}
    rows = []
    for one in sorted((c for c in contracts if c.id in with_row), key=lambda c: c.id):
        months = tuple(_monthly(accounts, one.id, contracts, day) for day in (as_of, later))
        own = deposits.filter(pl.col("contract") == one.id)["kind"].to_list()
        held = in_force.filter(pl.col("contract") == one.id)
        rows.append(_row(one, months, set(own), held, _pending(debits, one.id, as_of)))
    return pl.DataFrame(rows, schema=SECURITY)


def _monthly(
    accounts: pl.DataFrame, contract: str, contracts: list[Contract], day: dt.date
) -> Decimal:
    """Return a usual month of the accounts the contract holds on a day."""
    asked = accounts.select(*ACCOUNT, bill_date=pl.lit(day))
    held = held_by(asked, contracts).filter(pl.col("contract") == contract)
    return total(accounts.join(held, on=ACCOUNT, how="semi"), "amount")


def _pending(debits: pl.DataFrame, contract: str, as_of: dt.date) -> Decimal:
    unpulled = pl.col("debit_on").is_null() | (pl.col("debit_on") > as_of)
    waits = debits.filter(
        pl.col("contract") == contract,
        pl.col("bill_date") <= as_of,
        (unpulled & (pl.col("status") != "debited")) | (pl.col("status") == "returned"),
    )
    return total(waits, "amount")


def _row(
    contract: Contract,
    monthly: tuple[Decimal, ...],
    kinds_on_record: set[str],
    held: pl.DataFrame,
    pending: Decimal,
) -> dict[str, object]:
    terms = contract.security or Security()
    named = sum((getattr(terms, kind) or _ZERO for kind in KINDS), _ZERO)
    required, required_later = (_required(terms, named, month) for month in monthly)
    parts = _parts(terms, kinds_on_record, held)
    amounts = {kind: sum((amount for amount, _ in parts[kind]), _ZERO) for kind in KINDS}
    in_all = sum(amounts.values(), _ZERO)
    covered = in_all / monthly[0] if monthly[0] else None
    return {
        "contract": contract.id,
        "carrier": contract.carrier,
        "monthly_charges": monthly[0],
        "months": terms.months,
        "named": named,
        "required": required,
        **amounts,
        "held": in_all,
        "headroom": in_all - required,
        "months_covered": None if covered is None else covered.quantize(_CENT, ROUND_HALF_UP),
        "pending": pending,
        "cost": _cost(terms, parts),
        "monthly_later": monthly[1],
        "required_later": required_later,
        "headroom_later": in_all - required_later,
    }


def _required(terms: Security, named: Decimal, monthly: Decimal) -> Decimal:
    if terms.months is None:
        return named
    return max(named, (terms.months * monthly).quantize(_CENT, ROUND_HALF_UP))


_Parts = dict[str, list[tuple[Decimal, Decimal | None]]]


def _parts(terms: Security, kinds_on_record: set[str], held: pl.DataFrame) -> _Parts:
    """Return (amount, rate a year) of everything held, by kind."""
    parts: _Parts = {kind: [] for kind in KINDS}
    for row in held.iter_rows(named=True):
        rate = row["rate"] if row["rate"] is not None else getattr(terms, f"{row['kind']}_rate")
        parts[row["kind"]].append((row["amount"].quantize(_CENT), rate))
    for kind in KINDS:
        asked = getattr(terms, kind)
        if kind not in kinds_on_record and asked:
            parts[kind].append((asked, getattr(terms, f"{kind}_rate")))
    return parts


def _cost(terms: Security, parts: _Parts) -> Decimal | None:
    """Return premiums and fees, and what the cash of a deposit costs above what it earns."""
    cost = _ZERO
    for kind, held in parts.items():
        for amount, rate in held:
            if kind == "deposit":
                if terms.cost_of_capital is None:
                    return None
                rate = terms.cost_of_capital - (rate or 0)
            if rate is None:
                return None
            cost += (amount * rate).quantize(_CENT, ROUND_HALF_UP)
    return cost
