"""The identifier a person means: in any case, without zeros in front, or the nearest there are.

`d-12` is the claim D-000012. Where several go by what was typed, or none does, that is told.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence

import polars as pl

from rebill.disputes.credit_rows import credit_rows
from rebill.store.record import Record
from rebill.workspace.settings import ConfigError

NEAREST = 3
"""So many are named where there is none."""
MOST_TOLD = 6
LOOKED_AT = 20_000
"""So many are compared to find the nearest."""


def claims(record: Record, typed: Sequence[str]) -> list[str]:
    """Return the numbers of the claims that are meant, as `D-000012` for `d-12`."""
    return _meant("claim", typed, record.claims()["claim_no"], "rebill disputes list")


def invoices(record: Record, typed: Sequence[str]) -> list[str]:
    """Return the numbers of the customer invoices that are meant."""
    there = record.customer_invoices()["invoice_no"]
    return _meant("invoice", typed, there, "rebill invoices list")


def documents(record: Record, typed: Sequence[str]) -> list[str]:
    """Return the ids of the carrier documents that are meant, by id or by invoice number."""
    there = record.documents()
    by_number = _by_number(there, typed)
    named = [by_number.get(text, text) for text in typed]
    return _meant("document", named, there["document_id"], "rebill documents list")


def line(record: Record, typed: str) -> str:
    """Return the id of the carrier line that is meant, whatever became of its document."""
    text = typed.strip().lower()
    document, _, number = text.rpartition("-")
    wanted = f"{document}-{number.lstrip('0') or '0'}" if number.isdigit() else text
    kinds = (record.lines(), record.held(), record.void())
    ids = pl.concat([kind.select("line_id") for kind in kinds])
    there = ids.filter(pl.col("line_id").is_in((typed, wanted))).collect()["line_id"]
    if there.len():
        return typed if typed in there else wanted
    own = ids.filter(pl.col("line_id").str.starts_with(f"{document}-")) if document else ids
    pool = own.head(LOOKED_AT).collect()["line_id"]
    return _meant("line", [typed], pool if pool.len() else _some(ids), "rebill export lines")[0]


def findings(record: Record, typed: Sequence[str]) -> list[str]:
    """Return the ids of the findings that are meant, by id or by a line that has but one."""
    if not typed:
        return []
    there = record.findings().select("finding_id", "line_id").collect()
    own = there.drop_nulls().group_by("line_id").agg("finding_id")
    by_line = dict(own.iter_rows())
    named = []
    for text in typed:
        of_line = by_line.get(text.strip().lower(), [text])
        if len(of_line) > 1:
            raise ConfigError(f"line {text} has several findings: {_told(sorted(of_line))}")
        named += of_line
    return _meant("finding", named, there["finding_id"], "rebill findings list")


def credits_given(record: Record, typed: str) -> str:
    """Return the id of the credit of a carrier that is meant."""
    there = credit_rows(record)["credit_id"]
    return _meant("credit", [typed], there, "rebill disputes credits")[0]


def nearest(typed: str, there: Iterable[str]) -> list[str]:
    """Return the few of `there` that are most like what was typed, the most like first."""
    return difflib.get_close_matches(typed, list(there)[:LOOKED_AT], NEAREST, 0.6)


def _meant(kind: str, typed: Sequence[str], there: pl.Series, lists: str) -> list[str]:
    """Return those of `there` that are meant, each once; raises ConfigError for all that are not.

    What is typed exactly is meant exactly.
    """
    exact = set(there.filter(there.is_in(list(typed))))
    spelled: dict[str, list[str]] = {}
    if set(typed) - exact:
        for name in there:
            spelled.setdefault(_key(name), []).append(name)
    meant, faults = [], []
    for text in typed:
        found = [text] if text in exact else spelled.get(_key(text), [])
        if len(found) == 1:
            meant += found
        elif found:
            faults.append(f"{kind} {text} may be {_told(found)}")
        else:
            near = [spelled[one][0] for one in nearest(_key(text), spelled)]
            hint = f"the nearest: {', '.join(near)}; " if near else ""
            faults.append(f"there is no {kind} {text}; {hint}`{lists}` shows all")
    if faults:
        raise ConfigError("; ".join(faults))
    return list(dict.fromkeys(meant))


def _key(text: str) -> str:
    """Return an identifier as it is compared: small letters, numbers without zeros in front."""
    parts = re.findall(r"[^\W_]+", text.lower())
    return "-".join(part.lstrip("0") or "0" if part.isdigit() else part for part in parts)


def _told(names: Sequence[str]) -> str:
    """Return names in a row, the first few of many."""
    more = f" and {len(names) - MOST_TOLD} more" if len(names) > MOST_TOLD else ""
    return ", ".join(names[:MOST_TOLD]) + more


def _some(ids: pl.LazyFrame) -> pl.Series:
    """Return some ids to find the nearest of."""
    return ids.head(LOOKED_AT).collect()["line_id"]


def _by_number(there: pl.DataFrame, typed: Sequence[str]) -> dict[str, str]:
    """Return the document of each carrier invoice number that was typed and that one alone has."""
    numbers = there.drop_nulls("invoice_no").group_by("invoice_no").agg("document_id")
    single = {_key(number): ids[0] for number, ids in numbers.iter_rows() if len(ids) == 1}
    return {text: single[_key(text)] for text in typed if _key(text) in single}
