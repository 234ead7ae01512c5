"""How a draft writes and says things: texts of TOML, numbers of rows, how an account is read."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from decimal import Decimal

from invoices.carrier.draft import looks
from invoices.carrier.draft.questions import Line, Question

SHOWN = 3
"""So many values of a column stand beside it."""


def quoted(text: str) -> str:
    """Return a text as TOML; what an eye does not see is written by its number."""
    plain = json.dumps(text, ensure_ascii=False)
    return "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in plain)


def dollars(amount: Decimal | int) -> str:
    """Return an amount with two decimals, or with more where it has them."""
    amount = Decimal(amount)
    return f"{amount:.2f}" if amount == round(amount, 2) else f"{amount}"


def few(numbers: Sequence[int | str]) -> str:
    """Return the first of some numbers or names, and how many more there are."""
    said = ", ".join(map(str, numbers[:5]))
    return f"{said} and {len(numbers) - 5} more" if len(numbers) > 5 else said


def counted(rows: int) -> str:
    """Return a number of rows in words."""
    return "1 row" if rows == 1 else f"{rows:,} rows"


def shown(values: Sequence[str]) -> str:
    """Return a comment with the first values of a column."""
    said = ", ".join(list(dict.fromkeys(values))[:SHOWN])
    return f"    # {' '.join(said.split())[:60]}" if said else ""


def account(values: Sequence[str], where: str, name: str = "ban") -> Line:
    """Return how an account is read: what parts it, and its length if all have one.

    Lengths that differ by lost zeros are asked for.
    """
    signs = sorted({sign for value in values for sign in value if sign in " ()-./"})
    guards = sorted({s for v in values for s in v if s in "=\"'" and looks.GUARDS.search(v)})
    strip = f", strip = {quoted(''.join([*signs, *guards]))}" if signs or guards else ""
    bare = sorted(
        {
            re.sub("[" + re.escape("".join(signs + guards)) + "]", "", v) if strip else v
            for v in values
        }
    )
    lengths = sorted({len(value) for value in bare})
    lost = len(lengths) > 1 and all(value.isdigit() for value in bare)
    if lost and lengths[-1] - lengths[0] <= 3 and any(v.startswith("0") for v in bare):
        pair = min(bare, key=len), max(bare, key=len)
        words = (
            f"Accounts have {' and '.join(map(str, lengths))} digits ({pair[0]}, {pair[1]}): zeros"
            f" may be lost. Write {lengths[-1]} to set the shorter aside, {lengths[-1]}, pad ="
            ' "0" to fill them up, or take `width` out.'
        )
        return Question(
            words, f'{name} = {{ {where}{strip}, width = "?" }}', f"{name} = {{ {where}{strip} }}"
        )
    width = f", width = {lengths[0]}" if len(lengths) == 1 and lengths[0] else ""
    return f"{name} = {{ {where}{strip}{width} }}{shown(values)}"


def aside(starts: Sequence[str]) -> list[Line]:
    """Return how rows that stand in no table begin, by how some of them do."""
    words = [re.match(r"[A-Za-z' ]+", start) for start in starts]
    said = [w.group(0).strip() if w else start for w, start in zip(words, starts, strict=True)]
    rules = [f"(?i)^{re.escape(word)}".replace("\\ ", " ") for word in dict.fromkeys(said) if word]
    return [f"aside = [{', '.join(map(quoted, rules))}]"] if rules else []
