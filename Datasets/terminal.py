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
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)
"""Controls but tab and newline, what ends lines or turns their direction, halves of pairs."""


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


def progress(things: Iterable[T], total: int | None, what: str) -> Iterator[T]:
    """Yield ``things`` behind a bar with rate and time left; silent when stderr is no terminal."""
    return iter(
        tqdm(things, total=total, desc=what, unit="", leave=False, dynamic_ncols=True, disable=None)
    )


def _harmless(text: str) -> str:
    return text if text.isprintable() else _OBEYED.sub(_escaped, text)


def _escaped(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code:02x}" if code < 0x20 else f"\\u{code:04x}"
