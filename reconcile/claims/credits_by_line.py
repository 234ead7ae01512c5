"""Which claim a credit is for by what it says: its number, or the line and period it is like."""

from __future__ import annotations

import polars as pl

from invoices.money import cents
from invoices.schema import CENTS
from reconcile.claims.credit_pool import IN_TIME, PERIODS_MEET, Pass, Pool, known_first, parted

SHORTEST = 4
"""A carrier's number shorter than this is no name: it may be any number on a bill."""


def by_number(pool: Pool) -> Pass:
    """Credits that name a claim, by the carrier's number for it or by ours.

    A number stands among the words, signs and case aside::

        credit  words             claim  tracking_no
        C1      "cr DISP-004711"  N1     DISP 004711  -> sure: no other claim has that number
        C2      "REF 12"          N2     12           -> nothing: too short to be a name
    """
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
    return parted(found.with_columns(room="left"), sure)


def _plain(text: pl.Expr) -> pl.Expr:
    """Return a number as numbers are compared: letters and digits, upper case."""
    return text.str.to_uppercase().str.replace_all(r"[^0-9A-Z]", "")


def _candidates(pool: Pool, on: list[str]) -> pl.DataFrame:
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
        .with_columns(in_time=IN_TIME)
        .pipe(known_first)
    )


def by_same_period(pool: Pool) -> Pass:
    """Credits of exactly the amount, service, code and period of lines.

    What is the same in all of them is for the line, whose claim was filed in time::

        credit  service  usoc  amount  period       line of N1
        C1      S        1MB   12.00   03-01 04-01  S  1MB  12.00  03-01 04-01  -> N1
    """
    exact = Pool(
        pool.credits.with_columns(exact=pl.col("amount")),
        pool.claims,
        pool.lines.with_columns(exact=pl.col("room")),
    )
    period = ["starts", "ends"]
    return _paired(_candidates(exact, ["subject", "usoc", "exact", *period]), period)


def by_line(pool: Pool) -> Pass:
    """Credits of exactly the amount, service and code of lines, of no other period.

    What is left of the line N1 is 5.00 for service S1, code 1FB, April::

        credit           service  code  period
        C1  5.00         S1       1FB   April   ->  for N1
        C2  5.00         S1       1FB   none    ->  for N1, if C1 is not there
        C3  4.99         S1       1FB   April   ->  none: not its amount
    """
    exact = Pool(
        pool.credits.with_columns(exact=pl.col("amount")),
        pool.claims,
        pool.lines.with_columns(exact=pl.col("room")),
    )
    found = _candidates(exact, ["subject", "usoc", "exact"])
    return _paired(found.filter(PERIODS_MEET.fill_null(True)), [])


def _paired(found: pl.DataFrame, period: list[str]) -> Pass:
    """Pair credits and lines that are alike, the first with the first.

    They are interchangeable where as many credits as lines are there, or the lines are of one
    claim; fewer credits than lines of several claims are offered::

        credits  lines of         pairs and offers
        C1, C2   N1, N2       ->  C1 for N1, C2 for N2: in their order
        C1       N1, N2       ->  C1 offered for N1 and for N2
        C1       N1, N1       ->  C1 for the first line of N1
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
    return parted(own, pl.col("clear"))


def by_shared_line(pool: Pool) -> Pass:
    """Credits of exactly what several claims wait for of one line, each for its part of it.

    A finding grew after its claim was filed: of one line N1 holds 3.00, N2 another 5.00::

        credit  amount
        C1      8.00    ->  3.00 for N1, 5.00 for N2
        C2      6.00    ->  nothing: it is not all of it
    """
    line = ["carrier", "ban", "subject", "usoc", "document_id", "line"]
    lines = pool.lines.filter("waits").with_columns(
        # A finding is named after its line and its code.
        line=pl.col("finding_id").str.replace(r":\w+$", "")
    )
    whole = (
        lines.filter(pl.col("subject").is_not_null(), pl.col("usoc").is_not_null())
        .group_by(line)
        .agg(
            pl.col("bill_date", "starts", "ends").first().name.suffix("_line"),
            exact=pl.col("room").sum().cast(CENTS),
            claims=pl.col("claim_no").n_unique(),
            filed_on=pl.when(pl.col("filed_on").is_not_null().all()).then(pl.col("filed_on").max()),
        )
        .filter(pl.col("claims") > 1)
    )
    one = lines.select("carrier", "ban", "subject", "usoc", exact="room").unique()
    credits = pool.credits.rename({"document_id": "carried_by"}).with_columns(exact="amount")
    found = (
        credits.join(one, on=one.columns, how="anti")
        .join(whole, on=["carrier", "ban", "subject", "usoc", "exact"])
        .filter(
            pl.col("bill_date") > pl.col("bill_date_line"), PERIODS_MEET.fill_null(True), IN_TIME
        )
        .filter(pl.len().over("credit_id") == 1, pl.len().over(line) == 1)
    )
    pairs = found.select("credit_id", *line).join(lines, on=line).with_columns(amount="room")
    return parted(pairs, pl.lit(value=True))


def by_period(pool: Pool) -> Pass:
    """Credits of the account and period of a line, off its amount by the tolerance at most.

    A tolerance of 0.50::

        credit  amount  period           line of N1
        C1      11.80   03-01 04-01      12.00  03-01 04-01  -> sure: 0.20 off
        C2      11.40   03-01 04-01      12.00  03-01 04-01  -> nothing: 0.60 off
    """
    # Amounts so close share a bucket as wide as the tolerance, or stand in neighbouring ones.
    width = pl.col("tolerance").max()
    wide = pool.lines.select(cents(width).cast(pl.Int64)).item() or 1
    lines = pool.lines.with_columns(bucket=cents(pl.col("room")).cast(pl.Int64) // wide)
    around = pl.concat_list(
        [(cents(pl.col("amount")).cast(pl.Int64) // wide + step) for step in (-1, 0, 1)]
    )
    credits = pool.credits.filter(pl.col("starts").is_not_null()).with_columns(bucket=around)
    found = _candidates(Pool(credits.explode("bucket"), pool.claims, lines), ["bucket"])
    close = (pl.col("amount") - pl.col("room")).abs() <= pl.col("tolerance")
    found = found.filter(
        close, PERIODS_MEET.fill_null(False), _no_other("subject"), _no_other("usoc")
    )
    line = pl.struct("claim_no", "finding_id")
    sure = (
        (pl.len().over("credit_id") == 1)
        & (pl.col("credit_id").n_unique().over(line) == 1)
        & pl.col("in_time")
    )
    return parted(found, sure)


def _no_other(name: str) -> pl.Expr:
    """Say whether a credit and a line do not name two different things."""
    return (pl.col(name) == pl.col(f"{name}_line")).fill_null(True)


def near(pool: Pool) -> pl.DataFrame:
    """Return offers of credits of the service and code of a line that are not its amount.

    What is left of the line N1 is 5.00, of N2 of the same claim 2.00::

        credit    ->  offered
        C1  4.00      4.00 for the claim: N1 can take all of it
        C2  9.00      5.00 for the claim: N1 can take no more
    """
    found = _candidates(pool, ["subject", "usoc"]).filter(PERIODS_MEET.fill_null(True))
    return (
        found.with_columns(amount=pl.min_horizontal("amount", "room").cast(CENTS))
        .group_by("credit_id", "claim_no", maintain_order=True)
        .agg(pl.col("amount").max())
    )
