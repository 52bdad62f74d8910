"""Pack the bundle that is served: ``python -m Models export``."""

import argparse
from functools import partial
from pathlib import Path
from typing import NamedTuple

import msgspec
import torch
from torch import nn

from Datasets import bundle, scaler
from Datasets.bundle import BUNDLE, Manifest
from Datasets.errors import StoreError
from Datasets.files import new_folder, sha256_of_file
from Datasets.fold_range import stage_of
from Datasets.params import Params, load
from Datasets.preprocess import Preprocess
from Datasets.recipe import RECIPE_FILE, Recipe
from Datasets.scaler import SCALER_FILE, SCALERS
from Datasets.splits import ABOUT_FILE as SPLIT_FILE
from Datasets.splits import FOLDS_FILE, SPLITS
from Datasets.stage import require, running
from Datasets.store import INDEX_FILE, STORE_FILE
from Datasets.tensors import TENSORS, Tensors
from Models import checkpoint, export_scripts
from Models.checkpoint import ABOUT_FILE, WEIGHTS, Trained
from Models.export_graph import model_graph, preprocess_graph
from Models.module import Module, Parts
from Models.networks.network import InputShape
from Models.params import Train, read_export, read_train

SECTIONS = ("seed", "decode", "split", "copies", "preprocess", "stack", "scale", "export")
"""What of params.yaml led to a bundle, with the part of ``train`` that says how one fold trains."""
OF_OTHERS = ("folds", "frameworks")
"""Keys of ``train`` that speak of other folds and frameworks too."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Take none: which fold is exported stands in params.yaml."""


def run(arguments: argparse.Namespace) -> None:
    """Write the bundle of the fold that ``export.fold`` names."""
    with running("export") as stage:
        params = load()
        place = read_export(params).place()
        manifest = export(params, str(place))
        whole = sum(path.stat().st_size for path in BUNDLE.rglob("*") if path.is_file())
        stage.summary = (
            f"{manifest.network} of fold {manifest.fold}, {len(manifest.classes)} classes, "
            f"{len(manifest.files)} files, {whole / 1e6:.1f} MB"
        )


def export(params: Params, place: str) -> Manifest:
    """Write the bundle of the fold at ``place`` and return its manifest.

    Raises:
        StoreError: weights, scaler or tensors are missing, damaged, or do not belong together.
    """
    weights = WEIGHTS / place
    trained = checkpoint.read_about(weights)
    tensors = Tensors(require(TENSORS, "stack"))
    _refuse_strangers(trained, tensors, weights)
    module = checkpoint.read(weights, scaler.read(SCALERS / place))
    recipe, shape, raw = tensors.store.recipe, trained.parts.input, raw_kind(tensors)
    preprocess = Preprocess(recipe.ops)
    with new_folder(BUNDLE) as folder:
        image = preprocess_graph(preprocess, raw.channels, getattr(torch, raw.dtype))
        (folder / bundle.PREPROCESS_FILE).write_bytes(image)
        (folder / bundle.MODEL_FILE).write_bytes(model_graph(module, shape))
        # Whole, also what was frozen and is not in the file of the stage: a bundle stands alone.
        whole = checkpoint.content_of(module.learned())
        (folder / bundle.WEIGHTS_FILE).write_bytes(whole)
        modules = export_scripts.modules_run(partial(_answer_once, place, preprocess, raw))
        scripts = export_scripts.closure(modules - {__name__})
        export_scripts.copy(scripts, folder / bundle.SCRIPTS)
        bundle.write(folder, _manifest(params, trained, raw, place, recipe))
    return bundle.read(BUNDLE)


class RawKind(NamedTuple):
    """Channels and dtype of the raw images, decoded."""

    channels: int
    dtype: str


