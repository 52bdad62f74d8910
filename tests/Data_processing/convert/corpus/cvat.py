"""CVAT files that cannot be taken over as they are."""

from tests.Data_processing.convert.corpus import Broken

OPTIONS = "format: cvat"
BOX = '<box label="cat" xtl="2" ytl="3" xbr="8" ybr="9"/>'


def _file(
    *shapes: str,
    name: str = "a.png",
    sides: str = 'width="20" height="10"',
    more: str = "",
) -> str:
    """Return a file whose image stands in line 4 and its first shape in line 5."""
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<annotations>\n<version>1.1</version>\n'
        f'<image id="0" name="{name}" {sides}>\n{"".join(shapes)}\n</image>{more}\n</annotations>\n'
    )


def _case(name: str, content: bytes | str, sentence: str, **other: object) -> Broken:
    return Broken(name, {"a.xml": content}, OPTIONS, sentence, **other)  # type: ignore[arg-type]


def _shape(tag: str, **attributes: object) -> str:
    said = {"label": "cat", **attributes}
    return f"<{tag} " + " ".join(f'{key}="{value}"' for key, value in said.items()) + "/>"


def _mask(rle: str = "0, 4", left: object = 1, width: object = 2) -> str:
    return _shape("mask", rle=rle, left=left, top=1, width=width, height=2)


_BOMB = (
    '<?xml version="1.0"?>\n<!DOCTYPE annotations [<!ENTITY a "aaaaaaaaaa">\n'
    '<!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>\n<annotations>&b;</annotations>'
)

CASES = (
    _case("empty", "", "a.xml: the file is empty; replace it or take it out"),
    _case("truncated", _file(BOX)[:150], "a.xml:5: the file is cut off; get it anew"),
    _case("truncated after an image", _file(BOX)[:-20], "the file is cut off; get it anew"),
    _case("tags that cross", _file("<box>"), "a.xml:6: not XML: mismatched tag in column"),
    _case("an attribute twice", _file(_shape("box", x=1, X=2).replace("X", "x")), "duplicate attr"),
    _case("not UTF-8", _file(name="\xff.png").encode("latin-1"), "a.xml:4: the byte 0xff is not"),
    _case("Latin-1", _file(BOX).replace("utf-8", "latin-1"), "a.xml: is in latin-1; save the file"),
    _case("UTF-16", f"<annotations>{BOX}</annotations>".encode("utf-16"), "is in UTF-16"),
    _case("a bomb", _BOMB, "a.xml:2: holds a document type (<!DOCTYPE), by which other files"),
    _case("nested too deeply", _file("<a>" * 99 + "</a>" * 99), "a.xml:5: elements are nested too"),
    _case("another format", "<annotation/>", "is a CVAT file, which begins with <annotations>"),
    Broken(
        "another format that is named",
        {"a.xml": "<annotation/>"},
        f"{OPTIONS}, annotations: a.xml",
        "a.xml: begins with <annotation>, not with <annotations>; correct",
    ),
    _case("no image", "<annotations/>", "no image stands in 1 CVAT file below"),
    _case(
        "a video",
        '<annotations>\n<track id="0" label="cat"><box frame="0"/></track></annotations>',
        'a.xml:2: holds tracks of a video; export the task as "CVAT for images 1.1"',
    ),
    _case("climbs out", _file(name="../a.png"), "'../a.png' leads out of the data set's folder"),
    _case("absolute", _file(name="/a.png"), "a.xml: a.xml:4: the image's name '/a.png' leads out"),
    _case("no name", _file(name=""), "the image's name '' is empty"),
    _case("a line break", _file(name="a&#10;.png"), "holds characters that cannot be printed"),
    _case("no such image", _file(BOX, name="b.png"), "b.png: the annotations name it, but there"),
    _case(
        "an image twice",
        _file(BOX, more='<image id="1" name="./a.png"/>'),
        "a.png: a.xml:4: a.png is named 2 times; merge the entries",
    ),
    Broken(
        "an image in two files",
        {"a.xml": _file(BOX), "b.xml": _file(BOX, BOX)},
        OPTIONS,
        "a.png: b.xml:4: a.png is named 2 times; merge the entries",
    ),
    _case("another size", _file(sides='width="10" height="20"'), "a.xml says 10 x 20 pixels, the"),
    _case("no size", _file(sides='width="x"'), "a.xml:4: its width 'x' is no whole number of"),
    _case(
        "no label", _file('\n<box xtl="2" ytl="3" xbr="8" ybr="9"/>'), "a.xml:6: the name of its"
    ),
    _case("a tag without label", _file("<tag/>"), "a.png: a.xml:5: the name of its class is empty"),
    _case("unknown shape", _file(_shape("heart")), "a.xml:5: unknown shape <heart>; known are box"),
    _case("a corner less", _file(BOX.replace("xbr", "x")), "a.xml:5: a box lacks xbr; draw it"),
    _case("a word", _file(BOX.replace('"8"', '"8px"')), "a box has the xbr '8px', a number is"),
    _case("NaN", _file(BOX.replace('"8"', '"nan"')), "a.xml:5: the box from (2, 3) to (nan, 9)"),
    _case("infinite", _file(BOX.replace('"8"', '"inf"')), "has a coordinate that is no finite"),
    _case("zero area", _file(BOX.replace('"8"', '"2"')), "(2, 3) to (2, 9) has no area in the"),
    _case("outside", _file(BOX.replace('"8"', '"80"')), "leaves the image of 20 x 10 pixels"),
    _case(
        "turned by nothing",
        _file(BOX.replace("xtl", 'rotation="inf" xtl')),
        "a.xml:5: its rotation is no finite number",
    ),
    _case("no points", _file(_shape("polygon")), "a polygon has the points '', which are not x,y"),
    _case(
        "broken points", _file(_shape("points", points="1,2;3")), "has the points '1,2;3', which"
    ),
    _case("shifted points", _file(_shape("points", points="1;2,3,4")), "has the points '1;2,3,4'"),
    _case(
        "two points", _file(_shape("polygon", points="1,2;3,4")), "a polygon has 4 numbers; three"
    ),
    _case("NaN in points", _file(_shape("polygon", points="1,2;3,4;nan,5")), "no finite number"),
    _case(
        "run lengths short", _file(_mask("0, 3")), "its run lengths sum to 3, but 2 x 2 pixels are"
    ),
    _case(
        "run lengths huge", _file(_mask("0, 99999999999999999999")), "sum to 99999999999999999999"
    ),
    _case(
        "run lengths negative", _file(_mask("-1, 5")), "are not whole numbers from 0, with commas"
    ),
    _case("run lengths of words", _file(_mask("[0, 4]")), "are not whole numbers from 0, with"),
    _case("an empty mask", _file(_mask("4")), "its region is empty: no pixel is drawn"),
    _case("a mask outside", _file(_mask(left=19)), "a mask of 2 x 2 pixels at (19, 1) leaves the"),
    _case("half a pixel", _file(_mask(left=1.5)), "a mask has the left 1.5, not a whole number"),
    _case(
        "a mask in no frame", _file(_mask(), sides=""), "cannot be placed in an image without sound"
    ),
    _case(
        "a frame without bound",
        _file(_mask(), sides='width="999999999" height="999999999"'),
        "a mask cannot be placed in an image without sound width and height",
    ),
)
