"""Label Studio's exports that cannot be taken over as they are."""

import json

from tests.Data_processing.convert.corpus import Broken

OPTIONS = "format: label_studio"
RECT = {"x": 10, "y": 10, "width": 50, "height": 50, "rectanglelabels": ["cat"]}
FRAME = {"original_width": 20, "original_height": 10, "image_rotation": 0}


def _result(value: object = RECT, kind: str = "rectanglelabels", **other: object) -> object:
    return {"id": "r1", "type": kind, "from_name": "l", "to_name": "i", "value": value} | (
        FRAME | other
    )


def _task(*results: object, image: object = "a.png", **other: object) -> dict[str, object]:
    annotations = [{"id": 5, "was_cancelled": False, "result": results}]
    return {"id": 1, "data": {"image": image}, "annotations": annotations, **other}


def _file(*tasks: object) -> str:
    return json.dumps(tasks, indent=1)


def _case(name: str, content: bytes | str, sentence: str, **other: object) -> Broken:
    return Broken(name, {"tasks.json": content}, OPTIONS, sentence, **other)  # type: ignore[arg-type]


def _drawn(name: str, sentence: str, kind: str, **value: object) -> Broken:
    labels = {kind: ["cat"]}
    return _case(name, _file(_task(_result({**labels, **value}, kind))), sentence)


def _named(name: str, image: object, sentence: str) -> Broken:
    return _case(name, _file(_task(_result(), image=image)), sentence)


TWO = [{"id": 5, "result": [_result()]}, {"id": 6, "result": []}]
CASES = (
    _case("empty", "\n", "tasks.json: the file is empty"),
    _case("truncated", _file(_task(_result()))[:-30], "the file is cut off, get it anew"),
    _case("a key twice", '[{"id": 1,\n"id": 2}]', "tasks.json:2: the key 'id' occurs twice"),
    _case("NaN", _file(_task(_result({**RECT, "x": float("nan")}))), "NaN is no number in JSON"),
    _case(
        "half a character",
        _file(_task(_result(), image="\ude00.png")),
        "tasks.json:5: \\ude00 is half a character; write the other half after it, or take it out",
    ),
    _case("nested too deeply", "[" * 100_000, "nested too deeply to be read"),
    _case("no tasks", "[1, 2]", "none of 1 JSON files below raw is a list of Label Studio's tasks"),
    _case(
        "a task is a number", _file(_task(), 7), "tasks.json:15: Expected `object`, got `int`: 7"
    ),
    _case(
        "data is a list", _file({"data": []}), "Expected `object | null`, got `array` - at `data`"
    ),
    _case("no image", _file(_task(image=None)), "its data names no image; leave the task out"),
    _case(
        "several images",
        _file({"id": 1, "data": {"left": "a.png", "right": "b.png"}, "annotations": []}),
        "its data names 2 images: a.png, b.png; a task of one image can be read",
    ),
    _named("data URI", "data:image/png;base64,AAAA", "as a data: URI, which is not read; save it"),
    _named("climbs out", "../a.png", "leads out of the data set's folder"),
    _named(
        "climbs out of a store", "/data/local-files/?d=../../a.png", "leads out of the data set"
    ),
    _named("a NUL", "a\0.png", "holds characters that cannot be printed"),
    _named("no such image", "s3://bucket/b.png", "b.png: the annotations name it, but there is no"),
    _case(
        "which of two",
        _file(_task(_result(), image="https://host/a.png")),
        "2 images are called a.png: one/a.png, two/a.png; say in the task's data",
        images={"one/a.png": (20, 10), "two/a.png": (20, 10)},
    ),
    _case("an image twice", _file(_task(), _task(id=2)), "tasks.json#2: a.png is named 2 times"),
    _case(
        "two annotations",
        _file(_task(annotations=TWO)),
        "tasks.json#1: it has 2 annotations (5, 6), one is expected: mark one as the ground truth",
    ),
    _case("no class", _file(_task(_result({**RECT, "rectanglelabels": []}))), "it has no class"),
    _case(
        "two classes",
        _file(_task(_result({**RECT, "rectanglelabels": ["cat", "dog"]}))),
        "region r1: it is cat and dog at once; leave one label, or draw it once each",
    ),
    _case(
        "empty choice", _file(_task(_result({"choices": [""]}, "choices"))), "its class is empty"
    ),
    _case(
        "a choice of two lines",
        _file(_task(_result({"choices": ["a\nb"]}, "choices"))),
        "the class name 'a\\nb' holds a control character; rename it",
    ),
    _case("no frame", _file(_task(_result(original_width=None))), "it has no sound original_width"),
    _case(
        "a frame of nothing", _file(_task(_result(original_height=0))), "it has no sound original"
    ),
    _case(
        "another frame",
        _file(_task(_result(original_width=30))),
        "says 30 x 10 pixels, the file has 20 x 10",
    ),
    _case(
        "turned image",
        _file(_task(_result(image_rotation=90))),
        "it was drawn on the image turned by 90 degrees, which is not read",
    ),
    _case(
        "frame is text", _file(_task(_result(original_width="20"))), "Expected `int | null`, got"
    ),
    _case("zero area", _file(_task(_result({**RECT, "width": 0}))), "has no area in the image"),
    _case("outside", _file(_task(_result({**RECT, "x": 90}))), "leaves the image of 20 x 10"),
    _drawn(
        "half a box", "its value is broken: Object missing required", "rectanglelabels", x=1, y=1
    ),
    _drawn("two points", "a polygon has 4 numbers", "polygonlabels", points=[[1, 1], [50, 50]]),
    _drawn("no area of the kind", "regions of type 'videorectangle' are not", "videorectangle"),
    _drawn("brush empty", "its brush is cut off; export it anew", "brushlabels", rle=[]),
    _drawn(
        "brush of another size",
        "its brush holds 16909060 values, 20 x 10 pixels of RGBA need 800; export it anew",
        "brushlabels",
        rle=[1, 2, 3, 4],
    ),
    _drawn("brush cut off", "its brush is cut off", "brushlabels", rle=[0, 0, 3, 32, 57, 27, 252]),
    _drawn("brush of text", "Expected `array`, got `str`", "brushlabels", rle="AAA"),
    _drawn("brush beyond bytes", "Expected `int` <= 255", "brushlabels", rle=[256]),
    _drawn(
        "brush as PNG", "is in the format 'png'; rle is read", "brushlabels", rle=[], format="png"
    ),
)
