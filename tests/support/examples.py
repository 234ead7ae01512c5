"""How many examples a property gets: a few where each is dear, many in the long form."""

from __future__ import annotations

from hypothesis import settings

TIMES = 20
"""So many times as many examples has the long form."""


def few(examples: int) -> settings:
    """Return that so many examples are tried, and many more in the long form."""
    long = settings.get_current_profile_name() == "soak"
    return settings(max_examples=examples * TIMES if long else examples)
