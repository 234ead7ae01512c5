"""A file of several tables: headers are found by their names, wherever they stand.

    Account: 0123                       a label, and what stands beside it
    Monthly Service                     a title: one cell alone
    USOC, Amount                        a header, of the part that knows its names
    1FB, 25.00                          rows, up to the next header
    Taxes
    Tax, Amount
    State, 1.50

Nothing below a header is left out unsaid: what is no row of its table is a title, a label, a rule
of the profile (`aside`), or a row that cannot be read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from operator import attrgetter

import polars as pl

from invoices.carrier.flat import labels
from invoices.carrier.flat.grid import has_names, names_in
from invoices.carrier.flat.profile import Flat, Part
from invoices.carrier.flat.rows import BILL, TITLE, Table, cells_of, missing_columns, sheet_table
from invoices.carrier.flat.workbook import Sheet
from invoices.patterns import found_in

_MONEY = r"(?i)^(?:usd|[-+$(\s])*[0-9.,]*[0-9][0-9.,]*[-)\s]*(?:cr|dr|db|usd)?\.?$"
"""A cell alone in its row that is no title."""
_CENTS = r"(?i)^(?:usd|[-+$(\s])*[0-9.,]*[.,][0-9]{2,}[-)\s]*(?:cr|dr|db|usd)?\.?$"
"""A cell that prints an amount and no count."""
_STRAY = "it is below no header that the profile knows, and has an amount"
_WITHIN = "it stands in a table that is not read, below other words, and has an amount"
_DOUBLE = "it says a label of the profile, and has an amount like a row of its table"
_REMEDIES = {
    _STRAY: "add the columns of its table to the profile; or name its first cell in `aside` where"
    " it is no charge",
    _WITHIN: "add the columns of its table to the profile; or the words above it, where they are a"
    " title, as a part of the role aside",
    _DOUBLE: "name its first cell in `aside` where it is no charge, or another label in the"
    " profile where it is one",
}
_OTHER_TITLE = (
    "add a part with its `title` to the profile, of the role aside if need be; or name it in"
    " `aside` where it is no title"
)


@dataclass(frozen=True)
class Section:
    """The rows below headers that say the same, as far as they are of one part."""

    part: Part
    names: tuple[str, ...]
    rows: pl.DataFrame
    """`row`, `text`, `TITLE`, `BILL`, for each label `beside LABEL` and `damage LABEL`, and
    `strange`: why a row is of no part, null where it is of this one."""


@dataclass(frozen=True)
class Header:
    """A header of a file and the parts it fits, those with the most columns."""

    names: tuple[str, ...]
    parts: tuple[Part, ...]


def headers(grid: pl.DataFrame, flat: Flat) -> dict[str, Header]:
    """Return the headers of a file (`GRID`), by their text."""
    found = {}
    near = grid.filter(_has_a_name(flat)).unique("text", maintain_order=True)
    for text, cells in near.filter(has_names(flat)).select("text", "cells").rows():
        names = names_in(cells)
        fitting = [part for part in flat.part if not missing_columns(flat, part, names)]
        most = max(len(flat.columns_of(part)) for part in fitting)
        best = [part for part in fitting if part.title or len(flat.columns_of(part)) == most]
        found[text] = Header(names, tuple(best))
    return found


def _has_a_name(flat: Flat) -> pl.Expr:
    """Say whether a row has the first column of a part anywhere in its text: few have, and only
    these are looked at cell by cell."""
    firsts = [columns[0] for part in flat.part if (columns := flat.columns_of(part))]
    names = {re.escape(name).replace(r"\ ", r"\s+") for first in firsts for name in first}
    return pl.col("text").str.contains("(?i)" + "|".join(sorted(names)))


def sections(grid: pl.DataFrame, flat: Flat) -> list[Section]:
    """Return the tables of a file (`GRID`), each with its rows in the order of the file.

    Raises `labels.Disagreed` where a label says two things of one bill.
    """
    written = headers(grid, flat)
    if not written:
        return []
    # Those that differ in case or blanks are one.
    known = list({header.names: header for header in written.values()}.values())
    numbers = {header.names: number for number, header in enumerate(known)}
    place = {text: numbers[header.names] for text, header in written.items()}
    rows = grid.filter(pl.col("filled") > 0).with_columns(
        header=pl.col("text").replace_strict(place, default=None, return_dtype=pl.Int64)
    )
    marked = _marked(rows, known, flat)
    of_bill, said = _by_bill(marked, flat)
    stands = pl.col("under").is_not_null() & ~pl.col("is_label")
    told = pl.col("header").is_not_null() | pl.col("is_title") | pl.col("is_aside")
    body = of_bill.with_columns(stray=_stray(known, flat)).filter(
        (stands & ~told) | pl.col("stray").is_not_null()
    )
    return _parted(body, known, said)


def _stray(known: list[Header], flat: Flat) -> pl.Expr:
    """Say why a row that would be left out may be of a table whose header is not known, else null.

    It is above all headers, as a row of a table is, or in a table that is not read, behind a title
    that is not of it or a row like a header. Nothing would tell that it is missing where totals are
    derived.
    """
    if not flat.derive:
        return pl.lit(None, pl.String)
    cell = pl.element()
    amount = cell.str.contains(_MONEY if flat.places == "cents" else _CENTS)
    words = ~cell.str.contains("[0-9]") & cell.str.contains(r"\w")
    cells = pl.col("cells").list
    speaks = pl.col("is_title") | pl.col("says") | pl.col("is_aside")
    has_amount = cells.eval(amount).list.any() & ~speaks
    like_header = (
        ~speaks & (pl.col("filled") > 1) & (cells.eval(words).list.sum() == pl.col("filled"))
    )
    unread = {
        number: header.parts[0].title or ""
        for number, header in enumerate(known)
        if all(part.role == "aside" for part in header.parts)
    }
    own_title = pl.any_horizontal(
        pl.lit(False),
        *((pl.col("under") == n) & pl.col(TITLE).str.contains(t) for n, t in unread.items() if t),
    ).fill_null(False)
    other = pl.max_horizontal(
        pl.when(like_header).then("row").forward_fill(),
        pl.when("is_title")
        .then("row")
        .forward_fill()
        .pipe(lambda row: pl.when(~own_title).then(row)),
    )
    begun = pl.when(pl.col("header").is_not_null()).then("row").forward_fill()
    within = pl.col("under").is_in(list(unread)) & (other > begun) & (pl.col("filled") > 1)
    above = pl.col("under").is_null() & ((pl.col("filled") > 2) | _begun(like_header, flat))
    return (
        pl.when(has_amount & above)
        .then(pl.lit(_STRAY))
        .when(has_amount & within & pl.col("header").is_null())
        .then(pl.lit(_WITHIN))
    )


def _begun(like_header: pl.Expr, flat: Flat) -> pl.Expr:
    """Say whether a table begins above a row, though its header is not known: there is the title of
    a part, or a row like a header with the name of an amount."""
    read = [part for part in flat.part if part.role == "lines"]
    amounts = {name for part in read for name in flat.places_of(part)["amount"].names}
    named = pl.col("cells").list.eval(pl.element().str.to_lowercase().is_in(sorted(amounts)))
    titles = [pl.col(TITLE).str.contains(part.title) for part in read if part.title]
    header = pl.when(like_header & named.list.any()).then("row").forward_fill().over(BILL)
    return header.is_not_null() | pl.any_horizontal(pl.lit(False), *titles).fill_null(False)


def _marked(rows: pl.DataFrame, known: list[Header], flat: Flat) -> pl.DataFrame:
    """Add which header a row is under, and whether it is a title, says a label, or is set aside."""
    widths = dict(enumerate(len(header.names) for header in known))
    under = pl.col("header").forward_fill()
    width = under.replace_strict(widths, default=None, return_dtype=pl.Int64)
    is_header = pl.col("header").is_not_null()
    aside = [pl.col("first").str.contains(pattern) for pattern in flat.aside]
    alone = (pl.col("filled") == 1) & ~pl.col("first").str.contains(_MONEY)
    says, all_of_it = _says(list(flat.labels_of()), width)
    is_aside = pl.any_horizontal(pl.lit(False), *aside)
    is_double = says & ~all_of_it & ~is_aside & _has_amount(under, known, flat)
    return rows.with_columns(
        under=under,
        is_double=~is_header & is_double,
        says=~is_header & says & ~is_double,
        is_aside=~is_header & is_aside,
    ).with_columns(
        is_label=~is_header & (pl.col("under").is_null() | pl.col("says")),
        is_title=~is_header & alone & ~pl.col("says") & ~pl.col("is_aside"),
    )


def _says(wanted: list[str], width: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """Say whether a row below a header speaks of the bill: it has a label, and is no whole row of
    the table, or says so with a colon or with several labels; and whether labels and what stands
    beside them are all that it has."""
    if not wanted:
        return pl.lit(False), pl.lit(False)
    said = pl.element().str.to_lowercase().str.replace_all(r"\s+", " ")
    whole = said.str.strip_chars(" :.").is_in(wanted)
    begins = "^(?:" + "|".join(re.escape(label) for label in wanted) + r")"
    followed = said.str.contains(begins + r" ?[:#=] ?[^ ]")
    numbered = said.str.contains(begins + r" [-+$(0-9]")
    few = pl.col("filled") <= 2

    def count(of: pl.Expr) -> pl.Expr:
        return pl.col("cells").list.eval(of.sum()).list.first().cast(pl.Int64)

    numbers = pl.when(few).then(count(numbered)).otherwise(0)
    inside, beside = count(followed) + numbers, count(whole & ~followed)
    marked = count(whole & said.str.ends_with(":")) + count(followed)
    some = count(whole | followed) + numbers
    partly = few | (pl.col("cells").list.len() != width)
    speaks = (marked > 0) | (some > 1) | ((some > 0) & partly)
    return speaks, pl.col("filled") <= inside + 2 * beside


def _has_amount(under: pl.Expr, known: list[Header], flat: Flat) -> pl.Expr:
    """Say whether an amount stands in a column of amounts of the table that a row is below."""
    cells = pl.col("cells").list
    found = [pl.lit(False)]
    for number, header in enumerate(known):
        columns = {
            name
            for part in header.parts
            if part.role == "lines"
            for name in (
                *flat.places_of(part)["amount"].names,
                *flat.places_of(part)["amount"].beside,
            )
        }
        for place, name in enumerate(header.names):
            if name in columns:
                cell = cells.get(place, null_on_oob=True)
                found.append((under == number) & cell.str.contains(_MONEY).fill_null(False))
    return pl.any_horizontal(found)


def _by_bill(marked: pl.DataFrame, flat: Flat) -> tuple[pl.DataFrame, list[str]]:
    """Return the rows with their title and what labels say of their bill, and the labels said."""
    wanted = flat.labels_of()
    said = labels.occurrences(marked.filter("is_label"), flat)
    found = labels.bills(said, flat)
    starts = [bill.row for bill in found]
    columns = {
        f"{what} {label}": pl.Series([of(bill).get(label) for bill in found], dtype=pl.String)
        for label in wanted
        for what, of in (("beside", attrgetter("values")), ("damage", attrgetter("damages")))
    }
    bills = pl.DataFrame({BILL: starts, **columns}, schema_overrides={BILL: pl.Int64})
    rows = marked.join_asof(bills, left_on="row", right_on=BILL, strategy="backward")
    # Where a bill has a header of its own, nothing above that is under the header before.
    within = pl.col("header").forward_fill().over(BILL)
    has_own = pl.col("header").is_not_null().any().over(BILL)
    rows = rows.with_columns(under=pl.when(has_own).then(within).otherwise("under"))
    return _titled(rows), list(columns)


def _titled(rows: pl.DataFrame) -> pl.DataFrame:
    """Add the title of each row: the last one above, but where rows of another header stand between
    it and the header of the row."""
    told = pl.col("is_title") | pl.col("says") | pl.col("is_aside") | pl.col("header").is_not_null()
    is_row = ~told & pl.col("under").is_not_null()
    counted = rows.with_columns(run=pl.col("under").rle_id(), rows_before=is_row.cum_sum())
    titles = [
        pl.when("is_title").then(name).forward_fill().over(BILL).alias(f"title {name}")
        for name in ("first", "row", "rows_before")
    ]
    counted = counted.with_columns(titles)
    # A run begins with its header, and above that no row of the tables before may follow the title.
    follows = pl.col("title rows_before") == pl.col("rows_before").first().over("run")
    within = pl.col("title row") >= pl.col("row").first().over("run")
    return counted.with_columns(pl.when(follows | within).then("title first").alias(TITLE))


def _parted(body: pl.DataFrame, known: list[Header], said: list[str]) -> list[Section]:
    """Return the rows of each header by the part they are of: its title tells."""
    read = [(n, p.name) for n, one in enumerate(known) for p in one.parts if p.role != "aside"]
    number, name = next(iter(read), (0, known[0].parts[0].name))
    # What is of no table is told with the first that is read.
    is_stray = pl.col("stray").is_not_null()
    body = body.with_columns(under=pl.when(is_stray).then(number).otherwise("under"))
    found = []
    shape = ["row", "text", TITLE, BILL, *said]
    for (place, title), _ in body.group_by("under", TITLE, maintain_order=True):
        header = known[place]
        part = _part_of(header, title)
        found.append((place, title, (part or header.parts[0]).name, part is None))
    told = pl.DataFrame(
        found,
        schema={"under": pl.Int64, TITLE: pl.String, "part": pl.String, "is_strange": pl.Boolean},
        orient="row",
    )
    rows = body.join(told, on=["under", TITLE], how="left", nulls_equal=True, maintain_order="left")
    words = pl.concat_str(
        pl.lit("no part of the profile has the title `"), pl.col(TITLE).fill_null(""), pl.lit("`")
    )
    strange = (
        pl.when(is_stray)
        .then("stray")
        .when("is_double")
        .then(pl.lit(_DOUBLE))
        .when("is_strange")
        .then(words)
    )
    rows = rows.with_columns(
        strange=strange, part=pl.when(is_stray).then(pl.lit(name)).otherwise("part")
    )
    result = []
    for number, header in enumerate(known):
        for part in header.parts:
            own = rows.filter(pl.col("under") == number, pl.col("part") == part.name)
            if part.role != "aside" and (own.height or len(header.parts) == 1):
                result.append(Section(part, header.names, own.select(*shape, "strange")))
    return result


def _part_of(header: Header, title: str | None) -> Part | None:
    """Return the part of a table by the title above it: one that names it, else one without."""
    named = [part for part in header.parts if part.title and found_in(title or "", part.title)]
    other = [part for part in header.parts if not part.title]
    return next(iter([*named, *other]), None)


def section_table(section: Section, sheet: Sheet | None, flat: Flat, source_file: str) -> Table:
    """Return a table among others as rows of cells, with what stands outside of it; of a text where
    `sheet` is null."""
    part, names = section.part, section.names
    own = section.rows.lazy()
    if sheet is None:
        cells, _ = cells_of(own.select("row", "text"), flat, part, names)
    else:
        rows = sheet.rows.join(
            section.rows.select("row"), on="row", how="semi", maintain_order="left"
        )
        cells = sheet_table(replace(sheet, rows=rows), flat, part, names, source_file).rows
    strange = pl.col("strange")
    rows_of_it = (
        cells.join(own.drop("text"), on="row", how="left", maintain_order="left")
        .with_columns(
            whole=pl.col("whole") & strange.is_null(),
            fault=pl.coalesce(strange, "fault"),
            remedy=pl.when(strange.is_not_null())
            .then(strange.replace_strict(_REMEDIES, default=_OTHER_TITLE))
            .otherwise("remedy"),
        )
        .drop("strange")
    )
    return Table(
        part,
        names,
        rows_of_it,
        source_file,
        damaged=sheet is not None,
        since_1904=sheet is not None and sheet.since_1904,
        hidden=sheet.hidden_rows if sheet is not None else (),
        delimiter=flat.delimiter_of(part),
    )
