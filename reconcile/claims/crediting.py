"""Which claim a credit on a later bill is for: taken where it is certain, offered where it is not.

The order is that of the trade: a credit that names the claim; the account, service, code and exact
amount of a line; account, period and an amount within the agreed tolerance; one credit, or several
of a bill, that are all that is waited for of a claim. No cent of a credit is taken twice, and none
by guess: where two claims could be meant, both are offered to a person.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import polars as pl

from invoices.money import ZERO_CENTS, cents
from invoices.schema import CENTS, columns_of

CREDITS = pl.Schema(
    {
        "credit_id": pl.String(),  # the carrier's line, or the document and `adjustments`
        "document_id": pl.String(),  # that carries it
        "carrier": pl.String(),
        "ban": pl.String(),
        "bill_date": pl.Date(),
        "invoice_no": pl.String(),
        "line_no": pl.Int64(),  # null = the header's
        "amount": CENTS,  # positive: what it gives
        "subject": pl.String(),  # the service, else the circuit or number printed
        "usoc": pl.String(),
        "starts": pl.Date(),  # the period it is for; null = none printed
        "ends": pl.Date(),
        "words": pl.String(),  # what is printed with it, where a claim may be named
        "certain": pl.Boolean(),  # an adjustment; any other negative line is only offered
    }
)
"""What a bill gives back."""

WAITING = pl.Schema(
    {
        "claim_no": pl.String(),
        "carrier": pl.String(),
        "tracking_no": pl.String(),
        "filed_on": pl.Date(),  # null = not filed: a credit is offered for it
        "left": CENTS,  # of the claim, neither credited nor given up: what can be credited
        "open": CENTS,  # of it what is not denied
        "promised": CENTS,  # granted and not credited yet; null = not answered
        "tolerance": CENTS,
    }
)
"""Claims that a credit may be for."""

WANTED = pl.Schema(
    {
        "claim_no": pl.String(),
        "finding_id": pl.String(),
        "document_id": pl.String(),
        "ban": pl.String(),
        "bill_date": pl.Date(),
        "subject": pl.String(),
        "usoc": pl.String(),
        "starts": pl.Date(),
        "ends": pl.Date(),
        "room": CENTS,  # of the line, not credited yet
    }
)
"""The lines of these claims."""

TAKEN = pl.Schema(
    {
        "credit_id": pl.String(),
        "claim_no": pl.String(),
        "finding_id": pl.String(),
        "document_id": pl.String(),  # of the claim
        "amount": CENTS,
        "matched_by": pl.String(),
    }
)
OFFERED = pl.Schema(
    {
        "credit_id": pl.String(),
        "claim_no": pl.String(),
        "amount": CENTS,  # so much of the credit the claim could take
        "matched_by": pl.String(),
    }
)

BY_NUMBER, BY_LINE, BY_PERIOD, BY_SUM = "tracking_no", "line", "period", "claim"
"""How a credit was matched, in this order."""
SHORTEST = 4
"""A carrier's number shorter than this is no name: it may be any number on a bill."""


class Matched(NamedTuple):
    """What credits are for: `TAKEN` and `OFFERED`."""

    taken: pl.DataFrame
    offered: pl.DataFrame


class _Pool(NamedTuple):
    """What is still to be matched."""

    credits: pl.DataFrame  # CREDITS
    claims: pl.DataFrame  # WAITING
    lines: pl.DataFrame  # WANTED and of the claim carrier, filed_on, tolerance and whether it waits


class _Pass(NamedTuple):
    """What a pass found: pairs of credit, claim, amount and, by line, the line."""

    pairs: pl.DataFrame
    offers: pl.DataFrame


_PAIRS = pl.Schema(
    {
        "credit_id": pl.String(),
        "claim_no": pl.String(),
        "finding_id": pl.String(),
        "amount": CENTS,
    }
)
_PERIOD = (pl.col("starts") < pl.col("ends_line")) & (pl.col("ends") > pl.col("starts_line"))
"""Whether two periods meet; null where one of them is not known."""
_IN_TIME = ((pl.col("filed_on") <= pl.col("bill_date")) & pl.col("certain")).fill_null(False)
"""Whether a claim was filed when the bill came that credits it."""


