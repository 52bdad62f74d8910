"""torchvision's classifiers by family: their names, and what is alike within a family.

The names stand here so that params.yaml can be checked without torchvision; a test compares them
with ``torchvision.models.list_models``.
"""

from typing import Literal

import msgspec

from Models.networks.arguments import Dropout, NoArguments, Stem

First = Literal["fan_out", "fan_in", "uniform", "narrow", "normal", "patch", "googlenet", "own"]
"""How a family draws its first convolution; ``Models.networks.torchvision_classifiers``."""
Sides = Literal["any", "patches", "windows"]
"""Which sides a family takes: any from ``least`` on; square and whole patches; whole windows."""


class Family(msgspec.Struct, frozen=True):
    """Networks of one paper: ``least`` is the smallest side in pixels that they can take."""

    names: tuple[str, ...]
    arguments: type[msgspec.Struct]
    least: int = 1
    learning_rate: float = 1e-3
    first: First = "fan_out"
    sides: Sides = "any"


def _names(stem: str, variants: str) -> tuple[str, ...]:
    return tuple(stem + variant for variant in variants.split())


PLAIN = 1e-4
"""The learning rate of deep networks without any normalisation, which a higher one throws off."""
ATTENDING = 5e-4
"""The learning rate of networks of attention."""
WINDOW = 224
"""MaxViT halves a side five times and cuts what is left into windows of 7 x 7."""

FAMILIES: dict[str, Family] = {
    "AlexNet": Family(("alexnet",), Dropout, 63, PLAIN, "own"),
    "ConvNeXt": Family(
        _names("convnext_", "tiny small base large"), NoArguments, 32, 1e-3, "narrow"
    ),
    "DenseNet": Family(_names("densenet", "121 161 169 201"), Dropout, 29, first="fan_in"),
    "EfficientNet": Family(_names("efficientnet_", "b0 b1 b2 b3 b4 b5 b6 b7"), Dropout),
    "EfficientNetV2": Family(_names("efficientnet_v2_", "s m l"), Dropout),
    "GoogLeNet": Family(("googlenet",), Dropout, 15, first="googlenet"),
    "Inception": Family(("inception_v3",), Dropout, 75, first="googlenet"),
    "MaxViT": Family(("maxvit_t",), Dropout, WINDOW, ATTENDING, "normal", "windows"),
    "MNASNet": Family(_names("mnasnet", "0_5 0_75 1_0 1_3"), Dropout),
    "MobileNet": Family(_names("mobilenet_", "v2 v3_small v3_large"), Dropout),
    "RegNetX": Family(_names("regnet_x_", "400mf 800mf 1_6gf 3_2gf 8gf 16gf 32gf"), NoArguments),
    "RegNetY": Family(
        _names("regnet_y_", "400mf 800mf 1_6gf 3_2gf 8gf 16gf 32gf 128gf"), NoArguments
    ),
    "ResNet": Family(_names("resnet", "18 34 50 101 152"), Stem),
    "ResNeXt": Family(_names("resnext", "50_32x4d 101_32x8d 101_64x4d"), Stem),
    "ShuffleNet": Family(_names("shufflenet_v2_", "x0_5 x1_0 x1_5 x2_0"), NoArguments, first="own"),
    "SqueezeNet": Family(("squeezenet1_0",), Dropout, 21, PLAIN, "uniform"),
    "SqueezeNet 1.1": Family(("squeezenet1_1",), Dropout, 17, PLAIN, "uniform"),
    "Swin": Family(_names("swin_", "t s b v2_t v2_s v2_b"), Dropout, 4, ATTENDING, "own"),
    "VGG": Family(_names("vgg", "11 13 16 19"), Dropout, 32, PLAIN),
    "VGG with norms": Family(_names("vgg", "11_bn 13_bn 16_bn 19_bn"), Dropout, 32),
    "ViT": Family(
        _names("vit_", "b_16 b_32 l_16 l_32 h_14"), Dropout, 14, ATTENDING, "patch", "patches"
    ),
    "Wide ResNet": Family(_names("wide_resnet", "50_2 101_2"), Stem),
}
FAMILY_OF = {name: family for family in FAMILIES.values() for name in family.names}
TORCHVISION = tuple(sorted(FAMILY_OF))
