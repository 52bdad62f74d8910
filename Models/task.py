"""A module as Lightning wants it: what a step, an epoch and a validation are."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import lightning.pytorch as lightning
import torch
from torch import Tensor

from Datasets.randomness import seed_for
from Models.average import Average
from Models.batch import Batch, Joined, Triplets
from Models.course import Course
from Models.figures import EpochFigures
from Models.frameworks.framework import Moment
from Models.guard import Diverged, Guard
from Models.loaders import Loader
from Models.module import Module
from Models.optimisers import optimiser_of, set_rate
from Models.schedule import share
from Models.state import At, Numbers, State, memory, named, remember

AnyLoader = Loader[Batch] | Loader[Joined] | Loader[Triplets]


class Task(lightning.LightningModule):
    """A module, and how it is trained, from the beginning or from a state on.

    Lightning runs the loop and is told nothing of what lies behind: it trains for the epochs that
    are left, the first of which may be the rest of one.

    Attributes:
        module: what is trained.
        course: how.
        at: where the training is.
        average: its averaged weights from the beginning on, None where none are asked for.
        history: the figures of each epoch that has ended.
        start: the state it begins with, None where it begins anew.
        steps: how many there are in all.
    """

    def __init__(
        self,
        module: Module,
        loader: AnyLoader,
        course: Course,
        seed: int,
        start: State | None = None,
    ) -> None:
        """Take what is trained, on what and how; ``seed`` is that of all noise."""
        super().__init__()
        self.module = module
        self.course = course
        self.average: Average | None = None
        self.start = start
        self.at = start.numbers.at if start else At()
        self.history: list[EpochFigures] = list(start.numbers.history) if start else []
        self.steps = course.epochs * len(loader)
        self._loader = loader
        self._seed = seed
        self._rate = start.numbers.rate if start else 0.0
        self._training = _Sums()
        self._validation = _Sums()
        self._guard = Guard(0, None, torch.device("cpu"))

    def step(self) -> int:
        """Return how many steps lie behind."""
        return self.at.epoch * len(self._loader) + self.at.batch

    def is_to_be_validated(self) -> bool:
        """Return whether the steps of an epoch lie behind, and its validation does not."""
        return self.at.batch == len(self._loader)

    def rest(self) -> "Rest":
        """Return the batches of an epoch that do not lie behind, as Lightning asks for them."""
        return Rest(self, self._loader)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Return the optimiser of what learns."""
        return optimiser_of(self.module, self.course.peak, self.course.spread)

    def on_fit_start(self) -> None:
        """Take the state over, now that all tensors lie where they stay."""
        if self.start is not None:
            with torch.no_grad():
                for name, kept in self.start.part("learned").items():
                    self.module.learned()[name].copy_(kept)
            self._training = _Sums(self.start.part("sums"), self.start.numbers.samples, self.device)
            remember(self._optimiser(), self._names(), self.start.part("optimiser"))
        if self.course.ema:
            self.average = Average(self.module, self.course.ema)
            if self.start is not None:
                self.average.load(self.start.part("average"))
        first = self.start.numbers.first_loss if self.start else None
        self._guard = Guard(self.step(), first, self.device)

    def on_train_batch_start(self, batch: object, batch_idx: int) -> None:
        """Set what a step draws and how far it goes, as functions of the step alone."""
        moment = self.moment()
        self._seed_noise(seed_for(self._seed, "step", moment.step))
        course = self.course
        of_peak = share(course.schedule, moment.progress, course.warmup)
        self._rate = course.peak.learning_rate * of_peak
        set_rate(self._optimiser(), self._rate)

    def training_step(self, batch: Batch | Joined | Triplets, batch_idx: int) -> Tensor:
        """Return the loss of one step."""
        loss = self.module.training_loss(batch, self.moment())
        told = {"loss": loss.total, **loss.parts}
        samples = len(batch)
        self._training.add(samples, **{name: one.detach() * samples for name, one in told.items()})
        self._guard.saw(loss.total.detach())
        return loss.total

    def optimizer_step(
        self,
        epoch: int,
        batch_idx: int,
        optimizer: object,
        optimizer_closure: Callable[[], object] | None = None,
    ) -> None:
        """Do one step: forward, backward, the optimiser, then the averaged weights."""
        super().optimizer_step(epoch, batch_idx, optimizer, optimizer_closure)  # type: ignore[arg-type]
        if self.average is not None:
            self.average.update(self.step() + 1)
        self.at = At(self.at.epoch, self.at.batch + 1)

    def moment(self) -> Moment:
        """Return when this step is."""
        return Moment(self._seed, self.at.epoch, self.step(), self.steps)

    def on_validation_start(self) -> None:
        """Let the averaged weights be those that are tested."""
        self._guard.look()
        self._validation = _Sums()
        if self.average is not None:
            self.average.swap()

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Add one batch to the validation's sums."""
        logits = self.module(batch.images)
        losses = self.module.framework.losses(logits, batch.labels)
        right = (logits.argmax(dim=1) == batch.labels).sum()
        self._validation.add(len(batch), loss=losses.sum(), right=right)

    def leave_validation(self) -> None:
        """Let training go on with its own weights."""
        if self.average is not None:
            self.average.swap()

    def on_validation_epoch_end(self) -> None:
        """Close the epoch's figures; Lightning validates at the end of each training epoch.

        Raises:
            Diverged: the validation's loss is no finite number.
        """
        self.leave_validation()
        trained, validated = self._training.means(), self._validation.means()
        figures = EpochFigures(
            epoch=self.at.epoch + 1,
            train_loss=trained.pop("loss"),
            validation_loss=validated["loss"],
            validation_accuracy=validated["right"],
            learning_rate=self._rate,
            parts=trained,
        )
        if not math.isfinite(figures.validation_loss):
            told = f"the loss on the validation part is {figures.validation_loss}"
            raise Diverged(self.step() - 1, told)
        self.history.append(figures)
        self._training = _Sums()
        self.at = At(self.at.epoch + 1)

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """Let the module have the averaged weights, where there are any, while the block runs."""
        if self.average is None:
            yield
            return
        self.average.swap()
        try:
            yield
        finally:
            self.average.swap()

    def weights(self) -> dict[str, Tensor]:
        """Return what is kept of the training by now: the averaged weights, if there are any."""
        return dict(self.module.learned()) if self.average is None else self.average.weights

    def state(self, best: EpochFigures | None, best_weights: dict[str, Tensor]) -> State:
        """Return the state between two steps: the tensors themselves, which training changes.

        Raises:
            Diverged: what would be kept is good for nothing.
        """
        self._guard.look()
        tensors = {
            **named("learned", dict(self.module.learned())),
            **named("average", self.average.weights if self.average else {}),
            **named("optimiser", memory(self._optimiser(), self._names())),
            **named("sums", self._training.tensors()),
        }
        if not all(bool(one.isfinite().all()) for one in tensors.values()):
            raise Diverged(self.step() - 1, "the weights are no finite numbers")
        numbers = Numbers(
            at=self.at,
            step=self.step(),
            steps=self.steps,
            rate=self._rate,
            samples=self._training.samples,
            first_loss=self._guard.first_loss,
            history=tuple(self.history),
            best=best,
        )
        return State(numbers, tensors | named("best", best_weights))

    def _seed_noise(self, seed: int) -> None:
        """Seed the generators that this device draws from.

        As ``torch.manual_seed`` does; but where CUDA is not in use that takes milliseconds, as it
        puts off the seeding of all devices and remembers who asked for it.
        """
        torch.default_generator.manual_seed(seed)
        if self.device.type == "cuda":
            torch.cuda.manual_seed(seed)

    def _optimiser(self) -> torch.optim.Optimizer:
        return self.trainer.optimizers[0]

    def _names(self) -> dict[Tensor, str]:
        return {parameter: name for name, parameter in self.module.named_parameters()}


