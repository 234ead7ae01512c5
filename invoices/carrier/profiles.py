"""Profiles: a dialect of carrier paper as data, read from TOML.

A profile says who sends the paper, how it is recognised, and, in the section of its format, where
each field is. `docs/formats/profiles.md` describes every setting. Nothing here knows a format: each
brings the model of its own section (`invoices.carrier.formats`).
"""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    create_model,
    field_validator,
)

from invoices.patterns import fits, found_in, readable
from invoices.schema import CHARGE_CLASSES
from invoices.setting_faults import close, faults_of
from invoices.toml_text import NoToml, Places, SettingsFault, Told, read_toml

ChargeClass = Literal[
    "recurring",
    "one_time",
    "prorated",
    "usage",
    "surcharge",
    "tax",
    "late_charge",
    "adjustment",
]
Exact = Annotated[Decimal, Field(allow_inf_nan=False)]
"""A number of a profile: TOML numbers are read as decimals, never as floats."""
Section = TypeVar("Section", bound=BaseModel)


class ProfileError(SettingsFault):
    """A profile cannot be used; the message names each fault and where it stands."""


class Strict(BaseModel):
    """A part of a profile: unknown settings are faults, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


def known_encoding(name: str) -> str:
    """Return the name of an encoding of text; raises `ValueError` where there is none."""
    try:
        "".encode(name)
        codecs.lookup(name).incrementaldecoder("strict")
    except (LookupError, TypeError) as fault:
        raise ValueError(f"no encoding of text is called `{name}`") from fault
    return name


class Recognition(Strict):
    """How a file is known to be of this profile, by its first 64 KiB. All that is given must hold.

    What a format recognises by itself (the names in a header row, an interchange header) stays as
    it is; this tells dialects of one format from each other.
    """

    starts_with: str = ""
    """Text at the very beginning, behind a byte order mark."""
    contains: tuple[str, ...] = ()
    """Texts each of which stands somewhere in the beginning."""
    matches: tuple[str, ...] = ()
    """Regular expressions (`invoices.patterns`) each of which is found in the beginning."""
    encoding: str = "utf-8"
    """How the beginning is decoded for the comparison, such as `cp037` for EBCDIC."""

    @field_validator("matches")
    @classmethod
    def _compiles(cls, patterns: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(readable(pattern) for pattern in patterns)

    _encoding = field_validator("encoding")(known_encoding)

    @property
    def says_anything(self) -> bool:
        """Whether there is a rule at all."""
        return bool(self.starts_with or self.contains or self.matches)

    def holds(self, head: bytes) -> bool:
        """Whether the beginning of a file fits every rule that is given."""
        text = head.removeprefix(b"\xef\xbb\xbf").decode(self.encoding, errors="replace")
        return (
            text.startswith(self.starts_with)
            and all(part in text for part in self.contains)
            and all(found_in(text, pattern) for pattern in self.matches)
        )


class Limits(Strict):
    """What a file of this profile may at most need; beyond it the file is refused."""

    file_bytes: int | None = Field(default=None, gt=0)
    """The size of a file; null = `[inbox] max_file_bytes` of the workspace alone."""
    memory_bytes: int = Field(default=512 * 2**20, gt=0)
    """What must be held at once: a set, a workbook, a table of accounts."""
    record_bytes: int = Field(default=2**20, gt=0)
    """The longest line, record or segment."""


class Profile(Strict):
    """The head that profiles of every format share, and the section of the one they name."""

    profile: str = Field(
        pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$",
        description="at most 64 small letters, digits, dots, dashes and underlines",
    )
    """Its name: `--profile NAME`."""
    format: str
    about: str = ""
    carrier: str | None = Field(default=None, min_length=1)
    """The carrier's name in our tables; null = the paper names it, or the contract that covers the
    account."""
    accounts: tuple[str, ...] = ()
    """Patterns of the accounts this paper may bill, `*` as wildcard; a document of another account
    is refused. Empty = any."""
    charge_classes: dict[str, ChargeClass] = {}
    """The carrier's word for a kind of charge -> our charge class; compared without case."""
    codes: dict[str, dict[str, str]] = {}
    """Field -> what is printed -> what it means, such as `[codes.usoc]`; compared exactly."""
    encoding: str = "utf-8"
    """How text is encoded, such as `cp1252` or `utf-16`; readers of bytes have settings of their
    own."""
    amount_rule: Literal["auto", "extended", "unit"] = "auto"
    """What a printed amount is: of the whole line (`extended`), or of one unit (`unit`: times the
    quantity, rounded once); `auto` = what the format says by itself."""
    tax_rule: Literal["as_marked", "add", "inform"] = "as_marked"
    """Whether printed taxes add to the charges, or only inform; `as_marked` = as each is marked."""
    tolerance: Exact = Field(default=Decimal("0.00"), ge=0, le=1)
    """Dollars that a control total *inside* the paper may be off. Printed totals of a document foot
    to the cent whatever stands here."""
    good_documents_load: bool = True
    """Whether documents that read may load when others of the same file are refused."""
    recognise: Recognition = Recognition()
    limits: Limits = Limits()
    _encoding = field_validator("encoding")(known_encoding)
    body: Any = Field(default=None, exclude=True)
    """The section of the format, as its own model; null where the format has none."""

    def section(self, model: type[Section]) -> Section:
        """Return the section of the format as a `model`; raises `TypeError` if it is none."""
        if not isinstance(self.body, model):
            raise TypeError(f"profile {self.profile} has no section {model.__name__}")
        return self.body

    def class_of(self, word: str) -> str | None:
        """Return the charge class a word of the carrier stands for, null where nothing says."""
        folded = word.strip().casefold()
        known = {said.strip().casefold(): meant for said, meant in self.charge_classes.items()}
        return known.get(folded, folded if folded in CHARGE_CLASSES else None)

    def covers(self, ban: str) -> bool:
        """Whether the paper may bill an account."""
        return not self.accounts or any(fits(ban, pattern) for pattern in self.accounts)


