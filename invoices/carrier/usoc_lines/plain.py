"""Files without a quote, every row whole: gone through once, a piece at a time, cell by cell.

Of each piece every distinct cell is looked at once, not every cell: of `19.50, 19.50, 7.25` only
`19.50` and `7.25`. What plain rows say is kept, so that their text is not read again; a row that
is not plain is only named here, for the careful reading in `line_rows`.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import polars as pl

from invoices.carrier import cells as c
from invoices.carrier.header import Header
from invoices.carrier.piecewise import Kept
from invoices.carrier.usoc_lines.columns import (
    KEY,
    KINDS,
    LINE_CELLS,
    NAMES,
    PLAIN_TEXT,
    plain_spellings,
)
from invoices.distinct import begins_run
from invoices.identifiers import LONGEST

PIECE = 8 * 2**20
"""About so many bytes are worked on at once."""
FEW = 2_000
"""Of so few rows every cell is looked at: finding the distinct ones would take longer."""
MARK = b"\xef\xbb\xbf"
UPPER = ("usoc", "state")
PERIOD = ("service_from", "service_until")
KEYS = pl.Schema({**dict.fromkeys(KEY, pl.String()), "number": pl.Int32()})


@dataclass(frozen=True)
class Plain:
    """What going through a plain file once says."""

    likely: pl.DataFrame
    """row, text of the rows whose record may say `document`."""
    rows: pl.DataFrame
    """row, number (of its key) of the plain rows."""
    keys: pl.DataFrame
    """`KEYS`: what plain rows name, as it stands."""
    odd: pl.DataFrame
    """row of the rows that are not plain, documents and blank ones among them."""
    values: Kept
    """row and what the lines say (columns of `LINES`) of the plain rows; other rows are there too,
    and count for nothing."""


def go_through(blocks: Callable[[], Iterator[bytes]], header: Header, kept: Kept) -> Plain | None:
    """Return what a plain file says, null where some line of it has a quote or another shape.

    `blocks` are of the very text whose header is given, in UTF-8.
    """
    if header.row != 1:
        return None
    going = _Going(header, kept)
    for number, piece in enumerate(_pieces(blocks())):
        # The header is known.
        rest = piece if number else piece[piece.index(b"\n") + 1 :]
        if b'"' in piece or rest.startswith(b"\n") or rest.endswith(b"\n\n"):
            return None
        if rest:
            cells = _cut(rest, header.names)
            if cells is None:
                return None
            going.take(cells)
    return going.told()


def _pieces(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield whole lines, about `PIECE` bytes at a time; the last one is ended where it is not."""
    held: list[bytes | memoryview] = []
    size = 0
    for block in blocks:
        end = block.rfind(b"\n") + 1
        if end and size + end >= PIECE:
            yield b"".join((*held, memoryview(block)[:end]))
            held, size, block = [], 0, block[end:]
        held.append(block)
        size += len(block)
    if rest := b"".join(held):
        yield rest if rest.endswith(b"\n") else rest + b"\n"


def _cut(piece: bytes, names: tuple[str, ...]) -> pl.DataFrame | None:
    """Return the cells of lines without quotes as text; null where not all have their number."""
    if b"\r" in piece:
        piece = piece.replace(b"\r\n", b"\n")
        if b"\r" in piece:
            return None
    try:
        # A line of more cells raises; one of fewer, or of nothing, has fewer commas.
        found = pl.read_csv(
            io.BytesIO(piece),
            has_header=False,
            schema=dict.fromkeys(names, pl.String),
            quote_char=None,
        )
    except pl.exceptions.PolarsError:
        return None
    return found if piece.count(b",") == found.height * (len(names) - 1) else None


STANDS = r" *(?:[!#-&(-+\--<>-~][!#-+\--~]*(?: [!#-+\--~]+)* *)?"
"""An identifier that stands for itself but for blanks around it; its length is asked for itself."""


def _spellings() -> dict[str, str]:
    """Return what plain cells fit.

    What a row names is not among them: it is looked at once for all rows that name it.
    """
    spellings = plain_spellings() | {"description": PLAIN_TEXT}
    wtn = spellings["wtn"]
    return {
        name: STANDS if name in NAMES else one for name, one in spellings.items() if name not in KEY
    } | {"wtn": wtn}


def _asked(name: str, spelling: str | None) -> list[pl.Expr]:
    """Return what is asked of a column: which cells are not plain, and does work change any."""
    cell, asked = pl.col(name), []
    if spelling:
        text = cell.fill_null("")
        wrong = ~text.str.contains(f"^(?:{spelling})$")
        if name in LONGEST:
            wrong |= text.str.len_chars() > LONGEST[name]
        asked.append(text.filter(wrong).unique().implode().alias(f"{name} wrong"))
    if name in LINE_CELLS and name not in KINDS and name != "wtn":
        asked.append(c.trimmed(cell).ne_missing(cell).any().alias(f"{name} trims"))
    if name in UPPER:
        asked.append((cell.str.to_uppercase() != cell).any().alias(f"{name} rises"))
    if name == "circuit_id":
        asked.append((c.circuit_key(cell) != cell).any().alias("circuit_key"))
    return asked


