"""CVAT for images 1.1: its shapes, its tags, where its images are, what else it says."""

import math
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from Data_processing.convert.readers.cvat_shapes import Frame, annotation
from Data_processing.convert.readers.xml import parsed
from Datasets.errors import AnnotationError
from Datasets.metadata import Annotated
from Datasets.regions import Region, compressed
from tests.Data_processing.convert.conftest import Bench

OPTIONS = "format: cvat, on_bad: skip"
SIDES = 'width="20" height="10"'


def _shape(tag: str, inside: str = "", /, **attributes: object) -> str:
    said = {"label": "cat", "source": "manual", "occluded": "0", "z_order": "0", **attributes}
    start = " ".join(f'{key}="{value}"' for key, value in said.items())
    return f"  <{tag} {start}>{inside}\n  </{tag}>\n"


def _box(x1: object, y1: object, x2: object, y2: object, inside: str = "", **more: object) -> str:
    return _shape("box", inside, xtl=x1, ytl=y1, xbr=x2, ybr=y2, **more)


def _image(name: str, *inside: str, number: int = 0, more: str = SIDES) -> str:
    return f'<image id="{number}" name="{name}" {more}>\n{"".join(inside)}</image>\n'


def _write(bench: Bench, *images: str, file: str = "annotations.xml") -> None:
    head = '<?xml version="1.0" encoding="utf-8"?>\n<annotations>\n<version>1.1</version>\n'
    meta = "<meta><task><labels><label><name>unused</name></label></labels></task></meta>\n"
    path = bench.raw / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{head}{meta}{''.join(images)}</annotations>\n", encoding="utf-8")


def _corners(sample: Annotated) -> list[tuple[float, float, float, float]]:
    return [(box.x1, box.y1, box.x2, box.y2) for box in sample.image.bounding_boxes]


def _files(bench: Bench) -> dict[str, int]:
    return {one.row.image: len(one.image.bounding_boxes) for one in bench.samples()}


def test_each_shape_has_its_box(bench: Bench) -> None:
    bench.image("a.png")
    cuboid = {
        f"{axis}{corner}{face}": value
        for face, x, y in ((1, 2, 3), (2, 5, 1))
        for corner, (right, down) in {
            "tl": (0, 0),
            "bl": (0, 4),
            "tr": (6, 0),
            "br": (6, 4),
        }.items()
        for axis, value in (("x", x + right), ("y", y + down))
    }
    shapes = (
        _box("1.5", 2, 8, "9.25"),
        _shape("polygon", points="1.0,1.0;5.0,1.0;5.0,4.0"),
        _shape("polyline", points="1,1;4,3;2,8"),
        _shape("points", points="1,1;2,2"),
        _shape("points", points="7.5,2.5"),
        _shape("mask", rle="1, 1, 1, 3", left=4, top=1, width=3, height=2),
        _shape("ellipse", cx=10, cy=5, rx=4, ry=2),
        _shape("ellipse", cx=10, cy=5, rx=4, ry=2, rotation=90),
        _shape("cuboid", **cuboid),
    )
    _write(bench, _image("a.png", *shapes))
    summary = bench.convert(OPTIONS)
    assert summary.startswith("1 image and 9 annotations in, 1 and 9 out; 1 class")
    (sample,) = bench.samples()
    assert [tuple(round(side, 9) for side in box) for box in _corners(sample)] == [
        (1.5, 2, 8, 9.25),
        (1, 1, 5, 4),
        (1, 1, 4, 8),
        (1, 1, 2, 2),
        (7, 2, 8, 3),
        (4, 1, 7, 3),
        (6, 3, 14, 7),
        (8, 1, 12, 9),
        (2, 1, 11, 7),
    ]
    row = sample.row
    assert [len(each) for each in row.polygons] == [0, 1, 0, 0, 0, 0, 1, 1, 0]
    assert len(row.polygons[6][0]) == 128
    assert list(row.keypoints[2]) == [1, 1, 2, 4, 3, 2, 2, 8, 2]
    assert row.extras == (
        None,
        None,
        '{"shape":"polyline"}',
        '{"shape":"points"}',
        '{"shape":"points"}',
        None,
        '{"ellipse":[10.0,5.0,4.0,2.0]}',
        '{"ellipse":[10.0,5.0,4.0,2.0],"rotation":90.0}',
        '{"cuboid":[2.0,3.0,2.0,7.0,8.0,3.0,8.0,7.0,5.0,1.0,5.0,5.0,11.0,1.0,11.0,5.0]}',
    )
    drawn = Region((), row.rles[5], 10, 20).pixels()
    assert np.argwhere(drawn).tolist() == [[1, 5], [2, 4], [2, 5], [2, 6]]


