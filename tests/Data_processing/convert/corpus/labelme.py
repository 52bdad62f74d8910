"""LabelMe files that cannot be taken over as they are."""

import json

from tests.Data_processing.convert.corpus import Broken

OPTIONS = "format: labelme"
SQUARE = [[2, 2], [8, 2], [8, 6], [2, 6]]


def _file(*shapes: object, **other: object) -> str:
    sound: dict[str, object] = {
        "version": "5.5.0",
        "flags": {},
        "shapes": shapes,
        "imagePath": "a.png",
        "imageData": None,
        "imageHeight": 10,
        "imageWidth": 20,
    }
    return json.dumps({**sound, **other}, indent=1)


def _shape(kind: str = "polygon", points: object = SQUARE, **other: object) -> dict[str, object]:
    return {"label": "cat", "shape_type": kind, "points": points, **other}


def _case(name: str, content: bytes | str, sentence: str, **other: object) -> Broken:
    return Broken(name, {"a.json": content}, OPTIONS, sentence, **other)  # type: ignore[arg-type]


CASES = (
    _case("empty", "", "a.json: the file is empty; replace it or take it out"),
    _case("truncated", _file(_shape())[:90], "the file is cut off, get it anew"),
    _case("not UTF-8", b'{"shapes": [],\n"imagePath": "\xff.png"}', "a.json:2: the byte 0xff is"),
    _case(
        "a key twice",
        '{"shapes": [],\n "imagePath": "a.png",\n "imagePath": "b.png"}',
        "a.json:3: the key 'imagePath' occurs twice in one object; mend the file",
    ),
    _case(
        "NaN",
        _file(_shape(points=[[float("nan"), 1]])),
        "a.json:10: NaN is no number in JSON; mend the file",
    ),
    _case("infinite", _file(_shape(points=[[float("-inf"), 1]])), "-Infinity is no number in JSON"),
    _case("beyond floats", _file(_shape(points=[[1, 2]])).replace("1,", "1e999,"), "beyond all"),
    _case(
        "a version beyond floats",
        _file(_shape()).replace('"5.5.0"', "1e999"),
        "a.json: a.json:2: the number 1e999 is beyond all that can be read; mend the file",
    ),
    _case(
        "half a character",
        _file(_shape(), otherData="\ud83d"),
        "a.json:32: \\ud83d is half a character; write the other half after it, or take it out",
    ),
    _case("too long a number", '{"shapes": [], "x": ' + "9" * 5000 + "}", "a number is too long"),
    _case(
        "too long a number, further down",
        _file(_shape(group_id=7), x=1).replace('"x": 1', '"x": ' + "9" * 5000),
        "a.json:33: a number is too long: it has 5,000 digits, at most 4,300 can be read; mend the",
    ),
    _case("nested too deeply", '{"shapes": ' + "[" * 100_000, "nested too deeply to be read"),
    _case("shapes are no list", _file(shapes=7), "Expected `array`, got `int` - at `shapes`"),
    _case("no image path", '{"shapes": []}', "missing required field `imagePath`"),
    _case("climbs out", _file(imagePath="..\\..\\a.png"), "leads out of the data set's folder"),
    _case("absolute", _file(imagePath="/home/me/a.png"), "'/home/me/a.png' is absolute"),
    _case("a drive", _file(imagePath="C:\\me\\a.png"), "'C:/me/a.png' is absolute; make it"),
    _case("a NUL", _file(imagePath="a\0.png"), "holds characters that cannot be printed"),
    _case("no image's name", _file(imagePath="a.json"), "'a.json' is not the name of an image"),
    _case("no such image", _file(_shape(), imagePath="b.png"), "but there is no such file"),
    _case(
        "other size",
        _file(_shape(), imageWidth=30),
        "a.json says 30 x 10 pixels, the file has 20 x 10",
    ),
    _case("no label", _file({"points": SQUARE}), "a.json:5: Object missing required field `label`"),
    _case("empty label", _file({**_shape(), "label": " "}), "the name of its class is empty"),
    _case("unknown shape", _file(_shape("heart")), "a.json:5: unknown shape_type 'heart'; known"),
    _case("three corners", _file(_shape("rectangle", SQUARE[:3])), "has 3 points, 2 or 4 are"),
    _case("circle of one", _file(_shape("circle", SQUARE[:1])), "a circle has 1 points, 2 are"),
    _case("no point", _file(_shape("point", [])), "a point has no point; draw it again"),
    _case("two points", _file(_shape(points=SQUARE[:2])), "a polygon has 4 numbers; three points"),
    _case("no points", _file(_shape(points=[])), "a polygon has 0 numbers; three points or more"),
    _case("zero area", _file(_shape("rectangle", [[2, 2], [2, 8]])), "has no area in the image"),
    _case(
        "outside", _file(_shape(points=[[2, 2], [90, 2], [9, 9]])), "leaves the image of 20 x 10"
    ),
    _case("three numbers", _file(_shape(points=[[1, 2, 3]])), "a.json:5: Expected `array` of"),
    _case(
        "mask without", _file(_shape("mask", [[1, 1], [2, 2]])), "a mask holds no pixels; draw it"
    ),
    _case(
        "mask no image",
        _file(_shape("mask", [[1, 1], [2, 2]], mask="aGVsbG8=")),
        "a.json:5: its mask is no PNG; draw it again",
    ),
    _case(
        "mask no base64",
        _file(_shape("mask", [[1, 1], [2, 2]], mask="@@")),
        "a.json:5: its mask is not base64",
    ),
    _case(
        "mask outside",
        _file(_shape("mask", [[15, 1], [25, 2]], mask="aGVsbG8=")),
        "a mask from (15, 1) to (25, 2) leaves the image of 20 x 10 pixels",
    ),
    _case(
        "embedded no base64",
        _file(imagePath="b.png", imageData="~~~"),
        "a.json: imageData is not base64",
    ),
    _case(
        "embedded no image",
        _file(imagePath="b.json", imageData="aGVsbG8="),
        "imageData holds no image of a known format",
    ),
    _case(
        "zeros for an image",
        _file(imagePath="b.png", imageData="AAAA"),
        "a.json: imageData: the file begins with zeros",
    ),
    Broken(
        "the same image twice",
        {"a.json": _file(_shape()), "b.json": _file(_shape())},
        OPTIONS,
        "b.json: a.png is named 2 times; merge the entries",
    ),
    Broken(
        "link out of the root",
        {},
        OPTIONS,
        "a link leads out of the data set's folder",
        links={"a.json": "/etc/hostname"},
    ),
    Broken(
        "nothing of LabelMe",
        {"a.json": '{"images": []}'},
        OPTIONS,
        "none of 1 JSON files below raw is a LabelMe file",
    ),
    Broken(
        "another tool's file, named",
        {"a.json": '{"images": []}'},
        f"{OPTIONS}, annotations: a.json",
        "has no key shapes: not a LabelMe file",
    ),
)
