"""What samples share: a picture, a look, a group; inside one fold, and across folds."""

from collections.abc import Iterable

import msgspec
import pandas as pd

from Datasets.splits import column_of


class Shared(msgspec.Struct, frozen=True):
    """Samples that share a value of ``kind``, with their folds and labels.

    A label is "" where somebody looked and found none, None where nobody looked.
    """

    kind: str
    value: str
    ids: tuple[str, ...]
    folds: tuple[int, ...]
    labels: tuple[str | None, ...]

    def disputed(self) -> bool:
        """Return whether they are one picture, or look alike, and are labelled differently."""
        return self.kind != "group" and len(self.said()) > 1

    def other(self) -> int:
        """Return the place of the first one in another fold than the first; 1 if there is none."""
        return next((i for i, fold in enumerate(self.folds) if fold != self.folds[0]), 1)

    def said(self) -> list[str]:
        """Return the different labels, in the order of the samples that have them."""
        return [one for one in dict.fromkeys(self.labels) if one is not None]


class Sharing(msgspec.Struct, frozen=True):
    """What samples share: inside one fold, and across folds."""

    inside: list[Shared]
    across: list[Shared]

    def every(self) -> list[Shared]:
        """Return both."""
        return [*self.across, *self.inside]

    def joined(self, other: "Sharing") -> "Sharing":
        """Return what is shared in either of two ways."""
        return Sharing(self.inside + other.inside, self.across + other.across)


def shared(samples: pd.DataFrame, column: str, repeats: Iterable[int] = (0,)) -> Sharing:
    """Return what two samples or more share in ``column``, inside one fold and across folds.

    Inside is what no repetition parts; across is told by the first repetition that does.
    """
    inside: list[Shared] = []
    across: list[Shared] = []
    labels = samples["label"].astype(object).where(samples["is_annotated"], None)
    known = samples.assign(label=labels).dropna(subset=[column])
    of_value = known[known.duplicated(column, keep=False)].groupby(column, sort=False)
    for value, group in of_value:  # in the order of the first sample of each
        dealt = [tuple(group[column_of(repeat)]) for repeat in repeats]
        apart = next((folds for folds in dealt if len(set(folds)) > 1), None)
        one = Shared(
            column, str(value), tuple(group["id"]), apart or dealt[0], tuple(group["label"])
        )
        (across if apart else inside).append(one)
    return Sharing(inside, across)
