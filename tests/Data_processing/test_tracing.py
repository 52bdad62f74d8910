"""What COCO is told of a mask gives the mask back."""

import numpy as np
import pytest

from Data_processing import tracing

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
"""pycocotools 2.0.11 says this of itself under numpy 2 whenever it decodes."""


@pytest.mark.parametrize("packed", [False, True])
def test_a_mask_comes_back_from_its_outline(packed: bool) -> None:
    """Run lengths exactly, polygons nearly: holes, two parts, single pixels, all the image."""
    ring = np.zeros((9, 12), bool)
    ring[1:8, 2:11] = True
    ring[3:5, 5:8] = False
    parts = np.zeros((20, 16), bool)
    parts[2:9, 3:7], parts[11:19, 6:15] = True, True
    dot = np.zeros((5, 4), bool)
    dot[4, 0] = True
    for mask in (ring, parts, dot, np.ones((6, 7), bool)):
        found = tracing.outline(mask, packed)
        assert np.array_equal(tracing.decoded(found.segmentation, mask.shape), mask)
        assert found.area == mask.sum()
    assert isinstance(tracing.outline(ring, packed).segmentation, tracing.Runs)
    assert isinstance(tracing.outline(parts, packed).segmentation, list)
