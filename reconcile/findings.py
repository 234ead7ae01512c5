"""Every finding, in order of precedence: what it means, what it puts at stake, what to do.

This one tuple feeds the audit, the tests and the page `docs/findings.md`.
"""

from __future__ import annotations

from dataclasses import dataclass

from reconcile.pull_codes import CODES as PULL_CODES


@dataclass(frozen=True)
class Code:
    """A finding code: what a person calls it (`words`), its dispute reason (None = never claimed),
    when it is found and what to do."""

    name: str
    words: str
    severity: str
    reason: str | None
    found_when: str
    stake: str
    remedy: str


PULLS = tuple(
    Code(code.name, code.words, code.severity, None, code.found_when, "0", code.remedy)
    for code in PULL_CODES
)
"""Findings about debits that happened: none is ever claimed."""

CODES: tuple[Code, ...] = (
    Code(
        "document_unreadable",
        "not readable as a bill",
        "error",
        None,
        "the file is no invoice that any profile reads",
        "0 (nothing loaded)",
        "ask the sender for the file again, or name its format with --profile",
    ),
    Code(
        "line_unreadable",
        "row not readable",
        "error",
        None,
        "one row or segment cannot be read",
        "0 (quarantined with the raw text)",
        "correct the row with the sender; the document is held while its totals do not foot",
    ),
    Code(
        "document_does_not_foot",
        "bill does not add up",
        "error",
        None,
        "printed totals and sums differ (printed in billed, the sum in expected)",
        "0; the document is held",
        "ask the carrier for the missing lines or a corrected bill",
    ),
    Code(
        "document_conflicts",
        "same invoice number, other content",
        "error",
        None,
        "the same carrier, BAN and invoice number came with other content",
        "0; held, the first stays",
        "ask the carrier which of the two stands",
    ),
    Code(
        "document_doubtful",
        "something odd in the file",
        "warning",
        None,
        "a document is let in although something in its file is not as it should be; as an error:"
        " it is dated over 40 days after the day it came in, or over ten years before",
        "0; for its date it is held, until `documents accept`",
        "compare the place named with the paper; a profile may make such a fault refuse",
    ),
    Code(
        "document_missing",
        "bill has not come",
        "warning",
        None,
        "an account under contract sent no bill for a month it should have",
        "0",
        "ask the carrier for the bill: it is pulled all the same",
    ),
    Code(
        "balance_breaks",
        "balance forward does not follow",
        "warning",
        None,
        "the previous balance is not the last total, or the payments are not what was pulled",
        "0",
        "compare the bill with the last one and with the bank",
    ),
    Code(
        "bill_jumped",
        "bill jumped from the last one",
        "warning",
        None,
        "an account's charges of a class moved more than the contract's limit from the last bill",
        "0",
        "compare the two bills line by line: rebill bills compare",
    ),
    *PULLS,
    Code(
        "account_unknown",
        "account under no contract",
        "error",
        "UNK",
        "the BAN is under no contract in force on the bill date",
        "the amount",
        "dispute the account, or add it to the contract that holds it",
    ),
    Code(
        "backbilled_too_late",
        "back-billed past the limit",
        "error",
        "BBL",
        "the service period ends more than the contract's limit before the bill date",
        "the amount",
        "dispute: the contract bars charges this old",
    ),
    Code(
        "charged_twice",
        "charged twice",
        "error",
        "DUP",
        "the same element of the same service is already billed for the period and not credited",
        "what the overlap bears less what of it was credited; all of it for the same period",
        "dispute the later charge; the packet names the earlier one",
    ),
    Code(
        "service_unknown",
        "service not in the inventory",
        "error",
        "UNK",
        "neither circuit nor telephone number is in the inventory, or the service is at home with"
        " another carrier on the days billed and on the bill date",
        "the amount",
        "dispute, or add the service to the inventory if it is ours",
    ),
    Code(
        "billed_after_disconnect",
        "billed after disconnect",
        "error",
        "DISC",
        "the period runs past the disconnect and its days of grace",
        "the amount less what is due up to it",
        "dispute with the disconnect order",
    ),
    Code(
        "billed_before_install",
        "billed before install",
        "error",
        "EFF",
        "the period starts before the install",
        "the amount less what is due from it",
        "dispute with the completion date",
    ),
    Code(
        "one_time_charge_not_due",
        "one-time charge not due",
        "error",
        "NRC",
        "no completed order carries the charge or so many units, or its NRC is waived",
        "the amount less what is due",
        "dispute with the order, or record the order that carries it",
    ),
    Code(
        "element_not_ordered",
        "USOC not ordered",
        "error",
        "USOC",
        "the service is known, the USOC is not on it for those days",
        "the amount less what is due",
        "dispute, or add the element to the inventory if it was ordered",
    ),
    Code(
        "tax_on_exempt_account",
        "tax despite resale certificate",
        "error",
        "TAX",
        "a tax under a resale certificate",
        "the amount",
        "dispute with the resale certificate",
    ),
    Code(
        "surcharge_not_due",
        "federal USF despite certificate",
        "error",
        "SUR",
        "federal universal service under a resale certificate",
        "the amount",
        "dispute with the reseller certificate",
    ),
    Code(
        "surcharge_above_cap",
        "surcharge above its cap",
        "error",
        "SUR",
        "a surcharge is billed above the cap in force",
        "the excess; of one not above its cap a share of days is that share of what was billed",
        "dispute with the cap",
    ),
    Code(
        "class_differs",
        "class disagrees with the code",
        "warning",
        None,
        "the catalogue's kind of the code and the class of the line disagree",
        "0; a draft that holds such a line is not issued",
        "read the line again with the class it has, or correct the catalogue and audit the month"
        " again; if both are right waive the finding",
    ),
    Code(
        "late_charge_not_due",
        "late charge not due",
        "error",
        "LPC",
        "a late charge on a bill that was pulled on time, or on a disputed amount",
        "the amount",
        "dispute with the debit's settlement day",
    ),
    Code(
        "charged_in_summary",
        "already in a summary charge",
        "error",
        "DUP",
        "the element is part of a summary USOC billed for the same service and period",
        "the amount",
        "dispute: the summary code already bears it",
    ),
    Code(
        "quantity_above_inventory",
        "more units than there are",
        "error",
        "QTY",
        "more units are billed than the service has",
        "the units too many, at the unit rate billed",
        "dispute, or correct the quantity in the inventory",
    ),
    Code(
        "rate_above_contract",
        "billed above the contract rate",
        "error",
        "RATE",
        "the unit rate billed is above the rate in force",
        "the part of the rate",
        "dispute with both rates and where each stands",
    ),
    Code(
        "package_above_contract",
        "package above the contract price",
        "error",
        "RATE",
        "the elements of one service and period add up to more than the package price",
        "the excess",
        "dispute with the package price",
    ),
    Code(
        "proration_wrong",
        "part of a month billed wrong",
        "error",
        "PRO",
        "a prorated line with the right unit rate is off by more than one day",
        "what is left",
        "dispute with the days that are due",
    ),
    Code(
        "extension_wrong",
        "units times rate is not the amount",
        "error",
        "RATE",
        "another line with the right unit rate has a wrong amount",
        "what is left",
        "dispute: units times rate is not the amount",
    ),
    Code(
        "credit_missing",
        "granted credit has not come",
        "error",
        "CRED",
        "a granted credit is not on the bill by which it is due",
        "what is missing",
        "escalate the claim",
    ),
    Code(
        "credit_short",
        "credit smaller than granted",
        "error",
        "CRED",
        "a granted credit is smaller than what was granted",
        "what is missing",
        "escalate the claim",
    ),
    Code(
        "usoc_unknown",
        "USOC not in the catalogue",
        "warning",
        None,
        "the catalogue has no such code for the carrier that day",
        "0",
        "add the code to the catalogue, or ask the carrier what it is",
    ),
    Code(
        "rate_missing",
        "no buy rate on record",
        "warning",
        None,
        "no buy rate is in force",
        "0",
        "load the buy rate",
    ),
    Code(
        "rate_below_contract",
        "billed below the contract rate",
        "warning",
        None,
        "less is billed than expected: the difference is an accrual, it may be back-billed",
        "0",
        "accrue the difference",
    ),
    Code(
        "element_not_billed",
        "in service but not billed",
        "warning",
        None,
        "an active element or service is on no line of its month: expected is an accrual",
        "0",
        "accrue it, or end it in the inventory",
    ),
    Code(
        "partner_missing",
        "billed without the USOC it needs",
        "warning",
        None,
        "an element is billed without the one it needs",
        "0",
        "ask whether the element still serves anything",
    ),
    Code(
        "match_doubtful",
        "which service it is, is unsure",
        "warning",
        None,
        "circuit and number disagree, several services fit, or the service is on another BAN",
        "0",
        "correct the inventory, or tell the carrier",
    ),
    Code(
        "markup_missing",
        "no markup: not invoiced",
        "warning",
        None,
        "no markup covers the line: it is not invoiced",
        "0",
        "load a markup that covers it",
    ),
)

BY_NAME = {code.name: code for code in CODES}

HOLDING = ("class_differs",)
"""Codes without a stake that hold customer invoices until they are waived or gone."""

CAUSE_REASONS = {"other_term": "TERM", "other_zone": "ZONE"}
"""Causes of `rate_above_contract` that lead to a reason of their own."""

REASONS = {
    "RATE": "above contract rate",
    "TERM": "rate of another term",
    "ZONE": "rate of another zone",
    "DUP": "charged twice",
    "UNK": "not ours",
    "DISC": "after disconnect",
    "EFF": "before install",
    "NRC": "one-time not due",
    "USOC": "USOC not ordered",
    "QTY": "too many units",
    "PRO": "part of month wrong",
    "TAX": "tax not due",
    "SUR": "surcharge not due",
    "LPC": "late charge not due",
    "BBL": "back-billed too late",
    "CRED": "credit missing",
}
"""What a person calls each dispute reason."""
