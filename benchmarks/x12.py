"""Reading 811 at size: our reader, its tokeniser alone, a straight Python loop, pyx12.

`python -m benchmarks.x12 [--megabytes 100 1000] [--part 10] [--runs 3] [--into PAGE]` invents
interchanges, takes each measurement in a process of its own, and prints the section of the page;
with `--into` it takes the place of that section there. pyx12 and the loop read a part of
`--part` megabytes: their speed does not depend on the size.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from importlib.metadata import version
from itertools import cycle
from pathlib import Path

import polars as pl

from benchmarks.cash import put
from invoices import carrier
from invoices.carrier import Source
from invoices.carrier.x12.segments import identified
from invoices.carrier.x12.separators import Unreadable
from invoices.carrier.x12.tokens import Limits, pieces
from rebill.intake.aside import Aside
from rebill.workspace.text_files import blocks, head

HEAD = "## X12 811: "
CODES = ("1FB", "1MB", "UEPBX", "9ZR")
ISA = (
    "ISA*00*          *00*          *ZZ*ILEC           *ZZ*RESELLER       *261110*0101*U*00401"
    "*000000001*0*P*>~GS*CI*ILEC*RESELLER*20261110*0101*1*X*004010~"
)
PER_SET = 20_000
AIM_CPU, AIM_MIB, AIM_PYX12, AIM_TOKENS = 45.0, 800.0, 15.0, 3.2


def write(path: Path, megabytes: int, per_set: int = PER_SET) -> None:
    """Leave an interchange of about so many megabytes: ten segments a charge, sets that tie."""
    prices = cycle(range(101, 9973, 37))
    size, number = 0, 0
    with path.open("w", encoding="ascii") as out:
        out.write(ISA)
        while size < megabytes * 1_000_000:
            number += 1
            text = _set(number, per_set, prices)
            size += len(text)
            out.write(text)
        out.write(f"GE*{number}*1~IEA*1*000000001~")


def _set(number: int, charges: int, prices: Iterator[int]) -> str:
    out = [
        f"ST*811*{number:04}~BIG*20261110*INV{number}*****CD~CUR*SE*USD~REF*12*305R01{number:06}~"
        "ITD*01*3****20261125~N1*PE*ILEC*92*1~HL*1**1*1~HL*2*1*2*1~HL*3*2*4*1~"
        "PID*F****MONTHLY SERVICE~"
    ]
    total = 0
    for at in range(charges):
        price = next(prices)
        total += price
        out.append(
            f"HL*{at + 4}*3*8*0~SLN*{at}**A*1*EA*{price // 100}.{price % 100:02}*UM**A3"
            f"*{CODES[at % 4]}~SI*TI*TN*614{at:07}*SC*X~PID*F****BUSINESS LINE FLAT RATE~"
            f"REF*OR*N{at:08}~DTM*150*20261110~DTM*151*20261209~QTY*94*1~"
            "TXI*ST*0.15***TX*6*O~MSG*SOME TEXT OF THE CARRIER~"
        )
    out.append(f"TDS*{total}~SE*{12 + 10 * charges}*{number:04}~")
    return "".join(out)


def ours(path: Path) -> int:
    """Read the file as a night does, its lines left as Parquet."""
    source = Source(
        path.name,
        "0" * 64,
        head(path),
        lambda: blocks(path),
        pl.LazyFrame,
        set_aside=Aside(path.parent),
    )
    reading = carrier.read(source)
    lines = path.with_suffix(".parquet")
    reading.lines.sink_parquet(lines, compression="lz4", statistics=False, row_group_size=65_536)
    assert set(reading.documents["status"]) == {"loaded"}
    return int(pl.scan_parquet(lines).select(pl.len()).collect().item())


def tokeniser(path: Path) -> int:
    """Cut the file into segments with their ids, and every segment into its elements."""
    priced = 0
    for piece in pieces(blocks(path), "utf-8", Limits()):
        assert not isinstance(piece, Unreadable)
        element = piece.separators.element
        segments = identified(piece).with_columns(parts=pl.col("text").str.split(element))
        priced += int((segments["id"] == "SLN").sum())
    return priced


NAMES = ("amount", "quantity", "rate", "usoc", "wtn", "text", "order", "starts", "ends")


def loop(path: Path) -> int:
    """Read the same fields with a plain Python loop over segments, into a frame."""
    rows: list[list[object]] = []
    row: list[object] = []
    for segment in path.read_text("ascii").split("~"):
        parts = segment.split("*")
        id_ = parts[0]
        if id_ == "SLN":
            units, rate = Decimal(parts[4]), Decimal(parts[6])
            row = [units * rate, units, rate, parts[10], None, None, None, None, None]
            rows.append(row)
        elif id_ == "HL":
            row = [None] * 9
        elif id_ == "SI":
            row[4] = dict(zip(parts[2::2], parts[3::2], strict=True)).get("TN")
        elif id_ == "PID":
            row[5] = parts[5]
        elif id_ == "REF" and parts[1] == "OR":
            row[6] = parts[2]
        elif id_ == "DTM":
            row[7 + (parts[1] == "151")] = parts[2]
    return pl.DataFrame(rows, schema=NAMES, orient="row").height


def pyx12(path: Path) -> int:
    """Read the same fields from the segments pyx12's reader gives, into a frame."""
    from pyx12.x12file import X12Reader

    rows: list[list[object]] = []
    row: list[object] = []
    with X12Reader(str(path)) as reader:
        for segment in reader:
            id_, value = segment.get_seg_id(), segment.get_value
            if id_ == "SLN":
                units, rate = Decimal(value("SLN04")), Decimal(value("SLN06"))
                row = [units * rate, units, rate, value("SLN10"), None, None, None, None, None]
                rows.append(row)
            elif id_ == "HL":
                row = [None] * 9
            elif id_ == "SI":
                pairs = ((value(f"SI{at:02}"), value(f"SI{at + 1:02}")) for at in (2, 4))
                row[4] = dict(pairs).get("TN")
            elif id_ == "PID":
                row[5] = value("PID05")
            elif id_ == "REF" and value("REF01") == "OR":
                row[6] = value("REF02")
            elif id_ == "DTM":
                row[7 + (value("DTM01") == "151")] = value("DTM02")
    return pl.DataFrame(rows, schema=NAMES, orient="row").height


