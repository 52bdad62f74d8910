"""YOLO: a text file an image; boxes, polygons or keypoints as shares of the frame, one a line.

Which file belongs to which image is told by Ultralytics' rule: ``labels`` in place of the last
``images`` in its path, or beside it; where no file fits that, by their names. An image without one
is background: somebody looked, and nothing is there.
"""

from collections.abc import Iterator, Sequence

import msgspec

from Data_processing.convert.files import annotation_files
from Data_processing.convert.found import (
    BOXES,
    REGIONS,
    UNNAMED,
    Extraction,
    FoundImage,
    Seen,
    Source,
    path_below,
)
from Data_processing.convert.listing import Listing, printable
from Data_processing.convert.readers.pairing import Pairs, by_name, unclear_pair
from Data_processing.convert.readers.small_files import Files
from Data_processing.convert.readers.yolo_lines import Lines
from Data_processing.convert.readers.yolo_names import TEXT_FILES, class_file
from Data_processing.convert.report import Report
from Datasets.errors import AnnotationError

PROBES = 100
"""Label files by which it is told whether objects have regions: nothing there has a mask, then."""
_READMES = frozenset({"readme.txt", "readme.dataset.txt", "readme.roboflow.txt"})
"""What is no label file at the top, or beside the class file, unless an image is called so."""


def extract(source: Source, report: Report) -> Extraction:
    """Return the images below the root, or those below ``images`` where that is named.

    Where it is not, folders in which no image has a label file are left out.

    Raises:
        AnnotationError: no image has a label file, or nothing names the classes.
        ParamsError: ``annotations`` or ``classes`` names what does not exist.
    """
    present = source.present(report)
    classes = class_file(source, present)
    folder = source.dataset.images.strip("/")
    images = [path for path in present.images if not folder or path.startswith(f"{folder}/")]
    labels = _label_files(source, present, images, classes.file, report)
    pairs = _pairs(images, labels)
    if not pairs.file_of and not pairs.unclear:
        raise AnnotationError(
            f"{source.where}: no image below {source.root / folder} has a label file; that of "
            "images/a.png is labels/a.txt or images/a.txt, or name them as "
            f"{source.where}.annotations"
        )
    taken = images if folder else _beside_labelled(images, pairs, report)
    names = tuple(sorted(classes.names.values()))
    lines = Lines(classes)
    seen = Seen(names=set(names))
    bare = sum(path not in pairs.file_of and path not in pairs.unclear for path in taken)
    notes = [f"{bare:,} without a label file: background"] if bare else []
    files = Files(source.root)
    has_regions = _has_regions(files, pairs, lines)
    reader = _Reader(source, files, report, seen, lines, pairs, pairs.rivals(), has_regions)
    return Extraction(reader.images(taken), seen, names, notes=notes)


def ultralytics(image: str) -> str:
    """Return where the labels of ``image`` are: ``labels`` for the last ``images`` in its path.

    >>> ultralytics("images/x/images/a.png"), ultralytics("a.png")
    ('images/x/labels/a.txt', 'a.txt')
    """
    folders, slash, name = image.rpartition("/")
    head, found, tail = f"/{folders}/".rpartition("/images/")
    folder = (f"{head}/labels/{tail}" if found else f"/{folders}/").strip("/")
    return f"{folder}{slash}{name.rpartition('.')[0] or name}.txt"


def _label_files(
    source: Source, present: Listing, images: Sequence[str], classes: str, report: Report
) -> list[str]:
    """Return the text files but for that of the classes, and those that say they are no labels."""
    if source.dataset.annotations:
        files = annotation_files(source, present, (".txt",))
    else:
        files = [name for name in present.others if name.lower().endswith(".txt")]
    tops = ("", classes.rpartition("/")[0])
    about = {_with_small_suffix(file): file for file in files if _is_about(file, tops)}
    for image in images if about else ():
        for place in _places(image):
            about.pop(place, None)
    skipped = {*about.values(), classes}
    for file in sorted(skipped - {classes}):
        report.leave_out(file, "a text file that is called as one without labels")
    return [file for file in files if file not in skipped]


def _is_about(file: str, tops: Sequence[str]) -> bool:
    """Return whether a file is called as those that hold class names, or as one at the top."""
    folder, _, name = file.rpartition("/")
    return name.lower() in TEXT_FILES or (folder in tops and name.lower() in _READMES)


def _places(image: str) -> tuple[str, str]:
    """Return where the labels of ``image`` may be, the likelier place first."""
    return ultralytics(image), f"{image.rpartition('.')[0]}.txt"


