"""Class folders that cannot be taken over as they are."""

from tests.Data_processing.convert.corpus import Broken
from tests.Data_processing.convert.corpus.masks import SOUND

OPTIONS = "format: folders"
CAT = {"cat/a.png": (20, 10)}

CASES = (
    Broken("no image", {"cat/a.txt": "x"}, OPTIONS, "there is no image in raw", images={}),
    Broken(
        "beside the folders",
        {},
        OPTIONS,
        "a.png: lies beside the class folders, so it has no",
        images={"a.png": (20, 10), **CAT},
    ),
    Broken("a blank name", {" /b.png": SOUND}, OPTIONS, " /b.png: the name of its class is empty"),
    Broken("a newline", {"b\n/b.png": SOUND}, OPTIONS, "holds characters that cannot be printed"),
    Broken("an escape", {"\x1b[1m/b.png": SOUND}, OPTIONS, "holds characters that cannot be"),
    Broken("empty", {"cat/b.png": b""}, OPTIONS, "cat/b.png: the file is empty", images=CAT),
    Broken(
        "cut off",
        {"cat/b.png": SOUND[:20]},
        OPTIONS,
        "cat/b.png: the header cannot be read (Truncated File Read); replace the file",
        images=CAT,
    ),
    Broken(
        "a format that is not read",
        {"cow/b.gif": b"GIF89a", "cow/c.tga": b"\0\0\2"},
        OPTIONS,
        "cow/b.gif: not an image of a known format but a GIF image; save it as one of",
        images=CAT,
    ),
    Broken(
        "a text",
        {"cat/b.png": "cat"},
        OPTIONS,
        "cat/b.png: not an image of a known format but text; save it as one of",
        images=CAT,
    ),
    Broken(
        "a link to a folder",
        {},
        OPTIONS,
        "dog: is a link to a folder, which is not followed; put the folder itself here",
        images=CAT,
        links={"dog": "cat"},
    ),
    Broken(
        "a link out of the folder",
        {},
        OPTIONS,
        "cat/b.png: a link leads out of the data set's folder; copy the file into it",
        images=CAT,
        links={"cat/b.png": "/etc/hostname"},
    ),
)
