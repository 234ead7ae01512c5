"""A small reseller whose workspaces are kept, one of each shape of the record: tables, bills, bank.

Two carriers, four customers, nine services, and errors on the bills of every month. Nothing here
may come to need a newer version: what an older one does not know stands in `LATER`.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from bank_writers import Batch, Entry, File, records
from gate import HEADER

CONTRACTS = """
[[contract]]
id = "ACME-2026"
carrier = "ILEC"
effective_from = 2026-01-01
accounts = ["305R01*"]
[contract.dispute]
window = { anchor = "bill_date", days = 90 }
minimum_line = "0.50"
[contract.debit]
terms = { anchor = "bill_date", days = 15, unit = "calendar", roll = "next" }
company_id = "1234567890"

[[contract]]
id = "PINE-2025"
carrier = "PINE"
effective_from = 2025-06-01
accounts = ["P77*"]
[contract.billing]
proration = "actual_days"
resale_certificate = true
"""

TABLES = {
    "usocs": """
        carrier usoc  description        kind
        ILEC    1FB   Business~line      recurring
        ILEC    TTB   Touch-tone         recurring
        ILEC    NRCO  Order~charge       one_time
        ILEC    9ZR   Federal~charge     surcharge
        PINE    DS1   Access,~1.5~Mbit/s recurring
        PINE    TAXS  State~tax          tax
    """,
    "buy_rates": """
        contract  charge_class usoc rate   effective_from
        ACME-2026 recurring    1FB  20.00  2026-01-01
        ACME-2026 recurring    TTB  5.00   2026-01-01
        ACME-2026 one_time     NRCO 40.00  2026-01-01
        ACME-2026 surcharge    9ZR  6.50   2026-01-01
        PINE-2025 recurring    DS1  180.00 2025-06-01
    """,
    "retail_rates": """
        carrier usoc state rate
        ILEC    1FB  OH    32.00
        ILEC    TTB  -     8.00
    """,
    "customers": """
        customer name        brand bill_day due_days address
        C1       One~Bakery  NORTH 15       20       1~Mill~Road
        C2       Two~Dentist NORTH 1        30       2~Mill~Road
        C3       Three~Mills LAKE  5        30       3~Mill~Road
        C4       Four~Cars   -     20       14       -
    """,
    "services": """
        service carrier ban        wtn        circuit_id state customer installed_on disconnected_on
        S1      ILEC    305R010001 6145550131 -          OH    C1       2025-01-01   -
        S2      ILEC    305R010001 6145550132 -          OH    C2       2025-01-01   2026-01-20
        S3      ILEC    305R010001 6145550133 -          OH    C2       2025-02-01   -
        S4      ILEC    305R010002 6145550134 -          OH    C3       2025-03-01   -
        S5      ILEC    305R010002 6145550135 -          OH    C3       2025-03-01   -
        S6      ILEC    305R010002 6145550136 -          OH    C4       2026-01-25   -
        S7      PINE    P7700001   -          12/HCGS/77 IN    C3       2025-06-01   -
        S8      PINE    P7700001   -          12/HCGS/78 IN    C4       2025-06-01   -
        S9      PINE    P7700001   -          12/HCGS/79 IN    -        2025-06-01   -
    """,
    "service_elements": """
        service usoc quantity active_from
        S1      1FB  1        2025-01-01
        S1      TTB  1        2025-01-01
        S1      9ZR  1        2025-01-01
        S2      1FB  1        2025-01-01
        S3      1FB  1        2025-02-01
        S4      1FB  2        2025-03-01
        S4      TTB  1        2025-03-01
        S5      1FB  1        2025-03-01
        S6      1FB  1        2026-01-25
        S7      DS1  1        2025-06-01
        S8      DS1  1        2025-06-01
        S9      DS1  1        2025-06-01
    """,
    "orders": """
        order_no service usoc completed_on nrc_waived
        N-100    S6      NRCO 2026-01-25   false
        N-101    S1      NRCO 2026-01-08   true
    """,
    "markups": """
        customer usoc charge_class method       value minimum cap
        -        -    -            percent      0.15  -       -
        C1       1FB  -            flat         29.95 -       -
        C2       -    -            adder        6.00  -       -
        C3       -    recurring    percent_with_minimum 0.25 1.00 -
        -        -    tax          pass_through -     -       -
    """,
}
"""Tables and columns that the first version knew."""

LATER = {
    "customer_charges": """
        customer charge   charge_class frequency amount quantity effective_from
        C3       SUPPORT  recurring    monthly   12.50  1        2026-01-01
        C1       DISCOUNT adjustment   monthly   -1.25  1        2026-01-01
    """,
    "commitments": """
        customer amount counts  effective_from
        C4       250.00 charges 2026-02-01
    """,
    "tax_rates": """
        jurisdiction tax       charge_class rate   effective_from effective_until
        OH           STATE~TAX recurring    0.0575 2026-01-01     -
        IN           STATE~TAX recurring    0.07   2026-01-01     2026-02-15
    """,
    "tax_jurisdictions": """
        customer jurisdiction effective_from
        C1       OH           2026-01-01
        C3       IN           2026-01-01
        C4       IN           2026-01-01
    """,
    "bundles": """
        bundle usoc customer effective_from
        FLAT   1FB  C3       2026-01-01
        FLAT   TTB  C3       2026-01-01
    """,
    "promised_credits": """
        credit carrier ban        amount promised_on by_bill usoc
        PC-1   ILEC    305R010002 11.00  2026-01-12  2       1FB
    """,
    "cost_to_serve": """
        customer support float_days cost_of_capital
        -        1.10    30         0.12
    """,
    "commissions": """
        deal  payee   role  customer method           value share
        DEAL1 AGENT-7 agent C3       percent_of_price 0.10  60
        DEAL1 AGENT-8 agent C3       percent_of_price 0.10  40
    """,
    "service_accounts": """
        service carrier ban        effective_from effective_until
        S5      ILEC    305R010001 2025-03-01     2025-12-01
        S5      ILEC    305R010002 2025-12-01     -
    """,
}
"""Tables that came later, one file each: an older version refuses what it does not know."""

BRAND = """\
name = "North Line"
private_label = true
phone = "800-555-0142"
address = ["100 Main Street", "Springfield, IL 62701"]
small_print = ["Thank you."]
[colours]
main = "#7a3b12"
"""

COLLECTING = """
[debits]
bank_routing = "091000019"
bank_name = "First Bank"
company_name = "North Line"
company_id = "1234567890"
prenote = false
[[dunning.step]]
letter = "reminder"
days = 5
"""
HOUSE = """[house]
name = "House"
phone = "800-555-0100"
address = ["1 Harbor Lane", "Columbus, OH 43215"]
remittance = ["PO Box 12", "Columbus, OH 43216"]
"""
REMITTANCE = 'remittance = ["PO Box 12", "Springfield, IL 62705"]\n'
AGREED = """
    customer name        brand bill_day due_days address     ach_authorised_on routing   account sec
    C1       One~Bakery  NORTH 15       20       1~Mill~Road 2026-01-20        091000019 4411    ppd
    C2       Two~Dentist NORTH 1        30       2~Mill~Road -                 -         -       -
    C3       Three~Mills LAKE  5        30       3~Mill~Road -                 -         -       -
    C4       Four~Cars   -     20       14       -           -                 -         -       -
    """
PAID = """
    payment customer paid_on    amount
    P-1     C2       2026-02-14 5.00
    """
"""What collects money of customers, for versions that do."""

ILEC_1 = {
    1: """
        recurring  1FB  6145550131 22.00
        recurring  TTB  6145550131 5.00
        surcharge  9ZR  6145550131 6.50
        one_time   NRCO 6145550131 40.00
        recurring  1FB  6145550132 20.00
        recurring  1FB  6145550133 20.00
        recurring  1FB  6145550133 20.00
        recurring  ZZQ  6145550133 3.30
        recurring  1FB  6145550199 20.00
    """,
    2: """
        recurring  1FB  6145550131 22.00
        recurring  TTB  6145550131 5.00
        surcharge  9ZR  6145550131 6.50
        recurring  1FB  6145550132 20.00
        recurring  1FB  6145550133 20.00
        adjustment 1FB  6145550131 -2.00
        adjustment 1FB  6145550133 -7.00
        tax        -    -          1.21
    """,
    3: """
        recurring  1FB  6145550131 22.00
        recurring  TTB  6145550131 6.00
        surcharge  9ZR  6145550131 6.50
        recurring  1FB  6145550133 20.00
        recurring  1FB  6145550141 20.00
    """,
}
ILEC_2 = {
    1: """
        recurring  1FB  6145550134 40.00
        recurring  TTB  6145550134 5.50
        recurring  1FB  6145550135 20.00
        tax        -    -          0.88
    """,
    2: """
        recurring  1FB  6145550134 40.00
        recurring  TTB  6145550134 5.50
        recurring  1FB  6145550135 31.00
        recurring  1FB  6145550136 20.00
        one_time   NRCO 6145550136 40.00
    """,
    3: """
        recurring  1FB  6145550134 40.00
        recurring  TTB  6145550134 5.00
        recurring  1FB  6145550135 20.00
        recurring  1FB  6145550136 20.00
        adjustment 1FB  6145550135 -11.00
    """,
}
PINE = {
    month: """
        recurring  DS1  12/HCGS/77 180.00
        recurring  DS1  12/HCGS/78 195.00
        recurring  DS1  12/HCGS/79 180.00
        tax        TAXS -          9.10
    """
    for month in (1, 2, 3)
}
ACCOUNTS = (
    ("ILEC", "305R010001", ILEC_1),
    ("ILEC", "305R010002", ILEC_2),
    ("PINE", "P7700001", PINE),
)


def bills(month: int) -> dict[str, str]:
    """Return the files of a bill month of 2026 by name, each a document in `usoc-lines`.

    January and February have one that does not foot besides, January one that is no bill at all.
    """
    found = {
        f"{ban}-{month:02d}.csv": _document(carrier, ban, month, lines[month])
        for carrier, ban, lines in ACCOUNTS
    }
    if month < 3:
        odd = ("ILEC", "305R010003", month, "recurring 1FB 6145550137 20.00")
        found[f"does-not-foot-{month}.csv"] = _document(*odd, missed=Decimal("4.00"))
    if month == 1:
        found["no-bill.csv"] = "Dear customer,\nplease find attached nothing.\n"
    return found


def _document(carrier: str, ban: str, month: int, text: str, missed: Decimal = Decimal(0)) -> str:
    rows = [line.split() for line in text.strip().splitlines()]
    day, end = f"2026-{month:02d}-05", f"2026-{month + 1:02d}-05"
    key = f"{carrier},{ban},{ban}-{month}"
    total = sum((Decimal(row[3]) for row in rows), missed)
    out = [HEADER, f"document,{key},{day},{day[:8]}25,0.00,0.00,0.00,{total},{total}" + "," * 14]
    for place, (kind, *cells, amount) in enumerate(rows, 1):
        usoc, subject = ("" if cell == "-" else cell for cell in cells)
        wtn, circuit = ("", subject) if "/" in subject else (subject, "")
        # Two lines on the bill of S4 are one line of two units.
        units = "2" if amount == "40.00" and usoc == "1FB" else "1"
        rate = Decimal(amount) / int(units)
        period = f"{day},{end}" if kind in ("recurring", "surcharge") else ","
        named = "Late payment" if kind == "tax" and not usoc else ""
        out.append(
            f"line,{key},,,,,,,,{place},{kind},{usoc},{named},{units},{rate},{amount},{wtn},{circuit},"
            f",,,{period}"
        )
    return "\n".join(out) + "\n"


def bank_file() -> str:
    """Return a Nacha file: January's bills of the ILEC as pulled, one of them dear by a dollar."""
    pulled = {
        ban: sum((Decimal(row.split()[3]) for row in lines[1].strip().splitlines()), Decimal(0))
        for carrier, ban, lines in ACCOUNTS
        if carrier == "ILEC"
    }
    pulled["305R010002"] += 1
    entries = [
        Entry(amount, individual_id=ban, addenda=f"RMR*IV*{ban}-1**{amount}\\")
        for ban, amount in pulled.items()
    ]
    day = dt.date(2026, 1, 20)
    batch = Batch([*entries, Entry(Decimal("66.60"))], effective=day)
    return "\n".join(records(File([batch], created=dt.date(2026, 1, 19)))) + "\n"
