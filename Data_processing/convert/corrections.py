"""Corrections of what ``convert`` found, made by people, kept in Git, applied in ``transform``.

``Datasets/corrections/<dataset>.jsonl``, one JSON object a line, applied in order::

    {"action": "relabel", "sample": "digits/a.png", "sha256": "...", "annotation": 7,
     "old": "three", "new": "eight"}
    {"action": "relabel", "sample": "digits/a.png", "sha256": "...", "old": ["three"],
     "new": ["eight"]}
    {"action": "delete", "sample": "digits/a.png", "sha256": "...", "annotation": 7,
     "old": {"name": "three", "x1": 1, "x2": 9, "y1": 2, "y2": 8}}
    {"action": "delete", "sample": "digits/a.png", "sha256": "...", "old": ["three"]}
    {"action": "edit_box", "sample": "digits/a.png", "sha256": "...", "annotation": 7,
     "old": {"name": "three", "x1": 1, "x2": 9, "y1": 2, "y2": 8},
     "new": {"name": "three", "x1": 2, "x2": 9, "y1": 2, "y2": 8}}

Without ``annotation`` a correction is of the whole sample: of its labels as an image, or of its
being there at all. Names and numbers are those of the metadata.
"""

import codecs
import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from Data_processing.convert.labels import check_name
from Data_processing.convert.objects import Kept
from Data_processing.convert.report import Change
from Datasets.errors import AnnotationError
from Datasets.image import Header
from Datasets.metadata import Box
from Datasets.rejections import SHOWN

Old = str | tuple[str, ...] | Box


class Correction(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="action"):
    """What all corrections say: the sample as ``<dataset>/<image>`` and the hash of its file."""

    sample: str
    sha256: str


class Relabel(Correction, frozen=True, forbid_unknown_fields=True, tag="relabel"):
    """Another class for an annotation, or other labels for the image."""

    old: str | tuple[str, ...]
    new: str | tuple[str, ...]
    annotation: int | None = None


class Delete(Correction, frozen=True, forbid_unknown_fields=True, tag="delete"):
    """An annotation that is none, or a sample that has no place here."""

    old: Box | tuple[str, ...]
    annotation: int | None = None
    new: None = None


class EditBox(Correction, frozen=True, forbid_unknown_fields=True, tag="edit_box"):
    """Another box for an annotation."""

    old: Box
    new: Box
    annotation: int


_DECODER = msgspec.json.Decoder(Relabel | Delete | EditBox)


class Line(msgspec.Struct, frozen=True):
    """A correction and its place: file and line."""

    what: Relabel | Delete | EditBox
    place: str


class State(msgspec.Struct, frozen=True):
    """A sample while it is corrected. ``labels`` are those of the image as a whole.

    ``is_masked`` says that they are those of a mask file.
    """

    labels: tuple[str, ...]
    objects: tuple[Kept, ...]
    is_masked: bool = False


class Corrected(NamedTuple):
    """A corrected sample, or None where it was deleted, and what was done."""

    state: State | None
    changes: tuple[Change, ...]


class Corrections(msgspec.Struct, frozen=True):
    """The corrections of one data set, by sample."""

    lines: dict[str, tuple[Line, ...]] = {}

    def names(self) -> Iterator[str]:
        """Yield the class names that corrections bring."""
        for lines in self.lines.values():
            for line in lines:
                yield from _names(line.what)

    def apply(self, sample: str, sha256: str, header: Header, state: State) -> Corrected:
        """Return a sample after its corrections, in the order of the file.

        Args:
            sample: its id.
            sha256: of its file.
            header: of its frame: boxes must stay inside.
            state: as it was found.

        Raises:
            AnnotationError: the file is another one, or an old value is not what stands there.
        """
        changes = []
        now: State | None = state
        for line in self.lines.get(sample, ()):
            if now is None:
                raise AnnotationError(f"{line.place}: {sample} was deleted by a line before it")
            if line.what.sha256 != sha256:
                raise AnnotationError(
                    f"{line.place}: {sample} was corrected when its sha256 was {line.what.sha256}, "
                    f"now it is {sha256}; look at it again and correct the line, or take it out"
                )
            before, now = now, _applied(line, now, header)
            lost = len(before.objects) - len(now.objects if now else ())
            changes.append(
                Change(
                    "corrected",
                    str(line.what.__struct_config__.tag),
                    sample.partition("/")[2],
                    f"{line.place}: {_shown(line.what.old)} -> {_shown(line.what.new)}",
                    images=int(now is None),
                    annotations=lost,
                )
            )
        return Corrected(now, tuple(changes))

    def check_used(self, used: set[str]) -> None:
        """Return nothing if every correction met its sample.

        Raises:
            AnnotationError: a sample does not exist, or was left out.
        """
        for sample, lines in self.lines.items():
            if sample not in used:
                raise AnnotationError(
                    f"{lines[0].place}: there is no sample {sample}; mend the id or take the line "
                    "out"
                )


