"""The slow, obvious commissions, invoice by invoice in plain decimals: it judges
`rebill.pricing.earning.commissions` and `rebill.pricing.shares`."""

from __future__ import annotations

import datetime as dt
import zlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

Row = dict[str, Any]
CENT = Decimal("0.01")
PAID = ("recurring", "prorated", "one_time", "usage", "adjustment", "recovered")
SCOPES = (("service",), ("customer", "product"), ("customer",), ("product",), ())


def rounded(amount: Decimal) -> int:
    """Return dollars as whole cents."""
    return int(amount.quantize(CENT, ROUND_HALF_UP) * 100)


class Rings:
    """Who has the next odd cent: partners who share alike sit in a ring and take turns."""

    def __init__(self) -> None:
        self.gone: dict[tuple[str, ...], int] = defaultdict(int)

    def turns(self, deal: str, payees: list[str], back: bool) -> list[str]:
        """Return the partners as their turn comes, or as it goes back."""
        names = sorted(payees)
        begin = zlib.crc32("\n".join([deal, *names]).encode()) % len(names)
        ring = names[begin:] + names[:begin]
        at = self.gone[deal, *names]
        steps = range(1, len(ring) + 1) if back else range(len(ring))
        return [ring[(at - n if back else at + n) % len(ring)] for n in steps]

    def took(self, deal: str, payees: list[str], count: int) -> None:
        """Note that odd cents went to partners of the ring."""
        self.gone[deal, *sorted(payees)] += count


def certain(cents: int, parts: list[Row]) -> dict[str, tuple[int, Fraction]]:
    """Return by payee its part down to the cent, and what is left of it."""
    exact = {p["payee"]: Fraction(abs(cents)) * Fraction(p["share"]) / 100 for p in parts}
    return {payee: (int(part), part - int(part)) for payee, part in exact.items()}


def split(cents: int, parts: list[Row], first: Collection[str] = ()) -> dict[str, int]:
    """Return the cents of each payee: down first, then the largest rests, `first` before others."""
    exact = certain(cents, parts)
    order = sorted(exact, key=lambda payee: (-exact[payee][1], payee not in first, payee))
    left = abs(cents) - sum(sure for sure, _ in exact.values())
    sign = 1 if cents >= 0 else -1
    return {payee: sign * (exact[payee][0] + (payee in order[:left])) for payee in exact}


def carriers(
    cents: int, parts: list[Row], has: Collection[str], rings: tuple[Rings, Rings], counts: bool
) -> list[str]:
    """Return who of those with equal rests has an odd cent; those who `has` one keep it."""
    exact, deal = certain(cents, parts), parts[0]["deal"]
    left = abs(cents) - sum(sure for sure, _ in exact.values())
    bound = sorted((rest for _, rest in exact.values()), reverse=True)[left - 1] if left else None
    tied = [payee for payee, (_, rest) in exact.items() if rest == bound]
    need = left - sum(rest > bound for _, rest in exact.values()) if bound is not None else 0
    if not 0 < need < len(tied):
        return []

    def chosen(ring: Rings, names: list[str], count: int) -> list[str]:
        turns = ring.turns(deal, names, cents < 0)
        if counts and count:
            ring.took(deal, names, count if cents > 0 else -count)
        return sorted(turns, key=lambda payee: payee not in has)[:count]

    some = chosen(rings[0], tied, need)
    shares = {part["payee"]: part["share"] for part in parts}
    found = []
    for share in {shares[payee] for payee in some}:
        alike = [payee for payee in tied if shares[payee] == share]
        found += chosen(rings[1], alike, sum(shares[payee] == share for payee in some))
    return found


def rules_for(row: Row, rules: list[Row], methods: Iterable[str]) -> Iterator[list[Row]]:
    """Yield the rows of the rule that counts, for each deal and method."""
    for deal, method in sorted({(r["deal"], r["method"]) for r in rules if r["method"] in methods}):
        own = [r for r in rules if (r["deal"], r["method"]) == (deal, method)]
        for scope in SCOPES:
            fits = [
                r
                for r in own
                if all(
                    (r[n] is not None) == (n in scope) for n in ("customer", "service", "product")
                )
                and all(r[n] == row[n] for n in scope)
                and (r["effective_from"] is None or r["effective_from"] <= row["day"])
                and (r["effective_until"] is None or r["effective_until"] > row["day"])
            ]
            if fits:
                newest = max(
                    (r["effective_from"] for r in fits if r["effective_from"]), default=None
                )
                yield [r for r in fits if r["effective_from"] == newest]
                break


