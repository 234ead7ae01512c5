"""What the bank says, once: whichever sources tell of a movement, and in whatever order."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from random import Random

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pull_worlds import banked, codes, debits, entries

from reconcile.pulls.movements import movements, own_pulls, repeated_traces, returned

day = dt.date.fromisoformat
T1, T2 = "091000010000001", "091000010000002"
DUE = "document ban debit_on amount\nF100 305R0001 2026-03-25 100.00"


def repeats(table: str) -> list[tuple[str, str]]:
    """Return which debit bears the trace of which, as the table's ids."""
    return repeated_traces(movements(entries(table))).select("entry_id", "of").rows()


# Two debits bear one trace; two days and three sources tell of them, each of one or of both.
FIRST = {
    "nacha": f"N1 2026-03-25 100.00 nacha A {T1}",
    "bai2": f"B1 2026-03-25 100.00 bai2 - {T1}",
    "csv": f"C1 2026-03-25 100.00 csv A {T1}",
}
SECOND = {
    "nacha": f"N2 2026-03-27 100.00 nacha A {T1}",
    "bai2": f"B2 2026-03-27 100.00 bai2 - {T1}",
    "csv": f"C2 2026-03-27 100.00 csv A {T1}",
}
MIXES = [("nacha",), ("bai2",), ("csv",), ("nacha", "bai2"), ("nacha", "csv"), ("bai2", "csv")]
MIXES.append(("nacha", "bai2", "csv"))


@pytest.mark.parametrize("second", MIXES, ids="+".join)
@pytest.mark.parametrize("first", MIXES, ids="+".join)
def test_a_repeated_trace_stays_whichever_sources_tell_of_the_two_debits(
    first: tuple[str, ...], second: tuple[str, ...]
) -> None:
    rows = [FIRST[name] for name in first] + [SECOND[name] for name in second]
    for lines in (rows, rows[::-1]):
        table = "\n".join(["id on amount source company trace", *lines])
        found, events = banked(debits(DUE), entries(table))
        assert own_pulls(found.moves).height == 2
        told = events.filter(pl.col("code") == "repeated_trace")
        assert told.select("settled_on", "suggested_return", "send_by").rows() == [
            (day("2026-03-27"), "R29", day("2026-03-30"))
        ]
        assert told["message"].to_list() == [f"trace {T1} settled on 2026-03-25 before, for 100.00"]


@pytest.mark.parametrize("mix", MIXES, ids="+".join)
def test_one_trace_told_of_one_day_by_several_sources_is_one_pull(mix: tuple[str, ...]) -> None:
    rows = "\n".join(["id on amount source company trace", *(FIRST[name] for name in mix)])
    found, events = banked(debits(DUE), entries(rows))
    assert own_pulls(found.moves).height == 1 and events.is_empty()


def test_what_one_source_leaves_out_another_says() -> None:
    """The report has no trace and no originator, the statement both: one debit, told together."""
    table = f"""
        id on         amount source kind  company trace individual_id
        B1 2026-03-25 100.00 bai2   entry -       -     -
        C1 2026-03-25 100.00 csv    entry A       {T1}  F100
        """
    (own,) = own_pulls(movements(entries(table))).to_dicts()
    assert (own["entry_id"], own["trace"], own["company"]) == ("B1", T1, "234567890")
    assert own["individual_id"] == "F100"
    again = f"{table}C2 2026-03-27 100.00 csv entry A {T1} -"
    assert repeats(again) == [("C2", "B1")]


def test_a_trace_of_zeros_says_nothing() -> None:
    table = f"""
        id on         amount source kind  company trace
        B1 2026-03-25 100.00 bai2   entry A       {"0" * 15}
        C1 2026-03-25 100.00 csv    entry A       {T1}
        """
    (own,) = own_pulls(movements(entries(table))).to_dicts()
    assert (own["entry_id"], own["trace"]) == ("B1", T1)


