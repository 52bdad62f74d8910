"""Refuse a bundle that does not answer as the trained model did: ``python -m Deployment verify``.

A gate in three parts over the test part of the exported fold: raw files through ``preprocess.onnx``
against the stored tensors; stored tensors through ``model.onnx`` against the predictions; raw files
to answers against the predictions.
"""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
import numpy as np
import pandas as pd

from Datasets import fold_range, predictions
from Datasets.bundle import BUNDLE, MANIFEST_FILE
from Datasets.dataset import METADATA, datasets_of
from Datasets.errors import GateError, ImageError, SampleError, StoreError
from Datasets.files import sha256_of_file, write_json
from Datasets.params import load
from Datasets.predictions import PREDICTIONS
from Datasets.raw_image import RawImage
from Datasets.stage import require, running
from Datasets.tensors import TENSORS, Tensors
from Datasets.terminal import progress
from Deployment import gates
from Deployment.gates import Chances, Difference, Fault, Pixels
from Deployment.predictor import Predictor, open_bundle

VERIFIED = Path("Datasets/verified.json")
AT_ONCE = 128
"""Samples in memory at a time."""
PIXELS = "raw files through preprocess.onnx against the stored tensors"
MODEL = "stored tensors through model.onnx against the trained model"
ROAD = "raw files to answers against the trained model"


class Verified(msgspec.Struct, frozen=True):
    """verified.json: the sha256 of the bundle's manifest, and the figures of the three gates."""

    bundle: str
    fold: int
    pixels: Pixels
    model: Chances
    raw_to_answer: Chances


class Tested(msgspec.Struct, frozen=True):
    """The test part of the exported fold: rows of the tensors' index, what the trained model said.

    ``raws`` (n) are the raw images, ``trained`` (n, classes) probabilities.
    """

    ids: tuple[str, ...]
    rows: np.ndarray
    raws: tuple[RawImage, ...]
    trained: np.ndarray


class _Export(msgspec.Struct, frozen=True):
    """The section ``export``, which another room checks."""

    fold: int | str


def arguments(parser: argparse.ArgumentParser) -> None:
    """Take none: the fold stands in params.yaml."""


def run(arguments: argparse.Namespace) -> None:
    """Let the bundle of the exported fold pass, or refuse it.

    Raises:
        GateError: it answers differently; gates, samples and figures are named.
        StoreError: something that it is compared with is missing or damaged.
    """
    with running("verify") as stage:
        VERIFIED.unlink(missing_ok=True)
        params = load()
        place = fold_range.parse_place(params.section("export", _Export).fold)
        roots = {name: Path(dataset.path) for name, dataset in datasets_of(params).items()}
        predictor = open_bundle()
        if predictor.manifest.fold != place.fold:
            raise StoreError(
                f"{BUNDLE} holds fold {predictor.manifest.fold}, {params.path} says export.fold "
                f"{place}; run `dvc repro export`"
            )
        tensors = Tensors(require(TENSORS, "stack"))
        verified = verify(predictor, tensors, tested_of(tensors, str(place), roots))
        write_json(VERIFIED, verified)
        stage.summary = _summary(verified)


def tested_of(tensors: Tensors, place: str, roots: Mapping[str, Path]) -> Tested:
    """Return the samples of the fold at ``place``, sorted by id; ``roots`` are the raw folders.

    Raises:
        StoreError: there are none, or they are not among the tensors.
    """
    folder = PREDICTIONS / place
    table = predictions.read(folder)
    index = tensors.index
    first = index[index["copy"] == 0]
    row_of = dict(zip(first["id"], first.index, strict=True))
    strangers = [sample for sample in table["id"] if sample not in row_of]
    if strangers or not len(table):
        raise StoreError(
            f"{folder}: {len(strangers)} of {len(table)} samples are not in "
            f"{TENSORS}{', first ' + strangers[0] if strangers else ''}; "
            f"run `dvc repro {fold_range.stage_of('evaluate', folder, PREDICTIONS)}`"
        )
    rows = np.array([row_of[sample] for sample in table["id"]], np.int64)
    return Tested(
        ids=tuple(table["id"]),
        rows=rows,
        raws=_raws(index.iloc[rows], roots),
        trained=predictions.matrix(table["probabilities"]),
    )


def verify(predictor: Predictor, tensors: Tensors, tested: Tested) -> Verified:
    """Return the figures of all three gates.

    Raises:
        GateError: a gate refuses the bundle.
        StoreError: bundle and predictions speak of different classes.
    """
    if tested.trained.shape[1] != len(predictor.manifest.classes):
        raise StoreError(
            f"the predictions know {tested.trained.shape[1]} classes, the bundle "
            f"{len(predictor.manifest.classes)}; run `dvc repro`"
        )
    walked = _Walk(predictor, tested)
    starts = range(0, len(tested.ids), AT_ONCE)
    for start in progress(starts, len(starts), "verify"):
        walked.take(start, tensors.gather(tested.rows[start : start + AT_ONCE]))
    return walked.verdict(tensors.dtype)


