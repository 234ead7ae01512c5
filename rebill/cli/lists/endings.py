"""The format that the end of a file's name asks for."""

from __future__ import annotations

from pathlib import Path

import typer

ENDINGS = {
    "csv": ("csv",),
    "parquet": ("parquet",),
    "json": ("json",),
    "html": ("html", "htm"),
    "table": ("txt",),
    "xlsx": ("xlsx", "xls"),
    "pdf": ("pdf",),
    "beancount": ("beancount", "bean"),
    "hledger": ("hledger", "journal"),
    "packed": ("gz", "zip", "bz2", "xz", "zst"),
}
"""How the names of files end that are of a format."""


LIST_FORMS = ("csv", "json", "parquet")
"""How a list is written to a file, the first where its name does not say."""


def form_of(asked: str | None, out: Path | None, known: tuple[str, ...]) -> str:
    """Return how a result is written: as asked, else as its file's name ends, else as the first.

    A format that is not known, or an ending that says another than was asked, is wrong usage.
    """
    if asked is not None and asked not in known:
        raise typer.BadParameter(f"{asked!r} is no format; there are: {', '.join(known)}")
    ending = "" if out is None or out.is_dir() else out.suffix.lower().lstrip(".")
    named = next((form for form, ends in ENDINGS.items() if ending in ends), None)
    if named is not None and named not in known:
        raise typer.BadParameter(f"{out} cannot be {named}; there are: {', '.join(known)}")
    if asked is not None and named not in (None, asked):
        raise typer.BadParameter(f"{out} ends as {named} and {asked} is asked for; say one")
    return asked or named or known[0]
