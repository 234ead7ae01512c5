"""Customer service records become inventory, and are held against it and against the last bill."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

import polars as pl
from nights import CONTRACT, bill, night, put, small
from reference_files import write

from rebill.paper.text import safe_csv
from rebill.reference.csr.inventory_difference import difference
from rebill.reference.load import LoadResult, load
from rebill.store.record import reading
from rebill.workspace.settings import Workspace

DAY = dt.date(2026, 3, 31)
HEAD = "ACCOUNT 305R010001\n"
AGREES = """\
S&E
614 555 0131 1FB 20.00 20.00
 TTB 5.00 5.00
614 555 0132 1FB 20.00 20.00
"""


def put_record(folder: Path, text: str, name: str = "a.csr") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(HEAD + text)
    return path


def current(workspace: Workspace, table: str) -> pl.DataFrame:
    from rebill.reference.current import current_frame
    from rebill.store import transaction

    with transaction(workspace) as connection:
        return current_frame(workspace, connection, table).collect()


def take(workspace: Workspace, text: str, tmp_path: Path, **options: str) -> LoadResult:
    return load(workspace, [put_record(tmp_path / "records", text)], **options)


def compared(workspace: Workspace, text: str, tmp_path: Path) -> dict[tuple[str, str], str | None]:
    path = put_record(tmp_path / "records", text)
    with reading(workspace) as record:
        rows, faults = difference(record, [path], None, DAY)
    assert faults.total == 0, faults.listed
    return {
        (row["wtn"] or row["circuit_id"], row["usoc"]): row["differs"]
        for row in rows.iter_rows(named=True)
    }


def test_a_record_that_agrees_changes_nothing(place: Workspace, tmp_path: Path) -> None:
    result = take(place, AGREES, tmp_path)
    assert result.ok and result.load_id is None


def test_new_services_and_codes_are_added_and_nothing_else_is_touched(
    place: Workspace, tmp_path: Path
) -> None:
    text = (
        AGREES + " ESM /CD 2-1-26 2 1.00 2.00\nTMECS /CLS 45/HCGS/1/BL /TA 36,2-1-26 84.50 84.50\n"
    )
    result = take(place, text, tmp_path)
    assert result.ok, result.errors
    services = {row["service"]: row for row in current(place, "services").iter_rows(named=True)}
    assert services["S1"]["customer"] == "C1"
    new = services["ILEC-45/HCGS/1/BL"]
    assert (new["carrier"], new["ban"], new["term_months"]) == ("ILEC", "305R010001", 36)
    assert (new["customer"], new["circuit_id"]) == (None, "45/HCGS/1/BL")
    elements = current(place, "service_elements").filter(pl.col("usoc") == "ESM")
    assert elements.select("service", "quantity", "active_from").rows() == [
        ("S2", Decimal(2), dt.date(2026, 2, 1))
    ]
    assert take(place, text, tmp_path).load_id is None


def test_other_units_end_the_old_ones_on_the_day_the_record_gives(
    place: Workspace, tmp_path: Path
) -> None:
    assert take(place, "S&E\n614 555 0131 TTB /CD 2-1-26 3 5.00 15.00\n", tmp_path).ok
    rows = current(place, "service_elements").filter(usoc="TTB").sort("active_from")
    assert rows.select("quantity", "active_from", "active_until").rows() == [
        (Decimal(1), dt.date(2025, 1, 1), dt.date(2026, 2, 1)),
        (Decimal(3), dt.date(2026, 2, 1), None),
    ]


def test_other_units_without_a_day_are_an_error(place: Workspace, tmp_path: Path) -> None:
    result = take(place, "S&E\n614 555 0131 TTB 3 5.00 15.00\n", tmp_path)
    assert [(e.file, e.row) for e in result.errors] == [("a.csr", 3)]
    assert "3.000000 units on record and 1.000000" in result.errors[0].what


def test_a_record_with_one_unreadable_row_is_not_loaded(place: Workspace, tmp_path: Path) -> None:
    before = current(place, "service_elements")
    result = take(place, AGREES + " ESM 2 1.00 9.00\n", tmp_path)
    assert not result.ok
    assert [(e.file, e.row) for e in result.errors] == [("a.csr", 6)]
    assert current(place, "service_elements").equals(before)


def test_of_an_account_one_record_is_loaded(place: Workspace, tmp_path: Path) -> None:
    before = current(place, "service_elements")
    first = put_record(tmp_path / "records", AGREES)
    later = AGREES.replace("TTB 5.00 5.00", "ESM 1.00 1.00")
    paged = f"PAGE 1\n{AGREES}{HEAD}PAGE 1\n{later}"
    for paths in (
        [first, put_record(tmp_path / "records", later, "b.csr")],
        [put_record(tmp_path / "records", paged, "c.csr")],
    ):
        result = load(place, paths)
        assert [error.what for error in result.errors] == [
            "account 305R010001 has a record above, or in another file"
        ]
        assert current(place, "service_elements").equals(before)


def test_the_carrier_is_named_or_known_by_the_contract(place: Workspace, tmp_path: Path) -> None:
    folder = tmp_path / "records"
    folder.mkdir()
    path = folder / "b.txt"
    path.write_text("ACCOUNT 999 555-0100 123\nS&E\n1FB 20.00 20.00\n")
    refused = load(place, [path])
    assert [error.what for error in refused.errors] == ["no contract covers account 9995550100123"]
    assert "say --carrier" in refused.errors[0].remedy
    assert load(place, [path], carrier="ILEC").ok
    assert "ILEC-9995550100" in current(place, "services")["service"].to_list()


def test_contracts_of_two_carriers_that_cover_an_account_alike_name_neither(
    place: Workspace, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    text = CONTRACT.replace("ACME-2026", "OTHER").replace("ILEC", "CLEC")
    (other / "contracts.toml").write_text(CONTRACT + text.replace("305R01*", "*R0100*"))
    assert load(place, [other]).ok
    assert take(place, AGREES, tmp_path).ok
    (other / "contracts.toml").write_text(CONTRACT + text.replace("305R01*", "*R01000*"))
    assert load(place, [other]).ok
    refused = take(place, AGREES, tmp_path)
    told = "contracts of CLEC and ILEC fit account 305R010001 equally well"
    assert [error.what for error in refused.errors] == [told]


def test_records_and_the_tables_they_make_are_not_loaded_together(
    place: Workspace, tmp_path: Path
) -> None:
    path = put_record(tmp_path / "both", AGREES)
    (path.parent / "services.csv").write_text("service,carrier\nS9,ILEC\n")
    result = load(place, [path.parent])
    assert not result.ok and "by themselves" in result.errors[0].remedy


def test_what_is_billed_and_not_owned_and_owned_and_not_billed_is_told(
    place: Workspace, tmp_path: Path
) -> None:
    lines = """
        1FB 6145550131 22.00 22.00
        ESX 6145550131 3.00  3.00
        """
    put(place, [("march.csv", bill(3, lines))])
    night(place, "2026-03-09")
    text = "S&E\n614 555 0131 1FB 20.00 20.00\n TTB 5.00 5.00\n ESM N\n"
    assert compared(place, text, tmp_path) == {
        ("6145550131", "1FB"): "amount_differs",
        ("6145550131", "TTB"): "owned_not_billed on_record_not_billed",
        ("6145550131", "ESX"): "billed_not_owned billed_not_on_record",
        # What is not billable is on no bill.
        ("6145550131", "ESM"): "on_record_not_owned",
    }


def test_without_a_bill_nothing_is_said_of_bills(place: Workspace, tmp_path: Path) -> None:
    told = compared(place, AGREES.replace("TTB 5.00 5.00", "TTB 2 5.00 10.00"), tmp_path)
    # S2 was disconnected before the day.
    assert told == {
        ("6145550131", "1FB"): None,
        ("6145550131", "TTB"): "quantity_differs",
        ("6145550132", "1FB"): "on_record_not_owned",
    }


def test_a_package_is_one_thing_however_record_and_bill_show_it(tmp_path: Path) -> None:
    place = small(tmp_path / "w")
    folder = tmp_path / "tables"
    folder.mkdir()
    (folder / "packages.csv").write_text(
        "carrier,package,usoc,quantity\nILEC,PGO9T,1FB,1\nILEC,PGO9T,TTB,1\n"
    )
    (folder / "services.csv").write_text(
        "service,carrier,ban,wtn,customer,package,installed_on\n"
        "S1,ILEC,305R010001,6145550131,C1,PGO9T,2025-01-01\n"
    )
    (folder / "service_elements.csv").write_text("service,usoc\n")
    assert load(place, [folder], replace=True).ok
    put(place, [("march.csv", bill(3, "PGO9T 6145550131 24.00 24.00"))])
    night(place, "2026-03-09")
    text = "S&E\n614 555 0131 1FB 19.00 19.00\n TTB 5.00 5.00\n"
    assert compared(place, text, tmp_path) == {("6145550131", "PGO9T"): None}


def test_formulas_in_a_difference_are_text(place: Workspace, tmp_path: Path) -> None:
    path = put_record(tmp_path / "records", AGREES, "=cmd.csr")
    with reading(place) as record:
        rows, _ = difference(record, [path], None, DAY)
    text = safe_csv(rows.with_columns(billed_amount=pl.lit(Decimal("-2.50"))))
    assert "'=cmd.csr" in text and ",-2.5" in text and "'-2.5" not in text


# --- services that were sold ----------------------------------------------------------------------

SOLD = {
    "usocs": "carrier usoc kind\nNEWCO 1FB recurring",
    "service_accounts": """
        service carrier ban        effective_from effective_until
        S1      ILEC    305R010001 -              2026-04-01
        S1      NEWCO   N1         2026-04-01     -
        """,
}


def test_a_record_is_held_against_the_services_at_home_there_on_the_day(
    place: Workspace, tmp_path: Path
) -> None:
    assert load(place, [write(tmp_path / "sale", **SOLD)]).ok
    path = put_record(tmp_path / "records", AGREES)
    told = {}
    for day in (dt.date(2026, 3, 9), dt.date(2026, 4, 1)):
        with reading(place) as record:
            rows, faults = difference(record, [path], None, day)
        assert faults.total == 0
        told[day.month] = {
            (row["ban"], row["wtn"], row["service"]): row["differs"]
            for row in rows.filter(pl.col("usoc") == "1FB").iter_rows(named=True)
        }
    assert told[3] == {
        ("305R010001", "6145550131", "S1"): None,
        ("305R010001", "6145550132", "S2"): None,
    }
    # S1 is another carrier's; S2 is disconnected by then.
    assert told[4] == {
        ("305R010001", "6145550131", None): "on_record_not_owned",
        ("305R010001", "6145550132", None): "on_record_not_owned",
    }


def test_a_record_of_an_old_or_new_home_makes_no_second_service(
    place: Workspace, tmp_path: Path
) -> None:
    assert load(place, [write(tmp_path / "sale", **SOLD)]).ok
    before = current(place, "services").sort("service")
    assert take(place, AGREES, tmp_path).ok
    assert current(place, "services").sort("service").equals(before)
