"""COCO's JSON file, object by object: a broken one is named and the others are read."""

import json
import re
from pathlib import Path
from typing import Annotated, TypeVar

import msgspec
import numpy as np

from Data_processing.convert.found import FoundRle
from Datasets.errors import AnnotationError

T = TypeVar("T")
Id = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
"""A whole number of 64 bits, as samples.parquet holds it."""
_TOO_DEEP = "lists or objects are nested too deeply to be read; take out what is not COCO"
_STRING = re.compile(rb'"((?:[^"\\]|\\.)*)"(\s*:)?')
_MARKS = re.compile(rb'"(N|Infini|-Infini)"')
_NO_NUMBER = re.compile(rb'"(?:[^"\\]|\\.)*"|NaN|-?Infinity')


class CocoImage(msgspec.Struct, frozen=True):
    """An entry of ``images``. The rest (licence, date, URL) says nothing of the pixels."""

    id: Id | str
    file_name: str
    width: int | None = None
    height: int | None = None


class CocoCategory(msgspec.Struct, frozen=True):
    """An entry of ``categories``."""

    id: Id
    name: str


class CocoKeys(msgspec.Struct, frozen=True):
    """What of an annotation must be known before the images can be walked through."""

    id: Id
    image_id: Id | str
    category_id: Id
    segmentation: msgspec.Raw = msgspec.Raw(b"null")


class CocoAnnotation(msgspec.Struct, frozen=True):
    """An entry of ``annotations``; bbox is x, y, width, height."""

    id: Id
    category_id: Id
    bbox: tuple[float, float, float, float]
    segmentation: list[tuple[float, ...]] | FoundRle | None = None
    iscrowd: int | bool | None = 0
    area: float | None = None


class CocoDocument(msgspec.Struct, frozen=True):
    """The file. ``annotations`` is None where not even an empty list stands: nobody looked."""

    images: list[msgspec.Raw]
    categories: list[CocoCategory] = []
    annotations: list[msgspec.Raw] | None = None


class CocoFile:
    """A COCO file in memory.

    Args:
        path: the file.
        name: what messages call it.

    Raises:
        AnnotationError: it is not JSON, not COCO, nested too deeply, or repeats a key at the top.
    """

    def __init__(self, path: Path, name: str) -> None:
        self.name = name
        self._content = path.read_bytes().removeprefix(b"\xef\xbb\xbf")
        self._cursor = 0
        self._had_no_numbers = False
        self.document = self._decoded()
        self._ends = np.flatnonzero(np.frombuffer(self._content, np.uint8) == ord("\n"))
        for key in (b"images", b"annotations", b"categories"):
            if len(re.findall(rb'"%b"\s*:' % key, self._content)) > 1:
                self._refuse_repeated_keys(self._content)

    def read(self, raw: msgspec.Raw, kind: type[T]) -> T:
        """Return one object of the file as ``kind``.

        Raises:
            AnnotationError: it lacks something, has a value of a wrong type, or a key twice; the
                line is named.
        """
        text = bytes(raw)
        strings = _STRING.findall(text)
        keys = [key for key, colon in strings if colon]
        try:
            if len(set(keys)) != len(keys) or any(b"\\" in key for key in keys):
                self._refuse_repeated_keys(text)
            return msgspec.json.decode(text, type=kind)
        except RecursionError:
            raise AnnotationError(f"{self.place(text)}: {_TOO_DEEP}") from None
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            what = str(error).replace(" - at `$.", " - at `")
            if self._had_no_numbers and _MARKS.search(text):
                what += "; NaN and Infinity are no numbers in JSON"
            raise AnnotationError(f"{self.place(text)}: {what}: {_shown(text)}") from None

    def owners(self, raw: msgspec.Raw) -> set[int | str]:
        """Return the image ids of an annotation that ``read`` refused: none, one or several.

        Raises:
            AnnotationError: it is nested too deeply to tell.
        """
        text = bytes(raw).decode("utf-8", "replace")
        try:
            pairs = json.loads(text, object_pairs_hook=list, parse_int=_whole, strict=False)
        except RecursionError:
            raise AnnotationError(f"{self.place(bytes(raw))}: {_TOO_DEEP}") from None
        except ValueError:
            return set()
        if not isinstance(pairs, list):
            return set()
        named = [pair[1] for pair in pairs if isinstance(pair, tuple) and pair[0] == "image_id"]
        return {one for one in named if isinstance(one, int | str) and not isinstance(one, bool)}

    def place(self, text: bytes) -> str:
        """Return file and line of a part of the file."""
        offset = self._content.find(text, self._cursor)
        if offset < 0:
            offset = self._content.find(text)
        self._cursor = max(offset, 0)  # places are asked for in the order of the file, mostly
        return f"{self.name}:{int(np.searchsorted(self._ends, self._cursor)) + 1}"

    def _decoded(self) -> CocoDocument:
        try:
            return msgspec.json.decode(self._content, type=CocoDocument)
        except RecursionError:
            raise AnnotationError(f"{self.name}: {_TOO_DEEP}") from None
        except msgspec.ValidationError as error:
            raise AnnotationError(f"{self.name}: not a COCO file: {error}") from None
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            mended = _NO_NUMBER.sub(_as_text, self._content)
            if mended == self._content:
                raise AnnotationError(f"{self._at(str(error))}: not JSON: {error}") from None
        self._content = mended
        self._had_no_numbers = True
        return self._decoded()

    def _at(self, message: str) -> str:
        found = re.search(r"byte (\d+)", message)
        offset = int(found[1]) if found else len(self._content)
        line = self._content.count(b"\n", 0, offset) + 1
        return f"{self.name}:{line}"

    def _refuse_repeated_keys(self, text: bytes) -> None:
        def pairs(each: list[tuple[str, object]]) -> None:
            seen: set[str] = set()
            for key, _ in each:
                if key in seen:
                    raise AnnotationError(
                        f"{self.place(text)}: the key '{key}' occurs twice in one object"
                    )
                seen.add(key)

        try:
            json.loads(text, object_pairs_hook=pairs, parse_int=_whole)
        except RecursionError:
            raise AnnotationError(f"{self.place(text)}: {_TOO_DEEP}") from None


def _whole(digits: str) -> int | str:
    """Return a whole number; one longer than any id stays text, as Python refuses to read it."""
    return int(digits) if len(digits) <= 20 else digits


def _as_text(found: re.Match[bytes]) -> bytes:
    """Return NaN and Infinity as text of their length, to be found wanting where they stand."""
    word = found[0]
    return word if word.startswith(b'"') else b'"' + word[: len(word) - 2] + b'"'


def _shown(text: bytes) -> str:
    shown = " ".join(text.decode("utf-8", "replace").split())
    return shown if len(shown) <= 80 else shown[:77] + "..."
