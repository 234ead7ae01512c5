"""What may happen to an order, in the order in which events of one day are told."""

from __future__ import annotations

from typing import Literal, get_args

Event = Literal[
    "submitted",
    "acknowledged",
    "clarification",
    "rejected",
    "confirmed",
    "designed",
    "loop_accepted",
    "installed",
    "completed",
    "jeopardy",
    "supplemented",
    "held",
    "cancelled",
]
EVENTS: tuple[str, ...] = get_args(Event)
"""What may happen to an order; several on one day follow this order."""
