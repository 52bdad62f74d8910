"""The conversion report: what was read, left out and changed, by reason, and each one by name."""

from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import msgspec

from Datasets.files import write_json
from Datasets.metadata import CHANGES_FILE, CONVERSION_FILE
from Datasets.rejections import SHOWN, Rejection, Rejections, natural

NOTHING_LEFT = "nothing left"
"""The kind of an image that is rejected as all that is on it was, each for a reason of its own."""
UNCLEAR_FRAME = (
    "its sides do not tell whether it was annotated as stored, as others here were; taken as seen: "
    "set `orientation: stored` if its boxes lie wrong"
)
"""Said only of sets in which something was turned: in others nothing speaks for it."""
SHOWN_SORTS = 6
"""Sorts of changes in the stage's line; all of them are in the report."""
_WEIGHT = {"rejected": 2, "dropped": 2, "left out": 0}
"""What a change counts, whatever their number, where nothing is left and one must be to blame."""
Action = Literal[
    "rejected",
    "dropped",
    "left out",
    "clipped",
    "reversed",
    "renamed",
    "turned",
    "corrected",
    "noticed",
]


class Change(msgspec.Struct, frozen=True):
    """One thing that is not in the metadata as it stood in the raw data.

    ``reason`` is the same for all of one sort, ``detail`` is about this one. ``images`` and
    ``annotations`` say how many of those that came in are out by it.
    """

    action: Action
    reason: str
    sample: str
    detail: str = ""
    images: int = 0
    annotations: int = 0


class Example(msgspec.Struct, frozen=True):
    """One of the first of its sort."""

    sample: str
    detail: str


class Group(msgspec.Struct):
    """All changes of one sort: how many, and the first."""

    action: Action
    reason: str
    count: int = 0
    first: list[Example] = []


class Report:
    """Takes note of every change. The order in which ``note`` is told of them must not vary.

    Args:
        folder: where all of them are written, one JSON line each; an existing folder.
        rejections: what was rejected, under the data set's policy.
    """

    def __init__(self, folder: Path, rejections: Rejections) -> None:
        self._folder = folder
        self._lines = (folder / CHANGES_FILE).open("wb")
        self._groups: dict[tuple[Action, str], Group] = {}
        self._held: list[Change] = []  # told by readers, which may run ahead of the workers
        self._unclear: list[Change] = []  # told if something is turned, which the end will show
        self._encoder = msgspec.json.Encoder()
        self.rejections = rejections
        self.dropped_images = 0
        self.dropped_annotations = 0

    def reject(
        self,
        sample: str,
        reason: str,
        kind: str,
        *,
        whole: bool = True,
        annotations: int = 0,
    ) -> None:
        """Take note of something that cannot be taken over; under ``strict`` the stage will stop.

        Args:
            sample: path of an image, or the file that something stood in.
            reason: a sentence: what was wrong, where, what to do.
            kind: shared by all of its sort, for example "zero area".
            whole: whether an image is out, or only annotations.
            annotations: how many annotations are out.
        """
        self.rejections.add(Rejection(_text(sample), _text(reason), whole, annotations, kind))

    def leave_out(self, sample: str, reason: str, detail: str = "") -> None:
        """Take note of a file that the annotations have no use for; it never came in."""
        self._held.append(Change("left out", reason, _text(sample), _text(detail)))

    def notice(self, sample: str, reason: str, detail: str = "") -> None:
        """Take note of something that is odd, and taken over as it is."""
        self._held.append(Change("noticed", reason, _text(sample), _text(detail)))

    def note(self, changes: Iterable[Change]) -> None:
        """Take note of changes."""
        for change in changes:
            if change.reason == UNCLEAR_FRAME:
                self._unclear.append(change)
            else:
                self._note(change)

    def _note(self, change: Change) -> None:
        self._lines.write(self._encoder.encode(change) + b"\n")
        key = (change.action, change.reason)
        group = self._groups.setdefault(key, Group(change.action, change.reason, 0, []))
        group.count += 1
        if len(group.first) < SHOWN:
            group.first.append(Example(change.sample, change.detail))
        if change.action != "rejected":
            self.dropped_images += change.images
            self.dropped_annotations += change.annotations

    def settle(self) -> bytes:
        """Return what was rejected as JSON lines, if the policy allows; nothing is told after it.

        Raises:
            RejectedError: something was rejected, and the policy is strict.
        """
        if any(action == "turned" for action, _ in self._groups):
            self._held += self._unclear
        for change in sorted(self._held, key=_place):
            self._note(change)
        lines = self.rejections.settle()
        self.note(
            Change("rejected", one.kind, one.sample, one.reason, int(one.whole), one.annotations)
            for one in self.rejections.ordered()
        )
        return lines

    def notes(self) -> list[str]:
        """Return a clause for every sort of change but rejections, for the stage's summary."""
        groups = sorted(self._groups.values(), key=lambda one: (one.action, one.reason))
        notes = [
            f"{group.count:,} {group.action}: {group.reason}"
            for group in groups
            if group.action != "rejected"
        ]
        more = len(notes) - SHOWN_SORTS
        return [*notes[:SHOWN_SORTS], f"{more} more sorts of changes"] if more > 0 else notes

    def commonest(self) -> str:
        """Return why most is out, with the first of it, for an error message.

        What follows of something else is no reason, nor is what became of things that stayed.
        """
        groups = [group for group in self._groups.values() if group.reason != NOTHING_LEFT]
        if not groups:
            return "there is nothing in it"
        group = max(groups, key=lambda one: (_WEIGHT.get(one.action, 1), one.count))
        first = group.first[0]
        detail = f": {first.detail}" if first.detail else ""
        every = f"; all rejections: {self.rejections.list_file}" if len(self.rejections) else ""
        return f"{group.count:,} {group.action}: {group.reason}; {first.sample}{detail}{every}"

    def write(self, tally: msgspec.Struct) -> None:
        """Write the summary beside the full list.

        Args:
            tally: what came in and went out.
        """
        groups = sorted(self._groups.values(), key=lambda one: (one.action, one.reason))
        write_json(self._folder / CONVERSION_FILE, {"tally": tally, "changes": groups})

    def __enter__(self) -> "Report":
        """Return the report itself."""
        return self

    def __exit__(self, *raised: object) -> None:
        """Close the list."""
        self._lines.close()


def _place(change: Change) -> tuple[str, ...]:
    """Return what changes are sorted by: image 2 comes before image 11."""
    return (change.action, natural(change.sample), change.sample, change.reason)


def _text(name: str) -> str:
    """Return ``name`` as it can be written: the name of a file need not be text."""
    return name.encode(errors="backslashreplace").decode()
