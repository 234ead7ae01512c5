"""What is not in order with the debits that happened: the codes, their order and their words.

Only three of the codes are grounds to return a debit: nobody authorised it. The others are the
carrier's to put right, and a dispute is the way.
"""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from invoices.bank.layout import CONSUMER
from invoices.bank.returns import with_return_deadlines
from invoices.money import ZERO_CENTS, from_cents
from invoices.schema import FINDINGS, empty, seal
from invoices.text import filled
from reconcile.pull_codes import BY_NAME
from reconcile.pulls.against_paper import (
    amount_differs,
    pulled_early,
    pulled_though_credited,
    pulled_twice,
)
from reconcile.pulls.schema import PULL_EVENTS
from reconcile.pulls.seen import Seen, seen_by
from reconcile.pulls.settle import Banked, Known, authorised
from reconcile.pulls.unauthorised import outside_authorisation, repeated_trace, unknown_originator
from reconcile.pulls.unexplained import (
    change_asked,
    pull_returned,
    pull_unmatched,
    return_unmatched,
)

CORPORATE_RETURN, CONSUMER_RETURN = "R29", "R10"
"""What a debit nobody authorised is returned as: under CCD and CTX, or under a consumer code,
which may be returned from a corporate account too."""
_FINDERS: dict[str, Callable[[Seen], pl.DataFrame]] = {
    "unknown_originator": unknown_originator,
    "outside_authorisation": outside_authorisation,
    "repeated_trace": repeated_trace,
    "pulled_twice": pulled_twice,
    "pulled_early": pulled_early,
    "pulled_though_credited": pulled_though_credited,
    "amount_differs": amount_differs,
    "pull_unmatched": pull_unmatched,
    "return_unmatched": return_unmatched,
    "pull_returned": pull_returned,
    "change_asked": change_asked,
}
"""What finds the events of each code, in their order."""


def pull_events(known: Known, banked: Banked) -> pl.DataFrame:
    """Return everything that is not in order (columns of `PULL_EVENTS`, sorted by id)."""
    own = banked.moves.filter(pl.col("same_as").is_null())
    seen = seen_by(known, banked)
    found = [
        _worded(name, frame, own, known)
        for name, frame in ((name, finder(seen)) for name, finder in _FINDERS.items())
        if frame.height
    ]
    made = _sent_back(pl.concat([empty(PULL_EVENTS), *found]), banked.returned)
    days = with_return_deadlines(made.select("settled_on").unique(), known.closings)
    dated = made.drop("send_by", "at_originator_by").join(
        days, on="settled_on", how="left", nulls_equal=True
    )
    # A debit under a consumer code has the long time, one under a corporate code the short one.
    long = pl.col("suggested_return") == CONSUMER_RETURN
    short = pl.col("suggested_return") == CORPORATE_RETURN
    return (
        dated.with_columns(
            send_by=pl.when(long).then("extended_send_by").when(short).then("send_by"),
            at_originator_by=pl.when(long)
            .then("extended_until")
            .when(short)
            .then("at_originator_by"),
        )
        .select(PULL_EVENTS.names())
        .sort("event_id")
    )


def _sent_back(events: pl.DataFrame, returned: pl.DataFrame) -> pl.DataFrame:
    """Return events in which no return is suggested of a debit that came back."""
    backs = returned.drop_nulls("of").select(entry_id="of", back_on="returned_on")
    gone = pl.col("suggested_return").is_not_null() & pl.col("back_on").is_not_null()
    done = filled("nothing is left to do: the debit came back on {}", "back_on")
    return events.join(backs, on="entry_id", how="left", maintain_order="left").with_columns(
        suggested_return=pl.when(~gone).then("suggested_return"),
        remedy=pl.when(gone).then(done).otherwise("remedy"),
    )


def _worded(name: str, frame: pl.DataFrame, moves: pl.DataFrame, known: Known) -> pl.DataFrame:
    """Return events of a code with all that is known of their entry and their document."""
    code = BY_NAME[name]
    absent = {
        "document_id": pl.String(),
        "cause": pl.String(),
        "expected": pl.Int64(),
    }
    whole = frame.with_columns(
        pl.lit(None, dtype=dtype).alias(column)
        for column, dtype in absent.items()
        if column not in frame.columns
    )
    said = moves.select(
        "entry_id", "company_id", "company_name", "trace", "settled_on", "sec", "company"
    )
    paper = known.debits.select("document_id", "carrier", "ban", "invoice_no")
    consumer = pl.col("sec").is_in(CONSUMER)
    word = pl.when(consumer).then(pl.lit(CONSUMER_RETURN)).otherwise(pl.lit(CORPORATE_RETURN))
    of_company = authorised(known.contracts).drop_nulls("company").unique("company", keep="first")
    parts = pl.concat_list(
        pl.col("entry_id"), pl.lit(name), pl.col("document_id").fill_null("")
    ).list.join(":")
    made = (
        whole.join(said, on="entry_id", how="left")
        .join(paper, on="document_id", how="left")
        .join(of_company.select("company", named="carrier"), on="company", how="left")
        .with_columns(
            carrier=pl.coalesce("carrier", "named"),
            event_id=parts.str.strip_chars_end(":"),
            code=pl.lit(name),
            severity=pl.lit(code.severity),
            difference=from_cents(pl.col("pulled") - pl.col("expected")),
            suggested_return=word if code.returnable else pl.lit(None, dtype=pl.String),
            remedy=pl.lit(code.remedy),
        )
        .with_columns(pulled=from_cents(pl.col("pulled")), expected=from_cents(pl.col("expected")))
    )
    return seal(made, PULL_EVENTS)


def pull_findings(events: pl.DataFrame, debits: pl.DataFrame) -> pl.DataFrame:
    """Return the events as findings (columns of `FINDINGS`) with nothing at stake, sorted by id.

    `debits` say of which bill date a document is. What was taken stands in `billed`, what the
    paper lets be taken in `expected`.
    """
    days = debits.select("document_id", "bill_date")
    told = pl.when(pl.col("send_by").is_not_null()).then(
        filled(
            "{}; to be returned as {} it leaves our bank by {}",
            "message",
            "suggested_return",
            "send_by",
        )
    )
    made = events.join(days, on="document_id", how="left").with_columns(
        finding_id="event_id",
        billed="pulled",
        amount_at_stake=ZERO_CENTS,
        message=pl.coalesce(told, "message"),
    )
    return made.pipe(seal, FINDINGS).sort("finding_id")
