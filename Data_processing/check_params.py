"""``check-params``: every section of this room validated, all problems shown together."""

import argparse
from collections.abc import Callable

from Data_processing import demo
from Data_processing.convert import stage as convert
from Data_processing.fingerprints.weights import named
from Data_processing.scale import Scale, plan
from Data_processing.sections import DRAWN, FIXED, GROUPED, STABLE, Audit, Decode, Split, Stack
from Data_processing.split.subset import column_of
from Data_processing.steps.entries import Step
from Data_processing.steps.plan import check as check_steps
from Datasets.dataset import datasets_of
from Datasets.errors import ParamsError
from Datasets.params import Params, load, nearest
from Datasets.terminal import say


def arguments(parser: argparse.ArgumentParser) -> None:
    """Take the flag ``--raw``."""
    parser.add_argument("--raw", action="store_true", help="look whether raw folders exist, too")


def run(arguments: argparse.Namespace) -> None:
    """Refuse params.yaml with all that is wrong in this room's sections.

    Raises:
        ParamsError: something is; a sentence each.
    """
    params = load()
    problems: list[str] = []
    parts = [demo.check, convert.check, _split, _audit, _decode, _walk, _scale]
    for part in [*parts, convert.check_raw] if arguments.raw else parts:
        problems += _problems(part, params)
    if problems:
        raise ParamsError("\n".join(dict.fromkeys(problems)))
    for problem in _problems(convert.check_raw, params):  # where all is cached none is needed
        say(f"note: {problem}")


def _problems(part: Callable[[Params], None], params: Params) -> list[str]:
    try:
        part(params)
    except ParamsError as error:
        return str(error).splitlines()
    return []


def _split(params: Params) -> None:
    split, audit = params.section("split", Split), params.section("audit", Audit)
    known = datasets_of(params)
    if not split.from_:
        raise ParamsError(f"{params.path}: split.from: no data set is named; {nearest('', known)}")
    for name in split.from_:
        if name not in known:
            raise ParamsError(
                f"{params.path}: split.from: unknown data set '{name}'; {nearest(name, known)}"
            )
    ungrouped = [
        name for name in split.from_ if known[name].group is None and known[name].samples != "box"
    ]
    where = f"{params.path}: split"
    if split.scheme in GROUPED and not split.group and ungrouped:
        raise ParamsError(
            f"{where}.group: the scheme {split.scheme} needs a column, and data set "
            f"'{ungrouped[0]}' has no group of its own; name one"
        )
    for scheme, column in (("time", split.time), ("given", split.given)):
        if split.scheme == scheme and not column:
            raise ParamsError(f"{where}.{scheme}: the scheme {scheme} needs a column; name one")
    if isinstance(split.labelled, str) and split.labelled[:1].isdigit() and column_of(split):
        raise ParamsError(
            f"{where}.labelled: all, a share (0.1), '4 per class' or a column was expected, got "
            f"'{split.labelled}'"
        )
    if split.repeats > 1 and split.scheme not in DRAWN:
        raise ParamsError(
            f"{where}.repeats: the scheme {split.scheme} gives the same each time; take it out, or "
            f"choose one of {', '.join(DRAWN)}"
        )
    merges = [key for key in ("duplicates", "near", "features") if getattr(audit, key) == "merge"]
    moving = {
        f"the scheme {split.scheme}": split.scheme not in STABLE,
        "a holdout by number": split.holdout >= 1,
        "several group columns": isinstance(split.group, tuple) and len(split.group) > 1,
        f"audit.{'.'.join(merges[:1])}: merge": bool(merges),
    }
    what = next((what for what, moves in moving.items() if moves), None)
    if split.stable and what:
        raise ParamsError(
            f"{where}.stable: with {what} a sample may move when others are added; set stable: "
            f"null, or choose one of {', '.join(STABLE)}, one column, a holdout that is a share, "
            "and no merging"
        )
    if merges and split.scheme in FIXED:
        raise ParamsError(
            f"{params.path}: audit.{merges[0]}: the scheme {split.scheme} says where each sample "
            "stands, so none can be merged; set error or warn, or choose another scheme"
        )
    if split.scheme == "given" and split.holdout:
        raise ParamsError(f"{where}.holdout: the scheme given takes it from its column; set 0")
    if len(set(split.from_)) < len(split.from_):
        raise ParamsError(f"{params.path}: split.from: a data set is named twice")


def _audit(params: Params) -> None:
    audit = params.section("audit", Audit)
    if audit.features != "off":
        named(audit, params.path)


def _decode(params: Params) -> None:
    params.section("decode", Decode)


def _walk(params: Params) -> None:
    copies = params.section("copies", int)
    problems = (
        []
        if 0 <= copies <= 1000
        else [f"{params.path}: copies: 0 to 1000 was expected, got {copies}"]
    )
    steps = params.section("preprocess", dict[str, Step])
    problems += check_steps(steps, params.section("stack", Stack).from_, str(params.path))
    if problems:
        raise ParamsError("\n".join(problems))


def _scale(params: Params) -> None:
    plan(params.section("scale", Scale), str(params.path))
