"""What events of orders set in the inventory, and what a file says against them."""

from __future__ import annotations

from pathlib import Path

import nights
import pytest
from nights import table
from reference_files import write

from rebill.reference.current import table_of
from rebill.reference.load import LoadResult, load
from rebill.store.record import reading
from rebill.workspace.settings import Workspace

HEADS = """
    order_no carrier customer kind
    N1       ILEC    C1       new
    N2       ILEC    C1       record
    """
ITEMS = """
    order_no service usoc
    N1       S3      1FB
    N2       S4      1FB
    """
SERVICES = """
    service carrier customer installed_on ban
    S3      ILEC    C1       -            -
    S4      ILEC    C1       -            305R010001
    S5      ILEC    C1       -            -
    """
CHARGES = """
    order_no service usoc completed_on
    N1       S3      NRC1 -
    """
EVENTS = "order_no at event circuit_id ban\n"


def loaded(workspace: Workspace, replace: bool = False, **tables: str) -> LoadResult:
    write(workspace.root, **tables)
    paths = [workspace.root / f"{name}.csv" for name in tables]
    done = load(workspace, paths, given=nights.NOW, replace=replace)
    assert done.ok, done.errors
    return done


def planned(root: Path) -> None:
    """Make a workspace with services to come, and the orders of two of them."""
    workspace = nights.small(root)
    loaded(workspace, services=SERVICES)
    loaded(workspace, orders=CHARGES, order_heads=HEADS, order_items=ITEMS)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return nights.copied(tmp_path / "w", planned)


def service(workspace: Workspace, name: str = "S3") -> tuple[str | None, ...]:
    with reading(workspace) as record:
        row = table_of(record, "services").filter(service=name)
    said = row.select("installed_on", "ban", "circuit_id").row(0)
    return tuple(None if cell is None else str(cell) for cell in said)


def test_an_install_sets_the_day_and_where_the_service_is(workspace: Workspace) -> None:
    told = "N1 2026-03-02 confirmed 45/HCGS/9 - \n N2 2026-03-03 installed - -"
    loaded(workspace, order_events=EVENTS + told)
    assert service(workspace) == (None, None, "45/HCGS/9")
    done = loaded(workspace, order_events=EVENTS + "N1 2026-03-12 installed - 305R010001")
    assert service(workspace) == ("2026-03-12", "305R010001", "45/HCGS/9")
    assert {name: count.changed for name, count in done.counts.items()} == {
        **{"order_events": 0, "services": 1, "orders": 1},
    }
    # A record order installs nothing, and a service without an order is as it was.
    assert service(workspace, "S4") == (None, "305R010001", None)
    assert service(workspace, "S5") == (None, None, None)


def test_the_same_inventory_again_changes_nothing(workspace: Workspace) -> None:
    loaded(workspace, order_events=EVENTS + "N1 2026-03-12 installed - -")
    again = loaded(workspace, services=SERVICES, orders=CHARGES)
    assert again.load_id is None
    assert loaded(workspace, replace=True, orders=CHARGES).load_id is None


def test_a_day_follows_the_events_until_a_file_gives_another(workspace: Workspace) -> None:
    loaded(workspace, order_events=EVENTS + "N1 2026-03-12 installed - -")
    loaded(workspace, order_events=EVENTS + "N1 2026-03-13 installed - -")
    assert service(workspace)[0] == "2026-03-13"
    loaded(workspace, services=SERVICES.replace("C1       -", "C1       2026-03-11"))
    loaded(workspace, order_events=EVENTS + "N1 2026-03-14 installed - -")
    assert service(workspace)[0] == "2026-03-11"


def test_replacing_events_takes_neither_events_nor_services_away(workspace: Workspace) -> None:
    loaded(workspace, order_events=EVENTS + "N1 2026-03-12 installed - -")
    loaded(workspace, replace=True, order_events=EVENTS + "N1 2026-03-15 installed - -")
    assert service(workspace)[0] == "2026-03-15" and service(workspace, "S1")[0] == "2025-01-01"
    assert table(workspace, "order_status").height == 0  # without a night there is no day


def test_what_is_told_twice_is_added_once_and_names_an_order(workspace: Workspace) -> None:
    told = "N1 2026-03-12 installed - -\n"
    done = loaded(workspace, order_events=EVENTS + told + told)
    assert done.counts["order_events"].added == 1
    write(workspace.root, order_events=EVENTS + told + "- 2026-03-12 installed - -")
    done = load(workspace, [workspace.root / "order_events.csv"], given=nights.NOW)
    assert [str(error) for error in done.errors] == [
        "order_events.csv row 3: neither of order_no and pon given;"
        " name the order, or our purchase order number"
    ]


def test_an_install_that_cannot_be_is_kept_and_sets_nothing(workspace: Workspace) -> None:
    ended = "service carrier customer installed_on disconnected_on\nS3 ILEC C1 - 2026-03-10"
    loaded(workspace, services=ended)
    done = loaded(workspace, order_events=EVENTS + "N1 2026-03-12 installed - -")
    assert done.counts["order_events"].added == 1 and service(workspace)[0] is None
    loaded(workspace, order_events=EVENTS + "N1 2026-03-09 installed - -")
    # The last install counts: what is told in order of days, not of arrival.
    assert service(workspace)[0] is None
    loaded(workspace, services=ended.replace("2026-03-10", "2026-03-20"))
    assert service(workspace)[0] == "2026-03-12"


def test_days_that_do_not_fit_are_taken_and_told(workspace: Workspace) -> None:
    head = "order_no carrier customer submitted_on\nN1 ILEC C1 2026-03-01"
    told = "order_no at event due_on\nN1 2026-02-20 confirmed 2026-02-10"
    done = loaded(workspace, order_heads=head, order_events=told)
    assert [str(doubt) for doubt in done.warnings] == [
        "order_events.csv row 2: due_on 2026-02-10 lies before 2026-02-20, the day of the event;"
        " correct one of the two days, if they are wrong",
        "order_events.csv row 2: confirmed on 2026-02-20, before N1 was submitted on 2026-03-01;"
        " correct one of the two days, if they are wrong",
    ]


def test_a_completion_says_when_one_time_charges_are_due(workspace: Workspace) -> None:
    loaded(workspace, order_events=EVENTS + "N1 2026-03-12 installed - -")
    done = loaded(workspace, order_events=EVENTS + "N1 2026-03-16 completed - -")
    assert done.counts["orders"].changed == 1
    with reading(workspace) as record:
        assert str(table_of(record, "orders")["completed_on"].item()) == "2026-03-16"
