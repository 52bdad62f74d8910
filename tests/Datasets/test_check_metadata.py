"""``check`` finds what is wrong in a metadata folder, by file and line."""

import argparse
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import pytest

from Datasets import check_metadata
from Datasets.errors import StoreError
from Datasets.image import encode_png
from Datasets.metadata import Annotated, Box, ImageMetadata, SampleRow
from Datasets.metadata_writer import MetadataWriter

Change = Callable[[Annotated], Annotated]


def sound(name: str) -> Annotated:
    boxes = (Box("cat", 0, 3, 0, 4), Box("ant", 1, 2, 1, 2))
    counts = ({"ant": 1}, {"cat": 1})
    image = ImageMetadata(name, ("ant", "cat"), counts, boxes, f"masks/{name}.png")
    row = SampleRow(
        f"s/{name}", name, "0" * 64, 3, 4, 3, "uint8", 1, None, "x.json#1", True, True, True, True,
        (1, 2), (False, False), (12.0, 1.0), ((), ()), ("0<", None), ((), ()), (None, None),
    )  # fmt: skip
    return Annotated(image, row)


def line(**changed: object) -> Change:
    return lambda s: Annotated(msgspec.structs.replace(s.image, **changed), s.row)


def row(**changed: object) -> Change:
    return lambda s: Annotated(s.image, msgspec.structs.replace(s.row, **changed))


def write(folder: Path, *samples: Annotated, mask: np.ndarray | None = None) -> Path:
    (folder / "masks").mkdir(parents=True)
    pixels = np.array([[0, 1, 2]] * 3 + [[255, 0, 0]], np.uint8) if mask is None else mask
    with MetadataWriter(folder) as writer:
        for sample in samples:
            writer.add(sample.image, sample.row)
            (folder / f"masks/{sample.row.image}.png").write_bytes(encode_png(pixels))
        writer.close(("ant", "cat"))
    return folder


def check(folder: Path) -> None:
    parser = argparse.ArgumentParser()
    check_metadata.arguments(parser)
    check_metadata.run(parser.parse_args([str(folder)]))


def problems(folder: Path) -> str:
    with pytest.raises(StoreError) as caught:
        check(folder)
    return str(caught.value)


def test_a_sound_folder_passes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    empty = Annotated(ImageMetadata("b"), msgspec.structs.replace(
        sound("b").row, annotation_ids=(), iscrowd=(), areas=(), polygons=(), rles=(), keypoints=(),
        extras=(),
    ))  # fmt: skip
    folder = write(tmp_path / "m", sound("a"), empty)
    (folder / "masks/b.png").unlink()
    check(folder)
    assert capsys.readouterr().out == f"{folder}: 2 images, 2 boxes: nothing wrong\n"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (line(bounding_boxes=(Box("cat", 0, 9, 0, 4), Box("ant", 1, 2, 1, 2))), "leaves the image"),
        (line(bounding_boxes=(Box("cat", 3, 0, 0, 4), Box("ant", 1, 2, 1, 2))), "reversed"),
        (line(bounding_boxes=(Box("cat", 0, 3, 0, 4),)), "1 boxes, but 2 entries of areas"),
        (line(labels=("ant", "dog")), "the class 'dog' is not in classes.json"),
        (line(labels="ant"), "lack a class that has a box"),
        (line(counts={"cat": 2}), "differ from the boxes'"),
        (line(labels=("ant", "cat", "cat")), "occurs twice"),
        (line(segmentation_mask="masks/none.png"), "the mask cannot be read"),
        (line(segmentation_mask="../a.png"), "must lie in masks/"),
        (line(segmentation_mask=None), "there are boxes, but no mask"),
        (row(has_mask=False), "but has_mask is false"),
        (row(has_boxes=False), "there are boxes, but has_boxes is false"),
        (row(height=5), "the mask has shape (4, 3), the image (5, 3)"),
        (row(id="s/other"), "does not end with the image's path"),
        (row(rles=("03", None)), "do not sum to the image's pixels"),
        (row(rles=("o", None)), "run lengths end in the middle"),
        (row(keypoints=()), "2 boxes, but 0 entries of keypoints"),
        (row(instance_mask="masks/b.png"), "must lie in instances/"),
        (row(nodata_mask="nodata/none.png"), "the mask cannot be read"),
        (row(is_embedded=True, files=("images/b.png",)), "is missing"),
    ],
)
def test_each_problem_is_named_with_its_line(tmp_path: Path, change: Change, says: str) -> None:
    text = problems(write(tmp_path / "m", sound("a"), change(sound("b"))))
    assert says in text and "metadata.jsonl:2: " in text and "metadata.jsonl:1: " not in text


