"""Plain JPEGs come out as Pillow alone decodes them, damaged ones with Pillow's words."""

import io
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
from PIL import Image

from Datasets import jpeg
from Datasets.errors import ImageError
from Datasets.image import decode

DRAWS = np.random.default_rng(3)
CHANGES = 500
SUFFIXES = (".jpg", ".jpeg")


def picture(height: int, width: int, mode: str = "RGB") -> Image.Image:
    """Return a picture with edges, a ramp and noise."""
    rows, columns = np.mgrid[:height, :width]
    pixels = np.stack([rows * 7, columns * 5, (rows + columns) % 9 * 25], axis=2)
    noisy = pixels + DRAWS.integers(0, 40, (height, width, 3))
    return Image.fromarray((noisy % 256).astype(np.uint8)).convert(mode)


def made(height: int = 33, width: int = 41, mode: str = "RGB", **how: object) -> bytes:
    """Return a JPEG."""
    file = io.BytesIO()
    picture(height, width, mode).save(file, "JPEG", **how)
    return file.getvalue()


def by_turbo(pixels: np.ndarray, **how: Any) -> bytes:
    """Return a JPEG in one of the subsamplings that Pillow does not write."""
    return bytes(imagecodecs.jpeg8_encode(pixels, **how))


def outcome(content: bytes) -> tuple[str, str, bytes]:
    """Return what decoding gives: an error's words, or shape and pixels."""
    try:
        pixels = decode(content, "a.jpg", "unchanged")
    except ImageError as error:
        return "error", str(error), b""
    assert pixels.flags.c_contiguous and pixels.flags.writeable
    return "pixels", str(pixels.shape), pixels.tobytes()