def match(credits: pl.DataFrame, claims: pl.DataFrame, lines: pl.DataFrame) -> Matched:
    """Return what of `CREDITS` is for which claims (`WAITING`) and lines of theirs (`WANTED`).

    A credit is taken for filed claims only, and by its line, period or sum only from a bill that is
    later than the claim's bill and not before the claim was filed. What it gives beyond what is
    left of a claim it names is for nobody.
    """
    credits = credits.filter(pl.col("amount") > 0).sort("bill_date", "invoice_no", "credit_id")
    waits = pl.col("open") > 0
    facts = claims.select("claim_no", "carrier", "filed_on", "tolerance", waits=waits)
    wanted = lines.filter(pl.col("room") > 0).join(facts, on="claim_no")
    taken, offered = [], []
    pool = _Pool(credits.filter("certain"), claims, wanted)
    for name, one in _PASSES:
        found = one(pool)
        spread = _spread(found.pairs, pool, name)
        taken.append(spread)
        offered.append(found.offers.with_columns(matched_by=pl.lit(name)))
        pool = _less(pool, spread)
    # What is no adjustment can only be offered, and stands in the way of none that is.
    others = _Pool(credits.filter(~pl.col("certain")), pool.claims, pool.lines)
    for name, one in _PASSES:
        offered.append(one(others).offers.with_columns(matched_by=pl.lit(name)))
    for rest in (pool, others):
        offered.append(_near(rest).with_columns(matched_by=pl.lit("part")))
    whole = pl.concat(taken)
    offers = (
        pl.concat([frame.select(OFFERED.names()) for frame in offered])
        .join(whole, on="credit_id", how="anti")
        .unique(["credit_id", "claim_no"], keep="first", maintain_order=True)
        .sort("credit_id", "claim_no")
    )
    return Matched(whole.sort("credit_id", "claim_no", "finding_id"), offers)


def lay(
    credits: pl.DataFrame, claims: pl.DataFrame, lines: pl.DataFrame, pairs: pl.DataFrame, by: str
) -> pl.DataFrame:
    """Return what a person takes of credits for claims, laid on the claims' lines (`TAKEN`).

    `pairs` have credit_id, claim_no and amount; the other frames are those of `match`.
    """
    facts = claims.select("claim_no", "carrier", "filed_on", "tolerance", waits=pl.lit(True))
    pool = _Pool(credits, claims, lines.filter(pl.col("room") > 0).join(facts, on="claim_no"))
    named = pairs.with_columns(finding_id=pl.lit(None, dtype=pl.String))
    return _spread(named.select(columns_of(_PAIRS)), pool, by)


def _less(pool: _Pool, spread: pl.DataFrame) -> _Pool:
    """Return the pool without the credits that were taken, and with what claims still wait for."""
    used = spread.group_by("claim_no").agg(used=pl.col("amount").sum().cast(CENTS))
    filled = spread.group_by("claim_no", "finding_id").agg(used=pl.col("amount").sum().cast(CENTS))
    gone = pl.col("used").fill_null(ZERO_CENTS)
    claims = pool.claims.join(used, on="claim_no", how="left").with_columns(
        left=(pl.col("left") - gone).cast(CENTS),
        open=pl.max_horizontal(pl.col("open") - gone, ZERO_CENTS).cast(CENTS),
        promised=pl.max_horizontal(pl.col("promised") - gone, ZERO_CENTS).cast(CENTS),
    )
    lines = pool.lines.join(filled, on=["claim_no", "finding_id"], how="left").with_columns(
        room=(pl.col("room") - gone).cast(CENTS)
    )
    return _Pool(
        pool.credits.join(spread, on="credit_id", how="anti", maintain_order="left"),
        claims.filter(pl.col("left") > 0).select(WAITING.names()),
        lines.filter(pl.col("room") > 0).drop("used"),
    )


