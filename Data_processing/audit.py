"""The stage ``audit``, a gate.

What belongs together and stands in two folds stops the run before anything is trained.
"""

import argparse
from collections import Counter
from pathlib import Path

import msgspec

from Data_processing.analytics.summary import Shares
from Data_processing.analytics.write import Audited, dealt_by, write_analytics
from Data_processing.fingerprints.kin import CONTENT, FEATURES, LOOK, kin, roots_of
from Data_processing.labelled import read_labelled
from Data_processing.sections import Audit, Split
from Data_processing.sharing import Shared, Sharing, shared
from Datasets import compute, metadata, splits
from Datasets.dataset import METADATA, datasets_of
from Datasets.errors import GateError
from Datasets.files import sha256_of_file, write_json
from Datasets.params import load
from Datasets.splits import SPLITS, Rule, fold_name
from Datasets.stage import require, running
from Datasets.terminal import counted, one_line, say

PASSED = Path("Datasets/audit/passed.json")
SHOWN = 10


class Passed(msgspec.Struct, frozen=True):
    """passed.json: the sha256 of every file that was audited; it changes when one of them does."""

    inputs: dict[str, str]


class Kind(msgspec.Struct, frozen=True):
    """A way in which samples belong together, how it is said, and what to do about it."""

    column: str
    key: str
    noun: str
    of: str
    remedy: str
    is_same: bool = False
    """Whether they are one picture, and not only alike."""

    def says(self, number: int) -> str:
        """Return how many there are of it in two folds."""
        stand = "stands" if number == 1 else "stand"
        return f"{counted(number, self.noun)}{self.of} {stand} in two folds"


KINDS = (
    Kind(
        CONTENT,
        "duplicates",
        "set",
        " of equal pictures",
        "remove all but one of each, split by a group that joins them, or set audit.duplicates: "
        "merge",
        is_same=True,
    ),
    Kind(
        LOOK,
        "near",
        "set",
        " of pictures that look alike",
        "look at them, then split by a group that joins them, or set audit.near: merge",
    ),
    Kind(
        FEATURES,
        "features",
        "set",
        " of pictures that look alike to the network",
        "look at them, then split by a group that joins them, set audit.features: merge, or raise "
        "audit.cosine",
    ),
    Kind(
        "group",
        "groups",
        "group",
        "",
        "set split.scheme to group, or stratified_group",
    ),
)
PICTURES = KINDS[:-1]
"""Kinds that are told by pixels: their sets are listed, inside a fold too."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Take none."""


def run(arguments: argparse.Namespace) -> None:
    """Write the analytics, then pass or refuse.

    Raises:
        GateError: pictures or a group stand in more than one fold; they are named.
    """
    with running("audit") as stage:
        params = load()
        split, asked = params.section("split", Split), params.section("audit", Audit)
        names = sorted(split.from_)
        folds = splits.read(require(SPLITS, "split"))
        samples = read_labelled(split).merge(folds.table, on="id", validate="one_to_one")
        roots = roots_of(params, split)
        columns = kin(roots, asked, compute.load())
        samples = samples.merge(columns, on="id", validate="one_to_one")
        found = {kind: shared(samples, kind.column, range(folds.about.repeats)) for kind in KINDS}
        same, look, features = (found[kind] for kind in PICTURES)
        alike = look.joined(features)  # whoever says so
        disputed = sum(one.disputed() for one in [*same.every(), *alike.every()])
        across = tuple(kind.says(len(one.across)) for kind, one in found.items() if one.across)
        shares = Shares(len(same.inside), len(alike.inside), disputed, across)
        write_analytics(
            Audited(
                samples,
                folds.about,
                dealt_by(split, datasets_of(params)),
                asked.near != "off",
                same,
                alike,
                found[KINDS[-1]],
                shares,
                roots,
            )
        )
        _judge(found, asked, Told(folds.about.rule, split.group))
        write_json(PASSED, Passed(_inputs(names)))
        stage.summary = _summary(len(samples), shares)


class Told(msgspec.Struct, frozen=True):
    """How folds and groups are called where they are told."""

    rule: Rule
    group: str | tuple[str, ...] | None

    def fold(self, fold: int) -> str:
        """Return what a fold is called."""
        return fold_name(fold, self.rule)

    def named(self, one: Shared, is_same: bool) -> str:
        """Return who they are: a group by its name, and two of them that tell the most."""
        first = [f"{one.ids[i]} ({self.fold(one.folds[i])})" for i in (0, one.other())]
        said = [label or "no label" for label in one.said()]
        labels = f", labelled {' and '.join(said)}" if one.disputed() else ""
        more = ""
        if len(one.ids) > 2:
            counts = sorted(Counter(one.folds).items())
            where = ", ".join(f"{self.fold(fold)}: {count}" for fold, count in counts)
            more = f" and {len(one.ids) - 2:,} more ({where})"
        if one.kind == "group":
            column = f"{self.group} " if isinstance(self.group, str) else ""
            return f"{column}{one.value}: {', '.join(first)}{more}"
        return (" = " if is_same else " ~ ").join(first) + more + labels


def _judge(found: dict[Kind, Sharing], asked: Audit, told: Told) -> None:
    """Say what is only to be said.

    Raises:
        GateError: something is to stop the run; a line each.
    """
    stops: list[str] = []
    says: list[str] = []
    for kind, sharing in found.items():
        if not sharing.across:
            continue
        lines = [f"{kind.says(len(sharing.across))}; {kind.remedy}:"]
        lines += [f"  {one_line(told.named(one, kind.is_same))}" for one in sharing.across[:SHOWN]]
        more = len(sharing.across) - SHOWN
        lines += [f"  ... and {more:,} more"] if more > 0 else []
        (says if getattr(asked, kind.key) == "warn" else stops).extend(lines)
    if says:
        say("audit: warning: " + "\n".join(says))
    if stops:
        raise GateError("audit: the folds leak\n" + "\n".join(stops))


def _summary(count: int, shares: Shares) -> str:
    parts = [f"{count:,} samples", *(shares.across or ("no picture or group in two folds",))]
    if shares.duplicates:
        parts.append(f"{counted(shares.duplicates, 'set')} of equal pictures inside a fold")
    if shares.alike:
        parts.append(f"{counted(shares.alike, 'set')} of like pictures inside a fold")
    if shares.disputed:
        parts.append(f"{counted(shares.disputed, 'set')} with different labels")
    return "; ".join(parts)


def _inputs(names: list[str]) -> dict[str, str]:
    files = [SPLITS / splits.FOLDS_FILE, SPLITS / splits.ABOUT_FILE]
    for name in names:
        files += [METADATA / name / metadata.IMAGES_FILE, METADATA / name / metadata.SAMPLES_FILE]
    return {file.as_posix(): sha256_of_file(file) for file in files}
