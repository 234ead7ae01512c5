"""The law of the house holds: imports run down, pure rooms are pure, money is never a float."""

from __future__ import annotations

import re
import subprocess
import tomllib

import house
import pytest
from checkout import ROOT
from house import Module

ALLOWED: dict[str, str] = {
    "migrations/versions/0001_first_shape.py long_functions": "what has run is left as it ran",
}
"""Exceptions: path and rule, such as `reconcile/x.py floats`, and why it is one."""


MODULES = house.modules(ROOT, *house.ROOMS)
SUITE = house.modules(ROOT, "tests")


def tracked() -> list[str]:
    """Return the paths under version control, or those of an unpacked archive."""
    if (ROOT / ".git").exists():
        listing = subprocess.run(
            ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
        )
        return [name for name in listing.stdout.split("\0") if name and (ROOT / name).is_file()]
    hidden = re.compile(r"(^|/)(\.venv|\.demo|\.\w+_cache|__pycache__|build|[^/]*\.egg-info)(/|$)")
    paths = (path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*") if path.is_file())
    return [path for path in paths if not hidden.search(path)]


@pytest.mark.parametrize("rule", house.RULES, ids=lambda rule: rule.__name__)
def test_every_module_keeps_the_rule(rule):
    broken = [
        sentence
        for each in MODULES
        if f"{each.path} {rule.__name__}" not in ALLOWED
        for sentence in rule(each)
    ]
    assert not broken, "\n" + "\n".join(broken)


def test_there_is_a_house_to_look_at():
    seen = {each.room for each in MODULES}
    assert seen == set(house.ROOMS)
    names = {each.name for each in MODULES}
    for named in (house.PURE, house.CLOCK_MODULES, house.MONEY, house.CHANCES):
        assert not set(named) - names, "a rule names what is not there"
    assert sum(house.is_money(each) for each in MODULES) >= 10
    assert sum(each.pure for each in MODULES) >= 20
    assert len(SUITE) >= 10


def test_every_exception_is_still_needed():
    rules = {rule.__name__: rule for rule in house.RULES}
    for key in ALLOWED:
        path, name = key.split(" ")
        assert any(rules[name](each) for each in MODULES if each.path == path), key


def test_the_tests_keep_to_a_page_too():
    broken = [s for each in SUITE for s in (*house.long_text(each), *house.long_functions(each))]
    assert not broken, "\n" + "\n".join(broken)


@pytest.mark.parametrize("room", [*house.ROOMS, "tests"])
def test_every_room_has_a_page_that_says_what_it_owns(room):
    page = (ROOT / room / "README.md").read_text("utf-8")
    assert re.match(rf"# `?{room}`?\b", page)
    assert 15 <= len(page.splitlines()) <= 80
    if room not in {"migrations", "tests"}:
        assert "does not own" in page.lower()


def test_no_tracked_file_names_what_has_no_place_in_it():
    names = tracked()
    assert len(names) >= 40
    broken = []
    for name in names:
        body = (ROOT / name).read_bytes()
        if b"\0" not in body:
            broken += house.forbidden(name, body.decode("utf-8", "replace"))
    assert not broken, "\n" + "\n".join(broken)


def test_the_types_of_every_room_are_checked():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    assert set(project["tool"]["mypy"]["files"]) >= set(house.ROOMS)


def test_every_package_is_pinned_with_its_hashes():
    for name in ("requirements.txt", "requirements-bench.txt"):
        blocks = re.split(r"\n(?=\S)", (ROOT / name).read_text("utf-8").strip())
        assert len(blocks) >= 4
        for block in blocks:
            assert re.match(r"[a-z0-9-]+(\[\w+\])?==[\w.]+ ", block), block
            assert "--hash=sha256:" in block, block


# Each rule is shown a piece of text that breaks it, and its harmless twin.
BREAKS = [
    (house.import_law, "invoices.x", "import rebill.store"),
    (house.import_law, "invoices.x", "from usoc_catalog import codes"),
    (house.import_law, "usoc_catalog.x", "def f():\n    from invoices.money import cents"),
    (house.import_law, "reconcile.x", "from rebill.pricing.rate import rate"),
    (house.import_law, "reconcile.x", "import tests.support.nights"),
    (house.pure_imports, "invoices.x", "import os"),
    (house.pure_imports, "invoices.x", "import os.path as p"),
    (house.pure_imports, "reconcile.x", "from pathlib import Path"),
    (house.pure_imports, "reconcile.x", "import random, re"),
    (house.pure_imports, "usoc_catalog.x", "import importlib"),
    (house.pure_imports, "rebill.pricing.rate", "import sqlalchemy as sa"),
    (house.pure_imports, "rebill.run.plan", "from rebill import store"),
    (house.pure_imports, "rebill.run.plan", "from ..store import models"),
    (house.pure_imports, "reconcile.x", "def f():\n    import time"),
    (house.pure_calls, "invoices.x", "text = open('f').read()"),
    (house.pure_calls, "invoices.x", "io.open('f')"),
    (house.pure_calls, "reconcile.x", "print(1)"),
    (house.pure_calls, "reconcile.x", "dt.date.today()"),
    (house.pure_calls, "reconcile.x", "dt.datetime.now(dt.UTC)"),
    (house.pure_calls, "reconcile.x", "pl.read_csv('rates.csv')"),
    (house.pure_calls, "reconcile.x", "pl.scan_parquet(path)"),
    (house.pure_calls, "reconcile.x", "from polars import read_lines\nread_lines(path)"),
    (house.pure_calls, "reconcile.x", "a = f.read_bytes()\na = 'x'\npl.read_csv(a)"),
    (house.pure_calls, "rebill.pricing.rate", "frame.sink_parquet(path)"),
    (house.pure_calls, "rebill.pricing.rate", "frame.write_csv(file=path)"),
    (house.pure_calls, "rebill.pricing.rate", "frame.write_csv(**options)"),
    (house.clock, "rebill.store.models", "stamp = datetime.utcnow()"),
    (house.clock, "rebill.cli.night", "stamp = datetime.now(UTC)"),
    (house.clock, "rebill.store.models", "import time\nstamp = time.time()"),
    (house.clock, "rebill.store.models", "from time import time\nstamp = time()"),
    (house.floats, "reconcile.x", "rate = 0.5"),
    (house.floats, "reconcile.x", "rate = float(text)"),
    (house.floats, "reconcile.x", "column.cast(pl.Float64)"),
    (house.floats, "rebill.pricing.rate", "pl.col('amount').mean()"),
    (house.long_functions, "rebill.x", "def f():\n" + "    x = 1\n" * house.FUNCTION_LINES),
    (house.long_text, "rebill.x", "x = 1\n" * (house.FILE_LINES + 1)),
    (house.long_text, "rebill.x", "#" * (house.COLUMNS + 1)),
    (house.long_text, "rebill.x", '"""\n' + "-" * 101 + '\n"""'),
    (house.printed_as_it_is, "rebill.x", "print(f'{name}: {words}')"),
    (house.printed_as_it_is, "rebill.x", "print(as_words(told), file=sys.stderr)"),
    (house.undocumented, "rebill.x", "x = 1"),
    (house.undocumented, "rebill.x", '"""A page."""\ndef f(): pass'),
    (house.undocumented, "rebill.x", '"""A page."""\nclass C:\n    """no sentence"""'),
]
HARMLESS = [
    (house.import_law, "reconcile.x", "from invoices import money\nimport usoc_catalog.codes"),
    (house.import_law, "rebill.x", "from reconcile.audit import audit\nimport os"),
    (house.pure_imports, "reconcile.x", "import re, polars as pl\nfrom . import schema"),
    (
        house.pure_imports,
        "rebill.pricing.rate",
        "from rebill.run import plan\nfrom .markups import x",
    ),
    (house.pure_imports, "usoc_catalog.x", "from importlib.resources import files"),
    (house.pure_imports, "rebill.cli.main", "import os, sqlalchemy"),
    (house.pure_calls, "usoc_catalog.x", "pl.read_csv(files('a').joinpath('b').read_bytes())"),
    (house.pure_calls, "invoices.x", "def f(rows): return read_lines(rows)"),
    (house.pure_calls, "invoices.x", "text = frame.write_csv(separator=';')"),
    (house.pure_calls, "rebill.cli.main", "print(open('f').read(), date.today())"),
    (house.pure_calls, "usoc_catalog.x", "data = f.read_bytes()\nframe = pl.read_csv(data)"),
    (house.clock, "rebill.cli.base", "stamp = datetime.now(UTC)"),
    (house.clock, "rebill.x", "def f(now): return now(), dt.time(12)"),
    (house.floats, "reconcile.x", "rate = Decimal('0.5') + column.sum()"),
    (house.floats, "reconcile.cash.beta", "chance = 0.5"),
    (house.floats, "rebill.cli.main", "seconds = 0.5"),
    (house.long_functions, "rebill.x", "def f():\n" + "    x = 1\n" * (house.FUNCTION_LINES - 1)),
    (house.long_text, "rebill.x", "x = 1\n" * house.FILE_LINES),
    (house.long_text, "tests.x", '"""\n' + "-" * 101 + '\n"""'),
    (house.printed_as_it_is, "rebill.x", "print()\nprint(dumps(told, indent=1))\nsay(words)"),
    (house.undocumented, "rebill.x", '"""A page."""\ndef f():\n    """Return one."""'),
]


def broken_by(rule, name: str, text: str) -> list[str]:
    """Return what the rule says of a module of that name and text."""
    return rule(Module(name, name.replace(".", "/") + ".py", text))


@pytest.mark.parametrize(("rule", "name", "text"), BREAKS)
def test_the_rule_sees_what_breaks_it(rule, name, text):
    assert broken_by(rule, name, text)


@pytest.mark.parametrize(("rule", "name", "text"), HARMLESS)
def test_the_rule_lets_the_harmless_pass(rule, name, text):
    assert not broken_by(rule, name, text)


@pytest.mark.parametrize(
    "text",
    [
        "pip install --index-" + "url x",
        "see https://py" + "pi.org/simple",
        "PATH=/ro" + "ot/.pyenv/bin",
        "# TO" + "DO later",
        "closes issue " + "#12",
        "written by Clau" + "de",
    ],
)
def test_a_forbidden_word_is_seen(text):
    assert house.forbidden("some/file", text)


def test_harmless_words_are_no_forbidden_ones():
    assert not house.forbidden("f", "the agent issues two bills; $HOME/opt/x ./work/a ~/home/b")
