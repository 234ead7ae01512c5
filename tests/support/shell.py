"""The command line as a shell sees it, for tests of any command."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable

Call = Callable[..., tuple[int, str, str]]
"""Words of a command in; exit code, standard output and standard error out."""


def rows(text: str) -> list[dict[str, str]]:
    """Return CSV text as rows."""
    return list(csv.DictReader(io.StringIO(text)))
