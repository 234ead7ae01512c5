"""A summary takes what is billed beside it as far as it is due itself; model and kernels agree."""

from __future__ import annotations

import pytest
from hand_bills import ELEMENTS, audit, found


@pytest.mark.parametrize(
    ("summary", "element", "credit", "takes"),
    [
        ("SUMM1 9.00", "SUMM1 1", "SUMM1 -0.01", True),
        # What is free sums nothing up, nor does what is not on order or of no units.
        ("SUMM1 0.00", "SUMM1 1", "SUMM1 -0.01", False),
        ("SUMM1 9.00", "RECO1 1", "SUMM1 -0.01", False),
        ("SUMM1 9.00", "SUMM1 0", "SUMM1 -0.01", False),
        # What is for the record only, or in no catalogue, needs no order or does.
        ("RECO1 9.00", "SUMM1 1", "SUMM1 -0.01", True),
        ("NONE1 9.00", "SUMM1 1", "SUMM1 -0.01", False),
        # Of the days from the 16th on 4.50 are billed: all of them are credited, or not.
        ("SUMM1 9.00", "SUMM1 1", "SUMM1 -4.50", False),
        ("SUMM1 9.00", "SUMM1 1", "SUMM1 -4.49", True),
        ("SUMM1 9.00", "SUMM1 1", "TTB -4.50", True),
    ],
)
def test_a_summary_takes_its_elements_on_days_on_which_it_is_due_itself(
    summary: str, element: str, credit: str, takes: bool
):
    (code, billed), (back, given) = summary.split(), credit.split()
    made = audit(
        f"""
        no bill       class usoc   quantity rate amount   from       until
        a  2026-06-01 rec   {code} 1        .    {billed} 2026-06-01 2026-07-01
        b  2026-06-01 adj   {back} .        .    {given}  2026-06-16 2026-07-01
        c  2026-06-01 rec   TTB    1        5.00 5.00     2026-06-01 2026-07-01
        """,
        usoc_rules=f"""
        usoc    relation    other_usoc
        {code}  summary_of  TTB
        """,
        service_elements=f"{ELEMENTS}S1 {element} . .",
    )
    assert ("c charged_in_summary 5.00" in found(made)) == takes
