"""What the files of a run say becomes documents: put together, footed, told apart, named.

Nothing is kept here. Lines wait as Parquet below `lines/` under a temporary name until it is
decided what becomes of their document; what a killed run leaves there is swept by the next one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import polars as pl

from invoices.carrier import copies as same
from invoices.carrier.bundles import assemble
from invoices.carrier.contents import PRINTED_HEADER, PRINTED_LINE, contents
from invoices.carrier.reading import findings_of, other_ids
from invoices.footing import foot
from invoices.schema import CENTS, DOCUMENTS, FINDINGS, LINES, WIDE, Frame, empty, stack
from invoices.text import filled
from rebill.run.intake import Intake, Settled
from rebill.store.record import KEY

OF_FILE = ["intake", "document_id"]
UNIQUE = filled("{}:{}", "intake", "document_id")
"""What a document is called before it has its final id: files may name the same one."""


def staged_lines(intake: Intake) -> pl.LazyFrame:
    """Return the lines of all files of the intake, with the number of their file.

    What several files say alike is there once.
    """
    return _moved(
        same.lines_without(_lines_of_files(intake), intake.copies, list(intake.bundles)),
        intake.moves,
    )


def _lines_of_files(intake: Intake) -> pl.LazyFrame:
    if not intake.staged:
        return empty(pl.Schema({**LINES, "intake": pl.Int64()})).lazy()
    return pl.scan_parquet(list(intake.staged.values()), hive_partitioning=False, glob=False)


def _moved(frame: Frame, moves: pl.DataFrame) -> Frame:
    """Return rows of fragments under the file whose document they went to."""
    if moves.is_empty():
        return frame
    names = frame.collect_schema().names()
    other = moves.lazy() if isinstance(frame, pl.LazyFrame) else moves
    joined = frame.join(other, on=["intake", "document_id"], how="left", maintain_order="left")
    return joined.with_columns(intake=pl.coalesce("owner", "intake")).select(names)


def put_together(intake: Intake) -> Intake:
    """Return the intake with one document of the fragments of each bill that came in files."""
    if not intake.bundles:
        return intake
    bundles = list(intake.bundles)
    waited = [number for number, read in enumerate(intake.reads) if read.waits]
    copied = same.copies(intake.documents, bundles, _lines_of_files(intake), waited)
    gone = same.whole_copies(copied, bundles)
    documents = intake.documents.join(gone, on=OF_FILE, how="anti", maintain_order="left")
    bundles = same.without(copied, bundles)
    assembled = assemble(documents, bundles)
    findings = intake.findings.join(gone, on=OF_FILE, how="anti", maintain_order="left")
    return replace(
        intake,
        documents=assembled.documents,
        reasons=assembled.reasons,
        bundles=tuple(bundles),
        copies=copied,
        copied=gone,
        fragments=documents,
        moves=assembled.moves,
        waiting=assembled.waiting,
        findings=_moved(findings, assembled.moves),
    )


def settle(
    intake: Intake,
    stored: pl.DataFrame,
    stored_lines: pl.LazyFrame,
    taken: Iterable[str] | None = None,
    *,
    anew: bool = False,
) -> Settled:
    """Foot the documents of an intake and tell what is new from repeats and conflicts.

    `stored` are the documents on record (`DOCUMENTS`), or those of them that have a key of the
    intake, with the names of all as `taken`; `stored_lines` are the lines of those that are loaded
    or held. Of documents with one key the first stays: on record, then by file name and row. One of
    equal content is a repeat, as are parts of one; one of other content is held. `anew`: what is
    void on record is as if it were not there.
    """
    intake = put_together(intake)
    totals = (
        staged_lines(intake)
        .group_by("intake", "document_id", "charge_class")
        .agg(pl.len().cast(pl.Int64).alias("lines"), pl.col("amount").cast(WIDE).sum())
        .collect()
    )
    documents, footing = _footed(intake, totals)
    names = set(stored["document_id"] if taken is None else taken)
    if anew:
        stored = _without_void(stored, intake)
    told = _told_apart(documents, intake, stored, stored_lines, names)
    kept = told.filter(pl.col("verdict") != "repeat")
    ids = kept.select("intake", "document_id", "final_id")
    new = kept.with_columns(document_id="final_id").sort("intake", "source_row", "document_id")
    conflicts = _conflicts(new.filter(pl.col("verdict") == "conflict"))
    entered = kept.filter(pl.col("status") != "refused").select("intake", "document_id")
    lines = staged_lines(intake)
    if not totals.join(entered, on=["intake", "document_id"], how="anti").is_empty():
        lines = lines.join(
            entered.lazy(), on=["intake", "document_id"], how="semi", maintain_order="left"
        )
    return Settled(
        documents=new.select(*DOCUMENTS, "intake"),
        findings=stack([*_findings(intake, footing, ids), conflicts], FINDINGS),
        totals=_renamed(totals.join(entered, on=["intake", "document_id"], how="semi"), ids)
        .drop("intake")
        .with_columns(pl.col("amount").cast(CENTS)),
        lines=_renamed(lines, ids).select(LINES.names()),
        repeats=_repeats(told, intake),
        waiting=_waiting(intake, told, stored),
    )


def _findings(intake: Intake, footing: pl.DataFrame, ids: pl.DataFrame) -> list[pl.DataFrame]:
    """Return the findings of the documents that are kept, and of their files.

    What no document bears counts with its file, unless that only repeats what is on record.
    """
    own = pl.concat([intake.findings, footing]).join(ids, on=OF_FILE, how="semi")
    orphans = intake.findings.filter(
        pl.col("document_id").is_null(), ~pl.col("intake").is_in(intake.before)
    )
    return [
        _renamed(own, ids).drop("intake"),
        orphans.join(ids, on="intake", how="semi").drop("intake"),
    ]


def _without_void(stored: pl.DataFrame, intake: Intake) -> pl.DataFrame:
    """Return what is on record without what is void, but for bills of which no file is new."""
    old = [number for number, read in enumerate(intake.reads) if read.waits]
    files = [
        intake.documents.select("document_id", "intake"),
        intake.moves.select("document_id", "intake"),
        intake.copies.select("document_id", "intake"),
    ]
    new = pl.concat(files).filter(~pl.col("intake").is_in(old))
    keys = intake.documents.join(new, on="document_id", how="semi").select(KEY)
    void = stored.filter(pl.col("status") == "void").join(keys, on=KEY, how="semi")
    return stored.join(void, on="document_id", how="anti", maintain_order="left")


def _repeats(told: pl.DataFrame, intake: Intake) -> pl.DataFrame:
    """Return what only repeats a document on record, or another file of the run."""
    twice = intake.copied.select("intake", "document_id", owner="of").join(
        told.select("document_id", "invoice_no").unique("document_id"), on="document_id"
    )
    named = pl.concat_str(pl.col("owner").cast(pl.String), "document_id", separator=":")
    return pl.concat(
        [
            told.filter(pl.col("verdict") == "repeat").select("intake", "invoice_no", "of"),
            twice.select("intake", "invoice_no", of=named),
        ]
    )


def _waiting(intake: Intake, told: pl.DataFrame, stored: pl.DataFrame) -> tuple[int, ...]:
    """Return the files with a part of a bill that lacks another, unless the bill is loaded."""
    if not intake.waiting:
        return ()
    loaded = stored.filter(pl.col("status") == "loaded")["document_id"].implode()
    settled = (pl.col("verdict") == "conflict") | pl.col("of").is_in(loaded)
    lacking = intake.reasons.filter(pl.col("cause") == "part_missing")
    open_ = told.filter(~settled.fill_null(False)).join(
        lacking, on=["intake", "document_id"], how="semi"
    )
    owners = open_.select("document_id", owner="intake")
    parts = intake.moves.join(owners, on=["document_id", "owner"], how="semi")["intake"]
    return tuple(sorted({*open_["intake"], *parts}))


def _footed(intake: Intake, totals: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the documents with the status footing gives them, and its findings.

    All are footed at once, but those that several files name alike: these take turns.
    """
    key = ["intake", "document_id"]
    turns = intake.documents.select(key).unique(maintain_order=True)
    turns = turns.with_columns(turn=pl.int_range(pl.len()).over("document_id"))
    sums = totals.group_by(key, maintain_order=True).agg(pl.col("lines", "amount").sum())
    parts = [
        frame.join(turns, on=key, maintain_order="left").partition_by("turn", as_dict=True)
        for frame in (intake.documents, sums, intake.findings, intake.reasons)
    ]
    none = [frame.clear() for frame in (intake.documents, sums, intake.findings, intake.reasons)]
    documents, findings = [none[0]], [none[2]]
    for turn, ours in parts[0].items():
        frames = (part.get(turn, empty) for part, empty in zip(parts, none, strict=True))
        footed, found = foot(*(frame.drop("intake", "turn", strict=False) for frame in frames))
        files = ours.select("document_id", "intake")
        for kept, frame in ((documents, footed), (findings, found)):
            kept.append(frame.join(files, on="document_id", maintain_order="left"))
    return pl.concat(documents), pl.concat(findings)


