"""The brand an invoice goes out under: what of it stands on the page, and what may stand there.

A brand is data, `brand.toml` and the files it names; here it is only read and judged, never found.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, Literal

from jinja2 import FunctionLoader, StrictUndefined, Template
from jinja2.sandbox import ImmutableSandboxedEnvironment
from pydantic import BaseModel, ConfigDict, Field, field_validator

from invoices.setting_faults import settings_of
from invoices.toml_text import SettingsFault

MAIN, TINT = "#1d4e6b", "#eef4f7"
"""The colours of a brand that names none: of headings and rules, and behind what is due."""
LOGO_TYPES = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".svg": "image/svg+xml",
}
LARGEST_FILE = 2 * 2**20
"""Bytes a logo or a template may have: a logo stands in every page."""
LARGEST_TEXT = 2**18
"""Bytes a `brand.toml` may have."""
LARGEST_PAGE = 2**24
"""Characters that a brand's own page may come to, its rows not counted."""
FONTS = ("Libertinus Serif",)
"""Typefaces that are always there."""

_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]"
)


class BrandFault(ValueError):
    """A brand that cannot be used: which of its files, what is wrong, what to do."""


def suffix(name: str) -> str:
    """Return what a file name ends in, in lower case and with its point."""
    return "." + name.rpartition(".")[2].lower()


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Colours(_Part):
    """The two colours of a brand."""

    main: str = MAIN
    tint: str = TINT

    @field_validator("*")
    @classmethod
    def _is_colour(cls, value: str) -> str:
        if not _COLOUR.fullmatch(value):
            raise ValueError(f"{value!r} is no colour; write it as #1d4e6b")
        return value.lower()


