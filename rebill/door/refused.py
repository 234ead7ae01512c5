"""What a program is told that asked for what cannot be done, with what to do about it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rebill.reference.faults import LoadError
from rebill.store.engine import keeps_nothing
from rebill.workspace.settings import ConfigError, Failure


class ReferenceFaults(ConfigError):
    """Reference tables are wrong, and nothing was done with them: every fault is told at once.

    `faults` are the first ones, each with `file`, `row`, `what` and `remedy`; `total` counts all.
    """

    def __init__(self, faults: Sequence[LoadError], total: int) -> None:
        self.faults, self.total = tuple(faults), total
        more = [f"... and {total - len(self.faults)} more"] * (total > len(self.faults))
        super().__init__("\n".join([*map(str, self.faults), *more]))

    def __reduce__(self) -> tuple[type[ReferenceFaults], tuple[Sequence[LoadError], int]]:
        """Return what it is made of, so that it comes whole out of another process."""
        return type(self), (self.faults, self.total)


@contextmanager
def in_words() -> Iterator[None]:
    """Say as a `Failure` what a machine did not do: a full disk, rights, memory, a database.

    What is a fault of the program stays what it is.
    """
    from rebill.cli.failures import cause_of, told

    with keeps_nothing():
        try:
            yield
        except (ConfigError, Failure):
            raise
        except Exception as fault:
            if not cause_of(fault)[1]:
                raise
            raise Failure(told(fault)[1].removeprefix("error: ")) from fault
