"""Where the images are that annotation files name: in the folders nearest to those files."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import islice

from Data_processing.convert.files import PROBES, image_folder
from Data_processing.convert.found import Source
from Datasets.errors import AnnotationError


class Nearby:
    """Finds images by name.

    Names are relative to the folder that ``images`` of the data set says, else to the one that
    holds the most of them, looked for beside the annotation file first, then in each folder above:
    so ``train`` and ``test`` may have the same names. A name that only one image has is found
    wherever that is.

    Args:
        source: the data set.
        files: for each name, the annotation file that it stands in; sorted.
        names: shortest forms of paths; an empty one is no name.
        images: paths of all images below the root, sorted.
    """

    def __init__(
        self, source: Source, files: Sequence[str], names: Sequence[str], images: Sequence[str]
    ) -> None:
        self._source = source
        self._files, self._names, self._images = files, names, images
        self._there = frozenset(images)
        self._folders: dict[str, str | None] = {}  # where names of files below a folder are found
        self._unclear: AnnotationError | None = None
        self._alone: dict[str, str] | None = None

    def find(self, index: int, places: Sequence[str] = ()) -> str | None:
        """Return the path of the image that a name is of, or None.

        Args:
            index: place of the name among all of them.
            places: folders to look in, where they are known.

        Raises:
            AnnotationError: two folders hold as many of the images.
        """
        name = self._names[index]
        if not name:
            return None
        for folder in places or self._places(self._files[index]):
            path = f"{folder}/{name}" if folder else name
            if path in self._there:
                return path
        if places or self._source.dataset.images:
            return None
        only = self._only_one(name)
        if only is None and self._unclear is not None:
            raise self._unclear
        return only

    def expected(self, index: int) -> str:
        """Return where the image would be, if it was there."""
        folder = next(self._places(self._files[index]), "")
        return f"{folder}/{self._names[index]}".lstrip("/")

    def places(self, index: int) -> tuple[str, ...]:
        """Return the folders in which images of names in the same file are, the nearest first."""
        return tuple(self._places(self._files[index]))

    def _places(self, file: str) -> Iterator[str]:
        """Yield the folders that names in ``file`` may be relative to, the nearest first."""
        if self._source.dataset.images:
            told = image_folder(self._source, (), ())
            yield "" if told == "." else told
            return
        above = file
        while above:
            above = above.rpartition("/")[0]
            if above not in self._folders:
                self._folders[above] = self._probed(above)
            folder = self._folders[above]
            if folder is not None:
                yield folder

    def _probed(self, above: str) -> str | None:
        """Return the folder below ``above`` that holds the most of what files below it name."""
        images = self._images[_below(self._images, above)]
        inside = self._names[_below(self._files, above)]
        names = list(islice(filter(None, inside), PROBES))
        if not images or not names:
            return None
        try:
            folder = image_folder(self._source, names, images)
        except AnnotationError as error:
            self._unclear = error
            return None
        start = f"{folder}/" if folder else ""
        return folder if any(start + name in self._there for name in names) else None

    def _only_one(self, name: str) -> str | None:
        if self._alone is None:
            alone: dict[str, str] = {}
            for path in self._images:
                last = path.rpartition("/")[2]
                alone[last] = "" if last in alone else path
            self._alone = alone
        path = self._alone.get(name.rpartition("/")[2], "")
        return path if path.endswith(f"/{name}") else None


def _below(paths: Sequence[str], folder: str) -> slice:
    """Return which of ``paths``, sorted, lie below ``folder``."""
    if not folder:
        return slice(None)
    after = chr(ord("/") + 1)
    return slice(bisect_left(paths, f"{folder}/"), bisect_left(paths, f"{folder}{after}"))
