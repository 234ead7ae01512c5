"""What columns are usually called, and what the words for kinds of charges usually mean.

A name alone is no evidence: beside it stands what the values of such a column look like.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from invoices.carrier.draft import looks

_N = r"( ?(number|nbr|num|nr|no|id))?"
_OF_BILL = r"(bill|billing|invoice|inv|statement|stmt)"
_FROM = r"((service|svc|period|bill|billing|charge|active|rate|usage) )*"

Values = Callable[[str], bool]


def _any(text: str) -> bool:
    return bool(text)


def _unit(text: str) -> bool:
    return re.fullmatch(r"[A-Z]{2}", text.strip(), re.I) is not None


def _units(text: str) -> bool:
    return looks.is_number(text) or looks.is_duration(text)


def _circuit(text: str) -> bool:
    return looks.has_digit(text) and not looks.is_telephone(text) and not looks.is_day(text)


DURATION = r"(call |billed )?duration"
"""A column that is one of units only where it is written as a clock does: else nobody knows its
unit."""
NAMES: tuple[tuple[str, Values, tuple[str, ...]], ...] = (
    (
        "ban",
        looks.is_account,
        (
            rf"((billing|bill|customer|cust) )?(account|acct|acc|a c){_N}|ban{_N}",
            r"billing (number|nbr|no|id)|(master|main|parent) (account|acct|ban|btn).*",
            rf"bill to( account| acct)?{_N}",
            rf"btn|billing (telephone|tel|tn|phone){_N}",
            rf"(customer|cust|client|subscriber){_N}",
        ),
    ),
    (
        "invoice_no",
        lambda text: not looks.is_day(text) and not re.search(r"\.\d\d$", text),
        (
            rf"(invoice|inv){_N}",
            r"(bill|statement|stmt|document|doc) (number|nbr|num|nr|no|id)|bill",
        ),
    ),
    (
        "bill_date",
        looks.is_day,
        (
            rf"{_OF_BILL} ?(cycle |run |period )?(date|dt|day)",
            rf"date of ({_OF_BILL})|date (billed|invoiced)",
        ),
    ),
    (
        "due_date",
        looks.is_day,
        (r"(payment |pay |bill |invoice )?due( date| dt| by| on)?|pay by|date due",),
    ),
    ("charge_class", _any, (
        r"(charge|chg|line|billing|record|rec|transaction|item|rate)"
        r" ?(type|class|category|group|kind)( code| cd)?",
        r"type of charge|type|class|category|section|charge section|charge group",
        r"(charge|chg|item|rate|billing) ?(code|cd)|code",
    )),
    ("usoc", looks.is_usoc, (
        r"u ?s ?o ?c( code)?|usoc number",
        r"(charge|chg|service|svc|product|prod|item|feature|rate|billing) ?(code|cd)|code",
        r"item",
    )),
    ("description", _any, (
        r"(\w+ ){0,2}(description|descr|desc)",
        r"((service|svc|charge|chg|product|line|item|usoc|billing|feature|rr|full) ?)?"
        r"(description|descr|desc|title|text|details?|narrative)",
        r"((service|charge|product|item|feature) ?)name|item|product|charge|service|feature",
    )),
    ("quantity", _units, (
        r"(billed |billing )?(qty|quantity|quan)( billed)?|(number|no|count) of units|units?|count",
        r"(billed |billable |total )?(minutes|mins?|mou)( of use| billed)?",
        DURATION,
    )),
    ("unit_rate", looks.is_number, (
        r"(unit|per unit|each) ?(price|rate|cost|charge|amount|amt)|rate( amount)?|price( each)?",
        r"(monthly|mrc|list|recurring) ?(rate|price)|rate per min(ute)?",
    )),
    ("wtn", looks.is_telephone, (
        rf"(working |service |svc |line )?(tn|wtn|tel|telephone|phone|ani|mdn|did){_N}",
        r"(service|svc|line|working|subscriber|asset) ?(number|nbr|no|id|acct nr)|number",
        rf"(originating|orig|calling|from)( (tn|ani|telephone|phone))?{_N}|cli|calling party",
        r"btn",
    )),
    ("circuit_id", _circuit, (
        rf"(circuit|ckt|cct|ecckt){_N}",
        r"(service|svc|line|asset) ?(number|nbr|no|id)",
    )),
    ("state", _unit, (r"(service )?(state|st)( code| cd)?",)),
    ("zone", _any, (r"(rate |density |upz )?zone( code)?|upz",)),
    ("order_no", looks.has_digit, (
        rf"(service |svc |sales )?(order|ord|so){_N}",
        rf"(order )?pon|(purchase|customer|cust) (order|ord){_N}|order ?pon|po{_N}",
    )),
    ("service_from", looks.is_day, (
        rf"{_FROM}(from|start|begin|beginning|begins|effective|eff)( date| dt)?|date from",
    )),
    ("service_to", looks.is_day, (
        rf"{_FROM}(through|thru|to|end|ending|ends|until|stop|expiry)( date| dt)?|date to",
    )),
    ("currency", _any, (r"currency( code)?|curr|ccy",)),
)  # fmt: skip
"""Field, what its values look like, and its usual names (`plain`), the surest first. `service_to`
is the last day of a service, or the first after it: their data say which."""
BALANCES: tuple[tuple[str, str], ...] = (
    ("previous_balance", r"(previous|prior|last|prev|opening) (balance|bill|statement).*"),
    ("previous_balance", r"balance (forward|brought forward)"),
    ("payments", r"(less |last |total )?payments?( received| applied| posted)?( thank you)?"),
    ("adjustments", r"(total )?adjustments?( applied)?"),
    ("current_charges", r"(total )?(current|new)( month)? (charges|activity|bill)( total)?"),
    (
        "current_charges",
        r"(invoice|inv|bill)( total)? (amount|amt|total|charges)|total (invoice|bill).*",
    ),
    ("total_due", r"(total |amount |balance |amt |payment )+due|amount payable|(please )?pay"),
)
"""What a bill prints of itself beside its lines; compared with `plain`."""
AMOUNT = (
    r"((line|billed|extended|ext|charge|chg|billing|item|monthly|this) ?)?(amount|amt)( billed)?",
    r"(net|extended|ext)( amount| amt| charge| charges| price| total)?",
    r"(total )?charges?( amount| amt)?|billed( charges?)?|cost|extended (cost|rate)",
    r"(line |item |row )?total( charge| amount| amt| billed| cost| price)?|gross.*|amount due",
)
"""What the column of the amount is called, the surest first."""
CREDIT = r"(total )?(credits?|cr)( amount| amt)?"
DEBIT = r"(total )?(charges?|debits?|dr|db)( amount| amt)?"
TOTAL = r".*\b(total|gross|incl|including)\b.*"
WORDS = (
    (r"\blate\b|late.?(pay|fee|charge)", "late_charge"),
    (r"\btax(es)?\b|franchise|\bvat\b", "tax"),
    (r"surcharge|universal|\b(f?usf|fuse?c?|911|e911|eucl|slc|frf)\b|subscriber line", "surcharge"),
    (r"regulatory|recovery|\bfees?\b", "surcharge"),
    (r"usage|\btoll\b|minutes?|measured|long.distance|\bcalls?\b", "usage"),
    (r"prorat|partial|fractional", "prorated"),
    (r"adjust|credit|refund", "adjustment"),
    (r"install|one.?time|non.?rec|\bn\.?r\.?c|activation", "one_time"),
    (r"\bo\.?c\.? ?(&|and)? ?c\b|other ch(ar)?ge?s?|service order", "one_time"),
    (r"month|\brental\b|(?<!non.)(?<!non)recur|\bm\.?r\.?c|access", "recurring"),
)
"""What stands in the word for a kind of charge, and the class it usually is."""
_OVERRULES = {
    ("tax", "usage"), ("tax", "recurring"), ("tax", "one_time"),
    ("surcharge", "usage"), ("surcharge", "recurring"), ("surcharge", "one_time"),
    ("usage", "recurring"), ("prorated", "recurring"), ("prorated", "one_time"),
    ("late_charge", "surcharge"), ("late_charge", "recurring"), ("one_time", "recurring"),
}  # fmt: skip
"""Of two classes that a word speaks of the first is what is charged, the second what it is for."""


_LONG = {"chrg": "chg", "typ": "type", "beg": "begin", "dte": "date", "descrip": "description"}
"""Short forms of words, as the names above have them."""


def plain(name: str) -> str:
    """Return the name of a column as it is compared: small letters, words parted by one blank."""
    name = re.sub(r"([a-z])([A-Z])", r"\1 \2", name).casefold().replace("#", " number ")
    words = re.sub(r"[^a-z0-9&$%]+", " ", name).split()
    return " ".join(_LONG.get(word, word) for word in words)


def class_of(word: str) -> str | None:
    """Return the class a word for a kind of charge usually means; null where it may be several.

    A heading of charges and credits alike is of charges.
    """
    word = word.casefold()
    both = re.search(r"\bch(ar)?ge?s? ?(&|and|/|or) ?cr(edi)?ts?", word) is not None
    word = re.sub(r"(&|and|/|or) ?cr(edi)?ts?", "", word) if both else word
    found = {meant for pattern, meant in WORDS if re.search(pattern, word)}
    left = {one for one in found if not any((other, one) in _OVERRULES for other in found)}
    return left.pop() if len(left) == 1 else None


def said_by(word: str, meant: str) -> str:
    """Return what of a text speaks of a class, in small letters; empty where nothing does."""
    found = (re.search(pattern, word.casefold()) for pattern, kind in WORDS if kind == meant)
    return next((one.group(0) for one in found if one), "")


def balance_of(name: str) -> str | None:
    """Return the printed total of a bill that a name speaks of."""
    said = plain(name)
    return next((field for field, pattern in BALANCES if re.fullmatch(pattern, said)), None)


def is_known(name: str) -> bool:
    """Whether a name is one that columns of bills usually have."""
    said = plain(name)
    others = (*AMOUNT, CREDIT, DEBIT, *(pattern for _, pattern in BALANCES))
    return any(re.fullmatch(pattern, said) for _, _, names in NAMES for pattern in names) or any(
        re.fullmatch(pattern, said) for pattern in (*others, r"(mrc|nrc|usage|tax(es)?).*")
    )
