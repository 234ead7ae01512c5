"""What a claim the carrier knows lacks of a finding that grew stands in a claim of its own."""

from __future__ import annotations

import atexit
import datetime as dt
import random
import shutil
import tempfile
from decimal import Decimal
from functools import cache
from pathlib import Path

import nights
import polars as pl
import pytest
import sqlalchemy as sa
from decided import act, decide, rows

from rebill.disputes import file
from rebill.disputes.packet.evidence import evidence
from rebill.disputes.packet.packet import packets
from rebill.disputes.tasks import tasks_of
from rebill.inquiry import explain
from rebill.inquiry.export import table_frame
from rebill.run.acts import Accept, AuditAgain, Compare, Exempt, Reopen, Void, Waive
from rebill.store import models_disputes
from rebill.store.record import changing, reading
from rebill.workspace.settings import Workspace, open_workspace
from reconcile.cash.exposure import PLACES

BILL = """
    1FB 6145550131 22.00 22.00
    TTB 6145550131 5.00  5.00
    """
"""S1 billed 2.00 above a contract of 20.00; its window closes on 2026-06-03."""
CODES = {"RATE": "rate_above_contract", "DISC": "billed_after_disconnect"}
START = dt.date(2026, 3, 20)


def billed_once(root: Path) -> None:
    workspace = nights.small(root)
    nights.put(workspace, [("march.csv", nights.bill(3, BILL))])
    nights.night(workspace, str(START))


def table(workspace: Workspace, name: str, old: str, new: str) -> None:
    """Load a reference table again with other words in it."""
    path = workspace.root / "reference" / f"{name}.csv"
    path.write_text(path.read_text().replace(old, new))
    nights.loaded(workspace, path.parent)


class Story:
    """A workspace and its day: each step is a day later."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace, self.day, self.rate, self.ended = workspace, START, "20.00", ""

    def told(self, steps: str) -> Story:
        """Let steps happen: `rate 18`, `file RATE`, `until 06-10`, `waive RATE` and so on."""
        for step in steps.split("; "):
            self.day += dt.timedelta(1)
            word, *rest = step.split()
            getattr(self, f"_{word}")(*rest)
        return self

    def _again(self) -> None:
        decide(
            self.workspace,
            AuditAgain("2026-03", act(str(self.day))),
            day=str(self.day),
            compare=Compare(keep=True),
        )

    def _rate(self, rate: str) -> None:
        table(self.workspace, "buy_rates", f"1FB,{self.rate}", f"1FB,{Decimal(rate):.2f}")
        self.rate = f"{Decimal(rate):.2f}"
        self._again()

    def _file(self, reason: str) -> None:
        own = pl.col("status").is_in(("draft", "ready")) & (pl.col("reason") == reason)
        numbers = nights.table(self.workspace, "claims").filter(own)["claim_no"].to_list()
        if numbers:
            file.submit(self.workspace, numbers, self.day, "ana", None)

    def _event(self, number: str, what: str, amount: str | None = None) -> None:
        told = {"claim_no": number, "what": what, "at": self.day, "who": "ana"}
        row = {**told, "amount": Decimal(amount) if amount else None}
        file.record_events(self.workspace, [row])

    def _until(self, day: str) -> None:
        self.day = dt.date.fromisoformat(f"2026-{day}")
        nights.night(self.workspace, str(self.day))

    def _disconnected(self, day: str) -> None:
        row = "S1,ILEC,305R010001,6145550131,C1,2025-01-01,"
        table(self.workspace, "services", f"{row}{self.ended}", f"{row}2026-{day}")
        self.ended = f"2026-{day}"
        self._again()

    def _waive(self, reason: str) -> None:
        exempt = Exempt(CODES[reason], usoc="1FB")
        one = act(str(self.day))
        decide(self.workspace, Waive((), exempt, None, one), day=str(self.day), lines=False)

    def _reopen(self) -> None:
        number = int(rows(self.workspace, "decisions", act="waive")[-1]["id"])
        one = act(str(self.day))
        decide(self.workspace, Reopen((), (number,), one), day=str(self.day), lines=False)

    def _void(self) -> None:
        (document,) = rows(self.workspace, "documents")
        one = act(str(self.day))
        decide(self.workspace, Void(document["document_id"], one), day=str(self.day))

    def _accept(self) -> None:
        (document,) = rows(self.workspace, "documents")
        one = act(str(self.day))
        decide(self.workspace, Accept(document["document_id"], one), day=str(self.day))

    def claims(self) -> list[str]:
        """Return reason, state and amount of the claims, those for nothing left out."""
        told = nights.table(self.workspace, "claims").filter(pl.col("amount") != "0.00")
        return [" ".join(row) for row in told.select("reason", "status", "amount").rows()]

    def places(self) -> dict[str, str]:
        """Return where the money of the bill stands on the day; the exports agree with each other.

        Every row of the exposure adds up, the claims are what they hold, and no line's claims that
        wait are more than what is at stake on it.
        """
        with reading(self.workspace) as record:
            days, bills, lines, claims = (
                table_frame(record, name, None, self.day).collect()
                for name in ("exposure", "bill_exposure", "claim_lines", "claims")
            )
        for frame in (days, bills):
            assert frame.filter(pl.col("debited") != pl.sum_horizontal(PLACES)).is_empty()
        summed = lines.group_by("claim_no").agg(pl.col("amount").sum())
        held = claims.filter(pl.col("amount") > 0).select("claim_no", "amount")
        assert held.sort("claim_no").equals(summed.select(held.columns).sort("claim_no"))
        day = days.filter(pl.col("on") == self.day).row(0, named=True)
        one = bills.row(0, named=True)
        assert {name: day[name] for name in PLACES} == {name: one[name] for name in PLACES}
        return {name: str(day[name]) for name in PLACES if day[name]}


@cache
def _begun(steps: str) -> Story:
    """Return a story as far as it is told: of stories that begin alike the beginning happens once.

    It is copied from, and nothing happens in it.
    """
    root = Path(tempfile.mkdtemp(prefix="rebill-story-")) / "w"
    atexit.register(shutil.rmtree, root.parent, ignore_errors=True)
    if not steps:
        return Story(nights.copied(root, billed_once))
    before, _, last = steps.rpartition("; ")
    return _copied(_begun(before), root).told(last)


def _copied(story: Story, root: Path) -> Story:
    shutil.copytree(story.workspace.root, root)
    copy = Story(open_workspace(root))
    copy.day, copy.rate, copy.ended = story.day, story.rate, story.ended
    return copy


def after(root: Path, steps: str) -> Story:
    """Return a story of one's own in which the steps have happened."""
    return _copied(_begun(steps), root / "w")