def parse(text: str, sections: Mapping[str, type[BaseModel] | None]) -> Profile:
    """Return the profile a TOML text describes; `sections` are the models of the known formats.

    Raises `ProfileError` with every fault that was found.
    """
    try:
        data = read_toml(text)
    except NoToml as fault:
        raise ProfileError(fault.told) from None
    places = Places(text)
    name = data.get("format")
    if name not in sections:
        raise ProfileError([_no_format(name, list(sections), places)])
    model = sections[str(name)]
    file = _whole_file(str(name), model)
    strange = [other for other in sections if other != name and other in data]
    own = data.pop(str(name), None)
    told = [Told(places.line((other,)), f"[{other}]: the format is {name}") for other in strange]
    for other in strange:
        data.pop(other)
    if "body" in data:
        told.append(Told(places.line(("body",)), 'the file has no setting "body"; take it out'))
    body = None
    if model is not None:
        given = own if own is not None else {}
        try:
            body = model.model_validate(given)
        except ValidationError as error:
            at = (str(name),)
            misnamed = own is None and any(close(other, [str(name)]) for other in data)
            if not misnamed:
                told += faults_of(error, model, given, places=places, at=at, root=file)
    elif own is not None:
        line = places.line((str(name),))
        told.append(Told(line, f"[{name}]: this format has no section of its own; take it out"))
    try:
        head = Profile.model_validate({**data, "body": body})
    except ValidationError as error:
        told += faults_of(error, Profile, data, places=places, root=file)
        raise ProfileError(sorted(told, key=lambda one: one.line or 0)) from None
    if told:
        raise ProfileError(told)
    return head


def _no_format(name: object, names: list[str], places: Places) -> Told:
    """Say that a profile names no format there is; nothing else of it can be judged then."""
    there = ", ".join(names)
    if name is None:
        return Told(None, f'the file lacks "format"; write `format = ...`, one of {there}')
    return Told(places.line(("format",)), f"format: `{name}` is none of {there}")


@cache
def _whole_file(name: str, model: type[BaseModel] | None) -> type[BaseModel]:
    """Return the model of a whole file of a format: what a misplaced setting is looked up in."""
    if model is None:
        return Profile
    own: Any = (model, None)
    return create_model("File", __base__=Profile, **{name: own})


def shipped_texts() -> dict[str, str]:
    """Return the TOML of the profiles that come with the package, by file name."""
    folder = resources.files("invoices.carrier") / "profiles"
    return {
        place.name: place.read_text(encoding="utf-8")
        for place in sorted(folder.iterdir(), key=lambda place: place.name)
        if place.name.endswith(".toml")
    }
