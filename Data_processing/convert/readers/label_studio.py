"""Label Studio: tasks in JSON or JSON_MIN, with regions in percent, brushes and choices."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import PurePosixPath

import msgspec

from Data_processing.convert.files import annotation_files, read_below
from Data_processing.convert.found import (
    BOXES,
    LABELLED,
    NOBODY_LOOKED,
    REGIONS,
    UNNAMED,
    Extraction,
    FoundAnnotation,
    FoundImage,
    Looked,
    Seen,
    Source,
)
from Data_processing.convert.labels import check_name
from Data_processing.convert.readers.label_studio_images import (
    Frames,
    ImageFiles,
    check_one,
    image_in,
    other_sides,
)
from Data_processing.convert.readers.label_studio_results import Region, Said, annotation, said
from Data_processing.convert.readers.label_studio_tasks import Task, read_task, tasks_in
from Data_processing.convert.report import Report
from Data_processing.convert.strict_json import Json, compact
from Datasets.errors import AnnotationError


class _Entry(msgspec.Struct, frozen=True):
    """A task that is read when its image's turn comes."""

    text: Json
    raw: msgspec.Raw


class _Drawn(msgspec.Struct, frozen=True):
    """A region, and the annotation that it is."""

    region: Region
    annotation: FoundAnnotation


class _Survey(msgspec.Struct):
    """What must be known of all tasks before the images can be walked through."""

    names: set[str] = set()
    has_areas: bool = False
    has_regions: bool = False
    predicted: int = 0
    drafted: int = 0

    def look_at(self, task: Task, told: Said) -> None:
        self.predicted += bool(task.predicted)
        self.drafted += bool(task.drafted)
        self.names.update(told.labels)
        for region in told.regions:
            self.has_areas |= region.is_area()
            self.has_regions = True
            try:
                self.names.add(region.name())
            except AnnotationError:
                continue  # rejected when its image's turn comes

    def looked(self) -> Looked:
        """Return what somebody looked for who annotated a task."""
        return REGIONS if self.has_areas else BOXES if self.has_regions else LABELLED

    def notes(self) -> list[str]:
        """Return a clause for each sort of what stands in tasks and is not read."""
        unread = {"predictions": self.predicted, "drafts": self.drafted}
        return [f"{n:,} tasks with {what}, not read" for what, n in unread.items() if n]


def extract(source: Source, report: Report) -> Extraction:
    """Return the images that the tasks are about. Predictions and drafts are not annotations.

    Raises:
        AnnotationError: there is no file of Label Studio, or one is broken as a whole.
    """
    present = source.present(report)
    seen, survey = Seen(), _Survey(set())
    folder = PurePosixPath(source.dataset.images).as_posix() if source.dataset.images else ""
    files = ImageFiles(present.images, folder)
    by_path: dict[str, list[_Entry]] = defaultdict(list)
    for text in _texts(source, annotation_files(source, present, (".json",)), report):
        for raw in tasks_in(text):
            path = _surveyed(_Entry(text, raw), files, seen, survey, report)
            if path is not None:
                by_path[path].append(_Entry(text, raw))
    for path in present.images:
        if path not in by_path:
            report.leave_out(path, UNNAMED)
    images = _images(by_path, survey.looked(), Frames(source), report)
    return Extraction(images, seen, tuple(sorted(survey.names)), notes=survey.notes())


def _texts(source: Source, files: list[str], report: Report) -> list[Json]:
    texts = []
    for file in files:
        text = Json(read_below(source.root, file), file)
        if tasks_in(text):
            texts.append(text)
        elif source.dataset.annotations:
            raise AnnotationError(
                f"{file}: not a list of Label Studio's tasks; correct {source.where}.annotations"
            )
        else:
            report.leave_out(file, "a file that is not of Label Studio")
    if not texts:
        raise AnnotationError(
            f"{source.where}: none of {len(files)} JSON files below {source.root} is a list of "
            "Label Studio's tasks; export it as JSON"
        )
    return texts


def _surveyed(
    entry: _Entry, files: ImageFiles, seen: Seen, survey: _Survey, report: Report
) -> str | None:
    """Return the path of a task's image, or None if it is rejected as a whole."""
    seen.images += 1
    place = entry.text.name
    lost = 0
    try:
        task = read_task(entry.text, entry.raw)
        place = f"{entry.text.name}#{task.id}"
        told = said(task.results())
        lost = sum(len(said(one).regions) for one in task.judged)
        seen.annotations += lost
        path = files.find(image_in(task.data))
        check_one(task, path, files)
        if task.problem is not None:
            raise task.problem
        for label in told.labels:
            check_name(label)
    except AnnotationError as error:
        reason = str(error).removeprefix(f"{entry.text.name}: ")
        report.reject(place, reason, error.kind, annotations=lost)
        return None
    survey.look_at(task, told)
    if task.skipped:
        report.leave_out(path, "an annotation that was cancelled", f"{task.skipped} in {place}")
    if task.outranked:
        report.leave_out(
            path, "an annotation beside the ground truth", f"{task.outranked} in {place}"
        )
    for key in task.unclear:
        report.notice(path, f"JSON_MIN does not tell if '{key}' is a choice: kept as data", place)
    return path


def _images(
    by_path: dict[str, list[_Entry]], looked: Looked, frames: Frames, report: Report
) -> Iterator[FoundImage]:
    for path in sorted(by_path):
        entries = by_path[path]
        tasks = [read_task(entry.text, entry.raw) for entry in entries]
        if len(entries) == 1:
            yield _found(path, entries[0].text.name, tasks[0], looked, frames, report)
            continue
        for entry, task in zip(entries, tasks, strict=True):
            reason = f"{path} is named {len(entries)} times; merge the entries"
            lost = len(said(task.results()).regions)
            where = f"{entry.text.name}#{task.id}"
            report.reject(path, f"{where}: {reason}", "duplicate name", annotations=lost)


def _found(
    path: str, file: str, task: Task, looked: Looked, frames: Frames, report: Report
) -> FoundImage:
    """Return an image with its regions. Those that cannot be read are rejected."""
    told = said(task.results())
    drawn: list[_Drawn] = []
    for number, region in enumerate(told.regions, 1):
        try:
            drawn.append(_Drawn(region, annotation(region, number)))
        except AnnotationError as error:
            _reject(path, file, task, region, number, error, report)
    sides = frames.of(path, Counter(one.region.sides() for one in drawn))
    annotations: list[FoundAnnotation] = []
    for one in drawn:
        if one.region.sides() == sides:
            annotations.append(one.annotation)
        else:
            differ = other_sides(one.region.sides(), sides)
            _reject(path, file, task, one.region, one.annotation.id, differ, report)
    name = image_in(task.data)
    width, height = sides or (None, None)
    rest = {key: value for key, value in task.data.items() if value != name}
    extras = {
        "attributes": told.attributes,
        "data": rest,
        "meta": task.meta,
        "relations": list(told.relations),
    }
    return FoundImage(
        path,
        name,
        f"{file}#{task.id}",
        looked if task.judged else NOBODY_LOOKED,
        told.labels,
        tuple(annotations),
        width,
        height,
        lost=len(told.regions) - len(annotations),
        extras=compact(extras),
    )


def _reject(
    path: str,
    file: str,
    task: Task,
    region: Region,
    number: int,
    error: AnnotationError,
    report: Report,
) -> None:
    reason = f"{file}#{task.id}: region {region.id or number}: {error}"
    report.reject(path, reason, error.kind, whole=False, annotations=1)
