"""Label Studio's brush: run lengths of RGBA bytes in a stream of bits, as rle-pack writes them.

The stream begins with the number of values (32 bits), the bits of a value less one (5), and four
widths less one (4 each). Then come runs: a bit that says whether one value is repeated, two bits
that choose a width, the length less one in that width, and the value, or as many values as the
length says. Of the four channels the last, alpha, is where the brush was.
"""

from array import array

import msgspec
import numpy as np

from Datasets.errors import AnnotationError
from Datasets.image import MAX_PIXELS

BLOCK = 1 << 20
"""Pixels that are looked up together, at some 60 bytes of memory each."""
BROKEN_BRUSH = "broken brush"
_CHANNELS = 4
_HEAD = 32 + 5 + 4 * 4
"""Bits before the first run."""


def alpha(content: bytes, height: int, width: int) -> np.ndarray:
    """Return where the brush was, (H, W) bool.

    Args:
        content: the stream.
        height: of the image, in pixels.
        width: of the image, in pixels.

    Raises:
        AnnotationError: the stream is not of that many pixels, is cut off, or runs too far; nothing
            is allocated before its size was found to be right.
    """
    bits = _Bits(content)
    size = bits.read(32)
    if size != height * width * _CHANNELS or height * width > MAX_PIXELS:
        raise AnnotationError(
            f"its brush holds {size} values, {width} x {height} pixels of RGBA need "
            f"{height * width * _CHANNELS}; export it anew",
            BROKEN_BRUSH,
        )
    word = bits.read(5) + 1
    widths = [bits.read(4) + 1 for _ in range(4)]
    runs = _runs(content, size, word, widths)
    first, last = runs.starts // _CHANNELS, runs.ends // _CHANNELS  # pixels whose alpha they hold
    seen = np.zeros(len(runs.places), bool)
    seen[runs.repeated] = _differ_from_zero(content, runs.places[runs.repeated], word)
    seen = np.repeat(seen, last - first)
    spelt = np.flatnonzero(~runs.repeated & (first < last))
    before = np.concatenate(([0], np.cumsum((last - first)[spelt])))
    for low in range(0, int(before[-1]), BLOCK):
        number = np.arange(low, min(low + BLOCK, int(before[-1])))
        group = np.searchsorted(before, number, side="right") - 1
        run = spelt[group]
        pixel = first[run] + number - before[group]
        ahead = _CHANNELS * pixel + _CHANNELS - 1 - runs.starts[run]
        seen[pixel] = _differ_from_zero(content, runs.places[run] + ahead * word, word)
    return seen.reshape(height, width)


class _Runs(msgspec.Struct, frozen=True):
    """Runs of values, (n,) each: from which value to which, and at which bit the first is written.

    Of those that are ``repeated`` no more is written, of the others all.
    """

    starts: np.ndarray
    ends: np.ndarray
    places: np.ndarray
    repeated: np.ndarray


def _runs(content: bytes, size: int, word: int, widths: list[int]) -> _Runs:
    """Return the runs of a stream. There may be millions: what follows one is known by its end.

    Raises:
        AnnotationError: the stream is cut off, or runs too far.
    """
    ends, places, repeated = array("q"), array("q"), bytearray()
    stream = np.frombuffer(content + bytes(3), np.uint8).astype(np.uint32)
    ahead = (stream[:-3] << 24 | stream[1:-2] << 16 | stream[2:-1] << 8 | stream[3:]).data
    at, end, bits = _HEAD, 0, len(content) * 8
    while end < size:
        if at >= bits:
            raise _cut_off()
        head = ahead[at >> 3] >> (13 - (at & 7))  # 19 bits: the two choices and a length
        width = widths[(head >> 16) & 3]
        is_repeated = (head >> 18) & 1
        length = ((head & 0xFFFF) >> (16 - width)) + 1
        at += 3 + width
        end += length
        if at <= bits and end > size:
            raise AnnotationError(
                f"its brush runs to value {end} of {size}; export it anew", BROKEN_BRUSH
            )
        ends.append(end)
        places.append(at)
        repeated.append(is_repeated)
        at += word if is_repeated else length * word
    if at > bits:
        raise _cut_off()
    until = np.frombuffer(ends, np.int64) if ends else np.zeros(0, np.int64)
    return _Runs(
        np.concatenate(([0], until[:-1])),
        until,
        np.frombuffer(places, np.int64),
        np.frombuffer(repeated, bool),
    )


def _differ_from_zero(content: bytes, places: np.ndarray, word: int) -> np.ndarray:
    """Return whether the numbers of ``word`` bits at some bits differ from zero, (N,)."""
    stream = np.frombuffer(content, np.uint8)
    value = np.zeros(len(places), np.int64)
    for i in range(5):  # 7 bits before it, and 32
        value = (value << 8) | stream[np.minimum((places >> 3) + i, len(stream) - 1)]
    return (value >> (40 - (places & 7) - word)) & ((1 << word) - 1) != 0


class _Bits:
    """A stream of bits, the highest of a byte first."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = 0

    def read(self, count: int) -> int:
        """Return the number that the next ``count`` bits are, at most 32."""
        end = self._ahead(count)
        last = (end + 7) // 8
        value = int.from_bytes(self._content[self._at // 8 : last], "big") >> (last * 8 - end)
        self._at = end
        return value & ((1 << count) - 1)

    def _ahead(self, count: int) -> int:
        end = self._at + count
        if end > len(self._content) * 8:
            raise _cut_off()
        return end


def _cut_off() -> AnnotationError:
    return AnnotationError("its brush is cut off; export it anew", BROKEN_BRUSH)
