"""The class file of YOLO: data.yaml with ``names``, or classes.txt with one name a line."""

from pathlib import PurePosixPath
from typing import Any

import msgspec

from Data_processing.convert.files import read_below
from Data_processing.convert.found import Source
from Data_processing.convert.labels import check_name
from Data_processing.convert.listing import Listing
from Datasets.errors import AnnotationError, ParamsError
from Datasets.params import read_yaml

YAML_FILES = ("data.yaml", "data.yml", "dataset.yaml", "dataset.yml")
TEXT_FILES = ("classes.txt", "obj.names")
MAX_BYTES = 1 << 20
"""More is no list of class names."""
EXAMPLE = "names: [cat, dog]"


class ClassFile(msgspec.Struct, frozen=True):
    """The names of the classes by their number in label files.

    ``unusable`` says of others, by number, why no class may be called so. ``points`` are the
    number of keypoints of an object and of numbers a point, where the file speaks of any.
    """

    file: str
    names: dict[int, str]
    unusable: dict[int, str]
    points: tuple[int, int] | None = None


def class_file(source: Source, present: Listing) -> ClassFile:
    """Return the class file that ``classes`` names, else the one that is there.

    Raises:
        AnnotationError: there is none, several disagree, or it is broken.
        ParamsError: the file that params.yaml names does not exist.
    """
    named = source.dataset.classes
    if named:
        if not (source.root / named).is_file():
            raise ParamsError(f"{source.where}.classes: there is no file {named} in {source.root}")
        found = _read(source, PurePosixPath(named).as_posix())
        if found is None:
            raise AnnotationError(f"{named}: there is no key 'names'; add it, as in `{EXAMPLE}`")
        return found
    files = _there(source, present)
    if not files:
        raise AnnotationError(
            f"{source.where}: nothing names the classes below {source.root}; put a data.yaml with "
            f"`{EXAMPLE}` or a classes.txt with one name a line there, or name another file as "
            f"{source.where}.classes"
        )
    first = files[0]
    for other in files[1:]:
        if (other.names, other.unusable) != (first.names, first.unusable):
            raise AnnotationError(
                f"{source.where}: {first.file} and {other.file} name the classes differently; say "
                f"which is right as {source.where}.classes"
            )
    return first


def _there(source: Source, present: Listing) -> list[ClassFile]:
    """Return the class files below the root, YAML first, as it says more."""
    yaml = [name for name in present.others if name.lower().endswith((".yaml", ".yml"))]
    text = [name for name in present.others if _last(name) in TEXT_FILES]
    found = []
    for name in (*yaml, *text):
        try:
            read = _read(source, name)
        except AnnotationError:
            if name in yaml and _last(name) not in YAML_FILES:
                continue  # somebody's configuration
            raise
        if read is not None:
            found.append(read)
    return found


def _last(path: str) -> str:
    return path.rpartition("/")[2].lower()


def _read(source: Source, name: str) -> ClassFile | None:
    """Return what the file says of classes, or None if it is a YAML that says nothing."""
    if (source.root / name).stat().st_size > MAX_BYTES:
        raise AnnotationError(f"{name}: over {MAX_BYTES:,} bytes are no list of class names")
    content = read_below(source.root, name)
    if not name.lower().endswith((".yaml", ".yml")):
        return _sorted_out(name, dict(enumerate(_lines(name, content))))
    raw = _mapping(source, name)
    if raw.get("names") is None:
        return None
    names = _names(name, raw["names"])
    count = raw.get("nc")
    if count is not None and count not in (len(names), str(len(names))):
        there = "there is 1 name" if len(names) == 1 else f"there are {len(names)} names"
        raise AnnotationError(f"{name}: nc is {_shown(count)}, but {there}; correct one of them")
    return _sorted_out(name, names, _points(name, raw.get("kpt_shape")))


def _mapping(source: Source, name: str) -> dict[str, Any]:
    try:
        return read_yaml(source.root / name)
    except ParamsError as error:
        raise AnnotationError(str(error)) from None
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise AnnotationError(f"{name}: not readable as YAML: {error}") from None
    except RecursionError:
        raise AnnotationError(f"{name}: not readable as YAML: it is nested too deep") from None


def _lines(name: str, content: bytes) -> list[str]:
    """Return the lines, with a byte order mark and blanks at the end taken off.

    Where no line ends in LF, CR alone ends them, as in label files.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise AnnotationError(
            f"{name}: byte {error.start} is no UTF-8; save the file as UTF-8"
        ) from None
    end = "\n" if "\n" in text else "\r"
    return [line.strip(" \t\r") for line in text.rstrip().split(end)]


def _names(name: str, raw: object) -> dict[int, str]:
    """Return ``names`` of a data.yaml: a list, or a mapping from numbers."""
    if not isinstance(raw, list | dict):
        raise AnnotationError(
            f"{name}: names: a list or a mapping from numbers was expected, as in `{EXAMPLE}`"
        )
    names: dict[int, str] = {}
    for key, value in raw.items() if isinstance(raw, dict) else enumerate(raw):
        number = int(key) if isinstance(key, str) and key.isdecimal() else key
        if type(number) is not int or number < 0:
            raise AnnotationError(
                f"{name}: names: {_shown(key)} is no number of a class (0, 1, ...)"
            )
        if number in names:
            raise AnnotationError(f"{name}: names: the class {number} is there twice; remove one")
        if type(value) not in (str, int):
            raise AnnotationError(
                f"{name}: names.{number}: text was expected, got {_shown(value)}; put it in quotes"
            )
        names[number] = str(value)
    return names


def _sorted_out(
    file: str, every: dict[int, str], points: tuple[int, int] | None = None
) -> ClassFile:
    names: dict[int, str] = {}
    unusable: dict[int, str] = {}
    number_of: dict[str, int] = {}
    for number in sorted(every):
        try:
            name = check_name(every[number])
        except AnnotationError as error:
            unusable[number] = str(error)
            continue
        if name in number_of:
            raise AnnotationError(
                f"{file}: '{name}' is the name of class {number_of[name]} and of class {number}; "
                "give one another name"
            )
        number_of[name], names[number] = number, name
    return ClassFile(file, names, unusable, points)


def _points(name: str, raw: object) -> tuple[int, int] | None:
    if raw is None:
        return None
    match raw:
        case [int(count), 2 | 3 as numbers] if count > 0:
            return count, numbers
    raise AnnotationError(
        f"{name}: kpt_shape: the number of keypoints and 2 or 3 was expected, as in `[17, 3]` "
        f"(17 keypoints of x, y and visibility), got {_pair(raw)}; mend it, or take it out if "
        "there are no keypoints"
    )


def _pair(raw: object) -> str:
    """Return a short text for what should be a list of two numbers."""
    if isinstance(raw, list) and len(raw) == 2 and all(isinstance(one, int) for one in raw):
        return f"[{', '.join(map(_shown, raw))}]"
    return _shown(raw)


def _shown(value: object) -> str:
    """Return a short text for a value; not a list, whose aliases may unfold without end."""
    if isinstance(value, list | dict | tuple):
        return f"a {type(value).__name__} of {len(value)}"
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