NAN, INF = float("nan"), float("inf")
SQUARE = (0.0, 0.0, 3.0, 0.0, 3.0, 4.0)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"polygons": (((1.0, 2.0, 3.0),), ())}, "polygons, box 1: (1.0, 2.0, 3.0) are not x, y"),
        ({"polygons": ((), ((*SQUARE, 1.0),))}, "polygons, box 2: (0.0, 0.0, 3.0, 0.0, 3.0, 4.0,"),
        ({"polygons": (((NAN, *SQUARE[1:]),), ())}, "polygons, box 1: nan is no coordinate in"),
        ({"polygons": (((*SQUARE[:5], NAN),), ())}, "polygons, box 1: nan is no coordinate in"),
        ({"polygons": (((*SQUARE[:5], -INF),), ())}, "polygons, box 1: -inf is no coordinate"),
        ({"polygons": (((1e12, *SQUARE[1:]),), ())}, "1e+12 is no coordinate in the image of 3 x"),
        ({"polygons": (((*SQUARE[:5], 5.5),), ())}, "5.5 is no coordinate in the image of 3 x 4"),
        ({"polygons": (((-1.5, *SQUARE[1:]),), ())}, "polygons, box 1: -1.5 is no coordinate"),
        ({"areas": (12.0, INF)}, "areas, box 2: inf is no finite number"),
        ({"areas": (NAN, None)}, "areas, box 1: nan is no finite number"),
        ({"keypoints": ((1.0, 2.0), ())}, "keypoints, box 1: (1.0, 2.0) are not x, y, v each"),
        ({"keypoints": ((), (1.0, NAN, 0.0))}, "keypoints, box 2: (1.0, nan, 0.0) are not all"),
        ({"keypoints": ((1.0, 9.0, 2.0), ())}, "keypoints, box 1: 9 is no coordinate in the im"),
        ({"extras": ("{bad", None)}, "extras, box 1: '{bad' is no JSON object"),
        ({"extras": (None, "[1]")}, "extras, box 2: '[1]' is no JSON object"),
        ({"extras": (None, '{"a":' + "[" * 9999)}, "is no JSON object"),
        ({"image_extras": '{"a":NaN}'}, "image_extras must be a JSON object, is '{\"a\":NaN}'"),
        ({"files": ("../../x",)}, "files must be paths below the raw folder, is ('../../x',)"),
        ({"files": ("/etc/passwd",)}, "files must be paths below the raw folder"),
        ({"files": ("a", "")}, "files must be paths below the raw folder"),
        ({"files": ("a\0",)}, "files must be paths below the raw folder"),
        ({"is_embedded": True}, "files must name a file, is ()"),
        ({"is_embedded": True, "files": ("../b",)}, "files must be paths below"),
        ({"window": (0, 0, 3, 4)}, "files must name a file, is ()"),
        ({"window": (0, 0, 9), "files": ("b",)}, "window must be x1, y1, x2, y2"),
        ({"window": (0, 0, 4, 4), "files": ("b",)}, "window must be x1, y1, x2, y2"),
        ({"window_hash": "x"}, "window_hash must be 32 hexadecimal digits, is 'x'"),
        ({"dtype": "int7"}, "dtype must be one of uint8, uint16, float32, is 'int7'"),
        ({"channels": 0}, "channels must be from 1 to 16, is 0"),
        ({"orientation": 9}, "orientation must be from 1 to 8, is 9"),
        ({"sha256": "x"}, "sha256 must be 64 hexadecimal digits, is 'x'"),
        ({"width": -3}, "width must be above 0, is -3"),
    ],
)
def test_every_field_of_a_row_is_looked_at(
    tmp_path: Path, changed: dict[str, object], says: str
) -> None:
    text = problems(write(tmp_path / "m", sound("a"), row(**changed)(sound("b"))))
    assert f"metadata.jsonl:2: b: {says}" in text or ("b: " in text and says in text)
    assert "metadata.jsonl:1: " not in text


@pytest.mark.parametrize("name", ["", ".", "masks\0", "/masks/b.png", "x/../masks/b.png"])
def test_no_name_of_a_mask_breaks_the_check(tmp_path: Path, name: str) -> None:
    changed = line(segmentation_mask=name)(sound("b"))
    assert "must lie in masks/" in problems(write(tmp_path / "m", sound("a"), changed))


def test_what_is_drawn_may_leave_the_image_by_a_pixel_and_a_window_by_more(tmp_path: Path) -> None:
    drawn = row(
        polygons=(((-1.0, 0.0, 4.0, 0.0, 3.0, 5.0),), ()),
        keypoints=((4.0, 5.0, 2.0, 99.0, 99.0, 0.0), ()),
        areas=(None, 1.0),
        extras=('{"a": [1e3, null]}', None),
    )
    check(write(tmp_path / "m", drawn(sound("a"))))
    part = row(
        window=(5, 5, 8, 9), files=("a",), polygons=(((-9.0, 0.0, 40.0, 0.0, 3.0, 5.0),), ())
    )
    check(write(tmp_path / "n", part(sound("a#1"))))


