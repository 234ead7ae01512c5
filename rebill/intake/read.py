"""One file read into the intake: looked over, recognised, its lines staged."""

from __future__ import annotations

import codecs
import shutil
import tempfile
import uuid
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from invoices import carrier
from invoices.carrier import Known, Profile, Profiles, Source
from invoices.carrier.flat import SAVE_AGAIN, WorkbookFault, head_of_workbook
from invoices.carrier.profiles import Limits
from invoices.carrier.reading import Reading, refused_file
from invoices.schema import LINES, empty
from rebill.intake import archives, elsewhere
from rebill.intake.aside import Aside
from rebill.run.stages import ReadFile
from rebill.workspace import own_copy, text_files, write
from rebill.workspace.settings import Settings


@dataclass(frozen=True)
class Taken:
    """What one file says; its lines lie in a staged file."""

    reading: Reading
    staged: Path | None
    """Null where the file has no document that is read."""


def take_in(
    settings: Settings,
    folder: Path,
    number: int,
    stage: ReadFile,
    path: Path,
    profiles: Profiles | None = None,
    known: Known | None = None,
) -> Taken | str:
    """Read the file with this number in its run; its lines are left below `folder`, as Parquet.

    Returns `changed`, `vanished` or `unreadable` where the file is not there as it was seen:
    nothing of it is left then.
    """
    try:
        with own_copy.as_seen(path, stage.sha256, folder / "copy", stage.stamp) as copy:
            reading = read_file(
                settings,
                copy,
                stage.name,
                stage.profile,
                sha256=stage.sha256,
                is_sure=True,
                profiles=profiles,
                known=known,
                scratch=folder / "text",
            )
            taken = staged(reading, folder, number)
            shutil.rmtree(folder / "text", ignore_errors=True)
            return taken
    except own_copy.Moved as moved:
        shutil.rmtree(folder, ignore_errors=True)
        return str(moved)


def staged(reading: Reading, folder: Path, number: int) -> Taken:
    """Leave the lines of a reading below `folder`; they are no longer in memory then."""
    place = None
    if (reading.documents["status"] != "refused").any():
        place = folder / "lines.parquet"
        write.spool(place, reading.lines.with_columns(intake=pl.lit(number, dtype=pl.Int64)))
    return Taken(replace(reading, lines=empty(LINES).lazy()), place)


def read_file(
    settings: Settings,
    path: Path,
    name: str,
    profile: str | None,
    *,
    sha256: str = "",
    is_sure: bool = False,
    profiles: Profiles | None = None,
    known: Known | None = None,
    scratch: Path | None = None,
) -> Reading:
    """Return what the file at `path` says; one that is no invoice gives a refused document.

    A file that changed since `sha256` was taken is refused like one that is no text; a copy of our
    own whose digest `is_sure` is not hashed again. What has to be written to be read lies below
    `scratch` as long as the lines of the answer are wanted.
    """
    profiles = profiles or Profiles()
    head = head_of(settings, path)
    if isinstance(head, text_files.Fault):
        return refused_file(name, sha256 or text_files.digest(path)[1], head.what, head.remedy)
    chosen = carrier.choose(head, profile, profiles)
    chosen_profile = chosen if isinstance(chosen, Profile) else None
    known = known or Known()
    if not chosen_profile and (fault := elsewhere.at_home(name, head, known.tables)):
        owned = sha256 or text_files.digest(path)[1]
        return refused_file(name, owned, fault.what, fault.remedy, fault.row)
    place = scratch or Path(tempfile.gettempdir())
    seen = _inspected(settings, path, chosen_profile, place, sha256, is_sure)
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
        blocks=lambda: text_files.blocks(text if seen.is_utf8 else path),
        lines=lambda: text_files.scan_text(text),
        known=known,
        set_aside=Aside(place),
    )
    if chosen_profile is not None:
        return carrier.read_by(source, chosen_profile)
    return carrier.read(source, profile, profiles)


def head_of(settings: Settings, path: Path) -> bytes | text_files.Fault:
    """Return what a file is recognised by: its first bytes, or the first rows of a workbook."""
    head = text_files.head(path)
    if text_files.ends_in_returns(head):
        return head.replace(b"\r", b"\n")
    if not head.startswith(carrier.ZIP):
        return head
    most = Limits().memory_bytes
    fault = archives.workbook_fault(path, settings.archives, most)
    if fault or path.stat().st_size > most:
        return fault or text_files.Fault("the workbook is too large to be held", None, SAVE_AGAIN)
    try:
        return head_of_workbook(b"".join(text_files.blocks(path)))
    except WorkbookFault as error:
        return text_files.Fault(str(error), None, error.remedy)


@dataclass(frozen=True)
class _Seen:
    """A file before it is read: its digest, why it cannot be, and its text where that was written
    anew."""

    sha256: str
    fault: text_files.Fault | None
    text: Path | None = None
    is_utf8: bool = False
    """Whether the file was UTF-8 already, and only its line ends were written anew."""


def _inspected(
    settings: Settings,
    path: Path,
    profile: Profile | None,
    scratch: Path,
    sha256: str,
    is_sure: bool,
) -> _Seen:
    """Look a file over; what is read as blocks may hold any bytes, other text becomes UTF-8.

    Its digest is taken, unless it is sure that `sha256` is the one.
    """
    most = settings.inbox.max_file_bytes
    if profile is not None and profile.limits.file_bytes is not None:
        most = min(most, profile.limits.file_bytes)
    if fault := text_files.size_fault(path.stat().st_size, most):
        return _Seen(sha256 or text_files.digest(path)[1], fault)
    sure = sha256 if is_sure else ""
    start = text_files.head(path)
    blocks = start.startswith(carrier.ZIP)  # of a profile or none, a workbook is no text
    blocks = blocks or (profile is not None and carrier.takes(profile, start) == "blocks")
    encoding = profile.encoding if profile is not None else "utf-8"
    other = codecs.lookup(encoding).name != "utf-8"
    returns = text_files.ends_in_returns(start, encoding)
    if not blocks and not other and not returns:
        inspected = text_files.inspect(path, most, sure, profiled=True)
        return _Seen(inspected.sha256, inspected.fault)
    digest = sure or text_files.digest(path)[1]
    if blocks:
        return _Seen(digest, None)
    text = scratch / f"{write.TEMPORARY}{uuid.uuid4().hex}.txt"
    fault = text_files.transcode(path, text, encoding, returns)
    return _Seen(digest, fault or text_files.inspect(text, 4 * most).fault, text, not other)