def worked(lines: list[Row], bills: list[Row]) -> list[Row]:
    """Return the lines that pay, each with the day that counts and the class of its charge."""
    bill_of = {bill["invoice_no"]: bill for bill in bills}
    rows = []
    for line in lines:
        bill = bill_of[line["invoice_no"]]
        day = bill["bill_date"]
        if bill["kind"] == "credit_note":
            day = bill_of[bill["corrects"]]["bill_date"]
        rows.append({**line, "bill": bill, "day": day, "paid_class": line["charge_class"]})
    order = sorted(rows, key=lambda r: (r["bill"]["bill_date"], r["invoice_no"]))
    for row in rows:
        for other in order:
            credited = (row["credit_of"] or "").split(" ")[0]
            same = other["line_id"] is not None and credited == other["line_id"]
            if same and row["customer"] == other["customer"] and other["price"] >= 0:
                row["of"] = (other["day"], other["charge_class"])
                break
    for row in rows:
        row["day"], row["paid_class"] = row.get("of", (row["day"], row["paid_class"]))
    return [r for r in rows if r["paid_class"] in PAID and r["kind"] not in ("tax", "surcharge")]


def events(
    lines: list[Row], bills: list[Row], rules: list[Row]
) -> Iterator[tuple[list[Row], Decimal, Row, Row]]:
    """Yield rule, exact sum, bill and what it is for (a line, or a service as a whole)."""
    rows = worked(lines, bills)
    for row in rows:
        methods: tuple[str, ...] = ("percent_of_price", "percent_of_margin", "residual")
        if row["paid_class"] == "recovered":
            methods = ("percent_of_recovered",)
        for rule in rules_for(row, rules, methods):
            value, method = rule[0]["value"], rule[0]["method"]
            if method == "residual" and row["paid_class"] not in ("recurring", "prorated"):
                continue
            basis = row["price"] - (row["cost"] if method == "percent_of_margin" else 0)
            yield rule, basis * value, row["bill"], row
    for rule, amount, bill, service, customer in services(rows, rules):
        yield rule, amount, bill, {"service": service, "line_id": None, "customer": customer}


def model(
    lines: list[Row],
    bills: list[Row],
    rules: list[Row],
    said: dict[tuple[str, str, int], int] | None = None,
    by_row: Collection[str] = (),
) -> dict[tuple[Any, ...], Decimal]:
    """Return the amount by (month, payee, deal, method, invoice_no, service, line_id).

    `said` are the cents that final statements said of an invoice and row of a rule; statements of
    the months `by_row` round row by row.
    """
    found: dict[tuple[Any, ...], Decimal] = defaultdict(Decimal)
    dates: dict[str, dt.date] = {bill["invoice_no"]: bill["bill_date"] for bill in bills}
    units: dict[tuple[Any, ...], list[tuple[Decimal, Row]]] = defaultdict(list)
    of: dict[tuple[Any, ...], tuple[list[Row], Row, str]] = {}
    whose: dict[str, str] = {}
    for row in worked(lines, bills):
        whose[row["invoice_no"]] = min(row["customer"], whose.get(row["invoice_no"], "~"))
    for rule, amount, bill, row in events(lines, bills, rules):
        where = (row["service"] is None, row["service"] or "")
        made = row.get("made_key") or ""
        place = (row["line_id"] is None, row["line_id"] or "", made == "", made, *where)
        days = [bill["bill_date"], dates.get(bill["corrects"] or "")]
        alone = any(day is not None and f"{day:%Y-%m}" in by_row for day in days)
        unit = (bill["invoice_no"], min(r["row_id"] for r in rule), place if alone else None)
        units[unit].append((amount, {**row, "place": place}))
        of[unit] = (rule, bill, whose[bill["invoice_no"]])
    first = turns_taken({k: sum(a for a, _ in v) for k, v in units.items()}, of, said or {})
    for unit, parts in units.items():
        rule, bill, _ = of[unit]
        exact, before = Decimal(0), split(0, rule)
        for amount, row in sorted(parts, key=lambda part: part[1]["place"]):
            exact += amount
            now = split(rounded(exact), rule, first.get(unit, []))
            for part in rule:
                key = (f"{bill['bill_date']:%Y-%m}", part["payee"], part["deal"], part["method"])
                more = now[part["payee"]] - before[part["payee"]]
                found[(*key, unit[0], row["service"], row["line_id"])] += Decimal(more) / 100
            before = now
    return {key: amount for key, amount in found.items() if amount}