def _spread(pairs: pl.DataFrame, pool: _Pool, name: str) -> pl.DataFrame:
    """Lay what credits give to claims on the lines of the claims (`TAKEN`).

    A pair that names a line fills that line; another fills the lines of its subject and code first,
    then the others, in their order. Nothing is laid beyond what is left of a claim.
    """
    lines = pool.lines.select("claim_no", "finding_id", "document_id", "subject", "usoc", "room")
    named = pairs.filter(pl.col("finding_id").is_not_null()).join(
        lines.select("claim_no", "finding_id", "document_id", "room"),
        on=["claim_no", "finding_id"],
    )
    straight = named.with_columns(amount=pl.min_horizontal("amount", "room").cast(CENTS))
    loose = pairs.filter(pl.col("finding_id").is_null())
    left = pool.claims.select("claim_no", "left")
    # Of several credits of one claim the first take what is left.
    before = pl.col("amount").cum_sum().over("claim_no") - pl.col("amount")
    asked = (
        loose.join(left, on="claim_no", maintain_order="left")
        .with_columns(
            amount=pl.max_horizontal(
                pl.min_horizontal(pl.col("left") - before, "amount"), ZERO_CENTS
            ).cast(CENTS)
        )
        .filter(pl.col("amount") > 0)
        .join(
            pool.credits.select("credit_id", "subject", "usoc"),
            on="credit_id",
            maintain_order="left",
        )
    )
    own = _laid(asked, lines, ["claim_no", "subject", "usoc"])
    rest = _rest(asked, own)
    used = own.group_by("claim_no", "finding_id").agg(used=pl.col("amount").sum().cast(CENTS))
    lines = lines.join(used, on=["claim_no", "finding_id"], how="left").with_columns(
        room=(pl.col("room") - pl.col("used").fill_null(ZERO_CENTS)).cast(CENTS)
    )
    others = _laid(rest, lines, ["claim_no"])
    parts = [
        frame.select("credit_id", "claim_no", "finding_id", "document_id", "amount")
        for frame in (straight, own, others)
    ]
    return (
        pl.concat(parts)
        .group_by("credit_id", "claim_no", "finding_id", "document_id")
        .agg(pl.col("amount").sum())
        .with_columns(matched_by=pl.lit(name))
        .select(columns_of(TAKEN))
    )


def _rest(asked: pl.DataFrame, laid: pl.DataFrame) -> pl.DataFrame:
    """Return what of each pair is not laid on a line yet, in their order."""
    done = laid.group_by("credit_id", "claim_no").agg(done=pl.col("amount").sum().cast(CENTS))
    return (
        asked.join(done, on=["credit_id", "claim_no"], how="left", maintain_order="left")
        .with_columns(amount=(pl.col("amount") - pl.col("done").fill_null(ZERO_CENTS)).cast(CENTS))
        .filter(pl.col("amount") > 0)
        .drop("done")
    )


def _laid(asked: pl.DataFrame, lines: pl.DataFrame, by: list[str]) -> pl.DataFrame:
    """Return how amounts fill the lines of the same `by`, both in their order.

    Both are laid end to end; where a credit and a line meet, the credit is for the line.
    """
    end = pl.col("amount").cum_sum().over(by)
    gives = asked.filter(pl.col("amount") > 0).select(
        *by, "credit_id", at=end, finding_id=pl.lit(None, pl.String)
    )
    ordered = lines.filter(pl.col("room") > 0).sort("finding_id")
    takes = ordered.select(
        *by,
        pl.lit(None, pl.String).alias("credit_id"),
        "finding_id",
        at=pl.col("room").cum_sum().over(by),
    )
    known = pl.all_horizontal(pl.col(by).is_not_null())
    marks = (
        pl.concat(
            [
                frame.filter(known).select(
                    *by, "credit_id", "finding_id", pl.col("at").cast(pl.Decimal(38, 2))
                )
                for frame in (gives, takes)
            ]
        )
        .sort(*by, "at", maintain_order=True)
        .with_columns(
            pl.col("credit_id", "finding_id").backward_fill().over(by),
            amount=pl.col("at") - pl.col("at").shift(1).over(by).fill_null(0),
        )
        .filter(pl.col("amount") > 0)
        .drop_nulls(["credit_id", "finding_id"])
    )
    return marks.join(
        lines.select("claim_no", "finding_id", "document_id"), on=["claim_no", "finding_id"]
    ).with_columns(pl.col("amount").cast(CENTS))


# --- the passes -------------------------------------------------------------------------------


