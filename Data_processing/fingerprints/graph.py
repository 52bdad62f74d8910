"""What an ONNX file may hold before it is run: no other files, no endless loops, no chance.

The file comes from somewhere else. It is parsed, which runs nothing, and what it could do beyond
turning pixels into numbers is refused.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import onnx

from Datasets.errors import ParamsError
from Datasets.terminal import one_line

MOST_BYTES = 2**30
ENDLESS = ("Loop", "Scan")
"""Operators that may run for ever; no network of today needs them to look at a picture."""
RANDOM = (
    "RandomNormal",
    "RandomNormalLike",
    "RandomUniform",
    "RandomUniformLike",
    "Multinomial",
    "Bernoulli",
)
"""Operators that draw: who is alike would change from run to run, and from machine to machine."""
REMEDY = "export it again, as one file of features of pictures (docs/splits.md)"


def checked_graph(path: Path, where: str) -> bytes:
    """Return the content of an ONNX file that may be run.

    Args:
        path: the file.
        where: its key and name, for messages.

    Raises:
        ParamsError: it is too large, no ONNX, wants other files, could run for ever, or draws.
    """
    try:
        length = path.stat().st_size
        if length > MOST_BYTES:
            raise ParamsError(
                f"{where}: {length:,} bytes are more than {MOST_BYTES:,}; choose a smaller network"
            )
        content = path.read_bytes()
    except OSError as error:
        raise ParamsError(f"{where}: it cannot be read ({error.strerror})") from None
    try:
        model = onnx.load_model_from_string(content)
    except Exception:  # protobuf's own, which is no dependency of ours
        raise ParamsError(f"{where}: it is no ONNX file, or is damaged; {REMEDY}") from None
    if not model.graph.node or not model.graph.output:
        raise ParamsError(f"{where}: it is no ONNX file with a network in it; {REMEDY}")
    for part in _parts(model):
        if isinstance(part, onnx.TensorProto):
            _check_tensor(part, where)
        elif isinstance(part, onnx.NodeProto):
            _check_operator(part.op_type, where)
    return content


def _check_tensor(tensor: onnx.TensorProto, where: str) -> None:
    if tensor.data_location == onnx.TensorProto.EXTERNAL or tensor.external_data:
        raise ParamsError(
            f"{where}: its weights '{one_line(tensor.name)}' lie in another file, and no file but "
            "this one is read; save it with its weights inside"
        )


def _check_operator(name: str, where: str) -> None:
    if name in ENDLESS:
        raise ParamsError(f"{where}: its operator {name} may run for ever; export it without loops")
    if name in RANDOM:
        raise ParamsError(
            f"{where}: its operator {name} draws at random, so that nobody would find the same "
            "again; export it as it predicts, without noise"
        )


def _parts(message: object) -> Iterator[object]:
    """Yield a message of protobuf and all that lie in it, graphs in graphs too."""
    waiting = [message]
    while waiting:
        one: Any = waiting.pop()
        yield one
        for field, value in one.ListFields():
            if field.message_type is not None:
                waiting += [value] if hasattr(value, "ListFields") else list(value)
