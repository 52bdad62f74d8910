"""Plain headers are read as Pillow reads them, and what is odd is left to it."""

import io

import numpy as np
import pytest
from PIL import Image

from Datasets import pillow
from Datasets.errors import ImageError
from Datasets.header import Header
from Datasets.pillow import Picture
from Datasets.plain_header import START, plain_header

PIXELS = np.random.default_rng(0).integers(0, 255, (24, 37, 4), np.uint8)
MODES = {"JPEG": ("L", "RGB"), "PNG": ("L", "LA", "RGB", "RGBA")}
CHANGES = 4000


def made(suffix: str, mode: str, **how: object) -> bytes:
    """Return an image file."""
    file = io.BytesIO()
    Image.fromarray(PIXELS).convert(mode).save(file, suffix, **how)
    return file.getvalue()


FILES = {
    **{f"{kind} {mode}": made(kind, mode) for kind in MODES for mode in MODES[kind]},
    "progressive": made("JPEG", "RGB", progressive=True),
    "optimised": made("JPEG", "RGB", optimize=True, comment=b"a comment"),
    "restarts": made("JPEG", "RGB", restart_marker_blocks=1),
}


def by_pillow(content: bytes, monkeypatch: pytest.MonkeyPatch) -> Header | None:
    """Return the header as Pillow says it, or None where it refuses the file."""
    with monkeypatch.context() as patch:
        patch.setattr(pillow, "plain_header", lambda start: None)
        try:
            return Picture(io.BytesIO(content), "a").header
        except ImageError:
            return None


@pytest.mark.parametrize("name", FILES)
def test_plain_files_are_read_as_pillow_reads_them(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = plain_header(FILES[name][:START])
    assert plain is not None
    assert plain == by_pillow(FILES[name], monkeypatch)


@pytest.mark.parametrize("name", FILES)
def test_whatever_bytes_are_changed_pillow_agrees(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bytes are replaced, taken out and put in; the last of a file, too."""
    draws, whole = np.random.default_rng(len(name)), FILES[name]
    telling = np.flatnonzero([byte == 0xFF for byte in whole[:-1]])
    taken = 0
    for _ in range(CHANGES):
        content = bytearray(whole)
        for _ in range(draws.integers(1, 4)):
            near = draws.random() < 0.5 and len(telling) > 0
            at = int(draws.choice(telling) + draws.integers(0, 12)) if near else -1
            at = at if 0 <= at < len(content) else int(draws.integers(len(content)))
            put = bytes([int(draws.choice([0, 1, 8, 16, 0xC0, 0xDA, 0xE1, 0xFF, at % 256]))])
            content[at : at + draws.integers(0, 2)] = put if draws.random() < 0.8 else b""
        if draws.random() < 0.1:
            del content[draws.integers(len(content)) :]
        plain = plain_header(bytes(content[:START]))
        if plain is not None:
            taken += 1
            assert plain == by_pillow(bytes(content), monkeypatch), bytes(content).hex()
    assert taken > CHANGES // 20


@pytest.mark.parametrize(
    "odd",
    [
        made("JPEG", "CMYK"),
        made("JPEG", "RGB", exif=b"Exif\0\0II*\0\x08\0\0\0\0\0"),
        made("JPEG", "RGB", icc_profile=b"profile"),
        made("PNG", "P"),
        made("PNG", "1"),
        made("PNG", "RGB", transparency=(0, 0, 0)),
        made("PNG", "RGB", dpi=(72, 72)),
        made("BMP", "RGB"),
        made("JPEG", "RGB")[:300],
        made("PNG", "RGB")[:40],
        b"",
    ],
)
def test_what_is_odd_is_left_to_pillow(odd: bytes) -> None:
    assert plain_header(odd[:START]) is None


@pytest.mark.parametrize("name", FILES)
def test_pixels_are_those_that_pillow_decodes(name: str) -> None:
    picture = Picture(io.BytesIO(FILES[name]), "a")
    read = picture.read((5, 3, 20, 11), "unchanged")
    decoded = np.array(Image.open(io.BytesIO(FILES[name])))
    assert np.array_equal(read, decoded.reshape(24, 37, -1)[3:11, 5:20])
