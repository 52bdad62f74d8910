"""The index of a store: what its rows are, as structs and as a table.

Whole stores stay in columns; structs live for one shard.
"""

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from Datasets.arrow import column
from Datasets.frame import Frame
from Datasets.layout import NOWHERE
from Datasets.sample import Boxes, Sample


class Row(msgspec.Struct, frozen=True):
    """One row of the index: one copy of one sample.

    ``parent`` is the sample of the metadata that it came of: itself, but for a tile, which has its
    ``tile`` too: x1, y1, x2, y2 in whole pixels of the parent.

    ``files`` is where the raw pixels lie, one file or one a band, below the data set's raw folder,
    or below its metadata folder if ``is_embedded``; ``sha256``, ``window`` and ``window_hash`` are
    as in samples.parquet. ``raw_mask`` is the mask below the metadata folder and ``raw_mask_hash``
    the xxh3-128 of that file, ``raw_instances`` and its hash likewise of the instance mask;
    ``raw_nodata`` is the mask of where there is no data.
    ``raw_channels`` and ``raw_dtype`` are those of the decoded raw image, before any step.
    ``box_corners`` is flat: x1, y1, x2, y2, x1, ...
    """

    id: str
    parent: str
    tile: tuple[int, ...]
    copy: int
    shard: int
    image_offset: int
    height: int
    width: int
    channels: int
    dtype: str
    image_hash: str
    mask_offset: int
    mask_hash: str
    dataset: str
    files: tuple[str, ...]
    is_embedded: bool
    sha256: str
    window: tuple[int, ...]
    window_hash: str
    raw_mask: str | None
    raw_mask_hash: str
    raw_nodata: str | None
    raw_channels: int
    raw_dtype: str
    group: str | None
    labels: tuple[str, ...]
    count_names: tuple[str, ...]
    count_values: tuple[int, ...]
    box_names: tuple[str, ...]
    box_corners: tuple[float, ...]
    box_annotations: tuple[int, ...]
    has_labels: bool
    has_counts: bool
    has_boxes: bool
    has_mask: bool
    raw_instances: str | None = None
    raw_instances_hash: str = ""
    instances_offset: int = NOWHERE
    instances_hash: str = ""

    def boxes(self) -> Boxes:
        """Return the boxes of this row."""
        corners = np.array(self.box_corners, np.float64).reshape(-1, 4)
        return Boxes(self.box_names, corners, np.array(self.box_annotations, np.int32))

    def holding(self, sample: Sample, frames: Mapping[str, Frame]) -> "Row":
        """Return this row for what a step made of it and where the store's writer put that.

        Args:
            sample: what it made.
            frames: where its image lies, and its masks if it has any, by kind.
        """
        image, mask, instances = frames["images"], frames.get("masks"), frames.get("instances")
        height, width, channels = image.form.shape
        return msgspec.structs.replace(
            self,
            id=sample.id,
            copy=sample.copy,
            image_offset=image.offset,
            height=height,
            width=width,
            channels=channels,
            dtype=image.form.dtype,
            image_hash=image.hash,
            mask_offset=mask.offset if mask else NOWHERE,
            mask_hash=mask.hash if mask else "",
            instances_offset=instances.offset if instances else NOWHERE,
            instances_hash=instances.hash if instances else "",
            box_names=sample.boxes.names,
            box_corners=tuple(sample.boxes.corners.reshape(-1).tolist()),
            box_annotations=tuple(sample.boxes.annotations.tolist()),
        )


_ARROW = {
    **dict.fromkeys(
        ("id", "parent", "image_hash", "mask_hash", "raw_mask_hash", "dtype"), pa.string()
    ),
    **dict.fromkeys(("dataset", "sha256", "window_hash", "raw_mask", "group"), pa.string()),
    **dict.fromkeys(("raw_nodata", "raw_dtype"), pa.string()),
    **dict.fromkeys(("raw_instances", "raw_instances_hash", "instances_hash"), pa.string()),
    "raw_channels": pa.int32(),
    **dict.fromkeys(("copy", "shard", "height", "width", "channels"), pa.int32()),
    **dict.fromkeys(("image_offset", "mask_offset", "instances_offset"), pa.int64()),
    **dict.fromkeys(("files", "labels", "count_names", "box_names"), pa.list_(pa.string())),
    **dict.fromkeys(("tile", "window", "count_values"), pa.list_(pa.int32())),
    "box_annotations": pa.list_(pa.int32()),
    "box_corners": pa.list_(pa.float64()),
    **dict.fromkeys(("has_labels", "has_counts", "has_boxes", "has_mask"), pa.bool_()),
    "is_embedded": pa.bool_(),
}
INDEX_SCHEMA = pa.schema([(name, _ARROW[name]) for name in Row.__struct_fields__])
MADE = [
    *("id", "tile", "copy", "image_offset", "height", "width", "channels", "dtype", "image_hash"),
    *("mask_offset", "mask_hash", "instances_offset", "instances_hash"),
    *("box_names", "box_corners", "box_annotations"),
]
"""Columns that a step makes. All others travel along with the row that it read."""


def rows_of(table: pa.Table) -> list[Row]:
    """Return the rows of a part of an index."""
    columns = []
    for field in INDEX_SCHEMA:
        values = table[field.name].to_pylist()
        columns.append([tuple(one) for one in values] if pa.types.is_list(field.type) else values)
    return [Row(*values) for values in zip(*columns, strict=True)]


def table_of(rows: Sequence[Row], names: Sequence[str] = INDEX_SCHEMA.names) -> pa.Table:
    """Return the columns ``names`` of ``rows`` as a table, in their order."""
    schema = pa.schema([INDEX_SCHEMA.field(name) for name in names])
    columns = [column([getattr(row, field.name) for row in rows], field.type) for field in schema]
    return pa.Table.from_arrays(columns, schema=schema)


def with_columns(table: pa.Table, tabular: pa.Table) -> pa.Table:
    """Return an index with the user's own columns of ``tabular``, whose ``id`` is the parent's.

    Parents that are not there get nulls.
    """
    where = {sample: i for i, sample in enumerate(tabular["id"].to_pylist())}
    take = pa.array([where.get(id_) for id_ in table["parent"].to_pylist()], pa.int64())
    for name in tabular.column_names:
        if name != "id":
            table = table.append_column(name, tabular[name].take(take))
    return table


def in_order(table: pa.Table) -> pa.Array:
    """Return the positions of an index's rows as they are to stand, (n,): by shard, id, copy."""
    keys = [(name, "ascending") for name in ("shard", "id", "copy")]
    return pc.sort_indices(table, sort_keys=keys)
