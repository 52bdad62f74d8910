"""What is annotated on a tile as a whole: its own counts, and the labels that follow from boxes."""

from collections import Counter

import pyarrow as pa

from Datasets.index import INDEX_SCHEMA


def with_own_counts(tiles: pa.Table, wholes: pa.Table) -> pa.Table:
    """Return an index of tiles whose counts and labels are their own.

    Where boxes are known, a tile's counts are those of its boxes; else nobody counted. Labels that
    are just the names of the whole image's boxes become those of the tile's; labels that say
    something else, or say it of an image without boxes, hold for every tile.

    Args:
        tiles: the index of the tiles, with the counts and labels of the wholes.
        wholes: the rows that each of them was cut out of.
    """
    names = ("labels", "has_boxes", "box_names")
    labels, counts, whole = [], [], zip(*(wholes[name].to_pylist() for name in names), strict=True)
    for (label, has_boxes, all_boxes), boxes in zip(
        whole, tiles["box_names"].to_pylist(), strict=True
    ):
        counts.append(dict(sorted(Counter(boxes).items())) if has_boxes else {})
        follows = has_boxes and all_boxes and set(label) == set(all_boxes)
        labels.append(sorted(set(boxes)) if follows else label)
    is_counted = wholes["has_boxes"]
    return _replaced(
        tiles,
        labels=labels,
        count_names=[list(one) for one in counts],
        count_values=[list(one.values()) for one in counts],
        has_counts=is_counted.to_pylist(),
    )


def _replaced(table: pa.Table, **columns: list[object]) -> pa.Table:
    for name, values in columns.items():
        array = pa.array(values, INDEX_SCHEMA.field(name).type)
        table = table.set_column(table.column_names.index(name), name, array)
    return table
