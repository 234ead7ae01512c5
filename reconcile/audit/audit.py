"""The audit: what each line should have been, and every finding, each cent at most once.

The findings page gives the codes and their precedence, `docs/DECISIONS.md` 14 to 25 how they meet
on one line. Everything is a verb on frames of all lines at once; the few lines that need weighing
(duplicates, cut periods, packages off their price) are collected and joined back.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import polars as pl

from invoices.distinct import begins_run, told_by_place
from invoices.schema import RATE, among, answers_to, columns_of
from reconcile.audit import orders, presence
from reconcile.audit.bill_days import with_bill_day
from reconcile.audit.due import with_all_due
from reconcile.audit.match import LOOKED_AT, Inventory, inventory_of, matched, with_details
from reconcile.audit.packages.held_packages import with_package_of_elements
from reconcile.audit.packages.package_prices import spread
from reconcile.audit.presence import without_partner
from reconcile.audit.pricing import contract_of, place, price, rate_frame, with_rate_contract
from reconcile.audit.questions import (
    answered,
    asking_alone,
    asking_apart,
    few_answered,
    first_of_each,
    is_alone,
    with_questions,
)
from reconcile.audit.repeats import duplicates
from reconcile.audit.repeats.accruals import PLAIN, used_up, without_used
from reconcile.audit.repeats.undone_charges import DOCUMENT_ORDER, stands
from reconcile.audit.stakes import (
    STAKED,
    WORDS,
    with_package_due,
    with_stakes,
    with_truth_of_line,
)
from reconcile.audit.summaries import in_summary
from reconcile.audit.tell import is_told, tell, tell_not_billed
from reconcile.contracts import Contract, settings
from reconcile.homes import homes
from reconcile.schema import AUDITED, MATCHED

_PLACED = ("contract", "order_used", "rate_day")
Keep = Callable[[pl.DataFrame], pl.LazyFrame]
"""Keeps audited lines (`AUDITED`), and returns them from where they are kept."""

ANSWERED = ("kind", "family", *(name for name in AUDITED if name not in (*MATCHED, *_PLACED)))
"""What of an audited line its question is answered with."""
_OF_ORDERS = (*DOCUMENT_ORDER, "service", "usoc", "amount", "quantity", "order_no")
UNJUDGED = (
    *("description", "circuit_id", "state", "zone"),
    *("interchange", "set_no", "source_file", "source_row"),
)
"""What only stands on a line: nothing is decided by it, but that tax says what it is for in its
description. It is not held while lines are judged, but read again when they are kept."""
_HELD = {name: dtype for name, dtype in AUDITED.items() if name not in UNJUDGED}

Work = Callable[[pl.DataFrame], pl.DataFrame]
Split = Callable[[pl.LazyFrame, Work, pl.Expr, int], list[pl.LazyFrame]]
"""Does some work on lines, some at a time, and holds what comes of it as so many shares, by the
number an expression gives each row."""


class Audit(NamedTuple):
    """Audited lines (`reconcile.schema.AUDITED`) and their findings (`invoices.schema.FINDINGS`).

    `month_findings` are about elements that are on no line: they replace those of the same carriers
    and bill months found before.
    """

    lines: pl.LazyFrame
    findings: pl.DataFrame
    month_findings: pl.DataFrame


class _Given(NamedTuple):
    """What lines are judged by, those of a share by its own part of history and inventory."""

    documents: pl.DataFrame
    history: pl.LazyFrame
    reference: dict[str, pl.LazyFrame]
    contracts: list[Contract]
    carried: pl.DataFrame
    """Which order carries each one-time charge."""


def in_memory(lines: pl.DataFrame) -> pl.LazyFrame:
    """Keep audited lines in memory."""
    return lines.lazy()


def split_in_memory(
    lines: pl.LazyFrame, work: Work, share: pl.Expr, shares: int
) -> list[pl.LazyFrame]:
    """Work on all lines at once, and hold what comes of it in memory."""
    done = work(lines.collect())
    number = done.select(share.alias("share")).to_series()
    return [done.filter(number == each).lazy() for each in range(shares)]


def audit(
    lines: pl.LazyFrame,
    history: pl.LazyFrame,
    documents: pl.DataFrame,
    reference: dict[str, pl.LazyFrame],
    contracts: list[Contract],
    keep: Keep = in_memory,
    shares: int = 1,
    split: Split = split_in_memory,
) -> Audit:
    """Return every line with what is due of it, and what is wrong with it.

    `lines` (invoices.schema.LINES) are those of loaded documents not audited yet, `history`
    (AUDITED) those audited before, `documents` the loaded documents of the bill months in `lines`,
    `reference` the reference tables by name. Rows are conserved.

    Only lines of one service look at each other, so many lines are judged share by share, each
    with its own part of history and inventory: memory does not grow with the night.
    """
    lines = with_bill_day(lines, history)
    inventory = inventory_of(reference["services"], reference["service_accounts"])
    carried = _orders(_one_time(lines, inventory, contracts), history, reference, contracts)

    def placed(some: pl.DataFrame) -> pl.DataFrame:
        return place(matched(some, inventory), carried, reference, contracts)

    given = _Given(documents, history, reference, contracts, carried)
    if shares == 1:
        return _judged(placed(_lean(lines).collect().rechunk()), lines, given, keep)
    parts = []
    by_service = _share(shares, "service", "ban")
    for number, share in enumerate(split(lines, placed, by_service, shares)):
        own = reference | {
            name: reference[name].filter(_share(shares, "service") == number)
            for name in ("services", "service_accounts", "service_elements")
        }
        part = given._replace(history=history.filter(by_service == number), reference=own)
        parts.append(_judged(_lean(share).collect().rechunk(), share, part, keep))
    lines_of, findings, month_findings = zip(*parts, strict=True)
    return Audit(
        pl.concat(lines_of),
        pl.concat(findings).sort("finding_id"),
        pl.concat(month_findings).sort("finding_id"),
    )


def _share(shares: int, *names: str) -> pl.Expr:
    """Return the number of the share a row is in: that of its service, else of its account."""
    return pl.coalesce(*names, pl.lit("")).hash(0) % shares


def _lean(lines: pl.LazyFrame) -> pl.LazyFrame:
    """Return lines without what only stands on them, but for the words of a tax."""
    words = pl.when(pl.col("charge_class") == "tax").then("description").alias("description")
    return lines.with_columns(words).drop(name for name in UNJUDGED if name != "description")


def _made_whole(lines: pl.DataFrame, whole: pl.LazyFrame) -> pl.DataFrame:
    """Return lean lines with what stands on them in `whole`, which holds the same lines.

    They come again in one order, as a rule; if not, they are looked up.
    """
    again = whole.select("line_id", *UNJUDGED).collect()
    if not again["line_id"].equals(lines["line_id"]):
        return lines.with_columns(answers_to(lines, again, ["line_id"]))
    return lines.with_columns(again.drop("line_id"))


def _judged(
    lines: pl.DataFrame,
    whole: pl.LazyFrame,
    given: _Given,
    keep: Keep,
) -> Audit:
    """Audit lines that know their service and order; no other lines are of their services.

    `lines` are lean (`_lean`), `whole` has what stands on them. Words are found last, when only
    the few lines that need them are held.
    """
    lines, judged, months = _weighed(lines, given)
    lines = _made_whole(lines, whole)
    few = lines.filter(among("asks", judged.filter(is_told())["asks"]))
    kept = _kept(lines.drop("rate_contract"), judged.select("asks", *ANSWERED), keep)
    del lines
    return Audit(kept, tell(few_answered(few, judged), given.reference), months)


def _weighed(lines: pl.DataFrame, given: _Given) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Return lines with the number of the question each asks, the questions judged, and findings
    about what is on no line.

    Each distinct question is judged once (`reconcile.audit.questions`). What looks at lines beside
    each other (duplicates, partners, summaries, packages) says which of them ask alone.
    """
    lines, marked, found = _questioned(lines, given)
    history, reference, contracts = given.history, given.reference, given.contracts
    terms = settings(contracts).select("contract", "proration")
    shares = spread(lines.lazy(), marked, history, reference["packages"], terms)
    # A line in a package off its price asks with its share of it, too.
    before = lines
    lines, places = asking_apart(lines, shares)
    apart = few_answered(before[places], marked).select(marked.columns).collect()
    apart = apart.with_columns(asks=-1 - pl.col("place"))
    judged = _answers(pl.concat([marked, apart]), shares, found, history)
    months = presence.not_billed(
        given.documents,
        _together(lines.lazy(), history, given.documents),
        reference,
        contracts,
    )
    return lines, judged, tell_not_billed(months)


