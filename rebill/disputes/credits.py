"""Credits on carrier bills: what they are, which claim each is for, and taking one by hand."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import polars as pl

from invoices.schema import CENTS
from invoices.text import filled
from rebill.disputes.claims import closed_around, news_of, policies_of, states, write
from rebill.reference.current import current_frame
from rebill.store import insert_frame, models_disputes, read_table
from rebill.store.record import CREDIT_CODES, Record
from rebill.workspace.settings import ConfigError
from reconcile.claims.crediting import CREDITS, WAITING, WANTED, Matched, lay, match
from reconcile.claims.life import MOVES, NEWS, advance
from reconcile.claims.promises import PROMISED

MONTH = pl.col("bill_date").dt.strftime("%Y-%m")
BY_HAND = "hand"
OF_PROMISE = "promise:"
"""What stands before the name of a promise where a claim's number would."""
OF_HEADER = "{}:adjustments"
"""The name of the credit that a document's header gives."""
US = "rebill"
NOTHING = pl.lit(0, dtype=CENTS)
CREDITABLE = tuple(status for status, moves in MOVES.items() if "credit" in moves)


def match_credits(record: Record) -> pl.DataFrame:
    """Take the credits on record that are for open claims, and return the claims' new events.

    Credits that keep a promise made otherwise are noted too.
    """
    claims = waiting(record)
    promises = _promises(record)
    credits = free_credits(record, claims, promises, certain=True)
    if credits.is_empty():
        return pl.DataFrame(schema=NEWS)
    taken = match(credits, *_waiting_for(record, claims, promises)).taken
    of_promise = pl.col("claim_no").str.starts_with(OF_PROMISE)
    kept = taken.filter(of_promise).join(
        credits.select("credit_id", at="bill_date"), on="credit_id"
    )
    insert_frame(
        record.connection,
        models_disputes.PromiseCredit,
        kept.select(
            *("credit_id", "at", "amount", "matched_by"),
            promise=pl.col("claim_no").str.strip_prefix(OF_PROMISE),
        ),
    )
    return take(record, taken.filter(~of_promise), credits)


def offers(record: Record) -> Matched:
    """Return what would be taken now, and what is only offered to a person."""
    claims, promises = waiting(record), _promises(record)
    credits = free_credits(record, claims, promises)
    return match(credits, *_waiting_for(record, claims, promises))


