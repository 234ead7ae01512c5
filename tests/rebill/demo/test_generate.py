"""The invented carrier: its bills foot, its truth is true, the same seed is the same world."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from invoices.schema import CENTS
from rebill.demo.generate import Made, bench_lines, generate
from rebill.demo.offer import CARRIER
from rebill.demo.truth import TRUTH, WITHOUT_MONEY
from rebill.store.shapes import TABLES

MONEY = ("previous_balance", "payments", "adjustments", "current_charges", "total_due", "amount")
PLANTED = {
    *("account_unknown", "backbilled_too_late", "charged_twice", "service_unknown"),
    *("billed_after_disconnect", "billed_before_install", "one_time_charge_not_due"),
    *("element_not_ordered", "tax_on_exempt_account", "surcharge_not_due", "surcharge_above_cap"),
    *("charged_in_summary", "quantity_above_inventory", "rate_above_contract"),
    *("package_above_contract", "proration_wrong", "extension_wrong", *WITHOUT_MONEY),
}
DOCUMENTS = {
    *("document_does_not_foot", "document_missing", "balance_breaks", "document_conflicts"),
    *("line_unreadable", "document_unreadable"),
}
CAUSES = {
    *("superseded_rate", "other_zone", "other_state", "other_term", "retail_rate", "unexplained"),
}


def rows(made: Made) -> pl.DataFrame:
    """All rows of the carrier's files, with the name of the file."""
    files = sorted(path for folder, _ in made.nights for path in folder.glob("*.csv"))
    frames = [
        pl.read_csv(path, infer_schema=False).with_columns(file=pl.lit(path.name)) for path in files
    ]
    return (
        pl.concat(frames)
        .filter(pl.col("amount").ne_missing("n/a"))
        .with_columns(pl.col(MONEY).cast(CENTS), pl.col("line_no").cast(pl.Int64))
    )


def truth(made: Made) -> pl.DataFrame:
    return pl.read_csv(made.directory / "truth.csv", schema=TRUTH)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return generate(tmp_path_factory.mktemp("demo"), services=400, months=3, seed=1)


@pytest.fixture(scope="module")
def documents(made: Made) -> pl.DataFrame:
    sums = (
        rows(made)
        .filter(pl.col("record") == "line")
        .group_by("file")
        .agg(pl.col("amount").sum().alias("lines"))
    )
    headers = rows(made).filter(pl.col("record") == "document").drop("amount")
    return headers.join(sums, on="file").sort("ban", "bill_date", "file")


def planted_documents(made: Made, code: str) -> list[str]:
    return truth(made).filter(pl.col("code") == code).get_column("invoice_no").to_list()


def test_every_document_foots_except_the_one_planted_not_to(
    made: Made, documents: pl.DataFrame
) -> None:
    balance = pl.sum_horizontal("previous_balance", "payments", "adjustments", "current_charges")
    assert documents.filter(balance != pl.col("total_due")).is_empty()
    off = documents.filter(pl.col("lines") != pl.col("current_charges"))
    assert off.get_column("invoice_no").to_list() == planted_documents(
        made, "document_does_not_foot"
    )


def test_a_bill_begins_with_the_last_total_and_shows_what_was_pulled(
    made: Made, documents: pl.DataFrame
) -> None:
    first_sent = documents.filter(~pl.col("file").str.contains("resent"))
    before = pl.col("total_due").shift(1).over("ban")
    months = pl.col("bill_date").str.to_date().dt.month()
    chained = first_sent.with_columns(before=before, gap=months - months.shift(1).over("ban"))
    chained = chained.filter(pl.col("gap") == 1)
    assert chained.filter(pl.col("previous_balance") != pl.col("before")).is_empty()
    unpaid = chained.filter(pl.col("payments") != -pl.col("before"))
    assert unpaid.get_column("invoice_no").to_list() == planted_documents(made, "balance_breaks")


def test_every_kind_of_error_and_every_cause_is_planted(made: Made) -> None:
    known = truth(made)
    assert set(known.get_column("code")) == PLANTED | DOCUMENTS
    assert set(known.get_column("cause").drop_nulls()) == CAUSES


@pytest.mark.parametrize("seed", [2, 3])
def test_a_small_world_of_two_months_has_every_kind_too(tmp_path: Path, seed: int) -> None:
    small = generate(tmp_path, services=250, months=2, seed=seed)
    assert set(truth(small).get_column("code")) >= (PLANTED | DOCUMENTS) - {"charged_in_summary"}


