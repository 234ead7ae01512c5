"""What a person decides is a row with who, when and why; the record follows, nothing is lost."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

import nights
import polars as pl
import pytest
from decided import MARCH, act, after_march, decide, finding, only, rows

from rebill.inquiry.explain import story
from rebill.night import batch
from rebill.night.job import Job
from rebill.run import plan
from rebill.run.acts import Accept, AuditAgain, Compare, StandIn, Void, Waive
from rebill.store.record import reading
from rebill.workspace.settings import ConfigError, Workspace

TABLES = ("documents", "lines", "findings", "claims", "customer_invoices", "customer_lines")


# --- documents --------------------------------------------------------------------------------


def test_a_held_document_that_is_accepted_is_what_it_would_have_been_loaded(
    march: Workspace, tmp_path: Path
) -> None:
    workspace = nights.small(tmp_path / "held")
    wrong = nights.bill(3, nights.USUAL, charges="48.00")
    nights.put(workspace, [("march.csv", wrong)])
    nights.night(workspace, MARCH)
    held = only(workspace, "documents")
    assert (held["status"], nights.table(workspace, "lines").height) == ("held", 0)
    assert only(workspace, "debits")["status"] == "held"
    decide(workspace, Accept(held["document_id"], act()))
    for name in ("lines", "claims", "customer_invoices", "customer_lines"):
        assert nights.exported(workspace, name) == nights.exported(march, name), name
    assert only(workspace, "documents")["status"] == "loaded"
    pull = only(workspace, "debits")
    assert (pull["status"], pull["amount"]) == ("expected", "48.00")
    assert rows(workspace, "findings", code="document_does_not_foot")
    (row,) = rows(workspace, "decisions")
    assert (row["act"], row["who"], row["decided_on"]) == ("accept", "ana", MARCH)
    assert (row["subject"], row["reason"]) == (held["document_id"], "she said so")


def test_a_voided_document_leaves_no_trace_but_its_row(march: Workspace) -> None:
    document = only(march, "documents")["document_id"]
    before = nights.exported(march, *TABLES)
    files = nights.outbox(march)
    decide(march, Void(document, act()))
    assert only(march, "documents")["status"] == "void"
    for name in ("lines", "customer_lines"):
        assert nights.table(march, name).height == 0, name
    assert not rows(march, "findings", document_id=document)
    claims = rows(march, "claims")
    assert {row["status"] for row in claims} == {"withdrawn"}
    assert {row["amount"] for row in claims} == {"0.00"}
    assert {row["status"] for row in rows(march, "customer_invoices")} == {"void"}
    pull = only(march, "debits")
    assert (pull["status"], pull["amount"]) == ("none", "0.00")
    assert not [name for name in nights.outbox(march) if name.startswith(("claims", "invoices"))]
    # Nothing is lost: accepted after all, it is what it was.
    decide(march, Accept(document, act()))
    after = nights.exported(march, *TABLES)
    for name in ("documents", "lines"):
        assert after[name] == before[name], name
    was, now = (pl.read_csv(t["customer_lines"].encode()) for t in (before, after))
    assert now.drop("invoice_no").equals(was.drop("invoice_no"))
    assert set(now["invoice_no"]).isdisjoint(was["invoice_no"])  # a number is never given twice
    stakes = ["finding_id", "amount_at_stake", "billed", "expected"]
    again = nights.table(march, "findings").select(stakes)
    assert again.equals(pl.read_csv(before["findings"].encode(), infer_schema=False)[stakes])
    assert only(march, "debits")["amount"] == "47.00"
    assert len([name for name in nights.outbox(march) if name.startswith("invoices")]) == len(
        [name for name in files if name.startswith("invoices")]
    )
    assert [row["act"] for row in rows(march, "decisions")] == ["void", "accept"]


def test_what_repeats_a_voided_bill_is_told_again_and_the_repeat_counts(tmp_path: Path) -> None:
    workspace = nights.small(tmp_path / "w")
    twice = [
        ("march.csv", nights.bill(3, nights.USUAL)),
        ("more.csv", nights.bill(3, "1FB 6145550131 20.00 20.00", number="INV3B")),
    ]
    nights.put(workspace, twice)
    nights.night(workspace, MARCH)
    (repeat,) = rows(workspace, "findings", code="charged_twice")
    assert repeat["amount_at_stake"] == "20.00"
    first = next(row for row in rows(workspace, "documents") if row["invoice_no"] == "INV3")
    decide(workspace, Void(first["document_id"], act()))
    assert not rows(workspace, "findings", code="charged_twice")
    (line,) = rows(workspace, "lines")
    assert (line["expected"], line["at_stake"]) == ("20.00", "0.00")
    missing = {row["usoc"] for row in rows(workspace, "findings", code="element_not_billed")}
    assert "TTB" in missing


def test_a_filed_claim_of_a_voided_document_stays_and_is_marked(march: Workspace) -> None:
    from rebill.disputes.file import story, submit

    number = rows(march, "claims")[0]["claim_no"]
    submit(march, [number], dt.date(2026, 4, 2), "ana", None)
    amount = rows(march, "claims", claim_no=number)[0]["amount"]
    decide(march, Void(only(march, "documents")["document_id"], act()), day="2026-04-03")
    (claim,) = rows(march, "claims", claim_no=number)
    assert claim["status"] == "submitted"
    assert claim["amount"] == amount
    with reading(march) as record:
        events = story(record, number)[2]["what"].to_list()
    assert events[-1] == "mark"


def test_what_a_filed_claim_says_of_a_voided_document_is_not_claimed_twice(
    march: Workspace,
) -> None:
    from rebill.disputes.file import record_events, submit

    filed, given_up = (row["claim_no"] for row in rows(march, "claims")[:2])
    submit(march, [filed], dt.date(2026, 4, 2), "ana", None)
    record_events(march, [{"claim_no": given_up, "what": "withdraw", "at": dt.date(2026, 4, 2)}])
    before = {name: nights.table(march, name) for name in ("claims", "findings")}
    document = only(march, "documents")["document_id"]
    decide(march, Void(document, act()), day="2026-04-03")
    decide(march, Accept(document, act()), day="2026-04-04")
    told = ["claim_no", "status", "amount"]
    ours = pl.col("claim_no").is_in([filed, given_up])
    after = nights.table(march, "claims").filter(ours).select(told)
    assert after.equals(before["claims"].filter(ours).select(told))
    names = ["finding_id", "claim_no"]
    was = before["findings"].filter(ours).select(names)
    again = nights.table(march, "findings").select(names)
    assert again.join(was, on="finding_id", how="semi").equals(was)
    # Each cent of the findings is in one claim.
    stakes = nights.table(march, "findings")["amount_at_stake"].cast(pl.Decimal(18, 2)).sum()
    live = nights.table(march, "claims")["amount"].cast(pl.Decimal(18, 2)).sum()
    assert stakes == live


def test_credits_on_a_voided_document_are_taken_back_from_their_claims(march: Workspace) -> None:
    from rebill.disputes.claims import happen, news_of
    from rebill.disputes.file import record_events, submit
    from rebill.store.record import changing

    was = finding(march, "rate_above_contract")
    number = was["claim_no"]
    submit(march, [number], dt.date(2026, 4, 1), "ana", None)
    nights.put(march, [("april.csv", nights.bill(4, nights.USUAL, previous="47.00"))])
    nights.night(march, "2026-04-30")
    april = next(row for row in rows(march, "lines") if row["bill_date"] == "2026-04-05")
    news = {"claim_no": number, "at": dt.date(2026, 4, 30), "what": "credit"}
    with changing(march) as record:
        events = record.claim_events().filter(pl.col("claim_no") == number).height
        credit = {
            "claim_no": number, "event": events + 1, "at": news["at"], "amount": Decimal("2.00"),
            "document_id": was["document_id"], "finding_id": was["finding_id"],
            "credit_id": april["line_id"], "matched_by": "hand",
        }  # fmt: skip
        happen(record, news_of([news | {"amount": Decimal("2.00")}]), pl.DataFrame([credit]))
    assert rows(march, "claims", claim_no=number)[0]["credited"] == "2.00"
    decide(march, Void(april["document_id"], act("2026-05-01")), day="2026-05-01")
    (claim,) = rows(march, "claims", claim_no=number)
    assert (claim["status"], claim["credited"]) == ("short_credited", "0.00")
    places = ("undisputed", "unfiled", "open", "credited", "denied", "withdrawn", "expired")
    for row in rows(march, "exposure"):
        assert Decimal(row["debited"]) == sum(Decimal(row[name]) for name in places)
    closed = [{"claim_no": number, "at": dt.date(2026, 5, 2), "what": "close"}]
    record_events(march, closed)


def test_credits_come_back_with_a_voided_document_that_is_accepted(tmp_path: Path) -> None:
    from claim_nights import came, claims, credits, filed

    workspace = filed(tmp_path / "w")
    line = "adjustment 1FB 6145550131 -2.00 rate corrected"
    came(workspace, 4, "2026-04-20", line, header="-16.67")
    taken, told = claims(workspace), credits(workspace)
    assert [taken[number][:2] for number in ("D-000001", "D-000002")] == [
        ("credited", "16.67"),
        ("credited", "2.00"),
    ]
    (april,) = rows(workspace, "documents", bill_date="2026-04-05")
    decide(workspace, Void(april["document_id"], act("2026-04-21")), day="2026-04-21")
    assert {claims(workspace)[number][1] for number in taken if taken[number][1] != "0.00"} == {
        "0.00"
    }
    decide(workspace, Accept(april["document_id"], act("2026-04-22")), day="2026-04-22")
    again = claims(workspace)
    assert again["D-000001"] == taken["D-000001"]
    assert again["D-000002"] == taken["D-000002"]
    assert credits(workspace) == told


def test_a_document_that_conflicts_can_replace_the_first(march: Workspace) -> None:
    cheaper = nights.USUAL.replace("22.00 22.00", "20.00 20.00")
    nights.put(march, [("march-2.csv", nights.bill(3, cheaper))])
    nights.night(march, MARCH)
    first, second = (
        rows(march, "documents", status=status)[0]["document_id"] for status in ("loaded", "held")
    )
    with pytest.raises(ConfigError, match=f"documents replace {first} --by {second}"):
        decide(march, Accept(second, act()))
    nights.put(march, [("feb.csv", nights.bill(2, cheaper, charges="1.00"))])
    nights.night(march, MARCH)
    other = rows(march, "documents", invoice_no="INV2")[0]["document_id"]
    with pytest.raises(ConfigError, match="is invoice INV2 .*, not INV3"):
        decide(march, Void(first, act(), instead=other), Accept(other, act(), word=None))
    decide(march, Void(first, act(), instead=second), Accept(second, act(), word=None))
    assert rows(march, "documents", status="loaded")[0]["document_id"] == second
    assert {row["document_id"] for row in rows(march, "lines")} == {second}
    assert not rows(march, "findings", code="rate_above_contract")
    pulls = {row["document_id"]: row["amount"] for row in rows(march, "debits")}
    assert pulls.items() >= {first: "0.00", second: "45.00"}.items()
    (row,) = rows(march, "decisions")
    assert (row["act"], row["subject"], row["other"]) == ("replace", first, second)


def test_a_document_is_replaced_by_a_file_or_stays(march: Workspace, tmp_path: Path) -> None:
    document = only(march, "documents")["document_id"]
    before = nights.kept(march)

    def replace(name: str, text: str) -> None:
        path = tmp_path / name
        path.write_text(text)
        decide(march, Void(document, act(), instead=""), StandIn(document, act()), file=path)

    for name, text, said in (
        ("other.csv", nights.bill(3, nights.USUAL, number="OTHER"), "has no invoice INV3"),
        ("same.csv", nights.bill(3, nights.USUAL) + "\n", "says nothing new"),
        ("wrong.csv", nights.bill(3, nights.USUAL, charges="48.00"), "does not foot"),
        ("march.csv", nights.bill(3, nights.USUAL), "taken in before"),
    ):
        with pytest.raises(ConfigError, match=said):
            replace(name, text)
        assert nights.kept(march) == before
    replace("right.csv", nights.bill(3, nights.USUAL.replace("22.00 22.00", "20.00 20.00")))
    statuses = {row["source_file"]: row["status"] for row in rows(march, "documents")}
    assert statuses == {"march.csv": "void", "right.csv": "loaded"}
    assert only(march, "decisions")["act"] == "replace"


@pytest.mark.parametrize("word", ["accept", "void"])
def test_an_act_on_what_is_not_there_or_done_already_is_refused(
    march: Workspace, word: str
) -> None:
    stage = {"accept": Accept, "void": Void}[word]
    with pytest.raises(ConfigError, match="there is no document nothing"):
        decide(march, stage("nothing", act()))
    document = only(march, "documents")["document_id"]
    if word == "void":
        decide(march, Void(document, act()))
    with pytest.raises(ConfigError, match="already"):
        decide(march, stage(document, act()))


def test_an_act_that_is_killed_changes_nothing(march: Workspace) -> None:
    document = only(march, "documents")["document_id"]
    before = nights.kept(march)

    def hook(boundary: str) -> None:
        if boundary == "Price":
            raise KeyboardInterrupt

    job = Job("decide", plan.plan_decision((Void(document, act()),)), dt.date.fromisoformat(MARCH))
    with pytest.raises(KeyboardInterrupt):
        batch.run(march, job, nights.QUIET, nights.now, hook)
    assert nights.kept(march) == before


# --- a second name ----------------------------------------------------------------------------


def test_decisions_are_kept_alike_on_both_databases(tmp_path: Path, database_url: str) -> None:
    workspace = nights.copied(tmp_path / "w", after_march, database_url)
    name = finding(workspace, "rate_above_contract")["finding_id"]
    until = dt.date(2026, 12, 31)
    decide(workspace, Waive((name,), None, until, act()), lines=False)
    document, line = name.partition(":")[0].rpartition("-")[0], name.partition(":")[0]
    decide(workspace, Void(document, act()))
    with reading(workspace) as record:
        assert "is void" in story(record, line)["outcome"]
    decide(workspace, Accept(document, act()))
    again = finding(workspace, "rate_above_contract")
    # The waiver names the finding, which is back as it was.
    assert (again["waived"], again["claim_no"]) == ("true", None)
    with reading(workspace) as record:
        (told,) = [
            one for one in story(record, line)["findings"] if one["code"] == "rate_above_contract"
        ]
    assert told["waived_until"] == until
    outcome = decide(workspace, AuditAgain("2026-03", act()), compare=Compare(keep=False))
    assert not outcome.difference
    acts = [(row["act"], row["holds_until"]) for row in rows(workspace, "decisions")]
    assert acts == [("waive", "2026-12-31"), ("void", None), ("accept", None)]
