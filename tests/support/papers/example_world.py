"""The workspace in which the examples of every help and every page are run, as they are typed."""

from __future__ import annotations

import csv
import shlex
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

import nights
import polars as pl
from checkout import DATA
from nights import bill, put, table
from reference_files import write
from tapes import examples as shown_on
from typer.testing import CliRunner

from rebill.cli.main import command_line
from rebill.workspace.settings import SETTINGS_FILE, Workspace, open_workspace

STANDS_FOR = {
    "": {
        "3k5vq2ab7c": "LOADED",
        "3k5vq2ab7c-17": "LINE",
        "3k5vq2ab7c-17:rate_above_contract": "LINE:rate_above_contract",
        "LINE_ID": "LINE",
        "d-12": "d-1",
        "Ana Torres": "AGENT-7",
        "JV": "ACME-JOINT",
        "bill.csv": "bills/north.csv",
        "returns.ach": "bank/ach-2026-03-20.txt",
        "NORTHLINE-2026-000042": "NORTHLINE-2026-000001",
        "120.00": "1.00",
        "10000": "20",
        "CLAIM": "D-000001",
        "FILE": "bills/north.csv",
        "DIR": "DEMO",
        "240": "3",
        "new/markups.csv": "reference/markups.csv",
    },
    "disputes dismiss-credit": {"3k5vq2ab7c-17": "CREDIT"},
    "disputes take-credit": {"3k5vq2ab7c-17": "CREDIT"},
    "documents accept": {"3k5vq2ab7c": "HELD"},
    "explain": {"17": "1"},
    "documents replace": {"3k5vq2ab7c": "REPLACED", "9m2rt7wx4d": "BY", "4h8cnq3zrd": "LOADED"},
    "findings reopen": {"4": "2"},
    "invoices release": {"ACME-2026-000001": "ACME-2026-000003"},
    "demo": {"6": "1"},
    "describe": {"north": "portal"},
    "verify": {"acme": "."},
    "profiles check": {"profiles/north.toml": "profiles/activity.toml"},
}
"""What an example names, and what it is in the workspace of `build`: of any command, of one."""

COSTLY = {
    *("books close", "cash forecast", "cash report", "demo", "documents accept"),
    *("documents replace", "documents void", "findings reopen", "findings waive"),
    *("invoices build", "invoices rerate", "reconcile"),
}
"""Commands that do a night's work for each of their examples: those are run in the long form, and
else held against the command line."""

Before = str | Callable[[], object]
ISSUE = "rebill invoices issue --bill-month 2026-{} --on 2026-03-31"
SUBMIT = "rebill disputes submit D-000001 --on 2026-04-02"
TAXED = ("rebill load taxed/", "rebill invoices build --bill-month 2026-03")
REQUEST = "rebill invoices tax-request --bill-month 2026-03 -o request.csv"


def run(line: str, command: str, names: Mapping[str, str]) -> str:
    """Run an example as it is typed, with the names that stand for its own; return what it says.

    It does what it says: an exit of 1 is a report (a person is needed, nothing was found), no
    refusal.
    """
    line, _, target = line.partition(" > ")
    line, _, source = line.partition(" < ")
    piped, _, line = line.rpartition(" | ")
    words = [meant(word, command, names) for word in shlex.split(line)[1:]]
    given = Path(source or piped.removeprefix("zcat ")).read_text() if source or piped else None
    result = CliRunner().invoke(command_line(), words, input=given)
    refused = result.exception is not None and not isinstance(result.exception, SystemExit)
    said = f"{line}\nas {' '.join(words)}\n{result.output}{result.exception if refused else ''}"
    assert result.exit_code in (0, 1) and not refused, said
    if target:
        path = Path(target.replace("~", "home"))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(result.stdout)
    return result.output


def meant(word: str, command: str, names: Mapping[str, str]) -> str:
    """Return what a word of an example is here."""
    known = {**STANDS_FOR[""], **STANDS_FOR.get(command, {})}
    name, colon, rest = known.get(word, word).partition(":")
    return f"{names.get(name, name)}{colon}{rest}"


# --- what is done before the examples of a command -----------------------------------------------


def sign() -> None:
    """Sign the statement of an approval, as its example says."""
    words = shlex.split("ssh-keygen -q -Y sign -n rebill -f KEY statement.txt")
    subprocess.run(words, check=True, capture_output=True)


def make_key() -> None:
    """Give bea a key that counts, and lower the limit so that her approval is asked for."""
    words = shlex.split("ssh-keygen -q -t ed25519 -N '' -C bea -f KEY")
    subprocess.run(words, check=True, capture_output=True)
    with Path(SETTINGS_FILE).open("a") as file:
        file.write('[approval]\nclaims_over = "0.50"\n[approval.keys]\n')
        file.write(f'bea = "{Path("KEY.pub").read_text().strip()}"\n')