def _questioned(
    lines: pl.DataFrame, given: _Given
) -> tuple[pl.DataFrame, pl.DataFrame, duplicates.Duplicates]:
    """Return lines with the number of the question each asks, the questions priced and marked, and
    what is billed twice."""
    _, history, reference, contracts, carried = given
    elements, rules = reference["service_elements"], reference["usoc_rules"]
    limits = settings(contracts).select("contract", "backbill_limit_months")
    lines = with_package_of_elements(lines.lazy(), history, reference, limits).collect()
    lines = with_details(lines, reference["services"])
    lines = with_rate_contract(lines, contracts)
    lines = with_questions(lines, rate_frame(reference["buy_rates"]), elements)
    prices = price(first_of_each(lines).lazy(), reference, contracts).collect()
    priced = answered(lines.lazy(), prices, "question")
    found = _duplicates(priced, history, reference, contracts, carried)
    alone = without_partner(priced, history, rules)
    summaries = in_summary(priced, history, reference, settings(contracts))
    own_ids = pl.concat([found.line_ids(), alone["line_id"], summaries["line_id"]])
    lines = asking_alone(lines, own_ids)
    own = answered(lines.lazy().filter(is_alone()), prices, "question")
    asked = pl.concat([prices.lazy(), own.select(prices.columns)])
    return lines, _marked(asked, found, summaries, alone, elements), found