@pytest.fixture
def story(tmp_path: Path) -> Story:
    return after(tmp_path, "")


# what happens, a day each; the claims; where the 27.00 of the bill stand
STORIES = {
    "a claim not filed just grows": (
        "rate 18; rate 15", ["RATE ready 7.00"], {"undisputed": "20.00", "unfiled": "7.00"},
    ),
    "a filed one stays, the rest is a claim of its own": (
        "file RATE; rate 15", ["RATE submitted 2.00", "RATE ready 5.00"],
        {"undisputed": "20.00", "unfiled": "5.00", "open": "2.00"},
    ),
    "told in several nights it is the same": (
        "file RATE; rate 18; rate 17; rate 15", ["RATE submitted 2.00", "RATE ready 5.00"],
        {"undisputed": "20.00", "unfiled": "5.00", "open": "2.00"},
    ),
    "a third claim holds what two lack": (
        "file RATE; rate 18; file RATE; rate 15",
        ["RATE submitted 2.00", "RATE submitted 2.00", "RATE ready 3.00"],
        {"undisputed": "20.00", "unfiled": "3.00", "open": "4.00"},
    ),
    "what shrinks is first taken off the claim that is not filed": (
        "file RATE; rate 15; rate 19", ["RATE submitted 2.00", "RATE ready 1.00"],
        {"undisputed": "24.00", "unfiled": "1.00", "open": "2.00"},
    ),
    "a filed claim that is too high now stays": (
        "file RATE; rate 15; rate 21", ["RATE submitted 2.00"],
        {"undisputed": "25.00", "open": "2.00"},
    ),
    "what shrank and grows again is claimed once": (
        "file RATE; rate 15; rate 21; rate 15", ["RATE submitted 2.00", "RATE ready 5.00"],
        {"undisputed": "20.00", "unfiled": "5.00", "open": "2.00"},
    ),
    "an answered claim holds what it held": (
        "file RATE; event D-000001 deny; rate 15", ["RATE denied 2.00", "RATE ready 5.00"],
        {"undisputed": "20.00", "unfiled": "5.00", "denied": "2.00"},
    ),
    "so does one that is credited": (
        "file RATE; event D-000001 credit 2.00; rate 15", ["RATE credited 2.00", "RATE ready 5.00"],
        {"undisputed": "20.00", "unfiled": "5.00", "credited": "2.00"},
    ),
    "or granted in part": (
        "file RATE; event D-000001 grant_part 1.50; rate 15",
        ["RATE partial 2.00", "RATE ready 5.00"],
        {"undisputed": "20.00", "unfiled": "5.00", "open": "1.50", "denied": "0.50"},
    ),
    "or given up": (
        "event D-000001 withdraw; rate 15", ["RATE withdrawn 2.00", "RATE ready 5.00"],
        {"undisputed": "20.00", "unfiled": "5.00", "withdrawn": "2.00"},
    ),
    "an expired claim stays, and what it lacks expires too": (
        "until 06-10; rate 15", ["RATE expired 2.00", "RATE expired 5.00"],
        {"undisputed": "20.00", "expired": "7.00"},
    ),
    "and again": (
        "until 06-10; rate 18; rate 15",
        ["RATE expired 2.00", "RATE expired 2.00", "RATE expired 3.00"],
        {"undisputed": "20.00", "expired": "7.00"},
    ),
    "a rest that nobody files expires": (
        "file RATE; rate 15; until 06-10", ["RATE submitted 2.00", "RATE expired 5.00"],
        {"undisputed": "20.00", "open": "2.00", "expired": "5.00"},
    ),
    # Half of March is due: 10.00 of 22.00, and 2.50 of the other line's 5.00.
    "a line that is wrong for another reason is claimed for what is new": (
        "file RATE; disconnected 03-20", ["RATE submitted 2.00", "DISC ready 12.50"],
        {"undisputed": "12.50", "unfiled": "12.50", "open": "2.00"},
    ),
    "and for nothing where as much was filed": (
        "disconnected 03-20; file DISC; disconnected 04-20", ["DISC submitted 14.50"],
        {"undisputed": "12.50", "open": "14.50"},
    ),
    "what is waived does not grow": (
        "file RATE; waive RATE; rate 15", ["RATE submitted 2.00"],
        {"undisputed": "25.00", "open": "2.00"},
    ),
    "what grew is waived": (
        "file RATE; rate 15; waive RATE", ["RATE submitted 2.00"],
        {"undisputed": "25.00", "open": "2.00"},
    ),
    "and claimed when it is waived no longer": (
        "file RATE; waive RATE; rate 15; reopen", ["RATE submitted 2.00", "RATE ready 5.00"],
        {"undisputed": "20.00", "unfiled": "5.00", "open": "2.00"},
    ),
    "a document that is void and counts again is claimed once": (
        "file RATE; rate 15; void; accept", ["RATE submitted 2.00", "RATE ready 5.00"],
        {"undisputed": "20.00", "unfiled": "5.00", "open": "2.00"},
    ),
    # 0.40 is below the least that is claimed of a line; the line is not.
    "a small rest of a line is claimed": (
        "file RATE; rate 19.60", ["RATE submitted 2.00", "RATE ready 0.40"],
        {"undisputed": "24.60", "unfiled": "0.40", "open": "2.00"},
    ),
}  # fmt: skip


