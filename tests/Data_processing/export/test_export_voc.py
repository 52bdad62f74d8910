"""Metadata as Pascal VOC: read back they are the same boxes."""

import shutil
from pathlib import Path
from xml.etree.ElementTree import Element

import pytest
from defusedxml import ElementTree

from tests.Data_processing.convert.conftest import Bench
from tests.Data_processing.export.conftest import SQUARE, Made, again, assert_close, export, real
from tests.Data_processing.export.test_export_coco import CC33, one

CORNERS = ("xmin", "ymin", "xmax", "ymax")


def root_of(path: str) -> Element:
    root = ElementTree.parse(path).getroot()
    assert root is not None
    return root


def box(path: str) -> list[str | None]:
    return [root_of(path).findtext(f"object/bndbox/{side}") for side in CORNERS]


def test_corners_as_they_stand_or_from_one(
    bench: Bench, two_images: Made, capsys: pytest.CaptureFixture[str]
) -> None:
    crowd = {"size": [10, 20], "counts": [0, 200]}
    bench.coco(
        two_images(
            one(segmentation=SQUARE, bbox=[2.25, 2, 6, 4], difficult=1, mood="good"),
            one(id=3, segmentation=crowd, iscrowd=1, bbox=[0, 0, 20, 10]),
        )
    )
    bench.convert()
    assert export("voc") == 0
    assert capsys.readouterr().out == (
        "out: 2 images, 2 annotations; crowd regions left out, as VOC has none: 1; "
        "objects without what else is said of them: 1; regions written as boxes: 1\n"
    )
    assert box("out/Annotations/a.xml") == ["1", "2", "6", "6"]
    assert box("out/Annotations/b.xml") == ["2.25", "2", "8.25", "6"]
    root = root_of("out/Annotations/b.xml")
    assert root.findtext("filename") == "b.png"
    assert [root.findtext(f"size/{side}") for side in ("width", "height", "depth")] == [
        "20",
        "10",
        "3",
    ]
    assert root.findtext("object/difficult") == "1" and root.findtext("object/truncated") == "0"
    shutil.rmtree("out")
    export("voc", "--origin", "1", "--whole")
    assert box("out/Annotations/a.xml") == ["2", "3", "6", "6"]
    assert box("out/Annotations/b.xml") == ["3", "3", "9", "6"]
    assert "boxes rounded outwards: 1" in capsys.readouterr().out


def test_a_folder_is_never_replaced(bench: Bench, two_images: Made) -> None:
    """Not even by --force, which is for files: whatever lies in it would be lost."""
    bench.coco(two_images())
    bench.convert()
    Path("out").mkdir()
    Path("out/mine.txt").write_text("mine")
    for verb, *options in (("voc",), ("yolo",), ("coco",), ("coco", "--force")):
        assert export(verb, *options) == 1
    assert [path.name for path in Path("out").iterdir()] == ["mine.txt"]


def test_names_are_escaped(bench: Bench, two_images: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    document = two_images(one())
    document["categories"][1]["name"] = "<a> & 'b' ]]> é"
    document["images"][1]["file_name"] = bench.image("b & <c>.png").name
    bench.coco(document)
    bench.convert()
    export("voc")
    for path in bench.raw.glob("*.json"):
        path.unlink()
    (bench.raw / "pictures").mkdir()
    for path in bench.raw.glob("*.png"):
        path.rename(bench.raw / "pictures" / path.name)
    second = again(bench, monkeypatch, "pictures")
    second.convert("format: voc")
    monkeypatch.chdir(bench.folder)
    assert "<a> & 'b' ]]> é" in [
        name for sample in second.samples() for name in sample.image.label_names()
    ]


@pytest.mark.parametrize("origin", ["0", "1"])
def test_the_real_set_reads_back(
    bench: Bench, shared_data: Path, monkeypatch: pytest.MonkeyPatch, origin: str
) -> None:
    real(bench, shared_data / "coco_yolo_cc33", CC33)
    assert export("voc", "--origin", origin) == 0
    second = again(bench, monkeypatch, "images/train2017")
    summary = second.convert(f"format: voc, origin: {origin}")
    assert summary.startswith("33 images and 243 annotations in, 33 and 243 out")
    monkeypatch.chdir(bench.folder)
    assert_close(bench, second)
