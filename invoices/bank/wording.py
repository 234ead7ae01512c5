"""What a statement says in its own words: originator, trace and reference found in free text.

Banks that report an ACH entry as a line of text name its parts with tags (`ORIG ID:`, `TRACE#:`,
`IND ID:`). What no tag names stays text; nothing is guessed from it.
"""

from __future__ import annotations

import hashlib
from typing import Any

import polars as pl

from invoices.bank.schema import ENTRIES
from invoices.schema import seal

_TAGS = {
    "company_name": r"(?:ORIG CO(?:MPANY)? NAME|CO(?:MPANY)? NAME|ORIGINATOR NAME)",
    "company_id": r"(?:ORIG(?:INATOR)?(?: CO)? ID|CO(?:MPANY)?(?: ENTRY)? ID)",
    "sec": r"(?:SEC(?: CODE)?)",
    "trace": r"(?:TRACE(?: ?#| NO| NUMBER)?)",
    "individual_id": r"(?:IND(?:IVIDUAL|N)? ?ID(?: NO)?)",
    "individual_name": r"(?:IND(?:IVIDUAL|N)? NAME)",
    "code": r"(?:RETURN (?:REASON )?CODE|RTN (?:REASON )?CODE|REASON CODE)",
    "original_trace": r"(?:ORIG(?:INAL)? TRACE(?: ?#| NO)?)",
}
_WIDTHS = {"company_id": 10, "sec": 3, "trace": 15, "code": 3, "original_trace": 15}
"""So long are the values of Nacha's fields: of a longer one, text without a tag follows."""
_OTHERS = (r"DESC DATE", r"CO ENTRY DESCR(?:IPTION)?", r"EED", r"TRN", r"ADDENDA", r"INFO", r"DATE")
_END = rf"(?:\s+(?:{'|'.join((*_TAGS.values(), *_OTHERS))}) ?[:=]|\s*[;|]|\s{{2,}}|$)"
"""A value ends before the next tag, at a divider or at a gap."""


_NUMBERS = ("company_id", "individual_id", "trace", "original_trace")


def from_text(frame: pl.DataFrame) -> pl.DataFrame:
    """Return a frame that has `description` with what its tags name, where it is not said yet."""
    text = pl.col("description").str.to_uppercase()
    found = []
    for name, tag in _TAGS.items():
        lead = r"(?:^|[^A-Z])"
        # An original trace is no trace of the entry itself.
        if name == "trace":
            text_here = text.str.replace_all(_TAGS["original_trace"] + r" ?[:=] ?[0-9]+", "")
        else:
            text_here = text
        value = text_here.str.extract(lead + tag + r" ?[:=] ?(.*?)" + _END, 1).str.strip_chars()
        if name in _WIDTHS:
            long = value.str.len_chars() > _WIDTHS[name]
            value = pl.when(long).then(value.str.extract(r"^(\S+)", 1)).otherwise(value)
        given = pl.col(name) if name in frame.columns else pl.lit(None, dtype=pl.String)
        found.append(pl.coalesce(given, pl.when(value != "").then(value)).alias(name))
    return frame.with_columns(found)


def identified(frame: pl.DataFrame, source: str, *said: str) -> pl.DataFrame:
    """Return the entries of a statement (columns of `ENTRIES`), each named by what it says.

    Statements overlap: the same movement comes again with the next of them, and has the same id
    then. Several movements that say the same in one statement are told apart by counting them.
    """
    columns = ("settled_on", "direction", "amount", "kind", "description", *said)
    again = pl.int_range(pl.len()).over(columns)
    numbered = frame.with_columns(again=again)
    text = pl.concat_str(
        (pl.col(name).cast(pl.String).fill_null("") for name in (*columns, "again")),
        separator="\x1f",
    )
    ids = [_hashed(source, words) for words in numbered.select(text.alias("text"))["text"]]
    named = numbered.with_columns(
        entry_id=pl.Series(ids, dtype=pl.String),
        source=pl.lit(source),
        account=pl.col("account").str.replace_all(r"[^0-9A-Za-z]", "").str.tail(4),
    )
    # Zeros name nobody and nothing; the id is that of the words as they stand.
    silent = {name: pl.when(pl.col(name).str.contains("[^0 ]")).then(name) for name in _NUMBERS}
    return seal(named.with_columns(**silent), ENTRIES)


def _hashed(source: str, words: str) -> str:
    return f"{source}-{hashlib.sha256(words.encode()).hexdigest()[:20]}"


def content_key(*parts: Any) -> str:
    """Return the SHA-256 of what a file says."""
    return hashlib.sha256("\n".join(str(part) for part in parts).encode()).hexdigest()
