"""What the invented carrier sells: elements, rates, catalogue, contracts. Nothing here is random.

Money is whole micro-dollars (`usd`), so that every clean amount can be computed exactly.
"""

from __future__ import annotations

import datetime as dt
import itertools
from dataclasses import dataclass
from decimal import Decimal

import polars as pl

CARRIER = "HARBOR"
LOCAL, ACCESS = "HARBOR-LOCAL", "HARBOR-ACCESS"
STATES = ("IL", "IN", "MI", "OH", "WI")
AREA_CODES = {"IL": "217", "IN": "317", "MI": "517", "OH": "614", "WI": "608"}
ZONES = ("1", "2", "3")
TERMS = (12, 24, 36)
BILL_DAYS = (1, 5, 10, 15, 20)
TERMS_DAYS = 15
IN_FORCE_FROM = dt.date(2024, 1, 1)
GRACE = {LOCAL: 0, ACCESS: 3}
PACKAGE = "PGO9T"
UNKNOWN_BAN = "0777R990001"


def usd(text: str) -> int:
    """Return a dollar amount as whole micro-dollars."""
    return int(Decimal(text) * 10**6)


@dataclass(frozen=True)
class Element:
    """One line of a kind of service, as the carrier bills it every month.

    `quantity` names the column of the services that counts the units (`one` is 1); `needs` names
    a yes/no column of the services, without which the line is not billed.
    """

    kind: str
    usoc: str
    description: str
    charge_class: str = "recurring"
    quantity: str = "one"
    share: int = 0
    """The element's part of its package's price, of `PACKAGE_SHARES` in all; 0: no package line."""
    percent: int = 0
    """Thousandths of the rate of the service's first element, for a tax."""
    fixed: int = 0
    """Cents, for what has no rate."""
    needs: str = "one"


ELEMENTS = (
    Element("line", "1FB", "Business line, flat rate"),
    Element("line", "TTB", "Touch-tone, business"),
    Element("line", "ESM", "Call forwarding, variable"),
    Element("line", "NSD", "Caller identification, number", quantity="features"),
    Element("line", "VMJXA", "Voice mail", fixed=695, needs="voice_mail"),
    Element("line", "KSTA7", "Paper bill suppression"),
    Element("line", "9ZR", "Federal access charge", "surcharge"),
    Element("line", "UXT21", "9-1-1 service charge", "surcharge", fixed=95),
    Element("line", "NDC", "Local usage, minutes", "usage", quantity="minutes", needs="measured"),
    Element("bundle", "QBBUX", "Local calling unlimited, line", share=18),
    Element("bundle", "N8D", "Calling name display", share=6),
    Element("bundle", "NSS", "Selective call screening", share=4),
    Element("bundle", "ESX", "Call waiting", share=5),
    Element("bundle", "ZCSAC", "Three-way calling", share=3),
    Element("bundle", "MNTPB", "Inside wire maintenance", share=7),
    Element("bundle", "9ZR", "Federal access charge", "surcharge"),
    Element("bundle", "UXT21", "9-1-1 service charge", "surcharge", fixed=95),
    Element("bundle_one", PACKAGE, "Local calling unlimited package", share=43),
    Element("bundle_one", "9ZR", "Federal access charge", "surcharge"),
    Element("bundle_one", "UXT21", "9-1-1 service charge", "surcharge", fixed=95),
    Element("centrex", "SXPAA", "Centrex station", quantity="stations"),
    Element("centrex", "CPXHE", "Centrex common block"),
    Element("centrex", "9ZR", "Federal access charge", "surcharge"),
    Element("centrex", "UXT21", "9-1-1 service charge", "surcharge", fixed=95),
    Element("trunk", "SRG", "PBX trunk group, all parts"),
    Element("trunk", "T1V", "PBX trunk", needs="doubled"),
    Element("trunk", "9ZR", "Federal access charge", "surcharge"),
    Element("trunk", "UXT21", "9-1-1 service charge", "surcharge", fixed=95),
    Element("ds1", "XMF", "DS1 channel termination"),
    Element("ds1", "1LHB4", "DS1 mileage, per mile", quantity="miles"),
    Element("ds1", "PT8JX", "DS1 port"),
    Element("ds1", "XTAX1", "State sales tax", "tax", percent=62),
    Element("ds1", "9PZLX", "Federal universal service fee", "surcharge", fixed=412),
    Element("loop", "C6OTT", "Access loop"),
    Element("loop", "UEP9D", "Loop port", needs="ported"),
    Element("loop", "XTAX1", "State sales tax", "tax", percent=62),
    Element("loop", "9PZLX", "Federal universal service fee", "surcharge", fixed=118),
)
PACKAGE_SHARES = 43

