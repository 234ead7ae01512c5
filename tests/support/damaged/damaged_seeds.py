"""Small files of every format, as they are before anything happens to them."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from functools import cache

import xlsxwriter
from checkout import ROOT
from nights import CONTRACT
from tapes import EXAMPLE, Bill, Line, examples, records_of, written
from x12_paper import BODY, Look, bytes_of, whole

DATA = ROOT / "tests" / "data"


def _kept(*names: str) -> tuple[bytes, ...]:
    return tuple((DATA / name).read_bytes() for name in names)


LINES = """\
record,carrier,ban,invoice_no,bill_date,previous_balance,payments,current_charges,total_due,\
charge_class,usoc,quantity,unit_rate,amount,wtn,service_from
document,ILEC,0305R01,INV1,2026-11-10,10.00,-10.00,33.30,33.30,,,,,,,
line,,,,,,,,,recurring,1FB,1,20.00,20.00,6145550131,2026-11-01
line,,,,,,,,,recurring,TTB,1,5.00,5.00,6145550131,2026-11-01
line,,,,,,,,,surcharge,9ZR,1,8.30,8.30,6145550131,2026-11-01
document,ILEC,0305R01,INV2,2026-12-10,,,51.25,51.25,,,,,,,
line,ILEC,0305R01,INV2,,,,,,recurring,1FB,2,20.00,40.00,6145550131,2026-12-01
line,ILEC,0305R01,INV2,,,,,,tax,,,,11.25,,
"""
QUOTED = LINES.replace("1FB", '"1FB"').replace("33.30", '"33.30"').replace("\n", "\r\n")


def usoc_lines() -> tuple[bytes, ...]:
    return (LINES.encode(), ("\ufeff" + QUOTED).encode(), *_kept("usoc-lines/spellings.csv"))


CHARGES = """\
HL*4*1*4*1
PID*F****OTHER CHARGES AND CREDITS
HL*5*4*8*0
IT1*1*1*M4*12.50***A3*NRC1
TXI*ST*1.25**VD*OH**A
ITA*A***06***-100******PROMO
TDS*4975
BAL*M*PB*10.00
BAL*M*TP*-10.00"""
ODD = Look(element="|", component=">", terminator="!", after="\r\n")


@cache
def x12() -> tuple[bytes, ...]:
    two = BODY.replace("INV1", "INV2").replace("18.50", "21.75").replace("TDS*3700", "TDS*4350")
    return (
        bytes_of(whole(BODY)),
        bytes_of(whole(BODY, two), ODD),
        bytes_of(whole(BODY.replace("TDS*3700", CHARGES)), Look(after="\n")),
        *_kept("x12-811/payable-and-memorandum.x12"),
    )


ACKNOWLEDGED = """\
ISA*00*          *00*          *ZZ*RESELL         *ZZ*ILEC           *261111*0930*U*00401*\
000000008*0*P*>~GS*FA*RESELL*ILEC*20261111*0930*8*X*004010~ST*997*0001~AK1*CI*1~AK2*811*0001~AK5*A~\
AK9*A*1*1*1~SE*6*0001~GE*1*8~IEA*1*000000008~
"""


def acknowledged() -> tuple[bytes, ...]:
    more = ACKNOWLEDGED.replace("AK5*A~AK9*A*1*1*1", "AK5*R*5~AK9*R*1*1*0")
    return (ACKNOWLEDGED.encode(), more.replace("~", "~\n").encode())


FLAT_PROFILE = """\
profile = "portal"
format = "flat"
carrier = "ILEC"
[charge_classes]
Monthly = "recurring"
Fee = "one_time"
[flat]
dates = ["%Y-%m-%d"]
[[flat.part]]
name = "lines"
[flat.part.fields]
ban = { column = "Account", strip = " -", width = 10 }
invoice_no = "Invoice"
bill_date = "Bill Date"
current_charges = "Invoice Total"
total_due = "Invoice Total"
charge_class = "Type"
usoc = "USOC"
quantity = "Qty"
amount = "Amount"
wtn = "TN"
"""
FLAT_ROWS = (
    ("Account", "Invoice", "Bill Date", "Invoice Total", "Type", "USOC", "Qty", "Amount", "TN"),
    ("0123456789", "A-1", "2026-11-10", "33.30", "Monthly", "1FB", "1", "20.00", "6145550131"),
    ("0123456789", "A-1", "2026-11-10", "33.30", "Monthly", "TTB", "1", "5.00", "6145550131"),
    ("0123456789", "A-1", "2026-11-10", "33.30", "Fee", "9ZR", "1", "8.30", "6145550131"),
    ("0123456789", "A-2", "2026-12-10", "1040.75", "Monthly", "1FB", "2", "1,040.75", "6145550132"),
)
FLAT_BILL = "".join(
    ",".join(f'"{cell}"' if "," in cell else cell for cell in row) + "\n" for row in FLAT_ROWS
)


def flat() -> tuple[bytes, ...]:
    return (FLAT_BILL.encode(), ("\ufeff" + FLAT_BILL.replace("\n", "\r\n")).encode())


MONEY_PROFILE = """\
profile = "money"
format = "flat"
carrier = "ILEC"
[flat]
line_breaks = true
[[flat.part]]
name = "lines"
charge_class = "recurring"
subtotals = [{ column = "Text", matches = "^Sub" }]
charges = { "Tax" = "tax" }
sums = { "Total" = ["Charge", "Tax"] }
[flat.part.fields]
ban = "Account"
invoice_no = "Invoice"
bill_date = "Date"
current_charges = "Bill"
total_due = "Bill"
description = "Text"
amount = { column = "Charge", less = "Credit" }
"""
MONEY_BILL = """\
Account,Invoice,Date,Bill,Text,Charge,Credit,Tax,Total
0123,A1,2026-11-10,40.30,"Line
of two",25.00,,1.50,26.50
0123,A1,2026-11-10,40.30,Fee,20.00,,0.80,20.80
0123,A1,2026-11-10,40.30,Subtotal,,,,45.00
0123,A1,2026-11-10,40.30,Refund,,8.00,1.00,
0456,A2,2026-11-10,5.00,Line,5.00,,0.00,5.00
"""


def money() -> tuple[bytes, ...]:
    return (MONEY_BILL.encode(),)


def report_profile() -> str:
    return _report()[1]


def reports() -> tuple[bytes, ...]:
    text = _report()[0]
    second = text.replace("614 R01", "614 R02").replace("25.00", "35.00").replace("33.30", "43.30")
    return text.encode(), (text + second.replace("34.80", "44.80")).encode()


def _report() -> tuple[str, str]:
    page = examples("flat.md")
    at = next(place for place, text in enumerate(page) if text.startswith("Billing Number"))
    return page[at], page[at + 1]


def records_profile() -> str:
    return examples("records.md")[1]


def typed() -> tuple[bytes, ...]:
    return (examples("records.md")[0].encode(),)


@cache
def workbooks() -> tuple[bytes, ...]:
    found = []
    for as_numbers in (False, True):
        made = io.BytesIO()
        book = xlsxwriter.Workbook(made, {"in_memory": True})
        sheet = book.add_worksheet("Detail")
        for row, cells in enumerate(FLAT_ROWS):
            for column, cell in enumerate(cells):
                plain = cell.replace(",", "")
                if as_numbers and row and column in (3, 6, 7):
                    sheet.write_number(row, column, float(plain))
                else:
                    sheet.write_string(row, column, cell)
        book.close()
        found.append(made.getvalue())
    return tuple(found)


def fixed_profile() -> str:
    return EXAMPLE


def fixed() -> tuple[bytes, ...]:
    bills = [
        Bill("0305R010001", "INV1", (Line("1FB", 1, 2000), Line("TTB", 1, 500))),
        Bill("0305R010002", "INV2", (Line("9ZR", 2, 1660), Line("1FB", 1, -330))),
    ]
    return (written(records_of(bills)), written(records_of(bills[:1])))


CSR = """\
1CUSTOMER SERVICE RECORD   ACCT 614 555-0100 123   BILL DATE 10-01-24   PAGE   1
0--- S&E ---
   TN       USOC   FIDS     QTY   UNIT   TOTAL
  1FB 20.00 20.00
  TTB /RCU AR,CR,
