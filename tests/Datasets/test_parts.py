"""A part is found by its short name, and imported only then."""

import sys

import pytest

from Datasets.errors import ParamsError
from Datasets.parts import find

TABLE = {
    "place": "Datasets.randomness:place_of",
    "files": "Datasets.files",
    "absent": "Datasets.not_imported",
}


def test_a_path_with_a_colon_names_an_object() -> None:
    assert find(TABLE, "place", "function", "here") is sys.modules["Datasets.randomness"].place_of


def test_a_path_without_a_colon_names_a_module() -> None:
    assert find(TABLE, "files", "module", "here") is sys.modules["Datasets.files"]


def test_an_unknown_name_gets_the_nearest() -> None:
    said = r"params.yaml: stack: unknown operation 'palce'; did you mean 'place'\?"
    with pytest.raises(ParamsError, match=said):
        find(TABLE, "palce", "operation", "params.yaml: stack")


def test_other_parts_are_not_imported() -> None:
    find(TABLE, "files", "module", "here")
    assert "Datasets.not_imported" not in sys.modules
