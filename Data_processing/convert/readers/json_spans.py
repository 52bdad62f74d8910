"""Where the parts of a large JSON document stand, found without making an object of each.

A document of a gigabyte has millions of objects; as Python objects they would take ten times its
bytes. Numpy finds their places by the document's structural characters, a block at a time.
"""

from collections.abc import Callable, Iterator

import msgspec
import numpy as np

BLOCK = 1 << 18
"""Bytes that are looked at together, at up to 60 bytes of memory each."""
_BLANKS = b" \t\r\n"
_QUOTE, _BACKSLASH, _COMMA, _COLON = b'"\\,:'
_OPENING, _CLOSING = b"{[", b"}]"
_MARKS = np.zeros(256, bool)
_MARKS[list(b'"\\,:{}[]')] = True
_STEP = np.zeros(256, np.int8)
_STEP[list(_OPENING)] = 1
_STEP[list(_CLOSING)] = -1


class Spans(msgspec.Struct, frozen=True):
    """The parts of an object at the top of a document.

    ``keys`` has a line (start, end) for every key, the quotes included, ``values`` one for what
    stands after it, and ``inner`` the places of commas one level further down.
    """

    keys: np.ndarray
    values: np.ndarray
    inner: np.ndarray

    def elements(self, key: int) -> np.ndarray:
        """Return (n, 2) int64: start and end of every element of the array under a key."""
        start, end = self.values[key]
        low, high = np.searchsorted(self.inner, (start, end))
        edges = np.concatenate(([start], self.inner[low:high], [end - 1]))
        return np.stack([edges[:-1] + 1, edges[1:]], axis=1)  # (n, 2)


def spans_of(
    content: np.ndarray, start: int = 0, after_block: Callable[[], None] = lambda: None
) -> Spans:
    """Return where the parts of a document stand. It must be sound JSON, an object at its top.

    Args:
        content: the document's bytes, uint8.
        start: where in them it begins.
        after_block: called whenever a block of it was looked at.
    """
    places, marks, inner = [], [], []
    for place, mark, level in _structure(content, start):
        places.append(place[level == 1])
        marks.append(mark[level == 1])
        inner.append(place[(level == 2) & (mark == _COMMA)])
        after_block()
    place, mark = np.concatenate(places), np.concatenate(marks)
    colons = np.flatnonzero(mark == _COLON)
    keys = np.stack([place[colons - 2], place[colons - 1] + 1], axis=1) if len(colons) else _NONE
    stops = np.flatnonzero((mark == _COMMA) | (mark == _CLOSING[0]))
    ends = place[stops[np.searchsorted(stops, colons)]]
    values = np.stack([place[colons] + 1, ends], axis=1) if len(colons) else _NONE
    return Spans(keys, _without_blanks(content, values), np.concatenate(inner))


_NONE = np.zeros((0, 2), np.int64)


def _without_blanks(content: np.ndarray, spans: np.ndarray) -> np.ndarray:
    tidy, backwards, size = spans.copy(), content[::-1], len(content)
    for i, (start, end) in enumerate(spans):
        last = size - _after_blanks(backwards, size - end, size - start)
        tidy[i] = _after_blanks(content, start, end), last
    return tidy


def _after_blanks(content: np.ndarray, start: int, end: int) -> int:
    """Return where the first character is that is no blank; ``end`` if there is none."""
    while start < end:
        block = content[start : min(start + BLOCK, end)].tobytes()
        kept = len(block.lstrip(_BLANKS))
        start += len(block) - kept
        if kept:
            break
    return start


def _structure(
    content: np.ndarray, start: int
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Yield places, characters and levels of what is structural, block by block.

    The level is that of the container that a character belongs to, 1 for the object at the top.
    Of brackets and braces only the last of the document is yielded.
    """
    in_string, depth = 0, 0
    for begin in range(start, len(content), BLOCK):
        block = content[begin : begin + BLOCK]
        place = np.flatnonzero(_MARKS[block])
        mark = block[place]
        place = place + begin
        is_quote = (mark == _QUOTE) & ~_escaped(content, begin, place, mark)
        quotes = np.cumsum(is_quote) + in_string
        outside = is_quote | ((quotes & 1 == 0) & (mark != _BACKSLASH) & (mark != _QUOTE))
        in_string = int(quotes[-1] & 1) if len(quotes) else in_string
        place, mark = place[outside], mark[outside]
        step = _STEP[mark]
        inside = np.cumsum(step, dtype=np.int64) + depth
        depth = int(inside[-1]) if len(inside) else depth
        is_last = (step == -1) & (inside == 0)
        kept = (step == 0) | is_last
        yield place[kept], mark[kept], np.where(is_last, 1, inside)[kept]


def _escaped(content: np.ndarray, begin: int, place: np.ndarray, mark: np.ndarray) -> np.ndarray:
    """Return which of a block's places hold a quote that an odd number of backslashes precedes."""
    escaped = np.zeros(len(place), bool)
    quotes = np.flatnonzero(mark == _QUOTE)
    quotes = quotes[content[np.maximum(place[quotes] - 1, 0)] == _BACKSLASH]
    if len(quotes):
        slashes = place[mark == _BACKSLASH]
        runs = np.concatenate(([begin], slashes[np.diff(slashes, prepend=-1) > 1]))
        first = runs[np.searchsorted(runs, place[quotes], side="right") - 1]
        count = place[quotes] - first
        count[first == begin] += _slashes_before(content, begin)
        escaped[quotes] = count % 2 == 1
    return escaped


def _slashes_before(content: np.ndarray, end: int) -> int:
    """Return how many backslashes end there."""
    for high in range(end, 0, -BLOCK):
        others = np.flatnonzero(content[max(high - BLOCK, 0) : high] != _BACKSLASH)
        if len(others):
            return end - max(high - BLOCK, 0) - int(others[-1]) - 1
    return end
