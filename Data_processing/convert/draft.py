"""A sample while it is made, and how it is written down in the fixed format."""

from collections import Counter

import msgspec

from Data_processing.convert.found import FoundImage, Looked
from Data_processing.convert.inspect import Inspected
from Data_processing.convert.objects import Kept
from Datasets.image import Header
from Datasets.metadata import Annotated, ImageMetadata, SampleRow


class Draft(msgspec.Struct, frozen=True, gc=False):
    """A sample before its masks are drawn.

    ``image`` is its name, the path of its file and perhaps ``#`` and a part. ``header`` is of its
    own frame: of the window, where it is cut out of a raster.
    """

    found: FoundImage
    file: Inspected
    image: str
    header: Header
    looked: Looked
    labels: tuple[str, ...]
    objects: tuple[Kept, ...]
    window: tuple[int, int, int, int] | None = None
    window_hash: str = ""


class Masks(msgspec.Struct, frozen=True, gc=False):
    """Which masks a sample has, as paths below the metadata folder.

    The name is kept whole: a.jpg and a.png may lie in one folder.
    """

    semantic: str | None = None
    instances: str | None = None
    nodata: str | None = None


def written(draft: Draft, dataset: str, masks: Masks, has_mask: bool) -> Annotated:
    """Return the line and the row of a sample."""
    counts = Counter(one.box.name for one in draft.objects)
    names = sorted({*draft.labels, *counts})
    each = [{name: counts[name]} for name in sorted(counts)]
    image = ImageMetadata(
        draft.image,
        labels=names[0] if len(names) == 1 else tuple(names),
        counts=each[0] if len(each) == 1 else tuple(each),
        bounding_boxes=tuple(one.box for one in draft.objects),
        segmentation_mask=masks.semantic,
    )
    return Annotated(image, _row(draft, dataset, masks, has_mask))


def _row(draft: Draft, dataset: str, masks: Masks, has_mask: bool) -> SampleRow:
    found, objects, header = draft.found, draft.objects, draft.header
    return SampleRow(
        id=f"{dataset}/{draft.image}",
        image=draft.image,
        sha256=draft.file.sha256,
        width=header.width,
        height=header.height,
        channels=header.channels,
        dtype=header.dtype,
        orientation=header.orientation,
        group=found.file if draft.window else None,  # parts of one raster belong together
        source=found.source,
        has_labels=draft.looked.labels,
        has_counts=draft.looked.counts,
        has_boxes=draft.looked.boxes,
        has_mask=has_mask,
        annotation_ids=tuple(one.id for one in objects),
        iscrowd=tuple(one.iscrowd for one in objects),
        areas=tuple(one.area for one in objects),
        polygons=tuple(one.polygons for one in objects),
        rles=tuple(one.rle for one in objects),
        keypoints=tuple(one.keypoints for one in objects),
        extras=tuple(one.extras for one in objects),
        image_extras=found.extras,
        files=(f"images/{found.file}",) if found.embedded else found.files or (found.file,),
        is_embedded=found.embedded is not None,
        window=draft.window or (),
        window_hash=draft.window_hash,
        instance_mask=masks.instances,
        nodata_mask=masks.nodata,
    )
