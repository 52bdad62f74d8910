"""What the benchmarks count."""

import numpy as np
import pytest
from PIL import Image

from benchmarks import duplicates
from benchmarks.duplicates import Alike, alike, recall
from Data_processing.fingerprints.perceptual import looks_of


@pytest.mark.parametrize(
    ("cluster", "told"),
    [
        ([0, 1, 2, 3], Alike(0, 0, 0)),
        ([], Alike(0, 0, 0)),
        ([0, 0, 2, 3], Alike(1, 2, 2)),  # one true pair
        ([0, 0, 0, 0], Alike(1, 4, 4)),  # all joined: one set, too
        ([0, 0, 2, 2, 2, 5], Alike(2, 5, 3)),
    ],
)
def test_sets_are_told_with_the_pictures_in_them(cluster: list[int], told: Alike) -> None:
    assert alike(np.array(cluster, int)) == told


def test_hashes_tell_sets_pictures_and_the_largest(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of four pictures three are one: two surplus ones, and a single set."""
    monkeypatch.setattr(duplicates, "CHANGES", {})
    pixels = np.random.default_rng(0).integers(0, 256, (2, 9, 9, 3), np.uint8)
    one, other = (Image.fromarray(some).resize((90, 90)) for some in pixels)
    images = [one, other, one, one]
    recall(images, [looks for image in images if (looks := looks_of(np.asarray(image)))])
    rows = [line[:22].strip() + line[22:29] for line in capsys.readouterr().out.splitlines()[1:]]
    assert rows == [
        "sets of their own      1",
        "pictures in them      3",
        "in the largest      3",
    ]
