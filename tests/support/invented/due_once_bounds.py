"""Hand-made bills on the very bound: the day, the cent and the unit on which an answer changes.

Read with `due_once_cases`, which says what the columns are.
"""

from __future__ import annotations

TOUCHING: dict[str, str] = {
    "periods that touch share no day, whichever is billed first": """
    no bill  class usoc quantity rate  amount from  until due   stake under code
    a  06-01 rec   1FB  1        20.00 20.00  06-01 07-01 20.00 0.00  0.00  .
    b  07-01 rec   1FB  1        20.00 20.00  05-01 06-01 20.00 0.00  0.00  .
    c  07-01 rec   1FB  1        20.00 20.00  07-01 08-01 20.00 0.00  0.00  .
    """,
    "one shared day is due once": """
    no bill  class usoc quantity rate  amount from  until due   stake under code
    a  06-01 rec   1FB  1        30.00 30.00  06-01 07-01 20.00 10.00 0.00  rate_above_contract
    b  07-01 pro   1FB  1        20.00 4.00   06-30 07-06 3.33  0.67  0.00  charged_twice
    """,
    "twelve months back, to the day": """
    no bill       class usoc amount from       until      due   stake under code
    a  06-01      rec   1FB  20.00  2027-05-01 2027-06-01 20.00 0.00  0.00  .
    b  2027-06-01 rec   1FB  20.00  2027-05-01 2027-06-01 0.00  20.00 0.00  charged_twice
    """,
    "and no day more": """
    no bill       class usoc amount from       until      due   stake under code
    a  06-01      rec   1FB  20.00  2027-05-01 2027-06-01 20.00 0.00  0.00  .
    b  2027-06-02 rec   1FB  20.00  2027-05-01 2027-06-01 20.00 0.00  0.00  .
    """,
    "billed on the last day there is for it, and again": """
    no bill       class usoc amount from       until      due   stake under code
    a  06-01      rec   1FB  20.00  2025-05-01 2025-06-01 20.00 0.00  0.00  .
    b  06-01      rec   1FB  20.00  2025-05-01 2025-06-01 0.00  20.00 0.00  charged_twice
    """,
}  # fmt: skip

