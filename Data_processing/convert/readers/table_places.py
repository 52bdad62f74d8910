"""Where the images are that tables name."""

from bisect import bisect_left
from collections.abc import Iterator
from itertools import islice

import numpy as np

from Data_processing.convert.files import PROBES, image_folder
from Data_processing.convert.found import UNNAMED, Source, path_below
from Data_processing.convert.listing import Listing
from Data_processing.convert.readers.table_rows import Rows
from Data_processing.convert.report import Report
from Datasets.errors import AnnotationError


class Places:
    """Where the images are: a path, or why there is none, for each group of names.

    ``names`` is what the tables call the image of each group, ``paths`` its path or the error.
    ``group_of`` is (number of names in the tables,) int32. Groups with a path come first, ordered
    by it. ``is_there`` tells of each whether there is such an image.
    """

    def __init__(self, source: Source, rows: Rows, present: Listing, report: Report) -> None:
        every = rows.images.taken_out()
        paths = [_path(name) for name in every]
        by_name = sorted(range(len(every)), key=every.__getitem__)
        good = [i for i in by_name if isinstance(paths[i], str)]
        good.sort(key=paths.__getitem__)  # type: ignore[arg-type]  # no errors are left
        bad = [i for i in by_name if not isinstance(paths[i], str)]
        del by_name
        self.group_of = np.empty(len(every), np.int32)
        self.names: list[str] = []
        self.paths: list[str | AnnotationError] = []
        for i in (*good, *bad):
            if not self.paths or self.paths[-1] != paths[i]:
                self.names.append(every[i])
                self.paths.append(paths[i])
            self.group_of[i] = len(self.paths) - 1
        self.is_there = bytearray(len(self.paths))
        self._n_good = len(self.paths) - len(bad)
        some = islice(self._in_folders(present), PROBES)
        folder = image_folder(source, some, present.images)
        self.folder = "" if folder == "." else folder
        self._compare(present, report)

    def file(self, group: int) -> str | AnnotationError:
        """Return the path below the root, or why there is none."""
        path = self.paths[group]
        return f"{self.folder}/{path}" if isinstance(path, str) and self.folder else path

    def _compare(self, present: Listing, report: Report) -> None:
        """Note which images are there, and leave out those that no row names."""
        prefix = f"{self.folder}/" if self.folder else ""
        for path in present.images:
            if not path.startswith(prefix):
                continue
            found = self._group(path[len(prefix) :])
            if found is None:
                report.leave_out(path, UNNAMED)
            else:
                self.is_there[found] = True

    def _in_folders(self, present: Listing) -> Iterator[str]:
        """Yield paths of the tables that some image's path ends in."""
        for image in present.images:
            tail = image
            while tail:
                if self._group(tail) is not None:
                    yield tail
                tail = tail.partition("/")[2]

    def _group(self, path: str) -> int | None:
        """Return the group of a path, or None. By halves: a dict of all would take much memory."""
        i = bisect_left(self.paths, path, hi=self._n_good)  # type: ignore[type-var]
        return i if i < self._n_good and self.paths[i] == path else None


def _path(name: str) -> str | AnnotationError:
    try:
        path = path_below("", name.replace("\\", "/"))
    except AnnotationError as error:
        return error
    return name if path == name else path  # one text takes less memory than two
