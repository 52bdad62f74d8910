"""A network of ``Datasets/weights`` that says what pictures look like: an ONNX file that is run.

It takes a batch of pictures and gives numbers for each. What it takes is read from the file:
(N, H, W, C) in whole numbers or floats, as the networks of this house take stacked pixels, or
(N, C, H, W) in floats, as those of others do. It is run on the processor, by one thread, a sample
at a time, so that what it says of one depends neither on its neighbours nor on the workers.
"""

from functools import lru_cache
from pathlib import Path
from typing import Literal, NamedTuple, Protocol

import msgspec
import numpy as np
import onnxruntime

from Data_processing.fingerprints.graph import REMEDY, checked_graph
from Data_processing.sections import Audit
from Datasets.errors import ParamsError
from Datasets.files import sha256_of
from Datasets.header import MAX_CHANNELS
from Datasets.terminal import one_line

FREE_SIDE = 224
"""Height and width where the network leaves them open: what those of ImageNet were trained on."""
MOST_SIDE = 1024
MOST_NUMBERS = 8192
"""Numbers that a network may give of a picture: of more no product would be exact."""
DTYPES = {"tensor(uint8)": "uint8", "tensor(uint16)": "uint16", "tensor(float)": "float32"}


class Named(msgspec.Struct, frozen=True):
    """A network, and how it is given pixels: what a worker needs to open it.

    ``mean`` and ``std`` are of pixels from 0 to 1, one for all channels or one each. ``where`` is
    its key and file, for messages.
    """

    path: Path
    where: str
    sha256: str
    mean: tuple[float, ...]
    std: tuple[float, ...]


class Takes(msgspec.Struct, frozen=True):
    """What a network takes: pictures of one size. ``batch`` is 0 where any number goes."""

    name: str
    order: Literal["NHWC", "NCHW"]
    batch: int
    height: int
    width: int
    channels: int
    dtype: str


class Session(Protocol):
    """A graph that can be run."""

    def run(self, outputs: list[str], inputs: dict[str, np.ndarray]) -> list[np.ndarray]:
        """Return ``outputs`` in their order, for arrays by the name of the input."""
        ...


class Network(NamedTuple):
    """A network that runs."""

    named: Named
    session: Session
    takes: Takes
    gives: str

    def features(self, pictures: np.ndarray) -> np.ndarray:
        """Return what the network says of pictures (n, H, W, C) of its dtype, (n, D) float32.

        Raises:
            ParamsError: it does not run on them, or says other than finite numbers for each.
        """
        batch = pictures if self.takes.order == "NHWC" else pictures.transpose(0, 3, 1, 2)
        length = self.takes.batch or len(batch)
        parts = [self._run(batch[start : start + length]) for start in range(0, len(batch), length)]
        return np.concatenate(parts)

    def _run(self, batch: np.ndarray) -> np.ndarray:
        count, length = len(batch), self.takes.batch or len(batch)
        whole = np.concatenate([batch, np.repeat(batch[-1:], length - count, axis=0)])
        where = self.named.where
        try:
            said = self.session.run([self.gives], {self.takes.name: np.ascontiguousarray(whole)})
        except Exception as error:  # those of onnxruntime have no parent of their own
            raise ParamsError(f"{where}: it does not run ({_why(error)}); {REMEDY}") from error
        found = np.asarray(said[0])
        if found.dtype.kind != "f" or found.ndim < 2 or len(found) != length:
            raise ParamsError(
                f"{where}: of {length} pictures it gives {found.dtype} of shape {found.shape}, and "
                f"floats were expected, some for each; {REMEDY}"
            )
        flat = found.reshape(length, -1)[:count].astype(np.float32)
        if not 2 <= flat.shape[1] <= MOST_NUMBERS:
            raise ParamsError(
                f"{where}: it gives {flat.shape[1]:,} numbers of a picture, 2 to {MOST_NUMBERS:,} "
                "are compared; let it pool its maps to a small grid"
            )
        return flat


def read_network(asked: Audit, path: Path, where: str) -> Network:
    """Return the network in ``path``, tried.

    Args:
        asked: the section ``audit``.
        path: the file.
        where: its key, for messages.

    Raises:
        ParamsError: the file may not be run, is none that takes pictures and gives numbers, or does
            not fit to ``audit.mean`` and ``audit.std``.
    """
    where = f"{where}: {one_line(str(path))}"
    content = checked_graph(path, where)
    mean, std = (
        one if isinstance(one, tuple) else (float(one),) for one in (asked.mean, asked.std)
    )
    network = _opened(content, Named(path, where, sha256_of(content), mean, std))
    _try(network)
    return network