def read_corrections(path: Path, dataset: str) -> Corrections:
    """Return the corrections in ``path``; none if there is no such file.

    Raises:
        AnnotationError: a line is not a correction of this data set.
    """
    if not path.exists() and not path.is_symlink():
        return Corrections()
    if not path.is_file():
        raise AnnotationError(f"{path}: is no file; put the corrections there, or take it out")
    found: dict[str, list[Line]] = defaultdict(list)
    content = path.read_bytes().removeprefix(codecs.BOM_UTF8)
    for number, text in enumerate(content.splitlines(), 1):
        place = f"{path}:{number}"
        if not text.strip():
            continue
        what = _parsed(text, place)
        if not what.sample.startswith(f"{dataset}/"):
            raise AnnotationError(
                f"{place}: {what.sample} is not of the data set {dataset}, whose ids begin with "
                f"'{dataset}/'"
            )
        found[what.sample].append(Line(what, place))
    return Corrections({sample: tuple(lines) for sample, lines in found.items()})


def _parsed(text: bytes, place: str) -> Relabel | Delete | EditBox:
    """Return the correction that a line is.

    Raises:
        AnnotationError: it is none; the message says why.
    """
    try:
        json.loads(text, object_pairs_hook=_once)
        what = _DECODER.decode(text)
        for name in _names(what):
            check_name(name)
    except (msgspec.ValidationError, AnnotationError) as error:
        known = "actions are relabel, delete and edit_box" if "action" in str(error) else ""
        reason = f"not a correction: {error}; {known or 'mend the line'}"
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        reason = f"not JSON: {error}; write a correction as one JSON object on one line"
    else:
        return what
    raise AnnotationError(f"{place}: {reason}")


def _names(what: Relabel | Delete | EditBox) -> Iterator[str]:
    if isinstance(what, Relabel):
        yield from (what.new,) if isinstance(what.new, str) else what.new
    elif isinstance(what, EditBox):
        yield what.new.name


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Return an object whose keys occur once.

    Raises:
        AnnotationError: one does not.
    """
    keys = [key for key, _ in pairs]
    for key in keys:
        if keys.count(key) > 1:
            raise AnnotationError(f"the key '{key}' occurs twice")
    return dict(pairs)


def _applied(line: Line, state: State, header: Header) -> State | None:
    what = line.what
    if what.annotation is None:
        return _whole(line, state)
    at = next((i for i, one in enumerate(state.objects) if one.id == what.annotation), None)
    if at is None:
        more = f" and {len(state.objects) - SHOWN:,} more" if len(state.objects) > SHOWN else ""
        known = (", ".join(str(one.id) for one in state.objects[:SHOWN]) or "none") + more
        raise AnnotationError(
            f"{line.place}: {what.sample} has no annotation {what.annotation}; it has {known}"
        )
    one = state.objects[at]
    _compare(line, what.old, one.box.name if isinstance(what, Relabel) else one.box)
    rest = list(state.objects)
    if isinstance(what, Delete):
        del rest[at]
    else:
        # The area was that of the old box; with a region, or by an export, it is had anew.
        area = one.area if isinstance(what, Relabel) else None
        new = _new_box(line, one.box, header)
        rest[at] = msgspec.structs.replace(one, box=new, area=area)
    return msgspec.structs.replace(state, objects=tuple(rest))


def _whole(line: Line, state: State) -> State | None:
    what = line.what
    labels = tuple(sorted({*state.labels, *(one.box.name for one in state.objects)}))
    _compare(line, what.old, labels)
    if isinstance(what, Delete):
        return None
    if state.objects:
        raise AnnotationError(
            f"{line.place}: the labels of {what.sample} are those of its annotations; relabel "
            "these, each with its id as 'annotation'"
        )
    if state.is_masked:
        raise AnnotationError(
            f"{line.place}: the labels of {what.sample} are those of its mask; correct the mask, "
            "and take the line out"
        )
    new = what.new if isinstance(what.new, tuple) else (str(what.new),)
    return msgspec.structs.replace(state, labels=tuple(sorted(set(new))))


def _new_box(line: Line, box: Box, header: Header) -> Box:
    if isinstance(line.what, Relabel):
        if not isinstance(line.what.new, str):
            raise AnnotationError(f"{line.place}: an annotation has one class, not a list")
        return msgspec.structs.replace(box, name=line.what.new)
    if not isinstance(line.what, EditBox):
        raise TypeError(f"no new box in {line.what}")
    new = line.what.new
    if not (0 <= new.x1 < new.x2 <= header.width and 0 <= new.y1 < new.y2 <= header.height):
        raise AnnotationError(
            f"{line.place}: the new box is empty or leaves the image of "
            f"{header.width} x {header.height} pixels"
        )
    return new


def _compare(line: Line, old: Old, is_now: Old) -> None:
    same = (old,) if isinstance(old, str) and isinstance(is_now, tuple) else old
    if same != is_now:
        raise AnnotationError(
            f"{line.place}: {line.what.sample} was corrected from {_shown(old)}, "
            f"but now it has {_shown(is_now)}; look at it again and correct the line, or take it "
            "out"
        )


def _shown(value: Old | None) -> str:
    return msgspec.json.encode(value).decode()
