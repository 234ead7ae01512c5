"""What may be wrong with a debit that happened: the codes, and which of them is a ground to return.

This one tuple feeds the events, the findings and the pages.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PullCode:
    """A code of `pull_events`: what a person calls it (`words`), how grave it is, whether it is a
    ground to return, what to do."""

    name: str
    words: str
    severity: str
    returnable: bool
    found_when: str
    remedy: str


_RETURN = "tell the bank before its cut-off on or before `send_by` that nobody authorised the debit"
_DISPUTE = "raise it with the carrier; a debit that was authorised is not returned for its amount"
CODES: tuple[PullCode, ...] = (
    PullCode(
        "unknown_originator",
        "pulled by an unknown company",
        "error",
        True,
        "an originator took money that no contract names and that is no known one",
        _RETURN,
    ),
    PullCode(
        "outside_authorisation",
        "pull outside the authorisation",
        "error",
        True,
        "the debit is above the contract's maximum, or its originator's contracts are not in force",
        _RETURN,
    ),
    PullCode(
        "repeated_trace",
        "same trace number again",
        "error",
        True,
        "the trace number is that of a debit of the same originator that settled before",
        _RETURN,
    ),
    PullCode(
        "pulled_twice",
        "invoice pulled twice",
        "warning",
        False,
        "the invoice had been pulled in full before, and that pull stands",
        "claim the second pull back from the carrier, or see that the next bill shows it as paid",
    ),
    PullCode(
        "pulled_early",
        "pulled too early",
        "warning",
        False,
        "the pull settled before the day of the contract's terms",
        "tell the carrier; it is no ground to return the debit",
    ),
    PullCode(
        "pulled_though_credited",
        "pulled though nothing was due",
        "warning",
        False,
        "nothing was due, or a credit granted before the pull was not taken off",
        "claim the credited amount back: a debit must be due and owing on its settlement day",
    ),
    PullCode(
        "amount_differs",
        "pulled another amount than due",
        "warning",
        False,
        "the pulls of an invoice do not come to what its paper lets the carrier pull",
        _DISPUTE,
    ),
    PullCode(
        "pull_unmatched",
        "pull without an invoice",
        "warning",
        False,
        "no invoice on record explains a pull of a known carrier, or a part of it",
        "wait for the bill, or ask the carrier which invoice it paid",
    ),
    PullCode(
        "return_unmatched",
        "return without a debit",
        "warning",
        False,
        "a return names no debit that is on record",
        "import the file that holds the debit",
    ),
    PullCode(
        "pull_returned",
        "pull sent back by the bank",
        "info",
        False,
        "the bank sent a pull back: the invoice is unpaid again",
        "expect it to be pulled again, or with the next bill",
    ),
    PullCode(
        "change_asked",
        "bank asks for other account data",
        "info",
        False,
        "a bank asks for other account data from the next entry on",
        "correct the data within six banking days or before the next entry",
    ),
)
BY_NAME = {code.name: code for code in CODES}
