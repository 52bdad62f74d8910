"""The evidence as one HTML page that needs nothing but itself."""

import json
import math
from collections.abc import Iterable
from io import StringIO
from pathlib import Path

import msgspec
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from ruamel.yaml import YAML

from Datasets.analytics import BoxKind, ClassCount, Finding, Summary
from Models.report import charts, svg
from Models.report.distributions import of_data
from Models.report.evidence import ClassScore, Confusion, Epoch, Evidence, Fold, Picture, shown
from Models.report.findings import confused, hardest, look_at, pooled, scores

MATRIX_CLASSES = 40
"""Up to so many classes the confusion matrix is drawn; above, the pairs that were confused."""
PAIRS = 20
BARS = 60
NAMES = 144
"""Pixels, of the name of a fold in a chart."""
FEW_FOLDS = 6
"""Up to so many folds each is shown; of more, the outermost are, and the others unfold."""
UNFOLDED = 60
"""Of so many folds each is told alone, else of the weakest: a page must open in a browser."""


class Answers(msgspec.Struct, frozen=True):
    """How a set of test images was answered: one fold's, or all folds' together."""

    title: str
    figures: str
    matrix: Markup
    pairs: tuple[str, ...]
    classes: tuple[ClassScore, ...]


class Shot(msgspec.Struct, frozen=True):
    """A sample, what it looks like, and what stands below."""

    id: str
    picture: Picture
    caption: str


class Looked(msgspec.Struct, frozen=True):
    """A finding about the data with samples to look at."""

    finding: Finding
    shots: tuple[Shot, ...]


def render(evidence: Evidence) -> str:
    """Return the page as HTML. Equal evidence gives equal bytes."""
    whole = pooled([fold.confusion for fold in evidence.folds])
    data = evidence.analytics
    is_many, told = len(evidence.folds) > FEW_FOLDS, _told(evidence)
    return (
        _environment()
        .get_template("page.html.jinja")
        .render(
            evidence=evidence,
            data=data,
            model=evidence.manifest,
            parameters=_as_yaml(evidence.manifest.parameters),
            wrong=int(whole.counts.sum() - whole.counts.trace()),
            strip=charts.interval_strip(_tallies(evidence)),
            findings=look_at(evidence),
            hardest=hardest(evidence),
            every_strip=charts.interval_strip(_each(told)) if is_many else None,
            is_many=is_many,
            told=told,
            curves=tuple((fold, _curves(fold.epochs)) for fold in told if fold.epochs),
            answers=_answers(evidence, told, whole),
            balance=_balance(data),
            distributions=of_data(data),
            boxes=_boxes(data),
            fold_names={one.fold: one.name for one in data.folds},
            looked=tuple(_looked(evidence, one) for one in data.findings),
            longest=max(
                (walked.timing.seconds for walked in evidence.walk if walked.timing), default=0.0
            ),
            total=math.fsum(walked.timing.seconds for walked in evidence.walk if walked.timing),
        )
    )


def _balance(data: Summary) -> Markup | None:
    if not 0 < len(data.classes) <= BARS:
        return None
    counts = [charts.Bar(one.name, one.samples) for one in data.classes]
    return charts.bars("Images of each class", counts)


def _looked(evidence: Evidence, finding: Finding) -> Looked:
    captions = {one.sample: one.caption for one in evidence.analytics.pictures}
    there = [id_ for id_ in finding.samples if id_ in evidence.pictures]
    shots = (Shot(id_, evidence.pictures[id_], captions[id_]) for id_ in there)
    return Looked(finding, tuple(shots))


def _boxes(data: Summary) -> tuple[tuple[BoxKind, ClassCount], ...]:
    """Return the classes with the most boxes, each with how often it is there."""
    counts = {one.name: one for one in data.classes}
    rows = [(one, counts[one.name]) for one in data.boxes]
    most = {one.name for _, one in sorted(rows, key=lambda row: -row[1].boxes)[:BARS]}
    return tuple(row for row in rows if row[0].name in most)


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        count=_count, figure=_figure, interval=shown, seconds=_seconds, small=_small
    )
    return environment


