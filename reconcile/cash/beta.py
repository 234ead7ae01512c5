"""How sure a share is that was learnt from few cases: quantiles of the Beta distribution.

Probabilities, never money, so this is where fractions of floating point are at home. A share is
Beta(won, lost): `won` and `lost` count cases, those of the prior included.
"""

from __future__ import annotations

from decimal import Decimal
from math import exp, lgamma, log, log1p

PLACES = Decimal("0.000001")
_STEPS = 200
_TINY = 1e-300


def share_at(level: Decimal, won: Decimal, lost: Decimal) -> Decimal:
    """Return the share that a Beta(won, lost) stays below with probability `level`, six places.

    Both counts are 0 or more; where one of them is 0 the share is certain.
    """
    a, b, wanted = float(won), float(lost), float(level)
    if a <= 0:
        return Decimal(0).quantize(PLACES)
    if b <= 0:
        return Decimal(1).quantize(PLACES)
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        if below(middle, a, b) < wanted:
            low = middle
        else:
            high = middle
    return Decimal((low + high) / 2).quantize(PLACES)


def below(x: float, a: float, b: float) -> float:
    """Return the probability that a Beta(a, b) is at most x (the regularised incomplete beta)."""
    if x <= 0 or x >= 1:
        return 0.0 if x <= 0 else 1.0
    front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x))
    if x < (a + 1) / (a + b + 2):
        return front * _fraction(x, a, b) / a
    return 1 - front * _fraction(1 - x, b, a) / b


def _fraction(x: float, a: float, b: float) -> float:
    """Return the continued fraction of the incomplete beta, by the method of Lentz."""
    numerator, result = 1.0, 1.0
    denominator = 1 / _away(1 - (a + b) * x / (a + 1))
    result = denominator
    for m in range(1, _STEPS):
        for term in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            denominator = 1 / _away(1 + term * denominator)
            numerator = _away(1 + term / numerator)
            change = denominator * numerator
            result *= change
        if abs(change - 1) < 1e-14:
            break
    return result


def _away(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
