"""Whatever is on record is found by any of its names, however it is spelt, and told in full."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import found_world
import nights
import polars as pl
import pytest
from reference_files import write
from shell import Call

from rebill.cli.failures import NEEDS_A_PERSON
from rebill.inquiry.find import find, hits
from rebill.inquiry.found import find_words
from rebill.inquiry.found.hits import KINDS, names_on_record
from rebill.inquiry.found.spelling import LONGEST, spelt
from rebill.store.record import Record, reading
from rebill.workspace.settings import Workspace

SPELLINGS = """
    (614) 555-0131             service S0000001, account 6145550131123
    614 555 0131               service S0000001, account 6145550131123
    +1 614 555 0131            service S0000001, account 6145550131123
    1-614-555-0131             service S0000001, account 6145550131123
    6145550131                 service S0000001, account 6145550131123
    ="6145550131"              service S0000001, account 6145550131123
    614.555.0132               service S0000002
    555-0132                   service S0000002
    614/555/0199               number 6145550199
    555 0199                   number 6145550199
    45/HCGS/000003/HT          service S0000003
    45hcgs000003ht             service S0000003
    45 hcgs 000003..ht         service S0000003
    45/HCGS/3/HT               service S0000003
    99-abcd-000001-zz          circuit 99/ABCD/000001/ZZ
    99ABCD1ZZ                  circuit 99/ABCD/000001/ZZ
    s0000001                   service S0000001
    S-1                        service S0000001
    c1                         customer C00001
    C-00012                    customer C00012
    blue heron                 customer C00001, customer C00012
    BLUE, HERON dental!        customer C00001
    heron ban                  customer C00012
    quarry (park)              customer C00020
    305r010001                 account 305R010001
    305 R01 0001               account 305R010001
    6145550131-123             account 6145550131123
    ord-7                      order ORD-00007
    ORD 00007                  order ORD-00007
    pon 77 a                   order PON 77/A
    PON77A                     order PON 77/A
    d-1                        claim D-000001
    D000001                    claim D-000001
    acme-2026-1                invoice ACME-2026-000001
    ACME 2026 000001           invoice ACME-2026-000001
    INV-305-0003               document {march}
    inv 305 3                  document {march}
    {march}                    document {march}
    {MARCH}-00002              line {march}-2
    {march} 2                  line {march}-2
    {march}-1:rate_above_contract   finding {march}-1:rate_above_contract
    {MARCH} 1 Rate Above Contract   finding {march}-1:rate_above_contract
    {march}-7
    614 555 013
    16145550131123
    C00002
    blue heron zoo
"""
"""What is typed, and what is found; nothing where nothing stands."""
HOSTILE = (
    *(
        "",
        " ",
        "-",
        "\n",
        "\0",
        "\x1b[2J",
        "(",
        "[a-",
        "(a+)+$",
        ".*",
        "\\",
        "$1",
        "${1}",
        "'",
        '"',
    ),
    *("=1+1", '=HYPERLINK("x")', "'; DROP TABLE claims; --", "%", "_", "{0}", "%s", "\ud800", "ß"),
    *("٦١٤٥٥٥٠١٣١", "６１４", "\u202e131", "0", "00", "-0", "1e9", "9" * 64, "x" * 10_000),
    *("6145550131" * 1_000, "a b " * 60, "-".join("1" * 90), "\U0001f600"),
)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The house of `found_world`."""
    root = tmp_path_factory.mktemp("found") / "w"
    return nights.copied(root, found_world.after_two_months)


@pytest.fixture(scope="module")
def record(place: Workspace) -> Iterator[Record]:
    with reading(place) as record:
        yield record


@pytest.fixture(scope="module")
def names(record: Record) -> pl.DataFrame:
    return names_on_record(record)


@pytest.fixture(scope="module")
def march(record: Record) -> str:
    """The document of March."""
    documents = record.documents().filter(pl.col("bill_date") == dt.date(2026, 3, 5))
    return str(documents["document_id"].item())


