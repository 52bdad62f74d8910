"""The operations that params.yaml may name in lower case.

CamelCase names are albumentations' transforms.
"""

OPERATIONS: dict[str, str] = {
    "bands": "Data_processing.steps.bands",
    "crop": "Data_processing.steps.crop",
    "letterbox": "Data_processing.steps.letterbox",
    "pad": "Data_processing.steps.pad",
    "resize": "Data_processing.steps.resize",
    "rot8": "Data_processing.steps.rot8",
    "tile": "Data_processing.steps.tile",
}
