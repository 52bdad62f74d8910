"""What an ONNX file must be like to be asked, and what is said of those that are not."""

import struct
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from Data_processing.fingerprints import graph
from Data_processing.fingerprints.network import FREE_SIDE, Named, Network, opened, read_network
from Data_processing.fingerprints.weights import named
from Data_processing.sections import Audit
from Datasets.errors import ParamsError
from tests.Data_processing.fingerprints.tiny_onnx import model, pooled, write

WHERE = "params.yaml: audit.network"
FLOAT, UINT8 = TensorProto.FLOAT, TensorProto.UINT8
FLAT = helper.make_node("Flatten", ["pictures"], ["features"])


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the working folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def read(content: bytes, asked: Audit | None = None) -> Network:
    """Return a network as it is read from a file."""
    path = write("tiny.onnx", content)
    return read_network(asked or Audit(features="warn"), path, WHERE)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (pooled(), ("NHWC", 0, 32, 32, 3, "uint8")),
        (pooled(batch=2), ("NHWC", 2, 32, 32, 3, "uint8")),
        (pooled(dtype=FLOAT), ("NCHW", 0, 32, 32, 3, "float32")),
        (model([FLAT], ("n", 16, 12, 5), FLOAT), ("NHWC", 0, 16, 12, 5, "float32")),
        (model([FLAT], ("n", 3, 16, 3), FLOAT), ("NCHW", 0, 16, 3, 3, "float32")),
        (
            model(
                [helper.make_node("ReduceMax", ["pictures", "axes"], ["features"])],
                ("n", 3, "height", "width"),
                FLOAT,
                [numpy_helper.from_array(np.array([2, 3], np.int64), "axes")],
            ),
            ("NCHW", 0, FREE_SIDE, FREE_SIDE, 3, "float32"),
        ),
    ],
)
def test_what_it_takes_is_read_from_the_file(content: bytes, told: tuple[object, ...]) -> None:
    takes = read(content).takes
    found = (takes.order, takes.batch, takes.height, takes.width, takes.channels, takes.dtype)
    assert found == told


@pytest.mark.parametrize("batch", ["n", 1, 2, 5])
def test_it_says_the_same_however_many_it_takes_at_a_time(batch: int | str) -> None:
    """The means of cells less their mean, computed by hand."""
    pictures = np.random.default_rng(1).integers(0, 256, (3, 32, 32, 3), np.uint8)
    cells = pictures.reshape(3, 8, 4, 8, 4, 3).mean(axis=(2, 4)).transpose(0, 3, 1, 2)
    expected = (cells - cells.mean(axis=(1, 2, 3), keepdims=True)).reshape(3, -1)
    np.testing.assert_allclose(read(pooled(batch=batch)).features(pictures), expected, atol=1e-3)


def outside() -> bytes:
    """Return a network whose weights lie in another file."""
    tensor = TensorProto(name="axes", dims=[3], data_type=TensorProto.INT64)
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../../etc/passwd")
    return model([FLAT], ("n", 8, 8, 3), FLOAT, [tensor])


def hidden() -> bytes:
    """Return a network in which a graph in a graph has such weights, as an attribute."""
    inner = onnx.load_model_from_string(outside()).graph
    tensor = inner.initializer[0]
    constant = helper.make_node("Constant", [], ["features"], value=tensor)
    branch = helper.make_graph([constant], "b", [], [inner.output[0]])
    node = helper.make_node("If", ["is"], ["features"], then_branch=branch, else_branch=branch)
    return model([node], ("n", 8, 8, 3), FLOAT)


