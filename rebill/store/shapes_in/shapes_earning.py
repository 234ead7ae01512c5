"""The reference tables of earning: what a customer costs to serve, who is paid what.

What they mean is said in `docs/margin.md` and `docs/commissions.md`. Both are optional.
"""

from __future__ import annotations

from rebill.store.columns import EFFECTIVE, Column, Reference, TableIn, text

COST_TO_SERVE = TableIn(
    "cost_to_serve",
    "what serving a customer costs beside the carrier; empty = any (optional)",
    (
        text("customer", "one customer"),
        text("product", "one product"),
        Column("support", "dollars a service and month", "decimal", least="0"),
        Column("selling", "dollars a service and month", "decimal", least="0"),
        Column("marketing", "dollars a service and month", "decimal", least="0"),
        Column("bad_debt", "the share of the price nobody pays", "decimal", least="0", most="1"),
        Column("float_days", "days from the pull to the payment", "integer", most="1000"),
        Column("cost_of_capital", "a year, actual/365", "decimal", least="0", most="10"),
        Column("target_margin", "the share of the price to keep", "decimal", least="0", most="1"),
        *EFFECTIVE,
    ),
    ("customer", "product", "effective_from"),
    ("effective_from", "effective_until"),
    overlap=True,
    references=(Reference(("customer",), "customers", ("customer",)),),
)
METHODS = (
    *("percent_of_price", "percent_of_margin", "residual", "flat", "one_off"),
    "percent_of_recovered",
)
ROLES = ("agent", "sub_agent", "company")
COMMISSIONS = TableIn(
    "commissions",
    "who earns what of what customers are charged; empty = any (optional)",
    (
        text("deal", "the deal the rule belongs to", True),
        text("payee", "who is paid", True),
        Column("role", "what the payee is", default="agent", words=ROLES),
        text("customer", "one customer"),
        text("service", "one service"),
        text("product", "one product"),
        Column("method", "what is paid for", required=True, words=METHODS),
        Column("value", "0.15 is 15 percent; else dollars", "decimal", required=True, least="0"),
        Column(
            "share",
            "percent of it; those of a rule add up to 100",
            "decimal",
            default="100",
            above="0",
            most="100",
        ),
        *EFFECTIVE,
        text("source", "where it is agreed"),
    ),
    ("deal", "payee", "method", "customer", "service", "product", "effective_from"),
    ("effective_from", "effective_until"),
    references=(
        Reference(("customer",), "customers", ("customer",)),
        Reference(("service",), "services", ("service",)),
    ),
)
