"""Class names on their way in: the four rules in their order, and rules with nothing to do."""

import pytest

from Data_processing.convert.labels import Renamer, check_name, look_alikes
from Datasets.dataset import LabelRules
from Datasets.errors import AnnotationError, ParamsError


def test_without_rules_a_name_stays_as_it_is() -> None:
    rename = Renamer(LabelRules())
    assert [rename(name) for name in (" Cat", "cat ", "CAT")] == [" Cat", "cat ", "CAT"]


def test_strip_then_case_then_map_then_ignore() -> None:
    rules = LabelRules(strip=True, case="lower", map={"kitten": "cat", "pup": "x"}, ignore=("x",))
    rename = Renamer(rules)
    assert [rename(name) for name in (" Kitten ", "CAT", "Pup", "X", "dog")] == [
        "cat",
        "cat",
        None,
        None,
        "dog",
    ]
    assert rename.every([" Kitten ", "CAT", "Pup", "dog"]) == ("cat", "dog")


@pytest.mark.parametrize(
    ("rules", "says"),
    [
        (LabelRules(map={"catt": "dog"}), r"labels\.map: no class is called 'catt'; did you mean"),
        (LabelRules(ignore=("dgo",)), r"labels\.ignore: no class is called 'dgo'; did you mean"),
        (LabelRules(case="upper", map={"cat": "x"}), r"labels\.map: no class is called 'cat'"),
        (LabelRules(map={"cat": " "}), r"labels\.map\.cat: the name of its class is empty"),
        (LabelRules(map={"cat": "a\nb"}), r"labels\.map\.cat: .* holds a control character"),
    ],
)
def test_a_rule_with_nothing_to_do_is_an_error(rules: LabelRules, says: str) -> None:
    with pytest.raises(ParamsError, match=says):
        Renamer(rules).check(["cat", "dog"], "params.yaml: datasets.pets")


def test_what_is_ignored_may_be_what_was_mapped() -> None:
    Renamer(LabelRules(map={"cat": "pet"}, ignore=("pet",))).check(["cat"], "x")


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "a\x00", "\u2028x"])
def test_names_that_no_class_may_have(name: str) -> None:
    with pytest.raises(AnnotationError):
        check_name(name)


@pytest.mark.parametrize("name", ["a\ufffe", "\uffff", "\ufdd0x", "\U0010fffe"])
def test_what_is_no_character_is_no_name(name: str) -> None:
    with pytest.raises(AnnotationError, match="holds a code that is no character; rename it"):
        check_name(name)


def test_look_alikes_are_named_and_others_are_not() -> None:
    assert look_alikes(("dog", "cat")) == []
    assert "'Red  cell', 'red cell'" in look_alikes(("red cell", "Red  cell", "dog"))[0]
