"""The stage of receivables: customers are reminded of what is past due, where the night may."""

from __future__ import annotations

from rebill.receivables.payments import received
from rebill.receivables.reminders import due, keep, without_lacking
from rebill.run.outcomes import Outcomes
from rebill.run.run import Run
from rebill.run.stages import Remind


def remind(run: Run, stage: Remind, so_far: Outcomes) -> None:
    """Count the letters that are due, and leave them on record as sent where the settings say so.

    They are written once the record is kept.
    """
    record = run.record
    rows = due(record, stage.as_of)
    if rows.is_empty():
        return
    if not stage.sends:
        run.count("reminders due", rows.select("customer", "letter").n_unique())
        return
    if received(record).is_empty():
        run.log.warning("nobody is reminded", reason="no payment of any customer is on record")
        return
    able, lacking = without_lacking(record, rows)
    for why in lacking:
        run.log.warning("reminder lacking", reason=why)
    who = record.workspace.hand.who
    run.count("reminders sent", len(keep(record, able, stage.as_of, who, run.run_id)))