def _told_apart(
    documents: pl.DataFrame,
    intake: Intake,
    stored: pl.DataFrame,
    stored_lines: pl.LazyFrame,
    taken: set[str],
) -> pl.DataFrame:
    """Return the documents with `verdict` (new, repeat, conflict), `of` and `final_id`.

    `of` is the document on record, or of this intake, that a repeat or a conflict meets.
    """
    ours = documents.sort("intake", "source_row", "document_id").with_row_index("place")
    ours = ours.with_columns(unique=UNIQUE, place=pl.col("place").cast(pl.Int64))
    theirs = stored.join(ours, on=KEY, how="semi").with_columns(
        unique=pl.col("document_id"), place=pl.lit(-1, dtype=pl.Int64)
    )
    told = ours.join(
        _verdicts(ours, theirs, intake, stored_lines),
        on="unique",
        how="left",
        maintain_order="left",
    )
    told = told.with_columns(pl.col("verdict").fill_null("new"))
    told = _with_known_parts(told, theirs, intake, stored_lines)
    # A bill that still lacks a part waits as the document that stands for it already.
    lacking = intake.reasons.filter(pl.col("cause") == "part_missing")
    lacking = lacking.select("intake", "document_id").unique().with_columns(lacks=pl.lit(True))
    told = told.join(lacking, on=["intake", "document_id"], how="left", maintain_order="left")
    again = pl.col("lacks") & (pl.col("verdict") == "new") & pl.col("of").is_not_null()
    told = told.with_columns(
        verdict=pl.when(again).then(pl.lit("repeat")).otherwise("verdict")
    ).drop("lacks")
    held = (pl.col("verdict") == "conflict") & (pl.col("status") == "loaded")
    told = told.with_columns(status=pl.when(held).then(pl.lit("held")).otherwise("status"))
    return _with_final_ids(told, intake, taken)


