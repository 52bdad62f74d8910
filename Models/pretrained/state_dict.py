"""Weights as others write them: a safetensors file, or what ``torch.save`` made of a state dict.

No code that a file brings is run: torch reads tensors and plain containers only.
"""

import pickle
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from Datasets.errors import StoreError
from Datasets.terminal import one_line

WRAPPERS = ("state_dict", "model_state_dict", "model", "model_ema", "ema", "teacher")
"""Under which names a state dict stands in a larger checkpoint, the first that is there."""
PREFIXES = ("module.", "_orig_mod.")
"""What a wrapper (of several devices, of a compiler) puts before each name."""
MOST_TENSORS = 100_000


def read(path: Path) -> dict[str, Tensor]:
    """Return the tensors of a file by their names, on the CPU, each with memory of its own.

    What is no tensor is left out. Names lose what wrappers put before them.

    Raises:
        StoreError: the file cannot be read without running code, or holds no tensors, or numbers
            that are not finite.
    """
    told = one_line(str(path))
    try:
        found = load_file(path) if _is_safetensors(path) else _saved(path, told)
    except (SafetensorError, OSError) as error:
        raise StoreError(f"{told}: {one_line(str(error))}") from None
    if not found:
        raise StoreError(f"{told}: there is no tensor in it; a state dict was expected")
    if len(found) > MOST_TENSORS:
        raise StoreError(f"{told}: {len(found):,} tensors are no network")
    tensors = {_plain(name): one.detach().contiguous().clone() for name, one in found.items()}
    if len(tensors) < len(found):
        raise StoreError(f"{told}: two tensors have one name, once {PREFIXES} are taken off")
    floats = {name: one for name, one in tensors.items() if one.is_floating_point()}
    broken = [name for name, one in floats.items() if not one.isfinite().all()]
    if broken:
        raise StoreError(
            f"{told}: {len(broken)} tensors hold numbers that are not finite: "
            f"{one_line(', '.join(broken[:10]))}"
        )
    return tensors


def _is_safetensors(path: Path) -> bool:
    """Say whether a file begins as safetensors do: the length of a header, then its brace."""
    with path.open("rb") as file:
        start = file.read(9)
    length = int.from_bytes(start[:8], "little")
    return len(start) == 9 and start[8:] == b"{" and length < path.stat().st_size


def _saved(path: Path, told: str) -> dict[str, Tensor]:
    """Return what ``torch.save`` wrote, its wrappers taken off."""
    try:
        with warnings.catch_warnings(action="ignore"):
            found = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, zipfile.BadZipFile, ValueError):
        raise StoreError(
            f"{told}: it cannot be read as tensors alone: it is no file of weights, or damaged, or "
            "would run code; save a state dict by torch.save(model.state_dict(), FILE), or as "
            "safetensors"
        ) from None
    for name in WRAPPERS:
        if isinstance(found, Mapping) and isinstance(found.get(name), Mapping):
            found = found[name]
            break
    if not isinstance(found, Mapping):
        raise StoreError(f"{told}: a state dict was expected, got {type(found).__name__}")
    return {str(name): one for name, one in found.items() if isinstance(one, Tensor)}


def _plain(name: str) -> str:
    for prefix in PREFIXES:
        name = name.removeprefix(prefix)
    return name
