"""What an operation made is looked at before it is stored."""

import msgspec
import numpy as np
import pytest

from Data_processing.steps.operation import refuse_unsound
from Datasets.errors import SampleError
from Datasets.sample import NO_BOXES, Sample


def test_nan_that_was_not_there_is_refused() -> None:
    before = Sample("a", 1, np.ones((2, 2, 1), np.float32), None, NO_BOXES)
    nan = msgspec.structs.replace(before, image=np.full((2, 2, 1), np.nan, np.float32))
    with pytest.raises(SampleError, match=r"Blur \(limit: 3\) made NaN of pixels"):
        refuse_unsound(before, nan, "Blur (limit: 3)")
    refuse_unsound(nan, nan, "Blur")
    refuse_unsound(nan, before, "Blur")
    whole = msgspec.structs.replace(before, image=np.ones((2, 2, 1), np.uint8))
    refuse_unsound(whole, whole, "Blur")
    with pytest.raises(SampleError):
        refuse_unsound(whole, nan, "bands")
