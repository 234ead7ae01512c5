"""Parts of bills that came before: the same rows and header, whatever bytes carry them.

What a file has of one part of one bill is a fragment. Two fragments of a part are equal where the
values of their lines are, with the same repetitions and in any order, and so is what they print of
the bill and state of its other parts.
"""

from __future__ import annotations

from collections.abc import Collection

import polars as pl

from invoices.carrier.bundles import PARTS, REASONS, TIES, Bundle, stacked
from invoices.carrier.contents import PRINTED_HEADER, SAID, digests
from invoices.money import ZERO_CENTS
from invoices.schema import WIDE

COPIES = pl.Schema(
    {
        "intake": pl.Int64(),
        "document_id": pl.String(),
        "part": pl.String(),
        "of": pl.Int64(),  # the file that says the same
    }
)
"""Fragments that only repeat what another file of the run says."""
FRAGMENT = ("intake", "document_id", "part")
_OF_FILE = ("intake", "document_id")

Bundles = list[tuple[int, Bundle]]


def copies(
    documents: pl.DataFrame, bundles: Bundles, lines: pl.LazyFrame, first: Collection[int] = ()
) -> pl.DataFrame:
    """Return the fragments of a run that are equal to an earlier one of their part (`COPIES`).

    `documents` and `lines` are those of the files, with `intake`. The files `first` come before the
    others, then those of lower number. Lines are looked at only where a part came twice.
    """
    none = pl.DataFrame(schema=COPIES)
    if not bundles:
        return none
    pieces = _pieces(documents, bundles)
    # Of a file that has one part of a bill twice nothing is known to be a copy.
    met = pieces.filter(pl.len().over(FRAGMENT) == 1).filter(
        pl.len().over("document_id", "part") > 1
    )
    if met.is_empty():
        return none
    told = (
        _with_header(met, pieces, documents)
        .join(_said(lines, bundles, met), on=FRAGMENT, how="left")
        .join(_stated(bundles), on=_OF_FILE, how="left")
        .with_columns(
            pl.when(pl.col("role") == "totals").then("stated"),
            later=~pl.col("intake").is_in(list(first)),
        )
        .sort("later", "intake")
    )
    content = pl.struct("document_id", "part", *PRINTED_HEADER, *SAID, "stated", "held").rank(
        "dense"
    )
    told = told.with_columns(of=pl.col("intake").first().over(content))
    return told.filter(pl.col("of") != pl.col("intake")).select(COPIES.names())


def _pieces(documents: pl.DataFrame, bundles: Bundles) -> pl.DataFrame:
    """Return the fragments of bills that are read: intake, document_id, part, role."""
    parts = stacked(bundles, "parts", PARTS).select(*FRAGMENT, "role")
    read = documents.filter(pl.col("status") != "refused")
    return parts.join(read, on=_OF_FILE, how="semi", maintain_order="left")


def _with_header(met: pl.DataFrame, pieces: pl.DataFrame, documents: pl.DataFrame) -> pl.DataFrame:
    """Add what the file of a fragment prints of the bill.

    A file with other parts too prints more: what a fragment does not print is taken from the others
    of its part where their files do not have the same parts.
    """
    shapes = pieces.group_by(_OF_FILE).agg(shape=pl.col("part").unique().sort().str.join(","))
    headed = met.join(shapes, on=_OF_FILE).join(
        documents.select("intake", "document_id", *PRINTED_HEADER), on=_OF_FILE
    )
    group = ("document_id", "part")
    mixed = pl.col("shape").n_unique().over(group) > 1
    return headed.sort("intake").with_columns(
        pl.when(mixed)
        .then(pl.coalesce(name, pl.col(name).drop_nulls().first().over(group)))
        .otherwise(name)
        for name in PRINTED_HEADER
    )


def _stated(bundles: Bundles) -> pl.DataFrame:
    """Return what each file states of parts of a bill beside its lines, as text: `stated` in
    its ties, `held` the reasons to hold the bill."""
    ties = (
        stacked(bundles, "ties", TIES)
        .group_by(_OF_FILE)
        .agg(
            stated=pl.concat_str("part", pl.col("stated").cast(pl.String), separator=" ")
            .sort()
            .str.join("; ")
        )
    )
    reasons = (
        stacked(bundles, "reasons", REASONS)
        .group_by(_OF_FILE)
        .agg(held=pl.concat_str("cause", "message", separator=" ").sort().str.join("; "))
    )
    return ties.join(reasons, on=_OF_FILE, how="full", coalesce=True)


