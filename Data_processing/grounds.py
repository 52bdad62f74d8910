"""Draw what a digit is written on: paper and board, with grain, fibres and smudges."""

import math
from collections.abc import Callable

import cv2
import msgspec
import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.float32]
Colour = tuple[int, int, int]

CONTRAST = 112
"""Levels between the colours of ink and tone: the 80 that an image promises, and what grain and
soft edges cost."""

INKS: tuple[Colour, ...] = (
    (30, 33, 46),  # blue-black
    (33, 30, 28),  # black
    (25, 45, 84),  # royal blue
    (78, 46, 28),  # sepia
    (104, 28, 34),  # oxblood
    (22, 68, 54),  # bottle green
)
"""Colours of ink, for light grounds."""
CHALKS: tuple[Colour, ...] = ((240, 238, 230), (240, 228, 176), (196, 219, 232), (240, 204, 196))
"""Colours of chalk, for boards: white, yellow, blue, pink."""


class Ground(msgspec.Struct, frozen=True):
    """An empty ground, and what is written on it with."""

    name: str  # a key of GROUNDS
    pixels: Pixels  # (H, W, 3), float32 in 0..255
    ink: Colour
    is_board: bool  # True: light chalk on dark; False: dark ink on light


class Kind(msgspec.Struct, frozen=True):
    """A kind of ground: the tones it comes in, and its texture."""

    tones: tuple[Colour, ...]
    texture: Callable[[Pixels, np.random.Generator], Pixels]
    is_board: bool = False


def luminance(pixels: npt.ArrayLike) -> Pixels:
    """Return the luminance (...,) of RGB values (..., 3), both in 0..255 (ITU-R BT.601 weights).

    >>> float(luminance((255, 255, 255)).round())
    255.0
    """
    return np.asarray(pixels, np.float32) @ np.array((0.299, 0.587, 0.114), np.float32)


def draw_ground(height: int, width: int, rng: np.random.Generator) -> Ground:
    """Return a ground of ``height`` x ``width`` pixels; kind, tone, texture and ink are drawn."""
    name = str(rng.choice(tuple(GROUNDS)))
    kind = GROUNDS[name]
    tone = kind.tones[int(rng.integers(len(kind.tones)))]
    inks = [
        ink
        for ink in (CHALKS if kind.is_board else INKS)
        if abs(float(luminance(ink) - luminance(tone))) >= CONTRAST
    ]
    ink = inks[int(rng.integers(len(inks)))]
    plain = np.empty((height, width, 3), np.float32)
    plain[:] = tone
    return Ground(name, kind.texture(plain, rng), ink, kind.is_board)


def clouds(height: int, width: int, cell: tuple[float, float], rng: np.random.Generator) -> Pixels:
    """Return smooth noise (height, width) of mean 0 and deviation about 1.

    ``cell`` is the size of its grain in pixels, down and across.
    """
    if max(cell) == 1:
        return rng.standard_normal((height, width), dtype=np.float32)
    rows, columns = (
        math.ceil(side / step) + 3 for side, step in zip((height, width), cell, strict=True)
    )
    grid = rng.standard_normal((rows, columns), dtype=np.float32)
    fine = (max(height + 1, round(rows * cell[0])), max(width + 1, round(columns * cell[1])))
    noise = cv2.resize(grid, (fine[1], fine[0]), interpolation=cv2.INTER_CUBIC)
    # The border stays out: there the kernel sees the same grid points again.
    top, left = (fine[0] - height) // 2, (fine[1] - width) // 2
    cut = noise[top : top + height, left : left + width]
    return np.asarray(cut / max(float(cut.std()), 0.25), np.float32)


def _paper(plain: Pixels, rng: np.random.Generator) -> Pixels:
    """Print writing paper: a fine grain, and in some sheets printed lines or squares."""
    height, width, _ = plain.shape
    grain, mottle = clouds(height, width, (1, 1), rng), clouds(height, width, (14, 14), rng)
    sheet = plain + (2.2 * grain + 1.8 * mottle)[..., None]
    printed = rng.choice(("plain", "lines", "squares"), p=(0.4, 0.3, 0.3))
    if printed == "plain":
        return sheet
    pitch = int(rng.integers(9, 15)) if printed == "squares" else int(rng.integers(14, 23))
    print_colour = np.array(((150, 178, 202), (176, 170, 196))[int(rng.integers(2))], np.float32)
    lines = np.zeros((height, width, 1), np.float32)
    lines[int(rng.integers(pitch)) :: pitch] = 1
    if printed == "squares":
        lines[:, int(rng.integers(pitch)) :: pitch] = 1
    return sheet + 0.42 * lines * (print_colour - sheet)