def tax() -> None:
    """Write what the outside engine answers: one tax of each invoice it was asked about."""
    with Path("request.csv").open(newline="") as file:
        asked = sorted({row["request"] for row in csv.DictReader(file)})
    assert asked, "nothing is asked"
    head = "request,jurisdiction,tax,description,tax_base,rate,amount"
    rows = (f"{request},OH,sales,Sales tax,1.00,0.05,0.05" for request in asked)
    Path("result.csv").write_text("\n".join([head, *rows, ""]))


BEFORE: Mapping[str, tuple[Before, ...]] = {
    "books close": (
        *(ISSUE.format(month) for month in ("01", "02", "03")),
        *(f"rebill commissions build --month 2026-{month} --final" for month in ("01", "02", "03")),
        *(f"rebill books close 2026-{month} --as-of 2026-04-05" for month in ("01", "02")),
    ),
    "commissions build": tuple(ISSUE.format(month) for month in ("01", "02", "03")),
    "commissions deal": ("rebill commissions build --month 2026-03",),
    "commissions statement": ("rebill commissions build --month 2026-03",),
    "disputes approve": (make_key,),
    "disputes event": (SUBMIT,),
    "disputes escalate": (
        *(SUBMIT, SUBMIT.replace("D-000001", "D-000002")),
        *(f"rebill disputes event D-00000{n} deny --on 2026-05-29" for n in (1, 2)),
    ),
    "disputes import-status": (SUBMIT,),
    "findings reopen": (
        "rebill findings waive 3k5vq2ab7c-17:rate_above_contract --reason agreed",
        "rebill findings waive --code charged_twice --usoc TTB --reason known",
    ),
    "invoices release": ("rebill load coupon/", "rebill invoices build --bill-month 2026-03"),
    "invoices rerate": (ISSUE.format("03"),),
    "invoices tax-request": TAXED,
    "invoices tax-result": (*TAXED, REQUEST, tax),
    "receivables debit": (ISSUE.format("03"), "rebill load agreed/"),
    "receivables remind": (ISSUE.format("03"), "rebill load paid/"),
    "receivables statement": (ISSUE.format("03"),),
}


def prepare(command: str, names: Mapping[str, str]) -> None:
    """Do what is done before the examples of a command."""
    for step in BEFORE.get(command, ()):
        run(step, command, names) if isinstance(step, str) else step()


# --- the workspace -------------------------------------------------------------------------------

AS_OF = "2026-03-31"
SETTINGS = """
[outbox]
invoices = "none"
claims = "none"
[debits]
bank_routing = "091000019"
bank_name = "First Bank"
company_name = "Example Co"
company_id = "1234567890"
[[dunning.step]]
letter = "reminder"
days = 10
"""
PROMISED = """
[contract.commitment]
annual = "600.00"
year_starts = 2026-01-01
[contract.security]
bond = "100.00"
months = "2"
"""
CUSTOMERS = """
    customer name       brand     bill_day due_days tax_source
    C1       One        ACME      15       20       -
    C2       Blue~Heron NORTHLINE 1        30       {}
    """
AGREED = """
    customer name       brand     bill_day due_days ach_authorised_on routing   account sec
    C1       One        ACME      15       20       2026-03-20        076401251 1234    ppd
    C2       Blue~Heron NORTHLINE 1        30       2026-03-20        091000019 4411    ccd
    """
COUPON = """
    customer charge frequency amount  effective_from
    C1       COUPON once      -999.00 2026-03-01
    """
PAID = """
    payment customer paid_on    amount
    P1      C1       2026-03-31 1.00
    """
TABLES = {
    **nights.TABLES,
    "customers": CUSTOMERS.format("-"),
    "services": """
        service carrier ban        wtn        circuit_id        product       customer installed_on disconnected_on
        S1      ILEC    305R010001 6145550131 45/HCGS/000003/HT business-line C1       2025-01-01
        S2      ILEC    305R010001 6145550132 -                 business-line C2       2025-01-01   2026-03-10
        """,  # noqa: E501
    "commissions": """
        deal       payee   role    method            value share
        ACME-JOINT AGENT-7 agent   percent_of_price  0.10  70
        ACME-JOINT AGENT-8 company percent_of_price  0.10  30
        """,
    "order_heads": """
        order_no carrier ban        pon  customer agent   submitted_on wanted_on
        N-1001   ILEC    305R010001 P-17 C1       AGENT-7 2026-03-02   2026-03-16
        """,
    "order_items": """
        order_no service usoc
        N-1001   S1      TTB
        """,
    "order_events": """
        order_no at         event     due_on
        N-1001   2026-03-04 confirmed 2026-03-18
        """,
    "offers": """
        offer  product       carrier contract  terms install_days
        FIBRE  business-line ILEC    ACME-2026 12;36 20
        """,
    "offer_elements": """
        offer  usoc charge_class
        FIBRE  1FB  recurring
        FIBRE  TTB  recurring
        """,
    "own_products": """
        product frequency price cost
        router  monthly   9.00  4.00
        """,
    "quotes": """
        quote customer prospect  name      valid_until target_margin
        Q-1   C1       -         One       2026-04-15  -
        Q-2   -        north-ltd North~Ltd 2026-05-31  0.20
        """,
    "quote_lines": """
        quote line site state product       quantity
        Q-1   1    HQ   OH    business-line 3
        Q-1   2    HQ   OH    router        1
        Q-2   1    MILL OH    business-line 2
        Q-2   2    MILL OH    fax           1
        """,
    "cost_to_serve": """
        support bad_debt float_days cost_of_capital target_margin
        2.00    0.02     30         0.12            0.10
        """,
}
MONTH = nights.USUAL
CREDITED = MONTH + "    ADJ 6145550131 -2.00 -2.00\n"
"""The usual charges of a month, and a credit for one of them."""
NORTH = "Account,Phone,Code,Charge\n" + "".join(
    f"305R010001,61455501{n},1FB,20.00\n" for n in range(31, 36)
)
PORTAL = """
profile = "portal"
format = "flat"
carrier = "ILEC"
[flat]
derive = ["current_charges", "total_due"]
[[flat.part]]
name = "lines"
charge_class = "recurring"
[flat.part.fields]
ban = "Account"
bill_date = { value = "2026-03-05" }
invoice_no = { template = "{ban}-{bill_date}" }
wtn = "Phone"
usoc = "Code"
amount = "Charge"
"""
ANSWERS = "claim_no,status,on\nD-000001,acknowledged,2026-04-04\n"
RECORD = """
CUSTOMER SERVICE RECORD    PAGE 1 OF 1
ACCOUNT NO: 305 R01-0001
S&E
 614 555 0131 1FB 20.00 20.00
"""


