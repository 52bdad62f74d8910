"""The embedded data set: real digits, each in one image, and what its annotations say."""

import argparse
import json
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from PIL import Image
from pycocotools.coco import COCO
from sklearn.datasets import load_digits

from Data_processing import demo
from Data_processing.digits import Digits
from Data_processing.grounds import GROUNDS, luminance
from Data_processing.rendering import ASPECT, MARGIN, SIDES, draw, draw_frame
from Datasets.errors import ParamsError
from Datasets.params import load
from Datasets.randomness import rng_for

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
"""pycocotools 2.0.11 says this of itself under numpy 2 whenever it decodes."""

FOLDER = Path("Datasets/raw/digits")
REST = Path("Datasets/raw/digits_unlabelled")


class Truth(msgspec.Struct, frozen=True):
    """One labelled image as a reader of the files sees it."""

    pixels: npt.NDArray[np.uint8]
    mask: npt.NDArray[np.bool_]
    box: list[int]
    area: int
    label: str
    crowd: int


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a data set of 240 labelled and 160 unlabelled images."""
    folder = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(demo, "read_digits", lambda: _first_digits(400))
        demo.make("digits", 240, 42)
    return folder


@pytest.fixture(scope="module")
def truths(made: Path) -> list[Truth]:
    """Return the labelled images, read through pycocotools and Pillow alone."""
    coco = COCO(str(made / FOLDER / "annotations.json"))
    found = []
    for annotation in coco.loadAnns(coco.getAnnIds()):
        image = coco.imgs[annotation["image_id"]]
        pixels = np.asarray(Image.open(made / FOLDER / image["file_name"]))
        assert pixels.shape == (image["height"], image["width"], 3)
        mask = coco.annToMask(annotation).astype(bool)
        label = coco.cats[annotation["category_id"]]["name"]
        found.append(
            Truth(
                pixels, mask, annotation["bbox"], annotation["area"], label, annotation["iscrowd"]
            )
        )
    return found


@pytest.fixture(scope="module")
def table(made: Path) -> pd.DataFrame:
    """Return table.csv."""
    return pd.read_csv(made / FOLDER / "table.csv")


def test_counts_and_names(made: Path, table: pd.DataFrame) -> None:
    """Every file is one of those promised, and every digit is somewhere."""
    names = [f"images/{number:04d}.png" for number in range(1, 241)]
    assert (
        sorted(str(p.relative_to(made / FOLDER)) for p in (made / FOLDER).rglob("*.png")) == names
    )
    assert sorted(path.name for path in (made / FOLDER).iterdir() if path.is_file()) == [
        "README.txt", "annotations.json", "table.csv",
    ]  # fmt: skip
    rest = sorted(path.name for path in (made / REST).iterdir())
    assert rest == [f"{number:04d}.png" for number in range(1, 161)]
    assert table["file_name"].tolist() == names
    assert "INFERRED" in (made / FOLDER / "README.txt").read_text()


def test_the_same_bytes_from_the_same_seed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two runs agree in every byte; another seed draws other images and tables."""
    monkeypatch.setattr(demo, "read_digits", lambda: _first_digits(60))
    contents = []
    for run, seed in (("a", 42), ("b", 42), ("c", 43)):
        (tmp_path / run).mkdir()
        monkeypatch.chdir(tmp_path / run)
        demo.make("digits", 24, seed)
        files = sorted(path for path in Path("Datasets").rglob("*") if path.is_file())
        contents.append({str(path): path.read_bytes() for path in files})
    assert contents[0] == contents[1]
    assert contents[0].keys() == contents[2].keys()
    same = [name for name in contents[0] if contents[0][name] == contents[2][name]]
    assert [Path(name).name for name in same] == ["README.txt"]


