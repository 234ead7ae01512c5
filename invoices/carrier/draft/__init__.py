"""A draft of a profile from an example file, and the report of its trial.

Nothing is decided here that a person need not read: each guess stands in the draft beside values of
its column, and what the draft is not sure of it asks (`questions`).
"""

from invoices.carrier.draft.feed import Draft, draft_of
from invoices.carrier.draft.questions import Asked, open_questions
from invoices.carrier.draft.sample import MOST_BYTES, NoDraft, Sample, sample_of

__all__ = [
    "MOST_BYTES",
    "Asked",
    "Draft",
    "NoDraft",
    "Sample",
    "draft_of",
    "open_questions",
    "sample_of",
]
