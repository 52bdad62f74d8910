"""The charts of the page, drawn by hand. Colours are classes of page.css."""

import itertools
import math
from collections.abc import Sequence

import msgspec
import numpy as np
from markupsafe import Markup

from Models.report import svg
from Models.report.evidence import Confusion, shown
from Models.scoring import Interval

WIDTH = 392
"""Pixels: what fits a phone and, three times, a page."""
GUTTER = 128
"""The most that names before a chart may take, pixels."""


class Line(msgspec.Struct, frozen=True):
    """One line of a chart: ``name`` stands at its end, ``kind`` is its class in page.css."""

    name: str
    kind: str
    values: tuple[float, ...]


class Tally(msgspec.Struct, frozen=True):
    """One row of ``interval_strip``: an interval and the name that stands before it."""

    name: str
    interval: Interval


class Bar(msgspec.Struct, frozen=True):
    """One row of ``bars``: how many there are of something."""

    name: str
    count: int


class Axis(msgspec.Struct, frozen=True):
    """A linear map from values between the outer ticks to pixels."""

    ticks: tuple[float, ...]
    start: float  # pixels, of the first tick
    end: float  # pixels, of the last tick

    def at(self, value: float) -> float:
        """Return where ``value`` stands, pixels."""
        low, high = self.ticks[0], self.ticks[-1]
        return self.start + (self.end - self.start) * (value - low) / (high - low)


def lines(
    title: str, epochs: Sequence[int], series: Sequence[Line], top: float | None = None
) -> Markup:
    """Return a line chart over epochs, each line named at its end, each epoch's values on hover.

    Args:
        title: what is drawn, with its unit.
        epochs: (n,) whole numbers, rising.
        series: lines of n values each; what is not finite is left out.
        top: upper end of the axis, which then need not begin at 0; None takes the greatest value.
    """
    left, right, upper, lower = 48, WIDTH - 112, 32, 176
    known = [value for line in series for value in line.values if math.isfinite(value)] or [0.0]
    ticks = ticks_between(0.0, max(known)) if top is None else ticks_between(min(known), top)
    axis, half = Axis(ticks, lower, upper), (right - left) / max(1, len(epochs) - 1) / 2
    xs = [left + 2 * half * i for i in range(len(epochs))]
    parts = [svg.text(0, 9, title, "caption")]
    for tick in ticks:
        parts.append(svg.rule(left, axis.at(tick), right, axis.at(tick)))
        parts.append(svg.text(left - 6, axis.at(tick), f"{tick:g}", "end"))
    for i in sorted({0, len(epochs) - 1}):
        parts.append(svg.text(xs[i], lower + 15, str(epochs[i]), "middle"))
    parts.append(svg.text((left + right) / 2, lower + 15, "epoch", "middle"))
    parts += _drawn(series, xs, axis, right)
    for i, (x, epoch) in enumerate(zip(xs, epochs, strict=True)):
        says = ", ".join(f"{line.name} {line.values[i]:.3g}" for line in series)
        start, end = max(left, x - half), min(right, x + half)
        parts.append(svg.strip(start, upper, end - start, lower - upper, f"epoch {epoch}: {says}"))
    return svg.drawing(WIDTH, lower + 28, title, parts)


def confusion(table: Confusion, cell: int = 40) -> Markup:
    """Return the confusion matrix: a row a true class, a column a prediction; errors are red."""
    names, counts, n = table.classes, table.counts, len(table.classes)
    gutter = max(24, min(GUTTER, 12 + max(svg.long(name) for name in names)))
    upright = all(svg.long(name) <= cell for name in names)
    left, upper = gutter + 24, (24 if upright else gutter) + 28
    errors = counts - np.diag(counts.diagonal())
    parts = [
        svg.text(left, 9, "predicted", "quiet"),
        svg.text(9, upper, "true", "end", turn=-90),
    ]
    for i, name in enumerate(names):
        middle = cell * i + cell / 2 - 1
        parts.append(svg.text(left - 8, upper + middle, svg.short(name, gutter), "end"))
        kind, turn = ("middle", 0) if upright else ("", -90)
        parts.append(svg.text(left + middle, upper - 13, svg.short(name, gutter), kind, turn))
        for j, other in enumerate(names):
            most = int(counts.diagonal().max() if i == j else errors.max())
            says = f"{counts[i, j]:,} of class {name} predicted as {other}"
            x, y = left + cell * j, upper + cell * i
            parts.append(_cell(x, y, cell - 2, int(counts[i, j]), most, i == j, says))
    title = f"Confusion matrix of {n} classes: {counts.trace():,} of {counts.sum():,} right"
    return svg.drawing(left + cell * n, upper + cell * n, title, parts)


