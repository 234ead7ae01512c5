"""Hand-made bills of elements and orders that are due once, with the answer beside each line.

Read with `due_once_cases`, which says what the columns are.
"""

from __future__ import annotations

CREDITED: dict[str, str] = {
    "days credited may be billed again": """
    no bill  class usoc quantity rate  amount from  until due   stake under code
    a  06-01 rec   1FB  1        20.00 20.00  06-01 07-01 20.00 0.00  0.00  .
    b  07-01 adj   1FB  .        .     -8.00  06-19 07-01 -8.00 0.00  0.00  .
    c  08-01 pro   1FB  1        20.00 8.00   06-19 07-01 8.00  0.00  0.00  .
    """,
    "and no other days": """
    no bill  class usoc quantity rate  amount from  until due   stake under code
    a  06-01 rec   1FB  1        20.00 20.00  06-01 07-01 20.00 0.00  0.00  .
    b  07-01 adj   1FB  .        .     -8.00  06-19 07-01 -8.00 0.00  0.00  .
    c  08-01 pro   1FB  1        20.00 8.00   06-01 06-13 0.00  8.00  0.00  charged_twice
    d  09-01 rec   1FB  1        20.00 20.00  06-01 07-01 8.00  12.00 0.00  charged_twice
    """,
    "and only once": """
    no bill  class usoc quantity rate  amount from  until due   stake under code
    a  06-01 rec   1FB  1        20.00 20.00  06-01 07-01 20.00 0.00  0.00  .
    b  07-01 adj   1FB  .        .     -8.00  06-19 07-01 -8.00 0.00  0.00  .
    c  08-01 pro   1FB  1        20.00 8.00   06-19 07-01 8.00  0.00  0.00  .
    d  09-01 pro   1FB  1        20.00 8.00   06-19 07-01 0.00  8.00  0.00  charged_twice
    """,
    "days billed again at another rate are judged like any days": """
    no bill  class usoc quantity rate  amount from  until due    stake under code
    a  06-01 rec   1FB  1        20.00 20.00  06-01 07-01 20.00  0.00  0.00  .
    b  07-01 adj   1FB  .        .     -10.00 06-16 07-01 -10.00 0.00  0.00  .
    c  08-01 pro   1FB  1        23.00 11.50  06-16 07-01 10.00  1.50  0.00  rate_above_contract
    """,
    "an amount credited may be billed again": """
    no bill  class usoc quantity rate  amount from  until due   stake under code
    a  06-01 rec   1FB  1        20.00 20.00  06-01 07-01 20.00 0.00  0.00  .
    b  07-01 adj   1FB  .        .     -7.00  06-01 07-01 -7.00 0.00  0.00  .
    c  08-01 pro   1FB  1        7.00  7.00   06-01 07-01 7.00  0.00  0.00  .
    """,
    "more than the amount may not": """
    no bill  class usoc quantity rate  amount from  until due   stake under code
    a  06-01 rec   1FB  1        20.00 20.00  06-01 07-01 20.00 0.00  0.00  .
    b  07-01 adj   1FB  .        .     -7.00  06-01 07-01 -7.00 0.00  0.00  .
    c  08-01 pro   1FB  1        9.50  9.50   06-01 07-01 7.00  2.50  0.00  charged_twice
    d  09-01 pro   1FB  1        1.00  1.00   06-01 07-01 0.00  1.00  0.00  charged_twice
    """,
    "less than the amount leaves the rest to be billed": """
    no bill  class usoc quantity rate  amount from  until due   stake under code
    a  06-01 rec   1FB  1        20.00 20.00  06-01 07-01 20.00 0.00  0.00  .
    b  07-01 adj   1FB  .        .     -7.00  06-01 07-01 -7.00 0.00  0.00  .
    c  08-01 rec   1FB  1        5.00  5.00   06-01 07-01 7.00  0.00  2.00  rate_below_contract
    d  09-01 rec   1FB  1        2.00  2.00   06-01 07-01 0.00  0.00  -2.00 .
    """,
    "an amount lies evenly on its days": """
    no bill  class usoc quantity rate  amount from  until due   stake under code
    a  06-01 rec   1FB  1        20.00 20.00  06-01 07-01 20.00 0.00  0.00  .
    b  07-01 adj   1FB  .        .     -7.00  06-01 07-01 -7.00 0.00  0.00  .
    c  08-01 pro   1FB  1        14.00 7.00   06-16 07-01 3.50  3.50  0.00  charged_twice
    d  09-01 pro   1FB  1        7.00  3.50   06-01 06-16 3.50  0.00  0.00  .
    """,
    "two credits of one charge": """
    no bill  class usoc quantity rate  amount from  until due   stake under code
    a  06-01 rec   1FB  1        20.00 20.00  06-01 07-01 20.00 0.00  0.00  .
    b  07-01 adj   1FB  .        .     -4.00  06-01 07-01 -4.00 0.00  0.00  .
    c  08-01 adj   1FB  .        .     -3.00  06-01 07-01 -3.00 0.00  0.00  .
    d  08-01 pro   1FB  1        7.00  7.00   06-01 07-01 7.00  0.00  0.00  .
    """,
    "a credit on a later bill comes too late": """
    no bill  class usoc quantity rate  amount from  until due   stake under code
    a  06-01 rec   1FB  1        20.00 20.00  06-01 07-01 20.00 0.00  0.00  .
    b  07-01 pro   1FB  1        7.00  7.00   06-01 07-01 0.00  7.00  0.00  charged_twice
    c  08-01 adj   1FB  .        .     -7.00  06-01 07-01 -7.00 0.00  0.00  .
    """,
    "a unit credited may be billed again": """
    no bill  class usoc quantity rate amount from  until due   stake under code
    a  06-01 rec   TTB  2        5.00 10.00  06-01 07-01 10.00 0.00  0.00  .
    b  07-01 rec   TTB  -1       5.00 -5.00  06-01 07-01 -5.00 0.00  0.00  .
    c  08-01 rec   TTB  1        5.00 5.00   06-01 07-01 5.00  0.00  0.00  .
    d  09-01 rec   TTB  1        5.00 5.00   06-01 07-01 0.00  5.00  0.00  charged_twice
    """,
    "and no second unit": """
    no bill  class usoc quantity rate amount from  until due   stake under code
    a  06-01 rec   TTB  2        5.00 10.00  06-01 07-01 10.00 0.00  0.00  .
    b  07-01 rec   TTB  -1       5.00 -5.00  06-01 07-01 -5.00 0.00  0.00  .
    c  08-01 rec   TTB  2        5.00 10.00  06-01 07-01 5.00  5.00  0.00  charged_twice
    """,
    "a unit for half the days": """
    no bill  class usoc quantity rate amount from  until due   stake under code
    a  06-01 rec   TTB  2        5.00 10.00  06-01 07-01 10.00 0.00  0.00  .
    b  07-01 adj   TTB  .        .    -2.50  06-16 07-01 -2.50 0.00  0.00  .
    c  08-01 pro   TTB  1        5.00 2.50   06-16 07-01 2.50  0.00  0.00  .
    """,
    "a credit of all of it": """
    no bill  class usoc quantity rate  amount from  until due    stake under code
    a  06-01 rec   1FB  1        20.00 20.00  06-01 07-01 20.00  0.00  0.00  .
    b  07-01 adj   1FB  .        .     -20.00 06-16 07-01 -20.00 0.00  0.00  .
    c  08-01 rec   1FB  1        20.00 20.00  06-01 07-01 20.00  0.00  0.00  .
    """,
    "a repeat that was credited leaves the first": """
    no bill  class usoc quantity rate  amount from  until due    stake under code
    a  06-01 rec   1FB  1        20.00 20.00  06-01 07-01 20.00  0.00  0.00  .
    b  07-01 rec   1FB  1        20.00 20.00  06-01 07-01 0.00   20.00 0.00  charged_twice
    c  08-01 adj   1FB  .        .     -20.00 06-01 07-01 -20.00 0.00  0.00  .
    d  09-01 rec   1FB  1        20.00 20.00  06-01 07-01 0.00   20.00 0.00  charged_twice
    """,
    "usage credited in part": """
    no bill  class usoc  quantity rate amount from  until due   stake under code
    a  06-01 use   UMIN1 1000     .    12.35  05-01 06-01 12.35 0.00  0.00  .
    b  07-01 adj   UMIN1 .        .    -3.00  05-01 06-01 -3.00 0.00  0.00  .
    c  08-01 use   UMIN1 1000     .    12.35  05-01 06-01 3.00  9.35  0.00  charged_twice
    """,
}  # fmt: skip