def _said(lines: pl.LazyFrame, bundles: Bundles, wanted: pl.DataFrame) -> pl.DataFrame:
    """Return what the lines of each wanted fragment say (`FRAGMENT`, `SAID`)."""
    ours = lines.join(wanted.lazy().select(_OF_FILE).unique(), on=_OF_FILE, how="semi")
    said = digests(_in_parts(ours, bundles), FRAGMENT).collect()
    every = wanted.select(FRAGMENT).unique(maintain_order=True)
    return every.join(said, on=FRAGMENT, how="left").with_columns(pl.col(SAID).fill_null(0))


def _in_parts(lines: pl.LazyFrame, bundles: Bundles) -> pl.LazyFrame:
    """Add to lines, which have `intake`, the part of its feed each is of."""
    only = pl.LazyFrame(
        {
            "intake": [number for number, _ in bundles],
            "only": [_only_part(bundle) for _, bundle in bundles],
        },
        schema={"intake": pl.Int64, "only": pl.String},
    )
    return lines.join(only, on="intake", how="left", maintain_order="left").with_columns(
        part=pl.coalesce("only", _part("document_id"))
    )


def _only_part(bundle: Bundle) -> str | None:
    """Return the name of the part of a feed that has one only."""
    names = bundle.came["part"].drop_nulls()
    return names[0] if bundle.feed.single and names.len() else None


def _part(document_id: str) -> pl.Expr:
    """Return the part that a line of a feed of several parts is called by: `ID-PART-ROW`."""
    behind = pl.col("line_id").str.slice(pl.col(document_id).str.len_chars() + 1)
    return behind.str.extract("^([a-z0-9_]+)-")


# --- without them -------------------------------------------------------------------------------


def whole_copies(copied: pl.DataFrame, bundles: Bundles) -> pl.DataFrame:
    """Return intake, document_id and `of` where a file has nothing of a bill but copies."""
    if copied.is_empty():
        return copied.select(*_OF_FILE, "of")
    left = stacked(bundles, "parts", PARTS).join(copied, on=FRAGMENT, how="anti")
    return (
        copied.join(left, on=_OF_FILE, how="anti")
        .group_by(_OF_FILE, maintain_order=True)
        .agg(pl.col("of").first())
    )


def without(copied: pl.DataFrame, bundles: Bundles) -> Bundles:
    """Return what files have of their bills without what is copied."""
    if copied.is_empty():
        return bundles
    return [
        (number, _without(bundle, copied.filter(pl.col("intake") == number)))
        for number, bundle in bundles
    ]


def _without(bundle: Bundle, copied: pl.DataFrame) -> Bundle:
    key = ["document_id", "part"]
    ledgers = bundle.parts.filter(pl.col("role") == "totals").join(copied, on=key, how="semi")
    parts = bundle.parts.join(copied, on=key, how="anti", maintain_order="left")
    gone = copied.join(parts, on="document_id", how="anti")
    return Bundle(
        bundle.feed,
        parts,
        bundle.ties.join(ledgers, on="document_id", how="anti", maintain_order="left"),
        bundle.reasons.join(gone, on="document_id", how="anti", maintain_order="left"),
        bundle.came,
    )


def lines_without(lines: pl.LazyFrame, copied: pl.DataFrame, bundles: Bundles) -> pl.LazyFrame:
    """Return the lines of files, which have `intake`, without those of copies."""
    if copied.is_empty():
        return lines
    names = lines.collect_schema().names()
    kept = _in_parts(lines, bundles).join(
        copied.lazy().select(FRAGMENT), on=FRAGMENT, how="anti", maintain_order="left"
    )
    return kept.select(names)


# --- beside what is on record -------------------------------------------------------------------


