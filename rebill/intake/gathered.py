"""What the files of a run say together, and which contract holds the accounts they speak of."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from rebill.run.intake import Intake
from rebill.run.outcomes import FileRead
from reconcile.contracts import Contract, contract_for


def intake_of(files: Sequence[FileRead]) -> Intake:
    """Return what the files of a run say together, numbered in their order."""
    readings = [one.reading for one in files]
    numbered = [
        (number, reading, pl.lit(number, dtype=pl.Int64)) for number, reading in enumerate(readings)
    ]
    told = Intake()
    return Intake(
        reads=tuple(one.stage for one in files),
        documents=pl.concat(
            [told.documents, *(r.documents.with_columns(intake=mark) for _, r, mark in numbered)]
        ),
        findings=pl.concat(
            [told.findings, *(r.findings.with_columns(intake=mark) for _, r, mark in numbered)]
        ),
        quarantine=tuple(reading.quarantine for reading in readings),
        staged={n: one.staged for n, one in enumerate(files) if one.staged is not None},
        bundles=tuple((n, r.bundle) for n, r, _ in numbered if r.bundle is not None),
    )


def under_contract(documents: pl.DataFrame, contracts: list[Contract]) -> pl.DataFrame:
    """Return documents with `contract`, the one that holds the account on the bill date, or null.

    Rows and their order stay.
    """
    questions = documents.select("carrier", "ban", day="bill_date").unique()
    return documents.join(
        contract_for(questions.drop_nulls(), contracts),
        left_on=["carrier", "ban", "bill_date"],
        right_on=["carrier", "ban", "day"],
        how="left",
        maintain_order="left",
    )
