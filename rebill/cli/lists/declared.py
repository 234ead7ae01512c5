"""What is listed, and which columns a person wants first: as many are shown as fit.

They stand in the order of the rows, see `rebill.paper.listing`; columns that are not named here
come after them where there is room, and a list that is not declared shows what fits.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Listing:
    """The columns of a list by their worth; `wrapped`: its words are read to their end."""

    columns: str
    wrapped: bool = False

    def preferred(self) -> list[str]:
        """Return the names of the columns, the most wanted first."""
        return self.columns.split()


LISTS = {
    # documents and what is found in them
    "documents": Listing(
        "document_id ban bill_date status total_due words carrier invoice_no due_date lines"
        " source_file current_charges received_on"
    ),
    "bills": Listing(
        "ban bill_date charge_class previous current difference carrier lines previous_lines"
        " invoice_no"
    ),
    "bills to be pulled": Listing(
        "document_id debit_on amount at_stake state carrier ban approved_by invoice_no approved_on"
        " approved_amount status"
    ),
    "findings": Listing(
        "line_or_bill words amount_at_stake dispute_closes_on claim_no usoc carrier ban service"
        " customer name severity bill_date billed expected message waived code"
    ),
    "waivers": Listing(
        "decision finding_id words service usoc waived_until who decided_on reason code carrier"
    ),
    "differences to service records": Listing(
        "ban service usoc on_record owned billed differs record_amount billed_amount wtn"
        " circuit_id",
        wrapped=True,
    ),
    # claims
    "claims": Listing(
        "claim_no status amount file_by words ban carrier bill_month credited denied"
        " dispute_closes_on reason filed_on tracking_no granted findings answered_on"
    ),
    "tasks": Listing(
        "due_on task claim_no to_win words carrier status ban bill_month tracking_no reason level"
    ),
    "claim lines": Listing(
        "line_id words amount_at_stake usoc service billed expected bill_date message invoice_no"
    ),
    "claim events": Listing("at what amount note who status reference"),
    "credits": Listing(
        "credit_id amount status words claim_nos bill_date ban taken usoc carrier invoice_no"
    ),
    "packets": Listing("packet rows amount lacking form claims late"),
    "outcomes": Listing(
        "carrier reason month claims amount credited_amount denied_amount open_amount"
        " expired_amount words win_rate filed_amount"
    ),
    "changed claims": Listing("claim_no what before after difference words ban bill_month status"),
    "changed customers": Listing("customer bill_month before after difference what invoice_no"),
    # customers
    "invoices": Listing(
        "invoice_no total status customer name due_date bill_month kind hold issued_on brand lines"
    ),
    "invoice lines": Listing(
        "service usoc description quantity price cost charge_class kind method line_id"
    ),
    "changed lines": Listing(
        "invoice_no was now difference service usoc customer description rule was_rule"
    ),
    "margins": Listing(
        "customer service product carrier bill_month invoice_no line_id usoc cost price margin"
        " markup name below_cost share lines"
    ),
    "quotes": Listing(
        "customer product cost price_needed markup_needed price_now markup_now"
        " stays_under_retail to_serve margin_share margin"
    ),
    "quotes of customers": Listing(
        "quote customer prospect valid_until least_monthly_price available options version lines"
        " name agent brand"
    ),
    "lines of quotes": Listing(
        "line product quantity site state zone miles carriers optional alternative_of price"
    ),
    "options of quotes": Listing(
        "line option carrier term_months monthly_price nrc_price term_total monthly_cost"
        " install_days available monthly_margin share nrc_cost reach offer priced_by quote"
    ),
    "statements": Listing("month payee amount lines status"),
    "parts of rules": Listing(
        "payee invoice_no part odd_cent why commission rule month", wrapped=True
    ),
    "customers who owe": Listing(
        "customer total current 30 60 90 older oldest_due_on name unapplied"
    ),
    "open invoices": Listing("invoice_no customer open due_date days name total bill_date"),
    "reminders": Listing("customer letter invoice_no open due_date days name sent_on number who"),
    "debits of customers": Listing(
        "customer amount invoice_no kind settles_on sec name account routing trace"
    ),
    "debits that came back": Listing(
        "customer code words amount invoice_no settled_on remedy", wrapped=True
    ),
    # orders
    "orders": Listing(
        "order_no state due_on late_days first_bill_expected_on customer carrier kind since slips"
        " jeopardy_words jeopardy_fault installed_on first_bill_seen_on first_invoice_no agent"
        " wanted_on submitted_on confirmed_on ban circuit_id"
    ),
    "files of order activity": Listing("file events new known unknown_orders set_aside"),
    "time line": Listing("at event due_on what who source", wrapped=True),
    "events of unknown orders": Listing("at event order_no pon due_on code note who source ban"),
    # cash
    "pulls": Listing(
        "debit_on carrier amount status invoice_no dispute_closes_on pulled ban contract bill_date"
    ),
    "pulls to come": Listing(
        "debit_on carrier amount status warning invoice_no cash_after known_wrong"
        " dispute_closes_on ban"
    ),
    "exposure": Listing(
        "carrier debited undisputed unfiled open credited denied expired withdrawn on"
    ),
    "position": Listing(
        "carrier pending unfiled_0_7 unfiled_8_15 unfiled_16_30 disputed expected_recovery expired"
        " provision customer_exposure carry_cost not_audited"
    ),
    "money waited for": Listing(
        "claim_no carrier status waiting expected_recovery credit_cash_on win_rate reason words"
        " resolves_on provision amount ban"
    ),
    "win rates": Listing(
        "carrier reason win_rate win_rate_low win_rate_high ended words credited denied won lost"
    ),
    "gaps": Listing(
        "debit_on carrier amount charged collect_on gap_days float_cost peak_funding invoice_no ban"
    ),
    "pull events": Listing(
        "settled_on words carrier pulled send_by message expected suggested_return invoice_no",
        wrapped=True,
    ),
    # books and house
    "postings": Listing("on account amount words party kind state key"),
    "runs": Listing("run command as_of outcome started who host ended version"),
    "profiles": Listing("profile format where about carrier", wrapped=True),
    "files": Listing("file became", wrapped=True),
    "rows": Listing("row claim_no became why status event", wrapped=True),
    "faults": Listing("what where wrong remedy", wrapped=True),
}
"""Every list by what is listed; a list without rows says that there are none of these."""