def test_a_movement_that_a_statement_knows_for_an_ach_entry_is_one() -> None:
    table = f"""
        id on         amount source kind  company trace
        B1 2026-03-25 100.00 bai2   other -       -
        C1 2026-03-25 100.00 csv    entry -       {T1}
        B2 2026-03-27 100.00 bai2   other -       -
        C2 2026-03-27 100.00 csv    entry -       {T1}
        """
    assert repeats(table) == [("B2", "B1")]


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        # Two rows of one source on one day are two debits, of two sources one.
        (f"C1 2026-03-25 100.00 csv A {T1}\nC2 2026-03-25 100.00 csv A {T1}", [("C2", "C1")]),
        (
            f"C1 2026-03-25 100.00 csv A {T1}\nC2 2026-03-25 100.00 csv A {T1}\n"
            f"B1 2026-03-25 100.00 bai2 A {T1}",
            [("C2", "B1")],
        ),
        # Two sources that disagree on the amount of a day accuse nobody.
        (f"N1 2026-03-25 100.00 nacha A {T1}\nC1 2026-03-25 99.00 csv A {T1}", []),
        (f"N1 2026-03-25 100.00 nacha A {T1}\nC1 2026-03-26 99.00 csv A {T1}", [("C1", "N1")]),
        # Another originator, another trace, no trace.
        (f"N1 2026-03-25 100.00 nacha A {T1}\nN2 2026-03-27 100.00 nacha B {T1}", []),
        (f"N1 2026-03-25 100.00 nacha A {T1}\nC2 2026-03-27 100.00 csv A {T2}", []),
        (f"N1 2026-03-25 100.00 nacha A {'0' * 15}\nN2 2026-03-27 100.00 nacha A {'0' * 15}", []),
        # Where one does not name its originator the trace alone speaks.
        (f"N1 2026-03-25 100.00 nacha A {T1}\nC2 2026-03-27 100.00 csv - {T1}", [("C2", "N1")]),
        (f"C1 2026-03-25 100.00 csv - {T1}\nN2 2026-03-27 100.00 nacha A {T1}", [("N2", "C1")]),
        (
            f"N1 2026-03-25 1.00 nacha A {T1}\nN2 2026-03-26 1.00 nacha B {T1}\n"
            f"N3 2026-03-27 1.00 nacha B {T1}",
            [("N3", "N2")],
        ),
    ],
)
def test_whose_trace_it_was_before(rows: str, found: list[tuple[str, str]]) -> None:
    assert repeats(f"id on amount source company trace\n{rows}") == found


def test_a_return_finds_the_debit_whose_trace_only_the_statement_knows() -> None:
    table = f"""
        id on         amount source kind   company trace           original_trace code
        B1 2026-03-25 100.00 bai2   entry  -       -               -              -
        C1 2026-03-25 100.00 csv    entry  A       {T1}            -              -
        R1 2026-03-26 100.00 nacha  return A       076401250000001 {T1}           R29
        """
    found, events = banked(debits(DUE), entries(table))
    assert found.states["status"].to_list() == ["returned"]
    assert codes(events) == [("pull_returned", "R29", "R1")]


@pytest.mark.parametrize(
    ("on", "of"), [("2026-03-24", None), ("2026-03-25", "N1"), ("2026-03-26", "N1")]
)
@pytest.mark.parametrize("trace", ["-", T1])
def test_a_return_undoes_a_debit_of_its_day_or_before(on: str, of: str | None, trace: str) -> None:
    table = f"""
        id on         amount kind   company trace original_trace
        N1 2026-03-25 100.00 entry  A       {T1}  -
        R1 {on}       100.00 return A       {T2}  {trace}
        """
    assert returned(movements(entries(table))).select("entry_id", "of").rows() == [("R1", of)]


def test_a_return_undoes_the_last_debit_of_its_originator() -> None:
    table = """
        id on         amount kind   source company
        B1 2026-03-25 100.00 entry  bai2   A
        B2 2026-03-26 100.00 entry  bai2   A
        B3 2026-03-27 100.00 entry  bai2   B
        R1 2026-03-27 100.00 return bai2   A
        """
    assert returned(movements(entries(table)))["of"].to_list() == ["B2"]


