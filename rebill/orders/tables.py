"""Orders as tables that go out."""

from __future__ import annotations

from rebill.orders.order_status import ORDER_STATUS, order_status
from rebill.store.table_out import TableOut, on_a_day

TABLES = (
    TableOut(
        "order_status",
        "how each order stands on a day: state, dates, first bill, first invoice",
        ("order_no",),
        ORDER_STATUS,
        on_a_day(ORDER_STATUS, lambda asked, day: order_status(asked.record, day)),
    ),
)
"""In the order in which they are listed."""
