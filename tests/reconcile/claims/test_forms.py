"""How claims are put together: by the keys of a form, small months joined, no line twice."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoices.schema import FINDINGS
from reconcile.claims.forms import DEFAULT, FormError, FormProfile, form_names, parse_form, shipped
from reconcile.claims.group import group, with_claim_no
from reconcile.contracts import Contract

AS_OF = dt.date(2026, 12, 1)
NARROW = FormProfile.model_validate(
    {
        "form": "narrow",
        "group_by": ["jurisdiction", "master_ban", "bill_month"],
        "rules": {
            "jurisdiction": [
                {"usoc": "1L5*", "value": "inter"},
                {"state": "FL", "product": "Trunk*", "value": "intra"},
                {"value": "local"},
            ],
            "master_ban": [{"ban": "3051*", "value": "3051000"}],
        },
    }
)
WIDE = FormProfile.model_validate({"form": "wide", "group_by": ["ban", "product", "bill_period"]})
FORMS = {form.form: form for form in (DEFAULT, NARROW, WIDE)}
SERVICES = pl.DataFrame(
    {
        "service": ["S1", "S2", "S3"],
        "state": ["FL", "FL", "GA"],
        "product": ["Trunk group", "Line", None],
    }
)


def contract(form: str | None = None, minimum: str = "0.00") -> Contract:
    return Contract.model_validate(
        {
            "id": "C",
            "carrier": "ILEC",
            "effective_from": dt.date(2026, 1, 1),
            "accounts": ["*"],
            "dispute": {"form": form, "minimum_claim": minimum},
        }
    )


def lines(table: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Read ban, bill_date, closes, service, usoc, reason, stake; return findings and documents."""
    findings, papers = [], []
    for n, line in enumerate(table.strip().splitlines()):
        ban, billed, closes, service, usoc, reason, stake = line.split()
        last = dt.date.fromisoformat(closes)
        findings.append(
            {
                "finding_id": f"F{n}",
                "document_id": f"D{n}",
                "carrier": "ILEC",
                "ban": ban,
                "bill_date": dt.date.fromisoformat(billed),
                "service": service,
                "usoc": usoc,
                "reason": reason,
                "amount_at_stake": Decimal(stake),
            }
        )
        papers.append(
            {"document_id": f"D{n}", "contract": "C", "dispute_closes_on": last, "file_by": last}
        )
    return pl.DataFrame(findings, schema=FINDINGS), pl.DataFrame(papers)


def told(table: str, form: str | None = None, minimum: str = "0.00") -> list[str]:
    findings, papers = lines(table)
    found = group(findings, papers, [contract(form, minimum)], AS_OF, SERVICES, FORMS)
    claims = found.claims.with_columns(claim_no=pl.int_range(pl.len()).cast(pl.String))
    named = with_claim_no(found.findings, claims)
    assert named["claim_no"].null_count() == 0
    sums = named.group_by("claim_no").agg(pl.col("amount_at_stake").sum())
    assert (
        claims.join(sums, on="claim_no")
        .filter(pl.col("amount") != pl.col("amount_at_stake"))
        .is_empty()
    )
    columns = ["bill_month", "ban", "reason", "group_key", "amount", "dispute_closes_on", "status"]
    return ["  ".join(str(c) for c in row) for row in claims.select(columns).iter_rows()]


MIXED = """
    3051001  2026-10-05  2027-01-03  S1  TTB    RATE  1.00
    3051002  2026-10-05  2027-01-03  S1  1L5XX  RATE  2.00
    3051002  2026-10-07  2027-01-05  S2  1L5XX  RATE  4.00
    3052001  2026-10-05  2027-01-03  S2  TTB    RATE  8.00
    3052001  2026-11-05  2027-02-03  S2  TTB    DISC  16.00
    3052001  2026-11-05  2027-02-03  S3  TTB    RATE  32.00
    """


def test_a_form_says_by_which_keys_lines_go_into_one_claim() -> None:
    assert told(MIXED, "narrow") == [
        "2026-10  3051000  RATE  jurisdiction=inter|master_ban=3051000  6.00  2027-01-03  ready",
        "2026-10  3051000  RATE  jurisdiction=intra|master_ban=3051000  1.00  2027-01-03  ready",
        "2026-10  3052001  RATE  jurisdiction=local|master_ban=3052001  8.00  2027-01-03  ready",
        "2026-11  3052001  DISC  jurisdiction=local|master_ban=3052001  16.00  2027-02-03  ready",
        "2026-11  3052001  RATE  jurisdiction=local|master_ban=3052001  32.00  2027-02-03  ready",
    ]


def test_without_a_form_a_claim_is_account_reason_and_bill_month() -> None:
    assert [row.split()[:5] for row in told(MIXED)] == [
        ["2026-10", "3051001", "RATE", "ban=3051001", "1.00"],
        ["2026-10", "3051002", "RATE", "ban=3051002", "6.00"],
        ["2026-10", "3052001", "RATE", "ban=3052001", "8.00"],
        ["2026-11", "3052001", "DISC", "ban=3052001", "16.00"],
        ["2026-11", "3052001", "RATE", "ban=3052001", "32.00"],
    ]


def test_months_of_a_wide_form_are_one_claim_of_the_oldest_that_is_in_time() -> None:
    table = """
        1  2026-08-05  2026-11-03  S1  TTB  RATE  1.00
        1  2026-09-05  2026-12-04  S1  TTB  RATE  2.00
        1  2026-10-05  2027-01-03  S1  TTB  RATE  4.00
        1  2026-10-12  2027-01-10  S1  TTB  RATE  8.00
        """
    period = "ban=1|product=Trunk group|bill_period="
    assert told(table, "wide") == [
        f"2026-08  1  RATE  {period}5  1.00  2026-11-03  expired",
        f"2026-09  1  RATE  {period}5  6.00  2026-12-04  ready",
        f"2026-10  1  RATE  {period}12  8.00  2027-01-10  ready",
    ]


