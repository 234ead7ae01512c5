"""Which service a line is about, on the first and the last day it may be."""

from __future__ import annotations

import polars as pl
import pytest
from frame_tables import frame, rows

from invoices.schema import LINES
from reconcile.audit.match import match, with_period

PERIODS = """
charge_class bill_date service_from service_until from  until
recurring    06-01     .            .             06-01 07-01
recurring    06-01     06-10        .             06-10 07-10
recurring    06-01     .            06-10         05-10 06-10
recurring    06-01     06-10        06-10         06-10 07-10
recurring    06-01     06-10        06-11         06-10 06-11
prorated     06-01     06-10        06-10         06-10 06-10
prorated     06-01     .            06-10         06-10 06-10
one_time     06-01     .            .             .     .
"""


def test_a_recurring_line_with_one_date_or_none_is_for_a_month():
    table = frame(PERIODS)
    told = with_period(table)
    assert rows(told, "period_from", "period_until") == rows(table, "from", "until")


INVENTORY = """
service carrier ban wtn circuit_key installed_on disconnected_on
SOLD    NEW     9   W1  .           .            .
AT1     ILEC    1   W2  .           .            .
AT2     ILEC    2   W2  .           .            .
ENDS    ILEC    1   W3  .           .            06-10
BEGINS  ILEC    1   W3  .           06-10        .
RING    ILEC    1   W4  C4          .            .
BELL    ILEC    1   W5  C5          .            .
"""
SALE = """
service carrier ban effective_from effective_until
SOLD    OLD     8   .              06-15
"""
NO_DETAIL = ("customer", "product", "package", "state", "zone")


def matched(text: str) -> tuple[list[str], list[str]]:
    """Return what is said of lines (service, by, note), and what the table says is right."""
    table = frame(text, carrier=pl.String(), ban=pl.String(), wtn=pl.String(), right=pl.String())
    lines = table.select(
        *(
            (pl.col(name) if name in table.columns else pl.lit(None)).cast(dtype).alias(name)
            for name, dtype in LINES.items()
        )
    )
    services = frame(INVENTORY, ban=pl.String()).with_columns(
        *(pl.lit(None, dtype=pl.String).alias(name) for name in NO_DETAIL),
        term_months=pl.lit(None, dtype=pl.Int64),
    )
    told = match(lines, services.lazy(), frame(SALE, ban=pl.String()).lazy())
    said = told.sort("line_no").select(
        told=pl.concat_str(
            pl.col("service", "matched_by", "match_note").fill_null("."), separator="/"
        )
    )
    return said["told"].to_list(), table["right"].to_list()


CASES = {
    "a charge for days is of who has one of them, or was billed while it had the service": """
    line_no carrier ban wtn charge_class amount bill_date service_from service_until right
    1       OLD     8   W1  recurring    20.00  07-01     06-14        07-14         SOLD/wtn/.
    2       OLD     8   W1  recurring    20.00  07-01     06-15        07-15         ././not_at_home
    3       OLD     8   W1  recurring    20.00  06-14     07-01        08-01         SOLD/wtn/.
    4       OLD     8   W1  recurring    20.00  06-15     07-01        08-01         ././not_at_home
    5       NEW     9   W1  recurring    20.00  06-01     05-16        06-16         SOLD/wtn/.
    6       NEW     9   W1  recurring    20.00  06-01     05-15        06-15         ././not_at_home
    7       NEW     9   W1  prorated     20.00  06-01     06-15        06-15         SOLD/wtn/.
    8       NEW     9   W1  prorated     20.00  06-01     06-14        06-14         ././not_at_home
    """,
    "one of 0.00 is a charge, a credit may be for days before": """
    line_no carrier ban wtn charge_class amount bill_date service_from service_until right
    1       OLD     8   W1  recurring    0.00   07-01     06-15        07-15         ././not_at_home
    2       OLD     8   W1  recurring    -0.01  07-01     06-15        07-15         SOLD/wtn/.
    3       OLD     8   W1  one_time     20.00  07-01     06-15        07-15         SOLD/wtn/.
    """,
    "a home that begins a month after the bill is none yet": """
    line_no carrier ban wtn charge_class amount bill_date service_from service_until right
    1       NEW     9   W1  one_time     45.00  05-16     .            .             SOLD/wtn/.
    2       NEW     9   W1  one_time     45.00  05-15     .            .             ././.
    """,
    "of several the account decides, then who is in service on a day of the period": """
    line_no carrier ban wtn charge_class amount bill_date service_from service_until right
    1       ILEC    2   W2  recurring    20.00  06-01     06-01        07-01         AT2/wtn/.
    2       ILEC    3   W2  recurring    20.00  06-01     06-01        07-01         ././ambiguous
    3       ILEC    1   W3  recurring    20.00  06-01     05-10        06-10         ENDS/wtn/.
    4       ILEC    1   W3  recurring    20.00  06-01     05-11        06-11         ././ambiguous
    5       ILEC    1   W3  recurring    20.00  06-01     06-10        07-10         BEGINS/wtn/.
    6       ILEC    1   W3  recurring    20.00  06-01     06-09        07-09         ././ambiguous
    """,
    "a circuit goes before a number, a number of none of its services speaks against it": """
    line_no carrier ban wtn circuit_key charge_class amount bill_date right
    1       ILEC    1   W4  C4          one_time     45.00  06-01     RING/circuit/.
    2       ILEC    1   W5  C4          one_time     45.00  06-01     RING/circuit/conflict
    3       ILEC    1   .   C4          one_time     45.00  06-01     RING/circuit/.
    4       ILEC    1   W9  C4          one_time     45.00  06-01     RING/circuit/.
    5       ILEC    1   W4  C9          one_time     45.00  06-01     RING/wtn/.
    6       ILEC    2   W4  .           one_time     45.00  06-01     RING/wtn/other_ban
    7       ILEC    1   W9  C9          one_time     45.00  06-01     ././.
    8       ILEC    1   .   .           one_time     45.00  06-01     ././.
    """,
}


@pytest.mark.parametrize("name", CASES)
def test_a_line_is_about_the_one_service_that_it_can_be(name: str):
    said, right = matched(CASES[name])
    assert said == right
