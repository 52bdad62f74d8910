"""The source of the embedded data set is what scikit-learn says, and its blocks are hands."""

from difflib import SequenceMatcher

import numpy as np
import pytest
from sklearn.datasets import load_digits

from Data_processing import digits
from Datasets.errors import StageError


def test_writers_are_repetitions_of_one_dictation() -> None:
    """Every block is nearly the first one, and begins where that begins (one lacks its first 0)."""
    labels = "".join(map(str, load_digits().target))
    ends = (*digits.WRITER_STARTS[1:], digits.SOURCES)
    for start, end in zip(digits.WRITER_STARTS, ends, strict=True):
        block = SequenceMatcher(None, labels[:130], labels[start:end], autojunk=False)
        assert block.ratio() > 0.96
        assert labels[start : start + 9] in ("012345678", "123456789")
        assert labels[end - 3 : end] in ("898", "893", "908")


def test_digits_are_read_as_scikit_learn_reads_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is the one behind load_digits; without it the message says what to do."""
    ours, theirs = digits.read_digits(), load_digits()
    assert np.array_equal(ours.glyphs * 16, theirs.images)
    assert np.array_equal(ours.labels, theirs.target)
    monkeypatch.setattr(digits, "find_spec", lambda name: None)
    with pytest.raises(StageError, match=r"requirements\.lock"):
        digits.read_digits()
