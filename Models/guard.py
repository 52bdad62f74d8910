"""A guard looks whether the loss is still a number, and of a size that training can come back from.

Losses stay where they are computed and are looked at ``AT_ONCE`` at a time: looking at each would
make a device wait for every step.
"""

import torch
from torch import Tensor

AT_ONCE = 64
"""Steps between two looks."""
TIMES = 1000.0
"""A loss that is so many times the first step's (plus one) has diverged: in cross-entropy, what an
untrained network has is the logarithm of the number of classes."""


class Diverged(Exception):
    """The loss of a step is no finite number, or far from all that could be learned from.

    Attributes:
        step: which, counted from 0 over all epochs.
        what: in words.
    """

    def __init__(self, step: int, what: str) -> None:
        super().__init__(what)
        self.step = step
        self.what = what


class Guard:
    """Remembers the losses of the steps since it last looked.

    Attributes:
        first_loss: of the first step of all, None before it was looked at.
    """

    def __init__(self, step: int, first_loss: float | None, device: torch.device) -> None:
        """Begin before ``step``, counted from 0 over all epochs."""
        self.first_loss = first_loss
        self._losses = torch.zeros(AT_ONCE, device=device)
        self._places = list(self._losses.unbind())
        self._begin = step
        self._seen = 0

    def saw(self, loss: Tensor) -> None:
        """Remember the loss of the next step, a scalar.

        Raises:
            Diverged: as ``look`` does, which it calls when its memory is full.
        """
        if self._seen == AT_ONCE:
            self.look()
        self._places[self._seen].copy_(loss)
        self._seen += 1

    def look(self) -> None:
        """Look at the losses that are remembered, and forget them.

        Raises:
            Diverged: one is no finite number or beyond the bound; the first such step is named.
        """
        losses = self._losses[: self._seen].tolist()
        begin, self._begin, self._seen = self._begin, self._begin + self._seen, 0
        for step, loss in enumerate(losses, begin):
            if self.first_loss is None:
                self.first_loss = loss
            if not abs(loss) <= TIMES * (1 + abs(self.first_loss)):
                raise Diverged(step, f"the loss is {loss:.4g}")
