"""Settings written in TOML: on which line each stands, and why a text is no TOML."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoices.toml_text import NoToml, Path, Places, read_toml

TEXT = """# a remark
profile = "north"    # another
accounts = [
  "305*",
  { ban = "404*", from = 2026-01-01 },
]
[flat]
about = \"\"\"
[no]
table = 1
\"\"\"
since = 2026-01-01 10:00:00
[[flat.part]]
name = 'one'
[flat.part.fields]
"Bill Date" = { column = "x", pad = "0" }
[[flat.part]]
fields.ban = "z"
"""


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("profile",), 2),
        (("accounts",), 3),
        (("accounts", 0), 4),
        (("accounts", 1, "from"), 5),
        (("flat",), 7),
        (("flat", "about"), 8),
        (("flat", "since"), 12),
        (("flat", "part", 0, "name"), 14),
        (("flat", "part", 0, "fields", "Bill Date", "pad"), 16),
        (("flat", "part", 1, "fields", "ban"), 18),
        (("flat", "part", 1, "role"), 17),  # what is not there: its table
        (("flat", "part"), 13),
        (("limits", "memory_bytes"), None),
    ],
)
def test_each_setting_has_its_line(path: Path, line: int | None) -> None:
    read_toml(TEXT)
    for text in (TEXT, TEXT.replace("\n", "\r\n"), "\ufeff" + TEXT):
        assert Places(text).line(path) == line


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        ("a =", 1, "a value is lacking"),
        ("a = North", 1, "put text in quotes"),
        ("a = \u201cNorth\u201d", 1, "curly quotes"),
        ("b = 1\na = True", 2, "write true, in small letters"),
        ("a = 3/1/2026", 1, "write a date as 2026-03-01"),
        ("a = 2026-02-30", 1, "write a date as 2026-03-01"),
        ("a = 0123", 1, "no zeros before it"),
        ("a = 1,000", 1, "without commas"),
        ("a = $5", 1, "without its sign of currency"),
        ('a = "x', 1, "the quote opens is not closed"),
        ("b = 1\na = [\n1,\n2\n", 2, "what [ opens is not closed"),
        ("a = { b = 1,\nc = 2 }", 1, "closed by } on the same line"),
        ("a = 1\na = 2", 2, "given twice"),
        ("[a]\nb = 1\n[a]", 3, "stands twice"),
        ("[a\nb = 1", 1, "not closed by ]"),
        ("delimiter: ;", 1, "write NAME = VALUE"),
        ('a = "C:\\dir"', 1, "a backslash"),
        ("x = " + "[" * 10_000, None, "too deep"),
        ("x = " + "9" * 10_000, None, "more digits"),
    ],
)
def test_a_text_that_is_no_toml_says_where_and_why(text: str, line: int | None, why: str) -> None:
    with pytest.raises(NoToml) as caught:
        read_toml(text)
    [told] = caught.value.told
    assert (told.line, why in told.what) == (line, True), told
    assert caught.value.at("x.toml").startswith(f"x.toml line {line}: " if line else "x.toml: ")


@given(st.text(alphabet="ab.=[]{}\"'#,\\\n 01-\r\t", max_size=60))
def test_any_text_is_settings_or_says_on_which_line_it_is_none(text: str) -> None:
    try:
        read_toml(text)
    except NoToml as fault:
        [told] = fault.told
        assert told.line is None or 1 <= told.line <= text.count("\n") + 1


@given(
    st.dictionaries(
        st.from_regex("[a-z]{1,3}", fullmatch=True),
        st.lists(st.integers(0, 9) | st.just("x # = [\n") | st.booleans(), max_size=3),
        max_size=5,
    )
)
def test_every_setting_of_a_text_is_found_on_its_line(said: dict[str, list[object]]) -> None:
    def written(value: object) -> str:
        return json.dumps(value).replace("\\n", "n")

    lines = [
        f"{name} = [{', '.join(map(written, values))}] # {name}" for name, values in said.items()
    ]
    places = Places("\n".join(["# settings", *lines]))
    assert read_toml("\n".join(lines)).keys() == said.keys()
    assert [places.line((name,)) for name in said] == [n + 2 for n in range(len(said))]
