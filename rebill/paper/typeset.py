"""PDFs made in process from a typst template and what an invoice says; many on all cores.

Only this module knows typst. It imports nothing heavy, so that the processes of a pool start fast.
The same document gives the same bytes: no clock, no file and no font of the machine takes part,
but where a text needs letters that the built-in typefaces do not have.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import typst

FEW = 12
"""Up to so many documents one process is faster than starting a pool."""
_FOREIGN = re.compile(r"[^\x00-\u058f\u1e00-\u1fff\u2000-\u22ff\u2500-\u25ff]")
"""Letters beyond Latin, Greek and Cyrillic: some typeface of the machine may have them."""
_PACKAGE = re.compile("failed to download package|package not found")
_NETWORK = re.compile(r"@(preview|local)/")


class TypesetFault(ValueError):
    """A document that cannot be set: what the template says is wrong, and where."""


@dataclass(frozen=True)
class Sheet:
    """A document to be set: its data, and the template and folder of its brand."""

    name: str
    data: dict[str, Any]
    template: str = ""  # typst text; empty = the default of `kind`
    folder: str = ""  # where its logo and fonts lie; empty = it needs none
    kind: str = "customer_invoice"


def foreign_import(template: str) -> bool:
    """Whether a template wants a package from elsewhere, which is never fetched."""
    return bool(_NETWORK.search(template))


@cache
def default_template(kind: str) -> str:
    """Return the template of a kind of document that comes with the product."""
    return files("invoices").joinpath("templates", f"{kind}.typ").read_text("utf-8")


@cache
def _compiler(folder: str, machine_fonts: bool) -> typst.Compiler:
    fonts = [Path(folder) / "fonts"] if folder and (Path(folder) / "fonts").is_dir() else []
    return typst.Compiler(
        font_paths=list(fonts),
        ignore_system_fonts=not machine_fonts,
        package_path=os.devnull,
        package_cache_path=os.devnull,
    )


def set_pdf(sheet: Sheet, form: str = "pdf") -> bytes | list[bytes]:
    """Return the document as PDF (or, with `form` png, a picture of each page).

    Raises `TypesetFault` with the template's complaint.
    """
    text = json.dumps(sheet.data, ensure_ascii=False, default=str)
    compiler = _compiler(sheet.folder, bool(_FOREIGN.search(text)))
    source = sheet.template or default_template(sheet.kind)
    try:
        made = compiler.compile(
            input=source.encode(),
            format=form,  # type: ignore[arg-type]
            sys_inputs={"data": text},
            root=sheet.folder or os.devnull,
            timestamp=0,
            pdf_tags=False,
        )
    except typst.TypstError as fault:
        hints = "; ".join((str(fault.message), *fault.hints))
        if _PACKAGE.match(hints):
            hints = "it wants a package from elsewhere; put its text here"
        raise TypesetFault(f"{sheet.name}: {hints}") from None
    if made is None:
        raise TypesetFault(f"{sheet.name}: nothing was set")
    return made


def set_one(sheet: Sheet) -> tuple[str, bytes | str]:
    """Return name and PDF of a document, or name and what is wrong with it."""
    try:
        made = set_pdf(sheet)
    except TypesetFault as fault:
        return sheet.name, str(fault)
    return sheet.name, made if isinstance(made, bytes) else b"".join(made)


def set_all(
    sheets: Iterable[Sheet], workers: int | None = None
) -> Iterator[tuple[str, bytes | str]]:
    """Yield name and PDF of each document in order, or name and fault; on all cores if many."""
    waiting = list(sheets)
    count = workers or len(os.sched_getaffinity(0))
    if len(waiting) <= FEW or count < 2:
        yield from map(set_one, waiting)
        return
    # A fresh interpreter for each: a fork of a process with threads may hang.
    with ProcessPoolExecutor(count, mp_context=get_context("spawn")) as pool:
        yield from pool.map(set_one, waiting, chunksize=8)
