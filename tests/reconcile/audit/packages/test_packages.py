"""What is due of a package on several lines, cut to the day, on the bounds of each rule.

The price is 30.00 a month. `add` and `adj` stand beside the package: what an element was due for by
itself, and a credit. What is right stands beside each line: its share of the price, what of it uses
up what was billed too little before, what is billed again and after which line, whether more is
billed than the price of the whole period (`above`), and no more than a proration may be off (`ok`).
"""

from __future__ import annotations

import polars as pl
import pytest
from frame_tables import DECIMAL, frame, rows
from hand_bills import audit, found

from invoices.money import cents
from reconcile.audit import audit as auditing
from reconcile.audit.packages.held_packages import with_package_of_elements
from reconcile.audit.packages.package_days import in_turn
from reconcile.audit.packages.packages_before import PAST, lying

CLASSES = {"rec": "recurring", "pro": "prorated"}
TOLD = ("no", "share", "used", "again", "twin", "above", "ok")
USUAL = {
    "repeats": pl.lit(False), "left": pl.lit(0), "rate": pl.lit("30.00"), "bill_day": pl.lit(1),
    "installed_on": pl.lit(None, pl.Date()), "window_until": pl.lit(None, pl.Date()),
}  # fmt: skip


def judged(text: str) -> tuple[list[str], list[str]]:
    """Return what is said of the lines of a table, and what the table says is right."""
    table = frame(text, no=pl.String(), twin=pl.String(), amount=DECIMAL, rate=DECIMAL)
    table = table.with_columns(
        *(usual.alias(name) for name, usual in USUAL.items() if name not in table.columns),
        service=pl.lit("S1"), package=pl.lit("PKG1"), proration=pl.lit("thirty_day_month"),
        document_id=pl.col("bill").cast(pl.String), invoice_no=pl.lit("I"),
    ).with_columns(
        pl.col("left").cast(pl.Int128), pl.col("rate").cast(DECIMAL),
        pl.col("bill_day").cast(pl.Int64),
    )  # fmt: skip
    beside = pl.col("class").is_in(["adj", "add"])
    names = {"no": "line_id", "bill": "bill_date"}
    lines = (
        table.filter(~beside)
        .rename({**names, "from": "period_from", "until": "period_until", "rate": "package_rate"})
        .with_columns(
            charge_class=pl.col("class").replace_strict(CLASSES),
            by_unit=pl.lit(False),
            line_no=pl.int_range(pl.len()),
            month_days=pl.lit(30),
        )  # fmt: skip
    )
    past = (
        table.filter(beside)
        .rename({**names, "from": "starts", "until": "ends"})
        .with_columns(
            expected=cents(pl.col("amount")), underbilled=pl.lit(0), charge=pl.lit(False),
            carries=pl.lit(False),
        )
        .select(list(PAST))
        .cast(PAST)
    )  # fmt: skip
    kept = [n for n in lines.columns if n not in TOLD]
    told = in_turn(lines.select(kept), past).sort("line_id").rename(
        {"line_id": "no", "package_share": "share", "package_used": "used",
         "package_again": "again", "package_twin": "twin", "is_package_above": "above",
         "package_tolerated": "ok"}
    )  # fmt: skip
    return rows(told, *TOLD), rows(table.filter(~beside).sort("no"), *TOLD)


