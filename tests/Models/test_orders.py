"""Orders: every row once an epoch, a function of (seed, epoch), from any batch on."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from Models.ordering import Ordering
from Models.orders import WINDOW, BlockShuffled, InOrder, Order, Shuffled, shuffled

lengths = st.integers(1, 300)
batches = st.integers(1, 64)
orderings = st.builds(Ordering, st.sampled_from(["samples", "blocks"]), st.integers(1, 40))


def epoch_of(order: Order, epoch: int) -> list[int]:
    order.set_epoch(epoch)
    return np.concatenate(list(order.groups())).tolist()


@given(ordering=orderings, n=lengths, batch=batches, seed=st.integers(0, 2**40))
def test_an_epoch_sees_every_row_once(ordering: Ordering, n: int, batch: int, seed: int) -> None:
    order = shuffled(ordering, n, batch, seed)
    groups = list(order.groups())
    assert len(groups) == len(order) == -(-n // batch)
    assert sorted(np.concatenate(groups)) == list(range(n))
    sizes = [len(group) for group in groups]
    assert max(sizes) <= batch
    assert max(sizes) - min(sizes) <= 1


@pytest.mark.parametrize("order", [Shuffled(900, 8, 1), BlockShuffled(900, 8, 1, 16)])
def test_the_order_is_a_function_of_seed_and_epoch(order: Order) -> None:
    other_seed = shuffled(Ordering("blocks", 16), 900, 8, 2)
    np.random.seed(0)  # noqa: NPY002 - a global state that must not matter
    torch.manual_seed(0)
    third = epoch_of(order, 3)
    assert epoch_of(order, 4) != third
    assert epoch_of(order, 3) == third
    assert epoch_of(other_seed, 3) != third


def test_the_order_of_samples_is_numpys_permutation() -> None:
    """Written out, so that a change of it, which changes all results, does not go unseen."""
    assert epoch_of(Shuffled(12, 5, 1), 0) == [9, 2, 5, 4, 3, 0, 8, 10, 7, 6, 11, 1]


@given(ordering=orderings, n=lengths, batch=batches, data=st.data())
def test_an_epoch_goes_on_at_any_group(
    ordering: Ordering, n: int, batch: int, data: st.DataObject
) -> None:
    for order in (shuffled(ordering, n, batch, 5), InOrder(n, batch)):
        first = data.draw(st.integers(0, len(order) - 1))
        whole = [group.tolist() for group in order.groups()]
        assert [group.tolist() for group in order.groups(first)] == whole[first:]


def test_neighbours_come_together_and_are_mixed() -> None:
    n, block = 64 * 100, 64
    order = np.array(epoch_of(BlockShuffled(n, 32, 3, block), 0))
    for start in range(0, n, block * WINDOW):
        window = order[start : start + block * WINDOW]
        assert len(set((window // block).tolist())) == -(-len(window) // block)
        assert (np.diff(window) == 1).mean() < 0.05
        # The first of its batches already holds rows of several blocks.
        assert len(set((window[:32] // block).tolist())) > 2
    assert abs(np.corrcoef(np.arange(n), order)[0, 1]) < 0.3


@given(n=lengths, batch=batches, block=st.integers(1, 40), data=st.data())
def test_what_is_read_in_advance_is_there_in_time_and_once(
    n: int, batch: int, block: int, data: st.DataObject
) -> None:
    order = BlockShuffled(n, batch, 3, block)
    first = data.draw(st.integers(0, len(order) - 1))
    announced: list[int] = []
    used: set[int] = set()
    for group, runs in zip(order.groups(first), order.ahead(first), strict=True):
        assert all((np.diff(run) == 1).all() for run in runs)
        announced += [position for run in runs for position in run.tolist()]
        used |= set(group.tolist())
        assert used <= set(announced)
        assert len(announced) - len(used) <= (3 * WINDOW) * block
    assert len(announced) == len(set(announced))


@given(n=st.integers(1, 100), batch=st.integers(1, 40))
def test_in_order_is_in_order(n: int, batch: int) -> None:
    groups = list(InOrder(n, batch).groups())
    assert np.concatenate(groups).tolist() == list(range(n))
    assert {len(group) for group in groups[:-1]} <= {batch}