def test_an_image_stays_when_more_are_asked_for(
    tmp_path: Path, made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first images of a small set are those of a large one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(demo, "read_digits", lambda: _first_digits(400))
    demo.make("digits", 24, 42)
    small = (FOLDER / "table.csv").read_text().splitlines()
    assert small == (made / FOLDER / "table.csv").read_text().splitlines()[:25]
    for path in sorted(FOLDER.rglob("*.png")):
        assert path.read_bytes() == (made / path).read_bytes()
    assert len(list(FOLDER.rglob("*.png"))) == 24


def test_labels_are_those_of_the_source(table: pd.DataFrame, truths: list[Truth]) -> None:
    """The label of an image is that of the digit that the table names; no digit comes twice."""
    labels = load_digits().target
    assert [truth.label for truth in truths] == [str(labels[i]) for i in table["source"]]
    assert table["source"].is_unique
    assert table["source"].between(0, 399).all()
    assert {truth.label for truth in truths[:60]} == set("0123456789")  # the order tells nothing
    assert not table["source"].is_monotonic_increasing


def test_the_left_over_digits_are_the_unlabelled_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Labelled and unlabelled images share no digit and leave none out."""
    drawn: list[bytes] = []

    def remember(glyph: npt.NDArray[np.float64], rng: np.random.Generator) -> object:
        drawn.append(glyph.tobytes())
        return draw(glyph, rng)

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(demo, "read_digits", lambda: _first_digits(40))
    monkeypatch.setattr(demo, "draw", remember)
    demo.make("digits", 24, 42)
    assert sorted(drawn) == sorted(glyph.tobytes() for glyph in _first_digits(40).glyphs)
    assert len(set(drawn)) == 40
    assert len(list(REST.iterdir())) == 16


def test_boxes_and_areas_are_those_of_the_masks(made: Path, truths: list[Truth]) -> None:
    """A box is the smallest around the mask, by an independent count; all three codings occur."""
    for truth in truths:
        rows, columns = np.nonzero(truth.mask)
        x, y, width, height = truth.box
        assert (x, x + width) == (columns.min(), columns.max() + 1)
        assert (y, y + height) == (rows.min(), rows.max() + 1)
        assert truth.area == truth.mask.sum()
        assert truth.crowd == 0
    coco = json.loads((made / FOLDER / "annotations.json").read_bytes())
    kinds = [
        "polygon" if isinstance(one["segmentation"], list) else type(one["segmentation"]["counts"])
        for one in coco["annotations"]
    ]
    assert {kind: kinds.count(kind) > 20 for kind in ("polygon", str, list)} == {
        "polygon": True, str: True, list: True,
    }  # fmt: skip
    assert [c["name"] for c in coco["categories"]] == list("0123456789")


def test_frames_sizes_and_contrast(truths: list[Truth]) -> None:
    """What small networks need: digits not too small, and ink that stands off its ground."""
    for truth in truths:
        height, width = truth.mask.shape
        assert SIDES[0] <= min(height, width) <= max(height, width) <= SIDES[1]
        assert max(height, width) / min(height, width) <= ASPECT
        assert 0.5 <= max(truth.box[2:]) / min(height, width) <= 0.85
        x, y, box_width, box_height = truth.box
        assert min(x, y, width - x - box_width, height - y - box_height) >= MARGIN - 1
        light = luminance(truth.pixels)
        assert abs(light[truth.mask].mean() - light[~truth.mask].mean()) >= 80
    darker = [
        luminance(t.pixels)[t.mask].mean() < luminance(t.pixels)[~t.mask].mean() for t in truths
    ]
    assert 0.3 < np.mean(darker) < 0.85  # both polarities
    shapes = np.array([truth.mask.shape for truth in truths])
    assert (shapes[:, 0] > shapes[:, 1]).mean() > 0.3 and (shapes[:, 0] < shapes[:, 1]).mean() > 0.3


def test_a_frame_reaches_its_bounds_and_never_leaves_them() -> None:
    """Sides and aspect over many draws, against the numbers written out."""
    frames = [draw_frame(rng_for(0, "test", str(number))) for number in range(4000)]
    sides = [side for frame in frames for side in (frame.height, frame.width)]
    aspects = [frame.width / frame.height for frame in frames]
    assert min(sides) == 48 and 155 < max(sides) <= 160
    assert 1 / 1.6 <= min(aspects) < 0.65 and 1.55 < max(aspects) <= 1.6


def test_the_digits_can_be_read(truths: list[Truth]) -> None:
    """The nearest other image, cut out at its box and shrunk, mostly shows the same digit."""
    shrunk = np.stack([_shrunk(truth) for truth in truths])
    distances = ((shrunk[:, None] - shrunk[None]) ** 2).sum(axis=2)
    np.fill_diagonal(distances, np.inf)
    labels = np.array([truth.label for truth in truths])
    assert (labels[distances.argmin(axis=1)] == labels).mean() > 0.85  # chance is 0.1


def test_the_table(table: pd.DataFrame) -> None:
    """Columns, gaps, blocks; and the noise is noise."""
    assert list(table) == ["file_name", "writer", "source", "darkness", "paper", "noise"]
    assert 0.03 < table["darkness"].isna().mean() < 0.15
    assert table["darkness"].dropna().between(0.25, 1).all()
    assert set(table["paper"]) == set(GROUNDS)
    assert abs(table["noise"].mean()) < 0.3 and 0.8 < table["noise"].std() < 1.2
    first = pd.Series(["w01", "w02", "w03", "w04"], index=[0, 130, 256, 386])
    by_source = table.set_index("source")["writer"].sort_index()
    assert by_source.tolist() == [first.loc[:i].iloc[-1] for i in by_source.index]


def test_the_stage_runs_from_params(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The verb reads its number from params.yaml, and its last line says what it did."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(demo, "read_digits", lambda: _first_digits(40))
    monkeypatch.setattr(demo, "SOURCES", 40)
    Path("params.yaml").write_text("seed: 1\ndemo: {digits: {images: 24}}\n")
    demo.run(argparse.Namespace(dataset="digits"))
    assert "24 labelled images and 16 unlabelled" in capsys.readouterr().err
    assert not list(Path("Datasets/raw").glob(".tmp-*"))
    with pytest.raises(ParamsError, match="did you mean 'digits'"):
        demo.run(argparse.Namespace(dataset="digts"))


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ("{digits: {image: 24}}", "did you mean 'images'"),
        ("{digits: {images: 0}}", ">= 1"),
        ("{digits: {images: 1798}}", "<= 1797"),
        ("{digits: {images: many}}", "expected a whole number"),
        ("{digits: {}}", "images"),
        ("{a/b: {images: 2}}", "letters, digits"),
        ("{a: {images: 2}, a_unlabelled: {images: 2}}", "choose another"),
        ("3", "demo"),
    ],
)
def test_check_refuses(tmp_path: Path, section: str, message: str) -> None:
    """A wrong key, number, type or name is found before anything is drawn."""
    path = tmp_path / "params.yaml"
    path.write_text(f"demo: {section}\n")
    with pytest.raises(ParamsError, match=message):
        demo.check(load(path))


def test_check_accepts_no_demo_at_all(tmp_path: Path) -> None:
    """Who has data of their own writes ``demo: {}``."""
    path = tmp_path / "params.yaml"
    path.write_text("demo: {}\n")
    demo.check(load(path))


def _first_digits(count: int) -> Digits:
    digits = load_digits()
    return Digits(digits.images[:count] / 16, digits.target[:count])


def _shrunk(truth: Truth) -> npt.NDArray[np.float64]:
    """Return the box's content (64,), ground 0 and ink 1, in a square that keeps its aspect."""
    x, y, width, height = truth.box
    light = luminance(truth.pixels)
    ground, ink = light[~truth.mask].mean(), light[truth.mask].mean()
    square = np.zeros((max(width, height),) * 2, np.float32)
    top, left = (len(square) - height) // 2, (len(square) - width) // 2
    inside = light[y : y + height, x : x + width]
    square[top : top + height, left : left + width] = (inside - ground) / (ink - ground)
    small = Image.fromarray(square).resize((8, 8), Image.Resampling.BOX)
    return np.asarray(small, np.float64).ravel()
