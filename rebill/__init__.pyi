# What `rebill` gives, for those who check types: `tests/rebill/door/test_names.py` holds it against
# what there is. It imports none of it: every module of the house imports this package, and would
# then stand in a circle with all others.

import datetime as dt
from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import polars as pl

__version__: str
__all__ = [
    "Audit",
    "Bill",
    "ConfigError",
    "Failure",
    "House",
    "ReferenceFaults",
    "__version__",
    "audit",
    "open",
    "read",
]

class ConfigError(Exception): ...
class Failure(Exception): ...

class _Fault:
    file: str
    row: int | None
    what: str
    remedy: str

class ReferenceFaults(ConfigError):
    faults: tuple[_Fault, ...]
    total: int

class Bill:
    @property
    def documents(self) -> pl.DataFrame: ...
    @property
    def lines(self) -> pl.DataFrame: ...
    @property
    def held_lines(self) -> pl.DataFrame: ...
    @property
    def findings(self) -> pl.DataFrame: ...
    @property
    def passed_over(self) -> pl.DataFrame: ...

class Audit:
    documents: pl.DataFrame
    lines: pl.DataFrame
    findings: pl.DataFrame
    prices: pl.DataFrame
    passed_over: pl.DataFrame
    as_of: dt.date | None
    warnings: tuple[_Fault, ...]

class House:
    root: Path
    wait: float
    def table(
        self, name: str, *, bill_month: str | None = None, as_of: dt.date | None = None
    ) -> pl.DataFrame: ...
    def explain(self, line_id: str) -> dict[str, Any]: ...
    def find(self, text: str, *, as_of: dt.date | None = None) -> dict[str, Any]: ...
    def load(self, *paths: str | PathLike[str], replace: bool = False) -> list[dict[str, Any]]: ...
    def ingest(
        self,
        *paths: str | PathLike[str],
        profile: str | None = None,
        received_on: dt.date | None = None,
        sure: bool = False,
    ) -> list[dict[str, Any]]: ...
    def night(self, *, as_of: dt.date, sure: bool = False) -> dict[str, Any]: ...

def read(
    *paths: str | PathLike[str],
    profile: str | None = None,
    profiles: str | PathLike[str] | None = None,
) -> Bill: ...
def audit(
    bill: Bill,
    reference: str | PathLike[str] | Sequence[str | PathLike[str]],
    *,
    as_of: dt.date | None = None,
) -> Audit: ...
def open(directory: str | PathLike[str], *, wait: float = 0) -> House: ...