def _tallies(evidence: Evidence) -> list[charts.Tally]:
    folds = evidence.folds
    if len(folds) == 1:
        return _each(folds)
    if len(folds) > FEW_FOLDS:
        rising = _rising(folds)
        folds = (*rising[: FEW_FOLDS // 2], *rising[-FEW_FOLDS // 2 :])
    return [charts.Tally("all folds", evidence.out_of_fold), *_each(folds)]


def _each(folds: Iterable[Fold]) -> list[charts.Tally]:
    return [charts.Tally(svg.short(fold.name, NAMES), fold.accuracy) for fold in folds]


def _rising(folds: Iterable[Fold]) -> list[Fold]:
    """Return the folds from the weakest to the strongest."""
    return sorted(folds, key=lambda fold: (fold.accuracy.value, fold.number))


def _told(evidence: Evidence) -> tuple[Fold, ...]:
    """Return the folds that are told alone, in their order: all, or the served and the weakest."""
    if len(evidence.folds) <= UNFOLDED:
        return evidence.folds
    weakest = {fold.number for fold in _rising(evidence.folds)[:UNFOLDED]}
    weakest.add(evidence.manifest.fold)
    return tuple(fold for fold in evidence.folds if fold.number in weakest)


def _curves(epochs: tuple[Epoch, ...]) -> tuple[Markup, ...]:
    numbers = [epoch.epoch for epoch in epochs]
    losses = (
        charts.Line("validation", "full", tuple(epoch.validation_loss for epoch in epochs)),
        charts.Line("training", "dashed", tuple(epoch.train_loss for epoch in epochs)),
    )
    accuracy = charts.Line(
        "validation", "full", tuple(epoch.validation_accuracy for epoch in epochs)
    )
    rate = charts.Line("rate", "dashed", tuple(epoch.learning_rate for epoch in epochs))
    return (
        charts.lines("Loss", numbers, losses),
        charts.lines("Accuracy", numbers, (accuracy,), top=1.0),
        charts.lines("Learning rate", numbers, (rate,)),
    )


def _answers(evidence: Evidence, told: tuple[Fold, ...], whole: Confusion) -> tuple[Answers, ...]:
    """Return all folds together first, then each that is told; a single fold stands alone."""
    each = tuple(_of_fold(fold) for fold in told)
    if len(each) == 1:
        return each
    figures = f"Accuracy {shown(evidence.out_of_fold)} on {evidence.n:,} test images."
    title = f"All {len(evidence.folds)} folds"
    return (Answers(title, figures, _matrix(whole), _pairs(whole), scores(whole)), *each)


def _of_fold(fold: Fold) -> Answers:
    return Answers(
        title=f"{fold.name[0].upper()}{fold.name[1:]}",
        figures=(
            f"Accuracy {shown(fold.accuracy)} on {fold.n:,} test images; "
            f"macro F1 {fold.macro_f1:.2f}, loss {fold.loss:.2f}."
        ),
        matrix=_matrix(fold.confusion),
        pairs=_pairs(fold.confusion),
        classes=fold.classes,
    )


def _matrix(table: Confusion) -> Markup:
    return charts.confusion(table) if len(table.classes) <= MATRIX_CLASSES else Markup()


def _pairs(table: Confusion) -> tuple[str, ...]:
    return tuple(
        f"{pair.label} → {pair.predicted}: {pair.count:,}" for pair in confused(table)[:PAIRS]
    )


def _count(number: float) -> str:
    """Return a count with thousands apart; half a count (a median) keeps its half."""
    return f"{number:,.0f}" if float(number).is_integer() else f"{number:,.1f}"


def _figure(number: float) -> str:
    """Return a share as ``0.97``, and a dash for what cannot be said."""
    return f"{number:.2f}" if math.isfinite(number) else "–"


def _small(number: float) -> str:
    """Return a count as one, and what is below ten with two decimals, or two digits."""
    if number >= 10 or float(number).is_integer():
        return _count(number)
    return f"{number:.2f}" if number >= 0.1 else f"{number:.2g}"


def _seconds(number: float) -> str:
    return f"{number:,.1f}"


def _as_yaml(parameters: dict[str, str]) -> str:
    """Return the manifest's parameters, JSON text a section, as params.yaml would say them."""
    text = StringIO()
    yaml = YAML(typ="safe", pure=True)
    yaml.width = 96
    yaml.dump({name: json.loads(section) for name, section in parameters.items()}, text)
    return text.getvalue()
