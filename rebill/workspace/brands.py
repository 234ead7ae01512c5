"""The brands of a workspace: `brands/NAME/` with `brand.toml` and the files it names.

A brand with no folder is printed on the default page with its name. A brand whose folder cannot be
used is a fault that says which file, what is wrong and what to do; it never stops another brand.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from jinja2 import TemplateError

from invoices.customer.brand import (
    LARGEST_FILE,
    BrandFault,
    BrandText,
    House,
    Letter,
    compiled,
    letter,
    plain_letter,
    read_brand,
    suffix,
)
from rebill.paper.typeset import foreign_import
from rebill.workspace.settings import Workspace
from rebill.workspace.write import safe_name

BRAND_FILE = "brand.toml"
LONGEST_NAME = 255
"""Bytes a folder's name can have; a longer brand is found by its file name."""
_MAGIC = {
    ".png": (b"\x89PNG\r\n\x1a\n",),
    ".jpg": (b"\xff\xd8\xff",),
    ".jpeg": (b"\xff\xd8\xff",),
    ".gif": (b"GIF87a", b"GIF89a"),
    ".webp": (b"RIFF",),
}
"""How a picture begins."""


@dataclass(frozen=True)
class Brands:
    """The letters that can be used, by brand, and why the others cannot."""

    letters: dict[str, Letter]
    folders: dict[str, str]  # of brands that have one
    faults: dict[str, str]


def read_brands(workspace: Workspace, names: Iterable[str | None]) -> Brands:
    """Return the letters of the named brands, as their folders say now."""
    found = Brands({}, {}, {})
    house = House(**workspace.settings.house.model_dump())
    for name in sorted({name or "" for name in names}):
        folder = brand_folder(workspace, name)
        try:
            if folder is None:
                found.letters[name] = plain_letter(name, house)
            else:
                found.letters[name] = _read(folder, name, house)
                found.folders[name] = str(folder)
        except BrandFault as fault:
            found.faults[name] = str(fault)
    return found


def brand_folder(workspace: Workspace, name: str) -> Path | None:
    """Return the folder of a brand: called as it is, or as a file of its name would be."""
    home = workspace.root / "brands"
    plain = not set(name) & set("/\\\0") and name not in ("", ".", "..")
    plain = plain and len(name.encode()) <= LONGEST_NAME
    for called in ([name] if plain else []) + ([safe_name(name)] if name else []):
        if (home / called).is_dir():
            return home / called
    return None


def _read(folder: Path, name: str, house: House) -> Letter:
    shown = f"brands/{folder.name}"
    path = folder / BRAND_FILE
    if not path.is_file():
        raise BrandFault(f"{shown} has no {BRAND_FILE}; write one, or remove the folder")
    said = read_brand(_bytes(path, folder, f"{shown}/{BRAND_FILE}"), f"{shown}/{BRAND_FILE}")
    files = {
        each: _bytes(folder / each, folder, f"{shown}/{each}", named=True)
        for each in (said.logo, said.template, said.page)
        if each
    }
    _judge(said, files, shown)
    named = said if said.name else said.model_copy(update={"name": name})
    return letter(named, files, house)


def _bytes(path: Path, folder: Path, shown: str, *, named: bool = False) -> bytes:
    """Return what a file of a brand holds; it lies in the brand's folder and is not too large."""
    if not path.resolve().is_relative_to(folder.resolve()):
        raise BrandFault(f"{shown} leads out of the brand's folder; copy the file into it")
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise BrandFault(f"{shown} is larger than {LARGEST_FILE:,} bytes; make it smaller")
        return path.read_bytes()
    except OSError:
        why = f"is named by {BRAND_FILE} and" if named else "cannot be read and"
        told = "is not there; add the file or take its name out"
        raise BrandFault(f"{shown} {why} {told}") from None


def _judge(said: BrandText, files: dict[str, bytes], shown: str) -> None:
    """Raise `BrandFault` where a named file is not what its name says."""
    starts = _MAGIC.get(suffix(said.logo)) if said.logo else None
    if starts and not files[said.logo].startswith(starts):
        raise BrandFault(f"{shown}/{said.logo} is no {suffix(said.logo)[1:]} image; export it anew")
    if suffix(said.logo) == ".svg" and b"<svg" not in files[said.logo]:
        raise BrandFault(f"{shown}/{said.logo} is no svg image; export it anew")
    for each in (said.template, said.page):
        try:
            text = files.get(each, b"").decode("utf-8-sig")
        except UnicodeDecodeError:
            raise BrandFault(f"{shown}/{each} is not UTF-8; save it as UTF-8") from None
        if each == said.template and foreign_import(text):
            raise BrandFault(f"{shown}/{each} wants a package from elsewhere; put its text here")
        if each and each == said.page:
            _judge_page(text, f"{shown}/{each}")


def _judge_page(text: str, shown: str) -> None:
    try:
        compiled(text)
    except TemplateError as fault:
        raise BrandFault(f"{shown}: {fault}; start from the default page") from None
    for word in ("summary", "detail"):
        if word not in text:
            raise BrandFault(f"{shown} does not show {{{{ {word} }}}}; it stands there once")
