"""``python -m Data_processing <verb>``."""

import sys

from Datasets.command import Verb, main

VERBS = {
    "check-params": Verb(
        module="Data_processing.check_params",
        says="check this room's sections of params.yaml",
        example="python -m Data_processing check-params",
    ),
    "demo": Verb(
        module="Data_processing.demo",
        says="compose a demo data set of handwritten digits",
        example="python -m Data_processing demo digits",
    ),
    "convert": Verb(
        module="Data_processing.convert.stage",
        says="turn a data set's annotations into the metadata format",
        example="python -m Data_processing convert digits",
    ),
    "export-coco": Verb(
        module="Data_processing.export.coco",
        says="write a data set's metadata as a COCO file",
        example="python -m Data_processing export-coco digits --out digits.json",
    ),
    "export-yolo": Verb(
        module="Data_processing.export.yolo",
        says="write a data set's metadata as YOLO label files",
        example="python -m Data_processing export-yolo digits --out digits_yolo",
    ),
    "export-voc": Verb(
        module="Data_processing.export.voc",
        says="write a data set's metadata as Pascal VOC files",
        example="python -m Data_processing export-voc digits --out digits_voc",
    ),
    "split": Verb(
        module="Data_processing.split.stage",
        says="give every sample its fold",
        example="python -m Data_processing split",
    ),
    "audit": Verb(
        module="Data_processing.audit",
        says="refuse folds that leak into each other",
        example="python -m Data_processing audit",
    ),
    "source": Verb(
        module="Data_processing.source",
        says="index the raw files as the first store of the walk",
        example="python -m Data_processing source",
    ),
    "process": Verb(
        module="Data_processing.steps.process",
        says="run one step of the walk",
        example="python -m Data_processing process crop",
    ),
    "preview": Verb(
        module="Data_processing.steps.preview",
        says="draw what a step makes of one sample, without running the step",
        example="python -m Data_processing preview augment --sample images/0001.png --copies 8",
    ),
    "stack": Verb(
        module="Data_processing.stack",
        says="turn the last step's samples into tensors",
        example="python -m Data_processing stack",
    ),
    "scale": Verb(
        module="Data_processing.scale",
        says="fit the scalers of folds on their training parts",
        example="python -m Data_processing scale 0",
    ),
}

if __name__ == "__main__":
    sys.exit(main("Data_processing", VERBS, sys.argv[1:]))
