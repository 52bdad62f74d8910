"""Figures against scikit-learn, and the interval against what it promises."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from Models import scoring

CLASSES = 4
answers = st.lists(
    st.tuples(st.integers(0, CLASSES - 1), st.integers(0, CLASSES - 1)), min_size=1, max_size=60
)


@given(answers)
def test_figures_equal_those_of_scikit_learn(pairs: list[tuple[int, int]]) -> None:
    labels, predicted = np.array(pairs).T
    every = list(range(CLASSES))
    matrix = scoring.confusion(labels, predicted, CLASSES)
    assert (matrix == metrics.confusion_matrix(labels, predicted, labels=every)).all()
    ours = scoring.by_class(matrix)
    precision, recall, f1, support = metrics.precision_recall_fscore_support(
        labels, predicted, labels=every, zero_division=0.0
    )
    np.testing.assert_allclose(ours.precision, precision)
    np.testing.assert_allclose(ours.recall, recall)
    np.testing.assert_allclose(ours.f1, f1)
    assert (ours.support == support).all()
    there = np.unique(labels)
    expected = metrics.f1_score(labels, predicted, labels=there, average="macro", zero_division=0.0)
    assert scoring.macro_f1(ours) == pytest.approx(expected)


@settings(max_examples=20)
@given(answers)
def test_the_interval_holds_its_value_and_is_repeatable(pairs: list[tuple[int, int]]) -> None:
    labels, predicted = np.array(pairs).T
    sure = scoring.accuracy(labels, predicted, seed=1)
    assert 0 <= sure.low <= sure.value <= sure.high <= 1
    assert sure.value == metrics.accuracy_score(labels, predicted)
    assert sure == scoring.accuracy(labels, predicted, seed=1)


def test_the_interval_is_that_of_a_binomial() -> None:
    labels = np.zeros(400, np.int64)
    predicted = (np.arange(400) < 40).astype(np.int64)  # 90 % right
    sure = scoring.accuracy(labels, predicted, seed=1)
    half = 1.96 * np.sqrt(0.9 * 0.1 / 400)
    assert sure.low == pytest.approx(0.9 - half, abs=0.006)
    assert sure.high == pytest.approx(0.9 + half, abs=0.006)


def test_more_samples_give_a_narrower_interval() -> None:
    def width(n: int) -> float:
        sure = scoring.accuracy(np.zeros(n, np.int64), (np.arange(n) % 5 == 0).astype(int), seed=1)
        return sure.high - sure.low

    assert width(1600) < 0.6 * width(400)
