"""Reference tables are loaded all or nothing; every fault is named; history stays."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
import sqlalchemy as sa
from checkout import ROOT
from reference_files import frame, said, world, write

from rebill import store
from rebill.reference import changes, current, load
from rebill.store.models import REFERENCE, Load, LoadFile
from rebill.store.shapes import TABLES
from rebill.workspace import lock
from rebill.workspace.settings import ConfigError, Workspace, WorkspaceBusy
from reconcile.contracts import read_contracts

# --- what is loaded ---------------------------------------------------------------------------


def test_a_folder_loads_all_tables_and_the_same_again_changes_nothing(
    any_workspace: Workspace, tmp_path: Path
) -> None:
    folder = world(tmp_path / "reference")
    first = load.load(any_workspace, [folder], given="2026-03-01")
    assert said(first) == []
    assert {name: c.added for name, c in first.counts.items()} == {
        "usocs": 2, "packages": 2, "usoc_rules": 1, "contracts": 1, "customers": 2, "services": 2,
        "service_elements": 3, "orders": 2, "buy_rates": 2, "markups": 3, "retail_rates": 2,
    }  # fmt: skip
    again = load.load(any_workspace, [folder])
    assert again.ok and again.load_id is None
    assert {c.added + c.changed + c.removed for c in again.counts.values()} == {0}
    with store.transaction(any_workspace) as connection:
        assert current.load_version(connection) == first.load_id
        assert store.read_table(connection, Load).height == 1
        assert set(store.read_table(connection, LoadFile)["name"]) == {
            p.name for p in folder.iterdir()
        }
        assert [c.id for c in current.contracts(connection)] == ["C1"]


def test_the_kernels_read_typed_rows(any_workspace: Workspace, tmp_path: Path) -> None:
    load.load(any_workspace, [world(tmp_path / "reference")])
    with store.transaction(any_workspace) as connection:
        frames = {
            name: lazy.collect()
            for name, lazy in current.reference_frames(any_workspace, connection).items()
        }
    for name, found in frames.items():
        assert found.schema.items() >= {"row_id": pl.Int64, **TABLES[name].schema}.items()
    services = frames["services"].select("service", "ban", "wtn", "circuit_key", "state")
    assert services.rows() == [
        ("S1", "0305R01001", "6145550131", None, "OH"),
        ("S2", "0305R01001", None, "12ABC/34", None),
    ]
    assert frames["usocs"]["family"].to_list() == ["pots", None]
    assert frames["usocs"]["usoc"].to_list() == ["1FB", "TTB"]
    assert frames["usocs"]["description"].to_list() == ["Business line", "Touch,tone"]
    assert frames["packages"]["quantity"].to_list() == [Decimal(1), Decimal(2)]
    assert frames["buy_rates"]["rate"].to_list() == [Decimal("20"), Decimal("0.123456")]
    assert frames["buy_rates"]["zone"].to_list() == ["01", None]
    assert frames["orders"]["nrc_waived"].to_list() == [True, False]
    assert frames["markups"].select("cap", "cap_retail").rows() == [
        (None, True),
        (Decimal("3.5"), False),
        (None, False),
    ]
    assert frames["customers"].select("bill_day", "due_days", "cost_basis").rows() == [
        (5, 30, "billed"),
        (1, 30, "expected"),
    ]


def test_a_parquet_file_says_the_same_as_a_csv(workspace: Workspace, tmp_path: Path) -> None:
    load.load(workspace, [world(tmp_path / "reference")])
    rates = pl.DataFrame(
        {
            "rate": [Decimal("20.00"), Decimal("0.123456")],
            "contract": ["C1", "C1"],
            "charge_class": ["recurring", None],
            "usoc": ["1FB", None],
            "package": [None, "PK1"],
            "zone": ["01", None],
            "term_months": [24, None],
            "effective_from": [dt.date(2026, 1, 1), None],
        }
    )
    rates.write_parquet(tmp_path / "buy_rates.parquet")
    result = load.load(workspace, [tmp_path / "buy_rates.parquet"])
    assert (said(result), result.load_id) == ([], None)
    pl.DataFrame({"service": ["S1"], "carrier": ["ILEC"], "ban": [305]}).write_parquet(
        tmp_path / "services.parquet"
    )
    assert said(load.load(workspace, [tmp_path / "services.parquet"])) == [
        "services.parquet: column 'ban' holds numbers"
    ]


# --- history ----------------------------------------------------------------------------------


def test_a_changed_row_closes_its_old_version_and_rows_not_named_stay(
    any_workspace: Workspace, tmp_path: Path
) -> None:
    first = load.load(any_workspace, [world(tmp_path / "reference")]).load_id
    changed = write(tmp_path / "later", customers="customer name\nACME Acme~Inc\nNEW -")
    second = load.load(any_workspace, [changed])
    assert second.counts["customers"] == changes.TableCounts(2, 1, 1, 0)
    assert sorted(frame(any_workspace, "customers").select("customer", "name").rows()) == [
        ("ACME", "Acme Inc"),
        ("NEW", None),
        ("ZED", None),
    ]
    assert frame(any_workspace, "customers", first)["name"].to_list() == ["Acme Co", None]
    with store.transaction(any_workspace) as connection:
        versions = REFERENCE["customers"]
        rows = connection.execute(
            sa.select(versions.c.name, versions.c.loaded_in, versions.c.superseded_in)
            .where(versions.c.customer == "ACME")
            .order_by(versions.c.row_id)
        ).all()
    assert [tuple(row) for row in rows] == [("Acme Co", 1, 2), ("Acme Inc", 2, None)]


def test_replace_makes_the_file_the_whole_table(workspace: Workspace, tmp_path: Path) -> None:
    load.load(workspace, [world(tmp_path / "reference")])
    only = write(tmp_path / "only", markups="customer method value\nACME adder 2")
    result = load.load(workspace, [only], replace=True)
    assert result.counts["markups"] == changes.TableCounts(1, 0, 1, 2)
    assert frame(workspace, "markups")["method"].to_list() == ["adder"]
    gone = write(tmp_path / "gone", packages="carrier package usoc\nILEC PK2 1FB")
    assert said(load.load(workspace, [gone], replace=True)) == [
        "services (loaded before): carrier 'ILEC' package 'PK1' is not in packages",
        "retail_rates (loaded before): carrier 'ILEC' package 'PK1' is not in packages",
        "buy_rates (loaded before): package 'PK1' of ILEC is not in packages",
    ]


def test_copies_of_the_current_version_are_rebuilt_when_absent(
    workspace: Workspace, tmp_path: Path
) -> None:
    load.load(workspace, [world(tmp_path / "reference")])
    before = frame(workspace, "services")
    for path in (workspace.lines / "reference").rglob("*.parquet"):
        path.unlink()
    assert frame(workspace, "services").equals(before)
    with store.transaction(workspace) as connection:
        assert store.sweep_orphans(workspace, connection) == []
        current.sweep_copies(workspace, connection)
    assert frame(workspace, "services").equals(before)


def test_nothing_is_loaded_while_another_command_writes(
    workspace: Workspace, tmp_path: Path
) -> None:
    with lock.locked(workspace), pytest.raises(WorkspaceBusy):
        load.load(workspace, [world(tmp_path / "reference")])


# --- the starter catalogue --------------------------------------------------------------------


def test_the_starter_catalogue_fills_what_a_carrier_lacks_and_makes_way_for_its_own_rows(
    any_workspace: Workspace, tmp_path: Path
) -> None:
    own = "carrier usoc kind      description valid_from\nILEC    1MB  recurring Own         -"
    assert said(load.load(any_workspace, [write(tmp_path / "own", usocs=own)])) == []
    region = "at&t (sbc/ameritech region csrs)"
    result = load.load_starter(any_workspace, region, "ILEC")
    assert result.counts["usocs"].added == 59
    assert load.load_starter(any_workspace, region, "ILEC").load_id is None
    usocs = frame(any_workspace, "usocs")
    assert usocs.filter(usoc="1MB")["description"].to_list() == ["Own"]
    assert usocs.filter(usoc="LMB").select("kind", "family", "source").row(0) == (
        "recurring",
        "local exchange",
        "AT&T customer service record text, public",
    )
    later = "carrier usoc kind description valid_from\nILEC LMB recurring Mine 2026-01-01"
    assert said(load.load(any_workspace, [write(tmp_path / "later", usocs=later)])) == []
    usocs = frame(any_workspace, "usocs")
    assert usocs.filter(usoc="LMB")["description"].to_list() == ["Mine"]
    assert usocs.height == 60


def test_an_unknown_region_lists_those_there_are(workspace: Workspace) -> None:
    with pytest.raises(ConfigError, match="Mars.*BellSouth"):
        load.load_starter(workspace, "Mars", "ILEC")


# --- what is written about it -----------------------------------------------------------------


def test_the_contract_on_the_formats_page_is_one() -> None:
    page = ROOT / "docs" / "formats" / "reference-tables.md"
    sample = page.read_text().split("```toml\n")[1].split("```")[0]
    [contract] = read_contracts(sample)
    assert (contract.id, len(contract.accounts)) == ("ACME-ILEC-2026", 2)
    short = sample.partition("[contract.billing]")[0]
    [plain] = read_contracts(short)
    assert plain.billing.model_copy(update={"resale_certificate": True}) == contract.billing
    assert (plain.dispute, plain.debit.terms) == (contract.dispute, contract.debit.terms)
