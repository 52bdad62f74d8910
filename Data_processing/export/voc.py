"""The verb ``export-voc``: a data set's metadata as Pascal VOC, one XML file an image.

The files lie below FOLDER/Annotations as the images do below the raw folder; ``filename`` is the
path there. Corners are written as they stand, as the tools of today do: xmin = x1, xmax = x2. With
--origin 1 pixels are counted from 1 and the last one is in the box, as in the challenge's own kit:
xmin = x1 + 1, xmax = x2. Coordinates that are no whole numbers keep their decimals; --whole rounds
boxes outwards, for readers that know no decimals.

Regions, keypoints and crowds, which VOC's boxes cannot say, are left out and counted; ``pose``,
``truncated`` and ``difficult`` are those of the raw annotations, else Unspecified, 0 and 0.
"""

import argparse
import math
from collections.abc import Iterator
from pathlib import PurePosixPath
from xml.sax.saxutils import escape

import msgspec

from Data_processing.export.coco_entries import decoded
from Data_processing.export.output import Summary, folder_for, metadata_of, sayable, stem_of
from Data_processing.export.output import arguments as common
from Datasets.metadata import Annotated, Box

SAID = ("pose", "truncated", "difficult")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb ``export-voc``."""
    common(parser, "the folder to write")
    parser.add_argument(
        "--origin",
        type=int,
        choices=(0, 1),
        default=0,
        help="number of the first pixel (default: 0)",
    )
    parser.add_argument("--whole", action="store_true", help="round boxes outwards to whole pixels")
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.description = __doc__


def run(arguments: argparse.Namespace) -> None:
    """Write one folder of XML files.

    Raises:
        StoreError: the data set was not converted yet.
        StageError: the folder is there already, or the data set has no boxes.
    """
    metadata = metadata_of(arguments.dataset)
    files = _Files(arguments.origin, arguments.whole)
    with folder_for(arguments.out, metadata) as folder:
        for sample in sayable(metadata, files.summary):
            place = folder / "Annotations" / f"{stem_of(sample.row.files[0])}.xml"
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(files.of(sample), "utf-8")
    files.summary.tell(arguments.out)


class _Files:
    """Writes samples as XML, and counts what VOC cannot say."""

    def __init__(self, origin: int, whole: bool) -> None:
        self.summary = Summary()
        self._origin = origin
        self._whole = whole

    def of(self, sample: Annotated) -> str:
        """Return the file of one image."""
        row = sample.row
        self.summary.images += 1
        path = PurePosixPath(row.files[0])
        lines = [
            "<annotation>",
            f"  <folder>{escape(path.parent.name)}</folder>",
            f"  <filename>{escape(path.as_posix())}</filename>",
            f"  <size><width>{row.width}</width><height>{row.height}</height>"
            f"<depth>{row.channels}</depth></size>",
            "  <segmented>0</segmented>",
            *self._objects(sample),
            "</annotation>",
        ]
        return "\n".join(lines) + "\n"

    def _objects(self, sample: Annotated) -> Iterator[str]:
        row, summary = sample.row, self.summary
        for i, box in enumerate(sample.image.bounding_boxes):
            if row.iscrowd[i]:
                summary.count("crowd regions left out, as VOC has none")
                continue
            if row.polygons[i] or row.rles[i] is not None:
                summary.count("regions written as boxes")
            if row.keypoints[i]:
                summary.count("objects without their keypoints")
            more = decoded(row.extras[i])
            if more.keys() - SAID:
                summary.count("objects without what else is said of them")
            pose, truncated, difficult = (_text(more.get(key)) for key in SAID)
            summary.annotations += 1
            yield (
                f"  <object><name>{escape(box.name)}</name>"
                f"<pose>{pose or 'Unspecified'}</pose>"
                f"<truncated>{truncated or 0}</truncated><difficult>{difficult or 0}</difficult>"
                f"{self._box(box)}</object>"
            )

    def _box(self, box: Box) -> str:
        x1, y1, x2, y2 = box.x1, box.y1, box.x2, box.y2
        if self._whole:
            rounded = (math.floor(x1), math.floor(y1), math.ceil(x2), math.ceil(y2))
            self.summary.count("boxes rounded outwards", int(rounded != (x1, y1, x2, y2)))
            x1, y1, x2, y2 = rounded
        # From 1 on the last pixel that is in has the number of the half-open end counted from 0.
        corners = {"xmin": x1 + self._origin, "ymin": y1 + self._origin, "xmax": x2, "ymax": y2}
        sides = "".join(f"<{key}>{_number(side)}</{key}>" for key, side in corners.items())
        return f"<bndbox>{sides}</bndbox>"


def _number(side: float) -> str:
    return str(int(side)) if side == int(side) else repr(side)


def _text(value: msgspec.Raw | None) -> str:
    """Return a value as text, true as 1; nothing where it is null, a list or an object."""
    if value is None:
        return ""
    match msgspec.json.decode(value):
        case bool(is_so):
            return str(int(is_so))
        case str() | int() | float() as plain:
            return escape(str(plain))
    return ""
