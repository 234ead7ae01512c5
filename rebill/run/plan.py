"""The night as a list: what would be done, decided from facts and without effects.

`plan` turns the facts of a workspace into a tuple of small frozen stages. `--explain` prints that
tuple and the batch carries out that very tuple; facts that were all dealt with before give an
empty one.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from rebill.run.acts import Compare, Decision, StandIn
from rebill.run.stages import (
    Audit,
    CheckBills,
    Claim,
    Deliver,
    FollowClaims,
    GoBack,
    Hold,
    MatchPulls,
    Plan,
    Price,
    ReadBank,
    ReadFile,
    Remind,
    Schedule,
    Seen,
    Settle,
    Stage,
    TakeBack,
)


@dataclass(frozen=True)
class Facts:
    """What the plan depends on, and nothing else does."""

    as_of: dt.date | None
    files: tuple[Seen, ...] = ()
    known: frozenset[str] = frozenset()
    """SHA-256 of every file that was taken in before."""
    again: frozenset[str] = frozenset()
    """SHA-256 of files that could not be read and are worth another try."""
    void: frozenset[str] = frozenset()
    """SHA-256 of files of which something that is void may come in again, if it is asked for."""
    waiting: int = 0
    """Loaded documents that are not audited yet."""
    mark_before: str | None = None
    """What the last finished night had settled: day, reference tables, decisions, documents."""
    mark_now: str = ""
    undelivered: tuple[str, ...] = ()
    """Bill months whose papers in the outbox are missing or unfinished."""
    profile: str | None = None
    waiting_banks: frozenset[str] = frozenset()
    """SHA-256 of bank files whose returns wait for the debits they undo."""
    banked: bool = False
    """Whether the bank has said anything yet."""
    last: dt.date | None = None
    """The day of the last night."""
    reminds: bool | None = None
    """Whether the night itself sends the reminders that are due; null = none are set."""


def plan(facts: Facts) -> Plan:
    """Return the night that the facts call for; nothing to do is an empty plan.

    Of several files with one content the first by name is read.
    """
    reads, passed_over = _reads(facts)
    banks = _banks(facts)
    back = _back(facts)
    work: list[Stage] = [*back, *_taken_back(facts), *reads]
    if reads:
        work.append(Settle(len(reads)))
    news = bool(reads) or facts.waiting > 0 or bool(back)
    if news:
        work.append(Audit(facts.waiting, len(reads)))
    if news or banks or facts.mark_before != facts.mark_now:
        work += [Schedule(), *_matching(facts, banks)]
        work += [CheckBills(facts.as_of), FollowClaims(facts.as_of), Claim(facts.as_of)]
    if news:
        work.append(Price())
    if back:
        work.append(Hold())
    if work and facts.as_of and facts.reminds is not None:
        work.append(Remind(facts.as_of, facts.reminds))
    if work or facts.undelivered:
        work.append(Deliver(facts.undelivered))
    return Plan(tuple(work), passed_over)


def plan_ingest(facts: Facts) -> Plan:
    """Return the plan that takes documents in and leaves the rest to a later night.

    What is void comes in again: whoever names its file wants it.
    """
    reads, passed_over = _reads(facts, facts.void)
    banks = _banks(facts)
    work: list[Stage] = [*_taken_back(facts), *reads]
    work += [Settle(len(reads), anew=True)] if reads else []
    work += [*banks, MatchPulls(len(banks))] if banks else []
    return Plan(tuple(work), passed_over)


def plan_bank(facts: Facts) -> Plan:
    """Return the plan that reads every file given as a bank's, whatever became of it before."""
    reads = tuple(
        ReadBank(seen.name, seen.size, seen.sha256)
        for seen in facts.files
        if seen.sha256 is not None and not seen.left
    )
    checks = (CheckBills(facts.as_of),) if facts.as_of else ()
    passed_over = tuple(seen for seen in facts.files if seen.left)
    return Plan((*reads, MatchPulls(len(reads)), *checks) if reads else (), passed_over)


def plan_prices(months: tuple[str, ...]) -> Callable[[Facts], Plan]:
    """Return the planner of a run that does what is due and prices whole months again."""

    def prices(facts: Facts) -> Plan:
        due = plan(facts)
        first = [stage for stage in due.stages if not isinstance(stage, Price | Deliver)]
        last = (Price(months), Deliver(tuple(sorted({*facts.undelivered, *months}))))
        return Plan((*first, *last), due.passed_over)

    return prices


