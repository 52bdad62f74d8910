"""Clusters of near hashes against every pair looked at one by one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from Data_processing.fingerprints import search
from Data_processing.fingerprints.search import CONFIRMED, Hashes, clusters


def slow(hashes: list[int], fine: list[int], distance: int) -> list[int]:
    """Return the first of each picture's cluster by following every pair."""
    first = list(range(len(hashes)))
    for i, (one, detail) in enumerate(zip(hashes, fine, strict=True)):
        for j in range(i + 1, len(hashes)):
            near = any(
                (one_ ^ hashes[j]).bit_count() <= distance
                and 4 * (detail_ ^ fine[j]).bit_count() <= CONFIRMED
                for one_, detail_ in ((one, detail), (turned(one), turned(detail)))
            )
            if near:
                low, high = sorted((first[i], first[j]))
                first = [low if number == high else number for number in first]
    return first


def arrays(hashes: list[int], fine: list[int]) -> Hashes:
    """Return hashes whose fine part is one word four times."""
    coarse, words = np.array(hashes, np.uint64), np.array(fine, np.uint64)
    return Hashes(coarse, words[:, None].repeat(4, axis=1))


def turned(word: int) -> int:
    """Return the bits in the other order: twice is once, as with mirrors."""
    return int(f"{word:064b}"[::-1], 2)


words = st.integers(0, 2**64 - 1)


@pytest.fixture(autouse=True)
def small_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a few hashes lie in several tiles."""
    monkeypatch.setattr(search, "ROWS", 3)
    monkeypatch.setattr(search, "COLUMNS", 4)


@given(
    roots=st.lists(words, min_size=1, max_size=4),
    picks=st.lists(st.tuples(st.integers(0, 3), words, words), min_size=1, max_size=14),
    distance=st.integers(0, 6),
)
def test_clusters_are_those_of_every_pair(
    roots: list[int], picks: list[tuple[int, int, int]], distance: int
) -> None:
    """Hashes near a few roots: some bits flipped, so that chains arise."""
    near = [roots[root % len(roots)] ^ (flips & more & (more >> 7)) for root, flips, more in picks]
    hashes = [turned(one) if one % 5 == 0 else one for one in near]
    fine = [detail & 0xFFFFFF for _, detail, _ in picks]
    found = clusters(
        arrays(hashes, fine), arrays(list(map(turned, hashes)), list(map(turned, fine))), distance
    )
    assert found.tolist() == slow(hashes, fine, distance)


def test_a_chain_is_one_cluster_and_nothing_is_none() -> None:
    chain = [0, 0b11, 0b1111, 2**60]
    same = arrays(chain, [0] * 4)
    assert clusters(same, same, 2).tolist() == [0, 0, 0, 0]
    assert clusters(same, same, 0).tolist() == [0, 1, 2, 3]
    others = arrays(chain, [0, 2**40 - 1, 0, 0])
    assert clusters(others, others, 2).tolist() == [0, 1, 2, 0]
    none = arrays([], [])
    assert clusters(none, none, 2).tolist() == []
