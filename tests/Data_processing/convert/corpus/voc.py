"""Pascal VOC files that cannot be taken over as they are."""

from tests.Data_processing.convert.corpus import Broken

OPTIONS = "format: voc"
BOX = "<bndbox><xmin>2</xmin><ymin>3</ymin><xmax>8</xmax><ymax>9</ymax></bndbox>"
NAMED = "<name>cat</name>"


def _file(inside: str = NAMED + BOX, name: str = "a.png", more: str = "") -> str:
    """Return a file whose object stands in line 4."""
    return (
        f'<?xml version="1.0"?>\n<annotation>\n<filename>{name}</filename>{more}\n'
        f"<object>{inside}</object>\n</annotation>\n"
    )


def _case(name: str, content: bytes | str, sentence: str, **other: object) -> Broken:
    return Broken(name, {"a.xml": content}, OPTIONS, sentence, **other)  # type: ignore[arg-type]


def _corner(tag: str, value: str) -> str:
    start, _, rest = BOX.partition(f"<{tag}>")
    return _file(f"{NAMED}{start}<{tag}>{value}</{tag}>{rest.partition(f'</{tag}>')[2]}")


def _polygon(*numbers: str) -> str:
    tags = [f"{axis}{i}" for i in range(1, len(numbers) + 1) for axis in "xy"]
    pairs = zip(tags, numbers, strict=False)
    return _file(
        f"{NAMED}<polygon>{''.join(f'<{tag}>{text}</{tag}>' for tag, text in pairs)}</polygon>"
    )


_BOMB = (
    '<?xml version="1.0"?>\n<!DOCTYPE annotation [<!ENTITY a "aaaaaaaaaa">\n'
    '<!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">\n<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>\n'
    "<annotation><filename>&c;</filename></annotation>"
)
_OUTSIDE = (
    '<!DOCTYPE annotation [<!ENTITY x SYSTEM "file:///etc/passwd">]>\n'
    "<annotation><filename>a.png</filename><object><name>&x;</name></object></annotation>"
)

