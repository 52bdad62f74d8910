"""VIA (VGG Image Annotator) 1 and 2: projects and annotations as JSON, annotations as CSV."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import PurePosixPath

import msgspec

from Data_processing.convert.files import annotation_files, image_folder
from Data_processing.convert.found import (
    BOXES,
    REGIONS,
    UNNAMED,
    Extraction,
    FoundAnnotation,
    FoundImage,
    Looked,
    Seen,
    Source,
    path_below,
)
from Data_processing.convert.listing import Listing
from Data_processing.convert.readers.via_class import class_attribute, class_of
from Data_processing.convert.readers.via_csv import read_csv
from Data_processing.convert.readers.via_files import ViaEntry, ViaRegion, read_json
from Data_processing.convert.readers.via_shapes import REGIONS_OF, drawn
from Data_processing.convert.report import Report
from Data_processing.convert.strict_json import compact
from Datasets.errors import AnnotationError

_SUFFIXES = (".json", ".csv")


class _Survey(msgspec.Struct):
    """What must be known of all regions before the images can be walked through."""

    attributes: set[str] = set()
    kinds: set[str] = set()
    miscounted: set[int] = set()
    """Entries, by their identity, whose regions are not as many as they say."""

    def look_at(self, regions: Sequence[ViaRegion]) -> None:
        for region in regions:
            self.attributes.update(region.attributes)
            self.kinds.add(str(region.shape.get("name")))


def extract(source: Source, report: Report) -> Extraction:
    """Return the images that VIA's files speak of.

    Names are relative to the folder of their file, if images are there. A CSV file beside a JSON
    file of its name is left out, if both say the same.

    Raises:
        AnnotationError: there is no VIA file, it is broken as a whole, or which attribute is the
            class cannot be told.
    """
    present = source.present(report)
    seen, survey = Seen(), _Survey(set(), set())
    entries = _surveyed(_by_file(source, present, report), seen, survey, report)
    attribute = class_attribute(survey.attributes, source.dataset.columns, source.where)
    placed = _placed(source, entries, present, report)
    for path, entry in list(placed.items()):
        if id(entry) in survey.miscounted:
            image = placed.pop(path).read()
            lost = len(image.regions)
            report.reject(path, image.problem, "regions miscounted", annotations=lost)
    looked = REGIONS if survey.kinds & REGIONS_OF else BOXES
    notes = []
    if len(survey.attributes) > 1:
        notes.append(f"the class is the attribute '{attribute}', the others are kept as extras")
    return Extraction(
        (_found(path, placed[path], attribute, looked, report) for path in sorted(placed)),
        seen,
        _names(placed, attribute),
        notes=notes,
    )


Entries = list[ViaEntry | AnnotationError]


def _by_file(source: Source, present: Listing, report: Report) -> dict[str, Entries]:
    """Return the images of each file that is to be read.

    Raises:
        AnnotationError: there is none, or JSON and CSV do not say the same.
    """
    named = source.dataset.annotations
    by_file: dict[str, Entries] = {}
    for file in annotation_files(source, present, _SUFFIXES):
        is_csv = file.lower().endswith(".csv")
        entries = (read_csv if is_csv else read_json)(source.root, file)
        if entries is not None:
            by_file[file] = list(entries)
        elif named:
            raise AnnotationError(f"{file}: not a VIA file; correct {source.where}.annotations")
        else:
            report.leave_out(file, "a file that is not of VIA")
    if not by_file:
        raise AnnotationError(
            f"{source.where}: there is no VIA file below {source.root}: JSON with filename and "
            "regions, or CSV with region_shape_attributes"
        )
    return by_file if named else _without_copies(source, by_file, report)


def _without_copies(
    source: Source, by_file: dict[str, Entries], report: Report
) -> dict[str, Entries]:
    tables = [file for file in by_file if file.lower().endswith(".csv")]
    if len(tables) == len(by_file):
        return by_file
    left = dict(by_file)
    for table in tables:
        twin = next((file for file in by_file if _is_twin(table, file)), None)
        if twin is None or _in_short(by_file[table]) != _in_short(by_file[twin]):
            what = f"says other things than {twin}" if twin else "has no JSON file beside it"
            raise AnnotationError(
                f"{source.where}: there are JSON and CSV files, and {table} {what}; name those "
                f"that are meant as {source.where}.annotations"
            )
        report.leave_out(table, "a CSV file of which a JSON file says the same", twin or "")
        del left[table]
    return left


def _is_twin(table: str, file: str) -> bool:
    return file.lower().endswith(".json") and (
        PurePosixPath(file).with_suffix("") == PurePosixPath(table).with_suffix("")
    )


def _in_short(entries: Entries) -> list[bytes]:
    """Return what all entries say, in any order. A broken one says what no other does."""
    said = []
    for entry in entries:
        try:
            if isinstance(entry, AnnotationError):
                raise entry
            said.append(entry.read().in_short(entry.filename))
        except AnnotationError as error:
            said.append(str(error).encode())
    return sorted(said)


def _surveyed(
    by_file: dict[str, Entries], seen: Seen, survey: _Survey, report: Report
) -> dict[str, list[ViaEntry]]:
    """Return the images that can be read, by file. Others are rejected."""
    sound: dict[str, list[ViaEntry]] = {}
    for file, entries in by_file.items():
        sound[file] = []
        for entry in entries:
            seen.images += 1
            try:
                if isinstance(entry, AnnotationError):
                    raise entry
                image = entry.read()
            except AnnotationError as error:
                report.reject(file, str(error).removeprefix(f"{file}: "), error.kind)
                continue
            lost = len(image.regions)
            seen.annotations += lost
            sound[file].append(entry)
            if image.problem:
                survey.miscounted.add(id(entry))
            else:
                survey.look_at(image.regions)
    return sound


def _placed(
    source: Source, by_file: dict[str, list[ViaEntry]], present: Listing, report: Report
) -> dict[str, ViaEntry]:
    """Return the images by path. A name that no path can be, or two entries have, is rejected."""
    there = frozenset(present.images)
    by_path: dict[str, list[ViaEntry]] = defaultdict(list)
    for file, entries in by_file.items():
        folder = _folder(source, file, entries, present, there)
        for entry in entries:
            try:
                by_path[path_below(folder, _slashed(entry.filename))].append(entry)
            except AnnotationError as error:
                _refuse(entry, repr(entry.filename), str(error), error.kind, report)
    for path, same in by_path.items():
        for entry in same if len(same) > 1 else ():
            times = f"{path} is named {len(same)} times; merge the entries"
            _refuse(entry, path, times, "duplicate name", report)
    for path in present.images:
        if path not in by_path:
            report.leave_out(path, UNNAMED)
    return {path: same[0] for path, same in by_path.items() if len(same) == 1}


def _refuse(entry: ViaEntry, sample: str, reason: str, kind: str, report: Report) -> None:
    lost = len(entry.read().regions)
    report.reject(sample, f"{entry.file}: {reason}", kind, annotations=lost)


def _folder(
    source: Source,
    file: str,
    entries: list[ViaEntry],
    present: Listing,
    there: frozenset[str],
) -> str:
    """Return the folder that a file's names are relative to: its own, if an image is there."""
    if source.dataset.images:
        return PurePosixPath(source.dataset.images).as_posix()
    own = PurePosixPath(file).parent
    names = [_slashed(entry.filename) for entry in entries]
    if any((own / name).as_posix() in there for name in names):
        return own.as_posix()
    return image_folder(source, names, present.images)


