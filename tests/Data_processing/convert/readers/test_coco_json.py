"""COCO's JSON file: what a hostile one costs, and where NaN is found."""

import re
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from Data_processing.convert.readers.coco_json import LINE_BLOCK, CocoFile
from Data_processing.convert.readers.coco_schema import CocoImage
from Data_processing.convert.readers.coco_text import with_text_for_no_numbers
from Data_processing.convert.strict_json import Json
from Datasets.errors import AnnotationError

SIZE = 2_000_000
AT_MOST = 12
"""Bytes of memory a byte of the file."""
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|NaN|-?Infinity')
_HEAD = b'{"images":[{"id":1,"file_name":"a.png","x":'
_TAIL = b'}],"categories":[],"annotations":[]}'
_ANNOTATION = b'{"id":1,"image_id":1,"category_id":1,"bbox":[1.5,2.5,3.5,4.5]},'
HOSTILE = {
    "one string": _HEAD + b'"' + b"a" * SIZE + b'"' + _TAIL,
    "escaped quotes": _HEAD + b'"' + b'\\"' * (SIZE // 2) + b'"' + _TAIL,
    "backslashes": _HEAD + b'"' + b"\\\\" * (SIZE // 2) + b'"' + _TAIL,
    "many strings": _HEAD + b"[" + b'"a",' * (SIZE // 4) + b'""]' + _TAIL,
    "one key": _HEAD + b'{"' + b"a" * SIZE + b'":1}' + _TAIL,
    "a key twice": _HEAD + b'"' + b"a" * SIZE + b'","x":1' + _TAIL,
    "NaN": _HEAD + b'["' + b"a" * SIZE + b'",NaN]' + _TAIL,
    "a wrong type": _HEAD + b'0,"width":[' + b"10," * (SIZE // 3) + b"1]" + _TAIL,
    "a wrong type with blanks": _HEAD + b'0,"width":[' + b"1, " * (SIZE // 3) + b"1]" + _TAIL,
    "a string without end": _HEAD + b'"' + b"a" * SIZE,
    "escaped quotes without end": _HEAD + b'"' + b'\\"' * (SIZE // 2),
    "cut off": b'{"images":[],"annotations":[' + _ANNOTATION * (SIZE // len(_ANNOTATION)) + b'{"id',
}


def _peak(path: Path) -> int:
    """Return the bytes of memory that reading costs, whatever comes of it."""
    tracemalloc.start()
    try:
        file = CocoFile(path.parent, path.name)
        for span in file.images:
            file.read(span, CocoImage)
        file.about()
    except AnnotationError:
        pass
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    return peak


@pytest.mark.parametrize("what", HOSTILE)
def test_memory_grows_with_the_file_and_not_with_what_is_in_it(what: str, tmp_path: Path) -> None:
    path = tmp_path / "annotations.json"
    path.write_bytes(HOSTILE[what])
    assert _peak(path) < AT_MOST * len(HOSTILE[what])


@pytest.mark.parametrize("what", ["a key twice", "NaN"])
def test_of_other_formats_too(what: str) -> None:
    tracemalloc.start()
    with pytest.raises(AnnotationError, match=r"^a\.json:1: .*; mend the file$"):
        Json(HOSTILE[what], "a.json")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < AT_MOST * len(HOSTILE[what])


def _as_text(found: re.Match[bytes]) -> bytes:
    word = found[0]
    return word if word.startswith(b'"') else b'"' + word[: len(word) - 2] + b'"'


parts = st.sampled_from([b'"', b"\\", b"\n", b'\\"', b"NaN", b"-", b"Infinity", b"a", b"{", b":"])


@given(text=st.lists(parts, max_size=14).map(b"".join))
def test_what_is_no_number_is_found_where_an_obvious_expression_finds_it(text: bytes) -> None:
    expected = _TOKEN.sub(_as_text, text)
    assert with_text_for_no_numbers(text) == (None if expected == text else expected)


def test_a_long_value_is_shown_by_its_first_words(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('{"images":[\n{"id":1,"file_name":' + "[ 1,\n" * 50 + "2" + "]" * 50 + "}]}")
    file = CocoFile(tmp_path, "a.json")
    with pytest.raises(AnnotationError) as caught:
        file.read(file.images[0], CocoImage)
    shown = '{"id":1,"file_name":[' + " 1, [" * 30
    assert str(caught.value) == (
        f"a.json:2: Expected `str`, got `array` - at `file_name`: {shown[:77]}...; mend it, "
        "or take the entry out"
    )


def _with_lines(path: Path, count: int) -> CocoFile:
    """Write ``count`` images with blank lines between them, each file_name naming its own line."""
    text, line = '{"categories":[],"images":[\n', 2
    for i in range(count):
        blank = i % 7
        text += "\n" * blank + f'{{"id":{i},"file_name":"{line + blank}"}}'
        text += "\n]}\n" if i == count - 1 else "  ,\n"
        line += blank + 1
    path.write_text(text)
    return CocoFile(path.parent, path.name)


def test_a_place_is_the_line_wherever_it_stands(tmp_path: Path) -> None:
    file = _with_lines(tmp_path / "a.json", 3 * LINE_BLOCK // 20)
    assert len((tmp_path / "a.json").read_bytes()) > 3 * LINE_BLOCK
    for span in file.images:
        assert file.place(span) == f"a.json:{file.read(span, CocoImage).file_name}"


def test_a_line_is_counted_in_little_memory(tmp_path: Path) -> None:
    file = _with_lines(tmp_path / "a.json", 50_000)
    tracemalloc.start()
    try:
        file.place(file.images[-1])
        assert tracemalloc.get_traced_memory()[1] < 4 * LINE_BLOCK
    finally:
        tracemalloc.stop()
