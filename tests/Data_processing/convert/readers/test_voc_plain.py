"""What is read of a plain file is what the parser reads of it, whatever is changed in it."""

import re
from pathlib import Path
from typing import Literal

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from Data_processing.convert.found import FoundImage, Seen, Source
from Data_processing.convert.readers import voc
from Data_processing.convert.readers.small_files import Files
from Data_processing.convert.readers.voc_files import Paired
from Data_processing.convert.readers.voc_plain import plain_file
from Data_processing.convert.report import Report
from Datasets.dataset import Dataset

BOX = "<bndbox><xmin>2</xmin><ymin>3.5</ymin><xmax>8</xmax><ymax>9</ymax></bndbox>"
LABELIMG = f"""<annotation>
\t<folder>a</folder>
\t<filename>b.jpg</filename>
\t<path>C:/a/b.jpg</path>
\t<source>
\t\t<database>Unknown</database>
\t</source>
\t<size>
\t\t<width>640</width>
\t\t<height>480</height>
\t\t<depth>3</depth>
\t</size>
\t<segmented>0</segmented>
\t<object>
\t\t<name>red cat</name>
\t\t<pose>Left</pose>
\t\t<truncated>0</truncated>
\t\t<difficult>1</difficult>
\t\t{BOX}
\t</object>
\t<object><name> dog</name>{BOX}<difficult>0</difficult></object>
</annotation>
"""
TAGS = tuple(sorted(set(re.findall(r"<(\w+)>", LABELIMG))))
NEW = (
    *("<object>", "</object>", "<name>", "</name>", "<bndbox>", "<polygon>", "<x1>1</x1>", "<a/>"),
    *("<!-- ", " -->", "<![CDATA[", "]]>", "&amp;", "&", "é", "\r", "\r\n", "\n", "\0", "\x0b"),
    *(' verified="yes"', "<!DOCTYPE a>", "<?b ?>", "1_0", "nan", "-1", "1e3", "", " ", BOX),
    *("<part><name>c</name></part>", "<pose>Right</pose>", "<flags>x</flags>"),
)


class _Told(Report):
    """Keeps what is told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str, str, bool, int]] = []

    def reject(
        self, sample: str, reason: str, kind: str, *, whole: bool = True, annotations: int = 0
    ) -> None:
        self.told.append((sample, reason, kind, whole, annotations))


class _Held(Files):
    """One file, that is on no disk."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    def read(self, file: str) -> bytes:
        return self.content


class Outcome(msgspec.Struct, frozen=True):
    """All that comes of a file."""

    images: list[FoundImage]
    told: list[tuple[str, str, str, bool, int]]
    seen: Seen


def outcome(content: bytes, origin: Literal[0, 1]) -> Outcome:
    source = Source("a", Path(), Dataset(path="a", format="voc", origin=origin), "datasets.a")
    report, seen = _Told(), Seen(names=set())
    reader = voc._Reader(source, _Held(content), report, seen, frozenset({"b.jpg"}), False)
    images = list(reader.images(Paired({"b.jpg": "a.xml"}, {}, {})))
    return Outcome(images, report.told, seen)


def check(content: bytes, origin: Literal[0, 1]) -> bool:
    """Return whether the file is plain; if so, all must be as it is without the short way."""
    if plain_file(content, "a.xml", origin) is None:
        return False
    short = outcome(content, origin)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(voc, "plain_file", lambda *of: None)
        assert short == outcome(content, origin)
    return True


@pytest.mark.parametrize("origin", [0, 1])
@pytest.mark.parametrize("declared", ["", '<?xml version="1.0" encoding="UTF-8"?>\r\n'])
@pytest.mark.parametrize("root", ["<annotation>", '<annotation verified="yes">'])
def test_what_tools_write_is_plain(origin: Literal[0, 1], declared: str, root: str) -> None:
    assert check((declared + LABELIMG.replace("<annotation>", root)).encode(), origin)


@example(0, LABELIMG.index("<object>"), "<part><object></object></part>")
@example(0, LABELIMG.index("<object>"), "<!-- ")
@example(len("<annotation>\n"), len(LABELIMG), "")
@given(
    st.integers(0, len(LABELIMG)), st.integers(0, len(LABELIMG)), st.sampled_from(NEW) | st.text()
)
def test_a_part_that_is_replaced(start: int, end: int, new: str) -> None:
    text = LABELIMG[:start] + new + LABELIMG[max(start, min(end, start + 40)) :]
    check(text.encode(errors="replace"), 1)


