"""Metadata as YOLO labels: read back they are the same boxes, and Ultralytics finds them."""

import json
from pathlib import Path

import numpy as np
import pytest
from pycocotools import mask as coco_mask

from Datasets.regions import Region
from tests.Data_processing.convert.conftest import Bench
from tests.Data_processing.export.conftest import (
    SQUARE,
    Made,
    again,
    assert_close,
    export,
    real,
)
from tests.Data_processing.export.test_export_coco import CC33, one


def lines(path: str) -> list[list[float]]:
    return [[float(word) for word in line.split()] for line in Path(path).read_text().splitlines()]


def test_boxes_as_shares_of_the_frame(
    bench: Bench, two_images: Made, capsys: pytest.CaptureFixture[str]
) -> None:
    crowd = {"size": [10, 20], "counts": [0, 200]}
    bench.coco(two_images(one(), one(id=3, segmentation=crowd, iscrowd=1, bbox=[0, 0, 20, 10])))
    bench.convert()
    assert export("yolo") == 0
    assert capsys.readouterr().out == (
        "out: 2 images, 2 annotations; crowd regions left out, as YOLO has none: 1\n"
    )
    assert lines("out/labels/a.txt") == [[1, 3.5 / 20, 0.4, 0.25, 0.4]]
    assert lines("out/labels/b.txt") == [[0, 0.25, 0.55, 0.2, 0.5]]
    assert Path("out/images.txt").read_text() == "./images/a.png\n./images/b.png\n"
    assert Path("out/images").resolve() == bench.raw
    assert Path("out/data.yaml").read_text().splitlines()[1:] == [
        "val: images.txt",
        "names:",
        '  0: "ant"',
        '  1: "cat"',
    ]


def test_labels_stand_where_ultralytics_looks_for_them(bench: Bench) -> None:
    names = ["images/x.png", "images/deep/images/y.png", "train/images/z.png", "w.png"]
    images = [
        {"id": i, "file_name": bench.image(name).relative_to(bench.raw).as_posix()}
        for i, name in enumerate(names)
    ]
    annotations = [one(id=i, image_id=i, category_id=1) for i in range(len(names))]
    categories = [{"id": 1, "name": "ant"}]
    bench.coco({"images": images, "annotations": annotations, "categories": categories})
    bench.convert()
    export("yolo")
    listed = Path("out/images.txt").read_text().splitlines()
    assert listed == [
        "./images/deep/images/y.png",
        "./2/images/x.png",
        "./train/images/z.png",
        "./3/images/w.png",
    ]
    for line in listed:
        image = Path("out", line)
        assert image.is_file()
        head, _, rest = image.as_posix().rpartition("/images/")
        assert Path(f"{head}/labels/{rest}").with_suffix(".txt").is_file()
    assert not list(bench.raw.rglob("*.txt"))


def test_images_that_would_share_a_label_file_are_named(
    bench: Bench, two_images: Made, capsys: pytest.CaptureFixture[str]
) -> None:
    document = two_images(one())
    bench.image("a.bmp")
    document["images"].append({"id": 3, "file_name": "a.bmp"})
    bench.coco(document)
    bench.convert()
    export("yolo")
    said = capsys.readouterr()
    assert "left out: a.bmp: another image has the same name" in said.err
    assert said.out.startswith("out: 1 image, 1 annotation; 2 samples left out: another image")


def test_segments_have_one_polygon_an_object(bench: Bench, two_images: Made) -> None:
    parts = [[0.0, 0, 4, 0, 4, 4, 0, 4], [6.0, 0, 8, 0, 8, 4, 6, 4]]
    pixels = np.zeros((10, 20), np.uint8)
    pixels[2:7, 3:9] = 1
    pixels[4, 5] = 0  # a hole
    pixels[7, 9] = 1  # touches at a corner
    runs = coco_mask.encode(np.asfortranarray(pixels))
    packed = {"size": [10, 20], "counts": runs["counts"].decode()}
    bench.coco(
        two_images(
            one(segmentation=SQUARE),
            one(id=3, segmentation=parts),
            one(id=4, segmentation=packed),
        )
    )
    bench.convert()
    assert export("yolo", "--segments") == 0
    box = np.array([[1, 2], [6, 2], [6, 6], [1, 6]]) / [20, 10]
    assert lines("out/labels/a.txt") == [[1, *box.ravel()]]
    square, joined, outline = lines("out/labels/b.txt")
    assert square == [0, *(np.reshape(SQUARE, (-1, 2)) / [20, 10]).ravel()]
    for row, expected in ((joined, drawn(parts)), (outline, pixels)):
        polygon = (np.reshape(row[1:], (-1, 2)) * [20, 10]).ravel().tolist()
        np.testing.assert_array_equal(drawn([polygon]), expected)


def test_run_lengths_of_nothing_become_the_box(bench: Bench, two_images: Made) -> None:
    bench.coco(two_images(one(segmentation={"size": [10, 20], "counts": [200]})))
    bench.convert()
    export("yolo", "--segments")
    box = np.array([[3, 3], [7, 3], [7, 8], [3, 8]]) / [20, 10]
    assert lines("out/labels/b.txt") == [[0, *box.ravel()]]


def drawn(polygons: list[list[float]]) -> np.ndarray:
    return Region(polygons, None, 10, 20).pixels()


@pytest.mark.parametrize("options", [(), ("--segments",)])
def test_the_real_set_reads_back(
    bench: Bench,
    shared_data: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: tuple[str, ...],
) -> None:
    real(bench, shared_data / "coco_yolo_cc33", CC33)
    assert export("yolo", *options) == 0
    second = again(bench, monkeypatch)
    summary = second.convert("format: yolo")
    assert summary.startswith("33 images and 243 annotations in, 33 and 243 out")
    if not options:
        monkeypatch.chdir(bench.folder)
        assert_close(bench, second)


def test_names_with_quotes_blanks_and_colons(
    bench: Bench, two_images: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = two_images(one())
    document["categories"][1]["name"] = "a: 'b' \"c\" \\ é #1"
    bench.coco(json.dumps(document))
    bench.convert()
    export("yolo")
    second = again(bench, monkeypatch)
    second.convert("format: yolo")
    assert_close(bench, second)
