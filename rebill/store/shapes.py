"""The reference tables as data: columns, what a cell may say, keys, references, load order.

The database tables, the load checks, the typed frames and the documentation are all made from
`TABLES`. Every table also has `row_id`, `loaded_in` and `superseded_in` in the database: a row is
never edited, a changed one closes the old version and adds a new one.
"""

from __future__ import annotations

from invoices.schema import CHARGE_CLASSES
from rebill.store.columns import (
    ANY_USOC,
    CARRIER,
    EFFECTIVE,
    STATE,
    USOC,
    VALID,
    Column,
    Reference,
    TableIn,
    period,
    text,
)
from rebill.store.shapes_in.shapes_earning import COMMISSIONS, COST_TO_SERVE
from rebill.store.shapes_in.shapes_orders import AFTER_INVENTORY
from rebill.store.shapes_in.shapes_quotes import ASKED_FOR
from rebill.store.shapes_in.shapes_selling import (
    AFTER_CUSTOMERS,
    AFTER_SERVICES,
    CUSTOMER_DEBITS,
    CUSTOMER_RULES,
    MARKUP_RULES,
    METHODS,
)

USOC_KINDS = ("recurring", "one_time", "usage", "surcharge", "tax", "credit", "record_only")
RELATIONS = ("requires", "summary_of", "excludes")
COST_BASES = ("expected", "billed")


