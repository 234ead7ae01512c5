"""The slow model: every line judged by itself, code by code, in plain decimals and fractions.

It says what the findings page says, as naively as it can be said, and judges the fast kernels:
same matches, same findings, same cents. It knows nothing of frames.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from model_facts import (
    MONTHLY,
    ORDERED,
    ZERO,
    Due,
    Facts,
    Judged,
    Row,
    add_months,
    billing_days,
    days_touched,
    extension,
    holds,
    overlap,
    printed_places,
    rounded,
    same_rate,
)

if TYPE_CHECKING:
    from worlds import World

NONE = Decimal(0)
CENT = Decimal("0.01")
REASONS = {
    "account_unknown": "UNK",
    "backbilled_too_late": "BBL",
    "charged_twice": "DUP",
    "service_unknown": "UNK",
    "billed_after_disconnect": "DISC",
    "billed_before_install": "EFF",
    "one_time_charge_not_due": "NRC",
    "element_not_ordered": "USOC",
    "tax_on_exempt_account": "TAX",
    "surcharge_not_due": "SUR",
    "surcharge_above_cap": "SUR",
    "charged_in_summary": "DUP",
    "quantity_above_inventory": "QTY",
    "rate_above_contract": "RATE",
    "package_above_contract": "RATE",
    "proration_wrong": "PRO",
    "extension_wrong": "RATE",
}


def model_audit(world: World) -> tuple[list[Row], list[Row]]:
    """Return every line of a world with what is due of it, and every finding."""
    facts = Facts(world)
    for j in facts.lines:
        j.contract = facts.contract_on(j["carrier"], j["ban"], j["bill_date"])
        facts.match(j)
    use_orders(facts)
    for j in facts.lines:
        price(facts, j)
    for j in facts.lines:
        judge(facts, j)
    judge_packages(facts)
    for j in facts.lines:
        check(j)
    findings = [finding(j, code) for j in facts.lines for code in j.findings]
    return [told(j) for j in facts.lines], findings + not_billed(facts)


# -------------------------------------------------------------------------- before the judgement


def use_orders(facts: Facts) -> None:
    """Give each one-time charge its order, month by month: printed numbers first, then the oldest.

    What an earlier month used stays used.
    """
    completed = [o for o in facts.world.orders if o["completed_on"] is not None]
    unused = {id(o): Decimal(o["quantity"]) for o in completed}
    charges = [
        j
        for j in facts.lines
        if j["charge_class"] == "one_time" and j["amount"] >= 0 and j.service and j["usoc"]
    ]
    for j in sorted(charges, key=lambda j: (j.month, j["order_no"] is None, j.order_key)):
        assert j.service is not None
        own = [
            o
            for o in completed
            if (o["service"], o["usoc"]) == (j.service["service"], j["usoc"])
            and (
                o["order_no"] == j["order_no"]
                if j["order_no"]
                else unused[id(o)] > 0 and o["completed_on"] <= j["bill_date"]
            )
        ]
        if own:
            j.order = min(own, key=lambda o: (o["completed_on"], o["order_no"]))
            unused[id(j.order)] = max(NONE, unused[id(j.order)] - j.units)


def price(facts: Facts, j: Judged) -> None:
    """Give the line its rate day, its catalogue entry, its package and the rate in force."""
    j.rate_day = j.period[0] if j.period else j["bill_date"]
    if j.order:
        j.rate_day = j.order["completed_on"]
    for row in facts.catalogue(j):
        if row["usoc"] == j["usoc"]:
            j.catalogued, j.kind = True, row["kind"]
            j.family = row["family"] and row["family"].lower()
    if j.contract:
        holder = facts.contract_on(j["carrier"], j["ban"], j.rate_day)
        j.rate_contract = (holder or j.contract).id
    if j.service and j["charge_class"] in MONTHLY:
        held = j.service["package"]
        if j["usoc"] and j["usoc"] in facts.elements_of(j["carrier"], held):
            j.package = held
    if j.package:
        rates = facts.rates_of(j, j.rate_day, j.package)
        j.package_rate = rates[0]["rate"] if rates else None
    else:
        j.rate_row = next(iter(facts.rates_of(j, j.rate_day)), None)
    days = days_touched(j.period) if j.period and j.by_days else [None]
    j.due = {day: j.units for day in days}


# ------------------------------------------------------------------ codes that narrow what is due
# Each answers None where it is not true of the line, else the units it leaves due on each day.


def nothing(j: Judged) -> Due:
    """Return a due of no units on any day."""
    return dict.fromkeys(j.due, NONE)


def only(j: Judged, due: Callable[[dt.date], bool]) -> Due:
    """Return the billed units on the days that are due, none on the others."""
    return {day: j.units if day is None or due(day) else NONE for day in j.due}


def account_unknown(facts: Facts, j: Judged) -> Due | None:
    return nothing(j) if j.contract is None else None


def backbilled_too_late(facts: Facts, j: Judged) -> Due | None:
    if not j.contract or not j.period:
        return None
    limit = add_months(j["bill_date"], -j.billing.backbill_limit_months)
    return nothing(j) if j.period[1] < limit else None


def charged_twice(facts: Facts, j: Judged) -> Due | None:
    """The units that earlier lines leave; no units where the service has none."""
    earlier = earlier_charges(facts, j)
    if j["charge_class"] == "one_time":
        has = Decimal(j.order["quantity"]) if j.order else NONE
        used = sum((e.units for e in earlier), NONE)
        return {None: max(NONE, has - used)} if used and used + j.units > has else None
    if j["charge_class"] in ("usage", "tax"):
        return nothing(j) if earlier else None
    due: Due = {}
    for day in j.due:
        used = sum((e.units for e in earlier if day in e.due), NONE)
        has = facts.has(j, day) if day and j["charge_class"] in MONTHLY and used else NONE
        if used and used + j.units > has:
            due[day] = max(NONE, has - used)
    return {**dict.fromkeys(j.due, j.units), **due} if due else None


def earlier_charges(facts: Facts, j: Judged) -> list[Judged]:
    """Return the earlier charges that a line repeats and that were not credited in full."""
    if not j.service or not j["usoc"]:
        return []
    months = max(12, j.billing.backbill_limit_months)
    return [
        e
        for e in facts.lines
        if e.order_key < j.order_key
        and e["bill_date"] >= add_months(j["bill_date"], -months)
        and not e.is_credit
        and e.service is j.service
        and e["usoc"] == j["usoc"]
        and repeats(e, j)
        and uncredited(facts, e, j) > 0
    ]


def repeats(e: Judged, j: Judged) -> bool:
    """Say whether two charges for one USOC of one service are for the same thing."""
    kind, other = j["charge_class"], e["charge_class"]
    if kind == "one_time":
        number = j["order_no"] or (j.order and j.order["order_no"])
        printed = e["order_no"] or (e.order and e.order["order_no"])
        return bool(other == kind and number and number == printed)
    if kind in MONTHLY and other in MONTHLY or kind == other == "surcharge":
        return j.period is not None and e.period is not None and overlap(e.period, j.period)
    if kind != other or j.period is None or e.period != j.period:
        return False
    if kind == "usage":
        return j["quantity"] is not None and e["quantity"] == j["quantity"]
    same = (e["description"], e["amount"]) == (j["description"], j["amount"])
    return bool(kind == "tax" and same)


def uncredited(facts: Facts, e: Judged, j: Judged) -> Decimal:
    """Return what no credit on a document up to that of line `j` has given back of charge `e`."""
    credits = (
        c["amount"]
        for c in facts.lines
        if c["amount"] < 0
        and c.service is e.service
        and c["usoc"] == e["usoc"]
        and overlap(c.period, e.period)
        and c.order_key[:2] <= j.order_key[:2]
    )
    return max(ZERO, sum(credits, e["amount"]))


def service_unknown(facts: Facts, j: Judged) -> Due | None:
    if j.service or j.match_note == "ambiguous":
        return None
    named = j["circuit_key"] or j["wtn"]
    return nothing(j) if named or j["charge_class"] in ORDERED else None


def outside(facts: Facts, j: Judged) -> bool:
    """Say whether the service was active on no day of a usage line's period."""
    return not any(facts.in_window(j, day) for day in days_touched(j.period or (dt.date.max,) * 2))