def nan() -> bytes:
    """Return a network that divides by zero."""
    return model([helper.make_node("Sub", ["pictures", "pictures"], ["zero"]),
                  helper.make_node("Div", ["zero", "zero"], ["features"])],
                 ("n", 8, 8, 3), FLOAT)  # fmt: skip


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "it is no ONNX file with a network in it"),
        (b"# Datasets/weights\n", "it is no ONNX file, or is damaged"),
        (pooled()[:-30], "it is no ONNX file, or is damaged"),
        (outside(), "its weights 'axes' lie in another file"),
        (hidden(), "its weights 'axes' lie in another file"),
        (
            model([helper.make_node("Loop", ["a", "b"], ["features"])], ("n", 8, 8, 3)),
            "its operator Loop may run for ever",
        ),
        (
            model([helper.make_node("Mine", ["pictures"], ["b"], domain="my")], (1, 8, 8, 3)),
            "cannot run it",
        ),
        (
            model([FLAT], ("n", 8, 8, 3), FLOAT, mask=FLOAT),
            "one input was expected, it has pictures, mask",
        ),
        (model([FLAT], ("n", 64), FLOAT), "(N, H, W, C) of uint8, uint16 or float32 was expected"),
        (
            model(
                [helper.make_node("Cast", ["pictures"], ["features"], to=FLOAT)],
                ("n", 8, 8, 3),
                TensorProto.FLOAT16,
            ),
            "its input pictures is tensor(float16) of ['n', 8, 8, 3]",
        ),
        (model([FLAT], ("n", "c", "h", "w"), FLOAT), "1 to 16 channels were expected"),
        (model([FLAT], ("n", 40, 40, 40), FLOAT), "1 to 16 channels were expected"),
        (model([FLAT], ("n", 5000, 8, 3), FLOAT), "of 1024 x 1024 pixels at most"),
        (model([FLAT], ("n", 64, 64, 3), FLOAT), "it gives 12,288 numbers of a picture"),
        (
            model([helper.make_node("ReduceMax", ["pictures"], ["features"], keepdims=0)],
                  ("n", 8, 8, 3), FLOAT),
            "it gives float32 of shape ()",
        ),
        (nan(), "of noise it gives what is no number"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_refused_in_a_sentence(content: bytes, said: str) -> None:
    with pytest.raises(ParamsError) as refused:
        read(content)
    text = str(refused.value)
    assert text.startswith(f"{WHERE}: Datasets/weights/tiny.onnx: ") and said in text
    assert "\n" not in text and ";" in text


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("RandomNormal", {"shape": [2, 4]}),
        ("RandomNormalLike", {}),
        ("RandomUniform", {"shape": [2, 4]}),
        ("RandomUniformLike", {}),
        ("Multinomial", {"sample_size": 2}),
        ("Bernoulli", {}),
    ],
)
@pytest.mark.parametrize("is_seeded", [False, True])
def test_what_draws_is_refused_by_name(name: str, arguments: dict, is_seeded: bool) -> None:
    """With a seed, too: what is drawn then still follows from how many were asked before."""
    taken = [] if "shape" in arguments else ["pictures"]
    node = helper.make_node(name, taken, ["features"], **arguments)
    if is_seeded:
        node.attribute.append(helper.make_attribute("seed", 1.0))
    with pytest.raises(ParamsError, match=f"its operator {name} draws at random, .*; export it"):
        read(model([node], ("n", 8, 8, 3), FLOAT))


def test_what_draws_is_found_inside_a_function() -> None:
    """Of a user's own, and below a branch."""
    draws = helper.make_node("RandomNormalLike", ["x"], ["y"])
    branch = helper.make_graph([draws], "b", [], [helper.make_tensor_value_info("y", FLOAT, None)])
    node = helper.make_node("If", ["is"], ["features"], then_branch=branch, else_branch=branch)
    opset = [helper.make_opsetid("", 20)]
    inner = helper.make_function("my", "Noise", ["x"], ["y"], [draws], opset)
    whole = onnx.load_model_from_string(model([FLAT], ("n", 8, 8, 3), FLOAT))
    whole.functions.append(inner)
    for content in (model([node], ("n", 8, 8, 3), FLOAT), whole.SerializeToString()):
        with pytest.raises(ParamsError, match="its operator RandomNormalLike draws"):
            read(content)


@pytest.mark.parametrize("is_training", [False, True])
def test_dropout_is_refused_in_training_alone(is_training: bool) -> None:
    weights = [
        numpy_helper.from_array(np.array(0.5, np.float32), "ratio"),
        numpy_helper.from_array(np.array(is_training), "training"),
    ]
    nodes = [
        helper.make_node("Flatten", ["pictures"], ["flat"]),
        helper.make_node("Dropout", ["flat", "ratio", "training"], ["features"]),
    ]
    content = model(nodes, ("n", 8, 8, 3), FLOAT, weights)
    if is_training:
        with pytest.raises(ParamsError, match=r"asked twice .* it answers differently; export it"):
            read(content)
    else:
        assert read(content).takes.height == 8


