"""What belongs to a thing that is looked up: which services, lines, findings, claims and so on.

A scope says it by names; the same expressions pick the rows of all hits at once, as they are
gathered, and those of each hit afterwards.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

import polars as pl

from rebill.inquiry.found.spelling import squeezed

Names = frozenset[str]
NONE: Names = frozenset()


@dataclass(frozen=True)
class Scope:
    """What belongs to a hit, by name."""

    services: Names = NONE
    """Services of which everything is told."""
    held: Names = NONE
    """Services that are its own, of which findings and claims are told and not the lines."""
    named: Names = NONE
    """Services that are told and nothing of them."""
    wtns: Names = NONE
    """Numbers behind the carrier on whose bills they are looked for (`on_bills_of`)."""
    circuits: Names = NONE
    """Circuits behind the carrier, as they are found: letters and digits alone."""
    orders: Names = NONE
    lines: Names = NONE
    documents: Names = NONE
    accounts: Names = NONE
    """Carrier and BAN, as `account_key` joins them."""
    findings: Names = NONE
    claims: Names = NONE
    invoices: Names = NONE
    customers: Names = NONE

    def __or__(self, other: Scope) -> Scope:
        """Return what belongs to either."""
        own = (getattr(self, each.name) | getattr(other, each.name) for each in fields(self))
        return Scope(*own)


def scope_of(
    hit: Mapping[str, Any], services: pl.DataFrame, carriers: pl.DataFrame, orders: pl.DataFrame
) -> Scope:
    """Return what belongs to a hit (`hits.NAMES`) by its own name and by the inventory.

    `services` and `orders` are the reference tables, `carriers` [service, carrier] those a service
    is or was at home with.
    """
    own = frozenset([hit["id"]])
    match hit["kind"]:
        case "service":
            theirs = services.filter(pl.col("service").is_in(own))
            return services_whole(theirs, carriers)
        case "number":
            return Scope(wtns=frozenset([on_bills_of(hit["carrier"], hit["id"])]))
        case "circuit":
            key = pl.select(squeezed(pl.lit(hit["id"]))).item()
            return Scope(circuits=frozenset([on_bills_of(hit["carrier"], key)]))
        case "account":
            account = frozenset([f"{hit['carrier'] or ''}\n{hit['id']}"])
            return Scope(accounts=account)
        case "customer":
            theirs = services.filter(pl.col("customer").is_in(own))
            return Scope(customers=own, held=values(theirs, "service"))
        case "order":
            named = values(orders.filter(pl.col("order_no").is_in(own)), "service")
            return Scope(orders=own, named=named)
        case "claim":
            return Scope(claims=own)
        case "invoice":
            return Scope(invoices=own)
        case "document":
            return Scope(documents=own)
        case "line":
            return Scope(lines=own)
        case _:
            return Scope(findings=own)


def services_whole(services: pl.DataFrame, carriers: pl.DataFrame) -> Scope:
    """Return the scope of services: they, and what stands under their names on bills of carriers
    with which they are or were at home.

    Another carrier's number is another's: lines are matched within the carrier.
    """
    named = services.select("service", "wtn", circuit=squeezed(pl.col("circuit_id")))
    rows = named.join(carriers, on="service")
    keys = {
        name: rows.select("carrier", name).drop_nulls().unique().iter_rows()
        for name in ("wtn", "circuit")
    }
    return Scope(
        services=values(services, "service"),
        wtns=frozenset(on_bills_of(*key) for key in keys["wtn"]),
        circuits=frozenset(on_bills_of(*key) for key in keys["circuit"]),
    )


def on_bills_of(carrier: str, name: str) -> str:
    """Return a name that stands on the bills of one carrier, as a scope keeps it."""
    return f"{carrier}\n{name}"


def values(rows: pl.DataFrame, name: str) -> Names:
    """Return what a column says, without nulls."""
    return frozenset(rows.get_column(name).drop_nulls().unique())


def account_key() -> pl.Expr:
    """Return carrier and BAN as one name; null where no BAN is known."""
    return pl.concat_str(pl.col("carrier").fill_null(""), pl.lit("\n"), pl.col("ban"))


def of_lines(scope: Scope) -> list[pl.Expr]:
    """Return the conditions under which a carrier line belongs to the scope: any of them.

    Each is asked by itself, because a file is skimmed for one column in no time.
    """
    return [
        *among_names(pl.col("service"), scope.services),
        *_on_bills(pl.col("wtn"), scope.wtns),
        *_on_bills(squeezed(pl.col("circuit_id")), scope.circuits),
        *among_names(pl.col("order_no"), scope.orders),
        *among_names(pl.col("order_used"), scope.orders),
        *among_names(pl.col("line_id"), scope.lines),
    ]


def _on_bills(column: pl.Expr, names: Names) -> list[pl.Expr]:
    """Return the condition that a column says a name of its row's carrier (`on_bills_of`)."""
    by_carrier: dict[str, set[str]] = {}
    for name in names:
        carrier, _, own = name.partition("\n")
        by_carrier.setdefault(carrier, set()).add(own)
    asked = [
        (pl.col("carrier") == carrier) & same
        for carrier, own in sorted(by_carrier.items())
        for same in among_names(column, frozenset(own))
    ]
    return [any_of(asked)] if asked else []


def of_findings(scope: Scope, lines: Iterable[str]) -> list[pl.Expr]:
    """Return the conditions under which a finding belongs to the scope, or to lines of it."""
    return [
        *among_names(pl.col("service"), scope.services | scope.held),
        *among_names(pl.col("line_id"), frozenset(lines)),
        *among_names(pl.col("document_id"), scope.documents),
        *among_names(account_key(), scope.accounts),
        *among_names(pl.col("finding_id"), scope.findings),
        *among_names(pl.col("claim_no"), scope.claims),
    ]


def of_services(scope: Scope) -> list[pl.Expr]:
    """Return the conditions under which a service is one of the scope."""
    return [
        *among_names(pl.col("service"), scope.services | scope.held | scope.named),
        *among_names(account_key(), scope.accounts),
    ]


def any_of(conditions: list[pl.Expr]) -> pl.Expr:
    """Return whether any of the conditions holds; without any, none does."""
    return pl.any_horizontal(pl.lit(False), *(each.fill_null(False) for each in conditions))


def among_names(column: pl.Expr, names: Names) -> list[pl.Expr]:
    """Return the condition that a column says one of the names; none where there are no names."""
    if not names:
        return []
    if len(names) == 1:
        return [column == next(iter(names))]
    return [column.is_in(pl.Series(sorted(names), dtype=pl.String).implode())]
