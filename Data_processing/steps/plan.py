"""What params.yaml says of a step, read into operations.

And the order of steps, checked before anything runs.
"""

import inspect
from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple

from Data_processing.steps.entries import SOURCE, Entry, Named, Step, module_of, named
from Data_processing.steps.operation import Operation, OwnOperation, Tiling
from Data_processing.steps.transform import Transform
from Data_processing.steps.transforms import Transforms
from Datasets.errors import ParamsError
from Datasets.params import NAME, checked, nearest
from Datasets.recipe import FixedOp


def operations(name: str, step: Step, where: str = "params.yaml") -> tuple[Operation, ...]:
    """Return the operations of a step, neighbouring transforms joined into one.

    Raises:
        ParamsError: an operation is unknown or an argument does not fit; the place is named.
    """
    found: list[Operation] = []
    waiting: list[Transform] = []
    for one in _after_tiling(name, step, where):
        if one.is_transform:
            waiting.append(Transform(one.op, one.arguments, one.place))
            continue
        if waiting:
            found.append(Transforms(tuple(waiting)))
            waiting = []
        found.append(_own(one))
    return (*found, Transforms(tuple(waiting))) if waiting else tuple(found)


def tiling(name: str, step: Step, where: str = "params.yaml") -> Tiling | None:
    """Return what cuts a step's samples into tiles, if anything does.

    Raises:
        ParamsError: it is not the first thing in the walk; or as ``operations``.
    """
    found = [one for one in named(name, step, where) if _is_tiling(one)]
    if not found:
        return None
    one = found[0]
    if len(found) > 1 or step.from_ != SOURCE or not _is_tiling(named(name, step, where)[0]):
        raise ParamsError(
            f"{one.place}: {one.op} must come first in the walk, so that a tile is a part of a raw "
            f"image: let '{name}' read from '{SOURCE}', and put {one.op} first in it, once"
        )
    module = module_of(one)
    return Tiling(
        one.op, module, checked(one.arguments, module.Parameters, f"{one.place}.{one.op}")
    )


def draws(name: str, step: Step) -> bool:
    """Return whether copies 1 to n differ from one another by a step.

    As ``operations`` would tell, which takes seconds to import what transforms.

    Raises:
        ParamsError: as ``operations``.
    """
    return any(one.is_transform or _own(one).draws for one in _after_tiling(name, step))


def modules_of(name: str, step: Step) -> list[str]:
    """Return the dotted names of the modules that do a step's operations.

    Raises:
        ParamsError: as ``operations``.
    """
    found = {
        Transforms.__module__ if one.is_transform else module_of(one).__name__
        for one in named(name, step)
    }
    return sorted(found)


class Fixed(NamedTuple):
    """What of a step is done to copy 0: its entries, and the modules that do them."""

    entries: list[Entry]
    modules: list[str]


def fixed_of(name: str, step: Step) -> Fixed:
    """Return what of a step is done to copy 0.

    Raises:
        ParamsError: as ``operations``.
    """
    kept = [
        (entry, module_of(one).__name__)
        for entry, one in zip(step.ops, named(name, step), strict=True)
        if not one.is_transform and hasattr(module_of(one), "fixed")
    ]
    return Fixed([entry for entry, _ in kept], sorted({module for _, module in kept}))


def recipe_ops(name: str, step: Step) -> tuple[FixedOp, ...]:
    """Return what a step does to copy 0.

    Raises:
        ParamsError: as ``operations``.
    """
    ours = (_own(one) for one in _after_tiling(name, step) if not one.is_transform)
    cut = tiling(name, step)
    first = () if cut is None else (cut.fixed(),)
    return first + tuple(form for form in (op.fixed() for op in ours) if form is not None)