@given(st.lists(st.tuples(st.integers(0, len(LABELIMG)), st.sampled_from(NEW)), max_size=4))
def test_parts_that_are_put_in(where: list[tuple[int, str]]) -> None:
    text = LABELIMG
    for at, new in where:
        text = text[:at] + new + text[at:]
    check(text.encode(), 0)


@given(st.lists(st.sampled_from(LABELIMG.splitlines()), max_size=12))
def test_lines_in_any_order(lines: list[str]) -> None:
    check("\n".join(["<annotation>", *lines, "</annotation>"]).encode(), 0)


def _mutant(text: str, how: str, tag: str, nth: int) -> str:
    """Return ``text`` with one element ``tag`` of it, the ``nth``, changed in one way."""
    found = list(re.finditer(rf"<{tag}>(?:(?!<{tag}>).)*?</{tag}>\n?", text, re.DOTALL))
    if not found:
        return text
    one = found[nth % len(found)]
    inner = one[0][len(tag) + 2 : one[0].rindex("</")]
    new = CHANGES[how].format(element=one[0], tag=tag, case=tag.capitalize(), inner=inner)
    return text[: one.start()] + new + text[one.end() :]


CHANGES = {
    "attribute": '<{tag} id="1">{inner}</{tag}>',
    "blank in the tag": "<{tag} >{inner}</{tag}>",
    "line break in the tag": "<{tag}\n>{inner}</{tag} >",
    "case": "<{case}>{inner}</{case}>",
    "empty": "<{tag}/>",
    "empty in two": "<{tag}></{tag}>",
    "empty, another case": "<{case}></{case}>",
    "another case beside": "{element}<{case}>{inner}</{case}>",
    "another case before": "<{case}>x</{case}>{element}",
    "twice": "{element}{element}",
    "a second that says otherwise": "{element}<{tag}>7</{tag}>",
    "a first that says otherwise": "<{tag}>7</{tag}>{element}",
    "gone": "",
    "in itself": "<{tag}>{element}</{tag}>",
    "in another": "<part>{element}</part>",
    "an object in it": "<{tag}>{inner}<object><name>c</name></object></{tag}>",
    "an Object in it": "<{tag}><Object>1</Object>{inner}</{tag}>",
    "an empty OBJECT in it": "<{tag}>{inner}<OBJECT></OBJECT></{tag}>",
    "an object before": '<object id="1"><name>c</name></object>{element}',
    "an empty object before": "<object/>{element}",
    "a Size before": "<Size><width>1</width></Size>{element}",
    "comment before": "<!-- <object> -->{element}",
    "comment in it": "<{tag}><!-- a -->{inner}</{tag}>",
    "comment in the middle": "<{tag}>{inner}<!-- <object></object> -->x</{tag}>",
    "CDATA": "<{tag}><![CDATA[{inner}]]></{tag}>",
    "entity": "<{tag}>&#32;{inner}&amp;</{tag}>",
    "instruction": "<?a <object> ?>{element}",
    "text beside": "words{element}words",
    "indented": "<{tag}>\n\t{inner}\r\n</{tag}>",
    "blanks": "<{tag}>  {inner} </{tag}>",
    "number": "<{tag}>007.50</{tag}>",
    "minus": "<{tag}>-0</{tag}>",
    "closed early": "{element}</annotation><annotation>",
    "no plain letter": "<{tag}>é</{tag}>",
}


@example(0, [("attribute", "object", 0)])
@example(0, [("line break in the tag", "object", 0)])
@example(0, [("an empty object before", "object", 0)])
@example(0, [("an Object in it", "object", 0)])
@example(1, [("an empty OBJECT in it", "object", 1)])
@example(0, [("a first that says otherwise", "filename", 0)])
@example(0, [("a second that says otherwise", "width", 0)])
@given(
    st.sampled_from([0, 1]),
    st.lists(
        st.tuples(st.sampled_from(sorted(CHANGES)), st.sampled_from(TAGS), st.integers(0, 1)),
        max_size=4,
    ),
)
def test_elements_that_are_changed(
    origin: Literal[0, 1], changes: list[tuple[str, str, int]]
) -> None:
    text = LABELIMG
    for how, tag, nth in changes:
        text = _mutant(text, how, tag, nth)
    check(text.encode(), origin)


@pytest.mark.parametrize("codec", ["utf-16", "cp037", "utf-7"])
def test_other_encodings_are_left_to_the_parser(codec: str) -> None:
    declared = f'<?xml version="1.0" encoding="{codec}"?>{LABELIMG}'
    assert not check(declared.encode(codec), 0)
    assert not check(declared.encode(), 0)