@pytest.mark.parametrize(
    ("row", "pulls"),
    [
        ("N1 2026-03-25 0.01 entry debit", 1),
        # A trial without money, and money that comes in, are no pulls.
        ("N1 2026-03-25 0.00 entry debit", 0),
        ("N1 2026-03-25 0.01 entry credit", 0),
        ("N1 2026-03-25 0.01 return debit", 0),
        ("N1 2026-03-25 0.01 change debit", 0),
        ("N1 2026-03-25 0.01 other debit", 1),
    ],
)
def test_a_pull_is_a_debit_that_took_something(row: str, pulls: int) -> None:
    moves = movements(entries(f"id on amount kind direction\n{row}"))
    assert own_pulls(moves).height == pulls


@pytest.mark.parametrize(
    ("source", "kind", "same"),
    [
        ("bai2", "entry", "N1"),
        # A report knows of which kind a movement is; a statement may not.
        ("bai2", "other", None),
        ("csv", "entry", "N1"),
        ("csv", "other", "N1"),
    ],
)
def test_a_movement_of_another_kind_is_not_in_a_file_of_entries(
    source: str, kind: str, same: str | None
) -> None:
    table = f"""
        id on         amount source   kind   company
        N1 2026-03-25 100.00 nacha    entry  A
        X1 2026-03-25 100.00 {source} {kind} -
        """
    found = dict(movements(entries(table)).select("entry_id", "same_as").iter_rows())
    assert found == {"N1": None, "X1": same}


def test_a_report_that_names_nobody_is_not_taken_for_a_check() -> None:
    table = """
        id on         amount source kind  company
        B1 2026-03-25 100.00 bai2   other -
        C1 2026-03-25 100.00 csv    entry A
        """
    assert movements(entries(table))["same_as"].to_list() == [None, None]


@dataclass(frozen=True)
class Debit:
    """A debit as it happened, and the sources that tell of it: [source, names it, its trace]."""

    number: int
    on: dt.date
    trace: str
    company: str
    told: list[tuple[str, bool, bool]]

    def rows(self) -> list[str]:
        """Return it as its sources tell it: a Nacha file says all, the others perhaps not."""
        return [
            f"{source}{self.number} {self.on} {100 + self.number}.00 {source}"
            f" {self.company if names else '-'} {self.trace if traces else '-'}"
            for source, names, traces in self.told
        ]

    def entry(self) -> str:
        """Return the entry of the finest source that tells of it."""
        fine = min((name for name, _, _ in self.told), key=["nacha", "bai2", "csv"].index)
        return f"{fine}{self.number}"

    def tracers(self) -> set[str]:
        """Return the sources that give its trace."""
        return {source for source, _, traces in self.told if traces}

    def repeats(self, other: Debit) -> bool:
        """Whether it bears the trace of another that came before."""
        named = all(any(names for _, names, _ in debit.told) for debit in (self, other))
        if self.trace != other.trace or (named and self.company != other.company):
            return False
        if self.on == other.on:
            return bool(self.tracers() & other.tracers()) and other.entry() < self.entry()
        return bool(self.tracers() and other.tracers()) and other.on < self.on


@st.composite
def happened(draw: st.DrawFn) -> list[Debit]:
    """A few debits of which each is told by some source; no two of a day take the same amount."""
    found = []
    for number in range(draw(st.integers(0, 7))):
        sources = st.lists(st.sampled_from(["nacha", "bai2", "csv"]), unique=True, min_size=1)
        said = [
            (name, name == "nacha" or draw(st.booleans()), name == "nacha" or draw(st.booleans()))
            for name in draw(sources)
        ]
        on = day("2026-03-02") + dt.timedelta(draw(st.integers(0, 4)))
        trace, company = draw(st.sampled_from([T1, T2])), draw(st.sampled_from("AB"))
        found.append(Debit(number, on, trace, company, said))
    return found


@given(happened(), st.randoms(use_true_random=False))
def test_any_mix_of_sources_tells_the_same_story(told: list[Debit], random: Random) -> None:
    rows = [row for debit in told for row in debit.rows()]
    random.shuffle(rows)
    moves = movements(entries("\n".join(["id on amount source company trace", *rows])))
    assert set(own_pulls(moves)["entry_id"]) == {debit.entry() for debit in told}
    again = {one.entry() for one in told if any(one.repeats(other) for other in told)}
    assert set(repeated_traces(moves)["entry_id"]) == again
