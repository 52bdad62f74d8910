"""Whether the folds of a fold range can be trained and tested: told before the first is trained."""

from Datasets import fold_range
from Datasets.errors import StoreError
from Datasets.fold_range import FoldRange
from Datasets.splits import Folds
from Datasets.tensors import Tensors
from Models.part import part_of, require_all_classes

SHOWN = 10
"""How many folds are named with what they lack."""


def trainable(asked: FoldRange, tensors: Tensors, folds: Folds) -> tuple[int, ...]:
    """Return the folds of ``asked``, all of which have what training and testing need.

    That is a labelled sample in each of the three parts, and every class in the training part.

    Raises:
        StoreError: a fold does not exist, or lacks that. All such folds are named, with what to
            write in place of the fold range to leave them out.
    """
    every = asked.folds(folds.about.every)
    faults = {}
    for fold in every:
        try:
            _require_parts(tensors, folds, fold)
        except StoreError as error:
            if asked.is_single:
                raise
            faults[fold] = str(error)
    if faults:
        raise StoreError(_refusal(asked, every, faults))
    return every


def _require_parts(tensors: Tensors, folds: Folds, fold: int) -> None:
    training = part_of(tensors, folds, "train", fold)
    require_all_classes(training, tensors.store.about.classes, fold)
    part_of(tensors, folds, "validation", fold)
    part_of(tensors, folds, "test", fold)


def _refusal(asked: FoldRange, every: tuple[int, ...], faults: dict[int, str]) -> str:
    told = "\n  ".join(list(faults.values())[:SHOWN])
    more = f"\n  and {len(faults) - SHOWN} more" if len(faults) > SHOWN else ""
    kept = ", ".join(fold_range.written(set(every) - set(faults)))
    remedy = (
        f"to leave them out, write {kept} in train.folds in place of {asked.name}"
        if kept
        else "no other is left: choose another split"
    )
    return (
        f"{len(faults)} of the {len(every)} folds of {asked.name} cannot be trained and tested, "
        f"so none was trained:\n  {told}{more}\n{remedy}"
    )