def _kept(lines: pl.DataFrame, answers: pl.DataFrame, keep: Keep) -> pl.LazyFrame:
    """Put the answer of its question beside each line, and keep the lines, a month at a time.

    So the answers of one month of a carrier are in memory, where its lines follow each other.
    """
    month = pl.col("bill_date").dt.truncate("1mo")
    keys = lines.select("carrier", month)
    runs = begins_run(keys)
    begins = runs.arg_true().to_list()
    if lines.height < _MANY or keys.filter(runs).is_duplicated().any():
        begins = [0]
    ends = [*begins[1:], lines.height]
    parts = []
    for begin, end in zip(begins, ends, strict=True):
        part = lines[begin:end]
        told = told_by_place(part["asks"], answers, "asks")
        parts.append(keep(part.hstack(told).select(columns_of(AUDITED))))
    return pl.concat(parts)


_MANY = 100_000
"""So many lines are worth keeping month by month."""


def _marked(
    asked: pl.LazyFrame,
    found: duplicates.Duplicates,
    summaries: pl.DataFrame,
    alone: pl.DataFrame,
    elements: pl.LazyFrame,
) -> pl.DataFrame:
    """Return priced questions with what is due, and the truth of the codes that look at one."""
    return (
        asked.join(summaries.lazy(), on="line_id", how="left", maintain_order="left")
        .pipe(with_all_due, found, elements)
        .pipe(with_truth_of_line)
        .join(alone.lazy(), on="line_id", how="left", maintain_order="left")
        .with_columns(is_in_summary=pl.col("summary").is_not_null())
        .collect()
    )


def _answers(
    marked: pl.DataFrame, shares: pl.DataFrame, found: duplicates.Duplicates, history: pl.LazyFrame
) -> pl.DataFrame:
    """Return questions with their stakes, less what repeats use up of what was unbilled."""
    judged = (
        marked.lazy()
        .pipe(with_package_due, shares)
        .pipe(with_stakes)
        .select(
            "asks",
            *columns_of(_HELD),
            pl.col(*STAKED, "units", "factor", "package_used").cast(pl.Int64),
            pl.col(WORDS),
            *(() if found.due.twice.is_empty() else PLAIN),
        )
        .collect()
    )
    used = used_up(judged.lazy(), history, found)
    return without_used(judged.lazy(), used).collect()


