"""The charts of the section on data: how often values occur, and where boxes are."""

from collections.abc import Sequence

from markupsafe import Markup

from Datasets.analytics import Histogram, Summary
from Models.report import svg
from Models.report.charts import WIDTH, Bar, bars

HEIGHT = 120
"""Pixels, of the tallest column."""
LABELS = 6
"""Edges that are labelled, at most about so many."""
MARGIN = 24
"""Pixels, on either side of a chart: for half of the outermost labels."""
CELL = 18
"""Pixels a side, of a cell of a grid."""
PAIRS = 12


def columns(title: str, histogram: Histogram) -> Markup:
    """Return a column a bin, its count on hover, some of the edges below."""
    edges, counts = histogram.edges, histogram.counts
    upper, lower, wide = 28, 28 + HEIGHT, (WIDTH - 2 * MARGIN) / len(counts)
    parts = [svg.text(0, 9, title, "caption")]
    for i, count in enumerate(counts):
        tall = HEIGHT * count / max(1, *counts)
        x, says = MARGIN + i * wide, f"{edges[i]:g} to {edges[i + 1]:g}: {count:,}"
        parts.append(svg.box(x + 1, lower - tall, wide - 2, tall, "bar"))
        parts.append(svg.strip(x, upper, wide, HEIGHT, says))
    parts.append(svg.rule(MARGIN, lower, WIDTH - MARGIN, lower))
    every = -(-len(counts) // (LABELS - 1))
    for i in range(0, len(edges), every):
        parts.append(svg.text(MARGIN + i * wide, lower + 15, f"{edges[i]:g}", "middle"))
    said = f"{title}: {sum(counts):,} values from {edges[0]:g} to {edges[-1]:g}"
    return svg.drawing(WIDTH, lower + 28, said, parts)


def grid(title: str, counts: Sequence[Sequence[int]]) -> Markup:
    """Return a square of cells, (rows, columns), the fuller the darker, each count on hover."""
    most = max(1, max(max(row) for row in counts))
    side = CELL * len(counts)
    parts = [svg.text(0, 9, title, "caption")]
    for i, row in enumerate(counts):
        for j, count in enumerate(row):
            says = f"row {i + 1} of {len(counts)}, column {j + 1}: {count:,}"
            shade = 0.04 + 0.8 * count / most if count else 0.04
            parts.append(svg.box(CELL * j, 24 + CELL * i, CELL - 1, CELL - 1, "right", says, shade))
    wide = max(side, svg.long(title))
    said = f"{title}: {sum(map(sum, counts)):,} in {len(counts)} by {len(counts)} cells"
    return svg.drawing(wide, 24 + side, said, parts)


def of_data(data: Summary) -> tuple[Markup, ...]:
    """Return the charts that these data give rise to."""
    several = len(data.tones) > 1
    found = [
        columns("Brightness, mean" + f" of {tone.dtype}" * several, tone.brightness)
        for tone in data.tones
    ]
    if data.box_sides:
        found.append(columns("Boxes by the root of their area, pixels", data.box_sides))
    if data.box_places:
        found.append(grid("Where the centres of boxes are", data.box_places))
    if data.together:
        pairs = [Bar(f"{one.first} + {one.second}", one.samples) for one in data.together[:PAIRS]]
        found.append(bars("Images of two classes at once", pairs))
    return tuple(found)
