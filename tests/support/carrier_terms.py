"""A contract whose terms are usual, and what a test wants different."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from reconcile.contracts import Contract


def contract(**parts: Any) -> Contract:
    terms = {"anchor": "bill_date", "days": 15, "unit": "calendar", "roll": "next"}
    body: dict[str, Any] = {
        "id": "K",
        "carrier": "ILEC",
        "effective_from": dt.date(2020, 1, 1),
        "accounts": ["*"],
        "dispute": {"resolve_days": 60, "credit_by_bill": 2, "interest_per_day": Decimal("0.0005")},
        "debit": {"terms": terms},
        "security": {"cost_of_capital": Decimal("0.12")},
    }
    return Contract.model_validate({**body, **parts})
