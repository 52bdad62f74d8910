"""The weak view against numpy's pad and crop, an image at a time."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from Models.views.arguments import Weak
from Models.views.draws import uniforms
from Models.views.weak import WeakView

SEED = 3
weaks = st.builds(Weak, st.sampled_from(["none", "horizontal", "both"]), st.floats(0, 0.5))


def slow(image: np.ndarray, draws: list[float], weak: Weak) -> np.ndarray:
    """Flip, pad by reflection, crop."""
    move_y, flip_y, move_x, flip_x = draws
    if weak.flip == "both" and flip_y < 0.5:
        image = image[::-1]
    if weak.flip != "none" and flip_x < 0.5:
        image = image[:, ::-1]
    height, width = image.shape[:2]
    y, x = (min(round(weak.shift * side), side - 1) for side in (height, width))
    padded = np.pad(image, ((y, y), (x, x), (0, 0)), mode="reflect")
    top, left = int(move_y * (2 * y + 1)), int(move_x * (2 * x + 1))
    return padded[top : top + height, left : left + width]


@given(
    weak=weaks,
    shape=st.tuples(*[st.integers(1, 9)] * 2, st.sampled_from([1, 3, 4, 8])),
    dtype=st.sampled_from(["uint8", "uint16", "float32"]),
    count=st.integers(1, 6),
)
def test_it_equals_a_loop_over_the_images(
    weak: Weak, shape: tuple[int, int, int], dtype: str, count: int
) -> None:
    images = np.random.default_rng(0).integers(0, 250, (count, *shape)).astype(dtype)
    keys = torch.arange(count) * 2**40 - 9
    seen = WeakView(weak)(torch.from_numpy(images), keys, SEED).numpy()
    draws = uniforms(SEED, keys, 4).tolist()
    expected = np.stack([slow(one, own, weak) for one, own in zip(images, draws, strict=True)])
    assert seen.dtype == images.dtype
    assert (seen == expected).all()


def test_without_flip_and_shift_nothing_changes() -> None:
    images = torch.arange(2 * 4 * 4 * 3, dtype=torch.uint8).reshape(2, 4, 4, 3)
    assert torch.equal(WeakView(Weak("none", 0))(images, torch.arange(2), 0), images)


def test_another_seed_draws_something_else() -> None:
    images = torch.from_numpy(np.random.default_rng(0).integers(0, 255, (64, 16, 16, 1), np.uint8))
    first, second = (WeakView(Weak())(images, torch.arange(64), seed) for seed in (1, 2))
    same = (first == second).flatten(1).all(dim=1).float().mean()
    assert same < 0.2
