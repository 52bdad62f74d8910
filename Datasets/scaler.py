"""A fitted scaler: a list of maps on float pixels, the same for training and for the bundle.

Every scaler ends as one of these maps: standardise each image by its own moments, shift and gain
(per channel or per pixel), or a matrix (ZCA): on the channels of a pixel, on the patch around it,
which is a convolution, or on a whole image. ``scaler.json`` lists them, arrays stand beside it as
``.npy``.
"""

from pathlib import Path
from typing import Literal

import msgspec
import numpy as np

from Datasets.errors import StoreError
from Datasets.files import sha256_of_file, write_json
from Datasets.fold_range import stage_of

SCALERS = Path("Datasets/scalers")
SCALER_FILE = "scaler.json"
TINY = 1e-6
"""Added to a variance before its root is taken, so that a constant channel or image becomes 0.

Not NaN.
"""


class StandardImage(msgspec.Struct, frozen=True):
    """Each image minus its own mean, over its own standard deviation.

    Over all pixels and channels.
    """

    eps: float = TINY


class Affine(msgspec.Struct, frozen=True):
    """(x - shift) * gain, with arrays of shape (C,) or (H, W, C), float32."""

    shift: np.ndarray
    gain: np.ndarray


class ChannelMatrix(msgspec.Struct, frozen=True):
    """matrix @ (x - shift) for the channels x (C,) of each pixel.

    Shift (C,), matrix (C, C), float32.
    """

    shift: np.ndarray
    matrix: np.ndarray


class PatchMatrix(msgspec.Struct, frozen=True):
    """kernel @ (x - shift) + bias for the patch x (K, K, C) around each pixel, K odd.

    Beyond its border an image is mirrored: the pixel before the first is the second. Shift (C,),
    kernel (C, C, K, K) from patch (last three axes) to pixel, bias (C,), float32.
    """

    shift: np.ndarray
    kernel: np.ndarray
    bias: np.ndarray


class ImageMatrix(msgspec.Struct, frozen=True):
    """matrix @ (x - shift) for all values x (H * W * C,) of an image.

    Shift (H, W, C), matrix (H * W * C, H * W * C), float32.
    """

    shift: np.ndarray
    matrix: np.ndarray


Map = StandardImage | Affine | ChannelMatrix | PatchMatrix | ImageMatrix
Kind = Literal["standard_image", "affine", "channel_matrix", "patch_matrix", "image_matrix"]

KINDS: dict[type[Map], Kind] = {
    StandardImage: "standard_image",
    Affine: "affine",
    ChannelMatrix: "channel_matrix",
    PatchMatrix: "patch_matrix",
    ImageMatrix: "image_matrix",
}
"""What scaler.json calls each map."""


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One map in scaler.json: its kind, its number.

    And its arrays by name with their files' sha256.
    """

    map: Kind
    eps: float | None = None
    arrays: dict[str, str] = {}


def apply(maps: tuple[Map, ...], batch: np.ndarray) -> np.ndarray:
    """Return a batch (N, H, W, C) of any dtype, scaled, as float32."""
    scaled = batch.astype(np.float32)
    for one in maps:
        if isinstance(one, StandardImage):
            mean = scaled.mean(axis=(1, 2, 3), keepdims=True)
            variance = scaled.var(axis=(1, 2, 3), keepdims=True)
            scaled = (scaled - mean) / np.sqrt(variance + one.eps)
        elif isinstance(one, Affine):
            scaled = (scaled - one.shift) * one.gain
        elif isinstance(one, ChannelMatrix):
            scaled = (scaled - one.shift) @ one.matrix.T
        elif isinstance(one, ImageMatrix):
            rows = (scaled - one.shift).reshape(len(scaled), -1)
            scaled = (rows @ one.matrix.T).reshape(scaled.shape)
        else:
            scaled = _convolved(scaled - one.shift, one.kernel) + one.bias
    return scaled


def _convolved(pixels: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Return pixels (N, H, W, C) under a kernel (C, C, K, K), the image mirrored at its border."""
    height, width = pixels.shape[1:3]
    side = kernel.shape[2]
    beyond = (side // 2, side // 2)
    wide = np.pad(pixels, ((0, 0), beyond, beyond, (0, 0)), mode="reflect")
    out = np.zeros_like(pixels)
    for y in range(side):
        for x in range(side):
            out += wide[:, y : y + height, x : x + width] @ kernel[:, :, y, x].T
    return out


def write(folder: Path, maps: tuple[Map, ...]) -> None:
    """Write fitted maps into an existing folder."""
    entries = []
    for number, one in enumerate(maps):
        arrays = {
            n: getattr(one, n)
            for n in one.__struct_fields__
            if isinstance(getattr(one, n), np.ndarray)
        }
        for name, array in arrays.items():
            np.save(folder / f"{number}-{name}.npy", array, allow_pickle=False)
        hashes = {name: sha256_of_file(folder / f"{number}-{name}.npy") for name in arrays}
        eps = one.eps if isinstance(one, StandardImage) else None
        entries.append(Entry(KINDS[type(one)], eps, hashes))
    write_json(folder / SCALER_FILE, entries)


def read(folder: Path) -> tuple[Map, ...]:
    """Return the maps that the stage ``scale`` fitted.

    Raises:
        StoreError: there are none, or an array is not the one that was written.
    """
    if not (folder / SCALER_FILE).exists():
        stage = stage_of("scale", folder, SCALERS)
        raise StoreError(f"{folder} holds no scaler; `dvc repro {stage}` makes it")
    entries = msgspec.json.decode((folder / SCALER_FILE).read_bytes(), type=tuple[Entry, ...])
    return tuple(_map(folder, number, entry) for number, entry in enumerate(entries))


def _map(folder: Path, number: int, entry: Entry) -> Map:
    arrays = {}
    for name, digest in entry.arrays.items():
        path = folder / f"{number}-{name}.npy"
        if not path.exists() or sha256_of_file(path) != digest:
            raise StoreError(
                f"{path} is not the array that was fitted; remove {folder} and run `dvc "
                "repro` again"
            )
        arrays[name] = np.load(path, allow_pickle=False)
    if entry.map == "standard_image":
        return StandardImage(TINY if entry.eps is None else entry.eps)
    kind = next(kind for kind, name in KINDS.items() if name == entry.map)
    return kind(**arrays)
