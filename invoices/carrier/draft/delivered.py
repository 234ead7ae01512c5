"""What a delivery holds: its files and sheets, those that are laid out alike as one kind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from invoices.carrier.draft import looks
from invoices.carrier.draft.layout import (
    FILE,
    Layout,
    is_ledger,
    labels,
    laid_out,
    record_kinds,
)
from invoices.carrier.draft.part import Drafted, drafted
from invoices.carrier.draft.questions import Question
from invoices.carrier.draft.sample import MOST_ROWS, Leaf, NoDraft, Sample
from invoices.carrier.draft.told_columns import Table, told
from invoices.carrier.draft.toml_words import counted, dollars, quoted
from invoices.carrier.draft.usual_names import balance_of


@dataclass
class Kind:
    """A text, a sheet, or files of an archive that are laid out alike."""

    sample: Sample
    layout: Layout
    parts: list[Drafted] = field(default_factory=list)
    also: list[str] = field(default_factory=list)
    """Other sheets or files that are laid out alike."""
    hidden: list[Kind] = field(default_factory=list)
    """Hidden sheets that are laid out alike, of a sheet that is not."""

    @property
    def tables(self) -> list[Table]:
        """Its tables, in their order."""
        return [part.table for part in self.parts]

    @property
    def where(self) -> str:
        """How the kind is named in the report."""
        return f"sheet {self.layout.leaf.name}" if self.layout.leaf.name else self.sample.file

    @property
    def is_ledger(self) -> bool:
        """Whether it prints totals of bills and no charges."""
        return all(is_ledger(table.block) for table in self.tables)

    @property
    def has_key(self) -> bool:
        """Whether it says of which bill each of its rows is."""
        return all({"ban", "invoice_no"} <= set(table.fields) for table in self.tables)

    @property
    def has_lines(self) -> bool:
        """Whether its rows are charges with an amount."""
        return not self.is_ledger and any(part.money.amount is not None for part in self.parts)

    @property
    def keys(self) -> set[tuple[str, ...]]:
        """Its headers: those of a kind say the same."""
        return {block.key for block in self.layout.blocks if block.rows}

    @property
    def sheet_asked(self) -> Question | None:
        """What is asked where it or a sheet like it is hidden; null where none is, or where no one
        sheet could be named."""
        name = quoted(self.layout.leaf.name)
        tried = f"sheet = {name}"
        if self.layout.leaf.is_hidden:
            words = (
                f"S{self.where[1:]} is hidden. If its rows are charges of the bill, write {name}."
            )
            return Question(words, 'sheet = "?"', tried)
        if not self.hidden or self.also:
            return None
        other = self.hidden[0]
        words = (
            f"S{other.where[1:]} is hidden and has the same columns: {counted(other.layout.rows)},"
            f" {dollars(other.sum)} in all. If they do not count, write {name}; if they do, show"
            " the sheet in the workbook and delete this line."
        )
        return Question(words, 'sheet = "?"', tried)

    @property
    def sum(self) -> Decimal:
        """What its charges add up to."""
        return sum((part.sum for part in self.parts), Decimal(0))

    @property
    def printed(self) -> Decimal | None:
        """What a ledger prints as the charges of its bills; null where it prints none."""
        places = [
            (t, t.fields["current_charges"]) for t in self.tables if "current_charges" in t.fields
        ]
        if not self.is_ledger or not places:
            return None
        return sum((sum(table.numbers(place), Decimal(0)) for table, place in places), Decimal(0))

    @property
    def weight(self) -> tuple[bool, int]:
        """How much it looks like the detail of bills."""
        rows = sum(len(part.table.rows) for part in self.parts if part.money.amount is not None)
        fields = max((len(table.fields) for table in self.tables), default=0)
        return (self.has_lines, (rows or 1) * fields)


@dataclass(frozen=True)
class Cover:
    """A sheet or file without a table: what stands on it beside labels."""

    where: str
    labels: dict[str, tuple[int, str, str]]

    @property
    def printed(self) -> tuple[str, Decimal] | None:
        """The label and amount of the charges, or of what is due; null where it prints neither."""
        for wanted in ("current_charges", "total_due"):
            for _, label, value in self.labels.values():
                amount = looks.amount_of(value)
                if balance_of(label) == wanted and amount is not None:
                    return label, amount
        return None


def kinds_of(samples: Sequence[Sample]) -> tuple[list[Kind], list[Cover], list[str]]:
    """Return the kinds of a delivery, its covers, and why the others are neither.

    The rows of files or sheets that are laid out alike are looked at together.
    """
    found: list[Kind] = []
    covers: list[Cover] = []
    faults = []
    for sample, leaf in ((one, leaf) for one in samples for leaf in one.leaves):
        try:
            kind = Kind(sample, _layout(leaf))
        except NoDraft as fault:
            faults.append(str(fault))
            covers.append(_cover(sample, leaf))
            continue
        alike = next((other for other in found if other.keys == kind.keys), None)
        if alike is None:
            found.append(kind)
        elif leaf.is_hidden == alike.layout.leaf.is_hidden:
            alike.also.append(kind.where)
            _join(alike.layout, kind.layout, len(alike.also))
        elif leaf.is_hidden:
            alike.hidden.append(kind)
        else:
            found[found.index(alike)] = kind
            kind.hidden.append(alike)
    kinds = []
    for kind in found:
        for one in (*kind.hidden, kind):
            name = one.layout.leaf.name
            one.parts = [drafted(told(b), name) for b in one.layout.blocks if b.rows]
        leaf = kind.layout.leaf
        if not kind.layout.is_sure and not kind.has_lines and len(labels(leaf.rows)) > 2:
            covers.append(_cover(kind.sample, leaf))
        else:
            kinds.append(kind)
    return kinds, covers, faults


def _cover(sample: Sample, leaf: Leaf) -> Cover:
    return Cover(f"sheet {leaf.name}" if leaf.name else sample.file, labels(leaf.rows))


def _layout(leaf: Leaf) -> Layout:
    layout = None if record_kinds(leaf) else laid_out(leaf)
    if layout is None:
        raise NoDraft("its rows are typed records")
    if not any(block.rows for block in layout.blocks):
        raise NoDraft("the file has a header and no row below it")
    return layout


def _join(layout: Layout, other: Layout, number: int) -> None:
    """Put the rows of a file behind those of another that is laid out alike, up to `MOST_ROWS`."""
    first = number * FILE
    for block in other.blocks if layout.rows < MOST_ROWS else ():
        mine = next((one for one in layout.blocks if one.key == block.key), None)
        if mine is not None:
            mine.rows += [(first + row, cells) for row, cells in block.rows]
            mine.repeats += [first + row for row in block.repeats]
    layout.odd += [(first + row, cells) for row, cells in other.odd]
