"""Readers of carrier paper, one module or package a format, and the profiles that are dialects.

A format has `recognises(head, profile)` and `read(source, profile)`; a new one is written beside
the others and added to `formats`. A profile (`invoices.carrier.profiles`) is a dialect of a format
as data: some are shipped, others lie in a workspace.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Literal

from pydantic import BaseModel

from invoices.carrier.contents import contents_differ
from invoices.carrier.profiles import Profile, ProfileError, parse, shipped_texts
from invoices.carrier.reading import Reading, document_id, refused_file
from invoices.carrier.source import ZIP, Known, Source, source_of_bytes
from invoices.carrier.strangers import stranger

__all__ = [
    "ZIP",
    "Format",
    "Known",
    "Profile",
    "ProfileError",
    "Profiles",
    "Reading",
    "Source",
    "choose",
    "contents_differ",
    "document_id",
    "format_named",
    "formats",
    "identify",
    "parse_profile",
    "read",
    "read_by",
    "refused_file",
    "shipped",
    "source_of_bytes",
    "takes",
]


@dataclass(frozen=True)
class Format:
    """A format of carrier paper: its name, how it is known, how it is read."""

    name: str
    recognises: Callable[[bytes, Profile], int]
    """How surely the beginning of a file is of this format in the dialect of a profile: 0 = not at
    all; of several profiles the surest reads the file."""
    read: Callable[[Source, Profile], Reading]
    takes: Literal["lines", "blocks"] = "lines"
    """`lines`: text of lines no longer than the limit, which is checked, and made UTF-8, before it
    is read. `blocks`: bytes of any kind, and the reader checks what it needs."""
    workbooks: bool = False
    """Whether it reads workbooks too; these are bytes whatever else it takes."""
    section: type[BaseModel] | None = None
    """The model of the format's own section in a profile."""


def _is_usoc_lines(head: bytes, profile: Profile) -> int:
    if b"\0" in head:
        return 0
    from invoices.carrier import usoc_lines

    return 100 * usoc_lines.recognises(head.decode("utf-8-sig", errors="replace"))


def _read_usoc_lines(source: Source, profile: Profile) -> Reading:
    from invoices.carrier import piecewise, usoc_lines

    utf8 = codecs.lookup(profile.encoding).name == "utf-8"
    memory = profile.limits.memory_bytes // piecewise.SHARE
    return usoc_lines.read(source, source.blocks if utf8 else None, memory)


@cache
def formats() -> tuple[Format, ...]:
    """Return every format that is read.

    The readers are imported when one is asked for: most commands read no carrier paper.
    """
    from invoices.carrier import fixed, flat, typed_records, usoc_lines, x12

    return (
        Format(usoc_lines.NAME, _is_usoc_lines, _read_usoc_lines),
        Format(x12.NAME, x12.recognises, x12.read, takes="blocks", section=x12.X12),
        Format(flat.NAME, flat.recognises, flat.read, section=flat.Flat, workbooks=True),
        Format(fixed.NAME, fixed.recognises, fixed.read, takes="blocks", section=fixed.Fixed),
        Format(
            typed_records.NAME,
            typed_records.recognises,
            typed_records.read,
            section=typed_records.Records,
        ),
    )


def format_named(name: str) -> Format | None:
    """Return the format of that name."""
    return next((known for known in formats() if known.name == name), None)


def takes(profile: Profile, head: bytes) -> Literal["lines", "blocks"]:
    """Return how a file of a profile is read: as physical lines of text, or as blocks of bytes."""
    known = format_named(profile.format)
    if known is None:
        return "lines"
    return "blocks" if known.workbooks and head[:4] == ZIP else known.takes


def parse_profile(text: str) -> Profile:
    """Return the profile a TOML text describes; raises `ProfileError` naming each fault."""
    return parse(text, {known.name: known.section for known in formats()})


@cache
def shipped() -> tuple[Profile, ...]:
    """Return the profiles that come with the package, by name."""
    return tuple(parse_profile(text) for text in shipped_texts().values())


@dataclass(frozen=True)
class Profiles:
    """The profiles a file may be of: a workspace's own stand before the shipped ones."""

    own: tuple[Profile, ...] = ()
    given: tuple[Profile, ...] = field(default_factory=shipped)

    def __iter__(self) -> Iterator[Profile]:
        hidden = {profile.profile for profile in self.own}
        yield from self.own
        yield from (profile for profile in self.given if profile.profile not in hidden)

    def named(self, name: str) -> Profile | None:
        """Return the profile of that name; one of the workspace hides a shipped one."""
        return next((known for known in self if known.profile == name), None)


def identify(head: bytes, profiles: Profiles | None = None) -> list[Profile]:
    """Return the profiles that know a file best by its beginning: none, one, or several alike.

    `head` are the first bytes of the file; it may end inside a character. A profile of the
    workspace goes before a shipped one that is as sure.
    """
    profiles = profiles or Profiles()
    own = {id(profile) for profile in profiles.own}
    found = [
        ((surety, profile.recognise.says_anything, id(profile) in own), profile)
        for profile in profiles
        if (known := format_named(profile.format))
        and profile.recognise.holds(head)
        and (surety := known.recognises(head, profile))
    ]
    best = max((rank for rank, _ in found), default=None)
    return [profile for rank, profile in found if rank == best]


def read(source: Source, profile: str | None = None, profiles: Profiles | None = None) -> Reading:
    """Read a carrier file in the dialect its beginning shows, or in the one `profile` names.

    A file that no profile knows, or several equally well, is refused, as is everything else that
    cannot be read; nothing a carrier sends raises.
    """
    profiles = profiles or Profiles()
    chosen = choose(source.head, profile, profiles)
    if isinstance(chosen, Profile):
        return read_by(source, chosen)
    return refused_file(source.name, source.digest, *chosen)


def read_by(source: Source, profile: Profile) -> Reading:
    """Read a carrier file in the dialect of a profile."""
    known = format_named(profile.format)
    assert known is not None, profile.format
    return known.read(source, profile)


def choose(head: bytes, name: str | None, profiles: Profiles) -> Profile | tuple[str, str]:
    """Return the profile a file is read by, or why there is none and what to do."""
    names = ", ".join(known.profile for known in profiles)
    if name:
        named = profiles.named(name)
        return named or (f"no profile is called `{name}`", f"profiles there are: {names}")
    found = identify(head, profiles)
    if len(found) == 1:
        return found[0]
    if found:
        fit = ", ".join(f"`{profile.profile}`" for profile in found)
        remedy = "say which with --profile, or give each a [recognise] rule that tells them apart"
        return f"the file is of several profiles: {fit}", remedy
    if not head.strip(b"\xef\xbb\xbf \t\r\n"):
        return "the file is empty", f"profiles that are read: {names}"
    return _unknown(head, profiles)


def _unknown(head: bytes, profiles: Profiles) -> tuple[str, str]:
    """Return what a file is that no profile knows: by name, or by the profile that is nearest."""
    from invoices.carrier import nearest

    if found := stranger(head):
        return found.what, found.remedy
    names = ", ".join(known.profile for known in profiles)
    sheets = nearest.sheet_names(head)
    what = "the file begins like no carrier invoice that is read"
    if sheets:
        what = f"no sheet of the workbook is of a profile (there are: {', '.join(sheets[:10])})"
    if near := nearest.nearest(head, profiles):
        return f"{what}; {near[0]}", near[1]
    return what, f"profiles that are read: {names}; write another with `rebill profiles new-from`"