USOCS = TableIn(
    "usocs",
    "what a carrier's codes mean",
    (
        CARRIER,
        USOC,
        text("description", "what customers and disputes read"),
        Column("kind", "how it is charged", required=True, words=USOC_KINDS),
        Column("family", "the service family; `federal usf` is the federal USF", case="lower"),
        *VALID,
        text("source", "where it is written"),
    ),
    ("carrier", "usoc", "valid_from"),
    ("valid_from", "valid_until"),
    overlap=True,
)
PACKAGES = TableIn(
    "packages",
    "the elements that make a package",
    (
        CARRIER,
        text("package", "the package", True),
        USOC,
        Column("quantity", "units of the element", "decimal", default="1", above="0"),
    ),
    ("carrier", "package", "usoc"),
)
USOC_RULES = TableIn(
    "usoc_rules",
    "what one code needs, sums up or excludes (optional)",
    (
        CARRIER,
        USOC,
        Column("relation", "what `usoc` is to `other_usoc`", required=True, words=RELATIONS),
        Column("other_usoc", "the other code", required=True, case="upper"),
        *VALID,
    ),
    ("carrier", "usoc", "relation", "other_usoc", "valid_from"),
    ("valid_from", "valid_until"),
    overlap=True,
)
CONTRACTS = TableIn(
    "contracts",
    "the agreements with carriers, kept as they were read from TOML",
    (
        text("contract", "the contract's id", True),
        CARRIER,
        text("body", "the whole contract as JSON", True),
    ),
    ("contract",),
)
CUSTOMERS = TableIn(
    "customers",
    "who we bill",
    (
        text("customer", "the customer's id", True),
        text("name", "the name on the invoice; empty = the id"),
        text("brand", "the brand it is billed under"),
        Column("bill_day", "day of month", "integer", default="1", least="1", most="31"),
        Column("due_days", "calendar days", "integer", default="30", least="0", most="365"),
        Column("cost_basis", "the cost a markup works on", default="expected", words=COST_BASES),
        Column("tax_exempt", "whether taxes are left out", "boolean", default="false"),
        text("email", "where invoices go"),
        text("address", "as printed on the invoice"),
        *CUSTOMER_RULES,
        *CUSTOMER_DEBITS,
    ),
    ("customer",),
)
SERVICES = TableIn(
    "services",
    "what we have of the carriers, and for whom",
    (
        text("service", "our name of the service", True),
        CARRIER,
        text("ban", "billing account number, leading zeros kept"),
        text("wtn", "working telephone number, in any usual spelling"),
        text("circuit_id", "compared without blanks and case"),
        Column("state", "two letters", case="upper", state=True),
        text("zone", "the rate zone"),
        Column("term_months", "the term bought", "integer", least="0", most="600"),
        text("package", "the package the service holds"),
        text("product", "the product we sell it as"),
        text("customer", "whose it is"),
        Column("installed_on", "the first day that is due", "date"),
        Column("disconnected_on", "the first day that is not due", "date"),
    ),
    ("service",),
    references=(
        Reference(("carrier", "package"), "packages", ("carrier", "package")),
        Reference(("customer",), "customers", ("customer",)),
    ),
)
SERVICE_ACCOUNTS = TableIn(
    "service_accounts",
    "where services were at home that moved; days without a row as in services (optional)",
    (
        text("service", "the service", True),
        CARRIER,
        text("ban", "billing account number, leading zeros kept", True),
        *period("effective_from", "effective_until", "it is at home there"),
    ),
    ("service", "effective_from"),
    ("effective_from", "effective_until"),
    overlap=True,
    references=(Reference(("service",), "services", ("service",)),),
)
SERVICE_ELEMENTS = TableIn(
    "service_elements",
    "the codes a service has",
    (
        text("service", "the service", True),
        USOC,
        Column("quantity", "units", "decimal", default="1", least="0"),
        *period("active_from", "active_until", "it is active"),
    ),
    ("service", "usoc", "active_from"),
    ("active_from", "active_until"),
    overlap=True,
    references=(Reference(("service",), "services", ("service",)),),
)
ORDERS = TableIn(
    "orders",
    "which one-time charges are due, once each",
    (
        text("order_no", "the order", True),
        text("service", "the service", True),
        USOC,
        Column("quantity", "units", "decimal", default="1", least="0"),
        Column("completed_on", "empty = not completed", "date"),
        Column("nrc_waived", "whether the charge is waived", "boolean", default="false"),
    ),
    ("order_no", "service", "usoc"),
    references=(Reference(("service",), "services", ("service",)),),
)
BUY_RATES = TableIn(
    "buy_rates",
    "what a contract says an element costs; empty = any",
    (
        text("contract", "the contract's id", True),
        Column("charge_class", "the class of the line; empty = any", words=CHARGE_CLASSES),
        ANY_USOC,
        text("package", "the package; or a code"),
        STATE,
        text("zone", "the rate zone; empty = any"),
        Column("term_months", "the term; empty = any", "integer", least="0", most="600"),
        text("ban", "one account; empty = any"),
        text("circuit_id", "one circuit; empty = any"),
        Column("rate", "per unit and month", "decimal", required=True, least="0"),
        *EFFECTIVE,
        text("source", "where it is written"),
    ),
    (
        "contract",
        "charge_class",
        "usoc",
        "package",
        "state",
        "zone",
        "term_months",
        "ban",
        "circuit_id",
        "effective_from",
    ),
    ("effective_from", "effective_until"),
    overlap=True,
    references=(Reference(("contract",), "contracts", ("contract",)),),
    one_of=("usoc", "package"),
)
MARKUPS = TableIn(
    "markups",
    "what we ask for, over what it costs; empty = any",
    (
        text("customer", "one customer"),
        text("service", "one service"),
        Column("usoc", "one code", case="upper"),
        text("package", "the lines of one package"),
        text("product", "one product"),
        Column("charge_class", "one class of lines", words=CHARGE_CLASSES),
        Column("method", "how the price is made", required=True, words=METHODS),
        Column("value", "0.15 is 15 percent; else dollars per unit", "decimal"),
        Column("minimum", "dollars per unit", "decimal", least="0"),
        Column("floor", "the least price per unit", "decimal", least="0"),
        Column("cap", "the highest price per unit", "decimal", least="0", word="retail"),
        *EFFECTIVE,
        *MARKUP_RULES,
    ),
    ("customer", "service", "usoc", "package", "product", "charge_class", "effective_from"),
    ("effective_from", "effective_until"),
    references=(
        Reference(("customer",), "customers", ("customer",)),
        Reference(("service",), "services", ("service",)),
        Reference(("package",), "packages", ("package",)),
        Reference(("tier",), "tiers", ("tier",)),
    ),
)
RETAIL_RATES = TableIn(
    "retail_rates",
    "what the carrier asks its own customers",
    (
        CARRIER,
        ANY_USOC,
        text("package", "the package; or a code"),
        STATE,
        Column("rate", "per unit and month", "decimal", required=True, least="0"),
        *EFFECTIVE,
    ),
    ("carrier", "usoc", "package", "state", "effective_from"),
    ("effective_from", "effective_until"),
    overlap=True,
    references=(Reference(("carrier", "package"), "packages", ("carrier", "package")),),
    one_of=("usoc", "package"),
)

