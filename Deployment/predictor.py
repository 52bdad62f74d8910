"""What answers: the two graphs of a bundle, and the manifest that says what they want and mean."""

from pathlib import Path
from typing import Protocol

import msgspec
import numpy as np
import onnxruntime

from Datasets import bundle
from Datasets.bundle import Manifest
from Datasets.errors import SampleError, StoreError
from Datasets.image import decode


class Session(Protocol):
    """A graph that can be run."""

    def run(self, outputs: list[str], inputs: dict[str, np.ndarray]) -> list[np.ndarray]:
        """Return ``outputs`` in their order, for arrays by the name of the input."""
        ...


class Prepared(msgspec.Struct, frozen=True):
    """An image ready for the model: ``tensor`` (H, W, C) in the stored dtype.

    ``map`` (4,) float32 is (scale_x, scale_y, offset_x, offset_y): x on the tensor = x on the image
    * scale_x + offset_x.
    """

    tensor: np.ndarray
    map: np.ndarray


class Answers(msgspec.Struct, frozen=True):
    """What the model says of a batch: both (N, classes) float32, in the order of the classes."""

    logits: np.ndarray
    probabilities: np.ndarray


class Guess(msgspec.Struct, frozen=True):
    """A class and how probable it is, 0 to 1."""

    label: str
    probability: float


class Predictor:
    """Answers for images as they are, of any size.

    Attributes:
        manifest: what the bundle says of itself.
    """

    def __init__(self, preprocess: Session, model: Session, manifest: Manifest) -> None:
        """Take the two graphs, as running sessions, and what they mean."""
        self._preprocess = preprocess
        self._model = model
        self.manifest = manifest

    def read(self, content: bytes, where: str) -> np.ndarray:
        """Return the pixels (H, W, C) of an image file, as training saw them.

        Raises:
            ImageError: the file cannot be decoded.
            SampleError: it has other channels or another depth than the model was trained on.
        """
        pixels = decode(content, where, self.manifest.input.colour)
        self.check(pixels, where)
        return pixels

    def check(self, pixels: np.ndarray, where: str) -> None:
        """Return nothing if pixels (H, W, C) are of the kind that the model was trained on.

        Raises:
            SampleError: they have other channels or another depth.
        """
        wants = self.manifest.input
        if pixels.shape[2] != wants.raw_channels or pixels.dtype.name != wants.raw_dtype:
            raise SampleError(
                f"{where}: {pixels.shape[2]} channels of {pixels.dtype.name}, the model was "
                f"trained on {wants.raw_channels} of {wants.raw_dtype}; convert the image"
            )

    def prepare(self, pixels: np.ndarray, where: str) -> Prepared:
        """Return pixels (H, W, C) of any height and width as the model wants them.

        Raises:
            SampleError: the image does not become a tensor of the model's shape.
        """
        tensor, mapped = self._preprocess.run(["tensor", "map"], {"image": pixels})
        wants = self.manifest.input
        if tensor.shape != (wants.height, wants.width, wants.channels):
            raise SampleError(
                f"{where}: {pixels.shape[0]} x {pixels.shape[1]} pixels (height x width) become "
                f"{tensor.shape[0]} x {tensor.shape[1]}, the model wants {wants.height} x "
                f"{wants.width}; the image is smaller than what is cut out of it, or of a shape "
                "that training never saw"
            )
        return Prepared(tensor, mapped)

    def answer(self, tensors: np.ndarray) -> Answers:
        """Return what the model says of tensors (N, H, W, C)."""
        logits, probabilities = self._model.run(["logits", "probabilities"], {"tensors": tensors})
        return Answers(logits, probabilities)

    def predict(self, content: bytes, where: str) -> tuple[Guess, ...]:
        """Return what an image file shows, the most probable class first; ties in class order.

        Raises:
            ImageError: the file cannot be decoded.
            SampleError: it is not of the kind that the model was trained on.
        """
        prepared = self.prepare(self.read(content, where), where)
        chances = self.answer(prepared.tensor[None]).probabilities[0]  # (classes,)
        order = np.argsort(-chances, kind="stable")
        return tuple(Guess(self.manifest.classes[i], float(chances[i])) for i in order)


def open_bundle(folder: Path = bundle.BUNDLE) -> Predictor:
    """Return the predictor of the bundle in ``folder``, after checking every file of it.

    Raises:
        StoreError: there is none, it is not what its manifest vouches for, or its graphs do not run
        or do not answer for the manifest's classes.
    """
    manifest = bundle.read(folder)
    preprocess = _session(folder / bundle.PREPROCESS_FILE)
    predictor = Predictor(preprocess, _session(folder / bundle.MODEL_FILE), manifest)
    _check_answer(predictor, folder)
    return predictor


def _check_answer(predictor: Predictor, folder: Path) -> None:
    """Ask the model once, for a black tensor: what a graph declares may leave lengths open."""
    path, wants = folder / bundle.MODEL_FILE, predictor.manifest.input
    try:
        black = np.zeros((1, wants.height, wants.width, wants.channels), wants.dtype)
        said = predictor.answer(black).probabilities.shape
    except Exception as error:  # those of onnxruntime have no parent of their own
        raise StoreError(
            f"{path}: it does not take the {wants.height} x {wants.width} x {wants.channels} "
            f"{wants.dtype} tensors of {folder / bundle.MANIFEST_FILE} ({_why(error)}); export "
            "the bundle again"
        ) from error
    classes = len(predictor.manifest.classes)
    if said != (1, classes):
        raise StoreError(
            f"{path}: it answers a tensor with probabilities of shape {said}, "
            f"{folder / bundle.MANIFEST_FILE} names {classes} classes; export the bundle again"
        )


def _session(path: Path) -> Session:
    """Return a graph as a session on the CPU: one thread, so that sums run in one order.

    Raises:
        StoreError: the file holds no graph that onnxruntime can run.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3  # errors only: advice on the machine helps nobody here
    try:
        session: Session = onnxruntime.InferenceSession(
            path, options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # those of onnxruntime have no parent of their own
        raise StoreError(
            f"{path}: no graph that onnxruntime {onnxruntime.__version__} can run "
            f"({_why(error)}); fetch or export the bundle again"
        ) from error
    return session


def _why(error: Exception) -> str:
    """Return the first line of what another library says."""
    return next(iter(str(error).splitlines()), type(error).__name__)
