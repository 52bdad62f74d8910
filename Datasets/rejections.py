"""Bad samples, collected and reported together: the first ten, the count, a file with all."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import msgspec

from Datasets.errors import RejectedError
from Datasets.files import write_bytes
from Datasets.stage import STATE
from Datasets.terminal import one_line

SHOWN = 10
MOST = 500_000
"""Rejections of one run, which are held in memory. More of them come of one cause."""
Policy = Literal["strict", "skip"]


class Rejection(msgspec.Struct, frozen=True):
    """What was left out and why.

    ``sample`` names an image or the file that something stood in. ``whole`` tells whether the
    sample itself is out or only something on it; ``annotations`` counts the annotations that are
    out with it. ``reason`` is a sentence about this one, ``kind`` is shared by all of its sort.
    """

    sample: str
    reason: str
    whole: bool = True
    annotations: int = 0
    kind: str = "broken sample"


class Rejections:
    """The rejections of one run of a stage.

    Args:
        stage: name of the stage, for example ``convert@digits``.
        policy: ``strict`` makes ``settle`` raise, ``skip`` lets the stage go on without what was
            rejected.
        remedy: the key in params.yaml that holds the policy, for the message.
    """

    def __init__(self, stage: str, policy: Policy, remedy: str) -> None:
        self._stage = stage
        self._policy = policy
        self._remedy = remedy
        self._all: list[Rejection] = []

    @property
    def list_file(self) -> Path:
        """Where the full list is written on this machine."""
        return STATE / "rejected" / f"{self._stage}.jsonl"

    @property
    def samples(self) -> int:
        """How many samples are out."""
        return sum(rejection.whole for rejection in self._all)

    @property
    def annotations(self) -> int:
        """How many annotations are out."""
        return sum(rejection.annotations for rejection in self._all)

    def __len__(self) -> int:
        """Return how many rejections there are."""
        return len(self._all)

    def add(self, rejection: Rejection) -> None:
        """Take note of one rejection.

        Raises:
            RejectedError: there are more than ``MOST``, whatever the policy.
        """
        self.extend((rejection,))

    def extend(self, rejections: Iterable[Rejection]) -> None:
        """Take note of several, for example those of a worker.

        Raises:
            RejectedError: there are more than ``MOST``, whatever the policy.
        """
        self._all.extend(rejections)
        if len(self._all) > MOST:
            head = f"{self._stage}: more than {MOST:,} rejected; look for what they have in common"
            raise RejectedError("\n".join([head, *_lines(self._all)]))

    def ordered(self) -> list[Rejection]:
        """Return all of them by sample, that of a whole sample before those of its parts.

        Reasons of one sample stand in the order of the lines, or numbers, that they name.
        """
        return sorted(
            self._all,
            key=lambda one: (
                *(natural(one.sample), one.sample, not one.whole),
                *(natural(one.reason), one.reason),
            ),
        )

    def settle(self) -> bytes:
        """Return the full list as JSON lines, sorted and perhaps empty, if the policy allows.

        Raises:
            RejectedError: something was rejected and the policy is ``strict``.
        """
        ordered = self.ordered()
        lines = b"".join(msgspec.json.encode(rejection) + b"\n" for rejection in ordered)
        if not ordered:
            self.list_file.unlink(missing_ok=True)
            return b""
        write_bytes(self.list_file, lines)
        if self._policy == "strict":
            raise RejectedError(self._message(ordered))
        return lines

    def _message(self, ordered: list[Rejection]) -> str:
        if len(ordered) > SHOWN and len({one.reason for one in ordered}) == 1:
            names = ", ".join(one_line(one.sample) for one in ordered[:SHOWN])
            more = f"{len(ordered) - SHOWN:,} more"
            shown = [f"  {names} and {more}: {one_line(ordered[0].reason)}"]
        else:
            shown = _lines(ordered)
            if len(ordered) > SHOWN:
                shown.append(f"  ... and {len(ordered) - SHOWN:,} more")
        head = f"{self._stage}: {len(ordered):,} rejected"
        tail = f"all of them: {self.list_file}; mend them, or set {self._remedy} to skip"
        return "\n".join([head, *shown, tail])


def natural(text: str) -> str:
    """Return what ``text`` is sorted by where line 2 comes before line 11.

    >>> sorted(["a:11", "a:2", "a"], key=natural)
    ['a', 'a:2', 'a:11']
    """
    return re.sub("[0-9]+", lambda found: found[0].zfill(18), text)


def _lines(some: list[Rejection]) -> list[str]:
    return [f"  {one_line(one.sample)}: {one_line(one.reason)}" for one in some[:SHOWN]]
