"""Customer service records against the inventory and against the last bill, in both directions.

A service is compared as a whole: its codes with their quantities, as the carrier's record lists
them (`invoices.carrier.csr.csr_equipment.ROWS`), as we own them, and as the last bill charges
them for a month.
"""

from __future__ import annotations

import polars as pl

from invoices.schema import CENTS, RATE, columns_of

KEY = ["carrier", "subject", "usoc"]
COMPARED = pl.Schema(
    {
        "carrier": pl.String(),
        "ban": pl.String(),
        "service": pl.String(),  # null = not in the inventory
        "wtn": pl.String(),
        "circuit_id": pl.String(),
        "usoc": pl.String(),
        "on_record": RATE,  # units; null = not there
        "owned": RATE,
        "billed": RATE,
        "record_amount": CENTS,  # dollars a month; null = not there, or not printed
        "billed_amount": CENTS,
        "differs": pl.String(),  # words of `DIFFERENCES`, separated by blanks; null = all agree
        "source_file": pl.String(),
        "source_row": pl.Int64(),
    }
)
DIFFERENCES = (
    ("billed_not_owned", "a code is on the bill and not in the inventory"),
    ("owned_not_billed", "a code is in the inventory and not on the bill"),
    ("billed_not_on_record", "a code is on the bill and not on the carrier's record"),
    ("on_record_not_billed", "a code is on the record with a price and not on the bill"),
    ("on_record_not_owned", "a code is on the record and not in the inventory"),
    ("owned_not_on_record", "a code is in the inventory and not on the record"),
    ("quantity_differs", "record, inventory and bill do not have the same units"),
    ("amount_differs", "record and bill do not have the same amount for the same units"),
)
"""Every difference, in the order in which they are told."""


def subject(wtn: pl.Expr, circuit_key: pl.Expr) -> pl.Expr:
    """Return what a service is compared by: its circuit, else its number."""
    return pl.coalesce(pl.lit("C") + circuit_key, pl.lit("T") + wtn)


def by_package(rows: pl.DataFrame, services: pl.DataFrame, packages: pl.DataFrame) -> pl.DataFrame:
    """Return `rows` with the package in the place of its elements, and `packaged`.

    A bill may show a package as one line or as its elements, whatever the inventory does: so they
    are compared as one. `services` has carrier, wtn, circuit_key, package.
    """
    held = services.filter(pl.col("package").is_not_null()).select(
        "carrier", "package", subject=subject(pl.col("wtn"), pl.col("circuit_key"))
    )
    inside = packages.select("carrier", "package", "usoc", element=pl.lit(True))
    part = pl.col("element").fill_null(False) | (pl.col("usoc") == pl.col("package"))
    return (
        rows.with_columns(subject=subject(pl.col("wtn"), pl.col("circuit_key")))
        .join(held.unique(["carrier", "subject"]), on=["carrier", "subject"], how="left",
              maintain_order="left")
        .join(inside.unique(), on=["carrier", "package", "usoc"], how="left", maintain_order="left")
        .with_columns(packaged=part.fill_null(False))
        .with_columns(usoc=pl.when("packaged").then("package").otherwise("usoc"))
        .drop("subject", "package", "element")
    )  # fmt: skip