CASES = {
    "what was billed too little is used up once": """
    no bill  class usoc  amount from  until share used again twin above ok
    a  06-01 rec   1FB   20.00  06-01 07-01 3000  0    0     .    no    no
    b  07-01 rec   PORT1 15.00  06-01 07-01 0     1000 0     .    yes   no
    c  08-01 rec   PORT1 8.00   06-01 07-01 0     0    800   a    no    yes
    """,
    "what was billed too little of half of the days is used up, too": """
    no bill  class usoc  amount from  until share used again twin above ok
    a  06-01 rec   1FB   10.00  06-01 06-16 1500  0    0     .    no    no
    b  07-01 rec   1FB   20.00  06-01 07-01 1500  500  0     .    no    yes
    """,
    "lines whose days meet but do not share any are two groups": """
    no bill  class usoc amount from  until share used again twin above ok
    a  06-01 rec   1FB  10.00  06-01 06-16 1500  0    0     .    no    no
    b  06-01 rec   1FB  20.00  06-16 07-01 1500  0    0     .    yes   no
    """,
    "what was credited may be billed again once": """
    no bill  class usoc amount from  until share used again twin above ok
    a  06-01 rec   PKG1 30.00  06-01 07-01 3000  0    0     .    no    yes
    b  07-01 adj   PKG1 -12.00 06-01 07-01 .     .    .     .    .     .
    c  08-01 rec   PKG1 12.00  06-01 07-01 1200  0    0     .    no    yes
    d  09-01 rec   PKG1 12.00  06-01 07-01 0     0    1200  a    no    yes
    """,
    "what an element was due for by itself is billed again": """
    no bill  class usoc amount from  until share used again twin above ok
    0  06-01 add   1FB  0.00   06-01 07-01 .     .    .     .    .     .
    a  06-01 add   1FB  20.00  06-01 07-01 .     .    .     .    .     .
    b  07-01 rec   PKG1 30.00  06-01 07-01 1000  0    2000  a    no    yes
    """,
    "but not what was credited of it": """
    no bill  class usoc amount from  until share used again twin above ok
    a  06-01 add   1FB  20.00  06-01 07-01 .     .    .     .    .     .
    b  07-01 adj   1FB  -20.00 06-01 07-01 .     .    .     .    .     .
    c  08-01 rec   PKG1 30.00  06-01 07-01 3000  0    0     .    no    yes
    d  08-01 rec   1FB  20.00  06-01 07-01 0     0    2000  c    no    yes
    """,
    "a repeat is due as far as its own document credits": """
    no bill  class usoc amount from  until repeats left share used again twin above ok
    a  06-01 rec   PKG1 30.00  06-01 07-01 no      0    3000  0    0     .    no    yes
    b  06-01 adj   PKG1 -12.00 06-01 07-01 no      0    .     .    .     .    .     .
    c  06-01 rec   PKG1 12.00  06-01 07-01 yes     1200 1200  0    0     .    no    no
    """,
    "a repeat of no credit has its part of the price": """
    no bill  class usoc amount from  until repeats left share used again twin above ok
    a  06-01 rec   PKG1 30.00  06-01 07-01 no      0    1800  0    0     .    yes   no
    c  06-01 rec   PKG1 12.00  06-01 07-01 yes     1200 1200  0    0     .    no    no
    """,
    "one of other days has not": """
    no bill  class usoc amount from  until repeats left share used again twin above ok
    a  06-01 rec   PKG1 15.00  06-11 06-26 no      0    1500  0    0     .    no    yes
    b  06-01 rec   PKG1 5.00   06-26 07-01 yes     500  500   0    0     .    no    no
    c  06-01 rec   PKG1 5.00   06-06 06-11 yes     500  500   0    0     .    no    no
    """,
    "what a repeat uses up is no more than what is not due of it": """
    no bill  class usoc amount from  until repeats left share used again twin above ok
    a  06-01 rec   PKG1 20.00  06-01 07-01 no      0    3000  0    0     .    no    no
    b  07-01 rec   PKG1 30.00  07-01 08-01 no      0    3000  0    0     .    no    yes
    c  07-01 rec   PKG1 12.00  06-01 07-01 yes     800  800   400  0     .    no    no
    """,
    "a credit makes room for no more than is billed above the price": """
    no bill  class usoc amount from  until share used again twin above ok
    a  06-01 rec   1FB  20.00  06-01 07-01 2000  0    0     .    no    yes
    b  06-01 adj   1FB  -12.00 06-01 07-01 .     .    .     .    .     .
    c  06-01 rec   PKG1 15.00  06-01 07-01 1500  0    0     .    no    yes
    """,
    "nor for what a repeat has of it": """
    no bill  class usoc  amount from  until repeats left share used again twin above ok
    a  06-01 rec   1FB   18.00  06-01 07-01 no      0    1800  0    0     .    no    yes
    b  06-01 rec   PORT1 12.00  06-01 07-01 no      0    1200  0    0     .    no    yes
    c  06-01 adj   PORT1 -12.00 06-01 07-01 no      0    .     .    .     .    .     .
    d  06-01 rec   PORT1 5.00   06-01 07-01 yes     500  500   0    0     .    no    no
    e  06-01 rec   PKG1  30.00  06-01 07-01 no      0    700   0    2300  a    no    yes
    """,
    "nor on another document": """
    no bill  class usoc amount from  until share used again twin above ok
    a  05-15 adj   1FB  -12.00 06-01 07-01 .     .    .     .    .     .
    b  06-01 rec   1FB  30.00  06-01 07-01 3000  0    0     .    no    yes
    c  06-01 rec   PKG1 15.00  06-01 07-01 0     0    1500  b    no    yes
    """,
    "nor for what is billed once": """
    no bill  class usoc amount from  until share used again twin above ok
    a  06-01 rec   PKG1 40.00  06-01 07-01 3000  0    0     .    yes   no
    b  06-01 adj   PKG1 -10.00 06-01 07-01 .     .    .     .    .     .
    """,
    "an element billed for the days after its others is billed once": """
    no bill  class usoc  amount from  until share used again twin above ok
    a  06-01 rec   1FB   20.00  06-01 07-01 1500  0    0     .    yes   no
    b  06-01 rec   PORT1 10.00  06-01 06-16 750   0    0     .    yes   no
    c  06-01 rec   PORT1 10.00  06-16 07-01 750   0    0     .    yes   no
    d  06-01 adj   PORT1 -10.00 06-01 07-01 .     .    .     .    .     .
    """,
    "or for those before them": """
    no bill  class usoc  amount from  until share used again twin above ok
    a  06-01 rec   1FB   20.00  06-01 07-01 1500  0    0     .    yes   no
    b  06-01 rec   PORT1 10.00  06-16 07-01 750   0    0     .    yes   no
    c  06-01 rec   PORT1 10.00  06-01 06-16 750   0    0     .    yes   no
    d  06-01 adj   PORT1 -10.00 06-01 07-01 .     .    .     .    .     .
    """,
    "what uses up all that was billed too little is the first of two ways": """
    no bill  class usoc amount from  until share used again twin above ok
    a  05-01 rec   1FB  20.00  06-01 07-01 3000  0    0     .    no    no
    b  06-01 rec   1FB  10.00  06-01 07-01 0     1000 0     .    no    yes
    c  06-01 rec   PKG1 8.00   06-01 07-01 0     0    800   a    no    yes
    """,
    "what is short of half of the days is not short of the others": """
    no bill  class usoc amount from  until share used again twin above ok
    a  06-01 rec   PKG1 10.00  06-01 06-16 1500  0    0     .    no    no
    b  06-01 rec   PKG1 15.00  06-16 07-01 1500  0    0     .    no    yes
    c  07-01 rec   PKG1 5.00   06-16 07-01 0     0    500   b    no    yes
    d  08-01 rec   PKG1 5.00   06-01 06-16 0     500  0     .    no    yes
    """,
    "nor of days that were billed before": """
    no bill  class usoc amount from  until share used again twin above ok
    a  06-01 rec   PKG1 15.00  06-01 06-16 1500  0    0     .    no    yes
    b  07-01 rec   PKG1 10.00  06-01 07-01 1500  0    0     .    no    no
    c  08-01 rec   PKG1 5.00   06-01 06-16 0     0    500   a    no    yes
    """,
    "a line of which nothing is due bills no days": """
    no bill  class usoc amount from  until share used again twin above ok
    a  06-01 add   1FB  30.00  06-01 07-01 .     .    .     .    .     .
    b  07-01 rec   PKG1 30.00  06-01 07-01 0     0    3000  a    no    yes
    c  08-01 rec   PKG1 30.00  06-01 07-01 0     0    3000  a    no    yes
    """,
    "a proration less a day and a cent uses up all, and so is the first way": """
    no bill  class usoc amount from  until share used again twin above ok
    a  05-01 rec   1FB  20.00  06-01 07-01 3000  0    0     .    no    no
    b  06-01 pro   1FB  9.50   06-01 07-01 0     950  0     .    no    yes
    c  06-01 pro   PKG1 8.00   06-01 07-01 0     50   750   a    no    yes
    """,
    "a line uses up no more than it bills above its share": """
    no bill  class usoc  amount from  until share used again twin above ok
    a  05-01 rec   PKG1  14.99  06-01 06-16 1500  0    0     .    no    no
    b  05-01 add   PORT1 14.99  06-16 07-01 .     .    .     .    .     .
    c  06-01 rec   1FB   0.01   06-01 07-01 1     0    0     .    no    yes
    d  06-01 rec   PORT1 0.01   06-01 07-01 0     1    0     .    no    yes
    """,
    "the rate is that of the line that starts first": """
    no bill  class usoc  amount from  until rate  share used again twin above ok
    a  06-01 rec   1FB   20.00  06-01 07-01 30.00 2000  0    0     .    no    yes
    b  06-01 rec   PORT1 10.00  06-16 07-01 40.00 1000  0    0     .    no    yes
    """,
    "a cent above the price is above it": """
    no bill  class usoc amount from  until share used again twin above ok
    a  06-01 rec   PKG1 30.00  06-01 07-01 3000  0    0     .    no    yes
    b  07-01 rec   PKG1 30.01  07-01 08-01 3000  0    0     .    yes   no
    c  08-01 pro   PKG1 31.01  08-01 09-01 3000  0    0     .    no    yes
    d  09-01 pro   PKG1 31.02  09-01 10-01 3000  0    0     .    yes   no
    """,
    "from the last day of a month to the last of the next is a month": """
    no bill  bill_day class usoc amount from  until share used again twin above ok
    a  01-15 15       rec   PKG1 30.00  01-31 02-28 3000  0    0     .    no    yes
    """,
    "without a price on days after the disconnect no way is the second": """
    no bill  class usoc amount from  until window_until share used again twin above ok
    a  06-01 rec   1FB  20.00  06-01 07-01 06-01        0     0    0     .    yes   no
    b  06-01 rec   PKG1 30.00  06-01 07-01 06-01        0     0    0     .    yes   no
    """,
    "the second way is billed again if the first has all of the price": """
    no bill  class usoc  amount from  until share used again twin above ok
    a  06-01 rec   1FB   30.00  06-01 07-01 3000  0    0     .    no    yes
    b  06-01 rec   PKG1  5.00   06-01 07-01 0     0    500   a    no    yes
    c  07-01 rec   1FB   29.99  07-01 08-01 2571  0    0     .    yes   no
    d  07-01 rec   PKG1  5.00   07-01 08-01 429   0    0     .    yes   no
    """,
    "a proration less a day and a cent is all of the price": """
    no bill  class usoc  amount from  until share used again twin above ok
    a  06-01 pro   1FB   28.99  06-01 07-01 2899  0    0     .    no    yes
    b  06-01 pro   PKG1  5.00   06-01 07-01 101   0    399   a    no    yes
    c  07-01 pro   1FB   28.98  07-01 08-01 2559  0    0     .    yes   no
    d  07-01 pro   PKG1  5.00   07-01 08-01 441   0    0     .    yes   no
    """,
    "what is billed again lies on the lines by their days that were billed": """
    no bill  class usoc  amount from  until share used again twin above ok
    a  06-01 rec   PKG1  30.00  06-01 07-01 3000  0    0     .    no    yes
    b  07-01 rec   1FB   10.00  06-16 07-01 250   0    750   a    no    yes
    c  07-01 rec   PORT1 20.00  06-16 07-16 1250  0    750   a    no    yes
    """,
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_package_is_due_once_for_each_of_its_days(name: str):
    said, right = judged(CASES[name])
    assert said == right


def test_a_package_billed_at_its_price_needs_no_row_beside_bills_that_only_touch_its_days(
    monkeypatch: pytest.MonkeyPatch,
):
    told = []
    plain = auditing.spread
    monkeypatch.setattr(auditing, "spread", lambda *given: told.append(plain(*given)) or told[-1])
    made = audit("""
        no bill       class usoc  quantity rate amount wtn        from       until
        a  2026-06-01 rec   PKG1  1        .    30.00  6145550102 2026-06-01 2026-07-01
        b  2026-07-01 rec   PKG1  1        .    30.00  6145550102 2026-07-01 2026-08-01
        c  2026-08-01 adj   PKG1  .        .    -5.00  6145550102 2026-05-01 2026-06-01
        d  2026-08-01 adj   PKG1  .        .    -5.00  6145550102 2026-08-01 2026-09-01
    """)
    assert found(made) == []
    assert [shares.height for shares in told] == [0]


def test_money_of_a_line_lies_on_its_days_in_service_if_they_are_any_part_of_a_month():
    past = frame(
        """
        line_id installed_on window_until starts ends
        a       06-02        .            06-01  06-04
        b       .            05-31        05-30  06-01
        c       .            .            06-01  06-03
        """
    ).with_columns(
        service=pl.lit("S1"), package=pl.lit("PKG1"), group=pl.lit(1), bill_day=pl.lit(1, pl.Int64),
        proration=pl.lit("thirty_day_month"), bill_date=pl.lit("06-01"), invoice_no=pl.lit("I"),
        carries=pl.lit(True), expected=pl.lit(10, pl.Int128), underbilled=pl.lit(0, pl.Int128),
    )  # fmt: skip
    lies = lying(past).select("line_id", "day", cents=pl.col("expected_here") // 10**9)
    assert rows(lies, "line_id", "day", "cents") == [
        "a 06-01 0", "a 06-02 5", "a 06-03 5",
        "b 05-30 0", "b 05-31 10",  # of a month of thirty days one of them is no part
        "c 06-01 5", "c 06-02 5",
    ]  # fmt: skip


# ----------------------------------------------------------------------- held as elements


INSIDE = """
carrier package usoc  quantity
ILEC    PKG1    1FB   1
ILEC    PKG1    PORT1 2
"""
HELD = """
service usoc  quantity active_from active_until
S1      1FB   1        06-01       07-01
S1      PORT1 2        .           .
S2      1FB   1        .           .
S2      PORT1 1        .           .
S3      1FB   1        .           .
S3      PORT1 3        .           .
"""
OWN_CODE = """
line service usoc  amount bill  from  until right
a    S1      PKG1  30     05-31 05-31 06-30 .
b    S1      PKG1  30     06-01 06-01 07-01 PKG1
c    S1      PKG1  30     06-30 06-30 07-30 PKG1
d    S1      PKG1  30     07-01 07-01 08-01 .
e    S2      PKG1  30     06-01 06-01 07-01 .
f    S3      PKG1  30     06-01 06-01 07-01 PKG1
"""
ITS_ELEMENTS = """
line service usoc  amount bill  from  until right
a    S3      PKG1  30     06-10 06-01 07-01 PKG1
b    S3      1FB   20     06-10 06-30 07-30 PKG1
c    S3      1FB   20     06-10 07-01 08-01 .
d    S3      1FB   20     06-10 05-02 06-02 PKG1
e    S3      1FB   20     06-10 05-01 06-01 .
f    S3      1FB   20     06-09 06-01 07-01 .
g    S3      TTB   20     06-10 06-01 07-01 .
h    S1      PKG1  0      06-10 06-01 07-01 PKG1
i    S1      1FB   20     06-10 06-01 07-01 .
"""
# One that is too late, or of an unknown account, is a package and takes no elements.
AT_STAKE = """
line service usoc  amount bill  from       until      right contract
a    S3      PKG1  30     06-10 2025-05-09 2025-06-09 PKG1  C
b    S3      1FB   20     06-10 2025-05-09 2025-06-09 .     C
c    S3      PKG1  30     06-10 2025-07-10 2025-08-10 PKG1  .
d    S3      1FB   20     06-10 2025-07-10 2025-08-10 .     C
"""
ON_THE_LAST_DAY = """
line service usoc  amount bill  from       until      right contract
a    S3      PKG1  30     06-10 2025-05-10 2025-06-10 PKG1  C
b    S3      1FB   20     06-10 2025-05-10 2025-06-10 PKG1  C
"""


@pytest.mark.parametrize("text", [OWN_CODE, ITS_ELEMENTS, AT_STAKE, ON_THE_LAST_DAY])
def test_a_package_is_held_where_all_its_elements_are_and_billed_from_its_document_on(text: str):
    table = frame(text)
    if "contract" not in table.columns:
        table = table.with_columns(contract=pl.lit("C"))
    lines = table.select(
        "service", "usoc", line_id="line", carrier=pl.lit("ILEC"), rate_day="from",
        charge_class=pl.lit("recurring"), package=pl.lit(None, pl.String()), bill_date="bill",
        invoice_no=pl.lit("I"), period_from="from", period_until="until", amount="amount",
        contract="contract",
    )  # fmt: skip
    reference = {"packages": frame(INSIDE).lazy(), "service_elements": frame(HELD).lazy()}
    limits = pl.DataFrame({"contract": "C", "backbill_limit_months": 12})
    told = with_package_of_elements(lines.lazy(), lines.clear().lazy(), reference, limits)
    assert rows(told, "line_id", "package") == rows(table, "line", "right")
