"""A trial of learning rates as a drawing of its own, light or dark as the reader likes it."""

import math

import numpy as np
from markupsafe import Markup

from Models.rate_finder import Trial
from Models.report import svg

WIDTH, HEIGHT = 640, 320
LEFT, RIGHT, UPPER, LOWER = 64, 616, 40, 272
STYLE = """<style>
svg { background: #faf9f6; font: 14px system-ui, sans-serif }
text { fill: #1c1b19 }
.rule { stroke: #c9c5bc }
.loss { fill: none; stroke: #0072b2; stroke-width: 2 }
.here { stroke: #d1390c; stroke-width: 2 }
.end { text-anchor: end }
.middle { text-anchor: middle }
@media (prefers-color-scheme: dark) {
  svg { background: #161514 }
  text { fill: #ece8df }
  .rule { stroke: #4a4742 }
  .loss { stroke: #56b4e9 }
  .here { stroke: #ff6a3d }
}
</style>"""


def drawn(trial: Trial) -> str:
    """Return the smoothed loss over the rate as an SVG file's content, the suggestion marked."""
    xs = np.log10(trial.rates)
    low, high = min(trial.losses), min(max(trial.losses), 2 * trial.losses[0])
    span = (high - low) or 1.0

    def x(rate: float) -> float:
        share = (math.log10(rate) - xs[0]) / ((xs[-1] - xs[0]) or 1.0)
        return LEFT + (RIGHT - LEFT) * share

    def y(loss: float) -> float:
        return LOWER - (LOWER - UPPER) * (min(loss, high) - low) / span

    title = f"Loss by learning rate; it falls fastest at {trial.suggestion:.1e}"
    parts = [Markup(STYLE), svg.text(LEFT, 20, title)]  # noqa: S704 (our own words)
    for loss in (low, high):
        parts += [svg.rule(LEFT, y(loss), RIGHT, y(loss))]
        parts += [svg.text(LEFT - 8, y(loss), f"{loss:.2f}", "end")]
    for power in range(math.ceil(xs[0]), math.floor(xs[-1]) + 1):
        at = x(10.0**power)
        parts += [
            svg.rule(at, LOWER, at, LOWER + 6),
            svg.text(at, LOWER + 22, f"1e{power}", "middle"),
        ]
    tried = zip(trial.rates, trial.losses, strict=True)
    points = " ".join(f"{x(rate):.1f},{y(loss):.1f}" for rate, loss in tried)
    at = x(trial.suggestion)
    line = Markup('<path class="here" d="M{:.1f} {}V{}"/>').format(at, UPPER, LOWER)
    parts += [line, Markup('<polyline class="loss" points="{}"/>').format(points)]
    whole = svg.drawing(WIDTH, HEIGHT, title, parts)
    return str(whole).replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1) + "\n"
