"""JSON of strangers: what is refused, and that the line is right."""

import json
from collections.abc import Iterable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from Data_processing.convert import strict_json
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
    inside = {key: text.read(part, list[msgspec.Raw]) for key, part in parts.items()}
    assert text.place(inside["b"][1]) == "a.json:3"
    assert text.place(inside["a"][0]) == "a.json:1"
    with pytest.raises(ValueError, match="a part of another text"):
        text.place(msgspec.Raw(b"1"))


def _lines(text: str) -> list[int]:
    """Return the lines on which the values of a JSON text begin, outer ones first.

    Step by step, as the standard library's scanner reads it.
    """
    lines: list[int] = []

    def step(at: int) -> int:
        at += len(text[at:]) - len(text[at:].lstrip())
        if text[at] in ",:":
            return step(at + 1)
        return at

    def value(at: int) -> int:
        at = step(at)
        lines.append(text[:at].count("\n") + 1)
        if text[at] not in "[{":
            return json.JSONDecoder().raw_decode(text, at)[1]
        is_object, at = text[at] == "{", step(at + 1)
        while text[at] not in "]}":
            if is_object:
                at = step(json.JSONDecoder().raw_decode(text, at)[1])
            at = step(value(at))
        return at + 1

    value(0)
    return lines


def _places(text: Json, part: msgspec.Raw) -> list[str]:
    """Return the places of a value and of all inside."""
    start = bytes(part)[:1]
    inside: Iterable[msgspec.Raw] = ()
    if start == b"{":
        inside = text.read(part, dict[str, msgspec.Raw]).values()
    elif start == b"[":
        inside = text.read(part, list[msgspec.Raw])
    return [text.place(part), *(place for one in inside for place in _places(text, one))]


ALIKE = st.recursive(
    st.sampled_from([0, 1, "a", "[1]", None]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("ab"), inner),
    max_leaves=20,
)


@given(value=ALIKE, indent=st.sampled_from([0, 2, None]), block=st.sampled_from([1, 7, 1 << 12]))
def test_each_value_is_on_the_line_where_a_scanner_finds_it(
    value: object, indent: int | None, block: int
) -> None:
    """Values are few, so that most occur again, and also stand within texts."""
    content = "\n" + json.dumps(value, indent=indent)
    text = Json(content.encode(), "a.json")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(strict_json, "_BLOCK", block)
        places = _places(text, text.decode(msgspec.Raw))
    assert places == [f"a.json:{line}" for line in _lines(content)]


def test_places_of_200_000_objects_are_told_in_any_order() -> None:
    """A search for each, or a count of lines from the start, would take minutes."""
    count = 200_000
    content = b'{"x": [{"a": 1}],\n"shapes": [\n' + b",\n".join([b'{"a": 1}'] * count) + b"]}"
    text = Json(content, "a.json", is_sound=True)
    parts = text.read(text.decode(dict[str, msgspec.Raw])["shapes"], list[msgspec.Raw])
    places = [text.place(part) for part in reversed(parts)]
    assert places == [f"a.json:{line}" for line in range(count + 2, 2, -1)]


def test_a_number_of_too_many_digits_is_named_with_its_line() -> None:
    content = '{"a": "' + "9" * 5000 + '",\n"b": [1,\n-' + "9" * 5000 + "]}"
    with pytest.raises(AnnotationError) as caught:
        Json(content.encode(), "a.json")
    assert str(caught.value) == (
        "a.json:3: a number is too long: it has 5,000 digits, at most 4,300 can be read; mend the "
        "file"
    )


def test_a_mark_of_byte_order_is_no_content() -> None:
    assert Json(b'\xef\xbb\xbf{"a": 1}', "a.json").decode(dict[str, int]) == {"a": 1}


def test_what_says_nothing_is_not_told() -> None:
    assert (
        compact({"b": 0, "a": False, "c": None, "d": "", "e": {}, "f": []}) == '{"a":false,"b":0}'
    )
    assert compact({"a": None}) is None
