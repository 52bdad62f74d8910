"""Draws of a whole batch at once, each sample's its own: a function of (seed, key, place).

Philox 4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011) in torch's
int64: there is no generator whose state could depend on what else was drawn.
"""

import torch
from torch import Tensor

ROUNDS = 10
_MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
_WEYL = (0x9E3779B9, 0xBB67AE85)
_LOW = 0xFFFFFFFF


def uniforms(seed: int, keys: Tensor, count: int) -> Tensor:
    """Return numbers in [0, 1), (N, count) float32: ``count`` for each key, whatever the others.

    Args:
        seed: below 2**64.
        keys: (N,) int64, one a sample.
        count: draws a sample. The first of them do not depend on how many are asked for.
    """
    quads = torch.arange(-(-count // 4), device=keys.device).expand(len(keys), -1)
    wide = keys[:, None].expand_as(quads)
    counter = (wide & _LOW, (wide >> 32) & _LOW, quads, torch.zeros_like(quads))
    words = torch.stack(philox(counter, (seed & _LOW, (seed >> 32) & _LOW)), dim=2)
    # The upper 24 bits: as many as a float32 holds exactly.
    return (words.flatten(1)[:, :count] >> 8).to(torch.float32) * 2.0**-24


def philox(
    counter: tuple[Tensor, Tensor, Tensor, Tensor], key: tuple[int, int]
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return four words of 32 bits for each counter, as int64.

    Args:
        counter: four words of one shape, int64 in [0, 2**32).
        key: two words.
    """
    a, b, c, d = counter
    first, second = key
    for _ in range(ROUNDS):
        # int64 wraps as two's complement, so that all 64 bits of the product are there.
        left, right = a * _MULTIPLIERS[0], c * _MULTIPLIERS[1]
        a, b, c, d = (
            ((right >> 32) & _LOW) ^ b ^ first,
            right & _LOW,
            ((left >> 32) & _LOW) ^ d ^ second,
            left & _LOW,
        )
        first, second = (first + _WEYL[0]) & _LOW, (second + _WEYL[1]) & _LOW
    return a, b, c, d
