"""How good predictions are: pure functions of labels and predictions, (n,) int64 from 0."""

import math
from collections.abc import Mapping

import msgspec
import numpy as np

from Datasets.randomness import seed_for

DRAWS = 10_000
"""Of the bootstrap: enough for two stable digits of an interval."""
AT_ONCE = 1 << 22
"""Most indices drawn in one piece, so that memory does not grow with the number of samples."""


class Interval(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A share with its 95 % interval, all from 0 to 1."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        """Return it as it is printed everywhere.

        >>> str(Interval(0.9731, 0.962, 0.9812))
        '0.973 [0.962, 0.981]'
        """
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


class ClassScores(msgspec.Struct, frozen=True):
    """Columns of one number a class. A share of nothing is 0."""

    precision: np.ndarray
    recall: np.ndarray
    f1: np.ndarray
    support: np.ndarray


def accuracy(labels: np.ndarray, predicted: np.ndarray, seed: int) -> Interval:
    """Return the share of right predictions with its percentile bootstrap interval.

    Samples are drawn with replacement ``DRAWS`` times (Efron and Tibshirani, 1993, chapter 13).
    Of predictions that are all right, the interval is [1, 1], however few they are.
    """
    return mean(labels == predicted, seed)


def mean(shares: np.ndarray, seed: int) -> Interval:
    """Return the mean of ``shares``, (N,) one a sample, with its percentile bootstrap interval."""
    n = len(shares)
    rng = np.random.default_rng(seed_for(seed, "bootstrap", n))
    pieces = max(1, AT_ONCE // n)
    means = np.concatenate(
        [
            shares[rng.integers(n, size=(min(pieces, DRAWS - start), n))].mean(axis=1)
            for start in range(0, DRAWS, pieces)
        ]
    )
    low, high = np.quantile(means, [0.025, 0.975])
    return Interval(float(shares.mean()), float(low), float(high))


def confusion(labels: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """Return how often each label (row) was predicted as each class (column), int64.

    >>> confusion(np.array([0, 0, 1]), np.array([0, 1, 1]), 2).tolist()
    [[1, 1], [0, 1]]
    """
    cells = np.bincount(labels * classes + predicted, minlength=classes * classes)
    return cells.reshape(classes, classes)


def by_class(matrix: np.ndarray) -> ClassScores:
    """Return precision, recall and F1 of each class from a confusion matrix."""
    hits = np.diag(matrix).astype(np.float64)
    said, there = matrix.sum(axis=0), matrix.sum(axis=1)
    return ClassScores(
        precision=_share(hits, said),
        recall=_share(hits, there),
        f1=_share(2 * hits, said + there),
        support=there,
    )


def macro_f1(scores: ClassScores) -> float:
    """Return the mean F1 of the classes that are there."""
    return float(scores.f1[scores.support > 0].mean())


def over_folds(shares: Mapping[int, float]) -> str:
    """Return the mean of the folds' shares, the least and the greatest, each with its fold.

    >>> over_folds({0: 0.5, 7: 1.0, 8: 0.9})
    '0.800 in the mean, from 0.500 (fold 0) to 1.000 (fold 7)'
    """
    least, most = min(shares, key=shares.__getitem__), max(shares, key=shares.__getitem__)
    mean = math.fsum(shares.values()) / len(shares)
    ends = f"from {shares[least]:.3f} (fold {least}) to {shares[most]:.3f} (fold {most})"
    return f"{mean:.3f} in the mean, {ends}"


def _share(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    return np.divide(part, whole, out=np.zeros(len(part)), where=whole > 0)
