"""Charts as inline SVG: they need no script, print as they look and are read aloud by a reader.

Three are enough: `columns` (amounts side by side or stacked over labels), `ranked` (one amount a
label, longest first as given) and `over_time` (lines, steps and bands over days). Each mark has a
`<title>` with its exact value. Only places on the paper are reckoned in fractions of a point; what
is printed is what was given.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from itertools import pairwise
from typing import Literal

from markupsafe import Markup, escape

Value = Decimal | int | None
Unit = Literal["money", "count", "share"]

COLORS = ("#2b5c8a", "#c46a1b", "#4b8b5a", "#a4262c", "#6b5aa0", "#3d9aa8", "#8a7a2b", "#69727d")
"""Told apart on paper too; a chart with more series begins again."""
WIDTH, HEIGHT = 760, 280
LEFT, RIGHT, TOP, BOTTOM = 74, 14, 12, 34
LETTER = 6.4
"""Points that a letter of a label takes, on the mean."""
TINT = 0.18
"""How much of its colour a band has."""
ROW = 24
"""Height of a label's row in `ranked`."""


@dataclass(frozen=True)
class Series:
    """Values under one name, as many as there are labels or days; a null leaves a gap."""

    name: str
    values: Sequence[Value]
    color: str | None = None
    step: bool = False
    """Whether a value stands until the next day that has one (balances), or is joined to it."""
    dashed: bool = False


@dataclass(frozen=True)
class Band:
    """The space between two values a day."""

    name: str
    low: Sequence[Value]
    high: Sequence[Value]
    color: str | None = None


@dataclass(frozen=True)
class Mark:
    """A day worth a word: a vertical line with a label."""

    day: dt.date
    text: str


