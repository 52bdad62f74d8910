"""Label Studio's tasks: of the export JSON and of JSON_MIN, with the one annotation that counts."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from Data_processing.convert.strict_json import Json
from Datasets.errors import AnnotationError

Side = int | None
_ABOUT_TASKS = frozenset(
    {"id", "annotator", "annotation_id", "created_at", "updated_at", "lead_time", "agreement"}
)
"""Keys of JSON_MIN that are neither data nor results."""
_LIKELY_CHOICES = frozenset({"choice", "choices"})
"""Names under which JSON_MIN may have a choice as bare text, as Label Studio's templates do."""


class Result(msgspec.Struct, frozen=True):
    """One entry of ``result``: a part of a region, something said of the image, or a relation."""

    type: str = ""
    value: dict[str, object] = {}
    id: str | int | None = None
    from_name: str = ""
    to_name: str = ""
    item_index: int | None = None  # which of a tag's several images
    original_width: Side = None
    original_height: Side = None
    image_rotation: float | None = 0.0
    score: float | None = None
    meta: dict[str, object] | None = None
    parent: str | None = msgspec.field(default=None, name="parentID")
    from_id: str | None = None
    to_id: str | None = None
    direction: str | None = None
    labels: list[str] | None = None

    def told(self) -> object:
        """Return what it says, of results that draw nothing."""
        if self.type in ("choices", "taxonomy"):
            return self.chosen()
        value = self.value.get("text" if self.type == "textarea" else self.type)
        return self.value if value is None else value

    def chosen(self) -> list[str]:
        """Return choices, or the ways down a taxonomy as a/b/c."""
        value = self.value.get(self.type)
        ways = value if isinstance(value, list) else [] if value is None else [value]
        return ["/".join(map(str, way)) if isinstance(way, list) else str(way) for way in ways]


def answers(results: Iterable[Result]) -> dict[str, object]:
    """Return what results say, by control. One that answers again has all it says in a list."""
    told: dict[str, list[object]] = {}
    for one in results:
        told.setdefault(one.from_name or one.type, []).append(one.told())
    return {control: each[0] if len(each) == 1 else _joined(each) for control, each in told.items()}


def _joined(several: Iterable[object]) -> list[object]:
    return [one for each in several for one in (each if isinstance(each, list) else [each])]


class _Judgement(msgspec.Struct, frozen=True):
    """One annotation: what one person said of the task."""

    id: int | str | None = None
    result: list[msgspec.Raw] | None = None
    was_cancelled: bool | None = False
    ground_truth: bool | None = False


class _Task(msgspec.Struct, frozen=True):
    data: dict[str, object] | None = None
    id: int | str | None = None
    annotations: list[_Judgement] | None = None
    completions: list[_Judgement] | None = None  # what they were called before version 1
    predictions: list[msgspec.Raw] | None = None
    drafts: list[msgspec.Raw] | None = None
    meta: dict[str, object] | None = None

    def judgements(self) -> Sequence[_Judgement]:
        return self.annotations or self.completions or ()


Results = tuple[Result | AnnotationError, ...]


class Task(msgspec.Struct, frozen=True):
    """A task with the results that count, one tuple an annotation; none if nobody annotated it.

    What could not be read stands among them as the error that it gives. ``problem`` says why it
    cannot be told which annotation counts. ``skipped`` counts those that were cancelled,
    ``outranked`` those beside the ground truth. ``unclear`` are texts of JSON_MIN that may be
    choices.
    """

    id: str
    data: Mapping[str, object]
    judged: tuple[Results, ...] = ()
    problem: AnnotationError | None = None
    skipped: int = 0
    outranked: int = 0
    predicted: int = 0
    drafted: int = 0
    meta: Mapping[str, object] = {}
    unclear: tuple[str, ...] = ()

    def results(self) -> Results:
        """Return the results of the one annotation that counts."""
        return self.judged[0] if len(self.judged) == 1 else ()


def tasks_in(text: Json) -> list[msgspec.Raw]:
    """Return the tasks of a file; none if it is not Label Studio's."""
    entries = text.shaped(list[msgspec.Raw]) or []
    return entries if any(map(_is_task, entries)) else []


def _is_task(raw: msgspec.Raw) -> bool:
    try:
        keys = msgspec.json.decode(raw, type=dict[str, msgspec.Raw]).keys()
    except msgspec.ValidationError:
        return False
    return bool(keys & {"data", "annotation_id"})


def read_task(text: Json, raw: msgspec.Raw) -> Task:
    """Return a task.

    Raises:
        AnnotationError: something of it has a wrong type; the line is named.
    """
    task = text.read(raw, _Task)
    if task.data is None:
        return _from_min(text, raw)
    live = [one for one in task.judgements() if not one.was_cancelled]
    true = [one for one in live if one.ground_truth]
    chosen = true if len(true) == 1 else live
    problem = None
    if len(chosen) > 1:
        problem = AnnotationError(
            f"it has {len(chosen)} annotations ({', '.join(str(one.id) for one in chosen)}), one "
            "is expected: mark one as the ground truth, or cancel the others",
            "several annotations",
        )
    return Task(
        str(task.id),
        task.data,
        tuple(tuple(_result(text, one) for one in each.result or ()) for each in chosen),
        problem,
        skipped=len(task.judgements()) - len(live),
        outranked=len(live) - len(chosen),
        predicted=len(task.predictions or ()),
        drafted=len(task.drafts or ()),
        meta=task.meta or {},
    )


def _result(text: Json, raw: msgspec.Raw) -> Result | AnnotationError:
    try:
        return text.read(raw, Result)
    except AnnotationError as error:
        return error


def _from_min(text: Json, raw: msgspec.Raw) -> Task:
    """Return a task of JSON_MIN: data and results stand side by side, by their names.

    What is a dict, or a list of dicts, that says its type is a result; the rest is data.
    """
    fields = text.read(raw, dict[str, object])
    results: list[Result | AnnotationError] = []
    data: dict[str, object] = {}
    unclear = []
    for key, value in fields.items():
        if key in _ABOUT_TASKS:
            continue
        entries = value if isinstance(value, list) else [value]
        found = [_min_result(key, one) for one in entries]
        if found and None not in found:
            results += [one for one in found if one is not None]
        elif key in _LIKELY_CHOICES and isinstance(value, str):
            results.append(Result("choices", {"choices": [value]}, from_name=key))
        else:
            data[key] = value
            if isinstance(value, str) and "/" not in value:
                unclear.append(key)
    return Task(str(fields.get("id")), data, (tuple(results),), unclear=tuple(unclear))


def _min_result(key: str, value: object) -> Result | AnnotationError | None:
    if not isinstance(value, dict):
        return None
    kinds = [each for each in value if each in ("choices", "taxonomy") or each.endswith("labels")]
    if len(kinds) != 1:
        return None
    frame = {side: value.get(side) for side in ("original_width", "original_height")}
    try:
        return msgspec.convert(
            {"type": kinds[0], "value": value, "from_name": key, **frame}, Result
        )
    except msgspec.ValidationError as error:
        return AnnotationError(f"{key}: {error}", "broken region")