def _slashed(name: str) -> str:
    return name.replace("\\", "/")


def _names(placed: dict[str, ViaEntry], attribute: str) -> tuple[str, ...]:
    names = set()
    for entry in placed.values():
        for region in entry.read().regions:
            try:
                names.add(class_of(region.attributes, attribute))
            except AnnotationError:
                continue  # rejected when its image's turn comes
    return tuple(sorted(names))


def _found(
    path: str, entry: ViaEntry, attribute: str, looked: Looked, report: Report
) -> FoundImage:
    """Return an image with its regions. Those that cannot be read are rejected."""
    image = entry.read()
    annotations: list[FoundAnnotation] = []
    places: list[str] = []
    for number, region in enumerate(image.regions, 1):
        try:
            annotations.append(_annotation(number, region, attribute))
        except AnnotationError as error:
            places = places or entry.places()
            where = f"{places[number - 1]}: region {number}"
            report.reject(path, f"{where}: {error}", error.kind, whole=False, annotations=1)
    if image.oddity:
        report.notice(path, "region_id does not count the regions from 0", image.oddity)
    if image.is_embedded:
        report.notice(path, "a VIA file holds an image, which is not read", entry.file)
    return FoundImage(
        path,
        entry.filename,
        f"{entry.file}#{entry.filename}",
        looked,
        annotations=tuple(annotations),
        lost=len(image.regions) - len(annotations),
        extras=compact({"attributes": image.attributes, "fileref": image.fileref}),
    )


def _annotation(number: int, region: ViaRegion, attribute: str) -> FoundAnnotation:
    if region.problem:
        raise AnnotationError(region.problem, "broken region")
    name = class_of(region.attributes, attribute)
    rest = {key: value for key, value in region.attributes.items() if key != attribute}
    return drawn(region.shape).annotation(number, name, {"attributes": rest} if rest else {})