def billed_after_disconnect(facts: Facts, j: Judged) -> Due | None:
    end = facts.window_end(j) if j.service else None
    if end is None or not j.period or j["charge_class"] in ("one_time", "late_charge"):
        return None
    if days_touched(j.period)[-1] < end:
        return None
    if j["charge_class"] == "usage":
        return nothing(j) if outside(facts, j) else None
    return only(j, lambda day: day < end)


def billed_before_install(facts: Facts, j: Judged) -> Due | None:
    start = j.service and j.service["installed_on"]
    if start is None or not j.period or j["charge_class"] in ("one_time", "late_charge"):
        return None
    if j.period[0] >= start:
        return None
    if j["charge_class"] == "usage":
        return nothing(j) if outside(facts, j) else None
    return only(j, lambda day: day >= start)


def one_time_charge_not_due(facts: Facts, j: Judged) -> Due | None:
    if j["charge_class"] != "one_time" or not j.service:
        return None
    if j.order is None or j.order["nrc_waived"]:
        return nothing(j)
    carried = Decimal(j.order["quantity"])
    return {None: carried} if j.units > carried else None


def is_element(j: Judged) -> bool:
    """Say whether the line is judged by the inventory's elements."""
    monthly = j["charge_class"] in MONTHLY and j.kind in (None, "recurring")
    return bool(monthly and j.service and j["usoc"])