def _with_known_parts(
    told: pl.DataFrame, theirs: pl.DataFrame, intake: Intake, stored_lines: pl.LazyFrame
) -> pl.DataFrame:
    """Return the documents, those of parts that are on record already as repeats."""
    bundles = list(intake.bundles)
    if not bundles or theirs.is_empty():
        return told
    asked = told.filter(pl.col("verdict") != "repeat").join(
        intake.fragments, on="document_id", how="semi"
    )
    likely = theirs.sort(pl.col("status") != "loaded", "document_id").select(
        *PRINTED_HEADER, of="document_id"
    )
    stored = asked.select("document_id", *KEY).join(likely, on=KEY, maintain_order="right")
    if stored.is_empty():
        return told
    lines = same.lines_without(_lines_of_files(intake), intake.copies, bundles)
    known = same.known_before(intake.fragments, bundles, lines, stored, stored_lines)
    ours = asked.select("intake", "document_id").join(known, on="document_id")
    found = told.join(ours, on=OF_FILE, how="left", maintain_order="left", suffix=" known")
    is_known = pl.col("of known").is_not_null()
    return found.with_columns(
        verdict=pl.when(is_known).then(pl.lit("repeat")).otherwise("verdict"),
        of=pl.coalesce("of known", "of"),
    ).drop("of known")