def test_a_box_is_turned_clockwise_about_its_centre(bench: Bench) -> None:
    """6 x 2 about (10, 5): after a quarter turn 2 x 6, its upper left corner the upper right."""
    bench.image("a.png")
    boxes = (
        _box(7, 4, 13, 6, rotation=90),
        _box(7, 4, 13, 6, rotation="0.00"),
        _box(8, 3, 12, 7, rotation="45.0"),
    )
    _write(bench, _image("a.png", *boxes))
    bench.convert(OPTIONS)
    (sample,) = bench.samples()
    half = 2 * 2**0.5
    assert _corners(sample)[0] == pytest.approx((9, 2, 11, 8))
    assert _corners(sample)[1] == (7, 4, 13, 6)
    assert _corners(sample)[2] == pytest.approx((10 - half, 5 - half, 10 + half, 5 + half))
    assert sample.row.polygons[0][0] == pytest.approx((11, 2, 11, 8, 9, 8, 9, 2))
    assert sample.row.polygons[1] == ()
    assert sample.row.extras == ('{"rotation":90.0}', None, '{"rotation":45.0}')


def test_a_skeleton_has_its_points_in_order(bench: Bench) -> None:
    bench.image("a.png")
    points = (
        _shape("points", label="1", points="2,3", outside=0)
        + _shape("points", label="2", points="9,9", outside=1)
        + _shape("points", label="3", points="6,8", occluded=1)
    )
    _write(bench, _image("a.png", _shape("skeleton", points)))
    bench.convert(OPTIONS)
    (sample,) = bench.samples()
    assert list(sample.row.keypoints[0]) == [2, 3, 2, 0, 0, 0, 6, 8, 1]
    assert _corners(sample) == [(2, 3, 6, 8)]
    assert sample.row.extras == ('{"points":["1","2","3"],"shape":"skeleton"}',)


@given(st.data())
def test_a_mask_is_drawn_as_it_was(data: st.DataObject) -> None:
    """Run lengths along the rows of a box become those down the columns of the frame."""
    height, width = data.draw(st.integers(1, 9)), data.draw(st.integers(1, 9))
    tall, wide = data.draw(st.integers(1, height)), data.draw(st.integers(1, width))
    top, left = data.draw(st.integers(0, height - tall)), data.draw(st.integers(0, width - wide))
    bits = data.draw(st.lists(st.booleans(), min_size=tall * wide, max_size=tall * wide))
    counts, is_inside = [0], False
    for bit in bits:
        if bit != is_inside:
            counts.append(0)
            is_inside = bit
        counts[-1] += 1
    text = _shape("mask", rle=str(counts)[1:-1], left=left, top=top, width=wide, height=tall)
    found = annotation(parsed(text.encode(), "a.xml"), 1, "a.xml", Frame(height, width))
    assert found.rle is not None and found.rle.frame == (height, width)
    expected = np.zeros((height, width), bool)
    expected[top : top + tall, left : left + wide] = np.reshape(bits, (tall, wide))
    drawn = Region((), compressed(found.rle.counts, height, width), height, width).pixels()
    assert np.array_equal(drawn, expected)


def test_what_else_is_said_goes_to_extras(bench: Bench) -> None:
    bench.image("a.png")
    own = '<attribute name="colour">red</attribute>\n<attribute name="old">true</attribute>'
    said = {"occluded": 1, "z_order": 2, "group_id": 7, "source": "auto"}
    tag = _shape("tag", '<attribute name="sure">no</attribute>', label="night")
    more = f'{SIDES} subset="train" task_id="3"'
    _write(bench, _image("a.png", _box(1, 1, 5, 5, own, **said), tag, more=more))
    bench.convert(OPTIONS)
    (sample,) = bench.samples()
    assert sample.row.extras == (
        '{"attributes":{"colour":"red","old":"true"},"group_id":7,"occluded":1,"source":"auto",'
        '"z_order":2}',
    )
    assert sample.image.label_names() == ("cat", "night")
    assert sample.row.image_extras == (
        '{"subset":"train","tags":[{"attributes":{"sure":"no"},"label":"night"}],"task_id":3}'
    )
    assert sample.row.source == "annotations.xml#0"


def test_tags_label_images(bench: Bench) -> None:
    for name in "abc":
        bench.image(f"{name}.png")
    twice = _shape("tag", label="day") * 2 + _shape("tag", label="ant")
    _write(
        bench, _image("a.png", _shape("tag", label="day")), _image("b.png", twice), _image("c.png")
    )
    assert bench.convert(OPTIONS).startswith("3 images in, 3 out; 2 classes")
    labels = [sample.image.label_names() for sample in bench.samples()]
    assert labels == [("day",), ("ant", "day"), ()]
    assert all(one.row.has_labels and not one.row.has_boxes for one in bench.samples())