def compare(record: pl.DataFrame, owned: pl.DataFrame, billed: pl.DataFrame | None) -> pl.DataFrame:
    """Return one row a service and code of the accounts compared (`COMPARED`), sorted.

    `record` has carrier, ban, wtn, circuit_id, circuit_key, usoc, quantity, total, source_file,
    source_row; `owned` carrier, ban, service, wtn, circuit_id, circuit_key, usoc, quantity of the
    elements active on the day; `billed` carrier, ban, wtn, circuit_id, circuit_key, usoc, quantity,
    amount of the last bill's recurring lines, or null where the account has no bill: then nothing
    is said of bills. `packaged` on each says that `usoc` is the package a code is part of
    (`by_package`).
    """
    places = ["ban", "wtn", "circuit_id"]
    sides = {
        "record": _side(record, "on_record", pl.col("total"), ["source_file", "source_row"]),
        "owned": _side(owned, "owned", None, ["service"]),
    }
    if billed is not None:
        sides["billed"] = _side(billed, "billed", pl.col("amount"), [])
    keys = pl.concat([side.select(KEY) for side in sides.values()]).unique()
    known = pl.concat([side.select(*KEY, *places) for side in sides.values()]).unique(
        KEY, keep="first", maintain_order=True
    )
    rows = keys.join(known, on=KEY, how="left")
    for name, side in sides.items():
        rows = rows.join(side.drop(places).rename({"worth": f"{name}_amount"}), on=KEY, how="left")
    # A service is known by any of its codes: an unordered code is still on somebody's line.
    names = owned.select("carrier", subject(pl.col("wtn"), pl.col("circuit_key")).alias("subject"),
                         known_as="service").unique(["carrier", "subject"])  # fmt: skip
    rows = rows.join(names, on=["carrier", "subject"], how="left").with_columns(
        service=pl.coalesce("service", "known_as")
    )
    if billed is None:
        rows = rows.with_columns(
            billed=pl.lit(None, dtype=RATE), billed_amount=pl.lit(None, dtype=CENTS)
        )
    told = rows.with_columns(differs=_differs(billed is not None))
    return told.select(columns_of(COMPARED)).sort(
        "carrier", "ban", "circuit_id", "wtn", "usoc", nulls_last=True
    )


def _side(
    rows: pl.DataFrame, name: str, amount: pl.Expr | None, carried: list[str]
) -> pl.DataFrame:
    """Return a side with one row a service and code: its units and what they come to."""
    worth = pl.lit(None, dtype=CENTS) if amount is None else amount
    return (
        rows.with_columns(
            subject=subject(pl.col("wtn"), pl.col("circuit_key")).fill_null("account"), worth=worth
        )
        .group_by(KEY, maintain_order=True)
        .agg(
            pl.col("ban", "wtn", "circuit_id", *carried).first(),
            # The elements of a package are one of it, however many there are.
            pl.when(pl.col("packaged").any())
            .then(1)
            .otherwise(pl.col("quantity").fill_null(1).sum())
            .cast(RATE)
            .alias(name),
            # What is not printed is not zero.
            pl.when(pl.col("worth").is_null().any())
            .then(None)
            .otherwise(pl.col("worth").sum())
            .cast(CENTS)
            .alias("worth"),
        )
    )


def _differs(has_bill: bool) -> pl.Expr:
    """Return the words of what differs, null where nothing does."""
    here = {name: pl.col(name).is_not_null() for name in ("on_record", "owned", "billed")}
    priced = pl.col("record_amount").fill_null(1) != 0
    units = [pl.col(name) for name in ("on_record", "owned", "billed")]
    true = {
        "on_record_not_owned": here["on_record"] & ~here["owned"],
        "owned_not_on_record": here["owned"] & ~here["on_record"],
        "quantity_differs": pl.max_horizontal(units) != pl.min_horizontal(units),
    }
    if has_bill:
        true |= {
            "billed_not_owned": here["billed"] & ~here["owned"],
            # What the record lists without a price is on no bill.
            "owned_not_billed": here["owned"] & ~here["billed"] & priced,
            "billed_not_on_record": here["billed"] & ~here["on_record"],
            "on_record_not_billed": here["on_record"] & ~here["billed"] & priced,
            "amount_differs": (pl.col("on_record") == pl.col("billed"))
            & (pl.col("record_amount") != pl.col("billed_amount")),
        }
    words = [
        pl.when(true[name].fill_null(False)).then(pl.lit(name))
        for name, _ in DIFFERENCES
        if name in true
    ]
    return pl.concat_str(words, separator=" ", ignore_nulls=True).replace("", None)