def _by_number(pool: _Pool) -> _Pass:
    """Credits that name a claim, by the carrier's number for it or by ours."""
    names = pl.concat(
        [
            pool.claims.select("claim_no", "carrier", "filed_on", "left", name=pl.col(column))
            for column in ("claim_no", "tracking_no")
        ]
    )
    names = (
        names.with_columns(name=_plain(pl.col("name")))
        .filter(pl.col("name").str.len_chars() >= SHORTEST)
        .unique(["claim_no", "name"])
    )
    words = pool.credits.select(
        "credit_id",
        "carrier",
        "amount",
        "certain",
        name=pl.col("words")
        .str.extract_all(r"[\w\-/.]+")
        .list.concat(pl.col("words").str.extract_all(r"[\w\-]+")),
    ).explode("name")
    found = (
        words.with_columns(name=_plain(pl.col("name")))
        .join(names, on=["carrier", "name"], maintain_order="left")
        .unique(["credit_id", "claim_no"], keep="first", maintain_order=True)
    )
    alone = pl.len().over("credit_id") == 1
    sure = alone & pl.col("filed_on").is_not_null() & pl.col("certain")
    return _parted(found.with_columns(room="left"), sure)


def _plain(text: pl.Expr) -> pl.Expr:
    """Return a number as numbers are compared: letters and digits, upper case."""
    return text.str.to_uppercase().str.replace_all(r"[^0-9A-Z]", "")


def _parted(found: pl.DataFrame, sure: pl.Expr) -> _Pass:
    """Return candidates as pairs where they are sure, else as offers.

    Where a claim was filed when the credit came, claims that were not are no candidates.
    """
    marked = found.with_columns(sure=sure.fill_null(False))
    pairs = marked.filter("sure")
    if "finding_id" not in found.columns:
        pairs = pairs.with_columns(finding_id=pl.lit(None, dtype=pl.String))
    # A credit that is offered and taken at once is taken.
    offers = (
        marked.filter(~pl.col("sure"))
        .join(pairs, on="credit_id", how="anti")
        .with_columns(amount=pl.min_horizontal("amount", "room").cast(CENTS))
        .group_by("credit_id", "claim_no", maintain_order=True)
        .agg(pl.col("amount").max())
    )
    return _Pass(pairs.select(columns_of(_PAIRS)), offers)


def _known_first(found: pl.DataFrame) -> pl.DataFrame:
    """Return candidates without those that were not filed, where others were."""
    return found.filter(pl.col("in_time") | ~pl.col("in_time").any().over("credit_id"))


def _candidates(pool: _Pool, on: list[str]) -> pl.DataFrame:
    """Return credits with the lines of earlier bills that agree in `on`."""
    lines = (
        pool.lines.filter("waits")
        .rename({"bill_date": "claimed_on", "document_id": "claim_document"})
        .rename(
            {
                name: f"{name}_line"
                for name in ("starts", "ends", "subject", "usoc")
                if name not in on
            }
        )
    )
    keys = ["carrier", "ban", *on]
    return (
        pool.credits.join(lines, on=keys, maintain_order="left")
        .filter(pl.col("bill_date") > pl.col("claimed_on"))
        .with_columns(in_time=_IN_TIME)
        .pipe(_known_first)
    )


def _by_same_period(pool: _Pool) -> _Pass:
    """Credits of exactly the amount, service, code and period of lines."""
    exact = _Pool(
        pool.credits.with_columns(exact=pl.col("amount")),
        pool.claims,
        pool.lines.with_columns(exact=pl.col("room")),
    )
    period = ["starts", "ends"]
    return _paired(_candidates(exact, ["subject", "usoc", "exact", *period]), period)


def _by_line(pool: _Pool) -> _Pass:
    """Credits of exactly the amount, service and code of lines, of no other period."""
    exact = _Pool(
        pool.credits.with_columns(exact=pl.col("amount")),
        pool.claims,
        pool.lines.with_columns(exact=pl.col("room")),
    )
    found = _candidates(exact, ["subject", "usoc", "exact"])
    return _paired(found.filter(_PERIOD.fill_null(True)), [])


def _paired(found: pl.DataFrame, period: list[str]) -> _Pass:
    """Pair credits and lines that are alike, the first with the first.

    They are interchangeable where as many credits as lines are there, or the lines are of one
    claim; fewer credits than lines of several claims are offered.
    """
    alike = ["carrier", "ban", "subject", "usoc", "exact", *period]
    counted = found.with_columns(
        credits=pl.col("credit_id").n_unique().over(alike),
        lines=pl.struct("claim_no", "finding_id").n_unique().over(alike),
        claims=pl.col("claim_no").n_unique().over(alike),
        nth=pl.struct("bill_date", "credit_id").rank("dense").over(alike),
        mth=pl.struct("claimed_on", "claim_no", "finding_id").rank("dense").over(alike),
        all_in_time=pl.col("in_time").all().over(alike),
    )
    clear = (pl.col("credits") >= pl.col("lines")) | (pl.col("claims") == 1)
    sure = clear & pl.col("all_in_time")
    own = counted.with_columns(clear=sure).filter(
        ~pl.col("clear") | (pl.col("nth") == pl.col("mth"))
    )
    return _parted(own, pl.col("clear"))


