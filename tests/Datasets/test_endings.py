"""Ends of files: as they should be, or such that only decoding tells whether all is there."""

import io

import pytest

from Datasets.endings import ends_as_it_should
from tests.Datasets.broken_images import BMP, JPEG, PNG, TIFF, WEBP


@pytest.mark.parametrize("content", [JPEG, PNG, TIFF, WEBP])
def test_a_whole_file_ends_as_it_should(content: bytes) -> None:
    assert ends_as_it_should(io.BytesIO(content))


@pytest.mark.parametrize(
    "content", [JPEG[:-1], JPEG + b"\0", PNG[:-1], PNG[:-12], PNG + b"\n", BMP]
)
def test_of_others_only_decoding_tells(content: bytes) -> None:
    assert not ends_as_it_should(io.BytesIO(content))