def has_by_day(facts: Facts, j: Judged) -> dict[dt.date, Decimal]:
    """Return what the service has of the element on each day on which it may be billed."""
    days = days_touched(j.period) if j.period else []
    return {day: facts.has(j, day) for day in days if facts.in_window(j, day)}


def element_not_ordered(facts: Facts, j: Judged) -> Due | None:
    if not is_element(j):
        return None
    if not facts.ever_had(j):
        return nothing(j)
    missing = {day for day, units in has_by_day(facts, j).items() if not units}
    return only(j, lambda day: day not in missing) if missing else None


def tax_on_exempt_account(facts: Facts, j: Judged) -> Due | None:
    exempt = j["charge_class"] == "tax" and j.billing.resale_certificate
    return nothing(j) if exempt else None


def surcharge_not_due(facts: Facts, j: Judged) -> Due | None:
    exempt = j.family == "federal usf" and j.billing.resale_certificate
    return nothing(j) if exempt else None


def surcharge_above_cap(facts: Facts, j: Judged) -> Due | None:
    if j["charge_class"] != "surcharge" or j.price is None:
        return None
    return dict(j.due) if j.left - j.spared > j.due_amount() else None


def charged_in_summary(facts: Facts, j: Judged) -> Due | None:
    if j["charge_class"] not in MONTHLY or not j.service or not j["usoc"]:
        return None
    summaries = {
        rule["usoc"] for rule in facts.rules(j, "summary_of") if rule["other_usoc"] == j["usoc"]
    }
    billed = any(
        e["usoc"] in summaries
        and e.service is j.service
        and e["charge_class"] in MONTHLY
        and e["amount"] > 0
        and e.period == j.period
        and e.month <= j.month
        for e in facts.lines
    )
    return nothing(j) if billed else None


NARROWING: tuple[Callable[[Facts, Judged], Due | None], ...] = (
    account_unknown,
    backbilled_too_late,
    charged_twice,
    service_unknown,
    billed_after_disconnect,
    billed_before_install,
    one_time_charge_not_due,
    element_not_ordered,
    tax_on_exempt_account,
    surcharge_not_due,
    surcharge_above_cap,
    charged_in_summary,
)
"""In the order of precedence."""


# -------------------------------------------------------------------------------- the judgement


