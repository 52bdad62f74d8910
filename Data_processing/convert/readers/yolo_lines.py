"""The lines of a YOLO label file. What a line is, its count of numbers tells."""

import math
from collections.abc import Callable

import msgspec

from Data_processing.convert.found import FoundAnnotation
from Data_processing.convert.readers.yolo_names import ClassFile
from Datasets.errors import AnnotationError
from Datasets.rejections import SHOWN

Refuse = Callable[[str, str], None]
"""Takes the sentence and the kind of a line that cannot be read."""
MAX_SHARE = 2.0
"""Coordinates are shares of the frame. Far more than all of it are pixels, or broken."""


class Lines(msgspec.Struct, frozen=True):
    """Reads label files under the names of one class file."""

    classes: ClassFile

    def read(self, content: bytes, file: str, refuse: Refuse) -> list[FoundAnnotation]:
        """Return the objects of one label file; an object's id is its line.

        Args:
            content: the file, ASCII, perhaps with a byte order mark.
            file: its name, for messages.
            refuse: is told of lines that cannot be read.
        """
        found = []
        for number, line in enumerate(content.removeprefix(b"\xef\xbb\xbf").splitlines(), 1):
            words = line.split()
            if not words:
                continue
            try:
                found.append(self._object(words, number))
            except AnnotationError as error:
                refuse(f"{file}:{number}: {error}", error.kind)
        return found

    def _object(self, words: list[bytes], line: int) -> FoundAnnotation:
        first, *numbers = _numbers(words)
        if max(map(abs, numbers), default=0.0) > MAX_SHARE:
            _refuse_pixels(numbers)
        name = self._name(first, words[0])
        count = len(numbers)
        if count == 4:
            return FoundAnnotation(line, name, _corners(numbers))
        if self.classes.points is not None:
            return self._posed(line, name, numbers)
        if count == 5:  # with the confidence of the network that found it
            if not math.isfinite(numbers[4]):
                raise AnnotationError("its confidence is no finite number", "no number")
            score = msgspec.json.encode({"score": numbers[4]}).decode()
            return FoundAnnotation(line, name, _corners(numbers), extras=score)
        if count >= 6 and count % 2 == 0:
            return FoundAnnotation(line, name, polygons=(tuple(numbers),))
        raise AnnotationError(
            f"a class and {count} numbers are neither a box (4, or 5 with a confidence) nor a "
            "polygon (x and y of three points or more); mend the line",
            "broken line",
        )

    def _name(self, number: float, word: bytes) -> str:
        key: int = number  # type: ignore[assignment]  # 2.0 finds 2, and 2.5 or nan finds nothing
        name = self.classes.names.get(key)
        if name is not None:
            return name
        why = self.classes.unusable.get(key)
        if why is not None:
            raise AnnotationError(f"{self.classes.file}: class {number:g}: {why}", "bad class name")
        known = sorted(self.classes.names)
        told = f"names {', '.join(map(str, known[:SHOWN]))}" if known else "names none"
        told += f" and {len(known) - SHOWN:,} more" if len(known) > SHOWN else ""
        raise AnnotationError(
            f"the class {_shown(word)} is unknown, {self.classes.file} {told}; add its name, "
            "or mend the line",
            "unknown class",
        )

    def _posed(self, line: int, name: str, numbers: list[float]) -> FoundAnnotation:
        count, size = self.classes.points or (0, 0)
        if len(numbers) != 4 + count * size:
            raise AnnotationError(
                f"a class and {len(numbers)} numbers are no box with {count} keypoints of {size} "
                f"numbers (4 + {count * size}), as {self.classes.file} has it in kpt_shape",
                "broken line",
            )
        points: list[float] = []
        for i in range(4, len(numbers), size):
            points += _keypoint(numbers[i : i + size])
        return FoundAnnotation(line, name, _corners(numbers), keypoints=tuple(points))


def _keypoint(written: list[float]) -> tuple[float, float, float]:
    """Return x, y, v. Two numbers have no v: negative ones say that a point is not labelled."""
    if len(written) == 3:
        return written[0], written[1], written[2]
    x, y = written
    return (0.0, 0.0, 0.0) if x < 0 or y < 0 else (x, y, 2.0)


def _corners(numbers: list[float]) -> tuple[float, float, float, float]:
    """Return the corners of a box written as YOLO does: its centre, its width, its height."""
    x, y, width, height = numbers[:4]
    return x - width / 2, y - height / 2, x + width / 2, y + height / 2


def _numbers(words: list[bytes]) -> list[float]:
    try:
        if b"_" not in b"".join(words):  # Python's own way to write 1_000, nobody else's
            return list(map(float, words))
    except ValueError:
        pass
    wrong = next(word for word in words if not _is_number(word))
    raise AnnotationError(
        f"{_shown(wrong)} is no number; a line is a class number and coordinates", "broken line"
    )


def _is_number(word: bytes) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return b"_" not in word


def _refuse_pixels(numbers: list[float]) -> None:
    for number in numbers:
        if MAX_SHARE < abs(number) < math.inf:
            raise AnnotationError(
                f"{number:g} is no share of the frame, which goes from 0 to 1; divide pixels by "
                "the image's width and height",
                "pixels, not shares",
            )


def _shown(word: bytes) -> str:
    text = word.decode("latin-1")
    return ascii(text if len(text) <= 20 else f"{text[:17]}...")