def test_no_spelling_case_or_punctuation_tells_things_apart(
    record: Record, names: pl.DataFrame, march: str
) -> None:
    for row in SPELLINGS.strip("\n").splitlines():
        filled = row.strip().replace("{march}", march).replace("{MARCH}", march.upper())
        typed, _, wanted = filled.partition("  ")
        typed, _, wanted = filled.partition("   ") if not wanted else (typed, _, wanted)
        found = [f"{hit['kind']} {hit['id']}" for hit in hits(record, names, spelt(typed))]
        assert found == ([] if not wanted else wanted.strip().split(", ")), typed


def test_everything_of_a_number_is_told(record: Record, march: str) -> None:
    told = find(record, "614 555-0131")
    (hit,) = [hit for hit in told["hits"] if hit["exact"]]
    (service,) = hit["services"]
    assert told["as_of"] == dt.date(2026, 3, 31)
    assert (hit["kind"], hit["id"], hit["by"]) == ("service", "S0000001", "telephone number")
    assert service["customer_name"] == "Blue Heron Dental" and service["status"] == "in service"
    assert (service["carrier"], service["ban"], service["contract"]) == (
        *("ILEC", "305R010001"),
        "ACME-2026",
    )
    assert [row["line_id"] for row in hit["lines"]][:2] == [f"{march}-1", f"{march}-5"]
    assert hit["in_all"]["lines"] == 6, "three of each bill"
    assert hit["lines"][0]["price"] == Decimal("22.00"), "20.00 and ten percent"
    codes = {row["code"]: row["words"] for row in hit["findings"]}
    assert codes["rate_above_contract"] == "billed above the contract rate"
    assert {row["claim_no"] for row in hit["claims"]} == {
        row["claim_no"] for row in hit["findings"] if row["claim_no"]
    }
    assert [row["bill_month"] for row in hit["prices"]] == ["2026-03", "2026-02"]
    assert [row["order_no"] for row in hit["orders"]] == ["ORD-00007"]
    (customer,) = hit["call"]["customers"]
    assert customer["email"] == "a@example.com" and customer["address"] == "1 Harbor Street"
    assert hit["call"]["carriers"][0]["contracts"][0]["contract"] == "ACME-2026"


def test_the_day_says_how_claims_and_services_stand(record: Record) -> None:
    (claim,) = find(record, "D-1")["hits"]
    late = find(record, "D-1", dt.date(2027, 1, 1))["hits"][0]
    assert claim["claims"][0]["status"] != "expired" == late["claims"][0]["status"]
    before = find(record, "S1", dt.date(2024, 1, 1))["hits"][0]
    assert before["services"][0]["status"] == "not installed yet"


def test_each_kind_is_told_with_the_same_keys_and_fits_80_columns(
    record: Record, names: pl.DataFrame, march: str
) -> None:
    keys: set[tuple[str, ...]] = set()
    kinds = set()
    for name in ("s1", "6145550199", "99abcd1zz", "305R010001", "c1", "ord7", "D-1", march):
        kinds |= _shown(find(record, name), keys)
    for name in ("acme-2026-1", f"{march}-1", f"{march}-1:rate_above_contract", "blue"):
        kinds |= _shown(find(record, name), keys)
    assert kinds == set(KINDS) and len(keys) == 1


def _shown(told: dict[str, Any], keys: set[tuple[str, ...]]) -> set[str]:
    words = find_words.as_words(told)
    assert words and all(len(line) <= 80 for line in words.splitlines()), words
    keys |= {tuple(hit) for hit in told["hits"]}
    json.dumps(told, default=str)
    return {hit["kind"] for hit in told["hits"]}