def judge(facts: Facts, j: Judged) -> None:
    """Find everything that is wrong with a line by itself, and say what is due of it."""
    if j.zero_rated:
        rated = j.package_rate if j.package else j.rate
        j.expected = None if rated is None and j["charge_class"] in ORDERED else ZERO
        return
    if j.is_credit:
        j.expected = j["amount"]
        for code in (account_unknown, service_unknown):
            if code(facts, j):
                j.findings[code.__name__] = (ZERO, None)
        questions(facts, j)
        return
    for code in NARROWING:
        due = code(facts, j)
        if due is not None:
            bound = None
            if code is charged_twice:
                bound = sum((uncredited(facts, e, j) for e in earlier_charges(facts, j)), ZERO)
            j.take(code.__name__, due, bound)
    if j["charge_class"] not in ORDERED:
        j.expected = j.left
    elif j.package:
        j.expected = None if j.package_rate is None else j.left
    elif j.price is None:
        many = quantity_above_inventory(facts, j)
        if many is not None:
            j.take("quantity_above_inventory", many)
        if j.rate is None or j["charge_class"] == "prorated":
            j.findings["rate_missing"] = (ZERO, None)
    else:
        split_overcharge(facts, j, j.price)
    questions(facts, j)


def quantity_above_inventory(facts: Facts, j: Judged) -> Due | None:
    if not is_element(j) or j.package:
        return None
    has = {day: units for day, units in has_by_day(facts, j).items() if 0 < units < j.units}
    return {**dict.fromkeys(j.due, j.units), **has} if has else None


def split_overcharge(facts: Facts, j: Judged, rate: Decimal) -> None:
    """Split billed less due into units too many, the rate, and the extension or proration.

    The last that is true takes all that is left.
    """
    prorated, printed = j["charge_class"] == "prorated", j["unit_rate"]
    before, at_billed_units = j.unit_months(j.due), j.due_amount() + j.spared
    many = quantity_above_inventory(facts, j)
    if many is not None:
        j.due = {day: min(units, many[day]) for day, units in j.due.items()}
    due = j.due_amount() + j.spared
    off = j.left - due
    right = printed is None or same_rate(j, rate)
    slack = day_and_cent(j, rate, j.due_units()) if prorated and right and many is None else ZERO
    tolerated = abs(off) <= slack
    if tolerated:
        j.tolerated, j.left, off = off, due, ZERO
    parts: list[tuple[str, Decimal]] = []
    if many is not None:
        unit_rate = at_rate(j) if printed is None else printed
        at_due = extension(unit_rate, j.unit_months(j.due), j.due_units(), j.rounding)
        part = extension(unit_rate, before, j.units, j.rounding) - at_due
        parts.append(("quantity_above_inventory", part))
    if printed is None:
        if off > 0 and j.left > at_billed_units:
            parts.append(("rate_above_contract", off))
    elif printed > rounded(rate, printed_places(j)):
        parts.append(("rate_above_contract", off))
    elif not (j.tolerated and tolerated) and wrong_extension(j) or off > 0 and not parts:
        parts.append(("proration_wrong" if prorated else "extension_wrong", off))
    off = max(ZERO, off)
    for n, (code, part) in enumerate(parts, 1):
        stake = off if n == len(parts) else min(max(ZERO, part), off)
        off -= stake
        j.left -= stake
        cause = facts.cause(j) if code == "rate_above_contract" else None
        j.findings[code] = (stake, cause)
    j.expected = due
    if j.left < due:
        j.underbilled = due - j.left
        j.findings["rate_below_contract"] = (ZERO, None)


def at_rate(j: Judged) -> Fraction:
    """Return the unit rate that the amount comes to where none is printed."""
    months = Fraction(j.units) * j.whole
    return Fraction(j["amount"]) / months if months else Fraction(0)


