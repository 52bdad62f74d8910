import argparse
import re
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import numpy as np
import pytest
from PIL import Image
from sklearn.metrics import precision_recall_fscore_support

from Datasets.analytics import FoldCount, Summary
from Datasets.errors import ParamsError, StoreError
from Datasets.params import load
from Models.report import charts, findings, stage
from Models.report.evidence import Confusion
from Models.report.gather import gather
from Models.report.page import render
from Models.report.pictures import LIGHT, embed
from Models.report.walk import plan
from Models.scoring import Interval
from tests.Models import report_files

HOSTILE = "<script>alert(1)</script>\"'&{{ 7 * 7 }}"


class Page(HTMLParser):
    """Counts tags, gathers text, attributes that fetch, and the ids that links point at."""

    tags: list[str]
    fetched: list[str]
    ids: set[str]
    links: set[str]
    open: list[str]

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags, self.fetched, self.open = [], [], []
        self.ids, self.links, self.text = set(), set(), ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.text += " "
        if tag not in ("meta", "link", "img", "br"):
            self.open.append(tag)
        for name, value in attrs:
            assert not name.startswith("on"), f"{tag} {name} would run"
            if name in ("src", "href", "srcset", "data", "poster", "action", "xlink:href"):
                (self.links.add(value[1:]) if value.startswith("#") else self.fetched.append(value))
            if name == "id":
                self.ids.add(value)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, f"</{tag}> closes {self.open[-3:]}"
        self.open.pop()

    def handle_data(self, data):
        self.text += data


