"""COCO to metadata to COCO: nothing is lost, and others come out as COCO."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from Data_processing.__main__ import VERBS
from Datasets.command import main
from Datasets.regions import Region, compressed
from tests.Data_processing.convert.conftest import Bench
from tests.Data_processing.export.conftest import SQUARE, Made, export, real

CC33 = "format: coco, annotations: annotations/*.json, images: images/train2017"
COVID = "format: coco, annotations: annotations/*.json, images: images, on_bad: skip"
Document = dict[str, Any]


def one(**changed: object) -> dict[str, object]:
    return {"id": 2, "image_id": 2, "category_id": 7, "bbox": [3, 3, 4, 5], **changed}


def written() -> Document:
    document: Document = json.loads(Path("out").read_text())
    return document


def normal(document: Document) -> Document:
    """Return a document in the one form that export writes, as its help says."""
    sides = {one["id"]: (one["height"], one["width"]) for one in document["images"]}
    names = {one["id"]: one["file_name"] for one in document["images"]}
    annotations = [_annotation(one, *sides[one["image_id"]]) for one in document["annotations"]]
    return {
        **document,
        "images": sorted(document["images"], key=lambda one: str(one["file_name"])),
        "annotations": sorted(annotations, key=lambda one: (names[one["image_id"]], one["id"])),
    }


def _annotation(one: Mapping[str, Any], height: int, width: int) -> dict[str, Any]:
    region = one.get("segmentation") or []
    polygons, counts = region, None
    if isinstance(region, dict):
        polygons, counts = [], compressed(region["counts"], height, width)
        region = {"size": region["size"], "counts": counts}
    area = one.get("area")
    if area is None:
        area = one["bbox"][2] * one["bbox"][3]
        area = Region(polygons, counts, height, width).area if region else area
    more = {}
    if one.get("keypoints"):
        more["num_keypoints"] = sum(v > 0 for v in one["keypoints"][2::3])
    filled = {"segmentation": region, "area": area, "iscrowd": int(one.get("iscrowd") or 0)}
    return {**more, **one, **filled}


def test_every_key_comes_back(bench: Bench, two_images: Made) -> None:
    keypoints = [3, 3, 2, 0, 0, 0, 5, 4, 1]
    document: Document = two_images(
        one(segmentation=SQUARE, area=7.5, attributes={"hidden": [1, None]}, score=0.25),
        one(id=9, keypoints=keypoints, num_keypoints=2, bbox=[0.1, 0.2, 0.2, 0.7]),
        one(id=10, num_keypoints=0, segmentation={"size": [10, 20], "counts": [12, 3, 185]}),
        one(id=11, iscrowd=1, segmentation={"size": [10, 20], "counts": [12, 3, 185]}),
    )
    document["info"] = {"year": 2017, "nested": {"a": [1.5, "é"]}}
    document["licenses"] = [{"id": 4, "name": "CC", "url": ""}]
    document["mine"] = 2**80
    document["categories"][0] |= {"supercategory": "animal", "keypoints": ["nose"]}
    document["categories"].append({"id": 99, "name": "never seen"})
    document["images"][0] |= {"license": 4, "date_captured": None, "note": 10**400}
    bench.coco(json.dumps(document))
    bench.convert()
    assert export("coco") == 0
    assert written() == normal(document)


def test_what_convert_changed_is_written_as_it_is(bench: Bench, two_images: Made) -> None:
    document = two_images(one(bbox=[-0.5, 3, 4, 7.75]), one(id=3, bbox=[9, 9, -4, -4]))
    bench.coco(document)
    bench.convert("format: coco, labels: {map: {ant: emmet}}")
    export("coco")
    boxes = [each["bbox"] for each in written()["annotations"]]
    assert boxes == [[1, 2, 5, 4], [0, 3, 3.5, 7], [5, 5, 4, 4]]
    assert written()["categories"][2] == {"id": 8, "name": "emmet"}


def test_ids_of_images_may_be_text(bench: Bench, two_images: Made) -> None:
    document = two_images(one(image_id="b#2"))
    document["images"][1]["id"] = "b#2"
    bench.coco(document)
    bench.convert()
    export("coco")
    assert [each["id"] for each in written()["images"]] == [1, "b#2"]
    assert written()["annotations"][1]["image_id"] == "b#2"


def test_samples_of_several_bands_are_called_as_they_were(bench: Bench, two_images: Made) -> None:
    document: Document = two_images(one())
    for image, name in zip(document["images"], ("s/a", "s/b"), strict=True):
        image["file_name"] = name
        for band in ("B04", "B08"):
            path = bench.raw / f"{name}_{band}.tif"
            path.parent.mkdir(exist_ok=True)
            tifffile.imwrite(path, np.full((10, 20), 7, np.uint16))
    bench.coco(document)
    options = "format: coco, bands: {red: '*_B04.tif', nir: '*_B08.tif'}"
    bench.convert(options)
    assert export("coco") == 0
    made = written()
    assert [image["file_name"] for image in made["images"]] == ["s/a", "s/b"]
    before = [sample.image for sample in bench.samples()]
    bench.coco(Path("out").read_text())
    bench.convert(options)
    assert [sample.image for sample in bench.samples()] == before


def test_images_that_nobody_looked_at(bench: Bench, two_images: Made) -> None:
    document = two_images()
    del document["annotations"]
    bench.coco(document)
    bench.convert()
    export("coco")
    assert written() == document


def test_of_several_files_one_or_all(
    bench: Bench, two_images: Made, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = two_images(), two_images()
    first["images"].pop()
    second["images"].pop(0)
    second["annotations"] = [one(id=1)]
    bench.coco(first, "one.json")
    bench.coco(second, "two.json")
    bench.convert('format: coco, annotations: "*.json"')
    assert export("coco", "--of", "two.json") == 0
    assert written() == normal(second)
    assert export("coco", "--force") == 0
    assert [(each["id"], each["image_id"]) for each in written()["annotations"]] == [(1, 1), (2, 2)]
    assert [each["name"] for each in written()["categories"]] == ["ant", "cat"]
    assert export("coco", "--force", "--of", "tow.json") == 1
    assert "did you mean 'two.json'" in capsys.readouterr().err


def test_nothing_is_overwritten_unasked(
    bench: Bench, two_images: Made, capsys: pytest.CaptureFixture[str]
) -> None:
    assert export("coco") == 1
    assert "tiny is no metadata folder, nor a data set that" in capsys.readouterr().err
    bench.coco(two_images())
    bench.convert()
    Path("out").write_text("mine")
    assert export("coco") == 1
    assert "out exists already" in capsys.readouterr().err and Path("out").read_text() == "mine"
    assert export("coco", "--force") == 0
    assert capsys.readouterr().out == "out: 2 images, 1 annotation\n"


def test_class_folders_have_no_boxes_to_write(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    bench.image("cat/a.png")
    bench.convert("format: folders")
    for verb in ("coco", "yolo", "voc"):
        assert export(verb) == 1
        assert "tiny has no boxes: its annotations are of whole images" in capsys.readouterr().err
        assert not Path("out").exists()


def test_parts_of_a_raster_say_where_they_are(bench: Bench, two_images: Made) -> None:
    bench.coco(two_images(one(segmentation=SQUARE, bbox=[2, 2, 6, 4])))
    bench.convert("format: coco, samples: box")
    export("coco")
    images = written()["images"]
    assert [(each["file_name"], each["window"]) for each in images] == [
        ("a.png", [1, 2, 6, 6]),
        ("b.png", [2, 2, 8, 6]),
    ]
    last = written()["annotations"][1]
    assert (last["id"], last["image_id"], last["bbox"]) == (2, 2, [0, 0, 6, 4])
    assert last["segmentation"] == [[0, 0, 6, 0, 6, 4, 0, 4]]


text = st.text(st.characters(codec="utf-8"), max_size=5)
number = st.floats(allow_nan=False, allow_infinity=False)
scalar = st.one_of(st.none(), st.booleans(), st.integers(), number, text)
value = st.one_of(scalar, st.lists(scalar, max_size=3), st.dictionaries(text, scalar, max_size=3))
own = st.dictionaries(text.map("x".__add__), value, max_size=3)
low, wide = st.floats(0, 9), st.floats(0.01, 1)
bbox = st.tuples(low, low, wide, wide).map(list)
polygons = st.lists(st.lists(low, min_size=6, max_size=6), max_size=2)
runs = st.integers(0, 199).map(lambda n: {"size": [10, 20], "counts": [n, 1, 199 - n]})
annotation = st.builds(
    lambda known, more, points: {**more, **known, **points},
    st.fixed_dictionaries(
        {"category_id": st.sampled_from([3, 7]), "image_id": st.sampled_from([1, 2]), "bbox": bbox},
        optional={
            "iscrowd": st.sampled_from([0, 1]),
            "area": st.one_of(st.none(), st.floats(0, 1e9)),
            "segmentation": st.one_of(st.none(), polygons, runs),
        },
    ),
    own,
    st.one_of(
        st.just({}),
        st.tuples(low, low, st.sampled_from([0, 1, 2])).map(lambda p: {"keypoints": list(p)}),
    ),
)


@settings(max_examples=60)
@given(st.lists(annotation, max_size=4), own, own)
def test_no_document_loses_anything(
    annotations: list[dict[str, object]], image: dict[str, object], about: dict[str, object]
) -> None:
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        bench = Bench(Path(folder))
        frame = {"width": 20, "height": 10}
        document: Document = {
            **about,
            "images": [
                {**image, "id": number, "file_name": bench.image(name).name, **frame}
                for number, name in [(2, "b.png"), (1, "a.png")]
            ],
            "categories": [{"id": 7, "name": "ant", **image}, {"id": 3, "name": "cat"}],
            "annotations": [{**one, "id": i} for i, one in enumerate(annotations, 5)],
        }
        bench.coco(json.dumps(document))
        bench.convert()
        export("coco")
        assert written() == normal(document)


@pytest.mark.parametrize(
    ("folder", "file", "options", "count"),
    [
        ("coco_yolo_cc33", "instances_subset.json", CC33, 246),
        ("tab_covid", "imageannotation_ai_lung_bounding_boxes.json", COVID, 6),
    ],
)
def test_real_sets_come_back(
    bench: Bench, shared_data: Path, folder: str, file: str, options: str, count: int
) -> None:
    real(bench, shared_data / folder, options)
    export("coco")
    ours, path = written(), bench.raw / "annotations" / file
    theirs: Document = json.loads(path.read_text())
    there = {each["id"] for each in ours["images"]}  # most of tab_covid's files are not here
    theirs["images"] = [each for each in theirs["images"] if each["id"] in there]
    theirs["annotations"] = [each for each in theirs["annotations"] if each["image_id"] in there]
    theirs = normal(theirs)  # COCOeval needs keys that tab_covid has not
    assert ours == theirs and len(ours["annotations"]) == count
    Path("theirs").write_text(json.dumps(theirs))
    before, after = COCO("theirs"), COCO("out")
    assert precision(before, after, "bbox") == 1.0
    if folder == "coco_yolo_cc33":
        assert precision(before, after, "segm") == 1.0


def precision(truth: COCO, ours: COCO, kind: str) -> float:
    """Return the AP over all areas of ours, taken as detections, crowds aside."""
    found = []
    for each in ours.loadAnns(ours.getAnnIds(iscrowd=0)):
        shape = {"bbox": each["bbox"]}
        if kind == "segm":
            shape = {"segmentation": ours.annToRLE(each)}
        base = {"image_id": each["image_id"], "category_id": each["category_id"]}
        found.append({**base, **shape, "score": 1.0})
    evaluation = COCOeval(truth, truth.loadRes(found), kind)
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    return float(evaluation.stats[0])


def test_help_names_what_is_filled_in(
    bench: Bench, two_images: Made, capsys: pytest.CaptureFixture[str]
) -> None:
    bare = {"id": 1, "image_id": 1, "category_id": 3, "keypoints": [3, 3, 2, 5, 4, 1]}
    document: Document = {**two_images(), "annotations": [bare]}
    document["images"] = [{"id": 1, "file_name": "a.png"}]
    bench.coco(document)
    bench.convert()
    export("coco")
    (image,), (annotation,) = written()["images"], written()["annotations"]
    filled = {*image} - {*document["images"][0]} | {*annotation} - {*bare}
    assert annotation["num_keypoints"] == 2
    capsys.readouterr()
    with pytest.raises(SystemExit):
        main("Data_processing", VERBS, ["export-coco", "--help"])
    told = capsys.readouterr().out.partition("are filled in")[0].rpartition("compressed;")[2]
    assert set(re.findall(r"``(\w+)``", told)) - {"keypoints"} == filled
