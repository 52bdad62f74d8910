"""Each gate is made to fail on purpose, and must name the samples."""

import argparse
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import onnx
import pandas as pd
import pytest
import torch
from onnx import numpy_helper

from Datasets import bundle, predictions
from Datasets.bundle import BUNDLE
from Datasets.errors import GateError, ParamsError, StoreError
from Datasets.files import sha256_of_file
from Datasets.image import encode_png
from Datasets.predictions import PREDICTIONS
from Datasets.preprocess import Preprocess
from Datasets.recipe import Letterbox
from Deployment.verify import MODEL, PIXELS, ROAD, VERIFIED, run
from Models.export_graph import preprocess_graph
from tests.Deployment.tiny_bundle import FOLD, RAW, draw, name_of

TESTED = [number for number in range(36) if number // 3 % 3 == FOLD]
"""The samples of the test part."""


def refused() -> str:
    """Return the message of the gate that refuses, after checking that it left no output."""
    with pytest.raises(GateError) as error:
        run(argparse.Namespace())
    assert not VERIFIED.exists()
    return str(error.value)


def vouch() -> None:
    """Let the manifest vouch for the bundle as it is now."""
    content = (BUNDLE / bundle.MANIFEST_FILE).read_bytes()
    bundle.write(BUNDLE, msgspec.json.decode(content, type=bundle.Manifest))


@pytest.fixture
def alter(walk: Path) -> Callable[[Callable[[pd.DataFrame], None]], None]:
    """Return what changes the predictions."""

    def change(how: Callable[[pd.DataFrame], None]) -> None:
        table = predictions.read(PREDICTIONS / str(FOLD))
        how(table)
        predictions.write(PREDICTIONS / str(FOLD), table)

    return change


def test_a_sound_bundle_passes_without_a_pixel_that_differs(walk: Path) -> None:
    run(argparse.Namespace())
    verified = json.loads(VERIFIED.read_bytes())
    assert verified["bundle"] == sha256_of_file(BUNDLE / "manifest.json")
    assert verified["fold"] == FOLD
    assert verified["pixels"] == {
        "samples": len(TESTED),
        "differing": 0,
        "worst_levels": 0.0,
        "worst_share": 0.0,
        "allowed_levels": 1.0,
        "allowed_share": 0.001,
    }
    assert verified["model"]["samples"] == verified["raw_to_answer"]["samples"] == len(TESTED)
    assert verified["raw_to_answer"]["worst"] < 1e-4


def test_the_verdict_holds_content_only(walk: Path) -> None:
    run(argparse.Namespace())
    first = VERIFIED.read_bytes()
    run(argparse.Namespace())
    assert VERIFIED.read_bytes() == first


def test_another_resize_kernel_is_refused(walk: Path) -> None:
    other = Preprocess((Letterbox(height=24, width=24, fill=9, antialias=False),))
    (BUNDLE / bundle.PREPROCESS_FILE).write_bytes(preprocess_graph(other, 3, torch.uint8))
    vouch()
    message = refused()
    assert message.count(f"{PIXELS}: ") == 1 and MODEL not in message
    assert f"of {len(TESTED)} samples differ" in message
    assert f"shapes/{name_of(TESTED[0])}: " in message
    assert "% of its pixels" in message and "and " in message


def test_another_weight_is_refused(walk: Path) -> None:
    graph = onnx.load(BUNDLE / bundle.MODEL_FILE)
    largest = max(graph.graph.initializer, key=lambda one: len(one.raw_data))
    changed = numpy_helper.to_array(largest) * np.float32(1.2)
    largest.CopyFrom(numpy_helper.from_array(changed.astype(np.float32), largest.name))
    (BUNDLE / bundle.MODEL_FILE).write_bytes(graph.SerializeToString())
    vouch()
    message = refused()
    assert f"{MODEL}: " in message and PIXELS not in message
    assert f"shapes/{name_of(TESTED[0])}: a probability by " in message


def test_another_tensor_is_refused(walk: Path) -> None:
    shard = np.load("Datasets/tensors/images-0000.npy")
    place = TESTED[2]  # rows are sorted by id, and so are numbers
    shard[place, 3, 4] ^= 255
    np.save("Datasets/tensors/images-0000.npy", shard)
    message = refused()
    assert f"{PIXELS}: 1 of {len(TESTED)} samples differ:\n  shapes/{name_of(place)}: " in message


def test_one_level_on_a_few_pixels_is_let_pass_but_not_on_many(walk: Path) -> None:
    shard = np.load("Datasets/tensors/images-0000.npy")
    shard[TESTED[0], 3, 4, 0] ^= 1  # one of 576 pixels is more than 0.1 %
    np.save("Datasets/tensors/images-0000.npy", shard)
    assert "0.17 % of its pixels, by up to 1" in refused()


def test_another_raw_file_is_refused(walk: Path) -> None:
    (RAW / name_of(TESTED[1])).write_bytes(encode_png(255 - draw(TESTED[1])))
    (RAW / name_of(TESTED[3])).unlink()
    message = refused()
    assert f"{PIXELS}: 2 of {len(TESTED)} samples differ" in message
    assert f"shapes/{name_of(TESTED[1])}: raw/shapes/{name_of(TESTED[1])} changed since" in message
    assert f"raw/shapes/{name_of(TESTED[3])} cannot be read" in message


def test_other_predictions_are_refused(
    walk: Path, alter: Callable[[Callable[[pd.DataFrame], None]], None]
) -> None:
    def swap(table: pd.DataFrame) -> None:
        shares = np.stack(table["probabilities"].to_list())
        shares[4] = np.roll(np.sort(shares[4]), 1)
        table["probabilities"] = list(shares)

    alter(swap)
    message = refused()
    assert f"{MODEL}: 1 of " in message and f"{ROAD}: 1 of " in message
    assert f"  shapes/{name_of(TESTED[4])}: a probability by " in message


def test_predictions_of_unknown_samples_are_refused(
    walk: Path, alter: Callable[[Callable[[pd.DataFrame], None]], None]
) -> None:
    def rename(table: pd.DataFrame) -> None:
        table["id"] = table["id"].replace(f"shapes/{name_of(TESTED[0])}", "shapes/gone.png")

    alter(rename)
    with pytest.raises(StoreError, match=r"1 of 12 samples are not in .*first shapes/gone\.png"):
        run(argparse.Namespace())


def test_a_bundle_that_is_not_what_it_vouches_for_is_refused(walk: Path) -> None:
    with (BUNDLE / bundle.MODEL_FILE).open("ab") as file:
        file.write(b"\0")
    with pytest.raises(StoreError, match=r"model\.onnx: its content is not what the manifest"):
        run(argparse.Namespace())


def test_the_bundle_of_another_fold_is_refused(walk: Path) -> None:
    params = Path("params.yaml")
    params.write_text(params.read_text().replace("{fold: 1}", "{fold: 2}"))
    with pytest.raises(StoreError, match=r"holds fold 1, params\.yaml says export\.fold 2"):
        run(argparse.Namespace())


def test_a_fold_of_a_range_is_compared_with_its_own_predictions(walk: Path) -> None:
    run(argparse.Namespace())
    before = VERIFIED.read_bytes()
    params = Path("params.yaml")
    params.write_text(params.read_text().replace("{fold: 1}", "{fold: all/1}"))
    with pytest.raises(StoreError, match=r"Datasets/predictions/all/1/.*`dvc repro evaluate@all`"):
        run(argparse.Namespace())
    shutil.copytree(PREDICTIONS / "1", PREDICTIONS / "all" / "1")
    run(argparse.Namespace())
    assert VERIFIED.read_bytes() == before


def test_a_place_that_leads_elsewhere_is_refused(walk: Path) -> None:
    params = Path("params.yaml")
    params.write_text(params.read_text().replace("{fold: 1}", "{fold: ../predictions/1}"))
    with pytest.raises(ParamsError, match="is no fold range"):
        run(argparse.Namespace())


def test_no_verdict_of_an_earlier_run_is_left(walk: Path) -> None:
    run(argparse.Namespace())
    (RAW / name_of(TESTED[0])).unlink()
    refused()
