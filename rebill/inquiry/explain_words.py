"""The story of a line in words for a terminal: billed, due, why, and who pays what."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from rebill.inquiry.aligned import facts, printed, sentence, table, telephone, units
from reconcile.findings import BY_NAME, REASONS

Story = dict[str, Any]
Names = Mapping[str, str]
"""What customers are called."""
WEIGHED = 4
"""Rows shown of those that were weighed; `--json` has more."""
MATCHED = {"wtn": "by its telephone number", "circuit": "by its circuit"}
DOUBTS = {
    "conflict": "circuit and number are of two services",
    "ambiguous": "several services fit, none is guessed",
    "other_ban": "it is at home on another account",
    "not_at_home": "it was at home elsewhere then",
}
"""What the note of a match says."""
PLACES: Mapping[str, Callable[[Any], str]] = {
    "usoc": printed,
    "package": printed,
    "charge_class": printed,
    "circuit_id": printed,
    "ban": lambda ban: f"account {ban}",
    "zone": lambda zone: f"zone {zone}",
    "state": printed,
    "term_months": lambda months: f"{months} months",
}
"""What a rate can name, and how it is said."""
VERDICTS = {
    "not in force on that day": "other days",
    "for another place, account or term": "elsewhere",
}
"""Verdicts on rates that are said in fewer words."""


def as_words(told: Story, names: Names) -> str:
    """Return a story, or the lines that one of is to be chosen (`explain_which.explained`)."""
    if "stories" in told:
        return _several(told, names)
    if "source" not in told:
        return "\n".join(_own_charge(told, names))
    parts = [_line(told, names)]
    if "outcome" in told:
        parts.append(sentence(told["outcome"]))
    else:
        parts += [_due(told), _pays(told, names), _findings(told), _claims(told), _credits(told)]
        parts += [_rate(told), _price(told)]
    return "\n\n".join("\n".join(part) for part in parts if part)


def customers_in(told: Story) -> set[str]:
    """Return the customers that a story names."""
    stories = told.get("stories", [told])
    own = [one.get(part, {}).get("customer") for one in stories for part in ("match", "price")]
    return {name for name in own if name}


def _several(told: Story, names: Names) -> str:
    """Return several lines: all their stories where they are few, else a list to choose from."""
    count = len(told["lines"])
    head = sentence(f"{told['text']}: {count} lines of {told['of']}")
    rows = [
        (
            row["line_id"],
            printed(row["usoc"]),
            printed(row["description"]),
            printed(row["amount"]),
            printed(row["expected"]),
            printed(row["price"]),
            str(len(row["wrong"]) or "-"),
        )
        for row in told["lines"]
    ]
    heads = ("line", "USOC", "what", "billed", "due", "price", "wrong")
    listed = [*head, *table(heads, rows, words=2, right=(3, 4, 5, 6))]
    if not told["stories"]:
        return "\n".join([*listed, "", f"Choose one: rebill explain {told['lines'][0]['line_id']}"])
    rule = "-" * 80
    return f"\n{rule}\n".join(
        ["\n".join(listed), *(as_words(one, names) for one in told["stories"])]
    )


def _own_charge(told: Story, names: Names) -> list[str]:
    """Return what stands on a customer invoice that no carrier line is behind."""
    own = told["price"]
    return [
        f"Line {told['line_no']} of customer invoice {told['invoice_no']}",
        *facts(
            [
                ("customer", _called(own.get("customer"), names)),
                ("what", printed(own.get("description"))),
                ("kind", printed(own.get("kind")).replace("_", " ")),
                ("service", printed(own.get("service"))),
                ("for", _units(own["quantity"]) if own.get("quantity") is not None else ""),
                ("price", printed(own.get("price"))),
                ("rule", printed(own.get("rule"))),
            ]
        ),
        "",
        told["outcome"],
    ]


def _line(told: Story, names: Names) -> list[str]:
    """Return what the line is: where it stands, for what, whose it is."""
    source, billed, match = told["source"], told["billed"], told.get("match", {})
    row = "segment" if "segment" in source else "row"
    where = f"{source['source_file']}, {row} {printed(source.get(row, source.get('source_row')))}"
    parts = [f"{name} {source[name]}" for name in ("interchange", "set_no") if name in source]
    invoice = f"{source['carrier']} invoice {printed(source['invoice_no'])}"
    number = telephone(billed["wtn"]) if "wtn" in billed else None
    what = " ".join(word for word in (billed.get("usoc"), billed.get("description")) if word)
    return [
        *sentence(f"Line {told['line']}: {printed(what)} ({_plain(billed.get('charge_class'))})"),
        *facts(
            [
                (
                    "on",
                    f"{invoice} of {source['bill_date']}, line {printed(source.get('line_no'))}",
                ),
                ("account", f"{printed(source.get('ban'))}, the document is {source['document']}"),
                ("read from", ", ".join([where, *parts])),
                ("for", ", ".join(filter(None, (number, billed.get("circuit_id"))))),
                ("days", _days(billed.get("service_from"), billed.get("service_until"))),
                ("order", printed(billed.get("order_no"))),
                ("service", _service(match) if match or "due" in told else ""),
                ("at home", "; ".join(_home(one) for one in match.get("homes", []))),
                ("customer", _called(match.get("customer"), names)),
            ]
        ),
    ]


def _service(match: Story) -> str:
    """Return which service a line is about, how that is known, and what is doubtful of it."""
    doubt = DOUBTS.get(match.get("match_note", ""), match.get("match_note", ""))
    if "service" not in match:
        return "; ".join(filter(None, ("none of ours is known by it", doubt)))
    how = MATCHED.get(match.get("matched_by", ""), "")
    sold = [match.get("product"), f"package {match['package']}" if "package" in match else None]
    words = f"{match['service']} {how}".strip()
    return "; ".join(filter(None, (words, ", ".join(filter(None, sold)), doubt)))


def _home(one: Story) -> str:
    days = _days(one.get("home_from"), one.get("home_until"))
    return f"{one['carrier']} {one['ban']} {days}".strip()


def _due(told: Story) -> list[str]:
    """Return what was billed, what is due, and the sum that leads from one to the other."""
    due, billed = told["due"], told["billed"]
    amount = billed["amount"]
    if "expected" not in due:
        head = f"Billed {amount}; nothing on record says what is due"
    elif due["at_stake"]:
        head = f"Billed {amount}, due {due['expected']}: {due['at_stake']} too much"
    elif due["underbilled"] > 0:
        head = f"Billed {amount}, due {due['expected']}: {due['underbilled']} too little"
    else:
        head = f"Billed {amount}, due {due['expected']}: as it should be"
    printed_as = [_units(billed["quantity"])] if "quantity" in billed else []
    printed_as += [f"at {printed(billed['unit_rate'])}"] if "unit_rate" in billed else []
    months = [_units(due["due_units"])] if "due_units" in due else []
    if "billed_months" in due:
        one = due["billed_months"] == "1"
        months += ["for the month" if one else f"for {due['billed_months']} of a month"]
    return [
        head,
        *facts(
            [
                ("billed", " ".join(printed_as)),
                ("due", " ".join(months)),
                ("that is", printed(due.get("rate_times_due"))),
                ("sum", printed(due.get("sum"))),
                ("uses up", printed(due.get("uses_up"))),
            ]
        ),
    ]


def _rate(told: Story) -> list[str]:
    """Return the rate in force, the rule that chose it, and rows that were weighed against it."""
    rate, contract = told["rate"], told["contract"]
    known = rate.get("buy_rate")
    head = f"Rate {printed(known)} in force on {rate['day']}" if known is not None else "No rate"
    rows = [
        (
            VERDICTS.get(one["verdict"], one["verdict"]),
            printed(one.get("rate")),
            ", ".join(say(one[name]) for name, say in PLACES.items() if name in one),
            _days(one.get("effective_from"), one.get("effective_until")),
        )
        for one in rate["weighed"][:WEIGHED]
    ]
    rest = len(rate["weighed"]) - len(rows) + rate["not_shown"]
    source = (rate["weighed"] or [{}])[0].get("source") if known is not None else None
    return [
        head,
        *facts(
            [
                ("why", rate["why"]),
                ("source", printed(source)),
                ("contract", _contract(contract)),
            ]
        ),
        *table(("rows weighed", "rate", "for", "in force"), rows, words=2, right=(1,)),
        *([f"  and {rest} more (--json lists some)"] if rest else []),
    ]


def _contract(contract: Story) -> str:
    """Return the contract and its rules of billing, in words."""
    if contract["contract"] is None:
        return str(contract["why"])
    rules = [
        f"proration {_plain(contract['proration'])}",
        f"rounded by {contract['rounding']}",
        f"{contract['disconnect_grace_days']} days of grace after a disconnect",
        f"back-billed {contract['backbill_limit_months']} months at most",
    ]
    rules += ["under a resale certificate"] if contract["resale_certificate"] else []
    rates = contract.get("rate_contract")
    other = [f"rates of {rates}"] if rates not in (None, contract["contract"]) else []
    return f"{contract['contract']}: " + ", ".join([*other, *rules])


def _findings(told: Story) -> list[str]:
    """Return what is wrong, the code behind its words."""
    if not told["findings"]:
        return ["Nothing is wrong with it"]
    lines = ["Wrong"]
    for one in told["findings"]:
        words = BY_NAME[one["code"]].words if one["code"] in BY_NAME else _plain(one["code"])
        cause = f", {_plain(one['cause'])}" if "cause" in one else ""
        stake = f"{one['amount_at_stake']} at stake" if "amount_at_stake" in one else ""
        until = f"dispute by {one['dispute_closes_on']}" if "dispute_closes_on" in one else ""
        claim = f"claim {one['claim_no']}" if "claim_no" in one else ""
        waived = f"waived by decision {one['waived_by']}" if "waived_by" in one else ""
        money = ", ".join(filter(None, (stake, claim, until, waived)))
        lines += sentence(f"{words} ({one['code']}{cause}): {money}", "  ")
        lines += sentence(printed(one.get("message")), "    ")
        lines += sentence(f"do: {printed(one.get('remedy'))}", "    ")
    return lines


def _claims(told: Story) -> list[str]:
    rows = [
        (
            one["claim_no"],
            REASONS.get(one["reason"], one["reason"]),
            printed(one.get("amount")),
            printed(one.get("credited")),
            printed(one.get("denied")),
            _plain(one.get("status")),
            printed(one.get("filed_on")),
        )
        for one in told["claims"]
    ]
    heads = ("claim", "reason", "amount", "credited", "denied", "stands", "filed on")
    return ["Claims", *table(heads, rows, words=1, right=(2, 3, 4))] if rows else []


def _credits(told: Story) -> list[str]:
    rows = [
        (
            printed(one.get("at")),
            printed(one.get("amount")),
            printed(one.get("claim_no")),
            printed(one.get("credit_id") or "told by a person"),
            _plain(one.get("matched_by")),
        )
        for one in told["credits"]
    ]
    heads = ("day", "credited", "claim", "by the carrier's line", "known by")
    return ["Credits", *table(heads, rows, words=3, right=(1,))] if rows else []


def _price(told: Story) -> list[str]:
    """Return what the customer pays, the rule that said so, and those it beat."""
    own = told["price"]
    lines = ["Price"]
    if "why" in own:
        lines += sentence(printed(own["why"]), "  ")
    cost = f"cost {printed(own.get('cost'))}, price {printed(own.get('price'))}"
    margin = f", margin {printed(own['margin'])}" if "margin" in own else ""
    lines += facts(
        [
            ("invoice", printed(own.get("invoice_no"))),
            ("for", _units(own["quantity"]) if "quantity" in own else ""),
            ("price", cost + margin if "price" in own else ""),
            ("method", _plain(own.get("method"))),
            ("rule", printed(own.get("rule"))),
            ("retail", printed(own.get("retail_rate"))),
            ("bundle", printed(own.get("bundle"))),
            ("promotion", printed(own.get("promotion"))),
            ("gives back", printed(own.get("credit_of"))),
            ("customer's", printed(own.get("customer_rules"))),
        ]
    )
    rows = [
        (
            one["verdict"].partition(":")[0],
            printed(one.get("scope")),
            f"{_plain(one.get('method'))} {printed(one.get('value'))}",
            _days(one.get("effective_from"), one.get("effective_until")),
        )
        for one in own.get("weighed", [])[:WEIGHED]
    ]
    lines += table(("markups weighed", "for", "method", "in force"), rows, words=1)
    for part in ("bands", "parts", "taxes", "also_on"):
        lines += [f"  {part.replace('_', ' ')}"] if own.get(part) else []
        lines += [line for one in own.get(part, []) for line in sentence(_said(one), "    ")]
    return lines


def _said(row: Story) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {printed(value)}" for name, value in row.items())


def _pays(told: Story, names: Names) -> list[str]:
    """Return who pays what: the carrier's charge, what is due of it, and the customer's price."""
    carrier, due, own = told["source"]["carrier"], told["due"], told["price"]
    disputed = due.get("at_stake")
    who = _called(own.get("customer"), names)
    rows = [
        (f"{carrier} bills", printed(told["billed"]["amount"])),
        (f"{carrier} is due", printed(due.get("expected"))),
        ("too much", printed(disputed) if disputed else "-"),
        (f"{who} pays", printed(own.get("price")) if who else "-"),
        ("margin", printed(own.get("margin"))),
    ]
    told_rows = [row for row in rows if row[1] != "-"]
    return ["Who pays what", *table(("", ""), told_rows, words=0, right=(1,))[1:]]


def _called(customer: str | None, names: Names) -> str:
    """Return a customer with its name."""
    if customer is None:
        return ""
    name = names.get(customer, "")
    return f"{customer} {printed(name)}" if name and name != customer else customer


def _units(number: Decimal) -> str:
    return f"{units(number)} {'unit' if number == 1 else 'units'}"


def _days(first: Any, until: Any) -> str:
    """Return a half-open period in words."""
    if first is None and until is None:
        return ""
    if until is None:
        return f"from {first}"
    return f"until {until}" if first is None else f"{first} to {until}"


def _plain(word: Any) -> str:
    """Return a word of the record as people read it."""
    return printed(word).replace("_", " ")
