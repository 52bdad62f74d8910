"""Your own operations: a file each, shaped like ``Data_processing/steps/crop.py``.

``Data_processing/steps/own/sharpen.py`` is ``own.sharpen`` in params.yaml.
"""
