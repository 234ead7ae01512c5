"""The reference tables of orders: what was ordered, what became of it, what a carrier pays us for.

What they mean is said in `docs/orders.md` and `docs/commissions.md`. All are optional.
"""

from __future__ import annotations

from invoices.order_words import EVENTS
from rebill.store.columns import ANY_USOC, CARRIER, EFFECTIVE, Column, Reference, TableIn, text

KINDS = ("new", "change", "move", "disconnect", "record")
ACTIONS = ("add", "change", "remove")
PAID_OF = ("billed", "price")
_BAN = text("ban", "billing account number, leading zeros kept")
_CIRCUIT = text("circuit_id", "compared without blanks and case")
_MONTH = text("month", "YYYY-MM", True)

ORDER_HEADS = TableIn(
    "order_heads",
    "orders given to carriers: for whom, by whom, and for when (optional)",
    (
        text("order_no", "the order", True),
        CARRIER,
        _BAN,
        text("pon", "our purchase order number, as the carrier prints it"),
        text("customer", "whom it is for"),
        text("agent", "who brought it, as payees are named"),
        Column("kind", "what is ordered", default="new", words=KINDS),
        text("quote", "the quote it comes from"),
        Column("submitted_on", "the day it was given to the carrier", "date"),
        Column("wanted_on", "the desired due date", "date"),
        text("note", "what else is to be known"),
    ),
    ("order_no",),
    references=(Reference(("customer",), "customers", ("customer",)),),
)
ORDER_ITEMS = TableIn(
    "order_items",
    "what an order adds, changes and removes (optional)",
    (
        text("order_no", "the order", True),
        text("service", "the service; one to come is in services, without installed_on", True),
        ANY_USOC,
        text("package", "the package; or a code"),
        Column("quantity", "units", "decimal", default="1", least="0"),
        Column("action", "what is done with it", default="add", words=ACTIONS),
    ),
    ("order_no", "service", "usoc", "package", "action"),
    references=(
        Reference(("order_no",), "order_heads", ("order_no",)),
        Reference(("service",), "services", ("service",)),
    ),
    one_of=("usoc", "package"),
)
ORDER_EVENTS = TableIn(
    "order_events",
    "what became of orders, as carriers and people told it; rows are only ever added (optional)",
    (
        text("order_no", "the order; or the carrier's word for it, pon"),
        text("pon", "our purchase order number, where no order is named"),
        Column("at", "the day it happened", "date", required=True),
        Column("event", "what happened", required=True, words=EVENTS),
        Column("due_on", "the day it is due from then on", "date"),
        text("code", "the carrier's code, such as one of a jeopardy"),
        text("ban", "the account it tells of"),
        text("circuit_id", "the circuit it tells of"),
        text("wtn", "the number it tells of"),
        text("who", "who says so"),
        text("note", "in words"),
        text("source", "the file or paper it stands on"),
    ),
    (
        *("order_no", "pon", "at", "event", "due_on", "code"),
        *("ban", "circuit_id", "wtn", "who", "note", "source"),
    ),
    append=True,
)
COMMISSIONS_RECEIVED = TableIn(
    "commissions_received",
    "commissions that carriers paid us, as their statements say (optional)",
    (
        CARRIER,
        text("statement", "the statement's number", True),
        _MONTH,
        _BAN,
        _CIRCUIT,
        text("service", "the service"),
        Column("amount", "dollars; negative = taken back", "decimal", required=True, places=2),
        Column("basis", "dollars it was reckoned of", "decimal", places=2),
    ),
    ("carrier", "statement", "month", "ban", "circuit_id", "service"),
)
COMMISSION_RULES_RECEIVED = TableIn(
    "commission_rules_received",
    "what commissions carriers owe us; empty = any (optional)",
    (
        CARRIER,
        text("product", "one product; empty = all"),
        Column("percent", "a share: 0.10 is 10 percent", "decimal", least="0", most="1"),
        Column("flat", "dollars a service and month", "decimal", least="0"),
        Column("of", "what the share is of", default="billed", words=PAID_OF),
        Column(
            "from_month",
            "the month it is first paid for; 1 = that of the first bill",
            "integer",
            default="1",
            least="1",
            most="600",
        ),
        Column(
            "months",
            "for so many months; empty = without end",
            "integer",
            least="1",
            most="600",
        ),
        *EFFECTIVE,
    ),
    ("carrier", "product", "effective_from"),
    ("effective_from", "effective_until"),
    overlap=True,
    one_of=("percent", "flat"),
)
MDF_SPENT = TableIn(
    "mdf_spent",
    "market development funds: what was spent, claimed and paid (optional)",
    (
        text("contract", "the contract's id", True),
        text("reference", "our name of the activity", True),
        Column("spent_on", "the day it was spent", "date", required=True),
        Column("amount", "dollars spent", "decimal", required=True, above="0", places=2),
        Column("claimed_on", "the day it was claimed; empty = not yet", "date"),
        Column("paid_on", "the day the carrier paid; empty = not yet", "date"),
        Column("paid", "dollars paid", "decimal", least="0", places=2),
        text("note", "what it was spent on"),
    ),
    ("contract", "reference"),
    references=(Reference(("contract",), "contracts", ("contract",)),),
)
AFTER_INVENTORY = (
    *(ORDER_HEADS, ORDER_ITEMS, ORDER_EVENTS),
    *(COMMISSIONS_RECEIVED, COMMISSION_RULES_RECEIVED, MDF_SPENT),
)
"""In load order: they name customers, services and contracts."""