NOTHING: dict[str, str] = {
    "what nothing owed is used, credited, and billed too low": """
    no bill  class usoc quantity rate  amount from  until due    stake under  code
    a  06-01 pro   1FB  1        .     0.00   06-16 07-01 10.00  0.00  10.00  rate_below_contract
    b  07-01 rec   1FB  1        20.00 20.00  06-01 07-01 10.00  0.00  -10.00 .
    c  07-01 adj   1FB  .        .     -20.00 06-01 07-01 -20.00 0.00  0.00   .
    d  08-01 rec   1FB  1        12.00 12.00  06-01 07-01 20.00  0.00  8.00   rate_below_contract
    """,
    "a repeat uses up what lies on the days it bills again": """
    no bill  class usoc quantity rate amount from  until due  stake under code
    a  06-01 rec   TTB  1        .    0.00   06-01 07-01 5.00 0.00  5.00  rate_below_contract
    b  07-01 pro   TTB  2        .    4.00   06-01 06-16 2.50 0.00  -1.50 .
    c  08-01 rec   TTB  1        .    5.00   06-01 07-01 2.50 1.50  -1.00 charged_twice
    """,
    "too little, credited in part, and its days billed again": """
    no bill  class usoc quantity rate  amount from  until due    stake under code
    a  06-01 rec   1FB  1        18.00 18.00  06-01 07-01 20.00  0.00  2.00  rate_below_contract
    b  07-01 adj   1FB  .        .     -9.00  06-16 07-01 -9.00  0.00  0.00  .
    c  08-01 rec   1FB  1        20.00 20.00  06-01 07-01 10.00  9.00  -1.00 charged_twice
    """,
    "a line of nothing has what was left when it was billed": """
    no bill  class usoc quantity rate amount from  until due   stake under code
    a  06-01 rec   TTB  1        .    0.00   06-01 07-01 5.00  0.00  5.00  rate_below_contract
    b  06-01 rec   TTB  1        .    5.00   06-01 07-01 5.00  0.00  0.00  .
    c  07-01 rec   TTB  2        .    0.00   06-01 07-01 0.00  0.00  0.00  .
    d  08-01 adj   TTB  .        .    -5.00  06-01 07-01 -5.00 0.00  0.00  .
    e  09-01 rec   TTB  1        .    5.00   06-01 07-01 5.00  0.00  0.00  .
    """,
    "a line of nothing, credited money and days, and both billed again": """
    no bill  class usoc quantity rate amount from  until due   stake under code
    a  06-01 rec   TTB  2        5.00 10.00  06-01 07-01 10.00 0.00  0.00  .
    b  07-01 adj   TTB  .        .    -6.00  06-11 06-21 -6.00 0.00  0.00  .
    c  08-01 rec   TTB  1        .    0.00   06-01 07-01 4.34  0.00  4.34  rate_below_contract
    d  09-01 pro   TTB  1        5.00 1.67   06-01 06-11 0.00  0.33  -1.34 charged_twice
    """,
    "a line of nothing on days of which some were used up": """
    no bill  class usoc quantity rate amount from  until due    stake under  code
    a  06-01 pro   1FB  1        .    0.00   06-01 06-16 10.00  0.00  10.00  rate_below_contract
    b  07-01 pro   1FB  1        .    10.00  06-01 06-16 0.00   0.00  -10.00 .
    c  08-01 adj   1FB  .        .    -10.00 06-01 06-16 -10.00 0.00  0.00   .
    d  09-01 rec   1FB  1        .    0.00   06-01 07-01 20.00  0.00  20.00  rate_below_contract
    e  10-01 pro   1FB  1        .    10.00  06-16 07-01 0.00   0.00  -10.00 .
    f  11-01 pro   1FB  1        .    10.00  06-01 06-16 0.00   0.00  -10.00 .
    """,
    "a line of nothing after one that was used up": """
    no bill  class usoc quantity rate amount from  until due    stake under code
    a  06-01 rec   TTB  2        .    0.00   06-01 07-01 10.00  0.00  10.00 rate_below_contract
    b  07-01 rec   TTB  1        .    4.00   06-01 07-01 0.00   0.00  -4.00 .
    c  08-01 adj   TTB  .        .    -10.00 06-01 07-01 -10.00 0.00  0.00  .
    d  09-01 rec   TTB  2        .    0.00   06-01 07-01 4.00   0.00  4.00  rate_below_contract
    e  10-01 rec   TTB  2        .    0.00   06-01 07-01 0.00   0.00  0.00  .
    f  11-01 rec   TTB  2        5.00 10.00  06-01 07-01 0.00   0.00  -10.00 .
    """,
    "beside nothing, too dear": """
    no bill  class usoc quantity rate  amount from  until due   stake under  code
    a  06-01 rec   1FB  1        .     0.00   06-01 07-01 20.00 0.00  20.00  rate_below_contract
    b  07-01 rec   1FB  1        23.00 23.00  06-01 07-01 0.00  3.00  -20.00 rate_above_contract
    """,
}  # fmt: skip

OF_ORDERS: dict[str, str] = {
    "an order billed at nothing, then once too often": """
    no bill  class usoc  quantity rate  amount order_no due   stake under  code
    a  06-01 nrc   NRCIN 2        .     0.00   R1       90.00 0.00  90.00  rate_below_contract
    b  07-01 nrc   NRCIN 1        45.00 45.00  R1       0.00  0.00  -45.00 .
    c  07-01 nrc   NRCIN 1        45.00 45.00  R1       0.00  0.00  -45.00 .
    d  08-01 nrc   NRCIN 1        45.00 45.00  R1       0.00  45.00 0.00   charged_twice
    """,
    "credited in two parts, and billed again": """
    no bill  class usoc  quantity rate  amount order_no due    stake under code
    a  06-01 nrc   NRCIN 2        45.00 90.00  R1       90.00  0.00  0.00  .
    b  07-01 adj   NRCIN .        .     -45.00 R1       -45.00 0.00  0.00  .
    c  08-01 adj   NRCIN .        .     -45.00 R1       -45.00 0.00  0.00  .
    d  09-01 nrc   NRCIN 2        45.00 90.00  R1       90.00  0.00  0.00  .
    e  10-01 nrc   NRCIN 1        45.00 45.00  R1       0.00   45.00 0.00  charged_twice
    """,
    "one of two billed at nothing": """
    no bill  class usoc  quantity rate  amount order_no due   stake under  code
    a  06-01 nrc   NRCIN 1        .     0.00   R1       45.00 0.00  45.00  rate_below_contract
    b  07-01 nrc   NRCIN 2        45.00 90.00  R1       45.00 0.00  -45.00 .
    c  08-01 nrc   NRCIN 1        45.00 45.00  R1       0.00  45.00 0.00   charged_twice
    """,
}  # fmt: skip