ALIKE = (
    "told in several nights it is the same",
    "what shrinks is first taken off the claim that is not filed",
    "so does one that is credited", "or given up", "and again", "what grew is waived",
)  # fmt: skip
"""Stories that go as another one does: told in the soak."""


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[pytest.mark.soak] if name in ALIKE else []) for name in STORIES],
)
def test_what_no_claim_holds_stands_in_a_claim_of_its_own(tmp_path: Path, name: str) -> None:
    steps, claims, places = STORIES[name]
    story = after(tmp_path, steps)
    assert story.claims() == claims
    assert story.places() == places
    # The night that follows finds nothing to change.
    before = nights.exported(story.workspace, "claims", "findings", "claim_lines", "claim_events")
    nights.night(story.workspace, str(story.day))
    assert nights.exported(story.workspace, *before) == before


def test_the_papers_name_what_grew_and_beyond_which_claim(tmp_path: Path) -> None:
    story = after(tmp_path, "file RATE; rate 15")
    # A night long before the window closes: nothing else is due.
    nights.night(story.workspace, "2026-03-30")
    papers = nights.outbox(story.workspace)
    digest = papers["digest.csv"].decode()
    (line,) = [row for row in digest.splitlines() if row.startswith("grown,")]
    assert "D-000002" in line
    assert "beyond what D-000001 holds" in line
    assert b"Claims that grew" in papers["digest.html"]
    (packet,) = [text for name, text in papers.items() if "000002" in name]
    assert b"2.00 of the line is in D-000001 already, 5.00 is new" in packet
    assert b",5.00," in packet
    with reading(story.workspace) as record:
        due = tasks_of(record, dt.date(2026, 3, 30))
        claim, lines, events = file.story(record, "D-000002")
        filed, old, marks = file.story(record, "D-000001")
        (found,) = rows(story.workspace, "findings", code="rate_above_contract")
        told = explain.story(record, found["line_id"])
    due = due.filter(pl.col("task") == "file")
    assert due.select("claim_no", "due_on").rows() == [("D-000002", dt.date(2026, 6, 3))]
    assert (claim["rest_of"].item(), filed["rest_of"].item()) == ("D-000001", None)
    assert lines["amount_at_stake"].to_list() == [Decimal("5.00")]
    assert old["amount_at_stake"].to_list() == [Decimal("2.00")]
    assert events["note"].to_list() == ["ready for 5.00; 5.00 of it beyond what D-000001 holds"]
    mark = f"{found['finding_id']}: 7.00 at stake now, 5.00 of it in D-000002"
    assert marks.filter(pl.col("what") == "mark")["note"].to_list() == [mark]
    assert [one["claim_no"] for one in told["claims"]] == ["D-000001", "D-000002"]
    # Filed too, it is on the list no more.
    story.day = dt.date(2026, 3, 31)
    story.told("file RATE")
    with reading(story.workspace) as record:
        assert "file" not in tasks_of(record, story.day)["task"].to_list()


