"""Debits that nobody authorised: the three codes that are grounds to return one."""

from __future__ import annotations

import polars as pl

from invoices.money import from_cents
from invoices.text import filled
from reconcile.pulls.movements import company_key
from reconcile.pulls.seen import Seen, contracts_of_company
from reconcile.pulls.settle import authorised


def unknown_originator(seen: Seen) -> pl.DataFrame:
    """Return pulls of an originator that no contract and no setting names."""
    allowed = pl.DataFrame(
        {"company": list(seen.known.originators)}, schema={"company": pl.String}
    ).select(company=company_key(pl.col("company")))
    named = pl.concat([contracts_of_company(seen).select("company"), allowed])
    unknown = seen.pulls.filter(pl.col("kind") == "entry", pl.col("company").is_not_null()).join(
        named, on="company", how="anti"
    )
    # Where a contract has no company ID on file yet, its invoice speaks for the originator.
    unexplained = unknown.join(seen.settled, on="entry_id", how="anti")
    return unexplained.select(
        "entry_id",
        pulled="cents",
        message=filled("{} ({}) took {}: no contract names it", "company_id", _name(), "amount"),
    )


def outside_authorisation(seen: Seen) -> pl.DataFrame:
    """Return pulls above the maximum of their contract, or of an originator with none in force."""
    frame = _with_terms(seen)
    both = pl.concat([_above_maximum(frame), _not_in_force(frame)])
    return both.unique("entry_id", keep="first", maintain_order=True)


def _with_terms(seen: Seen) -> pl.DataFrame:
    """Return the pulls with the maximum and the days of their contract, else of all that fit."""
    terms = authorised(seen.known.contracts).select("contract", own_maximum="maximum")
    of_contract = (
        seen.settled.filter(pl.col("document_id").is_first_distinct().over("entry_id"))
        .unique("entry_id", keep="first", maintain_order=True)
        .select("entry_id", "document_id", "contract")
        .join(terms, on="contract", how="left")
    )
    own = pl.col("contract").is_not_null()
    return (
        seen.pulls.join(of_contract, on="entry_id", how="left")
        .join(contracts_of_company(seen), on="company", how="left")
        .with_columns(maximum=pl.when(own).then("own_maximum").otherwise("maximum"))
    )


def _above_maximum(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.filter(pl.col("cents") > pl.col("maximum")).select(
        "entry_id",
        "document_id",
        cause=pl.lit("above_maximum"),
        pulled="cents",
        expected="maximum",
        message=filled(
            "{} took {}: the contract lets it pull {} at most",
            pl.coalesce("company_id", "company_name", pl.lit("the carrier")),
            "amount",
            from_cents(pl.col("maximum")),
        ),
    )


def _not_in_force(frame: pl.DataFrame) -> pl.DataFrame:
    early = pl.col("settled_on") < pl.col("first")
    # What an invoice of the contract explains may settle after the contract has ended.
    late = (pl.col("settled_on") >= pl.col("last")) & pl.col("document_id").is_null()
    return frame.filter((early | late).fill_null(False)).select(
        "entry_id",
        "document_id",
        cause=pl.lit("not_in_force"),
        pulled="cents",
        expected=pl.lit(0, dtype=pl.Int64),
        message=filled(
            "{} took {} on {}: none of its contracts is in force",
            pl.coalesce("company_id", "company_name"),
            "amount",
            "settled_on",
        ),
    )


def repeated_trace(seen: Seen) -> pl.DataFrame:
    """Return pulls whose trace number settled before, with the first of them."""
    first = seen.banked.moves.select(of="entry_id", first_on="settled_on", first_amount="amount")
    return (
        seen.banked.repeats.join(seen.pulls.drop("trace"), on="entry_id")
        .join(first, on="of")
        .select(
            "entry_id",
            pulled="cents",
            message=filled(
                "trace {} settled on {} before, for {}", "trace", "first_on", "first_amount"
            ),
        )
    )


def _name() -> pl.Expr:
    return pl.col("company_name").fill_null("no name given")
