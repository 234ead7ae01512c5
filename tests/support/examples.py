"""How many examples a property gets: a few where each is dear, many in the long form."""

from __future__ import annotations

from hypothesis import settings


def few(examples: int, long: int | None = None) -> settings:
    """Return that so many examples are tried; in the long form `long`, or as many as of any."""
    if settings.get_current_profile_name() != "soak":
        return settings(max_examples=examples)
    return settings() if long is None else settings(max_examples=long)
