"""Every draw belongs to one copy of one sample in one step; there is no other randomness."""

from hashlib import blake2b

import numpy as np


def rng_for(seed: int, step: str, sample_id: str, copy: int = 0) -> np.random.Generator:
    """Return the generator that belongs to one copy of one sample in one step.

    Workers, order and subset do not enter, so they cannot change a byte.
    """
    return np.random.default_rng(_integer(16, str(seed), step, sample_id, str(copy)))


def seed_for(*parts: str | int) -> int:
    """Return an integer in [0, 2**63) made of ``parts``, for a library with a seed of its own.

    >>> seed_for(42, "train", 0) == seed_for(42, "train", 0)
    True
    >>> seed_for(42, "train", 0) == seed_for(42, "train", 1)
    False
    """
    return _integer(8, *(str(part) for part in parts)) >> 1


def place_of(text: str) -> int:
    """Return a 64-bit number made of ``text``: an id's place among shards, or in a draw."""
    return _integer(8, text)


def _integer(digest_bytes: int, *parts: str) -> int:
    key = "\0".join(parts).encode()
    return int.from_bytes(blake2b(key, digest_size=digest_bytes).digest(), "big")
