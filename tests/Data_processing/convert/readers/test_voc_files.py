"""The image's name is told from a file's first lines as a parser tells it."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from Data_processing.convert.readers.voc_files import Head, head_of, parsed_head

DECLARED = '<?xml version="1.0" encoding="utf-8"?>\n'
TAGS = ("<folder>", "</folder>", "<filename>", "</filename>", "<path>", "</path>")
ROOTS = ("<annotation>", '<annotation verified="yes">', "<!DOCTYPE annotation>", DECLARED)
TEXTS = ("a\\b.png", "b.png", "&amp;", "&", "]]>", "é", "\x00", "\x0b", "\n\t", " ", "<!-- a -->")


@example(["<annotation>", "<folder>", "</folder>", "<filename>", "é", "</filename>"])
@example(["<annotation>", "<filename>", "]]>", "</filename>"])
@example(["<annotation>", "<filename>", " ", "</filename>", "<path>", "a\\b", "</path>"])
@given(st.lists(st.sampled_from([*TAGS, *ROOTS, *TEXTS]), max_size=12))
def test_a_plain_head_is_read_as_any_other(parts: list[str]) -> None:
    content = "".join(parts).encode()
    assert head_of(content, "a.xml") == parsed_head(content, "a.xml")


@pytest.mark.parametrize("before", ["", DECLARED])
@pytest.mark.parametrize("folder", ["", "\n  <folder></folder>\r\n", "<folder>VOC 2012</folder>"])
@given(text=st.text(st.characters(max_codepoint=300), max_size=9))
def test_whatever_the_name_is(before: str, folder: str, text: str) -> None:
    content = f"{before}<annotation>{folder}<filename>{text}</filename>".encode()
    assert head_of(content, "a.xml") == parsed_head(content, "a.xml")


def test_the_usual_head() -> None:
    content = f"{DECLARED}<annotation>\n<folder>a</folder>\n<filename>b\\c.png</filename>".encode()
    assert head_of(content, "a.xml") == Head("annotation", "b/c.png")