def test_small_months_are_joined_as_soon_as_together_they_are_large_enough() -> None:
    table = """
        1  2026-07-05  2026-11-03  S1  TTB  RATE  4.00
        1  2026-08-05  2026-12-03  S1  TTB  RATE  2.00
        1  2026-09-05  2026-12-04  S1  TTB  RATE  9.00
        1  2026-10-05  2027-01-03  S1  TTB  RATE  2.50
        1  2026-11-05  2027-02-03  S1  TTB  RATE  0.50
        1  2026-12-05  2027-03-03  S1  TTB  RATE  1.00
        1  2026-10-05  2027-01-03  S1  TTB  DISC  3.00
        """
    assert [
        row.replace("  1  ", "  ").replace("ban=1  ", "") for row in told(table, None, "5")
    ] == [
        "2026-07  RATE  4.00  2026-11-03  expired",
        "2026-08  RATE  5.00  2026-12-03  ready",
        "2026-09  RATE  9.00  2026-12-04  ready",
        "2026-10  DISC  3.00  2027-01-03  draft",
        "2026-12  RATE  1.00  2027-03-03  draft",
    ]


def test_a_month_of_just_the_minimum_is_no_small_one() -> None:
    table = """
        1  2026-10-05  2027-01-03  S1  TTB  RATE  2.00
        1  2026-11-05  2027-02-03  S1  TTB  RATE  5.00
        """
    assert [row.split()[4:] for row in told(table, None, "5.00")] == [
        ["2.00", "2027-01-03", "draft"],
        ["5.00", "2027-02-03", "ready"],
    ]


@given(
    rows=st.lists(
        st.tuples(st.integers(1, 9), st.sampled_from("AB"), st.integers(1, 400)),
        max_size=14,
        unique_by=lambda row: row[:2],
    ),
    minimum=st.integers(0, 600),
)
def test_joining_is_what_a_person_would_do_month_by_month(
    rows: list[tuple[int, str, int]], minimum: int
) -> None:
    least = Decimal(minimum).scaleb(-2)
    table = "\n".join(
        f"{ban} 2026-{month:02d}-05 2027-{month:02d}-28 S1 TTB RATE {Decimal(cents).scaleb(-2)}"
        for month, ban, cents in rows
    )
    findings, papers = lines(table) if rows else (pl.DataFrame(schema=FINDINGS), None)
    if papers is None:
        return
    claims = group(findings, papers, [contract(None, str(least))], AS_OF, SERVICES, FORMS).claims
    expected: dict[tuple[str, str], Decimal] = {}
    for ban in "AB":
        held: list[tuple[int, Decimal]] = []
        for month, _, cents in sorted(row for row in rows if row[1] == ban):
            amount = Decimal(cents).scaleb(-2)
            if amount >= least:
                expected[ban, f"2026-{month:02d}"] = amount
                continue
            held.append((month, amount))
            if sum(part for _, part in held) >= least:
                expected[ban, f"2026-{held[0][0]:02d}"] = sum((p for _, p in held), Decimal(0))
                held = []
        expected |= {(ban, f"2026-{month:02d}"): amount for month, amount in held}
    found = {(row["ban"], row["bill_month"]): row["amount"] for row in claims.to_dicts()}
    assert found == expected
    status = ["draft" if amount < least else "ready" for amount in claims["amount"]]
    assert claims["status"].to_list() == status


def test_the_forms_that_are_shipped_can_be_read_and_say_what_their_carrier_forbids() -> None:
    forms = shipped()
    assert {"default", "verizon-wholesale", "lumen-qwest", "att-southwest"} <= set(forms)
    assert "bill_month" not in forms["lumen-qwest"].group_by
    assert forms["verizon-wholesale"].status_words["error validation"] == "reject_form"


def test_a_contract_names_its_form_or_follows_the_one_of_its_carrier() -> None:
    own = DEFAULT.model_copy(update={"form": "own", "carriers": ("ILEC",)})
    forms = {"own": own, **FORMS}
    agreed = {"A": ("ILEC", None), "B": ("ILEC", "wide"), "C": ("OTHER", None)}
    assert form_names(agreed, forms) == {"A": "own", "B": "wide", "C": "default"}


FAULTS: list[tuple[str, str]] = [
    ('form = "A b"', "form"),
    ('form = "x"\ngroup_by = ["bill_month"]', "needs ban or master_ban"),
    ('form = "x"\ngroup_by = ["ban", "colour"]', "group_by"),
    ('form = "x"\ngroup_by = ["ban", "state", "ban"]', "names a key twice"),
    ('form = "x"\n[status_words]\n"won" = "win"', "win: no such event"),
    ('form = "x"\n[[rules.region]]\nvalue = "a|b"', "value"),
    ('form = "x"\nextra = 1', "extra"),
    ("form = x", "is not TOML"),
]


@pytest.mark.parametrize(("text", "words"), FAULTS)
def test_a_text_that_is_no_profile_is_refused(text: str, words: str) -> None:
    with pytest.raises(FormError, match=words):
        parse_form(text)


def test_status_words_are_compared_as_people_write_them() -> None:
    text = 'form = "x"\n[status_words]\n"Pending  Validation" = "nothing"'
    words: dict[str, Any] = parse_form(text).status_words
    assert words == {"pending validation": "nothing"}