def columns(
    title: str,
    labels: Sequence[str],
    series: Sequence[Series],
    *,
    unit: Unit = "money",
    stacked: bool = False,
) -> Markup:
    """Return a figure with a column a label and series; negative values hang from the zero line.

    Where there is no label there is no figure.
    """
    if not labels:
        return Markup()
    sums = [_extent(series, at, stacked) for at in range(len(labels))]
    scale = _Scale.of([value for pair in sums for value in pair], HEIGHT - BOTTOM, TOP)
    slot = (WIDTH - LEFT - RIGHT) / len(labels)
    parts = [_rules(scale, unit)]
    for at, label in enumerate(labels):
        start = LEFT + slot * at
        parts.append(_columns_of(series, at, start, slot, scale, unit, stacked, label))
    every = -(-len(labels) // 13)
    room = int(slot * every / LETTER) - 1
    parts += [
        _text(LEFT + slot * (at + 0.5), HEIGHT - BOTTOM + 16, _short(label, room), "middle")
        for at, label in enumerate(labels)
        if at % every == 0
    ]
    return _figure(title, HEIGHT, parts, [(s.name, _color(s, n)) for n, s in enumerate(series)])


def ranked(
    title: str, labels: Sequence[str], values: Sequence[Value], *, unit: Unit = "money"
) -> Markup:
    """Return a figure with a bar a label, from the zero line to the right (left, if negative).

    Where there is no label there is no figure.
    """
    if not labels:
        return Markup()
    left = 210
    scale = _Scale.of([v for v in values if v is not None], left, WIDTH - 110)
    parts = []
    for at, (label, value) in enumerate(zip(labels, values, strict=True)):
        middle = TOP + ROW * at + ROW / 2
        parts.append(_text(left - 8, middle + 4, _short(label, 32), "end"))
        if value is None:
            continue
        one, other = sorted((scale.at(0), scale.at(value)))
        color = COLORS[3] if value < 0 else COLORS[0]
        parts.append(
            f'<rect x="{one:.1f}" y="{middle - 8:.1f}" width="{other - one:.1f}" height="16"'
            f' fill="{color}"><title>{escape(label)}: {_said(value, unit)}</title></rect>'
        )
        parts.append(_text(other + 6, middle + 4, _said(value, unit), "start"))
    return _figure(title, TOP * 2 + ROW * len(labels), parts, [])


def over_time(
    title: str,
    days: Sequence[dt.date],
    series: Sequence[Series],
    *,
    bands: Sequence[Band] = (),
    marks: Sequence[Mark] = (),
    unit: Unit = "money",
) -> Markup:
    """Return a figure over days (ascending): bands below, lines above them, marks on top."""
    values = [v for s in series for v in s.values] + [v for b in bands for v in (*b.low, *b.high)]
    scale = _Scale.of([v for v in values if v is not None], HEIGHT - BOTTOM, TOP)
    place = _day_scale(days)
    parts = [_rules(scale, unit), _day_axis(days, place)]
    parts += [_band(b, n, days, place, scale) for n, b in enumerate(bands)]
    parts += [_line(s, n, days, place, scale, unit) for n, s in enumerate(series)]
    for mark in marks:
        if days and days[0] <= mark.day <= days[-1]:
            x = place(mark.day)
            parts.append(
                f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"'
                f' stroke="#1d232b" stroke-dasharray="2 3">'
                f"<title>{escape(mark.text)}</title></line>"
            )
            fits = x + 4 + LETTER * len(mark.text) <= WIDTH
            side = (x + 4, "start") if fits else (x - 4, "end")
            parts.append(_text(side[0], TOP + 10, mark.text, side[1]))
    # A band that lies in another is darker than it, also where it is named.
    tints = (f"{_color(b, n)};opacity:{TINT * (n + 1):.2f}" for n, b in enumerate(bands))
    legend = [(b.name, tint) for b, tint in zip(bands, tints, strict=True)]
    legend += [(s.name, _color(s, n)) for n, s in enumerate(series)]
    return _figure(title, HEIGHT, parts, legend)


# --- scales -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Scale:
    """Where a value stands between two places on the paper, and the round values in between."""

    low: Decimal
    high: Decimal
    step: Decimal
    start: float
    end: float

    @staticmethod
    def of(values: Sequence[Value], start: float, end: float) -> _Scale:
        """Return a scale that holds the values and zero."""
        known = [Decimal(v) for v in values if v is not None]
        low, high = min([*known, Decimal(0)]), max([*known, Decimal(0)])
        if low == high:
            high = low + 1
        step = _round_step((high - low) / 5)
        below = (low / step).to_integral_value(ROUND_FLOOR)
        return _Scale(below * step, high, step, start, end)

    @property
    def top(self) -> Decimal:
        """The first round value that is not below the highest."""
        steps = (self.high - self.low) / self.step
        return self.low + self.step * steps.to_integral_value(ROUND_CEILING)

    def at(self, value: Decimal | int) -> float:
        """Return the place of a value."""
        share = (Decimal(value) - self.low) / (self.top - self.low)
        return self.start + (self.end - self.start) * float(share)

    def ticks(self) -> list[Decimal]:
        """Return the round values from the lowest to the highest."""
        count = int((self.top - self.low) / self.step)
        return [self.low + self.step * n for n in range(count + 1)]


def _round_step(least: Decimal) -> Decimal:
    """Return the smallest of 1, 2, 2.5 or 5 times a power of ten that is not below `least`."""
    power = Decimal(10) ** least.adjusted()
    return next(
        power * factor for factor in (1, 2, Decimal("2.5"), 5, 10) if power * factor >= least
    )


def _day_scale(days: Sequence[dt.date]) -> Callable[[dt.date], float]:
    span = max(1, (days[-1] - days[0]).days) if days else 1
    return lambda day: LEFT + (WIDTH - LEFT - RIGHT) * (day - days[0]).days / span


def _day_axis(days: Sequence[dt.date], place: Callable[[dt.date], float]) -> str:
    """Return the firsts of months as labels, thinned so that they do not touch."""
    if not days:
        return ""
    months = [days[0]]
    while (after := (months[-1].replace(day=1) + dt.timedelta(days=32)).replace(day=1)) <= days[-1]:
        months.append(after)
    firsts = months if len(months) <= 2 else [day for day in months if day.day == 1]
    every = -(-len(firsts) // 12)
    shape = "%Y-%m-%d" if every == 1 and len(firsts) <= 7 else "%Y-%m"
    drawn, free = [], 0.0
    for day in firsts[::every]:
        words = f"{day:{shape}}"
        # A label at the edge is moved in; one that would touch the label before it is left out.
        at = min(place(day), WIDTH - LETTER * len(words))
        if at >= free:
            drawn.append(_text(at, HEIGHT - BOTTOM + 16, words, "start"))
            free = at + LETTER * (len(words) + 1)
    return "".join(drawn)


# --- marks ------------------------------------------------------------------------------------


def _extent(series: Sequence[Series], at: int, stacked: bool) -> tuple[Decimal, Decimal]:
    """Return the lowest and the highest that the columns of a label reach."""
    values = [Decimal(s.values[at] or 0) for s in series]
    up, down = [v for v in values if v > 0], [v for v in values if v < 0]
    if stacked:
        return sum(down, Decimal(0)), sum(up, Decimal(0))
    return min(down, default=Decimal(0)), max(up, default=Decimal(0))


def _columns_of(
    series: Sequence[Series],
    at: int,
    start: float,
    slot: float,
    scale: _Scale,
    unit: Unit,
    stacked: bool,
    label: str,
) -> str:
    drawn, up, down = [], Decimal(0), Decimal(0)
    width = slot * 0.72 / (1 if stacked else max(1, len(series)))
    for number, one in enumerate(series):
        value = one.values[at]
        if value is None:
            continue
        base = (up if value >= 0 else down) if stacked else Decimal(0)
        edges = sorted((scale.at(base), scale.at(base + value)))
        if value >= 0:
            up += value
        else:
            down += value
        x = start + slot * 0.14 + (0 if stacked else width * number)
        drawn.append(
            f'<rect x="{x:.1f}" y="{edges[0]:.1f}" width="{max(width - 1, 0.5):.1f}"'
            f' height="{edges[1] - edges[0]:.1f}" fill="{_color(one, number)}">'
            f"<title>{escape(label)}, {escape(one.name)}: {_said(value, unit)}</title></rect>"
        )
    return "".join(drawn)


def _points(series: Series, days: Sequence[dt.date], place: Callable[[dt.date], float],
            scale: _Scale) -> list[list[tuple[float, float, dt.date, Decimal | int]]]:  # fmt: skip
    """Return the runs of days that have a value, each as points on the paper."""
    runs: list[list[tuple[float, float, dt.date, Decimal | int]]] = [[]]
    for day, value in zip(days, series.values, strict=True):
        if value is None:
            runs.append([])
        else:
            runs[-1].append((place(day), scale.at(value), day, value))
    return [run for run in runs if run]


def _line(
    series: Series,
    number: int,
    days: Sequence[dt.date],
    place: Callable[[dt.date], float],
    scale: _Scale,
    unit: Unit,
) -> str:
    color, drawn = _color(series, number), []
    for run in _points(series, days, place, scale):
        path = f"M{run[0][0]:.1f} {run[0][1]:.1f}"
        for before, point in pairwise(run):
            path += f"L{point[0]:.1f} {before[1]:.1f}" if series.step else ""
            path += f"L{point[0]:.1f} {point[1]:.1f}"
        dash = ' stroke-dasharray="6 4"' if series.dashed else ""
        drawn.append(f'<path d="{path}" fill="none" stroke="{color}" stroke-width="1.8"{dash}/>')
        every = -(-len(run) // 120)
        drawn += [
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="transparent">'
            f"<title>{day}, {escape(series.name)}: {_said(value, unit)}</title></circle>"
            for x, y, day, value in run[::every]
        ]
    return "".join(drawn)


def _band(
    band: Band,
    number: int,
    days: Sequence[dt.date],
    place: Callable[[dt.date], float],
    scale: _Scale,
) -> str:
    edges = [
        (place(day), scale.at(low), scale.at(high))
        for day, low, high in zip(days, band.low, band.high, strict=True)
        if low is not None and high is not None
    ]
    corners = [f"{x:.1f},{high:.1f}" for x, _, high in edges]
    corners += [f"{x:.1f},{low:.1f}" for x, low, _ in reversed(edges)]
    color = _color(band, number)
    return (
        f'<polygon points="{" ".join(corners)}" fill="{color}" fill-opacity="{TINT}">'
        f"<title>{escape(band.name)}</title></polygon>"
    )


# --- paper ------------------------------------------------------------------------------------


def _rules(scale: _Scale, unit: Unit) -> str:
    """Return the horizontal rules of a scale with their values; zero is the darkest."""
    drawn = []
    for tick in scale.ticks():
        y = scale.at(tick)
        drawn.append(
            f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"'
            f' stroke="{"#69727d" if tick == 0 else "#e3e6ea"}"/>'
        )
        drawn.append(_text(LEFT - 8, y + 4, _brief(tick, unit), "end"))
    return "".join(drawn)


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="#1d232b">{escape(text)}</text>'
    )


def _color(thing: Series | Band, number: int) -> str:
    return thing.color or COLORS[number % len(COLORS)]


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _said(value: Decimal | int, unit: Unit) -> str:
    """Return a value as it was given, in the words of its unit."""
    if unit == "share":
        return f"{Decimal(value) * 100:.1f} %"
    return f"{value:,.2f}" if unit == "money" else f"{value:,}"


def _brief(value: Decimal, unit: Unit) -> str:
    """Return a round value short enough for an axis."""
    if unit == "share":
        return f"{(value * 100).normalize():f} %"
    for size, letter in ((10**9, "bn"), (10**6, "m"), (10**3, "k")):
        if abs(value) >= size:
            return f"{(value / size).normalize():f}{letter}"
    return f"{value.normalize():f}"


def _figure(title: str, height: float, parts: list[str], legend: list[tuple[str, str]]) -> Markup:
    keys = "".join(
        f'<span><i style="background:{color}"></i>{escape(name)}</span>' for name, color in legend
    )
    return Markup(  # every piece of text in it was escaped where it was put in
        f"<figure><figcaption>{escape(title)}</figcaption>"
        f'<svg class="chart" viewBox="0 0 {WIDTH} {height:.0f}" role="img"'
        f' aria-label="{escape(title)}">{"".join(parts)}</svg>'
        f'<div class="legend">{keys}</div></figure>'
    )
