"""COCO into the metadata format: what comes out, and what is said of what cannot."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pycocotools import mask as coco_mask

from Datasets.errors import AnnotationError, ParamsError, RejectedError
from Datasets.image import decode
from Datasets.metadata import Box, read_classes
from tests.Data_processing.convert.conftest import Bench, Coco

Made = Callable[..., Coco]
SKIP = "format: coco, on_bad: skip"
SQUARE = [[2.0, 2.0, 8.0, 2.0, 8.0, 6.0, 2.0, 6.0]]


def one(**changed: object) -> dict[str, object]:
    return {"id": 2, "image_id": 2, "category_id": 7, "bbox": [3, 3, 4, 5], **changed}


def test_boxes_labels_and_counts_come_over(bench: Bench, two_images: Made) -> None:
    more = [one(), one(id=9, category_id=3), one(id=5, category_id=3, bbox=[0, 0, 20, 10])]
    bench.coco(two_images(*more))
    summary = bench.convert()
    assert summary == "2 images and 4 annotations in, 2 and 4 out; 2 classes"
    first, second = bench.samples()
    assert first.image.labels == "cat" and first.image.counts == {"cat": 1}
    assert first.image.bounding_boxes == (Box("cat", 1.0, 6.0, 2.0, 6.0),)
    assert second.image.labels == ("ant", "cat")
    assert second.image.counts == ({"ant": 1}, {"cat": 2})
    assert second.row.annotation_ids == (2, 5, 9)
    assert second.row.id == "tiny/b.png" and second.row.source == "annotations.json#2"
    assert read_classes(bench.metadata) == ("ant", "cat")


def test_an_image_without_annotations_was_looked_at(bench: Bench, two_images: Made) -> None:
    bench.coco(two_images())
    bench.convert()
    image, row = bench.samples()[1].image, bench.samples()[1].row
    assert (image.labels, image.counts, image.bounding_boxes) == ((), (), ())
    assert image.segmentation_mask is None
    assert row.has_labels and row.has_counts and row.has_boxes


def test_a_file_without_annotations_says_that_nobody_looked(bench: Bench, two_images: Made) -> None:
    document = two_images()
    del document["annotations"]
    bench.coco(document)
    assert bench.convert() == "2 images in, 2 out; no labels"
    assert not any(s.row.has_labels or s.row.has_boxes for s in bench.samples())


def test_masks_are_drawn_small_on_top_and_crowds_ignored(bench: Bench, two_images: Made) -> None:
    crowd = coco_mask.encode(np.asfortranarray(np.ones((10, 20), np.uint8)))
    packed = {"size": [10, 20], "counts": crowd["counts"].decode()}
    document = two_images(
        one(segmentation=SQUARE, bbox=[2, 2, 6, 4]),
        one(id=3, category_id=3, segmentation=[[4, 3, 6, 3, 6, 5, 4, 5]], bbox=[4, 3, 2, 2]),
        one(id=4, category_id=3, segmentation=packed, iscrowd=1, bbox=[0, 0, 20, 10]),
    )
    document["annotations"][0]["segmentation"] = {"size": [10, 20], "counts": [12, 3, 185]}
    bench.coco(document)
    bench.convert()
    first, second = bench.samples()
    assert second.row.iscrowd == (False, False, True) and len(second.image.bounding_boxes) == 3
    assert second.image.segmentation_mask == "masks/b.png.png"
    content = (bench.metadata / "masks/b.png.png").read_bytes()
    mask = decode(content, "mask", "unchanged")[:, :, 0]
    expected = np.full((10, 20), 255, np.uint8)
    expected[2:6, 2:8] = 1  # ant
    expected[3:5, 4:6] = 2  # cat, smaller and on top
    np.testing.assert_array_equal(mask, expected)
    assert second.row.polygons[0] == tuple(map(tuple, SQUARE))
    assert first.row.rles[0] is not None and second.row.rles[2] == packed["counts"]


def test_a_box_without_region_makes_the_mask_unknown(bench: Bench, two_images: Made) -> None:
    bench.coco(two_images(one(segmentation=SQUARE, bbox=[2, 2, 6, 4])))
    bench.convert()
    first, second = bench.samples()
    assert not first.row.has_mask and first.image.segmentation_mask is None
    assert second.row.has_mask


def test_a_rounding_pixel_is_clipped_and_counted(bench: Bench, two_images: Made) -> None:
    bench.coco(two_images(one(bbox=[-0.5, 3, 4, 7.75])))
    assert bench.convert().endswith("; 1 boxes clipped by a pixel or less")
    assert bench.samples()[1].image.bounding_boxes == (Box("ant", 0.0, 3.5, 3.0, 10.0),)


@pytest.mark.parametrize(
    ("annotation", "says"),
    [
        (one(bbox=[18, 3, 4, 5]), "annotation 2: the box from (18, 3) to (22, 8) leaves the image"),
        (one(bbox=[3, 3, -2, 5]), "annotation 2: the box from (3, 3) to (1, 8) is reversed"),
        (one(bbox=[3, 3, 0, 5]), "annotation 2: the box from (3, 3) to (3, 8) has no area"),
        (one(bbox=[float("nan"), 3, 2, 5]), "NaN and Infinity are no numbers in JSON"),
        (one(bbox=[3, 3, float("inf"), 5]), "NaN and Infinity are no numbers in JSON"),
        (one(bbox=[3, 3, 5]), "annotation 2: annotations.json:"),
        (one(bbox=None), "Expected `array`, got `null`"),
        (one(id=1), "annotation 1 has the id of one before it"),
        (one(image_id=77), "annotation 2 is of image 77"),
        (one(category_id=8), "annotation 2 is of category 8"),
        (one(segmentation=[[1, 1, 4, 4]]), "a polygon has 4 numbers; three points or more"),
        (one(segmentation=[[1, 1, 4, 4, 9]]), "a polygon has 5 numbers"),
        (one(segmentation=[[1, 1, 4, 4, 1e9, 1e9]]), "leaves the image of 20 x 10 pixels"),
        (one(segmentation={"size": [10, 20], "counts": [5, 5]}), "run lengths sum to 10, but"),
        (one(segmentation={"size": [10, 20], "counts": [-5, 205]}), "run lengths are negative"),
        (one(segmentation={"size": [20, 10], "counts": [200]}), "run lengths are for 10 x 20"),
        (one(segmentation={"size": [10, 20], "counts": "~~"}), "run lengths hold the character"),
        (one(segmentation={"size": [10, 20], "counts": "o"}), "run lengths end in the middle"),
        ({"id": 2, "image_id": 2}, "missing required field `category_id`"),
    ],
)
def test_a_broken_annotation_is_named(
    bench: Bench, two_images: Made, annotation: dict[str, object], says: str
) -> None:
    bench.coco(two_images(annotation, one(id=50)))
    with pytest.raises(RejectedError, match="1 rejected") as caught:
        bench.convert()
    assert says in str(caught.value) and "annotations.json" in str(caught.value)
    assert not bench.metadata.exists()
    summary = bench.convert(SKIP)
    assert summary.startswith("2 images and 3 annotations in, 2 and 2 out, 0 and 1 rejected")
    assert (bench.metadata / "rejected.jsonl").read_bytes() == bench.rejected.read_bytes()


def test_an_image_that_lost_all_annotations_is_rejected(bench: Bench, two_images: Made) -> None:
    bench.coco(two_images(one(bbox=[30, 3, 4, 5])))
    summary = bench.convert(SKIP)
    assert summary.startswith("2 images and 2 annotations in, 1 and 1 out, 1 and 1 rejected")
    assert "none of its annotations could be taken over" in bench.reasons()


@pytest.mark.parametrize(
    "annotation",
    [
        '{"id": 2, "image_id": 2, "category_id": 7, "bbox": [3, 3, 4, 5], "bbox": [3, 3, 4, 5]}',
        '{"id": 2, "image_id": 77, "image_id": 2, "category_id": 7, "bbox": [3, 3, 4, 5]}',
        '{"id": 2, "image\\u005fid": 2, "category_id": 8, "bbox": [3, 3, 4, 5]}',
        '{"id": 1, "image_id": 2, "category_id": 7, "bbox": [3, 3, 4, 5]}',
        '{"id": 2, "image_id": 2, "category_id": 8, "bbox": [3, 3, 4, 5]}',
        '{"id": 2, "image_id": 2, "bbox": [3, 3, 4, 5]}',
        '{"id": "two", "image_id": 2, "category_id": 7, "bbox": [3, 3, 4, 5]}',
        f'{{"id": {2**70}, "image_id": 2, "category_id": 7, "bbox": [3, 3, 4, 5]}}',
        f'{{"id": {"9" * 5000}, "image_id": 2, "category_id": 7, "bbox": [3, 3, 4, 5]}}',
    ],
)
def test_an_image_whose_only_annotation_has_broken_keys_does_not_look_empty(
    bench: Bench, two_images: Made, annotation: str
) -> None:
    text = json.dumps(two_images(one(id="HERE")))
    bench.coco(text.replace(json.dumps(one(id="HERE")), annotation))
    summary = bench.convert(SKIP)
    assert summary.startswith("2 images and 2 annotations in, 1 and 1 out, 1 and 1 rejected")
    assert "none of its annotations could be taken over" in bench.reasons()
    assert [s.row.image for s in bench.samples()] == ["a.png"]


def test_an_annotation_that_is_not_utf8_is_lost_to_its_image(
    bench: Bench, two_images: Made
) -> None:
    bench.coco(two_images(one(note="HERE")))
    path = bench.raw / "annotations.json"
    path.write_bytes(path.read_bytes().replace(b'"note": "HERE"', b'"category_id": "\xff"'))
    summary = bench.convert(SKIP)
    assert summary.startswith("2 images and 2 annotations in, 1 and 1 out, 1 and 1 rejected")


@pytest.mark.parametrize("depth", range(900, 1010, 5))
def test_no_depth_makes_an_image_look_empty(bench: Bench, two_images: Made, depth: int) -> None:
    text = json.dumps(two_images(one(x="HERE")))
    bench.coco(text.replace('"HERE"', f'{"[" * depth}{"]" * depth}, "x": 1'))
    try:
        summary = bench.convert(SKIP)
    except AnnotationError as error:
        assert "nested too deeply" in str(error)
    else:
        assert summary.startswith("2 images and 2 annotations in, 1 and 1 out, 1 and 1 rejected")


def test_an_annotation_of_nobody_costs_no_image(bench: Bench, two_images: Made) -> None:
    strays = [one(image_id=None), one(id=3, image_id=True), {"id": 4, "category_id": 7}]
    document = two_images(*strays)
    document["annotations"].append([["image_id", 2]])  # type: ignore[arg-type]
    bench.coco(document)
    summary = bench.convert(SKIP)
    assert summary.startswith("2 images and 5 annotations in, 2 and 1 out, 0 and 4 rejected")


@pytest.mark.parametrize("number", [2**63, 2**70, -(2**63) - 1])
def test_an_id_beyond_64_bits_is_rejected(bench: Bench, two_images: Made, number: int) -> None:
    document = two_images(one(), one(id=number), one(id=3, category_id=number))
    document["images"].append({"id": number, "file_name": "c.png"})
    document["annotations"].append(one(id=4, image_id=number))
    bench.coco(document)
    summary = bench.convert(SKIP)
    assert summary.startswith("3 images and 5 annotations in, 2 and 2 out, 1 and 3 rejected")
    assert sum("Expected `int` " in reason for reason in bench.reasons()) == 4
    document["categories"].append({"id": number, "name": "bee"})
    bench.coco(document)
    with pytest.raises(AnnotationError, match=r"not a COCO file: Expected `int` .*categories"):
        bench.convert(SKIP)


def test_the_largest_ids_are_taken_over(bench: Bench, two_images: Made) -> None:
    bench.coco(two_images(one(id=2**63 - 1), one(id=-(2**63))))
    bench.convert()
    assert bench.samples()[1].row.annotation_ids == (-(2**63), 2**63 - 1)


def test_broken_images_are_named(bench: Bench, two_images: Made) -> None:
    document = two_images(one())
    names = ["empty.png", "text.png", "gone.png", "../x.png", "/etc/x.png", "c.png", "d.png", ""]
    for number, name in enumerate(names, 10):
        document["images"].append({"id": number, "file_name": name, "width": 20, "height": 10})
        document["annotations"].append(one(id=number, image_id=number))
    document["images"].append({"id": 30, "file_name": "a/\x00.png"})
    (bench.raw / "empty.png").write_bytes(b"")
    (bench.raw / "text.png").write_bytes(b"not an image at all")
    bench.image("c.png", width=21)
    outside = bench.image("c.png", width=21).rename(bench.folder / "outside.png")
    bench.image("c.png", width=21)
    (bench.raw / "d.png").symlink_to(outside)
    bench.coco(document)
    summary = bench.convert(SKIP)
    assert summary.startswith("11 images and 10 annotations in, 2 and 2 out, 9 and 8 rejected")
    text = "\n".join(bench.reasons())
    for says in (
        "the file is empty",
        "not an image of a known format",
        "there is no such file",
        "'../x.png' leads out",
        "'/etc/x.png' leads out",
        "says 20 x 10 pixels, the file has 21 x 10",
        "a link leads out",
        "'' is empty",
        "cannot be printed",
    ):
        assert says in text


def test_an_image_annotated_as_stored_gets_its_own_sentence(bench: Bench, two_images: Made) -> None:
    document = two_images(one())
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(np.zeros((10, 20, 3), np.uint8)).save(bench.raw / "b.jpg", exif=exif)
    document["images"][1]["file_name"] = "b.jpg"
    bench.coco(document)
    with pytest.raises(RejectedError, match=r"EXIF orientation 6 turns it to 10 x 20"):
        bench.convert()


def test_ids_and_names_that_occur_twice(bench: Bench, two_images: Made) -> None:
    document = two_images(one())
    document["images"] += [{"id": 2, "file_name": "c.png"}, {"id": 4, "file_name": "./a.png"}]
    bench.coco(document)
    summary = bench.convert(SKIP)
    assert summary.startswith("4 images and 2 annotations in, 0 and 0 out, 4 and 2 rejected")
    text = "\n".join(bench.reasons())
    assert "the image id 2 occurs 2 times" in text and "a.png is named 2 times" in text


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"images": [\n{"id": 1,]}', r"annotations\.json:2: not JSON"),
        ('{"images": [{"id": 1', r"annotations\.json:1: not JSON"),
        ("", r"annotations\.json:1: not JSON"),
        ("[]", "not a COCO file: Expected `object`"),
        ("[" * 200_000, "not a COCO file: Expected `object`"),
        ('{"annotations": []}', "missing required field `images`"),
        ('{"images": [], "images": []}', "the key 'images' occurs twice"),
        ('{"images": [], "categories": [{"id": 1, "name": "a"}, {"id": 1, "name": "b"}]}', "id 1"),
        ('{"images": [], "categories": [{"id": 1, "name": "a"}, {"id": 2, "name": "a"}]}', "'a'"),
        ('{"images": [], "categories": [{"id": 1, "name": ""}]}', "category 1 has no name"),
        ('{"images": [], "categories": [{"id": 1, "name": " "}]}', "category 1 has no name"),
        ('{"images": [], "categories": [{"id": 1, "name": "a\\nb"}]}', "of category 1 holds a con"),
        ('{"images": [], "categories": [{"id": 1, "name": "\\u0000"}]}', "of category 1 holds a c"),
        ('{"images": ' + "[" * 200_000, r"annotations\.json: lists or objects are nested too"),
        ('{"images": [], "info": ' + '{"a":' * 200_000, "nested too deeply"),
    ],
)
def test_a_file_broken_as_a_whole_stops_the_stage(bench: Bench, text: str, says: str) -> None:
    bench.image("a.png")
    bench.coco(text)
    with pytest.raises(AnnotationError, match=says):
        bench.convert(SKIP)


def test_a_category_may_have_a_slash_or_any_script(bench: Bench, two_images: Made) -> None:
    document = two_images(one())
    document["categories"][1]["name"] = "ant/می\u200cرود"
    bench.coco(document)
    bench.convert()
    assert bench.samples()[1].image.labels == "ant/می\u200cرود"


def test_a_repeated_key_is_named_with_its_line(bench: Bench, two_images: Made) -> None:
    text = json.dumps(two_images(one()), indent=1)
    bench.coco(text.replace('"category_id": 7', '"category_id": 7,\n   "id": 8'))
    with pytest.raises(RejectedError, match=r"annotations\.json:\d\d: the key 'id' occurs twice"):
        bench.convert()


def test_a_nested_key_may_have_the_name_of_an_outer_one(bench: Bench, two_images: Made) -> None:
    bench.coco(two_images(one(attributes={"id": 3, "bbox": "wide"})))
    assert bench.convert().startswith("2 images and 2 annotations in, 2 and 2 out")


def test_the_image_folder_is_found(bench: Bench, two_images: Made) -> None:
    bench.coco(two_images(one()))
    for name in ("a.png", "b.png", "not_named.png"):
        bench.image(f"pictures/{name}", level=7)
    for name in ("a.png", "b.png"):
        (bench.raw / name).unlink()
    assert bench.convert().endswith("; 1 images that the annotations do not name left out")
    assert [s.row.image for s in bench.samples()] == ["pictures/a.png", "pictures/b.png"]


def test_two_image_folders_are_a_question(bench: Bench, two_images: Made) -> None:
    bench.coco(two_images(one()))
    for name in ("a.png", "b.png"):
        bench.image(f"pictures/{name}")
    with pytest.raises(AnnotationError, match=r"are in \., pictures alike; say which"):
        bench.convert()
    bench.convert("format: coco, images: pictures")
    assert bench.samples()[0].row.image == "pictures/a.png"


def test_which_annotation_file(bench: Bench, two_images: Made) -> None:
    bench.coco(two_images(one()))
    bench.coco("{}", "other.json")
    with pytest.raises(AnnotationError, match=r"there are 2: annotations\.json, other\.json"):
        bench.convert()
    assert bench.convert("format: coco, annotations: ann*.json").startswith("2 images and 2")
    with pytest.raises(ParamsError, match="matches 'x"):
        bench.convert("format: coco, annotations: x.json")


def test_several_files_join(bench: Bench, two_images: Made) -> None:
    first, second = two_images(), two_images()
    first["images"].pop()
    second["images"].pop(0)
    second["annotations"] = [one(id=1)]
    bench.coco(first, "one.json")
    bench.coco(second, "two.json")
    summary = bench.convert('format: coco, annotations: "*.json"')
    assert summary.startswith("2 images and 2 annotations in, 2 and 2 out; 2 classes")
    assert [s.row.source for s in bench.samples()] == ["one.json#1", "two.json#2"]


def test_the_real_set_loses_nothing(bench: Bench, shared_data: Path) -> None:
    (bench.raw).rmdir()
    bench.raw.symlink_to(shared_data / "coco_yolo_cc33")
    options = "format: coco, annotations: annotations/*.json, images: images/train2017"
    summary = bench.convert(options)
    assert summary == "33 images and 246 annotations in, 33 and 246 out; 44 classes"
    source = json.loads((bench.raw / "annotations/instances_subset.json").read_text())
    boxes = {a["id"]: a["bbox"] for a in source["annotations"]}
    ours = {
        number: [box.x1, box.y1, box.x2 - box.x1, box.y2 - box.y1]
        for sample in bench.samples()
        for number, box in zip(sample.row.annotation_ids, sample.image.bounding_boxes, strict=True)
    }
    assert ours.keys() == boxes.keys()
    for number, box in boxes.items():
        assert ours[number] == pytest.approx(box, abs=1e-9)
    assert sum(sum(s.row.iscrowd) for s in bench.samples()) == 3