def build(root: Path) -> None:
    """Make the workspace: three months with errors, one bill held, one that came twice, papers."""
    workspace = nights.make(root)
    with (root / SETTINGS_FILE).open("a") as file:
        file.write(SETTINGS)
    workspace = open_workspace(root)
    folder = write(root / "reference", contracts=nights.CONTRACT + PROMISED, **TABLES)
    nights.loaded(workspace, folder)
    credited = bill(3, CREDITED).replace(",recurring,ADJ,,1,", ",adjustment,ADJ,,-1,")
    bills = [("2026-01.csv", bill(1, MONTH)), ("2026-02.csv", bill(2, MONTH))]
    bills += [("2026-03.csv", credited), ("held.csv", bill(3, MONTH, number="H3", charges="1.00"))]
    put(workspace, bills)
    nights.night(workspace, AS_OF)
    put(workspace, [("again.csv", bill(2, MONTH.replace("22.00", "23.00")))])
    nights.night(workspace, AS_OF)
    _leave_files(root)


def _leave_files(root: Path) -> None:
    """Leave the files that examples name, each with what its command reads."""
    files = {
        "bills/2026-03.csv": bill(3, MONTH, ban="305R010002"),
        "bills/north.csv": NORTH,
        "corrected.csv": bill(1, MONTH.replace("22.00", "20.00")),
        "status.csv": ANSWERS,
        "after-the-sale.toml": nights.CONTRACT,
        "SOACTVTY.DET": "AC100     20261001FOC20261028\nAC100     20261028CMP\n",
        "profiles/portal.toml": PORTAL,
        "told/order_events.csv": "order_no,at,event\nN-1001,2026-03-20,installed\n",
        "march.csv.gz": bill(3, MONTH, ban="305R010002"),
        "list-of-customers.csv": (root / "reference" / "customers.csv").read_text(),
        "buy_rates.csv": (root / "reference" / "buy_rates.csv").read_text(),
        "markups.csv": (root / "reference" / "markups.csv").read_text(),
        "profiles/activity.toml": shown_on("fixed.md")[1],
        "6145550100123.csr": RECORD,
        "bank/ach-2026-03-20.txt": (DATA / "bank" / "debits.ach").read_text(),
    }
    for name, text in files.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(text)
    services = pl.read_csv(root / "reference" / "services.csv", infer_schema=False)
    services.write_parquet(root / "services.parquet")
    write(root / "taxed", customers=CUSTOMERS.format("file"))
    write(root / "agreed", customers=AGREED)
    write(root / "coupon", customer_charges=COUPON)
    write(root / "paid", customer_payments=PAID)


@cache
def named() -> Mapping[str, str]:
    """Return what stands in this workspace for the names that examples use."""
    with tempfile.TemporaryDirectory() as folder:
        workspace = nights.copied(Path(folder) / "w", build)
        return _named(workspace)


def _named(workspace: Workspace) -> Mapping[str, str]:
    documents = table(workspace, "documents")
    ids = {
        (row["invoice_no"], row["status"]): row["document_id"]
        for row in documents.iter_rows(named=True)
    }
    findings = table(workspace, "findings").filter(code="rate_above_contract")
    credits = table(workspace, "credits")
    return {
        "LINE": max(findings["line_id"]),
        "CREDIT": credits["credit_id"].item(),
        "LOADED": ids["INV1", "loaded"],
        "REPLACED": ids["INV2", "loaded"],
        "BY": ids["INV2", "held"],
        "HELD": ids["H3", "held"],
    }