class Rest:
    """The batches of an epoch that do not lie behind.

    It has no length, as that differs from epoch to epoch: Lightning fetches one batch in advance,
    and so sees the end.
    """

    def __init__(self, task: Task, loader: AnyLoader) -> None:
        self._task = task
        self._loader = loader

    def __iter__(self) -> Iterator[Batch | Joined | Triplets]:
        """Return the batches from where the training is, to the end of the epoch."""
        self._loader.set_epoch(self._task.at.epoch)
        self._loader.start_at(self._task.at.batch)
        return iter(self._loader)


class _Sums:
    """Running sums over samples, kept on the device until somebody asks."""

    def __init__(
        self,
        sums: dict[str, Tensor] | None = None,
        samples: int = 0,
        device: torch.device | None = None,
    ) -> None:
        self._sums: dict[str, Tensor | float] = {}
        self._sums.update({name: one.to(device) for name, one in (sums or {}).items()})
        self.samples = samples

    def add(self, samples: int, **sums: Tensor) -> None:
        for name, one in sums.items():
            self._sums[name] = self._sums.get(name, 0.0) + one
        self.samples += samples

    def tensors(self) -> dict[str, Tensor]:
        return {name: one for name, one in self._sums.items() if isinstance(one, Tensor)}

    def means(self) -> dict[str, float]:
        return {name: float(one) / self.samples for name, one in self._sums.items()}
