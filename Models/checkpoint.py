"""Trained weights on disk: safetensors, and ``model.json``, enough to build the module again."""

from pathlib import Path
from typing import Literal

import msgspec
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from Datasets.errors import StoreError
from Datasets.files import sha256_of, write_json
from Datasets.fold_range import stage_of
from Datasets.scaler import Map
from Models.module import Module, Parts, build

WEIGHTS = Path("Models/weights")
ABOUT_FILE = "model.json"

Which = Literal["best", "last"]


class Trained(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """model.json. ``weights``: sha256 by file. Epochs count from 1."""

    parts: Parts
    fold: int
    epochs: int
    best_epoch: int
    weights: dict[str, str]


def write(
    folder: Path, trained: Trained, best: dict[str, Tensor], last: dict[str, Tensor]
) -> Trained:
    """Write both weights into an existing folder; return ``trained`` with their hashes."""
    hashes = {}
    for name, tensors in (("best", best), ("last", last)):
        content = save({key: value.detach().cpu().contiguous() for key, value in tensors.items()})
        (folder / file_name(name)).write_bytes(content)
        hashes[file_name(name)] = sha256_of(content)
    whole = msgspec.structs.replace(trained, weights=hashes)
    write_json(folder / ABOUT_FILE, whole)
    return whole


def file_name(which: str) -> str:
    """Return the file that holds the weights called ``which``: "best" or "last"."""
    return f"{which}.safetensors"


def read_about(folder: Path) -> Trained:
    """Return what is known of the weights in ``folder``.

    Raises:
        StoreError: there are none, or they are of another version of this code.
    """
    path, stage = folder / ABOUT_FILE, stage_of("train", folder, WEIGHTS)
    if not path.exists():
        raise StoreError(f"{folder} holds no weights; `dvc repro {stage}` makes them")
    try:
        return msgspec.json.decode(path.read_bytes(), type=Trained)
    except msgspec.DecodeError as error:
        raise StoreError(f"{path}: {error}; run `dvc repro {stage}` again") from None


def read(folder: Path, maps: tuple[Map, ...], which: Which = "best") -> Module:
    """Return the trained module in ``folder``, behind the scaler ``maps``, ready to predict.

    Raises:
        StoreError: there is none, a file was changed, or its tensors do not fit the network.
    """
    trained = read_about(folder)
    path = folder / file_name(which)
    content = path.read_bytes() if path.exists() else b""
    if sha256_of(content) != trained.weights.get(path.name):
        raise StoreError(
            f"{path} is not what was trained; remove {folder} and run `dvc repro` again"
        )
    module = build(trained.parts, maps)
    fill(module, _tensors(content, path), str(path))
    return module.eval()


def fill(module: Module, weights: dict[str, Tensor], where: str) -> None:
    """Put ``weights`` into the network and the framework of ``module``.

    Raises:
        StoreError: they do not fit; tensors and shapes are named.
    """
    own = module.learned()
    wrong = [f"{name} is missing" for name in own if name not in weights]
    wrong += [f"{name} is not known to the network" for name in weights if name not in own]
    wrong += [
        f"{name} is {list(weights[name].shape)}, the network has {list(own[name].shape)}"
        for name in own
        if name in weights and weights[name].shape != own[name].shape
    ]
    if wrong:
        raise StoreError(
            f"{where}: {len(wrong)} tensors do not fit: {'; '.join(wrong[:10])}; train again"
        )
    module.load_state_dict(weights, strict=False)  # the scaler's buffers stay; the rest was checked


def _tensors(content: bytes, path: Path) -> dict[str, Tensor]:
    try:
        return load(content)
    except SafetensorError as error:
        raise StoreError(
            f"{path}: {error}; remove {path.parent} and run `dvc repro` again"
        ) from None
