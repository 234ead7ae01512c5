"""Three bills of one account, February to April."""

from __future__ import annotations

from nights import USUAL, bill

BILLS = [(f"b{month}.csv", bill(month, USUAL)) for month in (2, 3, 4)]
