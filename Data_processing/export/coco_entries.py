"""The entries of a COCO document, made from lines and rows of the metadata."""

from collections.abc import Mapping

import msgspec

from Data_processing.convert.readers.coco import labelled
from Data_processing.convert.readers.coco_schema import CocoCategory, bbox_of
from Datasets.metadata import Annotated, Box, SampleRow
from Datasets.regions import Region

Entry = dict[str, object]
"""An object of a COCO document. What strangers wrote is in it as JSON text, and goes out so."""


class Categories:
    """Class names to category ids.

    Args:
        before: entries that are taken over with all that they say.
        names: classes that need an entry, in order.
    """

    def __init__(self, before: msgspec.Raw | None = None, names: tuple[str, ...] = ()) -> None:
        raw = before if before is not None else msgspec.Raw(b"[]")
        entries = msgspec.json.decode(raw, type=list[dict[str, msgspec.Raw]])
        self.entries: list[Entry] = [{**one} for one in entries]
        known = msgspec.json.decode(raw, type=list[CocoCategory])
        self._id_of = {one.name: one.id for one in known}
        for name in names:
            self.id_of(name)

    def id_of(self, name: str) -> int:
        """Return the id of a class; one that is not known yet gets the next."""
        if name not in self._id_of:
            number = max([0, *self._id_of.values()]) + 1
            self._id_of[name] = number
            self.entries.append({"id": number, "name": name})
        return self._id_of[name]


def image_entry(sample: Annotated, number: int | str, more: Mapping[str, object]) -> Entry:
    """Return an entry of ``images``.

    Args:
        sample: the image.
        number: its id.
        more: what else is known of it. A ``file_name`` in it is what the annotations called it.
    """
    row = sample.row
    # A sample of several bands is called by what their names share; # sets off what we add to it.
    whole, _, part = row.image.rpartition("#")
    is_banded = len(row.files) > 1 or part == "bands"
    entry: Entry = {
        "id": number,
        "file_name": whole if is_banded else row.files[0],
        "width": row.width,
        "height": row.height,
    }
    if is_banded:
        entry["files"] = list(row.files)
    if row.window:
        entry["window"] = list(row.window)
    beside = set(sample.image.label_names()) - {box.name for box in sample.image.bounding_boxes}
    if beside:
        entry["labels"] = sorted(beside)
    return {**entry, **more, "id": number}


def annotation_entry(
    sample: Annotated, i: int, number: int, image: int | str, category: int
) -> Entry:
    """Return an entry of ``annotations`` for the ``i``-th box of ``sample``.

    Args:
        sample: the image.
        i: index of the box.
        number: id of the annotation.
        image: id of the image.
        category: id of the category.
    """
    row, box = sample.row, sample.image.bounding_boxes[i]
    more = decoded(row.extras[i])
    segmentation: list[list[float]] | Entry = [list(polygon) for polygon in row.polygons[i]]
    if row.rles[i] is not None:
        segmentation = {"size": [row.height, row.width], "counts": row.rles[i]}
    bbox = _bbox(box, more.pop("bbox", None))
    entry: Entry = {
        "id": number,
        "image_id": image,
        "category_id": category,
        "bbox": bbox,
        "segmentation": segmentation,
        "area": _area(row, i, bbox),
        "iscrowd": int(row.iscrowd[i]),
    }
    if row.keypoints[i]:
        entry["keypoints"] = list(row.keypoints[i])
        entry["num_keypoints"] = labelled(row.keypoints[i])
    if "num_keypoints" in more:
        entry["num_keypoints"] = more["num_keypoints"]
    return {**more, **entry}


def decoded(extras: str | None) -> dict[str, msgspec.Raw]:
    """Return what the raw annotations say beside all that has a place of its own."""
    return msgspec.json.decode(extras, type=dict[str, msgspec.Raw]) if extras else {}


def _area(row: SampleRow, i: int, bbox: list[float]) -> float:
    """Return the area that was stated for the ``i``-th object, else that of its region or box."""
    stated = row.areas[i]
    if stated is not None:
        return stated
    if row.rles[i] is not None or row.polygons[i]:
        return Region(row.polygons[i], row.rles[i], row.height, row.width).area
    return bbox[2] * bbox[3]


def _bbox(box: Box, written: msgspec.Raw | None) -> list[float]:
    """Return x, y, width, height: as they were ``written`` if that is the box still."""
    if written is not None:
        x, y, width, height = msgspec.json.decode(written, type=tuple[float, float, float, float])
        if (x, y, x + width, y + height) == _corners(box):
            return [x, y, width, height]
    return list(bbox_of(_corners(box)))


def _corners(box: Box) -> tuple[float, float, float, float]:
    return box.x1, box.y1, box.x2, box.y2
