"""The commands that look ahead: position, recovery, securities, commitments, forecast, report."""

from __future__ import annotations

from pathlib import Path

from rebill.cli_base import HERE, AsOf, Json, Where, cash, example, open_place


def _show_table(name: str, as_of: AsOf, json: bool, workspace: Path, today_only: bool) -> None:
    import polars as pl

    from rebill import batch
    from rebill.export import table_frame
    from rebill.views import show

    with batch.reading(open_place(workspace)) as record:
        day = as_of or record.last_as_of()
        rows = table_frame(record, name, None, day).collect()
    if today_only:
        rows = rows.filter(pl.col("on") == pl.lit(day, dtype=pl.Date)).sort("carrier")
    show(rows, json)


@cash.command("position", epilog=example("rebill cash position --as-of 2026-03-31"))
def cash_position(as_of: AsOf = None, json: Json = False, workspace: Where = HERE) -> None:
    """Show, carrier by carrier, what is pending, left to file, expected back, and what it costs."""
    _show_table("exposure_detail", as_of, json, workspace, today_only=True)


@cash.command("recovery", epilog=example("rebill cash recovery --as-of 2026-03-31"))
def cash_recovery(as_of: AsOf = None, json: Json = False, workspace: Where = HERE) -> None:
    """List what is waited for: what is likely to come back, when, and what waiting costs."""
    _show_table("recovery", as_of, json, workspace, today_only=False)


@cash.command("rates", epilog=example("rebill cash rates --as-of 2026-03-31"))
def cash_rates(as_of: AsOf = None, json: Json = False, workspace: Where = HERE) -> None:
    """Show the share each carrier grants of claims of a reason, and how sure that is."""
    _show_table("win_rates", as_of, json, workspace, today_only=False)
