"""An invented carrier of any size, written as quickly as it can be read back.

Services hold five to six elements: business lines, packages whose price is spread over their
elements, circuits with mileage; rated by state, zone, term, account and circuit, with a rate change
after the first month. About a tenth of the lines is wrong. The same arguments write the same bytes.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import polars as pl

from benchmarks.worlds import STATES, WORLDS, World
from invoices.text import filled

CARRIER = "BENCH"
CONTRACT = "BENCH-2026"
ACCOUNTS = CUSTOMERS = 2_000
AT_ONCE = 200_000
"""Services of one file."""
FIRST_MONTH = dt.date(2026, 3, 1)
PACKAGE = "PGO9T"

_OFFER = pl.DataFrame(
    [
        # kind, usoc, class, rate in micros and what a state, a zone, a term add, share of a package
        ("line", "1FB", "recurring", 18_200_000, 650_000, 1_150_000, 0, 0),
        ("line", "TTB", "recurring", 1_350_000, 0, 0, 0, 0),
        ("line", "ESM", "recurring", 2_100_000, 250_000, 0, 0, 0),
        ("line", "NSD", "recurring", 2_750_000, 0, 0, 0, 0),
        ("line", "9ZR", "surcharge", 5_100_000, 0, 0, 0, 0),
        ("line", "TXS", "tax", 1_170_000, 0, 0, 0, 0),
        ("package", "QBBUX", "recurring", 39_950_000, 550_000, 0, 0, 60),
        ("package", "N8D", "recurring", 39_950_000, 550_000, 0, 0, 25),
        ("package", "ESX", "recurring", 39_950_000, 550_000, 0, 0, 15),
        ("package", "9ZR", "surcharge", 5_100_000, 0, 0, 0, 0),
        ("package", "TXS", "tax", 2_600_000, 0, 0, 0, 0),
        ("circuit", "TMECS", "recurring", 84_500_000, 0, 3_250_000, -4_100_000, 0),
        ("circuit", "1L5XX", "recurring", 2_300_000, 0, 437_500, 0, 0),
        ("circuit", "C6OTT", "recurring", 21_000_000, 1_900_000, 0, 0, 0),
        ("circuit", "TXS", "tax", 5_500_000, 0, 0, 0, 0),
    ],
    schema=["kind", "usoc", "charge_class", "base", "by_state", "by_zone", "by_term", "share"],
    orient="row",
).with_columns(position=pl.int_range(pl.len()).cast(pl.Int64))
_COUNTS = [(kind, "MOU", "usage", 25_000, 0, 0, 0, 0) for kind in ("line", "package", "circuit")]
_MINUTES = pl.DataFrame(
    _COUNTS * 3, schema=_OFFER.drop("position").schema, orient="row"
).with_columns(position=pl.int_range(60, 60 + pl.len()).cast(pl.Int64))
"""What a usage-heavy carrier bills beside it: three counts of minutes a service."""
_CONNECTION, _BY_BAN, _BY_CIRCUIT = 45_000_000, 1_250_000, 70_000_000
"""What a connection costs; what one account pays for TTB, one circuit in a thousand for TMECS."""
_RAISED = 250_000  # what the rate change adds to every recurring rate

_TOML = f"""
[[contract]]
id = "{CONTRACT}"
carrier = "{CARRIER}"
effective_from = 2024-01-01
accounts = ["30*"]
[contract.dispute]
window = {{ anchor = "bill_date", days = 90 }}
minimum_line = "0.25"
[contract.debit]
terms = {{ anchor = "bill_date", days = 15, unit = "calendar", roll = "next" }}
"""


def write(folder: Path, lines: int, world: World = WORLDS["plain"]) -> list[Path]:
    """Leave `reference/` and `bills/` with about so many lines below `folder`; return the bills."""
    services = round(lines / world.lines_per_service / world.months)
    accounts = min(ACCOUNTS, max(1, services // 10))
    (folder / "reference").mkdir(parents=True)
    (folder / "bills").mkdir()
    _write_reference(folder / "reference", _services(0, services, services, accounts, world), world)
    written = []
    step = -(-AT_ONCE * accounts // services)  # whole accounts, so that no document is cut
    step = max(1, accounts * world.months // world.files) if world.files else step
    for first in range(0, accounts, step):
        start, end = (-(-edge * services // accounts) for edge in (first, first + step))
        known = _services(start, min(end, services), services, accounts, world)
        before = pl.DataFrame(schema={"ban": pl.String, "previous": pl.Int64})
        for month in range(world.months):
            path = folder / "bills" / f"bench_{first_of(month):%Y-%m}_{first:04d}.csv"
            before = _write_bills(path, known, month, before, world)
            written.append(path)
    return sorted(written)


def first_of(number: int) -> dt.date:
    """Return the first day of a bill month, the first of which is 0."""
    years, month = divmod(FIRST_MONTH.month - 1 + number, 12)
    return dt.date(FIRST_MONTH.year + years, month + 1, 1)


def _services(start: int, end: int, services: int, accounts: int, world: World) -> pl.DataFrame:
    """Return services `start` to `end` of all `services`, with what the carrier believes."""
    n = pl.int_range(start, end, dtype=pl.Int64, eager=True).alias("n")
    number = pl.col("n")
    digits = number.cast(pl.String).str.zfill(7)
    new = number % 97 == 3
    kind = pl.when(number % 20 < 11).then(pl.lit("line")).when(number % 20 < 16)
    return (
        n.to_frame()
        .with_columns(
            service=pl.lit("S") + digits,
            account=number * accounts // services,
            kind=kind.then(pl.lit("package")).otherwise(pl.lit("circuit")),
            state_no=number // 3 % world.states,
            zone_no=number // 7 % world.zones,
            term_no=number // 11 % world.terms,
            started=pl.when(new).then(number // 97 % world.months),
            zombie=(number % 50 == 7) & ~new,
        )
        .with_columns(
            ban=pl.lit("30") + pl.col("account").cast(pl.String).str.zfill(8),
            wtn=pl.when(pl.col("kind") != "circuit").then(pl.lit("614") + digits),
            circuit_id=pl.when(pl.col("kind") == "circuit").then(
                pl.lit("45/HCGS/") + digits + "/BL"
            ),
            state=pl.col("state_no").replace_strict(dict(enumerate(STATES))),
            zone=(pl.col("zone_no") + 1).cast(pl.String),
            customer=pl.lit("C") + (number % CUSTOMERS).cast(pl.String).str.zfill(5),
        )
    )


def _offer(world: World) -> pl.DataFrame:
    """Return what a service of each kind is billed for."""
    return pl.concat([_OFFER, _MINUTES]) if world.usage else _OFFER


def _lines(known: pl.DataFrame, month: int, world: World) -> pl.DataFrame:
    """Return the lines of a month as the carrier bills them, in cents and micros."""
    began = pl.col("started").fill_null(-1)
    raised = pl.when((pl.col("charge_class") == "recurring") & pl.lit(month > 0)).then(_RAISED)
    own = (
        pl.when((pl.col("account") == 7) & (pl.col("usoc") == "TTB"))
        .then(_BY_BAN)
        .when((pl.col("n") % 1000 == 16) & (pl.col("usoc") == "TMECS"))
        .then(_BY_CIRCUIT)
    )
    rate = (
        pl.col("base")
        + pl.col("by_state") * pl.col("state_no")
        + pl.col("by_zone") * pl.col("zone_no")
        + pl.col("by_term") * pl.col("term_no")
        + raised.fill_null(0)
    )
    ahead = (
        known.filter(began <= month)
        .join(_offer(world), on="kind")
        .with_columns(
            rate=pl.coalesce(own, rate),
            units=pl.when(pl.col("usoc") == "1L5XX")
            .then(pl.col("n") % 40 + 1)
            .when(pl.col("usoc") == "MOU")
            .then((pl.col("n") * 7_919 + pl.col("position") * 104_729 + month) % 99_991 + 1)
            .otherwise(1),
            days=pl.lit(30, pl.Int64),
        )
    )
    # A service that began after the last bill pays the twenty days up to this one as well.
    partly = ahead.filter(began == month, pl.col("charge_class") == "recurring").with_columns(
        charge_class=pl.lit("prorated"),
        days=pl.lit(20, pl.Int64),
        position=pl.col("position") + 20,
        rate=pl.col("rate") - (_RAISED if month == 1 else 0) * own.is_null(),
    )
    connected = (
        known.filter(pl.col("n") % 60 == 5, pl.col("n") // 60 % world.months == month, began <= 0)
        .with_columns(
            usoc=pl.lit("SCNLX"), charge_class=pl.lit("one_time"), share=pl.lit(0, pl.Int64),
            rate=pl.lit(_CONNECTION, pl.Int64), units=pl.lit(1, pl.Int64),
            days=pl.lit(30, pl.Int64), position=pl.lit(50, pl.Int64),
        )
    )  # fmt: skip
    parts = [ahead, partly, connected.select(c for c in ahead.columns if c in connected.columns)]
    return _with_errors(pl.concat(parts, how="diagonal"), month)


def _with_errors(lines: pl.DataFrame, month: int) -> pl.DataFrame:
    """Add `amount` in cents and make about a tenth of the lines wrong."""
    n = pl.col("n").cast(pl.UInt64)
    die = ((n * 41 + pl.col("position").cast(pl.UInt64) * 13 + month) * 2_654_435_761) % (2**32)
    fate = (die // 64 % 1000).cast(pl.Int64)
    rated = pl.col("charge_class").is_in(["recurring", "prorated"]) & (pl.col("share") == 0)
    full = 2 * pl.col("rate") * pl.col("units") * pl.col("days")
    amount = (full + 300_000) // 600_000
    shared = amount * pl.col("share") // 100
    off = pl.when(fate.is_between(65, 84)).then(100).when(fate.is_between(85, 99)).then(-50)
    wrong = lines.with_columns(
        rate=pl.when(rated & (fate < 40)).then(pl.col("rate") * 11 // 10).otherwise("rate"),
        units=pl.when(rated & fate.is_between(40, 49)).then(pl.col("units") + 1).otherwise("units"),
        unknown=fate.is_between(60, 64),
        again=rated & fate.is_between(50, 59),
        off=pl.when(rated).then(off).fill_null(0),
    ).with_columns(
        amount=pl.when(pl.col("share") > 0).then(shared).otherwise(amount) + pl.col("off")
    )
    return pl.concat([wrong, wrong.filter("again")]).sort("account", "n", "position")


def _write_bills(
    path: Path, known: pl.DataFrame, month: int, before: pl.DataFrame, world: World
) -> pl.DataFrame:
    """Write the documents of a month as `usoc-lines`; return what each leaves unpaid."""
    lines = _lines(known, month, world).with_columns(
        line_no=pl.int_range(1, pl.len() + 1).over("account").cast(pl.Int64),
        invoice_no=filled("{}-{}", "ban", pl.lit(f"{first_of(month):%Y%m}")),
        order=pl.lit(1),
    )
    sums = lines.group_by("account", "ban", "invoice_no").agg(pl.col("amount").sum())
    sums = sums.join(before, on="ban", how="left").with_columns(pl.col("previous").fill_null(0))
    documents = sums.select(
        "account", "ban", "invoice_no",
        record=pl.lit("document"), carrier=pl.lit(CARRIER), order=pl.lit(0),
        bill_date=pl.lit(first_of(month)), due_date=pl.lit(first_of(month) + dt.timedelta(days=15)),
        previous_balance=_dollars("previous"), payments=_dollars(-pl.col("previous")),
        adjustments=_dollars(pl.lit(0, pl.Int64)), current_charges=_dollars("amount"),
        total_due=_dollars("amount"),
    )  # fmt: skip
    rows = pl.concat([documents, _printed(lines, month)], how="diagonal")
    rows = rows.sort("account", "order", "line_no").drop("account", "order")
    rows.write_csv(path)
    return sums.select("ban", previous="amount")


def _printed(lines: pl.DataFrame, month: int) -> pl.DataFrame:
    """Return the lines as they are printed."""
    bill, ahead, behind = first_of(month), first_of(month + 1), first_of(month - 1)
    kind = pl.col("charge_class")
    partly, point = kind == "prorated", kind == "one_time"
    starts = pl.when(partly).then(behind.replace(day=11)).when(point).then(behind.replace(day=20))
    ends = pl.when(partly).then(bill).when(point).then(behind.replace(day=20))
    stranger = pl.when("unknown")
    shown = (pl.col("share") == 0) & (kind != "tax")
    return lines.select(
        "account", "ban", "invoice_no", "line_no", "charge_class", "usoc", "order",
        record=pl.lit("line"), carrier=pl.lit(CARRIER), bill_date=pl.lit(bill),
        description=pl.lit("Charge for ") + pl.col("usoc"),
        quantity="units",
        unit_rate=pl.when(shown).then(_rate("rate")),
        amount=_dollars("amount"),
        wtn=pl.when(pl.col("wtn").is_not_null()).then(
            stranger.then(pl.lit("9995550100")).otherwise("wtn")
        ),
        circuit_id=pl.when(pl.col("circuit_id").is_not_null()).then(
            stranger.then(pl.lit("99/NONE/0000000/BL")).otherwise("circuit_id")
        ),
        state="state", zone="zone",
        order_no=pl.when(point).then(pl.lit("O") + pl.col("service")),
        service_from=starts.otherwise(bill), service_until=ends.otherwise(ahead),
    )  # fmt: skip


def _dollars(cents: str | pl.Expr) -> pl.Expr:
    column = pl.col(cents) if isinstance(cents, str) else cents
    return column.cast(pl.Decimal(38, 2)) * pl.lit("0.01").cast(pl.Decimal(38, 2))


def _rate(micros: str) -> pl.Expr:
    return pl.col(micros).cast(pl.Decimal(38, 6)) * pl.lit("0.000001").cast(pl.Decimal(38, 6))


def _write_reference(folder: Path, known: pl.DataFrame, world: World) -> None:
    tables = {
        "usocs": _catalogue(world),
        "packages": _OFFER.filter(pl.col("share") > 0).select(
            carrier=pl.lit(CARRIER), package=pl.lit(PACKAGE), usoc="usoc", quantity=pl.lit(1)
        ),
        "buy_rates": _buy_rates(known, world),
        "services": known.select(
            "service", "ban", "wtn", "circuit_id", "state", "zone", "customer",
            carrier=pl.lit(CARRIER), term_months=(pl.col("term_no") + 1) * 12,
            package=pl.when(pl.col("kind") == "package").then(pl.lit(PACKAGE)),
            product="kind", installed_on=pl.when(pl.col("started").is_not_null()).then(
                pl.col("started").replace_strict(
                    {m: first_of(m - 1).replace(day=11) for m in range(world.months)},
                    return_dtype=pl.Date,
                )
            ).otherwise(dt.date(2020, 1, 1)),
            disconnected_on=pl.when("zombie").then(dt.date(2026, 1, 15)),
        ),
        "service_elements": known.join(
            _OFFER.filter(pl.col("charge_class") == "recurring", pl.col("share") == 0), on="kind"
        ).select(
            "service", "usoc",
            quantity=pl.when(pl.col("usoc") == "1L5XX").then(pl.col("n") % 40 + 1).otherwise(1),
        ),
        "orders": known.filter(pl.col("n") % 60 == 5, pl.col("n") % 600 != 5).select(
            "service", order_no=pl.lit("O") + pl.col("service"), usoc=pl.lit("SCNLX"),
            quantity=pl.lit(1), nrc_waived=pl.lit(False),
            completed_on=(pl.col("n") // 60 % world.months).replace_strict(
                {m: first_of(m - 1).replace(day=20) for m in range(world.months)},
                return_dtype=pl.Date
            ),
        ),
        "customers": _customers(),
        "markups": _markups(),
    }  # fmt: skip
    for name, table in tables.items():
        table.write_csv(folder / f"{name}.csv")
    (folder / "contracts.toml").write_text(_TOML, encoding="utf-8")


def _catalogue(world: World) -> pl.DataFrame:
    kinds = _offer(world).select("usoc", kind="charge_class").unique("usoc").sort("usoc")
    once = pl.DataFrame({"usoc": ["SCNLX"], "kind": ["one_time"]})
    return pl.concat([kinds, once]).with_columns(
        carrier=pl.lit(CARRIER), description=pl.lit("Charge for ") + pl.col("usoc")
    )


def _buy_rates(known: pl.DataFrame, world: World) -> pl.DataFrame:
    """Return a row for each state, zone and term a rate depends on, before and after the change."""
    places = (
        pl.DataFrame({"state_no": range(world.states)})
        .join(pl.DataFrame({"zone_no": range(world.zones)}), how="cross")
        .join(pl.DataFrame({"term_no": range(world.terms)}), how="cross")
    )

    def where(step: str, value: pl.Expr) -> pl.Expr:
        return pl.when((pl.col(step) != 0) | pl.lit(world.everywhere)).then(value)

    versions = pl.DataFrame(
        {"raise": [0, _RAISED], "effective_from": [dt.date(2024, 1, 1), first_of(1)]}
    )
    recurring = pl.col("charge_class") == "recurring"
    rows = (
        _offer(world)
        .filter(pl.col("charge_class") != "tax")
        .unique(["usoc", "charge_class"])
        .join(places, how="cross")
        .join(versions, how="cross")
        .filter(recurring | (pl.col("raise") == 0))
        .select(
            "charge_class", "effective_from",
            usoc=pl.when(pl.col("share") == 0).then("usoc"),
            package=pl.when(pl.col("share") > 0).then(pl.lit(PACKAGE)),
            state=where("by_state", pl.col("state_no").replace_strict(dict(enumerate(STATES)))),
            zone=where("by_zone", (pl.col("zone_no") + 1).cast(pl.String)),
            term_months=where("by_term", (pl.col("term_no") + 1) * 12),
            rate=pl.col("base") + pl.col("by_state") * pl.col("state_no")
            + pl.col("by_zone") * pl.col("zone_no") + pl.col("by_term") * pl.col("term_no")
            + pl.col("raise"),
            effective_until=pl.when(recurring & (pl.col("raise") == 0)).then(first_of(1)),
        )
        .unique()
    )  # fmt: skip
    once = pl.DataFrame({"charge_class": ["one_time"], "usoc": ["SCNLX"], "rate": [_CONNECTION]})
    bans = known.filter(pl.col("account") == 7).select("ban").unique()
    bans = bans.with_columns(usoc=pl.lit("TTB"), rate=pl.lit(_BY_BAN))
    circuits = known.filter(pl.col("n") % 1000 == 16, kind="circuit").select(
        "circuit_id", usoc=pl.lit("TMECS"), rate=pl.lit(_BY_CIRCUIT)
    )
    own = pl.concat(
        [part.with_columns(pl.col("rate").cast(pl.Int64)) for part in (once, bans, circuits)],
        how="diagonal",
    ).with_columns(
        pl.col("charge_class").fill_null("recurring"),
        effective_from=pl.lit(dt.date(2024, 1, 1)),
    )
    return (
        pl.concat([rows.with_columns(pl.col("rate").cast(pl.Int64)), own], how="diagonal")
        .with_columns(contract=pl.lit(CONTRACT), rate=_rate("rate"))
        .sort(pl.all())
    )


def _customers() -> pl.DataFrame:
    n = pl.col("n")
    return pl.DataFrame({"n": range(CUSTOMERS)}).select(
        customer=pl.lit("C") + n.cast(pl.String).str.zfill(5),
        name=filled("Customer {}", n),
        brand=pl.lit("BENCH"),
        bill_day=n % 28 + 1,
        cost_basis=pl.when(n % 20 == 3).then(pl.lit("billed")).otherwise(pl.lit("expected")),
    )


def _markups() -> pl.DataFrame:
    name = pl.lit("C") + pl.col("n").cast(pl.String).str.zfill(5)
    n = pl.DataFrame({"n": range(CUSTOMERS)})
    rows = [
        pl.DataFrame({"method": ["percent"], "value": ["0.25"]}),
        pl.DataFrame(
            {"usoc": ["1FB"], "method": "percent_with_minimum", "value": ["0.2"], "minimum": "2.00"}
        ),
        pl.DataFrame({"usoc": ["ESM"], "method": ["flat"], "value": ["4.00"]}),
        n.filter(pl.col("n") % 10 == 0).select(
            customer=name, method=pl.lit("percent"), value=pl.lit("0.18")
        ),
        n.filter(pl.col("n") % 10 == 1).select(
            customer=name, usoc=pl.lit("TMECS"), method=pl.lit("adder"), value=pl.lit("12.00")
        ),
    ]
    return pl.concat(rows, how="diagonal").with_columns(effective_from=pl.lit(dt.date(2024, 1, 1)))
