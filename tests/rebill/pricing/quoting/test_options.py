"""Options of quotes: every number of the tables can be derived by hand."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal as D

import pytest
from quote_tables import as_text, of_frames, options, stored

from rebill.pricing.quoting.quote_schema import MONEY, QUOTE_OPTIONS
from reconcile.contracts import written_contracts

FIBER = {
    "customers": "customer\nC1",
    "quotes": "quote customer\nQ     C1",
    "quote_lines": """
        quote line site state zone miles product quantity
        Q     1    HQ   OH    1    10    fiber   2
        Q     2    MILL MI    2    4     fiber   1
        """,
    "offers": """
        offer product carrier contract states terms install_days
        ALFA  fiber   A       A-26     -      12;36 30
        BETA  fiber   B       B-26     OH     12;36 45
        CETA  fiber   C       C-26     -      12;36 20
        """,
    "offer_elements": """
        offer usoc package charge_class per
        ALFA  LOOP -       recurring    unit
        ALFA  MILE -       recurring    mile
        ALFA  INST -       one_time     site
        BETA  -    FIB10   recurring    unit
        CETA  LOOP -       recurring    unit
        CETA  INST -       one_time     unit
        """,
    "buy_rates": """
        contract usoc package zone term_months rate
        A-26     LOOP -       -    12          100.00
        A-26     LOOP -       -    36          80.00
        A-26     LOOP -       2    36          85.00
        A-26     MILE -       -    -           1.255
        A-26     INST -       -    -           250.00
        B-26     -    FIB10   -    -           95.005
        C-26     LOOP -       1    12          110.00
        C-26     INST -       -    -           60.00
        """,
    "markups": "customer method  value\nC1       percent 0.15",
}
"""Two sites, three carriers, two terms. A: 2 x 100.00 and 10 miles at 1.255 are 200.00 and 12.55;
with 15 percent each 230.00 and 14.43 (14.4325), together 244.43."""
PRICED = """
    line carrier term_months monthly_cost monthly_price monthly_margin share  nrc_cost nrc_price term_total install_days
    1    A       12          212.55       244.43        31.88          0.1304 250.00   287.50    3220.66    30
    1    A       36          172.55       198.43        25.88          0.1304 250.00   287.50    7430.98    30
    1    B       12          190.01       218.51        28.50          0.1304 0.00     0.00      2622.12    45
    1    B       36          190.01       218.51        28.50          0.1304 0.00     0.00      7866.36    45
    1    C       12          220.00       253.00        33.00          0.1304 120.00   138.00    3174.00    20
    1    C       36          -            -             -              -      -        -         -          -
    2    A       12          105.02       120.77        15.75          0.1304 250.00   287.50    1736.74    30
    2    A       36          90.02        103.52        13.50          0.1304 250.00   287.50    4014.22    30
    2    B       12          -            -             -              -      -        -         -          -
    2    B       36          -            -             -              -      -        -         -          -
    2    C       12          -            -             -              -      -        -         -          -
    2    C       36          -            -             -              -      -        -         -          -
    """  # noqa: E501
WHY_NOT = {
    6: "no rate of LOOP in contract C-26 on 2026-04-01 in OH in zone 1 for 36 months",
    9: "offer BETA is for state OH, not MI",
    10: "offer BETA is for state OH, not MI",
    11: "no rate of LOOP in contract C-26 on 2026-04-01 in MI in zone 2 for 12 months",
    12: "no rate of LOOP in contract C-26 on 2026-04-01 in MI in zone 2 for 36 months",
}


def test_two_sites_three_carriers_two_terms():
    made = options(FIBER)
    head, *rows = (line.split() for line in PRICED.strip().splitlines())
    assert as_text(made, " ".join(head)) == rows
    assert made.schema == QUOTE_OPTIONS
    assert made["option"].to_list() == list(range(1, 13))
    why = made.filter(~made["available"])
    assert dict(why.select("option", "why_not").iter_rows()) == WHY_NOT
    assert made.filter("available")["why_not"].null_count() == 7
    assert not made["chosen"].any()
    assert made["rate_sources"][0] == (
        "LOOP 100.00 (A-26 row 1); MILE 1.255 (A-26 row 4); INST 250.00 (A-26 row 5)"
    )
    # 250.00 is earned back by 31.88 a month in the eighth month
    assert made["nrc_months"][0] == 8


def test_the_order_of_rows_changes_no_option():
    frames = {name: stored(name, text) for name, text in FIBER.items()}
    mixed = {name: frame.reverse() for name, frame in frames.items()}
    wanted = [name for name in QUOTE_OPTIONS if name != "rate_sources"]
    assert of_frames(mixed).select(wanted).equals(of_frames(frames).select(wanted))


def one(line: str, **more: str) -> dict[str, object]:
    """Return the one option of one line: `line` is the head of quote_lines and its row."""
    head, row = line.splitlines()
    tables = {
        "customers": "customer\nC1",
        "quotes": "quote customer target_margin\nQ C1 -",
        "quote_lines": f"quote line {head}\nQ 1 {row}",
        "offers": "offer product carrier contract\nO x A K",
        "offer_elements": "offer usoc charge_class\nO LOOP recurring",
        "buy_rates": "contract usoc rate\nK LOOP 10.00",
        **more,
    }
    return options(tables).row(0, named=True)


SERVED = "support bad_debt\n2.00 0.05"
MARKUP = "method value\npercent 0.10"


@pytest.mark.parametrize(
    ("line", "more", "price", "way"),
    [
        # set by hand, a unit
        ("product quantity price\nx 3 12.345", {}, "37.04", "by hand"),
        ("product quantity\nx 3", {"markups": MARKUP}, "33.00", "markup"),
        # (30.00 + 2.00) / (1 - 0.05 - 0.20) = 42.666...
        (
            "product quantity\nx 3",
            {
                "cost_to_serve": SERVED,
                "quotes": "quote prospect target_margin\nQ p 0.20",
            },
            "42.67",
            "target",
        ),
        # a prospect is priced by what is said of everybody, and by nothing said of C1
        (
            "product\nx",
            {
                "markups": "customer method value\nC1 flat 99\n- flat 11",
                "quotes": "quote prospect\nQ C1",
            },
            "11.00",
            "markup",
        ),
        (
            "product promotion\nx SPRING",
            {
                "markups": "product method value promotion effective_until\n"
                "x flat 9 SPRING 2026-06-01\n- flat 8 - -"
            },
            "9.00",
            "markup",
        ),
        # the first ten units of the option itself at 12.00, five at 11.00
        (
            "product quantity\nx 15",
            {
                "markups": "method tier\nflat T",
                "tiers": "tier mode per from_units value\n"
                "T graduated customer 0 12\nT graduated customer 10 11",
            },
            "175.00",
            "markup",
        ),
    ],
)
def test_how_a_price_is_found(line: str, more: dict[str, str], price: str, way: str):
    made = one(line, **more)
    assert (made["why_not"], str(made["monthly_price"]), made["priced_by"]) == (None, price, way)


@pytest.mark.parametrize(
    ("line", "more", "why"),
    [
        ("product\ny", {}, "no offer of y, and it is no product of ours"),
        ("product carriers\nx B", {}, "B has no offer of x"),
        ("product\nx", {}, "LOOP: no markup covers it, and there is no target_margin"),
        (
            "product\nx",
            {"quotes": "quote customer target_margin\nQ C1 0.2"},
            "LOOP: no markup covers it, and no row of cost_to_serve says what serving costs",
        ),
        (
            "product\nx",
            {"quotes": "quote customer target_margin\nQ C1 1", "cost_to_serve": SERVED},
            "LOOP: no markup covers it, and target margin and bad debt leave nothing of the price",
        ),
        ("product\nx", {"offer_elements": ""}, "offer O has no elements"),
        (
            "product\nx",
            {"offer_elements": "offer usoc optional\nO LOOP true"},
            "offer O has no elements",
        ),
        (
            "product\nx",
            {"offer_elements": "offer usoc per\nO LOOP mile"},
            "no miles on the line: LOOP is charged by the mile",
        ),
        (
            "product\nx",
            {"offer_elements": "offer usoc charge_class\nO LOOP usage"},
            "LOOP is charged as usage: that has no price in advance",
        ),
        (
            "product\nx",
            {"buy_rates": "contract usoc zone rate\nK LOOP 1 10"},
            "no zone on the line: LOOP has rates by zone in K on 2026-04-01",
        ),
        (
            "product\nx",
            {"buy_rates": "contract usoc rate effective_from\nK LOOP 10 2026-04-02"},
            "no rate of LOOP in contract K on 2026-04-01",
        ),
        # a quote knows no account yet: a rate of one holds for nobody here
        (
            "product\nx",
            {"buy_rates": "contract usoc ban rate\nK LOOP 305R01 10"},
            "no rate of LOOP in contract K on 2026-04-01",
        ),
        (
            "product\nx",
            {"offers": "offer product carrier contract effective_until\nO x A K 2026-04-01"},
            "offer O is not in force on 2026-04-01",
        ),
        (
            "product\nx",
            {"offers": "offer product carrier contract zones\nO x A K 1;2"},
            "no zone on the line: offer O is for 1;2",
        ),
        (
            "product promotion\nx SPRING",
            {"markups": MARKUP},
            "promotion SPRING prices nothing of it",
        ),
        ("product quantity\nx 1000001", {"markups": MARKUP}, "more than 1,000,000 units of LOOP"),
        (
            "product quantity\nx 1000000",
            {"buy_rates": "contract usoc rate\nK LOOP 99999999999", "markups": MARKUP},
            "LOOP comes to more than 1,000,000,000.00",
        ),
        (
            "product quantity price\nx 3 999999999999",
            {},
            "it comes to more than 1,000,000,000.00",
        ),
        (
            "product\nr",
            {"own_products": "product\nr"},
            "it has no price, and there is no target_margin",
        ),
    ],
)
def test_what_cannot_be_priced_is_said_and_has_no_money(line: str, more: dict[str, str], why: str):
    made = one(line, **more)
    assert (made["available"], made["why_not"]) == (False, why)
    derived = ("monthly_margin", "share", "term_total", "reach", "nrc_months", "rate_sources")
    assert [name for name in (*MONEY, *derived) if made[name] is not None] == []


def test_what_is_only_recorded_costs_nothing_without_a_rate():
    more = {
        "offer_elements": "offer usoc\nO LOOP\nO NOTE",
        "usocs": "carrier usoc kind\nA NOTE record_only",
        "markups": "method value\nflat 12",
    }
    made = one("product\nx", **more)
    assert (made["why_not"], made["monthly_cost"], made["monthly_price"]) == (None, 10, 12)


def test_products_of_our_own():
    made = one("product quantity\nr 2", own_products="product price cost\nr 9.995 4")
    assert (made["carrier"], made["monthly_price"], made["monthly_cost"]) == (None, D("19.99"), 8)
    made = one("product quantity\nr 2", own_products="product frequency price\nr once 100")
    # what it costs is not known
    assert (made["monthly_price"], made["nrc_price"], made["nrc_cost"]) == (0, 200, None)
    made = one("product price\nr 7", own_products="product frequency price\nr once 100")
    assert (made["monthly_price"], made["nrc_price"], made["priced_by"]) == (0, 7, "by hand")


def test_retail_and_reach():
    rates = "carrier usoc rate\nA LOOP 12.50"
    made = one("product quantity\nx 2", markups=MARKUP, retail_rates=rates)
    assert (made["retail"], made["reach"]) == (25, 3)
    elements = "offer usoc\nO LOOP\nO MORE"
    rated = "contract usoc rate\nK LOOP 10\nK MORE 1"
    made = one(
        "product\nx", markups=MARKUP, retail_rates=rates, offer_elements=elements, buy_rates=rated
    )
    # of one element no retail rate is known, so of the option none is
    assert (made["monthly_price"], made["retail"], made["reach"]) == (D("12.10"), None, None)


DATED = """
    contract usoc rate  effective_from effective_until
    K        LOOP 10.00 -              2026-07-01
    K        LOOP 12.00 2026-07-01     {}
    """


@pytest.mark.parametrize(
    ("until", "told", "effect"),
    [
        # April, May and June at 10.00, nine months at 12.00
        ("-", "LOOP 12.00 from 2026-07-01", D("18.00")),
        ("2026-09-01", "LOOP 12.00 from 2026-07-01; LOOP has no rate from 2026-09-01", None),
        ("2028-01-01", "LOOP 12.00 from 2026-07-01", D("18.00")),
    ],
)
def test_dated_rates_inside_the_term(until: str, told: str, effect: D | None):
    offers = "offer product carrier contract terms\nO x A K 12"
    made = one("product\nx", markups=MARKUP, offers=offers, buy_rates=DATED.format(until))
    assert (made["cost_changes"], made["cost_changes_effect"]) == (told, effect)
    short = one(
        "product\nx",
        markups=MARKUP,
        offers=offers.replace("12", "3"),
        buy_rates=DATED.format(until),
    )
    assert (short["cost_changes"], short["cost_changes_effect"]) == (None, 0)


TERMS = """
[[contract]]
id = "K"
carrier = "A"
effective_from = 2026-01-01
accounts = ["305*"]
[contract.billing]
rounding = "unit"
[contract.commitment]
annual = "600.00"
year_starts = 2026-01-01
"""


def test_a_contract_that_rounds_by_the_unit_and_has_a_commitment():
    contracts = [one.contract for one in written_contracts(TERMS) if one.contract]
    tables = {
        "customers": "customer\nC1",
        "quotes": "quote customer\nQ C1",
        "quote_lines": "quote line product quantity\nQ 1 x 3",
        "offers": "offer product carrier contract\nO x A K",
        "offer_elements": "offer usoc charge_class\nO LOOP recurring\nO INST one_time",
        "buy_rates": "contract usoc rate\nK LOOP 1.005\nK INST 50",
        "markups": "method\npass_through",
    }
    (made,) = options(tables, contracts).iter_rows(named=True)
    # 3 x 1.01; one-time charges do not count for the commitment
    assert (made["monthly_cost"], made["commitment"]) == (D("3.03"), D("3.03"))
    (plain,) = options(tables).iter_rows(named=True)
    assert (plain["monthly_cost"], plain["commitment"]) == (D("3.02"), None)


def test_lines_are_in_the_order_of_their_numbers_and_versions_are_numbered_apart():
    lines = "\n".join(f"Q {version} {line} r" for version in (2, 1) for line in ("10", "b", "9"))
    made = options(
        {
            "quotes": "quote version customer\nQ 1 C1\nQ 2 C1",
            "customers": "customer\nC1",
            "quote_lines": f"quote version line product\n{lines}",
            "own_products": "product price\nr 1",
        },
        on=dt.date(2024, 2, 29),
    )
    assert as_text(made, "version line option") == [
        [version, line, str(number)]
        for version in ("1", "2")
        for number, line in enumerate(("9", "10", "b"), 1)
    ]


def test_hostile_names_are_only_names():
    name = "=1+1;'\"{}\n\0--"
    rows = {
        "quotes": [{"quote": name, "prospect": name}],
        "quote_lines": [{"quote": name, "line": name, "product": name, "state": "OH"}],
        "offers": [{"offer": name, "product": name, "carrier": name, "contract": name}],
        "offer_elements": [{"offer": name, "usoc": name}],
        "buy_rates": [{"contract": name, "usoc": name, "rate": "1.00"}],
        "markups": [{"product": name, "method": "flat", "value": "2"}],
    }
    (made,) = of_frames({key: stored(key, rows=own) for key, own in rows.items()}).iter_rows(
        named=True
    )
    assert (made["quote"], made["carrier"], made["monthly_price"]) == (name, name, 2)


def test_nothing_asked_is_nothing_priced():
    assert options({}).equals(QUOTE_OPTIONS.to_frame())
