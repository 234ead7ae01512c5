"""Carriers' invoices of telephone lines: what they say, what they should have said, what we do.

    bill = rebill.read("bill.csv")                          # frames of what a file says
    audit = rebill.audit(bill, reference="reference/")      # what each line should have cost
    house = rebill.open("acme")                             # a workspace at work

`docs/python.md` tells it at length. What these names need is imported when one is first used:
`import rebill` itself costs nothing. Their types stand in `__init__.pyi`.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_HOMES = {
    "Audit": "rebill.door.audited",
    "Bill": "rebill.door.bill",
    "ConfigError": "rebill.workspace.settings",
    "Failure": "rebill.workspace.settings",
    "House": "rebill.door.house",
    "ReferenceFaults": "rebill.door.refused",
    "audit": "rebill.door.audited",
    "open": "rebill.door.house",
    "read": "rebill.door.bill",
}

__all__ = ["__version__", *_HOMES]


def __getattr__(name: str) -> Any:
    """Return what has the name, imported from its home."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = getattr(import_module(_HOMES[name]), name)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
