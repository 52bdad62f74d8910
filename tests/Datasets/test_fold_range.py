"""Fold ranges: what they ask for, where their folds lie, and what is no fold range."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from Datasets.errors import ParamsError, StageError, StoreError
from Datasets.fold_range import FoldRange, overlap, parse, parse_place, places, stage_of, written

NUMBERS = st.integers(0, 60)
ENTRIES = st.one_of(
    NUMBERS.map(str),
    st.tuples(NUMBERS, NUMBERS).map(lambda ends: f"{min(ends)}-{max(ends)}"),
    st.just("all"),
)

NONE = "../x 0/../.. 0- -1 -1-3 a-b 0-1-2 1,2 01 0-02 All all/0 1e3 0_3 . .. ~ / 1.0".split()


def asked(entry: str, every: int) -> set[int]:
    """Return the folds of an entry, one by one: the slow truth."""
    if entry == "all":
        return set(range(every))
    first, _, last = entry.partition("-")
    return {fold for fold in range(10**4) if int(first) <= fold <= int(last or first)}


@given(ENTRIES, st.integers(61, 99))
def test_the_folds_are_those_between_both_ends(entry: str, every: int) -> None:
    one = parse(entry)
    assert set(one.folds(every)) == asked(entry, every)
    assert list(one.folds(every)) == sorted(one.folds(every))
    assert {fold for fold in range(every) if fold in one} == asked(entry, every)


@given(NUMBERS)
def test_a_number_is_what_its_digits_are(fold: int) -> None:
    assert parse(fold) == parse(str(fold)) == FoldRange(str(fold), fold, fold)
    assert parse(fold).is_single
    assert not parse(f"{fold}-{fold}").is_single


@given(ENTRIES, NUMBERS)
def test_a_place_is_read_back_and_no_two_folds_share_one(entry: str, every: int) -> None:
    one = parse(entry)
    folds = [fold for fold in asked(entry, every) if fold < every]
    lying = {str(parse_place(one.place(fold))): parse_place(one.place(fold)) for fold in folds}
    assert {place.fold for place in lying.values()} == set(folds)
    assert list(lying) == [one.place(fold) for fold in folds]
    assert all(place.fold_range == one for place in lying.values())


@given(st.text(alphabet="0123456789-/.all \n\\~\u0661", max_size=8))
def test_nothing_but_numbers_and_a_hyphen_becomes_a_path(text: str) -> None:
    for read in (parse, parse_place):
        try:
            found = read(text)
        except ParamsError:
            continue
        name = str(found) if read is parse_place else found.name  # type: ignore[union-attr]
        assert name == text
        assert re.fullmatch(r"(all|[0-9]+(-[0-9]+)?)(/[0-9]+)?", text)
        assert "/" not in text or read is parse_place


@pytest.mark.parametrize("entry", [*NONE, "0–3", "\u0661", "0-3\n", "0\0", "", " ", "9" * 5000])
def test_what_is_no_fold_range_is_told_what_is(entry: str) -> None:
    with pytest.raises(ParamsError, match=r'is no fold range: write a fold \(3\), .*"0-29"'):
        parse(entry)


def test_ends_that_are_turned_round_are_told_so() -> None:
    with pytest.raises(ParamsError, match="'3-1' is no fold range: write 1-3"):
        parse("3-1")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("all", "'all' names no single fold: write all/0 for fold 0 of it"),
        ("2-5", "'2-5' names no single fold: write 2-5/2 for fold 2 of it"),
        ("all/", "names no single fold"),
        ("all/07", "names no single fold"),
        ("all/../7", "names no single fold"),
        ("7/", "names no single fold: write 7"),
        ("7/7", "names no single fold: write 7"),
        ("2-5/6", "fold 6 is not in the fold range 2-5"),
        ("../7", "'..' is no fold range"),
    ],
)
def test_what_is_no_place_is_told_what_is(text: str, said: str) -> None:
    with pytest.raises(ParamsError, match=re.escape(said)):
        parse_place(text)


@given(st.lists(ENTRIES, max_size=5))
def test_two_overlap_if_they_share_a_fold(entries: list[str]) -> None:
    sets = [asked(entry, 1000) for entry in entries]
    shared = sum(map(len, sets)) > len(set().union(*sets))
    found = overlap([parse(entry) for entry in entries])
    assert (found is not None) == shared
    if found:
        before, after = found
        assert after.first in asked(before.name, 1000) & asked(after.name, 1000)


@given(st.sets(NUMBERS))
def test_what_is_written_asks_for_just_these_folds(folds: set[int]) -> None:
    entries = written(folds)
    sets = [asked(entry, 0) for entry in entries]
    assert set().union(*sets) == folds
    assert sum(map(len, sets)) == len(folds)
    starts = {fold for fold in folds if fold - 1 not in folds}
    assert len(entries) == len(starts)  # the fewest


def test_each_fold_lies_in_the_folder_of_its_range() -> None:
    ranges = (parse("0-2"), parse(5))
    assert places(ranges, (0, 1, 2, 5, 9)) == {0: "0-2/0", 1: "0-2/1", 2: "0-2/2", 5: "5"}


@pytest.mark.parametrize("entry", ["3", "0-3", "2-9999"])
def test_folds_that_do_not_exist_are_refused(entry: str) -> None:
    with pytest.raises(StoreError, match=r"was asked for, but 3 exist \(0 to 2\); change train"):
        parse(entry).folds(3)


def test_what_goes_wrong_names_the_fold_of_several() -> None:
    with pytest.raises(StageError, match=r"^fold 7 of the fold range all: the loss is nan$"):
        with parse("all").naming(7):
            raise StageError("the loss is nan")
    with pytest.raises(StageError, match=r"^the loss is nan$"), parse(7).naming(7):
        raise StageError("the loss is nan")


def test_a_folder_names_its_stage() -> None:
    root = Path("Models/weights")
    assert stage_of("train", root / "0-29" / "7", root) == "train@0-29"
    assert stage_of("train", root / "7", root) == "train@7"
    assert stage_of("train", Path("elsewhere/7"), root) == "train@7"
