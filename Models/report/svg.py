"""The few SVG elements that the charts are drawn with. Every text is escaped by Markup."""

import math
from collections.abc import Iterable

from markupsafe import Markup

FONT = 14
"""Size of every text in a chart, pixels, as page.css says; a character is about 0.6 of it wide."""
BASE = 5
"""How far below its middle a text's baseline stands, pixels."""


def drawing(width: float, height: float, title: str, parts: Iterable[Markup]) -> Markup:
    """Return a drawing of ``width`` x ``height`` pixels; ``title`` tells what it shows."""
    opening = Markup(
        '<svg role="img" aria-label="{0}" viewBox="0 0 {1:.0f} {2:.0f}" width="{1:.0f}" '
        'height="{2:.0f}">'
    ).format(title, width, height)
    return opening + Markup("").join(parts) + Markup("</svg>")


def text(x: float, y: float, says: str, kind: str = "", turn: int = 0) -> Markup:
    """Return a text whose middle line is at ``y``, turned around (x, y) by ``turn`` degrees."""
    turned = Markup(' transform="rotate({} {:.1f} {:.1f})"').format(turn, x, y) if turn else ""
    shape = Markup('<text x="{:.1f}" y="{:.1f}" class="{}"{}>{}</text>')
    return shape.format(x, y + BASE, kind, turned, says)


def rule(x1: float, y1: float, x2: float, y2: float) -> Markup:
    """Return a thin line."""
    return Markup('<path class="rule" d="M{:.1f} {:.1f}L{:.1f} {:.1f}"/>').format(x1, y1, x2, y2)


def box(
    x: float,
    y: float,
    width: float,
    height: float,
    kind: str = "",
    says: str = "",
    shade: float = 1.0,
) -> Markup:
    """Return a filled rectangle that tells ``says`` when it is pointed at."""
    shape = Markup(
        '<rect class="{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" '
        'fill-opacity="{}">{}</rect>'
    )
    told = Markup("<title>{}</title>").format(says) if says else ""
    return shape.format(kind, x, y, width, height, round(shade, 2), told)


def strip(x: float, y: float, width: float, height: float, says: str) -> Markup:
    """Return an invisible rectangle that tells ``says`` when it is pointed at."""
    return box(x, y, width, height, "strip", says, 0.0)


def long(says: str) -> int:
    """Return about how many pixels ``says`` is long."""
    return math.ceil(0.6 * FONT * len(says))


def short(says: str, pixels: int) -> str:
    """Return ``says`` cut to ``pixels``.

    >>> short("sunflower", 50)
    'sunf…'
    """
    fits = max(2, int(pixels / (0.6 * FONT)))
    return says if len(says) <= fits else says[: fits - 1] + "…"