def interval_strip(rows: Sequence[Tally]) -> Markup:
    """Return dots with whiskers on one axis that ends at 1: how good, and how sure."""
    left, right, bottom = (
        12 + max(svg.long(row.name) for row in rows),
        WIDTH - 24,
        8 + 24 * len(rows),
    )
    axis = Axis(ticks_between(min(min(row.interval.low for row in rows), 0.98), 1.0), left, right)
    parts = []
    for tick in axis.ticks:
        parts.append(svg.rule(axis.at(tick), 4, axis.at(tick), bottom))
        parts.append(svg.text(axis.at(tick), bottom + 13, f"{tick:g}", "middle"))
    whisker = Markup('<path class="whisker" d="M{:.1f} {}H{:.1f}"/>')
    dot = Markup('<circle class="dot" cx="{:.1f}" cy="{}" r="5"/>')
    for i, row in enumerate(rows):
        y, at = 16 + 24 * i, row.interval
        parts.append(svg.text(0, y, row.name))
        parts.append(whisker.format(axis.at(at.low), y, axis.at(at.high)))
        parts.append(dot.format(axis.at(at.value), y))
        parts.append(svg.strip(left, y - 12, right - left, 24, f"{row.name}: {shown(at)}"))
    title = "Accuracy: " + "; ".join(f"{row.name} {shown(row.interval)}" for row in rows)
    return svg.drawing(WIDTH, bottom + 24, title, parts)


def bars(title: str, counts: Sequence[Bar]) -> Markup:
    """Return a bar each, named before it and counted behind it."""
    left = 12 + min(GUTTER, max(svg.long(one.name) for one in counts))
    right = WIDTH - 12 - max(svg.long(f"{one.count:,}") for one in counts)
    most = max(1, max(one.count for one in counts))
    parts = [svg.text(0, 9, title, "caption")]
    for i, one in enumerate(counts):
        y, length = 28 + 24 * i, (right - left) * one.count / most
        parts.append(svg.text(left - 8, y + 8, svg.short(one.name, left - 12), "end"))
        parts.append(svg.box(left, y, length, 16, "bar", f"{one.name}: {one.count:,}"))
        parts.append(svg.text(left + length + 6, y + 8, f"{one.count:,}"))
    return svg.drawing(WIDTH, 28 + 24 * len(counts), title, parts)


def ticks_between(low: float, high: float) -> tuple[float, ...]:
    """Return two to six round values of which the first is <= low and the last >= high.

    >>> ticks_between(0, 2.3)
    (0.0, 0.5, 1.0, 1.5, 2.0, 2.5)
    >>> ticks_between(0.87, 1.0)
    (0.85, 0.9, 0.95, 1.0)
    >>> ticks_between(5.0, 5.0)
    (0.0, 1.0, 2.0, 3.0, 4.0, 5.0)
    """
    if high <= low:
        low, high = min(low, 0.0), max(high, 0.0) or 1.0
    base = 10.0 ** math.floor(math.log10(high - low))
    for step in (base / 5, base / 2, base, 2 * base, 5 * base):
        first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
        if last - first <= 5:
            break
    return tuple(float(f"{step * k:.6g}") for k in range(first, last + 1))


def apart(places: Sequence[float], least: float) -> list[float]:
    """Return the places moved so that neighbours are at least ``least`` apart, in the same order.

    >>> apart([100.0, 98.0], 15)
    [106.5, 91.5]
    """
    moved = list(places)
    for before, after in itertools.pairwise(sorted(range(len(places)), key=places.__getitem__)):
        lack = least - (moved[after] - moved[before])
        if lack > 0:
            moved[before] -= lack / 2
            moved[after] += lack / 2
    return moved


def _drawn(series: Sequence[Line], xs: Sequence[float], axis: Axis, right: float) -> list[Markup]:
    """Return the lines themselves, and behind their ends a dash of each with its name."""
    parts, ends = [], []
    for line in series:
        known = [(x, axis.at(v)) for x, v in zip(xs, line.values, strict=True) if math.isfinite(v)]
        ends.append(known[-1][1] if known else axis.start)
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in known)
        shape = Markup('<polyline class="line {}" points="{}"/>')
        parts.append(shape.format(line.kind, points))
        if len(known) == 1:  # no line leads to it
            dot = Markup('<circle class="point {}" cx="{:.1f}" cy="{:.1f}" r="3"/>')
            parts.append(dot.format(line.kind, *known[0]))
    for line, y in zip(series, apart(ends, 18), strict=True):
        shape = Markup('<path class="line {}" d="M{} {:.1f}h14"/>')
        parts.append(shape.format(line.kind, right + 8, y))
        parts.append(svg.text(right + 26, y, line.name))
    return parts


def _cell(
    x: float, y: float, side: int, count: int, most: int, is_right: bool, says: str
) -> Markup:
    """Return one cell, shaded by its share of ``most``, so lightly that ink is readable on it."""
    if count == 0:
        return svg.box(x, y, side, side, "right", says, 0.03)
    kind, floor, span = ("right", 0.08, 0.24) if is_right else ("wrong", 0.2, 0.4)
    ground = svg.box(x, y, side, side, kind, says, floor + span * count / most)
    number = svg.text(x + side / 2, y + side / 2, f"{count:,}", f"middle number {kind}")
    return ground + number
