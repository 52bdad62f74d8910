"""What is exported answers as the module does on any size of image, and tells no place."""

import re
from functools import cache
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from Datasets.errors import SampleError
from Datasets.preprocess import Preprocess, apply_fixed
from Datasets.recipe import Bands, CentreCrop, FixedOp, Letterbox, Pad, Resize
from Datasets.sample import NO_BOXES, Sample
from Datasets.scaler import Affine, ChannelMatrix, ImageMatrix, PatchMatrix, StandardImage
from Models.export_graph import model_graph, preprocess_graph
from Models.module import Module, Parts, build
from Models.networks.network import InputShape

SHAPES = [(33, 500), (1200, 900), (48, 160), (160, 100), (64, 64), (31, 37)]
RECIPES: dict[str, tuple[FixedOp, ...]] = {
    "nothing": (),
    "letterbox": (Letterbox(height=64, width=48, fill=7),),
    "resize": (Resize(height=40, width=50),),
    "resize, not antialiased": (Resize(height=40, width=50, antialias=False),),
    "pad, longest": (Pad(height=200, width=50), Resize(longest=64)),
    "shortest, crop": (Resize(shortest=80), CentreCrop(height=64, width=60)),
    "crop, pad": (CentreCrop(height=30, width=200), Pad(height=32, width=150, fill=255)),
}


IN_BANDS: dict[str, tuple[FixedOp, ...]] = {
    "box, chosen": (Bands(take=(2, 0, 1)), Resize(height=40, width=50, kernel="box")),
    "nearest, ratios": (
        Letterbox(height=64, width=48, fill=7, kernel="nearest"),
        Bands(take=(0, 1), ratios=((2, 0), (1, 2))),
        Resize(shortest=40),
    ),
}


def session(graph: bytes, threads: int = 1) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])


def drawn(height: int, width: int, dtype: str, channels: int = 3) -> np.ndarray:
    pixels = np.random.default_rng(height).random((height, width, channels))
    top = 1.0 if dtype == "float32" else np.iinfo(dtype).max + 1
    return (pixels * top).astype(dtype)


def small(maps: tuple = (StandardImage(),), network: str = "e001_small_cnn") -> Module:
    shape = InputShape(32, 24, 3, "uint8")
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return build(Parts(network, {}, "supervised", {}, ("a", "b", "c"), shape), maps).eval()


@cache
def preprocessing(name: str, dtype: str) -> bytes:
    """Return the graph of a recipe, exported once: it takes seconds, and bytes do not change."""
    return preprocess_graph(Preprocess(RECIPES[name]), 3, getattr(torch, dtype))


@cache
def answering() -> bytes:
    return model_graph(small(), InputShape(32, 24, 3, "uint8"))


@pytest.mark.parametrize("name", RECIPES)
def test_preprocessing_is_equal_bit_for_bit(name: str) -> None:
    equal_to_eager(name, "uint8")


@pytest.mark.parametrize("dtype", ["uint16", "float32"])
def test_so_it_is_for_deeper_pixels(dtype: str) -> None:
    equal_to_eager("resize", dtype)


def equal_to_eager(name: str, dtype: str) -> None:
    module = Preprocess(RECIPES[name])
    served = session(preprocessing(name, dtype))
    for height, width in SHAPES:
        pixels = drawn(height, width, dtype)
        tensor, mapped = served.run(["tensor", "map"], {"image": pixels})
        ours, our_map = module(torch.from_numpy(pixels))
        assert np.array_equal(tensor, ours.numpy()), (height, width)
        assert np.array_equal(mapped, our_map.numpy()), (height, width)
        assert tensor.dtype == pixels.dtype