KINDS = {
    # kind: thousandths of all services, contract, the name of the product we sell it as
    "line": (380, LOCAL, "business-line"),
    "bundle": (220, LOCAL, "business-bundle"),
    "bundle_one": (60, LOCAL, "business-bundle"),
    "centrex": (60, LOCAL, "centrex"),
    "trunk": (40, LOCAL, "pbx-trunk"),
    "ds1": (140, ACCESS, "ds1"),
    "loop": (100, ACCESS, "access-loop"),
}


@dataclass(frozen=True)
class Tariff:
    """The rates of one code under one contract, by state, zone and term where they differ."""

    contract: str
    charge_class: str
    code: str
    rate: str
    state_step: str = "0"
    zone_step: str = "0"
    term_step: str = "0"
    change: str = "0"
    """What the rate change in the middle of the story adds."""
    retail: str = ""
    """The carrier's own retail rate in the first state; it grows by the state's step plus 0.10."""

    def at(self, state: int, zone: int, term: int) -> int:
        """The rate in micro-dollars in the n-th state, zone and (from the longest) term."""
        steps = ((self.state_step, state), (self.zone_step, zone), (self.term_step, term))
        return usd(self.rate) + sum(usd(step) * n for step, n in steps)


TARIFFS = (
    Tariff(LOCAL, "recurring", "1FB", "18.20", "1.45", "2.30", change="-0.80", retail="38.50"),
    Tariff(LOCAL, "recurring", "TTB", "1.35", change="0.20"),
    Tariff(LOCAL, "recurring", "ESM", "2.10", "0.25", retail="5.95"),
    Tariff(LOCAL, "recurring", "NSD", "2.75"),
    Tariff(LOCAL, "recurring", "SXPAA", "11.4375"),
    Tariff(LOCAL, "recurring", "CPXHE", "6.20"),
    Tariff(LOCAL, "recurring", "SRG", "64.00"),
    Tariff(LOCAL, "recurring", "T1V", "18.00"),
    Tariff(LOCAL, "recurring", "CLT", "1.95"),
    Tariff(LOCAL, "recurring", PACKAGE, "41.95", "1.25", retail="79.00"),
    Tariff(LOCAL, "surcharge", "9ZR", "9.20"),
    Tariff(LOCAL, "usage", "NDC", "0.012375"),
    Tariff(LOCAL, "one_time", "SCNLX", "45.00"),
    Tariff(ACCESS, "recurring", "XMF", "92.00", "0", "14.50", "11.25"),
    Tariff(ACCESS, "recurring", "1LHB4", "3.15"),
    Tariff(ACCESS, "recurring", "PT8JX", "31.00", "1.75"),
    Tariff(ACCESS, "recurring", "C6OTT", "12.40", "0", "3.45"),
    Tariff(ACCESS, "recurring", "UEP9D", "4.90"),
    Tariff(ACCESS, "recurring", "CLT", "1.95"),
    Tariff(ACCESS, "one_time", "SCNCX", "185.00"),
)

OWN_RATE_BAN = "0614R010000"
SPECIAL = {
    # What an account or some circuits pay for a code, whatever the rest of the contract says.
    ("NSD", usd("2.65")): pl.col("ban") == OWN_RATE_BAN,
    ("PT8JX", usd("27.25")): pl.col("n") % 20 == 0,
}

CATALOGUE = (
    # usoc, description, kind, family: what the elements above do not say by themselves
    ("CLT", "Additional directory listing", "recurring", "directory"),
    ("SCNLX", "Service connection, per line", "one_time", "service order"),
    ("SCNCX", "Service connection, per circuit", "one_time", "service order"),
    (PACKAGE, "Local calling unlimited package", "recurring", "business package"),
)
FAMILIES = {
    "9ZR": "federal access",
    "9PZLX": "federal USF",
    "UXT21": "911",
    "XTAX1": "state tax",
    "KSTA7": "billing",
}


