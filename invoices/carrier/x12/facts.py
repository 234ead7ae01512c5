"""What SI, REF, DTM, PID, QTY, AMT say of a line, HL or heading: the first of a kind counts.

What stands below a line that another loop has closed is a fact of that loop, and not read.

A fact has an owner: the number of the segment that opened the line, or minus the number of the node
(an HL or a heading). Facts of lines and of nodes are read alike and told apart afterwards.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from invoices.carrier.cells import shown
from invoices.carrier.x12 import fields as f
from invoices.carrier.x12.profile import X12
from invoices.carrier.x12.segments import Walked
from invoices.identifiers import REMEDY, doubt, is_doubtful, is_plain
from invoices.text import filled

FAULTS = pl.Schema(
    {
        "owner": pl.Int64(),
        "segment": pl.Int64(),
        "message": pl.String(),
        "remedy": pl.String(),
    }
)
"""What cannot be read of a fact."""
NAMES = ("wtn", "circuit_id", "order_no")
PERIOD = ("service_from", "service_through")
DATES = (*PERIOD, "period_from", "period_through")
SHARED = (*NAMES, *PERIOD)
"""What holds for the charges below it too."""


def in_one_period(names: tuple[str, ...]) -> list[pl.Expr]:
    """Return first and last day of a frame with `DATES`: service dates, else those of a period."""
    starts, ends, begins, closes = (pl.col(name) for name in names)
    dated = starts.is_not_null() | ends.is_not_null()
    return [
        pl.when(dated).then(starts).otherwise(begins).alias(PERIOD[0]),
        pl.when(dated).then(ends).otherwise(closes).alias(PERIOD[1]),
    ]


@dataclass(frozen=True)
class Facts:
    """The facts of a piece: by name a frame of `owner` and `value`, one row an owner."""

    named: dict[str, pl.DataFrame]
    stated: pl.DataFrame
    """Amounts of nodes: owner, segment, cents, `number` (which AMT of that qualifier)."""
    faults: pl.DataFrame
    """`FAULTS`"""


def read_facts(walked: Walked, element: str, said: X12) -> Facts:
    """Return the facts of a piece whose segments were placed."""
    named: dict[str, pl.DataFrame] = {}
    faults = []
    for id_, reader in _READERS.items():
        own = walked.heard(id_)
        if own.height:
            found, wrong = reader(own, element, said)
            named |= found
            faults.append(wrong)
    if "circuit_ref" in named:
        circuits = [named[name] for name in ("circuit_id", "circuit_ref") if name in named]
        named["circuit_id"] = first_of(circuits)
        del named["circuit_ref"]
    stated = named.pop("stated", None)
    return Facts(
        named,
        stated if stated is not None else pl.DataFrame(schema=_STATED),
        pl.concat([pl.DataFrame(schema=FAULTS), *faults]),
    )


_STATED = pl.Schema({"owner": pl.Int64, "segment": pl.Int64, "cents": pl.Int64})


def first(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the first value of each owner, whose rows stand together; null is no value."""
    given = frame.filter(pl.col("value").is_not_null()) if frame["value"].null_count() else frame
    return given.filter(pl.col("owner").ne_missing(pl.col("owner").shift()))


def first_of(frames: list[pl.DataFrame]) -> pl.DataFrame:
    """Return of each owner the first value of the first frame that has one."""
    found = [frame for frame in map(first, frames) if frame.height]
    # Often the first has one of each owner.
    found = found[:1] + [one for one in found[1:] if not one["owner"].equals(found[0]["owner"])]
    if len(found) < 2:
        return found[0] if found else frames[0].clear()
    return pl.concat(found).unique("owner", keep="first", maintain_order=True)


def with_fact(rows: pl.DataFrame, facts: pl.DataFrame, name: str) -> pl.DataFrame:
    """Add to rows of charges, as `name`, the value of the owner that is their `line`.

    `facts` has one row an owner. Of `line` 3, 13, 13 and the owners 3 and 13, in their order, the
    nearest owner not above is found much quicker than equal ones in any order.
    """
    owned = facts.filter(pl.col("owner") > 0)
    if not (rows["line"].is_sorted() and owned["owner"].is_sorted()):
        found = owned.rename({"value": name})
        return rows.join(found, left_on="line", right_on="owner", how="left", maintain_order="left")
    nearest = rows.select("line").join_asof(
        owned, left_on="line", right_on="owner", coalesce=False, check_sortedness=False
    )
    value = pl.when(pl.col("owner") == pl.col("line")).then("value").alias(name)
    return rows.with_columns(nearest.select(value).to_series())