class _Walk:
    """Both roads side by side, a few samples at a time."""

    def __init__(self, predictor: Predictor, tested: Tested) -> None:
        self._predictor = predictor
        self._tested = tested
        self._unread: list[Fault] = []
        self._differences: list[Difference] = []
        self._from_raw: list[int] = []
        """Positions of the samples whose raw files became tensors."""
        self._said: list[np.ndarray] = []
        self._said_from_raw: list[np.ndarray] = []

    def take(self, start: int, stored: np.ndarray) -> None:
        """Walk with the samples from ``start`` on, whose stored tensors are (n, H, W, C)."""
        made = []
        for number, tensor in enumerate(stored, start):
            try:
                own = self._made(number)
            except (ImageError, SampleError) as error:
                self._unread.append(Fault(self._tested.ids[number], str(error)))
                continue
            made.append(own)
            self._from_raw.append(number)
            self._differences.append(gates.difference(self._tested.ids[number], own, tensor))
        self._said.append(self._predictor.answer(stored).probabilities)
        if made:
            self._said_from_raw.append(self._predictor.answer(np.stack(made)).probabilities)

    def verdict(self, dtype: np.dtype) -> Verified:
        """Return the figures, or raise GateError; ``dtype`` is that of the tensors."""
        ids, trained = self._tested.ids, self._tested.trained
        raw_ids, raw_trained = [ids[i] for i in self._from_raw], trained[self._from_raw]
        said = np.concatenate(self._said)
        none = np.zeros((0, trained.shape[1]), np.float32)
        said_from_raw = np.concatenate([none, *self._said_from_raw])
        pixel_faults = self._unread + gates.pixel_faults(self._differences, dtype)
        _let_pass(
            len(ids),
            (
                (PIXELS, pixel_faults),
                (MODEL, gates.chance_faults(ids, said, trained, gates.MODEL)),
                (ROAD, gates.chance_faults(raw_ids, said_from_raw, raw_trained, gates.ROAD)),
            ),
        )
        return Verified(
            bundle=sha256_of_file(BUNDLE / MANIFEST_FILE),
            fold=self._predictor.manifest.fold,
            pixels=gates.pixel_figures(self._differences, dtype),
            model=gates.chance_figures(said, trained, gates.MODEL),
            raw_to_answer=gates.chance_figures(said_from_raw, raw_trained, gates.ROAD),
        )

    def _made(self, number: int) -> np.ndarray:
        """Return the tensor that the bundle makes of a raw file, (H, W, C)."""
        raw = self._tested.raws[number]
        pixels = raw.pixels(self._predictor.manifest.input.colour)
        self._predictor.check(pixels, raw.name)
        return self._predictor.prepare(pixels, raw.name).tensor


def _let_pass(samples: int, judged: Sequence[tuple[str, list[Fault]]]) -> None:
    refused = [gates.refusal(gate, samples, faults) for gate, faults in judged if faults]
    if refused:
        raise GateError(
            "the bundle does not answer as the trained model did\n"
            + "\n".join(refused)
            + "\nput changed raw files back; if none is, the bundle is at fault: "
            "`dvc repro --force --single-item export` makes it again"
        )


def _raws(chosen: pd.DataFrame, roots: Mapping[str, Path]) -> tuple[RawImage, ...]:
    """Return where the pixels of each row lie."""
    places = zip(chosen["dataset"], chosen["is_embedded"], chosen["raw_mask"], strict=True)
    marks = zip(chosen["sha256"], chosen["window"], chosen["window_hash"], strict=True)
    tiles = (tuple(int(side) for side in tile) for tile in chosen["tile"])
    return tuple(
        RawImage(
            METADATA / dataset if is_embedded else _root(roots, dataset),
            tuple(files),
            sha256,
            tuple(int(side) for side in window),
            window_hash,
            METADATA / dataset / mask if isinstance(mask, str) else None,
            tile,
        )
        for files, (dataset, is_embedded, mask), (sha256, window, window_hash), tile in zip(
            chosen["files"], places, marks, tiles, strict=True
        )
    )


def _root(roots: Mapping[str, Path], dataset: str) -> Path:
    if dataset not in roots:
        raise StoreError(
            f"params.yaml: datasets has no '{dataset}', which is in {TENSORS}; put it back"
        )
    return roots[dataset]


def _summary(verified: Verified) -> str:
    return (
        f"{verified.pixels.samples:,} raw files answered as in training: "
        f"{verified.pixels.differing:,} with a pixel that differs, probabilities within "
        f"{verified.raw_to_answer.worst:.1g}"
    )
