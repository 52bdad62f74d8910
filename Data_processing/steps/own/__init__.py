"""Your own operations: one module each, shaped like ``Data_processing/steps/crop.py``, named in ``steps/table.py``."""
