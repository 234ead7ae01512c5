"""The slow, obvious commissions, line by line in plain decimals: it judges
`rebill.pricing.commissions`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

Row = dict[str, Any]
CENT = Decimal("0.01")
PAID = ("recurring", "prorated", "one_time", "usage", "adjustment")
SCOPES = (("service",), ("customer", "product"), ("customer",), ("product",), ())


def rounded(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, ROUND_HALF_UP)


def split(whole: Decimal, parts: list[Row]) -> Iterator[tuple[Row, Decimal]]:
    """Yield each part with its cents: down first, then the largest rests, then payees in order."""
    cents = int(abs(whole) * 100)
    exact = [(part, cents * part["share"] / 100) for part in parts]
    given = {id(part): int(amount) for part, amount in exact}
    order = sorted(exact, key=lambda pair: (-(pair[1] - int(pair[1])), pair[0]["payee"]))
    for part, _ in order[: cents - sum(given.values())]:
        given[id(part)] += 1
    for part in parts:
        yield part, Decimal(given[id(part)]) / 100 * (1 if whole >= 0 else -1)


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


def model(lines: list[Row], bills: list[Row], rules: list[Row]) -> dict[tuple[Any, ...], Decimal]:
    """Return the amount by (month, payee, deal, method, invoice_no, service, line_id)."""
    found: dict[tuple[Any, ...], Decimal] = defaultdict(Decimal)

    def pay(rule: list[Row], whole: Decimal, bill: Row, service: Any, line_id: Any) -> None:
        for part, amount in split(whole, rule):
            month = f"{bill['bill_date']:%Y-%m}"
            key = (month, part["payee"], part["deal"], part["method"], bill["invoice_no"])
            found[(*key, service, line_id)] += amount

    rows = worked(lines, bills)
    for row in rows:
        methods = ("percent_of_price", "percent_of_margin", "residual")
        for rule in rules_for(row, rules, methods):
            value, method = rule[0]["value"], rule[0]["method"]
            if method == "residual" and row["paid_class"] not in ("recurring", "prorated"):
                continue
            basis = row["price"] - (row["cost"] if method == "percent_of_margin" else 0)
            pay(rule, rounded(basis * value), row["bill"], row["service"], row["line_id"])
    for rule, amount, bill, service in services(rows, rules):
        pay(rule, amount, bill, service, None)
    return {key: amount for key, amount in found.items() if amount}


def services(rows: list[Row], rules: list[Row]) -> Iterator[tuple[list[Row], Decimal, Row, str]]:
    """Yield what is earned and taken back for services as a whole."""
    whole: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows:
        if row["service"] is not None:
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
                yield rule, rounded(rule[0]["value"]), s["bill"], s["service"]
            if note and (*mark, s["bill"]["corrects"]) in earned:
                yield rule, -rounded(rule[0]["value"]), s["bill"], s["service"]
        if not note and s["price"] > 0 and (s["service"], number) not in taken:
            standing.add(who)