CASES = (
    _case("empty", " \n", "a.xml: the file is empty; replace it or take it out"),
    _case("truncated", _file()[:90], "a.png: a.xml:4: the file is cut off; get it anew"),
    _case("truncated in the name", _file()[:50], "a.png: a.xml:3: the file is cut off"),
    _case("tags that cross", _file("<a><b></a></b>"), "a.xml:4: not XML: mismatched tag in column"),
    _case(
        "objects in a list",
        "<annotation><filename>a.png</filename>\n<objects>\n<object/></objects></annotation>",
        "a.xml:3: a <object> in <objects> is not found; write it as <object>, right below <annotat",
    ),
    _case(
        "an object in capitals",
        _file("<name>cat</name>").replace("<object>", "<Object/><object>"),
        "a.xml:4: a <Object> in <annotation> is not found; write it as <object>, right below",
    ),
    _case("two roots", _file() + "<annotation/>", "a.xml:6: not XML: junk after document element"),
    _case("a bare &", _file("<name>cat & dog</name>"), "not XML: not well-formed (invalid token)"),
    _case("an entity nobody declared", _file("<name>&nbsp;</name>"), "undefined entity"),
    _case(
        "Latin-1 without a word of it",
        _file(f"<name>M{{}}we</name>{BOX}").format("ö").encode("latin-1"),
        "a.xml:4: the byte 0xf6 is not UTF-8; save the file as UTF-8",
    ),
    _case(
        "an encoding nobody knows",
        '<?xml version="1.0" encoding="klingon"?><annotation/>',
        "a.xml: its encoding cannot be read: unknown encoding: klingon; save the file as UTF-8",
    ),
    _case("a bomb", _BOMB, "a.xml:2: holds a document type (<!DOCTYPE), by which other files"),
    _case("a file of the computer", _OUTSIDE, "a.xml:1: holds a document type (<!DOCTYPE)"),
    _case("nested too deeply", _file("<a>" * 99), "a.xml:4: elements are nested too deeply to be"),
    _case("another format", "<annotations><image/></annotations>", "is a Pascal VOC file, which"),
    Broken(
        "another format that is named",
        {"a.xml": "<annotations/>"},
        f"{OPTIONS}, annotations: '*.xml'",
        "a.xml: begins with <annotations>, a Pascal VOC file with <annotation>; correct",
    ),
    Broken("no file", {"a.txt": "x"}, OPTIONS, "there is no .xml file below"),
    _case("climbs out", _file(name="../a.png"), "'../a.png' leads out of the data set's folder"),
    _case("absolute", _file(name="/me/a.png"), "'/me/a.png' leads out of the data set's"),
    _case("a line break", _file(name="a&#10;b.png"), "holds characters that cannot be printed"),
    _case("a NUL", _file(name="a\0.png"), "not XML: not well-formed (invalid token)"),
    _case("no such image", _file(name="b.png"), "b.png: the annotations name it, but", images={}),
    _case(
        "by case", _file(), "a.png: there is no file a.png, but A.png", images={"A.png": (20, 10)}
    ),
    Broken(
        "neither name nor image",
        {"b.xml": _file(name="")},
        OPTIONS,
        "b.xml: names no image: its <filename> is empty, and no image is called as the file is",
    ),
    Broken(
        "a link out of the folder",
        {"b.xml": _file()},
        OPTIONS,
        "a.xml: a link leads out of the data set's folder; copy the file into it",
        links={"a.xml": "/etc/hostname"},
    ),
    Broken(
        "two files of an image",
        {"a.xml": _file(), "b.xml": _file()},
        OPTIONS,
        "a.png: b.xml: a.png is named 2 times; merge the entries",
    ),
    _case(
        "another size",
        _file(more="<size><width>10</width><height>20</height></size>"),
        "a.xml says 10 x 20 pixels, the file has 20 x 10; which is right?",
    ),
    _case(
        "no size",
        _file(more="\n<size><width>wide</width><height>10</height></size>"),
        "a.xml:4: <width> 'wide' is no whole number of pixels; correct it",
    ),
    _case("no class", _file(BOX), "a.xml:4: the name of its class is empty; give it one"),
    _case("a blank class", _file(f"<name> </name>{BOX}"), "the name of its class is empty"),
    _case(
        "a tab in a class", _file(f"<name>a\tb</name>{BOX}"), "'a\\tb' holds a control character"
    ),
    _case("two names", _file(NAMED * 2 + BOX), "a.xml:4: an <object> has 2 <name>, one is needed"),
    _case("two boxes", _file(NAMED + BOX * 2), "an <object> has 2 <bndbox>, one is needed"),
    _case("no box", _file(NAMED + "<pose/>"), "an <object> has no <bndbox>, only <pose>; draw it"),
    _case("a corner less", _file(NAMED + BOX.replace("ymax", "y")), "has 0 <ymax>, one is needed"),
    _case(
        "a corner twice",
        _file(NAMED + BOX.replace("<ymin>", "<xmin>1</xmin><ymin>")),
        "a.xml:4: <bndbox> has 2 <xmin>, one is needed; draw it again",
    ),
    _case("a word", _corner("xmax", "eight"), "has the <xmax> 'eight', a number is needed"),
    _case("an empty corner", _corner("xmax", ""), "has the <xmax> '', a number is needed"),
    _case("Python's number", _corner("xmax", "1_0"), "has the <xmax> '1_0', a number is needed"),
    _case("NaN", _corner("ymin", "nan"), "a.xml:4: the box from (2, nan) to (8, 9) has a"),
    _case("infinite", _corner("xmax", "1e999"), "to (inf, 9) has a coordinate that is no finite"),
    _case("zero area", _corner("xmax", "2"), "a.xml:4: the box from (2, 3) to (2, 9) has no area"),
    _case("outside", _corner("xmax", "90"), "to (90, 9) leaves the image of 20 x 10 pixels"),
    _case("two points", _polygon("1", "1", "5", "5"), "a.xml:4: a polygon has 4 numbers; three"),
    _case("a point without y", _polygon("1", "1", "5", "5", "8"), "<polygon> has 0 <y3>, one is"),
    _case("a point of words", _polygon("1", "1", "5", "x", "8", "8"), "has the <y2> 'x', a number"),
)
