"""The key of a training: a hash of all that its weights depend on.

Parameters, data, code, the versions of what computes, and the device with its number of threads.
"""

import platform
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

import msgspec
import torch

from Datasets.code import Code
from Datasets.files import sha256_of, sha256_of_file
from Datasets.stage import STATE
from Models.course import Course
from Models.frameworks.table import FRAMEWORKS
from Models.learner import Conditions
from Models.module import Parts
from Models.networks.table import TIMM, path_of
from Models.ordering import Ordering

SHARDS = ".npy"
"""Told by their length: the index, beside them, holds the hash of every image."""
ENTRY = "Models.train"


class Setting(msgspec.Struct, frozen=True):
    """What params.yaml says of a training: the parts, the course, the batches.

    ``pretrained`` is the sha256 of the weights that it begins with, "" for none; ``frozen`` are
    the tensors that stay as they are.
    """

    parts: Parts
    pretrained: str
    frozen: tuple[str, ...]
    course: Course
    batch: int
    ordering: Ordering


def key_of(setting: Setting, ground: str, folders: Iterable[Path]) -> str:
    """Return the key of a training, 32 hex digits.

    Args:
        setting: what params.yaml says.
        ground: the key of what it has in common with others.
        folders: what else it reads.
    """
    return _digest([setting, ground, _contents(folders)])


def key_of_ground(
    network: str, framework: str, conditions: Conditions, folders: Iterable[Path]
) -> str:
    """Return the key of what all folds of a stage have in common.

    Args:
        network: its name.
        framework: likewise.
        conditions: under which it trains.
        folders: what every fold reads.
    """
    # Imports do not tell the parts that tables name.
    named = (path.partition(":")[0] for path in (path_of(network), FRAMEWORKS[framework]))
    code = Code(STATE / "code.json").key([ENTRY, *named])
    packages = ("torch", "torchvision", "lightning", "numpy")
    used = (*packages, "timm") if network.startswith(TIMM) else packages
    versions = [platform.python_version(), *map(version, used)]
    where = [conditions.seed, conditions.threads, *_processor(conditions.device)]
    return _digest([code, versions, where, _contents(folders)])


def _processor(device: torch.device) -> list[str]:
    if device.type == "cuda":
        return ["cuda", torch.cuda.get_device_name(device), str(torch.version.cuda)]
    return [device.type, platform.machine(), torch.backends.cpu.get_cpu_capability()]


def _contents(folders: Iterable[Path]) -> dict[str, str]:
    files = sorted(path for folder in folders for path in folder.rglob("*") if path.is_file())
    return {path.as_posix(): _content(path) for path in files}


def _content(path: Path) -> str:
    return str(path.stat().st_size) if path.suffix == SHARDS else sha256_of_file(path)


def _digest(content: object) -> str:
    return sha256_of(msgspec.json.encode(content))[:32]