@pytest.mark.parametrize(
    ("name", "channels", "dtype"),
    [
        ("box, chosen", 4, "float32"),
        ("box, chosen", 16, "uint16"),
        ("nearest, ratios", 3, "uint8"),
        ("nearest, ratios", 8, "float32"),
    ],
)
def test_steps_and_graph_give_the_same_bytes_for_any_number_of_threads(
    name: str, channels: int, dtype: str
) -> None:
    graph = preprocess_graph(Preprocess(IN_BANDS[name]), channels, getattr(torch, dtype))
    served = [session(graph, threads) for threads in (1, 4)]
    for height, width in SHAPES:
        pixels = drawn(height, width, dtype, channels)
        if dtype == "float32":
            pixels *= 10.0 ** np.random.default_rng(0).integers(-9, 9, pixels.shape)
            pixels[0, 0], pixels[3, 4, 0], pixels[5, 6, :2] = np.nan, np.inf, 0
        stored = Sample("a", 0, pixels, None, NO_BOXES)
        for op in IN_BANDS[name]:
            stored = apply_fixed(stored, op)
        for one in served:
            tensor = one.run(["tensor"], {"image": pixels})[0]
            assert (tensor.dtype, tensor.shape) == (stored.image.dtype, stored.image.shape)
            assert tensor.tobytes() == stored.image.tobytes(), (height, width)


def test_a_band_that_the_image_lacks_is_no_graph() -> None:
    with pytest.raises(SampleError, match="there is no band 2: the image has 2"):
        preprocess_graph(Preprocess(IN_BANDS["box, chosen"]), 2, torch.uint8)


@pytest.mark.parametrize("network", ["e001_small_cnn", "resnet18"])
def test_the_model_answers_as_the_module_does(network: str) -> None:
    rng, d = np.random.default_rng(0), 32 * 24 * 3
    maps = (
        ChannelMatrix(rng.random(3, np.float32), np.eye(3, dtype=np.float32) + 0.1),
        PatchMatrix(
            *(rng.random(shape, np.float32) / 25 for shape in (3, (3, 3, 5, 5), 3)),
        ),
        ImageMatrix(rng.random((32, 24, 3), np.float32), rng.random((d, d), np.float32) / d),
        Affine(rng.random((32, 24, 3), np.float32), rng.random((32, 24, 3), np.float32)),
        StandardImage(),
    )
    module = small(maps, network)
    served = session(model_graph(module, InputShape(32, 24, 3, "uint8")))
    for batch in (1, 2, 7):
        tensors = rng.integers(0, 256, (batch, 32, 24, 3), dtype=np.uint8)
        logits, chances = served.run(["logits", "probabilities"], {"tensors": tensors})
        with torch.inference_mode():
            ours = module(torch.from_numpy(tensors))
            our_chances = module.framework.probabilities(ours)
        assert np.abs(logits - ours.numpy()).max() < 1e-4
        assert np.abs(chances - our_chances.numpy()).max() < 1e-5


@pytest.mark.parametrize(("made", "told"), [(preprocessing, ("resize", "uint8")), (answering, ())])
def test_a_graph_is_the_same_bytes_each_time_and_names_no_place(
    made: Any, told: tuple[str, ...]
) -> None:
    graph = made(*told)
    assert made.__wrapped__(*told) == graph
    proto = onnx.load_from_string(graph)
    text = onnx.printer.to_text(proto)
    assert not re.search(r"\.py\b|site-packages|/(home|tmp|usr|root|work)/", text)
    assert [node.name for node in proto.graph.node if node.doc_string or node.metadata_props] == []
    assert proto.opset_import[0].version == 20
    assert not any(one.external_data for one in proto.graph.initializer)


def test_free_axes_have_names() -> None:
    proto = onnx.load_from_string(answering())
    shapes = {
        value.name: [axis.dim_param or axis.dim_value for axis in value.type.tensor_type.shape.dim]
        for value in (*proto.graph.input, *proto.graph.output)
    }
    assert shapes == {
        "tensors": ["batch", 32, 24, 3],
        "logits": ["batch", 3],
        "probabilities": ["batch", 3],
    }


def test_exporting_says_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    preprocess_graph(Preprocess(()), 3, torch.uint8)
    shown = capfd.readouterr()
    assert (shown.out, shown.err) == ("", "")