ORDERED = """
order_no service usoc  quantity completed_on nrc_waived
R1       S1      NRCIN 2        2026-05-10   no
"""
OF_ORDERS: dict[str, str] = {
    "a unit of an order credited may be billed again": """
    no bill  class usoc  quantity rate  amount order_no due    stake under code
    a  06-01 nrc   NRCIN 2        45.00 90.00  R1       90.00  0.00  0.00  .
    b  07-01 adj   NRCIN .        .     -45.00 R1       -45.00 0.00  0.00  .
    c  08-01 nrc   NRCIN 1        45.00 45.00  R1       45.00  0.00  0.00  .
    d  09-01 nrc   NRCIN 1        45.00 45.00  R1       0.00   45.00 0.00  charged_twice
    """,
    "an amount of an order credited may be billed again": """
    no bill  class usoc  quantity rate  amount order_no due    stake under code
    a  06-01 nrc   NRCIN 2        45.00 90.00  R1       90.00  0.00  0.00  .
    b  07-01 adj   NRCIN .        .     -13.00 R1       -13.00 0.00  0.00  .
    c  08-01 nrc   NRCIN 1        13.00 13.00  R1       13.00  0.00  0.00  .
    """,
    "an order billed too little, then the rest": """
    no bill  class usoc  quantity rate  amount order_no due   stake under code
    a  06-01 nrc   NRCIN 2        30.00 60.00  R1       90.00 0.00  30.00 rate_below_contract
    b  07-01 nrc   NRCIN 2        15.00 30.00  R1       0.00  0.00  -30.0 .
    c  08-01 nrc   NRCIN 1        15.00 15.00  R1       0.00  15.00 0.00  charged_twice
    """,
    "an account that is unknown uses no order up": """
    no bill  ban class usoc  quantity rate  amount order_no due   stake under code
    a  06-01 B1  nrc   NRCIN 2        45.00 90.00  R1       .     90.00 0.00  account_unknown
    b  07-01 A1  nrc   NRCIN 2        45.00 90.00  R1       90.00 0.00  0.00  .
    """,
}  # fmt: skip

