"""Form profiles are data: shipped ones parse, faults are named, rules say facts of lines."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from invoices.forms import ASKED, FormError, parse_form, shipped_forms, with_facts
from rebill.forms import form_of, workspace_forms
from rebill.settings import ConfigError, Workspace

SMALL = """
form = "mine"
title = "Mine"
[upload]
columns = [{ name = "No", field = "claim_no" }]
"""


def test_the_shipped_forms_are_the_layouts_known_of_the_trade():
    forms = shipped_forms()
    assert set(forms) == {
        *("plain", "bar_rf1461", "usoc_by_region", "jurisdiction_ban_type", "product_bill_period")
    }
    numbers = {column.name.split()[0] for column in forms["bar_rf1461"].upload.columns}
    assert {number.rstrip("AB") for number in numbers} == {str(n) for n in range(1, 21)}
    assert "region" in forms["usoc_by_region"].grouping.alike
    assert {"jurisdiction", "master_ban", "reason"} <= set(
        forms["jurisdiction_ban_type"].grouping.alike
    )
    assert {"product", "bill_period_day"} <= set(forms["product_bill_period"].grouping.alike)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("[grouping]\nalike = ['moon']", "no such key: moon"),
        ("unknown = 1", "Extra inputs"),
        ("[[fill]]\nset = { moon = 'x' }", "fill"),
        ("= 1", "Invalid"),
    ],
)
def test_a_faulty_form_is_refused_with_its_fault(more: str, said: str):
    text = SMALL + more if "[" in more else more + "\n" + SMALL
    with pytest.raises(FormError, match=said):
        parse_form(text)


@pytest.mark.parametrize(
    ("column", "said"),
    [
        ("{ name = 'A' }", "a field, or a text"),
        ("{ name = 'A', field = 'x', text = 'y' }", "a field, or a text"),
        ("{ name = 'A', field = 'x', date = '%H' }", "year, month and day"),
        ("{ name = 'No', field = 'ban' }", "columns of one name"),
    ],
)
def test_a_faulty_column_is_refused(column: str, said: str):
    with pytest.raises(FormError, match=said):
        parse_form(SMALL.replace("}]", "}, " + column + "]"))


def test_the_first_rule_that_fits_says_each_fact():
    form = parse_form(
        SMALL
        + """
[[fill]]
when = { state = "GA", ban = "40*001" }
set = { region = "South", jurisdiction = "Intra" }
[[fill]]
when = { state = "GA" }
set = { region = "Southeast", master_ban = "M1" }
[[fill]]
set = { region = "Other" }
"""
    )
    lines = pl.DataFrame(
        {
            "carrier": ["ILEC"] * 3,
            "ban": ["404R001", "404R002", "404(001"],
            "state": ["GA", "GA", None],
            **{name: [None] * 3 for name in ASKED if name not in ("carrier", "ban", "state")},
            "bill_date": [dt.date(2026, 3, 5)] * 3,
        },
        schema_overrides={name: pl.String for name in ASKED},
    )
    told = with_facts(form, lines)
    assert told["region"].to_list() == ["South", "Southeast", "Other"]
    assert told["jurisdiction"].to_list() == ["Intra", None, None]
    assert told["master_ban"].to_list() == ["M1", "M1", "404(001"]
    assert told["bill_period_day"].to_list() == ["5"] * 3


def test_a_form_of_the_workspace_is_added_or_used_instead(workspace: Workspace):
    folder = workspace.root / "forms"
    folder.mkdir()
    (folder / "a.toml").write_text(SMALL)
    (folder / "b.toml").write_text(SMALL.replace('"mine"', '"plain"'))
    forms = workspace_forms(workspace)
    assert form_of(forms, "mine").title == "Mine"
    assert form_of(forms, None).title == "Mine"
    with pytest.raises(ConfigError, match="no dispute form is called `moon`"):
        form_of(forms, "moon")
    (folder / "c.toml").write_text(SMALL)
    with pytest.raises(ConfigError, match="has the form `mine` too"):
        workspace_forms(workspace)
    (folder / "c.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="c.toml"):
        workspace_forms(workspace)
