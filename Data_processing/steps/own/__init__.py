"""Your own operations: one module each, shaped like ``Data_processing/steps/crop.py``.

Named in ``steps/table.py``.
"""
