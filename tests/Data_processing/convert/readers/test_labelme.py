"""LabelMe: its shapes, its flags, its paths, and images that stand in the file."""

import base64
import hashlib
import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from Datasets.image import Colour, decode
from Datasets.metadata import Annotated
from Datasets.regions import Region
from tests.Data_processing.convert.conftest import Bench

OPTIONS = "format: labelme, on_bad: skip"


def _shape(kind: str, points: list[list[float]], label: object = "cat", **more: object) -> object:
    return {"label": label, "points": points, "shape_type": kind, "flags": {}, **more}


def _write(bench: Bench, name: str, *shapes: object, **keys: object) -> None:
    image = name.rpartition("/")[2].replace(".json", ".png")
    sound: dict[str, object] = {
        "version": "5.5.0",
        "flags": {},
        "shapes": shapes,
        "imagePath": image,
        "imageData": None,
        "imageHeight": 10,
        "imageWidth": 20,
    }
    path = bench.raw / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({**sound, **keys}), encoding="utf-8")


def _png(pixels: np.ndarray) -> str:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="PNG")
    return base64.b64encode(buffer.getvalue()).decode()


def _corners(sample: Annotated) -> list[tuple[float, float, float, float]]:
    return [(box.x1, box.y1, box.x2, box.y2) for box in sample.image.bounding_boxes]


@pytest.fixture
def mask() -> str:
    """Return a mask of 3 x 2 pixels, the middle of its upper row empty."""
    return _png(np.array([[1, 0, 1], [1, 1, 1]], np.uint8))


def test_each_shape_has_its_box(bench: Bench, mask: str) -> None:
    bench.image("a.png")
    _write(
        bench,
        "a.json",
        _shape("polygon", [[1, 1], [5, 1], [5, 4]]),
        _shape("rectangle", [[8, 6], [3, 2]]),
        _shape("rectangle", [[3, 2], [8, 2], [8, 6], [3, 6]]),
        _shape("circle", [[10, 5], [13, 9]]),  # 3, 4, 5
        _shape("line", [[1, 1], [4, 3]]),
        _shape("linestrip", [[1, 1], [4, 3], [2, 8]]),
        _shape("point", [[7.5, 2.5]]),
        _shape("points", [[1, 1], [2, 2]]),
        _shape("mask", [[4.7, 1.2], [6.7, 2.2]], mask=mask),
        _shape("oriented_rectangle", [[5, 1], [8, 4], [6, 6], [3, 3]]),
    )
    summary = bench.convert(OPTIONS)
    assert summary.startswith("1 image and 10 annotations in, 1 and 10 out; 1 class")
    (sample,) = bench.samples()
    assert _corners(sample) == [
        (1, 1, 5, 4),
        (3, 2, 8, 6),
        (3, 2, 8, 6),
        (5, 0, 15, 10),
        (1, 1, 4, 3),
        (1, 1, 4, 8),
        (7, 2, 8, 3),
        (1, 1, 2, 2),
        (4, 1, 7, 3),
        (3, 1, 8, 6),
    ]
    row = sample.row
    assert [len(each) for each in row.polygons] == [1, 0, 0, 1, 0, 0, 0, 0, 0, 1]
    assert row.keypoints[6] == (7.5, 2.5, 2.0)
    assert row.extras == (
        None,
        None,
        None,
        '{"circle":[10.0,5.0,5.0]}',
        '{"shape":"line"}',
        '{"shape":"linestrip"}',
        '{"shape":"point"}',
        '{"shape":"points"}',
        None,
        '{"shape":"oriented_rectangle"}',
    )
    drawn = Region((), row.rles[8], 10, 20).pixels()
    assert np.argwhere(drawn).tolist() == [[1, 4], [1, 6], [2, 4], [2, 5], [2, 6]]


def test_what_a_shape_says_beside_goes_to_its_extras(bench: Bench) -> None:
    bench.image("a.png")
    more = {"group_id": 3, "description": "läuft", "flags": {"hidden": False}, "difficult": True}
    _write(bench, "a.json", _shape("rectangle", [[1, 1], [5, 5]], **more))
    bench.convert(OPTIONS)
    (extras,) = bench.samples()[0].row.extras
    assert (
        extras == '{"description":"läuft","difficult":true,"flags":{"hidden":false},"group_id":3}'
    )


