"""The reference tables of selling: tiers, bundles, commitments, own charges, taxes, contributions.

What they mean is said in `docs/pricing.md` and `docs/taxes.md`. All are optional: an empty table
changes no price.
"""

from __future__ import annotations

from invoices.schema import CHARGE_CLASSES
from rebill.store.columns import EFFECTIVE, USOC, Column, Reference, TableIn, text

METHODS = (
    "percent",
    "percent_with_minimum",
    "adder",
    "flat",
    "retail_discount",
    "pass_through",
    "absorb",
)
PRORATIONS = ("thirty_day_month", "actual_days", "none")
ROUNDINGS = ("line", "unit", "line_half_even", "line_down", "line_up")
CREDIT_RULES = ("follow", "pass", "keep")
UNBILLED_RULES = ("wait", "invoice")
TAX_SOURCES = ("table", "file", "none")
USF_RULES = ("pass_through", "charge", "absorb")
TIER_MODES = ("graduated", "all_units")
TIER_SCOPES = ("line", "customer")
FREQUENCIES = ("monthly", "once")
COUNTED = ("charges", "recurring", "usage")

CUSTOMER_RULES = (
    Column("proration", "how its months are counted; empty = as the carrier's", words=PRORATIONS),
    Column(
        "minimum_months",
        "the months a service is charged at least; empty = none",
        "integer",
        least="1",
        most="120",
    ),
    Column("rounding", "how its amounts are rounded", default="line", words=ROUNDINGS),
    Column("credits", "what becomes of a carrier's credit", default="follow", words=CREDIT_RULES),
    Column(
        "unbilled",
        "whether an active element the carrier forgot is charged",
        default="wait",
        words=UNBILLED_RULES,
    ),
    Column("tax_source", "where its own taxes come from", default="table", words=TAX_SOURCES),
    Column(
        "federal_usf",
        "the carrier's federal USF passed on, our own charged, or neither",
        default="pass_through",
        words=USF_RULES,
    ),
)
"""How a customer is charged; without these columns as before they were."""

ACCOUNT_TYPES = ("checking", "savings")
SEC_CODES = ("ppd", "ccd")
CUSTOMER_DEBITS = (
    Column("ach_authorised_on", "the day it agreed to ACH debits; empty = it did not", "date"),
    text("routing", "its bank's routing number, nine digits"),
    Column("account", "its account there", secret=True),
    Column("account_type", "the kind of account; empty = checking", words=ACCOUNT_TYPES),
    Column("sec", "debited as a consumer (ppd) or a company (ccd)", words=SEC_CODES),
)
"""Whom we may debit, and where; without these columns nobody."""

MARKUP_RULES = (
    text("tier", "the tier whose bands give the value"),
    text("promotion", "the promotion's name; it has an end"),
    Column("below_cost", "consent to a price below cost", "boolean", default="false"),
    Column(
        "consent",
        "consent to any price of the row: below cost, above 300 percent, above ten times the cost",
        "boolean",
        default="false",
    ),
)

_CUSTOMER = text("customer", "the customer", True)
_OF_CUSTOMER = Reference(("customer",), "customers", ("customer",))
_OF_SERVICE = Reference(("service",), "services", ("service",))
_ANY_CLASS = Column("charge_class", "one class; empty = every charge", words=CHARGE_CLASSES)

