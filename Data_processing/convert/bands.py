"""``bands``: one sample from several files, one a band."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping

import msgspec

from Datasets.errors import AnnotationError


class Bands(msgspec.Struct, frozen=True):
    """The patterns of the bands by name. Channels come in the order of the sorted names."""

    patterns: Mapping[str, str]

    def grouped(self, paths: Iterable[str]) -> dict[str, dict[str, str]]:
        """Return the files of each sample by band.

        A sample's name is its files' path without what the pattern adds to the ``*``:
        ``site/x_B04.tif`` under ``*_B04.tif`` is of ``site/x``.

        Raises:
            AnnotationError: two files are of the same band of a sample.
        """
        rules = {band: _rule(self.patterns[band]) for band in sorted(self.patterns)}
        found: dict[str, dict[str, str]] = defaultdict(dict)
        for path in paths:
            for band, rule in rules.items():
                match = rule.fullmatch(path)
                if match is None:
                    continue
                name = match[1] + match[2]
                if band in found[name]:
                    raise AnnotationError(
                        f"{path} and {found[name][band]} are both the band '{band}' of {name}; "
                        f"make the pattern '{self.patterns[band]}' fit one of them"
                    )
                found[name][band] = path
        return dict(found)

    def files(self, name: str, of_sample: Mapping[str, str]) -> tuple[str, ...]:
        """Return the files of a sample in the order of channels.

        Raises:
            AnnotationError: a band is missing.
        """
        missing = [band for band in sorted(self.patterns) if band not in of_sample]
        if missing:
            band = missing[0]
            wanted = self.patterns[band].replace("*", name, 1)
            raise AnnotationError(
                f"the band '{band}' of {name} is missing: there is no file {wanted}", "missing band"
            )
        return tuple(of_sample[band] for band in sorted(self.patterns))


def problem_of(patterns: Mapping[str, str]) -> str:
    """Return what is wrong with the patterns, or nothing."""
    for band, pattern in patterns.items():
        if pattern.count("*") != 1:
            return f"{band}: the pattern '{pattern}' needs one *, which stands for the sample"
    if len(set(patterns.values())) < len(patterns):
        return "two bands have the same pattern"
    return ""


def _rule(pattern: str) -> re.Pattern[str]:
    before, _, after = pattern.partition("*")
    return re.compile(f"((?:.*/)?){re.escape(before)}(.+){re.escape(after)}")
