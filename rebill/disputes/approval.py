"""Claims over an amount are filed by one person and approved by another.

Where the workspace names who may approve, that is a matter of logins and keys, and no longer of
the name that is typed: see `[approval]` of the settings.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path

import polars as pl

from invoices.schema import among
from rebill import __version__
from rebill.disputes.signatures import read_signature, signed_by, statement
from rebill.run.acts import Act
from rebill.store import finish_run, read_table, start_run
from rebill.store.decisions import decide, decisions
from rebill.store.engine import store_token
from rebill.store.models import Run
from rebill.store.record import Record, changing, reading
from rebill.workspace.settings import ConfigError, Workspace
from reconcile.claims.approval import lacking
from reconcile.claims.moves import allowed


def unapproved(record: Record, news: pl.DataFrame) -> list[str]:
    """Return why claims that events (`reconcile.claims.life.NEWS`) file may not be filed by who
    does.

    Nothing where all may. An approval counts from its day on.
    """
    settings = record.workspace.settings.approval
    over = settings.claims_over
    filed = news.filter(pl.col("what") == "submit")
    if over is None or filed.is_empty():
        return []
    claims = record.claims().select("claim_no", "amount")
    given = _approvals(record, filed["claim_no"])
    login = record.workspace.hand.who
    faults = []
    for (who, on), part in filed.group_by("who", "at", maintain_order=True):
        own = claims.join(part, on="claim_no", how="semi")
        so_far = given.filter(pl.col("decided_on") <= pl.lit(on))
        name = None if who is None else str(who)
        faults += [
            f"{number} is over {over:,.2f}: {why}"
            for number, why in lacking(own, so_far, over, name, settings.names, login)
            .select("claim_no", "why")
            .iter_rows()
        ]
    return faults


def to_approve(record: Record, claims: pl.DataFrame) -> pl.DataFrame:
    """Return those of `claims` that need the approval of a person, and have none that stands."""
    settings = record.workspace.settings.approval
    over = settings.claims_over
    if over is None or (large := claims.filter(pl.col("amount") > pl.lit(over))).is_empty():
        return claims.clear()
    given = _approvals(record, large["claim_no"])
    # Whoever files it is nobody yet: any approval that stands is that of another person.
    told = lacking(large, given, over, NOBODY_YET, settings.names, NOBODY_YET)
    return large.filter(among("claim_no", told["claim_no"]))


NOBODY_YET = "\x00"
"""A name that no login and no person has."""


def _approvals(record: Record, numbers: pl.Series) -> pl.DataFrame:
    """Return the approvals of claims: claim_no, decided_on, who, amount, login, signed.

    One counts as signed if the key that `who` has now signed just that.
    """
    known = decisions(record).filter(pl.col("act") == "approve")
    runs = read_table(record.connection, Run).select("id", login="who")
    own = known.filter(among("subject", numbers)).join(
        runs, left_on="run_id", right_on="id", how="left", maintain_order="left"
    )
    signed = {
        run
        for run in own.filter(pl.col("signature").is_not_null())["run_id"].unique()
        if run is not None and _still_signed(record, known.filter(pl.col("run_id") == run))
    }
    return own.select(
        *("decided_on", "who", "amount", "login"),
        claim_no="subject",
        signed=pl.col("run_id").is_in(list(signed)).fill_null(False),
    )


def _still_signed(record: Record, together: pl.DataFrame) -> bool:
    """Whether approvals that were made together are signed by the key of who made them."""
    first = together.row(0, named=True)
    key = record.workspace.settings.approval.keys.get(first["who"])
    act = Act(first["who"], first["decided_on"], first["reason"])
    text = statement(act, _amounts(together), store_token(record.connection))
    return key is not None and signed_by(key, first["signature"], text)


def _amounts(rows: pl.DataFrame) -> list[tuple[str, Decimal]]:
    number = "subject" if "subject" in rows.columns else "claim_no"
    return list(rows.select(number, "amount").iter_rows())


def to_sign(workspace: Workspace, claim_nos: Sequence[str], act: Act) -> str:
    """Return what a person signs to approve claims; raises ConfigError as `approve` does."""
    with reading(workspace) as record:
        claims = _fileable(record, claim_nos)
        return statement(act, _amounts(claims), store_token(record.connection))


def approve(
    workspace: Workspace,
    claim_nos: Sequence[str],
    act: Act,
    now: Callable[[], str],
    signature: Path | None = None,
) -> pl.DataFrame:
    """Record that a person agrees to file claims as they are: all, or none; return the claims.

    Raises ConfigError naming every claim that does not exist or cannot be filed any more, and where
    a signature is not that of `act.who` over these claims as they are.
    """
    text = None if signature is None else read_signature(signature)
    with changing(workspace) as record:
        claims = _fileable(record, claim_nos)
        if text is not None:
            _check(record, claims, act, text)
        run_id = start_run(
            record.connection, "disputes approve", act.on, __version__, now(), hand=workspace.hand
        )
        words = {"decided_on": act.on, "who": act.who, "act": "approve", "reason": act.reason}
        rows = claims.select(
            *(pl.lit(value).alias(name) for name, value in words.items()),
            "carrier",
            "amount",
            subject="claim_no",
            run_id=pl.lit(run_id),
            signature=pl.lit(text, dtype=pl.String),
        )
        decide(record, rows)
        finish_run(record.connection, run_id, "done", {"approved": claims.height}, {}, now())
    return claims.select("claim_no", "carrier", "ban", "reason", "bill_month", "status", "amount")


def counts(workspace: Workspace, signed: bool) -> bool:
    """Whether an approval made from here counts where the workspace says who may approve."""
    names = {name.strip().casefold() for name in workspace.settings.approval.names}
    return signed or not names or (workspace.hand.who or "").casefold() in names


def _fileable(record: Record, claim_nos: Sequence[str]) -> pl.DataFrame:
    """Return claims that can be filed; raises ConfigError naming every one that cannot."""
    claims = record.claims().filter(pl.col("claim_no").is_in(list(claim_nos)))
    faults = [
        f"there is no claim {number}" for number in sorted(set(claim_nos) - set(claims["claim_no"]))
    ]
    faults += [
        f"{number} is {status}: there is nothing to approve"
        for number, status in claims.select("claim_no", "status").iter_rows()
        if allowed(status, "submit") is None
    ]
    if faults:
        raise ConfigError("; ".join(faults))
    return claims


def _check(record: Record, claims: pl.DataFrame, act: Act, signature: str) -> None:
    """Refuse a signature that is not that of `act.who` over these claims, or was used before."""
    settings = record.workspace.settings.approval
    key = settings.keys.get(act.who)
    if key is None:
        raise ConfigError(f"{act.who} has no key in [approval.keys] of rebill.toml; add it there")
    names = {name.strip().casefold() for name in settings.names}
    if names and act.who.casefold() not in names:
        raise ConfigError(f"{act.who} is none of [approval] names: nothing was approved")
    if decisions(record).filter(pl.col("signature") == signature).height:
        raise ConfigError("this signature is on record already: sign a new statement")
    if not signed_by(
        key, signature, statement(act, _amounts(claims), store_token(record.connection))
    ):
        raise ConfigError(
            f"this is no signature of {act.who} over these claims as they are: print what is to be"
            " signed with --statement, and give the same name, day and reason"
        )