TIERS = TableIn(
    "tiers",
    "prices by volume: the bands of a tier (optional)",
    (
        text("tier", "the tier", True),
        Column("mode", "which units a band prices", required=True, words=TIER_MODES),
        Column("per", "whose units count", default="line", words=TIER_SCOPES),
        Column("from_units", "units from which the band holds", "decimal", default="0", least="0"),
        Column("value", "as a markup's value", "decimal", required=True),
    ),
    ("tier", "from_units"),
)
BUNDLES = TableIn(
    "bundles",
    "elements that a customer sees as one line (optional)",
    (
        text("bundle", "the words on the invoice", True),
        USOC,
        text("product", "only services sold as it; empty = any"),
        text("customer", "only of this customer; empty = any"),
        *EFFECTIVE,
    ),
    ("bundle", "usoc", "product", "customer", "effective_from"),
    ("effective_from", "effective_until"),
    overlap=True,
    references=(_OF_CUSTOMER,),
)
COMMITMENTS = TableIn(
    "commitments",
    "what a customer pays a month at least (optional)",
    (
        _CUSTOMER,
        Column("amount", "dollars a month", "decimal", required=True, above="0", places=2),
        Column("counts", "what counts towards it", default="charges", words=COUNTED),
        text("description", "the words on the invoice"),
        text("product", "as what it is taxed and earns commissions; empty = as any charge"),
        *EFFECTIVE,
    ),
    ("customer", "effective_from"),
    ("effective_from", "effective_until"),
    overlap=True,
    references=(_OF_CUSTOMER,),
)
CUSTOMER_CHARGES = TableIn(
    "customer_charges",
    "what no carrier line carries: support, equipment, discounts (optional)",
    (
        _CUSTOMER,
        text("charge", "our name of the charge", True),
        text("service", "the service it is for; empty = the customer"),
        text("description", "the words on the invoice"),
        Column("charge_class", "as what it is shown", default="recurring", words=CHARGE_CLASSES),
        Column("frequency", "each month, or once", default="monthly", words=FREQUENCIES),
        Column("amount", "dollars per unit; negative = a discount", "decimal"),
        Column("percent", "or a share of the month's charges; -0.05 = 5 percent off", "decimal"),
        Column("quantity", "units", "decimal", default="1", above="0"),
        Column("cost", "what a unit costs us", "decimal", default="0", least="0"),
        text("product", "as what it is taxed and earns commissions; empty = that of the service"),
        Column("consent", "consent to a discount above the charges", "boolean", default="false"),
        *EFFECTIVE,
    ),
    ("customer", "charge", "service", "effective_from"),
    ("effective_from", "effective_until"),
    overlap=True,
    references=(_OF_CUSTOMER, _OF_SERVICE),
    one_of=("amount", "percent"),
)
TAX_JURISDICTIONS = TableIn(
    "tax_jurisdictions",
    "who taxes a customer or a service; without rows the state of the service (optional)",
    (
        _CUSTOMER,
        text("service", "one service; empty = all that have no row of their own"),
        text("jurisdiction", "as tax_rates names it", True),
        *EFFECTIVE,
    ),
    ("customer", "service", "jurisdiction", "effective_from"),
    ("effective_from", "effective_until"),
    overlap=True,
    references=(_OF_CUSTOMER, _OF_SERVICE),
)
TAX_RATES = TableIn(
    "tax_rates",
    "the customers' own taxes (optional)",
    (
        text("jurisdiction", "who taxes: a state, a county, a city", True),
        text("tax", "the tax", True),
        text("description", "the words on the invoice"),
        _ANY_CLASS,
        text("product", "only services sold as it; empty = any"),
        Column(
            "rate",
            "a share: 0.0575 is 5.75 percent",
            "decimal",
            required=True,
            least="0",
            most="10",
        ),
        *EFFECTIVE,
        text("source", "where it is written"),
    ),
    ("jurisdiction", "tax", "charge_class", "product", "effective_from"),
    ("effective_from", "effective_until"),
    overlap=True,
)
TAX_EXEMPTIONS = TableIn(
    "tax_exemptions",
    "which taxes a customer does not pay, by which certificate (optional)",
    (
        _CUSTOMER,
        text("jurisdiction", "one jurisdiction; empty = all"),
        text("tax", "one tax; empty = all"),
        text("certificate", "the number of the certificate", True),
        *EFFECTIVE,
    ),
    ("customer", "jurisdiction", "tax", "effective_from"),
    ("effective_from", "effective_until"),
    overlap=True,
    references=(_OF_CUSTOMER,),
)
CONTRIBUTION_FACTORS = TableIn(
    "contribution_factors",
    "the federal contribution factor of each quarter (optional)",
    (
        Column(
            "factor", "a share: 0.37 is 37 percent", "decimal", required=True, least="0", most="10"
        ),
        Column("charged", "what we charge, at most the factor; empty = it", "decimal", least="0"),
        *EFFECTIVE,
        text("source", "where it is written"),
    ),
    ("effective_from",),
    ("effective_from", "effective_until"),
    overlap=True,
)
INTERSTATE_SHARES = TableIn(
    "interstate_shares",
    "what part of a charge is interstate (optional)",
    (
        Column("usoc", "one code", case="upper"),
        text("product", "or one product; both empty = all else"),
        Column("share", "0.25 is 25 percent", "decimal", required=True, least="0", most="1"),
        *EFFECTIVE,
    ),
    ("usoc", "product", "effective_from"),
    ("effective_from", "effective_until"),
    overlap=True,
)

AFTER_CUSTOMERS = (TIERS, BUNDLES, COMMITMENTS, TAX_EXEMPTIONS)
AFTER_SERVICES = (
    CUSTOMER_CHARGES,
    TAX_JURISDICTIONS,
    TAX_RATES,
    CONTRIBUTION_FACTORS,
    INTERSTATE_SHARES,
)
"""In load order, beside the tables they refer to."""