class BrandText(_Part):
    """Everything `brand.toml` can say."""

    name: str = Field(default="", max_length=200)
    private_label: bool = False
    carriers: Literal["show", "hide"] | None = None  # none: hidden where it is a private label
    hidden_words: tuple[str, ...] = Field(default=(), max_length=200)  # more names of carriers
    phone: str = Field(default="", max_length=60)  # toll-free, for questions about a bill
    email: str = Field(default="", max_length=200)
    web: str = Field(default="", max_length=200)
    address: tuple[str, ...] = Field(default=(), max_length=8)
    remittance: tuple[str, ...] = Field(default=(), max_length=8)  # where payments go
    small_print: tuple[str, ...] = Field(default=(), max_length=12)
    logo: str = ""  # an image beside brand.toml
    template: str = ""  # a typst template of its own, for the PDF
    page: str = ""  # a page template of its own, for HTML
    font: str = ""  # a typeface whose files lie in fonts/
    colours: Colours = Colours()

    @field_validator("logo", "template", "page")
    @classmethod
    def _is_inside(cls, value: str) -> str:
        if value.startswith("/") or ".." in value.split("/") or set(value) & set("\\:\0"):
            raise ValueError(f"{value!r} lies outside the brand's folder; copy the file into it")
        return value

    @field_validator("logo")
    @classmethod
    def _is_image(cls, value: str) -> str:
        if value and suffix(value) not in LOGO_TYPES:
            raise ValueError(f"{value!r} is no image; use {', '.join(LOGO_TYPES)}")
        return value

    @field_validator("name", "phone", "email", "web", "font")
    @classmethod
    def _is_visible(cls, value: str) -> str:
        return " ".join(_UNSEEN.sub("", value).split())

    @property
    def hides(self) -> bool:
        """Whether nothing of a carrier stands on its papers."""
        return self.private_label if self.carriers is None else self.carriers == "hide"

    @field_validator("address", "remittance", "small_print", "hidden_words")
    @classmethod
    def _are_visible(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        parts = (" ".join(_UNSEEN.sub("", part).split())[:500] for part in value)
        return tuple(part for part in parts if part)


@dataclass(frozen=True)
class House:
    """Who runs the resale: what a brand that is no private label falls back to."""

    name: str = ""
    phone: str = ""
    email: str = ""
    web: str = ""
    address: tuple[str, ...] = ()
    remittance: tuple[str, ...] = ()


@dataclass(frozen=True)
class Letter:
    """What of a brand stands on its invoices."""

    name: str = ""
    phone: str = ""
    email: str = ""
    web: str = ""
    address: tuple[str, ...] = ()
    remittance: tuple[str, ...] = ()
    small_print: tuple[str, ...] = ()
    hides: bool = False  # nothing of a carrier stands on its papers
    hidden_words: tuple[str, ...] = ()
    main: str = MAIN
    tint: str = TINT
    font: str = ""
    logo: bytes = field(default=b"", repr=False)
    logo_name: str = ""
    template: str = field(default="", repr=False)  # text of its typst template
    page: str = field(default="", repr=False)  # text of its page template
    said_in: str = "brand.toml"  # where what it lacks can be added
    page_place: str = ""  # where that lies, as it is told
    template_place: str = ""

    @property
    def inquiry(self) -> str:
        """Whom to ask about a charge: call this number, write to this address."""
        return " or ".join(part for part in (self.phone, self.email) if part)

    @property
    def contact(self) -> list[str]:
        """How to reach the brand, a line each."""
        return [part for part in (self.phone, self.email, self.web) if part]

    @property
    def lacks(self) -> list[str]:
        """What a bill must say and the brand does not: who sends it, whom to ask, where to pay."""
        said = {
            "name": self.name,
            "address": self.address,
            "phone or email": self.inquiry,
            "remittance": self.remittance,
        }
        return [name for name, value in said.items() if not value]

    @property
    def logo_url(self) -> str:
        """The logo as an address that holds the image itself; empty where there is none."""
        if not self.logo:
            return ""
        kind = LOGO_TYPES[suffix(self.logo_name)]
        return f"data:{kind};base64,{b64encode(self.logo).decode()}"


def read_brand(text: bytes, place: str) -> BrandText:
    """Return what a `brand.toml` says; raise `BrandFault` with every fault, naming `place`."""
    try:
        return settings_of(BrandText, text.decode("utf-8-sig"), exact=False)
    except SettingsFault as fault:
        raise BrandFault(fault.at(place)) from None
    except UnicodeDecodeError:
        raise BrandFault(f"{place}: it is not UTF-8; save it as UTF-8") from None


def plain_letter(name: str, house: House) -> Letter:
    """Return the letter of a brand that has no folder: the default page with its name.

    Without a brand the house itself sends the invoice, under its own name.
    """
    made = letter(BrandText(name=(name or house.name)[:200]), {}, house)
    return replace(made, said_in="[house] of rebill.toml")


def letter(brand: BrandText, files: dict[str, bytes], house: House, place: str = "brand") -> Letter:
    """Return the letter of a brand; `files` holds the files it names, `place` is their folder.

    A private label shows what it says itself and nothing else. Any other brand falls back to the
    house for phone, e-mail, web, address and remittance, and says by whom the service is billed.
    """
    own = brand.model_dump(include={"name", "phone", "email", "web", "address", "remittance"})
    small_print, said_in = brand.small_print, f"{place}/brand.toml"
    if not brand.private_label:
        asked = ("phone", "email", "web", "address", "remittance")
        own |= {name: own[name] or getattr(house, name) for name in asked}
        said_in += " or to [house] of rebill.toml"
        if house.name and house.name != brand.name:
            small_print = (*small_print, f"Billed by {house.name}.")
    return Letter(
        **own,
        small_print=small_print,
        said_in=said_in,
        hides=brand.hides,
        hidden_words=brand.hidden_words,
        main=brand.colours.main,
        tint=brand.colours.tint,
        font=brand.font,
        logo=files.get(brand.logo, b""),
        logo_name=brand.logo,
        template=files.get(brand.template, b"").decode("utf-8-sig"),
        page=files.get(brand.page, b"").decode("utf-8-sig"),
        page_place=f"{place}/{brand.page}",
        template_place=f"{place}/{brand.template}",
    )


def letterhead(letter: Letter, name: str) -> dict[str, Any]:
    """Return what a template may show of a letter; `name` is the brand's where it says none."""
    return {
        "name": letter.name or name or "Invoice",
        "inquiry": letter.inquiry,
        "phone": letter.phone,
        "email": letter.email,
        "web": letter.web,
        "contact": letter.contact,
        "address": list(letter.address),
        "remittance": list(letter.remittance),
        "small_print": list(letter.small_print),
        "hides": letter.hides,
        "main": letter.main,
        "tint": letter.tint,
        "logo": letter.logo_name if letter.logo else "",
        "fonts": [*([letter.font] if letter.font else []), *FONTS],
    }


@cache
def compiled(source: str) -> Template:
    """Return a page template of outside text, which can reach nothing but what it is given.

    It takes in no other file. What it costs to compile and to fill in has no bound: whoever does
    not trust it does both where that does no harm.
    """
    environment = ImmutableSandboxedEnvironment(
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
        loader=FunctionLoader(lambda name: None),
    )
    return environment.from_string(source)


def compiles(source: str) -> None:
    """Raise whatever is wrong with a page template, before anything is filled in."""
    compiled(source)


def filled_pages(source: str, said: Sequence[dict[str, Any]]) -> list[str | BrandFault]:
    """Return a page template of outside text with each of what is said, or what went wrong."""
    made: list[str | BrandFault] = []
    for one in said:
        try:
            page = compiled(source).render(one)
            page.encode()  # a template can write half of a character
        except MemoryError:
            raise
        except Exception as fault:  # it is text of others: whatever it raises is its own
            made.append(BrandFault(f"{type(fault).__name__}: {fault}"))
        else:
            long = BrandFault(f"it comes to more than {LARGEST_PAGE:,} characters")
            made.append(page if len(page) <= LARGEST_PAGE else long)
    return made
