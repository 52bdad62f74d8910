"""Broken COCO files."""

import json
from typing import Any

from tests.Data_processing.convert.corpus import Broken

COCO = "format: coco"
FILE = "instances.json"
IMAGE = {"id": 1, "file_name": "a.png", "width": 20, "height": 10}
KINDS = [{"id": 3, "name": "cat"}]


def document(*annotations: dict[str, Any], **changed: object) -> str:
    """Return a COCO file, one entry a line; the first annotation is sound."""
    sound = {"id": 1, "image_id": 1, "category_id": 3, "bbox": [1, 2, 5, 4]}
    whole = {"images": [IMAGE], "categories": KINDS, "annotations": [sound, *annotations]}
    parts = []
    for key, value in {**whole, **changed}.items():
        inside = json.dumps(value)
        if isinstance(value, list):
            inside = "[\n" + ",\n".join(json.dumps(one) for one in value) + "]"
        parts.append(f"{json.dumps(key)}: {inside}")
    return "{" + ",\n".join(parts) + "}"


def one(**changed: object) -> dict[str, Any]:
    """Return a second annotation."""
    return {"id": 2, "image_id": 1, "category_id": 3, "bbox": [3, 3, 4, 5], **changed}


def named(name: str) -> str:
    """Return a file whose second image is called ``name``."""
    return document(images=[IMAGE, {"id": 2, "file_name": name}])


def case(name: str, content: str | bytes, sentence: str) -> Broken:
    """Return a case of one file."""
    return Broken(name, {FILE: content}, COCO, sentence)


def runs(counts: object, height: int = 10) -> dict[str, Any]:
    """Return an annotation with run lengths."""
    return one(segmentation={"size": [height, 20], "counts": counts})


