"""COCO into the metadata format: what comes out, and what is said of what cannot."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pycocotools import mask as coco_mask

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
    assert bench.convert().endswith("; 1 clipped: box outside the image by a pixel or less")
    assert bench.samples()[1].image.bounding_boxes == (Box("ant", 0.0, 3.5, 3.0, 10.0),)


def test_an_image_annotated_as_stored_is_turned_with_its_pixels(
    bench: Bench, two_images: Made
) -> None:
    document = two_images(one(bbox=[3, 4, 10, 5], segmentation=[[3, 4, 13, 4, 13, 9, 3, 9]]))
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(np.zeros((10, 20, 3), np.uint8)).save(bench.raw / "b.jpg", exif=exif)
    document["images"][1]["file_name"] = "b.jpg"
    bench.coco(document)
    assert "1 turned: annotated as stored, turned by EXIF 6" in bench.convert()
    sample = bench.samples()[1]
    assert (sample.row.width, sample.row.height) == (10, 20)
    # Turned clockwise: what was at the left is at the top, what was at the bottom at the left.
    assert sample.image.bounding_boxes == (Box("ant", 1.0, 6.0, 3.0, 13.0),)
    content = (bench.metadata / "masks/b.jpg.png").read_bytes()
    mask = decode(content, "mask", "unchanged")[:, :, 0]
    expected = np.zeros((20, 10), np.uint8)
    expected[3:13, 1:6] = 1
    np.testing.assert_array_equal(mask, expected)


def test_a_category_may_have_a_slash_or_any_script(bench: Bench, two_images: Made) -> None:
    document = two_images(one())
    document["categories"][1]["name"] = "ant/می\u200cرود"
    bench.coco(document)
    bench.convert()
    assert bench.samples()[1].image.labels == "ant/می\u200cرود"


def test_a_nested_key_may_have_the_name_of_an_outer_one(bench: Bench, two_images: Made) -> None:
    bench.coco(two_images(one(attributes={"id": 3, "bbox": "wide"})))
    assert bench.convert().startswith("2 images and 2 annotations in, 2 and 2 out")


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


def test_a_box_that_is_not_stated_is_the_extent_of_what_was_drawn(
    bench: Bench, two_images: Made
) -> None:
    keypoints = [3, 4, 2, 0, 0, 0, 9, 8, 1]
    bench.coco(
        two_images(one(bbox=None, segmentation=SQUARE), one(id=3, bbox=None, keypoints=keypoints))
    )
    bench.convert()
    boxes = bench.samples()[1].image.bounding_boxes
    assert boxes == (Box("ant", 2.0, 8.0, 2.0, 6.0), Box("ant", 3.0, 9.0, 4.0, 8.0))
    assert bench.samples()[1].row.keypoints == ((), tuple(keypoints))


def test_what_has_no_place_of_its_own_is_kept(bench: Bench, two_images: Made) -> None:
    document = two_images(
        one(attributes={"b": [1.50], "a": None}, caption="é", num_keypoints=0),
        one(id=3, bbox=[3, 3, 0.1 + 0.2, 2]),  # 3 + 0.30000000000000004 - 3 is 0.2999999999999998
    )
    document["images"][0] |= {"license": 4, "coco_url": "x"}
    document["images"][1]["file_name"] = "./b.png"
    bench.coco(document)
    bench.convert()
    first, second = bench.samples()
    assert first.row.extras == (None,)
    assert first.row.image_extras == '{"coco_url":"x","license":4}'
    assert second.row.image_extras == '{"file_name":"./b.png"}'
    assert second.row.extras == (
        '{"attributes":{"b":[1.5],"a":null},"caption":"\\u00e9","num_keypoints":0}',
        '{"bbox":[3.0,3.0,0.30000000000000004,2.0]}',
    )
    assert second.image.bounding_boxes[1].x2 == 3 + (0.1 + 0.2)


def test_the_golden_file(bench: Bench, two_images: Made) -> None:
    document = two_images(
        one(segmentation=SQUARE, bbox=[2, 2, 6, 4], area=24.0, attributes={"occluded": True}),
        one(id=3, category_id=3, keypoints=[4, 3, 2, 0, 0, 0], num_keypoints=1, bbox=[3, 2, 3, 3]),
        one(id=4, segmentation={"size": [10, 20], "counts": [0, 200]}, iscrowd=1, bbox=None),
        one(id=5, bbox=[18.5, 0, 2, 1]),
    )
    document["info"] = {"year": 2026}  # type: ignore[assignment]
    document["licenses"] = [{"id": 4, "name": "CC BY 4.0"}]
    document["images"][0]["license"] = 4
    document["categories"][0]["supercategory"] = "animal"
    bench.coco(document)
    bench.convert()
    bench.golden("coco")
    about = json.loads((bench.metadata / "about.json").read_text())
    rest = {key: document[key] for key in ("info", "licenses", "categories")}
    assert about == {
        "coco": [{"file": "annotations.json", "has_annotations": True, "document": rest}]
    }