def test_flags_are_labels_where_nothing_is_drawn_and_extras_elsewhere(bench: Bench) -> None:
    flags = {"blurred": True, "dark": False}
    for name in "abc":
        bench.image(f"{name}.png")
    _write(bench, "a.json", flags=flags)
    _write(bench, "b.json", _shape("rectangle", [[1, 1], [5, 5]]), flags=flags, camera="left")
    _write(bench, "c.json")
    bench.convert(OPTIONS)
    a, b, c = bench.samples()
    assert (a.image.labels, a.row.has_labels, a.row.has_boxes) == ("blurred", True, False)
    assert a.row.image_extras is None
    assert (b.image.labels, b.row.has_boxes) == ("cat", True)
    assert b.row.image_extras == '{"camera":"left","flags":{"blurred":true,"dark":false}}'
    assert (c.image.labels, c.row.has_labels, c.row.has_boxes) == ((), True, True)


def test_paths_of_windows_lead_to_a_folder_beside(bench: Bench) -> None:
    bench.image("images/täg 1/a b.png")
    _write(bench, "labels/x.json", imagePath="..\\images\\täg 1\\a b.png")
    bench.convert(OPTIONS)
    assert [sample.image.image for sample in bench.samples()] == ["images/täg 1/a b.png"]


def test_names_are_below_the_folder_that_was_named(bench: Bench) -> None:
    bench.image("images/a.png")
    _write(bench, "labels/a.json")
    bench.convert(f"{OPTIONS}, images: images")
    assert [sample.image.image for sample in bench.samples()] == ["images/a.png"]


def test_an_image_in_the_file_is_used_where_none_lies_beside(bench: Bench) -> None:
    pixels = np.full((10, 20, 3), 70, np.uint8)
    bench.image("b.png")
    _write(bench, "sub/a.json", _shape("rectangle", [[1, 1], [5, 5]]), imageData=_png(pixels))
    _write(bench, "b.json", imageData=_png(pixels))
    bench.convert(OPTIONS)
    b, a = bench.samples()
    assert (b.row.is_embedded, a.row.is_embedded) == (False, True)
    assert (a.image.image, a.row.width, a.row.height) == ("sub/a.png", 20, 10)


def test_another_images_path_is_not_taken_for_the_one_in_the_file(bench: Bench) -> None:
    bench.image("a.png", level=90)
    _write(bench, "a.json", imagePath="a.json", imageData=_png(np.zeros((10, 20, 3), np.uint8)))
    bench.image("b.png")
    _write(bench, "b.json")
    assert bench.convert(OPTIONS).startswith("2 images in, 1 out, 1 rejected")
    assert "the image that it holds is not a.png; correct imagePath" in bench.reasons()[0]


def test_what_no_file_names_and_other_tools_files_are_left_out(bench: Bench) -> None:
    bench.image("a.png")
    bench.image("b.png")
    _write(bench, "a.json")
    bench.coco({"images": []}, "coco.json")
    summary = bench.convert(OPTIONS)
    assert "1 left out: an image that no annotation names" in summary
    assert "1 left out: a file that is not of LabelMe" in summary


def test_a_broken_shape_is_lost_alone(bench: Bench) -> None:
    bench.image("a.png")
    _write(bench, "a.json", _shape("heart", [[1, 1]]), _shape("rectangle", [[1, 1], [5, 5]]))
    summary = bench.convert(OPTIONS)
    assert summary.startswith("1 image and 2 annotations in, 1 and 1 out, 0 and 1 rejected")
    assert bench.samples()[0].row.annotation_ids == (2,)


def test_shapes_that_are_alike_are_each_on_their_line(bench: Bench) -> None:
    bench.image("a.png")
    broken = json.dumps(_shape("heart", [[1, 1]]))
    sound = json.dumps(_shape("rectangle", [[1, 1], [5, 5]]))
    _write(bench, "a.json", "SHAPES", earlier="EARLIER")
    text = json.loads((bench.raw / "a.json").read_text())
    head = json.dumps({"earlier": "EARLIER", **text})
    shapes = ",\n".join([broken, sound, broken])
    text = head.replace('"SHAPES"', f"\n{shapes}\n").replace('"EARLIER"', f"[{broken},\n{broken}]")
    (bench.raw / "a.json").write_text(text)
    bench.convert(OPTIONS)
    assert [reason.split(" ")[0] for reason in bench.reasons()] == ["a.json:3:", "a.json:5:"]


