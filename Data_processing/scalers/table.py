"""The scalers that params.yaml may name."""

SCALERS: dict[str, str] = {
    "standard": "Data_processing.scalers.standard",
    "zca_channel": "Data_processing.scalers.zca_channel",
}
