"""Every reader of what comes from outside, and what it may make of damaged bytes.

A new format is a line of `READERS`: its name, files that are read, and a function that reads bytes
and says what was taken as true (`Outcome`). `found` says what is wrong with that.
"""

from __future__ import annotations

import gzip
import io
import re
import tempfile
import traceback
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from pathlib import Path

import damaged_seeds as seeds
from damage import damaged


@dataclass(frozen=True)
class Outcome:
    """What a reader made of a file."""

    sums: tuple[tuple[Decimal, Decimal | None], ...] = ()
    """Of each thing that is taken as true: what its lines come to, and the total that is printed
    for it; none where the format prints none."""
    told: int = 0
    """So many words of refusal or doubt."""
    wrong: tuple[str, ...] = ()
    """What must not be, besides."""


@dataclass(frozen=True)
class Reader:
    """A reader and files that it reads."""

    name: str
    seeds: Callable[[], tuple[bytes, ...]]
    read: Callable[[bytes, Path], Outcome]
    kind: str = "plain"
    proof: Callable[[bytes], frozenset[bytes]] = field(default=lambda content: frozenset())
    """What a file prints that proves its sum: while that stands there, the sum is the same."""
    silent: bool = False
    """Whether nothing need be said where nothing is taken."""


# --- what each reader says ------------------------------------------------------------------------


def _carrier(profile: Callable[[], str] | None = None) -> Callable[[bytes, Path], Outcome]:
    def read(content: bytes, folder: Path) -> Outcome:
        from invoices.carrier import Profiles, parse_profile
        from rebill.intake.read import read_file
        from rebill.workspace.settings import Settings

        path = folder / "file"
        path.write_bytes(content)
        own = Profiles((parse_profile(profile()),)) if profile else Profiles()
        return _of_reading(read_file(Settings(), path, "file", None, profiles=own, scratch=folder))

    return read


def _of_reading(reading: object) -> Outcome:
    import polars as pl

    from invoices.carrier.bundles import assemble
    from invoices.carrier.reading import Reading
    from invoices.footing import foot, line_sums
    from invoices.schema import DOCUMENTS

    assert isinstance(reading, Reading)
    lines, documents, reasons = reading.lines.collect(), reading.documents, None
    if reading.bundle is not None:
        numbered = documents.with_columns(intake=pl.lit(0, pl.Int64))
        put = assemble(numbered, [(0, reading.bundle)])
        documents, reasons = put.documents.select(DOCUMENTS.names()), put.reasons.drop("intake")
    sums = line_sums(lines.lazy()).collect()
    footed, unfooted = foot(documents, sums, reading.findings, reasons)
    loaded = footed.filter(pl.col("status") == "loaded")
    told: dict[str, Decimal] = {}
    for document, amount in lines.select("document_id", "amount").iter_rows():
        told[document] = told.get(document, Decimal(0)) + amount
    pairs = loaded.select("document_id", "current_charges").iter_rows()
    wrong = [f"an answer of {len(a.text(None))} characters is no interchange"
             for a in reading.answers if not _is_interchange(a.text(None))]  # fmt: skip
    if loaded["document_id"].is_duplicated().any():
        wrong.append("two documents of one name are taken")
    return Outcome(
        tuple((told.get(document, Decimal(0)), printed) for document, printed in pairs),
        reading.findings.height + unfooted.height + reading.quarantine.height
        + len(reading.answers),
        tuple(wrong),
    )  # fmt: skip


def _described(content: bytes, folder: Path) -> Outcome:
    from invoices.carrier import Profiles, parse_profile
    from invoices.carrier.describe import describe
    from rebill.intake.read import read_file
    from rebill.workspace.settings import Settings

    path = folder / "file"
    path.write_bytes(content)
    own = Profiles((parse_profile(seeds.FLAT_PROFILE),))
    told = describe(read_file(Settings(), path, "file", None, profiles=own, scratch=folder))
    return Outcome(told=int(not told.documents.is_empty()))


def _is_interchange(text: str) -> bool:
    element = text[3:4]
    head = text.split(element, 16) if element else []
    return (
        text.startswith("ISA") and len(head) == 17 and not element.isalnum()
        and len(head[16]) > 1 and not head[16][1].isalnum() and f"IEA{element}" in text
    )  # fmt: skip


def _bank(content: bytes, folder: Path) -> Outcome:
    from rebill.cash.bank_paper import read_bank_file
    from rebill.workspace.settings import Settings

    path = folder / "file"
    path.write_bytes(content)
    reading = read_bank_file(Settings(), path)
    if not reading.ok:
        return Outcome(told=reading.faults.height)
    moved = {"debit": Decimal(0), "credit": Decimal(0)}
    for direction, amount in reading.entries.select("direction", "amount").iter_rows():
        moved[direction] += amount
    wrong = () if reading.content_key else ("a file is booked without a key",)
    sums = [moved["debit"] + moved["credit"]]
    if reading.source == "nacha":  # its totals are by direction
        sums.append(moved["debit"] - moved["credit"])
    return Outcome(tuple((total, None) for total in sums), reading.doubts.height, wrong)


