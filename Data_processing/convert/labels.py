"""What becomes of class names on their way in: stripped, put in one case, mapped, ignored."""

import unicodedata
from collections import defaultdict
from collections.abc import Iterable

import msgspec

from Datasets.dataset import LabelRules
from Datasets.errors import AnnotationError, ParamsError
from Datasets.params import nearest

_CONTROLS = frozenset({"Cc", "Cs", "Zl", "Zp"})
"""What breaks a line or a file that a name is written to: Unicode's general categories."""


def check_name(name: str) -> str:
    """Return ``name`` if a class may be called so.

    Raises:
        AnnotationError: it is blank, or holds a control character, or one that is none.
    """
    if name.isprintable() and name.strip():
        return name
    if not name.strip():
        raise AnnotationError("the name of its class is empty; give it one", "bad class name")
    if any(unicodedata.category(letter) in _CONTROLS for letter in name):
        raise AnnotationError(
            f"the class name {name!r} holds a control character; rename it", "bad class name"
        )
    if any(ord(letter) & 0xFFFE == 0xFFFE or 0xFDD0 <= ord(letter) <= 0xFDEF for letter in name):
        # Noncharacters, section 23.7 of The Unicode Standard: neither XML nor YAML takes them all.
        raise AnnotationError(
            f"the class name {name!r} holds a code that is no character; rename it",
            "bad class name",
        )
    return name


class Renamer(msgspec.Struct, frozen=True):
    """Gives a found name its final form, or None where it is to be ignored."""

    rules: LabelRules

    def __call__(self, name: str) -> str | None:
        """Return the final name of the class that was found as ``name``, or None."""
        final = self._tidied(name)
        final = self.rules.map.get(final, final)
        return None if final in self.rules.ignore else final

    def every(self, names: Iterable[str]) -> tuple[str, ...]:
        """Return the final names of those found, sorted, each once."""
        return tuple(sorted({final for name in names if (final := self(name)) is not None}))

    def check(self, names: Iterable[str], where: str) -> None:
        """Return nothing if every rule has something to do.

        Args:
            names: all names that were found.
            where: the data set's place in params.yaml.

        Raises:
            ParamsError: a rule speaks of a name that does not occur; it is misspelt or of no use.
        """
        for old, new in self.rules.map.items():
            try:
                check_name(new)
            except AnnotationError as error:
                raise ParamsError(f"{where}.labels.map.{old}: {error}") from None
        tidied = {self._tidied(name) for name in names}
        final = {self.rules.map.get(name, name) for name in tidied}
        for key, known in (("map", tidied), ("ignore", final)):
            for name in getattr(self.rules, key):
                if name not in known:
                    raise ParamsError(
                        f"{where}.labels.{key}: no class is called '{name}'; "
                        f"{nearest(name, sorted(known))}"
                    )

    def _tidied(self, name: str) -> str:
        tidy = name.strip() if self.rules.strip else name
        if self.rules.case == "keep":
            return tidy
        return tidy.lower() if self.rules.case == "lower" else tidy.upper()


def look_alikes(names: Iterable[str]) -> list[str]:
    """Return a note for every set of names that look the same but for blanks or case.

    >>> look_alikes(("Cat", "cat ", "dog"))
    ["the classes 'Cat', 'cat ' look alike; see labels.strip, labels.case and labels.map"]
    """
    same: dict[str, list[str]] = defaultdict(list)
    for name in sorted(names):
        seen = unicodedata.normalize("NFC", name)  # an accent may be a sign of its own
        same[" ".join(seen.split()).casefold()].append(name)
    return [
        f"the classes {', '.join(map(repr, each))} look alike; "
        "see labels.strip, labels.case and labels.map"
        for each in same.values()
        if len(each) > 1
    ]