def known_before(
    documents: pl.DataFrame,
    bundles: Bundles,
    lines: pl.LazyFrame,
    stored: pl.DataFrame,
    stored_lines: pl.LazyFrame,
) -> pl.DataFrame:
    """Return the documents of which every fragment repeats a part of a document on record.

    `documents` and `lines` are those of the files, with `intake`. `stored` has, the likeliest
    first, `document_id` of a document that is asked about, `of`: one it may repeat, and that one's
    `PRINTED_HEADER`; `stored_lines` has their lines. A fragment of a part of several files may be
    one of these files. The answer is document_id and `of`.
    """
    pieces = _pieces(documents, bundles).join(stored, on="document_id", how="semi")
    pairs = stored.select("document_id", "of").unique(maintain_order=True)
    parted = _stored_in_parts(pieces, bundles, pairs, stored_lines)
    strangers = pl.concat(
        [
            _other_lines(pieces, _said(lines, bundles, pieces), pairs, parted),
            _other_header(pieces, documents, stored),
            _other_ties(bundles, pairs, parted),
        ]
    )
    same = pairs.join(strangers, on=["document_id", "of"], how="anti", maintain_order="left")
    asked = same.join(pieces, on="document_id", how="semi", maintain_order="left")
    return asked.group_by("document_id", maintain_order=True).agg(pl.col("of").first())


def _stored_in_parts(
    pieces: pl.DataFrame, bundles: Bundles, pairs: pl.DataFrame, lines: pl.LazyFrame
) -> pl.DataFrame:
    """Return what the stored lines of each part and file say: of, part, source_file, `SAID`,
    amount."""
    only = pl.DataFrame(
        [(number, _only_part(bundle)) for number, bundle in bundles],
        schema={"intake": pl.Int64, "only": pl.String},
        orient="row",
    )
    alone = (
        pieces.join(only, on="intake")
        .join(pairs, on="document_id")
        .group_by("of")
        .agg(pl.col("only").first())
    )
    by = ["of", "part", "source_file"]
    parted = (
        lines.rename({"document_id": "of"})
        .join(alone.lazy(), on="of", how="inner")
        .with_columns(part=pl.coalesce("only", _part("of")))
    )
    sums = parted.group_by(by).agg(pl.col("amount").cast(WIDE).sum())
    return digests(parted, by).join(sums, on=by, nulls_equal=True).collect()


def _other_lines(
    pieces: pl.DataFrame, said: pl.DataFrame, pairs: pl.DataFrame, parted: pl.DataFrame
) -> pl.DataFrame:
    """Return the pairs of which a fragment has other lines than the part, or a file of it."""
    together = said.group_by("document_id", "part").agg(pl.col(SAID).sum())
    whole = parted.group_by("of", "part").agg(pl.col(SAID).sum())
    asked = pieces.select(FRAGMENT).join(pairs, on="document_id", maintain_order="left")
    met = (
        asked.select("document_id", "of", "part")
        .unique(maintain_order=True)
        .join(together, on=["document_id", "part"], how="left")
        .join(whole, on=["of", "part"], how="left", suffix=" stored")
        .with_columns(pl.col(f"{name} stored").fill_null(0) for name in SAID)
        .filter(pl.all_horizontal(pl.col(name) == pl.col(f"{name} stored") for name in SAID))
    )
    files = asked.join(said, on=FRAGMENT).join(parted, on=["of", "part", *SAID], how="semi")
    return (
        asked.join(met, on=["document_id", "of", "part"], how="anti")
        .join(files, on=[*FRAGMENT, "of"], how="anti")
        .select("document_id", "of")
    )


def _other_header(
    pieces: pl.DataFrame, documents: pl.DataFrame, stored: pl.DataFrame
) -> pl.DataFrame:
    """Return the pairs of which a file prints something else of the bill."""
    other = pl.any_horizontal(
        pl.col(name).is_not_null() & pl.col(name).ne_missing(pl.col(f"{name} stored"))
        for name in PRINTED_HEADER
    )
    return (
        documents.join(pieces, on=_OF_FILE, how="semi")
        .select("document_id", *PRINTED_HEADER)
        .join(stored, on="document_id", suffix=" stored")
        .filter(other)
        .select("document_id", "of")
    )


def _other_ties(bundles: Bundles, pairs: pl.DataFrame, parted: pl.DataFrame) -> pl.DataFrame:
    """Return the pairs of which a file states something else of a part than it comes to."""
    ties = stacked(bundles, "ties", TIES).group_by(FRAGMENT).agg(pl.col("stated").cast(WIDE).sum())
    sums = parted.group_by("of", "part").agg(pl.col("amount").sum())
    return (
        ties.join(pairs, on="document_id")
        .join(sums, on=["of", "part"], how="left")
        .filter(pl.col("stated") != pl.col("amount").fill_null(ZERO_CENTS.cast(WIDE)))
        .select("document_id", "of")
    )