def _together(priced: pl.LazyFrame, history: pl.LazyFrame, documents: pl.DataFrame) -> pl.LazyFrame:
    """Return tonight's lines and those of earlier nights in the same bill months."""
    columns = [
        "line_id", "carrier", "service", "usoc", "package", "charge_class", "amount", "bill_date",
        "period_from", "period_until", "rate_day",
    ]  # fmt: skip
    months = documents["bill_date"].dt.truncate("1mo").unique()
    before = history.filter(among(pl.col("bill_date").dt.truncate("1mo"), months))
    return pl.concat([priced.select(columns), before.select(columns)])


def _one_time(lines: pl.LazyFrame, inventory: Inventory, contracts: list[Contract]) -> pl.DataFrame:
    """Return tonight's one-time charges and credits, matched, with their contracts."""
    some = lines.filter((pl.col("charge_class") == "one_time") | (pl.col("amount") < 0))
    columns = {*LOOKED_AT, "bill_day", *_OF_ORDERS} & {*lines.collect_schema()}
    asked = matched(some.select(sorted(columns)).collect(), inventory)
    return asked.hstack(contract_of(asked, contracts, "bill_date", "contract"))


def _orders(
    matched: pl.DataFrame,
    history: pl.LazyFrame,
    reference: dict[str, pl.LazyFrame],
    contracts: list[Contract],
) -> pl.DataFrame:
    """Give one-time charges their orders; `matched` holds them and tonight's credits."""
    limits = settings(contracts).select("contract", "backbill_limit_months")
    columns = [*_OF_ORDERS, "stands"]
    came, history = (
        frame.join(limits.lazy(), on="contract", how="left").with_columns(stands=stands())
        for frame in (matched.lazy(), history)
    )
    item = ["service", "usoc"]
    known = pl.col("service").is_not_null()
    charge = (pl.col("charge_class") == "one_time") & (pl.col("amount") >= 0)
    tonight = came.filter(known).select(*columns, charge=charge).collect()
    lines = tonight.filter("charge").drop("charge")
    items = lines.select(item).unique()
    past = (
        history.join(items.lazy(), on=item, how="semi")
        .filter(charge | (pl.col("amount") < 0))
        .with_columns(order_no=pl.coalesce("order_used", "order_no"), charge=charge)
        .select(*columns, "charge")
        .collect()
    )
    return orders.assign(
        lines,
        past.filter("charge").drop("charge"),
        pl.concat([tonight, past]).filter(~pl.col("charge")).drop("charge")
        .join(items, on=item, how="semi"),
        reference["orders"].join(items.lazy(), on=item, how="semi").collect(),
    )  # fmt: skip


def _duplicates(
    priced: pl.LazyFrame,
    history: pl.LazyFrame,
    reference: dict[str, pl.LazyFrame],
    contracts: list[Contract],
    carried: pl.DataFrame,
) -> duplicates.Duplicates:
    # A package has the same name with every carrier that sells it, not always the same elements.
    held = homes(reference["services"], reference["service_accounts"]).filter(
        pl.col("package").is_not_null()
    )
    inside = held.join(reference["packages"], on=["carrier", "package"])
    itself = held.with_columns(usoc="package", quantity=pl.lit(1).cast(RATE))
    dates = [pl.lit(None, dtype=pl.Date).alias(name) for name in ("active_from", "active_until")]
    columns = [pl.col("carrier", "service", "usoc"), pl.col("quantity").alias("units")]
    any_carrier = pl.lit(None, dtype=pl.String).alias("carrier")
    elements = (
        reference["service_elements"]
        .with_columns(any_carrier)
        .select(*columns, "active_from", "active_until")
    )
    return duplicates.find(
        duplicates.columns(priced),
        duplicates.columns(history),
        pl.concat([elements, *(part.select(*columns, *dates) for part in (inside, itself))]),
        carried,
        settings(contracts).select(
            "contract", "proration", "backbill_limit_months", "disconnect_grace_days"
        ),
    )
