"""The only place that writes to the terminal: results on stdout, all else on stderr.

Names of strangers may hold what a terminal obeys: it is shown escaped, as JSON would escape it.
"""

import re
import sys
from collections.abc import Iterable, Iterator
from typing import TypeVar

from tqdm import tqdm

T = TypeVar("T")
_OBEYED = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ud800-\udfff\ufeff"
    "\U000e0000-\U000e007f]"
)
"""Controls but tab and newline, what ends lines or turns their direction, what takes no room,
halves of pairs."""


def say(line: str) -> None:
    """Write one line that is about the run, not its result."""
    sys.stderr.write(_harmless(line) + "\n")
    sys.stderr.flush()


def answer(text: str) -> None:
    """Write the result that a command was asked for."""
    sys.stdout.write(_harmless(text) + "\n")
    sys.stdout.flush()


def one_line(text: str) -> str:
    """Return ``text`` with its newlines escaped: they are not ours, and would begin a line."""
    return text.replace("\n", "\\n")


def progress(things: Iterable[T], total: int | None, what: str, behind: int = 0) -> Iterator[T]:
    """Yield ``things`` behind a bar with rate and time left; silent when stderr is no terminal.

    ``behind`` of the ``total`` were done before and are not among ``things``.
    """
    bar = tqdm(
        things,
        total=total,
        desc=what,
        initial=behind,
        unit="",
        leave=False,
        dynamic_ncols=True,
        disable=None,
    )
    return iter(bar)


def _harmless(text: str) -> str:
    return text if text.isprintable() else _OBEYED.sub(_escaped, text)


def _escaped(found: re.Match[str]) -> str:
    sign = found[0]
    if sign < " ":
        return f"\\x{ord(sign):02x}"
    units = sign.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[i : i + 2].hex()}" for i in range(0, len(units), 2))


def counted(number: int, noun: str, nouns: str = "") -> str:
    """Return how many there are of something; ``nouns`` is for several, where an s is not enough.

    >>> counted(1, "image"), counted(1200, "image"), counted(2, "box", "boxes")
    ('1 image', '1,200 images', '2 boxes')
    """
    return f"{number:,} {noun if number == 1 else nouns or noun + 's'}"
