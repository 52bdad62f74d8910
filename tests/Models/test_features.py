"""What a trained network sees, as a file that ``audit`` can ask."""

import argparse
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch

from Datasets.errors import ParamsError, StageError, StoreError
from Datasets.scaler import SCALERS, Affine, Map, StandardImage
from Models import checkpoint, features
from Models.checkpoint import WEIGHTS, Trained
from Models.export_graph import features_graph
from Models.module import Module, Parts, build
from Models.networks.network import InputShape, Network
from Models.trunk import GRID, Trunk
from tests.Models.tiny import Tiny

TO = "Datasets/weights/tiny.onnx"


def module(
    shape: InputShape, network: str = "e001_small_cnn", maps: tuple[Map, ...] = ()
) -> Module:
    """Return a module that was not trained."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return build(Parts(network, {}, "supervised", {}, ("a", "b"), shape), maps).eval()


def drawn(count: int, shape: InputShape) -> np.ndarray:
    pixels = np.random.default_rng(0).random((count, shape.height, shape.width, shape.channels))
    top = 1.0 if shape.dtype == "float32" else float(np.iinfo(shape.dtype).max)
    return (pixels * top).astype(shape.dtype)


def said(graph: bytes, tensors: np.ndarray) -> np.ndarray:
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    return session.run(["features"], {"tensors": tensors})[0]


@pytest.mark.parametrize(
    ("shape", "network", "maps", "width"),
    [
        (InputShape(64, 64, 3, "uint8"), "e001_small_cnn", (StandardImage(),), 96 * 16),
        (InputShape(40, 56, 1, "uint16"), "e001_small_cnn", (), 96 * 16),  # 5 x 7 places
        (InputShape(64, 96, 4, "float32"), "resnet18", (), 512 * 2 * 3),  # fewer than cells
    ],
)
def test_the_graph_says_what_the_network_sees(
    shape: InputShape, network: str, maps: tuple[Map, ...], width: int
) -> None:
    """The last maps' cells, averaged here by small steps, for any number of pictures."""
    whole = module(shape, network, maps)
    graph = features_graph(whole, shape)
    tensors = drawn(3, shape)
    found = said(graph, tensors)
    assert found.shape == (3, width) and said(graph, tensors[:1]).shape == (1, width)
    with torch.no_grad():
        scaled = whole.scaling(torch.from_numpy(tensors))
        expected = by_hand(whole.network, scaled)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)


def by_hand(network: Any, scaled: torch.Tensor) -> np.ndarray:
    """Return the means over cells of the maps before the network pools them itself."""
    body = network.body
    if hasattr(body, "layer4"):
        stem = body.maxpool(body.relu(body.bn1(body.conv1(scaled))))
        maps = body.layer4(body.layer3(body.layer2(body.layer1(stem))))
    else:
        maps = body(scaled)
    sides = [min(GRID, side) for side in maps.shape[2:]]
    fine = maps.repeat_interleave(sides[0], 2).repeat_interleave(sides[1], 3)  # each place in parts
    means = torch.nn.functional.avg_pool2d(fine, tuple(maps.shape[2:]))
    return means.flatten(1).numpy()


def test_a_network_without_maps_says_what_it_says() -> None:
    class Flat(Network):
        def __init__(self) -> None:
            super().__init__()
            self.width = 12

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return images.flatten(1)

    shape = InputShape(2, 2, 3, "uint8")
    whole = module(InputShape(8, 8, 3, "uint8"))
    whole.network = Flat()
    found = Trunk(whole)(torch.from_numpy(drawn(2, shape)))
    assert found.shape == (2, 12)


def weigh(tiny: Tiny, place: str) -> Path:
    """Write the weights of a fold, not trained, and return their folder."""
    shape = InputShape(tiny.side, tiny.side, tiny.channels, tiny.dtype)
    parts = Parts("e001_small_cnn", {"base": 4}, "supervised", {}, tiny.classes, shape)
    learned = dict(build(parts, (StandardImage(),)).learned())
    folder = WEIGHTS / place
    folder.mkdir(parents=True)
    checkpoint.write(folder, Trained(parts, 0, 1, 1, {}), learned, learned)
    return folder


