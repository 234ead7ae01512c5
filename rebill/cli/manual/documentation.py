"""Where the topics of `rebill help` are written: short ones here, the others in `docs/`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

SHORT = {
    "start": "from nothing to the first night, in six steps",
    "workspace": "the folder everything lies in, and how it is found",
    "night": "what a night does, and what to look at in the morning",
    "days": "days and months: --as-of, --on, --bill-month, --yes",
    "files": "standard input and output, and what a file's name says",
    "exit-codes": "what 0, 1, 2 and 3 mean",
    "formats": "what carriers and banks send that can be read",
}
"""The short topics of this folder, in the order in which a newcomer reads them."""
NOT_A_TOPIC = {"README", "PERFORMANCE", "DECISIONS"}
GLOSSARY, FINDINGS, TABLES = "glossary", "findings", "tables"


def docs() -> Path:
    """Return the folder of the documentation: inside the package, or beside it in a checkout."""
    import rebill

    package = Path(rebill.__file__).resolve().parent
    inside = package / "docs"
    return inside if inside.is_dir() else package.parent / "docs"


@cache
def pages() -> dict[str, Path]:
    """Return every topic and where it is written."""
    here = Path(__file__).with_name("topics")
    written = sorted(docs().glob("**/*.md"))
    found = {path.stem.lower(): path for path in written if path.stem not in NOT_A_TOPIC}
    return {name: here / f"{name}.md" for name in SHORT} | {
        name: path for name, path in found.items() if name not in SHORT
    }


def text(topic: str) -> str:
    """Return the page of a topic as it is written."""
    return pages()[topic].read_text("utf-8")


def sections(topic: str, marks: str = "###") -> Iterator[tuple[str, str]]:
    """Yield each section of a page below a heading of so many marks, by its heading."""
    parts = re.split(rf"^{marks} (.+)$", text(topic), flags=re.MULTILINE)
    for name, body in zip(parts[1::2], parts[2::2], strict=True):
        yield name.strip(), re.split(r"^##? ", body, flags=re.MULTILINE)[0].strip()
