"""``python -m Models <verb>``."""

import sys

from Datasets.command import Verb, main

VERBS = {
    "check-params": Verb(
        module="Models.check_params",
        says="check the sections train and export of params.yaml",
        example="python -m Models check-params",
    ),
    "train": Verb(
        module="Models.train",
        says="train folds: one, several (0-29), or all",
        example="python -m Models train 0",
    ),
    "evaluate": Verb(
        module="Models.evaluate",
        says="test the best weights of folds: metrics, predictions, top losses",
        example="python -m Models evaluate 0",
    ),
    "crossval": Verb(
        module="Models.crossval",
        says="join the folds: mean, spread, out-of-fold accuracy",
        example="python -m Models crossval",
    ),
    "export": Verb(
        module="Models.export",
        says="pack what is served: graphs, weights, scripts, manifest",
        example="python -m Models export",
    ),
    "features": Verb(
        module="Models.features",
        says="write what a trained network sees as ONNX, for audit.features",
        example="python -m Models features --to Datasets/weights/digits.onnx",
    ),
    "weights": Verb(
        module="Models.pretrained.command",
        says="take over weights to begin from, for train.pretrained, and list them",
        example="python -m Models weights add resnet18_imagenet --from resnet18.pth",
    ),
    "report": Verb(
        module="Models.report.stage",
        says="write the page to look at, Models/report.html",
        example="python -m Models report",
    ),
    "summary": Verb(
        module="Models.summary",
        says="say in five lines what came out",
        example="python -m Models summary",
    ),
}

if __name__ == "__main__":
    sys.exit(main("Models", VERBS, sys.argv[1:]))
