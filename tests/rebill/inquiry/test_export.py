"""Tables out: promised columns, plain values, keys in order, the same bytes for the same record."""

from __future__ import annotations

import datetime as dt
import io
import json
from decimal import Decimal
from pathlib import Path
from unittest.mock import Mock

import nights
import polars as pl
import pytest
from nights import USUAL, bill, exported, put, small
from shell import Call

from rebill.cli.failures import FAILED
from rebill.inquiry import export
from rebill.inquiry.tables import TABLES
from rebill.paper.text import as_text
from rebill.store.record import reading
from rebill.workspace import settings
from rebill.workspace.one_writer import STAGED, alone_in

PROMISED = {
    "documents": "document_id carrier ban invoice_no bill_date due_date status lines"
    " current_charges total_due source_file",
    "lines": "line_id document_id carrier ban invoice_no bill_date line_no charge_class usoc"
    " quantity unit_rate amount expected wtn circuit_id service customer order_no service_from"
    " service_until source_file source_row",
    "findings": "finding_id code cause severity document_id line_id service usoc billed expected"
    " amount_at_stake message remedy source_file source_row dispute_closes_on claim_no",
    "claims": "claim_no carrier ban reason bill_month status amount filed_on file_by"
    " dispute_closes_on credited denied",
    "customer_invoices": "invoice_no customer bill_date due_date total status",
    "customer_lines": "invoice_no customer line_id service usoc description quantity cost price"
    " method margin",
    "debits": "carrier contract ban invoice_no bill_date debit_on amount status dispute_closes_on",
    "exposure": "on carrier debited undisputed unfiled open credited denied withdrawn expired",
}


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> settings.Workspace:
    """A workspace after a night with two months and a refused file."""
    workspace = small(tmp_path_factory.mktemp("export") / "w")
    put(workspace, [(f"b{m}.csv", bill(m, USUAL)) for m in (2, 3)] + [("bad.csv", "x")])
    nights.night(workspace, "2026-03-20")
    return workspace


@pytest.mark.parametrize("name", PROMISED)
def test_the_promised_columns_come_first_also_when_there_is_no_row(
    name: str, done: settings.Workspace, tmp_path: Path
) -> None:
    promised = PROMISED[name].split()
    header = exported(done, name)[name].splitlines()[0].split(",")
    assert header[: len(promised)] == promised
    empty = exported(small(tmp_path / "w"), name)[name]
    assert empty == ",".join(header) + "\n"


@pytest.mark.parametrize("name", PROMISED)
def test_rows_are_sorted_by_key_and_the_key_names_one(name: str, done: settings.Workspace) -> None:
    frame = pl.read_csv(exported(done, name)[name].encode(), infer_schema=False)
    keys = frame.select(TABLES[name].key).rows()
    assert keys, name
    assert keys == sorted(keys, key=lambda key: tuple(cell or "" for cell in key))
    assert len(set(keys)) == len(keys)


def plain(value: object) -> str | None:
    """Return a value of JSON as the CSV writes it."""
    if value is None:
        return None
    return str(value).lower() if isinstance(value, bool) else str(value)


def test_all_forms_say_the_same(done: settings.Workspace) -> None:
    with reading(done) as record:
        for name, table in TABLES.items():
            frame = export.table_frame(record, name)
            outs = {}
            for form in ("csv", "parquet", "json"):
                outs[form] = io.BytesIO()
                export.write(table, frame, form, outs[form])  # type: ignore[arg-type]
            text = pl.read_csv(outs["csv"].getvalue(), infer_schema=False)
            rows = json.loads(outs["json"].getvalue())
            typed = as_text(pl.read_parquet(io.BytesIO(outs["parquet"].getvalue())))
            told = [{k: plain(v) for k, v in row.items()} for row in rows]
            assert text.to_dicts() == told
            assert typed.select(pl.all().cast(pl.String)).to_dicts() == told


