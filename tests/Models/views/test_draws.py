"""Draws: the published generator, uniform, and independent of everything that is not named."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from torch import Tensor

from Models.views.draws import philox, uniforms

WORD = st.integers(0, 2**32 - 1)
N = 20_000
# Neighbouring keys are the hardest: a weak hash would let them draw alike.
KEYS = torch.arange(N)


def slow_philox(counter: list[int], key: list[int]) -> list[int]:
    """Philox 4x32-10 as in the paper, with Python's integers."""
    for i in range(10):
        keys = [(k + i * w) % 2**32 for k, w in zip(key, (0x9E3779B9, 0xBB67AE85), strict=True)]
        left, right = counter[0] * 0xD2511F53, counter[2] * 0xCD9E8D57
        counter = [
            (right >> 32) ^ counter[1] ^ keys[0],
            right % 2**32,
            (left >> 32) ^ counter[3] ^ keys[1],
            left % 2**32,
        ]
    return counter


def words(counter: list[int], key: tuple[int, int]) -> list[int]:
    a, b, c, d = (torch.tensor([word]) for word in counter)
    return [int(word) for word in philox((a, b, c, d), key)]


@pytest.mark.parametrize(
    ("counter", "key", "expected"),
    [
        ([0] * 4, (0, 0), "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
        ([0xFFFFFFFF] * 4, (0xFFFFFFFF,) * 2, "408f276d 41c83b0e a20bc7c6 6d5451fd"),
        (
            [0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344],
            (0xA4093822, 0x299F31D0),
            "d16cfe09 94fdcceb 5001e420 24126ea1",
        ),
    ],
)
def test_philox_gives_the_words_of_random123(
    counter: list[int], key: tuple[int, int], expected: str
) -> None:
    assert words(counter, key) == [int(word, 16) for word in expected.split()]


@given(counter=st.lists(WORD, min_size=4, max_size=4), key=st.tuples(WORD, WORD))
def test_philox_equals_pythons_integers(counter: list[int], key: tuple[int, int]) -> None:
    assert words(counter, key) == slow_philox(counter, list(key))


@given(
    seed=st.integers(0, 2**63 - 1),
    keys=st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=8),
    counts=st.tuples(st.integers(1, 30), st.integers(1, 30)),
)
def test_draws_depend_on_seed_and_key_alone(
    seed: int, keys: list[int], counts: tuple[int, int]
) -> None:
    few, many = sorted(counts)
    whole = uniforms(seed, torch.tensor(keys), many)
    assert whole.shape == (len(keys), many)
    assert ((whole >= 0) & (whole < 1)).all()
    for place, key in enumerate(keys):
        assert torch.equal(uniforms(seed, torch.tensor([key]), few)[0], whole[place, :few])
        slow = slow_philox(
            [key % 2**32, (key % 2**64) >> 32, 0, 0], [seed % 2**32, (seed >> 32) % 2**32]
        )
        assert [(word >> 8) / 2**24 for word in slow][:few] == whole[place, :4][:few].tolist()


@pytest.mark.parametrize("seed", [0, 1, 2**62])
def test_draws_are_uniform(seed: int) -> None:
    draws = uniforms(seed, KEYS, 6)
    for column in draws.T:
        assert stats.kstest(column.numpy(), "uniform").pvalue > 1e-4


def test_draws_are_independent() -> None:
    """Of the next key, the next place, the next seed, and the other half of the key."""
    draws = uniforms(7, KEYS, 6)
    pairs: list[tuple[Tensor, Tensor]] = [
        (draws[:-1, 0], draws[1:, 0]),
        (draws[:, 0], uniforms(8, KEYS, 6)[:, 0]),
        (draws[:, 0], uniforms(7, KEYS << 32, 6)[:, 0]),
        *((draws[:, i], draws[:, j]) for i in range(6) for j in range(i)),
    ]
    for one, other in pairs:
        table, _, _ = np.histogram2d(one.numpy(), other.numpy(), bins=8, range=[[0, 1], [0, 1]])
        assert stats.chisquare(table.ravel()).pvalue > 1e-4
