"""What annotations say is printed, and no terminal obeys it."""

import json

import pytest

from Data_processing.__main__ import VERBS
from Datasets.__main__ import VERBS as OTHER_VERBS
from Datasets.command import main
from tests.Data_processing.convert.conftest import Bench

RED = "\x1b[31mred\x1b[0m"
SQUARE = {"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 1, 5, 5]}


def _coco(bench: Bench, category: str, file_name: str = "a.png", key: str = "more") -> None:
    bench.image("a.png")
    bench.image("b.png")
    images = [{"id": 1, "file_name": "a.png"}, {"id": 2, "file_name": file_name, key: 1}]
    categories = [{"id": 1, "name": category}]
    bench.coco(json.dumps({"images": images, "categories": categories, "annotations": [SQUARE]}))


def _printed(bench: Bench, capsys: pytest.CaptureFixture[str], on_bad: str = "strict") -> str:
    """Return what the command says beside its result."""
    lines = ["seed: 1", f"datasets: {{tiny: {{path: raw, format: coco, on_bad: {on_bad}}}}}", ""]
    (bench.folder / "params.yaml").write_text("\n".join(lines))
    (bench.folder / "compute.yaml").write_text("workers: 1\n")
    main("Data_processing", VERBS, ["convert", "tiny"])
    return capsys.readouterr().err


def test_a_category_in_red_is_refused_in_black(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    _coco(bench, RED)
    said = _printed(bench, capsys)
    assert "\x1b" not in said and said.count("\n") == 1
    assert r"\x1b[31mred\x1b[0m" in said


def test_a_newline_in_a_name_begins_no_line(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    _coco(bench, "cat\nerror: all is lost")
    said = _printed(bench, capsys)
    assert r"cat\nerror: all is lost" in said and said.count("\n") == 1


def test_the_list_of_what_was_rejected_keeps_its_own_lines(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    _coco(bench, "cat", key=f"{RED}\nx")
    text = (bench.raw / "annotations.json").read_text()
    bench.coco(text.replace('": 1}]', '": 1, "' + json.dumps(f"{RED}\nx")[1:-1] + '": 1}]', 1))
    said = _printed(bench, capsys)
    assert r"the key '\x1b[31mred\x1b[0m\nx' occurs twice" in said
    assert said.splitlines()[0] == "error: convert@tiny: 1 rejected" and said.count("\n") == 3


def test_what_turns_the_direction_of_a_line_is_shown_escaped(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    _coco(bench, "cat\u202egod", "b.png")
    _printed(bench, capsys)
    main("Datasets", OTHER_VERBS, ["sample", str(bench.metadata), "a.png"])
    printed = capsys.readouterr().out
    assert "\u202e" not in printed and r"cat\u202egod" in printed
    assert json.loads(printed)["image"]["bounding_boxes"][0]["name"] == "cat\u202egod"
