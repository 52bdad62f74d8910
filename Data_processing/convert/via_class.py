"""Which attribute of VIA's regions is their class, and what it says."""

from collections.abc import Iterable, Mapping

from Data_processing.convert.labels import check_name
from Datasets.errors import AnnotationError

CLASS_WORDS = ("category", "class", "class_id", "label", "name", "type")
"""What people call the attribute; another name is understood where there is but one attribute."""


def class_attribute(names: Iterable[str], where: str) -> str:
    """Return the attribute that is the class, "" if there is none.

    Args:
        names: the attributes of all regions.
        where: place of the data set in params.yaml, for messages.

    Raises:
        AnnotationError: there are several, and it is not clear which is meant.
    """
    known = sorted(set(names))
    if len(known) <= 1:
        return known[0] if known else ""
    meant = [name for name in known if name.lower() in CLASS_WORDS]
    if len(meant) == 1:
        return meant[0]
    raise AnnotationError(
        f"{where}: the regions have the attributes {', '.join(map(repr, known))}; which of them is "
        f"the class cannot be told: call one, and only one, of them one of {', '.join(CLASS_WORDS)}"
    )


def class_of(attributes: Mapping[str, object], attribute: str) -> str:
    """Return the class of a region.

    Raises:
        AnnotationError: it has none or several, or one that cannot be a name.
    """
    value = attributes.get(attribute)
    if isinstance(value, dict):  # checkboxes, by option
        ticked = sorted(option for option, is_on in value.items() if is_on)
        if len(ticked) > 1:
            raise AnnotationError(
                f"it is {' and '.join(ticked)} at once; leave one of them, or draw it once each",
                "several classes",
            )
        value = ticked[0] if ticked else ""
    if value is None or value == "":
        shown = f"its attribute {attribute!r} is empty" if attribute else "it has no attribute"
        raise AnnotationError(f"{shown}: it has no class; give it one", "no class")
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        raise AnnotationError(
            f"its attribute {attribute!r} is {value!r}, which cannot be a class", "bad class name"
        )
    return check_name(value)