def wrong_extension(j: Judged) -> bool:
    """Say whether more is billed than the printed unit rate comes to, by a day if prorated."""
    rate = j["unit_rate"]
    said = extension(rate, Fraction(j.units) * j.whole, j.units, j.rounding)
    slack = day_and_cent(j, rate, j.units) if j["charge_class"] == "prorated" else 0
    return bool(Fraction(j["amount"]) > Fraction(said) + slack)


def day_and_cent(j: Judged, rate: Decimal, units: Decimal) -> Fraction:
    """Return what one day of so many units costs, plus a cent: the tolerance of a proration."""
    assert j.period is not None
    thirty = j.billing.proration == "thirty_day_month"
    days = 30 if thirty else billing_days(j.period[0], j["bill_date"].day)
    return Fraction(rate) * Fraction(units) / days + Fraction(CENT)


def questions(facts: Facts, j: Judged) -> None:
    """Add the findings that put nothing at stake and only ask."""
    if not j.catalogued:
        j.findings["usoc_unknown"] = (ZERO, None)
    if j.match_note:
        j.findings["match_doubtful"] = (ZERO, j.match_note)
    if j.is_credit or j["charge_class"] not in MONTHLY or not j.service:
        return
    for rule in facts.rules(j, "requires"):
        partners = [
            e
            for e in facts.lines
            if e["usoc"] == rule["other_usoc"]
            and e.service is j.service
            and e.month == j.month
            and e["charge_class"] in MONTHLY
            and e["amount"] >= 0
        ]
        if rule["usoc"] == j["usoc"] and not partners:
            j.findings["partner_missing"] = (ZERO, None)


# --------------------------------------------------------------------------- more than one line


def judge_packages(facts: Facts) -> None:
    """Audit the lines of one service, period and bill month together against the package rate."""
    groups: dict[tuple[object, ...], list[Judged]] = {}
    for j in facts.lines:
        fit = j.package and not j.is_credit and not j.zero_rated
        if fit and j.due_units() > 0 and j.service:
            groups.setdefault((j.service["service"], j.period, j.month), []).append(j)
    for group in groups.values():
        judge_package(group)


def judge_package(group: list[Judged]) -> None:
    """Spread the package's price over the lines of a group and put the excess at stake."""
    first = group[0]
    rate = first.package_rate
    if rate is None or first.period is None:
        for j in group:
            j.expected = None
        return
    days = {day for j in group for day, units in j.due.items() if units}
    months = first.unit_months({day: Decimal(day in days) for day in first.due})
    price = extension(rate, months, Decimal(1), first.rounding)
    billed = sum((j.left for j in group), ZERO)
    prorated = any(j["charge_class"] == "prorated" for j in group)
    tolerated = prorated and abs(billed - price) <= day_and_cent(first, rate, Decimal(1))
    for j, share in zip(group, spread(price, [j.left for j in group]), strict=True):
        j.expected = share
        off, j.left = j.left - share, share
        if tolerated:
            j.tolerated = off
        elif billed > price:
            j.findings["package_above_contract"] = (off, None)
        elif off < 0:
            j.underbilled = -off
            j.left += off
            j.findings["rate_below_contract"] = (ZERO, None)


def spread(price: Decimal, weights: list[Decimal]) -> list[Decimal]:
    """Spread a price in proportion to weights, whole cents, by largest remainder."""
    total = sum(weights, ZERO)
    if not total:
        return [ZERO for _ in weights]
    exact = [Fraction(price) * 100 * Fraction(w) / Fraction(total) for w in weights]
    whole = [int(share) for share in exact]
    missing = int(price * 100) - sum(whole)
    order = sorted(range(len(weights)), key=lambda n: (whole[n] - exact[n], n))
    for n in order[:missing]:
        whole[n] += 1
    return [Decimal(cents).scaleb(-2) for cents in whole]


