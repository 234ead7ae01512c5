"""Settings that are not what is wanted: each fault once, in words, with its line."""

from __future__ import annotations

import pytest

from invoices.carrier import ProfileError, parse_profile
from invoices.setting_faults import close, each_once
from invoices.toml_text import Told

HEAD = 'profile = "north"\nformat = "flat"\n'
PART = """[[flat.part]]
name = "lines"
charge_class = "recurring"
[flat.part.fields]
ban = "A"
invoice_no = "I"
bill_date = "B"
amount = "M"
"""


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            HEAD + '[flat]\ndelimeter = ";"\n' + PART,
            'line 4: [flat] has no setting "delimeter"; did you mean "delimiter"?',
        ),
        (
            HEAD + '[flat]\nencoding = "cp1252"\n' + PART,
            'line 4: [flat] has no setting "encoding"; it stands at the top, above the first'
            " [table]",
        ),
        (
            HEAD + 'delimiter = ";"\n' + PART,
            'line 3: the file has no setting "delimiter"; it belongs below [flat]',
        ),
        (
            HEAD + PART + 'quantitiy = "Q"\n',
            'line 11: [flat.part.fields] has no setting "quantitiy"; did you mean "quantity"?',
        ),
        (
            HEAD + PART.replace('"M"', "5"),
            "line 10: [flat.part.fields] amount is 5; it must be the name of a column in quotes,"
            ' such as "Amount"',
        ),
        (
            HEAD + PART.replace('"A"', '{ colum = "A" }'),
            'line 7: [flat.part.fields.ban] has no setting "colum"; did you mean "column"?',
        ),
        (
            HEAD + 'accounts = "305*"\n' + PART,
            'line 3: accounts is "305*"; it must be a list, such as ["305*"]',
        ),
        (
            HEAD + PART + '[[flat.part]]\nname = "x"\nrole = "total"\n',
            'line 13: [flat.part] role is "total"; it must be "lines", "totals" or "aside";'
            ' did you mean "totals"?',
        ),
        (
            HEAD + "[flat.part]\n",
            "line 3: [flat] part is a table; it must be a list; write [[flat.part]]",
        ),
        (
            HEAD + '[flat]\ndates = "%m/%d/%Y"\n' + PART,
            'line 4: [flat] dates is "%m/%d/%Y"; it must be a list, such as ["%m/%d/%Y"]',
        ),
        (
            HEAD + "[[limits]]\nrecord_bytes = 5\n" + PART,
            "line 3: limits is a list of 1; it must be one table; write [limits]",
        ),
        # What only follows is not said: a list that lacks its misnamed or faulty parts.
        (
            HEAD + PART.replace("flat.part", "flat.parts"),
            'line 3: [flat] has no setting "parts"; did you mean "part"?',
        ),
        (
            HEAD + PART.replace("flat.", "Flat."),
            'line 3: the file has no setting "Flat"; did you mean "flat"?',
        ),
        (
            HEAD + PART.replace('name = "lines"\n', ""),
            'line 3: [flat.part] lacks "name"; write `name = ...`',
        ),
        # Equal faults are one.
        (
            HEAD + 2 * PART.replace("name =", "nmae ="),
            'line 4: [flat.part] has no setting "nmae"; did you mean "name"? (also on line 12)',
        ),
        (
            'profile = "x"\n',
            'the file lacks "format"; write `format = ...`,'
            " one of usoc-lines, x12, flat, fixed, records",
        ),
    ],
)
def test_a_fault_is_said_once_with_its_line_and_what_was_meant(text: str, told: str) -> None:
    with pytest.raises(ProfileError) as caught:
        parse_profile(text)
    assert str(caught.value) == told


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("delimeter", "delimiter"),
        ("Header Row", "header_row"),
        ("headerrow", "header_row"),
        ("colour", None),
        ("", None),
    ],
)
def test_a_name_is_guessed_only_where_it_is_plain(name: str, meant: str | None) -> None:
    assert close(name, ["delimiter", "header_row", "quotes"]) == meant


def test_a_fault_of_many_lines_names_the_first_of_them() -> None:
    faults = [Told(line, "the same") for line in range(30, 0, -1)] + [Told(None, "no line")]
    assert [str(one) for one in each_once(faults)] == [
        "no line",
        "line 1: the same (also on line 2, 3, 4, 5, 6, 7, 8, 9, 10 and more)",
    ]
