"""Resizing by the definition, in fractions, one value after the other."""

import math
from fractions import Fraction

import numpy as np

HALF = Fraction(1, 2)


def shares(kernel: str, source: int, target: int, antialias: bool = True) -> list[list[Fraction]]:
    """Return how much each of ``source`` places has in each of ``target``; lines sum to 1."""
    ratio = Fraction(source, target)
    lines = []
    for i in range(target):
        centre = (i + HALF) * ratio
        if kernel == "nearest":
            line = [Fraction(j == math.floor(centre)) for j in range(source)]
        elif kernel == "box":
            begin, end = i * ratio, (i + 1) * ratio
            line = [
                max(Fraction(0), min(end, Fraction(j + 1)) - max(begin, Fraction(j)))
                for j in range(source)
            ]
        else:
            reach = max(ratio, Fraction(1)) if antialias else Fraction(1)
            line = [max(Fraction(0), 1 - abs(j + HALF - centre) / reach) for j in range(source)]
        lines.append([share / sum(line, Fraction(0)) for share in line])
    return lines


def resize(
    pixels: np.ndarray, height: int, width: int, kernel: str, antialias: bool = True
) -> np.ndarray:
    """Return (H, W, C) pixels scaled; whole numbers rounded half to even, floats to nearest."""
    down = shares(kernel, pixels.shape[0], height, antialias)
    across = shares(kernel, pixels.shape[1], width, antialias)
    out = np.zeros((height, width, pixels.shape[2]), pixels.dtype)
    for y, rows in enumerate(down):
        for x, columns in enumerate(across):
            seen = [
                (v, u, row * column)
                for v, row in enumerate(rows)
                if row
                for u, column in enumerate(columns)
                if column
            ]
            for c in range(pixels.shape[2]):
                out[y, x, c] = _mean([(pixels[v, u, c].item(), share) for v, u, share in seen])
    return out


def _mean(parts: list[tuple[int | float, Fraction]]) -> int | float:
    if any(isinstance(value, float) and not math.isfinite(value) for value, _ in parts):
        return sum(value * float(share) for value, share in parts)
    mean = sum((Fraction(value) * share for value, share in parts), Fraction(0))
    return round(mean) if isinstance(parts[0][0], int) else float(mean)
