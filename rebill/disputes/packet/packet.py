"""Dispute packets for finance and the carrier: a spreadsheet, a cover letter, the carrier's upload.

A packet is one claim, or the claims that a carrier's layout lets share one. Whatever the layout
says, no packet mixes what the carrier's form forbids to mix: that is checked when it is made.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from invoices.packet.form import Layout, with_words
from invoices.packet.letter import letter
from invoices.packet.lines import dispute_lines
from invoices.packet.upload import lacking, upload_csv
from rebill.disputes.packet.evidence import earlier_bills, evidence
from rebill.disputes.packet.letterhead import (
    Desks,
    Sender,
    desks_of,
    head_of,
    sender_of,
    worked,
)
from rebill.disputes.packet.workbook import book
from rebill.paper.typeset import Sheet, set_all
from rebill.reference import current
from rebill.store.record import Record
from rebill.workspace.forms import workspace_forms
from rebill.workspace.settings import ConfigError
from rebill.workspace.write import safe_name, write_atomic
from reconcile.claims.forms import DEFAULT, FormProfile, key_values
from reconcile.claims.group import due
from reconcile.claims.moves import UNFILED
from reconcile.window import closed_before

NEVER_MIXED = ("carrier", "reason_code")
"""Every carrier sends back what mixes these."""
AT_ONCE = 100_000
"""Findings of claims that are told at a time, where no packet has more."""
LATE = "LATE, filed after the window: "
"""What a late packet says first on every line."""


@dataclass(frozen=True)
class Packet:
    """A packet as it was made: its files by name, and what a person should know of it."""

    name: str
    claims: tuple[str, ...]
    form: str
    rows: int
    amount: Any
    late: bool
    files: dict[str, bytes]
    lacking: tuple[str, ...]
    """What its form requires and nothing says."""
    unwritten: str
    """What to fill in before its letter can be made; empty: it was made."""


@dataclass(frozen=True)
class Made:
    """The packets that were written, and why others were not."""

    packets: pl.DataFrame
    faults: tuple[str, ...]


Draft = tuple[str, dict[str, Any], pl.DataFrame, pl.DataFrame, Layout]
"""A packet before it is set: its name, head, lines, evidence and layout."""
PACKETS = pl.Schema(
    {
        "packet": pl.String(),
        "claims": pl.String(),
        "form": pl.String(),
        "rows": pl.Int64(),
        "amount": pl.Decimal(18, 2),
        "late": pl.Boolean(),
        "lacking": pl.String(),  # what the form requires and nothing says
        "unwritten": pl.String(),  # what to fill in before its letter can be made
    }
)


def choose(
    record: Record,
    as_of: dt.date,
    numbers: Sequence[str] = (),
    carrier: str | None = None,
    due_only: bool = False,
    late: bool = False,
) -> pl.DataFrame:
    """Return the claims packets are wanted of: those named, else what waits to be filed.

    With `late` those that expired too.

    Raises ConfigError naming every claim that does not exist or has nothing to dispute.
    """
    claims = record.claims()
    if numbers:
        faults = [f"there is no claim {n}" for n in numbers if n not in set(claims["claim_no"])]
        claims = claims.filter(pl.col("claim_no").is_in(list(numbers)))
        faults += [
            f"{n} is withdrawn: there is nothing to dispute"
            for n in claims.filter(pl.col("status") == "withdrawn")["claim_no"]
        ]
        if faults:
            raise ConfigError("; ".join(faults))
    elif due_only:
        settings = record.workspace.settings
        claims = due(claims, as_of, settings.warnings.deadline_days, settings.closings)
    else:
        wanted = ("ready", "expired") if late else ("ready",)
        claims = claims.filter(pl.col("status").is_in(wanted))
    return claims if carrier is None else claims.filter(pl.col("carrier") == carrier)


def write_packets(
    record: Record,
    claims: pl.DataFrame,
    out: Path,
    as_of: dt.date,
    *,
    late: bool = False,
    form: str | None = None,
) -> Made:
    """Leave the packets of claims below `out`, and return what was written and what was not.

    A claim whose window has closed unfiled is left out, unless `late`: then its packet is marked.
    """
    rows, faults = [], []
    for packet in packets(record, claims, as_of, late=late, form=form):
        if isinstance(packet, str):
            faults.append(packet)
            continue
        for name, content in packet.files.items():
            write_atomic(out / name, content)
        rows.append(
            {
                "packet": packet.name,
                "claims": ", ".join(packet.claims),
                "form": packet.form,
                "rows": packet.rows,
                "amount": packet.amount,
                "late": packet.late,
                "lacking": "; ".join(packet.lacking) or None,
                "unwritten": packet.unwritten or None,
            }
        )
    return Made(pl.DataFrame(rows, schema=PACKETS), tuple(faults))


def packets(
    record: Record,
    claims: pl.DataFrame,
    as_of: dt.date,
    *,
    late: bool = False,
    form: str | None = None,
) -> Iterator[Packet | str]:
    """Yield the packets of claims, or why one cannot be made; letters are set on all cores."""
    forms = workspace_forms(record.workspace)
    if form is not None and form not in forms:
        raise ConfigError(f"no form is called `{form}`; there are: {', '.join(sorted(forms))}")
    claims = _with_lateness(claims, as_of)
    if not late:
        for number, day in claims.filter("over").select("claim_no", "dispute_closes_on").rows():
            yield f"{number}: its window closed on {day}; --late makes a packet that says so"
        claims = claims.filter(~pl.col("over"))
    if claims.is_empty():
        return
    desks = desks_of(current.contracts(record.connection), forms)
    named = worked(record, claims, desks, form)
    usual = forms[DEFAULT.form].layout
    for (name,), group in sorted(named.group_by("form"), key=lambda item: str(item[0][0])):
        layout = forms[str(name)].layout or usual
        if layout is None:
            raise ConfigError(f"neither the form `{name}` nor `{DEFAULT.form}` has a layout")
        for some in _portions(group, layout):
            yield from _made(record, some, desks, layout, as_of)


def _portions(claims: pl.DataFrame, layout: Layout) -> list[pl.DataFrame]:
    """Return claims of a form as they are told at a time, in the order of their numbers.

    Such as may share a packet are told together, others so many as have few findings (`AT_ONCE`).
    """
    claims = claims.sort("claim_no")
    if layout.join is not None:
        return [claims]
    before = pl.col("findings").cum_sum() - pl.col("findings")
    return claims.with_columns(portion=before // AT_ONCE).partition_by(
        "portion", maintain_order=True, include_key=False
    )


def _made(
    record: Record, claims: pl.DataFrame, desks: Desks, layout: Layout, as_of: dt.date
) -> Iterator[Packet | str]:
    """Yield the packets of claims of one form, or why one cannot be made.

    One whose letter lacks sender or address has no letter; the rest of it is made.
    """
    rows = evidence(record, claims, as_of)
    earlier = earlier_bills(record, rows)
    waiting: list[Draft] = []
    for draft in _drafts(record, claims, rows, desks, layout, as_of):
        if isinstance(draft, str):
            yield draft
        else:
            waiting.append(draft)
    set_letters = set_all(
        Sheet(name, letter(head, lines, facts, as_of), kind="dispute_letter")
        for name, head, lines, facts, _ in waiting
        if not head["lacks"]
    )
    for draft in waiting:
        _, head, _, facts, _ = draft
        _, made = ("", b"") if head["lacks"] else next(set_letters)
        if isinstance(made, str):
            yield f"{', '.join(head['claims'])}: the letter cannot be set: {made}"
            continue
        own = earlier.join(facts, on=["claim_no", "finding_id"], how="semi")
        yield _packet(draft, made, own)


def _with_lateness(claims: pl.DataFrame, as_of: dt.date) -> pl.DataFrame:
    """Return claims with `over`: the window closed unfiled, and `late`: so, or filed after it."""
    over = closed_before(as_of) & pl.col("status").is_in((*UNFILED, "expired"))
    filed_late = pl.col("filed_on") > pl.col("dispute_closes_on")
    return claims.with_columns(over=over.fill_null(False)).with_columns(
        late=pl.col("over") | filed_late.fill_null(False)
    )


def _packet(draft: Draft, letter_pdf: bytes, earlier: pl.DataFrame) -> Packet:
    """Return a packet whole: workbook, letter if there is one, the upload of its carrier's form."""
    name, head, lines, facts, layout = draft
    written = {
        f"{name}.xlsx": book(head, lines, facts, earlier),
        f"{name}-upload.csv": upload_csv(layout.upload, lines).encode(),
    }
    if letter_pdf:
        written[f"{name}.pdf"] = letter_pdf
    return Packet(
        name,
        tuple(head["claims"]),
        head["form"],
        lines.height,
        lines["amount_disputed"].sum(),
        bool(head["late"]),
        written,
        tuple(lacking(layout.upload, lines)),
        "; ".join(head["lacks"]),
    )


