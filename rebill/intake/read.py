"""One file read into the intake: looked over, recognised, its lines staged."""

from __future__ import annotations

import codecs
import tempfile
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from invoices import carrier
from invoices.carrier import Known, Profile, Profiles, Source
from invoices.carrier.flat import SAVE_AGAIN, WorkbookFault, head_of_workbook
from invoices.carrier.profiles import Limits
from invoices.carrier.reading import Reading, refused_file
from invoices.schema import LINES, empty
from rebill.intake import archives
from rebill.run.intake import Intake
from rebill.run.outcomes import FileRead
from rebill.run.stages import ReadFile
from rebill.workspace import text_files, write
from rebill.workspace.settings import Settings, Workspace
from rebill.workspace.write import STAGED


def take_in(
    workspace: Workspace,
    number: int,
    stage: ReadFile,
    path: Path,
    profiles: Profiles | None = None,
    known: Known | None = None,
) -> FileRead:
    """Read the file with this number in its run; its lines are left as staged Parquet."""
    if stage.fault:
        reading = refused_file(stage.name, stage.sha256, *stage.fault)
    else:
        reading = read_file(
            workspace.settings,
            path,
            stage.name,
            stage.profile,
            sha256=stage.sha256,
            profiles=profiles,
            known=known,
            scratch=workspace.lines / STAGED,
        )
    place = None
    if not reading.documents.is_empty():
        place = workspace.lines / STAGED / f"{number}-{stage.sha256}.parquet"
        write.spool(place, reading.lines.with_columns(intake=_number(number)))
    # The lines are in the file now, and no longer in memory.
    return FileRead(stage, replace(reading, lines=empty(LINES).lazy()), place)


def _number(of_file: int) -> pl.Expr:
    return pl.lit(of_file, dtype=pl.Int64)


def intake_of(files: Sequence[FileRead]) -> Intake:
    """Return what the files of a run say together, numbered in their order."""
    readings = [one.reading for one in files]
    numbered = list(enumerate(readings))
    told = Intake()
    return Intake(
        reads=tuple(one.stage for one in files),
        documents=pl.concat(
            [told.documents, *(r.documents.with_columns(intake=_number(n)) for n, r in numbered)]
        ),
        findings=pl.concat(
            [told.findings, *(r.findings.with_columns(intake=_number(n)) for n, r in numbered)]
        ),
        quarantine=tuple(reading.quarantine for reading in readings),
        staged={n: one.staged for n, one in enumerate(files) if one.staged is not None},
        bundles=tuple((n, r.bundle) for n, r in numbered if r.bundle is not None),
    )


def read_file(
    settings: Settings,
    path: Path,
    name: str,
    profile: str | None,
    *,
    sha256: str = "",
    profiles: Profiles | None = None,
    known: Known | None = None,
    scratch: Path | None = None,
) -> Reading:
    """Return what the file at `path` says; one that is no invoice gives a refused document.

    A file that changed since it was counted is refused like one that is no text where its format
    is one of text. What has to be written to be read lies below `scratch` as long as the lines of
    the answer are wanted.
    """
    profiles = profiles or Profiles()
    head = head_of(settings, path)
    if isinstance(head, text_files.Fault):
        return refused_file(name, sha256 or text_files.digest(path)[1], head.what, head.remedy)
    chosen = carrier.choose(head, profile, profiles)
    chosen_profile = chosen if isinstance(chosen, Profile) else None
    seen = _inspected(settings, path, chosen_profile, scratch or Path(tempfile.gettempdir()))
    digest = sha256 or seen.sha256
    if seen.sha256 != digest:
        return refused_file(
            name, digest, "the file changed while it was read", "send it again, whole"
        )
    if seen.fault:
        return refused_file(name, digest, seen.fault.what, seen.fault.remedy, seen.fault.row)
    text = seen.text or path
    source = Source(
        name,
        digest,
        head,
        blocks=lambda: text_files.blocks(path),
        lines=lambda: text_files.scan_text(text),
        known=known or Known(),
    )
    return carrier.read(source, profile, profiles)


def head_of(settings: Settings, path: Path) -> bytes | text_files.Fault:
    """Return what a file is recognised by: its first bytes, or the first rows of a workbook."""
    head = text_files.head(path)
    if not head.startswith(carrier.ZIP):
        return head
    most = Limits().memory_bytes
    fault = archives.workbook_fault(path, settings.archives, most)
    if fault or path.stat().st_size > most:
        return fault or text_files.Fault("the workbook is too large to be held", None, SAVE_AGAIN)
    try:
        return head_of_workbook(b"".join(text_files.blocks(path)))
    except WorkbookFault as error:
        return text_files.Fault(str(error), None, SAVE_AGAIN)


@dataclass(frozen=True)
class _Seen:
    """A file before it is read: its digest, why it cannot be, and its text where that was written
    anew."""

    sha256: str
    fault: text_files.Fault | None
    text: Path | None = None


def _inspected(settings: Settings, path: Path, profile: Profile | None, scratch: Path) -> _Seen:
    """Look a file over; what is read as blocks may hold any bytes, other text becomes UTF-8."""
    most = settings.inbox.max_file_bytes
    if profile is not None and profile.limits.file_bytes is not None:
        most = min(most, profile.limits.file_bytes)
    blocks = profile is not None and carrier.takes(profile, text_files.head(path, 4)) == "blocks"
    other = profile is not None and codecs.lookup(profile.encoding).name != "utf-8"
    if not blocks and not other:
        inspected = text_files.inspect(path, most)
        return _Seen(inspected.sha256, inspected.fault)
    size, digest = text_files.digest(path)
    fault = text_files.size_fault(size, most)
    if fault or blocks or profile is None:
        return _Seen(digest, fault)
    text = scratch / f"{write.TEMPORARY}{uuid.uuid4().hex}.txt"
    fault = text_files.transcode(path, text, profile.encoding)
    return _Seen(digest, fault or text_files.inspect(text, 4 * most).fault, text)
