"""Nights of any findings: which claim holds which cent, as the slow model counts them."""

from __future__ import annotations

import datetime as dt
import itertools

import polars as pl
from growth_model import CODES, REASONS, Line
from hypothesis import given, settings
from hypothesis import strategies as st

from invoices.money import from_cents
from invoices.schema import FINDINGS, seal
from rebill.disputes.assign import KEPT, Found, Terms, claim
from rebill.store.record import KEPT_FINDINGS
from reconcile.claims.growth import HELD
from reconcile.claims.moves import UNFILED

DAY = dt.date(2026, 4, 20)
BILLS = {"B3": dt.date(2026, 3, 5), "B4": dt.date(2026, 4, 5)}
DOCUMENTS = pl.DataFrame(
    [(name, None, day + dt.timedelta(90), day + dt.timedelta(89)) for name, day in BILLS.items()],
    schema={
        **dict.fromkeys(("document_id", "contract"), pl.String()),
        **dict.fromkeys(("dispute_closes_on", "file_by"), pl.Date()),
    },
    orient="row",
)
SERVICES = pl.DataFrame(schema=dict.fromkeys(("service", "state", "product"), pl.String()))
TERMS = Terms(DOCUMENTS, [], SERVICES, {})
NOTHING = pl.DataFrame(schema=KEPT_FINDINGS)


class Desk:
    """Findings, claims and their lines on record, and the model of each line."""

    def __init__(self) -> None:
        self.kept, self.claims = NOTHING, pl.DataFrame(schema=KEPT)
        self.written = pl.DataFrame(schema=HELD)
        self.lines = {f"{bill}-{n}": Line() for bill in BILLS for n in (1, 2)}
        self.waived: set[str] = set()
        self.numbers = itertools.count(1)

    def audited(self, bill: str, stakes: list[dict[str, int]]) -> None:
        """Let a bill be judged: what is at stake on each of its lines."""
        rows = []
        for n, own in enumerate(stakes, 1):
            line = f"{bill}-{n}"
            self.lines[line].stakes = own
            rows += [(f"{line}:{code}", line, code, bill, cents) for code, cents in own.items()]
        names = ["finding_id", "line_id", "code", "document_id", "cents"]
        new = pl.DataFrame(
            rows, schema={**dict.fromkeys(names, pl.String), "cents": pl.Int64}, orient="row"
        )
        new = seal(
            new.with_columns(
                amount_at_stake=from_cents(pl.col("cents")),
                reason=pl.col("code").replace_strict(REASONS, return_dtype=pl.String),
                bill_date=pl.col("document_id").replace_strict(BILLS, return_dtype=pl.Date),
                carrier=pl.lit("ILEC"),
                ban=pl.lit("1"),
            ),
            FINDINGS,
        )
        replaced = self.kept.filter(pl.col("document_id") == bill)
        self.kept = self.kept.filter(pl.col("document_id") != bill)
        self.night(new, replaced)

    def turned(self, code: str) -> None:
        """Let a kind of finding be waived, or waived no longer."""
        self.waived ^= {code}
        for line in self.lines.values():
            line.waived = self.waived
        own = pl.col("code") == code
        if code in self.waived:
            unfiled = self.claims.filter(pl.col("status").is_in(UNFILED))["claim_no"]
            turned = self.kept.filter(own, pl.col("claim_no").is_in(unfiled.implode()))
        else:
            turned = self.kept.filter(own, pl.col("claim_no").is_null())
        self.kept = self.kept.join(turned, on="finding_id", how="anti")
        out = turned if code in self.waived else NOTHING
        self.night(turned.select(FINDINGS.names()), out)

    def night(self, new: pl.DataFrame, replaced: pl.DataFrame) -> None:
        aside = pl.col("code").is_in(list(self.waived))
        numbers = self.claims.filter(pl.col("status").is_in(UNFILED))["claim_no"]
        unfiled = pl.col("claim_no").is_in(numbers.implode()).fill_null(value=False)
        found = Found(
            new.filter(~aside),
            new.filter(aside),
            replaced,
            self.kept.filter(unfiled),
            self.kept.filter(~unfiled).with_columns(wanted=~aside),
            self.written,
        )
        told = claim(
            found, self.claims, TERMS, DAY,
            lambda count: [f"N{next(self.numbers):03d}" for _ in range(count)],
        )  # fmt: skip
        rest = self.kept.join(told.moved, on="finding_id", how="anti")
        self.kept = pl.concat([rest, told.findings, told.unclaimed, told.moved])
        rest = self.claims.join(told.claims, on="claim_no", how="anti")
        self.claims = pl.concat([rest, told.claims]).sort("claim_no")

    def held(self) -> pl.DataFrame:
        """Return what each unfiled claim holds (`HELD`)."""
        unfiled = self.claims.filter(pl.col("status").is_in(UNFILED))
        amount = pl.coalesce("in_claim", "amount_at_stake")
        rows = self.kept.join(unfiled.select("claim_no"), on="claim_no")
        return seal(rows.with_columns(amount=amount), HELD)

    def filed(self, nth: int) -> None:
        """Let a claim leave our hands."""
        unfiled = self.claims.filter(pl.col("status").is_in(UNFILED))
        if unfiled.is_empty():
            return
        one = unfiled.row(nth % unfiled.height, named=True)
        own = pl.col("claim_no") == one["claim_no"]
        self.written = pl.concat([self.written, self.held().filter(own)])
        status = pl.when(own).then(pl.lit("submitted")).otherwise("status")
        self.claims = self.claims.with_columns(status=status)
        for name, line in self.lines.items():
            if f"2026-{int(name[1]):02d}" == one["bill_month"]:
                line.file(one["reason"])

    def agrees(self) -> None:
        """Assert that claims hold what the model says, and are what they hold."""
        held = self.held()
        found = {name: {} for name in self.lines}
        for name, line, amount in held.select("finding_id", "line_id", "amount").iter_rows():
            found[line][name.partition(":")[2]] = int(amount * 100)
        assert found == {name: line.unfiled() for name, line in self.lines.items()}
        sums = pl.concat([held, self.written]).group_by("claim_no").agg(pl.col("amount").sum())
        claims = self.claims.filter(pl.col("amount") > 0).select("claim_no", "amount")
        assert claims.equals(sums.sort("claim_no").select(claims.columns))
        for name, line in self.lines.items():
            own = self.written.filter(pl.col("line_id") == name)["amount"].sum()
            assert int(own * 100) == sum(line.held().values())
        # A finding names a claim wherever one holds some of it.
        holders = pl.concat([held, self.written]).select("finding_id").unique()
        unnamed = self.kept.filter(pl.col("claim_no").is_null())
        assert unnamed.join(holders, on="finding_id", how="semi").is_empty()


