"""Networks by the name that params.yaml uses (``train.model``)."""

NETWORKS = {
    "e001_small_cnn": "Models.experiments.e001_small_cnn:SmallCNN",
    "resnet18": "Models.networks.resnet:ResNet18",
    "wrn_28_2": "Models.networks.wide_resnet:WideResNet",
}
