"""Which metadata folder is meant, by who types a command."""

from pathlib import Path

from Datasets.dataset import METADATA, datasets_of
from Datasets.errors import ParamsError, StoreError
from Datasets.metadata import IMAGES_FILE
from Datasets.params import load, nearest


def metadata_folder(meant: Path) -> Path:
    """Return ``meant`` if it is a metadata folder, else that of the data set of this name.

    Raises:
        StoreError: there is neither; what makes it is said, or the data sets that were converted.
    """
    for folder in (meant, METADATA / meant):
        if (folder / IMAGES_FILE).is_file():
            return folder
    if str(meant) in _known():
        raise StoreError(
            f"the data set {meant} was not converted yet; `dvc repro convert@{meant}` does it"
        )
    converted = sorted(path.parent.name for path in METADATA.glob(f"*/{IMAGES_FILE}"))
    raise StoreError(
        f"{meant} is no metadata folder, nor a data set that was converted; "
        f"{nearest(meant.name, converted)}; `dvc repro convert` makes what is missing"
    )


def _known() -> list[str]:
    """Return the data sets of params.yaml; none where that cannot be read."""
    try:
        return list(datasets_of(load()))
    except ParamsError:
        return []