STAKES = st.dictionaries(st.sampled_from(CODES), st.integers(1, 9), max_size=3)
AUDITED = st.tuples(st.just("audited"), st.sampled_from(sorted(BILLS)), st.tuples(STAKES, STAKES))
FILED = st.tuples(st.just("filed"), st.integers(0, 5))
TURNED = st.tuples(st.just("turned"), st.sampled_from(CODES))
ROUNDS = st.tuples(AUDITED, FILED, TURNED, AUDITED, FILED | TURNED, TURNED)
"""A bill is judged, a claim filed, a kind of finding waived, all of it again and again."""


@settings(max_examples=15)
@given(rounds=st.lists(ROUNDS, min_size=1, max_size=3))
def test_each_cent_at_stake_is_in_one_claim_whatever_happens(
    rounds: list[tuple[tuple[str, str] | tuple[str, int], ...]],
) -> None:
    desk = Desk()
    for word, *how in itertools.chain(*rounds):
        getattr(desk, word)(*how)
        desk.agrees()


@settings(max_examples=15)
@given(
    before=st.tuples(STAKES, STAKES),
    between=st.lists(st.tuples(STAKES, STAKES), max_size=4),
    after=st.tuples(STAKES, STAKES),
    filed=st.integers(0, 3),
)
def test_what_is_told_in_one_night_or_in_several_is_the_same(
    before: tuple[dict[str, int], ...],
    between: list[tuple[dict[str, int], ...]],
    after: tuple[dict[str, int], ...],
    filed: int,
) -> None:
    desks = []
    for nights in ([after], [*between, after], [after, after]):
        desk = Desk()
        desk.audited("B3", list(before))
        for nth in range(filed):
            desk.filed(nth)
        for stakes in nights:
            desk.audited("B3", list(stakes))
        desks.append(desk)
    one, *others = [desk.held().drop("claim_no").sort("finding_id") for desk in desks]
    for other in others:
        assert other.equals(one)


def test_what_a_waiver_kept_back_is_claimed_when_it_ends() -> None:
    desk = Desk()
    desk.audited("B3", [{"rate_above_contract": 3}, {}])
    desk.filed(0)
    desk.turned("rate_above_contract")
    desk.audited("B3", [{"rate_above_contract": 8}, {}])
    assert desk.held().is_empty()
    desk.turned("rate_above_contract")
    desk.agrees()
    assert [int(amount * 100) for amount in desk.held()["amount"]] == [5]


def test_a_finding_that_is_claimed_again_takes_what_was_held_for_another() -> None:
    desk = Desk()
    desk.audited("B3", [{"charged_twice": 3}, {}])
    desk.filed(0)
    desk.turned("billed_after_disconnect")
    desk.audited("B3", [{"billed_after_disconnect": 5, "extension_wrong": 5}, {}])
    assert [int(amount * 100) for amount in desk.held()["amount"]] == [2]
    desk.turned("billed_after_disconnect")
    desk.agrees()
    held = desk.held().sort("finding_id").select("finding_id", "amount").iter_rows()
    assert [(name.partition(":")[2], int(amount * 100)) for name, amount in held] == [
        ("billed_after_disconnect", 2),
        ("extension_wrong", 5),
    ]
