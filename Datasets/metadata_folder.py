"""Which metadata folder is meant, by who types a command."""

from pathlib import Path

from Datasets.dataset import METADATA
from Datasets.errors import StoreError
from Datasets.metadata import IMAGES_FILE
from Datasets.params import nearest


def metadata_folder(meant: Path) -> Path:
    """Return ``meant`` if it is a metadata folder, else that of the data set of this name.

    Raises:
        StoreError: there is neither; the data sets that were converted are offered.
    """
    for folder in (meant, METADATA / meant):
        if (folder / IMAGES_FILE).is_file():
            return folder
    converted = sorted(path.parent.name for path in METADATA.glob(f"*/{IMAGES_FILE}"))
    raise StoreError(
        f"{meant} is no metadata folder, nor a data set that was converted; "
        f"{nearest(meant.name, converted)}; `dvc repro convert` makes what is missing"
    )
