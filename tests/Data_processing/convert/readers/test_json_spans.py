"""The parts of a document are found where a JSON parser finds them."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from Data_processing.convert.readers import json_spans
from Data_processing.convert.readers.json_spans import spans_of

scalar = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=6)
)
value = st.recursive(
    scalar,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=12,
)
document = st.dictionaries(st.text(max_size=5), st.one_of(scalar, st.lists(value), value))
layout = st.sampled_from([None, 1, "\t"])


@given(document, layout, st.booleans(), st.integers(1, 40))
def test_every_key_value_and_element(
    whole: dict[str, object], indent: int | str | None, ascii_only: bool, block: int
) -> None:
    text = json.dumps(whole, indent=indent, ensure_ascii=ascii_only).encode(errors="replace")
    expected = json.loads(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_spans, "BLOCK", block)  # so that strings lie across blocks
        spans = spans_of(np.frombuffer(b"\xef\xbb\xbf" + text, np.uint8), 3)
    text = b"\xef\xbb\xbf" + text
    keys = [json.loads(text[start:end]) for start, end in spans.keys.tolist()]
    values = [json.loads(text[start:end]) for start, end in spans.values.tolist()]
    assert dict(zip(keys, values, strict=True)) == expected and len(keys) == len(expected)
    for i, one in enumerate(values):
        if isinstance(one, list) and one:
            found = [json.loads(text[start:end]) for start, end in spans.elements(i).tolist()]
            assert found == one


def test_escaped_quotes_and_backslashes_before_them() -> None:
    text = rb'{"a\\": ["x\"],", "\\\\", "\\\"{"], "b": 1}'
    spans = spans_of(np.frombuffer(text, np.uint8))
    assert [text[s:e] for s, e in spans.keys.tolist()] == [rb'"a\\"', b'"b"']
    assert [json.loads(text[s:e]) for s, e in spans.elements(0).tolist()] == [
        'x"],',
        "\\\\",
        '\\"{',
    ]


strings = st.lists(st.sampled_from(["\\", '"', "a", ","]), max_size=20).map("".join)


@given(whole=st.dictionaries(strings, st.lists(strings)), block=st.integers(1, 9))
def test_runs_of_backslashes_that_lie_across_blocks(
    whole: dict[str, list[str]], block: int
) -> None:
    text = json.dumps(whole).encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_spans, "BLOCK", block)
        spans = spans_of(np.frombuffer(text, np.uint8))
    found = [json.loads(text[start:end]) for start, end in spans.values.tolist()]
    assert found == list(whole.values())
    for i, one in enumerate(whole.values()):
        elements = [text[start:end] for start, end in spans.elements(i).tolist()]
        assert [json.loads(each) for each in elements if each] == one


def test_blanks_around_a_value_are_not_its_own() -> None:
    for text in (
        b'{"a" :\n\t 1 \r\n, "b":[ 1 ] }',
        b'{ "a":%b1%b,"b":[ 1 ]}' % (b" " * 9, b" " * 9),
    ):
        for block in (1, 3, 100):
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(json_spans, "BLOCK", block)
                spans = spans_of(np.frombuffer(text, np.uint8))
            assert [text[s:e] for s, e in spans.values.tolist()] == [b"1", b"[ 1 ]"]


def test_an_empty_array_has_an_empty_element() -> None:
    text = b'{"a": []}'
    assert spans_of(np.frombuffer(text, np.uint8)).elements(0).tolist() == [[7, 7]]
