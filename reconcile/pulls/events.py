"""What is not in order with the debits that happened: one function a code.

Only three of the codes are grounds to return a debit: nobody authorised it. The others are the
carrier's to put right, and a dispute is the way.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from invoices.bank.layout import CONSUMER
from invoices.bank.returns import CHANGE_CODES, RETURN_CODES, with_return_deadlines
from invoices.money import ZERO_CENTS, cents, from_cents
from invoices.schema import CENTS, FINDINGS, columns_of, empty, seal
from invoices.text import filled
from reconcile.pull_codes import BY_NAME
from reconcile.pulls.movements import company_key
from reconcile.pulls.settle import Banked, Known, authorised

PULL_EVENTS = pl.Schema(
    {
        "event_id": pl.String(),  # entry, a colon, the code, and the document where one is named
        "code": pl.String(),  # a key of CODES
        "cause": pl.String(),
        "severity": pl.String(),
        "entry_id": pl.String(),
        "document_id": pl.String(),
        "carrier": pl.String(),
        "ban": pl.String(),
        "invoice_no": pl.String(),
        "company_id": pl.String(),
        "company_name": pl.String(),
        "trace": pl.String(),
        "settled_on": pl.Date(),
        "pulled": CENTS,  # what the entry (or all entries, for an amount) took
        "expected": CENTS,  # what the paper lets the carrier pull
        "difference": CENTS,  # pulled less expected
        "suggested_return": pl.String(),  # R29, or null: not to be returned
        "send_by": pl.Date(),  # the last day our bank sends that return
        "at_originator_by": pl.Date(),  # the banking day by whose opening it must be there
        "message": pl.String(),
        "remedy": pl.String(),
    }
)

CORPORATE_RETURN, CONSUMER_RETURN = "R29", "R10"
"""What a debit nobody authorised is returned as: under CCD and CTX, or under a consumer code,
which may be returned from a corporate account too."""


@dataclass(frozen=True)
class _Seen:
    """What the codes look at."""

    known: Known
    banked: Banked
    pulls: pl.DataFrame
    """Debits that are movements of their own."""
    settled: pl.DataFrame
    """Settlements of kind pull with their document, in order; `before`: cents of earlier ones."""


def pull_events(known: Known, banked: Banked) -> pl.DataFrame:
    """Return everything that is not in order (columns of `PULL_EVENTS`, sorted by id)."""
    own = banked.moves.filter(pl.col("same_as").is_null())
    pulls = own.filter(
        pl.col("direction") == "debit",
        pl.col("kind").is_in(("entry", "other")),
        pl.col("cents") > 0,
    )
    seen = _Seen(known, banked, pulls, _settled(known, banked))
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


def _settled(known: Known, banked: Banked) -> pl.DataFrame:
    """Return the pulls of each document in order, with what stands of those before each.

    A pull that came back, then or later, does not stand.
    """
    back = pl.col("kind") == "return"
    whole = banked.settlements.with_columns(c=cents(pl.col("amount")).cast(pl.Int64))
    pulls = whole.filter(~back).sort("settled_on", "entry_id")
    undone = whole.filter(back).select("document_id", entry_id="of", undone_on="settled_on")
    dated = pulls.join(undone, on=["document_id", "entry_id"], how="left", maintain_order="left")
    stands = pl.when(pl.col("undone_on").is_null()).then("c").otherwise(0)
    counted = dated.with_columns(stands=stands)
    before = pl.col("stands").cum_sum().over("document_id") - pl.col("stands")
    paper = known.debits.select(
        "document_id",
        "carrier",
        "contract",
        "ban",
        "invoice_no",
        "debit_on",
        due=cents(pl.col("amount")).cast(pl.Int64),
    )
    return counted.with_columns(before=before).join(
        paper, on="document_id", how="left", maintain_order="left"
    )


def _twice() -> pl.Expr:
    """Whether the invoice had been pulled in full before, and both pulls stand."""
    full = (pl.col("due") > 0) & (pl.col("before") >= pl.col("due"))
    return full & pl.col("undone_on").is_null()


def _company_of(seen: _Seen) -> pl.DataFrame:
    """Return [company, contracts, carrier]: how many contracts name an originator."""
    rows = authorised(seen.known.contracts).drop_nulls("company")
    return rows.group_by("company").agg(
        carrier=pl.col("carrier").first(),
        maximum=pl.when(pl.col("maximum").is_null().any())
        .then(None)
        .otherwise(pl.col("maximum").max()),
        first=pl.col("effective_from").min(),
        last=pl.when(pl.col("effective_until").is_null().any())
        .then(None)
        .otherwise(pl.col("effective_until").max()),
    )


def _unknown_originator(seen: _Seen) -> pl.DataFrame:
    allowed = pl.DataFrame(
        {"company": list(seen.known.originators)}, schema={"company": pl.String}
    ).select(company=company_key(pl.col("company")))
    named = pl.concat([_company_of(seen).select("company"), allowed])
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


def _name() -> pl.Expr:
    return pl.col("company_name").fill_null("no name given")


def _outside_authorisation(seen: _Seen) -> pl.DataFrame:
    terms = authorised(seen.known.contracts).select(
        "contract",
        own_maximum="maximum",
        own_first="effective_from",
    )
    of_contract = (
        seen.settled.filter(pl.col("document_id").is_first_distinct().over("entry_id"))
        .unique("entry_id", keep="first", maintain_order=True)
        .select("entry_id", "document_id", "contract")
        .join(terms, on="contract", how="left")
    )
    frame = (
        seen.pulls.join(of_contract, on="entry_id", how="left")
        .join(_company_of(seen), on="company", how="left")
        .with_columns(
            maximum=pl.when(pl.col("contract").is_not_null())
            .then("own_maximum")
            .otherwise("maximum")
        )
    )
    above = frame.filter(pl.col("cents") > pl.col("maximum")).select(
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
    early = pl.col("settled_on") < pl.col("first")
    # What an invoice of the contract explains may settle after the contract has ended.
    late = (pl.col("settled_on") >= pl.col("last")) & pl.col("document_id").is_null()
    outside = frame.filter((early | late).fill_null(False)).select(
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
    return pl.concat([above, outside]).unique("entry_id", keep="first", maintain_order=True)


def _repeated_trace(seen: _Seen) -> pl.DataFrame:
    first = seen.banked.moves.select(of="entry_id", first_on="settled_on", first_amount="amount")
    return (
        seen.banked.repeats.join(seen.pulls, on="entry_id")
        .join(first, on="of")
        .select(
            "entry_id",
            pulled="cents",
            message=filled(
                "trace {} settled on {} before, for {}", "trace", "first_on", "first_amount"
            ),
        )
    )


def _pulled_twice(seen: _Seen) -> pl.DataFrame:
    return seen.settled.filter(_twice()).select(
        "entry_id",
        "document_id",
        pulled="c",
        expected=pl.lit(0, dtype=pl.Int64),
        message=filled(
            "{} of invoice {} was pulled before; {} is taken again",
            from_cents(pl.col("before")),
            "invoice_no",
            "amount",
        ),
    )


def _pulled_early(seen: _Seen) -> pl.DataFrame:
    return seen.settled.filter(pl.col("settled_on") < pl.col("debit_on"), ~_twice()).select(
        "entry_id",
        "document_id",
        pulled="c",
        expected="c",
        message=filled(
            "invoice {} was pulled on {}; by the contract it is due on {}",
            "invoice_no",
            "settled_on",
            "debit_on",
        ),
    )


def _sums(seen: _Seen) -> pl.DataFrame:
    """Return what was pulled of each document, second pulls left out, with its last pull."""
    return (
        seen.settled.filter(~_twice(), pl.col("undone_on").is_null())
        .group_by("document_id", maintain_order=True)
        .agg(
            pl.col("c").sum().alias("pulled"),
            pl.col("due", "invoice_no").first(),
            pl.col("entry_id", "settled_on").last(),
        )
    )


def _credited(seen: _Seen) -> pl.DataFrame:
    """Return what of each document was pulled though credited: [document_id, ..., over]."""
    sums = _sums(seen)
    nothing_due = sums.filter(pl.col("due") <= 0).with_columns(
        over="pulled", cause=pl.lit("nothing_due")
    )
    if seen.known.credited is None:
        return nothing_due
    granted = (
        sums.filter(pl.col("due") > 0)
        .join(seen.known.credited, on="document_id")
        .filter(pl.col("credited_on") <= pl.col("settled_on"))
        .with_columns(given=cents(pl.col("credited")).cast(pl.Int64))
        .group_by(sums.columns, maintain_order=True)
        .agg(pl.col("given").sum())
        .with_columns(over=pl.col("pulled") - (pl.col("due") - pl.col("given")))
        .with_columns(over=pl.min_horizontal("over", "given"), cause=pl.lit("claim_credited"))
        .filter(pl.col("over") > 0)
    )
    return pl.concat([nothing_due, granted.select(nothing_due.columns)])


def _pulled_though_credited(seen: _Seen) -> pl.DataFrame:
    return _credited(seen).select(
        "entry_id",
        "document_id",
        "cause",
        "pulled",
        expected=pl.col("pulled") - pl.col("over"),
        message=filled(
            "{} of the pull for invoice {} is not owed: it was credited or nothing was due",
            from_cents(pl.col("over")),
            "invoice_no",
        ),
    )


def _amount_differs(seen: _Seen) -> pl.DataFrame:
    more = pl.col("pulled") > pl.col("due")
    return (
        _sums(seen)
        .filter(pl.col("due") > 0, pl.col("pulled") != pl.col("due"))
        .select(
            "entry_id",
            "document_id",
            cause=pl.when(more).then(pl.lit("more")).otherwise(pl.lit("less")),
            pulled="pulled",
            expected="due",
            message=filled(
                "invoice {} was pulled for {}, its paper says {}",
                "invoice_no",
                from_cents(pl.col("pulled")),
                from_cents(pl.col("due")),
            ),
        )
    )


def _pull_unmatched(seen: _Seen) -> pl.DataFrame:
    matched = seen.settled.group_by("entry_id").agg(pl.col("c").sum().alias("matched"))
    left = (
        seen.pulls.join(_company_of(seen).select("company"), on="company", how="semi")
        .join(matched, on="entry_id", how="left")
        .with_columns(left=pl.col("cents") - pl.col("matched").fill_null(0))
        .filter(pl.col("left") != 0)
    )
    return left.select(
        "entry_id",
        cause=pl.when(pl.col("matched").is_null()).then(pl.lit("whole")).otherwise(pl.lit("part")),
        pulled="left",
        expected=pl.lit(0, dtype=pl.Int64),
        message=filled(
            "{} of a pull of {} is explained by no invoice on record",
            from_cents(pl.col("left")),
            "amount",
        ),
    )


def _return_unmatched(seen: _Seen) -> pl.DataFrame:
    lost = seen.banked.returned.filter(pl.col("of").is_null())
    return lost.join(seen.banked.moves, on="entry_id").select(
        "entry_id",
        pulled="cents",
        message=filled(
            "a return of {} ({}) undoes no debit on record", "amount", pl.col("code").fill_null("?")
        ),
    )


def _pull_returned(seen: _Seen) -> pl.DataFrame:
    why = pl.col("code").replace_strict(RETURN_CODES, default="no reason we know")
    told = seen.banked.settlements.filter(pl.col("kind") == "return")
    codes = seen.banked.returned.select("entry_id", "code")
    numbers = seen.known.debits.select("document_id", "invoice_no")
    return (
        told.join(codes, on="entry_id")
        .join(numbers, on="document_id", how="left")
        .select(
            "entry_id",
            "document_id",
            cause="code",
            pulled=-cents(pl.col("amount")).cast(pl.Int64),
            message=filled(
                "{} for invoice {} came back: {}, {}",
                "amount",
                "invoice_no",
                pl.col("code").fill_null("no code"),
                why,
            ),
        )
    )


def _change_asked(seen: _Seen) -> pl.DataFrame:
    what = pl.col("code").replace_strict(CHANGE_CODES, default="data")
    own = seen.banked.moves.filter(pl.col("kind") == "change", pl.col("same_as").is_null())
    return own.select(
        "entry_id",
        cause="code",
        pulled=pl.lit(0, dtype=pl.Int64),
        message=filled("{}: the {} is to be corrected", "code", what),
    )


_FINDERS: dict[str, Callable[[_Seen], pl.DataFrame]] = {
    "unknown_originator": _unknown_originator,
    "outside_authorisation": _outside_authorisation,
    "repeated_trace": _repeated_trace,
    "pulled_twice": _pulled_twice,
    "pulled_early": _pulled_early,
    "pulled_though_credited": _pulled_though_credited,
    "amount_differs": _amount_differs,
    "pull_unmatched": _pull_unmatched,
    "return_unmatched": _return_unmatched,
    "pull_returned": _pull_returned,
    "change_asked": _change_asked,
}


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
            send_by=pl.lit(None, dtype=pl.Date),
            at_originator_by=pl.lit(None, dtype=pl.Date),
            remedy=pl.lit(code.remedy),
        )
        .with_columns(pulled=from_cents(pl.col("pulled")), expected=from_cents(pl.col("expected")))
    )
    return made.select(columns_of(PULL_EVENTS))


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