def prices(change_on: dt.date) -> pl.DataFrame:
    """Return every rate there is, one row a contract, code, state, zone, term and version.

    Version 0 is in force before `change_on`, version 1 from it on. `other_zone`, `other_state`,
    `other_term` are the dearer rate next to this one, `superseded` the dearer one before it,
    `retail` the carrier's own: what the carrier bills by mistake. Null: there is none.
    """
    rows = []
    for tariff, version in itertools.product(TARIFFS, (0, 1)):
        add = usd(tariff.change) * version
        for state, zone, term in itertools.product(range(5), range(3), range(3)):
            here = tariff.at(state, zone, term)
            dearer = {
                "other_state": tariff.at(min(state + 1, 4), zone, term),
                "other_zone": tariff.at(state, min(zone + 1, 2), term),
                "other_term": tariff.at(state, zone, min(term + 1, 2)),
            }
            retail = usd(tariff.retail or "0") + (usd(tariff.state_step) + usd("0.10")) * state
            rows.append(
                {
                    "contract": tariff.contract,
                    "code": tariff.code,
                    "charge_class": tariff.charge_class,
                    "state": STATES[state],
                    "zone": ZONES[zone],
                    "term": TERMS[2 - term],
                    "version": version,
                    "rate": here + add,
                    **{k: v + add if v > here else None for k, v in dearer.items()},
                    "superseded": here if version and add < 0 else None,
                    "retail": retail if tariff.retail else None,
                    "effective_from": change_on if version else IN_FORCE_FROM,
                    "effective_until": None if version else change_on,
                }
            )
    return pl.DataFrame(rows, infer_schema_length=None)


def special_rates(services: pl.DataFrame) -> pl.DataFrame:
    """Return the rows of `buy_rates` that are for one account or for one circuit."""
    (feature, feature_rate), (port, port_rate) = SPECIAL
    ours = services.filter(pl.col("kind") == "ds1", SPECIAL[port, port_rate])
    rows = [
        {"contract": LOCAL, "usoc": feature, "ban": OWN_RATE_BAN, "rate": feature_rate},
        *(
            {"contract": ACCESS, "usoc": port, "circuit_id": circuit, "rate": port_rate}
            for circuit in ours.get_column("circuit_id")
        ),
    ]
    names = ("contract", "usoc", "ban", "circuit_id")
    schema = dict.fromkeys(names, pl.String) | {"rate": pl.Int64}
    return pl.DataFrame(rows, schema=schema).with_columns(
        rate=dollars(pl.col("rate")),
        charge_class=pl.lit("recurring"),
        effective_from=pl.lit(IN_FORCE_FROM),
        source=pl.lit("Schedule B, exceptions"),
    )


def buy_rates(change_on: dt.date, services: pl.DataFrame) -> pl.DataFrame:
    """Return the reference table `buy_rates`: one row a rate, empty where it does not differ."""
    steps = pl.DataFrame(
        [
            {
                "contract": t.contract,
                "code": t.code,
                "by_state": t.state_step != "0",
                "by_zone": t.zone_step != "0",
                "by_term": t.term_step != "0",
                "changes": t.change != "0",
            }
            for t in TARIFFS
        ]
    )
    package = pl.col("code") == PACKAGE
    common = (
        prices(change_on)
        .join(steps, on=["contract", "code"], maintain_order="left")
        .filter(pl.col("changes") | (pl.col("version") == 0))
        .select(
            "contract",
            "charge_class",
            usoc=pl.when(~package).then("code"),
            package=pl.when(package).then("code"),
            state=pl.when("by_state").then("state"),
            zone=pl.when("by_zone").then("zone"),
            term_months=pl.when("by_term").then("term"),
            ban=pl.lit(None, pl.String),
            circuit_id=pl.lit(None, pl.String),
            rate=dollars(pl.col("rate")),
            effective_from="effective_from",
            effective_until=pl.when("changes").then("effective_until"),
            source=pl.lit("Schedule B"),
        )
        .unique(maintain_order=True)
    )
    return pl.concat([common, special_rates(services)], how="diagonal")


