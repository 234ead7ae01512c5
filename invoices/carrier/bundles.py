"""Bills that come in several files: fragments of one bill become one document.

A feed may send a bill as a file of recurring charges, one of one-time charges, one of taxes and a
ledger of totals. Each file is read by itself into fragments of documents; what belongs together is
decided here, by the key of the document alone, and so is what is missing.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from invoices.schema import CENTS, DOCUMENTS, WIDE, empty
from invoices.text import filled

PARTS = pl.Schema(
    {
        "document_id": pl.String(),
        "part": pl.String(),
        "role": pl.String(),  # lines or totals
        "rows": pl.Int64(),
        "amount": WIDE,  # what its lines add up to
    }
)
"""Which part of which bill a file has."""
TIES = pl.Schema(
    {
        "document_id": pl.String(),
        "part": pl.String(),  # whose lines must add up to it
        "printed": pl.String(),  # the column that says so
        "stated": CENTS,
    }
)
"""What a ledger says of the other parts."""
REASONS = pl.Schema({"document_id": pl.String(), "cause": pl.String(), "message": pl.String()})
"""Why a document is held beside its footing."""
CAME = pl.Schema({"part": pl.String(), "bill_date": pl.Date()})
"""Parts that came, with the bill dates they have rows of; null = a file without rows."""
HEADER = tuple(
    name for name in DOCUMENTS if name not in ("document_id", "lines", "line_sum", "status")
)


@dataclass(frozen=True)
class Feed:
    """What bills of a feed are made of."""

    profile: str
    totals: str | None = None
    """The part that prints the totals; null = they stand on the rows, or are derived."""
    derive: tuple[str, ...] = ()
    """Totals that are taken from the sums."""
    required: tuple[str, ...] = ()
    """Parts of which a file must be there for the bill date."""
    several: tuple[str, ...] = ()
    """Parts of which a bill may be in several files."""
    single: bool = True
    """Whether the feed has one part only."""


@dataclass(frozen=True)
class Bundle:
    """What one file has of the bills of a feed."""

    feed: Feed
    parts: pl.DataFrame = field(default_factory=lambda: empty(PARTS))
    ties: pl.DataFrame = field(default_factory=lambda: empty(TIES))
    reasons: pl.DataFrame = field(default_factory=lambda: empty(REASONS))
    came: pl.DataFrame = field(default_factory=lambda: empty(CAME))


@dataclass(frozen=True)
class Assembled:
    """Documents made of fragments."""

    documents: pl.DataFrame
    """`DOCUMENTS` and `intake`: the file a document is cited from, its ledger if it has one."""
    moves: pl.DataFrame
    """intake, document_id, owner: fragments that went to the document of another file."""
    reasons: pl.DataFrame
    """`REASONS` and `intake`: documents to be held, and why."""
    waiting: tuple[int, ...]
    """Files with a part of a bill that lacks another part."""


def assemble(documents: pl.DataFrame, bundles: list[tuple[int, Bundle]]) -> Assembled:
    """Return the documents of an intake with the fragments of each bill put together.

    `documents` are `DOCUMENTS` with `intake`; a file that is of no bundle passes unchanged.
    """
    none = pl.DataFrame(schema={"intake": pl.Int64, "document_id": pl.String, "owner": pl.Int64})
    if not bundles:
        return Assembled(documents, none, _with_intake(empty(REASONS), 0).clear(), ())
    feeds = {bundle.feed.profile: bundle.feed for _, bundle in bundles}
    parts = stacked(bundles, "parts", PARTS)
    pieces = parts.join(
        documents.filter(pl.col("status") != "refused"),
        on=["intake", "document_id"],
        how="inner",
        maintain_order="left",
    )
    owners = _owners(pieces)
    sums = pieces.group_by("document_id", "part", "role", maintain_order=True).agg(
        pl.col("amount").sum(), files=pl.col("intake").n_unique(), feed=pl.col("feed").first()
    )
    whole = _derived(_merged(pieces, owners), sums, feeds)
    told = [
        stacked(bundles, "reasons", REASONS),
        _twice(pieces, feeds),
        _untied(stacked(bundles, "ties", TIES), sums),
        _missing(whole, sums, bundles, feeds),
    ]
    reasons = pl.concat([frame.select(REASONS.names()) for frame in told]).join(
        owners, on="document_id", how="inner", maintain_order="left"
    )
    fragments = pieces.select("intake", "document_id").unique()
    others = documents.join(fragments, on=["intake", "document_id"], how="anti")
    moves = fragments.join(owners, on="document_id").filter(pl.col("intake") != pl.col("owner"))
    return Assembled(
        pl.concat([others, whole.select(documents.columns)]),
        moves.select(none.columns),
        reasons.select(pl.col("owner").alias("intake"), *REASONS),
        _waiting(pieces, reasons),
    )


def _waiting(pieces: pl.DataFrame, reasons: pl.DataFrame) -> tuple[int, ...]:
    """Return the files with a part of a bill that lacks another."""
    lacking = reasons.filter(pl.col("cause") == "part_missing")
    return tuple(pieces.join(lacking, on="document_id", how="semi")["intake"].unique().sort())


def _with_intake(frame: pl.DataFrame, number: int) -> pl.DataFrame:
    return frame.with_columns(intake=pl.lit(number, dtype=pl.Int64))


def stacked(bundles: list[tuple[int, Bundle]], name: str, schema: pl.Schema) -> pl.DataFrame:
    """Return one of the frames of all bundles, `parts` or another, with `intake` and `feed`."""
    frames = [
        _with_intake(getattr(bundle, name).select(schema.names()), number).with_columns(
            feed=pl.lit(bundle.feed.profile)
        )
        for number, bundle in bundles
    ]
    return pl.concat(frames)


def _owners(pieces: pl.DataFrame) -> pl.DataFrame:
    """Return document_id and `owner`: the file with its totals, else the first with a part."""
    first = pieces.sort(pl.col("role") != "totals", "intake", "source_row", maintain_order=True)
    return first.group_by("document_id", maintain_order=True).agg(owner=pl.col("intake").first())


def _merged(pieces: pl.DataFrame, owners: pl.DataFrame) -> pl.DataFrame:
    """Return one document of all its fragments: what a ledger prints goes before the others."""
    first = pieces.sort(pl.col("role") != "totals", "intake", "source_row", maintain_order=True)
    return (
        first.group_by("document_id", maintain_order=True)
        .agg(
            *(pl.col(name).drop_nulls().first() for name in HEADER if name[:6] != "source"),
            pl.col("source_file", "source_row", "status").first(),
            feed=pl.col("feed").first(),
        )
        .join(owners, on="document_id", maintain_order="left")
        .with_columns(
            intake="owner",
            lines=pl.lit(None, DOCUMENTS["lines"]),
            line_sum=pl.lit(None, DOCUMENTS["line_sum"]),
        )
    )


def _derived(whole: pl.DataFrame, sums: pl.DataFrame, feeds: dict[str, Feed]) -> pl.DataFrame:
    """Fill in the totals that a feed does not print; those it prints stay as they are."""
    amounts = sums.group_by("document_id").agg(sum=pl.col("amount").sum())
    whole = whole.join(amounts, on="document_id", how="left", maintain_order="left")

    def fill(name: str, found: pl.Expr) -> pl.Expr:
        of = [profile for profile, feed in feeds.items() if name in feed.derive]
        absent = pl.col("feed").is_in(of) & pl.col(name).is_null()
        return pl.when(absent).then(found.cast(CENTS, strict=False)).otherwise(name).alias(name)

    balance = ("previous_balance", "payments", "adjustments", "current_charges")
    whole = whole.with_columns(fill("current_charges", pl.col("sum")))
    owed = pl.sum_horizontal(pl.col(name).cast(WIDE) for name in balance)
    return whole.with_columns(fill("total_due", owed))


def _twice(pieces: pl.DataFrame, feeds: dict[str, Feed]) -> pl.DataFrame:
    """Return the bills of which one part is in several files though it may not."""
    allowed = [
        {"feed": feed.profile, "part": part} for feed in feeds.values() for part in feed.several
    ]
    never = pl.DataFrame(allowed, schema={"feed": pl.String, "part": pl.String})
    files = pl.col("source_file").unique(maintain_order=True).str.join("`, `")
    return (
        pieces.join(never, on=["feed", "part"], how="anti", maintain_order="left")
        .group_by("document_id", "part", maintain_order=True)
        .agg(count=pl.len(), files=files)
        .filter(pl.col("count") > 1)
        .select(
            "document_id",
            cause=pl.lit("part_twice"),
            message=filled("its part {} came {} times: `{}`", "part", "count", "files"),
        )
    )


def _untied(ties: pl.DataFrame, sums: pl.DataFrame) -> pl.DataFrame:
    """Return the bills of which a part is not what the ledger says."""
    zero = pl.lit("0.00").cast(WIDE)
    stated = ties.group_by("document_id", "part", maintain_order=True).agg(
        printed=pl.col("printed").str.join("` + `"), stated=pl.col("stated").cast(WIDE).sum()
    )
    found = stated.join(
        sums.filter(pl.col("role") == "lines").select("document_id", "part", "amount"),
        on=["document_id", "part"],
        how="left",
        maintain_order="left",
    )
    absent = pl.col("amount").is_null()
    off = found.filter(pl.col("stated") != pl.col("amount").fill_null(zero))
    return off.select(
        "document_id",
        cause=pl.when(absent).then(pl.lit("part_missing")).otherwise(pl.lit("part_differs")),
        message=pl.when(absent)
        .then(filled("`{}` is {} and no row of part {} came", "printed", "stated", "part"))
        .otherwise(
            filled(
                "`{}` is {}, the rows of part {} add up to {}",
                "printed",
                "stated",
                "part",
                "amount",
            )
        ),
    )


def _missing(
    whole: pl.DataFrame,
    sums: pl.DataFrame,
    bundles: list[tuple[int, Bundle]],
    feeds: dict[str, Feed],
) -> pl.DataFrame:
    """Return the bills that came without their ledger, or without a file of a required part."""
    came = stacked(bundles, "came", CAME).select("feed", "part", "bill_date").unique()
    frames = [empty(REASONS)]
    for feed in feeds.values():
        own = whole.filter(pl.col("feed") == feed.profile)
        if feed.totals:
            there = sums.filter(pl.col("part") == feed.totals).select("document_id")
            lacking = own.join(there, on="document_id", how="anti", maintain_order="left")
            message = f"no file of part {feed.totals}, which prints its totals, came with it"
            frames.append(_told(lacking, message))
        for part in feed.required:
            seen = came.filter(pl.col("feed") == feed.profile, pl.col("part") == part)
            if seen["bill_date"].null_count():
                continue
            lacking = own.join(seen, on="bill_date", how="anti", maintain_order="left")
            frames.append(_told(lacking, f"no file of part {part} of its bill date came"))
    return pl.concat(frames)


def _told(documents: pl.DataFrame, message: str) -> pl.DataFrame:
    return documents.select(
        "document_id", cause=pl.lit("part_missing"), message=pl.lit(message)
    ).cast(REASONS)
