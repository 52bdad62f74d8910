"""Which file belongs to which image: laws that hold for any names."""

from hypothesis import given
from hypothesis import strategies as st

from Data_processing.convert.readers.pairing import by_name, stem

FOLDERS = st.lists(st.sampled_from(["train", "val", "images", "masks"]), max_size=3)
PATHS = st.lists(
    st.tuples(FOLDERS, st.sampled_from("abc")).map(lambda pair: "/".join([*pair[0], pair[1]])),
    max_size=8,
    unique=True,
)


def test_the_folders_that_agree_decide() -> None:
    images = ["train/images/1.png", "val/images/1.png", "val/images/2.png"]
    files = ["train/masks/1.png", "val/masks/1.png", "val/masks/3.png"]
    pairs = by_name(images, files)
    assert pairs.file_of == dict(zip(images[:2], files[:2], strict=True))
    assert pairs.spare == ("val/masks/3.png",) and not pairs.unclear


def test_several_that_agree_as_well_are_unclear() -> None:
    pairs = by_name(["a.jpg", "a.png", "b.png"], ["m/a.png", "m/b.png", "n/b.png"])
    assert pairs.file_of == {} and pairs.spare == ()
    both = ("m/b.png", "n/b.png")
    assert pairs.unclear == {"a.jpg": ("m/a.png",), "a.png": ("m/a.png",), "b.png": both}


@given(PATHS, PATHS)
def test_each_path_is_used_once_and_their_order_means_nothing(
    images: list[str], files: list[str]
) -> None:
    pairs = by_name([f"i/{path}.png" for path in images], [f"f/{path}.txt" for path in files])
    turned = by_name(
        [f"i/{path}.png" for path in reversed(images)],
        [f"f/{path}.txt" for path in reversed(files)],
    )
    assert pairs == turned
    used = [*pairs.file_of.values(), *{f for some in pairs.unclear.values() for f in some}]
    assert sorted([*used, *pairs.spare]) == sorted(f"f/{path}.txt" for path in files)
    assert not pairs.file_of.keys() & pairs.unclear.keys()
    assert all(stem(image) == stem(file) for image, file in pairs.file_of.items())


@given(PATHS)
def test_the_same_tree_twice_is_paired_path_by_path(paths: list[str]) -> None:
    pairs = by_name([f"i/{path}.png" for path in paths], [f"f/{path}.txt" for path in paths])
    assert pairs.file_of == {f"i/{path}.png": f"f/{path}.txt" for path in paths}
