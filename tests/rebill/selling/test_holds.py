"""Drafts that wait for a person: who lets them go, how long that holds, and what it says."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path
from typing import Any

import nights
import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from checkout import ROOT
from nights import bill, copied, loaded, night, now, put, small, table
from reference_files import write

from rebill import store
from rebill.night import batch
from rebill.night.job import Job
from rebill.run import plan
from rebill.run.acts import Act, AuditAgain, Exempt, Reopen, Waive
from rebill.selling import issue, rerate
from rebill.workspace.settings import SETTINGS_FILE, ConfigError, Workspace, open_workspace

ON = dt.date(2026, 3, 20)
PLAIN = "1FB 6145550131 20.00 20.00"
ONE, TWO = "ACME-2026-000001", "ACME-2026-000002"


@pytest.fixture
def march(tmp_path: Path) -> Workspace:
    """A workspace with the draft of March for C1: 22.00."""
    return copied(tmp_path / "w", _march)


def _march(root: Path) -> None:
    workspace = small(root)
    put(workspace, [("b3.csv", bill(3, PLAIN))])
    night(workspace, "2026-03-20")


def tables(workspace: Workspace, **texts: str) -> None:
    """Load reference tables as aligned text."""
    shutil.rmtree(workspace.root / "more", ignore_errors=True)
    loaded(workspace, write(workspace.root / "more", **texts))


def built(workspace: Workspace, month: str = "2026-03") -> None:
    job = Job("invoices build", plan.plan_prices((month,)), ON)
    batch.run(workspace, job, nights.QUIET, now)


def holds(workspace: Workspace) -> list[str | None]:
    return table(workspace, "customer_invoices")["hold"].to_list()


def act(on: dt.date = ON) -> Act:
    return Act("bea", on, "as agreed")


def decided(workspace: Workspace, *acts: Any) -> None:
    planner = plan.plan_decision(acts, lines=False)
    batch.run(workspace, Job("decide", planner, acts[0].act.on), nights.QUIET, now)


def with_limit(workspace: Workspace, setting: str) -> Workspace:
    with (workspace.root / SETTINGS_FILE).open("a") as file:
        file.write(f"\n[selling]\n{setting}\n")
    return open_workspace(workspace.root)


COUPON = """
    customer charge frequency amount effective_from
    C1       COUPON once      {}     2026-03-01
    """


def test_a_coupon_beyond_the_charges_waits_until_it_is_released_or_meant(march: Workspace) -> None:
    tables(march, customer_charges=COUPON.format("-30.00"))
    built(march)
    (hold,) = holds(march)
    assert hold is not None
    assert hold.startswith("30.00 of own discounts are above the charges of 22.00 (customer_charg")
    assert "; the total is negative, -8.00: " in hold
    assert hold.endswith(f"; to issue it as it is: rebill invoices release {ONE} --reason TEXT")
    issued, waiting = issue.issue(march, [], ON, now, "2026-03")
    assert issued.is_empty() and waiting["hold"].to_list() == [hold]
    # Built again it stays released; with another number it is held again.
    assert issue.release(march, [ONE], act(), now)["hold"].to_list() == [None]
    built(march)
    assert holds(march) == [None]
    tables(march, customer_charges=COUPON.format("-31.00"))
    built(march)
    assert "the total is negative, -9.00" in str(holds(march)[0])
    said = table(march, "decisions").select("act", "who", "subject", "code", "amount", "reason")
    assert said.rows() == [
        ("release", "bea", ONE, "discounts_above_charges", "8.00", "as agreed"),
        ("release", "bea", ONE, "negative_total", "-8.00", "as agreed"),
    ]
    meant = COUPON.replace("effective_from", "effective_from consent").format("-31.00")
    tables(march, customer_charges=meant.replace("2026-03-01", "2026-03-01 true"))
    built(march)
    assert holds(march) == [None], "consent in the row covers the total that the row makes"


def test_an_invoice_of_credits_alone_is_released_by_command(march: Workspace) -> None:
    issue.issue(march, [], ON, now, "2026-03")
    back = bill(4, "1FB 6145550131 -20.00 -20.00").replace("2026-04-05,2026-05-05", "2026-03-05,"
        "2026-04-05").replace(",1,-20.00", ",-1,-20.00")  # fmt: skip
    put(march, [("b4.csv", back)])
    night(march, "2026-04-20")
    assert holds(march)[1] == (
        "the total is negative, -22.00: look at what gives more back than is charged; to issue it"
        f" as it is: rebill invoices release {TWO} --reason TEXT"
    )
    issue.release(march, [TWO], act(), now)
    issued, waiting = issue.issue(march, [TWO], dt.date(2026, 4, 20), now)
    assert issued["status"].to_list() == ["issued"] and waiting.is_empty()


def test_a_price_above_ten_times_its_cost_waits_for_consent(march: Workspace) -> None:
    tables(march, markups="usoc method value\n1FB adder 180.01")
    built(march)
    assert "1 line(s) are priced above 10 times their cost" in str(holds(march)[0])
    assert "200.01 for what costs 20.00" in str(holds(march)[0])
    tables(march, markups="usoc method value\n1FB adder 180.00")
    built(march)
    assert holds(march) == [None], "ten times is not more than ten times"
    tables(march, markups="usoc method value consent\n1FB adder 180.01 true")
    built(march)
    assert holds(march) == [None]


def test_consent_is_that_of_the_row_that_priced_the_line(march: Workspace) -> None:
    tables(march, markups="usoc method value\n1FB flat 5.00")
    built(march)
    # The row consents now, but the draft still has the price of the row that did not.
    tables(march, markups="usoc method value below_cost\n1FB flat 5.00 true")
    issued, waiting = issue.issue(march, [], ON, now, "2026-03")
    assert issued.is_empty() and "priced below cost without consent" in waiting["hold"].item()
    built(march)
    assert holds(march) == [None]


@pytest.mark.parametrize(
    ("setting", "held"),
    [
        ("jump_percent = 50", "jump_percent 50"),
        ('jump_amount = "24.00"', None),
        ('jump_percent = 50\njump_amount = "1"', "jump_percent 50 and jump_amount 1"),
    ],
)
def test_a_month_that_moved_too_far_waits_and_says_from_what(
    march: Workspace, setting: str, held: str | None
) -> None:
    limited = with_limit(march, setting)
    more = "1FB 6145550131 20.00 20.00\nTTB 6145550131 5.00 21.82"
    tables(limited, customer_charges=COUPON.format("18.50").replace("2026-03", "2026-04"))
    put(limited, [("b4.csv", bill(4, more))])
    night(limited, "2026-04-20")
    # 22.00 and 5.50 of April with 18.50 of our own: 46.00, which is 24.00 more than in March.
    said = "the month comes to 46.00, which is 24.00 from the 22.00 of 2026-03 and more than"
    assert (holds(limited)[1] or "").startswith(f"{said} [selling] {held}" if held else "")
    assert bool(holds(limited)[1]) == bool(held)


def test_a_setting_that_cannot_be_meant_is_refused(march: Workspace) -> None:
    with pytest.raises(ConfigError, match=r"less than one percent; did you mean 50\?"):
        with_limit(march, "jump_percent = 0.5")


def test_a_release_lets_nothing_go_that_is_settled_elsewhere(march: Workspace) -> None:
    with pytest.raises(ConfigError, match=f"nothing of {ONE} can be released: nothing holds it"):
        issue.release(march, [ONE], act(), now)
    tables(
        march,
        tax_jurisdictions="customer jurisdiction\nC1 OH",
        tax_rates="jurisdiction tax rate effective_from effective_until\n"
        "OH sales 0.05 2020-01-01 2026-01-01",
    )
    built(march)
    with pytest.raises(ConfigError, match="no rate of OH is in force"):
        issue.release(march, [ONE], act(), now)
    tables(march, customer_charges=COUPON.format("-30.00"))
    built(march)
    (hold,) = issue.release(march, [ONE], act(), now)["hold"]
    assert "no rate of OH is in force" in hold and "negative" not in hold


# --- lines of another class than their code -----------------------------------------------------


@pytest.fixture
def misread(tmp_path: Path) -> Workspace:
    """The same, with a recurring code of another bill read as usage."""
    return copied(tmp_path / "w", _misread)


def _misread(root: Path) -> None:
    workspace = copied(root, _march)
    other = bill(3, "TTB 6145550131 5.00 5.00", number="U3")
    put(workspace, [("u3.csv", other.replace(",recurring,", ",usage,"))])
    night(workspace, "2026-03-21")


def differing(workspace: Workspace) -> str:
    found = table(workspace, "findings").filter(code="class_differs")
    assert found["amount_at_stake"].to_list() == ["0.00"]
    return str(found["finding_id"].item())


def test_a_line_of_another_class_holds_its_draft_until_it_is_waived(misread: Workspace) -> None:
    name = differing(misread)
    (hold,) = holds(misread)
    assert hold == (
        "1 line(s) are of another class than their code (class_differs: the catalogue calls TTB"
        f" recurring, the line is read as usage): read them again, or rebill findings waive {name}"
        " --reason TEXT"
    )
    with pytest.raises(ConfigError, match="nothing of"):
        issue.release(misread, [ONE], act(), now)
    decided(misread, Waive((name,), None, dt.date(2026, 4, 1), act()))
    assert holds(misread) == [None]
    late, waiting = issue.issue(misread, [ONE], dt.date(2026, 4, 1), now)
    assert late.is_empty() and waiting.height == 1, "the waiver is over on that day"
    decided(misread, Reopen((name,), (), act()))
    assert holds(misread) == [hold]
    decided(misread, Waive((), Exempt("class_differs", None, None, "TTB"), None, act()))
    assert holds(misread) == [None]
    issued, _ = issue.issue(misread, [ONE], ON, now)
    assert issued["invoice_no"].to_list() == [ONE]


def test_a_corrected_catalogue_lets_the_draft_go(misread: Workspace) -> None:
    tables(misread, usocs="carrier usoc description kind\nILEC TTB Tones usage")
    again = plan.plan_decision((AuditAgain("2026-03", act()),))
    batch.run(misread, Job("reconcile --from", again, ON), nights.QUIET, now)
    found = table(misread, "findings").filter(code="class_differs")
    assert found.is_empty() and holds(misread) == [None]


# --- invoices that are issued again --------------------------------------------------------------


def test_an_invoice_issued_again_is_dated_and_due_from_that_day(march: Workspace) -> None:
    issue.issue(march, [ONE], ON, now)
    issue.void(march, [ONE], dt.date(2026, 4, 2), "wrong", now)
    built(march)
    again = table(march, "customer_invoices").filter(status="draft")["invoice_no"].item()
    issued, _ = issue.issue(march, [again], dt.date(2026, 4, 7), now)
    days = issued.select("bill_date", "due_date", "issued_on", "corrects").row(0)
    day, due = dt.date(2026, 4, 7), dt.date(2026, 4, 27)
    assert days == (day, due, day, ONE)
    first = table(march, "customer_invoices").filter(invoice_no=ONE)
    assert first.select("bill_date", "due_date").row(0) == ("2026-03-15", "2026-04-04")


def test_a_month_priced_again_is_not_issued_past_a_guard(march: Workspace) -> None:
    issue.issue(march, [ONE], ON, now)
    tables(march, markups="usoc method value\n1FB flat 5.00")
    day = dt.date(2026, 5, 2)
    shown = rerate.rerate(march, "2026-03", None, day, now, issue=False, note="x")
    assert shown.differences.height == 1
    with pytest.raises(ConfigError, match="would have to wait: 1 line.*rebill invoices void"):
        rerate.rerate(march, "2026-03", None, day, now, issue=True, note="x")
    assert table(march, "customer_invoices")["status"].to_list() == ["issued"]
    # As a draft it is looked at and let go.
    issue.void(march, [ONE], day, "dearer", now)
    built(march)
    again = table(march, "customer_invoices").filter(status="draft")["invoice_no"].item()
    issue.release(march, [again], act(day), now)
    issued, _ = issue.issue(march, [again], day, now)
    assert issued["bill_date"].to_list() == [day]


def test_the_digest_lists_the_drafts_that_wait(misread: Workspace) -> None:
    digest = (misread.outbox / "digest.csv").read_text().splitlines()
    (row,) = [line for line in digest if line.startswith("drafts,")]
    assert f",{ONE}," in row and "class_differs" in row and ",held," in row
    assert "Invoices that wait" in (misread.outbox / "digest.html").read_text()


# --- workspaces of an earlier version ------------------------------------------------------------


def test_an_upgrade_keeps_apart_what_taxes_lack_and_looks_for_the_rest_anew(
    march: Workspace,
) -> None:
    engine = store.make_engine(march.database_url)
    config = Config()
    config.set_main_option("script_location", str(ROOT / "migrations"))
    loss = (
        "1 line(s) are priced below cost without consent (markup row 3, -5.00 in all): set"
        " below_cost = true on the row, or raise the price, and build again"
    )
    for hold, lacking in ((loss, None), (f"{loss}; no rate", "no rate"), ("no rate", "no rate")):
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            command.downgrade(config, "0010")
            connection.execute(sa.text("UPDATE customer_invoices SET hold = :h"), {"h": hold})
            command.upgrade(config, "head")
        assert holds(march) == [hold], "nothing is issued because of an upgrade"
        issued, waiting = issue.issue(march, [ONE], ON, now) if lacking else (None, None)
        assert lacking is None or (issued.is_empty() and waiting["hold"].to_list() == [lacking])


def test_rows_that_no_load_would_take_today_go_on_and_hold_what_they_make(
    march: Workspace,
) -> None:
    tables(march, markups="method value consent\npercent 20 true")
    with store.transaction(march) as connection:
        connection.execute(sa.text("UPDATE markups SET consent = 0"))
        connection.execute(sa.text("UPDATE services SET state = 'OHIO'"))
    put(march, [("b4.csv", bill(4, PLAIN))])
    night(march, "2026-04-20")
    first, second = holds(march)
    assert first is None, "March is priced as it was"
    assert "420.00 for what costs 20.00" in str(second)
    tables(march, orders="order_no service usoc\nO1 S1 1FB")
    issue.release(march, [TWO], act(), now)
    issued, _ = issue.issue(march, [TWO], dt.date(2026, 4, 20), now)
    assert issued["invoice_no"].to_list() == [TWO]