@pytest.fixture
def trained(tiny: Tiny) -> Path:
    """Return the weights of fold 0, not trained."""
    return weigh(tiny, "0")


def run(to: str, fold: str | None = None, force: bool = False) -> None:
    """Run the verb as the command line does."""
    parser = argparse.ArgumentParser()
    features.arguments(parser)
    said = ["--to", to, *(["--fold", fold] if fold else []), *(["--force"] if force else [])]
    features.run(parser.parse_args(said))


def test_it_writes_a_file_once(trained: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(TO)
    first = Path(TO).read_bytes()
    assert "e001_small_cnn of fold 0" in capsys.readouterr().err
    with pytest.raises(StageError, match=r"tiny\.onnx is there already; .* --force"):
        run(TO)
    run(TO, fold="0", force=True)
    assert Path(TO).read_bytes() == first
    assert str(Path.cwd()).encode() not in first


@pytest.mark.parametrize("to", ["Datasets/tensors", "weights.pt"])
def test_a_place_that_is_none_is_refused(trained: Path, to: str) -> None:
    with pytest.raises(StageError, match=r"ending in \.onnx"):
        run(to)


def test_a_fold_that_was_not_trained_is_refused(trained: Path) -> None:
    with pytest.raises(StoreError, match="dvc repro train@1"):
        run(TO, fold="1")


@pytest.fixture
def ranged(tiny: Tiny) -> Tiny:
    """Return a data set of which one stage trained two folds, and an earlier one fold 1 alone."""
    path = Path("params.yaml")
    text = path.read_text().replace("folds: [0, 1]", 'folds: ["0-1", 2]')
    path.write_text(text.replace("fold: 0", "fold: 0-1/1"))
    folds = (SCALERS / "0").replace(SCALERS / "once")
    (SCALERS / "0-1").mkdir()
    for place in ("0-1/1", "1"):
        shutil.copytree(folds, SCALERS / place, dirs_exist_ok=True)
    weigh(tiny, "0-1/1")
    return tiny


@pytest.mark.parametrize("fold", ["0-1/1", None])
def test_a_fold_of_a_fold_range_is_found_in_it(
    ranged: Tiny, fold: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    run(TO, fold=fold)
    assert Path(TO).is_file() and "of fold 0-1/1," in capsys.readouterr().err


@pytest.mark.parametrize(
    ("fold", "said"),
    [
        ("1", "--fold: fold 1 is trained by the entry '0-1' of train.folds: write 0-1/1, got 1"),
        ("2-3/2", "--fold: fold 2 is trained by the entry '2' of train.folds: write 2, got 2-3/2"),
        ("3", r"--fold: fold 3 is not trained \(train.folds is \['0-1', 2\]\)"),
        ("0-1", "'0-1' names no single fold: write 0-1/0 for fold 0 of it"),
        ("../1", "'..' is no fold range: write a fold"),
    ],
)
def test_a_fold_that_train_folds_does_not_train_so_is_refused(
    ranged: Tiny, fold: str, said: str
) -> None:
    """Weights of an earlier run lie in ``Models/weights/1``, and are no fold's of this one."""
    weigh(ranged, "1")
    with pytest.raises(ParamsError, match=said):
        run(TO, fold=fold)
    assert not Path(TO).exists()


def test_a_scaler_goes_into_the_graph() -> None:
    """A shifted picture behind a scaler that shifts it back."""
    shape = InputShape(16, 16, 3, "float32")
    shift = Affine(np.full(3, 2.0), np.full(3, 1.0))
    pictures = drawn(2, shape)
    with torch.no_grad():
        plain = Trunk(module(shape))(torch.from_numpy(pictures)).numpy()
    scaled = features_graph(module(shape, maps=(shift,)), shape)
    np.testing.assert_allclose(plain, said(scaled, pictures + 2), atol=1e-3)
