"""VIA files that cannot be taken over as they are."""

import json

from tests.Data_processing.convert.corpus import Broken

OPTIONS = "format: via"
HEADER = (
    "filename,file_size,file_attributes,region_count,region_id,"
    "region_shape_attributes,region_attributes"
)
RECT = {"name": "rect", "x": 2, "y": 1, "width": 6, "height": 4}


def _region(shape: object = RECT, attributes: object = None) -> dict[str, object]:
    said = {"class": "cat"} if attributes is None else attributes
    return {"shape_attributes": shape, "region_attributes": said}


def _entry(*regions: object, name: object = "a.png") -> dict[str, object]:
    return {"filename": name, "size": 9, "regions": regions, "file_attributes": {}}


def _file(*entries: dict[str, object]) -> str:
    return json.dumps({f"entry {i}": entry for i, entry in enumerate(entries)}, indent=1)


def _case(name: str, content: bytes | str, sentence: str, file: str = "via.json") -> Broken:
    return Broken(name, {file: content}, OPTIONS, sentence)


def _drawn(name: str, shape: object, sentence: str) -> Broken:
    return _case(name, _file(_entry(_region(shape))), sentence)


CASES = (
    _case("empty", " ", "via.json: the file is empty"),
    _case("truncated", _file(_entry(_region()))[:-9], "the file is cut off, get it anew"),
    _case("a key twice", '{"a": 1,\n"a": 2}', "via.json:2: the key 'a' occurs twice in one object"),
    _case("an image twice", _file(_entry(), _entry()), "a.png is named 2 times; merge the entries"),
    _case("NaN", _file(_entry(_region({"name": "rect", "x": float("nan")}))), "NaN is no number"),
    _case(
        "half a character",
        _file(_entry(_region(attributes={"class": "\ud83d"}))),
        "via.json:15: \\ud83d is half a character; write the other half after it, or take it out",
    ),
    _case("no object of images", '{"_via_img_metadata": [1]}', "Expected `object`, got `array`"),
    _case("not VIA", '{"images": []}', "there is no VIA file below raw"),
    _case(
        "VIA 3",
        '{"project": {}, "config": {}, "attribute": {}, "file": {}, "metadata": {}, "view": {}}',
        "via.json: is a project of VIA 3, which is not read",
    ),
    _case("name is a number", _file(_entry(name=7), _entry(name="b.png")), "Expected `str`, got"),
    _case("climbs out", _file(_entry(_region(), name="../a.png")), "leads out of the data set's"),
    _case("absolute", _file(_entry(_region(), name="/a.png")), "leads out of the data set's"),
    _case("a line break", _file(_entry(name="a\n.png")), "holds characters that cannot be printed"),
    _case("no such image", _file(_entry(name="b.png")), "but there is no such file"),
    _case(
        "no class", _file(_entry(_region(attributes={}))), "it has no attribute: it has no class"
    ),
    _case(
        "empty class",
        _file(_entry(_region(attributes={"class": ""}))),
        "via.json:6: region 1: its attribute 'class' is empty: it has no class; give it one",
    ),
    _case(
        "two classes",
        _file(_entry(_region(attributes={"type": {"cat": True, "dog": True}}))),
        "it is cat and dog at once; leave one of them",
    ),
    _case(
        "class is a list",
        _file(_entry(_region(attributes={"class": ["cat"]}))),
        "its attribute 'class' is ['cat'], which cannot be a class",
    ),
    _case(
        "which is the class",
        _file(_entry(_region(attributes={"age": "1", "sex": "f"}))),
        "the regions have the attributes 'age', 'sex'; which of them is the class cannot be told",
    ),
    _case(
        "two may be the class",
        _file(_entry(_region(attributes={"name": "Tom", "type": "cat"}))),
        "which of them is the class cannot be told",
    ),
    _drawn("unknown shape", {"name": "heart"}, "unknown shape 'heart'; known are circle, ellipse"),
    _drawn("no shape", {}, "unknown shape None; known are"),
    _drawn("half a box", {"name": "rect", "x": 1}, "the rect is broken: Object missing required"),
    _drawn(
        "text for a number", {**RECT, "x": "1"}, "the rect is broken: Expected `float`, got `str`"
    ),
    _drawn("zero area", {**RECT, "width": 0}, "has no area in the image"),
    _drawn("outside", {**RECT, "x": 90}, "leaves the image of 20 x 10 pixels"),
    _drawn(
        "a y too few",
        {"name": "polygon", "all_points_x": [1, 2, 3], "all_points_y": [1, 2]},
        "all_points_x has 3 numbers, all_points_y 2; draw it again",
    ),
    _drawn(
        "one point",
        {"name": "polygon", "all_points_x": [1], "all_points_y": [1]},
        "a polygon has 2 numbers; three points or more",
    ),
    _case("region is text", _file(_entry("?")), "region 1: Expected `object`, got `str`"),
    _case("CSV not UTF-8", HEADER.encode() + b"\n\xff", "via.csv:2: the byte 0xff", "via.csv"),
    _case(
        "CSV, a field short",
        f'{HEADER}\na.png,9,"{{}}",1,0\n',
        "via.csv:2: the row has more or fewer fields than the header; mend it",
        "via.csv",
    ),
    _case(
        "CSV, broken cell",
        f'{HEADER}\na.png,9,"{{}}",1,0,"{{""name"":","{{""class"":""cat""}}"\n',
        "via.csv:2: region 1: region_shape_attributes: not JSON",
        "via.csv",
    ),
    _case("CSV, open quote", f'{HEADER}\na.png,9,"{{}}', "via.csv:2: not CSV", "via.csv"),
    Broken(
        "JSON and CSV differ",
        {
            "via.json": _file(_entry(_region())),
            "via.csv": f'{HEADER}\na.png,9,"{{}}",0,0,"{{}}","{{}}"\n',
        },
        OPTIONS,
        "via.csv says other things than via.json; name those that are meant as",
    ),
    Broken(
        "a table beside no JSON",
        {
            "via.json": _file(_entry(_region())),
            "more.csv": f'{HEADER}\nb.png,9,"{{}}",0,0,"{{}}","{{}}"\n',
        },
        OPTIONS,
        "more.csv has no JSON file beside it",
    ),
)