def test_of_two_images_the_one_on_the_disk_counts(bench: Bench) -> None:
    path = bench.image("a.png", level=90)
    other = _png(np.zeros((10, 20, 3), np.uint8))
    _write(bench, "a.json", _shape("rectangle", [[1, 1], [5, 5]]), imageData=other)
    bench.convert(OPTIONS)
    (sample,) = bench.samples()
    assert not sample.row.is_embedded
    assert sample.row.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_masks_for_an_image_of_other_sides_are_not_drawn(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[bytes] = []

    def counted(content: bytes, where: str, colour: Colour) -> np.ndarray:
        drawn.append(content)
        return decode(content, where, colour)

    monkeypatch.setattr("Data_processing.convert.readers.labelme_shapes.decode", counted)
    huge = _shape("mask", [[0, 0], [2999, 1999]], mask=_png(np.ones((2000, 3000), np.uint8)))
    sound = _shape("mask", [[0, 0], [19, 9]], mask=_png(np.ones((10, 20), np.uint8)))
    bench.image("a.png")
    _write(bench, "a.json", huge, huge, imageWidth=3000, imageHeight=2000)
    whole = _png(np.zeros((10, 20, 3), np.uint8))
    _write(bench, "b.json", huge, imageWidth=3000, imageHeight=2000, imageData=whole)
    _write(bench, "c.json", huge, imageWidth=3000, imageHeight=2000)  # there is no c.png
    bench.image("d.png")
    _write(bench, "d.json", sound)
    _write(bench, "e.json", sound, imageData=whole)
    summary = bench.convert(OPTIONS)
    assert summary.startswith("5 images and 6 annotations in, 2 and 2 out, 3 and 4 rejected")
    assert len(drawn) == 2
    assert "a.json says 3000 x 2000 pixels, the file has 20 x 10" in bench.reasons()[0]


def test_the_real_set(bench: Bench, shared_data: Path) -> None:
    """18 files, 72 shapes; the COCO file is another tool's, 31 images are copies for others."""
    bench.raw.rmdir()
    bench.raw.symlink_to(shared_data / "labelme_examples")
    summary = bench.convert("format: labelme")
    assert summary.startswith("18 images and 72 annotations in, 18 and 72 out; 21 classes")
    assert "31 left out: an image that no annotation names" in summary
    assert "1 left out: a file that is not of LabelMe" in summary
    samples = {sample.image.image: sample for sample in bench.samples()}
    rows = [sample.row for sample in samples.values()]
    polygons = sum(bool(each) for row in rows for each in row.polygons)
    extras = [one or "" for row in rows for one in row.extras]
    assert polygons == 56 + 1  # and the circle
    assert sum("circle" in one for one in extras) == 1
    assert sum(one == '{"group_id":0}' for one in extras) == 6
    shapes = sorted(one for one in extras if "shape" in one)
    assert shapes == ['{"shape":"line"}', '{"shape":"linestrip"}', '{"shape":"point"}']
    assert sum(rle is not None for row in rows for rle in row.rles) == 1
    assert sum(len(row.extras) for row in rows) == 72
    octagon = samples["primitives/primitives.jpg"]
    assert _corners(octagon)[-1] == (417, 305, 517, 405)
    by_flag = [samples[f"classification/data_annotated/000{i}.jpg"].image.labels for i in (1, 2)]
    assert by_flag == ["cat", "dog"]


def test_golden(bench: Bench, mask: str) -> None:
    for name in ("a.png", "c.png"):
        bench.image(name)
    _write(
        bench,
        "a.json",
        _shape("polygon", [[1, 1], [5, 1], [5, 4]], group_id=1),
        _shape("rectangle", [[8, 6], [3, 2]], "dog"),
        _shape("line", [[1, 1], [4, 3]]),
        _shape("mask", [[4, 1], [6, 2]], mask=mask),
    )
    _write(bench, "b.json", flags={"dark": True}, imageData=_png(np.zeros((10, 20), np.uint8)))
    _write(bench, "c.json", _shape("heart", [[1, 1]]), _shape("point", [[2, 2]], "dog"))
    bench.convert(OPTIONS)
    bench.golden("labelme")
