"""The brands of a workspace: `brands/NAME/` with `brand.toml` and the files it names.

A brand with no folder is printed on the default page with its name. A brand whose folder cannot be
used is a fault that says which file, what is wrong and what to do; it never stops another brand.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from invoices.customer.brand import (
    LARGEST_FILE,
    LARGEST_TEXT,
    BrandFault,
    BrandText,
    House,
    Letter,
    letter,
    plain_letter,
    read_brand,
    suffix,
)
from rebill.paper.typeset import foreign_import
from rebill.workspace.desk import Desk
from rebill.workspace.inside import NoFile, Outside, TooLarge, content
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
    folders: dict[str, str]  # of brands that bring more than words for the PDF
    faults: dict[str, str]

    def lacks(self, name: str | None, kind: str = "invoice") -> str:
        """Return what a brand must say on an issued paper of a kind and does not, in words.

        A credit note asks for no payment: it need not say where one goes.
        """
        letter = self.letters[name or ""]
        wanted = [word for word in letter.lacks if (word, kind) != ("remittance", "credit_note")]
        if not wanted:
            return ""
        return (
            f"brand {name or '(none)'} does not say who sends its invoices and where to pay: add"
            f" {', '.join(wanted)} to {letter.said_in}"
        )


def read_brands(workspace: Workspace, names: Iterable[str | None], desk: Desk) -> Brands:
    """Return the letters of the named brands, as their folders say now; `desk` tries them out."""
    found = Brands({}, {}, {})
    house = House(**workspace.settings.house.model_dump())
    for name in sorted({name or "" for name in names}):
        folder = brand_folder(workspace, name)
        try:
            if folder is None:
                found.letters[name] = plain_letter(name, house)
            else:
                letter = _read(folder, name, house, desk)
                if letter.logo or letter.template or letter.font:
                    found.folders[name] = str(folder)
                found.letters[name] = letter
        except BrandFault as fault:
            found.faults[name] = str(fault)
    return found


def brand_folder(workspace: Workspace, name: str) -> Path | None:
    """Return the folder of a brand: called as it is, or as a file of its name would be."""
    home = workspace.root / "brands"
    plain = not set(name) & set("/\\\0") and name not in ("", ".", "..")
    plain = plain and len(name.encode()) <= LONGEST_NAME
    for called in ([name] if plain else []) + ([safe_name(name)] if name else []):
        # A link is the brand's too, so that it is told and not passed over.
        if os.path.isdir(home / called) or os.path.islink(home / called):
            return home / called
    return None


def _said(folder: Path, name: str) -> BrandText:
    """Return what the `brand.toml` of a brand says; without a name it has that of the brand."""
    shown = f"brands/{folder.name}"
    if folder.is_symlink():
        raise BrandFault(f"{shown} is a link; make it a folder, with copies of the files")
    text = _bytes(folder, BRAND_FILE, f"{shown}/{BRAND_FILE}", LARGEST_TEXT)
    said = read_brand(text, f"{shown}/{BRAND_FILE}")
    return said if said.name else said.model_copy(update={"name": name})


def _read(folder: Path, name: str, house: House, desk: Desk) -> Letter:
    shown = f"brands/{folder.name}"
    said = _said(folder, name)
    files = {
        each: _bytes(folder, each, f"{shown}/{each}", LARGEST_FILE)
        for each in (said.logo, said.template, said.page)
        if each
    }
    _judge(said, files, shown)
    _try_out(said, files, folder, desk)
    return letter(said, files, house, shown)


def _bytes(folder: Path, name: str, shown: str, most: int) -> bytes:
    """Return what a file of a brand holds; it lies in the brand's folder and is not too large."""
    try:
        return content(folder, name, most)
    except Outside:
        told = "leads out of the brand's folder; copy the file into it"
    except TooLarge:
        told = f"is larger than {most:,} bytes; make it smaller"
    except NoFile:
        told = "is no plain file; put a file in its place"
    except (FileNotFoundError, NotADirectoryError, ValueError):
        told = f"is named by {BRAND_FILE} and is not there; add the file or take its name out"
        if name == BRAND_FILE:
            told = "is not there; write one, or remove the folder"
    except OSError as fault:
        told = f"cannot be read ({fault.strerror}); let this login read it"
    raise BrandFault(f"{shown} {told}")


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


def _try_out(said: BrandText, files: dict[str, bytes], folder: Path, desk: Desk) -> None:
    """Raise `BrandFault` where a picture cannot be drawn, or a page not be begun."""
    shown = f"brands/{folder.name}"
    if said.page:
        page = files[said.page].decode("utf-8-sig")
        place = f"{shown}/{said.page}"
        try:
            desk.try_page(page)
        except BrandFault as fault:
            raise BrandFault(f"{place}: {fault}; start from the default page") from None
        for word in ("summary", "detail"):
            if word not in page:
                raise BrandFault(f"{place} does not show {{{{ {word} }}}}; it stands there once")
    if said.logo:
        try:
            desk.try_logo(str(folder), said.logo)
        except BrandFault as fault:
            raise BrandFault(
                f"{shown}/{said.logo} cannot be drawn: {fault}; export it anew"
            ) from None