@pytest.mark.parametrize(
    "empty", [">\n</image>", "/>", " />\n", "></image>", "><!-- /> --></image>"]
)
def test_an_image_without_shapes_was_looked_at(bench: Bench, empty: str) -> None:
    bench.image("a.png")
    bench.image("b.png")
    bare = f'<image id="7" name="a.png" {SIDES}{empty}'
    _write(bench, bare, _image("b.png", _shape("polygon", points="1,1;5,1;5,5")))
    bench.convert(OPTIONS)
    first, second = bench.samples()
    assert (first.image.bounding_boxes, first.row.source) == ((), "annotations.xml#7")
    assert first.row.has_boxes and first.row.has_mask and second.row.has_mask


def test_polygons_are_drawn(bench: Bench) -> None:
    bench.image("a.png")
    _write(bench, _image("a.png", _shape("polygon", points="2,3;6,3;6,5;2,5")))
    bench.convert(OPTIONS)
    (sample,) = bench.samples()
    mask = np.asarray(Image.open(bench.metadata / str(sample.image.segmentation_mask)))
    assert np.argwhere(mask).tolist() == [[y, x] for y in (3, 4) for x in (2, 3, 4, 5)]


@pytest.mark.parametrize(
    ("file", "image", "name", "more"),
    [
        ("annotations.xml", "a.png", "a.png", SIDES),
        ("annotations.xml", "images/a.png", "a.png", SIDES),
        ("x/annotations.xml", "x/images/y/a.png", "y/a.png", SIDES),
        ("annotations.xml", "images/train/a.png", "a.png", f'{SIDES} subset="train"'),
        ("annotations.xml", "images/a.png", "a.png", f'{SIDES} subset="train"'),
        ("annotations.xml", "images/Möwe &.png", "Möwe &amp;.png", SIDES),
        ("annotations.xml", "images/y/a.png", "y\\a.png", SIDES),
        ("xml/annotations.xml", "images/a.png", "./a.png", 'width="0" height=""'),
    ],
)
def test_the_image_is_found(bench: Bench, file: str, image: str, name: str, more: str) -> None:
    bench.image(image)
    _write(bench, _image(name, _box(1, 1, 5, 5), more=more), file=file)
    bench.convert(OPTIONS)
    assert _files(bench) == {image: 1}


def test_images_of_several_files_come_in_the_order_of_their_paths(bench: Bench) -> None:
    for task, names in (("two", "db"), ("one", "ca")):
        images = []
        for number, name in enumerate(names):
            bench.image(f"{task}/images/{name}.png", level=number)
            images.append(_image(f"{name}.png", *[_box(1, 1, 5, 5)] * (number + 1)))
        _write(bench, *images, file=f"{task}/annotations.xml")
    bench.convert(OPTIONS)
    assert list(_files(bench).items()) == [
        ("one/images/a.png", 2),
        ("one/images/c.png", 1),
        ("two/images/b.png", 2),
        ("two/images/d.png", 1),
    ]


def test_subsets_may_have_the_same_names(bench: Bench) -> None:
    images = []
    for subset, count in (("train", 2), ("test", 1)):
        bench.image(f"images/{subset}/a.png", level=count)
        more = f'{SIDES} subset="{subset}"'
        images.append(_image("a.png", *[_box(1, 1, 5, 5)] * count, more=more))
    _write(bench, *images)
    bench.convert(OPTIONS)
    assert _files(bench) == {"images/test/a.png": 1, "images/train/a.png": 2}


def test_what_is_broken_is_rejected_alone(bench: Bench) -> None:
    bench.image("a.png")
    bench.image("b.png")
    broken = _shape("polygon", points="1,1;2")
    images = (
        _image("a.png", broken, _box(1, 1, 5, 5)),
        _image("b.png", broken),
        _image("c.png", _box(1, 1, 5, 5)),
        _image("../d.png", _box(1, 1, 5, 5)),
    )
    _write(bench, *images)
    (bench.raw / "config.xml").write_text("<View/>")
    summary = bench.convert(OPTIONS)
    assert summary.startswith("4 images and 5 annotations in, 1 and 1 out, 3 and 4 rejected")
    assert "1 left out: a file that is not of CVAT" in summary
    assert (
        "annotations.xml:6: a polygon has the points '1,1;2', which are not" in bench.reasons()[0]
    )