class _Going:
    """Takes in the pieces of a plain file in their order."""

    def __init__(self, header: Header, kept: Kept) -> None:
        self.header, self.kept = header, kept
        self.next = header.row + 1
        self.keys = pl.DataFrame(schema=KEYS)
        spellings = _spellings()
        self.asked = {
            name: asked for name in header.names if (asked := _asked(name, spellings.get(name)))
        }
        self.likely: list[pl.DataFrame] = []
        self.rows: list[pl.DataFrame] = []
        self.odd: list[pl.DataFrame] = []

    def take(self, cells: pl.DataFrame) -> None:
        """Take in the cells of the next rows."""
        row = pl.int_range(self.next, self.next + pl.len(), dtype=pl.Int64).alias("row")
        self.next += cells.height
        seen = self._seen(cells)
        named = cells.select(row, *KEY)
        if holds := self._plain(seen):
            plain = cells.select(pl.all_horizontal(holds)).to_series()
            if not plain.all():
                named = named.filter(plain)
                self._name(cells.select(row, pl.all()).filter(~plain))
        if named.height:
            self.rows.append(self._numbered(named))
            # What others than plain rows say is in no stretch of lines.
            self.kept.keep(cells.select(row, **self._values(seen)))

    def _name(self, odd: pl.DataFrame) -> None:
        """Note which rows are not plain, with the text of those that may be documents."""
        self.odd.append(odd.select("row"))
        whole = [pl.col(name).fill_null("") for name in self.header.names]
        likely = odd.filter(pl.col("record").str.contains("(?i)document"))
        self.likely.append(likely.select("row", text=pl.concat_str(whole, separator=",")))

    def _numbered(self, lines: pl.DataFrame) -> pl.DataFrame:
        """Return row and number of key of plain rows; keys that are new get the next numbers."""
        # Lines of one key follow each other: only the first of each stretch is looked up.
        begins = begins_run(lines.select(KEY))
        stretch = (begins.cum_sum() - 1).cast(pl.UInt32)
        named = lines.filter(begins).select(KEY)
        known = named.unique(maintain_order=True).join(
            self.keys, on=KEY, how="left", nulls_equal=True, maintain_order="left"
        )
        fresh = known.filter(pl.col("number").is_null()).with_columns(
            number=pl.int_range(self.keys.height, self.keys.height + pl.len(), dtype=pl.Int32)
        )
        self.keys = pl.concat([self.keys, fresh])
        numbers = named.join(
            self.keys, on=KEY, how="left", nulls_equal=True, maintain_order="left"
        )["number"]
        return lines.select("row", number=numbers.gather(stretch))

    def told(self) -> Plain:
        """Return what was taken in."""
        rows = pl.Schema({"row": pl.Int64, "number": pl.Int32})
        likely, odd = pl.Schema({"row": pl.Int64, "text": pl.String}), pl.Schema({"row": pl.Int64})
        return Plain(
            pl.concat([pl.DataFrame(schema=likely), *self.likely]),
            pl.concat([pl.DataFrame(schema=rows), *self.rows]),
            self.keys,
            pl.concat([pl.DataFrame(schema=odd), *self.odd]),
            self.kept,
        )

    def _seen(self, cells: pl.DataFrame) -> dict[str, Any]:
        """Return of each column what `asked` tells of its cells, asking each distinct one once."""
        if cells.height < FEW:
            return cells.select(one for asked in self.asked.values() for one in asked).row(
                0, named=True
            )
        seen: dict[str, Any] = {}
        for name, asked in self.asked.items():
            seen |= cells[name].unique().to_frame().select(asked).row(0, named=True)
        return seen

    def _plain(self, seen: dict[str, Any]) -> list[pl.Expr]:
        """Return what holds of a row that is readable as it stands, nothing where all rows are."""
        holds = [
            ~pl.col(name).fill_null("").is_in(pl.lit(pl.Series(wrong, dtype=pl.String)).implode())
            for name in self.header.names
            if (wrong := seen.get(f"{name} wrong"))
        ]
        starts, ends = (name if name in self.header.names else None for name in PERIOD)
        if starts and ends:
            holds.append((pl.col(ends) >= pl.col(starts)).fill_null(True))
        return holds

    def _values(self, seen: dict[str, Any]) -> dict[str, pl.Expr]:
        """Return what plain rows say; no work is done on a column of which it changes no cell."""
        says = {}
        for name in LINE_CELLS:
            if name not in self.header.names:
                continue
            cell = pl.col(name)
            if name in KINDS and KINDS[name] is not c.CHARGE_CLASS:
                says[name] = KINDS[name].cast(cell)
                continue
            cell = c.trimmed(cell) if seen.get(f"{name} trims") else cell
            says[name] = cell.str.to_uppercase() if seen.get(f"{name} rises") else cell
        if "circuit_id" in says:
            key = says["circuit_id"]
            says["circuit_key"] = c.circuit_key(key) if seen["circuit_key"] else key
        if "unit_rate" in says:
            says["unit_rate_places"] = c.printed_places(pl.col("unit_rate"))
        return says
