"""Checkpoints on disk: the state of a training that was broken off, whole or not at all.

They lie below ``.darkroom/checkpoints``, beside DVC's outputs and not in them, a folder a fold,
under the key of all that the training depends on. One of another key is never used, and goes when
a training of the same place begins.
"""

import os
import shutil
from pathlib import Path

import msgspec
import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from Datasets.files import TEMPORARY, flush, sha256_of
from Datasets.stage import STATE
from Datasets.terminal import one_line, say
from Models.state import Numbers, State

CHECKPOINTS = STATE / "checkpoints"
FORMAT = 1
"""Raised by hand when the layout changes."""
NUMBERS_FILE = "state.json"
TENSORS_FILE = "state.safetensors"
CURRENT, PREVIOUS = "current", "previous"


class Written(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """state.json. ``sha256`` is that of numbers, strides and the tensors' file, in this order."""

    numbers: Numbers
    strides: dict[str, tuple[int, ...]]
    sha256: str
    format: int = FORMAT


class Checkpoints:
    """The checkpoints of one fold: the last one, and the one before until that is whole."""

    def __init__(self, place: Path, key: str) -> None:
        """Take the folder of the fold's ``place``, and the key of its training."""
        self.place = place
        self.folder = place / key

    def clear(self) -> None:
        """Remove what trainings of other keys have left here."""
        for other in self.place.glob("*") if self.place.is_dir() else ():
            if other != self.folder:
                shutil.rmtree(other, ignore_errors=True)

    def read(self) -> State | None:
        """Return the last state that is whole; None if there is none. What is damaged is told."""
        for name in (CURRENT, PREVIOUS):
            folder = self.folder / name
            if folder.is_dir():
                try:
                    return _read(folder)
                except (OSError, ValueError, SafetensorError) as error:
                    said = one_line(str(error))
                    say(f"the checkpoint {folder} is damaged and was passed over: {said}")
        return None

    def write(self, state: State) -> None:
        """Write ``state``; what was there stays until it is whole.

        Raises:
            OSError: it cannot be written.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        for left in self.folder.glob(f"{TEMPORARY}*"):  # what a killed run left behind
            shutil.rmtree(left, ignore_errors=True)
        new, current, previous = (
            self.folder / name for name in (f"{TEMPORARY}{os.getpid()}", CURRENT, PREVIOUS)
        )
        new.mkdir()
        try:
            _write(new, state)
            shutil.rmtree(previous, ignore_errors=True)
            if current.is_dir():
                current.rename(previous)
            new.rename(current)
            flush(self.folder)
        finally:
            shutil.rmtree(new, ignore_errors=True)
        shutil.rmtree(previous, ignore_errors=True)

    def remove(self) -> None:
        """Remove the checkpoints of this training: it has ended well."""
        for name in (CURRENT, PREVIOUS):
            shutil.rmtree(self.folder / name, ignore_errors=True)


def _write(folder: Path, state: State) -> None:
    content = save({name: _dense(tensor) for name, tensor in state.tensors.items()})
    strides = {name: tensor.stride() for name, tensor in state.tensors.items()}
    written = Written(state.numbers, strides, _digest(state.numbers, strides, content))
    for name, whole in (
        (TENSORS_FILE, content),
        (NUMBERS_FILE, msgspec.json.format(msgspec.json.encode(written), indent=2)),
    ):
        (folder / name).write_bytes(whole)
        flush(folder / name)


def _read(folder: Path) -> State:
    """Return the state in ``folder``.

    Raises:
        ValueError: it is damaged, or of another format.
        SafetensorError: the same.
        OSError: a file is missing.
    """
    written = msgspec.json.decode((folder / NUMBERS_FILE).read_bytes(), type=Written)
    content = (folder / TENSORS_FILE).read_bytes()
    if written.format != FORMAT:
        raise ValueError(f"it is of format {written.format}, this code reads {FORMAT}")
    if _digest(written.numbers, written.strides, content) != written.sha256:
        raise ValueError("it is not what was written")
    tensors = load(content)
    if tensors.keys() != written.strides.keys():
        raise ValueError(f"{TENSORS_FILE} and {NUMBERS_FILE} name other tensors")
    laid = {name: _laid(tensor, written.strides[name]) for name, tensor in tensors.items()}
    return State(written.numbers, laid)


def _digest(numbers: Numbers, strides: dict[str, tuple[int, ...]], content: bytes) -> str:
    return sha256_of(msgspec.json.encode((numbers, strides)) + content)


def _dense(tensor: Tensor) -> Tensor:
    """Return a copy as safetensors wants it: rows in order, memory of its own."""
    return tensor.detach().cpu().clone(memory_format=torch.contiguous_format)


def _laid(tensor: Tensor, strides: tuple[int, ...]) -> Tensor:
    """Return ``tensor`` with the strides that it had: sums go along them."""
    return torch.empty_strided(tensor.shape, strides, dtype=tensor.dtype).copy_(tensor)
