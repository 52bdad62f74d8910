"""Whether a row of samples.parquet is what the format says.

Numbers are looked at one by one only where the smallest and the largest of them, or their sum, say
that something is wrong: most rows are sound.
"""

import math
import re
from collections.abc import Iterator, Sequence

import msgspec

from Datasets.header import DTYPES
from Datasets.image import MAX_CHANNELS
from Datasets.metadata import SampleRow
from Datasets.regions import SLACK

MOST_SHOWN = 60
"""Characters of a value that a message shows."""
FARTHEST = 1e9
"""Pixels: what was drawn leaves the window that was cut out for its box, but no raster is wider."""
ORIENTATIONS = range(1, 9)
_SHA256 = re.compile(r"[0-9a-f]{64}")
_XXH3 = re.compile(r"[0-9a-f]{32}|")
_OBJECT = msgspec.json.Decoder(dict[str, object])


def wrong_row(row: SampleRow) -> Iterator[str]:
    """Yield what is wrong in a row of samples.parquet by itself: the field, and its value."""
    for name, is_sound, expected in (
        ("image", is_below(row.image), "must be a path below the raw folder"),
        ("sha256", _SHA256.fullmatch(row.sha256), "must be 64 hexadecimal digits"),
        ("width", row.width > 0, "must be above 0"),
        ("height", row.height > 0, "must be above 0"),
        ("channels", 0 < row.channels <= MAX_CHANNELS, f"must be from 1 to {MAX_CHANNELS}"),
        ("dtype", row.dtype in DTYPES, f"must be one of {', '.join(DTYPES)}"),
        ("orientation", row.orientation in ORIENTATIONS, "must be from 1 to 8"),
        ("window", not row.window or _is_window(row), "must be x1, y1, x2, y2 of its sides"),
        ("window_hash", _XXH3.fullmatch(row.window_hash), "must be 32 hexadecimal digits"),
        ("image_extras", _is_object(row.image_extras), "must be a JSON object"),
        ("files", all(map(is_below, row.files)), "must be paths below the raw folder"),
        ("files", row.files or not (row.is_embedded or row.window), "must name a file"),
    ):
        if not is_sound:
            yield f"{name} {expected}, is {_short(getattr(row, name))}"
    yield from wrong_numbers(row)


def wrong_numbers(row: SampleRow) -> Iterator[str]:
    """Yield what is wrong with what runs parallel to the boxes of a row: the field, and its value.

    Polygons, and keypoints that are labelled, leave the image by a pixel at most; those of an
    object that was cut out of a raster may be larger than its box.
    """
    for number, area in enumerate(row.areas, 1):
        if area is not None and not math.isfinite(area):
            yield f"areas, box {number}: {area} is no finite number"
    for number, extras in enumerate(row.extras, 1):
        if not _is_object(extras):
            yield f"extras, box {number}: {_short(extras)} is no JSON object"
    high = min(row.width, row.height)
    for number, polygons in enumerate(row.polygons, 1):
        for polygon in polygons:
            if len(polygon) < 6 or len(polygon) % 2:
                yield f"polygons, box {number}: {_short(polygon)} are not x, y of three points"
            elif not _is_within(polygon, 0, high):
                yield from _astray(f"polygons, box {number}", polygon[0::2], polygon[1::2], row)
    for number, points in enumerate(row.keypoints, 1):
        if len(points) % 3:
            yield f"keypoints, box {number}: {_short(points)} are not x, y, v each"
        elif not all(map(math.isfinite, points)):
            yield f"keypoints, box {number}: {_short(points)} are not all finite numbers"
        elif not _is_within(points, 0, high):
            seen = [i for i in range(0, len(points), 3) if points[i + 2] > 0]
            xs, ys = ([points[i + axis] for i in seen] for axis in (0, 1))
            yield from _astray(f"keypoints, box {number}", xs, ys, row)


def _is_within(sides: Sequence[float], low: float, high: float) -> bool:
    """Return whether all numbers are finite and from ``low`` to ``high``."""
    # The smallest and the largest do not tell that there is something that is no number.
    return not sides or (min(sides) >= low and max(sides) <= high and math.isfinite(sum(sides)))


def _astray(what: str, xs: Sequence[float], ys: Sequence[float], row: SampleRow) -> Iterator[str]:
    """Yield the first coordinate that is no finite number, or lies outside of the image."""
    for sides, most in ((xs, row.width), (ys, row.height)):
        low, high = (-FARTHEST, FARTHEST) if row.window else (-SLACK, most + SLACK)
        if not _is_within(sides, low, high):
            side = next(side for side in sides if not low <= side <= high)
            yield f"{what}: {side:g} is no coordinate in {_frame(row)}"
            return


def _frame(row: SampleRow) -> str:
    return "any raster" if row.window else f"the image of {row.width} x {row.height} pixels"


def _is_window(row: SampleRow) -> bool:
    if len(row.window) != 4:
        return False
    x1, y1, x2, y2 = row.window
    return x1 >= 0 and y1 >= 0 and (x2 - x1, y2 - y1) == (row.width, row.height)


def _is_object(text: str | None) -> bool:
    """Return whether a text is a JSON object, or missing. NaN is no JSON."""
    try:
        return text is None or _OBJECT.decode(text) is not None
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return False


def _short(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= MOST_SHOWN else f"{shown[:MOST_SHOWN]}..."


def is_below(name: str) -> bool:
    """Return whether a path leads to a file below some folder."""
    parts = set(name.split("/"))  # by PurePosixPath it takes five times as long
    is_outside = ".." in parts or name.startswith("/") or "\0" in name
    return not is_outside and not parts <= {"", "."}
