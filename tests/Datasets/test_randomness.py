"""A draw is a function of seed, step, sample and copy, and of nothing else."""

import os
import subprocess
import sys
from hashlib import blake2b

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from Datasets.randomness import place_of, rng_for, seed_for


def test_the_same_names_give_the_same_draws() -> None:
    first, second = (rng_for(42, "crop", "digits/1.png", 1).random(8) for _ in range(2))
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize(
    "other",
    [
        (43, "crop", "digits/1.png", 1),
        (42, "distort", "digits/1.png", 1),
        (42, "crop", "digits/2.png", 1),
        (42, "crop", "digits/1.png", 2),
    ],
)
def test_each_name_counts(other: tuple[int, str, str, int]) -> None:
    ours = rng_for(42, "crop", "digits/1.png", 1).random(8)
    assert not np.array_equal(ours, rng_for(*other).random(8))


def test_names_do_not_run_together() -> None:
    assert seed_for("ab", "c") != seed_for("a", "bc")
    assert seed_for("a", "b") != seed_for("ab")


def test_the_generator_is_the_documented_one() -> None:
    key = b"42\0crop\0digits/1.png\x000"
    seed = int.from_bytes(blake2b(key, digest_size=16).digest(), "big")
    expected = np.random.default_rng(seed).integers(1 << 62, size=4)
    np.testing.assert_array_equal(
        rng_for(42, "crop", "digits/1.png").integers(1 << 62, size=4), expected
    )


@given(st.lists(st.text() | st.integers(), min_size=1, max_size=4))
def test_a_seed_fits_a_signed_64_bit_integer(parts: list[str | int]) -> None:
    assert 0 <= seed_for(*parts) < 1 << 63


def test_places_spread() -> None:
    """Of 4,096 ids about 256 fall in each of 16 shards: 5 standard deviations are 78."""
    counts = np.bincount([place_of(f"digits/{n}.png") % 16 for n in range(4096)], minlength=16)
    assert np.abs(counts - 256).max() < 78


@pytest.mark.parametrize("hash_seed", ["0", "1"])
def test_python_hash_seed_does_not_enter(hash_seed: str) -> None:
    script = "from Datasets.randomness import *; print(seed_for(42, 'x'), place_of('digits/1.png'))"
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == [str(seed_for(42, "x")), str(place_of("digits/1.png"))]
