"""``python -m Datasets <verb>``."""

import sys

from Datasets.command import Verb, main

VERBS = {
    "schema": Verb(
        module="Datasets.schema",
        says="print the JSON Schema of the metadata format",
        example="python -m Datasets schema",
    ),
    "check": Verb(
        module="Datasets.check_metadata",
        says="check a metadata folder",
        example="python -m Datasets check Datasets/metadata/digits",
    ),
    "show": Verb(
        module="Datasets.show",
        says="draw samples of a metadata folder with boxes and masks",
        example="python -m Datasets show Datasets/metadata/digits --first 6 --out panel.png",
    ),
    "diff": Verb(
        module="Datasets.diff",
        says="compare the metadata of two revisions, or of one and the workspace",
        example="python -m Datasets diff HEAD~1 --dataset digits",
    ),
    "sample": Verb(
        module="Datasets.show_sample",
        says="print all that is known of samples, as JSON",
        example="python -m Datasets sample Datasets/metadata/digits images/0001.png",
    ),
    "check-params": Verb(
        module="Datasets.check_params",
        says="check the frame of params.yaml and compute.yaml, and say that all rooms agreed",
        example="python -m Datasets check-params",
    ),
    "cache": Verb(
        module="Datasets.cache",
        says="show what rows of earlier runs are kept, or make room there",
        example="python -m Datasets cache show",
    ),
    "complete": Verb(
        module="Datasets.complete",
        says="insist that every output is up to date and in the cache",
        example="python -m Datasets complete",
    ),
}

if __name__ == "__main__":
    sys.exit(main("Datasets", VERBS, sys.argv[1:]))