def assert_same(content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail where our outcome is not that of Pillow alone."""
    ours = outcome(content)
    with monkeypatch.context() as patch:
        patch.setattr(jpeg, "decoded", lambda content: None)
        assert ours == outcome(content), content.hex() if len(content) < 4000 else len(content)


WAYS: dict[str, dict[str, Any]] = {
    f"subsampling {subsampling}, quality {quality}": {
        "subsampling": subsampling,
        "quality": quality,
    }
    for subsampling, quality in itertools.product((0, 1, 2), (1, 30, 75, 90, 100))
} | {
    "optimised": {"optimize": True, "comment": b"a comment"},
    "progressive": {"progressive": True, "subsampling": 2},
    "progressive 4:4:4": {"progressive": True, "subsampling": 0, "quality": 95},
    "restarts": {"restart_marker_blocks": 2},
    "restarts, progressive": {"restart_marker_rows": 1, "progressive": True},
    "with a profile": {"icc_profile": b"profile" * 9},
    "with EXIF data": {"exif": b"Exif\0\0II*\0\x08\0\0\0\0\0"},
}


@pytest.mark.parametrize("mode", ["RGB", "L"])
@pytest.mark.parametrize("way", WAYS)
def test_all_ways_to_write_one_give_the_pixels_of_pillow(
    way: str, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for height, width in [*((side, 34 - side) for side in range(1, 34)), (130, 241)]:
        content = made(height, width, mode, **WAYS[way])
        assert jpeg.decoded(content) is not None
        assert_same(content, monkeypatch)


@pytest.mark.parametrize("subsampling", ["444", "422", "420", "440", "411"])
def test_every_subsampling_in_every_side(subsampling: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for height, width in itertools.product(range(1, 34), (1, 2, 7, 8, 9, 15, 16, 17, 31, 32, 33)):
        pixels = np.array(picture(height, width))
        content = by_turbo(pixels, level=88, subsampling=subsampling)
        assert jpeg.decoded(content) is not None
        assert_same(content, monkeypatch)


def test_longer_files_than_pillow_takes_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """It feeds its decoder 64 kB at a time."""
    for how in ({}, {"progressive": True}, {"restart_marker_rows": 1}):
        content = made(500, 500, quality=95, **how)
        assert len(content) > 2**16 and jpeg.decoded(content) is not None
        assert_same(content, monkeypatch)


@pytest.mark.parametrize("colour", ["rgb", "gray", "unchanged"])
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_every_colour(colour: str, mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    content = made(mode=mode)
    ours = decode(content, "a.jpg", colour)  # type: ignore[arg-type]
    monkeypatch.setattr(jpeg, "decoded", lambda content: None)
    np.testing.assert_array_equal(ours, decode(content, "a.jpg", colour))  # type: ignore[arg-type]


def damaged(content: bytes, draws: np.random.Generator) -> bytes:
    """Return a file with bits flipped, bytes taken out or put in, or its end cut off."""
    changed = bytearray(content)
    for _ in range(draws.integers(1, 4)):
        if len(changed) < 8:
            break
        at = int(draws.integers(2, len(changed)))
        kind = draws.random()
        if kind < 0.6:
            changed[at] ^= 1 << int(draws.integers(8))
        elif kind < 0.75:
            put = bytes([0xFF, int(draws.choice([0, 0xD0, 0xD3, 0xD9, 0xC4, 0xDA, 0xFF, 1]))])
            changed[at : at + int(draws.integers(0, 3))] = put
        elif kind < 0.9:
            del changed[at : at + int(draws.integers(1, 9))]
        else:
            del changed[at:]
            changed += draws.choice([b"", b"\xff\xd9", b"\0\0", b"\xff"])
    return bytes(changed)


DAMAGED_WAYS = ["subsampling 2, quality 75", "subsampling 0, quality 90", *list(WAYS)[15:]]


@pytest.mark.parametrize("way", DAMAGED_WAYS)
def test_damaged_files_end_as_they_do_by_pillow(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    draws = np.random.default_rng(len(way))
    whole = made(60, 70, **WAYS[way])
    taken = 0
    for _ in range(CHANGES):
        content = damaged(whole, draws)
        taken += jpeg.decoded(content) is not None
        assert_same(content, monkeypatch)
    assert taken > CHANGES // 30, "the changes never reach the fast decoder"


def test_a_long_damaged_file_ends_as_it_does_by_pillow(monkeypatch: pytest.MonkeyPatch) -> None:
    draws = np.random.default_rng(8)
    whole = made(420, 420, quality=96)
    assert len(whole) > 2**16
    for _ in range(60):
        assert_same(damaged(whole, draws), monkeypatch)


def test_every_cut_is_refused_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = made(20, 20)
    for length in range(4, len(whole)):
        assert jpeg.decoded(whole[:length]) is None
    for length in (300, 640, len(whole) - 9, len(whole) - 2, len(whole) - 1):
        assert_same(whole[:length], monkeypatch)
        assert_same(whole[:length] + b"\xff\xd9", monkeypatch)


def _without_last_scan() -> bytes:
    content = made(progressive=True)
    return content[: content.rindex(b"\xff\xda")] + b"\xff\xd9"


@pytest.mark.parametrize(
    "odd",
    [
        made(mode="CMYK"),
        made() + b"\0",
        made() + made(),
        made().replace(b"\xff\xc0", b"\xff\xc1", 1),
        made().replace(b"\xff\xc0", b"\xff\xc9", 1),
        made()[:2] + b"\xff\xee\0\x0eAdobe\0\x64\0\0\0\0\0" + made()[2:],
        by_turbo(np.array(picture(9, 9)), colorspace="RGB", outcolorspace="RGB"),
        by_turbo(np.zeros((9, 9, 3), np.uint16), bitspersample=12),
        _without_last_scan(),
        made().replace(b"\xff\xda\0\x0c\3\1\0\2", b"\xff\xda\0\x0c\3\1\0\1", 1),
        made().replace(b"\xff\xc0\0\x11\x08\0\x21\0\x29", b"\xff\xc0\0\x11\x08\0\x21\xff\xff", 1),
        b"\xff\xd8",
        b"\xff\xd8\xff",
        b"\xff\xd8\xff\xd9",
        b"",
    ],
)
def test_what_is_odd_is_left_to_pillow(odd: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    assert jpeg.decoded(odd) is None
    assert_same(odd, monkeypatch)


def test_a_library_that_decodes_otherwise_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        imagecodecs, "jpeg8_decode", lambda content: 255 - np.array(Image.open(io.BytesIO(content)))
    )
    jpeg._agrees_with_pillow.cache_clear()
    try:
        assert jpeg.decoded(made()) is None
    finally:
        jpeg._agrees_with_pillow.cache_clear()


def _real(shared_data: Path) -> Iterator[Path]:
    return (path for path in sorted(shared_data.rglob("*")) if path.suffix.lower() in SUFFIXES)


def test_real_files_give_the_pixels_of_pillow(
    shared_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken, seen = 0, 0
    for path in _real(shared_data):
        content = path.read_bytes()
        seen += 1
        taken += jpeg.decoded(content) is not None
        assert_same(content, monkeypatch)
    assert taken > seen // 2, f"{taken} of {seen} are plain"
