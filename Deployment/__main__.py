"""``python -m Deployment <verb>``."""

import sys

from Datasets.command import Verb, main

VERBS = {
    "predict": Verb(
        module="Deployment.predict",
        says="say what images show",
        example="python -m Deployment predict photo.jpg --top 5",
    ),
    "verify": Verb(
        module="Deployment.verify",
        says="refuse a bundle that does not answer as the trained model did",
        example="python -m Deployment verify",
    ),
}

if __name__ == "__main__":
    sys.exit(main("Deployment", VERBS, sys.argv[1:]))
