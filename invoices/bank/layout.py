"""The records of a Nacha file, field by field: positions from 1, both included.

A record has 94 characters. Text is left-justified and padded with blanks, numbers right-justified
and padded with zeros, amounts are cents without a point (Nacha operating rules, appendix three).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import polars as pl

LENGTH = 94
PER_BLOCK = 10
FILLER = "9" * LENGTH

Kind = Literal["digits", "text", "date", "digits_or_blank", "date_or_blank"]


@dataclass(frozen=True)
class Field:
    """A field of a record: its place and what may stand in it."""

    name: str
    start: int
    end: int
    kind: Kind = "text"

    @property
    def label(self) -> str:
        """The field as a fault names it."""
        place = f"{self.start}-{self.end}" if self.end > self.start else str(self.start)
        return f"{self.name} ({place})"

    def of(self, text: str = "text") -> pl.Expr:
        """Return what stands in the field of the record in the column `text`."""
        return pl.col(text).str.slice(self.start - 1, self.end - self.start + 1)


@dataclass(frozen=True)
class Layout:
    """A kind of record: the digit it begins with, its name, its fields."""

    digit: str
    name: str
    fields: tuple[Field, ...]

    def field(self, name: str) -> Field:
        """Return the field of that name."""
        return next(field for field in self.fields if field.name == name)

    def read(self, records: pl.DataFrame) -> pl.DataFrame:
        """Return records of this kind with a column a field, as text."""
        return records.with_columns(field.of().alias(field.name) for field in self.fields)


FILE_HEADER = Layout(
    "1",
    "file header",
    (
        Field("priority_code", 2, 3, "digits"),
        Field("immediate_destination", 4, 13),
        Field("immediate_origin", 14, 23),
        Field("file_creation_date", 24, 29, "date"),
        Field("file_creation_time", 30, 33, "digits_or_blank"),
        Field("file_id_modifier", 34, 34),
        Field("record_size", 35, 37, "digits"),
        Field("blocking_factor", 38, 39, "digits"),
        Field("format_code", 40, 40, "digits"),
        Field("destination_name", 41, 63),
        Field("origin_name", 64, 86),
        Field("reference_code", 87, 94),
    ),
)
BATCH_HEADER = Layout(
    "5",
    "batch header",
    (
        Field("service_class", 2, 4, "digits"),
        Field("company_name", 5, 20),
        Field("discretionary", 21, 40),
        Field("company_id", 41, 50),
        Field("sec", 51, 53),
        Field("entry_description", 54, 63),
        Field("descriptive_date", 64, 69),
        Field("effective_date", 70, 75, "date_or_blank"),
        Field("settlement_day", 76, 78, "digits_or_blank"),
        Field("originator_status", 79, 79),
        Field("odfi", 80, 87, "digits"),
        Field("batch_number", 88, 94, "digits"),
    ),
)
ENTRY = Layout(
    "6",
    "entry",
    (
        Field("transaction_code", 2, 3, "digits"),
        Field("rdfi", 4, 11, "digits"),
        Field("check_digit", 12, 12, "digits"),
        Field("account", 13, 29),
        Field("amount", 30, 39, "digits"),
        Field("individual_id", 40, 54),
        Field("individual_name", 55, 76),
        Field("discretionary", 77, 78),
        Field("addenda_indicator", 79, 79, "digits"),
        Field("trace", 80, 94, "digits"),
    ),
)
CTX_COUNT = Field("addenda_count", 55, 58, "digits")
"""What a CTX entry has where the others begin the name."""
CTX_NAME = Field("receiving_company", 59, 74)
IAT_COUNT = Field("addenda_count", 13, 16, "digits")
IAT_ACCOUNT = Field("account", 40, 74)
ADDENDA = Layout(
    "7",
    "addenda",
    (
        Field("addenda_type", 2, 3, "digits"),
        Field("payment_information", 4, 83),
        Field("code", 4, 6),
        Field("original_trace", 7, 21),
        Field("return_text", 36, 79),
        Field("corrected_data", 36, 64),
        Field("sequence", 84, 87),
        Field("entry_sequence", 88, 94),
        Field("trace", 80, 94),
    ),
)
BATCH_CONTROL = Layout(
    "8",
    "batch control",
    (
        Field("service_class", 2, 4, "digits"),
        Field("entry_addenda_count", 5, 10, "digits"),
        Field("entry_hash", 11, 20, "digits"),
        Field("total_debit", 21, 32, "digits"),
        Field("total_credit", 33, 44, "digits"),
        Field("company_id", 45, 54),
        Field("authentication", 55, 73),
        Field("odfi", 80, 87, "digits"),
        Field("batch_number", 88, 94, "digits"),
    ),
)
FILE_CONTROL = Layout(
    "9",
    "file control",
    (
        Field("batch_count", 2, 7, "digits"),
        Field("block_count", 8, 13, "digits"),
        Field("entry_addenda_count", 14, 21, "digits"),
        Field("entry_hash", 22, 31, "digits"),
        Field("total_debit", 32, 43, "digits"),
        Field("total_credit", 44, 55, "digits"),
    ),
)
LAYOUTS = {
    layout.digit: layout
    for layout in (FILE_HEADER, BATCH_HEADER, ENTRY, ADDENDA, BATCH_CONTROL, FILE_CONTROL)
}
NAMES = {**{digit: layout.name for digit, layout in LAYOUTS.items()}, "F": "filler"}

FOLLOWS = {
    "": ("1",),
    "1": ("5", "9"),
    "5": ("6", "8"),
    "6": ("6", "7", "8"),
    "7": ("6", "7", "8"),
    "8": ("5", "9"),
    "9": ("F",),
    "F": ("F",),
}
"""Which record may follow which; a file ends with its file control or filler after it."""

SERVICE_CLASSES = ("200", "220", "225")
"""Mixed, credits only, debits only."""
CORPORATE = ("CCD", "CTX")
CONSUMER = ("PPD", "WEB", "TEL", "ARC", "BOC", "POP", "RCK", "POS", "SHR", "MTE", "CIE", "XCK")
OTHER_CLASSES = ("COR", "ACK", "ATX", "DNE", "ENR", "TRC", "TRX", "IAT")
SEC_CODES = (*CORPORATE, *CONSUMER, *OTHER_CLASSES)

TRANSACTIONS = (
    *("21", "22", "23", "24", "26", "27", "28", "29"),  # checking
    *("31", "32", "33", "34", "36", "37", "38", "39"),  # savings
    *("41", "42", "43", "44", "46", "47", "48", "49"),  # general ledger
    *("51", "52", "53", "54", "55", "56"),  # loan
)
"""The second digit says the way: below 5 a credit, from 5 a debit; 1 and 6 are for returns."""
RETURNS = ("21", "26", "31", "36", "41", "46", "51", "56")
WITHOUT_MONEY = ("23", "24", "28", "29", "33", "34", "38", "39", "43", "44", "48", "49", "53", "54")
"""Prenotes and entries that carry remittance only."""
PRENOTES = ("23", "28", "33", "38", "43", "48", "53")