def _drafts(
    record: Record,
    claims: pl.DataFrame,
    rows: pl.DataFrame,
    desks: Desks,
    layout: Layout,
    as_of: dt.date,
) -> Iterator[Draft | str]:
    """Yield each packet's name, head, lines, evidence and layout, or why it cannot be."""
    profile = desks.forms[str(claims["form"].first())]
    told = _told(rows, profile, layout)
    # Claims without a line left cannot be told; that is no silence.
    for number in claims.join(told, on="claim_no", how="anti")["claim_no"].sort():
        yield f"{number}: nothing is disputed under it"
    settings = record.workspace.settings
    sender, closings = sender_of(settings), settings.closings
    for own, facts in _shares(claims, told, layout):
        mixed = _mixed(facts, profile, layout)
        numbers = own["claim_no"].sort().to_list()
        if mixed:
            form = profile.form
            yield f"{', '.join(numbers)}: the form `{form}` forbids to mix {'; '.join(mixed)}"
            continue
        name = safe_name(numbers[0])
        if len(numbers) > 1:
            name += f"-and-{len(numbers) - 1}-more"
        head = head_of(
            *(name, own, facts["ban"].unique().sort().to_list(), sender, desks),
            day=as_of,
            closings=closings,
            title=layout.title,
            files=[f"{name}.xlsx", f"{name}-upload.csv"],
        )
        lines = _lines(own, facts, sender, as_of)
        yield (
            name,
            head,
            lines.with_columns(attachments=pl.lit(", ".join(head["files"]))),
            facts,
            layout,
        )


