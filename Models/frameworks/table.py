"""Frameworks by the name that params.yaml uses (``train.framework``)."""

FRAMEWORKS = {
    "supervised": "Models.frameworks.supervised:Supervised",
    "fixmatch": "Models.frameworks.fixmatch:FixMatch",
    "mixmatch": "Models.frameworks.mixmatch:MixMatch",
    "simclr": "Models.frameworks.simclr:SimCLR",
    "supcon": "Models.frameworks.supcon:SupCon",
    "triplet": "Models.frameworks.triplet:Triplet",
}