def retail_rates() -> pl.DataFrame:
    """Return the reference table `retail_rates`: the carrier's own prices by state."""
    sold = prices(IN_FORCE_FROM).filter(pl.col("retail").is_not_null())
    package = pl.col("code") == PACKAGE
    return sold.select(
        carrier=pl.lit(CARRIER),
        usoc=pl.when(~package).then("code"),
        package=pl.when(package).then("code"),
        state="state",
        rate=dollars(pl.col("retail")),
        effective_from=pl.lit(IN_FORCE_FROM),
        effective_until=pl.lit(None, pl.Date),
    ).unique(maintain_order=True)


def dollars(micros: pl.Expr) -> pl.Expr:
    """Return whole micro-dollars as an exact decimal of six places."""
    wide = pl.Decimal(38, 6)
    return (micros.cast(wide) * pl.lit(Decimal("0.000001"), wide)).cast(pl.Decimal(18, 6))


def usocs() -> pl.DataFrame:
    """Return the reference table `usocs`."""
    kinds = {"surcharge": "surcharge", "tax": "tax", "usage": "usage", "recurring": "recurring"}
    known = {
        e.usoc: (
            e.usoc,
            e.description,
            "record_only" if e.usoc == "KSTA7" else kinds[e.charge_class],
            FAMILIES.get(e.usoc, "business service"),
        )
        for e in ELEMENTS
    } | {row[0]: row for row in CATALOGUE}
    table = pl.DataFrame(
        sorted(known.values()), schema=["usoc", "description", "kind", "family"], orient="row"
    )
    return table.select(
        pl.lit(CARRIER).alias("carrier"),
        pl.all(),
        pl.lit(None, pl.Date).alias("valid_from"),
        pl.lit(None, pl.Date).alias("valid_until"),
        pl.lit("Invented for the demonstration").alias("source"),
    )


def packages() -> pl.DataFrame:
    """Return the reference table `packages`: one package of six elements."""
    parts = [e.usoc for e in ELEMENTS if e.kind == "bundle" and e.share]
    return pl.DataFrame({"usoc": parts}).select(
        carrier=pl.lit(CARRIER), package=pl.lit(PACKAGE), usoc="usoc", quantity=pl.lit(1)
    )


def usoc_rules() -> pl.DataFrame:
    """Return the reference table `usoc_rules`: loops need ports, trunk groups hold their trunks."""
    rules = [("C6OTT", "requires", "UEP9D"), ("SRG", "summary_of", "T1V")]
    return pl.DataFrame(rules, schema=["usoc", "relation", "other_usoc"], orient="row").select(
        pl.lit(CARRIER).alias("carrier"),
        pl.all(),
        pl.lit(None, pl.Date).alias("valid_from"),
        pl.lit(None, pl.Date).alias("valid_until"),
    )


CONTRACTS_TOML = f"""\
# Two agreements with the invented carrier: its local and its access business.

[[contract]]
id = "{LOCAL}"
carrier = "{CARRIER}"
effective_from = {IN_FORCE_FROM}
accounts = ["0614R01*"]
[contract.billing]
proration = "thirty_day_month"
rounding = "line"
backbill_limit_months = 12
resale_certificate = true
[contract.dispute]
address = ["Harbor Carrier Disputes", "200 Pier Street", "Springfield, IL 62703"]
window = {{ anchor = "bill_date", days = 90 }}
minimum_claim = "5.00"
minimum_line = "0.25"
resolve_days = 60
credit_by_bill = 2
[contract.debit]
terms = {{ anchor = "bill_date", days = {TERMS_DAYS}, unit = "calendar", roll = "next" }}
amount = "total_due"
company_id = "1234567890"
maximum = "250000000.00"
[contract.security]
bond = "5000000.00"
cost_of_capital = "0.12"

[[contract]]
id = "{ACCESS}"
carrier = "{CARRIER}"
effective_from = {IN_FORCE_FROM}
accounts = ["0419X02*"]
[contract.billing]
proration = "actual_days"
rounding = "unit"
disconnect_grace_days = {GRACE[ACCESS]}
backbill_limit_months = 12
resale_certificate = false
[contract.dispute]
address = ["Harbor Carrier Disputes", "200 Pier Street", "Springfield, IL 62703"]
window = {{ anchor = "due_date", months = 2 }}
resolve_days = 45
[contract.debit]
terms = {{ anchor = "bill_date", days = {TERMS_DAYS}, unit = "calendar", roll = "next" }}
amount = "total_due"
company_id = "1234567890"
"""