SHAPE = '<box label="cat" xtl="1" ytl="1" xbr="5" ybr="5"/>'


@pytest.mark.parametrize(
    ("beside", "shapes", "reason"),
    [
        (
            f'<Image name="b.png">{SHAPE}</Image>',
            1,
            "a <Image> in <annotations> is not found; write it as <image>, right below",
        ),
        (
            f'<images><image name="b.png">{SHAPE}<tag label="x"/>{SHAPE}</image></images>',
            2,
            "a <image> in <images> is not found; write it as <image>, right below <annotations>",
        ),
        ('<meta><task><image name="b.png"/></task></meta>', 0, "a <image> in <task> is not found"),
    ],
)
def test_an_image_where_none_is_looked_for_is_rejected(
    bench: Bench, beside: str, shapes: int, reason: str
) -> None:
    bench.image("a.png")
    bench.image("b.png")
    _write(bench, _image("a.png", SHAPE), beside)
    summary = bench.convert(OPTIONS)
    counts = f"2 images and {1 + shapes} annotation{'s' * (shapes > 0)} in, 1 and 1 out"
    assert summary.startswith(f"{counts}, 1 and {shapes} rejected; 1 class")
    (told,) = bench.reasons()
    assert told.startswith(f"annotations.xml:7: {reason}")


def test_a_shape_beside_the_images_is_rejected(bench: Bench) -> None:
    bench.image("a.png")
    drawing = "<meta><svg><polygon/><ellipse/></svg></meta>"  # what a skeleton looks like
    _write(bench, _image("a.png", SHAPE), drawing, f"<shapes>\n{SHAPE}</shapes>")
    summary = bench.convert(OPTIONS)
    assert summary.startswith("1 image and 2 annotations in, 1 and 1 out, 0 and 1 rejected")
    (told,) = bench.reasons()
    assert told == (
        "annotations.xml:8: a <box> in <shapes> is not found; write it as <box>, right below "
        "<image>"
    )


def test_tracks_are_a_video_wherever_they_stand(bench: Bench) -> None:
    bench.image("a.png")
    _write(bench, _image("a.png", SHAPE), "<tracks><Track/></tracks>")
    with pytest.raises(AnnotationError, match="holds tracks of a video"):
        bench.convert(OPTIONS)


@pytest.mark.parametrize(
    ("shape", "reason"),
    [
        (_box(1, 1, 5, 5, f"\n{SHAPE}"), "a <box> in <box> is not found; write it as <box>, right"),
        (_shape("skeleton", f"\n{SHAPE}"), "a <box> in <skeleton> is not found"),
        (
            _shape("skeleton", "\n<Points/>"),
            "a <Points> in <skeleton> is not found; write it as <points>, right below <skeleton>",
        ),
        (
            _shape("skeleton", f'<points label="1" points="2,3">\n{SHAPE}</points>'),
            "a <box> in <points> is not found",
        ),
        (_shape("tag", f"<foo>\n{SHAPE}</foo>"), "a <box> in <foo> is not found"),
        (_box(1, 1, 5, 5, '\n<tag label="x"/>'), "a <tag> in <box> is not found"),
    ],
)
def test_a_shape_in_another_takes_its_image_along(bench: Bench, shape: str, reason: str) -> None:
    bench.image("a.png")
    bench.image("b.png")
    _write(bench, _image("b.png", shape), _image("a.png", SHAPE))
    summary = bench.convert(OPTIONS)
    assert "in, 1 and 1 out, 1 and " in summary
    (told,) = bench.reasons()
    assert told.startswith(f"annotations.xml:7: {reason}")


def test_of_two_values_of_an_attribute_neither_is_taken(bench: Bench) -> None:
    bench.image("a.png")
    one, two = (f'<attribute name="q">{value}</attribute>' for value in (1, 2))
    boxes = (_box(1, 1, 5, 5, one + two), _box(1, 1, 6, 6, one + one), _box(1, 1, 7, 7, two))
    nested = _box(1, 1, 5, 5, '<attribute name="q">1<b>2</b></attribute>')
    _write(bench, _image("a.png", *boxes, nested))
    bench.convert(OPTIONS)
    (sample,) = bench.samples()
    assert sample.row.extras == ('{"attributes":{"q":"1"}}', '{"attributes":{"q":"2"}}')
    assert [reason.removeprefix("annotations.xml:") for reason in bench.reasons()] == [
        "6: its attribute 'q' is both '1' and '2'; take out the wrong one",
        "12: its attribute 'q' holds <b>, text is needed; correct it",
    ]


