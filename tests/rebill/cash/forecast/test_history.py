"""How customers paid, and a forecast of a whole record on the command line."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import nights
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from rebill.cash.forecast import gather as gathering
from rebill.cash.forecast.gather import gather
from rebill.cash.forecast.history import PAID, changes, paid
from rebill.cli.main import command_line
from rebill.reference.load import load
from rebill.store.record import reading
from rebill.workspace.settings import SETTINGS_FILE, ConfigError, Workspace, open_workspace

D = Decimal
START = dt.date(2026, 1, 1)
DAY = dt.timedelta(1)
INVOICES = {
    "invoice_no": pl.String(),
    "customer": pl.String(),
    "bill_date": pl.Date(),
    "due_date": pl.Date(),
    "total": pl.Decimal(18, 2),
    "status": pl.String(),
}
PAYMENTS = {
    "customer": pl.String(),
    "invoice_no": pl.String(),
    "paid_on": pl.Date(),
    "amount": pl.Decimal(18, 6),
}


def plain(invoices: list[Any], payments: list[Any], as_of: dt.date) -> dict[str, Any]:
    """Say what is open of each invoice and when it was paid, one day after the other."""
    found: dict[str, Any] = {}
    for customer in {i[1] for i in invoices}:
        own = [i for i in invoices if i[1] == customer and i[5] != "void"]
        known = [p for p in payments if p[0] == customer and p[2] <= as_of]
        named = {i[0]: [p for p in known if p[1] == i[0]] for i in own}
        pool = [(p[2], p[3]) for p in known if p[1] not in named]
        waits = []
        for number, _, billed, _due, total, _ in sorted(own, key=lambda i: (i[3], i[0])):
            got = sum((p[3] for p in named[number]), D(0))
            last = max((p[2] for p in named[number]), default=None)
            spare = (got - total) if named[number] else -total
            if spare > 0:
                pool.append((last or billed, spare))
            waits.append((number, max(total - got, D(0)), last))
        reached = D(0)
        for number, rest, last in waits:
            reached += rest
            total = sum((amount for _, amount in pool), D(0))
            left = rest - max(min(total - (reached - rest), rest), D(0))
            on = last
            if rest > 0:
                days = (START + DAY * n for n in range(400))
                on = next(
                    (d for d in days if sum((a for at, a in pool if at <= d), D(0)) >= reached),
                    None,
                )
            found[number] = (left, on if left == 0 else None)
    return found


@settings(max_examples=30)
@given(data=st.data())
def test_invoices_are_paid_as_a_plain_count_says(data: st.DataObject) -> None:
    day = st.integers(0, 90).map(lambda n: START + DAY * n)
    total = st.integers(-2_000, 10_000).map(lambda cents: D(cents).scaleb(-2))
    invoices = [
        (
            f"I{n}",
            data.draw(st.sampled_from("AB")),
            billed := data.draw(day),
            billed + DAY * data.draw(st.integers(0, 30)),
            data.draw(total),
            data.draw(st.sampled_from(["draft", "issued", "void"])),
        )
        for n in range(data.draw(st.integers(0, 5)))
    ]
    numbers = st.sampled_from([None, "I9", *(i[0] for i in invoices)])
    payments = [
        (
            data.draw(st.sampled_from("AB")),
            data.draw(numbers),
            data.draw(day),
            data.draw(total.filter(lambda amount: amount > 0)),
        )
        for _ in range(data.draw(st.integers(0, 6)))
    ]
    as_of = data.draw(day)
    found = paid(
        pl.DataFrame(invoices, schema=INVOICES, orient="row"),
        pl.DataFrame(payments, schema=PAYMENTS, orient="row"),
        as_of,
    )
    assert found.schema == PAID
    expected = plain(invoices, payments, as_of)
    told = {row["invoice_no"]: (row["open"], row["paid_on"]) for row in found.to_dicts()}
    assert told == expected


def test_a_month_differs_from_the_one_before_by_so_much() -> None:
    rows = [("A", "1", dt.date(2026, m, 10), D(amount)) for m, amount in ((1, 100), (2, 110))]
    rows += [("A", "2", dt.date(2026, m, 10), D(100)) for m in (1, 2)]
    rows += [("B", "1", dt.date(2026, 1, 10), D(5))]
    schema = {"carrier": pl.String, "ban": pl.String, "bill_date": pl.Date}
    frame = pl.DataFrame(rows, schema={**schema, "amount": pl.Decimal(18, 2)}, orient="row")
    (row,) = changes(frame).rows()
    assert row[0] == "A" and abs(row[1] - 0.005**0.5) < 1e-12


SURE = """
[forecast]
pay_spread_days = 0
bad_debt = "0"
doubtful = "0"
bill_spread = "0"
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A record that is only read."""
    return billed(tmp_path_factory.mktemp("sure"))


def billed(tmp_path: Path) -> Workspace:
    """Return a record of two bills of 47.00, nothing left to chance."""
    return nights.copied(tmp_path / "w", two_bills)


def two_bills(root: Path) -> None:
    workspace = nights.small(root)
    with (workspace.root / SETTINGS_FILE).open("a") as settings_file:
        settings_file.write(SURE)
    workspace = open_workspace(workspace.root)
    nights.put(workspace, [(f"{m}.csv", nights.bill(m, nights.USUAL)) for m in (2, 3)])
    nights.night(workspace, "2026-03-10")


def forecast(place: Workspace, *words: str, as_of: str = "2026-03-10") -> dict[str, Any]:
    arguments = ["cash", "forecast", "--as-of", as_of, "--workspace", str(place.root), "--json"]
    result = CliRunner().invoke(command_line(), [*arguments, *words], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    told: dict[str, Any] = json.loads(result.stdout)
    return told


def test_a_record_without_chances_has_one_future(place: Workspace) -> None:
    told = forecast(place, "--days", "60", "--scenarios", "50", "--opening-cash", "30.00")
    days = {row["on"]: row for row in told["days"]}
    # March's bill is pulled on the 20th; April's, like it, on the 20th of April.
    assert days["2026-03-20"]["known_pulls"] == days["2026-03-20"]["pulls"] == "47.00"
    assert (days["2026-04-20"]["known_pulls"], days["2026-04-20"]["pulls"]) == ("0.00", "47.00")
    invoices = nights.table(place, "customer_invoices").filter(pl.col("due_date") > "2026-03-10")
    for number, due, total in invoices.select("invoice_no", "due_date", "total").iter_rows():
        on = dt.date.fromisoformat(due)
        while on.weekday() > 4:
            on += DAY
        assert D(days[str(on)]["receipts"]) >= D(total), number
    case = told["cases"][0]
    assert case["lowest_p5"] == case["lowest_p95"]
    assert D(case["bounce"]) in (0, 1)


def test_the_same_seed_tells_the_same(place: Workspace) -> None:
    words = ("--days", "90", "--scenarios", "300")
    assert forecast(place, *words, "--seed", "4") == forecast(place, *words, "--seed", "4")


def test_customers_are_judged_by_how_they_paid(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = billed(tmp_path)
    invoices = nights.table(place, "customer_invoices").filter(pl.col("bill_month") == "2026-02")
    assert invoices.height == 2
    rows = "".join(
        f"P{n},{customer},{number},{dt.date.fromisoformat(due) - DAY * 10},{total}\n"
        for n, (customer, number, due, total) in enumerate(
            invoices.select("customer", "invoice_no", "due_date", "total").iter_rows()
        )
    )
    path = tmp_path / "customer_payments.csv"
    path.write_text(f"payment,customer,invoice_no,paid_on,amount\n{rows}")
    assert load(place, [path], given=nights.NOW).ok
    as_of = dt.date(2026, 3, 10)
    with reading(place) as record:
        few = gather(record, as_of, 40).receipts
        monkeypatch.setattr(gathering, "ENOUGH", 2)
        own = gather(record, as_of, 40).receipts
    # Two payments are too few to judge anybody by; if they were enough, all would pay ten days
    # early. What is paid already is not waited for.
    assert set(few.delays.days[few.delays.start]) == {0}
    assert set(own.delays.days[own.delays.start]) == {-10}
    march = nights.table(place, "customer_invoices").filter(pl.col("bill_month") == "2026-03")
    owed = sum(int(D(total) * 100) for total in march["total"])
    assert few.amount[few.month == -1].sum() == owed


def test_the_days_go_into_a_file_and_the_cases_onto_the_screen(
    place: Workspace, tmp_path: Path
) -> None:
    out = tmp_path / "new" / "days.csv"
    arguments = ["cash", "forecast", "--workspace", str(place.root), "--scenarios", "20"]
    result = CliRunner().invoke(command_line(), [*arguments, "--days", "30", "-o", str(out)])
    assert result.exit_code == 0
    assert "peak_funding_p95" in result.stdout and "disputed 5 days sooner" in result.stdout
    assert "no opening cash is known" in result.stderr
    rows = out.read_text().splitlines()
    assert rows[0].startswith("on,known_pulls,pulls,credits,receipts,balance_p5")
    assert len(rows) == 31


@pytest.mark.parametrize(
    "words",
    [
        ["--days", "0"],
        ["--scenarios", "0"],
        ["--scenarios", "1000000"],
        ["--seed", "-1"],
        ["--opening-cash", "much"],
        ["--opening-cash", "1.005"],
        ["--opening-cash", "inf"],
    ],
    ids=" ".join,
)
def test_what_makes_no_sense_is_wrong_usage(place: Workspace, words: list[str]) -> None:
    arguments = ["cash", "forecast", "--workspace", str(place.root), *words]
    assert CliRunner().invoke(command_line(), arguments).exit_code == 2


def test_an_empty_record_forecasts_nothing(workspace: Workspace) -> None:
    arguments = ["cash", "forecast", "--workspace", str(workspace.root)]
    for words in ([], ["--as-of", "2026-03-31"]):
        found = CliRunner().invoke(command_line(), [*arguments, *words]).exception
        assert isinstance(found, ConfigError)


def test_a_bill_that_takes_money_off_is_no_pull(tmp_path: Path) -> None:
    workspace = nights.small(tmp_path / "w")
    credit = nights.bill(3, "1FB 6145550131 -20.00 -20.00")
    nights.put(workspace, [("2.csv", nights.bill(2, nights.USUAL)), ("3.csv", credit)])
    nights.night(workspace, "2026-03-10")
    with reading(workspace) as record:
        known = gather(record, dt.date(2026, 3, 10), 60).pulls
    assert known.known.sum() == 0  # February's was pulled on the 20th of February
    assert (known.amount >= 0).all()