def _card(plain: Pixels, rng: np.random.Generator) -> Pixels:
    """Press coloured card: a felted surface that light grazes."""
    height, width, _ = plain.shape
    felt = clouds(height + 1, width + 1, (1.8, 1.8), rng)
    grazed = felt[1:, 1:] - felt[:-1, :-1]
    return plain + (3.0 * grazed + 2.0 * clouds(height, width, (20, 20), rng))[..., None]


def _kraft(plain: Pixels, rng: np.random.Generator) -> Pixels:
    """Lay wrapping paper: long fibres that run across, with dark and light flecks."""
    height, width, _ = plain.shape
    fibres = 2.0 * clouds(height, width, (1.2, 9), rng) + 2.4 * clouds(height, width, (1, 1), rng)
    specks = rng.random((height, width))
    dark, bright = (specks < 0.006).astype(np.float32), (specks > 0.996).astype(np.float32)
    flecks = cv2.GaussianBlur(50 * bright - 70 * dark, (0, 0), 1.0, sigmaY=0.5)
    return plain + (fibres + flecks)[..., None]


def _chalkboard(plain: Pixels, rng: np.random.Generator) -> Pixels:
    """Wipe a board: pale streaks of old chalk along the wipe, and dust."""
    height, width, _ = plain.shape
    streaks = _slanted(height, width, (7, 60), rng.uniform(-35, 35), rng)
    wiped = clouds(height, width, (34, 34), rng)
    haze = np.clip(0.055 + 0.030 * streaks + 0.035 * wiped, 0, 0.2)[..., None]
    dusty = plain + haze * (np.float32(225) - plain)
    return dusty + (2.4 * clouds(height, width, (1, 1), rng))[..., None]


def _slate(plain: Pixels, rng: np.random.Generator) -> Pixels:
    """Split stone: layers across the tile, and a cool grain."""
    height, width, _ = plain.shape
    angle = rng.uniform(-70, 70)
    broad = _slanted(height, width, (5, 40), angle, rng)
    narrow = _slanted(height, width, (1.5, 18), angle, rng)
    grain = clouds(height, width, (1, 1), rng)
    return plain + (3.4 * broad + 2.0 * narrow + 2.0 * grain)[..., None] * np.array(
        (0.92, 1.0, 1.1), np.float32
    )


def _slanted(
    height: int, width: int, cell: tuple[float, float], angle: float, rng: np.random.Generator
) -> Pixels:
    """Return ``clouds`` turned by ``angle`` degrees."""
    side = math.ceil(math.hypot(height, width)) + 2
    noise = clouds(side, side, cell, rng)
    turn = np.asarray(cv2.getRotationMatrix2D((side / 2, side / 2), angle, 1.0), np.float64)
    turn[:, 2] -= np.array((side - width, side - height)) / 2
    return np.asarray(
        cv2.warpAffine(noise, turn, (width, height), borderMode=cv2.BORDER_REFLECT), np.float32
    )


GROUNDS = {
    "card": Kind(
        ((199, 207, 188), (186, 202, 213), (226, 203, 193), (227, 208, 166), (206, 200, 213)), _card
    ),
    "chalkboard": Kind(((38, 62, 51), (40, 42, 44), (34, 56, 58)), _chalkboard, is_board=True),
    "kraft": Kind(((197, 166, 128), (187, 156, 119), (208, 180, 145)), _kraft),
    "paper": Kind(((246, 242, 232), (240, 234, 220), (236, 238, 236), (243, 237, 222)), _paper),
    "slate": Kind(((54, 65, 80), (68, 70, 82), (58, 72, 78)), _slate, is_board=True),
}
"""What a digit is written on, by the name that the table gives it."""