def _csr(content: bytes, folder: Path) -> Outcome:
    from rebill.reference.csr.service_records import _read
    from rebill.reference.faults import Faults

    path = folder / "file.csr"
    path.write_bytes(content)
    faults = Faults()
    csr = _read(path, faults)  # what `read_records` does with each file, in a process of its own
    told = faults.total + csr.unread.height + csr.records["ban"].is_duplicated().sum()
    if told:
        return Outcome(told=told)
    return Outcome(((sum(csr.rows["total"].drop_nulls(), Decimal(0)), None),))


def _archive(content: bytes, folder: Path) -> Outcome:
    from rebill.intake.archives import kind, unpack
    from rebill.workspace.settings import Archives

    path = folder / "file"
    path.write_bytes(content)
    if kind(path) is None:
        return Outcome(told=1)
    members = unpack(path, "file", folder / "scratch", Archives())
    wrong = []
    for member in members:
        if member.path is None:
            continue
        inside = member.path.read_bytes()
        outer = member.name.count("!") == 1  # a checksum inside a member is packed with it
        if outer and content[:2] == b"PK":
            same = zlib.crc32(inside).to_bytes(4, "little") in content
        else:
            same = not outer or inside == gzip.decompress(content)
        if not same:
            wrong.append(f"{member.name} is not what the archive says")
        if member.path.parent != folder / "scratch":
            wrong.append(f"{member.name} lies elsewhere")
    return Outcome(told=len(members) or 1, wrong=tuple(wrong))


def _profile(content: bytes, folder: Path) -> Outcome:
    from invoices.carrier import ProfileError, Profiles, parse_profile
    from rebill.intake.read import read_file
    from rebill.workspace.settings import Settings

    try:
        own = Profiles((parse_profile(content.decode("utf-8-sig")),))
    except (ProfileError, UnicodeDecodeError):
        return Outcome(told=1)
    for number, bill in enumerate((seeds.FLAT_BILL.encode(), seeds.fixed()[0])):
        path = folder / f"{number}.csv"
        path.write_bytes(bill)
        name = own.own[0].profile
        _of_reading(read_file(Settings(), path, path.name, name, profiles=own, scratch=folder))
    return Outcome(told=1)


def _contracts(content: bytes, folder: Path) -> Outcome:
    from rebill.reference.contracts import read_contract_file
    from rebill.reference.faults import Faults

    path = folder / "contracts.toml"
    path.write_bytes(content)
    faults = Faults()
    rows = read_contract_file(path, faults)
    return Outcome(told=faults.total + rows.height)


def _settings(content: bytes, folder: Path) -> Outcome:
    from rebill.workspace.settings import ConfigError, read_settings

    path = folder / "rebill.toml"
    path.write_bytes(content)
    try:
        read_settings(path)
    except ConfigError as fault:
        return Outcome(told=1 if str(fault) else 0)
    return Outcome(told=1)


def _draft(content: bytes, folder: Path) -> Outcome:
    from invoices.carrier import Known
    from rebill.intake.drafting import Unusable, drafted_at
    from rebill.workspace.settings import Settings

    path = folder / "file.csv"
    path.write_bytes(content)
    made = drafted_at(path, Settings(), "draft", "file.csv", Known(), folder)
    return Outcome(told=bool(made.words if isinstance(made, Unusable) else made.text))


# --- what proves a sum ----------------------------------------------------------------------------


def _lines_like(pattern: bytes) -> Callable[[bytes], frozenset[bytes]]:
    return lambda content: frozenset(re.findall(pattern, content))


def _below_marker(content: bytes) -> frozenset[bytes]:
    """A total above the first section is of the heading."""
    _, _, body = content.partition(b"S&E")
    return _lines_like(rb"(?m)^ *TOTAL  +[0-9.]+(?=\r?$)")(body)


def _ends_of_statement(content: bytes) -> frozenset[bytes]:
    rows = [row for row in re.split(rb"[\r\n]+", content) if row.strip()]
    return frozenset([b"\n".join((rows[1], rows[-1]))]) if len(rows) > 2 else frozenset()


