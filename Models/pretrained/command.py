"""The verb ``weights``: take weights over from a file or the web, and list those that are here."""

import argparse
import shutil
import subprocess
import tempfile
from pathlib import Path

from safetensors.torch import save

from Datasets.errors import StageError, StoreError
from Datasets.files import sha256_of, sha256_of_file, write_bytes, write_json
from Datasets.terminal import answer, one_line
from Models.pretrained import shelf, state_dict
from Models.pretrained.download import download
from Models.pretrained.shelf import About

UNKNOWN = "unknown"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Take what is to be done, and with which weights."""
    what = parser.add_subparsers(dest="what", required=True, metavar="add | list")
    add = what.add_parser("add", help=f"put weights into {shelf.SHELF}, checked, as safetensors")
    add.add_argument("name", help="what train.pretrained will call them")
    add.add_argument(
        "--from",
        dest="origin",
        required=True,
        help="a file, or an address that begins with https://",
    )
    add.add_argument("--source", help="where they came from, if that says not enough")
    add.add_argument("--licence", default=UNKNOWN, help="under which terms they may be used")
    add.add_argument("--sha256", help="what the file's sha256 must be")
    add.add_argument("--force", action="store_true", help="replace weights of that name")
    what.add_parser("list", help="list the weights that are known here")


def run(arguments: argparse.Namespace) -> None:
    """Add weights, or list them."""
    if arguments.what == "list":
        answer(listed())
        return
    about = add(
        arguments.name,
        arguments.origin,
        arguments.source,
        arguments.licence,
        arguments.sha256,
        replaces=arguments.force,
    )
    path, known = shelf.path_of(arguments.name), shelf.about_path(arguments.name)
    answer(
        f"{path}: {about.tensors:,} tensors, {about.numbers:,} numbers, licence "
        f"{one_line(about.licence)}; `train.pretrained: {arguments.name}` begins with them. To "
        f"share them: git add {known} {_tracked(path)}, commit, dvc push"
    )


def add(
    name: str,
    origin: str,
    source: str | None = None,
    licence: str = UNKNOWN,
    sha256: str | None = None,
    replaces: bool = False,
) -> About:
    """Put weights into ``Datasets/weights`` and return what is known of them.

    Args:
        name: what they will be called.
        origin: a file, or an https address: safetensors, or a state dict that torch saved.
        source: where they came from; ``origin`` if that says it.
        licence: their terms.
        sha256: what the sha256 of the file must be, or None for any.
        replaces: whether weights of that name may be there.

    Raises:
        ParamsError: the name is none.
        StageError: weights of that name are there.
        StoreError: the file cannot be had or read, is not the one that was meant, or holds no
            tensors.
    """
    shelf.check_name(name, "weights add")
    if shelf.about_path(name).exists() and not replaces:
        raise StageError(
            f"weights '{name}' are there already (`python -m Models weights list`); choose another "
            "name, or replace them with --force"
        )
    with tempfile.TemporaryDirectory() as folder:
        path = _at_hand(origin, Path(folder))
        found = sha256_of_file(path)
        if sha256 is not None and found != sha256.lower():
            raise StoreError(
                f"{one_line(origin)}: its sha256 is {found}, not {one_line(sha256)}: it is not the "
                "file that was meant"
            )
        tensors = state_dict.read(path)
    content = save({key: tensors[key] for key in sorted(tensors)})
    about = About(
        source=source or f"{Path(origin).name if '://' not in origin else origin} ({found})",
        licence=licence,
        sha256=sha256_of(content),
        tensors=len(tensors),
        numbers=sum(one.numel() for one in tensors.values()),
    )
    write_bytes(shelf.path_of(name), content)
    write_json(shelf.about_path(name), about)
    return about


def listed() -> str:
    """Return a line for each of the weights that are known here."""
    lines = []
    for name in shelf.names():
        about = shelf.read_about(name, "weights list")
        path = shelf.path_of(name)
        there = "" if path.is_file() else f"; not here: `dvc pull {path}.dvc`"
        lines.append(
            f"{name}: {about.numbers:,} numbers, from {one_line(about.source)}, licence "
            f"{one_line(about.licence)}{there}"
        )
    return "\n".join(lines) or f"no weights in {shelf.SHELF}; `python -m Models weights add` adds"


def _at_hand(origin: str, folder: Path) -> Path:
    """Return the file that is meant: as it lies there, or fetched into ``folder``."""
    if "://" in origin:
        path = folder / "weights"
        download(origin, path)
        return path
    path = Path(origin)
    if not path.is_file():
        raise StoreError(f"{one_line(origin)}: there is no such file")
    return path


def _tracked(path: Path) -> str:
    """Let DVC keep ``path``, where it can, and return the file by which Git knows it."""
    dvc = shutil.which("dvc")
    pointer = f"{path}.dvc"
    if dvc is None or not Path(".dvc").is_dir():
        return f"; dvc add {path}; git add {pointer}"
    done = subprocess.run([dvc, "add", "--quiet", str(path)], capture_output=True, text=True)  # noqa: S603
    if done.returncode:
        raise StageError(f"`dvc add {path}` said: {one_line(done.stderr.strip())}")
    return pointer
