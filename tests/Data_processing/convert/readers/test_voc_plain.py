"""What is read of a plain file is what the parser reads of it, whatever is changed in it."""

from typing import Literal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from Data_processing.convert.readers import voc
from Data_processing.convert.readers.voc_objects import annotation
from Data_processing.convert.readers.voc_plain import plain_file
from Data_processing.convert.readers.xml import Element, parsed

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
NEW = (
    *("<object>", "</object>", "<name>", "</name>", "<bndbox>", "<polygon>", "<x1>1</x1>", "<a/>"),
    *("<!-- ", " -->", "<![CDATA[", "]]>", "&amp;", "&", "é", "\r", "\r\n", "\n", "\0", "\x0b"),
    *(' verified="yes"', "<!DOCTYPE a>", "<?b ?>", "1_0", "nan", "-1", "1e3", "", " ", BOX),
    *("<part><name>c</name></part>", "<pose>Right</pose>", "<flags>x</flags>"),
)


def check(content: bytes, origin: Literal[0, 1]) -> bool:
    """Return whether the file is plain; if so, all must be as the parser has it."""
    plain = plain_file(content, "a.xml", origin)
    if plain is None:
        return False
    root = parsed(content, "a.xml")
    objects = [one for one in root.children if one.tag == "object"]
    every = [annotation(one, n, f"a.xml:{one.line}", origin) for n, one in enumerate(objects, 1)]
    assert plain.objects == tuple(every)
    assert plain.root.tag == root.tag
    assert plain.root.text_of("filename") == root.text_of("filename")
    assert voc._extras(plain.root) == voc._extras(root)
    assert _sides(plain.root) == _sides(root)
    return True


def _sides(root: Element) -> list[str]:
    size = root.child("size")
    return [size.text_of(side) for side in ("width", "height")] if size else []


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


@pytest.mark.parametrize("codec", ["utf-16", "cp037", "utf-7"])
def test_other_encodings_are_left_to_the_parser(codec: str) -> None:
    declared = f'<?xml version="1.0" encoding="{codec}"?>{LABELIMG}'
    assert not check(declared.encode(codec), 0)
    assert not check(declared.encode(), 0)
