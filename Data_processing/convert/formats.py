"""The formats that ``convert`` reads, by the names in params.yaml. Imported when asked for."""

FORMATS = {
    "coco": "Data_processing.convert.coco:extract",
    "folders": "Data_processing.convert.folders:extract",
}
WITH_ANNOTATION_FILES = frozenset({"coco"})
"""Formats for which ``annotations`` means something."""
