"""Networks by the name that params.yaml uses (``train.model``).

Scripts of the house are named one by one; torchvision's classifiers are known by their names, and
timm's as ``timm/<name>``.
"""

import msgspec

from Datasets.errors import ParamsError
from Datasets.params import nearest
from Models.networks.arguments import NoArguments, SmallCNN, Timm, WideResNet
from Models.networks.families import FAMILY_OF, TORCHVISION

NETWORKS = {
    "e001_small_cnn": "Models.experiments.e001_small_cnn:SmallCNN",
    "wrn_28_2": "Models.networks.wide_resnet:WideResNet",
}
"""Scripts: a class that takes the shape of an image, and arguments."""
ARGUMENTS: dict[str, type[msgspec.Struct]] = {
    "e001_small_cnn": SmallCNN,
    "wrn_28_2": WideResNet,
}
"""What scripts can be told; one that is not here takes no arguments."""
CLASSIFIERS = {
    "torchvision": "Models.networks.torchvision_classifiers:TorchvisionClassifier",
    "timm": "Models.networks.timm_classifiers:TimmClassifier",
}
"""What makes the networks of a library: a class that takes the shape and the name."""
TIMM = "timm/"


def names() -> tuple[str, ...]:
    """Return all names that stand in the house, sorted; timm's are known to timm."""
    return tuple(sorted({*NETWORKS, *TORCHVISION}))


def check_name(name: str, where: str) -> None:
    """Check that there is a network called ``name``; of timm's only how the name begins.

    Raises:
        ParamsError: there is none; the nearest names are offered.
    """
    if name not in names() and not name.startswith(TIMM):
        raise ParamsError(f"{where}: unknown network '{name}'; {nearest(name, names())}")


def path_of(name: str) -> str:
    """Return the import path of what makes the network called ``name``, as in the tables."""
    if name in NETWORKS:
        return NETWORKS[name]
    return CLASSIFIERS["timm" if name.startswith(TIMM) else "torchvision"]


def arguments_of(name: str) -> type[msgspec.Struct]:
    """Return what the network called ``name`` can be told."""
    if name.startswith(TIMM):
        return Timm
    if name in FAMILY_OF:
        return FAMILY_OF[name].arguments
    return ARGUMENTS.get(name, NoArguments)
