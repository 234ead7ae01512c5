"""Planted errors and findings are paired by place and code, and counted by number and by dollar."""

from __future__ import annotations

import datetime as dt
import io

import polars as pl

from rebill.demo.score import TOTAL, score
from rebill.demo.truth import TRUTH

TRUTH_CSV = """\
bill_month,ban,invoice_no,line_no,service,usoc,code,cause,amount_at_stake,note
2026-03,0614,A1,1,S1,1FB,rate_above_contract,other_zone,2.30,
2026-03,0614,A1,2,S2,1FB,rate_above_contract,other_zone,2.30,
2026-03,0614,A1,3,S3,TTB,charged_twice,,1.35,
2026-03,0614,A1,,S4,ESM,element_not_billed,,0.00,
2026-03,0614,A2,,,,document_does_not_foot,,0.00,
"""
FINDINGS = (
    # line_id, service, usoc, code, cause, amount_at_stake
    ("d-1", "S1", "1FB", "rate_above_contract", "other_zone", "2.30"),
    ("d-2", "S2", "1FB", "rate_above_contract", "unexplained", "2.00"),
    ("d-9", "S9", "TTB", "charged_twice", None, "1.35"),
    (None, "S4", "ESM", "element_not_billed", None, "0.00"),
    (None, None, None, "document_does_not_foot", None, "0.00"),
)


def scored() -> dict[str, dict[str, object]]:
    truth = pl.read_csv(io.StringIO(TRUTH_CSV), schema=TRUTH)
    names = ("line_id", "service", "usoc", "code", "cause", "amount_at_stake")
    findings = pl.DataFrame(FINDINGS, schema=names, orient="row").with_columns(
        pl.col("amount_at_stake").cast(TRUTH["amount_at_stake"]),
        ban=pl.lit("0614"),
        bill_date=dt.date(2026, 3, 5),
        message=pl.lit(""),
    )
    numbers = [1, 2, 3, 9]
    lines = pl.DataFrame({"line_id": [f"d-{n}" for n in numbers], "line_no": numbers})
    table = score(truth, findings, lines.with_columns(invoice_no=pl.lit("A1")))
    return {str(row["code"]): row for row in table.iter_rows(named=True)}


def test_a_finding_of_the_wrong_cause_is_not_right_but_its_dollars_count() -> None:
    row = scored()["rate_above_contract"]
    assert (row["planted"], row["found"], row["right"]) == (2, 2, 1)
    assert (row["precision"], row["recall"]) == (0.5, 0.5)
    assert str(row["right_dollars"]) == "4.30"
    assert row["dollar_precision"] == 1.0


def test_a_finding_on_another_line_is_a_false_alarm_and_the_planted_one_missed() -> None:
    row = scored()["charged_twice"]
    assert (row["planted"], row["found"], row["right"]) == (1, 1, 0)
    assert (row["precision"], row["recall"], row["dollar_recall"]) == (0.0, 0.0, 0.0)


def test_findings_without_a_line_are_told_by_account_month_service_and_code() -> None:
    for code in ("element_not_billed", "document_does_not_foot"):
        assert scored()[code]["right"] == 1


def test_the_last_row_sums_all_up_and_the_dearest_code_comes_first() -> None:
    table = scored()
    assert list(table)[0] == "rate_above_contract"
    assert list(table)[-1] == TOTAL
    assert (table[TOTAL]["planted"], table[TOTAL]["found"], table[TOTAL]["right"]) == (5, 5, 3)
    assert str(table[TOTAL]["planted_dollars"]) == "5.95"


def test_nothing_found_and_nothing_planted_has_no_precision() -> None:
    empty = pl.DataFrame(schema=TRUTH)
    findings = pl.DataFrame(
        schema={**TRUTH, "line_id": pl.String, "bill_date": pl.Date, "message": pl.String}
    ).drop("invoice_no", "line_no")
    lines = pl.DataFrame(
        schema={"line_id": pl.String, "invoice_no": pl.String, "line_no": pl.Int64}
    )
    table = score(empty, findings, lines)
    assert table.select("code", "found", "precision").rows() == [(TOTAL, 0, None)]
