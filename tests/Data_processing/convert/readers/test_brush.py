"""Label Studio's brush against an encoder and a decoder that are slow and obvious."""

import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from Data_processing.convert.readers import brush
from Data_processing.convert.readers.brush import alpha
from Datasets.errors import AnnotationError

HEAD = f"{7:05b}{2:04b}{3:04b}{7:04b}{15:04b}"
"""Values of 8 bits; lengths of 3, 4, 8 and 16 bits."""


def _packed(bits: str) -> bytes:
    padded = bits + "0" * (-len(bits) % 8)
    return bytes(int(padded[i : i + 8], 2) for i in range(0, len(padded), 8))


def _encoded(values: list[int], runs: list[tuple[bool, int]]) -> bytes:
    """Return ``values`` as runs: (whether one value is repeated, how many)."""
    bits, at = f"{len(values):032b}{HEAD}", 0
    for is_repeated, length in runs:
        bits += "1" if is_repeated else "0"
        bits += f"11{length - 1:016b}"
        here = values[at : at + length]
        bits += "".join(f"{value:08b}" for value in (here[:1] if is_repeated else here))
        at += length
    return _packed(bits)


def _decoded(content: bytes) -> list[int]:
    bits = iter("".join(f"{byte:08b}" for byte in content))

    def read(count: int) -> int:
        return int("".join(next(bits) for _ in range(count)), 2)

    size, word = read(32), read(5) + 1
    widths = [read(4) + 1 for _ in range(4)]
    values: list[int] = []
    while len(values) < size:
        is_repeated = read(1)
        length = read(widths[read(2)]) + 1
        values += [read(word)] * length if is_repeated else [read(word) for _ in range(length)]
    return values


def test_a_stream_worked_out_by_hand() -> None:
    # Two pixels: nothing, then red and opaque. Four zeros in a run of 3 bits, four values as such.
    bits = f"{8:032b}{HEAD}" + "1" + "00" + "011" + "00000000"
    bits += "0" + "00" + "011" + "11111111" + "00000000" + "00000000" + "10000000"
    assert alpha(_packed(bits), 1, 2).tolist() == [[False, True]]


@given(data=st.data())
def test_any_stream_is_read_as_the_obvious_decoder_reads_it(data: st.DataObject) -> None:
    height, width = data.draw(st.integers(1, 4)), data.draw(st.integers(1, 4))
    runs: list[tuple[bool, int]] = []
    values: list[int] = []
    while len(values) < height * width * 4:
        room = height * width * 4 - len(values)
        is_repeated, length = data.draw(st.booleans()), data.draw(st.integers(1, room))
        byte = st.sampled_from([0, 1, 255])
        drawn = data.draw(st.lists(byte, min_size=length, max_size=length))
        values += drawn[:1] * length if is_repeated else drawn
        runs.append((is_repeated, length))
    content = _encoded(values, runs)
    assert _decoded(content) == values
    expected = np.array(values).reshape(height, width, 4)[:, :, 3] > 0
    assert np.array_equal(alpha(content, height, width), expected)


@given(data=st.data(), word=st.integers(1, 32), block=st.integers(1, 5))
def test_values_and_lengths_of_any_width(data: st.DataObject, word: int, block: int) -> None:
    height, width = data.draw(st.integers(1, 4)), data.draw(st.integers(1, 4))
    size = height * width * 4
    widths = data.draw(st.lists(st.integers(1, 16), min_size=4, max_size=4))
    bits = f"{size:032b}{word - 1:05b}" + "".join(f"{each - 1:04b}" for each in widths)
    at = 0
    while at < size:
        is_repeated, choice = data.draw(st.booleans()), data.draw(st.integers(0, 3))
        length = data.draw(st.integers(1, min(size - at, 2 ** widths[choice])))
        drawn = st.sampled_from([0, 1, 2**word - 1])
        count = 1 if is_repeated else length
        values = data.draw(st.lists(drawn, min_size=count, max_size=count))
        bits += f"{is_repeated:d}{choice:02b}{length - 1:0{widths[choice]}b}"
        bits += "".join(f"{value:0{word}b}" for value in values)
        at += length
    content = _packed(bits)
    expected = np.array(_decoded(content)).reshape(height, width, 4)[:, :, 3] > 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(brush, "BLOCK", block)
        assert np.array_equal(alpha(content, height, width), expected)
    with pytest.raises(AnnotationError, match="its brush is cut off; export it anew"):
        alpha(content[:-1], height, width)  # fewer bits, filled up, may be another brush


@pytest.mark.parametrize("is_repeated", [True, False])
def test_nothing_is_called_for_each_of_many_runs(is_repeated: bool) -> None:
    height, width = 50, 50
    count = height * width * 4
    content = _encoded([0, 0, 0, 255] * (count // 4), [(is_repeated, 1)] * count)
    called = 0

    def count_calls(frame: object, event: str, argument: object) -> None:
        nonlocal called
        called += event == "call"

    sys.setprofile(count_calls)
    try:
        seen = alpha(content, height, width)
    finally:
        sys.setprofile(None)
    assert seen.all() and called < count // 10


def test_a_picture_of_real_size_comes_back(shared_data: Path) -> None:
    with Image.open(shared_data / "ls_converter/tests_data/test_brush/test.png") as image:
        mask = np.asarray(image.convert("L")) > 128
    values = np.repeat(mask.reshape(-1) * 255, 4)
    starts = np.concatenate(([0], np.flatnonzero(np.diff(values)) + 1, [values.size]))
    runs = [
        (True, min(2**16, int(end - at)))
        for start, end in pairwise(starts)
        for at in range(int(start), int(end), 2**16)
    ]
    assert len(runs) > 1000
    assert np.array_equal(alpha(_encoded(values.tolist(), runs), *mask.shape), mask)


@given(content=st.binary(max_size=40))
def test_whatever_the_bytes_there_is_a_mask_or_a_sentence(content: bytes) -> None:
    start = f"{16:032b}{HEAD}"
    for stream in (content, _packed(start)[:6] + content):
        try:
            assert alpha(stream, 2, 2).shape == (2, 2)
        except AnnotationError as error:
            assert "its brush" in str(error)


def test_a_size_beyond_all_images_is_refused_before_anything_is_allocated() -> None:
    side = 2**15 - 1  # 4 * side * side fits into 32 bits
    content = _packed(f"{4 * side * side:032b}{HEAD}")
    with pytest.raises(AnnotationError, match="its brush holds 4294705156 values"):
        alpha(content, side, side)


def test_a_run_beyond_the_end_is_refused() -> None:
    content = _packed(f"{4:032b}{HEAD}" + "1" + "00" + "111" + "11111111")
    with pytest.raises(AnnotationError, match="its brush runs to value 8 of 4; export it anew"):
        alpha(content, 1, 1)
