"""What a pull names in its ID field or its text."""

from __future__ import annotations

import polars as pl
import pytest
from pull_worlds import entries

from invoices.bank.schema import REMITTANCES
from invoices.schema import empty
from reconcile.pulls.movements import movements, own_pulls
from reconcile.pulls.names import references
from reconcile.pulls.pull_pool import INVOICES


def named_by(**fields: str) -> list[tuple[int, str]]:
    """Return item and number of what a pull with such fields names."""
    numbers = ("1234", "12345", "23456", "34567")
    rows = [{"document_id": number, "invoice_no": number, "ban": "3"} for number in numbers]
    moves = own_pulls(movements(entries("id on amount\nE1 2026-03-20 7.00")))
    moves = moves.with_columns(pl.lit(text).alias(name) for name, text in fields.items())
    found = references(moves, empty(REMITTANCES), pl.DataFrame(rows, schema=INVOICES))
    return found.select("item", "key").sort("item").rows()


@pytest.mark.parametrize(
    ("text", "named"), [("12345", ["12345"]), ("pay 12-345.", ["12345"]), ("1234", [])]
)
def test_a_word_of_a_text_is_a_number_from_five_characters_on(text: str, named: list[str]) -> None:
    assert named_by(description=text) == [(-n, key) for n, key in enumerate(named, 1)]


def test_the_id_field_and_the_words_of_a_text_are_told_in_their_order() -> None:
    found = named_by(description="12345 and 23456", addenda="12345 34567", individual_id="1234")
    assert found == [(-3, "34567"), (-2, "23456"), (-1, "12345"), (0, "1234")]


def test_an_id_field_of_signs_names_nothing() -> None:
    assert named_by(individual_id="--") == []