def _pairs(images: Sequence[str], labels: Sequence[str]) -> Pairs:
    left: dict[str, str] = {}  # in the order of the listing
    twins: list[str] = []  # a.TXT beside a.txt
    for path in labels:
        place = _with_small_suffix(path)
        if place in left:
            twins.append(left.pop(place) if path == place else path)
        left.setdefault(place, path)
    image_of: dict[str, str] = {}
    shared: dict[str, list[str]] = {}
    for image in images:
        file = next((path for path in _places(image) if path in left), None)
        if file is None:
            continue
        if file in image_of:
            shared.setdefault(file, [image_of[file]]).append(image)
        else:
            image_of[file] = image
    if not image_of:
        return by_name(images, labels)
    unclear: dict[str, tuple[str, ...]] = {}
    file_of: dict[str, str] = {}
    for file, image in image_of.items():
        if file in shared:
            unclear.update(dict.fromkeys(shared[file], (left[file],)))
        else:
            file_of[image] = left[file]
    spare = tuple(path for place, path in left.items() if place not in image_of)
    return Pairs(file_of, unclear, (*spare, *twins))


def _with_small_suffix(path: str) -> str:
    """Return ``path`` as one ending in .txt, which may be written .TXT."""
    return f"{path[:-4]}.txt" if path[-4:].lower() == ".txt" else path


def _beside_labelled(images: Sequence[str], pairs: Pairs, report: Report) -> list[str]:
    folders = {path.rpartition("/")[0] for some in (pairs.file_of, pairs.unclear) for path in some}
    taken = []
    for path in images:
        if path.rpartition("/")[0] in folders:
            taken.append(path)
        else:
            report.leave_out(path, UNNAMED)
    return taken


def _has_regions(files: Files, pairs: Pairs, lines: Lines) -> bool:
    """Return whether the first object that is found has a polygon."""
    for file in sorted(pairs.file_of.values())[:PROBES]:
        try:
            objects = lines.read(_content(files, file), file, lambda *_: None)
        except AnnotationError:
            continue
        if objects:
            return bool(objects[0].polygons)
    return False


def _content(files: Files, file: str) -> bytes:
    """Return the content of a label file, which may be empty: then nothing is there.

    Raises:
        AnnotationError: it cannot be read, or is no text.
    """
    try:
        content = files.read(file)
    except AnnotationError as error:
        if error.kind == "empty file":
            return b""
        raise
    if b"\0" in content:
        raise AnnotationError(
            f"{file}: holds bytes of value 0, so it is no label file in ASCII or UTF-8; "
            "save it as text",
            "no text",
        )
    return content


class _Reader(msgspec.Struct, frozen=True):
    source: Source
    files: Files
    report: Report
    seen: Seen
    lines: Lines
    pairs: Pairs
    rivals: dict[str, list[str]]
    has_regions: bool

    def images(self, taken: Sequence[str]) -> Iterator[FoundImage]:
        counted: set[str] = set()
        for image in taken:
            self.seen.images += 1
            try:
                yield self._found(image)
            except AnnotationError as error:
                sample = printable(image)
                lost = self._lost(image, counted)
                self.report.reject(sample, str(error), error.kind, annotations=lost)
        folders = {path.rpartition("/")[0] for path in self.pairs.file_of.values()}
        for file in self.pairs.spare:
            self._refuse_spare(file, folders)

    def _found(self, image: str) -> FoundImage:
        path_below("", image)
        files = self.pairs.unclear.get(image)
        if files:
            reason = unclear_pair(files, self.rivals[files[0]], self.source)
            raise AnnotationError(reason, "unclear pair")
        folder = self.source.dataset.images.strip("/")
        name = image.removeprefix(f"{folder}/") if folder else image
        file = self.pairs.file_of.get(image)
        if file is None:
            looked = REGIONS if self.has_regions else BOXES
            return FoundImage(image, name, "", looked, relative=True)
        lost: list[str] = []

        def refuse(reason: str, kind: str) -> None:
            lost.append(reason)
            self.report.reject(image, reason, kind, whole=False, annotations=1)

        objects = self.lines.read(_content(self.files, file), file, refuse)
        self.seen.annotations += len(objects) + len(lost)
        all_regions = all(one.polygons for one in objects) if objects else self.has_regions
        looked = REGIONS if all_regions else BOXES
        return FoundImage(
            image,
            name,
            file,
            looked,
            annotations=tuple(objects),
            lost=len(lost),
            relative=True,
        )

    def _lost(self, image: str, counted: set[str]) -> int:
        """Return how many annotations go with an image that is rejected whole, and count them.

        Those of a file that two images claim go with the first of them; ``counted`` grows by it.
        """
        file = self.pairs.file_of.get(image)
        files = {file} if file is not None else {*self.pairs.unclear.get(image, ())} - counted
        counted |= files
        return sum(map(self._count, sorted(files)))

    def _count(self, file: str) -> int:
        try:
            count = sum(bool(line.strip()) for line in _content(self.files, file).splitlines())
        except AnnotationError:
            return 0
        self.seen.annotations += count
        return count

    def _refuse_spare(self, file: str, folders: set[str]) -> None:
        """Reject a label file without an image; a text beside no label file is left out."""
        folder = file.rpartition("/")[0]
        named = self.source.dataset.annotations
        if not named and folder not in folders and "labels" not in folder.split("/"):
            self.report.leave_out(file, "a text file to which no image belongs")
            return
        self.seen.images += 1
        lost = self._count(file)
        reason = "there is no image for this label file; add the image, or take the file out"
        self.report.reject(file, reason, "no image", annotations=lost)
