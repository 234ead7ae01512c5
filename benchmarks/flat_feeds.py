"""Flat feeds and our own CSV at size, beside the plainest reading polars can do.

    python -m benchmarks.flat_feeds [--rows 1000000]

An invented export and the bills of `benchmarks.data` are written once, then read in processes of
their own: by `polars.scan_csv` (types guessed, sunk as Parquet: the floor), and as a night reads
them (every cell checked, lines left as Parquet). Printed are CPU seconds and what they are beside
the floor's, seconds, rows a CPU second and peak memory of each; imports are not counted.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import data

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
WAYS = {"floor": "scan_csv to Parquet", "ours": "rebill: every cell checked"}
AIM = 2.0
"""Our own CSV takes at most so many times the CPU of the floor."""
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


def once(way: str, folder: Path, out: Path) -> None:
    """Read the files of a folder one way, leave their lines as Parquet, and print what it took."""
    import polars as pl

    from invoices.carrier import Profiles, parse_profile, shipped
    from rebill.intake.read import read_file, staged
    from rebill.workspace.settings import Settings
    from rebill.workspace.text_files import digest

    paths = sorted(folder.iterdir())
    digests = {path: digest(path)[1] for path in paths}
    profiles = Profiles((parse_profile(PROFILE),), shipped())
    wall, cpu = time.perf_counter(), time.process_time()
    if way == "floor":
        pl.scan_csv(paths, try_parse_dates=True).sink_parquet(out)
    for number, path in enumerate(paths if way == "ours" else ()):
        sure = {"sha256": digests[path], "is_sure": True, "scratch": out.parent / "scratch"}
        reading = read_file(Settings(), path, path.name, None, profiles=profiles, **sure)
        assert reading.findings.is_empty(), reading.findings
        staged(reading, out.parent / f"{number}", number)
    took = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    print(json.dumps({**took, "mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10}))


def section(rows: int) -> str:
    """Return what each way takes and how much memory it holds, as a section of the page."""
    told, beside = [], {}
    for what in ("export", "export, quoted cells", "our own CSV"):
        with tempfile.TemporaryDirectory() as place:
            files, out = Path(place) / "files", Path(place) / "out"
            files.mkdir()
            if what == "our own CSV":
                data.write(Path(place) / "world", rows)
                files = Path(place) / "world" / "bills"
            else:
                write(files / "feed.csv", rows, "quoted" in what)
            taken = {way: _child(way, files, out) for way in WAYS}
        beside[what] = taken["ours"]["cpu"] / taken["floor"]["cpu"]
        told += [_row(what, way, one, taken["floor"]["cpu"], rows) for way, one in taken.items()]
    lines, ours = "\n".join(told), beside["our own CSV"]
    return (
        f"{HEAD}{rows:,} rows\n\nA delimited export read by its profile and our own CSV, every cell"
        " checked, beside `polars.scan_csv`; all leave Parquet. CPU is of the reading alone.\n\n"
        "| what | way | CPU | beside the floor | time | rows a CPU second | peak memory |\n"
        f"| --- | --- | --- | --- | --- | --- | --- |\n{lines}\n\n"
        f"- our own CSV within {AIM} times the CPU of the floor ({ours:.1f}): "
        f"{'**met**' if ours <= AIM else '**not met**'}\n"
    )


def _child(way: str, files: Path, out: Path) -> dict[str, float]:
    """Return what one way takes in a process of its own: of three, the one that took least CPU."""
    command = [sys.executable, "-m", "benchmarks.flat_feeds", "--once", way, str(files), str(out)]
    runs = [
        json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        for _ in range(3)
    ]
    return dict(min(runs, key=lambda run: run["cpu"]))


def _row(what: str, way: str, taken: dict[str, float], floor: float, rows: int) -> str:
    return (
        f"| {what} | {WAYS[way]} | {taken['cpu']:.2f} s | {taken['cpu'] / floor:.1f}"
        f" | {taken['wall']:.2f} s | {rows / taken['cpu']:,.0f} | {taken['mib']:,.0f} MiB |"
    )


def main() -> None:
    """Measure, or read once in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--once", nargs=3, metavar=("WAY", "FOLDER", "OUT"))
    asked = parser.parse_args()
    if asked.once:
        way, folder, out = asked.once
        once(way, Path(folder), Path(out))
        return
    print(section(asked.rows))


if __name__ == "__main__":
    main()
