"""Whether a step's transforms can work on the images of a store: each is tried on a small one.

Which channels and types of pixels a transform takes, albumentations says only when it fails.
"""

import re
from collections.abc import Iterable, Sequence
from functools import cache

import msgspec
import numpy as np

from Data_processing.steps.operation import Operation, refuse_unsound
from Data_processing.steps.transform import Transform
from Data_processing.steps.transforms import Transforms
from Datasets.errors import ParamsError, SampleError
from Datasets.recipe import FixedOp
from Datasets.sample import Boxes, Sample

HEIGHT, WIDTH = 160, 224
DRAWS = 3
"""Some transforms fail for some of their draws only."""
MOVING = ("HorizontalFlip", "Affine", "D4", "ElasticTransform", "CoarseDropout")
COLOURING = (
    "RandomBrightnessContrast", "GaussNoise", "GaussianBlur", "Sharpen", "ColorJitter",
    "MotionBlur", "InvertImg", "ChannelShuffle",
)  # fmt: skip
"""What is offered in place of a transform that cannot: those of these that can."""
OFFERED = 4


class Kind(msgspec.Struct, frozen=True, order=True):
    """A kind of images, as a store's index tells them apart. ``dtype`` is NumPy's name of it."""

    channels: int
    dtype: str
    has_instances: bool = False

    def __str__(self) -> str:
        """Return it in words.

        >>> str(Kind(8, "uint16"))
        '8 channels of uint16'
        """
        masks = " with instance masks" * self.has_instances
        return f"{self.channels} channel{'s' * (self.channels > 1)} of {self.dtype}{masks}"


def check(transforms: Transforms, kinds: Iterable[Kind], where: str) -> None:
    """Return nothing if each of a step's transforms can work on images of all ``kinds``.

    Args:
        transforms: neighbouring transforms of a step.
        kinds: those of the images that come to them.
        where: the step, for messages.

    Raises:
        ParamsError: one cannot. It is named, and others that can.
    """
    for kind in sorted(set(kinds)):
        for transform in transforms.transforms:
            why = _refusal(transform, kind)
            if why:
                raise ParamsError(
                    f"{where}: {transform} cannot work on images of {kind} ({why}); "
                    f"{_others(transform, kind)}"
                )


def check_all(ops: Sequence[Operation], kinds: Iterable[Kind], where: str) -> None:
    """Return nothing if each transform of a step can work on the images that come to it.

    Args:
        ops: the step's operations, in order.
        kinds: those of the images that the step reads.
        where: the step, for messages.

    Raises:
        ParamsError: as ``check``.
    """
    here = set(kinds)
    for op in ops:
        if isinstance(op, Transforms):
            check(op, here, where)
        elif (form := op.fixed()) is not None:
            here = {kind for one in here if (kind := _after(form, one))}


def _after(form: FixedOp, kind: Kind) -> Kind | None:
    """Return what becomes of a kind of images; None where the sample itself will be refused."""
    try:
        channels, dtype = form.channels_after(kind.channels), form.dtype_after(kind.dtype)
        return Kind(channels, dtype, kind.has_instances)
    except SampleError:
        return None


def _refusal(transform: Transform, kind: Kind) -> str:
    """Return why a transform cannot work on a kind of images; empty if it can."""
    alone, drawn = Transforms((transform.always(),)), _drawn(kind)
    for seed in range(DRAWS):
        try:
            refuse_unsound(drawn, alone.apply(drawn, np.random.default_rng(seed)), transform.name)
        except SampleError as error:
            return _reason(str(error), transform)
    return ""


def _reason(message: str, transform: Transform) -> str:
    """Return what a failed trial says, without what the sentence around it says already."""
    if "OpenCV(" in message:
        return "OpenCV refuses them"
    what = message.removeprefix(f"{transform} failed: ").removeprefix(f"{transform.name} ")
    said = re.sub(r"^\w*(Error|Exception): ", "", what)
    return re.split(r"[.;] |[.;]$| (?=You can |This transformation cannot )", said)[0]


def _others(transform: Transform, kind: Kind) -> str:
    names = MOVING if transform.moves else COLOURING
    can = [name for name in names if _can(name, kind)]
    return f"{', '.join(can[:OFFERED])} can" if can else "leave it out"


@cache
def _can(name: str, kind: Kind) -> bool:
    return not _refusal(Transform(name, {}, name), kind)


def _drawn(kind: Kind) -> Sample:
    """Return a small sample with structure in every channel, a mask and two boxes with objects."""
    rows, columns = np.mgrid[:HEIGHT, :WIDTH] / WIDTH
    waves = [np.sin(9 * columns + i) * np.cos(7 * rows - i) for i in range(kind.channels)]
    shares = np.stack(waves, axis=2) * 0.45 + 0.5
    white = 1 if kind.dtype == "float32" else np.iinfo(kind.dtype).max
    mask = (shares[:, :, 0] > 0.5).astype(np.uint8)
    corners = np.array([[20.0, 10.0, 120.0, 90.0], [100.0, 50.0, 210.0, 150.0]])
    boxes = Boxes(("a", "b"), corners, np.arange(2, dtype=np.int32))
    instances = np.zeros((HEIGHT, WIDTH), np.uint16)
    instances[10:90, 20:120], instances[90:150, 110:210] = 1, 2
    image = (shares * white).astype(kind.dtype)
    return Sample("trial", 1, image, mask, boxes, instances if kind.has_instances else None)