def test_of_two_values_of_an_attribute_of_a_tag_neither_is_taken(bench: Bench) -> None:
    bench.image("a.png")
    bench.image("b.png")
    both = '<attribute name="q">1</attribute><attribute name="q"></attribute>'
    _write(bench, _image("a.png", SHAPE), _image("b.png", _shape("tag", both)))
    assert ", 1 and 0 rejected" in bench.convert(OPTIONS)
    (told,) = bench.reasons()
    assert told == "annotations.xml:8: its attribute 'q' is both '1' and ''; take out the wrong one"


def test_elements_that_cvat_does_not_have_go_to_extras(bench: Bench) -> None:
    bench.image("a.png")
    foo = '<foo bar="1"><attributes>2</attributes></foo>'
    joint = f'<points label="1" points="2,3">{foo}</points>'
    shapes = (_box(1, 1, 5, 5, foo + "<x/>"), _shape("skeleton", joint + foo), _shape("tag", foo))
    _write(bench, _image("a.png", *shapes))
    bench.convert(OPTIONS)
    (sample,) = bench.samples()
    said = '{"foo":{"attributes":2,"bar":1}'
    assert sample.row.extras == (
        f'{{"elements":{said},"x":""}}}}',
        f'{{"elements":{said}}},"elements of points":[{said}}}],"points":["1"],'
        '"shape":"skeleton"}',
    )
    assert sample.row.image_extras == f'{{"tags":[{{"elements":{said}}},"label":"cat"}}]}}'


def test_a_file_whose_name_is_no_text_is_named(bench: Bench) -> None:
    _write(bench, _image("a.png"), file=os.fsdecode(b"\xff.xml"))
    with pytest.raises(AnnotationError, match=r"the file's name '.udcff\.xml' holds characters"):
        bench.convert(OPTIONS)


def test_an_image_is_read_alone_wherever_the_chunks_of_its_file_end(bench: Bench) -> None:
    bench.image("a.png")
    bench.image("b.png")
    filler = f"<!-- {'x' * 3_000_000} -->\n"
    _write(bench, filler, _image("b.png", _box(1, 1, 5, 5)), filler, _image("a.png"))
    bench.convert(OPTIONS)
    assert _files(bench) == {"a.png": 0, "b.png": 1}


def test_the_box_of_a_turned_ellipse_is_exact(bench: Bench) -> None:
    bench.image("a.png", 900, 600)
    shapes = [_shape("ellipse", cx=450, cy=300, rx=rx, ry=50, rotation=30) for rx in (400, -400)]
    _write(bench, _image("a.png", *shapes, more='width="900" height="600"'))
    assert "1 reversed: corners in the wrong order, put right" in bench.convert(OPTIONS)
    (sample,) = bench.samples()
    wide = math.sqrt((400 * math.sqrt(0.75)) ** 2 + (50 * 0.5) ** 2)
    tall = math.sqrt((400 * 0.5) ** 2 + (50 * math.sqrt(0.75)) ** 2)
    box = (450 - wide, 300 - tall, 450 + wide, 300 + tall)
    assert _corners(sample) == [pytest.approx(box)] * 2
    assert box[0] == pytest.approx(102.689, abs=0.001)
    (polygon,) = sample.row.polygons[0]
    assert len(polygon) == 128
    assert min(polygon[0::2]) == pytest.approx(102.807, abs=0.001)
    assert sample.row.extras[1] == '{"ellipse":[450.0,300.0,-400.0,50.0],"rotation":30.0}'


def test_the_golden_file(bench: Bench) -> None:
    bench.image("images/a b.png")
    bench.image("images/ü.png", 16, 12)
    bench.image("images/c.png")
    shapes = (
        _box(1, 2, 8, 9, occluded=1),
        _box(7, 4, 13, 6, rotation=90, label="ant"),
        _shape("mask", rle="1, 1, 1, 3", left=4, top=1, width=3, height=2),
        _shape("points", '<attribute name="side">left</attribute>', points="1,1;2,2"),
        _shape("tag", label="night"),
        _box(1, 1, 90, 9),
    )
    _write(bench, _image("ü.png", number=1, more=""), _image("a b.png", *shapes))
    bench.convert(OPTIONS)
    bench.golden("cvat")


def test_emergency_stops(bench: Bench, shared_data: Path) -> None:
    bench.raw.rmdir()
    bench.raw.symlink_to(shared_data / "cvat_estop")
    summary = bench.convert(OPTIONS)
    assert summary.startswith("19 images and 19 annotations in, 19 and 19 out; 1 class")
    assert {len(sample.row.keypoints[0]) for sample in bench.samples()} == {15}
