"""The order in which the stages walk, read from params.yaml."""

import msgspec

from Datasets import fold_range
from Datasets.errors import ParamsError
from Datasets.fold_range import FoldRange
from Datasets.params import Params

FIRST_STEP = "source"


class Step(msgspec.Struct, frozen=True):
    """A step of ``preprocess``: the store it reads and the names of its operations."""

    reads: str
    operations: tuple[str, ...]


class Plan(msgspec.Struct, frozen=True):
    """What params.yaml says of the walk; ``check`` has looked at the rest of it."""

    datasets: tuple[str, ...]
    demos: tuple[str, ...]
    steps: dict[str, Step]
    ranges: tuple[FoldRange, ...]

    def stages(self) -> tuple[str, ...]:
        """Return the names of all stages before the report, in the order of the walk."""
        return (
            "check",
            *(f"demo@{name}" for name in self.demos),
            *(f"convert@{name}" for name in self.datasets),
            *("split", "audit", FIRST_STEP),
            *(f"process@{name}" for name in self.steps),
            "stack",
            *(
                f"{verb}@{one.name}"
                for verb in ("scale", "train", "evaluate")
                for one in self.ranges
            ),
            *("crossval", "export", "verify"),
        )


class _Step(msgspec.Struct, frozen=True):
    reads: str = msgspec.field(name="from")
    ops: tuple[dict[str, object] | str, ...] = ()


class _Stack(msgspec.Struct, frozen=True):
    reads: str = msgspec.field(name="from")


class _Train(msgspec.Struct, frozen=True):
    folds: tuple[int | str, ...]


def plan(params: Params) -> Plan:
    """Return the walk that ``params`` describes; steps that do not lead to ``stack`` are left out.

    Raises:
        ParamsError: a step reads from one that does not exist, or the steps go round in a circle.
    """
    steps = params.section("preprocess", dict[str, _Step])
    name = params.section("stack", _Stack).reads
    backwards: dict[str, Step] = {}
    while name != FIRST_STEP:
        if name in backwards:
            raise ParamsError(f"{params.path}: preprocess.{name}: its 'from' leads back to itself")
        if name not in steps:
            raise ParamsError(
                f"{params.path}: nothing is called '{name}', from which a step or stack reads"
            )
        step = steps[name]
        operations = tuple(op if isinstance(op, str) else next(iter(op), "") for op in step.ops)
        backwards[name] = Step(step.reads, operations)
        name = step.reads
    return Plan(
        datasets=tuple(params.section("datasets", dict[str, object])),
        demos=tuple(params.section("demo", dict[str, object])),
        steps=dict(reversed(backwards.items())),
        ranges=tuple(map(fold_range.parse, params.section("train", _Train).folds)),
    )
