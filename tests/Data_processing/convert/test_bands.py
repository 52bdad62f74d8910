"""Files of several bands are one sample, its channels in the order of the bands' names."""

import pytest

from Data_processing.convert.bands import Bands, problem_of
from Datasets.errors import AnnotationError

S2 = Bands({"red": "*_B04.tif", "nir": "*_B08.tif"})


def test_files_are_grouped_by_what_the_star_stands_for() -> None:
    found = S2.grouped(
        ["a/x_B04.tif", "a/x_B08.tif", "y_B08.tif", "a/x_B02.tif", "a/x_B04.tif.png"]
    )
    assert found == {
        "a/x": {"nir": "a/x_B08.tif", "red": "a/x_B04.tif"},
        "y": {"nir": "y_B08.tif"},
    }
    assert S2.files("a/x", found["a/x"]) == ("a/x_B08.tif", "a/x_B04.tif")  # nir before red


def test_bands_in_folders_of_their_own() -> None:
    bands = Bands({"b1": "B1/*.tif", "b2": "B2/*.tif"})
    found = bands.grouped(["s/B1/x.tif", "s/B2/x.tif", "B1/y z.tif"])
    assert sorted(found) == ["s/x", "y z"]


def test_a_missing_band_is_named() -> None:
    with pytest.raises(AnnotationError, match=r"the band 'red' of y is missing: .* y_B04\.tif"):
        S2.files("y", {"nir": "y_B08.tif"})


def test_two_files_of_one_band_are_refused() -> None:
    with pytest.raises(AnnotationError, match="are both the band 'b' of 1"):
        Bands({"b": "B*x.tif"}).grouped(["x.tif", "B1x.tif", "B1x.tif"])


def test_patterns_that_cannot_work() -> None:
    assert "needs one *" in problem_of({"b": "x.tif"})
    assert "same pattern" in problem_of({"a": "*.tif", "b": "*.tif"})
    assert problem_of({"a": "*1.tif", "b": "*2.tif"}) == ""
