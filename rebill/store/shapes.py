"""The reference tables as data: columns, what a cell may say, keys, references, load order.

The database tables, the load checks, the typed frames and the documentation are all made from
`TABLES`. Every table also has `row_id`, `loaded_in` and `superseded_in` in the database: a row is
never edited, a changed one closes the old version and adds a new one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import polars as pl

from invoices.schema import CHARGE_CLASSES, RATE

Kind = Literal["text", "integer", "decimal", "date", "boolean"]

DTYPES: dict[Kind, pl.DataType] = {
    "text": pl.String(),
    "integer": pl.Int64(),
    "decimal": RATE,
    "date": pl.Date(),
    "boolean": pl.Boolean(),
}

USOC_KINDS = ("recurring", "one_time", "usage", "surcharge", "tax", "credit", "record_only")
RELATIONS = ("requires", "summary_of", "excludes")
METHODS = (
    "percent",
    "percent_with_minimum",
    "adder",
    "flat",
    "retail_discount",
    "pass_through",
)
COST_BASES = ("expected", "billed")


@dataclass(frozen=True)
class Column:
    """A column of a reference table and what its cells may say."""

    name: str
    about: str
    kind: Kind = "text"
    required: bool = False
    default: str | None = None  # what an empty cell means
    words: tuple[str, ...] = ()  # the only values, where there is such a list
    case: Literal["upper", "lower"] | None = None  # how the value is stored
    least: str | None = None  # the smallest number that is possible
    most: str | None = None
    above: str | None = None  # the number it must be above
    places: int = 6  # decimals that may differ from zero
    word: str | None = None  # one word allowed instead of a number, kept as `<name>_<word>`

    @property
    def stored(self) -> dict[str, pl.DataType]:
        """The columns that keep it, with their types."""
        flag: dict[str, pl.DataType] = {f"{self.name}_{self.word}": pl.Boolean()}
        return {self.name: DTYPES[self.kind], **(flag if self.word else {})}


@dataclass(frozen=True)
class Reference:
    """What a row of this table names must stand in another: columns here to columns there."""

    columns: tuple[str, ...]
    table: str
    targets: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """A reference table: its columns, its natural key, and what ties it to others."""

    name: str
    about: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    period: tuple[str, str] | None = None  # half-open; both may be empty
    overlap: bool = False  # rows of one key less its start may not overlap
    references: tuple[Reference, ...] = ()
    one_of: tuple[str, str] | None = None  # exactly one of the two is given

    @property
    def schema(self) -> pl.Schema:
        """The stored columns with their types, without `row_id`."""
        return pl.Schema({n: d for column in self.columns for n, d in column.stored.items()})

    @property
    def element_key(self) -> tuple[str, ...]:
        """The natural key without the day a row begins: what validity is compared within."""
        start = self.period[0] if self.period else None
        return tuple(name for name in self.key if name != start)


def _text(name: str, about: str, required: bool = False) -> Column:
    return Column(name, about, required=required)


_CARRIER = _text("carrier", "the carrier, as its invoices and contracts name it", True)
_USOC = Column("usoc", "the code, upper case", required=True, case="upper")
_ANY_USOC = Column("usoc", "the code; or a package", case="upper")
_STATE = Column("state", "two letters; empty = any", case="upper")


def _period(start: str, end: str, what: str) -> tuple[Column, Column]:
    return (
        Column(start, f"the first day {what}; empty = always", "date"),
        Column(end, f"the first day {what} no more; empty = open", "date"),
    )


_EFFECTIVE = _period("effective_from", "effective_until", "it is in force")
_VALID = _period("valid_from", "valid_until", "it is valid")

USOCS = Table(
    "usocs",
    "what a carrier's codes mean",
    (
        _CARRIER,
        _USOC,
        _text("description", "what customers and disputes read"),
        Column("kind", "how it is charged", required=True, words=USOC_KINDS),
        Column("family", "the service family; `federal usf` is the federal USF", case="lower"),
        *_VALID,
        _text("source", "where it is written"),
    ),
    ("carrier", "usoc", "valid_from"),
    ("valid_from", "valid_until"),
    overlap=True,
)
PACKAGES = Table(
    "packages",
    "the elements that make a package",
    (
        _CARRIER,
        _text("package", "the package", True),
        _USOC,
        Column("quantity", "units of the element", "decimal", default="1", above="0"),
    ),
    ("carrier", "package", "usoc"),
)
USOC_RULES = Table(
    "usoc_rules",
    "what one code needs, sums up or excludes (optional)",
    (
        _CARRIER,
        _USOC,
        Column("relation", "what `usoc` is to `other_usoc`", required=True, words=RELATIONS),
        Column("other_usoc", "the other code", required=True, case="upper"),
        *_VALID,
    ),
    ("carrier", "usoc", "relation", "other_usoc", "valid_from"),
    ("valid_from", "valid_until"),
    overlap=True,
)
CONTRACTS = Table(
    "contracts",
    "the agreements with carriers, kept as they were read from TOML",
    (
        _text("contract", "the contract's id", True),
        _CARRIER,
        _text("body", "the whole contract as JSON", True),
    ),
    ("contract",),
)
CUSTOMERS = Table(
    "customers",
    "who we bill",
    (
        _text("customer", "the customer's id", True),
        _text("name", "the name on the invoice; empty = the id"),
        _text("brand", "the brand it is billed under"),
        Column("bill_day", "day of month", "integer", default="1", least="1", most="31"),
        Column("due_days", "calendar days", "integer", default="30", least="0", most="365"),
        Column("cost_basis", "the cost a markup works on", default="expected", words=COST_BASES),
        Column("tax_exempt", "whether taxes are left out", "boolean", default="false"),
        _text("email", "where invoices go"),
        _text("address", "as printed on the invoice"),
    ),
    ("customer",),
)
SERVICES = Table(
    "services",
    "what we have of the carriers, and for whom",
    (
        _text("service", "our name of the service", True),
        _CARRIER,
        _text("ban", "billing account number, leading zeros kept"),
        _text("wtn", "working telephone number, in any usual spelling"),
        _text("circuit_id", "compared without blanks and case"),
        Column("state", "two letters", case="upper"),
        _text("zone", "the rate zone"),
        Column("term_months", "the term bought", "integer", least="0", most="600"),
        _text("package", "the package the service holds"),
        _text("product", "the product we sell it as"),
        _text("customer", "whose it is"),
        Column("installed_on", "the first day that is due", "date"),
        Column("disconnected_on", "the first day that is not due", "date"),
    ),
    ("service",),
    references=(
        Reference(("carrier", "package"), "packages", ("carrier", "package")),
        Reference(("customer",), "customers", ("customer",)),
    ),
)
SERVICE_ELEMENTS = Table(
    "service_elements",
    "the codes a service has",
    (
        _text("service", "the service", True),
        _USOC,
        Column("quantity", "units", "decimal", default="1", least="0"),
        *_period("active_from", "active_until", "it is active"),
    ),
    ("service", "usoc", "active_from"),
    ("active_from", "active_until"),
    overlap=True,
    references=(Reference(("service",), "services", ("service",)),),
)
ORDERS = Table(
    "orders",
    "which one-time charges are due, once each",
    (
        _text("order_no", "the order", True),
        _text("service", "the service", True),
        _USOC,
        Column("quantity", "units", "decimal", default="1", least="0"),
        Column("completed_on", "empty = not completed", "date"),
        Column("nrc_waived", "whether the charge is waived", "boolean", default="false"),
    ),
    ("order_no", "service", "usoc"),
    references=(Reference(("service",), "services", ("service",)),),
)
BUY_RATES = Table(
    "buy_rates",
    "what a contract says an element costs; empty = any",
    (
        _text("contract", "the contract's id", True),
        Column("charge_class", "the class of the line; empty = any", words=CHARGE_CLASSES),
        _ANY_USOC,
        _text("package", "the package; or a code"),
        _STATE,
        _text("zone", "the rate zone; empty = any"),
        Column("term_months", "the term; empty = any", "integer", least="0", most="600"),
        _text("ban", "one account; empty = any"),
        _text("circuit_id", "one circuit; empty = any"),
        Column("rate", "per unit and month", "decimal", required=True, least="0"),
        *_EFFECTIVE,
        _text("source", "where it is written"),
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
MARKUPS = Table(
    "markups",
    "what we ask for, over what it costs; empty = any",
    (
        _text("customer", "one customer"),
        _text("service", "one service"),
        Column("usoc", "one code", case="upper"),
        _text("package", "the lines of one package"),
        _text("product", "one product"),
        Column("charge_class", "one class of lines", words=CHARGE_CLASSES),
        Column("method", "how the price is made", required=True, words=METHODS),
        Column("value", "0.15 is 15 percent; else dollars per unit", "decimal"),
        Column("minimum", "dollars per unit", "decimal", least="0"),
        Column("floor", "the least price per unit", "decimal", least="0"),
        Column("cap", "the highest price per unit", "decimal", least="0", word="retail"),
        *_EFFECTIVE,
    ),
    ("customer", "service", "usoc", "package", "product", "charge_class", "effective_from"),
    ("effective_from", "effective_until"),
    references=(
        Reference(("customer",), "customers", ("customer",)),
        Reference(("service",), "services", ("service",)),
        Reference(("package",), "packages", ("package",)),
    ),
)
RETAIL_RATES = Table(
    "retail_rates",
    "what the carrier asks its own customers",
    (
        _CARRIER,
        _ANY_USOC,
        _text("package", "the package; or a code"),
        _STATE,
        Column("rate", "per unit and month", "decimal", required=True, least="0"),
        *_EFFECTIVE,
    ),
    ("carrier", "usoc", "package", "state", "effective_from"),
    ("effective_from", "effective_until"),
    overlap=True,
    references=(Reference(("carrier", "package"), "packages", ("carrier", "package")),),
    one_of=("usoc", "package"),
)

CUSTOMER_PAYMENTS = Table(
    "customer_payments",
    "what customers paid us, and when (optional)",
    (
        _text("payment", "our number of the payment", True),
        _text("customer", "who paid", True),
        _text("invoice_no", "what it pays; empty = the oldest invoices that are open"),
        Column("paid_on", "the day the money was ours", "date", required=True),
        Column("amount", "dollars; negative = taken back", "decimal", required=True, places=2),
    ),
    ("payment",),
    references=(Reference(("customer",), "customers", ("customer",)),),
)
SECURITIES = ("bond", "deposit", "letter_of_credit")
DEPOSITS = Table(
    "deposits",
    "what secures a carrier: bonds, cash deposits, letters of credit (optional)",
    (
        _text("contract", "the contract's id", True),
        Column("kind", "what it is", required=True, words=SECURITIES),
        _text("reference", "the number of the bond or letter"),
        Column("amount", "dollars", "decimal", required=True, least="0", places=2),
        Column("rate", "a year: premium, fee, or interest earned", "decimal", least="0"),
        *_EFFECTIVE,
    ),
    ("contract", "kind", "reference", "effective_from"),
    ("effective_from", "effective_until"),
    overlap=True,
    references=(Reference(("contract",), "contracts", ("contract",)),),
)

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        USOCS,
        PACKAGES,
        USOC_RULES,
        CONTRACTS,
        CUSTOMERS,
        SERVICES,
        SERVICE_ELEMENTS,
        ORDERS,
        BUY_RATES,
        MARKUPS,
        RETAIL_RATES,
        CUSTOMER_PAYMENTS,
        DEPOSITS,
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
