"""Contracts as files: read from TOML with the row of each fault, kept as JSON, compared."""

from __future__ import annotations

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import combinations
from pathlib import Path

import polars as pl

from invoices.setting_faults import each_once
from rebill.reference.faults import Faults
from reconcile.contracts import Account, Contract, written_contracts

ROWS = pl.Schema(
    {
        "_file": pl.String(),
        "_row": pl.Int64(),
        "_ok": pl.Boolean(),
        "contract": pl.String(),
        "carrier": pl.String(),
        "body": pl.String(),
    }
)


def read_contract_file(path: Path, faults: Faults) -> pl.DataFrame:
    """Return the contracts of a TOML file as rows of `contracts`, and note every fault."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        faults.add(path.name, None, "it is not UTF-8", "save it as UTF-8 text")
        return ROWS.to_frame()
    except OSError as error:
        faults.add(path.name, None, f"cannot be read: {error.strerror}", "let this login read it")
        return ROWS.to_frame()
    found = []
    written = written_contracts(text)
    for told in each_once(fault for one in written for fault in one.faults):
        faults.add(path.name, told.line, told.what, _REMEDY)
    for one in written:
        if contract := one.contract:
            body = to_json(contract)
            found.append((path.name, one.line, True, contract.id, contract.carrier, body))
    return pl.DataFrame(found, ROWS, orient="row")


_REMEDY = "the settings of a contract are in docs/formats/reference-tables.md"


def to_json(contract: Contract) -> str:
    """Return a contract as JSON text that is equal exactly when the contracts are."""
    return json.dumps(contract.model_dump(mode="json", by_alias=True), sort_keys=True)


def from_json(body: str) -> Contract:
    """Return the contract that `to_json` wrote."""
    return Contract.model_validate(json.loads(body))


def retold(body: str) -> str:
    """Return a contract as `to_json` tells it now: an older version knew fewer settings."""
    return to_json(from_json(body))


# --- two contracts, one account ---------------------------------------------------------------


@cache
def both_fit(one: str, other: str) -> bool:
    """Say whether some account number fits both patterns, `*` standing for any characters."""
    if not one or not other:
        return not (one + other).replace("*", "")
    if one[0] == "*":
        return both_fit(one[1:], other) or both_fit(one, other[1:])
    if other[0] == "*":
        return both_fit(one, other[1:]) or both_fit(one[1:], other)
    return one[0] == other[0] and both_fit(one[1:], other[1:])


def check_accounts(rows: pl.DataFrame, faults: Faults) -> None:
    """Note equally long patterns of a carrier's contracts that can fit one account at once.

    `rows` are the contracts that would be current; the longest fitting pattern wins, so two that
    are equally long leave open whose account it is.
    """
    places = {row["contract"]: (row["_file"], row["_row"]) for row in rows.to_dicts()}
    for (one, first), (other, second) in _clashes([from_json(b) for b in rows["body"]]):
        (file, row), later = max(
            (places[one.id], other), (places[other.id], one), key=lambda p: p[0][1] or 0
        )
        faults.add(
            file or "contracts (loaded before)",
            row,
            f"accounts {first.ban!r} of {one.id} and {second.ban!r} of {other.id} can both fit one"
            f" account of {later.carrier} at the same time",
            "make one pattern longer, or say from and until when each contract holds the account",
        )


_Held = tuple[Contract, Account]


def _clashes(contracts: Sequence[Contract]) -> Iterator[tuple[_Held, _Held]]:
    """Yield the pairs of held accounts that clash."""
    by_length: dict[tuple[str, int], list[_Held]] = defaultdict(list)
    for contract in contracts:
        for account in contract.accounts:
            by_length[contract.carrier, account.length].append((contract, account))
    for held in by_length.values():
        for one, other in _pairs(held):
            if _at_once(one, other):
                yield one, other


def _pairs(held: list[_Held]) -> Iterator[tuple[_Held, _Held]]:
    """Yield the pairs whose patterns can fit one account; equal plain numbers are found by name."""
    plain: dict[str, list[_Held]] = defaultdict(list)
    wild = []
    for one in held:
        if "*" in one[1].ban:
            wild.append(one)
        else:
            plain[one[1].ban].append(one)
    for same in plain.values():
        yield from combinations(same, 2)
    for number, one in enumerate(wild):
        fit = (ban for ban in plain if one[1].fits(ban))
        yield from ((one, other) for ban in fit for other in plain[ban])
        yield from ((one, two) for two in wild[number + 1 :] if both_fit(one[1].ban, two[1].ban))


def _at_once(one: _Held, other: _Held) -> bool:
    """Say whether two accounts are held on some day both."""
    (from_one, until_one), (from_other, until_other) = _span(one), _span(other)
    return from_one < until_other and from_other < until_one


def _span(held: _Held) -> tuple[dt.date, dt.date]:
    contract, account = held
    ends = [day for day in (contract.effective_until, account.until) if day]
    starts = max(contract.effective_from, account.from_ or contract.effective_from)
    return starts, min(ends, default=dt.date.max)
