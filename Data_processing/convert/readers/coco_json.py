"""COCO's JSON file, object by object: a broken one is named and the others are read."""

import json
import mmap
import re
from collections import Counter
from pathlib import Path
from typing import TypeVar

import msgspec
import numpy as np

from Data_processing.convert.readers.coco_schema import CocoAbout, CocoCategory
from Data_processing.convert.readers.coco_text import mapped, with_text_for_no_numbers
from Data_processing.convert.readers.json_spans import Spans, spans_of
from Data_processing.convert.strict_json import check_halves, shown
from Datasets.errors import AnnotationError

T = TypeVar("T")
REMEMBERED = 100_000
"""Objects that are read before the memory of the file's pages is given back."""
LINE_BLOCK = 1 << 16
"""Bytes whose lines are counted at once, where a line's number is asked for."""
FORGOTTEN_BLOCKS = 1 << 8
"""Blocks whose lines are counted before the memory of the file's pages is given back."""
LONGEST_PART = 1 << 25
"""Bytes of a part beside images and annotations in which keys are looked at one by one."""
_NONE = np.zeros((0, 2), np.int64)
_TOO_DEEP = "lists or objects are nested too deeply to be read; take out what is not COCO"
# Possessive, as what could be tried anew is remembered by the character.
_STRING = re.compile(rb'"([^"\\]*+(?:\\.[^"\\]*+)*+)"(\s*+:)?')


class _Outline(msgspec.Struct, frozen=True):
    """What must be there for a file to be COCO."""

    images: msgspec.Raw
    categories: list[CocoCategory] = []
    annotations: msgspec.Raw = msgspec.Raw(b"null")


