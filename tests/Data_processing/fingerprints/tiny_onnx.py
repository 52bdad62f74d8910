"""Tiny networks as ONNX files, made in code."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

WEIGHTS = Path("Datasets/weights")
NHWC, NCHW = (0, 3, 1, 2), None
Shape = Sequence[int | str]


def write(name: str, content: bytes) -> Path:
    """Write a file into ``Datasets/weights``."""
    WEIGHTS.mkdir(parents=True, exist_ok=True)
    (WEIGHTS / name).write_bytes(content)
    return WEIGHTS / name


def model(
    nodes: list[onnx.NodeProto],
    shape: Shape,
    dtype: int = TensorProto.UINT8,
    weights: Sequence[onnx.TensorProto] = (),
    output: str = "features",
    **others: int,
) -> bytes:
    """Return a graph from ``pictures`` to ``output``."""
    inputs = [helper.make_tensor_value_info("pictures", dtype, list(shape))]
    inputs += [helper.make_tensor_value_info(name, kind, [1]) for name, kind in others.items()]
    outputs = [helper.make_tensor_value_info(output, TensorProto.FLOAT, None)]
    graph = helper.make_graph(nodes, "tiny", inputs, outputs, list(weights))
    opset = [helper.make_opsetid("", 20)]
    return helper.make_model(graph, opset_imports=opset, ir_version=9).SerializeToString()


def pooled(side: int = 32, batch: int | str = "n", dtype: int = TensorProto.UINT8) -> bytes:
    """Return a network that gives the means of 8 x 8 cells of a picture, less their mean.

    Of whole numbers it takes (N, H, W, C), of floats (N, C, H, W).
    """
    is_float = dtype == TensorProto.FLOAT
    first = [] if is_float else [
        helper.make_node("Cast", ["pictures"], ["floats"], to=TensorProto.FLOAT),
        helper.make_node("Transpose", ["floats"], ["planes"], perm=[0, 3, 1, 2]),
    ]  # fmt: skip
    cell = side // 8
    nodes = [
        *first,
        helper.make_node(
            "AveragePool",
            ["pictures" if is_float else "planes"],
            ["cells"],
            kernel_shape=[cell, cell],
            strides=[cell, cell],
        ),
        helper.make_node("ReduceMean", ["cells", "axes"], ["mean"], keepdims=1),
        helper.make_node("Sub", ["cells", "mean"], ["features"]),
    ]
    axes = numpy_helper.from_array(np.array([1, 2, 3], np.int64), "axes")
    shape: Shape = (batch, 3, side, side) if is_float else (batch, side, side, 3)
    return model(nodes, shape, dtype, [axes])
