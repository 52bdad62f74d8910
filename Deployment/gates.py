"""What may differ between training and serving, and by how much: the measures that ``verify`` uses.

Resizing is where serving drifts from training, so pixels, model and the whole road from raw file to
answer are judged apart, each by a tolerance of its own.
"""

from collections.abc import Sequence

import msgspec
import numpy as np

LEVELS = 1.0
"""Most that a pixel of whole numbers may differ by."""
RELATIVE = 1e-5
"""Most that a pixel of floats may differ by, as a share of the largest in its image."""
SHARE = 1e-3
"""Most of a sample's pixels that may differ at all."""
MODEL = 1e-4
"""Most that a probability may differ by when the tensor is the same."""
ROAD = 1e-2
"""Most that a probability may differ by when the raw file is the same."""
MARGIN = 2e-2
"""Classes nearer than this may change places."""
NAMED = 10
"""How many samples a message names."""


class Fault(msgspec.Struct, frozen=True):
    """A sample that a gate refuses, and why."""

    id: str
    why: str


class Difference(msgspec.Struct, frozen=True):
    """How far the tensor of a sample is from the stored one.

    ``levels`` is the largest difference of a value, of floats relative to the largest; ``share``
    the share of pixels that differ, 0 to 1.
    """

    id: str
    levels: float
    share: float


class Pixels(msgspec.Struct, frozen=True):
    """Figures of a gate on tensors: how many samples differ at all, and the worst of any sample."""

    samples: int
    differing: int
    worst_levels: float
    worst_share: float
    allowed_levels: float
    allowed_share: float


class Chances(msgspec.Struct, frozen=True):
    """Figures of a gate on probabilities; ``worst`` is the largest difference of any sample.

    ``other_class`` counts samples whose most probable class is another: only near ties may.
    """

    samples: int
    other_class: int
    worst: float
    allowed: float


def difference(sample: str, made: np.ndarray, stored: np.ndarray) -> Difference:
    """Return how far ``made`` is from ``stored``, both (H, W, C) of one shape."""
    apart = np.abs(made.astype(np.float64) - stored.astype(np.float64))  # (H, W, C)
    if stored.dtype.kind == "f":
        apart /= max(float(np.abs(stored).max()), 1e-12)
        apart[apart <= RELATIVE] = 0.0  # floats are never quite equal
    return Difference(sample, float(apart.max()), float((apart > 0).any(axis=2).mean()))


def pixel_faults(differences: Sequence[Difference], dtype: np.dtype) -> list[Fault]:
    """Return the samples whose tensors of ``dtype`` differ too much or in too many places."""
    most = allowed_levels(dtype)
    return [
        Fault(one.id, f"{100 * one.share:.2g} % of its pixels, by up to {one.levels:.3g}")
        for one in differences
        if one.levels > most or one.share > SHARE
    ]


def pixel_figures(differences: Sequence[Difference], dtype: np.dtype) -> Pixels:
    """Return the figures of a gate on tensors of ``dtype``."""
    return Pixels(
        samples=len(differences),
        differing=sum(one.share > 0 for one in differences),
        worst_levels=_rounded(max((one.levels for one in differences), default=0.0)),
        worst_share=_rounded(max((one.share for one in differences), default=0.0)),
        allowed_levels=allowed_levels(dtype),
        allowed_share=SHARE,
    )


def allowed_levels(dtype: np.dtype) -> float:
    """Return the most that a value of ``dtype`` may differ by."""
    return RELATIVE if dtype.kind == "f" else LEVELS


def chance_faults(
    ids: Sequence[str], said: np.ndarray, trained: np.ndarray, allowed: float
) -> list[Fault]:
    """Return the samples whose probabilities (N, classes) differ by more than ``allowed``.

    Or whose most probable class is another although the trained model was sure by ``MARGIN``.
    """
    apart = np.abs(said - trained).max(axis=1)  # (N,)
    ranked = np.sort(trained, axis=1)
    sure = ranked[:, -1] - ranked[:, -2] >= MARGIN if trained.shape[1] > 1 else True
    other = (_top(said) != _top(trained)) & sure
    return [
        Fault(ids[i], f"a probability by {apart[i]:.2g}" + (", another class" if other[i] else ""))
        for i in np.flatnonzero((apart > allowed) | other).tolist()
    ]


def chance_figures(said: np.ndarray, trained: np.ndarray, allowed: float) -> Chances:
    """Return the figures of a gate on probabilities (N, classes)."""
    return Chances(
        samples=len(said),
        other_class=int((_top(said) != _top(trained)).sum()),
        worst=_rounded(float(np.abs(said - trained).max(initial=0.0))),
        allowed=allowed,
    )


def refusal(gate: str, samples: int, faults: Sequence[Fault]) -> str:
    """Return the sentence that names the samples that ``gate`` refuses."""
    named = [f"  {fault.id}: {fault.why}" for fault in faults[:NAMED]]
    more = [f"  and {len(faults) - NAMED:,} more"] if len(faults) > NAMED else []
    return "\n".join([f"{gate}: {len(faults):,} of {samples:,} samples differ:", *named, *more])


def _top(probabilities: np.ndarray) -> np.ndarray:
    return probabilities.argmax(axis=1)


def _rounded(figure: float) -> float:
    """Return two digits that mean something: the third is the machine's."""
    return float(f"{figure:.2g}")
