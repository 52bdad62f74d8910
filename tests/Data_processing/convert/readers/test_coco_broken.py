"""Broken annotations in COCO: each is named, and costs no more than itself."""

import json
from collections.abc import Callable

import pytest

from Datasets.__main__ import VERBS
from Datasets.command import main
from Datasets.errors import AnnotationError, RejectedError
from tests.Data_processing.convert.conftest import Bench, Coco

Made = Callable[..., Coco]
SKIP = "format: coco, on_bad: skip"
SQUARE = [[2.0, 2.0, 8.0, 2.0, 8.0, 6.0, 2.0, 6.0]]


def one(**changed: object) -> dict[str, object]:
    return {"id": 2, "image_id": 2, "category_id": 7, "bbox": [3, 3, 4, 5], **changed}


@pytest.mark.parametrize(
    ("annotation", "says"),
    [
        (one(bbox=[18, 3, 4, 5]), "annotation 2: the box from (18, 3) to (22, 8) leaves the image"),
        (one(bbox=[3, 3, 0, 5]), "annotation 2: the box from (3, 3) to (3, 8) has no area"),
        (one(bbox=[float("nan"), 3, 2, 5]), "NaN and Infinity are no numbers in JSON"),
        (one(bbox=[3, 3, float("inf"), 5]), "NaN and Infinity are no numbers in JSON"),
        (one(bbox=[3, 3, 5]), "annotation 2: annotations.json:"),
        (one(bbox=None), "annotation 2: it has neither a box nor a region nor a point"),
        (one(bbox="wide"), "Expected `array | null`, got `str`"),
        (one(id=1), "annotation 1 has the id of one before it"),
        (one(iscrowd=2), "Expected `int` <= 1"),
        (one(image_id=77), "annotation 2 is of image 77"),
        (one(image_id="2"), "annotation 2 is of image '2', which is not among the images; add it"),
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


def test_no_utf8_and_no_number_is_named_wherever_it_stands(bench: Bench, two_images: Made) -> None:
    document = two_images(one(note="HERE"), one(id=3, score=float("nan")))
    document["images"][0]["note"] = "HERE"
    bench.coco(document)
    path = bench.raw / "annotations.json"
    path.write_bytes(path.read_bytes().replace(b'"HERE"', b'"\xff"'))
    with pytest.raises(AnnotationError, match=r"nothing is left: .* 0 and 0 out, 2 and 3 rejected"):
        bench.convert(SKIP)
    text = "\n".join(bench.reasons())
    assert "annotations.json:3: not UTF-8" in text and "annotations.json:40: not UTF-8" in text
    assert "NaN and Infinity are no numbers in JSON" in text
    document["images"][0]["note"] = document["annotations"][1]["note"] = "x"
    document["info"] = {"year": float("inf")}  # type: ignore[assignment]
    bench.coco(document)
    with pytest.raises(AnnotationError, match=r"annotations\.json:\d+: NaN and Infinity"):
        bench.convert(SKIP)


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


def test_a_repeated_key_is_named_with_its_line(bench: Bench, two_images: Made) -> None:
    text = json.dumps(two_images(one()), indent=1)
    bench.coco(text.replace('"category_id": 7', '"category_id": 7,\n   "id": 8'))
    with pytest.raises(RejectedError, match=r"annotations\.json:\d\d: the key 'id' occurs twice"):
        bench.convert()


@pytest.mark.parametrize("key", ["categories", "info"])
def test_a_repeated_key_is_named_wherever_it_stands(
    bench: Bench, two_images: Made, key: str
) -> None:
    document = two_images() | {"info": [{"name": "cat"}]}
    text = json.dumps(document)
    at = text.index(f'"{key}"')
    name = text.index('"name"', at)
    (bench.raw / "annotations.json").write_text(text[:name] + '"name": "dog", ' + text[name:])
    with pytest.raises(AnnotationError, match="the key 'name' occurs twice in one object; remove"):
        bench.convert("format: coco")


def test_a_region_without_area_is_noticed(bench: Bench, two_images: Made) -> None:
    points = ([1, 1, 1, 1, 1, 1], [1, 1, 4, 1, 9, 1], [1, 1, 3, 3, 5, 5, 7, 7, 9, 9])
    nothing = {"size": [10, 20], "counts": [200]}
    for segmentation in (*([one] for one in points), nothing):
        bench.coco(two_images(one(segmentation=segmentation)))
        bench.convert("format: coco")
        changes = (bench.metadata / "changes.jsonl").read_text().splitlines()
        (line,) = [line for line in changes if "a region without area" in line]
        assert "annotation 2" in line


def test_a_region_that_crosses_itself_is_none_without_area(bench: Bench, two_images: Made) -> None:
    bench.coco(two_images(one(segmentation=[[1, 1, 9, 9, 1, 9, 9, 1]])))
    bench.convert("format: coco")
    assert "without area" not in (bench.metadata / "changes.jsonl").read_text()


BEYOND = ("1e999", '{"x": [-1e400]}', "9" * 6000, "-" + "1" * 400 + ".5", "10E308")


@pytest.mark.parametrize("number", BEYOND)
def test_a_number_beyond_all_is_named_under_a_key_of_no_meaning(
    bench: Bench, two_images: Made, number: str
) -> None:
    document = two_images(one(), one(id=3, mine="HERE"))
    document["images"].append({"id": 5, "file_name": "c.png", "mine": "HERE"})
    document["annotations"].append(one(id=4, image_id=5))
    bench.image("c.png")
    text = json.dumps(document, indent=1)
    bench.coco(text.replace('"HERE"', number))
    summary = bench.convert(SKIP)
    assert summary.startswith("3 images and 4 annotations in, 2 and 2 out, 1 and 2 rejected")
    lines = [text[: text.index(entry)].count("\n") for entry in ('"id": 5', '"id": 3,\n   "image_')]
    image, annotation = sorted(bench.reasons(), key=len)
    for reason, line in ((image, lines[0]), (annotation, lines[1])):
        says = f"annotations.json:{line}: 'mine' has a number beyond all that can be read: "
        assert says + number[:70] in reason and reason.endswith("; mend it, or take it out")
    assert main("Datasets", VERBS, ["check", str(bench.metadata)]) == 0
    document["images"][2]["mine"] = document["annotations"][2]["mine"] = 1
    bench.coco(json.dumps({**document, "info": {"year": "HERE"}}).replace('"HERE"', number))
    with pytest.raises(AnnotationError, match=r"annotations\.json:1: 'info' has a number beyond"):
        bench.convert(SKIP)


def test_what_only_looks_like_a_number_beyond_all_is_kept(bench: Bench, two_images: Made) -> None:
    mine = {"hash": "3e1234" + "9" * 6000, "small": 1e-300, "large": 10**400}
    bench.coco(two_images(one(mine=mine)))
    bench.convert()
    assert json.loads(bench.samples()[1].row.extras[0] or "") == {"mine": mine}
    assert main("Datasets", VERBS, ["check", str(bench.metadata)]) == 0


def test_reasons_stand_in_the_order_of_their_lines(bench: Bench, two_images: Made) -> None:
    bench.coco(two_images(*(one(id=number, bbox=[3, 3, 0, 1]) for number in range(2, 102))))
    bench.convert(SKIP)
    of_boxes = [reason for reason in bench.reasons() if "no area" in reason]
    numbers = [int(reason.split("annotation ")[1].split(":")[0]) for reason in of_boxes]
    assert numbers == list(range(2, 102))
    (group,) = (
        group
        for group in json.loads((bench.metadata / "conversion.json").read_text())["changes"]
        if group["reason"] == "zero area"
    )
    assert [each["detail"] for each in group["first"]] == of_boxes[:10]


def test_an_odd_number_of_coordinates_is_a_kind_of_its_own(bench: Bench, two_images: Made) -> None:
    bench.coco(two_images(one(segmentation=[[1, 1, 5, 1, 5, 4, 2]]), one(id=3)))
    with pytest.raises(RejectedError, match="one has no y: a number is missing or too many"):
        bench.convert()
    assert [json.loads(each)["kind"] for each in bench.rejected.read_text().splitlines()] == [
        "odd number of coordinates"
    ]


def test_an_overhang_is_seen_however_small(bench: Bench, two_images: Made) -> None:
    bench.coco(two_images(one(bbox=[1, 2, 19.0000003, 4])))
    bench.convert()
    (line,) = (bench.metadata / "changes.jsonl").read_text().splitlines()
    assert json.loads(line)["detail"].endswith("to (20, 6), beyond the edge by 3e-07")
