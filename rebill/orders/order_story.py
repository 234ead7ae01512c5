"""The time line of one order: what happened, when it was on a bill and on an invoice first."""

from __future__ import annotations

import datetime as dt

import polars as pl

from invoices.order_words import EVENTS
from invoices.text import filled
from rebill.orders.order_status import order_status
from rebill.reference.current import table_of
from rebill.store.record import Record
from rebill.workspace.settings import ConfigError
from reconcile.orders.fold import named
from reconcile.orders.jeopardy import codes

STORY = pl.Schema(
    {
        "at": pl.Date(),
        "event": pl.String(),
        "due_on": pl.Date(),
        "what": pl.String(),  # codes in words, where it tells of, what is noted
        "who": pl.String(),
        "source": pl.String(),
    }
)
_TELLS = (("account", "ban"), ("circuit", "circuit_id"), ("number", "wtn"))


def known_order(record: Record, typed: str) -> str:
    """Return the order that is meant: its number in any case, or our purchase order number.

    Raises ConfigError where there is none, or several have that purchase order number.
    """
    heads = table_of(record, "order_heads")
    wanted = typed.strip().casefold()
    for name in ("order_no", "pon"):
        met = heads.filter(pl.col(name).str.to_lowercase() == wanted)["order_no"].to_list()
        exact = [number for number in met if number == typed]
        if exact or len(met) == 1:
            return str((exact or met)[0])
        if met:
            raise ConfigError(f"{typed} may be {', '.join(sorted(met))}: say which")
    raise ConfigError(f"there is no order {typed}; see `rebill orders list`")


def order_story(record: Record, order_no: str, as_of: dt.date) -> pl.DataFrame:
    """Return what happened to an order up to a day (`STORY`), in order."""
    orders = table_of(record, "order_heads")
    heads = orders.filter(order_no=order_no)
    # Whose an event is depends on all orders: a purchase order number may be of several.
    told = named(orders, table_of(record, "order_events")).filter(of=order_no)
    status = order_status(record, as_of).filter(order_no=order_no)
    known = codes().select(code="code", in_words="words")
    said = (
        told.filter(pl.col("at") <= as_of)
        .join(known, on="code", how="left", maintain_order="left")
        .with_columns(what=_words())
    )
    rank = pl.col("event").replace_strict(EVENTS, range(len(EVENTS)), default=99)
    parts = [said, _from_head(heads, told), *_from_bills(status)]
    rows = pl.concat(
        [part.select(set(part.columns) & set(STORY)) for part in parts], how="diagonal"
    )
    empty = STORY.to_frame()
    return (
        pl.concat([empty, rows], how="diagonal").unique().sort("at", rank, "what", nulls_last=True)
    )


def _words() -> pl.Expr:
    """Return what an event says beside its day: code, place, note."""
    code = (
        pl.when(pl.col("in_words").is_null())
        .then("code")
        .otherwise(filled("{}: {}", "code", "in_words"))
    )
    places = [filled(f"{word} {{}}", name) for word, name in _TELLS]
    return pl.concat_str(code, *places, "note", separator="; ", ignore_nulls=True).replace("", None)


def _from_head(heads: pl.DataFrame, told: pl.DataFrame) -> pl.DataFrame:
    """Return the submission of which only the head tells."""
    said = told.filter(pl.col("event") == "submitted")["at"].to_list()
    own = heads.filter(pl.col("submitted_on").is_not_null(), ~pl.col("submitted_on").is_in(said))
    wanted = filled("wanted for {}", pl.col("wanted_on").cast(pl.String))
    return own.select(at="submitted_on", event=pl.lit("submitted"), what=wanted)


def _from_bills(status: pl.DataFrame) -> list[pl.DataFrame]:
    """Return when the order was on a bill first, or is expected to be."""
    seen = pl.col("first_bill_seen_on").is_not_null()
    on_invoice = filled("invoice {}", "first_invoice_no")
    return [
        status.filter(seen).select(
            at="first_bill_seen_on", event=pl.lit("first bill"), what=on_invoice
        ),
        status.filter(~seen, pl.col("first_bill_expected_on").is_not_null()).select(
            at="first_bill_expected_on", event=pl.lit("first bill"), what=pl.lit("expected")
        ),
    ]
