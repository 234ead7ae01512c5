"""A workspace whose two customers owe an issued invoice each, and let us debit them."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import nights
from reference_files import write

from rebill.reference.load import load
from rebill.selling.issue import issue
from rebill.store.record import reading
from rebill.workspace.settings import SETTINGS_FILE, Workspace, open_workspace

SETTINGS = """
[debits]
bank_routing = "091000019"
bank_name = "First Bank"
company_name = "Example Co"
company_id = "1234567890"
[house]
name = "Example Co"
phone = "800 555 0100"
address = ["1 Main Street", "Springfield, IL 62701"]
remittance = ["PO Box 1", "Springfield, IL 62705"]
"""
AGREED = """
    customer name           brand due_days ach_authorised_on routing   account     sec account_type
    C1       Søn~&~Daughter ACME  20       2026-03-20        076401251 00123456789 ppd -
    C2       日本           ACME  30       2026-03-20        091000019 X-77-4411   CCD savings
    """


def owing(root: Path) -> None:
    """Make it: March of C1 comes to 27.50, of C2 to 3.66; both are due on 2026-04-04."""
    workspace = nights.billed(root)
    settings = root / SETTINGS_FILE
    settings.write_text(settings.read_text().replace(nights.HOUSE, "") + SETTINGS)
    issue(workspace, [], dt.date(2026, 3, 20), nights.now)
    agree(open_workspace(root))


def agree(workspace: Workspace, table: str = AGREED) -> None:
    """Load what customers agreed to."""
    write(workspace.root / "agreed", customers=table)
    result = load(workspace, [workspace.root / "agreed"], given=nights.NOW)
    assert result.ok, [str(error) for error in result.errors]


def invoice_of(workspace: Workspace, customer: str) -> str:
    """Return the number of a customer's issued invoice."""
    with reading(workspace) as record:
        bills = record.customer_invoices().filter(customer=customer, status="issued")
    return str(bills["invoice_no"].item())
