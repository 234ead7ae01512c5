"""Rows that are told from others by what one of their columns says, as a profile declares them."""

from __future__ import annotations

from typing import Literal

from pydantic import field_validator, model_validator

from invoices.carrier.profiles import ChargeClass, Strict
from invoices.patterns import readable


def compiled(pattern: str | None) -> str | None:
    """Return a pattern of a profile that can be used, null where none is given; raises
    `ValueError`."""
    return None if pattern is None else readable(pattern)


class Rows(Strict):
    """Rows that are told by what one of their columns says."""

    column: str
    equals: str | None = None
    matches: str | None = None
    amount: str | None = None
    """For a total row: the column of the total."""

    _pattern = field_validator("matches")(compiled)

    @model_validator(mode="after")
    def _one_rule(self) -> Rows:
        if (self.equals is None) == (self.matches is None):
            raise ValueError("give one of equals, matches")
        return self


class Class(Rows):
    """Rows of a class of their own, such as those whose words say `partial month`."""

    charge_class: ChargeClass


class Subtotal(Rows):
    """Rows that print what the rows between them and the last of their kind add up to."""

    stands: Literal["below", "above"] = "below"
    """Whether it stands below the rows it adds up, or above them. `amount` not given = the last
    cell of the row that is not empty, for the amount of the lines."""
