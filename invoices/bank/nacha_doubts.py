"""What a Nacha file says that is not believed, or is not of one mind: it is read, and told."""

from __future__ import annotations

import polars as pl

from invoices.bank.layout import ADDENDA, BATCH_HEADER, Layout
from invoices.bank.nacha_parts import Parts, quoted
from invoices.bank.schema import DOUBTFUL, FAULTS, faults, together
from invoices.bank.settlement import AFTER, believed, date_of, says
from invoices.schema import empty


def doubts(parts: Parts, settled: pl.DataFrame) -> pl.DataFrame:
    """Return what is doubtful in a file that may be booked (columns of `FAULTS`), by record.

    `settled` is [effective_date, settlement_day, settled_on]: when its batches settle.
    """
    return together([_days(parts, settled), _other_traces(parts), _silent_changes(parts)])


def _doubt(frame: pl.DataFrame, kind: Layout, name: str, words: pl.Expr) -> pl.DataFrame:
    return faults(frame, kind.name, kind.field(name).label, words, DOUBTFUL)


def _days(parts: Parts, settled: pl.DataFrame) -> pl.DataFrame:
    """Return batches whose effective entry date is not believed, or that settle far ahead."""
    created = parts.created
    if created is None:
        return empty(FAULTS)
    strange = pl.Series(
        [says(wish) and not believed(date_of(wish), created) for wish in settled["effective_date"]],
        dtype=pl.Boolean,
    )
    batches = parts.batches.join(
        settled.with_columns(strange=strange), on=["effective_date", "settlement_day"]
    ).with_columns(ahead=(pl.col("settled_on") - created).dt.total_days())
    made = pl.lit(f"made on {created}; it settles on ")
    wish = quoted("effective_date", "is no day that can be meant in a file ") + made
    day = quoted("settlement_day", "lies far ahead in a file ") + made
    on = pl.col("settled_on").cast(pl.String)
    return together(
        [
            _doubt(batches.filter("strange"), BATCH_HEADER, "effective_date", wish + on),
            _doubt(
                batches.filter(pl.col("ahead") > AFTER), BATCH_HEADER, "settlement_day", day + on
            ),
        ]
    )


def _other_traces(parts: Parts) -> pl.DataFrame:
    """Return addenda of returns and changes that name another entry than the one they follow."""
    own = parts.entries.select("entry", entry_trace="trace")
    trace = pl.col("trace")
    other = (
        parts.addenda.filter(pl.col("addenda_type").is_in(("98", "99")))
        .filter(trace.str.strip_chars(" 0") != "")
        .join(own, on="entry", how="left", maintain_order="left")
        .filter(trace != pl.col("entry_trace"))
    )
    words = quoted("trace", "is not the trace of the entry before it, `")
    return _doubt(other, ADDENDA, "trace", words + pl.col("entry_trace") + pl.lit("`"))


def _silent_changes(parts: Parts) -> pl.DataFrame:
    """Return addenda of changes that do not say of which entry they speak."""
    silent = parts.addenda.filter(
        pl.col("addenda_type") == "98",
        pl.col("original_trace").str.strip_chars(" 0") == "",
    )
    return _doubt(silent, ADDENDA, "original_trace", quoted("original_trace", "names no entry"))
