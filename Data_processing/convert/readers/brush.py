"""Label Studio's brush: run lengths of RGBA bytes in a stream of bits, as rle-pack writes them.

The stream begins with the number of values (32 bits), the bits of a value less one (5), and four
widths less one (4 each). Then come runs: a bit that says whether one value is repeated, two bits
that choose a width, the length less one in that width, and the value, or as many values as the
length says. Of the four channels the last, alpha, is where the brush was.
"""

import numpy as np

from Datasets.errors import AnnotationError
from Datasets.image import MAX_PIXELS

BROKEN_BRUSH = "broken brush"
_CHANNELS = 4


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
    seen = np.zeros(height * width, bool)
    at = 0
    while at < size:
        is_repeated = bits.read(1)
        end = at + bits.read(widths[bits.read(2)]) + 1
        if end > size:
            raise AnnotationError(
                f"its brush runs to value {end} of {size}; export it anew", BROKEN_BRUSH
            )
        inside = slice(at // _CHANNELS, end // _CHANNELS)  # pixels whose alpha lies in at..end
        if is_repeated:
            seen[inside] = bits.read(word) > 0
        else:
            values = bits.read_many(end - at, word)
            seen[inside] = values[(_CHANNELS - 1 - at) % _CHANNELS :: _CHANNELS]
        at = end
    return seen.reshape(height, width)


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

    def read_many(self, count: int, word: int) -> np.ndarray:
        """Return which of the next ``count`` numbers of ``word`` bits differ from zero, (N,)."""
        end = self._ahead(count * word)
        first, last = self._at // 8, (end + 7) // 8
        bits = np.unpackbits(np.frombuffer(self._content[first:last], np.uint8))
        start = self._at - first * 8
        self._at = end
        return np.any(bits[start : start + count * word].reshape(count, word), axis=1)

    def _ahead(self, count: int) -> int:
        end = self._at + count
        if end > len(self._content) * 8:
            raise AnnotationError("its brush is cut off; export it anew", BROKEN_BRUSH)
        return end