def test_what_is_known_of_a_thing_is_told_of_it_alone(record: Record, march: str) -> None:
    told = {
        name: find(record, name)["hits"][0]
        for name in ("6145550199", "pon77a", "c20", f"{march}-1", "acme-2026-1")
    }
    number = told["6145550199"]
    assert number["services"] == [] and {row["wtn"] for row in number["lines"]} == {"6145550199"}
    assert {row["code"] for row in number["findings"]} == {"service_unknown"}
    assert [row["line_id"] for row in told["pon77a"]["lines"]][0] == f"{march}-5"
    assert [row["service"] for row in told["pon77a"]["services"]] == ["S0000001"]
    assert [row["service"] for row in told["c20"]["services"]] == ["S0000003"]
    assert told["c20"]["call"]["customers"][0]["customer"] == "C00020"
    assert [row["line_id"] for row in told[f"{march}-1"]["lines"]] == [f"{march}-1"]
    assert {row["line_id"] for row in told[f"{march}-1"]["findings"]} == {f"{march}-1"}
    assert {row["invoice_no"] for row in told["acme-2026-1"]["prices"]} == {"ACME-2026-000001"}


def test_prices_are_those_of_the_invoices_issued_or_not(
    tmp_path: Path, record: Record, rebill: Call
) -> None:
    place = nights.copied(tmp_path / "w", found_world.after_two_months)
    issue = ("invoices", "issue", "--bill-month", "2026-02", "--on", "2026-03-31")
    assert rebill(*issue, "--workspace", place.root)[0] == 0
    with reading(place) as issued:
        (now,) = find(issued, "s1")["hits"]
        sums = issued.customer_lines().filter(service="S0000001").group_by("invoice_no")
        told = sums.agg(pl.col("price").sum()).collect().sort("invoice_no", descending=True)
    assert [(row["invoice_no"], row["price"]) for row in now["prices"]] == told.rows()
    assert [row["status"] for row in now["prices"]] == ["draft", "issued"]
    (before,) = find(record, "s1")["hits"]
    without = [{**row, "status": ""} for row in before["prices"]]
    assert without == [{**row, "status": ""} for row in now["prices"]]


def test_nothing_that_is_typed_breaks_it(record: Record, names: pl.DataFrame) -> None:
    for text in HOSTILE:
        asked = spelt(text)
        hits(record, names, asked)
        assert asked.shown.isprintable() and len(asked.shown) < LONGEST
        assert len(text) <= LONGEST or not asked.key
    for text in ("", "(a+)+$", "x" * 10_000, "\x1b[2J", "\ud800"):
        told = find(record, text)
        words = find_words.as_words(told)
        assert told["hits"] == [] and all(line.isprintable() for line in words.splitlines())


def test_the_command_tells_one_lists_several_and_names_the_nearest(
    place: Workspace, rebill: Call
) -> None:
    own = ("--workspace", place.root)
    code, out, err = rebill("find", "614", "555", "0132", *own)
    assert (code, err) == (0, "") and out.startswith("S0000002: service, found by its telephone")
    code, out, _ = rebill("find", "blue", *own)
    assert code == 0 and "C00001  Blue Heron Dental" in out and "C00012" in out
    code, out, err = rebill("find", "6145550133", *own)
    assert (code, out) == (NEEDS_A_PERSON, "")
    assert "6145550131" in err and "looked at" in err and "telephone number" in err
    code, out, _ = rebill("find", "no such thing", "--json", *own)
    assert code == NEEDS_A_PERSON and json.loads(out)["hits"] == []
    told = json.loads(rebill("find", "c12", "--json", *own)[1])
    assert told["hits"][0]["invoices"][0]["total"] == "22.00"