JOBS: dict[str, tuple[str, Callable[[Path], int]]] = {
    "ours": ("rebill: documents, lines, every check", ours),
    "tokeniser": ("the bare tokeniser: segments, ids, elements", tokeniser),
    "loop": ("a straight Python loop, the same fields", loop),
    "pyx12": ("pyx12's reader, the same fields", pyx12),
}


def take(name: str, path: Path) -> None:
    """Take one measurement and print it as a line of JSON."""
    wall, cpu = time.perf_counter(), time.process_time()
    lines = JOBS[name][1](path)
    taken = {
        "seconds": time.perf_counter() - wall,
        "cpu": time.process_time() - cpu,
        "mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "lines": lines,
        "megabytes": path.stat().st_size / 1e6,
    }
    print(json.dumps(taken))


def _child(name: str, path: Path, runs: int) -> dict[str, float]:
    found = []
    for _ in range(runs):
        command = [sys.executable, "-m", "benchmarks.x12", "--take", name, "--place", str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"the measurement {name} failed:\n{done.stderr[-2000:]}")
        found.append(json.loads(done.stdout.splitlines()[-1]))
    taken = {key: statistics.median(one[key] for one in found) for key in found[0]}
    taken["mib"] = max(one["mib"] for one in found)
    print(f"  {name}: {taken}", file=sys.stderr, flush=True)
    return taken


def section(sizes: list[int], part: int, runs: int) -> str:
    """Measure everything and return the section of the page."""
    rows, found = [], {}
    with tempfile.TemporaryDirectory() as folder:
        for megabytes in [part, *sizes]:
            path = Path(folder) / f"{megabytes}.x12"
            write(path, megabytes)
            small = megabytes == part
            for name in ("loop", "pyx12") if small else ("tokeniser", "ours"):
                taken = _child(name, path, 1 if megabytes > 500 else runs)
                found[name, megabytes] = taken
                rows.append(_row(JOBS[name][0], taken))
            path.unlink()
    main = found["ours", sizes[0]]
    verdicts = [
        *(
            (f"at least {AIM_CPU:.0f} MB per CPU second at {size} MB ({rate:.1f})", rate >= AIM_CPU)
            for size in sizes
            for rate in (found["ours", size]["megabytes"] / found["ours", size]["cpu"],)
        ),
        (
            f"below {AIM_MIB:.0f} MiB at {sizes[-1]} MB ({found['ours', sizes[-1]]['mib']:,.0f})",
            found["ours", sizes[-1]]["mib"] < AIM_MIB,
        ),
        _against(main, found["pyx12", part], AIM_PYX12, "times as fast as pyx12", faster=True),
        _against(
            main, found["tokeniser", sizes[0]], AIM_TOKENS, "times the bare tokeniser", faster=False
        ),
    ]
    head_ = ("what", "size", "time", "MB/s", "lines/s", "CPU", "MB per CPU s", "peak memory")
    table = [" | ".join(("", *cells, "")).strip() for cells in (head_, ["---"] * 8, *rows)]
    told = "".join(f"- {aim}: {'**met**' if met else '**not met**'}\n" for aim, met in verdicts)
    packages = f"polars {version('polars')}, pyx12 {version('pyx12')}"
    return (
        f"{HEAD}{sizes[0]} MB and {sizes[-1]} MB\n\n"
        f"{os.cpu_count()} cores, Python {platform.python_version()}, {packages}; ten segments a "
        f"charge, {PER_SET:,} charges a set; the median of {runs} runs, one above 500 MB.\n\n"
        + "\n".join(table)
        + f"\n\n{told}"
    )


def _rate(taken: dict[str, float]) -> float:
    return taken["megabytes"] / taken["seconds"]


def _against(
    main: dict[str, float], other: dict[str, float], aim: float, words: str, *, faster: bool
) -> tuple[str, bool]:
    ratio = _rate(main) / _rate(other) if faster else _rate(other) / _rate(main)
    bound = "at least" if faster else "within"
    return f"{bound} {aim} {words} ({ratio:.1f})", ratio >= aim if faster else ratio <= aim


def _row(what: str, taken: dict[str, float]) -> list[str]:
    megabytes, seconds = taken["megabytes"], taken["seconds"]
    return [
        what,
        f"{megabytes:,.0f} MB",
        f"{seconds:.2f} s",
        f"{megabytes / seconds:.1f}",
        f"{taken['lines'] / seconds:,.0f}",
        f"{taken['cpu']:.2f} s",
        f"{megabytes / taken['cpu']:.1f}",
        f"{taken['mib']:,.0f} MiB",
    ]


def main() -> None:
    """Invent the interchanges, measure, and tell."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.x12", description=__doc__)
    parser.add_argument("--megabytes", type=int, nargs="+", default=[100, 1000])
    parser.add_argument("--part", type=int, default=10)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--into", type=Path, help="the page that holds the section")
    parser.add_argument("--take", choices=JOBS, help=argparse.SUPPRESS)
    parser.add_argument("--place", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.take:
        take(given.take, given.place)
        return
    text = section(given.megabytes, given.part, given.runs)
    if given.into:
        put(given.into, text, HEAD)
    print(text)


if __name__ == "__main__":
    main()
