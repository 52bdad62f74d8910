"""JSON of strangers: a key that occurs twice, NaN and broken text are named with their line."""

import json
import math
import mmap
import re
import sys
from collections.abc import Mapping
from typing import NoReturn, TypeVar

import msgspec
import pyarrow as pa

from Datasets.errors import AnnotationError

T = TypeVar("T")
BROKEN = "broken JSON"
_TOO_DEEP = "lists or objects are nested too deeply to be read"
# Possessive, as what could be tried anew is remembered by the character.
_TOKEN = re.compile(
    r'("[^"\\]*+(?:\\.[^"\\]*+)*+")(\s*+:)?|[{}\[\]]|NaN|-?Infinity|-?[0-9][0-9.eE+-]*+'
)
_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(u[dD][89a-fA-F]..)|.)"
)
"""What stands behind a backslash; the group is half of a surrogate pair (RFC 8259, 8.2)."""
_SHOWN = 80
_BLOCK = 1 << 12
"""Bytes of a text whose line breaks are counted at once, and not again for each place."""
_SORTED = msgspec.json.Encoder(order="sorted")


class Json:
    """A JSON text in memory, found to be sound but for its meaning.

    Args:
        content: the text.
        name: what messages call its file.
        is_sound: whether it was found to be so before.

    Raises:
        AnnotationError: it is not UTF-8 or not JSON, repeats a key within an object, holds NaN,
            Infinity, a number beyond all or half a character, or is nested too deeply; the line is
            named.
    """

    def __init__(self, content: bytes, name: str, is_sound: bool = False) -> None:
        self.name = name
        self._content = content.removeprefix(b"\xef\xbb\xbf")
        self._lines = [0]  # lines that end before each block, as far as they were asked for
        if not is_sound:
            self._check()

    def decode(self, kind: type[T]) -> T:
        """Return the whole text as ``kind``.

        Raises:
            AnnotationError: it lacks something, or has a value of a wrong type.
        """
        return self._as(self._content, kind, self.name)

    def shaped(self, kind: type[T]) -> T | None:
        """Return the whole text as ``kind``, or None where it has another shape: it is foreign.

        What is broken was refused before, so that a broken file never passes for a foreign one.
        """
        try:
            return msgspec.json.decode(self._content, type=kind)
        except msgspec.ValidationError:
            return None

    def read(self, raw: msgspec.Raw, kind: type[T]) -> T:
        """Return a part of the text as ``kind``.

        Raises:
            AnnotationError: it lacks something, or has a value of a wrong type; the line is named.
        """
        return self._as(raw, kind, None)

    def place(self, raw: msgspec.Raw) -> str:
        """Return file and line of a part of the text, which was decoded from it."""
        # Looked for by its text, it would be found at the first that is alike. But msgspec copies
        # nothing: a part lies in memory where it stands in the text.
        offset = _address(raw) - _address(self._content)
        if not 0 <= offset < len(self._content):
            raise ValueError(f"{self.name}: a part of another text")  # a defect of ours
        while len(self._lines) * _BLOCK <= offset:
            start = (len(self._lines) - 1) * _BLOCK
            here = self._content.count(b"\n", start, start + _BLOCK)
            self._lines.append(self._lines[-1] + here)
        block = offset // _BLOCK
        here = self._content.count(b"\n", block * _BLOCK, offset)
        return f"{self.name}:{self._lines[block] + here + 1}"

    def _as(self, part: bytes | msgspec.Raw, kind: type[T], where: str | None) -> T:
        try:
            return msgspec.json.decode(part, type=kind)
        except RecursionError:
            what = _TOO_DEEP
        except msgspec.ValidationError as error:
            what = str(error).replace(" - at `$.", " - at `")
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            what = f"not JSON: {error}"
        if isinstance(part, msgspec.Raw):
            what = f"{what}: {shown(bytes(part))}"
            where = self.place(part)
        raise AnnotationError(f"{where}: {what}; mend it, or take it out", BROKEN)

    def _check(self) -> None:
        try:
            text = self._content.decode()
        except UnicodeDecodeError as error:
            line = self._content.count(b"\n", 0, error.start) + 1
            byte = self._content[error.start]
            raise AnnotationError(
                f"{self.name}:{line}: the byte 0x{byte:02x} is not UTF-8; save the file as UTF-8",
                BROKEN,
            ) from None
        try:
            json.loads(
                text, object_pairs_hook=_pairs, parse_constant=_refuse, parse_float=_check_finite
            )
        except RecursionError:
            raise AnnotationError(f"{self.name}: {_TOO_DEEP}", BROKEN) from None
        except json.JSONDecodeError as error:
            is_short = error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated")
            ends = "; the file is cut off, get it anew" if is_short else ""
            raise AnnotationError(
                f"{self.name}:{error.lineno}: not JSON: {error.msg} in column {error.colno}{ends}",
                BROKEN,
            ) from None
        except ValueError:  # ours, or a whole number of more digits than Python reads
            self._refuse_odd(text)
        check_halves(self._content, self.name)

    def _line(self, text: str, offset: int) -> str:
        return f"{self.name}:{text.count(chr(10), 0, offset) + 1}"

    def _refuse_odd(self, text: str) -> NoReturn:
        """Raise for the first key that occurs twice in its object, or number that is none."""
        keys: list[set[str]] = []
        for token in _TOKEN.finditer(text):
            word = token[0]
            what = None
            if token[2]:
                key = json.loads(token[1])
                what = f"the key {key!r} occurs twice in one object" if key in keys[-1] else None
                keys[-1].add(key)
            elif word in "{[":
                keys.append(set())
            elif word in "}]":
                keys.pop()
            elif word.endswith(("NaN", "Infinity")):
                what = f"{word} is no number in JSON"
            elif _is_too_long(word):
                n = len(word.removeprefix("-"))
                most = sys.get_int_max_str_digits()
                what = f"a number is too long: it has {n:,} digits, at most {most:,} can be read"
            elif not word.startswith('"') and math.isinf(float(word)):
                what = f"the number {word[:_SHOWN]} is beyond all that can be read"
            if what is not None:
                where = self._line(text, token.start())
                raise AnnotationError(f"{where}: {what}; mend the file", BROKEN)
        raise ValueError(f"{self.name}: nothing is odd")  # a defect of ours


