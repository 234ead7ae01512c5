"""Files that lie in the inbox and are at home elsewhere: told with the command that takes them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from pathlib import Path

from invoices.carrier.csr import is_csr
from invoices.carrier.source import Loaded
from rebill.workspace.text_files import Fault

RECORDS = (".csr", ".txt", "")
"""How the name of a customer service record may end, to be loaded as one."""


def at_home(name: str, head: bytes, tables: Sequence[Loaded]) -> Fault | None:
    """Return where a file is at home that no profile knows, by its beginning; null where nothing
    is known of it. `name` is what it is called, in an archive or not."""
    text = head.removeprefix(b"\xef\xbb\xbf").decode("utf-8", errors="replace")
    if "\0" in text:
        return None
    file = name.rpartition("!")[2].rpartition("/")[2]
    if is_csr(text):
        what = "the file is a customer service record, no invoice: it belongs to the inventory"
        called = Path(file).suffix.lower() in RECORDS
        return Fault(what, None, _load(file, "" if called else f"{Path(file).stem}{RECORDS[0]}"))
    if re.search(r"(?m)^\s*\[\[\s*contract\s*\]\]", text):
        what = "the file holds contracts, no invoice"
        called = file.lower().startswith("contracts") and file.lower().endswith(".toml")
        return Fault(what, None, _load(file, "" if called else "contracts.toml"))
    if re.search(r"(?m)^profile\s*=", text) and re.search(r"(?m)^format\s*=", text):
        what = "the file is a profile, no invoice"
        return Fault(what, None, "put it into the folder profiles/ of the workspace")
    table = _table(text, tables)
    if table is None:
        return None
    what = f"the file is the reference table {table}, no invoice"
    called = Path(file).stem.lower() == table and Path(file).suffix.lower() == ".csv"
    return Fault(what, None, _load(file, "" if called else f"{table}.csv"))


def _load(file: str, name: str) -> str:
    """Return how a file is loaded, once it bears the name it needs."""
    if name:
        return f"call it {name}, and load it: `rebill load {name}`"
    return f"load it: `rebill load {shlex.quote(file)}`, from where you keep it"


def _table(text: str, tables: Sequence[Loaded]) -> str | None:
    """Return the table whose columns stand in the first row, of several the one that needs most of
    them; null where it is none."""
    line = next((one for one in text.splitlines() if one.strip()), "")
    names = {cell.strip().strip('"').strip().lower() for cell in re.split("[,;\t|]", line)}
    found = [
        (len(table.needed), table.name)
        for table in tables
        if len(names) > 1 and table.needed <= names <= table.columns
    ]
    return max(found)[1] if found else None