@pytest.fixture
def walked(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    report_files.write_walk()
    return tmp_path


def page() -> Page:
    stage.run(argparse.Namespace())
    return Page(stage.REPORT.read_text(encoding="utf-8"))


def test_first_screen_answers(walked):
    text = " ".join(page().text.split())
    first = text[: text.index("The walk Each stage")]
    for said in (
        "e001_small_cnn on digits",
        "1,200 images in 5 folds; 240 of them tested",
        "0.975 [0.954, 0.992]",
        "6 of 240 test images wrong",
        "1 missed most recall 0.75, 24 images",
        "1 taken for 2 6 times",
        "passed: the bundle answers as the trained model did",
    ):
        assert said in first


def test_page_fetches_nothing_and_runs_nothing(walked):
    found = page()
    assert found.fetched and all(value.startswith("data:") for value in found.fetched)
    assert {"script", "iframe", "object", "embed", "base", "form"}.isdisjoint(found.tags)
    assert found.links and found.links <= found.ids
    assert not found.open
    text = stage.REPORT.read_text(encoding="utf-8")
    assert "default-src 'none'" in text
    assert not re.search(r"url\(|@import|https?://", text)


def test_what_files_say_never_becomes_markup(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    tame = ("0", "1", "2")
    report_files.write_walk(classes=tame)
    expected = page().tags
    report_files.write_walk(classes=("0", "1", HOSTILE), dataset=HOSTILE)
    report_files.write_timing("split", 0.1, HOSTILE)
    found = page()
    assert "script" not in found.tags
    assert found.tags == expected
    assert HOSTILE in found.text


def test_equal_inputs_give_equal_bytes(walked):
    first = render(gather())
    assert render(gather()) == first


def test_order_is_that_of_the_walk_and_names_no_stray_step(walked):
    stages = plan(load()).stages()
    assert stages[:6] == ("check", "demo@digits", "convert@digits", "split", "audit", "source")
    assert stages[6:9] == ("process@distort", "process@crop", "stack")
    assert "process@unused" not in stages
    assert stages[-3:] == ("crossval", "export", "verify")


@pytest.mark.parametrize(
    ("was", "now", "says"),
    [
        ("distort: {from: source", "distort: {from: crop", "leads back to itself"),
        ("distort: {from: source", "distort: {from: nowhere", "nothing is called 'nowhere'"),
    ],
)
def test_a_walk_that_leads_nowhere_is_refused(walked, was, now, says):
    params = Path("params.yaml")
    params.write_text(params.read_text().replace(was, now))
    with pytest.raises(ParamsError, match=says):
        plan(load())


def test_stages_without_a_timing_are_shown_without_seconds(walked):
    rows = {walked.stage: walked.timing for walked in gather().walk}
    timing = rows["train@0"]
    assert timing is not None and timing.seconds == 64.2
    assert rows["source"] is None
    assert "not timed on this machine" in page().text


def test_what_the_data_are_like_stands_on_the_page(walked):
    """Findings with their pictures, names escaped; the rest in tables and charts."""
    text = " ".join(page().text.split())
    assert "Nearly black images 1 image" in text
    assert "50 tests of whether a fold differs" in text and "found nothing" not in text
    assert "fold 2 brightness KS 0.31 0.0004" in text
    assert "0 + 9" in text  # two classes at once
    assert "age 81" in text
    html = render(gather())
    assert 'title="digits/a &lt;b&gt;.png"' in html
    assert "7 &lt;i&gt;</figcaption>" in html
    assert "1 fold was not tested" in text
    assert "0.5 to 1: 1,197" in html  # of the bar on hover
    assert "row 2 of 2, column 2: 1,194" in html


def test_what_audit_only_said_is_said_again(walked):
    assert "audit passed: no duplicate in two folds" in " ".join(page().text.split())
    path = Path("Datasets/analytics/summary.json")
    summary = msgspec.json.decode(path.read_bytes(), type=Summary)
    warned = msgspec.structs.replace(summary, warnings=("14 groups stand in two folds",))
    path.write_bytes(msgspec.json.encode(warned))
    text = " ".join(page().text.split())
    assert "audit passed with warnings: 14 groups stand in two folds" in text
    assert "no duplicate" not in text


def test_one_epoch_is_a_dot(walked):
    Path("Models/curves/0.csv").write_text(
        "epoch,train_loss,validation_loss,validation_accuracy,learning_rate\n1,2,1,0.5,0.01\n"
    )
    assert render(gather()).count('<circle class="point') == 4


def test_a_fold_has_the_name_that_the_data_give_it(walked):
    path = Path("Datasets/analytics/summary.json")
    path.write_text(path.read_text().replace('"fold 0"', '"fold 0, patient <7>"'))
    assert gather().folds[0].name == "fold 0, patient <7>"
    assert "Fold 0, patient &lt;7&gt;" in render(gather())


def test_a_picture_beyond_its_sheet_is_refused(walked):
    path = Path("Datasets/analytics/summary.json")
    path.write_text(path.read_text().replace('"x": 8', '"x": 800').replace('"x":8', '"x":800'))
    with pytest.raises(StoreError, match="is not on it; run `dvc repro -f audit`"):
        gather()


def test_several_folds_are_pooled(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    report_files.write_walk(folds=(0, 3))
    text = " ".join(page().text.split())
    assert "All 2 folds Accuracy 0.975 [0.954, 0.992] on 480 test images." in text
    assert (
        "Fold 3 Accuracy 0.975 [0.954, 0.992] on 240 test images; macro F1 0.97, loss 0.08." in text
    )
    assert "12 of 480 test images wrong; folds differ by ±0.006" in text
    assert "1 taken for 2 12 times" in text


@pytest.mark.parametrize(
    ("path", "stage_name"),
    [
        ("Models/evaluation/0/metrics.json", "evaluate@0"),
        ("Models/evaluation/0/confusion.csv", "evaluate@0"),
        ("Models/evaluation/0/top_losses/03.png", "evaluate@0"),
        ("Models/curves/0.csv", "train@0"),
        ("Models/metrics/crossval.json", "crossval"),
        ("Datasets/sheets/crop.json", "process@crop"),
        ("Datasets/sheets/crop.png", "process@crop"),
        ("Datasets/analytics/summary.json", "audit"),
        ("Datasets/analytics/pictures.png", "audit"),
        ("Datasets/audit/passed.json", "audit"),
        ("Datasets/verified.json", "verify"),
    ],
)
def test_a_missing_or_broken_input_is_named_with_its_stage(walked, path, stage_name):
    Path(path).write_bytes(b"\x00,no\n")
    if not path.endswith("passed.json"):
        with pytest.raises(StoreError, match=f"{path}.*{stage_name}"):
            gather()
    Path(path).unlink()
    with pytest.raises(StoreError, match=f"{path} does not exist; `dvc repro {stage_name}`"):
        gather()


def test_class_names_are_text_whatever_they_look_like(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    report_files.write_walk(classes=("007", "1e5", "NA"))
    fold = gather().folds[0]
    assert fold.confusion.classes == ("007", "1e5", "NA")
    assert [score.label for score in fold.classes] == ["007", "1e5", "NA"]


def test_scores_of_a_matrix_equal_those_of_its_samples():
    rng = np.random.default_rng(0)
    true, predicted = rng.integers(0, 5, 300), rng.integers(0, 4, 300)  # class 4 is never predicted
    counts = np.zeros((5, 5), np.int64)
    np.add.at(counts, (true, predicted), 1)
    expected = precision_recall_fscore_support(true, predicted, zero_division=0)
    for score, *wanted in zip(
        findings.scores(Confusion(tuple("abcde"), counts)), *expected, strict=True
    ):
        np.testing.assert_allclose((score.precision, score.recall, score.f1, score.support), wanted)


def test_pooling_aligns_classes_by_name():
    some = Confusion(("a", "b"), np.array([[1, 2], [3, 4]]))
    other = Confusion(("b", "c"), np.array([[10, 20], [30, 40]]))
    whole = findings.pooled([some, other])
    assert whole.classes == ("a", "b", "c")
    assert whole.counts.tolist() == [[1, 2, 0], [3, 14, 20], [0, 30, 40]]


@pytest.mark.parametrize("n", [1, 2, 41])
def test_any_number_of_classes_makes_a_page(tmp_path, monkeypatch, n):
    monkeypatch.chdir(tmp_path)
    classes = [f"class {i:02}" for i in range(max(3, n))]
    report_files.write_walk(classes=classes)
    found = page()
    assert ("Confused most" in found.text) == (n > 40)
    assert not found.open


def test_charts_stay_inside_their_frame():
    wide = charts.Line("validation", "full", (0.0, 1e4, 3.0))
    flat = charts.Line("training", "dashed", (5.0, 5.0, 5.0))
    lonely = charts.Line("training", "dashed", (0.0,))
    for chart in (
        charts.lines("Loss", (1, 2, 3), (wide, flat)),
        charts.lines("Loss", (1, 2, 3), (flat,), top=5.0),
        charts.lines("Loss", (1,), (lonely,)),
        charts.interval_strip([charts.Tally("fold 0", Interval(1.0, 1.0, 1.0))]),
        charts.interval_strip([charts.Tally("fold 0", Interval(0.1, 0.0, 0.2))]),
    ):
        height = float(re.findall(r'height="(\d+)">', chart)[0])
        for x, y in re.findall(r'(?:x|cx)="(-?[\d.]+)" (?:y|cy)="(-?[\d.]+)"', chart):
            assert -0.5 <= float(x) <= charts.WIDTH
            assert -0.5 <= float(y) <= height


def test_only_heavy_pictures_are_encoded_anew(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (300, 200, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / "heavy.png")
    Image.new("RGB", (300, 200)).save(tmp_path / "light.png")
    heavy, light = embed(tmp_path / "heavy.png", "stage"), embed(tmp_path / "light.png", "stage")
    assert (tmp_path / "heavy.png").stat().st_size > LIGHT
    assert heavy.uri.startswith("data:image/webp;base64,")
    assert light.uri.startswith("data:image/png;base64,")
    assert (heavy.width, heavy.height) == (200, 300)


def test_colours_pass_aa_in_both_themes():
    css = (Path(charts.__file__).parent / "page.css").read_text()
    themes = [dict(re.findall(r"--(\w+): (#\w{6})", block)) for block in css.split(":root {")[1:3]]
    for colours in themes:
        for name, least in (
            ("ink", 7),
            ("quiet", 4.5),
            ("accent", 4.5),
            ("first", 3),
            ("second", 3),
            ("bar", 3),
        ):
            for ground in ("ground", "raised"):
                assert contrast(colours[name], colours[ground]) >= least, (name, ground)


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours, WCAG 2.2."""
    levels = []
    for colour in (one, other):
        parts = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
        linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
        levels.append(float(linear @ [0.2126, 0.7152, 0.0722]))
    return (max(levels) + 0.05) / (min(levels) + 0.05)


class Shown(HTMLParser):
    """Gathers the text that stands outside every ``details``: what is seen before unfolding."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.depth, self.text = 0, ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.depth += tag == "details"

    def handle_endtag(self, tag):
        self.depth -= tag == "details"

    def handle_data(self, data):
        self.text += f" {data}" * (self.depth == 0)


def test_thirty_folds_unfold(walked):
    report_files.write_range("0-29", range(30))
    path = Path("Datasets/analytics/summary.json")
    summary = msgspec.json.decode(path.read_bytes(), type=Summary)
    dealt = tuple(FoldCount(k, f"fold {k}", 40 - k % 2) for k in range(30))
    path.write_bytes(msgspec.json.encode(msgspec.structs.replace(summary, folds=dealt)))
    assert not page().open
    text = stage.REPORT.read_text(encoding="utf-8")
    shown = " ".join(Shown(text).text.split())
    first = shown[: shown.index("The walk Each stage")]
    named = [int(fold) for fold in re.findall(r"fold (\d+)(?= |$)", first)]
    assert {0, 1, 2, 27, 28, 29} <= set(named) and set(named).isdisjoint(range(3, 27))
    assert re.findall(r"Fold \d+", shown) == ["Fold 0"]  # the served one's curves
    assert "train@0-29" in shown and "each of 30 folds 39 to 40" in shown
    for fold in range(30):
        assert len(re.findall(rf"Fold {fold}\b", text)) >= 2
    assert text.count("<polyline") == 4 * 31  # four lines a fold, and the served one's once more


def test_the_folds_of_a_range_are_those_of_the_page(walked):
    report_files.write_walk(folds=(0, 1, 2))
    alone = gather()
    report_files.write_range("0-2", (0, 1, 2), epochs=30)
    inside = gather()
    for one, other in zip(alone.folds, inside.folds, strict=True):
        assert (one.number, one.losses) == (other.number, other.losses)
        for epoch, same in zip(one.epochs, other.epochs, strict=True):
            assert msgspec.structs.asdict(same) == {
                **msgspec.structs.asdict(epoch),
                "fold": one.number,
            }
    assert [fold.accuracy.value for fold in inside.folds] == [0.5, 0.51, 0.52]


def test_of_very_many_folds_the_weakest_are_told(walked):
    report_files.write_range("all", range(70), epochs=1)
    stage.run(argparse.Namespace())
    text = stage.REPORT.read_text(encoding="utf-8")
    assert "60 of the 70 folds, the weakest and the served" in text
    assert "<summary>Fold 59</summary>" in text and "<summary>Fold 60</summary>" not in text
