"""The only place that writes to the terminal: results on stdout, all else on stderr."""

import sys
from collections.abc import Iterable, Iterator
from typing import TypeVar

from tqdm import tqdm

T = TypeVar("T")


def say(line: str) -> None:
    """Write one line that is about the run, not its result."""
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def answer(text: str) -> None:
    """Write the result that a command was asked for."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def progress(things: Iterable[T], total: int | None, what: str) -> Iterator[T]:
    """Yield ``things`` behind a bar with rate and time left; silent when stderr is no terminal."""
    return iter(
        tqdm(things, total=total, desc=what, unit="", leave=False, dynamic_ncols=True, disable=None)
    )