TOO_LITTLE: dict[str, str] = {
    "billed too little, then the rest": """
    no bill  class usoc quantity rate  amount from  until due   stake under code
    a  06-01 rec   1FB  1        14.00 14.00  06-01 07-01 20.00 0.00  6.00  rate_below_contract
    b  07-01 pro   1FB  1        6.00  6.00   06-01 07-01 0.00  0.00  -6.00 .
    """,
    "the rest in two parts, and then too much": """
    no bill  class usoc quantity rate  amount from  until due   stake under code
    a  06-01 rec   1FB  1        14.00 14.00  06-01 07-01 20.00 0.00  6.00  rate_below_contract
    b  07-01 pro   1FB  1        4.00  4.00   06-01 07-01 0.00  0.00  -4.00 .
    c  08-01 pro   1FB  1        4.00  4.00   06-01 07-01 0.00  2.00  -2.00 charged_twice
    d  09-01 pro   1FB  1        4.00  4.00   06-01 07-01 0.00  4.00  0.00  charged_twice
    """,
    "nothing first": """
    no bill  class usoc quantity rate  amount from  until due   stake under  code
    a  06-01 rec   1FB  1        .     0.00   06-01 07-01 20.00 0.00  20.00  rate_below_contract
    b  07-01 rec   1FB  1        20.00 20.00  06-01 07-01 0.00  0.00  -20.00 .
    c  08-01 rec   1FB  1        20.00 20.00  06-01 07-01 0.00  20.00 0.00   charged_twice
    """,
    "nothing beside, on one bill": """
    no bill  class usoc quantity rate  amount from  until due   stake under  code
    a  06-01 rec   1FB  1        .     0.00   06-01 07-01 20.00 0.00  20.00  rate_below_contract
    b  06-01 rec   1FB  1        20.00 20.00  06-01 07-01 0.00  0.00  -20.00 .
    c  07-01 rec   1FB  1        20.00 20.00  07-01 08-01 20.00 0.00  0.00   .
    d  07-01 rec   1FB  1        .     0.00   07-01 08-01 0.00  0.00  0.00   .
    """,
    "nothing for half of the days": """
    no bill  class usoc quantity rate  amount from  until due   stake under  code
    a  06-01 pro   1FB  1        .     0.00   06-01 06-16 10.00 0.00  10.00  rate_below_contract
    b  07-01 rec   1FB  1        20.00 20.00  06-01 07-01 10.00 0.00  -10.00 .
    """,
    "the rest of some days only": """
    no bill  class usoc quantity rate  amount from  until due   stake under code
    a  06-01 rec   1FB  1        14.00 14.00  06-01 07-01 20.00 0.00  6.00  rate_below_contract
    b  07-01 pro   1FB  1        12.00 6.00   06-16 07-01 0.00  3.00  -3.00 charged_twice
    """,
    "the rest with the month that follows": """
    no bill  class usoc quantity rate  amount from  until due   stake under code
    a  06-01 rec   1FB  1        14.00 14.00  06-01 07-01 20.00 0.00  6.00  rate_below_contract
    b  07-01 rec   1FB  1        13.00 26.00  06-01 08-01 20.00 0.00  -6.00 .
    c  08-01 rec   1FB  1        20.00 20.00  07-01 08-01 0.00  20.00 0.00  charged_twice
    """,
    "each unit for itself": """
    no bill  class usoc quantity rate amount from  until due  stake under code
    a  06-01 rec   TTB  1        3.00 3.00   06-01 07-01 5.00 0.00  2.00  rate_below_contract
    b  06-01 rec   TTB  1        7.00 7.00   06-01 07-01 5.00 2.00  0.00  rate_above_contract
    c  07-01 rec   TTB  1        2.00 2.00   06-01 07-01 0.00 0.00  -2.00 .
    """,
    "what is tolerated is no accrual": """
    no bill  class usoc quantity rate  amount from  until due  stake under code
    a  06-01 pro   1FB  1        20.00 6.00   06-01 06-11 6.67 0.00  0.00  .
    b  07-01 pro   1FB  1        2.00  0.67   06-01 06-11 0.00 0.67  0.00  charged_twice
    """,
    "credited in full, the accrual stays": """
    no bill  class usoc quantity rate  amount from  until due   stake under code
    a  06-01 rec   1FB  1        14.00 14.00  06-01 07-01 20.00 0.00  6.00  rate_below_contract
    b  07-01 adj   1FB  .        .     -5.00  06-01 07-01 -5.00 0.00  0.00  .
    c  08-01 rec   1FB  1        11.00 11.00  06-01 07-01 5.00  0.00  -6.00 .
    """,
    "usage billed too little": """
    no bill  class usoc  quantity rate  amount from  until due   stake under code
    a  06-01 use   UMIN1 1000     0.010 10.00  05-01 06-01 12.35 0.00  2.35  rate_below_contract
    b  07-01 use   UMIN1 1000     0.002 2.35   05-01 06-01 0.00  0.00  -2.35 .
    """,
    "too late, and so no repeat": """
    no bill  class usoc amount from       until      due   stake under code
    a  06-01 rec   1FB  20.00  2025-04-01 2025-05-01 0.00  20.00 0.00  backbilled_too_late
    b  06-01 rec   1FB  20.00  06-01      07-01      20.00 0.00  0.00  .
    """,
    "an account that is unknown makes no repeat": """
    no bill  ban class usoc quantity rate  amount from  until due   stake under code
    a  06-01 B1  rec   1FB  1        20.00 20.00  06-01 07-01 .     20.00 0.00  account_unknown
    b  06-10 A1  rec   1FB  1        20.00 20.00  06-01 07-01 20.00 0.00  0.00  .
    """,
    "what used a line of 0.00 is credited in full, and billed again": """
    no bill  class usoc  quantity rate amount from  until due   stake under  code
    a  06-01 rec   1FB   1        .    0.00  06-01 07-01 20.00 0.00  20.00  rate_below_contract
    b  07-01 rec   1FB   1        .    5.00  06-01 07-01 0.00 0.00  -5.00  .
    c  07-01 adj   1FB   .        .    -5.00  06-01 07-01 -5.00 0.00  0.00  .
    d  08-01 rec   1FB   1        .    20.00  06-01 07-01 5.00 0.00  -15.00  .
    """,
    "what used a line of 0.00 is credited in part, and billed again": """
    no bill  class usoc  quantity rate amount from  until due   stake under  code
    a  06-01 rec   1FB   1        .    0.00  06-01 07-01 20.00 0.00  20.00  rate_below_contract
    b  07-01 rec   1FB   1        .    5.00  06-01 07-01 0.00 0.00  -5.00  .
    c  07-01 adj   1FB   .        .    -3.00  06-01 07-01 -3.00 0.00  0.00  .
    d  08-01 rec   1FB   1        .    18.00  06-01 07-01 3.00 0.00  -15.00  .
    """,
    "the oldest is credited first, of the rest too": """
    no bill  class usoc  quantity rate amount from  until due   stake under  code
    a  06-01 rec   1FB   1        .    14.00  06-01 07-01 20.00 0.00  6.00  rate_below_contract
    b  07-01 rec   1FB   1        .    5.00  06-01 07-01 5.00 0.00  0.00  .
    c  07-01 adj   1FB   .        .    -5.00  06-01 07-01 -5.00 0.00  0.00  .
    d  08-01 rec   1FB   1        .    6.00  06-01 07-01 0.00 0.00  -6.00  .
    """,
    "a part credited, then what is open and the part": """
    no bill  class usoc  quantity rate amount from  until due   stake under  code
    a  06-01 rec   1FB   1        .    14.00  06-01 07-01 20.00 0.00  6.00  rate_below_contract
    b  07-01 rec   1FB   1        .    5.00  06-01 07-01 3.00 0.00  -2.00  .
    c  07-01 adj   1FB   .        .    -3.00  06-01 07-01 -3.00 0.00  0.00  .
    d  08-01 rec   1FB   1        .    4.00  06-01 07-01 0.00 0.00  -4.00  .
    """,
    "days credited of what used a line of 0.00 may be billed again": """
    no bill  class usoc  quantity rate amount from  until due   stake under  code
    a  06-01 rec   1FB   1        .     0.00  06-01 07-01 20.00 0.00  20.00  rate_below_contract
    b  06-01 rec   1FB   1        20.00 20.00 06-01 07-01 0.00  0.00  -20.00 .
    c  07-01 adj   1FB   .        .     -8.00 06-19 07-01 -8.00 0.00  0.00   .
    d  08-01 pro   1FB   1        20.00 8.00  06-19 07-01 8.00  0.00  0.00   .
    """,
    "a line of 0.00, billed in two parts": """
    no bill  class usoc  quantity rate amount from  until due   stake under  code
    a  06-01 rec   1FB   1        .    0.00   06-01 07-01 20.00 0.00  20.00  rate_below_contract
    b  07-01 rec   1FB   1        .    12.00  06-01 07-01 0.00  0.00  -12.00 .
    d  08-01 rec   1FB   1        .    8.00   06-01 07-01 0.00  0.00  -8.00  .
    e  09-01 rec   1FB   1        .    1.00   06-01 07-01 0.00  1.00  0.00   charged_twice
    """,
    "a line of 0.00, a part of its days and the rest": """
    no bill  class usoc  quantity rate amount from  until due   stake under  code
    a  06-01 rec   1FB   1        .    0.00   06-01 07-01 20.00 0.00  20.00  rate_below_contract
    b  07-01 rec   1FB   1        .    9.00   06-01 06-16 0.00  0.00  -9.00  .
    d  08-01 rec   1FB   1        .    11.00  06-01 07-01 0.00  0.00  -11.00 .
    """,
}  # fmt: skip