@lru_cache(maxsize=1)
def opened(named: Named) -> Network:
    """Return a network that was read before, in this process.

    Raises:
        ParamsError: the file changed since.
    """
    content = checked_graph(named.path, named.where)
    if sha256_of(content) != named.sha256:
        raise ParamsError(f"{named.where}: it changed while it was used; run again")
    return _opened(content, named)


def _opened(content: bytes, named: Named) -> Network:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 4  # what is wrong is said below
    try:
        session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # those of onnxruntime have no parent of their own
        raise ParamsError(
            f"{named.where}: onnxruntime {onnxruntime.__version__} cannot run it ({_why(error)}); "
            f"{REMEDY}"
        ) from error
    inputs = session.get_inputs()
    if len(inputs) != 1:
        names = one_line(", ".join(one.name for one in inputs)) or "none"
        raise ParamsError(f"{named.where}: one input was expected, it has {names}; {REMEDY}")
    takes = _takes(inputs[0].name, inputs[0].type, inputs[0].shape, named.where)
    for key, values in (("mean", named.mean), ("std", named.std)):
        _check_values(key, values, takes, named.where)
    return Network(named, session, takes, session.get_outputs()[0].name)


def _takes(name: str, kind: str, shape: list[int | str | None], where: str) -> Takes:
    """Return what an input takes. The channels are the shorter of the two axes they may be."""
    lengths = [one if isinstance(one, int) and one > 0 else 0 for one in shape]
    told = f"its input {one_line(name)} is {kind} of {shape}"
    if kind not in DTYPES or len(lengths) != 4:
        raise ParamsError(
            f"{where}: {told}; (N, H, W, C) of uint8, uint16 or float32 was expected, or "
            f"(N, C, H, W) of float32; {REMEDY}"
        )
    is_float = kind == "tensor(float)"
    batch, second, third, last = lengths
    shortest = min((one for one in (second, last) if one), default=0)
    is_first = second == shortest and (second != last or is_float)
    channels, height, width = (second, third, last) if is_first else (last, second, third)
    order: Literal["NHWC", "NCHW"] = "NCHW" if is_first else "NHWC"
    sides = (height or FREE_SIDE, width or FREE_SIDE)
    if not 1 <= channels <= MAX_CHANNELS or max(sides) > MOST_SIDE:
        raise ParamsError(
            f"{where}: {told}; 1 to {MAX_CHANNELS} channels were expected, of {MOST_SIDE} x "
            f"{MOST_SIDE} pixels at most; {REMEDY}"
        )
    return Takes(name, order, batch, *sides, channels, DTYPES[kind])


def _check_values(key: str, values: tuple[float, ...], takes: Takes, where: str) -> None:
    """Check what is taken from pixels, or what they are divided by."""
    at = where.partition(": ")[0]
    if len(values) not in (1, takes.channels):
        raise ParamsError(
            f"{at}: audit.{key}: one number was expected, or {takes.channels}, one for each "
            f"channel that the network takes; got {list(values)}"
        )
    if takes.dtype != "float32" and set(values) != {0.0 if key == "mean" else 1.0}:
        raise ParamsError(
            f"{at}: audit.{key}: the network takes {takes.dtype}, which is given as it is stored; "
            "set mean: 0 and std: 1"
        )


def _try(network: Network) -> None:
    """Run a network twice, on the same noise: what it declares may leave lengths open.

    Two answers that differ are of a network that draws: dropout as in training, or an operator
    that no list here names.
    """
    takes = network.takes
    noise = np.random.default_rng(0).random((2, takes.height, takes.width, takes.channels))
    top = 1 if takes.dtype == "float32" else np.iinfo(takes.dtype).max
    pictures = (noise * top).astype(takes.dtype)
    found, again = network.features(pictures), network.features(pictures)
    if not np.isfinite(found).all():
        raise ParamsError(
            f"{network.named.where}: of noise it gives what is no number; choose another network"
        )
    if not np.array_equal(found, again):
        raise ParamsError(
            f"{network.named.where}: asked twice of the same pictures, it answers differently; "
            "export it as it predicts, without dropout or noise"
        )


def _why(error: Exception) -> str:
    """Return the first line of what another library says, not endless."""
    return next(iter(str(error).splitlines()), type(error).__name__)[:300]
