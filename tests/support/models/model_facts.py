"""What the slow model knows before it judges: contracts, services, elements and rates.

Plain Python, one row at a time. Money is `Decimal` dollars, shares of a month are `Fraction`,
dates are half-open. `model_codes.py` and `model.py` judge with it.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from model_lines import ORDERED, Judged, circuit_key, same_item, same_rate
from model_time import DAY, Row, account_day, extension, holds, overlap, period_of

from reconcile.contracts import Contract

if TYPE_CHECKING:
    from worlds import World


Given = tuple[Judged, Judged, Decimal]
"""A credit, the charge it undoes, and how much of it."""


class Facts:
    """Everything known of a world, and the questions a line asks of it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.lines = sorted(
            (self.judged(line) for line in world.lines),
            key=lambda j: j.order_key,
        )
        self._given: dict[tuple[Any, ...], list[Given]] = {}

    def judged(self, line: Row) -> Judged:
        """Return a line that nothing is found out about yet, with its period."""
        day = account_day(line, self.world.lines)
        return Judged(line, period_of(line, day), day, left=line["amount"])

    # -- who and what

    def contract_on(self, carrier: str, ban: str, day: dt.date) -> Contract | None:
        """Return the contract whose longest pattern fits the account on a day."""
        fitting = [
            (account.length, contract.id, contract)
            for contract in self.world.contracts
            for account in contract.accounts
            if contract.carrier == carrier
            and re.match(account.regex, ban)
            and holds(vars(contract), day, "effective_from", "effective_until")
            and holds(vars(account), day, "from_", "until")
        ]
        return max(fitting, key=lambda f: f[0])[2] if fitting else None

    def catalogue(self, j: Judged) -> Iterator[Row]:
        """Yield the carrier's codes of the line's day."""
        for row in self.world.usocs:
            valid = holds(row, j.rate_day, "valid_from", "valid_until")
            if valid and row["carrier"] == j["carrier"]:
                yield row

    def elements_of(self, carrier: str, package: str | None) -> dict[str, Decimal]:
        """Return the USOCs under which a package can be billed, with their quantities."""
        if package is None:
            return {}
        elements: dict[str, Decimal] = {package: Decimal(1)}
        for row in self.world.packages:
            if (row["carrier"], row["package"]) == (carrier, package):
                elements[row["usoc"]] = Decimal(row["quantity"])
        return elements

    def window_end(self, j: Judged) -> dt.date | None:
        """Return the first day on which nothing of the service is due any more."""
        assert j.service is not None
        gone: dt.date | None = j.service["disconnected_on"]
        return gone and gone + j.billing.disconnect_grace_days * DAY

    def in_window(self, j: Judged, day: dt.date) -> bool:
        """Say whether the service may be billed for that day."""
        assert j.service is not None
        end, start = self.window_end(j), j.service["installed_on"]
        return (start is None or start <= day) and (end is None or day < end)

    def has(self, j: Judged, day: dt.date) -> Decimal:
        """Return how many units of the line's USOC its service has on a day, as elements."""
        assert j.service is not None
        units = Decimal(0)
        gone = j.service["disconnected_on"]
        for row in self.world.service_elements:
            if (row["service"], row["usoc"]) == (j.service["service"], j["usoc"]):
                end = row["active_until"]
                if end is not None and gone is not None and end >= gone:
                    end = None  # it ends with the service, grace included
                if gone is not None and row["active_from"] and row["active_from"] >= gone:
                    continue  # nothing begins on a service that is gone
                if holds({**row, "active_until": end}, day, "active_from", "active_until"):
                    units += Decimal(row["quantity"])
        return units

    def may_bill(self, j: Judged, day: dt.date) -> Decimal:
        """Return how many units may be billed on a day: as elements or in the package, the more."""
        assert j.service is not None
        packaged = self.elements_of(j["carrier"], j.service["package"])
        return max(self.has(j, day), packaged.get(j["usoc"], Decimal(0)))

    def ever_had(self, j: Judged) -> bool:
        """Say whether the USOC was ever an element of the service."""
        assert j.service is not None
        return any(
            (row["service"], row["usoc"]) == (j.service["service"], j["usoc"])
            for row in self.world.service_elements
        )

    # -- credits

    def given(self, charges: list[Judged], credits: list[Judged]) -> list[Given]:
        """Return what each credit gives back of which charge, each cent once.

        A credit is for charges it is not older than, the oldest first: one-time charges of the
        order it names (none: of its amount first), other charges whose period it meets.
        """
        left = {e["line_id"]: e["amount"] for e in charges}
        found: list[Given] = []
        for c in sorted(credits, key=lambda c: c.order_key):
            cents = -c["amount"]
            fit = [e for e in charges if e.order_key[:2] <= c.order_key[:2] and undoes(c, e)]
            for e in sorted(fit, key=lambda e: (not guessed(c, e), e.order_key)):
                part = min(cents, left[e["line_id"]])
                left[e["line_id"]] -= part
                cents -= part
                if part:
                    found.append((c, e, part))
        return found

    def credits_like(self, j: Judged) -> list[Judged]:
        """Return the credits for the service and USOC of a line."""
        return [c for c in self.lines if c["amount"] < 0 and same_item(c, j)]

    def given_like(self, j: Judged) -> list[Given]:
        """Return what credits give back of the charges for the service and USOC of a line."""
        assert j.service is not None
        one_time = j["charge_class"] == "one_time"
        key = (j.service["service"], j["usoc"], one_time)
        if key not in self._given:
            charges = [
                e
                for e in self.lines
                if e["amount"] > 0
                and not e.is_credit
                and same_item(e, j)
                and (e["charge_class"] == "one_time") == one_time
            ]
            self._given[key] = self.given(charges, self.credits_like(j))
        return self._given[key]

    # -- rates

    def rates(
        self, contract: str | None, code: str | None, package: str | None, day: dt.date,
        charge_class: str, ban: str, circuit: str | None, **place: Any,
    ) -> list[Row]:  # fmt: skip
        """Return the rates that fit, the most specific first; `place` is state, zone, term."""
        classes = {None, charge_class} | ({"recurring"} if charge_class == "prorated" else set())
        fitting = [
            row
            for row in self.world.buy_rates
            if row["contract"] == contract
            and (row["package"] == package if package else row["usoc"] == code and code)
            and row["charge_class"] in classes
            and row["ban"] in (None, ban)
            and (row["circuit_id"] is None or circuit_key(row["circuit_id"]) == circuit)
            and all(row[name] in (None, value) for name, value in place.items())
            and holds(row, day, "effective_from", "effective_until")
        ]
        named = ("circuit_id", "ban", "zone", "state", "term_months")
        return sorted(
            fitting,
            key=lambda row: (
                *(row[name] is not None for name in named),
                row["charge_class"] == "prorated",
                row["charge_class"] is not None,
            ),
            reverse=True,
        )

    def rates_of(self, j: Judged, day: dt.date, package: str | None = None) -> list[Row]:
        """Return the rates that fit a line on a day, the most specific first."""
        if j["charge_class"] not in (*ORDERED, "surcharge"):
            return []
        return self.rates(
            j.rate_contract, j["usoc"], package, day, j["charge_class"], j["ban"],
            j.circuit, **place_of(j.service),
        )  # fmt: skip

    def cause(self, j: Judged) -> str:
        """Say which other rate explains what was billed."""
        assert j.rate_row is not None
        before = self.rates_of(j, j.rate_row["effective_from"] - DAY)
        if before and self.explains(j, before[0]["rate"]):
            return "superseded_rate"
        for name, cause in (
            ("zone", "other_zone"),
            ("state", "other_state"),
            ("term_months", "other_term"),
        ):
            own = place_of(j.service)
            for row in self.world.buy_rates:
                if row[name] is not None and row[name] != own[name]:
                    place = {**own, name: row[name]}
                    if name == "state":  # another state brings its own zones
                        place["zone"] = row["zone"]
                    fitting = self.rates(
                        j.rate_contract, j["usoc"], None, j.rate_day, j["charge_class"],
                        j["ban"], j.circuit, **place,
                    )  # fmt: skip
                    if row in fitting and self.explains(j, row["rate"]):
                        return cause
        if any(self.explains(j, row["rate"]) for row in self.retail(j)[:1]):
            return "retail_rate"
        return "unexplained"

    def rules(self, j: Judged, relation: str) -> list[Row]:
        """Return the carrier's rules of a relation that are in force on the line's day."""
        return [
            row
            for row in self.world.usoc_rules
            if row["carrier"] == j["carrier"]
            and row["relation"] == relation
            and holds(row, j.rate_day, "valid_from", "valid_until")
        ]

    def rate_of_element(
        self, service: Row, day: dt.date, code: str | None, package: str | None
    ) -> Decimal | None:
        """Return the monthly rate of an element or package of a service on a day."""
        contract = self.contract_on(service["carrier"], service["ban"], day)
        rows = self.rates(
            contract.id if contract else None, code, package, day, "recurring", service["ban"],
            circuit_key(service["circuit_id"]), **place_of(service),
        )  # fmt: skip
        return rows[0]["rate"] if rows else None

    def record_only(self, service: Row, code: str, day: dt.date) -> bool:
        """Say whether the catalogue knows a code as one that is never charged."""
        return any(
            [row["carrier"], row["usoc"], row["kind"]] == [service["carrier"], code, "record_only"]
            and holds(row, day, "valid_from", "valid_until")
            for row in self.world.usocs
        )

    def retail(self, j: Judged) -> list[Row]:
        """Return the carrier's retail rates of the line, that of its state first."""
        state = place_of(j.service)["state"]
        rows = [
            row
            for row in self.world.retail_rates
            if row["carrier"] == j["carrier"]
            and row["usoc"] == j["usoc"]
            and row["state"] in (None, state)
            and holds(row, j.rate_day, "effective_from", "effective_until")
        ]
        return sorted(rows, key=lambda row: row["state"] is None)

    def explains(self, j: Judged, rate: Decimal) -> bool:
        """Say whether a rate is what was billed: the printed one, or the amount where none is."""
        if j["unit_rate"] is not None:
            return same_rate(j, rate)
        months = Fraction(j.units) * j.whole
        return bool(extension(rate, months, j.units, j.rounding) == j["amount"])


def undoes(c: Judged, e: Judged) -> bool:
    """Say whether a credit can be for a charge: of its order, or of a period it meets."""
    if e["charge_class"] == "one_time":
        return c["order_no"] is None or c["order_no"] == e.order_no
    return overlap(c.told_apart, e.told_apart)


def guessed(c: Judged, e: Judged) -> bool:
    """Say whether a credit that names no order is told to be for a charge by its amount."""
    same = e["charge_class"] == "one_time" and c["order_no"] is None
    return bool(same and e["amount"] == -c["amount"])


def place_of(service: Row | None) -> Row:
    """Return state, zone and term of the inventory; an unknown service has none."""
    return {name: service and service[name] for name in ("state", "zone", "term_months")}
