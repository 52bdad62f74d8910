"""The verb ``schema``: the metadata format as JSON Schema."""

import argparse

import msgspec

from Datasets.metadata import COLUMN, IMAGES_FILE, SAMPLES_FILE, ImageMetadata, SampleRow
from Datasets.terminal import answer

DRAFT = "https://json-schema.org/draft/2020-12/schema"
PARTS: dict[str, type[msgspec.Struct]] = {"line": ImageMetadata, "row": SampleRow}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb ``schema``."""
    parser.add_argument(
        "part",
        nargs="?",
        choices=tuple(PARTS),
        default="line",
        help=f"a line of {IMAGES_FILE} (default) or a row of {SAMPLES_FILE}",
    )


def run(arguments: argparse.Namespace) -> None:
    """Print the schema."""
    answer(schema_of(str(arguments.part)).decode())


def schema_of(part: str) -> bytes:
    """Return the JSON Schema of ``part``, ``line`` or ``row``, as indented JSON."""
    schema = {"$schema": DRAFT, **msgspec.json.schema(PARTS[part])}
    if part == "row":
        schema["$comment"] = f"in {SAMPLES_FILE} each of 'columns' is a column '{COLUMN}<name>'"
    return msgspec.json.format(msgspec.json.encode(schema), indent=2)
