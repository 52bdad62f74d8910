"""What the figures say together: pooled folds, confused pairs, what to look at."""

from collections.abc import Sequence

import msgspec
import numpy as np

from Models import scoring
from Models.report.evidence import ClassScore, Confused, Confusion, Evidence, Loss

SHOWN_LOSSES = 12
SHOWN_OTHERS = 4
"""Findings about the data that are not wrong, but worth a look: so many on the first screen."""
LOW_RECALL = 0.9
"""Below it a class is named on the first screen, if it falls short of the whole as well."""


class Finding(msgspec.Struct, frozen=True):
    """A sentence for the first screen: what stands out, and the figures to it."""

    what: str
    figures: str
    is_wrong: bool = True


def pooled(tables: Sequence[Confusion]) -> Confusion:
    """Return the sum of the folds' confusion matrices over the union of their classes, sorted."""
    classes = tuple(sorted({name for table in tables for name in table.classes}))
    counts = np.zeros((len(classes), len(classes)), np.int64)
    for table in tables:
        where = [classes.index(name) for name in table.classes]
        counts[np.ix_(where, where)] += table.counts
    return Confusion(classes, counts)


def scores(table: Confusion) -> tuple[ClassScore, ...]:
    """Return precision, recall and F1 of each class."""
    columns = scoring.by_class(table.counts)
    rows = zip(
        columns.precision.tolist(),
        columns.recall.tolist(),
        columns.f1.tolist(),
        columns.support.tolist(),
        strict=True,
    )
    return tuple(ClassScore(label, *row) for label, row in zip(table.classes, rows, strict=True))


def confused(table: Confusion) -> tuple[Confused, ...]:
    """Return every pair of classes taken one for the other, most often first."""
    pairs = [
        Confused(label, predicted, int(table.counts[i, j]))
        for i, label in enumerate(table.classes)
        for j, predicted in enumerate(table.classes)
        if i != j and table.counts[i, j]
    ]
    return tuple(sorted(pairs, key=lambda pair: (-pair.count, pair.label, pair.predicted)))


def hardest(evidence: Evidence) -> tuple[Loss, ...]:
    """Return the samples of the greatest losses over all folds."""
    every = [loss for fold in evidence.folds for loss in fold.losses]
    return tuple(sorted(every, key=lambda loss: (-loss.loss, loss.id))[:SHOWN_LOSSES])


def look_at(evidence: Evidence) -> tuple[Finding, ...]:
    """Return what stands out, most telling first; nothing if nothing does."""
    table = pooled([fold.confusion for fold in evidence.folds])
    found = []
    there = [score for score in scores(table) if score.support]
    weak = min(there, key=lambda score: (score.recall, score.label), default=None)
    if weak and weak.recall < min(LOW_RECALL, evidence.out_of_fold.value):
        found.append(
            Finding(
                f"{weak.label} missed most", f"recall {weak.recall:.2f}, {weak.support:,} images"
            )
        )
    found += [
        Finding(f"{pair.label} taken for {pair.predicted}", f"{pair.count:,} times")
        for pair in confused(table)[:3]
        if pair.count > 1
    ]
    data = evidence.analytics.findings
    found += [Finding(one.what, one.figures) for one in data if one.is_wrong]
    left_out = sum(fold.left_out for fold in evidence.folds)
    if left_out:
        found.append(Finding("Not tested, as without a single label", f"{left_out:,} images"))
    others = [one for one in data if not one.is_wrong]
    found += [Finding(one.what, one.figures, is_wrong=False) for one in others[:SHOWN_OTHERS]]
    if len(others) > SHOWN_OTHERS:
        more = Finding("More under Data", f"{len(others) - SHOWN_OTHERS}", is_wrong=False)
        found.append(more)
    return tuple(found)