def not_billed(facts: Facts) -> list[Row]:
    """Return what is active on an account's bill date and on no line of its month."""
    found: list[Row] = []
    accounts: dict[tuple[object, ...], list[Row]] = {}
    for document in facts.world.documents:
        day = document["bill_date"]
        key = (document["carrier"], document["ban"], day.year, day.month)
        accounts.setdefault(key, []).append(document)
    for (carrier, ban, *month), documents in accounts.items():
        document = min(documents, key=lambda d: (d["bill_date"], d["invoice_no"]))
        for service in facts.world.services:
            if (service["carrier"], service["ban"]) != (carrier, ban):
                continue
            if not holds(service, document["bill_date"], "installed_on", "disconnected_on"):
                continue
            codes = {
                j["usoc"]
                for j in facts.lines
                if j.service is service
                and j["charge_class"] in MONTHLY
                and j["amount"] >= 0
                and j.month == tuple(month)
            }
            found += not_billed_of(facts, document, service, codes)
    return found


def not_billed_of(facts: Facts, document: Row, service: Row, codes: set[str]) -> list[Row]:
    """Return what of one service is missing among the codes billed in the month."""
    day, package = document["bill_date"], service["package"]
    rows = [e for e in facts.world.service_elements if e["service"] == service["service"]]
    units: dict[str, Decimal] = {}
    for row in rows:
        if holds(row, day, "active_from", "active_until"):
            units[row["usoc"]] = units.get(row["usoc"], NONE) + Decimal(row["quantity"])
    missing: list[tuple[str | None, Decimal | None]] = []
    for code, quantity in units.items():
        rate = facts.rate_of_element(service, day, code, None)
        if code not in codes and rate != 0 and not facts.record_only(service, code, day):
            missing.append((code, None if rate is None else rate * quantity))
    if package is not None and not codes & set(facts.elements_of(service["carrier"], package)):
        rate = facts.rate_of_element(service, day, None, package)
        if rate != 0:
            missing.append((package, rate))
    if not rows and package is None and not codes:
        missing.append((None, None))
    return [
        {
            "line_id": None,
            "document_id": document["document_id"],
            "service": service["service"],
            "usoc": code,
            "code": "element_not_billed",
            "cause": None,
            "amount_at_stake": ZERO,
            "billed": None,
            "expected": None if expected is None else rounded(expected),
            "reason": None,
        }
        for code, expected in missing
    ]


# ------------------------------------------------------------------------------------ the report


def check(j: Judged) -> None:
    """Hold the identity of every line: billed = expected + stakes + tolerated - underbilled."""
    stake = sum((s for s, _ in j.findings.values()), ZERO)
    assert all(s >= 0 for s, _ in j.findings.values()), j
    assert stake <= max(ZERO, j["amount"]), j
    if j.expected is not None:
        said = j.expected + stake + j.tolerated - j.underbilled
        assert said == j["amount"], (j.line, j.expected, j.findings, j.tolerated, j.underbilled)


def told(j: Judged) -> Row:
    """Return what was found out about a line."""
    service = j.service or {}
    return {
        "line_id": j["line_id"],
        "service": service.get("service"),
        "customer": service.get("customer"),
        "package": j.package,
        "matched_by": j.matched_by,
        "match_note": j.match_note,
        "kind": j.kind,
        "contract": j.contract and j.contract.id,
        "order_used": j.order and j.order["order_no"],
        "rate_day": j.rate_day,
        "buy_rate": j.rate,
        "fraction": j.fraction,
        "due_units": j.due_units(),
        "due_unit_months": j.unit_months(j.due) if j.fraction is not None else j.due_units(),
        "expected": j.expected,
        "at_stake": sum((s for s, _ in j.findings.values()), ZERO),
        "tolerated": j.tolerated,
        "underbilled": j.underbilled,
    }


def finding(j: Judged, code: str) -> Row:
    """Return one finding of a line."""
    stake, cause = j.findings[code]
    reason = {"other_term": "TERM", "other_zone": "ZONE"}.get(cause or "", REASONS.get(code))
    return {
        "line_id": j["line_id"],
        "document_id": j["document_id"],
        "service": j.service and j.service["service"],
        "usoc": j["usoc"],
        "code": code,
        "cause": cause,
        "amount_at_stake": stake,
        "billed": j["amount"],
        "expected": j.expected,
        "reason": reason,
    }
