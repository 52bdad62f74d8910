"""Modules as ONNX graphs: one takes an image to a tensor, one takes tensors to answers.

The same module gives the same bytes wherever it is exported: a graph holds no path, time, stack
trace or source line.
"""

import onnx
import torch
from torch import Tensor, nn

from Datasets.preprocess import Preprocess
from Models.module import Module
from Models.networks.network import InputShape
from Models.quiet import quiet
from Models.trunk import Trunk

OPSET = 20
CHATTY = ("onnx_ir", "onnxscript", "torch.onnx", "torch.export")
SOME_SIDES = (90, 70)
"""Height and width of the image that the exporter traces; any would do."""


def preprocess_graph(preprocess: Preprocess, channels: int, dtype: torch.dtype) -> bytes:
    """Return ``preprocess`` as a graph from ``image`` (height, width, C) to ``tensor`` and ``map``.

    Height and width are free. ``channels`` and ``dtype`` are those of the raw image: bands may give
    the tensor others.

    Raises:
        SampleError: a recipe names a band that an image of so many channels lacks.
    """
    left = channels
    for op in preprocess.ops:
        left = op.channels_after(left)
    image = torch.zeros((*SOME_SIDES, channels), dtype=dtype)
    return _exported(preprocess, image, "image", ("tensor", "map"), ("height", "width"))


def model_graph(module: Module, shape: InputShape) -> bytes:
    """Return ``module`` as a graph from ``tensors`` (batch, H, W, C) as they are stored.

    It answers with ``logits`` and ``probabilities``, (batch, classes) float32 both, so that who
    serves it needs to know nothing of the framework.
    """
    dtype: torch.dtype = getattr(torch, shape.dtype)
    tensors = torch.zeros((2, shape.height, shape.width, shape.channels), dtype=dtype)
    return _exported(
        _Answering(module), tensors, "tensors", ("logits", "probabilities"), ("batch",)
    )


def features_graph(module: Module, shape: InputShape) -> bytes:
    """Return what the network of ``module`` sees as a graph from ``tensors`` (batch, H, W, C).

    It gives ``features``, (batch, D) float32: what ``Models.trunk.Trunk`` says. No head.
    """
    dtype: torch.dtype = getattr(torch, shape.dtype)
    tensors = torch.zeros((2, shape.height, shape.width, shape.channels), dtype=dtype)
    return _exported(Trunk(module), tensors, "tensors", ("features",), ("batch",))


class _Answering(nn.Module):
    """A module with what its framework predicts."""

    def __init__(self, module: Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, tensors: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits and probabilities, (N, classes) both, of ``tensors`` (N, H, W, C)."""
        logits = self.module(tensors)
        return logits, self.module.framework.probabilities(logits)


def _exported(
    module: nn.Module, example: Tensor, name: str, outputs: tuple[str, ...], free: tuple[str, ...]
) -> bytes:
    """Return ``module`` as an ONNX file's content; the first axes of its input are ``free``."""
    any_length = {axis: torch.export.Dim.DYNAMIC for axis in range(len(free))}
    with quiet(CHATTY):
        program = torch.onnx.export(
            module.eval(),
            (example,),
            dynamo=True,
            opset_version=OPSET,
            input_names=[name],
            output_names=list(outputs),
            dynamic_shapes=(any_length,),
            external_data=False,
            verbose=False,
        )
    if program is None:
        raise RuntimeError("torch.onnx.export gave nothing")
    proto = program.model_proto
    _strip(proto, free)
    onnx.checker.check_model(proto, full_check=True)
    return proto.SerializeToString(deterministic=True)


def _strip(proto: onnx.ModelProto, free: tuple[str, ...]) -> None:
    """Take out what tells where the graph was made, and name the free axes of its input."""
    graph = proto.graph
    axes = graph.input[0].type.tensor_type.shape.dim
    called = {axes[number].dim_param: name for number, name in enumerate(free)}
    for value in (*graph.input, *graph.output):
        for number, axis in enumerate(value.type.tensor_type.shape.dim):
            if axis.dim_param:  # else its length is fixed
                axis.dim_param = called.get(axis.dim_param, f"{value.name}_axis_{number}")
    proto.ClearField("producer_version")
    graph.ClearField("value_info")  # shapes between the nodes: whoever needs them infers them
    for part in (proto, graph, *graph.node, *graph.initializer, *graph.input, *graph.output):
        part.ClearField("doc_string")
        part.ClearField("metadata_props")
