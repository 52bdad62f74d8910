"""Where weights are kept: ``Datasets/weights/<name>.safetensors``, and ``<name>.json`` beside it.

Git keeps what is known of them, DVC the weights. A stage depends on the JSON alone: it has the
sha256 of the weights, which are checked against it whenever they are read.
"""

import re
from pathlib import Path

import msgspec

from Datasets.errors import ParamsError, StoreError
from Datasets.files import sha256_of
from Datasets.params import nearest
from Datasets.terminal import one_line

SHELF = Path("Datasets/weights")
NONE = "none"
"""The name of no weights: networks begin as they are initialised."""
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")


class About(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """<name>.json: what is known of weights.

    ``source`` is where they came from, ``licence`` under which terms, ``sha256`` that of the
    safetensors, ``tensors`` and ``numbers`` count what is in them.
    """

    source: str
    licence: str
    sha256: str
    tensors: int
    numbers: int


def check_name(name: str, where: str) -> None:
    """Check that a name may be that of a file.

    Raises:
        ParamsError: it may not.
    """
    if not NAME.fullmatch(name) or name == NONE:
        raise ParamsError(
            f"{where}: '{one_line(name)}' cannot be the name of weights; letters, digits, and "
            f"._- between them were expected, and not '{NONE}'"
        )


def path_of(name: str) -> Path:
    """Return the file that holds the weights called ``name``."""
    return SHELF / f"{name}.safetensors"


def about_path(name: str) -> Path:
    """Return the file that says what is known of them."""
    return SHELF / f"{name}.json"


def names() -> list[str]:
    """Return the names of all weights that are known here, sorted."""
    return sorted(path.stem for path in SHELF.glob("*.json") if path.stem != NONE)


def read_about(name: str, where: str) -> About:
    """Return what is known of the weights called ``name``; ``where`` they were asked for.

    Raises:
        ParamsError: nothing is known by that name.
        StoreError: the file is broken.
    """
    check_name(name, where)
    path = about_path(name)
    if not path.is_file():
        known = names()
        others = nearest(name, known) if known else "none are here yet"
        raise ParamsError(
            f"{where}: there are no weights '{name}' (`python -m Models weights add {name} --from "
            f"FILE` takes some over); {others}"
        )
    try:
        return msgspec.json.decode(path.read_bytes(), type=About)
    except msgspec.DecodeError as error:
        raise StoreError(f"{path}: {error}; add the weights anew, or take it from Git") from None


def content_of(name: str, where: str) -> bytes:
    """Return the safetensors called ``name``, as they were added.

    Raises:
        ParamsError: nothing is known by that name.
        StoreError: they are not here, or are not those that were added.
    """
    about, path = read_about(name, where), path_of(name)
    if not path.is_file():
        raise StoreError(
            f"{path} is not here; `dvc checkout {path}.dvc` takes it from DVC's cache, `dvc pull "
            f"{path}.dvc` from the remote"
        )
    content = path.read_bytes()
    if sha256_of(content) != about.sha256:
        raise StoreError(
            f"{path} is not what was added: its sha256 differs from that in {about_path(name)}; "
            f"remove it and run `dvc pull {path}.dvc`, or add it anew"
        )
    return content