def _waiting_for(
    record: Record, claims: pl.DataFrame, promises: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the claims that wait for a credit and their lines, with promises among them."""
    lines = wanted(record, claims)
    return (
        pl.concat([claims, promises.select(pl.col(n).cast(d) for n, d in WAITING.items())]),
        pl.concat([lines, promises.select(pl.col(n).cast(d) for n, d in WANTED.items())]),
    )


def _promises(record: Record) -> pl.DataFrame:
    """Return promises that are not kept yet, as claims of one line: columns of both.

    One that is a finding already is waited for as a claim.
    """
    table = current_frame(record.workspace, record.connection, "promised_credits").collect()
    told = record.findings().filter(pl.col("code").is_in(CREDIT_CODES), pl.col("cause") == PROMISED)
    names = told.select(pl.col("finding_id").str.split(":").list.last()).collect().to_series()
    left = (pl.col("amount") - pl.col("taken").fill_null(0)).cast(CENTS)
    rules = policies_of(record).filter(pl.col("contract").is_null())["credit_tolerance"].item()
    return (
        table.filter(~pl.col("credit").is_in(names.implode()))
        .join(promises_kept(record), left_on="credit", right_on="promise", how="left")
        .with_columns(room=left)
        .filter(pl.col("room") > 0)
        .with_columns(
            claim_no=filled(f"{OF_PROMISE}{{}}", "credit"),
            finding_id=filled(f"{OF_PROMISE}{{}}", "credit"),
            document_id=pl.lit(""),
            tracking_no="reference",
            filed_on="promised_on",
            bill_date="promised_on",
            left="room",
            open="room",
            promised="room",
            tolerance=pl.lit(rules, dtype=CENTS),
            subject="service",
            starts=pl.lit(None, dtype=pl.Date),
            ends=pl.lit(None, dtype=pl.Date),
        )
    )


def promises_kept(record: Record) -> pl.DataFrame:
    """Return [promise, taken]: what was credited of each promise."""
    rows = read_table(record.connection, models_disputes.PromiseCredit)
    return rows.group_by("promise").agg(taken=pl.col("amount").sum().cast(CENTS))


def waiting(record: Record) -> pl.DataFrame:
    """Return the claims that a credit may be for (`reconcile.crediting.WAITING`)."""
    rules = policies_of(record).select("contract", "credit_tolerance")
    under = pl.col("contract").is_in(rules["contract"].drop_nulls().implode())
    gone = pl.col("credited").fill_null(NOTHING) + pl.col("withdrawn").fill_null(NOTHING)
    left = pl.col("amount") - gone
    return (
        record.claims()
        .filter(pl.col("status").is_in(CREDITABLE))
        .with_columns(contract=pl.when(under).then("contract"))
        .join(rules, on="contract", how="left", nulls_equal=True)
        .with_columns(
            left=left,
            open=left - pl.col("denied").fill_null(NOTHING),
            promised=pl.col("granted") - pl.col("credited").fill_null(NOTHING),
            tolerance="credit_tolerance",
        )
        .filter(pl.col("left") > 0)
        .select(pl.col(name).cast(dtype) for name, dtype in WAITING.items())
    )


def wanted(record: Record, claims: pl.DataFrame) -> pl.DataFrame:
    """Return the lines of claims with what of each is not credited (`WANTED`)."""
    frozen = read_table(record.connection, models_disputes.ClaimLine)
    columns = ("claim_no", "finding_id", "document_id", "line_id", "ban", "bill_date", "service")
    own = pl.col("claim_no").is_in(claims["claim_no"].implode())
    kept = frozen.filter(own).select(*columns, "usoc", "amount")
    found = (
        record.claimed()
        .filter(own, ~pl.col("claim_no").is_in(frozen["claim_no"].unique().implode()))
        .select(*columns, "usoc", amount="amount_at_stake")
        .collect()
    )
    lines = pl.concat([kept, found])
    months = lines.select(MONTH).to_series().unique().drop_nulls().to_list()
    printed = (
        record.audited(months)
        .select("line_id", "circuit_key", "wtn", "period_from", "period_until")
        .join(lines.lazy().select("line_id"), on="line_id", how="semi")
        .collect()
    )
    given = read_table(record.connection, models_disputes.ClaimCredit)
    credited = given.group_by("claim_no", "finding_id").agg(done=pl.col("amount").sum().cast(CENTS))
    key = ["claim_no", "finding_id"]
    rooms = (
        lines.join(printed, on="line_id", how="left")
        .join(credited, on=key, how="left")
        .with_columns(room=(pl.col("amount") - pl.col("done").fill_null(NOTHING)).cast(CENTS))
        .join(claims.select("claim_no", "left"), on="claim_no")
        .sort(key)
    )
    # What a person told of credits names no line: the first lines have it.
    over = pl.col("room").sum().over("claim_no") - pl.col("left")
    before = pl.col("room").cum_sum().over("claim_no") - pl.col("room")
    told = pl.max_horizontal(pl.min_horizontal(over - before, "room"), NOTHING)
    ends = pl.max_horizontal("period_until", pl.col("period_from") + pl.duration(days=1))
    return rooms.with_columns(
        room=(pl.col("room") - told).cast(CENTS),
        subject=pl.coalesce("service", "circuit_key", "wtn"),
        starts="period_from",
        ends=ends,
    ).select(pl.col(name).cast(dtype) for name, dtype in WANTED.items())


def credits_on_bills(
    record: Record, months: list[str] | None = None, *, certain: bool = False
) -> pl.DataFrame:
    """Return what loaded bills give back (`CREDITS`): negative lines and header adjustments."""
    starts, ends = pl.col("service_from"), pl.col("service_until")
    first = pl.coalesce(starts, ends)
    lines = (
        record.audited(months)
        .filter(
            pl.col("amount") < 0,
            (pl.col("charge_class") == "adjustment") if certain else pl.lit(True),
        )
        .select(
            credit_id="line_id",
            document_id="document_id",
            carrier="carrier",
            ban="ban",
            bill_date="bill_date",
            invoice_no="invoice_no",
            line_no="line_no",
            amount=-pl.col("amount"),
            subject=pl.coalesce("service", "circuit_key", "wtn"),
            usoc="usoc",
            starts=first,
            ends=pl.max_horizontal(ends, first + pl.duration(days=1)),
            words=pl.concat_str(
                pl.col("description", "order_no"), separator=" ", ignore_nulls=True
            ),
            certain=pl.col("charge_class") == "adjustment",
        )
        .collect()
    )
    papers = record.documents().filter(pl.col("status") == "loaded", pl.col("adjustments") < 0)
    if months is not None:
        papers = papers.filter(MONTH.is_in(months))
    nothing = [pl.lit(None, dtype=pl.String).alias(name) for name in ("subject", "usoc", "words")]
    headers = papers.select(
        *("document_id", "carrier", "ban", "bill_date", "invoice_no"),
        *nothing,
        credit_id=filled(OF_HEADER, "document_id"),
        line_no=pl.lit(None, dtype=pl.Int64),
        amount=-pl.col("adjustments"),
        starts=pl.lit(None, dtype=pl.Date),
        ends=pl.lit(None, dtype=pl.Date),
        certain=pl.lit(True),
    )
    sealed = [
        frame.select(pl.col(name).cast(dtype) for name, dtype in CREDITS.items())
        for frame in (lines, headers)
    ]
    return pl.concat(sealed)


def free_credits(
    record: Record, claims: pl.DataFrame, promises: pl.DataFrame, *, certain: bool = False
) -> pl.DataFrame:
    """Return the credits nothing was taken of, on bills from the first claim or promise on.

    `certain`: only those that can be taken without a person.
    """
    months = [
        *record.claims().join(claims, on="claim_no", how="semi")["bill_month"],
        *promises.select(MONTH).to_series(),
    ]
    if not months:
        return pl.DataFrame(schema=CREDITS)
    papers = record.documents().filter(pl.col("status") == "loaded", min(months) <= MONTH)
    if certain:
        adjusted = record.totals().filter(pl.col("charge_class") == "adjustment")
        own = pl.col("document_id").is_in(adjusted["document_id"].implode())
        papers = papers.filter(own | (pl.col("adjustments") < 0))
    wanted_months = papers.select(MONTH).to_series().unique().to_list()
    # What was taken back, because its bill was void for a time, is nobody's again.
    given = read_table(record.connection, models_disputes.ClaimCredit).group_by("credit_id")
    used = given.agg(pl.col("amount").sum()).filter(pl.col("amount") > 0)["credit_id"]
    said = read_table(record.connection, models_disputes.CreditDecision)["credit_id"]
    kept = read_table(record.connection, models_disputes.PromiseCredit)["credit_id"]
    gone = pl.concat([used, said, kept]).drop_nulls().unique()
    if not wanted_months:
        return pl.DataFrame(schema=CREDITS)
    found = credits_on_bills(record, wanted_months, certain=certain)
    return found.filter(~pl.col("credit_id").is_in(gone.implode()))


def take(
    record: Record,
    taken: pl.DataFrame,
    credits: pl.DataFrame,
    who: str = US,
    on: dt.date | None = None,
) -> pl.DataFrame:
    """Leave credits (`TAKEN`) on record as events of their claims, one a claim and bill.

    An event has the day of the bill, or that of the last one of its claim if it is later, or `on`.
    Returns the events.
    """
    if taken.is_empty():
        return pl.DataFrame(schema=NEWS)
    bills = credits.select("credit_id", "bill_date", "invoice_no", carried_by="document_id")
    state = states(record).filter(pl.col("claim_no").is_in(taken["claim_no"].unique().implode()))
    known = taken.join(bills, on="credit_id").join(
        state.select("claim_no", "last_on"), on="claim_no", how="left"
    )
    day = pl.max_horizontal("bill_date", "last_on")
    known = known.with_columns(at=day if on is None else pl.max_horizontal(day, pl.lit(on)))
    events = (
        known.group_by("claim_no", "at", "bill_date", "invoice_no", "carried_by")
        .agg(
            amount=pl.col("amount").sum().cast(CENTS),
            note=filled("matched by {}", pl.col("matched_by").unique().sort().str.join(", ")),
        )
        .sort("claim_no", "bill_date", "carried_by")
        .with_columns(nth=pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over("claim_no"))
    )
    news = news_of(
        [
            {**row, "who": who, "what": "credit"}
            for row in events.select(
                "claim_no", "at", "amount", "note", reference="invoice_no"
            ).iter_rows(named=True)
        ]
    )
    counted = record.claim_events().group_by("claim_no").agg(so_far=pl.len().cast(pl.Int64))
    rows = known.join(
        events.select("claim_no", "carried_by", "nth"), on=["claim_no", "carried_by"]
    ).join(counted, on="claim_no", how="left")
    outcome = advance(state, news, closed_around(record, news["at"]))
    if outcome.refused.height:
        raise ConfigError("; ".join(outcome.refused["why"]))
    write(
        record,
        outcome,
        rows.select(
            *("claim_no", "at", "amount", "document_id", "finding_id", "credit_id", "matched_by"),
            event=pl.col("so_far").fill_null(0) + pl.col("nth"),
        ).sort("claim_no", "credit_id", "finding_id"),
    )
    return news


def take_by_hand(
    record: Record,
    credit_id: str,
    claim_no: str,
    amount: Decimal | None,
    on: dt.date,
    who: str | None,
) -> pl.DataFrame:
    """Take a credit, or so much of it, for a claim; raises ConfigError where that cannot be."""
    credits = credits_on_bills(record).filter(pl.col("credit_id") == credit_id)
    if credits.is_empty():
        raise ConfigError(f"there is no credit {credit_id}; see `rebill disputes credits`")
    claims = waiting(record).filter(pl.col("claim_no") == claim_no)
    if claims.is_empty():
        raise ConfigError(f"{claim_no} is no claim that waits for a credit")
    given = read_table(record.connection, models_disputes.ClaimCredit)
    used = given.filter(pl.col("credit_id") == credit_id)["amount"].sum() or Decimal(0)
    left = credits["amount"].item() - used
    if amount is None:
        amount = min(left, claims["left"].item())
    if amount <= 0 or amount > left:
        raise ConfigError(f"{amount} cannot be taken of {credit_id}: {left} of it is not taken yet")
    if amount > claims["left"].item():
        raise ConfigError(f"{amount} is more than the {claims['left'].item()} left of {claim_no}")
    pairs = pl.DataFrame(
        {"credit_id": [credit_id], "claim_no": [claim_no], "amount": [amount]},
        schema_overrides={"amount": CENTS},
    )
    taken = lay(credits, claims, wanted(record, claims), pairs, BY_HAND)
    return take(record, taken, credits, who or US, on)


def dismiss(record: Record, credit_id: str, on: dt.date, who: str | None, note: str | None) -> None:
    """Record that a credit is for no claim of ours; raises ConfigError where it cannot be."""
    rows = credit_rows(record).filter(pl.col("credit_id") == credit_id)
    if rows.is_empty():
        raise ConfigError(f"there is no credit {credit_id}; see `rebill disputes credits`")
    if rows["status"].item() in ("taken", "part_taken", "dismissed"):
        raise ConfigError(f"{credit_id} is {rows['status'].item()} already")
    said = pl.DataFrame(
        {"credit_id": [credit_id], "decided_on": [on], "who": [who], "note": [note]},
        schema_overrides={"who": pl.String, "note": pl.String},
    )
    insert_frame(record.connection, models_disputes.CreditDecision, said)


ROWS = pl.Schema(
    {
        "credit_id": pl.String(),
        "carrier": pl.String(),
        "ban": pl.String(),
        "invoice_no": pl.String(),
        "bill_date": pl.Date(),
        "line_no": pl.Int64(),
        "amount": CENTS,  # positive
        "taken": CENTS,
        "status": pl.String(),  # taken, part_taken, offered, unclaimed, dismissed
        "claim_nos": pl.String(),  # taken for, or offered for
        "matched_by": pl.String(),
        "subject": pl.String(),
        "usoc": pl.String(),
        "starts": pl.Date(),
        "ends": pl.Date(),
        "words": pl.String(),
        "document_id": pl.String(),
    }
)


def credit_rows(record: Record, months: list[str] | None = None) -> pl.DataFrame:
    """Return every adjustment that gives something back, and what it is for (`ROWS`).

    Other negative lines are told of where they were taken or are offered.
    """
    given = read_table(record.connection, models_disputes.ClaimCredit)
    said = read_table(record.connection, models_disputes.CreditDecision)
    names = pl.col("claim_no").unique().sort().str.join(", ")
    how = pl.col("matched_by").unique().sort().str.join(", ")
    kept = read_table(record.connection, models_disputes.PromiseCredit).with_columns(
        claim_no=filled(f"{OF_PROMISE}{{}}", "promise")
    )
    columns = ["credit_id", "claim_no", "amount", "matched_by"]
    done = (
        pl.concat([given.drop_nulls("credit_id").select(columns), kept.select(columns)])
        .group_by("credit_id")
        .agg(taken=pl.col("amount").sum().cast(CENTS), claims_taken=names, how_taken=how)
    )
    open_now = offers(record).offered.group_by("credit_id").agg(claims_offered=names, how=how)
    known = (
        credits_on_bills(record, months)
        .join(done, on="credit_id", how="left")
        .join(open_now, on="credit_id", how="left")
        .with_columns(
            pl.col("taken").fill_null(NOTHING),
            dismissed=pl.col("credit_id").is_in(said["credit_id"].implode()),
        )
    )
    status = (
        pl.when(pl.col("taken") >= pl.col("amount"))
        .then(pl.lit("taken"))
        .when(pl.col("taken") > 0)
        .then(pl.lit("part_taken"))
        .when("dismissed")
        .then(pl.lit("dismissed"))
        .when(pl.col("claims_offered").is_not_null())
        .then(pl.lit("offered"))
        .otherwise(pl.lit("unclaimed"))
    )
    told = pl.col("certain") | ~pl.col("status").is_in(("unclaimed", "dismissed"))
    return (
        known.with_columns(
            status=status,
            claim_nos=pl.coalesce("claims_taken", "claims_offered"),
            matched_by=pl.coalesce("how_taken", "how"),
        )
        .filter(told)
        .select(pl.col(name).cast(dtype) for name, dtype in ROWS.items())
        .sort("carrier", "ban", "bill_date", "credit_id")
    )
