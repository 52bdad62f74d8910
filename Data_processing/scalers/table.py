"""The scalers that params.yaml may name."""

SCALERS: dict[str, str] = {
    "bounds": "Data_processing.scalers.bounds",
    "minmax": "Data_processing.scalers.minmax",
    "robust": "Data_processing.scalers.robust",
    "standard": "Data_processing.scalers.standard",
    "zca_channel": "Data_processing.scalers.zca_channel",
    "zca_full": "Data_processing.scalers.zca_full",
    "zca_patch": "Data_processing.scalers.zca_patch",
}