1CUSTOMER SERVICE RECORD   ACCT 614 555-0100 123   BILL DATE 10-01-24   PAGE   2
      COT,TWC 5.00 5.00
  614 555-0177 9ZR F 1 8.30 8.30 10-21-24 4308
  TOTAL                      33.30
 --- RMKS ---
  1FB 99.00 99.00
"""
CSR_FEEDS = """\
CUSTOMER SERVICE RECORD    PAGE 1 OF 2
ACCOUNT NO: 305 R01-0000 1
LIST
 (LN) MUSTER BAKERY
S&E
 614 555 0131 1FB 20.00 20.00
 TMECS /CLS 45/HCGS/000001/BL /TA 36,2-1-24 84.50 84.50
\fCUSTOMER SERVICE RECORD    PAGE 2 OF 2
ACCOUNT NO: 305 R01-0000 1
 1L5XX 12 2.30 27.60
 TOTAL     132.10
"""


def csr() -> tuple[bytes, ...]:
    return (CSR.encode(), CSR_FEEDS.encode())


def nacha() -> tuple[bytes, ...]:
    return _kept("bank/debits.ach", "bank/remittance-return-change.ach")


def bai2() -> tuple[bytes, ...]:
    return _kept("bank/report.bai")


def statements() -> tuple[bytes, ...]:
    return _kept("bank/statement.csv")


def remittances() -> tuple[bytes, ...]:
    return _kept("bank/remittance-return-change.ach")


def zips() -> tuple[bytes, ...]:
    found = []
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w", method) as archive:
            archive.writestr(zipfile.ZipInfo("a.csv"), LINES, method)
            archive.writestr(zipfile.ZipInfo("sub/b.csv"), FLAT_BILL * 20, method)
            archive.writestr(
                zipfile.ZipInfo("c.gz"), gzip.compress(QUOTED.encode(), mtime=0), method
            )
        found.append(made.getvalue())
    return tuple(found)


def gzips() -> tuple[bytes, ...]:
    one = gzip.compress(LINES.encode(), mtime=0)
    return (
        one,
        one + gzip.compress(FLAT_BILL.encode(), mtime=0),
        gzip.compress(zips()[1], mtime=0),
    )


def described() -> tuple[bytes, ...]:
    return (*usoc_lines(), *flat(), *x12()[:1])


def tars() -> tuple[bytes, ...]:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        info = tarfile.TarInfo("a.csv")
        info.size = len(LINES)
        archive.addfile(info, io.BytesIO(LINES.encode()))
    return (made.getvalue(),)


def profiles() -> tuple[bytes, ...]:
    shipped = sorted((ROOT / "invoices" / "carrier" / "profiles").glob("*.toml"))
    return (FLAT_PROFILE.encode(), EXAMPLE.encode(), *(path.read_bytes() for path in shipped))


TERMS = """\
[contract.debit]
anchor = "due_date"
days = 2
[contract.bills]
day = 10
[[contract]]
id = "ACME-2027"
carrier = "ILEC"
effective_from = 2027-01-01
effective_until = 2028-01-01
accounts = ["305R01*", "614*"]
"""


def contracts() -> tuple[bytes, ...]:
    return (CONTRACT.encode(), (CONTRACT + TERMS).encode())


SETTINGS = """\
[database]
url = "sqlite:///rebill.db"
[inbox]
settle_seconds = 0
max_file_bytes = 1000000
[archives]
max_members = 100
[limits]
file_seconds = 60
[calendar]
closings = [2026-07-03]
[[bank.statement]]
name = "ours"
date = "Date"
amount = "Amount"
balance = "Balance"
"""


def settings() -> tuple[bytes, ...]:
    return (SETTINGS.encode(),)