def walk_to(last: str, steps: Mapping[str, Step], where: str = "params.yaml") -> tuple[str, ...]:
    """Return the names of the steps that lead from the source to ``last``, first to last.

    Raises:
        ParamsError: a ``from`` names no step, or the steps run in a circle.
    """
    order: list[str] = []
    here, asked_by = last, "stack.from"
    while here != SOURCE:
        if here not in steps:
            known = [SOURCE, *steps]
            raise ParamsError(
                f"{where}: {asked_by}: there is no step '{here}'; {nearest(here, known)}"
            )
        if here in order:
            circle = " -> ".join([here, *order[order.index(here) + 1 :], here])
            raise ParamsError(
                f"{where}: preprocess: the steps run in a circle ({circle}); let one read "
                "from 'source'"
            )
        order.append(here)
        here, asked_by = steps[here].from_, f"preprocess.{here}.from"
    return tuple(reversed(order))


def check_name(name: str, where: str) -> None:
    """Refuse a name that would lead out of the steps' folder, or into the first store.

    Raises:
        ParamsError: it would.
    """
    if not NAME.fullmatch(name) or name == SOURCE:
        raise ParamsError(
            f"{where}: preprocess.{name}: a step's name has letters, digits, '-', '_', "
            "and is not 'source'"
        )


def check(steps: Mapping[str, Step], last: str, where: str) -> list[str]:
    """Return what is wrong with the steps, a sentence each; an empty list where nothing is."""
    problems: list[str] = []
    for name, step in steps.items():
        attempts: list[Callable[[], object]] = [
            partial(check_name, name, where),
            partial(walk_to, name, steps, where),
            *(partial(_check_one, one) for one in _listed(name, step, where, problems)),
            partial(tiling, name, step, where),
        ]
        for attempt in attempts:
            try:
                attempt()
            except ParamsError as error:
                problems.append(str(error).replace("stack.from", f"preprocess.{name}"))
    try:
        walk_to(last, steps, where)
    except ParamsError as error:
        problems.append(str(error))
    return list(dict.fromkeys(problems))


def _listed(name: str, step: Step, where: str, problems: list[str]) -> list[Named]:
    """Return a step's entries; what is wrong with how they are written goes to ``problems``."""
    try:
        return named(name, step, where)
    except ParamsError as error:
        problems.append(str(error))
        return []


def _check_one(one: Named) -> None:
    """Return nothing if an operation exists and its arguments fit."""
    if one.is_transform:
        Transform(one.op, one.arguments, one.place)
    elif not _is_tiling(one):
        _own(one)
    else:
        checked(one.arguments, module_of(one).Parameters, f"{one.place}.{one.op}")


def _after_tiling(name: str, step: Step, where: str = "params.yaml") -> list[Named]:
    first = 0 if tiling(name, step, where) is None else 1
    return named(name, step, where)[first:]


def _is_tiling(one: Named) -> bool:
    return not one.is_transform and hasattr(module_of(one), "windows")


def _own(one: Named) -> OwnOperation:
    module = module_of(one)
    made = OwnOperation(
        one.op, module, checked(one.arguments, module.Parameters, f"{one.place}.{one.op}")
    )
    _refuse_other_shape(made, f"{one.place}: {one.op}")
    return made


def _refuse_other_shape(op: OwnOperation, where: str) -> None:
    """Refuse a module whose functions are not called as the runner calls them.

    Raises:
        ParamsError: what is missing or of another shape is named.
    """
    takes = {"fixed": 1, "apply": 3}
    given = {name: getattr(op.module, name) for name in takes if hasattr(op.module, name)}
    if not given:
        raise ParamsError(f"{where}: its module has neither fixed(parameters) nor apply(...)")
    for name, function in given.items():
        if len(inspect.signature(function).parameters) != takes[name]:
            raise ParamsError(
                f"{where}: {name} must take "
                f"{'(parameters)' if name == 'fixed' else '(sample, parameters, rng)'}; "
                "see Data_processing/steps/crop.py"
            )
    if "fixed" in given and not isinstance(op.fixed(), FixedOp):
        raise ParamsError(f"{where}: fixed must return one of the kinds of Datasets/recipe.py")
