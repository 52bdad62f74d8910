"""What a learner learns from: the fold says who is in it, (seed, epoch) in which order."""

from inspect import signature

import lightning.pytorch as lightning
import numpy as np
from msgspec.structs import replace

from Datasets.errors import StoreError
from Datasets.randomness import seed_for
from Datasets.tensors import Tensors
from Models import loaders
from Models.batch import Batch, Joined, Triplets, Wants
from Models.loaders import AloneLoader, JoinedLoader, Loader
from Models.loading import Mapped, Source
from Models.ordering import Ordering
from Models.orders import Order, Repeated, Shuffled, shuffled
from Models.part import NOBODY, Part
from Models.samplers import sampled
from Models.triplets import Chosen, Drawn, Given, TripletsLoader


class Batches(lightning.LightningDataModule):
    """What a learner learns from: a training part and a validation part."""

    def __init__(
        self,
        tensors: Tensors,
        train: Part,
        validation: Part,
        batch: int,
        seed: int,
        ordering: Ordering | None = None,
        source: Source | None = None,
        unlabelled: np.ndarray = NOBODY,
        wants: Wants = "labelled",
        ratio: int = 1,
        chosen: Chosen | None = None,
    ) -> None:
        """Take the parts.

        Args:
            tensors: where the rows of the parts are.
            train: the training part.
            validation: the validation part.
            batch: the number of labelled rows a training step sees, at most.
            seed: of the order.
            ordering: how the training part is mixed, or None for all its rows.
            source: where the images come from, or None for the tensors' files.
            unlabelled: (n,) the rows without a label to learn from.
            wants: which batches training sees.
            ratio: unlabelled rows for each labelled one, in joined batches.
            chosen: triplets to learn from, or None to draw one for each row.
        """
        super().__init__()
        self.tensors = tensors
        self.train = train
        self.validation = validation
        self.unlabelled = unlabelled
        self.batch = batch
        self.seed = seed
        self.ordering = ordering or Ordering()
        self.source = source or Mapped(tensors)
        self.wants = wants
        self.ratio = ratio
        self.chosen = chosen

    def new(self, **changes: object) -> "Batches":
        """Return batches with some of the constructor's arguments changed, and the rest kept.

        Raises:
            TypeError: no argument has that name.
        """
        kept = {name: getattr(self, name) for name in signature(Batches).parameters}
        return Batches(**(kept | changes))

    @property
    def has_unlabelled(self) -> bool:
        """Return whether training sees rows without a label."""
        return self.wants in ("joined", "either") and len(self.unlabelled) > 0

    def training(self) -> Loader[Batch] | Loader[Joined] | Loader[Triplets]:
        """Return the training part, shuffled anew each epoch, in the batches that are wanted.

        Raises:
            StoreError: unlabelled rows are wanted, and there are none.
        """
        match self.wants:
            case "labelled":
                return self.labelled()
            case "joined":
                return self.joined()
            case "either":
                return self.joined() if len(self.unlabelled) else AloneLoader(self.labelled())
            case "triplets":
                return self.triplets()

    def labelled(self) -> Loader[Batch]:
        """Return the training part, shuffled anew each epoch, whatever is wanted."""
        return loaders.labelled(self.tensors, self.train, self._order(), self.source)

    def validating(self) -> Loader[Batch]:
        """Return the validation part, in order."""
        return loaders.in_order(self.tensors, self.validation, self.source)

    def train_dataloader(self) -> Loader[Batch] | Loader[Joined] | Loader[Triplets]:
        """Return ``training()``, by the name that Lightning asks for."""
        return self.training()

    def val_dataloader(self) -> Loader[Batch]:
        """Return ``validating()``, by the name that Lightning asks for."""
        return self.validating()

    def joined(self) -> Loader[Joined]:
        """Return labelled and unlabelled rows: the ones that last longer once, the others again.

        Raises:
            StoreError: there are no unlabelled rows.
        """
        if not len(self.unlabelled):
            raise StoreError(
                "params.yaml: train.framework learns from images without a label too, and the "
                'training part has none: hide labels (split.labelled: "4 per class"), or add a '
                "data set that nobody annotated (docs/frameworks.md)"
            )
        known = self._order()
        beside, seed = self.batch * self.ratio, seed_for(self.seed, "unlabelled")
        unknown = shuffled(self.ordering, len(self.unlabelled), beside, seed)
        if len(known) < len(unknown):
            known = self._longer_order(len(unknown))
        elif len(unknown) < len(known):
            unknown = Repeated(len(self.unlabelled), beside, seed, len(known))
        return JoinedLoader(
            loaders.labelled(self.tensors, self.train, known, self.source),
            loaders.unlabelled(self.tensors, self.unlabelled, unknown, self.source),
        )

    def triplets(self) -> Loader[Triplets]:
        """Return each training row with one of its class and one of another, or ``chosen``.

        Raises:
            StoreError: the training part has one class alone.
        """
        if self.chosen is None:
            drawn = Drawn(self.tensors, self.train, self.seed)
            return TripletsLoader(self.tensors, drawn, self._order(), self.source)
        given = Given(self.chosen)
        order = Shuffled(len(given), self.batch, self.seed)
        return TripletsLoader(self.tensors, given, order, self.source)

    def _order(self) -> Order:
        """Return the order of the training part."""
        if self.ordering.is_sampled:
            return sampled(self.ordering, self.tensors, self.train, self.batch, self.seed)
        return shuffled(self.ordering, len(self.train.rows), self.batch, self.seed)

    def _longer_order(self, groups: int) -> Order:
        """Return an order of the training part that lasts for so many groups."""
        if self.ordering.is_sampled:
            rows = groups * self.batch
            ordering = replace(self.ordering, sampling=replace(self.ordering.sampling, rows=rows))
            return sampled(ordering, self.tensors, self.train, self.batch, self.seed)
        return Repeated(len(self.train.rows), self.batch, self.seed, groups)
