"""A line is of the class that the catalogue gives its code; model and kernels must agree."""

from __future__ import annotations

from hand_bills import CATALOGUE, answers, audit, found


def test_a_charge_is_of_the_class_that_the_catalogue_gives_its_code():
    lines = """
        no class usoc   quantity rate  amount from       until
    """
    kinds = {
        "1FB": "rec pro", "NRCIN": "nrc", "UMIN1": "use", "9ZR": "sur", "STAX1": "tax",
        "CRED1": "adj", "RECO1": "rec pro nrc use sur tax late adj", "NONE1": "rec pro nrc use sur "
        "tax late adj",
    }  # fmt: skip
    classes = ["rec", "pro", "nrc", "use", "sur", "tax", "late", "adj"]
    for code in kinds:
        for name in classes:
            lines += f"{code}-{name} {name} {code} 1 . 1.00 2026-06-01 2026-07-01\n"
    made = audit(lines, usocs=f"{CATALOGUE}CRED1  credit  .\n")
    told = {line.split()[0] for line in found(made) if " class_differs" in line}
    fits = {f"{code}-{name}" for code, names in kinds.items() for name in names.split()}
    assert told == {f"{code}-{name}" for code in kinds for name in classes} - fits


def test_a_credit_differs_from_no_code_and_a_wrong_class_puts_nothing_at_stake():
    made = audit(
        """
        no class usoc   quantity rate amount from       until
        a  adj   1FB    .        .    -1.00  2026-06-01 2026-07-01
        b  nrc   1FB    .        .    -1.00  2026-06-01 2026-07-01
        c  rec   CRED1  .        .    -1.00  2026-06-01 2026-07-01
        d  use   1FB    1        .    0.00   2026-06-01 2026-07-01
        e  adj   1FB    1        .    1.00   2026-06-01 2026-07-01
    """,
        usocs=f"{CATALOGUE}CRED1  credit  .\n",
    )
    differs = [line for line in found(made) if "class_differs" in line]
    assert differs == ["e class_differs"]
    assert answers(made, "expected", "at_stake")[4] == ["e", "1.00", "0.00"]
