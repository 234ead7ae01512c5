"""The lines of a dispute packet: every field a carrier's form may ask for, one row a USOC.

A row is a USOC of one service on one bill under one claim; lines of the bill that agree in that are
one row, so that no carrier meets a USOC twice. What the row rests on, line by line, is evidence.
"""

from __future__ import annotations

import polars as pl

from invoices.money import ZERO_CENTS
from invoices.packet.letter import WHY
from invoices.periods import month_of
from invoices.schema import CENTS, RATE, seal

TEXT, DAY = pl.String(), pl.Date()

DISPUTE_LINES = pl.Schema(
    {
        "claim_no": TEXT,  # ours, unique, never reused
        "carrier_tracking_no": TEXT,
        "carrier_audit_no": TEXT,
        "is_resend": TEXT,  # true, false
        "parent_claim_no": TEXT,
        "carrier": TEXT,
        "ocn": TEXT,
        "acna": TEXT,
        "region": TEXT,
        "state": TEXT,
        "jurisdiction": TEXT,
        "product": TEXT,
        "billing_system": TEXT,
        "master_ban": TEXT,
        "ban": TEXT,
        "btn": TEXT,
        "wtn": TEXT,
        "circuit_id": TEXT,
        "service": TEXT,
        "usoc": TEXT,
        "description": TEXT,
        "class_of_service": TEXT,
        "quantity": RATE,
        "bill_date": DAY,
        "invoice_no": TEXT,
        "line_ref": TEXT,  # numbers of the lines on the bill
        "from_date": DAY,
        "thru_date": DAY,  # the last day, as carrier paper says it
        "service_order_no": TEXT,
        "pon": TEXT,
        "so_completion_date": DAY,
        "disconnect_date": DAY,
        "charge_type": TEXT,  # MRC, NRC, OCC, USAGE, TAX, SURCHARGE, LPC
        "billed_rate": RATE,  # null where the lines of the row have several
        "contract_rate": RATE,
        "rate_source": TEXT,
        "billed_rate_source": TEXT,
        "billed_qty": RATE,
        "expected_qty": RATE,
        "mileage_billed": RATE,
        "mileage_expected": RATE,
        "zone_billed": TEXT,
        "zone_expected": TEXT,
        "amount_billed": CENTS,
        "amount_expected": CENTS,
        "amount_disputed": CENTS,
        "amount_recurring": CENTS,  # of amount_disputed
        "amount_nonrecurring": CENTS,
        "amount_withheld": CENTS,  # nothing: the carrier pulls it all
        "amount_paid": CENTS,
        "paid_date": DAY,
        "pay_trace_no": TEXT,
        "reason_code": TEXT,
        "carrier_reason": TEXT,
        "reason_in_words": TEXT,
        "narrative": TEXT,
        "attachments": TEXT,
        "company": TEXT,
        "contact_name": TEXT,
        "contact_email": TEXT,
        "contact_phone": TEXT,
        "contact_fax": TEXT,
        "contact_address": TEXT,
        "filed_at": DAY,
        "deadline": DAY,
        "late": TEXT,  # LATE where the window has closed
        "packet_date": DAY,
        "bill_month": TEXT,
        "bill_period_day": TEXT,
        "service_identifier": TEXT,  # circuit, else telephone number
    }
)
"""The superset of the fields carriers ask for, and what our own layouts add."""

CHARGE_TYPES = {
    "recurring": "MRC",
    "prorated": "OCC",
    "one_time": "NRC",
    "usage": "USAGE",
    "tax": "TAX",
    "surcharge": "SURCHARGE",
    "late_charge": "LPC",
    "adjustment": "OCC",
}
"""Our charge classes in the trade's words."""

ROW_KEY = (
    *("claim_no", "carrier", "ban", "invoice_no", "bill_date", "service", "circuit_id", "wtn"),
    *("usoc", "charge_type"),
)
"""What makes a row: a USOC of one service on one bill."""
_SAME = (
    *("billed_rate", "contract_rate", "rate_source", "billed_rate_source", "zone_billed"),
    *("zone_expected", "service_order_no", "so_completion_date", "description"),
)
"""Said only where all lines of the row agree."""
_SUMS = ("billed_qty", "expected_qty", "amount_billed", "amount_expected")