def raw_kind(tensors: Tensors) -> RawKind:
    """Return what kind of raw images the tensors came of.

    Raises:
        StoreError: they came of several, which no one graph takes.
    """
    kinds = tensors.index[["raw_channels", "raw_dtype"]].drop_duplicates().sort_values("raw_dtype")
    if len(kinds) > 1:
        found = " and ".join(f"{row.raw_channels} of {row.raw_dtype}" for row in kinds.itertuples())
        raise StoreError(
            f"{TENSORS}: the raw images have {found} channels, and what is served takes one kind; "
            "set decode.colour, or convert the files to one depth"
        )
    channels, dtype = kinds.iloc[0]
    return RawKind(int(channels), str(dtype))


def parameters(params: Params, train: Train) -> dict[str, str]:
    """Return the sections of params.yaml that led to a bundle, as JSON text.

    Keys are sorted: DVC does not see the order of a mapping, so it must not show. Of ``train`` only
    what concerns this network and framework is told, and not which other folds were trained.
    """
    own = dict(params.section("train", dict[str, object]))
    for key in OF_OTHERS:
        own.pop(key, None)
    own["model_arguments"] = train.network_arguments()
    own["frameworks"] = {train.framework: train.framework_arguments()}
    sections = {name: params.sections[name] for name in SECTIONS if name in params.sections}
    return {name: _canonical(value) for name, value in sorted({**sections, "train": own}.items())}


def _manifest(
    params: Params, trained: Trained, raw: RawKind, place: str, recipe: Recipe
) -> Manifest:
    parts = trained.parts
    return Manifest(
        classes=parts.classes,
        input=bundle.Input(
            recipe.colour,
            parts.input.dtype,
            parts.input.height,
            parts.input.width,
            parts.input.channels,
            raw.channels,
            raw.dtype,
        ),
        network=parts.network,
        framework=parts.framework,
        fold=trained.fold,
        parameters=parameters(params, read_train(params)),
        data={path.as_posix(): sha256_of_file(path) for path in _inputs(place)},
        files={},
    )


def _inputs(place: str) -> list[Path]:
    """Return the files that a bundle was made from; the index holds the hash of every image."""
    weights = WEIGHTS / place
    return sorted(
        [
            *(TENSORS / name for name in (INDEX_FILE, STORE_FILE, RECIPE_FILE)),
            *(SPLITS / name for name in (FOLDS_FILE, SPLIT_FILE)),
            SCALERS / place / SCALER_FILE,
            *(weights / name for name in (ABOUT_FILE, checkpoint.file_name("best"))),
        ]
    )


def _refuse_strangers(trained: Trained, tensors: Tensors, weights: Path) -> None:
    """Check that the weights were trained on these tensors."""
    stacked = InputShape(*tensors.shape, tensors.dtype.name)
    if trained.parts.input != stacked or trained.parts.classes != tensors.store.about.classes:
        raise StoreError(
            f"{weights} was trained on other tensors than {TENSORS} holds "
            f"({_shown(trained.parts)}, here {stacked.height} x {stacked.width} x "
            f"{stacked.channels} {stacked.dtype}, {len(tensors.store.about.classes)} classes); "
            f"run `dvc repro {stage_of('train', weights, WEIGHTS)}`"
        )


def _answer_once(place: str, preprocess: nn.Module, raw: RawKind) -> None:
    """Walk once through all the code that turns an image into an answer."""
    weights = WEIGHTS / place
    module: Module = checkpoint.read(weights, scaler.read(SCALERS / place))
    shape = checkpoint.read_about(weights).parts.input
    dtype: torch.dtype = getattr(torch, shape.dtype)
    with torch.inference_mode():
        sides = (shape.height, shape.width)
        preprocess(torch.zeros((*sides, raw.channels), dtype=getattr(torch, raw.dtype)))
        zeros = torch.zeros((1, shape.height, shape.width, shape.channels), dtype=dtype)
        module.framework.probabilities(module(zeros))


def _shown(parts: Parts) -> str:
    shape = parts.input
    pixels = f"{shape.height} x {shape.width} x {shape.channels} {shape.dtype}"
    return f"{pixels}, {len(parts.classes)} classes"


def _canonical(value: object) -> str:
    return msgspec.json.encode(value, order="sorted").decode()