def test_a_data_set_may_be_named_in_place_of_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path / "Datasets/metadata/s", sound("a.png"))
    monkeypatch.chdir(tmp_path)
    check_metadata.run(argparse.Namespace(folder=Path("s")))
    assert "1 images, 2 boxes: nothing wrong" in capsys.readouterr().out
    with pytest.raises(StoreError, match="x is no metadata folder, nor a data set that was conv"):
        check_metadata.run(argparse.Namespace(folder=Path("x")))


def test_ids_must_be_sorted_and_occur_once(tmp_path: Path) -> None:
    assert "ids must be sorted" in problems(write(tmp_path / "1", sound("b"), sound("a")))
    text = problems(write(tmp_path / "2", sound("a"), sound("a")))
    assert "occur once" in text and "belongs to an image before it" in text


@pytest.mark.parametrize(
    ("mask", "says"),
    [
        (np.full((4, 3), 3, np.uint8), "the mask holds 3, but only 0 to 2 mean something"),
        (np.zeros((4, 3, 3), np.uint8), "must have one channel"),
        (np.zeros((3, 4), np.uint8), "the mask has shape (3, 4)"),
    ],
)
def test_masks_are_looked_into(tmp_path: Path, mask: np.ndarray, says: str) -> None:
    assert says in problems(write(tmp_path / "m", sound("a"), mask=mask))


def test_instances_and_nodata_are_looked_into_too(tmp_path: Path) -> None:
    drawn = row(instance_mask="instances/a.png", nodata_mask="nodata/a.png")(sound("a"))
    folder = write(tmp_path / "m", drawn)
    for name, pixels in (
        ("instances", np.full((4, 3), 2, np.uint16)),
        ("nodata", np.zeros((4, 3), np.uint8)),
    ):
        (folder / name).mkdir()
        (folder / name / "a.png").write_bytes(encode_png(pixels))
    check(folder)
    (folder / "instances/a.png").write_bytes(encode_png(np.full((4, 3), 3, np.uint16)))
    assert "the mask holds 3, but only 0 to 2 mean something" in problems(folder)
    (folder / "instances/a.png").write_bytes(encode_png(np.zeros((4, 3), np.uint8)))
    assert "must have one channel of uint16" in problems(folder)


def test_parts_of_a_raster_are_sorted_by_number(tmp_path: Path) -> None:
    parts = [row(window=(0, 0, 3, 4), files=("a",))(sound(f"a#{part}")) for part in (2, 10)]
    check(write(tmp_path / "1", *parts, sound("b")))
    bands = [row(files=("1", "2"))(sound(f"{name}#bands")) for name in ("a", "a b")]
    check(write(tmp_path / "3", *bands))
    assert "comes too late" in problems(write(tmp_path / "2", *reversed(parts)))


def test_a_mask_without_image_is_found(tmp_path: Path) -> None:
    folder = write(tmp_path / "m", sound("a"))
    (folder / "masks/left.png").write_bytes(b"")
    assert "masks/left.png: no image has this mask" in problems(folder)


def test_ten_are_shown_and_all_are_counted(tmp_path: Path) -> None:
    wrong = [line(labels=("ant", "cat", "dog"))(sound(f"{i:02d}")) for i in range(25)]
    text = problems(write(tmp_path / "m", *wrong))
    assert "25 problems" in text and "and 15 more" in text and len(text.splitlines()) == 12


def test_files_that_are_broken_or_missing(tmp_path: Path) -> None:
    folder = write(tmp_path / "m", sound("a"), sound("b"))
    lines = (folder / "metadata.jsonl").read_bytes()
    (folder / "metadata.jsonl").write_bytes(lines.split(b"\n")[0] + b"\n{}\n")
    assert "metadata.jsonl:2: not of the format" in problems(folder)
    (folder / "metadata.jsonl").write_bytes(lines.split(b"\n")[0] + b"\n")
    assert "different numbers of images" in problems(folder)
    (folder / "metadata.jsonl").write_bytes(lines)
    (folder / "samples.parquet").write_bytes(b"PAR1 no")
    assert "samples.parquet cannot be read" in problems(folder)
    (folder / "classes.json").write_text('["cat", "ant"]')
    assert "names must be sorted" in problems(folder)
    (folder / "classes.json").unlink()
    assert "classes.json is missing" in problems(folder)
