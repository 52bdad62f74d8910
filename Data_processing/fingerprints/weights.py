"""The network that params.yaml names for ``audit``: a file in ``Datasets/weights``."""

from pathlib import Path

from Data_processing.sections import Audit
from Datasets.errors import ParamsError
from Datasets.params import MOST_NAMES
from Datasets.terminal import one_line

WEIGHTS = Path("Datasets/weights")
OTHERS = (".md", ".gitignore", ".dvc", ".json", ".safetensors")
"""How names of files of that folder end that are no networks."""


def named(asked: Audit, params: Path) -> Path:
    """Return the file of ``audit.network``.

    Args:
        asked: the section ``audit``.
        params: the file that it stands in, for messages.

    Raises:
        ParamsError: none is named, the name is no file's name, or there is no such file.
    """
    where = f"{params}: audit.network"
    if not asked.network:
        raise ParamsError(
            f"{where}: audit.features: {asked.features} needs a network; name an ONNX file of "
            f"{WEIGHTS}, or set audit.features: off"
        )
    name, told = asked.network, one_line(asked.network)
    if name != Path(name).name or "\\" in name or "\0" in name:
        raise ParamsError(
            f"{where}: '{told}' is a path; put the file into {WEIGHTS} and give its name alone"
        )
    path = WEIGHTS / name
    if not path.is_file():
        raise ParamsError(f"{where}: there is no file {WEIGHTS / told}; {_there(name)}")
    return path


def _there(name: str) -> str:
    """Return a clause on what lies in the folder."""
    paths = WEIGHTS.iterdir() if WEIGHTS.is_dir() else ()
    files = sorted(path.name for path in paths if path.is_file())
    networks = [file for file in files if not file.endswith(OTHERS)]
    more = f" and {len(networks) - MOST_NAMES:,} more" if len(networks) > MOST_NAMES else ""
    told = (
        f"there: {one_line(', '.join(networks[:MOST_NAMES]))}{more}"
        if networks
        else "none is there yet"
    )
    fetched = f"; `dvc pull {one_line(str(WEIGHTS / name))}.dvc` fetches it"
    known = fetched if (WEIGHTS / f"{name}.dvc").is_file() else ""
    return told + known + "; `python -m Models features` writes one of a trained network"
