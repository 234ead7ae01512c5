"""Customer invoices at size: PDFs of 40 lines by typst and by reportlab, pages of many invoices.

`python -m benchmarks.papers [--pdfs 1000] [--pages 20000] [--into PAGE]` takes each measurement
in a process of its own and prints the section of the page; with `--into` it takes its place there.
Pages and CSV are left in a folder, and held against their floor: the same bytes written there.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from functools import partial
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl

from benchmarks import cash
from invoices.customer.brand import BrandFault
from invoices.customer.page import pages
from invoices.customer.pdf_words import words_of_invoices
from invoices.schema import columns_of
from rebill.outbox.shelf import Shelf
from rebill.paper.typeset import Sheet, set_all
from rebill.pricing.customer_lines import CUSTOMER_LINES

HEAD = "## Papers: "
LINES = 40
PORTION = 5_000
"""Invoices that are made at a time: 200,000 lines, as a night makes them."""
WORDS = (
    "Business line, measured rate",
    "Touch tone",
    "Digital private line, local channel termination",
    "Federal subscriber line charge",
)
CLASSES = ("recurring", "recurring", "prorated", "surcharge")


def invoices(count: int) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Return headers, lines, customers and catalogue of so many invoices of 40 lines."""
    number = pl.int_range(count * LINES, eager=True)
    frame = pl.select(
        place=number // LINES,
        line=number % LINES,
        price=(number * 7919 % 9000 + 100).cast(pl.Decimal(38, 0)),
    )
    cent = pl.lit("0.01").cast(pl.Decimal(38, 2))
    customer = pl.concat_str(pl.lit("C"), pl.col("place").cast(pl.String).str.zfill(6))
    kind = pl.col("line") % len(WORDS)
    lines = frame.select(
        customer=customer,
        bill_month=pl.lit("2026-02"),
        line_id=pl.concat_str(pl.lit("k3v9qd2-"), number + 1),
        service=pl.concat_str(pl.lit("S"), (pl.col("place") * 7 + pl.col("line") // 6)),
        wtn=(pl.lit(6_140_000_000) + pl.col("place") * 7 + pl.col("line") // 6).cast(pl.String),
        usoc=pl.lit("1MB"),
        description=kind.replace_strict(dict(enumerate(WORDS)), return_dtype=pl.String),
        charge_class=kind.replace_strict(dict(enumerate(CLASSES)), return_dtype=pl.String),
        quantity=pl.lit(1),
        service_from=pl.lit(date(2026, 2, 10)),
        service_until=pl.lit(date(2026, 3, 10)),
        carrier=pl.lit("HARBOR"),
        price=pl.col("price") * cent,
    )
    absent = [pl.lit(None).alias(name) for name in CUSTOMER_LINES if name not in lines.columns]
    whole = lines.with_columns(absent).select(columns_of(CUSTOMER_LINES))
    headers = whole.group_by("customer", "bill_month", maintain_order=True).agg(
        total=pl.col("price").sum()
    )
    headers = headers.with_columns(
        invoice_no=pl.concat_str(pl.lit("PRAIRIE-2026-"), pl.col("customer").str.tail(6)),
        brand=pl.lit("Prairie Connect"),
        bill_date=pl.lit(date(2026, 2, 15)),
        due_date=pl.lit(date(2026, 3, 17)),
    )
    customers = headers.select(
        "customer",
        name=pl.concat_str(pl.lit("Customer "), "customer"),
        address=pl.lit("2200 Sample Avenue\nColumbus, OH 43215"),
        email=pl.lit(None, dtype=pl.String),
    )
    codes = dict.fromkeys(("carrier", "usoc", "description"), pl.String)
    return headers, whole, customers, pl.DataFrame(schema=codes)


def said(count: int) -> list[dict[str, Any]]:
    """Return what the invoices say, in words."""
    return [words for _, words in words_of_invoices(*invoices(count), {})]


def reportlab_pdf(words: dict[str, Any]) -> bytes:
    """Return the same content set with reportlab: head, summary, detail, numbered pages."""
    from xml.sax.saxutils import escape

    from reportlab.lib import colors
    from reportlab.lib.pagesizes import letter
    from reportlab.lib.styles import getSampleStyleSheet
    from reportlab.platypus import Paragraph, SimpleDocTemplate, Table, TableStyle

    style = getSampleStyleSheet()
    normal, title = style["Normal"], style["Title"]
    look = TableStyle(
        [
            ("FONTSIZE", (0, 0), (-1, -1), 8),
            ("LINEBELOW", (0, 0), (-1, -1), 0.4, colors.lightgrey),
            ("ALIGN", (1, 0), (-1, -1), "RIGHT"),
        ]
    )
    summary = [["Service", *words["classes"], "Total"]]
    summary += [[s["title"], *s["by_class"], s["total"]] for s in words["services"]]
    detail: list[list[Any]] = [["Description", "Period", "Quantity", "Price"]]
    for service in words["services"]:
        detail.append([service["title"], "", "", service["total"]])
        for charge in service["charges"]:
            text = f"{escape(charge['what'])}<br/><font size=6>{escape(charge['note'])}</font>"
            cells = [charge["period"], charge["quantity"], charge["price"]]
            detail.append([Paragraph(text, normal), *cells])
    facts = [Paragraph(f"{name}: {value}", normal) for name, value in words["facts"]]
    story = [Paragraph(escape(words["brand"]["name"]), title), *facts]
    story += [Paragraph(f"Total due {words['total']}", style["Heading2"])]
    story += [Table(summary, repeatRows=1, style=look)]
    story += [Table(detail, repeatRows=1, style=look, colWidths=[260, 120, 60, 60])]
    out = io.BytesIO()
    paper = SimpleDocTemplate(out, pagesize=letter, invariant=1)

    def foot(canvas: Any, made: Any) -> None:
        canvas.setFontSize(7)
        canvas.drawRightString(560, 30, f"Page {made.page}")

    paper.build(story, onFirstPage=foot, onLaterPages=foot)
    return out.getvalue()


def by_typst(words: list[dict[str, Any]]) -> Iterator[int]:
    """Yield the size of each PDF, set on two cores as `rebill invoices render` does."""
    for _, made in set_all([Sheet(str(n), each) for n, each in enumerate(words)], workers=2):
        if isinstance(made, str):
            raise RuntimeError(made)
        yield len(made)


def by_reportlab(words: list[dict[str, Any]]) -> Iterator[int]:
    """Yield the size of each PDF, set on two cores."""
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        yield from map(len, pool.map(reportlab_pdf, words, chunksize=8))


def left(count: int, folder: Path) -> Callable[[], int]:
    """Return what leaves page and CSV of so many invoices in a folder, as a night does."""
    every = invoices(count)

    def work() -> int:
        size = 0
        with Shelf(folder) as shelf:
            for start in range(0, count, PORTION):
                head = every[0].slice(start, PORTION)
                lines = every[1].slice(start * LINES, PORTION * LINES)
                for number, text, page in pages(head, lines, *every[2:]):
                    if isinstance(page, BrandFault):
                        raise page
                    shelf.leave(f"{number}.csv", text)
                    shelf.leave(f"{number}.html", page)
                    size += len(text) + len(page)
        return size

    return work


def floor(folder: Path) -> Callable[[], int]:
    """Return what writes the files of a folder, known by now, into as many beside it."""
    known = [(path.name, path.read_bytes()) for path in sorted(folder.iterdir())]
    beside = folder.with_name("floor")

    def work() -> int:
        beside.mkdir()
        for name, content in known:
            with open(beside / name, "wb") as file:
                file.write(content)
        return sum(len(content) for _, content in known)

    return work


def spent() -> float:
    """Return the CPU seconds of this process and of those it started."""
    both = [resource.getrusage(of) for of in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in both)


def take(job: str, count: int, place: Path) -> None:
    """Carry one measurement out, and print seconds, CPU seconds, peak MiB and what came of it.

    The clock starts once what is written is at hand: words, frames, or the bytes themselves.
    """
    work: Callable[[], int]
    if job in ("pages", "floor"):
        work = left(count, place / "pages") if job == "pages" else floor(place / "pages")
    else:
        words, by = said(count), by_typst if job == "typst" else by_reportlab
        work = partial(_summed, by, words)
    os.sync()
    start, before = time.perf_counter(), spent()
    size = work()
    seconds, cpu = time.perf_counter() - start, spent() - before
    peaks = [resource.getrusage(of) for of in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    peak = max(one.ru_maxrss for one in peaks) / 1024
    print(json.dumps([seconds, cpu, peak, size / count / 1024]))


def _summed(by: Callable[[Any], Iterator[int]], words: list[dict[str, Any]]) -> int:
    return sum(by(words))


def _taken(job: str, count: int, place: Path) -> list[float]:
    """Return what a measurement took: of those that write files, the one of the least CPU.

    The files of each are removed only with all of them: what a disk frees costs whoever writes.
    """
    found = []
    for again in range(3 if job in ("pages", "floor") else 1):
        folder = place / str(again)
        folder.mkdir(exist_ok=True)
        command = [sys.executable, "-m", "benchmarks.papers", "--take", job]
        command += ["--count", str(count), "--place", str(folder)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        found.append(json.loads(done.stdout))
    return min(found, key=lambda taken: taken[1])


def section(pdfs: int, many: int) -> str:
    """Return the section of the page: a row a measurement, and how typst compares."""
    taken = {}
    jobs = {
        "typst": (f"{pdfs:,} PDFs, typst", pdfs),
        "reportlab": (f"{pdfs:,} PDFs, reportlab {version('reportlab')}", pdfs),
        "pages": (f"page and CSV of {many:,} invoices, left in a folder", many),
        "floor": (f"the same bytes written into {2 * many:,} files", many),
    }
    with TemporaryDirectory() as place:
        for name, (_, count) in jobs.items():
            taken[name] = _taken(name, count, Path(place))
    told = [
        f"{HEAD}invoices of {LINES} lines\n\nWritten by `python -m benchmarks.papers`: PDFs on two"
        " cores, a process each and their start included; the reportlab document is plainer (no"
        " repeated service heads, no count of pages, no payment slip)."
        f" {os.cpu_count()} cores, Python {platform.python_version()}.\n",
        "|  | time | CPU | peak memory of a process | KiB each |\n| --- | --- | --- | --- | --- |",
    ]
    for name, (words, _) in jobs.items():
        seconds, cpu, peak, size = taken[name]
        told.append(f"| {words} | {seconds:.1f} s | {cpu:.1f} s | {peak:,.0f} MiB | {size:.0f} |")
    ratio = taken["reportlab"][0] / taken["typst"][0]
    told.append(f"\ntypst takes 1 / {ratio:.1f} of the time of reportlab.")
    ratio = taken["pages"][1] / taken["floor"][1]
    told.append(f"Page and CSV take {ratio:.1f} times the CPU of writing their bytes (at most 4).")
    return "\n".join(told) + "\n"


def main() -> None:
    """Measure and tell."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.papers", description=__doc__)
    parser.add_argument("--pdfs", type=int, default=1000)
    parser.add_argument("--pages", type=int, default=20_000)
    parser.add_argument("--into", type=Path, help="the page that holds the section")
    parser.add_argument("--take", help=argparse.SUPPRESS)
    parser.add_argument("--count", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--place", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.take:
        take(given.take, given.count, given.place)
        return
    text = section(given.pdfs, given.pages)
    print(text)
    if given.into:
        cash.put(given.into, text, HEAD)


if __name__ == "__main__":
    main()