def _told(rows: pl.DataFrame, profile: FormProfile, layout: Layout) -> pl.DataFrame:
    """Return evidence with what form and layout say of each line."""
    keys = {
        name: value.cast(pl.String).alias(f"key_{name}")
        for name, value in key_values(profile).items()
    }
    return with_words(layout, rows.with_columns(keys.values())).with_columns(
        region=pl.col("key_region"),
        jurisdiction=pl.col("key_jurisdiction"),
        master_ban=pl.col("key_master_ban"),
        bill_period_day=pl.col("key_bill_period"),
        sold_as=pl.col("product"),
        product=pl.col("key_product"),
    )


def _shares(
    claims: pl.DataFrame, told: pl.DataFrame, layout: Layout
) -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
    """Yield the claims and the evidence of each packet: one claim, or those that may share one."""
    if layout.join is None:
        key = ["claim_no"]
    else:
        key = [*NEVER_MIXED, "late", *(f"key_{name}" for name in layout.join)]
    late = claims.select("claim_no", "late")
    # A claim goes where its first line goes; one that mixes is found out by the check.
    place = (
        told.join(late, on="claim_no")
        .group_by("claim_no", maintain_order=True)
        .agg(pl.col(name).first() for name in key if name != "claim_no")
    )
    for _, part in place.group_by(key, maintain_order=True):
        own = claims.join(part, on="claim_no", how="semi").sort("claim_no")
        yield own, told.join(part, on="claim_no", how="semi", maintain_order="left")


def _mixed(facts: pl.DataFrame, profile: FormProfile, layout: Layout) -> list[str]:
    """Return what a packet mixes although the carrier's form forbids it.

    The bill month alone may differ: claims below the minimum are joined with later months.
    """
    keys = profile.group_by if layout.join is None else layout.join
    wanted = [*NEVER_MIXED, *(f"key_{name}" for name in keys if name != "bill_month")]
    mixed = []
    for name in wanted:
        values = facts[name].unique().sort()
        if values.len() > 1:
            said = ", ".join("none" if value is None else str(value) for value in values.head(5))
            mixed.append(f"{name.removeprefix('key_')} ({said})")
    return mixed


def _lines(
    claims: pl.DataFrame, facts: pl.DataFrame, sender: Sender, as_of: dt.date
) -> pl.DataFrame:
    """Return the dispute lines of a packet, with what is the same on all of them."""
    late = claims.select("claim_no", late=pl.when("late").then(pl.lit("LATE")))
    said = {
        "ocn": sender.ocn.get(str(facts["carrier"].first()), ""),
        "acna": sender.acna,
        "company": sender.company,
        **{f"contact_{name}": getattr(sender, name) for name in ("name", "email", "phone", "fax")},
        "contact_address": ", ".join(sender.address),
    }
    full = facts.join(late, on="claim_no", how="left").with_columns(
        *(pl.lit(value or None, dtype=pl.String).alias(name) for name, value in said.items()),
        packet_date=pl.lit(as_of),
        # The carrier's own columns have no place for it.
        narrative=pl.when(pl.col("late").is_not_null())
        .then(pl.lit(LATE) + pl.col("narrative"))
        .otherwise("narrative"),
    )
    lines = dispute_lines(full)
    total = claims["amount"].sum()
    if lines["amount_disputed"].sum() != total:
        raise RuntimeError(f"the lines of {claims['claim_no'].to_list()} do not come to {total}")
    return lines
