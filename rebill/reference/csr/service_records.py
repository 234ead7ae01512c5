"""Customer service records become rows of the inventory."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from invoices.carrier import Known
from invoices.carrier.accounts import TIE, carrier_of
from invoices.carrier.cells import circuit_key, telephone
from invoices.carrier.csr import RECORDS, Csr, is_csr, read_csr
from invoices.carrier.csr.csr_equipment import ROWS
from invoices.text import filled
from rebill.reference.budgets import in_budget
from rebill.reference.checks_cells import typed
from rebill.reference.current import account_patterns
from rebill.reference.faults import Faults
from rebill.store.columns import TableIn
from rebill.store.shapes import SERVICE_ELEMENTS, SERVICES
from rebill.workspace import text_files
from rebill.workspace.settings import Limits
from reconcile.audit.records_compared import subject
from reconcile.contracts import Contract
from reconcile.homes import homes

SUFFIX = ".csr"
MOST_BYTES = 64 * 2**20
"""A record is some thousand rows; a larger file is none."""


def is_record(path: Path) -> bool:
    """Whether a file is a customer service record: by its name, or a text that begins like one."""
    if path.suffix.lower() == SUFFIX:
        return True
    if path.suffix.lower() not in (".txt", "") or not path.is_file():
        return False
    return is_csr(text_files.head(path).decode("utf-8-sig", errors="replace"))


def read_records(limits: Limits, paths: Sequence[Path], faults: Faults) -> Csr:
    """Return the records of all files, and note everything that is wrong with them.

    A file that takes more than `limits` allow is wrong too.
    """
    read = [in_budget(limits, faults, _read, path) or read_csr("", path.name) for path in paths]
    before, parts = 0, []
    for one in read:
        shift = pl.col("record") + before
        parts.append((one.records.with_columns(shift), one.rows.with_columns(shift)))
        before += one.records.height
    records = pl.concat([RECORDS.to_frame(), *(part[0] for part in parts)])
    rows = pl.concat([ROWS.to_frame(), *(part[1] for part in parts)])
    unread = pl.concat([one.unread for one in read])
    faults.add_rows(
        unread.select(_file="source_file", _row="source_row",
                      what=filled("{}: {}", "reason", "raw")),
        "correct the row, or leave it out",
    )  # fmt: skip
    again = ~pl.col("ban").is_first_distinct()
    faults.add_rows(
        records.filter(again).select(
            _file="source_file", _row="source_row",
            what=filled("account {} has a record above, or in another file", "ban"),
        ),
        "load one record of an account, the newest",
    )  # fmt: skip
    first = records.filter(~again)
    return Csr(first, rows.join(first, on="record", how="semi", maintain_order="left"), unread)


def _read(path: Path, faults: Faults) -> Csr:
    nothing = read_csr("", path.name)
    if not path.is_file():
        faults.add(str(path), None, "there is no such file", "check the path")
        return nothing
    fault = text_files.inspect(path, MOST_BYTES).fault
    if fault:
        faults.add(path.name, fault.row, fault.what, fault.remedy)
        return nothing
    found = read_csr(path.read_text(encoding="utf-8-sig"), path.name)
    if found.records.is_empty():
        remedy = "the header names it: `ACCOUNT 614 555-0100 123`"
        faults.add(path.name, None, "no account is named", remedy)
    elif found.rows.is_empty() and found.unread.is_empty():
        remedy = "services stand under a marker row such as S&E"
        faults.add(path.name, None, "no section of services and equipment", remedy)
    return found


# --- into the inventory -----------------------------------------------------------------------


def inventory_rows(
    csr: Csr,
    carrier: str | None,
    contracts: list[Contract],
    inventory: dict[str, pl.DataFrame],
    faults: Faults,
) -> dict[str, pl.DataFrame]:
    """Return the rows of `services` and `service_elements` that the records make, as a load has it.

    A service that is in the inventory keeps its name and all the record does not speak of
    (customer, product, zone, ...); a new one is called after the carrier and its number or circuit.
    Codes are added, or their units changed from the day the record gives; none is taken away.
    """
    # A record prints no day: a service may be any that was or will be at home there.
    known = homes(inventory["services"].lazy(), inventory["service_accounts"].lazy()).collect()
    rows = placed_rows(csr, carrier, contracts, known, faults)
    services = _services(rows, inventory["services"])
    elements = _elements(rows, inventory["service_elements"], faults)
    return {
        "services": typed(services, SERVICES, faults),
        "service_elements": typed(elements, SERVICE_ELEMENTS, faults),
    }


def placed_rows(
    csr: Csr,
    carrier: str | None,
    contracts: list[Contract],
    services: pl.DataFrame,
    faults: Faults,
) -> pl.DataFrame:
    """Return the rows with carrier, BAN as the inventory spells it, and service.

    `services` has a row for each home of a service (`reconcile.homes`).
    """
    accounts = _with_carrier(csr.records, carrier, contracts, faults)
    own = known_services(services)
    spelled = own.drop_nulls("ban").select("carrier", plain=_plain("ban"), spelled="ban")
    accounts = accounts.join(
        spelled.unique(["carrier", "plain"]), left_on=["carrier", "ban"],
        right_on=["carrier", "plain"], how="left", maintain_order="left",
    ).with_columns(ban=pl.coalesce("spelled", "ban"))  # fmt: skip
    # Of an account without a carrier only that is told: its rows would all lack the same.
    rows = csr.rows.join(
        accounts.select("record", "carrier", "ban").drop_nulls("carrier"),
        on="record",
        maintain_order="left",
    ).with_columns(subject=subject(pl.col("wtn"), pl.col("circuit_key")))
    candidates = own.select("carrier", "subject", "service", held_by="ban").drop_nulls("subject")
    asked = rows.select("carrier", "subject", "ban").unique(maintain_order=True)
    found = asked.join(candidates, on=["carrier", "subject"]).with_columns(
        same=(pl.col("held_by") == pl.col("ban")).fill_null(False)
    )
    key = ["carrier", "subject", "ban"]
    found = found.filter(pl.col("same") | ~pl.col("same").any().over(key))
    fitting = pl.col("service").n_unique().over(key)
    several = found.filter(fitting > 1)
    doubtful = rows.join(several.select(key).unique(), on=key, how="semi").unique(
        key, maintain_order=True
    )
    faults.add_rows(
        doubtful.select(
            _file="source_file",
            _row="source_row",
            what=filled("several services have {}", pl.col("subject").str.slice(1)),
        ),
        "load its codes with service_elements, by the service's name",
    )
    one = found.filter(fitting == 1).select(*key, "service").unique()
    number = pl.concat_str("carrier", pl.lit("-"), pl.col("subject").str.slice(1))
    return rows.join(one, on=key, how="left", maintain_order="left").with_columns(
        known=pl.col("service").is_not_null(), service=pl.coalesce("service", number)
    )


def _with_carrier(
    records: pl.DataFrame, carrier: str | None, contracts: list[Contract], faults: Faults
) -> pl.DataFrame:
    """Return the accounts with the carrier that is named, or else whose contract covers them.

    A record prints no day of its own, so contracts count whenever they are in force.
    """
    if carrier:
        return records.with_columns(carrier=pl.lit(carrier.strip()))
    asked = records.select("ban", day=pl.lit(None, pl.Date))
    owners = carrier_of(asked, Known(accounts=account_patterns(contracts)))
    found = records.join(owners.drop("day"), on="ban", how="left", maintain_order="left")
    nobody = found.filter(pl.col("carrier").is_null())
    whose = pl.coalesce(
        filled(TIE, "rivals", "ban"), filled("no contract covers account {}", "ban")
    )
    faults.add_rows(
        nobody.select(_file="source_file", _row="source_row", what=whose), "say --carrier CODE"
    )
    return found.drop("rivals")


def known_services(services: pl.DataFrame) -> pl.DataFrame:
    """Return services with the keys by which a record names them: number, circuit, subject."""
    return services.with_columns(
        wtn=telephone(pl.col("wtn")), circuit_key=circuit_key(pl.col("circuit_id"))
    ).with_columns(subject=subject(pl.col("wtn"), pl.col("circuit_key")))


def _plain(column: str) -> pl.Expr:
    return pl.col(column).str.replace_all(r"[^0-9A-Za-z]", "").str.to_uppercase()


def _services(rows: pl.DataFrame, services: pl.DataFrame) -> pl.DataFrame:
    """Return one row a service as text: the inventory's, with the term the record gives."""
    told = rows.group_by("service", maintain_order=True).agg(
        pl.col("carrier", "ban", "wtn", "circuit_id", "source_file", "source_row").first(),
        pl.col("term_months").max(),
        pl.when(pl.col("active_from").is_null().any())
        .then(None)
        .otherwise(pl.col("active_from").min())
        .alias("installed_on"),
    )
    own = [name for name in SERVICES.schema if name != "service"]
    was = services.select(
        "service", *(pl.col(n).alias(f"{n}_was") for n in own), pl.lit(True).alias("known")
    )
    met = told.join(was, on="service", how="left", maintain_order="left")
    values = {
        name: pl.when("known").then(f"{name}_was").otherwise(name)
        if name in told.columns
        else pl.col(f"{name}_was")
        for name in own
    }
    values["term_months"] = pl.coalesce("term_months", "term_months_was")
    return _as_cells(met.select("source_file", "source_row", "service", **values), SERVICES)