def _by_period(pool: _Pool) -> _Pass:
    """Credits of the account and period of a line, off its amount by the tolerance at most."""
    # Amounts so close share a bucket of their width, or stand in neighbouring ones.
    width = pl.col("tolerance").max()
    wide = pool.lines.select((cents(width) + 1).cast(pl.Int64)).item() or 1
    lines = pool.lines.with_columns(bucket=cents(pl.col("room")).cast(pl.Int64) // wide)
    around = pl.concat_list(
        [(cents(pl.col("amount")).cast(pl.Int64) // wide + step) for step in (-1, 0, 1)]
    )
    credits = pool.credits.filter(pl.col("starts").is_not_null()).with_columns(bucket=around)
    found = _candidates(_Pool(credits.explode("bucket"), pool.claims, lines), ["bucket"])
    close = (pl.col("amount") - pl.col("room")).abs() <= pl.col("tolerance")
    found = found.filter(close, _PERIOD.fill_null(False), _no_other("subject"), _no_other("usoc"))
    line = pl.struct("claim_no", "finding_id")
    sure = (
        (pl.len().over("credit_id") == 1)
        & (pl.col("credit_id").n_unique().over(line) == 1)
        & pl.col("in_time")
    )
    return _parted(found, sure)


def _no_other(name: str) -> pl.Expr:
    """Say whether a credit and a line do not name two different things."""
    return (pl.col(name) == pl.col(f"{name}_line")).fill_null(True)


_SPAN = [
    pl.col("filed_on").first(),
    pl.col("bill_date").max().alias("claimed_on"),
    pl.col("starts").min().alias("starts_line"),
    pl.col("ends").max().alias("ends_line"),
]
"""What is said of several lines at once."""
_SUM_OF_CLAIM = ("claim_no", "carrier", "ban", "filed_on", "claimed_on", "starts_line", "ends_line")


def _sums(pool: _Pool) -> pl.DataFrame:
    """Return what is waited for, by claim, and by service and code of a claim.

    [claim_no, carrier, ban, filed_on, claimed_on, starts_line, ends_line, subject, usoc, wanted];
    subject and code null = all of the claim on the account.
    """
    lines = pool.lines.filter("waits")
    whole = (
        lines.group_by("claim_no", "carrier", "ban")
        .agg(_SPAN)
        .join(pool.claims.select("claim_no", "open", "promised"), on="claim_no")
    )
    nobody = [pl.lit(None, pl.String).alias(name) for name in ("subject", "usoc")]
    totals = [
        whole.select(*_SUM_OF_CLAIM, *nobody, wanted=pl.col(name)) for name in ("open", "promised")
    ]
    parts = []
    for keys in (["subject"], ["subject", "usoc"]):
        grouped = (
            lines.filter(pl.all_horizontal(pl.col(keys).is_not_null()))
            .group_by("claim_no", "carrier", "ban", *keys)
            .agg(*_SPAN, wanted=pl.col("room").sum().cast(CENTS))
        )
        missing = [
            pl.lit(None, pl.String).alias(name) for name in ("subject", "usoc") if name not in keys
        ]
        named = grouped.with_columns(missing)
        parts.append(named.select(totals[0].columns))
        # What was granted of a claim may be credited as that of one service, where it has the room.
        granted = named.join(pool.claims.select("claim_no", "promised"), on="claim_no")
        fits = granted.filter(pl.col("promised") <= pl.col("wanted"))
        parts.append(fits.with_columns(wanted="promised").select(totals[0].columns))
    every = pl.concat([*totals, *parts]).filter(pl.col("wanted") > 0)
    return every.unique(maintain_order=True)


def _by_sum(pool: _Pool) -> _Pass:
    """Credits that are all that is waited for of a claim, or of a service of it."""
    sums = _sums(pool).with_columns(exact="wanted")
    credits = pool.credits.with_columns(exact=pl.col("amount"))
    found = credits.join(
        sums, on=["carrier", "ban", "exact"], suffix="_line", maintain_order="left"
    ).filter(
        pl.col("bill_date") > pl.col("claimed_on"),
        _PERIOD.fill_null(True),
        # What is said of the credit must be true of what it is taken for.
        pl.col("subject").is_null() | (pl.col("subject") == pl.col("subject_line")),
        pl.col("usoc").is_null()
        | pl.col("usoc_line").is_null()
        | (pl.col("usoc") == pl.col("usoc_line")),
    )
    found = (
        found.with_columns(room="wanted", in_time=_IN_TIME)
        .unique(["credit_id", "claim_no"], keep="first", maintain_order=True)
        .pipe(_known_first)
    )
    one_claim = pl.len().over("credit_id") == 1
    one_credit = pl.col("credit_id").n_unique().over("claim_no") == 1
    return _parted(found, one_claim & one_credit & pl.col("in_time"))


def _by_bill(pool: _Pool) -> _Pass:
    """Several credits of one bill that together are all that is waited for of a claim."""
    certain = pool.credits.filter("certain")
    sums = _sums(pool).filter(pl.col("subject").is_null())
    sums = sums.select(*_SUM_OF_CLAIM, exact="wanted").unique(maintain_order=True)
    subjects = pool.lines.select("claim_no", "subject").unique().with_columns(known=True)
    rows = []
    for keys in ([], ["usoc"], ["subject"], ["starts", "ends"]):
        together = ["document_id", *keys, "claim_no"]
        grouped = (
            certain.filter(pl.all_horizontal(pl.col(keys).is_not_null()) if keys else pl.lit(True))
            .with_columns(several=pl.len().over("document_id", *keys))
            .filter(pl.col("several") > 1)
            .with_columns(exact=pl.col("amount").sum().over("document_id", *keys).cast(CENTS))
            .join(sums, on=["carrier", "ban", "exact"], maintain_order="left")
            .filter(pl.col("bill_date") > pl.col("claimed_on"))
            .join(subjects, on=["claim_no", "subject"], how="left", maintain_order="left")
            # What is said of each must be true of the claim they are taken for.
            .filter(
                _PERIOD.fill_null(True).all().over(together),
                (pl.col("subject").is_null() | pl.col("known").is_not_null()).all().over(together),
            )
        )
        rows.append(
            grouped.select(
                *("credit_id", "claim_no", "amount", "document_id"),
                in_time=_IN_TIME,
            )
        )
    found = pl.concat(rows).unique(["credit_id", "claim_no"], keep="first", maintain_order=True)
    found = found.pipe(_known_first)
    one_claim = pl.col("claim_no").n_unique().over("credit_id") == 1
    one_bill = pl.col("document_id").n_unique().over("claim_no") == 1
    # All credits that are a sum together, or none of them.
    found = found.with_columns(room="amount", sure=one_claim & one_bill & pl.col("in_time"))
    return _parted(found, pl.col("sure").fill_null(False).all().over("claim_no"))


def _by_whole_bill(pool: _Pool) -> _Pass:
    """As `_by_bill`, of bills no credit of which is all of a claim by itself.

    That several credits together are a claim says more than that one of them is like a service.
    """
    sums = _sums(pool).filter(pl.col("subject").is_null())
    whole = sums.select("carrier", "ban", amount="wanted").unique()
    alone = pool.credits.join(whole, on=["carrier", "ban", "amount"], how="semi")
    rest = pool.credits.join(alone, on="document_id", how="anti", maintain_order="left")
    found = _by_bill(pool._replace(credits=rest))
    return _Pass(found.pairs, found.offers.clear())


_PASSES: tuple[tuple[str, Callable[[_Pool], _Pass]], ...] = (
    (BY_NUMBER, _by_number),
    (BY_LINE, _by_same_period),
    (BY_LINE, _by_line),
    (BY_PERIOD, _by_period),
    (BY_SUM, _by_whole_bill),
    (BY_SUM, _by_sum),
    (BY_SUM, _by_bill),
)
"""In which order credits are matched, and by what."""


def _near(pool: _Pool) -> pl.DataFrame:
    """Return offers of credits of the service and code of a line that are not its amount."""
    found = _candidates(pool, ["subject", "usoc"]).filter(_PERIOD.fill_null(True))
    return (
        found.with_columns(amount=pl.min_horizontal("amount", "room").cast(CENTS))
        .group_by("credit_id", "claim_no", maintain_order=True)
        .agg(pl.col("amount").max())
    )
