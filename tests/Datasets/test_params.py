"""params.yaml: what is wrong is found at once, with file and key, and a way to mend it."""

from pathlib import Path
from typing import Annotated

import msgspec
import pytest

from Datasets.errors import ParamsError
from Datasets.params import checked, load, nearest, read_yaml


class Window(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    height: Annotated[int, msgspec.Meta(gt=0)]
    width: int = 8


class Steps(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    ops: list[Window]


def params(folder: Path, text: str) -> Path:
    file = folder / "params.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def test_a_section_comes_back_as_its_type(tmp_path: Path) -> None:
    file = params(tmp_path, "seed: 42\nstack: {ops: [{height: 4}]}\n")
    assert load(file).section("stack", Steps) == Steps([Window(4, 8)])
    assert load(file).section("seed", int) == 42


def test_yaml_is_read_as_dvc_reads_it(tmp_path: Path) -> None:
    """YAML 1.2: `yes` is text, 2e-3 a number, 010 is ten."""
    found = read_yaml(params(tmp_path, "a: yes\nb: 2e-3\nc: 010\nd: off\n"))
    assert found == {"a": "yes", "b": 0.002, "c": 10, "d": "off"}


@pytest.mark.parametrize("name", ["size", "nfiles"])
@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("{name}: 5\nseed: 1\n", "{name}"),
        ("preprocess: {{crop: {{{name}: 5}}}}\n", "preprocess.crop.{name}"),
        (
            "preprocess: {{crop: {{ops: [{{pad: {{{name}: 5}}}}]}}}}\n",
            "preprocess.crop.ops.0.pad.{name}",
        ),
    ],
)
def test_names_that_dvc_cannot_see_are_refused(
    tmp_path: Path, name: str, text: str, place: str
) -> None:
    file = params(tmp_path, text.format(name=name))
    with pytest.raises(ParamsError) as caught:
        load(file)
    assert f"{file}: {place.format(name=name)}: a parameter must not be called" in str(caught.value)
    assert "height and width" in str(caught.value)


def test_all_unknown_sections_are_named_together(tmp_path: Path) -> None:
    with pytest.raises(ParamsError) as caught:
        load(params(tmp_path, "seed: 1\nsplti: {}\ntrian: {}\n"))
    assert "unknown section 'splti'; did you mean 'split'?" in str(caught.value)
    assert "unknown section 'trian'; did you mean 'train'?" in str(caught.value)


def test_a_missing_section_is_named(tmp_path: Path) -> None:
    with pytest.raises(ParamsError, match="section 'split' is missing"):
        load(params(tmp_path, "seed: 1\n")).section("split", Steps)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- 1\n", "a mapping of keys to values was expected, got list"),
        ("", "a mapping of keys to values was expected, got NoneType"),
        ("a: [1\n", "not readable as YAML"),
        ("seed: 1\nseed: 2\n", 'not readable as YAML: .*found duplicate key "seed"'),
        ("a: {b: 1, b: 2}\n", 'found duplicate key "b"'),
    ],
)
def test_what_is_no_mapping_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ParamsError, match=said):
        load(params(tmp_path, text))


def test_a_file_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_bytes(b"seed: \xff\n")
    with pytest.raises(ParamsError, match="not readable as YAML"):
        load(tmp_path / "params.yaml")


def test_a_missing_file_says_where_to_stand(tmp_path: Path) -> None:
    with pytest.raises(ParamsError, match="run from the top folder"):
        load(tmp_path / "params.yaml")


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"height": 4, "widht": 3}, r"^f\.yaml: crop\.widht: unknown key 'widht'; .*'width'\?$"),
        ({"height": "4"}, r"^f\.yaml: crop\.height: expected a whole number, got text, got '4'$"),
        ({"height": 0}, r"^f\.yaml: crop\.height: expected a whole number >= 1, got 0$"),
        ({}, r"^f\.yaml: crop: .*missing required field `height`"),
    ],
)
def test_a_wrong_value_is_named_with_its_key(value: object, said: str) -> None:
    with pytest.raises(ParamsError, match=said):
        checked(value, Window, "f.yaml: crop")


def test_a_wrong_value_inside_a_list_is_shown() -> None:
    with pytest.raises(ParamsError) as caught:
        checked({"ops": [{"height": 1}, {"height": 1, "width": "x"}]}, Steps, "f: stack")
    assert "f: stack.ops" in str(caught.value)
    assert "width: expected a whole number" in str(caught.value)


def test_the_nearest_names_are_offered() -> None:
    known = ("letterbox", "crop", "RandomCrop")
    assert nearest("leterbox", known) == "did you mean 'letterbox'?"
    assert "'RandomCrop'" in nearest("randomcrop", known)
    assert nearest("zzz", known) == "known: RandomCrop, crop, letterbox"
