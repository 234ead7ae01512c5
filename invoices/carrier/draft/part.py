"""A table becomes a part of a draft: its fields, its charges, what proves, and what is asked."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from invoices.carrier.draft import looks
from invoices.carrier.draft.amount_doubts import of_one_unit, sign_column
from invoices.carrier.draft.day_columns import end_of_service
from invoices.carrier.draft.layout import cited
from invoices.carrier.draft.money_columns import Money, money_of
from invoices.carrier.draft.questions import Line, Question
from invoices.carrier.draft.told_columns import Table, mixed_services
from invoices.carrier.draft.toml_words import account, counted, dollars, quoted, shown
from invoices.carrier.draft.total_rows import Totals, amount_in, totals_of
from invoices.carrier.draft.usual_names import class_of, plain, said_by
from invoices.carrier.flat.profile import DOCUMENT_FIELDS
from invoices.identifiers import clean_text


@dataclass
class Drafted:
    """A part of a draft and what was seen on the way."""

    table: Table
    money: Money
    totals: list[Totals]
    sheet: str = ""
    words: dict[str, list[Decimal]] = field(default_factory=dict)
    """Word for a kind of charge, as it is printed first -> the amounts of its rows."""

    @property
    def away(self) -> set[int]:
        """The rows that are no charges."""
        return {row[0] for kind in self.totals if not kind.is_charge for row in kind.rows}

    @property
    def sum(self) -> Decimal:
        """What the rows that are taken for charges add up to."""
        return self.sum_without(set())

    def sum_without(self, others: set[int]) -> Decimal:
        """Return what the rows that are taken for charges add up to, without some."""
        away = self.away | others
        table, total = self.table, Decimal(0)
        for row in (row for row in table.rows if row[0] not in away):
            total += amount_in(table, self.money, row) or Decimal(0)
            total += sum(
                (table.number(row, p) or Decimal(0) for p in self.money.charges), Decimal(0)
            )
        return total


def drafted(table: Table, sheet: str = "") -> Drafted:
    """Return what a table of lines says of itself."""
    money = money_of(table)
    found = Drafted(table, money, totals_of(table, money), sheet)
    place = table.fields.get("charge_class")
    for row in table.rows if place is not None else ():
        word = clean_text(row[1][place]) if place is not None else ""
        if row[0] in found.away or (not word):
            continue
        known = next((w for w in found.words if w.casefold() == word.casefold()), word)
        amount = amount_in(table, money, row) or Decimal(0)
        found.words.setdefault(known, []).append(amount)
    return found


def class_lines(parts: Sequence[Drafted]) -> list[Line]:
    """Return what the words for kinds of charges mean, or ask."""
    words: dict[str, list[Decimal]] = {}
    for part in parts:
        for word, amounts in part.words.items():
            known = next((w for w in words if w.casefold() == word.casefold()), word)
            words.setdefault(known, []).extend(amounts)
    lines: list[Line] = []
    for word, amounts in sorted(words.items()):
        meant = class_of(word)
        told = f'{quoted(word)} = "{meant}"'
        if meant is None or (meant == "adjustment" and max(amounts) > 0):
            total = f", {dollars(sum(amounts))} in all" if any(amounts) else ""
            asked = f"{word} stands on {counted(len(amounts))}{total}. Which class is it?"
            told = f'{quoted(word)} = "one_time"'
            lines.append(Question(asked, f'{quoted(word)} = "?"', told))
        else:
            lines.append(told)
    return ["", "[charge_classes]", *lines] if lines else []


def amount_rule(parts: Sequence[Drafted]) -> list[Line]:
    """Ask whether amounts are those of one unit, where they look so."""
    for part in parts:
        row = of_one_unit(part.table, part.money)
        if row is not None and part.money.amount is not None:
            name = part.table.names[part.money.amount]
            words = (
                f"{name} is the rate of one unit though there are several (row {cited(row)}). Is it"
                " of one unit, to be multiplied (unit), or of the whole line (extended)?"
            )
            return [Question(words, 'amount_rule = "?"', 'amount_rule = "extended"')]
    return []


def part_lines(part: Drafted, name: str, outside: Sequence[str], formats: tuple[str, ...],
               titled: str | None, sectioned: bool) -> list[Line]:  # fmt: skip
    """Return the lines of a part; `outside` are fields that stand beside the tables, `titled` a
    regular expression of its title where that tells it apart."""
    return [
        "",
        "[[flat.part]]",
        f'name = "{name}"',
        *([f"title = {quoted(titled)}"] if titled else []),
        *(
            [f"cells = {part.table.block.cells}"]
            if part.table.block.cells and not sectioned
            else []
        ),
        *_class_of_part(part),
        *_skips(part, sectioned),
        *_rounding(part),
        "[flat.part.fields]",
        *_placed(part, outside, formats),
        *_charges(part),
        *_proofs(part),
    ]


def ledger_lines(table: Table, outside: Sequence[str]) -> list[Line]:
    """Return the lines of the part that prints the totals of bills, a row each."""
    lines: list[Line] = ["", "[[flat.part]]", 'name = "ledger"', 'role = "totals"']
    lines.append("[flat.part.fields]")
    for name in DOCUMENT_FIELDS:
        place = table.fields.get(name)
        if place is not None and name not in outside:
            where = f"column = {quoted(table.names[place])}"
            told = f"{name} = {quoted(table.names[place])}{shown(table.filled(place))}"
            lines.append(account(table.filled(place), where) if name == "ban" else told)
    return lines


def _class_of_part(part: Drafted) -> list[Line]:
    """Return the class of rows that print none, or ask."""
    table, money = part.table, part.money
    place = table.fields.get("charge_class")
    if place is not None:
        empty = [r for r in table.rows if not r[1][place] and r[0] not in part.away]
        if not empty:
            return []
        first = cited(empty[0][0])
        words = f"{counted(len(empty))} without {table.names[place]} (the first is {first})"
        return [_class_asked(f"{words}. Which class are they?")]
    own = table.names[money.amount] if money.amount is not None else ""
    if rules := _by_words(table):
        return rules
    for said, words in ((table.block.title, "the title"), (plain(own), "the column")):
        meant = class_of(said)
        if meant and (meant != "adjustment" or part.sum <= 0):
            return [f'charge_class = "{meant}"    # {words} says {" ".join(said.split())[:50]}']
    title = " ".join(table.block.title.split())[:50]
    where = f" below {title}" if title else ""
    words = f"No column says the kind of the charges{where}. Which class are they?"
    return [_class_asked(words)]


def _by_words(table: Table) -> list[Line]:
    """Return the classes of a table of taxes and surcharges by the words of its rows, where each
    says which it is."""
    place = table.fields.get("description")
    meant = {word: class_of(word) for word in table.filled(place)} if place is not None else {}
    titled = [name for name in _TAXES if said_by(table.block.title, name)]
    if not titled or not meant or not set(meant.values()) <= set(_TAXES):
        return []
    column = quoted(table.names[place or 0])
    lines: list[Line] = [f'charge_class = "{titled[0]}"    # of rows whose words say nothing else']
    rules = []
    for name in (name for name in _TAXES if name != titled[0]):
        words = sorted({said_by(word, name) for word, kind in meant.items() if kind == name})
        if words:
            rule = f"column = {column}, matches = {quoted('(?i)' + '|'.join(words))}"
            rules.append(f'{{ {rule}, charge_class = "{name}" }}')
    return [*lines, f"classes = [{', '.join(rules)}]"] if rules else lines


_TAXES = ("tax", "surcharge", "late_charge")


def _class_asked(words: str) -> Question:
    return Question(words, 'charge_class = "?"', 'charge_class = "recurring"')


def _skips(part: Drafted, sectioned: bool) -> list[Line]:
    """Return the rows that are passed over: headers that come again, and unproven totals, asked."""
    table = part.table
    rules: list[str] = []
    if table.block.repeats and not sectioned:
        column = table.fields.get("ban", 0)
        rules.append(
            f"{{ column = {quoted(table.names[column])}, equals = {quoted(table.names[column])} }}"
        )
    asked: list[str] = list(rules)
    words: list[str] = []
    for kind in (kind for kind in part.totals if kind.stands is None):
        title, matches = table.names[max(kind.column, 0)], quoted(kind.matches or "^$")
        number, row = kind.rows[0]
        shown = " ".join(cell for cell in row if cell)[:60]
        code = table.fields.get("usoc")
        coded = code is not None and all(cells[code] for _, cells in kind.rows)
        and_say = "" if coded else ' and write like_totals = "charges"'
        row_of = f"{counted(len(kind.rows))} (row {cited(number)}: {shown})"
        rule = f"{matches} for what {title} says in them"
        words.append(
            f"So it is with {row_of}: {rule}."
            if words
            else f"Totals or balances, it seems, that add up no rows beside them: {row_of}. If they"
            f" are no charges, write {rule}; if they are, delete the rule{and_say}."
        )
        asked.append(f'{{ column = {quoted(title)}, matches = "?" }}')
        if not kind.is_charge:
            rules.append(f"{{ column = {quoted(title)}, matches = {matches} }}")
    if words:
        tried = f"skip = [{', '.join(rules)}]" if rules else None
        return [Question(" ".join(words), f"skip = [{', '.join(asked)}]", tried)]
    if rules:
        return [f"skip = [{', '.join(rules)}]    # the header comes again"]
    return []


def _rounding(part: Drafted) -> list[Line]:
    """Ask how amounts of more than two decimals are rounded."""
    table, money = part.table, part.money
    if money.amount is None:
        return []
    sign = re.escape(table.decimal)
    long = [v for v in table.filled(money.amount) if re.search(rf"{sign}\d{{2}}0*[1-9]", v)]
    if not long:
        return []
    words = (
        f"{table.names[money.amount]} has amounts of more than two decimals, such as {long[0]}. Is"
        " each rounded (line), or the sum of a bill once (total)?"
    )
    return [Question(words, 'rounding = "?"', 'rounding = "line"')]


def _placed(part: Drafted, outside: Sequence[str], formats: tuple[str, ...]) -> list[Line]:
    """Return where each field stands, then what is not read."""
    table = part.table
    lines: list[Line] = []
    for name, place in table.fields.items():
        if name in outside:
            continue
        where = quoted(table.names[place])
        if name == "ban":
            lines.append(account(table.filled(place), f"column = {where}"))
        elif name == "service_to":
            lines.append(_end(table, place, formats))
        elif name == "quantity" and looks.most(table.column(place), looks.is_duration, 0.5):
            clock = f'quantity = {{ column = {where}, clock = "h:m:s" }}'
            lines.append(clock + shown(table.filled(place)))
        else:
            lines.append(f"{name} = {where}{shown(table.filled(place))}")
    lines += _services(table)
    lines += _amount(part)
    unread = [table.names[place] for place in unread_places(part)]
    return [*lines, *(["# not read: " + ", ".join(unread)] if unread else [])]


def unread_places(part: Drafted) -> list[int]:
    """Return the columns that nothing of the draft looks at, and nothing asks about."""
    table, money = part.table, part.money
    taken = {*table.fields.values(), *money.parts, *money.rivals, *money.asked, money.less}
    taken |= {money.total, mixed_services(table)}
    return [place for place, name in enumerate(table.names) if name and place not in taken]


def _services(table: Table) -> list[Line]:
    """Ask what a column is that names services of several kinds."""
    place = mixed_services(table)
    if place is None:
        return []
    where = quoted(table.names[place])
    one = next((v for v in table.filled(place) if not looks.is_telephone(v)), "")
    words = (
        f"{table.names[place]} names services, not all by telephone number ({one}). Write {where}"
        " if most are telephone numbers; else call the setting circuit_id."
    )
    return [Question(words, 'wtn = "?"', f"wtn = {where}")]


def _end(table: Table, place: int, formats: tuple[str, ...]) -> Line:
    """Return what the end of a service is by its days, or ask."""
    where = quoted(table.names[place])
    meant = end_of_service(table, formats)
    if meant:
        why = "the day itself is billed" if meant == "service_through" else "billed until that day"
        return f"{meant} = {where}    # {why}, as its days say"
    start = table.fields.get("service_from")
    row = next((r for _, r in table.rows if r[place] and (start is None or r[start])), None)
    pair = f" (such as {row[start]} to {row[place]})" if row and start is not None else ""
    words = (
        f"Is the day in {table.names[place]}{pair} still billed? Then write {where} below; if it"
        " is the first day that is not, write it and call the setting service_until."
    )
    return Question(words, 'service_through = "?"', f"service_through = {where}")


def _amount(part: Drafted) -> list[Line]:
    table, money = part.table, part.money
    if signs := sign_column(table, money):
        name, word, rows = signs
        words = (
            f"{name} says {word} on {counted(rows)} whose amounts are printed positive. No setting"
            " reads a sign in a column of its own: ask for credits with a minus, or in a column of"
            " their own (`less`)."
        )
        return [Question(words, 'amount = "?"')]
    if money.amount is not None:
        where = f"column = {quoted(table.names[money.amount])}"
        for word, place in (("less", money.less), ("plus", money.plus)):
            where += f", {word} = {quoted(table.names[place])}" if place is not None else ""
        alone = money.less is None and money.plus is None
        said = quoted(table.names[money.amount]) if alone else f"{{ {where} }}"
        why = f"    # {money.why}" if money.why else shown(table.filled(money.amount))
        return [f"amount = {said}{why}"]
    if not money.rivals:
        return [Question("No column of amounts was found. Which is it?", 'amount = "?"')]
    each = "; ".join(
        f"{table.names[p]} {dollars(sum(table.numbers(p)))} in all" for p in money.rivals
    )
    words = f"Which column is what a row charges: {each}?"
    return [Question(words, 'amount = "?"', f"amount = {quoted(table.names[money.rivals[0]])}")]


def _charges(part: Drafted) -> list[Line]:
    """Return the columns that are charges of their own, and ask of those that may be."""
    table, money = part.table, part.money
    lines: list[Line] = []
    for place in money.charges:
        name, meant = table.names[place], class_of(plain(table.names[place]))
        if meant is None or (meant == "adjustment" and max(table.numbers(place)) > 0):
            words = f"{name} is charged beside the amount. Which class is it?"
            lines.append(Question(words, f'{quoted(name)} = "?"', f'{quoted(name)} = "one_time"'))
        else:
            lines.append(f'{quoted(name)} = "{meant}"')
    for place in money.asked:
        if not any(table.numbers(place)):
            continue
        name = table.names[place]
        words = (
            f"{name} holds {dollars(sum(table.numbers(place)))} in all and is not read. Is it"
            " charged on top of the amount? Then write its class; if the amount has it, or it is"
            " no charge, delete the line."
        )
        lines.append(Question(words, f'{quoted(name)} = "?"'))
    return ["[flat.part.charges]", *lines] if lines else []


def _proofs(part: Drafted) -> list[Line]:
    """Return the columns and the rows that prove what was read."""
    table, money = part.table, part.money
    lines: list[Line] = []
    if money.total is not None:
        of = ", ".join(quoted(table.names[place]) for place in money.parts)
        lines += ["[flat.part.sums]", f"{quoted(table.names[money.total])} = [{of}]"]
    for kind in part.totals:
        if kind.stands is None or money.amount is None:
            continue
        told = 'equals = ""' if kind.matches is None else f"matches = {quoted(kind.matches)}"
        number, row = kind.rows[0]
        said = f"{cited(number)}: {' '.join(cell for cell in row if cell)[:50]}"
        lines += [
            f"[[flat.part.subtotals]]    # {counted(len(kind.rows))}, such as {said}",
            f"column = {quoted(table.names[kind.column])}",
            told,
            f"amount = {quoted(table.names[money.amount])}",
            *(['stands = "above"'] if kind.stands == "above" else []),
        ]
    return lines
