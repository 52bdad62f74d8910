"""One sheet with a small picture of every sample that a finding names."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from Data_processing.fingerprints.gather import MARKS, raw_image
from Datasets import metadata
from Datasets.analytics import Picture
from Datasets.dataset import METADATA
from Datasets.draw import boxes_of
from Datasets.errors import ImageError, SampleError
from Datasets.files import write_bytes
from Datasets.image import encode_png
from Datasets.metadata import read_classes
from Datasets.raw_image import RawImage
from Datasets.sample import Boxes
from Datasets.thumbnail import thumbnail

SIDE = 128
GAP = 8
COLUMNS = 8
GROUND = 128
"""Pixels, but for the columns: the neutral gray between the pictures."""


class Drawn(msgspec.Struct, frozen=True):
    """A sample to draw: where its pixels lie, its boxes, the classes that colour them."""

    raw: RawImage
    boxes: Boxes
    classes: tuple[str, ...]


def write_pictures(
    path: Path, ids: Iterable[str], roots: Mapping[str, Path], captions: Mapping[str, str]
) -> tuple[Picture, ...]:
    """Write the sheet of some samples, each once, and return where they stand on it.

    What cannot be decoded is left out: a finding says so.

    Args:
        path: the PNG.
        ids: the samples.
        roots: the raw folder of each data set.
        captions: what stands below a sample, by id.
    """
    small = _thumbnails(sorted(set(ids)), roots)
    pitch = SIDE + GAP
    rows, columns = max(1, -(-len(small) // COLUMNS)), min(COLUMNS, max(1, len(small)))
    canvas = np.full((rows * pitch + GAP, columns * pitch + GAP, 3), GROUND, np.uint8)
    pictures = []
    for place, (id_, picture) in enumerate(small.items()):
        tall, wide = picture.shape[:2]
        y = GAP + place // COLUMNS * pitch
        x = GAP + place % COLUMNS * pitch
        canvas[y : y + tall, x : x + wide] = picture
        pictures.append(Picture(id_, x, y, wide, tall, captions[id_]))
    write_bytes(path, encode_png(canvas))
    return tuple(pictures)


def _thumbnails(ids: list[str], roots: Mapping[str, Path]) -> dict[str, np.ndarray]:
    """Return the small pictures of those samples that can be decoded, by id."""
    found = {id_: one for name in sorted(roots) for id_, one in _drawn(name, roots[name], ids)}
    small = {}
    for id_ in ids:
        one = found[id_]
        try:
            pixels = one.raw.pixels("unchanged")
        except (ImageError, SampleError):
            continue
        small[id_] = thumbnail(pixels, one.boxes, one.classes, SIDE).picture
    return small


def _drawn(name: str, root: Path, wanted: list[str]) -> Iterator[tuple[str, Drawn]]:
    """Yield those of a data set's samples that are wanted."""
    read = metadata.read_columns(METADATA / name, list(MARKS))
    classes = read_classes(METADATA / name)
    where = pc.indices_nonzero(pc.is_in(read.table["id"], pa.array(wanted, pa.string())))
    for i, row in zip(where.to_pylist(), read.table.take(where).to_pylist(), strict=True):
        image = read.images[i]
        yield row["id"], Drawn(raw_image(name, root, image, row), boxes_of(image), classes)
