"""What must hold of an interchange and its sets, rule by rule, and what breaking one does.

A rule that refuses takes the documents of its scope: the set, all sets of the group, or all sets of
the interchange. One that warns is said and lets the document in. A profile may change the verdict
of most (`[x12.rules]`); a document whose money cannot be told is refused whatever it says.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Scope = Literal["set", "group", "interchange"]
Verdict = Literal["refuse", "warn"]


@dataclass(frozen=True)
class Rule:
    """A rule: what it takes when it is broken, what that does, what must hold."""

    name: str
    scope: Scope
    verdict: Verdict
    holds: str
    changeable: bool = True


RULES: tuple[Rule, ...] = (
    Rule("IEA02", "interchange", "refuse", "IEA02 repeats the control number ISA13"),
    Rule("IEA01", "interchange", "refuse", "IEA01 is the number of groups"),
    Rule("IEA", "interchange", "refuse", "an interchange ends with IEA"),
    Rule("GE02", "group", "refuse", "GE02 repeats the control number GS06, as whole numbers"),
    Rule("GE01", "group", "refuse", "GE01 is the number of sets"),
    Rule("GE", "group", "refuse", "a group ends with GE"),
    Rule("GS01", "group", "warn", "GS01 is CI, consolidated service invoice"),
    Rule("GS08", "group", "warn", "GS08 is a release of version 4 or a neighbour (003 to 005)"),
    Rule("SE02", "set", "refuse", "SE02 repeats the control number ST02"),
    Rule("SE01", "set", "refuse", "SE01 is the number of segments from ST to SE"),
    Rule("SE", "set", "refuse", "a set ends with SE", False),
    Rule("ST01", "set", "warn", "the set is an 811", False),
    Rule("ST02", "set", "refuse", "no two sets of a group have one control number"),
    Rule("ISA13", "interchange", "refuse", "no two interchanges of a sender have one number"),
    Rule("ISA15", "interchange", "warn", "ISA15 says production (P), not test"),
    Rule("file", "interchange", "refuse", "a file holds interchanges and nothing else", False),
    Rule("stray", "group", "refuse", "every segment stands in its envelope"),
    Rule("HL01", "set", "refuse", "every HL has a number of its own", False),
    Rule("HL02", "set", "refuse", "HL02 names an HL that stands above it", False),
    Rule("HL03", "set", "refuse", "every HL says its level", False),
    Rule("BIG", "set", "refuse", "a set has one BIG with date and invoice number", False),
    Rule("CUR", "set", "refuse", "the currency is USD", False),
    Rule("TDS", "set", "refuse", "a set has one TDS that says its total", False),
    Rule("BAL", "set", "refuse", "every BAL says an amount", False),
    Rule("account", "set", "refuse", "the set names an account, one the profile covers", False),
    Rule("carrier", "set", "refuse", "the carrier is known", False),
    Rule("beside", "set", "refuse", "no other set is refused, if the profile asks that", False),
    Rule("balance", "set", "warn", "every BAL02 is known to the profile"),
    Rule("accounts", "set", "warn", "all charges of a set are of one account"),
    Rule("CTT01", "set", "warn", "CTT01 is the number of lines or of HL"),
    Rule("class", "set", "warn", "every charge says its class, or its group does"),
    Rule("level", "set", "warn", "an amount stated at an HL is the sum of the charges below it"),
    Rule("date", "set", "warn", "dates of heading and hierarchy are dates of the calendar"),
)
BY_NAME = {rule.name: rule for rule in RULES}
CHANGEABLE = tuple(rule.name for rule in RULES if rule.changeable)


@dataclass(frozen=True)
class Fault:
    """A rule that is broken: where, what stands there, what to do."""

    rule: str
    segment: int
    """The number of the segment in the file, from 1."""
    what: str
    remedy: str
    number: int | None = None
    """The set, group or interchange it is of, by its scope."""
    takes: Scope | None = None
    """Its scope where that is not the one of its rule."""
    follows: bool = False
    """Whether it only follows from another one, which is told instead."""

    @property
    def scope(self) -> Scope:
        return self.takes or BY_NAME[self.rule].scope
