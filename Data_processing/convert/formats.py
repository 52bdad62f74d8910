"""The formats that ``convert`` reads, by the names in params.yaml. Imported when asked for."""

FORMATS = {
    "coco": "Data_processing.convert.readers.coco:extract",
    "csv": "Data_processing.convert.readers.tables:extract",
    "cvat": "Data_processing.convert.readers.cvat:extract",
    "folders": "Data_processing.convert.readers.folders:extract",
    "instance_masks": "Data_processing.convert.readers.instance_masks:extract",
    "label_studio": "Data_processing.convert.readers.label_studio:extract",
    "labelme": "Data_processing.convert.readers.labelme:extract",
    "masks": "Data_processing.convert.readers.masks:extract",
    "parquet": "Data_processing.convert.readers.tables:extract",
    "sql": "Data_processing.convert.readers.tables:extract",
    "via": "Data_processing.convert.readers.via:extract",
    "voc": "Data_processing.convert.readers.voc:extract",
    "yolo": "Data_processing.convert.readers.yolo:extract",
}
READS = {
    "coco": ("annotations",),
    "csv": ("annotations", "columns", "origin"),
    "cvat": ("annotations",),
    "folders": (),
    "instance_masks": ("annotations", "classes"),
    "label_studio": ("annotations",),
    "labelme": ("annotations",),
    "masks": ("annotations", "values"),
    "parquet": ("annotations", "columns", "origin"),
    "sql": ("columns", "origin", "sql"),
    "via": ("annotations", "columns"),
    "voc": ("annotations", "origin"),
    "yolo": ("annotations", "classes"),
}
"""Keys of a data set that mean something to a format, beside those that all understand."""