def test_the_truth_names_printed_lines_and_never_more_than_they_bill(made: Made) -> None:
    known = truth(made).filter(pl.col("line_no").is_not_null())
    lines = rows(made).filter(pl.col("record") == "line", ~pl.col("file").str.contains("resent"))
    beside = known.join(
        lines.select("invoice_no", "line_no", "amount", printed="usoc"),
        on=["invoice_no", "line_no"],
        how="left",
    )
    assert len(beside) == len(known)
    assert beside.filter(pl.col("amount").is_null()).is_empty()
    assert beside.filter(pl.col("usoc") != pl.col("printed")).is_empty()
    stake = pl.col("amount_at_stake")
    assert beside.filter((stake < 0) | (stake > pl.col("amount"))).is_empty()
    worthless = pl.col("code").is_in(WITHOUT_MONEY)
    zero = pl.lit("0.00").cast(CENTS)
    secondary = pl.col("note") == "an account that is under no contract"
    assert beside.filter(worthless & (stake != zero)).is_empty()
    assert beside.filter(~worthless & ~secondary & (stake == zero)).is_empty()


def test_about_a_tenth_of_the_lines_and_a_twelfth_of_the_money_is_wrong(made: Made) -> None:
    billed = rows(made).filter(pl.col("record") == "line").get_column("amount").to_list()
    at_stake = truth(made).get_column("amount_at_stake").to_list()
    assert 7 < made.planted * 100 / made.lines < 16
    assert 4 < sum(at_stake) * 100 / sum(billed) < 12


def test_without_errors_the_truth_is_empty_and_no_document_is_wrong(tmp_path: Path) -> None:
    clean = generate(tmp_path, services=150, months=3, seed=5, error_rate=0)
    assert truth(clean).is_empty()
    assert len(list(tmp_path.glob("months/*/*.csv"))) == 3 * 10
    assert not list(tmp_path.glob("months/*/*.txt"))


def test_the_same_seed_writes_the_same_bytes_and_another_one_another_world(tmp_path: Path) -> None:
    worlds = [
        generate(tmp_path / name, services=120, months=2, seed=seed)
        for name, seed in (("one", 7), ("same", 7), ("other", 8))
    ]
    one, same, other = (
        {
            path.relative_to(world.directory): path.read_bytes()
            for path in world.directory.rglob("*.*")
            if path.is_file()
        }
        for world in worlds
    )
    assert one == same
    assert one != other


def test_reference_tables_have_just_the_columns_that_can_be_loaded(made: Made) -> None:
    folder = made.directory / "reference"
    named = {path.stem for path in folder.iterdir()}
    assert named <= {*TABLES, "contracts"}
    assert named >= {"contracts", "buy_rates", "services", "orders", "markups", "retail_rates"}
    for path in folder.glob("*.csv"):
        given = pl.read_csv(path, infer_schema=False).columns
        allowed = {column.name for column in TABLES[path.stem].columns}
        assert set(given) <= allowed, path.stem


def test_two_carriers_conventions_meet_several_places_and_customers(made: Made) -> None:
    services = pl.read_csv(made.directory / "reference" / "services.csv", infer_schema=False)
    assert set(services.get_column("carrier")) == {CARRIER}
    assert services.get_column("state").n_unique() == 5
    assert services.get_column("zone").n_unique() == 3
    assert services.get_column("ban").n_unique() == 10
    assert services.get_column("customer").n_unique() >= 10
    assert set(services.get_column("ban").str.head(1)) == {"0"}


def test_a_bench_world_has_about_the_lines_asked_for_in_one_file_a_month(tmp_path: Path) -> None:
    made = bench_lines(tmp_path, 60_000, months=2)
    assert 54_000 < made.lines < 66_000
    for folder, _ in made.nights:
        others = {f"harbor_{folder.name}_resent.csv", "notice.txt"}
        assert {path.name for path in folder.iterdir()} - others == {f"harbor_{folder.name}.csv"}


def test_a_long_story_of_few_services_gives_every_order_once(tmp_path: Path) -> None:
    generate(tmp_path, services=60, months=15, seed=1)
    orders = pl.read_csv(tmp_path / "reference" / "orders.csv", infer_schema=False)
    assert orders.select("order_no", "service", "usoc").is_duplicated().sum() == 0
    assert set(orders.get_column("nrc_waived")) == {"true", "false"}


def test_a_world_of_one_service_is_a_world(tmp_path: Path) -> None:
    assert generate(tmp_path, services=1, months=1, seed=1).lines > 0
