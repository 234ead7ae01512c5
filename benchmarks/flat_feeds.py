"""Flat feeds at size, beside the plainest reading polars can do.

    python -m benchmarks.flat_feeds [--rows 1000000]

An invented export is written once, then read in processes of their own: by `polars.read_csv` (types
guessed, written as Parquet), and by the profile (every cell checked, lines written as Parquet).
Printed are seconds, MB/s, rows/s and peak memory of each.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PROFILE = """
profile = "bench"
format = "flat"
carrier = "ILEC"
[flat]
dates = ["%m/%d/%Y"]
derive = ["current_charges", "total_due"]
[[flat.part]]
name = "lines"
charge_class = "recurring"
[flat.part.fields]
ban = { column = "Account", width = 10 }
invoice_no = { template = "{ban}-{bill_date}" }
bill_date = "Bill Date"
wtn = "TN"
usoc = "USOC"
description = "Title"
quantity = "Qty"
unit_rate = "Price"
amount = "Amount"
"""
WAYS = ("read_csv", "profile")
HEAD = "## Flat feeds: "


def write(path: Path, rows: int, quoted: bool) -> None:
    """Leave an invented export of that many rows at `path`."""
    quote = '"' if quoted else ""
    with path.open("w", encoding="utf-8") as handle:
        handle.write("Account,Bill Date,TN,USOC,Title,Qty,Price,Amount,Conn Date,City\n")
        for row in range(rows):
            amount = f"{row % 9973 / 100:.2f}"
            handle.write(
                f"{5000000000 + row // 500},11/1/2026,{6140000000 + row},1FB{row % 7},"
                f"{quote}Line {row % 50}{quote},1,{amount},{amount},2/7/2020,Dayton\n"
            )


def once(way: str, path: Path, out: Path) -> None:
    """Read the file one way and leave its lines as Parquet."""
    import polars as pl

    if way == "read_csv":
        pl.read_csv(path, try_parse_dates=True).write_parquet(out)
        return
    from invoices.carrier import Profiles, parse_profile
    from rebill.intake.read import read_file
    from rebill.workspace.settings import Settings

    profiles = Profiles((parse_profile(PROFILE),))
    reading = read_file(Settings(), path, path.name, None, profiles=profiles)
    reading.lines.sink_parquet(out)
    assert reading.findings.is_empty(), reading.findings


def section(rows: int) -> str:
    """Return how long each way takes and how much memory it holds, as a section of the page."""
    told = []
    for quoted in (False, True):
        with tempfile.TemporaryDirectory() as folder:
            path, out = Path(folder) / "feed.csv", Path(folder) / "out.parquet"
            write(path, rows, quoted)
            size = path.stat().st_size / 1e6
            for way in WAYS:
                command = [sys.executable, "-m", "benchmarks.flat_feeds", "--once", way, str(path)]
                started = time.perf_counter()
                said = subprocess.run(
                    [*command, str(out)], check=True, capture_output=True, text=True
                )
                took = time.perf_counter() - started
                peak = int(said.stdout) >> 10
                told.append(
                    f"| {way}{', quoted cells' if quoted else ''} | {took:.2f} s"
                    f" | {size / took:.0f} MB/s | {rows / took:,.0f} | {peak:,} MiB |"
                )
    lines = "\n".join(told)
    return (
        f"{HEAD}{rows:,} rows\n\nA delimited export read by its profile, every cell checked,"
        " beside `polars.read_csv`; both leave Parquet, start of the process included.\n\n"
        "| way | time | | rows a second | peak memory |\n| --- | --- | --- | --- | --- |\n"
        f"{lines}\n"
    )


def main() -> None:
    """Measure, or read once in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--once", nargs=3, metavar=("WAY", "FILE", "OUT"))
    asked = parser.parse_args()
    if asked.once:
        way, path, out = asked.once
        once(way, Path(path), Path(out))
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
        return
    print(section(asked.rows))


if __name__ == "__main__":
    main()
