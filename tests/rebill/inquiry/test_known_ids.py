"""Who acts on a thing acts on the one that is meant, or is told which it may be."""

from __future__ import annotations

import nights
import polars as pl
import pytest

from rebill.inquiry import known_ids
from rebill.inquiry.found.spelling import LONGEST, ids_meant
from rebill.store.record import reading
from rebill.workspace.settings import ConfigError, Workspace

THERE = "D-000012 D-000102 S-12 ACME-2026-000001 ACME-2026-000021 0012 12 INV-0012 INV-12 1-12 x_1"
MEANT = """
    D-000012            D-000012
    d-12                D-000012
    d12                 D-000012
    D 0012              D-000012
    (d.00012)           D-000012
    s-012               S-12
    acme-2026-1         ACME-2026-000001
    Acme 2026/021       ACME-2026-000021
    acme20261
    acme-20260-1
    12                  12
    0012                0012
    012                 0012 12
    inv-0012            INV-0012
    INV12               INV-12
    inv-012             INV-0012 INV-12
    1/12                1-12
    112
    X_1                 x_1
    d-13
    -
"""
"""What is typed, and what it may mean of those that are there; the cases are told apart by zeros
and by the dash between two numbers."""


def test_what_is_spelt_exactly_is_meant_before_what_is_spelt_alike() -> None:
    names = pl.DataFrame({"spelling": THERE.split(), "id": THERE.split()})
    for row in MEANT.strip("\n").splitlines():
        typed, _, wanted = row.strip().partition("  ")
        assert ids_meant([typed], names) == {typed: wanted.split()}, typed


def test_no_text_breaks_it_and_a_long_one_names_nothing() -> None:
    names = pl.DataFrame({"spelling": ["a" * (LONGEST + 1), "\ufffd"], "id": ["1", "2"]})
    typed = ["", "\0", "\ud800", "(a+)+$", "a" * (LONGEST + 1), "٣-٣", "%", "ß"]
    assert not any(ids_meant(typed, names).values())
    assert ids_meant([], names) == {} == ids_meant([], names.clear())


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A house with the carrier invoices 0012 and 12, and a line on which two things are wrong."""
    workspace = nights.small(tmp_path_factory.mktemp("known") / "w")
    odd = "1FB 6145559999 22.00 22.00"
    bills = [("feb.csv", nights.bill(2, nights.USUAL, number="0012"))]
    bills += [("mar.csv", nights.bill(3, odd, number="12"))]
    nights.put(workspace, bills)
    nights.night(workspace, "2026-03-31")
    return workspace


def test_an_invoice_number_means_its_document_whatever_others_are_but_for_zeros(
    house: Workspace,
) -> None:
    with reading(house) as record:
        of = dict(record.documents().select("invoice_no", "document_id").iter_rows())
        for number, document in of.items():
            assert known_ids.documents(record, [number]) == [document]
            assert known_ids.documents(record, [document.upper(), number]) == [document]
        with pytest.raises(ConfigError, match="012 may be .+, ") as refused:
            known_ids.documents(record, ["012"])
        assert all(document in str(refused.value) for document in of.values())


def test_a_finding_is_named_by_its_line_where_that_has_no_other(house: Workspace) -> None:
    with reading(house) as record:
        found = record.findings().select("line_id", "finding_id").drop_nulls().collect()
        for (line,), own in found.group_by("line_id"):
            padded = str(line).upper().replace("-", "-00")
            if own.height == 1:
                assert known_ids.findings(record, [padded]) == own["finding_id"].to_list()
                continue
            with pytest.raises(ConfigError, match="may be"):
                known_ids.findings(record, [padded])
        assert found.height > found["line_id"].n_unique() > 0


@pytest.mark.parametrize("typed", ["x" * 10_000, "\x1b[2J\x1b]0;x\x07", "\udcff", ""])
def test_what_is_typed_is_told_back_on_one_line_of_a_terminal(house: Workspace, typed: str) -> None:
    kinds = (known_ids.claims, known_ids.invoices, known_ids.documents, known_ids.findings)
    with reading(house) as record:
        for ids in kinds:
            with pytest.raises(ConfigError) as refused:
                ids(record, [typed])
            assert str(refused.value).isprintable() and len(str(refused.value)) < 300
        with pytest.raises(ConfigError):
            known_ids.line(record, typed)
