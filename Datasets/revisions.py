"""The metadata of a revision, where DVC keeps them, and those of the workspace."""

import hashlib
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from Datasets.dataset import METADATA, datasets_of
from Datasets.errors import StageError
from Datasets.metadata import IMAGES_FILE
from Datasets.params import load

if TYPE_CHECKING:  # costs a second
    from dvc.output import Output

WORKSPACE = "workspace"


class Version:
    """One data set's metadata as they were.

    Attributes:
        folder: it has the files ``metadata.jsonl``, ``samples.parquet``, ``classes.json``.

    Args:
        folder: the metadata folder, or one of links into DVC's cache.
        cached: the md5 and the place of every file, where DVC knows them.
    """

    def __init__(self, folder: Path, cached: dict[str, tuple[str, Path]] | None = None) -> None:
        self.folder = folder
        self._cached = cached

    def path(self, name: str) -> Path:
        """Return where the content of the file ``name`` is."""
        return self.folder / name if self._cached is None else self._cached[name][1]

    def md5(self, name: str) -> str:
        """Return the md5 of a file, by which DVC names contents."""
        if self._cached is not None:
            return self._cached[name][0]
        with self.path(name).open("rb") as file:
            return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


@contextmanager
def versions(revision: str) -> Iterator[Mapping[str, Callable[[], Version]]]:
    """Yield what opens the metadata of a Git revision, or of the workspace, by data set.

    Opening raises a StageError if they are not in DVC's cache.

    Raises:
        ParamsError: params.yaml does not say which data sets the workspace has.
        StageError: there is no such revision.
    """
    if revision == WORKSPACE:
        # Folders of data sets that params.yaml does not name any more may still lie there.
        folders = (METADATA / name for name in sorted(datasets_of(load())))
        converted = [folder for folder in folders if (folder / IMAGES_FILE).is_file()]
        yield {folder.name: partial(Version, folder) for folder in converted}
        return
    from dvc.exceptions import DvcException
    from dvc.repo import Repo

    logging.getLogger("dvc").setLevel(logging.ERROR)
    try:
        with TemporaryDirectory(prefix="darkroom-") as links, Repo(rev=revision) as repo:
            found = {}
            for out in repo.index.outs:
                path = PurePosixPath(repo.fs.relpath(out.fs_path, repo.root_dir))
                if path.parent == PurePosixPath(METADATA) and out.hash_info:  # else never run there
                    found[path.name] = partial(_cached, out, path, revision, Path(links))
            yield found
    except DvcException as error:
        raise StageError(f"{revision}: DVC cannot read this revision: {error}") from None


def _cached(out: "Output", path: PurePosixPath, revision: str, links: Path) -> Version:
    """Return what the cache holds of an output.

    Below ``links`` a folder is made with a link to each of its files that is no mask.
    """
    tree = out.get_obj() if out.hash_info else None
    files: dict[str, tuple[str, Path]] = {}
    for key, _, hash_info in tree or ():
        place = Path(out.cache.oid_to_path(hash_info.value))
        files["/".join(key)] = (str(hash_info.value), place)
    lost = [name for name, (_, place) in sorted(files.items()) if not place.is_file()]
    if tree is None or lost:
        what = f" ({lost[0]})" if lost else ""
        raise StageError(
            f"{path} of {revision} is not in DVC's cache{what}; fetch it with "
            f"`dvc fetch --all-commits {path}`, or check out {revision} and `dvc repro`"
        )
    folder = links / path.name
    folder.mkdir()
    for name, (_, place) in files.items():
        if "/" not in name:
            (folder / name).symlink_to(place)
    return Version(folder, files)
