"""Where this checkout and the files that tests read are."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "tests" / "data"


def links(page: str) -> list[str]:
    """Return the files that the text of a page leads to."""
    return re.findall(r"\]\((?!\w+:|#)([^)#]+)", page)
