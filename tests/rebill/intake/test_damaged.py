"""Damaged files of every format: read or refused, in time and memory, and no sum is another.

A reader is a line of `damaged_readers.READERS`. What was found once stands in `tests/data/fuzz`,
and is read always.
"""

from __future__ import annotations

import csv
import random
from collections.abc import Iterator
from decimal import Decimal

import damaged_readers
import pytest
from checkout import ROOT
from damage import damaged
from damaged_readers import BY_NAME, READERS, Outcome, Reader
from examples import few

from rebill.workspace.apart import Budget, CameToNothing, Child

FOLDER = ROOT / "tests" / "data" / "fuzz"
CASES = list(csv.DictReader((FOLDER / "cases.csv").read_text(encoding="utf-8").splitlines()))
BUDGET = Budget(10, 512)
"""What one file may take: seconds of CPU, MiB of memory."""
TOGETHER = 20
"""So many files are read by the child before it is asked again."""
NOTHING = ("refused", "told")
"""What is right of a file of which nothing is taken, or that has no sum."""
COUNT = few(20, long=1000).max_examples


@pytest.fixture(scope="module")
def child() -> Iterator[Child]:
    """A process that reads, and may die of it."""
    reads = Child({"POLARS_MAX_THREADS": "1"})
    yield reads
    reads.end()


def found_by(child: Child, name: str, start: int, count: int) -> list[str]:
    """Return what is wrong with files of these seeds; who takes too much is looked for alone."""
    found = child.do(BUDGET, damaged_readers.many, name, start, count)
    if not isinstance(found, CameToNothing):
        return [f"{name} {seed}: {words}" for seed, wrong in found for words in wrong]
    if count == 1:
        return [f"{name} {start}: {found.what}\n{found.trace}"]
    return [
        words for seed in range(start, start + count) for words in found_by(child, name, seed, 1)
    ]


def starts(name: str) -> range:
    """Return where the seeds of a run begin: always the same few, others each time when many."""
    first = 0 if COUNT <= 100 else random.SystemRandom().randrange(2**40)
    return range(first, first + COUNT, TOGETHER)


@pytest.mark.parametrize("name", BY_NAME)
def test_a_damaged_file_is_read_or_refused_and_no_sum_is_another(child: Child, name: str) -> None:
    wrong = [words for start in starts(name) for words in found_by(child, name, start, TOGETHER)]
    assert not wrong, "\n".join(wrong[:10])


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(
            case, id=case["file"], marks=pytest.mark.xfail(strict=True) if case["open"] else ()
        )
        for case in CASES
    ],
)
def test_what_was_found_once_is_right(
    child: Child, case: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    content = (FOLDER / case["file"]).read_bytes()
    assert child.do(BUDGET, damaged_readers.one, case["reader"], content) == []
    outcome = BY_NAME[case["reader"]].read(content, tmp_path_factory.mktemp("case"))
    right = [] if case["right"] in NOTHING else [Decimal(one) for one in case["right"].split()]
    assert [total for total, _ in outcome.sums] == right


def test_every_case_is_told_and_every_file_is_a_case() -> None:
    kept = {path.name for path in FOLDER.iterdir()} - {"cases.csv"}
    assert {case["file"] for case in CASES} == kept and len(CASES) == len(kept)
    assert all(case["why"] and case["right"] for case in CASES)


WITHOUT_SUMS = {
    *("x12-997", "tar", "zip", "gzip"),
    *("profile", "describe", "draft", "contracts", "rebill.toml"),
}

# --- the harness itself ---------------------------------------------------------------------------


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.name)
def test_the_files_that_are_damaged_are_read_as_they_are(reader: Reader) -> None:
    sums, totals = damaged_readers.undamaged(reader.name)
    assert bool(sums) == (reader.name not in WITHOUT_SUMS)
    assert bool(totals) == any(reader.proof(content) for content in reader.seeds())
    for content in reader.seeds():
        assert damaged_readers.one(reader.name, content) == []


def test_the_same_seed_damages_alike_and_others_otherwise() -> None:
    for reader in READERS:
        made = [damaged(seed, reader.seeds(), reader.kind) for seed in range(60)]
        assert made == [damaged(seed, reader.seeds(), reader.kind) for seed in range(60)]
        assert len(set(made)) > 40


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        (Outcome(((Decimal("1.00"), Decimal("2.00")),)), "1.00 is taken where 2.00 is printed"),
        (Outcome(((Decimal("7.77"), Decimal("7.77")),)), "7.77 is taken, and printed nowhere"),
        (Outcome(((Decimal("7.77"), None),)), "7.77 is taken beside the total of another sum"),
        (Outcome(), "nothing is taken, and nothing is said"),
        (Outcome(told=1, wrong=("odd",)), "odd"),
        (Outcome(((Decimal("33.30"), None),)), None),
        (Outcome(((Decimal("41.10"), Decimal("41.10")),)), None),
        (Outcome(told=1), None),
    ],
)
def test_what_must_not_be_is_seen(
    outcome: Outcome, said: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    proof = b"S&E\n  TOTAL                      33.30"
    reader = Reader("csr", BY_NAME["csr"].seeds, lambda *given: outcome, proof=BY_NAME["csr"].proof)
    damaged_readers.undamaged("csr")
    monkeypatch.setitem(BY_NAME, "csr", reader)
    assert damaged_readers.one("csr", proof + b"\n41.10\n") == ([said] if said else [])


def test_a_traceback_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    reader = Reader("csr", BY_NAME["csr"].seeds, lambda *given: Outcome((1 / 0,)))
    monkeypatch.setitem(BY_NAME, "csr", reader)
    assert "ZeroDivisionError" in damaged_readers.one("csr", b"")[0]
