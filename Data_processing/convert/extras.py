"""What extras say of places: true of the frame that was annotated, and of no other."""

import msgspec

from Data_processing.convert.strict_json import compact

PLACES = frozenset({"circle", "cuboid", "ellipse"})
"""Keys under which readers keep coordinates of a shape that is a polygon or a box by now."""
TURNED = PLACES | {"rotation"}
"""Keys that say something else once the frame is turned."""


def without(extras: str | None, keys: frozenset[str]) -> str | None:
    """Return extras without numbers under ``keys``; what else stands there is no place.

    >>> without('{"circle":[5,5,2],"ellipse":"yes"}', PLACES)
    '{"ellipse":"yes"}'
    """
    if extras is None or not any(key in extras for key in keys):
        return extras
    told = msgspec.json.decode(extras, type=dict[str, msgspec.Raw])
    kept = {key: raw for key, raw in told.items() if key not in keys or not _is_of_numbers(raw)}
    return extras if len(kept) == len(told) else compact(kept)


def _is_of_numbers(raw: msgspec.Raw) -> bool:
    try:
        value = msgspec.json.decode(raw)
    except msgspec.ValidationError:  # a number beyond all
        return True
    each = value if isinstance(value, list) else [value]
    return all(isinstance(one, int | float) for one in each)