def strange() -> list[tuple[str, bytes]]:
    """Return files with a newline in a name, and the names as they are to be told."""
    harmed = onnx.load_model_from_string(outside())
    harmed.graph.initializer[0].name = "ax\nes"
    flat = model([FLAT], ("n", 64), FLOAT)
    renamed = onnx.load_model_from_string(flat)
    renamed.graph.input[0].name = renamed.graph.node[0].input[0] = "pic\ntures"
    two = onnx.load_model_from_string(model([FLAT], (1, 8, 8, 3), FLOAT, mask=FLOAT))
    two.graph.input[1].name = "ma\nsk"
    return [
        (r"'ax\nes' lie in another file", harmed.SerializeToString()),
        (r"its input pic\ntures is", renamed.SerializeToString()),
        (r"it has pictures, ma\nsk", two.SerializeToString()),
    ]


@pytest.mark.parametrize(("told", "content"), strange())
def test_names_of_strangers_begin_no_line(told: str, content: bytes) -> None:
    path = write("ti\nny.onnx", content)
    with pytest.raises(ParamsError) as refused:
        read_network(Audit(features="warn"), path, WHERE)
    text = str(refused.value)
    assert text.startswith(rf"{WHERE}: Datasets/weights/ti\nny.onnx: ") and told in text
    assert "\n" not in text


@pytest.mark.parametrize("name", ["a\nb.onnx", "a\nb/c.onnx"])
def test_a_name_in_params_begins_no_line(name: str) -> None:
    write("oth\ner.onnx", b"")
    write("a\nb.onnx.dvc", b"")
    with pytest.raises(ParamsError) as refused:
        named(Audit(features="warn", network=name), Path("params.yaml"))
    text = str(refused.value)
    assert "\n" not in text and r"a\nb" in text
    assert "is a path" in text or r"there: oth\ner.onnx; `dvc pull Datasets/weights/a\nb" in text


def test_a_graph_that_fails_on_pictures_is_refused() -> None:
    """What it declares is sound; of four pictures it wants to make three."""
    shape = numpy_helper.from_array(np.array([3, -1], np.int64), "shape")
    node = helper.make_node("Reshape", ["pictures", "shape"], ["features"])
    with pytest.raises(ParamsError, match=r"it does not run|of shape"):
        read(model([node], ("n", 7, 5, 2), FLOAT, [shape]))


def test_a_file_that_is_too_large_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graph, "MOST_BYTES", 100)
    with pytest.raises(ParamsError, match="bytes are more than 100; choose a smaller network"):
        read(pooled())


@pytest.mark.parametrize(
    ("asked", "content", "said"),
    [
        (Audit(mean=(0.5, 0.5)), pooled(dtype=FLOAT), "audit.mean: one number was expected, or 3"),
        (Audit(std=0.5), pooled(), "audit.std: the network takes uint8"),
    ],
)
def test_how_pixels_are_given_must_fit(asked: Audit, content: bytes, said: str) -> None:
    with pytest.raises(ParamsError, match=said):
        read(content, asked)


def test_a_file_that_changes_under_way_is_refused() -> None:
    network = read(pooled())
    write("tiny.onnx", pooled(side=16))
    with pytest.raises(ParamsError, match="it changed while it was used; run again"):
        opened(network.named)
    unread = Named(Path("Datasets/weights/none.onnx"), "here", "", (0.0,), (1.0,))
    with pytest.raises(ParamsError, match="here: it cannot be read"):
        opened(unread)


def test_bytes_at_random_never_end_otherwise() -> None:
    """A flipped byte is refused in a sentence, or changes nothing that matters."""
    content = bytearray(pooled())
    rng = np.random.default_rng(3)
    refused = 0
    for place in rng.integers(0, len(content), 60):
        harmed = bytearray(content)
        struct.pack_into("B", harmed, place, int(rng.integers(0, 256)))
        try:
            read(bytes(harmed))
        except ParamsError:
            refused += 1
    assert refused > 10
