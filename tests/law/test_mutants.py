"""The mutation run makes each boundary, sign and step of one wrong, once, and nothing else."""

from __future__ import annotations

import ast

import pytest
from mutants import mutants


@pytest.mark.parametrize(
    ("source", "wrong"),
    [
        ("a < b", ["a <= b"]),
        ("a <= b", ["a < b"]),
        ("a > b >= c", ["a >= b >= c", "a > b > c"]),
        ("a == b", ["a != b"]),
        ("a + b", ["a - b"]),
        ("a - 1", ["a + 1", "a"]),
        ("-a", ["a"]),
        ("f(x + 1) <= y", ["f(x + 1) < y", "f(x - 1) <= y", "f(x) <= y"]),
        ("a in b", []),
        ("'a' + b", []),
        ("a * b", []),
    ],
)
def test_one_place_is_made_wrong_at_a_time(source: str, wrong: list[str]):
    made = [ast.unparse(ast.parse(mutant.source)) for mutant in mutants(source)]
    assert made == wrong


def test_what_stands_around_a_place_stays_as_it_was():
    source = '"""Page – of text."""\nx = [  # one\n    "ü", a <\n    b,\n]\n'
    (mutant,) = mutants(source)
    assert (mutant.line, mutant.before, mutant.after) == (3, "a < b", "a <= b")
    assert mutant.source == source.replace("a <\n    b", "(a <= b)")
