"""What a person decides is a row with who, when and why; the record follows, nothing is lost."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

import nights
import polars as pl
import pytest

from rebill.inquiry.explain import story
from rebill.night import batch
from rebill.night.job import Job, pick
from rebill.reference.load import load
from rebill.run import plan
from rebill.run.acts import Accept, Act, AuditAgain, Compare, Exempt, Reopen, StandIn, Void, Waive
from rebill.store.record import reading
from rebill.workspace.settings import ConfigError, Workspace, open_workspace
from reconcile.claims.approval import lacking

MARCH = "2026-03-31"
TABLES = ("documents", "lines", "findings", "claims", "customer_invoices", "customer_lines")


def act(day: str = MARCH, who: str = "ana", reason: str = "she said so") -> Act:
    return Act(who, dt.date.fromisoformat(day), reason)


def decide(
    workspace: Workspace,
    *acts: object,
    day: str = MARCH,
    lines: bool = True,
    compare: Compare | None = None,
    file: Path | None = None,
) -> batch.Outcome:
    seen, where = pick(workspace, [file] if file else [])
    planner = plan.plan_decision(acts, lines=lines, compare=compare)  # type: ignore[arg-type]
    job = Job("decide", planner, dt.date.fromisoformat(day), seen, where)
    return batch.run(workspace, job, nights.QUIET, lambda: nights.NOW)


def rows(workspace: Workspace, name: str, **where: str) -> list[dict[str, str]]:
    frame = nights.table(workspace, name)
    return frame.filter(*(pl.col(key) == value for key, value in where.items())).to_dicts()


@pytest.fixture
def march(tmp_path: Path) -> Workspace:
    """A workspace after the night of March: S1 billed 2.00 too much, S2 after its disconnect."""
    workspace = nights.small(tmp_path / "w")
    nights.put(workspace, [("march.csv", nights.bill(3, nights.USUAL))])
    nights.night(workspace, MARCH)
    return workspace


def only(workspace: Workspace, name: str) -> dict[str, str]:
    (row,) = nights.table(workspace, name).to_dicts()
    return row


# --- documents --------------------------------------------------------------------------------


def test_a_held_document_that_is_accepted_is_what_it_would_have_been_loaded(tmp_path: Path) -> None:
    workspace, other = nights.small(tmp_path / "w"), nights.small(tmp_path / "other")
    wrong = nights.bill(3, nights.USUAL, charges="48.00")
    nights.put(workspace, [("march.csv", wrong)])
    nights.night(workspace, MARCH)
    held = only(workspace, "documents")
    assert (held["status"], nights.table(workspace, "lines").height) == ("held", 0)
    assert only(workspace, "debits")["status"] == "held"
    decide(workspace, Accept(held["document_id"], act()))
    nights.put(other, [("march.csv", nights.bill(3, nights.USUAL))])
    nights.night(other, MARCH)
    for name in ("lines", "claims", "customer_invoices", "customer_lines"):
        assert nights.exported(workspace, name) == nights.exported(other, name), name
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
    from rebill.disputes.file import changing, record_events, submit

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
    before = nights.exported(march)

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
        assert nights.exported(march) == before
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
    before = nights.exported(march)

    def hook(boundary: str) -> None:
        if boundary == "Price":
            raise KeyboardInterrupt

    job = Job("decide", plan.plan_decision((Void(document, act()),)), dt.date.fromisoformat(MARCH))
    with pytest.raises(KeyboardInterrupt):
        batch.run(march, job, nights.QUIET, lambda: nights.NOW, hook)
    assert nights.exported(march) == before


# --- waivers ----------------------------------------------------------------------------------


def finding(workspace: Workspace, code: str) -> dict[str, str]:
    (row,) = rows(workspace, "findings", code=code)
    return row


def test_a_waived_finding_stays_as_it_was_and_is_not_claimed(march: Workspace) -> None:
    lines = nights.exported(march, "lines", "customer_lines")
    was = finding(march, "rate_above_contract")
    decide(march, Waive((was["finding_id"],), None, None, act()), lines=False)
    now = finding(march, "rate_above_contract")
    changed = {name for name, value in was.items() if now[name] != value}
    assert changed == {"claim_no", "waived", "waived_by"}
    assert now["claim_no"] is None
    assert nights.exported(march, "lines", "customer_lines") == lines
    (claim,) = rows(march, "claims", claim_no=was["claim_no"])
    assert (claim["status"], claim["amount"]) == ("withdrawn", "0.00")
    assert b"march.csv" in nights.outbox(march)["digest.html"], "the night's news stay"
    # Later nights leave it, and reopened it is claimed again.
    nights.night(march, "2026-04-02")
    assert finding(march, "rate_above_contract")["claim_no"] is None
    decide(
        march, Reopen((was["finding_id"],), (), act("2026-04-03")), day="2026-04-03", lines=False
    )
    back = finding(march, "rate_above_contract")
    assert back["waived"] == "false"
    (claim,) = rows(march, "claims", claim_no=back["claim_no"])
    assert (claim["status"], claim["amount"]) == ("ready", was["amount_at_stake"])


def test_a_waiver_ends_on_its_day(march: Workspace) -> None:
    was = finding(march, "rate_above_contract")
    until = dt.date(2026, 4, 10)
    decide(march, Waive((was["finding_id"],), None, until, act()), lines=False)
    nights.night(march, "2026-04-09")
    assert finding(march, "rate_above_contract")["claim_no"] is None
    nights.night(march, "2026-04-10")
    assert finding(march, "rate_above_contract")["claim_no"] is not None


def test_a_standing_exception_holds_for_bills_to_come(march: Workspace) -> None:
    exempt = Exempt("rate_above_contract", service="S1", usoc="1FB")
    decide(march, Waive((), exempt, None, act()), lines=False)
    nights.put(march, [("april.csv", nights.bill(4, nights.USUAL, previous="47.00"))])
    nights.night(march, "2026-04-30")
    found = rows(march, "findings", code="rate_above_contract")
    assert [row["waived"] for row in found] == ["true", "true"]
    assert [row["claim_no"] for row in found] == [None, None]
    assert rows(march, "findings", code="billed_after_disconnect")[-1]["claim_no"]
    number = only(march, "decisions")["id"]
    with pytest.raises(ConfigError, match="standing exception"):
        decide(
            march, Reopen((found[0]["finding_id"],), (), act("2026-05-01")), day="2026-05-01",
            lines=False,
        )  # fmt: skip
    decide(march, Reopen((), (int(number),), act("2026-05-01")), day="2026-05-01", lines=False)
    assert all(row["claim_no"] for row in rows(march, "findings", code="rate_above_contract"))


def test_what_the_carrier_knows_cannot_be_waived(march: Workspace) -> None:
    from rebill.disputes.file import submit

    was = finding(march, "rate_above_contract")
    submit(march, [was["claim_no"]], dt.date(2026, 4, 2), "ana", None)
    with pytest.raises(ConfigError, match="past waiving"):
        decide(march, Waive((was["finding_id"], "x:y"), None, None, act()), lines=False)
    exempt = Exempt("rate_above_contract", usoc="1FB")
    decide(march, Waive((), exempt, None, act()), lines=False)
    assert finding(march, "rate_above_contract")["claim_no"] == was["claim_no"]
    assert rows(march, "claims", claim_no=was["claim_no"])[0]["status"] == "submitted"


# --- months again -----------------------------------------------------------------------------


def corrected(workspace: Workspace, rate: str) -> None:
    folder = workspace.root / "reference"
    text = (folder / "buy_rates.csv").read_text().replace("1FB,20.00", f"1FB,{rate}")
    (folder / "buy_rates.csv").write_text(text)
    result = load(workspace, [folder], given=nights.NOW)
    assert result.ok, [str(error) for error in result.errors]


def bulk(workspace: Workspace) -> list[Path]:
    found = workspace.lines.rglob("*.parquet")
    return sorted(path for path in found if "reference" not in path.parts)


def test_months_again_show_the_difference_and_change_nothing(march: Workspace) -> None:
    corrected(march, "19.00")
    before = nights.exported(march)
    files = bulk(march)
    outcome = decide(march, AuditAgain("2026-03", act()), compare=Compare(keep=False))
    assert nights.exported(march) == before
    assert bulk(march) == files
    told = outcome.difference
    assert told is not None
    carrier = told.causes.filter(pl.col("side") == "carrier", pl.col("difference") != 0)
    assert set(carrier["cause"]) == {"rate"}
    # 1.00 of S1's rate; and the five days S2 was due cost 3.17, no longer 3.33.
    assert carrier["difference"].sum() == Decimal("1.16")
    assert told.causes.filter(pl.col("side") == "customer")["difference"].sum() < 0
    kept = decide(march, AuditAgain("2026-03", act()), compare=Compare(keep=True))
    assert kept.difference is not None
    for name in ("causes", "claims", "customers"):
        assert getattr(kept.difference, name).equals(getattr(told, name)), name
    stakes = [row["amount_at_stake"] for row in rows(march, "findings", code="rate_above_contract")]
    assert sorted(stakes) == ["0.00", "3.00"]
    again = decide(march, AuditAgain("2026-03", act()), compare=Compare(keep=True))
    assert not again.difference
    assert [row["act"] for row in rows(march, "decisions")] == ["reaudit", "reaudit"]


def test_months_again_are_what_one_night_with_the_new_tables_gives(tmp_path: Path) -> None:
    bills = [
        (f"{month}.csv", nights.bill(month, nights.USUAL, previous=previous))
        for month, previous in ((2, "0.00"), (3, "47.00"), (4, "47.00"))
    ]
    redone, fresh = nights.small(tmp_path / "redone"), nights.small(tmp_path / "fresh")
    nights.put(redone, bills)
    nights.night(redone, "2026-04-30")
    for workspace in (redone, fresh):
        corrected(workspace, "21.50")
    decide(
        redone, AuditAgain("2026-01", act("2026-04-30")), day="2026-04-30", compare=Compare(True)
    )
    nights.put(fresh, bills)
    nights.night(fresh, "2026-04-30")
    for name in ("documents", "lines", "customer_lines", "debits", "exposure"):
        assert nights.exported(redone, name) == nights.exported(fresh, name), name
    stakes = ["finding_id", "amount_at_stake", "message"]
    assert nights.table(redone, "findings")[stakes].equals(nights.table(fresh, "findings")[stakes])
    live = nights.table(redone, "claims").filter(pl.col("status") != "withdrawn")
    columns = ["ban", "reason", "bill_month", "amount"]
    assert live[columns].sort(columns).equals(nights.table(fresh, "claims")[columns].sort(columns))


def test_a_night_never_audits_a_closed_month_with_new_tables(march: Workspace) -> None:
    corrected(march, "19.00")
    nights.night(march, "2026-04-02")
    assert finding(march, "rate_above_contract")["amount_at_stake"] == "2.00"


# --- a second name ----------------------------------------------------------------------------


def test_a_claim_over_the_amount_needs_a_second_name(march: Workspace) -> None:
    from rebill.disputes.approval import approve
    from rebill.disputes.file import submit

    settings = march.root / "rebill.toml"
    settings.write_text(settings.read_text() + '[approval]\nclaims_over = "10.00"\n')
    workspace = open_workspace(march.root)
    large, small = sorted(rows(workspace, "claims"), key=lambda row: -float(row["amount"]))
    day = dt.date(2026, 4, 2)
    submit(workspace, [small["claim_no"]], day, None, None)

    def refused(who: str | None, said: str) -> None:
        with pytest.raises(ConfigError, match=said):
            submit(workspace, [large["claim_no"]], day, who, None)

    refused(None, "say who files it")
    refused("ana", "is over 10.00: a second person has to approve it")
    with pytest.raises(ConfigError, match="there is no claim D-9; .* nothing to approve"):
        approve(workspace, ["D-9", small["claim_no"]], act())
    approve(workspace, [large["claim_no"]], act(who="Ana"))
    refused(" ana", "whoever approved it may not file it too")
    approve(workspace, [large["claim_no"]], act(who="bea"))
    submit(workspace, [large["claim_no"]], day, "ana", None)
    assert {row["status"] for row in rows(workspace, "claims")} == {"submitted"}
    kept = [(row["act"], row["subject"], row["who"]) for row in rows(workspace, "decisions")]
    assert kept == [("approve", large["claim_no"], who) for who in ("Ana", "bea")]


def test_an_approval_ends_when_the_claim_grows() -> None:
    claims = pl.DataFrame({"claim_no": ["D-1", "D-2"], "amount": [Decimal("20.00")] * 2})
    approvals = pl.DataFrame(
        {
            "claim_no": ["D-1", "D-2"],
            "who": ["bea", "bea"],
            "amount": [Decimal("19.99"), Decimal("20.00")],
        }
    )
    found = lacking(claims, approvals, Decimal("10.00"), "ana")
    assert found["claim_no"].to_list() == ["D-1"]
    assert "grown" in found["why"].item()
    assert lacking(claims, approvals, Decimal("20.00"), "ana").is_empty()
    assert lacking(claims, approvals, None, None).is_empty()


def test_decisions_are_kept_alike_on_both_databases(tmp_path: Path, database_url: str) -> None:
    workspace = nights.small(tmp_path / "w", database_url)
    nights.put(workspace, [("march.csv", nights.bill(3, nights.USUAL))])
    nights.night(workspace, MARCH)
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