CASES = (
    case("empty", "", "instances.json: the file is empty"),
    case("truncated", document()[:-30], "instances.json:6: not JSON: Input data was truncated"),
    case("no JSON", '{"images": [\n{"id": 1,]}', "instances.json:2: not JSON: JSON is malformed"),
    case("a list", "[]", "instances.json: not a COCO file: Expected `object`, got `array`"),
    case("no images", '{"annotations": []}', "not a COCO file: Object missing required field"),
    case("images twice", '{"images": [], "images": []}', "the key 'images' occurs twice at the"),
    case("too deep", '{"images": ' + "[" * 100_000, "instances.json: lists or objects are nested"),
    case(
        "a key twice",
        document().replace('"category_id": 3', '"category_id": 3, "id": 7'),
        "instances.json:6: the key 'id' occurs twice in one object",
    ),
    case(
        "an id twice",
        document(one(id=1)),
        "instances.json:7: annotation 1 has the id of one before it; give each its own",
    ),
    case(
        "an image id twice",
        document(images=[IMAGE, {**IMAGE, "file_name": "b.png"}]),
        "instances.json:2: the image id 1 occurs 2 times; give each its own",
    ),
    case(
        "a file name twice",
        document(images=[IMAGE, {**IMAGE, "id": 2, "file_name": "./a.png"}]),
        "a.png is named 2 times; merge the entries",
    ),
    case(
        "an unknown image",
        document(one(image_id=9)),
        "instances.json:7: annotation 2 is of image 9, which is not among the images",
    ),
    case(
        "an unknown category",
        document(one(category_id=9)),
        "instances.json:7: annotation 2 is of category 9, which is not among the categories",
    ),
    case(
        "a category id twice",
        document(categories=[*KINDS, {"id": 3, "name": "ant"}]),
        "instances.json: the category id 3 occurs twice",
    ),
    case(
        "a category name twice",
        document(categories=[*KINDS, {"id": 4, "name": "cat"}]),
        "instances.json: two categories are called 'cat'; rename one",
    ),
    case(
        "a nameless category",
        document(categories=[*KINDS, {"id": 4, "name": ""}]),
        "instances.json: category 4: the name of its class is empty",
    ),
    case("an absolute path", named("/etc/passwd.png"), "'/etc/passwd.png' leads out of the data"),
    case("a path that climbs", named("x/../../a.png"), "'x/../../a.png' leads out of the data set"),
    case("a NUL in a path", named("a\0.png"), "'a\\x00.png' holds characters that cannot be"),
    case("a newline in a path", named("a\n.png"), "'a\\n.png' holds characters that cannot be"),
    case(
        "half a character",
        '{"images": [],\n"info": ["\\\\ud83d", "\\ud83d"]}',
        "instances.json:2: \\ud83d is half a character; write the other half after it",
    ),
    case("no file of that name", named("b.png"), "there is no such file"),
    case(
        "other sides",
        document(images=[{**IMAGE, "width": 21}]),
        "instances.json says 21 x 10 pixels, the file has 20 x 10; which is right?",
    ),
    case(
        "a box outside",
        document(one(bbox=[18, 3, 4, 5])),
        "instances.json: annotation 2: the box from (18, 3) to (22, 8) leaves the image of 20 x 10",
    ),
    case(
        "no area",
        document(one(bbox=[3, 3, 0, 5])),
        "annotation 2: the box from (3, 3) to (3, 8) has no area in the image",
    ),
    case(
        "NaN",
        document(one(bbox=[float("nan"), 3, 4, 5])),
        "instances.json:7: NaN and Infinity are no numbers in JSON",
    ),
    case(
        "infinity",
        document(one(area=float("-inf"))),
        "instances.json:7: NaN and Infinity are no numbers in JSON",
    ),
    case("a number beyond floats", document(one()).replace("[3, 3", "[1e999, 3"), "out of range"),
    case(
        "three numbers",
        document(one(bbox=[3, 3, 4])),
        "instances.json:7: Expected `array` of length 4 - at `bbox`",
    ),
    case("text for a box", document(one(bbox="wide")), "Expected `array | null`, got `str`"),
    case("no category", document({"id": 2, "image_id": 1}), "missing required field `category_id`"),
    case("an id of 70 bits", document(one(id=2**70)), "instances.json:7: Expected `int`"),
    case(
        "two points",
        document(one(segmentation=[[1, 1, 4, 4]])),
        "annotation 2: a polygon has 4 numbers; three points or more, x and y each, are needed",
    ),
    case(
        "a far point",
        document(one(segmentation=[[1, 1, 4, 4, 1e9, 1e9]])),
        "annotation 2: a polygon from (1, 1) to (1e+09, 1e+09) leaves the image of 20 x 10 pixels",
    ),
    case(
        "runs too short",
        document(runs([5, 5])),
        "annotation 2: run lengths sum to 10, but 10 x 20 pixels are 200",
    ),
    case("negative runs", document(runs([-5, 205])), "annotation 2: run lengths are negative"),
    case(
        "runs of another frame",
        document(runs([220], 11)),
        "annotation 2: run lengths are for 20 x 11 pixels, the image has 20 x 10",
    ),
    case("foreign runs", document(runs("~~")), "annotation 2: run lengths hold the character '~'"),
    case("half a run", document(runs("o")), "annotation 2: run lengths end in the middle of a"),
    case(
        "two numbers a keypoint",
        document(one(keypoints=[3, 3])),
        "annotation 2: its keypoints are 2 numbers; x, y and v each are needed",
    ),
    case(
        "nothing drawn",
        document(one(bbox=None)),
        "annotation 2: it has neither a box nor a region nor a point",
    ),
    case(
        "no UTF-8",
        document(one(note="HERE")).encode().replace(b"HERE", b"\xff"),
        "instances.json:7: not UTF-8",
    ),
    Broken(
        "two files",
        {"one.json": document(), "two.json": document()},
        COCO,
        "one .json file was expected below raw, there are 2: one.json, two.json; name it as",
    ),
    Broken(
        "an image in two files",
        {"one.json": document(), "two.json": document()},
        'format: coco, annotations: "*.json"',
        "a.png is named 2 times; it stands in one.json, two.json: name one of them as annotations",
    ),
    Broken(
        "a link out",
        {},
        "format: coco, annotations: link.json",
        "link.json: a link leads out of the data set's folder",
        links={"link.json": "../compute.yaml"},
    ),
)