def turns_taken(
    sums: dict[tuple[Any, ...], Decimal],
    of: dict[tuple[Any, ...], tuple[list[Row], Row, str]],
    said: dict[tuple[str, str, int], int],
) -> dict[tuple[Any, ...], list[str]]:
    """Return who carries the odd cents of each unit that is rounded once an invoice."""
    rings = (Rings(), Rings())
    found: dict[tuple[Any, ...], list[str]] = {}

    def stated(unit: tuple[Any, ...]) -> list[str] | None:
        """Return who has an odd cent as final statements say; None if they say nothing."""
        rule = of[unit][0]
        known = {r["payee"]: said.get((unit[0], r["payee"], r["row_id"])) for r in rule}
        if all(cents is None for cents in known.values()):
            return None
        exact = certain(sum(cents or 0 for cents in known.values()), rule)
        return [payee for payee, cents in known.items() if abs(cents or 0) > exact[payee][0]]

    def order(unit: tuple[Any, ...]) -> tuple[Any, ...]:
        rule, bill, customer = of[unit]
        names = [rule[0][name] or "" for name in ("method", "customer", "service", "product")]
        since = rule[0]["effective_from"] or dt.date.min
        note = bill["kind"] == "credit_note"
        new = stated(unit) is None
        return (note, new, bill["bill_date"], customer, bill["invoice_no"], *names, since)

    for unit in sorted((u for u in sums if u[2] is None), key=order):
        rule, bill, _ = of[unit]
        note = bill["kind"] == "credit_note"
        has = stated(unit)
        if has is None:
            has = found.get((bill["corrects"], unit[1], None), []) if note else []
        found[unit] = carriers(rounded(sums[unit]), rule, has, rings, counts=not note)
    return found


def services(
    rows: list[Row], rules: list[Row]
) -> Iterator[tuple[list[Row], Decimal, Row, str, str]]:
    """Yield what is earned and taken back for services as a whole."""
    whole: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows:
        if row["service"] is not None and row["bill"]["kind"] != "recovered":
            whole[row["invoice_no"], row["service"]].append(row)
    sums = [
        {
            "bill": group[0]["bill"],
            "customer": group[0]["customer"],
            "service": service,
            "product": min((r["product"] for r in group if r["product"]), default=None),
            "day": min(r["day"] for r in group),
            "price": sum((r["price"] for r in group), Decimal(0)),
        }
        for (_, service), group in whole.items()
    ]
    sums.sort(key=lambda s: (s["bill"]["bill_date"], s["bill"]["invoice_no"]))
    taken = {
        (s["service"], s["bill"]["corrects"]) for s in sums if s["bill"]["kind"] == "credit_note"
    }
    standing: set[tuple[str, str]] = set()
    earned: set[tuple[Any, ...]] = set()
    for s in sums:
        who, number = (s["customer"], s["service"]), s["bill"]["invoice_no"]
        note = s["bill"]["kind"] == "credit_note"
        for rule in rules_for(s, rules, ("flat", "one_off")):
            new = rule[0]["method"] == "flat" or who not in standing
            mark = (s["service"], rule[0]["row_id"])
            if not note and s["price"] > 0 and new:
                earned.add((*mark, number))
                yield rule, rule[0]["value"], s["bill"], s["service"], s["customer"]
            if note and (*mark, s["bill"]["corrects"]) in earned:
                yield rule, -rule[0]["value"], s["bill"], s["service"], s["customer"]
        if not note and s["price"] > 0 and (s["service"], number) not in taken:
            standing.add(who)
