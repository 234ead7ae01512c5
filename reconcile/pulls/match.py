"""Which invoice a pull paid: by its number, by its account, by its originator, by its amount.

Stronger evidence is used up first. A pull that names an invoice paid that invoice, whatever the
amount; one that names an account is looked for among the account's open invoices, one that names
neither among those of its originator, each time by the exact amount nearest to the day, then as a
sum of several invoices, then as a part of one. Where two answers are as good, none is taken.
Amounts are whole cents here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import combinations

import polars as pl

from invoices.schema import columns_of

EARLIEST, LATEST = -10, 25
"""So many days before and after `debit_on` a pull is looked for that names no invoice."""
OLDEST = 75
"""So many days after `debit_on` an invoice may still be one of several that a pull adds up to: one
that was passed over is pulled with the next, or the one after."""
FEW = 12
"""So many open invoices, or pulls, are tried in all their combinations; more are not."""
MOST_PAIRS = 250_000
"""A group with more pairs of a pull and an invoice is not tried for sums."""
ID_LENGTH = 15
"""What an individual ID holds: longer numbers are cut there."""

INVOICES = pl.Schema(
    {
        "document_id": pl.String(),
        "company": pl.String(),  # the contract's company ID as compared; null = not on file
        "carrier": pl.String(),
        "ban": pl.String(),
        "invoice_no": pl.String(),
        "debit_on": pl.Date(),
        "due": pl.Int64(),  # cents the paper lets the carrier pull
    }
)
ASSIGNED = pl.Schema(
    {
        "entry_id": pl.String(),
        "document_id": pl.String(),
        "cents": pl.Int64(),
        "how": pl.String(),  # named, account, originator; several, part, differs, again
    }
)
_ORDER = sorted(range(EARLIEST, LATEST + 1), key=lambda days: (abs(days), -days))


@dataclass
class Open:
    """What is still to be matched."""

    pulls: pl.DataFrame
    """entry_id, settled_on, cents, company, and `ban_key` where an account is named."""
    invoices: pl.DataFrame
    """`INVOICES` with `ban_key`, those still open."""
    all: pl.DataFrame
    """The same, matched ones too."""
    assigned: list[pl.DataFrame] = field(default_factory=list)

    def take(self, pairs: pl.DataFrame, how: str) -> None:
        """Assign pairs [entry_id, document_id, cents]; their pulls and invoices are done."""
        if pairs.is_empty():
            return
        self.assigned.append(pairs.with_columns(how=pl.lit(how)).select(columns_of(ASSIGNED)))
        self.pulls = self.pulls.join(pairs, on="entry_id", how="anti")
        self.invoices = self.invoices.join(pairs, on="document_id", how="anti")


def key_of(column: pl.Expr) -> pl.Expr:
    """Return a number as it is compared: letters and digits, upper case; null where none stand."""
    plain = column.str.to_uppercase().str.replace_all("[^0-9A-Z]", "")
    return pl.when(plain != "").then(plain)


def match(pulls: pl.DataFrame, references: pl.DataFrame, invoices: pl.DataFrame) -> pl.DataFrame:
    """Return what of each pull paid which invoice (columns of `ASSIGNED`).

    `pulls` are entry_id, settled_on, cents, company of debits that are movements of their own;
    `references` what they name (`pull_names.references`); `invoices` have the columns of
    `INVOICES`. Every pull and every invoice comes back in as many rows as it takes part in.
    """
    named = _named(pulls, references, invoices)
    due = invoices.filter(pl.col("due") > 0).with_columns(ban_key=key_of(pl.col("ban")))
    accounts = _accounts(pulls, references, invoices)
    waiting = _waiting(references, invoices)
    left = (
        pulls.join(named, on="entry_id", how="anti")
        .join(waiting, on="entry_id", how="anti")
        .join(accounts, on="entry_id", how="left")
    )
    state = Open(left, due.join(named, on="document_id", how="anti"), due, [named])
    with_account = state.pulls.filter(pl.col("ban_key").is_not_null())
    rest = state.pulls.filter(pl.col("ban_key").is_null())
    state.pulls = with_account
    _by(state, ["ban_key"], "account")
    _differing(state, ["ban_key"])
    unmatched = state.pulls
    # Without an account a pull belongs to any invoice of its originator.
    state.pulls = rest.filter(pl.col("company").is_not_null())
    _by(state, ["company"], "originator")
    _differing(state, ["company"])
    unmatched = pl.concat([unmatched, state.pulls])
    state.assigned.append(_again(unmatched, due, pl.concat(state.assigned)))
    return pl.concat(state.assigned).sort("entry_id", "document_id")


def _fits() -> pl.Expr:
    """Whether the originator of a pull is the one on file for the invoice, as far as known."""
    return (pl.col("company") == pl.col("company_of")).fill_null(
        pl.col("company_of").is_null() | pl.col("company").is_null()
    )


def _named(pulls: pl.DataFrame, references: pl.DataFrame, invoices: pl.DataFrame) -> pl.DataFrame:
    """Return what pulls paid that name their invoices (columns of `ASSIGNED`).

    Of several invoices of one number the one of the account named, then one with something due,
    then the one nearest in time. What an item does not say it pays is what its invoice lets be
    pulled; the last item takes what is left, and with it credits and adjustments.
    """
    numbers = ("invoice_no", "ban")
    keys = pl.concat(
        [
            invoices.with_columns(key=key_of(text), by_account=pl.lit(name == "ban"))
            for name in numbers
            for text in (pl.col(name), pl.col(name).str.head(ID_LENGTH))
        ]
    ).unique(["document_id", "key", "by_account"], keep="first", maintain_order=True)
    apart = (pl.col("settled_on") - pl.col("debit_on")).dt.total_days()
    pays_it = (pl.col("paid") == pl.col("due")) & apart.is_between(EARLIEST, LATEST)
    pairs = (
        references.join(pulls.select("entry_id", "settled_on", "company"), on="entry_id")
        .join(keys.rename({"company": "company_of"}), on="key")
        .filter(_fits(), ~pl.col("by_account") | pays_it.fill_null(False))
    )
    own = (key_of(pl.col("ban")) == pl.col("ban_key")).fill_null(False)
    days = apart.abs().fill_null(10**6)
    best = (
        pairs.with_columns(own=own, days=days, owed=pl.col("due") > 0)
        .filter(pl.col("own") | pl.col("ban_key").is_null())
        .sort(
            *("entry_id", "item", "own", "owed", "days", "document_id"),
            descending=[False, False, True, True, False, False],
        )
        .unique(["entry_id", "item"], keep="first", maintain_order=True)
    )
    return _shares(best, pulls, references)


def _waiting(references: pl.DataFrame, invoices: pl.DataFrame) -> pl.DataFrame:
    """Return [entry_id]: pulls whose remittance names an invoice; they wait for its bill.

    Their amount alone says nothing then: it may be that of any other invoice.
    """
    bans = invoices.select(key=key_of(pl.col("ban"))).unique().drop_nulls()
    items = references.filter("invoice", pl.col("key").is_not_null())
    return items.join(bans, on="key", how="anti").select("entry_id").unique()


def _shares(best: pl.DataFrame, pulls: pl.DataFrame, references: pl.DataFrame) -> pl.DataFrame:
    """Return the items with their share of the pull: together they come to its amount.

    Where an item names an invoice that is not on record its share is nobody's yet.
    """
    items = references.filter("invoice").group_by("entry_id").agg(items=pl.col("item").n_unique())
    many = pl.max_horizontal("items", "found") > 1
    shared = (
        best.join(items, on="entry_id", how="left")
        .join(pulls.select("entry_id", whole="cents"), on="entry_id")
        .with_columns(found=pl.len().over("entry_id"))
        .with_columns(share=pl.coalesce("paid", pl.when(many).then("due"), "whole"))
        .with_columns(
            rest=pl.col("whole") - pl.col("share").sum().over("entry_id"),
            last=pl.col("item") == pl.col("item").max().over("entry_id"),
        )
    )
    complete = pl.col("found") >= pl.col("items").fill_null(1)
    cents = pl.col("share") + pl.when("last", complete).then("rest").otherwise(0)
    return (
        shared.with_columns(cents=cents)
        .group_by("entry_id", "document_id")
        .agg(pl.col("cents").sum())
        .with_columns(how=pl.lit("named"))
        .select(columns_of(ASSIGNED))
    )


def _accounts(
    pulls: pl.DataFrame, references: pl.DataFrame, invoices: pl.DataFrame
) -> pl.DataFrame:
    """Return [entry_id, ban_key]: the one account a pull names, of an originator that fits."""
    bans = invoices.select("company", "ban").unique()
    keys = pl.concat(
        [
            bans.with_columns(key=key_of(pl.col("ban"))),
            bans.with_columns(key=key_of(pl.col("ban").str.head(ID_LENGTH))),
        ]
    ).rename({"company": "company_of"})
    named = pl.concat(
        [
            references.select("entry_id", "key"),
            references.select("entry_id", key="ban_key").drop_nulls(),
        ]
    )
    return (
        named.join(pulls.select("entry_id", "company"), on="entry_id")
        .join(keys, on="key")
        .filter(_fits())
        .group_by("entry_id")
        .agg(ban_key=key_of(pl.col("ban")).unique())
        .filter(pl.col("ban_key").list.len() == 1)
        .with_columns(pl.col("ban_key").list.first())
    )


def _by(state: Open, key: list[str], how: str) -> None:
    """Match by amount among the invoices that share `key`: one, several, or a part of one."""
    for days in _apart(state):
        state.take(_exact(state, key, days), how)
    for days in _apart(state):
        state.take(_whole_days(state, key, days), "several")
    state.take(_split_on_a_day(state, key), "part")
    _combined(state, key)


def _apart(state: Open) -> list[int]:
    """Return the days that lie between a pull and an invoice, as far as they are tried: near ones
    first, and of two as near the later pull."""
    settled = state.pulls.select("settled_on").unique()
    due = state.invoices.select("debit_on").unique().drop_nulls()
    days = (pl.col("settled_on") - pl.col("debit_on")).dt.total_days().unique()
    there = set(settled.join(due, how="cross").select(days).to_series().to_list())
    return [days for days in _ORDER if days in there]


def _nth(key: list[str]) -> pl.Expr:
    return pl.int_range(pl.len()).over(key)


def _exact(state: Open, key: list[str], days: int) -> pl.DataFrame:
    """Return pulls of the amount of an invoice, so many days after its `debit_on`."""
    on = [*key, "cents", "day"]
    day = (pl.col("settled_on") - pl.duration(days=days)).alias("day")
    pulls = state.pulls.with_columns(day).sort("settled_on", "entry_id")
    due = state.invoices.with_columns(cents="due", day="debit_on").sort("document_id")
    if pulls.is_empty() or due.is_empty():
        return pulls.head(0).with_columns(document_id=pl.lit(""))
    left = pulls.with_columns(nth=_nth(on)).select("entry_id", "nth", *on)
    right = due.drop_nulls(key).with_columns(nth=_nth(on)).select("document_id", "nth", *on)
    return left.join(right, on=[*on, "nth"]).select("entry_id", "document_id", "cents")


def _whole_days(state: Open, key: list[str], days: int) -> pl.DataFrame:
    """Return pulls of all that was due of a day, so many days after it."""
    due = state.invoices.group_by(*key, "debit_on").agg(
        cents=pl.col("due").sum(), many=pl.len(), documents=pl.col("document_id").sort()
    )
    pulls = state.pulls.with_columns(debit_on=pl.col("settled_on") - pl.duration(days=days)).sort(
        "settled_on", "entry_id"
    )
    found = (
        pulls.join(due.filter(pl.col("many") > 1), on=[*key, "debit_on", "cents"])
        .unique([*key, "debit_on"], keep="first", maintain_order=True)
        .select("entry_id", document_id="documents")
        .explode("document_id")
    )
    own = state.invoices.select("document_id", cents="due")
    return found.join(own, on="document_id").select("entry_id", "document_id", "cents")


def _split_on_a_day(state: Open, key: list[str]) -> pl.DataFrame:
    """Return pulls of one day that together are one invoice, due about that day."""
    days = state.pulls.group_by(*key, "settled_on").agg(
        due=pl.col("cents").sum(), many=pl.len(), entries=pl.col("entry_id").sort()
    )
    apart = (pl.col("settled_on") - pl.col("debit_on")).dt.total_days()
    found = (
        days.filter(pl.col("many") > 1)
        .join(state.invoices, on=[*key, "due"])
        .filter(apart.is_between(EARLIEST, LATEST))
        .sort(apart.abs(), "document_id")
        .unique([*key, "settled_on"], keep="first", maintain_order=True)
        .unique("document_id", keep="first", maintain_order=True)
        .select("document_id", entry_id="entries")
        .explode("entry_id")
    )
    own = state.pulls.select("entry_id", "cents")
    return found.join(own, on="entry_id").select("entry_id", "document_id", "cents")


def _combined(state: Open, key: list[str]) -> None:
    """Match a pull with the only few invoices that add up to it, or an invoice with such pulls.

    Only what is left after all else is looked at, and of that only where the amounts could add up.
    """
    near = _near(state, key)
    for pull in _summable(near, "entry_id", "cents", "due", "settled_on"):
        own = near.filter(pl.col("entry_id") == pull).sort("days", "document_id")
        due = own.join(state.invoices, on="document_id", how="semi", maintain_order="left")
        chosen = only_sum(due["due"].to_list(), own["cents"][0])
        if chosen:
            state.take(due[list(chosen)].select("entry_id", "document_id", cents="due"), "several")
    near = near.filter(pl.col("days") <= LATEST).join(state.pulls, on="entry_id", how="semi")
    near = near.join(state.invoices, on="document_id", how="semi")
    for invoice in _summable(near, "document_id", "due", "cents", "debit_on"):
        own = near.filter(pl.col("document_id") == invoice).sort("days", "entry_id")
        parts = own.join(state.pulls, on="entry_id", how="semi", maintain_order="left")
        chosen = only_sum(parts["cents"].to_list(), own["due"][0])
        if chosen:
            state.take(parts[list(chosen)].select("entry_id", "document_id", "cents"), "part")


def _near(state: Open, key: list[str]) -> pl.DataFrame:
    """Return every pull with every open invoice of its group up to its day, nearest first.

    A group in which that would be more than can be weighed is left to a person.
    """
    sizes = [
        side.group_by(key).len(name) for side, name in ((state.pulls, "p"), (state.invoices, "i"))
    ]
    small = (
        sizes[0]
        .join(sizes[1], on=key)
        .filter(pl.col("p").cast(pl.Int64) * pl.col("i").cast(pl.Int64) <= MOST_PAIRS)
    )
    apart = (pl.col("settled_on") - pl.col("debit_on")).dt.total_days()
    return (
        state.pulls.join(small.select(key), on=key, how="semi")
        .select("entry_id", "settled_on", "cents", *key)
        .join(state.invoices.select("document_id", "debit_on", "due", *key), on=key)
        .filter(apart.is_between(EARLIEST, OLDEST))
        .with_columns(days=apart.abs())
    )


def _summable(near: pl.DataFrame, one: str, whole: str, part: str, day: str) -> list[str]:
    """Return those of the column `one`, by day, of which a few parts could come to the whole."""
    sides = near.group_by(one, day, whole).agg(
        many=pl.len().cast(pl.Int64), sum=pl.col(part).sum(), least=pl.col(part).min()
    )
    could = (pl.col("sum") >= pl.col(whole)) & (pl.col("least") < pl.col(whole))
    kept = sides.filter(could, pl.col("many").is_between(2, FEW))
    return kept.sort(day, one)[one].to_list()


def only_sum(amounts: list[int], target: int) -> tuple[int, ...] | None:
    """Return the places of two or more amounts that come to `target`, if one choice alone does.

    Choices of the same amounts count as one: the first is taken. Too many amounts give none.
    """
    if len(amounts) > FEW or sum(amounts) < target:
        return None
    found: dict[tuple[int, ...], tuple[int, ...]] = {}
    for size in range(2, len(amounts) + 1):
        for places in combinations(range(len(amounts)), size):
            chosen = tuple(sorted(amounts[place] for place in places))
            if sum(chosen) == target:
                found.setdefault(chosen, places)
                if len(found) > 1:
                    return None
    return next(iter(found.values()), None)


def _differing(state: Open, key: list[str]) -> None:
    """Match a pull of another amount with the only open invoice about its day.

    An amount that another invoice has been pulled for already is a second pull, not a wrong one.
    """
    done = (
        pl.concat(state.assigned)
        .join(state.all.select("document_id", *key), on="document_id")
        .select(*key, "cents")
        .unique()
    )
    apart = (pl.col("settled_on") - pl.col("debit_on")).dt.total_days()
    pairs = (
        state.pulls.join(done, on=[*key, "cents"], how="anti")
        .drop_nulls(key)
        .join(state.invoices, on=key, suffix="_of")
        .filter(apart.is_between(EARLIEST, LATEST))
        .filter(
            pl.col("document_id").n_unique().over("entry_id") == 1,
            pl.col("entry_id").n_unique().over("document_id") == 1,
        )
    )
    state.take(pairs.select("entry_id", "document_id", "cents"), "differs")


def _again(pulls: pl.DataFrame, invoices: pl.DataFrame, assigned: pl.DataFrame) -> pl.DataFrame:
    """Return pulls of the amount of an invoice that was pulled before (columns of `ASSIGNED`)."""
    due = invoices.join(assigned, on="document_id", how="semi").with_columns(cents="due")
    known = pl.col("ban_key").is_not_null()
    found = [
        part.join(due.drop_nulls(key), on=[key, "cents"], suffix="_of")
        for part, key in ((pulls.filter(known), "ban_key"), (pulls.filter(~known), "company"))
    ]
    apart = (pl.col("settled_on") - pl.col("debit_on")).dt.total_days()
    columns = ["entry_id", "document_id", "cents", "settled_on", "debit_on"]
    return (
        pl.concat([part.drop_nulls("debit_on").select(columns) for part in found])
        .filter(apart.is_between(EARLIEST, LATEST * 3))
        .sort("entry_id", apart.abs(), "document_id")
        .unique("entry_id", keep="first", maintain_order=True)
        .with_columns(how=pl.lit("again"))
        .select(columns_of(ASSIGNED))
    )
