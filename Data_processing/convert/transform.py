"""From what a reader found to the fixed format: one image in, one sample or several out."""

from pathlib import Path

import msgspec
import numpy as np

from Data_processing.convert import drawing, embedded, mask_files
from Data_processing.convert.canonical import Canonical, Made, refused
from Data_processing.convert.corrections import Corrections, State
from Data_processing.convert.draft import Draft, Masks, written
from Data_processing.convert.found import FoundAnnotation, FoundImage, FoundMask
from Data_processing.convert.geometry import keypoints_inside
from Data_processing.convert.inspect import Inspected
from Data_processing.convert.labels import Renamer
from Data_processing.convert.nodata import nodata_of
from Data_processing.convert.objects import Checked, Kept, checked
from Data_processing.convert.orientation import Frame, frame_of, is_unclear
from Data_processing.convert.parts import cut_out
from Data_processing.convert.placing import as_seen
from Data_processing.convert.report import NOTHING_LEFT, UNCLEAR_FRAME, Change
from Datasets.dataset import Dataset
from Datasets.errors import AnnotationError, ImageError
from Datasets.params import nearest
from Datasets.regions import IGNORE, MAX_CLASSES
from Datasets.rejections import Rejection


class ToCanonical(msgspec.Struct, frozen=True):
    """The transform of ``Ingest``, under the rules of one data set.

    What is wrong is rejected, object by object. An image whose objects are all rejected is rejected
    too: it would look empty.

    Attributes:
        dataset: its name.
        options: its entry in params.yaml.
        root: its raw folder.
        corrections: what people said about it since.
    """

    dataset: str
    options: Dataset
    root: Path
    corrections: Corrections = Corrections()

    def classes(self, found: tuple[str, ...]) -> tuple[str, ...]:
        """Return the class names of the metadata, sorted, from those that the reader found."""
        names = Renamer(self.options.labels).every(found)
        return tuple(sorted({*names, *self.corrections.names()}))

    def check(self, found: tuple[str, ...], corrected: set[str], where: str) -> None:
        """Return nothing if all rules and corrections had something to do.

        Args:
            found: all class names that the reader found.
            corrected: samples that corrections were applied to.
            where: the data set's place in params.yaml.

        Raises:
            ParamsError: a rule speaks of a class that does not occur.
            AnnotationError: a correction speaks of a sample that does not exist.
        """
        Renamer(self.options.labels).check(found, where)
        self.corrections.check_used(corrected)

    def notes(self, found: tuple[str, ...]) -> list[str]:
        """Return what is odd about class names: those that a correction alone brings."""
        known = Renamer(self.options.labels).every(found)
        return [
            f"new class '{name}', by a correction alone; {nearest(name, known)}"
            for name in sorted({*self.corrections.names()} - set(known))
        ]

    def __call__(
        self, found: FoundImage, file: Inspected, classes: tuple[str, ...] | None
    ) -> Canonical:
        """Return the image in the fixed format.

        Args:
            found: the image.
            file: what its file was found to be.
            classes: names that masks may need, sorted; None where none is drawn.

        Raises:
            AnnotationError: a correction does not fit what is there now.
        """
        work = _Work(self, found, file, classes)
        try:
            work.read()
        except (AnnotationError, ImageError) as error:
            return refused(found, str(error).removeprefix(f"{found.file}: "), error.kind)
        if (work.rejected or found.lost) and not work.objects:
            reason = "none of its annotations could be taken over"
            work.rejected.append(Rejection(found.file, reason, kind=NOTHING_LEFT))
            return Canonical((), tuple(work.rejected), tuple(work.changes))
        try:
            made = work.samples()
        except ImageError as error:
            return refused(found, str(error).removeprefix(f"{found.file}: "), error.kind)
        return Canonical(
            tuple(made), tuple(work.rejected), tuple(work.changes), tuple(work.corrected)
        )