def test_the_digest_names_what_grew_when_the_window_had_closed_and_for_ten_banking_days(
    tmp_path: Path,
) -> None:
    story = after(tmp_path, "until 06-10; rate 15")
    named = {}
    for day in ("2026-06-12", "2026-06-26", "2026-06-27"):
        nights.night(story.workspace, day)
        digest = nights.outbox(story.workspace)["digest.csv"].decode()
        named[day] = [row for row in digest.splitlines() if row.startswith("grown,")]
    (line,) = named["2026-06-12"]
    assert "D-000002" in line
    assert ",expired,,5.00," in line
    assert "beyond what D-000001 holds; its window has closed" in line
    assert named["2026-06-26"] == named["2026-06-12"]
    assert named["2026-06-27"] == []
    with reading(story.workspace) as record:
        due = tasks_of(record, dt.date(2026, 6, 12))
    assert "file" not in due["task"].to_list()


def test_a_packet_says_what_was_filed_before_and_what_is_new(tmp_path: Path) -> None:
    story = after(tmp_path, "file RATE; rate 18; file RATE; rate 15")
    with reading(story.workspace) as record:
        claims = record.claims()
        told = evidence(record, claims, story.day).sort("claim_no")
        made = [one for one in packets(record, claims, story.day) if not isinstance(one, str)]
    columns = ("claim_no", "amount_disputed", "amount_before", "parent_claim_no")
    assert told.select(columns).rows() == [
        ("D-000001", Decimal("2.00"), None, None),
        ("D-000002", Decimal("2.00"), Decimal("2.00"), "D-000001"),
        ("D-000003", Decimal("3.00"), Decimal("4.00"), "D-000001, D-000002"),
    ]
    assert [one.amount for one in made] == [Decimal("2.00"), Decimal("2.00"), Decimal("3.00")]


def test_a_claim_from_before_its_lines_were_kept_holds_what_it_was_filed_for(story: Story) -> None:
    story.told("file RATE")
    with changing(story.workspace) as record:
        record.connection.execute(sa.delete(models_disputes.ClaimLine))
    story.told("rate 15")
    assert story.claims() == ["RATE submitted 2.00", "RATE ready 5.00"]
    assert story.places() == {"undisputed": "20.00", "unfiled": "5.00", "open": "2.00"}
    story.told("event D-000001 credit 2.00")


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.soak)])
def test_rates_and_filings_in_any_order_lose_no_cent(story: Story, seed: int) -> None:
    chance = random.Random(seed)
    filed = 0
    for _ in range(6):
        if chance.random() < 0.5:
            story.told("file RATE")
        else:
            story.told(f"rate {chance.choice(['12', '15', '18.40', '21', '23'])}")
        places = story.places()
        stake = max(Decimal("22.00") - Decimal(story.rate), Decimal(0))
        before, filed = filed, Decimal(places.get("open", "0.00"))
        assert filed >= before
        assert Decimal(places.get("unfiled", "0.00")) == max(stake - filed, Decimal(0))
