"""XML of strangers: traps are refused before they snap, and breaks are named with their line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from Data_processing.convert.readers.xml import Guarded, number, parsed, plain, told, whole
from Datasets.errors import AnnotationError

SOUND = b'<?xml version="1.0"?>\n<a>\n <b c="1">x &lt; y</b>\n <b/>\n</a>\n'


def test_elements_know_their_line_text_and_attributes() -> None:
    root = parsed(SOUND, "a.xml")
    first, second = root.children
    assert (root.tag, root.line, root.text) == ("a", 2, "")
    assert (first.line, first.text, first.attributes) == (3, "x < y", {"c": "1"})
    assert (second.line, second.text, second.children) == (4, "", [])
    assert parsed(b"<a>\n<b/></a>", "a.xml", 7).children[0].line == 8


@given(st.binary(max_size=60))
def test_bytes_of_any_kind_are_xml_or_are_named(content: bytes) -> None:
    for text in (content, SOUND[: len(content)] + content, b"<a>" + content + b"</a>"):
        try:
            parsed(text, "a.xml")
        except AnnotationError as error:
            assert str(error).startswith("a.xml:")


@given(st.integers(0, len(SOUND.rstrip()) - 1))
def test_what_is_cut_off_is_never_taken_for_a_whole(length: int) -> None:
    with pytest.raises(AnnotationError, match=r"a\.xml:\d: the file is cut off; get it anew"):
        parsed(SOUND[:length], "a.xml")


@given(st.lists(st.integers(1, 30), min_size=1))
def test_a_break_is_found_at_the_same_place_however_the_file_is_read(sizes: list[int]) -> None:
    content = SOUND.replace(b"x &lt;", b"\xff")
    parser = Guarded("a.xml")
    with pytest.raises(AnnotationError, match=r"a\.xml:3: the byte 0xff is not UTF-8"):
        for size in sizes * len(content):
            part, content = content[:size], content[size:]
            parser.feed(part, not content)


@pytest.mark.parametrize(
    "declared",
    [
        '<!ENTITY e "boom">',
        '<!ENTITY e SYSTEM "file:///etc/hostname">',
        '<!ENTITY % e SYSTEM "http://localhost/x.dtd"> %e;',
        '<!NOTATION n SYSTEM "n"><!ENTITY e SYSTEM "x" NDATA n>',
        "",
    ],
)
def test_no_document_type_is_read(declared: str) -> None:
    text = f"<!DOCTYPE a [{declared}]>\n<a>&e;</a>"
    with pytest.raises(AnnotationError, match=r"a\.xml:1: holds a document type"):
        parsed(text.encode(), "a.xml")
    with pytest.raises(AnnotationError, match=r"a\.xml:1: holds a document type"):
        parsed(b'<!DOCTYPE a SYSTEM "http://localhost/x.dtd">\n<a/>', "a.xml")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1", "cp1252"])
def test_encodings_that_are_declared_are_read(encoding: str) -> None:
    text = f'<?xml version="1.0" encoding="{encoding.removesuffix("-sig")}"?><a>ü</a>'
    assert parsed(text.encode(encoding), "a.xml").text == "ü"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("7", 7),
        ("-7", -7),
        ("0.5", 0.5),
        ("1e3", "1e3"),
        ("1_0", "1_0"),
        ("", ""),
        ("9" * 16, "9" * 16),
    ],
)
def test_numbers_are_numbers_only_where_nothing_is_lost(text: str, value: object) -> None:
    assert plain(text) == value and type(plain(text)) is type(value)


def test_what_an_element_says_becomes_an_object() -> None:
    text = b'<a k="1"><b>x</b><c><d>1</d><d>2</d></c><e f="g">h</e></a>'
    assert told(parsed(text, "a.xml")) == {
        "k": 1,
        "b": "x",
        "c": {"d": [1, 2]},
        "e": {"f": "g", "text": "h"},
    }


@pytest.mark.parametrize(("text", "side"), [("640", 640), ("640.0", 640), ("0", None), (" ", None)])
def test_a_side_is_whole_or_unknown(text: str, side: int | None) -> None:
    assert whole(text, "width") == side


@pytest.mark.parametrize("text", ["-1", "1.5", "nan", "inf", "x"])
def test_a_side_that_is_none_is_named(text: str) -> None:
    with pytest.raises(AnnotationError, match=f"width '{text}' is no whole number of pixels"):
        whole(text, "width")


def test_underscores_make_no_number() -> None:
    assert number(" 1e1 ") == 10
    with pytest.raises(ValueError, match="no number: '1_0'"):
        number("1_0")