CUSTOMER_PAYMENTS = TableIn(
    "customer_payments",
    "what customers paid us, and when (optional)",
    (
        text("payment", "our number of the payment", True),
        text("customer", "who paid", True),
        text("invoice_no", "what it pays; empty = the oldest invoices that are open"),
        Column("paid_on", "the day the money was ours", "date", required=True),
        Column("amount", "dollars; negative = taken back", "decimal", required=True, places=2),
    ),
    ("payment",),
    references=(Reference(("customer",), "customers", ("customer",)),),
)
SECURITIES = ("bond", "deposit", "letter_of_credit")
DEPOSITS = TableIn(
    "deposits",
    "what secures a carrier: bonds, cash deposits, letters of credit (optional)",
    (
        text("contract", "the contract's id", True),
        Column("kind", "what it is", required=True, words=SECURITIES),
        text("reference", "the number of the bond or letter"),
        Column("amount", "dollars", "decimal", required=True, least="0", places=2),
        Column("rate", "a year: premium, fee, or interest earned", "decimal", least="0"),
        *EFFECTIVE,
    ),
    ("contract", "kind", "reference", "effective_from"),
    ("effective_from", "effective_until"),
    overlap=True,
    references=(Reference(("contract",), "contracts", ("contract",)),),
)

PROMISED_CREDITS = TableIn(
    "promised_credits",
    "credits a carrier promised that are on no claim of ours (optional)",
    (
        text("credit", "our name of the promise", True),
        CARRIER,
        text("ban", "the account it will be credited on", True),
        Column("amount", "dollars", "decimal", required=True, above="0", places=2),
        Column("promised_on", "the day it was promised", "date", required=True),
        Column("by_bill", "the nth bill after it; empty = as agreed", "integer", least="1"),
        text("service", "the service it is for"),
        Column("usoc", "the code it is for", case="upper"),
        text("reference", "what the carrier prints with it"),
        text("source", "where it is written"),
    ),
    ("credit",),
    references=(Reference(("service",), "services", ("service",)),),
)

TABLES: dict[str, TableIn] = {
    table.name: table
    for table in (
        USOCS,
        PACKAGES,
        USOC_RULES,
        CONTRACTS,
        CUSTOMERS,
        *AFTER_CUSTOMERS,
        SERVICES,
        SERVICE_ACCOUNTS,
        *AFTER_SERVICES,
        SERVICE_ELEMENTS,
        ORDERS,
        BUY_RATES,
        MARKUPS,
        RETAIL_RATES,
        CUSTOMER_PAYMENTS,
        DEPOSITS,
        PROMISED_CREDITS,
        COST_TO_SERVE,
        COMMISSIONS,
        *AFTER_INVENTORY,
        *ASKED_FOR,
    )
}
"""In load order: what a row refers to stands in an earlier table."""

SCOPES: tuple[tuple[str, ...], ...] = (
    ("service", "usoc"),
    ("service",),
    ("customer", "usoc"),
    ("customer", "package"),
    ("customer", "product"),
    ("customer", "charge_class"),
    ("customer",),
    ("usoc",),
    ("package",),
    ("product",),
    ("charge_class",),
    (),
)
"""What a markup row may name, the strongest first; a row that names nothing is for all lines."""
