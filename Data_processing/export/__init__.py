"""From the metadata format back into formats of annotations."""