class _Work:
    """One image under way."""

    def __init__(
        self,
        rules: ToCanonical,
        found: FoundImage,
        file: Inspected,
        classes: tuple[str, ...] | None,
    ) -> None:
        self.rules, self.found, self.file, self.classes = rules, found, file, classes
        self.rename = Renamer(rules.options.labels)
        self.labels: tuple[str, ...] = ()
        self.objects: list[Kept] = []
        self.semantic: np.ndarray | None = None
        self.rejected: list[Rejection] = []
        self.changes: list[Change] = []
        self.corrected: list[str] = []

    def read(self) -> None:
        """Check everything that was found.

        Raises:
            AnnotationError: something is wrong with the image as a whole, or with its mask.
        """
        found, header = self.found, self.file.header
        frame = frame_of(found, header, self.rules.options.orientation)
        if frame is not None:
            self._note("turned", f"annotated as stored, turned by EXIF {header.orientation}", "")
        elif is_unclear(found, header, self.rules.options.orientation):
            self._note("noticed", UNCLEAR_FRAME, f"EXIF {header.orientation}")
        self.labels = tuple(sorted(name for raw in found.labels if (name := self._name(raw, ""))))
        for annotation in sorted(found.annotations, key=lambda one: one.id):
            try:
                self._take(annotation, frame)
            except (AnnotationError, ImageError) as error:
                place = annotation.place or f"{_file(found)}: annotation {annotation.id}"
                reason = f"{place}: {error}"
                self.rejected.append(Rejection(found.file, reason, False, 1, error.kind))
        if found.mask is not None and self.classes is not None:
            self._read_mask(found.mask, self.classes, frame)

    def _read_mask(self, mask: FoundMask, classes: tuple[str, ...], frame: Frame | None) -> None:
        if len(classes) > MAX_CLASSES:
            raise AnnotationError(
                f"an 8-bit mask holds at most {MAX_CLASSES} classes, there are {len(classes)}; "
                "ignore or join some by labels",
                "too many classes",
            )
        drawn = mask_files.semantic(
            self.rules.root, mask, classes, self.rename, self.file.header, frame
        )
        for raw in drawn.changed:
            self._name(raw, mask.file)
        self.semantic = drawn.pixels
        present = np.unique(drawn.pixels)
        names = {classes[i - 1] for i in present.tolist() if 0 < i < IGNORE}
        self.labels = tuple(sorted({*self.labels, *names}))

    def samples(self) -> list[Made]:
        """Return the samples that come of the image, corrected, their masks drawn.

        Raises:
            AnnotationError: a correction does not fit what is there now.
        """
        found, in_parts = self.found, self.rules.options.samples == "box"
        if found.labels and not self.labels and not self.objects:
            # Its labels went with it: what was said of each is said of the image.
            self.changes = [one for one in self.changes if one.action != "dropped" or one.detail]
            lost = len(found.annotations) - len(self.rejected) - self._dropped()
            self._note("dropped", "ignored by labels.ignore", "", images=1, annotations=lost)
            return []
        drafts = list(self._parts()) if in_parts else [self._whole()]
        kept = [after for draft in drafts if (after := self._corrected(draft, in_parts))]
        if in_parts and not kept:
            self._note("dropped", "no annotation to cut out as a sample", "", images=1)
        return [self._drawn(draft) for draft in kept]

    def _dropped(self) -> int:
        return sum(change.annotations for change in self.changes)

    def _take(self, raw: FoundAnnotation, frame: Frame | None) -> None:
        name = self.rename(raw.name)
        if name != raw.name:
            name = self._name(raw.name, f"annotation {raw.id}", annotations=1)
        if name is None:
            return
        one = as_seen(self.rules.root, self.found, raw, self.file.header, frame)
        result: Checked = checked(one, name, self.file.header, self.rules.options.outside)
        for note in result.notes:
            lost = int(note.action == "dropped")
            self._note(note.action, note.reason, note.detail, annotations=lost)
        if result.kept is not None:
            self.objects.append(result.kept)

    def _name(self, raw: str, detail: str, annotations: int = 0) -> str | None:
        """Return the final name of a class, or None; both are noted."""
        name = self.rename(raw)
        if name is None:
            reason = f"the class '{raw}' is ignored by labels.ignore"
            self._note("dropped", reason, detail, annotations=annotations)
        elif name != raw:
            self._note("renamed", f"'{raw}' is now '{name}'", detail)
        return name

    def _note(
        self, action: str, reason: str, detail: str, images: int = 0, annotations: int = 0
    ) -> None:
        change = Change(action, reason, self.found.file, detail, images, annotations)  # type: ignore[arg-type]
        self.changes.append(change)

    def _whole(self) -> Draft:
        found = self.found
        image = f"{found.file}#bands" if found.files else found.file
        return Draft(
            found,
            self.file,
            image,
            self.file.header,
            found.looked,
            self.labels,
            tuple(self.objects),
        )

    def _parts(self) -> list[Draft]:
        """Return a draft an object, in the order of ids as text of growing length."""
        ordered = sorted(self.objects, key=lambda one: (len(str(one.id)), str(one.id)))
        return [self._part(one) for one in ordered]

    def _part(self, one: Kept) -> Draft:
        draft = cut_out(self.rules.root, self.found, self.file, one)
        (part,) = draft.objects
        inside = keypoints_inside(part.keypoints, draft.header.width, draft.header.height)
        if inside == part.keypoints:
            return draft
        self._note("clipped", "keypoint outside the part", f"annotation {one.id}")
        part = msgspec.structs.replace(part, keypoints=inside)
        return msgspec.structs.replace(draft, objects=(part,))

    def _corrected(self, draft: Draft, in_parts: bool) -> Draft | None:
        sample = f"{self.rules.dataset}/{draft.image}"
        if sample not in self.rules.corrections.lines:
            return draft
        self.corrected.append(sample)
        state = State(draft.labels, draft.objects, self.found.mask is not None)
        after = self.rules.corrections.apply(sample, draft.file.sha256, draft.header, state)
        if in_parts:  # the image is still there, if other parts are
            self.changes += [msgspec.structs.replace(one, images=0) for one in after.changes]
        else:
            self.changes += after.changes
        if after.state is None:
            return None
        labels, objects, looked = after.state.labels, after.state.objects, draft.looked
        if labels != draft.labels:
            looked = msgspec.structs.replace(looked, labels=True)
        return msgspec.structs.replace(draft, labels=labels, objects=objects, looked=looked)

    def _drawn(self, draft: Draft) -> Made:
        found, options, header = self.found, self.rules.options, draft.header
        height, width = header.height, header.width
        semantic, instances = self.semantic, None
        regions = draft.looked.mask and found.mask is None and self.classes is not None
        if regions and (options.masks in ("semantic", "both") or draft.window):
            # Of what was cut out of a raster, the mask says which pixels are of the object.
            semantic = drawing.semantic(draft.objects, self.classes or (), height, width)
            if draft.objects and len(self.classes or ()) > MAX_CLASSES:
                self._note("noticed", f"no mask: 8 bits hold at most {MAX_CLASSES} classes", "")
        if regions and options.masks != "none" and draft.objects:
            bare = sum(not one.has_region() for one in draft.objects)
            if bare:
                self._note("noticed", "no mask, as an object has no region", f"{bare} objects")
        if regions and options.masks in ("instances", "both"):
            instances = drawing.instances(draft.objects, height, width)
        has_mask = semantic is not None
        if found.mask is None and not draft.objects:  # nothing to draw is no file
            semantic = instances = None
        nodata = nodata_of(self.rules.root, draft)
        if semantic is not None and nodata is not None:
            semantic[nodata] = IGNORE
        masks = Masks(
            f"masks/{draft.image}.png" if semantic is not None else None,
            f"instances/{draft.image}.png" if instances is not None else None,
            f"nodata/{draft.image}.png" if nodata is not None else None,
        )
        sample = written(draft, self.rules.dataset, masks, has_mask)
        content = None
        if found.embedded is not None:
            content = embedded.content(self.rules.root, found.embedded)
        return Made(sample, semantic, instances, nodata, content)


def _file(found: FoundImage) -> str:
    return found.source.partition("#")[0]
