"""A whole draft: what was seen of a file becomes the text of a profile."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from invoices.carrier.draft import looks
from invoices.carrier.draft.amount_doubts import places
from invoices.carrier.draft.day_columns import Days, days_of
from invoices.carrier.draft.delivered import Cover, Kind, kinds_of
from invoices.carrier.draft.layout import above, cited, is_beside, labels, record_kinds
from invoices.carrier.draft.money_columns import CUT
from invoices.carrier.draft.part import (
    Drafted,
    amount_rule,
    class_lines,
    ledger_lines,
    part_lines,
)
from invoices.carrier.draft.questions import (
    Asked,
    Line,
    Part,
    Question,
    open_questions,
    tried,
    written,
)
from invoices.carrier.draft.record_skeleton import skeleton
from invoices.carrier.draft.sample import NoDraft, Sample
from invoices.carrier.draft.toml_words import account, aside, counted, dollars, few, quoted, shown
from invoices.carrier.draft.total_rows import Totals, amount_in
from invoices.carrier.draft.usual_names import NAMES, balance_of
from invoices.schema import CHARGE_CLASSES

_OUTSIDE = ("ban", "invoice_no", "bill_date", "due_date")
"""What may stand beside a label for a whole bill, besides its balances."""
_TOTALS = ("current_charges", "total_due")


@dataclass(frozen=True)
class Draft:
    """A draft of a profile, and what was seen when it was made."""

    lines: tuple[Line, ...]
    parts: tuple[Drafted, ...] = ()
    seen: tuple[tuple[str, str], ...] = ()
    """What the report of the trial says besides what is read: heading and words."""
    is_tried: bool = True
    """Whether there is anything to be tried."""
    is_derived: bool = False
    """Whether nothing prints what the lines of a bill add up to."""
    line_ends: str = "\n"
    """How the lines of the file end."""
    elsewhere: tuple[str, Decimal] | None = None
    """Label and amount of the charges, or of what is due, where they stand on a cover."""

    @property
    def text(self) -> str:
        """The draft as it is written, with its questions."""
        return written(self.lines)

    @property
    def trial(self) -> str:
        """The profile that is tried: what is asked is taken as the draft assumes."""
        return tried(self.lines)

    @property
    def questions(self) -> list[Asked]:
        """What the draft asks, with the line of each."""
        return open_questions(self.text)


def draft_of(samples: Sequence[Sample], name: str, file: str) -> Draft:
    """Return the draft of a profile called `name` from the file, or from members of an archive.

    Raises `NoDraft` where none can be made of any of them.
    """
    kinds, covers, faults = kinds_of(samples)
    if not kinds:
        for sample in samples:
            for leaf in sample.leaves:
                if found := record_kinds(leaf):
                    return Draft(*skeleton(found, sample, name, file), is_tried=False)
        raise NoDraft(faults[0] if faults else "the file is empty")
    main = max(kinds, key=lambda kind: (not kind.layout.leaf.is_hidden, kind.weight))
    if not main.has_lines:
        main = max(kinds, key=lambda kind: kind.weight)
    rest = [kind for kind in kinds if kind is not main]
    return _Writer(main, rest, covers, name, file).draft()


class _Writer:
    """What the parts of a draft have in common while it is written."""

    def __init__(
        self, main: Kind, rest: list[Kind], covers: list[Cover], name: str, file: str
    ) -> None:
        self.main, self.covers, self.name, self.file = main, covers, name, file
        self.ledgers = [kind for kind in rest if kind.is_ledger and kind.has_key]
        printed = [kind.printed for kind in self.ledgers if kind.printed is not None]
        self.printed = sum(printed, Decimal(0)) if printed else None
        shown = [kind for kind in rest if not kind.layout.leaf.is_hidden]
        others = [kind for kind in shown if kind.has_lines and abs(kind.sum) != abs(main.sum)]
        together = main.sum + sum((kind.sum for kind in others), Decimal(0))
        alone = self.printed == main.sum
        self.more = [] if alone else others
        """Kinds whose rows are charges of the bills too."""
        sure = self.printed == together or not main.layout.leaf.name
        self.asked = [] if sure else self.more
        self.left = [k for k in rest if k not in self.ledgers and k not in self.more]
        self.parts = [part for kind in (main, *self.more) for part in kind.parts]
        self.named: set[str] = set()
        self.labels = self._labelled()
        self.sectioned = main.layout.is_sectioned or bool(self.labels)
        self.days = self._days()
        self.of_all = self._totals_of_all() if self.sectioned else []

    def draft(self) -> Draft:
        """Return the draft."""
        tables = [part.table for part in self.parts] + [t for k in self.ledgers for t in k.tables]
        placed = {name for table in tables for name in table.fields}
        body: list[Line] = []
        for kind in (self.main, *self.more):
            lines: list[Line] = []
            names = self._part_names(kind)
            for part, name in zip(kind.parts, names, strict=True):
                title = self._title(part)
                labels = list(self.labels)
                lines += part_lines(part, name, labels, self.days.formats, title, self.sectioned)
            lines = self._placed(kind, lines)
            body += self._may_be(kind, lines) if kind in self.asked else lines
        for kind in self.ledgers:
            body += self._placed(kind, ledger_lines(kind.tables[0], list(self.labels)))
        head = [*self._head(), *amount_rule(self.parts)]
        lines = [*head, *class_lines(self.parts), *self._flat(placed), *body]
        printed = next((c.printed for c in self.covers if c.printed), None)
        return Draft(
            tuple(lines),
            tuple(self.parts),
            tuple(self._seen()),
            is_derived="current_charges" not in {*placed, *self.labels},
            line_ends=self.main.sample.line_ends,
            elsewhere=printed,
        )

    def _placed(self, kind: Kind, lines: list[Line]) -> list[Line]:
        """Say in the parts of a kind where its header stands, if not where the main one does."""
        main, header = self.main, kind.layout.blocks[0].header
        said: list[Line] = []
        if kind.sample.delimiter and kind.sample.delimiter != main.sample.delimiter:
            said = [f"delimiter = {quoted(kind.sample.delimiter)}"]
        if not self.sectioned and header != main.layout.blocks[0].header:
            said += [f"header_row = {header}", f"first_row = {header + 1}"]
        said += [kind.sheet_asked] if kind.sheet_asked is not None else []
        named = [n for n, line in enumerate(lines) if str(line).startswith("name = ")]
        for place in reversed(named if said else []):
            lines[place + 1 : place + 1] = said
        return lines

    def _may_be(self, kind: Kind, lines: list[Line]) -> list[Line]:
        """Ask whether the rows of a sheet are charges beside those of the main one."""
        words = (
            f"{kind.where} looks like charges too: {counted(kind.layout.rows)},"
            f" {dollars(kind.sum)} in all. Are they of the bill, beside those above? Then give the"
            " part a name; if they say the same again, delete it."
        )
        name = next(n for n, line in enumerate(lines) if str(line).startswith("name = "))
        inner = [line for n, line in enumerate(lines) if n > name]
        return ["", Part(words, inner)]

    def _labelled(self) -> dict[str, tuple[str, str]]:
        """Return the fields that stand beside labels above the tables: field -> label, value."""
        found: dict[str, tuple[str, str]] = {}
        inside = {name for part in self.parts for name in part.table.fields}
        for said, (_, label, value) in labels(above(self.main.layout)).items():
            field = balance_of(label)
            if field is None or not looks.is_number(value):
                field = next(
                    (
                        name
                        for name, looks_so, patterns in NAMES
                        if name in _OUTSIDE
                        and looks_so(value)
                        and any(re.fullmatch(pattern, said) for pattern in patterns)
                    ),
                    None,
                )
            everywhere = all(field in part.table.fields for part in self.parts)
            if field and field not in found and not (field in inside and everywhere):
                found[field] = (label, value)
        return found

    def _days(self) -> Days:
        names = ("bill_date", "due_date", "service_from", "service_to")
        columns = [
            part.table.filled(part.table.fields[name])
            for part in self.parts
            for name in names
            if name in part.table.fields
        ]
        columns += [
            [v] for name, (_, v) in self.labels.items() if name in ("bill_date", "due_date")
        ]
        return days_of(columns)

    def _totals_of_all(self) -> list[Totals]:
        """Return the totals that add up all tables; they are of no one table, and leave it."""
        maybe = [kind for part in self.parts for kind in part.totals if kind.is_charge]
        rows = {row for kind in maybe for row, _ in kind.rows}
        every = sum((part.sum_without(rows) for part in self.main.parts), Decimal(0))
        found = []
        for part in self.main.parts:
            of_all = [
                kind
                for kind in part.totals
                if kind.stands is None
                and all(amount_in(part.table, part.money, row) == every for row in kind.rows)
            ]
            part.totals = [kind for kind in part.totals if kind not in of_all]
            gone = [row for kind in of_all for row in kind.rows]
            for rows_of in (part.table.totals, part.table.rows):
                rows_of[:] = [row for row in rows_of if row not in gone]
            found += of_all
        return found

    def _title(self, part: Drafted) -> str | None:
        """Return how the title of a part tells it from others with the same header."""
        same = [p for p in self.main.parts if p.table.block.key == part.table.block.key]
        if len(same) < 2 or not part.table.block.title:
            return None
        words = re.match(r"[A-Za-z&/ ]+", part.table.block.title)
        start = words.group(0).strip() if words else part.table.block.title
        return f"(?i)^{re.escape(start)}".replace("\\ ", " ").replace("\\&", "&")

    def _part_names(self, kind: Kind) -> list[str]:
        """Return a name for each part: `lines`, or what its title, sheet or file says."""
        if len(self.parts) == 1:
            return ["lines"]
        names: list[str] = []
        for part in kind.parts:
            said = part.table.block.title if len(kind.parts) > 1 else ""
            said = said or kind.layout.leaf.name or kind.sample.file.rpartition(".")[0]
            words = re.findall(r"[a-z]+", re.split(r" - |:|\(", said.lower())[0])
            words = [word for word in words if word not in ("and", "of", "the", "for")][:4]
            name = "_".join(words)[:28] or "part"
            taken = {*names, "ledger", *self.named}
            names.append(name if name not in taken else f"{name}_{len(taken)}")
        self.named |= set(names)
        return names

    def _head(self) -> list[Line]:
        sample = self.main.sample
        return [
            f"# A draft made from {self.file}.",
            "# Read every line and correct it. What it is not sure of it asks in lines that begin",
            '# with `# ?`: write the answer in place of the "?" below. `rebill profiles check`',
            "# lists what is open; until all is answered no file is read by it.",
            f"# Classes: {', '.join(CHARGE_CLASSES)}.",
            f'profile = "{self.name}"',
            'format = "flat"',
            f"about = {quoted(f'drafted from {self.file}')}",
            '# carrier = "NAME"             # not given: whose contract covers the account',
            *([f'encoding = "{sample.encoding}"'] if sample.encoding != "utf-8" else []),
        ]

    def _flat(self, placed: set[str]) -> list[Line]:
        """Return the section of the feed, and the fields that are alike in every part."""
        sample, layout = self.main.sample, self.main.layout
        first = layout.blocks[0]
        lines: list[Line] = ["", "[flat]"]
        lines += [f"delimiter = {quoted(sample.delimiter)}"] if sample.delimiter else []
        lines += ["line_breaks = true"] if sample.breaks else []
        if self.sectioned:
            lines.append("sections = true               # headers are found by their names")
            rows = [row for row in layout.odd if is_beside(row) and sum(map(bool, row[1])) > 1]
            rows += [row for kind in self.of_all for row in kind.rows]
            lines += aside([next(cell for cell in row if cell) for _, row in rows])
        else:
            below = min((row for row, _ in (*first.rows, *layout.odd)), default=first.header + 1)
            lines.append(f"header_row = {first.header}")
            lines += [f"first_row = {below}"] if below > first.header + 1 else []
        lines += [self._dates()]
        if self.main.tables[0].decimal == ",":
            lines += ['decimal = ","', 'thousands = "."']
        lines += places([(p.table, p.money) for p in self.parts], not sample.delimiter)
        missing = [name for name in _TOTALS if name not in placed and name not in self.labels]
        if missing:
            lines.append(
                "# Nothing prints these: they become the sums, and a missing row is unseen."
            )
            lines.append(f"derive = [{', '.join(map(quoted, missing))}]")
        return [*lines, *self._common(placed)]

    def _dates(self) -> Line:
        days = self.days
        if days.unread:
            words = f"No format of days reads {days.unread[0]}. Which is it, such as %m/%d/%Y?"
            return Question(words, 'dates = ["?"]', 'dates = ["%Y-%m-%d"]')
        told = f"dates = [{', '.join(map(quoted, days.formats or ('%Y-%m-%d',)))}]"
        if not days.rivals:
            return told
        first = next(
            f for f in days.formats if f.replace("%d", "%m") == days.rivals[0].replace("%d", "%m")
        )
        words = (
            f"{days.shown} may be of two days. Does the month stand first ({first}) or the day"
            f" ({days.rivals[0]})?"
        )
        others = [f for f in days.formats if f != first]
        asked = f"dates = [{', '.join([quoted('?'), *map(quoted, others)])}]"
        return Question(words, asked, told)

    def _common(self, placed: set[str]) -> list[Line]:
        """Return the fields beside labels, and those that are needed and were not found."""
        lines: list[Line] = []
        for name, (label, value) in self.labels.items():
            where = f"label = {quoted(label)}"
            if name == "ban":
                lines.append(account([value], where))
            else:
                turned = ", negate = true" if name in self._negated() else ""
                lines.append(f"{name} = {{ {where}{turned} }}{shown([value])}")
        for name, what in (("ban", "account"), ("bill_date", "day of the bill")):
            lacking = [p for p in self.parts if name not in p.table.fields]
            if name not in self.labels and lacking:
                words = (
                    f'No column or label says the {what}. Where does it stand: "Column", {{ label ='
                    ' "..." }, { title = "(...)" }, { file_name = "(...)" }?'
                )
                lines.append(Question(words, f'{name} = "?"'))
        if "invoice_no" not in placed and "invoice_no" not in self.labels:
            lines.append('invoice_no = { template = "{ban}-{bill_date}" }    # nothing prints one')
        return ["[flat.fields]", *lines] if lines else []

    def _negated(self) -> list[str]:
        """Return the balances whose sign is turned so that they lead to what is due."""
        value = {
            name: looks.amount_of(text) or Decimal(0) for name, (_, text) in self.labels.items()
        }
        needed = ("previous_balance", "payments", "current_charges", "total_due")
        if any(name not in value for name in needed) or not value["payments"]:
            return []
        rest = (
            value["previous_balance"]
            + value["current_charges"]
            + value.get("adjustments", Decimal(0))
        )
        plain = rest + value["payments"] == value["total_due"]
        turned = rest - value["payments"] == value["total_due"]
        return ["payments"] if turned and not plain else []

    def _seen(self) -> list[tuple[str, str]]:
        main, layout = self.main, self.main.layout
        what = f"{main.where}: {counted(layout.rows)}"
        what += " of its beginning" if layout.rows >= CUT else ""
        if len(layout.blocks) > 1:
            what += f" in {len(layout.blocks)} tables"
        else:
            what += f" below the header in row {layout.blocks[0].header}"
        seen = [("made of", what)]
        if main.also:
            seen.append(("with those of", few(main.also)))
        for kind in self.more:
            asked = "asked for" if kind in self.asked else "read too"
            seen.append(("other parts", f"{kind.where}: {counted(kind.layout.rows)}, {asked}"))
        for kind in self.ledgers:
            seen.append(("totals", f"{kind.where} prints the totals of the bills"))
        for kind in self.left:
            if kind.layout.leaf.is_hidden:
                rows = f"{counted(kind.layout.rows)}, {dollars(kind.sum)}"
                seen.append(("not read", f"{kind.where}, hidden: {rows}; show it if it counts"))
                continue
            looks_like = "totals of bills" if kind.is_ledger else "no charges"
            if kind.has_lines:
                looks_like = "the charges again, in another way"
            seen.append(("not read", f"{kind.where}: it looks like {looks_like}"))
        seen += [("not read", f"{cover.where}: a cover, without a table") for cover in self.covers]
        repeats = [n for block in layout.blocks for n in block.repeats]
        if repeats:
            again = few([cited(row) for row in repeats])
            seen.append(("headers", f"the header comes again in row {again}: passed over"))
        for totals in self.of_all:
            number, row = totals.rows[0]
            words = " ".join(cell for cell in row if cell)
            seen.append(
                ("totals", f"row {cited(number)} ({words}) adds up all tables: passed over")
            )
        titles = [(n, next(c for c in row if c)) for n, row in layout.odd if is_beside((n, row))]
        if titles:
            seen.append(
                ("beside", "; ".join(f"row {cited(n)} {text[:40]}" for n, text in titles[:4]))
            )
        return seen