def _verdicts(
    ours: pl.DataFrame, theirs: pl.DataFrame, intake: Intake, stored_lines: pl.LazyFrame
) -> pl.DataFrame:
    """Return unique, verdict and of for the documents that met an earlier one of their key."""
    columns = ["unique", "place", "status", *KEY]
    named = pl.all_horizontal(pl.col(name).is_not_null() for name in KEY)
    met = (
        pl.concat([theirs.select(columns), ours.select(columns)])
        .filter(named)
        .filter(pl.len().over(KEY) > 1)
        .sort("place", maintain_order=True)
    )
    if met.is_empty():
        return pl.DataFrame(schema=dict.fromkeys(("unique", "verdict", "of"), pl.String()))
    papers = pl.concat([side.select("unique", *PRINTED_HEADER) for side in (theirs, ours)])
    wanted = ["document_id", *PRINTED_LINE]
    lines = pl.concat(
        [
            stored_lines.select(wanted),
            staged_lines(intake).with_columns(document_id=UNIQUE).select(wanted),
        ]
    )
    said = contents(papers.rename({"unique": "document_id"}), lines, met["unique"])
    alike = pl.struct(pl.all().exclude("document_id")).rank("dense").alias("said")
    alike_with = said.select(alike, unique="document_id")
    return _first_come(met.join(alike_with, on="unique", how="left", maintain_order="left"))


def _first_come(met: pl.DataFrame) -> pl.DataFrame:
    """Return unique, verdict and of from documents in the order they came, and what each `said`."""
    loaded = (pl.col("status") == "loaded").cast(pl.Int64)
    first = pl.col("unique").first()
    return (
        met.select(
            "unique",
            "place",
            same=first.over(*KEY, "said"),
            first=first.over(*KEY),
            loaded=loaded.cum_sum().over(*KEY) - loaded,
        )
        .filter(pl.col("place") >= 0, pl.col("first") != pl.col("unique"))
        .select(
            "unique",
            verdict=pl.when(pl.col("same") != pl.col("unique"))
            .then(pl.lit("repeat"))
            # A bill that was held may be corrected by the next: only one that is loaded stays.
            .when(pl.col("loaded") > 0)
            .then(pl.lit("conflict"))
            .otherwise(pl.lit("new")),
            of=pl.when(pl.col("same") != pl.col("unique")).then("same").otherwise("first"),
        )
    )


def _with_final_ids(told: pl.DataFrame, intake: Intake, taken: set[str]) -> pl.DataFrame:
    """Return the documents with `final_id`: their own where it is free, else one that says where
    they came from."""
    final = []
    for row in told.iter_rows(named=True):
        given = row["document_id"]
        if row["verdict"] != "repeat":
            key = tuple(row[name] or "" for name in KEY)
            origin = (intake.reads[row["intake"]].sha256, str(row["source_row"]))
            given = next(name for name in other_ids(given, key, origin) if name not in taken)
            taken.add(given)
        final.append(given)
    return told.with_columns(final_id=pl.Series(final, dtype=pl.String))


def _renamed(frame: Frame, ids: pl.DataFrame) -> Frame:
    """Return rows of documents under their final ids; line and finding ids begin with them."""
    changed = ids.filter(pl.col("document_id") != pl.col("final_id"))
    names = frame.collect_schema().names()
    if changed.is_empty():
        return frame
    other = changed.lazy() if isinstance(frame, pl.LazyFrame) else changed
    final = pl.coalesce("final_id", "document_id")
    derived = [
        pl.when(
            pl.col("final_id").is_not_null() & pl.col(name).str.starts_with(pl.col("document_id"))
        )
        .then(pl.col("final_id") + pl.col(name).str.slice(pl.col("document_id").str.len_chars()))
        .otherwise(name)
        .alias(name)
        for name in ("line_id", "finding_id")
        if name in names
    ]
    joined = frame.join(other, on=["intake", "document_id"], how="left", maintain_order="left")
    return joined.with_columns(*derived, final.alias("document_id")).select(names)


def _conflicts(documents: pl.DataFrame) -> pl.DataFrame:
    """Return the finding of each document that says something else than the first of its key."""
    words = filled(
        "{} already has an invoice {} for account {} that says something else: the first stays",
        *KEY[:1],
        "invoice_no",
        "ban",
    )
    return findings_of(
        documents.select(
            "document_id",
            "carrier",
            "ban",
            "bill_date",
            "source_file",
            "source_row",
            finding_id=pl.col("document_id") + ":document_conflicts",
            billed=pl.col("total_due"),
            message=words,
            remedy=pl.lit("ask the carrier which of the two is right; this one is held"),
        ),
        "document_conflicts",
        "error",
    )
