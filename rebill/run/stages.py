"""The stages of a run: frozen, in words, without effects."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from rebill.run.acts import Decision

_LEFT = {
    "name": "its name holds characters that cannot be printed: rename it",
    "link": "a link: put the file itself there",
    "folder": "a folder: put its files into the inbox",
    "special": "no ordinary file",
    "growing": "still growing: it is read once it rests under its final name",
    "vanished": "gone while it was looked at",
    "changed": "it changed while it was read: it is read once it rests",
    "unreadable": "it cannot be opened: let whoever runs the night read it",
}


@dataclass(frozen=True)
class Seen:
    """A name found where carrier files are looked for."""

    name: str
    size: int = 0
    sha256: str | None = None
    """Null when the file was not read: a folder, a link, a file that is still growing."""
    left: str | None = None
    """Why the file is left alone; null = it may be read."""
    bank: bool = False
    """Whether it is a bank's file, not a carrier's."""
    fault: tuple[str, str] | None = None
    """Why a member of an archive cannot be read, and what to do."""
    waits: bool = False
    """Whether it came before and waits for another part of its bill."""
    stamp: str = ""
    """What its entry says, where that stands for its content from now on."""
    again: str = ""
    """Under what it could not be opened: under anything else it is tried again."""

    def why(self) -> str:
        """Return why the file is left alone and what to do, in words for a person."""
        return _LEFT.get(self.left or "", self.left or "")


@dataclass(frozen=True)
class ReadFile:
    """Take in one carrier file: identify it, read it, keep its lines as Parquet."""

    name: str
    size: int
    sha256: str
    received_on: dt.date | None
    profile: str | None
    fault: tuple[str, str] | None = None
    """Why it is refused unread, and what to do."""
    again: str = ""
    """Under what it could not be opened: under anything else it is tried again."""
    stamp: str = ""
    """What its entry said when its digest was taken, where that stands for its content."""
    waits: bool = False
    """Whether it was read before, and waits for another part of its bill."""
    anew: bool = False
    """Whether it was read before, and is taken in again because what it said is void."""

    def words(self) -> str:
        if self.fault:
            return f"refuse {self.name}: {self.fault[0]}"
        return f"read {self.name} ({self.size} bytes, sha256 {self.sha256[:12]})"


@dataclass(frozen=True)
class TakeBack:
    """Take back that files could not be read: what stood in their way is another thing now."""

    files: tuple[str, ...]
    """Their SHA-256."""

    def words(self) -> str:
        return f"try {len(self.files)} file(s) again that could not be read before"


@dataclass(frozen=True)
class ReadBank:
    """Read one bank file: what it says moved, checked to the last total."""

    name: str
    size: int
    sha256: str

    def words(self) -> str:
        return f"read bank file {self.name} ({self.size} bytes, sha256 {self.sha256[:12]})"


@dataclass(frozen=True)
class MatchPulls:
    """Book what the bank says, and match it to what carriers pull."""

    files: int

    def words(self) -> str:
        return f"book {self.files} bank file(s); match what the bank says to the pulls"


@dataclass(frozen=True)
class GoBack:
    """Take back what only runs for later days did: what expired by them, the days they gave."""

    as_of: dt.date
    last: dt.date
    """The day of the last night, which lies after it."""

    def words(self) -> str:
        return f"take back what expired only by the night of {self.last}, as of {self.as_of}"


@dataclass(frozen=True)
class Settle:
    """Foot every document; tell repeats, conflicts and held documents from what is loaded."""

    files: int
    anew: bool = False
    """Whether a document that is void keeps no equal one from coming in."""

    def words(self) -> str:
        return f"foot the documents of {self.files} file(s); hold what conflicts or does not foot"


@dataclass(frozen=True)
class Audit:
    """Match, price and audit the lines of loaded documents that were not audited yet."""

    waiting: int
    files: int

    def words(self) -> str:
        return f"audit {self.waiting} waiting document(s) and those of {self.files} new file(s)"


@dataclass(frozen=True)
class CheckBills:
    """Look for bills that are missing, do not continue their balance, or jumped."""

    as_of: dt.date | None

    def words(self) -> str:
        return f"check the chain of bills as of {self.as_of}"


@dataclass(frozen=True)
class Schedule:
    """Compute what the carriers pull, and until when each document can be disputed."""

    def words(self) -> str:
        return "schedule the pulls and the dispute windows"


@dataclass(frozen=True)
class FollowClaims:
    """Take credits on bills for the claims they are for; tell which ones are due and missing."""

    as_of: dt.date | None

    def words(self) -> str:
        return "match credits on bills to open claims; tell which promised ones are missing"


@dataclass(frozen=True)
class Claim:
    """Group findings into claims, and let states follow the day."""

    as_of: dt.date | None

    def words(self) -> str:
        return f"group findings into claims; close windows that passed before {self.as_of}"


@dataclass(frozen=True)
class Price:
    """Price the audited lines for customers and rebuild the draft invoices they stand on."""

    months: tuple[str, ...] = ()
    """Bill months whose documents are all priced again, with the tables of the day."""

    def words(self) -> str:
        again = f"; all of {', '.join(self.months)} again" if self.months else ""
        return f"price lines for customers and build their invoices{again}"


@dataclass(frozen=True)
class Hold:
    """Look again at what holds draft invoices, where a decision may have let them go."""

    def words(self) -> str:
        return "look again at what holds draft invoices"


@dataclass(frozen=True)
class Remind:
    """Tell which customers are to be reminded of what is past due, and do so where it is set."""

    as_of: dt.date
    sends: bool

    def words(self) -> str:
        done = "remind customers" if self.sends else "count the customers to be reminded"
        return f"{done} of what is past due on {self.as_of}"


@dataclass(frozen=True)
class Deliver:
    """Leave packets, invoices and the digest in the outbox."""

    months: tuple[str, ...]
    """Bill months to write again besides those the night itself touched."""

    def words(self) -> str:
        again = f"; again for {', '.join(self.months)}" if self.months else ""
        return f"write packets, invoices and the digest to the outbox{again}"


Work = (
    GoBack
    | TakeBack
    | ReadFile
    | ReadBank
    | Settle
    | Audit
    | Schedule
    | MatchPulls
    | CheckBills
    | FollowClaims
    | Claim
    | Price
    | Hold
    | Remind
)


Stage = Work | Deliver | Decision


@dataclass(frozen=True)
class Plan:
    """What is to be done, in order, and which files are passed over and why."""

    stages: tuple[Stage, ...] = ()
    passed_over: tuple[Seen, ...] = field(default=())

    def __bool__(self) -> bool:
        return bool(self.stages)

    @property
    def audits(self) -> bool:
        """Whether the run goes on to audit what it takes in."""
        return any(isinstance(stage, Audit) for stage in self.stages)
