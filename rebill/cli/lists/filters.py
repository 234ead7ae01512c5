"""Options that narrow a list: identifiers are compared without case and punctuation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from rebill.cli.options import Month

if TYPE_CHECKING:
    import polars as pl

    from rebill.store.record import Record

Rows = TypeVar("Rows", "pl.DataFrame", "pl.LazyFrame")


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

    from rebill.inquiry.found.spelling import key_of, squeezed

    return (squeezed(pl.col(column)) == key_of(text)).fill_null(False)


def known(option: str, asked: str | None, there: Mapping[str, str] | Iterable[str]) -> str | None:
    """Return the name that is asked for, by itself or by its words; an unknown one is wrong usage
    that names the nearest."""
    from rebill.inquiry.found.spelling import key_of, shown_of
    from rebill.inquiry.known_ids import nearest

    if asked is None:
        return None
    names = {key_of(name): name for name in there}
    words = there if isinstance(there, Mapping) else {}
    spelled = {**{key_of(said): name for name, said in words.items()}, **names}
    key = key_of(asked)
    if key in spelled:
        return spelled[key]
    near = nearest(key, spelled)
    hint = [spelled[one] for one in near] or list(names.values())
    what = "the nearest are" if near else "there are"
    told = ", ".join(dict.fromkeys(hint))
    raise typer.BadParameter(f"{option}: {shown_of(asked)!r} is unknown; {what}: {told}")


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


def of_customer(named: pl.DataFrame, wanted: str | None, record: Record) -> pl.DataFrame:
    """Return the rows [customer, name] of a customer, which is asked for by its id or its name."""
    import polars as pl

    from rebill.inquiry.found.spelling import alike

    if wanted is None:
        return named
    known = pl.concat([customer_names(record), named.select("customer", "name")])
    names = pl.concat(known.select(id="customer", spelling=by) for by in ("customer", "name"))
    return named.filter(pl.col("customer").is_in(alike(names, wanted)["id"].unique().implode()))


def of_service(rows: Rows, wanted: str | None, record: Record) -> Rows:
    """Return the rows of a service, of one that is no longer in the inventory too."""
    import polars as pl

    from rebill.inquiry.found.spelling import alike
    from rebill.reference.current import current_frame

    if wanted is None:
        return rows
    services = current_frame(record.workspace, record.connection, "services")
    own = alike(services.select("service").collect(), wanted, "service")["service"]
    return rows.filter(pl.col("service").is_in(own.implode()) | same("service", wanted))
