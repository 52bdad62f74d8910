"""XML of strangers: what is broken, cut off or a trap is named with its line.

A document type is refused with all that it could bring: entities that grow without bound, files
and addresses read from elsewhere.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from xml.parsers.expat import ExpatError, errors

import msgspec
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import XMLParser

from Datasets.errors import AnnotationError

BROKEN = "broken XML"
MAX_DEPTH = 64
UTF16 = (b"\xff\xfe", b"\xfe\xff", b"<\0", b"\0<")
"""How a file in UTF-16 begins."""
_CUT_OFF = frozenset(
    errors.codes[message]
    for message in (
        errors.XML_ERROR_NO_ELEMENTS,
        errors.XML_ERROR_UNCLOSED_TOKEN,
        errors.XML_ERROR_PARTIAL_CHAR,
        errors.XML_ERROR_UNCLOSED_CDATA_SECTION,
    )
)
_INVALID = errors.codes[errors.XML_ERROR_INVALID_TOKEN]
_NUMBER_DIGITS = 15
"""Digits up to which a number is the same to everybody who reads JSON."""


class Element(msgspec.Struct, gc=False):
    """An element; ``text`` is what stands in it if no other element does."""

    tag: str
    line: int
    attributes: dict[str, str]
    children: list["Element"]
    text: str = ""

    def child(self, tag: str) -> "Element | None":
        """Return the first element ``tag`` in it, or None."""
        return next((one for one in self.children if one.tag == tag), None)

    def text_of(self, tag: str) -> str:
        """Return the text of the first element ``tag`` in it, or nothing."""
        one = self.child(tag)
        return one.text if one is not None else ""


class Guarded:
    """An expat parser that refuses document types, and says where its input is broken.

    Handlers are set on ``expat``, which gives attributes as a dictionary and text in one piece.

    Args:
        name: what messages call the file.
        first_line: number of the line in the file at which the input begins.
    """

    def __init__(self, name: str, first_line: int = 1) -> None:
        self.name = name
        # The handlers of ElementTree in Python cost three times what expat does: only the parser
        # that defusedxml has armed is kept.
        armed = XMLParser(forbid_dtd=True)
        self.expat = armed.parser
        vars(armed).clear()  # a cycle otherwise, which waits for the collector
        self.expat.ordered_attributes = False
        self.expat.DefaultHandlerExpand = None
        self.expat.StartElementHandler = self.expat.EndElementHandler = None
        self.expat.CharacterDataHandler = None
        self._lines_before = first_line - 1
        self._fed = 0

    def feed(self, content: bytes, is_last: bool) -> None:
        """Parse ``content``, which goes on where the last one ended.

        Raises:
            AnnotationError: it is not XML, is cut off, or has a document type.
        """
        try:
            self.expat.Parse(content, is_last)
        except ExpatError as error:
            raise AnnotationError(self._sentence(error, content), BROKEN) from None
        except DefusedXmlException:
            raise AnnotationError(
                f"{self.place()}: holds a document type (<!DOCTYPE), by which other files could "
                "be read and memory filled; take it out",
                "document type",
            ) from None
        except (LookupError, ValueError) as error:  # from the codecs
            raise AnnotationError(
                f"{self.name}: its encoding cannot be read: {error}; save the file as UTF-8", BROKEN
            ) from None
        self._fed += len(content)

    def line(self) -> int:
        """Return the line of the file at which the parser is."""
        return int(self.expat.CurrentLineNumber) + self._lines_before

    def place(self) -> str:
        """Return file and line at which the parser is."""
        return f"{self.name}:{self.line()}"

    def _sentence(self, error: ExpatError, content: bytes) -> str:
        where = f"{self.name}:{error.lineno + self._lines_before}"
        if error.code in _CUT_OFF:
            return f"{where}: the file is cut off; get it anew"
        offset = self.expat.ErrorByteIndex - self._fed
        if error.code == _INVALID and 0 <= offset < len(content) and content[offset] >= 0x80:
            return f"{where}: the byte 0x{content[offset]:02x} is not UTF-8; save the file as UTF-8"
        what = str(error).partition(": line ")[0]
        return f"{where}: not XML: {what} in column {error.offset + 1}; mend the file"


def inside(element: Element) -> Iterator[Element]:
    """Yield all elements in it, however deep, in the order of the file."""
    for one in element.children:
        yield one
        yield from inside(one)


def check_printable(file: str) -> None:
    """Return nothing if the name of a file can be written into a report.

    Raises:
        AnnotationError: it cannot.
    """
    if not file.isprintable():
        raise AnnotationError(
            f"the file's name {file!a} holds characters that cannot be printed; rename it",
            "bad path",
        )


def parsed(content: bytes, name: str, first_line: int = 1) -> Element:
    """Return the outermost element of a text.

    Args:
        content: the text.
        name: what messages call its file.
        first_line: number of its first line in the file.

    Raises:
        AnnotationError: it is not XML, is cut off, has a document type, or is nested too deeply.

    >>> parsed(b"<a><b>1</b></a>", "a.xml").text_of("b")
    '1'
    """
    parser = Guarded(name, first_line)
    expat, before = parser.expat, first_line - 1
    top: list[Element] = []
    open_lists = [top]  # the children of each element that is open
    text: list[str] = []

    def start(tag: str, attributes: dict[str, str]) -> None:
        children: list[Element] = []
        open_lists[-1].append(Element(tag, expat.CurrentLineNumber + before, attributes, children))
        open_lists.append(children)
        if text:
            text.clear()
        if len(open_lists) > MAX_DEPTH:
            raise AnnotationError(
                f"{parser.place()}: elements are nested too deeply to be read", BROKEN
            )

    def end(tag: str) -> None:
        if not open_lists.pop() and text:
            said = text[0] if len(text) == 1 else "".join(text)
            open_lists[-1][-1].text = tidy(said) if "\n" in said else said
        text.clear()

    expat.StartElementHandler, expat.EndElementHandler = start, end
    expat.CharacterDataHandler = text.append
    try:
        parser.feed(content, True)
    finally:
        expat.StartElementHandler = None  # it refers to the parser, which refers to it
    return top[0]


def number(text: str) -> float:
    """Return the number that is written in ``text``, which may be nan or infinite.

    Raises:
        ValueError: there is none.
    """
    if "_" in text:  # Python's own way to write 1000, nobody else's
        raise ValueError(f"no number: {text!r}")
    return float(text)


def whole(text: str, what: str) -> int | None:
    """Return a side of an image that is written in ``text``; None for nothing or 0: unknown.

    Args:
        text: for example "640", or "640.0".
        what: for messages.

    Raises:
        AnnotationError: it is no whole number, or is negative.
    """
    try:
        value = number(text) if text.strip() else 0.0
        if value < 0 or not value.is_integer():
            raise ValueError
    except ValueError:
        raise AnnotationError(
            f"{what} {text!r} is no whole number of pixels; correct it", "broken size"
        ) from None
    return int(value) or None


def tidy(text: str) -> str:
    r"""Return ``text`` without the line breaks and blanks by which it was indented.

    >>> tidy("\n\t\tcat\n\t"), tidy(" cat ")
    ('cat', ' cat ')
    """
    return text.strip() if text.lstrip(" \t\r").startswith("\n") else text


def plain(text: str) -> str | int | float:
    """Return ``text`` as the number that is written so, if there is one.

    >>> plain("7"), plain("0.5"), plain("07"), plain("nan")
    (7, 0.5, '07', 'nan')
    """
    digits = text.removeprefix("-").replace(".", "", 1)
    if not digits.isascii() or not digits.isdigit() or len(digits) > _NUMBER_DIGITS:
        return text
    number: int | float = float(text) if "." in text else int(text)
    return number if str(number) == text else text


def told(element: Element) -> object:
    """Return what an element says as JSON would: text, number or object, lists where tags repeat.

    >>> told(parsed(b"<a><b>1</b><b>2</b><c>x</c></a>", "a.xml"))
    {'b': [1, 2], 'c': 'x'}
    """
    if not element.children and not element.attributes:
        return plain(element.text)
    own = fields(element.attributes, element.children)
    return {**own, "text": plain(element.text)} if element.text else own


def fields(attributes: Mapping[str, str], children: Iterable[Element]) -> dict[str, object]:
    """Return what attributes and elements say, by name, as ``told`` has it."""
    by_tag: dict[str, list[object]] = defaultdict(list)
    for one in children:
        by_tag[one.tag].append(told(one))
    own: dict[str, object] = {key: plain(value) for key, value in attributes.items()}
    return {**own, **{tag: each[0] if len(each) == 1 else each for tag, each in by_tag.items()}}
