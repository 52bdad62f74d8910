"""The metadata folder: what is written is read back, and what does not fit is refused."""

from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from Datasets import metadata
from Datasets.errors import StoreError
from Datasets.metadata import Annotated, Box, ImageMetadata, SampleRow
from Datasets.metadata_writer import MetadataWriter

text = st.text(st.characters(codec="utf-8"), min_size=1, max_size=8)
number = st.floats(allow_nan=False, allow_infinity=False)
names = st.lists(text, max_size=3, unique=True)
labels = st.one_of(text, names.map(tuple))
one_count = st.dictionaries(text, st.integers(1, 9), min_size=1, max_size=1)
counts = st.one_of(one_count, st.lists(one_count, max_size=3).map(tuple))
box = st.builds(Box, text, number, number, number, number)
polygon = st.lists(number, max_size=6).map(tuple)
gap = st.none()
columns = st.fixed_dictionaries(
    {
        "size of it": st.one_of(gap, st.integers(-(2**60), 2**60)),
        "width": st.one_of(gap, number),
        "ä": st.one_of(gap, st.booleans()),
        "": st.one_of(gap, text),
    }
)
COLUMNS = pa.schema(
    [("size of it", pa.int64()), ("width", pa.float64()), ("ä", pa.bool_()), ("", pa.string())]
)


@st.composite
def samples(draw: st.DrawFn) -> Annotated:
    name = draw(text)
    boxes = tuple(draw(st.lists(box, max_size=3)))
    n = len(boxes)
    each = {
        "annotation_ids": st.integers(-(2**62), 2**62),
        "iscrowd": st.booleans(),
        "areas": st.one_of(gap, number),
        "polygons": st.lists(polygon, max_size=2).map(tuple),
        "rles": st.one_of(gap, text),
        "keypoints": polygon,
        "extras": st.one_of(gap, text),
    }
    lists = {k: tuple(draw(st.lists(v, min_size=n, max_size=n))) for k, v in each.items()}
    flags = {f"has_{what}": draw(st.booleans()) for what in ("labels", "counts", "boxes", "mask")}
    mask = draw(st.one_of(gap, text))
    fixed = {"width": 3, "height": 4, "channels": 1, "dtype": "uint8"}
    told = {
        "id": f"set/{name}",
        "image": name,
        "sha256": draw(text),
        "orientation": draw(st.integers(1, 8)),
        "group": draw(st.one_of(gap, text)),
        "source": draw(st.text(max_size=3).filter(str.isprintable)),
        "image_extras": draw(st.one_of(gap, text)),
        "files": tuple(draw(st.lists(text, max_size=2))),
        "is_embedded": draw(st.booleans()),
        "window": draw(st.one_of(st.just(()), st.tuples(*[st.integers(0, 2**31 - 1)] * 4))),
        "window_hash": draw(st.text(max_size=3).filter(str.isprintable)),
        "instance_mask": draw(st.one_of(gap, text)),
        "nodata_mask": draw(st.one_of(gap, text)),
        "columns": draw(columns),
    }
    row = msgspec.convert({**fixed, **told, **flags, **lists}, SampleRow)
    return Annotated(ImageMetadata(name, draw(labels), draw(counts), boxes, mask), row)


@settings(max_examples=60)
@given(st.lists(samples(), max_size=4), names, st.integers(1, 3))
def test_read_gives_back_what_was_written(
    written: list[Annotated], classes: list[str], batch: int
) -> None:
    with TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        patch.setattr(metadata, "BATCH_ROWS", batch)
        folder = Path(name)
        with MetadataWriter(folder, COLUMNS) as writer:
            for sample in written:
                writer.add(sample.image, sample.row)
            writer.close(tuple(classes))
        assert list(metadata.read(folder)) == written
        assert metadata.read_classes(folder) == tuple(classes)
        assert len(metadata.read_samples(folder)) == len(written)


def row_of(image: str) -> SampleRow:
    return SampleRow(
        f"s/{image}", image, "0" * 64, 1, 1, 3, "uint8", 1, None, "",
        False, False, False, False,
    )  # fmt: skip


def small(folder: Path, *images: str) -> None:
    with MetadataWriter(folder) as writer:
        for image in images:
            row = SampleRow(
                f"s/{image}",
                image,
                "0" * 64,
                1,
                1,
                3,
                "uint8",
                1,
                None,
                "",
                False,
                False,
                False,
                False,
            )
            writer.add(ImageMetadata(image), row)
        writer.close(())


def test_line_and_row_must_be_of_one_image(tmp_path: Path) -> None:
    row = row_of("a")
    with MetadataWriter(tmp_path) as writer, pytest.raises(StoreError, match="one image"):
        writer.add(ImageMetadata("b"), row)


def test_a_broken_line_is_named_by_file_and_line(tmp_path: Path) -> None:
    small(tmp_path, "a", "b")
    lines = (tmp_path / "metadata.jsonl").read_text().splitlines()
    for broken in ('{"image": "b", "labels": 3}', '{"image": "b", "label": []}', "{"):
        (tmp_path / "metadata.jsonl").write_text("\n".join([lines[0], broken, ""]))
        with pytest.raises(StoreError, match=r"metadata\.jsonl:2: .*run the stage convert"):
            list(metadata.read(tmp_path))


def test_files_that_part_ways_are_refused(tmp_path: Path) -> None:
    small(tmp_path, "a", "b")
    lines = (tmp_path / "metadata.jsonl").read_text().splitlines(keepends=True)
    for left in (lines[:1], lines[::-1], [*lines, lines[0]]):
        (tmp_path / "metadata.jsonl").write_text("".join(left))
        with pytest.raises(StoreError, match=r"part ways at image [123]"):
            list(metadata.read(tmp_path))


def test_both_ways_of_writing_labels_and_counts_mean_the_same() -> None:
    one = ImageMetadata("a", "car", {"car": 2})
    several = ImageMetadata("a", ("car", "bike"), ({"car": 2}, {"bike": 3}))
    assert one.label_names() == ("car",) and one.class_counts() == {"car": 2}
    assert several.label_names() == ("car", "bike")
    assert several.class_counts() == {"car": 2, "bike": 3}
    assert ImageMetadata("a").label_names() == () and ImageMetadata("a").class_counts() == {}