def check_halves(content: bytes | mmap.mmap, name: str) -> None:
    """Return nothing if no escape in a JSON text is half of a character.

    Raises:
        AnnotationError: one is; the line is named.
    """
    half = next((one for one in _ESCAPE.finditer(content) if one[1]), None)
    if half is not None:
        line = content[: half.start()].count(b"\n") + 1
        raise AnnotationError(
            f"{name}:{line}: {half[0].decode('ascii', 'replace')} is half a character; write the "
            "other half after it, or take it out",
            BROKEN,
        )


def compact(told: Mapping[str, object]) -> str | None:
    """Return a JSON object as text with sorted keys, or None where it says nothing.

    >>> compact({"shape": "line", "attributes": {}})
    '{"shape":"line"}'
    """
    kept = {key: value for key, value in told.items() if value not in (None, "", {}, [])}
    return str(_SORTED.encode(kept), "utf-8") if kept else None


def shown(text: bytes) -> str:
    """Return a part of a text for a message: on one line, its first 80 characters."""
    words = text.decode("utf-8", "replace").split(maxsplit=_SHOWN)[:_SHOWN]
    line = " ".join(words)
    return line if len(line) <= _SHOWN else line[: _SHOWN - 3] + "..."


def _address(text: bytes | msgspec.Raw) -> int:
    return int(pa.py_buffer(text).address)


def _is_too_long(word: str) -> bool:
    digits = word.removeprefix("-")
    return 0 < sys.get_int_max_str_digits() < len(digits) and digits.isdigit()


class _OddError(ValueError):
    """The text is JSON to Python, and not to others."""


def _pairs(pairs: list[tuple[str, object]]) -> None:
    if len(dict(pairs)) != len(pairs):
        raise _OddError


def _refuse(constant: str) -> None:
    raise _OddError(constant)


def _check_finite(number: str) -> None:
    if math.isinf(float(number)):
        raise _OddError(number)
