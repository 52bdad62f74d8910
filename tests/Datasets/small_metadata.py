"""Small metadata folders for tests that compare them."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from Datasets.image import encode_png
from Datasets.metadata import Annotated, Box, ImageMetadata, SampleRow
from Datasets.metadata_writer import MetadataWriter


def sample(name: str, boxes: Mapping[int, Box] | None = None, **row: object) -> Annotated:
    """Return a sample with boxes by annotation id; ``mask`` in ``row`` is that of the line."""
    boxes = boxes or {}
    classes = [box.name for box in boxes.values()]
    mask = row.pop("mask", None)
    image = ImageMetadata(
        name,
        tuple(sorted(set(classes))),
        tuple({one: classes.count(one)} for one in sorted(set(classes))),
        tuple(boxes.values()),
        mask,  # type: ignore[arg-type]
    )
    told = {
        "id": f"pets/{name}",
        "image": name,
        "sha256": "0" * 64,
        "width": 40,
        "height": 30,
        "channels": 3,
        "dtype": "uint8",
        "orientation": 1,
        "group": None,
        "source": f"a.json#{name}",
        **{f"has_{what}": True for what in ("labels", "counts", "boxes", "mask")},
        "annotation_ids": tuple(boxes),
        "iscrowd": (False,) * len(boxes),
        "areas": (None,) * len(boxes),
        "polygons": ((),) * len(boxes),
        "rles": (None,) * len(boxes),
        "keypoints": ((),) * len(boxes),
        "extras": (None,) * len(boxes),
        "files": (name,),
    }
    return Annotated(image, SampleRow(**{**told, **row}))  # type: ignore[arg-type]


def write(
    folder: Path,
    *samples: Annotated,
    masks: Mapping[str, np.ndarray] | None = None,
    classes: tuple[str, ...] = ("cat", "dog"),
) -> Path:
    """Write a metadata folder and return it."""
    folder.mkdir(parents=True)
    with MetadataWriter(folder) as writer:
        for one in samples:
            writer.add(one.image, one.row)
        writer.close(classes)
    for name, pixels in (masks or {}).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode_png(pixels))
    return folder
