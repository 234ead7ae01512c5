"""How each stage of a plan is carried out, on the run's own connection.

Bulk facts are written as new Parquet files; where rows of documents audited before change, the
files of their carrier and month are written again without them and the old ones superseded.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rebill.cash.stage import match_pulls, read_bank, schedule
from rebill.disputes import waivers
from rebill.disputes.follow import follow
from rebill.disputes.stage import claim_findings
from rebill.intake.stage import read, settle_documents
from rebill.judging import again
from rebill.judging.accept import accept
from rebill.judging.go_back import go_back
from rebill.judging.stage import audit_lines, check_bills
from rebill.judging.void import stand_in, take_back, void
from rebill.receivables.stage import remind
from rebill.run.acts import Accept, AuditAgain, Compare, Reopen, StandIn, Void, Waive
from rebill.run.outcomes import Outcomes, Said
from rebill.run.run import Run
from rebill.run.stages import (
    Audit,
    CheckBills,
    Claim,
    FollowClaims,
    GoBack,
    Hold,
    MatchPulls,
    Price,
    ReadBank,
    ReadFile,
    Remind,
    Schedule,
    Settle,
    Stage,
    TakeBack,
)
from rebill.selling.stage import hold_drafts, price_lines

HANDLERS: dict[type[Any], Callable[[Run, Any, Outcomes], Said | None]] = {
    Accept: accept,
    Void: void,
    StandIn: stand_in,
    Waive: waivers.waive,
    Reopen: waivers.reopen,
    AuditAgain: again.audit_again,
    Compare: again.compare,
    GoBack: go_back,
    TakeBack: take_back,
    ReadFile: read,
    Settle: settle_documents,
    Audit: audit_lines,
    ReadBank: read_bank,
    MatchPulls: match_pulls,
    Schedule: schedule,
    CheckBills: check_bills,
    FollowClaims: follow,
    Claim: claim_findings,
    Price: price_lines,
    Hold: hold_drafts,
    Remind: remind,
}
"""Who carries out which stage; what goes to the outbox follows after the record is kept."""


def carry_out(run: Run, stage: Stage, so_far: Outcomes) -> Outcomes:
    """Carry out one stage of the plan, and return what it and those before it said."""
    return so_far.and_(HANDLERS[type(stage)](run, stage, so_far))