class CocoFile:
    """A COCO file, mapped into memory.

    ``images`` and ``annotations`` are (n, 2) int64, start and end of each; ``has_annotations``
    tells whether there is a list of them, be it empty: else nobody looked.

    Args:
        root: the data set's raw folder.
        name: the file, below it.

    Raises:
        AnnotationError: it is not text in UTF-8, not JSON, not COCO, nested too deeply, or repeats
            a key at the top.
    """

    def __init__(self, root: Path, name: str) -> None:
        self.name = name
        self._as_written: mmap.mmap | bytes | None = None
        self._lines: list[int] = []
        self._content = mapped(root, name)
        self._start = 3 if self._content[:3] == b"\xef\xbb\xbf" else 0
        outline = self._decoded()
        self.categories = outline.categories
        self._read = 0
        self._forget()
        spans = spans_of(np.frombuffer(self._content, np.uint8), self._start, self._forget)
        self._keys = [self._key(start, end) for start, end in spans.keys.tolist()]
        for key, times in Counter(self._keys).items():
            if times > 1:
                raise AnnotationError(
                    f"{self.name}: the key '{key}' occurs twice at the top; join the two",
                    "repeated key",
                )
        self._values = spans.values
        self.images = self._elements(spans, "images")
        self.has_annotations = bytes(memoryview(outline.annotations)[:4]) != b"null"
        self.annotations = self._elements(spans, "annotations") if self.has_annotations else _NONE

    def text(self, span: np.ndarray) -> bytes:
        """Return a part of the file."""
        self._read += 1
        if self._read % REMEMBERED == 0:
            self._forget()
        start, end = span.tolist()
        return self._content[start:end]

    def read(self, span: np.ndarray, kind: type[T]) -> T:
        """Return one object of the file as ``kind``, its keys looked at one by one.

        Raises:
            AnnotationError: it lacks something, has a value of a wrong type, or a key twice; the
                line is named.
        """
        text = self.text(span)
        self._check_text(span, text)
        keys = [found[1] for found in _STRING.finditer(text) if found[2]]
        if len(set(keys)) != len(keys) or (b"\\" in text and any(b"\\" in key for key in keys)):
            self._refuse_repeated_keys(span)
        return self.read_again(span, kind)

    def read_again(self, span: np.ndarray, kind: type[T]) -> T:
        """Return one object as ``kind`` whose keys were looked at before.

        Raises:
            AnnotationError: it lacks something or has a value of a wrong type; the line is named.
        """
        text = self.text(span)
        try:
            return msgspec.json.decode(text, type=kind)
        except RecursionError:
            raise AnnotationError(f"{self.place(span)}: {_TOO_DEEP}", "too deep") from None
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            what = str(error).replace(" - at `$.", " - at `")
            raise AnnotationError(
                f"{self.place(span)}: {what}: {shown(text)}; mend it, or take the entry out"
            ) from None

    def parts(self, span: np.ndarray, known: frozenset[str]) -> dict[str, msgspec.Raw]:
        """Return what an object has under other keys than the known ones.

        Raises:
            AnnotationError: a number in it is beyond all that can be read; the line is named.
        """
        every = msgspec.json.decode(self.text(span), type=dict[str, msgspec.Raw])
        more = {key: every[key] for key in every if key not in known}
        for key, value in more.items():
            self._check_numbers(span, key, value)
        return more

    def about(self) -> CocoAbout:
        """Return what the file says beside images and annotations.

        Raises:
            AnnotationError: it is no UTF-8, says NaN, has a key twice in one object, or a number
                beyond all that can be read.
        """
        document = {}
        for key, span in zip(self._keys, self._values, strict=True):
            if key not in ("images", "annotations"):
                text = self.text(span)
                self._check_text(span, text)
                if len(text) <= LONGEST_PART:
                    self._refuse_repeated_keys(span, f" in '{key}':")
                    self._check_numbers(span, key, msgspec.Raw(text))
                document[key] = msgspec.Raw(text)
        return CocoAbout(self.name, self.has_annotations, document)

    def owners(self, span: np.ndarray) -> set[int | str]:
        """Return the image ids of an annotation that ``read`` refused: none, one or several.

        Raises:
            AnnotationError: it is nested too deeply to tell.
        """
        text = self.text(span).decode("utf-8", "replace")
        try:
            pairs = json.loads(text, object_pairs_hook=list, parse_int=_whole, strict=False)
        except RecursionError:
            raise AnnotationError(f"{self.place(span)}: {_TOO_DEEP}") from None
        except ValueError:
            return set()
        if not isinstance(pairs, list):
            return set()
        named = [pair[1] for pair in pairs if isinstance(pair, tuple) and pair[0] == "image_id"]
        return {one for one in named if isinstance(one, int | str) and not isinstance(one, bool)}

    def place(self, span: np.ndarray) -> str:
        """Return file and line of a part of the file."""
        if not self._lines:
            self._lines = self._lines_before()
        start = int(span[0])
        start += len(self.text(span)) - len(self.text(span).lstrip())
        block = start // LINE_BLOCK
        line = self._lines[block] + self._content[block * LINE_BLOCK : start].count(b"\n") + 1
        return f"{self.name}:{line}"

    def _lines_before(self) -> list[int]:
        """Return how many lines end before each block of the file."""
        before = [0]
        for start in range(0, len(self._content), LINE_BLOCK):
            before.append(before[-1] + self._content[start : start + LINE_BLOCK].count(b"\n"))
            if len(before) % FORGOTTEN_BLOCKS == 0:
                self._forget()
        return before

    def _forget(self) -> None:
        """Give back the memory of what was read; it is mapped again where it is asked for."""
        if isinstance(self._content, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
            self._content.madvise(mmap.MADV_DONTNEED)

    def _check_text(self, span: np.ndarray, text: bytes) -> None:
        """Return nothing if ``text``, which stands at ``span``, is UTF-8 without NaN or Infinity.

        Raises:
            AnnotationError: it is not; the line is named.
        """
        if not text.isascii():
            try:
                text.decode()
            except UnicodeDecodeError as error:
                where = self.place(span)
                raise AnnotationError(
                    f"{where}: not UTF-8: {error}; save the file as UTF-8", "not UTF-8"
                ) from None
        if self._as_written is not None:
            before = self._as_written[int(span[0]) : int(span[1])]
            if before != text:
                raise AnnotationError(
                    f"{self.place(span)}: NaN and Infinity are no numbers in JSON: {shown(before)}",
                    "no number",
                )

    def _check_numbers(self, span: np.ndarray, key: str, value: msgspec.Raw) -> None:
        """Return nothing if what stands under a key of no meaning to us can be read all the same.

        Raises:
            AnnotationError: a number is beyond all floats, or whole and longer than Python reads;
                the line is named.
        """
        try:
            msgspec.json.decode(value)
        except RecursionError:
            raise AnnotationError(f"{self.place(span)}: {_TOO_DEEP}", "too deep") from None
        except msgspec.DecodeError:
            raise AnnotationError(
                f"{self.place(span)}: '{key}' has a number beyond all that can be read: "
                f"{shown(bytes(value))}; mend it, or take it out",
                "no number",
            ) from None

    def _decoded(self) -> _Outline:
        try:
            return msgspec.json.decode(memoryview(self._content)[self._start :], type=_Outline)
        except RecursionError:
            raise AnnotationError(f"{self.name}: {_TOO_DEEP}", "too deep") from None
        except msgspec.ValidationError as error:
            raise AnnotationError(
                f"{self.name}: not a COCO file: {error}; is it of another format?", "not COCO"
            ) from None
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            mended = with_text_for_no_numbers(self._content)
            if mended is None:
                check_halves(self._content, self.name)
                raise AnnotationError(
                    f"{self._at(str(error))}: not JSON: {error}", "not JSON"
                ) from None
        self._as_written, self._content = self._content, mended
        return self._decoded()

    def _key(self, start: int, end: int) -> str:
        try:
            return msgspec.json.decode(self._content[start:end], type=str)
        except UnicodeDecodeError as error:
            where = self.place(np.array((start, end)))
            raise AnnotationError(
                f"{where}: not UTF-8: {error}; save the file as UTF-8", "not UTF-8"
            ) from None

    def _elements(self, spans: Spans, key: str) -> np.ndarray:
        index = self._keys.index(key)
        start, end = spans.values[index].tolist()
        if self._content[start : start + 1] != b"[":
            raise AnnotationError(f"{self.name}: not a COCO file: {key} is no list", "not COCO")
        elements = spans.elements(index)
        is_empty = len(elements) == 1 and not self._content[start + 1 : end - 1].strip()
        return _NONE if is_empty else elements

    def _at(self, message: str) -> str:
        found = re.search(r"byte (\d+)", message)
        offset = self._start + int(found[1]) if found else len(self._content)
        line = self._content[:offset].count(b"\n") + 1
        return f"{self.name}:{line}"

    def _refuse_repeated_keys(self, span: np.ndarray, what: str = "") -> None:
        def pairs(each: list[tuple[str, object]]) -> None:
            seen: set[str] = set()
            for key, _ in each:
                if key in seen:
                    raise AnnotationError(
                        f"{self.place(span)}:{what} the key '{key}' occurs twice in one object; "
                        "remove one",
                        "repeated key",
                    )
                seen.add(key)

        try:
            json.loads(self.text(span), object_pairs_hook=pairs, parse_int=_whole)
        except RecursionError:
            raise AnnotationError(f"{self.place(span)}: {_TOO_DEEP}", "too deep") from None
        except ValueError as error:
            raise AnnotationError(f"{self.place(span)}: not JSON: {error}", "not JSON") from None


def _whole(digits: str) -> int | str:
    """Return a whole number; one longer than any id stays text, as Python refuses to read it."""
    return int(digits) if len(digits) <= 20 else digits
