"""The printed schema is that of the format."""

import argparse
import json

import msgspec
import pytest

from Datasets import schema
from Datasets.metadata import ImageMetadata, SampleRow


@pytest.mark.parametrize(("words", "kind"), [([], ImageMetadata), (["row"], SampleRow)])
def test_the_schema_names_every_field(
    words: list[str], kind: type[msgspec.Struct], capsys: pytest.CaptureFixture[str]
) -> None:
    parser = argparse.ArgumentParser()
    schema.arguments(parser)
    schema.run(parser.parse_args(words))
    printed = json.loads(capsys.readouterr().out)
    own = printed["$defs"][kind.__name__]
    assert set(own["properties"]) == set(kind.__struct_fields__)
    assert own["additionalProperties"] is False
    assert printed["$schema"].startswith("https://json-schema.org/")
