"""Every pair of a network and a framework as a class: ``from Models.modules import ...``.

``ResNet18SupervisedModule``, ``EfficientNetB1SupervisedModule``, ``E001SmallCNNSupervisedModule``:
the network's name, the framework's, and ``Module``. n networks and m frameworks stay n + m classes
in the code; the n * m of here are made when they are asked for, once.

A name of a table becomes that of a class word by word: a word is spelled as its paper spells it
(``SPELLED``), else with a capital, and an underscore stays where it parts two digits:
``mnasnet0_5`` is ``MNASNet0_5``, ``vit_b_16`` is ``ViTB16``. timm's begin with ``Timm``.
"""

import re
from collections.abc import Mapping
from functools import cache

from Datasets.params import nearest
from Datasets.scaler import Map
from Models.frameworks.table import FRAMEWORKS
from Models.module import Module, Parts, build
from Models.networks.arguments import Argument
from Models.networks.network import InputShape
from Models.networks.table import TIMM, names

SPELLED = {
    "alexnet": "AlexNet",
    "cnn": "CNN",
    "convnext": "ConvNeXt",
    "densenet": "DenseNet",
    "efficientnet": "EfficientNet",
    "fixmatch": "FixMatch",
    "googlenet": "GoogLeNet",
    "maxvit": "MaxViT",
    "mixmatch": "MixMatch",
    "mnasnet": "MNASNet",
    "mobilenet": "MobileNet",
    "regnet": "RegNet",
    "resnet": "ResNet",
    "resnext": "ResNeXt",
    "shufflenet": "ShuffleNet",
    "simclr": "SimCLR",
    "squeezenet": "SqueezeNet",
    "supcon": "SupCon",
    "vgg": "VGG",
    "vit": "ViT",
    "wrn": "WRN",
}
"""Words that are not spelled with one capital; digits behind a word do not belong to it."""
NOTHING: Mapping[str, Argument] = {}


class PairModule(Module):
    """A module of one network and one framework, which its subclasses name.

    It can be pickled and copied as any module; the class is found again by its name.
    """

    network_name: str
    framework_name: str

    def __init__(
        self,
        shape: InputShape,
        classes: tuple[str, ...],
        maps: tuple[Map, ...] = (),
        network_arguments: Mapping[str, Argument] = NOTHING,
        framework_arguments: Mapping[str, Argument] = NOTHING,
    ) -> None:
        """Build it, initialised from torch's generator.

        Args:
            shape: of the images, as they are stored.
            classes: their names, sorted.
            maps: of a fitted scaler, in order.
            network_arguments: what the network is told, as in ``train.model_arguments``.
            framework_arguments: what the framework is told.

        Raises:
            ParamsError: the network cannot take such images.
        """
        parts = Parts(
            network=self.network_name,
            network_arguments=dict(network_arguments),
            framework=self.framework_name,
            framework_arguments=dict(framework_arguments),
            classes=classes,
            input=shape,
        )
        built = build(parts, maps)
        super().__init__(built.scaling, built.network, built.framework)
        self.parts = parts


def class_name(network: str, framework: str) -> str:
    """Return the name of the class that joins ``network`` and ``framework``.

    >>> class_name("e001_small_cnn", "supervised")
    'E001SmallCNNSupervisedModule'
    >>> class_name("timm/vit_tiny_patch16_224", "supervised")
    'TimmViTTinyPatch16_224SupervisedModule'
    """
    return f"{_spelled(network)}{_spelled(framework)}Module"


@cache
def pair(network: str, framework: str) -> type[PairModule]:
    """Return the class that joins ``network`` and ``framework``, the same one at every call."""
    name = class_name(network, framework)
    return type(
        name,
        (PairModule,),
        {
            "__doc__": f"The network ``{network}``, trained by ``{framework}``.",
            "__module__": __name__,
            "__qualname__": name,
            "network_name": network,
            "framework_name": framework,
        },
    )


def __getattr__(name: str) -> type[PairModule]:
    """Return the class called ``name``."""
    if name.startswith("__"):  # what Python itself asks of a module
        raise AttributeError(f"module {__name__} has no attribute '{name}'")
    found = _pairs().get(name) or (_timm_pairs().get(name) if name.startswith("Timm") else None)
    if found is None:
        known = tuple(_pairs()) + (tuple(_timm_pairs()) if name.startswith("Timm") else ())
        raise AttributeError(f"{__name__}: there is no class '{name}'; {nearest(name, known)}")
    return pair(*found)


def __dir__() -> list[str]:
    """Return what the module holds, all pairs included; timm's apart, which are too many."""
    return sorted({*globals(), *_pairs()})


@cache
def _pairs() -> dict[str, tuple[str, str]]:
    return {class_name(n, f): (n, f) for n in names() for f in FRAMEWORKS}


@cache
def _timm_pairs() -> dict[str, tuple[str, str]]:
    """Return the pairs of timm's networks; none where timm is not installed."""
    try:
        import timm  # slow, and an extra
    except ModuleNotFoundError:
        return {}
    every = [TIMM + name for name in timm.list_models()]
    return {class_name(n, f): (n, f) for n in every for f in FRAMEWORKS}


def _spelled(name: str) -> str:
    words = re.split(r"[_/]", name)
    spelled = [_word(words[0])]
    for word in words[1:]:
        between = "_" if spelled[-1][-1].isdigit() and word[0].isdigit() else ""
        spelled.append(between + _word(word))
    return "".join(spelled)


def _word(word: str) -> str:
    """Return a word as a class has it; letters that follow digits are kept as they are."""
    letters = re.match(r"[a-z]*", word)
    stem = letters[0] if letters else ""
    return SPELLED.get(stem, stem.capitalize()) + word[len(stem) :]
