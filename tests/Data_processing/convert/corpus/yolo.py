"""YOLO label and class files that cannot be taken over as they are."""

from tests.Data_processing.convert.corpus import Broken

OPTIONS = "format: yolo"
NAMES = "names: [ant, cat]\n"
BOX = "0 0.5 0.5 0.5 0.5\n"


def _line(name: str, line: bytes | str, sentence: str, names: str = NAMES) -> Broken:
    return Broken(name, {"data.yaml": names, "a.txt": line}, OPTIONS, sentence)


def _names(name: str, content: bytes | str, sentence: str, file: str = "data.yaml") -> Broken:
    return Broken(name, {file: content, "a.txt": BOX}, OPTIONS, sentence)


CASES = (
    _line("class unknown", "7 .5 .5 .5 .5", "a.txt:1: the class '7' is unknown, data.yaml names 0"),
    _line("class below 0", "-1 .5 .5 .5 .5", "a.txt:1: the class '-1' is unknown"),
    _line("class in between", "0.5 .5 .5 .5 .5", "a.txt:1: the class '0.5' is unknown"),
    _line("class is nan", "nan .5 .5 .5 .5", "a.txt:1: the class 'nan' is unknown"),
    _line("class by name", "cat .5 .5 .5 .5", "a.txt:1: 'cat' is no number; a line is a class"),
    _line("truncated", BOX + "1 0.5 0.", "a.txt:2: a class and 2 numbers are neither a box (4, or"),
    _line("x without y", "0 0 0 1 0 1 1 0.5", "a.txt:1: a class and 7 numbers are neither a box"),
    _line("pixels", "0 10 5 4 4", "a.txt:1: 10 is no share of the frame, which goes from 0 to 1"),
    _line("commas", "0,0.5,0.5,0.5,0.5", "a.txt:1: '0,0.5,0.5,0.5,0.5' is no number"),
    _line("underscores", "0 0_0.5 .5 .5 .5", "a.txt:1: '0_0.5' is no number"),
    _line("nan", "0 nan .5 .5 .5", "annotation 1: the box from (nan, 2.5) to (nan, 7.5) has a"),
    _line("inf", "0 .5 1e999 .5 .5", "has a coordinate that is no finite number"),
    _line("confidence nan", "0 .5 .5 .5 .5 nan", "a.txt:1: its confidence is no finite number"),
    _line("zero area", "0 .5 .5 0 .5", "annotation 1: the box from (10, 2.5) to (10, 7.5) has no"),
    _line("outside", "0 1 .5 .5 .5", "leaves the image of 20 x 10 pixels"),
    _line("polygon nan", "0 0 0 nan 0 1 1", "a polygon has a coordinate that is no finite number"),
    _line("UTF-16", BOX.encode("utf-16"), "a.txt: holds bytes of value 0, so it is no label file"),
    _line(
        "foreign digits", "0 \u0660 .5 .5 .5", "is no number; a line is a class number and coord"
    ),
    _line(
        "keypoints",
        "0 .5 .5 .5 .5 .5 .5 2",
        "a.txt:1: a class and 7 numbers are no box with 2 keypoints of 3 numbers (4 + 6), as data",
        NAMES + "kpt_shape: [2, 3]\n",
    ),
    _names("nothing names the classes", "ant", "nothing names the classes below raw", "x.text"),
    _names("YAML broken", "names: [ant", "raw/data.yaml: not readable as YAML"),
    _names("YAML a list", "- ant", "raw/data.yaml: a mapping of keys to values was expected"),
    _names("YAML empty", "", "data.yaml: the file is empty; replace it or take it out"),
    _names("YAML a date", "names: [2001-99-99]", "data.yaml: not readable as YAML: month must be"),
    _names("YAML a tag", "names: !!python/object:os.system []", "not readable as YAML"),
    _names("YAML deep", "names: " + "[" * 500, "data.yaml: not readable as YAML: it is nested too"),
    _names("names a text", "names: ant", "data.yaml: names: a list or a mapping from numbers was"),
    _names(
        "YAML that unfolds",
        "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}' if i else 'x'] * 9)}]\n" for i in range(9))
        + "names: [*a8]\n",
        "data.yaml: names.0: text was expected, got a list of 9; put it in quotes",
    ),
    _names("a key twice", "names: [ant]\nnames: [bee]", "not readable as YAML: while constructing"),
    _names(
        "a number twice", "names: {0: ant, '0': b}", "names: the class 0 is there twice; remove"
    ),
    _names(
        "a name for a key", "names: {ant: 0}", "data.yaml: names: 'ant' is no number of a class"
    ),
    _names("a name is true", "names: [true]", "names.0: text was expected, got True; put it in qu"),
    _names("a name twice", "names: [ant, ant]", "'ant' is the name of class 0 and of class 1; giv"),
    _names(
        "a count that differs",
        "nc: 3\nnames: [ant]",
        "data.yaml: nc is 3, but there is 1 name; correct one of them",
    ),
    _names(
        "a count of other names",
        "nc: '1'\nnames: [ant, bee]",
        "data.yaml: nc is '1', but there are 2 names; correct one of them",
    ),
    _names(
        "no points", "names: [ant]\nkpt_shape: 3", "kpt_shape: the number of keypoints and 2 or"
    ),
    _names(
        "points of none",
        "names: [ant]\nkpt_shape: [0, 3]",
        "was expected, as in `[17, 3]` (17 keypoints of x, y and visibility), got [0, 3]; mend it",
    ),
    _names("a blank name", "names: [' ']", "a.txt:1: data.yaml: class 0: the name of its class is"),
    _names(
        "a blank line",
        "\nant\n",
        "classes.txt: class 0: the name of its class is empty",
        "classes.txt",
    ),
    _names(
        "not UTF-8",
        b"\xffant\n",
        "classes.txt: byte 0 is no UTF-8; save the file as UTF-8",
        "classes.txt",
    ),
    Broken(
        "no label file",
        {"data.yaml": NAMES},
        OPTIONS,
        "no image below raw has a label file; that of images/a.png is labels/a.txt or images/a.txt",
    ),
    Broken(
        "no image",
        {"data.yaml": NAMES, "a.txt": BOX, "b.txt": BOX},
        OPTIONS,
        "b.txt: there is no image for this label file; add the image, or take the file out",
    ),
    Broken(
        "two images of one file",
        {"data.yaml": NAMES, "a.txt": BOX},
        OPTIONS,
        "a.bmp: a.txt could be of a.bmp and a.png: one file for one image is expected; rename what",
        images={"a.png": (20, 10), "a.bmp": (20, 10)},
    ),
    Broken(
        "two files of one image",
        {"data.yaml": NAMES, "labels/a.txt": BOX, "labels/a.TXT": BOX},
        OPTIONS,
        "labels/a.TXT: there is no image for this label file; add the image, or take the file out",
        images={"images/a.png": (20, 10)},
    ),
    Broken(
        "a link out of the folder",
        {"data.yaml": NAMES, "b.txt": BOX},
        OPTIONS,
        "a.txt: a link leads out of the data set's folder; copy the file into it",
        images={"a.png": (20, 10), "b.png": (20, 10)},
        links={"a.txt": "../params.yaml"},
    ),
    Broken(
        "classes out of the folder",
        {"a.txt": BOX},
        f"{OPTIONS}, classes: ../params.yaml",
        "../params.yaml: a link leads out of the data set's folder",
    ),
    Broken(
        "classes without names",
        {"a.txt": BOX, "x.yaml": "nc: 2"},
        f"{OPTIONS}, classes: x.yaml",
        "x.yaml: there is no key 'names'; add it, as in `names: [cat, dog]`",
    ),
    Broken(
        "a newline in an image's name",
        {"data.yaml": NAMES, "a.txt": BOX},
        OPTIONS,
        "holds characters that cannot be printed",
        images={"a.png": (20, 10), "b\n.png": (20, 10)},
    ),
)
