"""JSON of strangers: what is refused, and that the line is right."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from Data_processing.convert.strict_json import Json, compact
from Datasets.errors import AnnotationError

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=12,
)


@given(value=VALUES)
def test_what_is_sound_is_read_as_the_standard_library_reads_it(value: object) -> None:
    try:
        content = json.dumps(value).encode()
        msgspec.json.encode(value)  # half of a surrogate pair is no text
    except (UnicodeEncodeError, ValueError):
        return
    assert Json(content, "a.json").decode(object) == value


@given(content=st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_whatever_the_bytes_there_is_a_sentence_or_a_value(content: bytes) -> None:
    try:
        Json(content, "a.json").decode(object)
    except AnnotationError as error:
        assert str(error).startswith("a.json")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('{"a": 1,\n "\\u0061": 2}', "a.json:2: the key 'a' occurs twice in one object"),
        ('{"a": {"b": 1},\n"c": {"b": 1,\n"b": 2}}', "a.json:3: the key 'b' occurs twice"),
        ('["NaN",\n-Infinity]', "a.json:2: -Infinity is no number in JSON"),
        ('{"a":\n1,}', "a.json:2: not JSON"),
        ('{"a":\n"b', "a.json:2: not JSON: Unterminated string"),
        ('["\\\\ud83d",\n"\\ud83d"]', "a.json:2: \\ud83d is half a character; write the other"),
        ('{"\\ud83d\\ude00": 1,\n"\\ude00\\ud83d": 2}', "a.json:2: \\ude00 is half a character"),
        ("[1.5, 1e9,\n-1e999]", "a.json:2: the number -1e999 is beyond all that can be read"),
    ],
)
def test_the_line_is_named(text: str, sentence: str) -> None:
    with pytest.raises(AnnotationError) as caught:
        Json(text.encode(), "a.json")
    assert str(caught.value).startswith(sentence)


@given(
    parts=st.lists(st.sampled_from(("a", "\\\\", "\\n", "\\ud83d", "\\uDE00", "ud83d", "\\u0041")))
)
def test_what_is_found_sound_can_be_decoded(parts: list[str]) -> None:
    """Python reads halves of characters, msgspec does not: none may pass for another tool's."""
    content = f'{{"a": ["{"".join(parts)}"]}}'.encode()
    try:
        text = Json(content, "a.json")
    except AnnotationError:
        with pytest.raises(msgspec.DecodeError):
            msgspec.json.decode(content)
    else:
        assert text.shaped(dict[str, list[str]]) == json.loads(content)


def test_only_a_sound_file_has_another_shape() -> None:
    assert Json(b"[1]", "a.json").shaped(dict[str, int]) is None
    assert Json(b'{"a": 1}', "a.json").shaped(dict[str, int]) == {"a": 1}


def test_parts_know_their_line_also_where_they_are_alike() -> None:
    text = Json(b'{"a": [1],\n"b": [2,\n1]}', "a.json")
    parts = text.decode(dict[str, msgspec.Raw])
    assert text.place(parts["b"]) == "a.json:2"
    one = msgspec.Raw(b"1")
    assert text.place(one, inside=parts["b"]) == "a.json:3"
    assert text.place(one, inside=parts["a"]) == "a.json:1"


def test_a_mark_of_byte_order_is_no_content() -> None:
    assert Json(b'\xef\xbb\xbf{"a": 1}', "a.json").decode(dict[str, int]) == {"a": 1}


def test_what_says_nothing_is_not_told() -> None:
    assert (
        compact({"b": 0, "a": False, "c": None, "d": "", "e": {}, "f": []}) == '{"a":false,"b":0}'
    )
    assert compact({"a": None}) is None