TWO_CARRIERS = {
    **nights.TABLES,
    "usocs": """
        carrier usoc description kind
        ILEC    1FB  Line        recurring
        OTHER   1FB  Line        recurring
        """,
    "buy_rates": """
        contract  charge_class usoc rate  effective_from
        ACME-2026 recurring    1FB  20.00 2026-01-01
        B         recurring    1FB  5.00  2026-01-01
        """,
    "customers": """
        customer name  brand bill_day due_days
        C1       One   ACME  15       20
        C2       Two   ACME  1        30
        C3       Three ACME  1        30
        """,
    "services": """
        service carrier ban        wtn        circuit_id  customer installed_on disconnected_on
        S1      ILEC    305R010001 6145550131 11/AB/1//ZZ C1       2025-01-01
        S2      OTHER   700        6145550131 -           C2       2025-01-01
        S3      OTHER   700        -          11.AB.1..ZZ C2       2025-01-01
        S4      ILEC    305R010001 6145550132 -           C1       2025-01-01   2026-02-20
        S5      ILEC    305R010001 6145550132 -           C3       2026-02-20
        """,
    "service_elements": """
        service usoc quantity active_from
        S1      1FB  1        2025-01-01
        S2      1FB  1        2025-01-01
        S3      1FB  1        2025-01-01
        S5      1FB  1        2026-02-20
        """,
}
"""A number and a circuit that two carriers have, and a number that went to another customer."""


def test_what_another_carrier_bills_under_the_number_is_not_told_of_the_service(
    tmp_path: Path,
) -> None:
    place = nights.make(tmp_path / "w")
    theirs = nights.CONTRACT.replace("ACME-2026", "B").replace("ILEC", "OTHER")
    contracts = nights.CONTRACT + theirs.replace("305R01*", "700")
    nights.loaded(place, write(place.root / "ref", contracts=contracts, **TWO_CARRIERS))
    lines = {
        "ILEC": "1FB 6145550131 22.00 22.00; 1FB 6145550132 20.00 20.00; 1FB 6145550199 3.00 3.00",
        "OTHER": "1FB 6145550131 7.00 7.00; 1FB CIRCUIT 9.00 9.00; 1FB 6145550199 1.00 1.00",
    }
    bills = {carrier: own.replace("; ", "\n") for carrier, own in lines.items()}
    other = nights.bill(3, bills["OTHER"], ban="700", number="X").replace("ILEC", "OTHER")
    other = other.replace("CIRCUIT,", ",11.AB.1..ZZ")
    nights.put(place, [("ours.csv", nights.bill(3, bills["ILEC"])), ("other.csv", other)])
    nights.night(place, "2026-03-31")
    with reading(place) as record:
        told = {name: find(record, name)["hits"][0] for name in ("S1", "S2", "S3", "S4", "S5")}
        stray = find(record, "6145550199")["hits"]
    for name, hit in told.items():
        (own,) = hit["services"]
        assert {row["carrier"] for row in (*hit["lines"], *hit["findings"])} <= {own["carrier"]}
        assert {row["service"] for row in hit["prices"]} <= {name}
        assert [row["customer"] for row in hit["call"]["customers"]] == [own["customer"]]
        assert hit["at_stake"] == sum(row["amount_at_stake"] for row in hit["findings"])
    assert {name: str(hit["at_stake"]) for name, hit in told.items()} == {
        "S1": "2.00", "S2": "2.00", "S3": "4.00", "S4": "0.00", "S5": "0.00"
    }  # fmt: skip
    assert told["S4"]["prices"] == [] and told["S4"]["lines"], "its number is billed on"
    assert [row["price"] for row in told["S5"]["prices"]] == [Decimal("22.00")]
    assert [(hit["kind"], hit["carrier"], str(hit["at_stake"])) for hit in stray] == [
        ("number", "ILEC", "3.00"),
        ("number", "OTHER", "1.00"),
    ]


def test_explain_is_named_only_where_it_has_an_answer(place: Workspace, rebill: Call) -> None:
    with reading(place) as record:
        found = record.findings().select("finding_id", "line_id").collect()
    of_a_bill = found.filter(pl.col("line_id").is_null()).head(1)
    of_a_line = found.drop_nulls("line_id").head(1)
    assert of_a_bill.height == of_a_line.height == 1
    for finding, line in pl.concat([of_a_bill, of_a_line]).iter_rows():
        out = rebill("find", finding, "--workspace", place.root)[1]
        assert (f"rebill explain {finding} tells why" in out) == (line is not None)
        assert (rebill("explain", finding, "--workspace", place.root)[0] == 0) == (line is not None)
