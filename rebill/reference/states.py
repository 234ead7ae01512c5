"""The states as the tables name them: two letters, and what another spelling may mean.

The fifty states, the District of Columbia and the five inhabited territories, by their postal codes
(USPS Publication 28, appendix B).
"""

from __future__ import annotations

from difflib import get_close_matches

import polars as pl

_NAMES = """
AL Alabama, AK Alaska, AZ Arizona, AR Arkansas, CA California, CO Colorado, CT Connecticut,
DE Delaware, DC District of Columbia, FL Florida, GA Georgia, HI Hawaii, ID Idaho, IL Illinois,
IN Indiana, IA Iowa, KS Kansas, KY Kentucky, LA Louisiana, ME Maine, MD Maryland,
MA Massachusetts, MI Michigan, MN Minnesota, MS Mississippi, MO Missouri, MT Montana, NE Nebraska,
NV Nevada, NH New Hampshire, NJ New Jersey, NM New Mexico, NY New York, NC North Carolina,
ND North Dakota, OH Ohio, OK Oklahoma, OR Oregon, PA Pennsylvania, RI Rhode Island,
SC South Carolina, SD South Dakota, TN Tennessee, TX Texas, UT Utah, VT Vermont, VA Virginia,
WA Washington, WV West Virginia, WI Wisconsin, WY Wyoming, AS American Samoa, GU Guam,
MP Northern Mariana Islands, PR Puerto Rico, VI Virgin Islands
"""
STATES = dict(entry.strip().split(" ", 1) for entry in _NAMES.split(","))
"""Two-letter code to name."""
_OTHER = {
    **{"WASHINGTON DC": "DC", "WASH DC": "DC", "US VIRGIN ISLANDS": "VI"},
    **{"CALIF": "CA", "CAL": "CA", "MASS": "MA", "PENNA": "PA", "WISC": "WI", "TENN": "TN"},
}
"""Spellings that no name begins with, or several do."""


def near(text: str) -> str | None:
    """Return the code that a spelling is likely to mean: a name, its beginning, or a slip of one.

    >>> near("Ohio"), near("n. carolina"), near("Tex."), near("O.H."), near("Ontario")
    ('OH', 'NC', 'TX', 'OH', None)
    """
    letters = "".join(c if c.isalpha() or c == " " else "" for c in text.upper())
    said = " ".join(letters.split())
    by_name = {name.upper(): code for code, name in STATES.items()}
    if said.replace(" ", "") in STATES:
        return said.replace(" ", "")
    if known := by_name.get(said) or _OTHER.get(said):
        return known
    starts = [code for name, code in by_name.items() if _begins(said, name)]
    if len(said) > 2 and len(starts) == 1:
        return starts[0]
    close = get_close_matches(said, by_name, n=1, cutoff=0.75) if len(said) > 2 else []
    return by_name[close[0]] if close else None


def _begins(said: str, name: str) -> bool:
    """Say whether each word that is said begins the word of the name at its place."""
    words, whole = said.split(), name.split()
    pairs = zip(words, whole, strict=False)
    return len(words) == len(whole) and all(full.startswith(word) for word, full in pairs)


def with_near(texts: pl.Series) -> pl.DataFrame:
    """Return each text (`text`) with the code it is likely to mean (`near`)."""
    told = texts.unique().drop_nulls().to_list()
    rows = [(text, near(text)) for text in told]
    return pl.DataFrame(rows, {"text": pl.String, "near": pl.String}, orient="row")