def dispute_lines(evidence: pl.DataFrame) -> pl.DataFrame:
    """Return the rows of the evidence (`DISPUTE_LINES`), sorted by claim and row.

    `evidence` has a row for each finding of each disputed line: the line's own fields, `line_id`,
    and amount_disputed of the finding. A line that several findings of one claim dispute is billed
    once. The amounts disputed add up to those of the evidence.
    """
    code = pl.col("code") if "code" in evidence.columns else pl.lit(None, dtype=TEXT)
    rows = evidence.with_columns(
        reason_in_words=code.replace_strict(WHY, default=code.str.replace_all("_", " ")),
        charge_type=pl.col("charge_class").replace_strict(CHARGE_TYPES, default=None),
        thru_date=_last_day(),
    )
    own = pl.col("line_id").is_null() | pl.struct("claim_no", "line_id").is_first_distinct()
    rows = rows.with_columns(pl.when(own).then(pl.col(name)).alias(name) for name in _SUMS)
    first = [
        pl.col(name).first()
        for name in DISPUTE_LINES.names()
        if name in evidence.columns and name not in (*ROW_KEY, *_SAME, *_SUMS, *_OTHERWISE)
    ]
    grouped = rows.group_by(ROW_KEY, maintain_order=True).agg(*first, *_of_rows())
    paid = pl.when(pl.col("paid_date").is_not_null()).then(pl.col("amount_billed"))
    full = grouped.with_columns(
        quantity=pl.col("billed_qty"),
        amount_withheld=ZERO_CENTS,
        amount_paid=paid,
        bill_month=month_of("bill_date"),
        service_identifier=pl.coalesce("circuit_id", "wtn"),
    )
    return full.pipe(seal, DISPUTE_LINES).sort(
        "claim_no", "bill_date", "invoice_no", "service_identifier", "usoc", "charge_type"
    )


def _of_rows() -> list[pl.Expr]:
    """Return what a row says of all its lines: what they agree in, their sums, their days."""
    disputed, regular = pl.col("amount_disputed"), pl.col("charge_type") == "MRC"
    return [
        *(
            pl.when(pl.col(name).n_unique() == 1).then(pl.col(name).first()).alias(name)
            for name in _SAME
        ),
        *(_sum(name) for name in _SUMS),
        disputed.sum().alias("amount_disputed"),
        disputed.filter(regular).sum().alias("amount_recurring"),
        disputed.filter(~regular.fill_null(False)).sum().alias("amount_nonrecurring"),
        pl.col("from_date").min(),
        pl.col("thru_date").max(),
        pl.col("line_no").cast(TEXT).unique(maintain_order=True).str.join(", ").alias("line_ref"),
        pl.col("reason_in_words").drop_nulls().unique(maintain_order=True).str.join(" "),
        pl.col("narrative").drop_nulls().unique(maintain_order=True).str.join("; "),
        pl.col("deadline").min(),
    ]


_OTHERWISE = (
    *("amount_disputed", "amount_recurring", "amount_nonrecurring", "from_date", "thru_date"),
    *(
        "line_ref",
        "reason_in_words",
        "narrative",
        "deadline",
        "quantity",
        "amount_withheld",
        "amount_paid",
    ),
    *("bill_month", "service_identifier"),
)


def _last_day() -> pl.Expr:
    """Return the last day of a period whose end is excluded; a point in time is that day."""
    start, end = pl.col("from_date"), pl.col("until_date")
    return pl.when(end > start).then(end - pl.duration(days=1)).otherwise(pl.coalesce(start, end))


def _sum(name: str) -> pl.Expr:
    """Return the sum of a column, null where no line has it."""
    return pl.when(pl.col(name).is_not_null().any()).then(pl.col(name).sum()).alias(name)