def plan_decision(
    acts: tuple[Decision, ...], *, lines: bool = True, compare: Compare | None = None
) -> Callable[[Facts], Plan]:
    """Return the planner of a run that carries out acts of a person and all that follows from them.

    `lines`: the acts concern lines, so that audit, pulls and prices follow; else claims alone do,
    and what holds drafts back.
    A document that stands in is looked for behind the files of the run.
    """

    def decide(facts: Facts) -> Plan:
        reads, passed_over = _reads(facts)
        first = [act for act in acts if not isinstance(act, StandIn)]
        work: list[Stage] = [*_back(facts), *first]
        work += [*reads, *([Settle(len(reads))] if reads else [])]
        work += [act for act in acts if isinstance(act, StandIn)]
        if lines:
            work += [Audit(facts.waiting, len(reads)), Schedule(), *_matching(facts, ())]
            work += [CheckBills(facts.as_of), FollowClaims(facts.as_of)]
        work.append(Claim(facts.as_of))
        work.append(Price() if lines else Hold())
        work += [*([compare] if compare else []), Deliver(facts.undelivered)]
        return Plan(tuple(work), passed_over)

    return decide


def _back(facts: Facts) -> tuple[GoBack, ...]:
    """Return the stage that takes back what runs for later days did, where the last night was."""
    if facts.as_of is None or facts.last is None or facts.as_of >= facts.last:
        return ()
    return (GoBack(facts.as_of, facts.last),)


def _banks(facts: Facts) -> tuple[ReadBank, ...]:
    """Return the bank files to read: new ones, and with them those that wait for others."""
    by_content = {seen.sha256: seen for seen in reversed(facts.files) if _is_new_bank(seen, facts)}
    if not set(by_content) - facts.waiting_banks:
        return ()
    return tuple(
        ReadBank(seen.name, seen.size, sha256)
        for sha256, seen in sorted(by_content.items(), key=lambda pair: pair[1].name)
        if sha256 is not None
    )


def _is_new_bank(seen: Seen, facts: Facts) -> bool:
    return seen.bank and not seen.left and bool(seen.sha256) and seen.sha256 not in facts.known


def _matching(facts: Facts, banks: tuple[ReadBank, ...]) -> tuple[Stage, ...]:
    """Return the stages that bring pulls and the bank's word together, where it said any."""
    return (*banks, MatchPulls(len(banks))) if banks or facts.banked else ()


def _reads(
    facts: Facts, void: frozenset[str] = frozenset()
) -> tuple[tuple[ReadFile, ...], tuple[Seen, ...]]:
    """Return the files to read and those passed over, each by name.

    Files that wait for another part of their bill are read again when anything new is there; a file
    that is named and `void` is new.
    """
    reads: list[ReadFile] = []
    passed_over: list[Seen] = []
    anew = frozenset(seen.sha256 for seen in facts.files if not seen.waits and seen.sha256 in void)
    taken = set(facts.known) - anew
    banks = {bank.sha256 for bank in _banks(facts)}
    waiting = {seen.sha256 for seen in facts.files if seen.waits} - anew
    fresh = any(_is_fresh(seen, taken, waiting) for seen in facts.files)
    if not fresh:
        taken |= {sha256 for sha256 in waiting if sha256}
    for seen in sorted(facts.files, key=lambda seen: (not seen.waits, seen.name)):
        if seen.waits and (not fresh or seen.sha256 in anew):
            continue
        if seen.left or seen.sha256 is None:
            passed_over.append(seen)
        elif seen.sha256 in banks:
            continue
        elif _is_new_bank(seen, facts):
            passed_over.append(Seen(seen.name, seen.size, seen.sha256, "waiting", bank=True))
        elif seen.sha256 in taken:
            passed_over.append(Seen(seen.name, seen.size, seen.sha256, "known"))
        else:
            taken.add(seen.sha256)
            reads.append(_read(seen, facts, anew=seen.sha256 in anew))
    by_name = sorted(reads, key=lambda read: read.name)
    return tuple(by_name), tuple(sorted(passed_over, key=lambda seen: seen.name))


def _read(seen: Seen, facts: Facts, *, anew: bool) -> ReadFile:
    return ReadFile(
        seen.name,
        seen.size,
        seen.sha256 or "",
        facts.as_of,
        facts.profile,
        seen.fault,
        seen.again,
        seen.stamp,
        waits=seen.waits,
        anew=anew,
    )


def _taken_back(facts: Facts) -> tuple[TakeBack, ...]:
    """Return the stage that makes place for files tried again; an archive is by its members."""
    tried = {seen.sha256 for seen in facts.files if seen.left in (None, "opened")}
    files = tuple(sorted(sha256 for sha256 in facts.again if sha256 in tried))
    return (TakeBack(files),) if files else ()


def _is_fresh(seen: Seen, taken: set[str], waiting: set[str | None]) -> bool:
    """Whether a carrier file was never seen before, so that it may complete a bill."""
    never = seen.sha256 not in taken and seen.sha256 not in waiting
    return seen.left is None and seen.sha256 is not None and not seen.bank and never


def as_record(stage: Stage) -> dict[str, Any]:
    """Return a stage as plain data: its name and its fields, days as ISO text."""
    fields = {
        name: value.isoformat() if isinstance(value, dt.date) else value
        for name, value in asdict(stage).items()
    }
    return {"stage": type(stage).__name__, **fields}
