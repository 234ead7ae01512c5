"""The reference tables of quotes: what carriers offer, what we sell beside it, what was asked for.

What they mean is said in `docs/quotes.md`. All are optional.
"""

from __future__ import annotations

from invoices.schema import CHARGE_CLASSES
from rebill.store.columns import ANY_USOC, CARRIER, EFFECTIVE, Column, Reference, TableIn, text
from rebill.store.shapes_in.shapes_selling import FREQUENCIES

PERS = ("unit", "mile", "site")
OFFERS = TableIn(
    "offers",
    "what a carrier offers that we can sell as a product (optional)",
    (
        text("offer", "our name of the offer", True),
        text("product", "the product it is sold as", True),
        CARRIER,
        text("contract", "the contract whose rates it has", True),
        text("name", "the words on a proposal"),
        text("description", "what it is, for a proposal"),
        text("states", "where it is to be had: `OH;MI`; empty = anywhere"),
        text("zones", "in which rate zones: `1;2`; empty = any"),
        text("terms", "for which terms, in months: `12;36`; empty = month to month"),
        Column("install_days", "calendar days to install", "integer", least="0", most="1000"),
        *EFFECTIVE,
    ),
    ("offer", "effective_from"),
    ("effective_from", "effective_until"),
    overlap=True,
    references=(Reference(("contract",), "contracts", ("contract",)),),
)
OFFER_ELEMENTS = TableIn(
    "offer_elements",
    "the codes an offer is made of (optional)",
    (
        text("offer", "the offer", True),
        ANY_USOC,
        text("package", "the package; or a code"),
        Column("charge_class", "how it is charged", default="recurring", words=CHARGE_CLASSES),
        Column("quantity", "how many for each", "decimal", default="1", least="0"),
        Column("per", "for each of what", default="unit", words=PERS),
        Column("optional", "whether it may be left out", "boolean", default="false"),
    ),
    ("offer", "usoc", "package", "charge_class", "per"),
    references=(Reference(("offer",), "offers", ("offer",)),),
    one_of=("usoc", "package"),
)
OWN_PRODUCTS = TableIn(
    "own_products",
    "hardware, software and services of our own (optional)",
    (
        text("product", "the product", True),
        text("description", "the words on a proposal and an invoice"),
        Column("frequency", "how often it is charged", default="monthly", words=FREQUENCIES),
        Column("price", "dollars a unit", "decimal", least="0"),
        Column("cost", "dollars a unit", "decimal", least="0"),
        text("tax_product", "the product it is taxed as; empty = itself"),
    ),
    ("product",),
)
QUOTES = TableIn(
    "quotes",
    "what customers and prospects asked for, a row a version (optional)",
    (
        text("quote", "the quote", True),
        Column("version", "its version", "integer", default="1", least="1", most="9999"),
        text("customer", "the customer it is for; or a prospect"),
        text("prospect", "who is no customer yet"),
        text("name", "the name on the proposal"),
        text("address", "as printed on the proposal"),
        text("email", "where it goes"),
        text("brand", "the brand it is sent under"),
        text("agent", "who brought it, as payees are named"),
        Column("valid_until", "the last day it can be accepted on", "date"),
        Column("target_margin", "the share of the price to keep", "decimal", least="0", most="1"),
        text("found_money", "the claim or bill months of an audit that pays for it"),
        text("note", "for ourselves"),
    ),
    ("quote", "version"),
    references=(Reference(("customer",), "customers", ("customer",)),),
    one_of=("customer", "prospect"),
)
QUOTE_LINES = TableIn(
    "quote_lines",
    "what is asked for, line by line (optional)",
    (
        text("quote", "the quote", True),
        Column("version", "its version", "integer", default="1", least="1", most="9999"),
        text("line", "the line", True),
        text("site", "the site it is for"),
        Column("state", "two letters", case="upper", state=True),
        text("zone", "the rate zone"),
        Column("miles", "miles of mileage charges", "decimal", least="0"),
        text("product", "the product", True),
        Column("quantity", "units", "decimal", default="1", above="0"),
        text("carriers", "of which carriers: `A;B`; empty = all that offer it"),
        text("alternative_of", "the line instead of which it may be taken"),
        Column("optional", "whether it may be left out", "boolean", default="false"),
        Column("price", "dollars a unit, set by hand; empty = by rule", "decimal", least="0"),
        text("promotion", "the promotion of markups it is priced by"),
    ),
    ("quote", "version", "line"),
    references=(Reference(("quote", "version"), "quotes", ("quote", "version")),),
)
ASKED_FOR = (OFFERS, OFFER_ELEMENTS, OWN_PRODUCTS, QUOTES, QUOTE_LINES)
"""In load order: they name contracts and customers."""