def test_values_are_plain(done: settings.Workspace) -> None:
    line = pl.read_csv(exported(done, "lines")["lines"].encode(), infer_schema=False).row(
        0, named=True
    )
    shown = {name: line[name] for name in ("ban", "bill_date", "quantity", "unit_rate", "amount")}
    assert shown == {
        "ban": "305R010001",
        "bill_date": "2026-02-05",
        "quantity": "1",
        "unit_rate": "22",
        "amount": "22.00",
    }
    assert line["circuit_id"] is None


def test_a_rate_keeps_its_digits_and_money_its_cents() -> None:
    frame = pl.DataFrame(
        {"rate": [Decimal("0.033300"), Decimal("100")], "money": [Decimal("-5"), Decimal("0.1")]},
        schema={"rate": pl.Decimal(18, 6), "money": pl.Decimal(18, 2)},
    )
    assert as_text(frame).rows() == [("0.0333", "-5.00"), ("100", "0.10")]


def test_a_bill_month_is_that_of_the_carriers_document(done: settings.Workspace) -> None:
    for name, column in (
        ("documents", "bill_date"),
        ("lines", "bill_date"),
        ("findings", "bill_date"),
        ("claims", "bill_month"),
        ("customer_invoices", "bill_month"),
        ("customer_lines", "bill_month"),
        ("debits", "bill_date"),
    ):
        text = exported(done, name, month="2026-03")[name]
        months = pl.read_csv(text.encode(), infer_schema=False)[column].str.head(7)
        assert months.unique().to_list() == ["2026-03"], name
    assert ",DISC," not in exported(done, "claims", month="2026-02")["claims"]


def test_exposure_is_reckoned_for_the_day_that_is_asked(done: settings.Workspace) -> None:
    with reading(done) as record:
        for day in (dt.date(2026, 3, 1), dt.date(2027, 1, 1)):
            frame = export.table_frame(record, "exposure", None, day).collect()
            assert frame["on"].min() == dt.date(2026, 2, 5)
            assert frame["on"].max() == max(day, dt.date(2026, 6, 3))


def test_large_tables_are_written_in_pieces_with_the_same_bytes(
    done: settings.Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = exported(done)
    monkeypatch.setattr(export, "AT_ONCE", 1)
    assert exported(done) == whole


def test_a_folder_has_one_export_at_a_time_and_tables_of_one_state(
    done: settings.Workspace, tmp_path: Path, rebill: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("export", "claims", "documents", "-o", tmp_path, "--workspace", done.root)
    with alone_in(tmp_path, "export"):
        code, _, err = rebill(*words)
        assert code == FAILED and "is being written by another rebill export; wait" in err
        assert rebill("export", "claims", "-o", tmp_path / "c.csv", *words[-2:])[0] == FAILED
    before = {"claims.csv": "old", "documents.csv": "old", "mine.txt": "mine"}
    for name, text in before.items():
        (tmp_path / name).write_text(text)
    (tmp_path / f"{STAGED}killed").mkdir()
    with monkeypatch.context() as broken:
        full = OSError(28, "No space left on device")
        broken.setattr(export, "as_text", Mock(side_effect=[pl.DataFrame({"a": [1]}), full]))
        code, _, err = rebill(*words)
    assert code == FAILED and "not written, all files there as they were before" in err
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == before
    assert rebill(*words)[0] == 0
    whole = exported(done, "claims", "documents")
    after = {f"{name}.csv": text for name, text in whole.items()} | {"mine.txt": "mine"}
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == after


def test_a_file_is_whole_or_as_it_was(
    done: settings.Workspace, tmp_path: Path, rebill: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "claims.csv"
    target.write_text("before")
    words = ("export", "claims", "-o", target, "--workspace", done.root)
    with monkeypatch.context() as broken:
        broken.setattr(export, "as_text", Mock(side_effect=OSError(28, "No space left")))
        code, _, err = rebill(*words)
    assert code == FAILED and "not written, it is as it was before" in err
    assert target.read_text() == "before"
    assert rebill(*words)[0] == 0
    assert target.read_text() == exported(done, "claims")["claims"]
    assert [path.name for path in tmp_path.iterdir()] == ["claims.csv"]
