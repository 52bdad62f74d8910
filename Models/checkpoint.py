"""Trained weights on disk: safetensors, and ``model.json``, enough to build the module again."""

from collections.abc import Mapping
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
from Models.freezing import identity_of
from Models.module import Module, Parts, build
from Models.pretrained.fit import begin_with

WEIGHTS = Path("Models/weights")
ABOUT_FILE = "model.json"

Which = Literal["best", "last"]


class Frozen(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What training left as it was, and is not saved again.

    ``tensors`` by name, of the weights that ``pretrained`` names; ``identity`` is that of
    ``Models.freezing.identity_of``.
    """

    pretrained: str
    tensors: tuple[str, ...]
    identity: str


class Trained(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """model.json. ``weights``: sha256 by file. Epochs count from 1."""

    parts: Parts
    fold: int
    epochs: int
    best_epoch: int
    weights: dict[str, str]
    frozen: Frozen | None = None


def write(
    folder: Path, trained: Trained, best: dict[str, Tensor], last: dict[str, Tensor]
) -> Trained:
    """Write both weights into an existing folder; return ``trained`` with their hashes.

    What is frozen is left out.
    """
    hashes, left_out = {}, trained.frozen.tensors if trained.frozen else ()
    for name, tensors in (("best", best), ("last", last)):
        content = content_of({k: one for k, one in tensors.items() if k not in left_out})
        (folder / file_name(name)).write_bytes(content)
        hashes[file_name(name)] = sha256_of(content)
    whole = msgspec.structs.replace(trained, weights=hashes)
    write_json(folder / ABOUT_FILE, whole)
    return whole


def content_of(tensors: Mapping[str, Tensor]) -> bytes:
    """Return ``tensors`` as safetensors."""
    return save({name: one.detach().cpu().contiguous() for name, one in tensors.items()})


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
        ParamsError: nothing is known of the weights that hold what is frozen.
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
    weights = _tensors(content, path)
    if trained.frozen is not None:
        weights |= _rest(module, trained.frozen, str(folder))
    fill(module, weights, str(path))
    return module.eval()


def _rest(module: Module, frozen: Frozen, where: str) -> dict[str, Tensor]:
    """Return what was frozen, taken from the weights that training began with.

    Raises:
        ParamsError: nothing is known of these.
        StoreError: they are not here, or not what they were.
    """
    begin_with(module.network, frozen.pretrained, where)
    learned = module.learned()
    rest = {name: learned[name].clone() for name in frozen.tensors if name in learned}
    if identity_of(rest) != frozen.identity:
        raise StoreError(
            f"{where}: what was frozen in training came of the weights '{frozen.pretrained}', which"
            " are others by now; take the older ones from Git and DVC, or train again"
        )
    return rest


def fill(module: Module, weights: Mapping[str, Tensor], where: str) -> None:
    """Put ``weights`` into the network and the framework of ``module``: all of them.

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
