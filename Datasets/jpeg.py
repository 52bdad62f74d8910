"""Plain JPEGs decoded by libjpeg-turbo straight into an array; all that is odd is left to Pillow.

Plain is a file in which both read the same: 8 bits, Huffman codes, gray or YCbCr, scans that are
complete, and the end where it belongs. Pillow unpacks each row from four bytes a pixel and copies
the image once more: two thirds of its time go into decoding, the rest is saved here. That the
pixels are the same, of damaged files too, is shown in [tests/Datasets/test_jpeg.py].
"""

import io
import re
from functools import cache

import msgspec
import numpy as np
from PIL import Image

BASELINE, PROGRESSIVE, HUFFMAN, END, SCAN, TABLES, RESTARTS = (
    0xC0, 0xC2, 0xC4, 0xD9, 0xDA, 0xDB, 0xDD,
)  # fmt: skip
"""Markers; ITU-T T.81, table B.1."""
SKIPPED = {HUFFMAN, TABLES, 0xFE, *range(0xE0, 0xEE)}
"""Tables, comments and what applications write, but for Adobe's, which changes the colours."""
SAMPLINGS = {0x11, 0x21, 0x12, 0x22, 0x41}
"""Of the first component; the others have 1: 4:4:4, 4:2:2, 4:4:0, 4:2:0, 4:1:1."""
MARKER = re.compile(rb"\xff[^\x00]", re.DOTALL)
MARKER_BUT_RESTARTS = re.compile(rb"\xff[^\x00\xd0-\xd7]", re.DOTALL)
"""What ends the codes of a scan; ITU-T T.81, B.1.1.2 and B.1.1.5."""
LONGEST_SIDE = 65500
"""What Pillow's library takes; imagecodecs' takes more."""
SIDES_CHECKED = ((0, 33, 35), (2, 37, 18))
"""Subsampling as Pillow counts it, height and width of the pictures that both decoders read."""


def decoded(content: bytes) -> np.ndarray | None:
    """Return the pixels of a plain JPEG as stored, (H, W, 1 or 3) uint8; None of any other.

    None says nothing against the file: Pillow reads it, or has the words for what is wrong.
    """
    if not is_plain(content) or not _agrees_with_pillow():
        return None
    pixels = _by_turbo(content)
    return pixels if pixels is None or pixels.ndim == 3 else pixels[:, :, None]


def is_plain(content: bytes) -> bool:
    """Return whether a file's parts are those of a plain JPEG; ITU-T T.81, B.1 and B.2."""
    if not content.startswith(b"\xff\xd8"):
        return False
    at, frame, ends = 2, None, MARKER
    while content[at : at + 1] == b"\xff":
        marker = content[at + 1] if at + 1 < len(content) else 0
        if marker == END:
            return at + 2 == len(content) and frame is not None and frame.is_complete()
        length = int.from_bytes(content[at + 2 : at + 4], "big")
        part = content[at + 4 : at + 2 + length]
        if length < 2 or len(part) != length - 2:
            return False
        at += 2 + length
        if marker in (BASELINE, PROGRESSIVE):
            frame = None if frame else _frame_of(part, marker == PROGRESSIVE)
            if frame is None:
                return False
        elif marker == RESTARTS:
            ends = MARKER_BUT_RESTARTS if any(part) else MARKER
        elif marker == SCAN:
            if frame is None or not frame.takes(part):
                return False
            found = ends.search(content, at)
            at = found.start() if found else len(content)
        elif marker not in SKIPPED:
            return False
    return False


class _Frame(msgspec.Struct):
    """What a frame holds, and which bits of its coefficients are still to come."""

    components: bytes
    is_progressive: bool
    bits_left: np.ndarray
    """(components, 64): 0 once a coefficient's last bit was sent."""

    def takes(self, scan: bytes) -> bool:
        """Return whether a scan's header is one of this frame; ITU-T T.81, B.2.3 and G.1.1."""
        count = scan[0] if scan else 0
        if len(scan) != 4 + 2 * count:
            return False
        sent, (first, last, successive) = scan[1 : 1 + 2 * count : 2], scan[-3:]
        if not self.is_progressive:
            whole = sent == self.components and (first, last, successive) == (0, 63, 0)
            is_new = bool(self.bits_left.all())
            self.bits_left[:] = 0
            return whole and is_new
        if not set(sent) <= set(self.components) or not first <= last < 64:
            return False
        which = [self.components.index(component) for component in sent]
        self.bits_left[which, first : last + 1] = successive & 15
        return True

    def is_complete(self) -> bool:
        return not self.bits_left.any()


def _frame_of(part: bytes, is_progressive: bool) -> _Frame | None:
    """Return the frame of a header; ITU-T T.81, B.2.2."""
    if len(part) not in (9, 15) or part[0] != 8 or len(part) != 6 + 3 * part[5]:
        return None
    sides = int.from_bytes(part[1:3], "big"), int.from_bytes(part[3:5], "big")
    if not 0 < min(sides) <= max(sides) <= LONGEST_SIDE:
        return None
    components, samplings = part[6::3], part[7::3]
    is_usual = samplings[0] in SAMPLINGS and (
        part[5] == 1 or (components == b"\1\2\3" and samplings[1:] == b"\x11\x11")
    )
    left = np.ones((part[5], 64), np.uint8)
    return _Frame(components, is_progressive, left) if is_usual else None


@cache
def _agrees_with_pillow() -> bool:
    """Return whether both decoders give the same pixels here.

    They do in wheels, which bring the same library. Built from source, either may have another.
    """
    for subsampling, height, width in SIDES_CHECKED:
        drawn = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
        file = io.BytesIO()
        Image.fromarray(drawn).save(file, "JPEG", subsampling=subsampling)
        pixels = _by_turbo(file.getvalue())
        if pixels is None or not np.array_equal(pixels, np.array(Image.open(file))):
            return False
    return True


def _by_turbo(content: bytes) -> np.ndarray | None:
    try:
        import imagecodecs  # when it is needed: Pillow alone is enough

        pixels: np.ndarray = imagecodecs.jpeg8_decode(content)
    except Exception:  # what is wrong is for Pillow to say
        return None
    return pixels
