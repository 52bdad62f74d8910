"""Where the parts of a large JSON document stand, found without making an object of each.

A document of a gigabyte has millions of objects; as Python objects they would take ten times its
bytes. Numpy finds their places by the document's structural characters, a block at a time.
"""

from collections.abc import Callable, Iterator

import msgspec
import numpy as np

BLOCK = 1 << 24
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
    places, marks, levels = [], [], []
    for place, mark, level in _structure(content, start):
        is_outer = (level == 1) | ((level == 2) & (mark == _COMMA))
        places.append(place[is_outer])
        marks.append(mark[is_outer])
        levels.append(level[is_outer].astype(np.int8))
        after_block()
    place, mark, level = (np.concatenate(each) for each in (places, marks, levels))
    inner = place[(level == 2) & (mark == _COMMA)]
    place, mark = place[level == 1], mark[level == 1]
    colons = np.flatnonzero(mark == _COLON)
    keys = np.stack([place[colons - 2], place[colons - 1] + 1], axis=1) if len(colons) else _NONE
    ends = np.array([_end(place, mark, at) for at in colons.tolist()], np.int64)
    values = np.stack([place[colons] + 1, ends], axis=1) if len(colons) else _NONE
    return Spans(keys, _without_blanks(content, values), inner)


_NONE = np.zeros((0, 2), np.int64)


def _end(place: np.ndarray, mark: np.ndarray, colon: int) -> int:
    """Return where the value after a colon ends: before the next comma of its level, or }."""
    after = colon + 1
    while mark[after] not in (_COMMA, _CLOSING[0]):
        after += 1
    return int(place[after])


def _without_blanks(content: np.ndarray, spans: np.ndarray) -> np.ndarray:
    tidy = spans.copy()
    for i, (start, end) in enumerate(spans.tolist()):
        while content[start] in b" \t\r\n":
            start += 1
        while content[end - 1] in b" \t\r\n":
            end -= 1
        tidy[i] = start, end
    return tidy


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
        is_quote = (mark == _QUOTE) & ~_escaped(content, place, mark)
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


def _escaped(content: np.ndarray, place: np.ndarray, mark: np.ndarray) -> np.ndarray:
    """Return which of the places hold a character that an odd number of backslashes precedes."""
    escaped = np.zeros(len(place), bool)
    quotes = np.flatnonzero(mark == _QUOTE)
    before = content[np.maximum(place[quotes] - 1, 0)] == _BACKSLASH
    for i in quotes[before].tolist():
        at = int(place[i]) - 1
        while at >= 0 and content[at] == _BACKSLASH:
            at -= 1
        escaped[i] = (int(place[i]) - 1 - at) % 2 == 1
    return escaped
