"""Options that narrow a list: identifiers are compared without case and punctuation."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from rebill.cli.options import Month

if TYPE_CHECKING:
    import polars as pl

    from rebill.store.record import Record

Rows = TypeVar("Rows", "pl.DataFrame", "pl.LazyFrame")
_NOISE = r"[^\p{L}\p{N}]"


@dataclass(frozen=True, kw_only=True)
class OfAccount:
    """Rows of a carrier, or of one of its accounts."""

    carrier: Annotated[str | None, typer.Option("--carrier", help="Only this carrier.")] = None
    ban: Annotated[str | None, typer.Option("--ban", help="Only this account.")] = None

    def of_account(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return the rows of the carrier and account that are asked for."""
        return narrowed(rows, carrier=self.carrier, ban=self.ban)


@dataclass(frozen=True, kw_only=True)
class OfFinding(OfAccount):
    """Rows that are about some findings."""

    customer: Annotated[
        str | None, typer.Option("--customer", help="Only this customer: its id or its name.")
    ] = None
    service: Annotated[str | None, typer.Option("--service", help="Only this service.")] = None
    code: Annotated[
        str | None, typer.Option("--code", help="Only findings of this code, or of these words.")
    ] = None
    reason: Annotated[
        str | None, typer.Option("--reason", help="Only this dispute reason, as RATE or DISC.")
    ] = None
    bill_month: Month = None

    def known_code(self) -> str | None:
        """Return the code that is asked for; an unknown one is wrong usage."""
        from reconcile.findings import CODES

        return known("--code", self.code, {code.name: code.words for code in CODES})

    def known_reason(self) -> str | None:
        """Return the reason that is asked for; an unknown one is wrong usage."""
        from reconcile.findings import REASONS

        return known("--reason", self.reason, REASONS)

    def months(self) -> list[str] | None:
        """Return the bill months that are asked for; none where all are."""
        return None if self.bill_month is None else [self.bill_month]


ANY = OfFinding()
"""Nothing is asked for: all rows are."""
EVERY = OfAccount()
"""Neither is a carrier or an account."""


def narrowed(rows: Rows, **wanted: str | None) -> Rows:
    """Return the rows whose columns say what is wanted, in whatever spelling."""
    for name, text in wanted.items():
        rows = rows if text is None else rows.filter(same(name, text))
    return rows


def same(column: str, text: str) -> pl.Expr:
    """Return whether a column says `text`, whatever its case and punctuation."""
    import polars as pl

    plain = pl.col(column).str.to_lowercase().str.replace_all(_NOISE, "")
    return (plain == key(text)).fill_null(False)


def key(text: str) -> str:
    """Return a text as it is compared."""
    return re.sub(r"[\W_]", "", text.lower())


def known(option: str, asked: str | None, there: Mapping[str, str] | Iterable[str]) -> str | None:
    """Return the name that is asked for, by itself or by its words; an unknown one is wrong usage
    that names the nearest."""
    from rebill.inquiry.known_ids import nearest

    if asked is None:
        return None
    names = {key(name): name for name in there}
    words = there if isinstance(there, Mapping) else {}
    spelled = {**{key(said): name for name, said in words.items()}, **names}
    if key(asked) in spelled:
        return spelled[key(asked)]
    near = nearest(key(asked), spelled)
    hint = [spelled[one] for one in near] or list(names.values())
    what = "the nearest are" if near else "there are"
    told = ", ".join(dict.fromkeys(hint))
    raise typer.BadParameter(f"{option}: {asked!r} is unknown; {what}: {told}")


def customer_names(record: Record) -> pl.DataFrame:
    """Return [customer, name] of the customers there are."""
    from rebill.reference.current import current_frame

    table = current_frame(record.workspace, record.connection, "customers")
    return table.select("customer", "name").collect()


def with_names(record: Record, rows: pl.DataFrame) -> pl.DataFrame:
    """Return rows with the customer's name behind its id."""
    from rebill.cli.lists.shown import beside

    named = rows.join(customer_names(record), on="customer", how="left", maintain_order="left")
    return named.select(beside(rows.columns, "customer", "name"))


def of_customer(named: pl.DataFrame, wanted: str | None) -> pl.DataFrame:
    """Return the rows of a customer, which is asked for by its id or its name."""
    if wanted is None:
        return named
    return named.filter(same("customer", wanted) | same("name", wanted))
