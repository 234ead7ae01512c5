"""The profile that comes nearest to a delimited file none fits, and what keeps the two apart."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from invoices.carrier import flat
from invoices.carrier.flat.profile import Flat, Part, folded
from invoices.carrier.flat.rows import SIGNS, header_names, missing_columns
from invoices.carrier.profiles import Profile
from invoices.carrier.source import ZIP

LOOKED_AT = 30
"""In so many rows a header is looked for."""
SHOWN = 10
"""So many columns a message names."""


@dataclass(frozen=True)
class Near:
    """A row of a file that may be the header of a part of a profile."""

    profile: Profile
    part: Part
    cells: tuple[str, ...]
    """What stands in the row."""
    missing: tuple[str, ...]
    wanted: int
    """How many columns the part has."""
    row: int
    sheet: str | None
    delimiter: str

    @property
    def rank(self) -> tuple[float, int, int]:
        """How near it is: the smaller, the nearer."""
        return len(self.missing) / self.wanted, -self.wanted, self.row


def nearest(head: bytes, profiles: Iterable[Profile]) -> tuple[str, str] | None:
    """Return which profile comes nearest to the beginning of a file, and what to do; null where
    none has a third of its columns there."""
    flats = [profile for profile in profiles if profile.format == flat.NAME]
    if head.startswith(ZIP):
        found = list(_on_sheets(head, flats))
    else:
        found = [near for profile in flats for near in _in_text(head, profile)]
    best = min(found, key=lambda near: near.rank, default=None)
    if best is None or best.wanted - len(best.missing) < max(2, best.wanted / 3):
        return None
    return _words(best)


def sheet_names(head: bytes) -> list[str]:
    """Return the names of the sheets that the head of a workbook shows."""
    return [name for name, _ in flat.previewed(head)]


def _on_sheets(head: bytes, profiles: list[Profile]) -> Iterator[Near]:
    for name, rows in flat.previewed(head):
        for profile in profiles:
            said = profile.section(Flat)
            for number, row in enumerate(rows[:LOOKED_AT], 1):
                for part in said.part:
                    yield from _near(profile, part, tuple(row), number, name, said.delimiter)


def _in_text(head: bytes, profile: Profile) -> Iterator[Near]:
    said = profile.section(Flat)
    text = head.decode(profile.encoding, errors="replace").lstrip("\ufeff")
    for number, line in enumerate(text.split("\n")[:LOOKED_AT], 1):
        for part in said.part:
            own = said.delimiter_of(part)
            for sign in dict.fromkeys((own, *SIGNS)):
                cells = _cells(line, sign, said.quotes) if sign in line else ()
                yield from _near(profile, part, cells, number, None, sign)


def _cells(line: str, sign: str, quotes: str) -> tuple[str, ...]:
    """Return the names in a row, as they are written where that is plain."""
    written = tuple(cell.strip().strip('"').strip() for cell in line.split(sign))
    names = header_names(line, sign, quotes) or ()
    return written if tuple(map(folded, written)) == names else names


def _near(
    profile: Profile,
    part: Part,
    cells: tuple[str, ...],
    row: int,
    sheet: str | None,
    delimiter: str,
) -> Iterator[Near]:
    said = profile.section(Flat)
    wanted = len(set(said.columns_of(part)))
    if wanted and any(cells) and (said.header_of(part) or said.is_sectioned):
        missing = tuple(missing_columns(said, part, map(folded, cells)))
        if len(missing) < wanted:
            yield Near(profile, part, cells, missing, wanted, row, sheet, delimiter)


def _words(near: Near) -> tuple[str, str]:
    """Return what keeps a file and the profile nearest to it apart, and what to do."""
    profile, part, said = near.profile, near.part, near.profile.section(Flat)
    where = f"sheet {near.sheet}" if near.sheet is not None else "the file"
    close = f"nearest is `{profile.profile}` (part {part.name})"
    if near.missing:
        spelled = _spelled(said, part)
        lacks = _listed(spelled.get(name, name) for name in near.missing)
        wanted = {name for names in said.columns_of(part) for name in names}
        own = [cell for cell in near.cells if cell.strip() and folded(cell) not in wanted]
        has = f"; it has: {_listed(own)}" if own else ""
        remedy = "correct the columns of the profile, or draft one: `rebill profiles new-from`"
        return f"{close}, of whose columns {where} lacks: {lacks}{has}", remedy
    if near.sheet is None and near.delimiter != said.delimiter_of(part):
        sign = SIGNS.get(near.delimiter, f"`{near.delimiter}`")
        return (
            f"{close}, whose columns are parted by {sign} here",
            f"correct `delimiter` of the profile `{profile.profile}`",
        )
    if said.is_sectioned:
        looked_for = _listed(f"`{at.label}`" for at in said.labels_of().values())
        what = f"{close}, which has its columns, and whose labels or [recognise] do not fit"
        return what, f"its labels are {looked_for}; correct them, or name it with --profile"
    if near.row != said.header_of(part):
        what = f"{close}, whose header stands in row {near.row} here, not {said.header_of(part)}"
        return what, f"say `header_row = {near.row}` in the profile `{profile.profile}`"
    if near.sheet is not None and part.sheet and folded(part.sheet) != folded(near.sheet):
        what = f"{close}, which reads sheet {part.sheet}, and its columns stand on {near.sheet}"
        return what, f"correct `sheet` of part {part.name}"
    what = f"{close}, which has its columns, and whose [recognise] does not fit"
    return what, f"correct [recognise], or name it with --profile {profile.profile}"


def _spelled(said: Flat, part: Part) -> dict[str, str]:
    """Return the columns of a part as the profile writes them, by how they are compared."""
    written = [name for at in said.places_of(part).values() for name in (at.column, *at.columns)]
    return {folded(name): name for name in (*written, *part.columns) if name}


def _listed(names: Iterable[str]) -> str:
    all_names = list(names)
    more = f" and {len(all_names) - SHOWN} more" if len(all_names) > SHOWN else ""
    return ", ".join(all_names[:SHOWN]) + more
