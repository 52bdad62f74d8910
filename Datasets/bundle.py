"""The bundle: what is served.

Two graphs, the weights, the scripts that made them, and a manifest that vouches for all.

``preprocess.onnx`` takes one image (H, W, C) of any size to a stackable tensor and the map
(scale_x, scale_y, offset_x, offset_y) from raw pixels to it; ``model.onnx`` takes a batch of such
tensors to logits. Content
only: no time, host or commit.
"""

from pathlib import Path

import msgspec

from Datasets.errors import StoreError
from Datasets.files import sha256_of_file, write_json
from Datasets.image import Colour

BUNDLE = Path("Datasets/bundle")
MANIFEST_FILE = "manifest.json"
PREPROCESS_FILE = "preprocess.onnx"
MODEL_FILE = "model.onnx"
WEIGHTS_FILE = "weights.safetensors"
SCRIPTS = "scripts"
FORMAT = 2


class Input(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What goes into ``preprocess.onnx`` and what comes out of it.

    A file is decoded in ``colour``, which gives (h, w, raw_channels) of ``raw_dtype``, any h and w.
    Out comes (height, width, channels) of ``dtype``.
    """

    colour: Colour
    dtype: str
    height: int
    width: int
    channels: int
    raw_channels: int
    raw_dtype: str


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """manifest.json.

    ``files``: path below the bundle -> sha256. ``data``: path of an input -> its hash.
    ``parameters``: the sections of params.yaml that led here, as JSON text a section.
    """

    classes: tuple[str, ...]
    input: Input
    network: str
    framework: str
    fold: int
    parameters: dict[str, str]
    data: dict[str, str]
    files: dict[str, str]
    format: int = FORMAT


def write(folder: Path, manifest: Manifest) -> None:
    """Write the manifest into ``folder``, with the sha256 of every file that is there already."""
    files = {name: sha256_of_file(folder / name) for name in sorted(_present(folder))}
    write_json(folder / MANIFEST_FILE, msgspec.structs.replace(manifest, files=files))


def read(folder: Path = BUNDLE) -> Manifest:
    """Return the manifest of the bundle in ``folder``, after checking every file against it.

    Raises:
        StoreError: no bundle, one of another format, or a file is missing, changed, unaccounted for
        or no plain file.
    """
    path = folder / MANIFEST_FILE
    if not path.is_file():
        raise StoreError(f"{folder} holds no bundle; `dvc repro export` makes it")
    manifest = _decoded(path)
    for name in sorted(_present(folder) ^ set(manifest.files)):
        state = "is missing" if name in manifest.files else "is not in the manifest"
        raise StoreError(f"{folder}: {name} {state}; fetch or export the bundle again")
    for name, digest in manifest.files.items():
        if sha256_of_file(folder / name) != digest:
            raise StoreError(
                f"{folder / name}: its content is not what the manifest vouches for; fetch "
                "the bundle again"
            )
    return manifest


def _decoded(path: Path) -> Manifest:
    try:
        manifest = msgspec.json.decode(path.read_bytes(), type=Manifest)
    except msgspec.DecodeError as error:
        raise StoreError(
            f"{path}: not a manifest of format {FORMAT} ({error}); export the bundle again"
        ) from None
    if manifest.format != FORMAT:
        raise StoreError(
            f"{path}: format {manifest.format}, this code reads {FORMAT}; export the bundle again"
        )
    return manifest


def _present(folder: Path) -> set[str]:
    """Return all that a bundle holds but folders and the manifest.

    Raises:
        StoreError: something is no plain file: no hash vouches for what stands behind a link.
    """
    present = set()
    for path in folder.rglob("*"):
        if path.is_symlink() or not (path.is_dir() or path.is_file()):
            kind = "a link" if path.is_symlink() else "no plain file"
            raise StoreError(
                f"{path} is {kind}, a bundle holds plain files only; put the file "
                "itself there, or fetch or export the bundle again"
            )
        if not path.is_dir():
            present.add(path.relative_to(folder).as_posix())
    return present - {MANIFEST_FILE}