def _split(rows: pl.DataFrame, element: str) -> pl.DataFrame:
    """Add the elements of segments as `p`."""
    return rows.with_columns(p=f.split(pl.col("text"), element))


def _distinct(rows: pl.DataFrame, read: Callable[[pl.DataFrame], pl.DataFrame]) -> pl.DataFrame:
    """Return segment, owner, text and what `read` makes of the text, reading equal texts once.

    Dates, quantities and titles are few, however many segments say them.
    """
    texts = rows.select(pl.col("text").unique())
    return rows.join(read(texts), on="text", how="left", maintain_order="left")


_second = f.element(pl.col("p"), 2)


def _no_faults() -> pl.DataFrame:
    return pl.DataFrame(schema=FAULTS)


def _faults(rows: pl.DataFrame, message: pl.Expr, remedy: str) -> pl.DataFrame:
    if rows.is_empty():
        return _no_faults()
    return rows.select("owner", "segment", message=message, remedy=pl.lit(remedy))


def _named(rows: pl.DataFrame, name: str, value: pl.Expr) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return owner and `value` of an identifier, and the segments whose value cannot be one."""
    said = rows.select("owner", "segment", value=value)
    odd = said.filter(~is_plain(pl.col("value")))
    wrong = odd.filter(is_doubtful(name, pl.col("value"))) if odd.height else odd
    if wrong.height:
        said = said.join(wrong.select("segment"), on="segment", how="anti", maintain_order="left")
    return said.select("owner", "value"), _faults(wrong, doubt(name, pl.col("value")), REMEDY)


Found = tuple[dict[str, pl.DataFrame], pl.DataFrame]


def _services(rows: pl.DataFrame, element: str, said: X12) -> Found:
    """Numbers and circuits: `SI*TI*TN*6145550131`, `SI*TI*CI*...` or `SI*CI*...`."""
    rows = _split(rows, element)
    parts = pl.col("p")
    width = min(int(rows["p"].list.len().max() or 0), 24)  # type: ignore[arg-type]
    wtn, no_wtn = _named(rows, "wtn", f.pair_value(parts, width, 2, said.wtn))
    circuit, no_circuit = _named(
        rows,
        "circuit_id",
        pl.coalesce(
            pl.when(f.one_of(f.element(parts, 1), said.circuit)).then(f.element(parts, 2)),
            f.pair_value(parts, width, 2, said.circuit),
        ),
    )
    named = {"wtn": first(wtn), "circuit_id": first(circuit)}
    return named, pl.concat([no_wtn, no_circuit])


def _references(rows: pl.DataFrame, element: str, said: X12) -> Found:
    """Accounts, circuits and orders, each by its qualifiers in their order."""
    rows = _split(rows, element)
    seen = rows.select(
        "owner", "segment", q=f.element(pl.col("p"), 1), value=f.element(pl.col("p"), 2)
    )
    named, faults = {}, [_no_faults()]
    lists = (
        ("order_no", "order_no", said.orders),
        ("circuit_ref", "circuit_id", said.circuit_ref),
    )
    for name, kind, qualifiers in lists:
        found = [_named(seen.filter(pl.col("q") == q), kind, pl.col("value")) for q in qualifiers]
        named[name] = first_of([frame for frame, _ in found]) if found else None
        faults += [wrong for _, wrong in found]
    for at, qualifier in enumerate(said.accounts):
        own = seen.filter(pl.col("q") == qualifier, pl.col("owner") < 0)
        named[f"account_{at}"] = first(own.select("owner", "value"))
    return {name: frame for name, frame in named.items() if frame is not None}, pl.concat(faults)


def _dates(rows: pl.DataFrame, element: str, said: X12) -> Found:
    """Service dates, periods and ranges; `DTM*150*20260101`, `DTM*186****RD8*20260101-20260131`."""
    seen = _distinct(rows, lambda texts: _read_dates(_split(texts, element), said))
    named = {name: first(seen.select("owner", value=name)) for name in DATES}
    named["due"] = first(seen.filter(pl.col("owner") < 0).select("owner", value="due"))
    words = filled("`{}` is no date of the calendar", shown(pl.col("text")))
    return named, _faults(seen.filter("bad"), words, "write dates as CCYYMMDD")


def _read_dates(texts: pl.DataFrame, said: X12) -> pl.DataFrame:
    """Return what each DTM says: text, `DATES`, due, and whether what it says is `bad`."""
    parts, q, ranged = pl.col("p"), pl.col("q"), pl.col("ranged")
    coded, ends = pl.col("coded"), pl.col("coded").str.split("-")
    pairs = (("service", said.service_dates), ("period", said.period_dates))
    wanted = (*said.service_dates, *said.period_dates, *said.due_dates)
    seen = (
        texts.with_columns(
            q=f.element(parts, 1),
            form=f.element(parts, 5),
            plain=f.element(parts, 2),
            coded=f.element(parts, 6),
        )
        .with_columns(ranged=(pl.col("form") == "RD8").fill_null(False))
        .with_columns(
            begun=pl.when(ranged)
            .then(ends.list.get(0, null_on_oob=True))
            .otherwise(pl.coalesce("plain", pl.when(pl.col("form") == "D8").then(coded))),
            ended=pl.when(ranged & (ends.list.len() == 2)).then(ends.list.get(1, null_on_oob=True)),
        )
        .with_columns(
            start=f.date(pl.col("begun"), said.century_from),
            end=f.date(pl.col("ended"), said.century_from),
        )
    )
    start, end = pl.col("start"), pl.col("end")
    unread = start.is_null() | (ranged & end.is_null())
    seen = seen.with_columns(bad=(ranged | f.one_of(q, wanted)) & unread)
    good, days = ~pl.col("bad"), {}
    for name, (starts, stops) in pairs:
        of_it = ranged & (f.one_of(q, said.service_dates) == (name == "service"))
        through = pl.when(ranged).then(end).otherwise(start)
        days[f"{name}_from"] = pl.when(((q == starts) & ~ranged | of_it) & good).then(start)
        days[f"{name}_through"] = pl.when(((q == stops) & ~ranged | of_it) & good).then(through)
    due = pl.when(f.one_of(q, said.due_dates) & good).then(start)
    return seen.select("text", "bad", due=due, **days)


def _texts(rows: pl.DataFrame, element: str, said: X12) -> Found:
    def read(texts: pl.DataFrame) -> pl.DataFrame:
        return _split(texts, element).select("text", value=f.element(pl.col("p"), 5))

    return {"text": first(_distinct(rows, read).select("owner", "value"))}, _no_faults()


def _quantities(rows: pl.DataFrame, element: str, said: X12) -> Found:
    """The quantity of a line: of the preferred qualifiers in their order, else the first."""

    def read(texts: pl.DataFrame) -> pl.DataFrame:
        parts = _split(texts, element).select("text", q=f.element(pl.col("p"), 1), said=_second)
        return parts.with_columns(value=f.number(pl.col("said")))

    seen = _distinct(rows, read)
    ordered = [seen.filter(pl.col("q") == q) for q in said.quantity]
    found = first_of([frame.select("owner", "value") for frame in (*ordered, seen)])
    wrong = seen.filter(pl.col("said").is_not_null() & pl.col("value").is_null())
    words = filled("`{}` says no quantity of up to six decimals", shown(pl.col("text")))
    return {"quantity": found}, _faults(wrong, words, "write a plain number, such as 3 or 12.5")


def _amounts(rows: pl.DataFrame, element: str, said: X12) -> Found:
    """The amount of a line, and amounts stated at an HL."""
    rows = _split(rows, element)
    parts = pl.col("p")
    text, flag = f.element(parts, 2), f.element(parts, 3)
    value = f.cents(text, said.written("AMT02"))
    if said.credit_flag == "subtracts":
        value = pl.when(flag == "C").then(-value.abs()).otherwise(value)
    seen = rows.select("owner", "segment", "text", q=f.element(parts, 1), value=value)
    lines = seen.filter(pl.col("owner") > 0, pl.col("q") == said.amount)
    again = lines.filter(~pl.col("owner").is_first_distinct())
    wrong = lines.filter(pl.col("value").is_null())
    nodes = seen.filter(pl.col("owner") < 0, f.one_of(pl.col("q"), said.levels.stated))
    return {
        "amount": first(lines.select("owner", "value")),
        "stated": nodes.select("owner", "segment", cents="value").drop_nulls(),
    }, pl.concat(
        [
            _faults(
                wrong,
                filled("`{}` says no amount in dollars and cents", shown(pl.col("text"))),
                "write at most two decimals, such as 1234.50 or -12.50",
            ),
            _faults(
                again,
                filled("`{}` is a second amount of one line", shown(pl.col("text"))),
                "give each line one amount",
            ),
        ]
    )


_READERS = {
    "SI": _services,
    "REF": _references,
    "DTM": _dates,
    "PID": _texts,
    "QTY": _quantities,
    "AMT": _amounts,
}
