"""A file that a bank sent: whether it is one, and what it says."""

from __future__ import annotations

from pathlib import Path

from invoices import bank
from invoices.bank.schema import BankReading, one_fault
from rebill.workspace import own_copy, text_files
from rebill.workspace.settings import Settings


def is_bank_file(settings: Settings, path: Path) -> bool:
    """Whether a file begins like one a bank sends."""
    try:
        head = text_files.head(path, bank.HEAD)
    except OSError:
        return False
    return bank.identify(head, settings.statements) is not None


def read_bank_file(settings: Settings, path: Path, sha256: str = "") -> BankReading:
    """Return what a bank file says; one that is none, or too large, is a reading with a fault.

    A digest that is given names the file; what it says is of the bytes at `path`.
    """
    size, most = path.stat().st_size, settings.bank.max_file_bytes
    if size > most:
        what = f"the file has {size:,} bytes; the limit is {most:,}"
        return unread(sha256, "size", what, "raise [bank] max_file_bytes")
    digest = sha256 or text_files.digest(path)[1]
    found = bank.read(path.read_bytes(), settings.statements, settings.closings)
    if found is not None:
        return found
    remedy = "read are Nacha, BAI2 and CSV statements; declare a profile as [[bank.statement]]"
    return unread(digest, "format", "the file begins like no bank file that is read", remedy)


def unread(sha256: str, field: str, what: str, remedy: str) -> BankReading:
    """Return the reading of a file of which nothing is read, and why."""
    return BankReading("", sha256, faults=one_fault(None, "file", field, what, remedy))


def take_in_bank(settings: Settings, folder: Path, path: Path, sha256: str) -> BankReading | str:
    """Return what the bank file of a digest says.

    Returns `changed`, `vanished` or `unreadable` where the file is not there as it was seen.
    """
    try:
        if path.stat().st_size > settings.bank.max_file_bytes:
            return read_bank_file(settings, path, sha256)
        with own_copy.as_seen(path, sha256, folder / "copy") as copy:
            return read_bank_file(settings, copy, sha256)
    except FileNotFoundError:
        return "vanished"
    except own_copy.Moved as moved:
        return str(moved)