def _elements(rows: pl.DataFrame, elements: pl.DataFrame, faults: Faults) -> pl.DataFrame:
    """Return the element rows that change or are new, as text; units end the day others begin."""
    told = rows.group_by("service", "usoc", maintain_order=True).agg(
        pl.col("quantity").sum(),
        pl.col("active_from").max(),
        pl.col("source_file", "source_row").first(),
    )
    last = elements.filter(pl.col("active_until").is_null()).select(
        "service", "usoc", units_was="quantity", from_was="active_from", known=pl.lit(True)
    )
    met = told.join(last, on=["service", "usoc"], how="left", maintain_order="left")
    new = met.filter(pl.col("known").is_null())
    other = met.filter(pl.col("known") & (pl.col("quantity") != pl.col("units_was")))
    later = (pl.col("active_from") > pl.col("from_was")).fill_null(
        pl.col("active_from").is_not_null() & pl.col("from_was").is_null()
    )
    faults.add_rows(
        other.filter(~later).select(
            _file="source_file",
            _row="source_row",
            what=filled(
                "{} has {} units on record and {} in the inventory, and no later day from which",
                "usoc", pl.col("quantity").cast(pl.String), pl.col("units_was").cast(pl.String),
            ),
        ),
        "give the day with /CD on the row, or load service_elements",
    )  # fmt: skip
    place = ["source_file", "source_row", "service", "usoc", "quantity", "active_from"]
    ends = other.filter(later).with_columns(
        quantity="units_was", active_from="from_was", active_until="active_from"
    )
    nothing = pl.lit(None, dtype=pl.Date).alias("active_until")
    parts = [new.select(*place, nothing), other.filter(later).select(*place, nothing),
             ends.select(*place, "active_until")]  # fmt: skip
    return _as_cells(pl.concat(parts), SERVICE_ELEMENTS)


def _as_cells(rows: pl.DataFrame, shape: TableIn) -> pl.DataFrame:
    """Return rows as the text a file would have, with where each came from."""
    columns = [column.name for column in shape.columns]
    return rows.select(
        pl.col("source_file").alias("_file"),
        pl.col("source_row").alias("_row"),
        *(pl.col(name).cast(pl.String) for name in columns),
    )
