"""Draw one image: a digit of 8 x 8 pixels enlarged to a smooth stroke, written onto a ground."""

import math

import cv2
import msgspec
import numpy as np
import numpy.typing as npt

from Data_processing.grounds import Ground, Pixels, clouds, draw_ground

SIDES = (48, 160)
"""Shortest and longest side of an image, in pixels."""
ASPECT = 1.6
"""The most that one side is longer than the other."""
SHARE = (0.53, 0.82)
"""The digit's longer side over the image's shorter one: 0.5-0.85, less what rounding takes."""

CELL = 10  # pixels a source pixel takes in the plate, the drawing that every size is made from
ROUND = 0.26  # source pixels: a blur that rounds the corners a kernel leaves on 8 x 8
OPEN = 2.4  # how strongly what is less dark than its surroundings opens, as the eyes of an 8
AROUND = 1.0  # source pixels: how far those surroundings reach
MARGIN = 2  # pixels that stay free between the digit and the image's edge


class Picture(msgspec.Struct, frozen=True):
    """An image of one digit."""

    pixels: npt.NDArray[np.uint8]  # (H, W, 3), RGB
    mask: npt.NDArray[np.bool_]  # (H, W), True where ink covers more than half of the ground
    ground: str  # a key of Data_processing.grounds.GROUNDS


class Frame(msgspec.Struct, frozen=True):
    """Height and width of an image, in pixels."""

    height: int
    width: int


class Stroke(msgspec.Struct, frozen=True):
    """What the pen did, as two planes (H, W) in 0..1."""

    cover: Pixels  # how much of a pixel is inked
    pressure: Pixels  # how dark the source was there


def draw(glyph: npt.NDArray[np.float64], rng: np.random.Generator) -> Picture:
    """Return ``glyph`` (8, 8), 0 for no ink to 1 for full, written on a ground of its own.

    Frame, ground, ink, place, tilt and light are drawn from ``rng``.
    """
    frame = draw_frame(rng)
    ground = draw_ground(frame.height, frame.width, rng)
    stroke = _place(_plate(glyph), frame, rng)
    pixels = np.clip(_lit(_written(ground, stroke, rng), rng), 0, 255)
    return Picture(np.rint(pixels).astype(np.uint8), stroke.cover > 0.5, ground.name)


def draw_frame(rng: np.random.Generator) -> Frame:
    """Return the sides of an image: within SIDES, neither more than ASPECT times the other."""
    stretch = float(np.exp(rng.uniform(0, math.log(ASPECT))))
    short = int(rng.integers(SIDES[0], int(SIDES[1] / stretch), endpoint=True))
    long = int(short * stretch)
    return Frame(short, long) if rng.random() < 0.5 else Frame(long, short)


def _plate(glyph: npt.NDArray[np.float64]) -> Pixels:
    """Return ``glyph`` enlarged; padded first, or strokes at its edge would end in a cut."""
    padded = np.pad(glyph.astype(np.float32), 1)
    side = CELL * len(padded)
    large = cv2.resize(padded, (side, side), interpolation=cv2.INTER_CUBIC)
    smooth = cv2.GaussianBlur(large, (0, 0), ROUND * CELL)
    around = cv2.GaussianBlur(smooth, (0, 0), AROUND * CELL)
    return np.asarray(smooth + OPEN * (smooth - around), np.float32)


def _place(plate: Pixels, frame: Frame, rng: np.random.Generator) -> Stroke:
    """Return the digit of ``plate`` turned, slanted, sized, and put somewhere in ``frame``."""
    level = rng.uniform(0.50, 0.68)  # what counts as ink: a lower level gives a broader pen
    turn, slant = math.radians(rng.uniform(-5, 5)), rng.uniform(-0.08, 0.08)
    cos, sin = math.cos(turn), math.sin(turn)
    shape = np.array(((cos, -sin), (sin, cos))) @ np.array(((1, slant), (0, 1)))
    inked = shape @ np.argwhere(plate > level)[:, ::-1].T  # (2, n): x and y of the ink, turned
    low, extent = inked.min(axis=1), np.ptp(inked, axis=1) + 1
    scale = rng.uniform(*SHARE) * min(frame.height, frame.width) / extent.max()
    free = np.array((frame.width, frame.height)) - scale * extent - MARGIN
    corner = rng.uniform(MARGIN, free)
    affine = np.column_stack((scale * shape, corner - scale * low))
    placed = cv2.warpAffine(plate, affine, (frame.width, frame.height), flags=cv2.INTER_CUBIC)
    above = placed - np.float32(level)
    edge = np.float32(0.5 * CELL * scale)  # makes an edge of about 1.4 pixels at any size
    return Stroke(np.clip(0.5 + edge * above, 0, 1), np.clip(above, 0, 1))


def _written(ground: Ground, stroke: Stroke, rng: np.random.Generator) -> Pixels:
    """Return the ground (H, W, 3) with ink or chalk where ``stroke`` says."""
    height, width = stroke.cover.shape
    grain = clouds(height, width, (1.3, 1.3), rng)
    if ground.is_board:  # chalk catches on the grain, and its dust falls beside the stroke
        dust = 0.10 * np.asarray(cv2.GaussianBlur(stroke.cover, (0, 0), 2.5), np.float32)
        opacity = np.maximum(
            stroke.cover * np.clip(0.79 + 0.16 * stroke.pressure + 0.09 * grain, 0.5, 1), dust
        )
    else:  # ink pools unevenly, and paper shows a little through
        pool = clouds(height, width, (9, 9), rng)
        opacity = stroke.cover * np.clip(
            0.80 + 0.16 * stroke.pressure + 0.02 * (pool + grain), 0.7, 1
        )
    return ground.pixels + opacity[..., None] * (np.array(ground.ink, np.float32) - ground.pixels)


def _lit(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Return ``pixels`` under a lamp to one side: a little brighter there, darker elsewhere."""
    height, width, _ = pixels.shape
    angle, strength = rng.uniform(0, 2 * math.pi), rng.uniform(0.01, 0.05)
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None, None]
    x = np.linspace(-1, 1, width, dtype=np.float32)[:, None]
    down, across = np.float32(strength * math.sin(angle)), np.float32(strength * math.cos(angle))
    return pixels * ((1 + down * y - 0.015 * y * y) + (across * x - 0.015 * x * x))