HALF_A_CENT = """
usoc   package  charge_class  state  zone  term_months  rate  effective_from  effective_until
VM1OO  .        recurring     .      .     .            0.01  2025-01-01      .
"""
OF_HALF_A_CENT: dict[str, str] = {
    "half a cent is a cent that is due": """
    no bill  class usoc  quantity rate amount from  until due  stake under code
    a  06-01 pro   VM1OO 1        .    0.00   06-01 06-16 0.01 0.00  0.01  rate_below_contract
    b  07-01 pro   VM1OO 1        .    0.01   06-01 06-16 0.00 0.00  -0.01 .
    """,
    "less is none": """
    no bill  class usoc  quantity rate amount from  until due  stake under code
    a  06-01 pro   VM1OO 1        .    0.00   06-01 06-15 0.00 0.00  0.00  .
    b  07-01 pro   VM1OO 1        .    0.01   06-01 06-16 0.01 0.00  0.00  .
    """,
}  # fmt: skip

GIVEN_BACK: dict[str, str] = {
    "a repeat takes of a credit what it costs, and the next what is left": """
    no bill  class usoc quantity rate  amount from  until due    stake under code
    a  06-01 rec   1FB  1        25.00 25.00  06-01 07-01 20.00  5.00  0.00  rate_above_contract
    b  07-01 adj   1FB  .        .     -22.00 06-01 07-01 -22.00 0.00  0.00  .
    c  08-01 rec   1FB  1        20.00 20.00  06-01 07-01 20.00  0.00  0.00  .
    d  09-01 rec   1FB  1        20.00 20.00  06-01 07-01 2.00   18.00 0.00  charged_twice
    """,
    "of a repeat of half its days, what half of it costs": """
    no bill  class usoc quantity rate  amount from  until due    stake under code
    a  06-01 pro   1FB  1        40.00 20.00  06-01 06-16 10.00  10.00 0.00  rate_above_contract
    b  07-01 adj   1FB  .        .     -18.00 06-01 06-16 -18.00 0.00  0.00  .
    c  08-01 rec   1FB  1        20.00 20.00  06-01 07-01 20.00  0.00  0.00  .
    d  09-01 pro   1FB  1        20.00 10.00  06-01 06-16 8.00   2.00  0.00  charged_twice
    """,
    "and of the other half": """
    no bill  class usoc quantity rate  amount from  until due    stake under code
    a  06-01 pro   1FB  1        40.00 20.00  06-16 07-01 10.00  10.00 0.00  rate_above_contract
    b  07-01 adj   1FB  .        .     -18.00 06-16 07-01 -18.00 0.00  0.00  .
    c  08-01 rec   1FB  1        20.00 20.00  06-01 07-01 20.00  0.00  0.00  .
    d  09-01 pro   1FB  1        20.00 10.00  06-16 07-01 8.00   2.00  0.00  charged_twice
    """,
    "the 31st costs nothing where months are of 30 days": """
    no bill  class usoc quantity rate  amount from  until due    stake under code
    a  05-01 pro   1FB  1        21.30 16.33  05-01 05-24 15.33  1.00  0.00  rate_above_contract
    b  05-01 adj   1FB  .        .     -15.33 05-01 05-24 -15.33 0.00  0.00  .
    c  06-01 rec   1FB  1        20.00 20.00  05-01 06-01 20.00  0.00  0.00  .
    d  07-01 pro   1FB  1        20.00 4.67   05-24 06-01 0.00   4.67  0.00  charged_twice
    """,
    "days credited to the cent are given back, of a part of a unit too": """
    no bill  class usoc quantity rate  amount from  until due   stake under code
    a  06-01 rec   1FB  0.6      20.00 12.00  06-01 07-01 12.00 0.00  0.00  .
    b  07-01 adj   1FB  .        .     -6.00  06-16 07-01 -6.00 0.00  0.00  .
    c  08-01 pro   1FB  0.6      20.00 6.00   06-16 07-01 6.00  0.00  0.00  .
    d  09-01 pro   1FB  0.6      20.00 6.00   06-16 07-01 4.00  2.00  0.00  charged_twice
    """,
    "a unit that was paid for is judged by its rate": """
    no bill  class usoc quantity rate amount from  until due   stake under code
    a  06-01 rec   TTB  2        5.00 10.00  06-01 07-01 10.00 0.00  0.00  .
    b  07-01 adj   TTB  .        .    -5.00  06-01 07-01 -5.00 0.00  0.00  .
    c  08-01 rec   TTB  1        6.00 6.00   06-01 07-01 5.00  1.00  0.00  rate_above_contract
    """,
    "one that lacks a cent is money": """
    no bill  class usoc quantity rate amount from  until due   stake under code
    a  06-01 rec   TTB  2        5.00 10.00  06-01 07-01 10.00 0.00  0.00  .
    b  07-01 adj   TTB  .        .    -4.99  06-01 07-01 -4.99 0.00  0.00  .
    c  08-01 rec   TTB  1        6.00 6.00   06-01 07-01 4.99  1.01  0.00 \
 charged_twice,rate_above_contract
    """,
    "a unit and the money beside it": """
    no bill  class usoc quantity rate amount from  until due   stake under code
    a  06-01 rec   TTB  2        5.00 10.00  06-01 07-01 10.00 0.00  0.00  .
    b  07-01 adj   TTB  .        .    -6.50  06-01 07-01 -6.50 0.00  0.00  .
    c  08-01 rec   TTB  2        5.00 10.00  06-01 07-01 6.50  3.50  0.00  charged_twice
    """,
    "a day that bears nothing is given back with the others": """
    no bill  class usoc quantity rate  amount from  until due    stake under code
    a  05-01 rec   1FB  1        20.00 20.00  05-01 06-01 20.00  0.00  0.00  .
    b  06-01 adj   1FB  .        .     -10.00 05-16 06-01 -10.00 0.00  0.00  .
    c  07-01 pro   1FB  1        20.00 10.00  05-16 06-01 10.00  0.00  0.00  .
    """,
    "the first days credited may be billed again": """
    no bill  class usoc quantity rate  amount from  until due   stake under code
    a  06-01 rec   1FB  1        20.00 20.00  06-01 07-01 20.00 0.00  0.00  .
    b  07-01 adj   1FB  .        .     -8.00  06-01 06-13 -8.00 0.00  0.00  .
    c  08-01 pro   1FB  1        23.00 9.20   06-01 06-13 8.00  1.20  0.00  rate_above_contract
    d  09-01 pro   1FB  1        20.00 0.67   06-13 06-14 0.00  0.67  0.00  charged_twice
    """,
    "an amount lies on the first half as on the second": """
    no bill  class usoc quantity rate  amount from  until due   stake under code
    a  06-01 rec   1FB  1        20.00 20.00  06-01 07-01 20.00 0.00  0.00  .
    b  07-01 adj   1FB  .        .     -7.00  06-01 07-01 -7.00 0.00  0.00  .
    c  08-01 pro   1FB  1        14.00 7.00   06-01 06-16 3.50  3.50  0.00  charged_twice
    """,
    "an amount is there for days that are repeats, not for those that are due themselves": """
    no bill  class usoc quantity rate amount from  until due   stake under code
    a  06-01 rec   TTB  1        5.00 5.00   06-01 07-01 5.00  0.00  0.00  .
    b  06-01 pro   TTB  1        5.00 2.50   06-01 06-16 2.50  0.00  0.00  .
    c  07-01 adj   TTB  .        .    -3.00  06-01 07-01 -3.00 0.00  0.00  .
    d  08-01 rec   TTB  1        5.00 5.00   06-01 07-01 4.00  1.00  0.00  charged_twice
    """,
    "whether the repeat comes first or last": """
    no bill  class usoc quantity rate amount from  until due   stake under code
    a  06-01 rec   TTB  1        5.00 5.00   06-01 07-01 5.00  0.00  0.00  .
    b  06-01 pro   TTB  1        5.00 2.50   06-16 07-01 2.50  0.00  0.00  .
    c  07-01 adj   TTB  .        .    -3.00  06-01 07-01 -3.00 0.00  0.00  .
    d  08-01 rec   TTB  1        5.00 5.00   06-01 07-01 4.00  1.00  0.00  charged_twice
    """,
    "what a later credit gives back is there for the line after it": """
    no bill  class usoc quantity rate amount from  until due   stake under code
    a  06-01 rec   1FB  1        .    20.00  06-01 07-01 20.00 0.00  0.00  .
    b  06-01 adj   1FB  .        .    -7.00  06-01 07-01 -7.00 0.00  0.00  .
    c  06-01 rec   1FB  1        .    7.00   06-01 07-01 7.00  0.00  0.00  .
    d  07-01 adj   1FB  .        .    -5.00  06-01 07-01 -5.00 0.00  0.00  .
    e  07-01 rec   1FB  1        .    5.00   06-01 07-01 5.00  0.00  0.00  .
    f  08-01 rec   1FB  1        .    1.00   06-01 07-01 0.00  1.00  0.00  charged_twice
    """,
    "and not what was billed again before": """
    no bill  class usoc quantity rate amount from  until due   stake under code
    a  06-01 rec   1FB  1        .    20.00  06-01 07-01 20.00 0.00  0.00  .
    b  06-01 adj   1FB  .        .    -6.00  06-01 07-01 -6.00 0.00  0.00  .
    c  06-01 rec   1FB  1        .    6.00   06-01 07-01 6.00  0.00  0.00  .
    d  07-01 adj   1FB  .        .    -4.00  06-16 07-01 -4.00 0.00  0.00  .
    e  07-01 pro   1FB  1        .    5.00   06-16 07-01 4.00  1.00  0.00  charged_twice
    f  08-01 pro   1FB  1        .    1.00   06-01 06-16 0.00  1.00  0.00  charged_twice
    """,
    "usage credited in full may be billed again, and once": """
    no bill  class usoc  quantity rate amount from  until due    stake under code
    a  06-01 use   UMIN1 1000     .    12.35  05-01 06-01 12.35  0.00  0.00  .
    b  07-01 adj   UMIN1 .        .    -12.35 05-01 06-01 -12.35 0.00  0.00  .
    c  07-01 use   UMIN1 1000     .    12.35  05-01 06-01 12.35  0.00  0.00  .
    d  08-01 use   UMIN1 1000     .    12.35  05-01 06-01 0.00   12.35 0.00  charged_twice
    """,
    "what is left to be billed lies on days that are no repeat": """
    no bill  class usoc quantity amount from  until due   stake under code
    a  06-01 pro   1FB  1        10.00  06-01 06-16 10.00 0.00  0.00  .
    b  06-01 rec   1FB  1        7.00   06-01 07-01 10.00 0.00  3.00 \
 charged_twice,rate_below_contract
    c  07-01 pro   1FB  1        1.00   06-01 06-16 0.00  1.00  0.00  charged_twice
    d  07-01 pro   1FB  1        2.00   06-16 07-01 0.00  0.00  -2.00 .
    e  08-01 pro   1FB  1        2.00   06-15 06-17 0.00  1.93  -0.07 charged_twice
    """,
}  # fmt: skip

TWO_CENTS = HALF_A_CENT.replace("0.01", "0.02")
OF_TWO_CENTS: dict[str, str] = {
    "days that bear no cent are not given back for nothing": """
    no bill  class usoc  quantity rate amount from  until due   stake under code
    a  06-01 rec   VM1OO 1        .    0.02   06-01 07-01 0.02  0.00  0.00  .
    b  07-01 adj   VM1OO .        .    -0.01  06-06 07-01 -0.01 0.00  0.00  .
    c  08-01 pro   VM1OO 1        .    0.01   06-01 06-06 0.00  0.01  0.00  charged_twice
    """,
}  # fmt: skip

OF_SUMMARIES: dict[str, str] = {
    "no unit is due of an element of a summary, also beside a line of 0.00": """
    no bill  class usoc  quantity rate  amount from  until due   stake under code
    a  06-01 rec   SUMM1 1        31.00 31.00  06-01 07-01 31.00 0.00  0.00  .
    b  06-01 pro   1FB   1        .     0.00   06-16 07-01 0.00  0.00  0.00  .
    c  07-01 rec   1FB   1        20.00 20.00  06-01 07-01 0.00  20.00 0.00  charged_in_summary
    """,
}  # fmt: skip