READERS = (
    Reader("usoc-lines", seeds.usoc_lines, _carrier()),
    Reader("x12-811", seeds.x12, _carrier()),
    Reader("x12-997", seeds.acknowledged, _carrier(), silent=True),
    Reader("flat", seeds.flat, _carrier(lambda: seeds.FLAT_PROFILE)),
    Reader("workbook", seeds.workbooks, _carrier(lambda: seeds.FLAT_PROFILE), kind="zip"),
    Reader("money", seeds.money, _carrier(lambda: seeds.MONEY_PROFILE)),
    Reader("report", seeds.reports, _carrier(lambda: seeds.report_profile())),
    Reader("records", seeds.typed, _carrier(lambda: seeds.records_profile())),
    Reader("fixed", seeds.fixed, _carrier(lambda: seeds.fixed_profile())),
    Reader("csr", seeds.csr, _csr, proof=_below_marker),
    Reader("nacha", seeds.nacha, _bank, proof=_lines_like(rb"(?m)^9(?!9{9})[0-9]{54}")),
    Reader("bai2", seeds.bai2, _bank, proof=_lines_like(rb"(?m)^99,[0-9,+-]+/")),
    Reader("statement", seeds.statements, _bank, proof=_ends_of_statement),
    Reader("remittance", seeds.remittances, _bank, proof=_lines_like(rb"(?m)^9(?!9{9})[0-9]{54}")),
    Reader("zip", seeds.zips, _archive, kind="zip"),
    Reader("gzip", seeds.gzips, _archive, kind="gzip"),
    Reader("tar", seeds.tars, _carrier()),
    Reader("profile", seeds.profiles, _profile),
    Reader("describe", seeds.described, _described, silent=True),
    Reader("draft", seeds.flat, _draft),
    Reader("contracts", seeds.contracts, _contracts),
    Reader("rebill.toml", seeds.settings, _settings),
)
BY_NAME = {reader.name: reader for reader in READERS}


# --- what is wrong with it ------------------------------------------------------------------------


def one(name: str, content: bytes) -> list[str]:
    """Return what is wrong with what a reader makes of bytes."""
    reader = BY_NAME[name]
    with tempfile.TemporaryDirectory() as folder:
        try:
            outcome = reader.read(content, Path(folder))
        except BaseException as error:  # a panic of polars is no Exception
            if isinstance(error, (KeyboardInterrupt, SystemExit, MemoryError)):
                raise
            return [f"{type(error).__name__}: {error}\n{traceback.format_exc(limit=-6)}"]
    wrong = list(outcome.wrong)
    if not outcome.sums and not outcome.told and not reader.silent:
        wrong.append("nothing is taken, and nothing is said")
    known, totals = _of_seeds(name)
    for total, printed in outcome.sums:
        if printed is not None and total != printed:
            wrong.append(f"{total} is taken where {printed} is printed")
        elif total in known:
            continue
        elif printed is not None and not _stands_in(printed, content):
            wrong.append(f"{total} is taken, and printed nowhere")
        elif printed is None and totals & reader.proof(content):
            wrong.append(f"{total} is taken beside the total of another sum")
    return wrong


def many(name: str, start: int, count: int) -> list[tuple[int, list[str]]]:
    """Return the seeds, of so many from `start`, with which something is wrong, and what."""
    reader = BY_NAME[name]
    told = []
    for seed in range(start, start + count):
        if wrong := one(name, damaged(seed, reader.seeds(), reader.kind)):
            told.append((seed, wrong))
    return told


@cache
def _of_seeds(name: str) -> tuple[frozenset[Decimal], frozenset[bytes]]:
    """Return the sums of the undamaged files of a reader, and what they print to prove them."""
    reader = BY_NAME[name]
    sums, totals = set(), set()
    for content in reader.seeds():
        with tempfile.TemporaryDirectory() as folder:
            outcome = reader.read(content, Path(folder))
        sums |= {total for total, _ in outcome.sums}
        totals |= reader.proof(content)
    return frozenset(sums), frozenset(totals)


def undamaged(name: str) -> tuple[frozenset[Decimal], frozenset[bytes]]:
    """Return what a reader makes of its own files: sums that are taken, and what proves them."""
    return _of_seeds(name)


def _stands_in(printed: Decimal, content: bytes) -> bool:
    """Whether an amount is written in a file, in whatever spelling and coding."""
    whole, _, part = f"{abs(printed):.2f}".partition(".")
    spelled = {f"{whole}.{part}", f"{whole}{part}", f"{whole},{part}"}
    spelled |= {f"{whole}.{part.rstrip('0')}".rstrip(".")}
    pattern = "|".join(rf"(?<![0-9.])0*{re.escape(one)}0*(?![0-9])" for one in spelled)
    if whole == "0":
        pattern += rf"|\.{part.rstrip('0')}"
    return any(re.search(pattern, text) for text in _texts(content))


def _texts(content: bytes) -> list[str]:
    if content[:2] == b"PK":
        try:
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                inside = [archive.read(member) for member in archive.infolist()]
            return [text for part in inside for text in _texts(part)]
        except Exception:  # the reader opened it another way
            return ["".join(str(digit) for digit in range(10))]
    codings = ("latin-1", "utf-16", "utf-16-be", "utf-32", "cp037")
    said = [content.decode(coding, errors="replace") for coding in codings]
    plain = [re.sub(r"(?<=[0-9])[, ](?=[0-9]{3})", "", text) for text in said]
    zoned = str.maketrans("{ABCDEFGHI}JKLMNOPQR", "01234567890123456789")
    return [*said, *plain, said[-1].translate(zoned)]
