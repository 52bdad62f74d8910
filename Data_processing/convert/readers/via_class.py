"""Which attribute of VIA's regions is their class, and what it says."""

from collections.abc import Iterable, Mapping

from Data_processing.convert.labels import check_name
from Datasets.errors import AnnotationError, ParamsError
from Datasets.params import nearest

CLASS_WORDS = ("category", "class", "class_id", "label", "name", "type")
"""What people call the attribute; another name is understood where there is but one attribute."""


def class_attribute(names: Iterable[str], columns: Mapping[str, str], where: str) -> str:
    """Return the attribute that is the class, "" if there is none.

    Args:
        names: the attributes of all regions.
        columns: what params.yaml says: ``class`` may name the attribute.
        where: place of the data set in params.yaml, for messages.

    Raises:
        AnnotationError: there are several, and it is not clear which is meant.
        ParamsError: ``columns`` names one that does not exist, or says something else.
    """
    known = sorted(set(names))
    for key in columns:
        if key != "class":
            raise ParamsError(f"{where}.columns: unknown key '{key}'; of VIA only class is known")
    if "class" in columns:
        if columns["class"] not in known:
            raise ParamsError(
                f"{where}.columns.class: no region has the attribute '{columns['class']}'; "
                f"{nearest(columns['class'], known)}"
            )
        return columns["class"]
    if len(known) <= 1:
        return known[0] if known else ""
    meant = [name for name in known if name.lower() in CLASS_WORDS]
    if len(meant) == 1:
        return meant[0]
    raise AnnotationError(
        f"{where}: the regions have the attributes {', '.join(map(repr, known))}; which of them is "
        f"the class cannot be told; say it as {where}.columns: {{class: {known[0]}}}"
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
