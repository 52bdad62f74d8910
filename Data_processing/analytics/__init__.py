"""What the data look like: balance, sizes, places, brightness, what lacks, how folds differ."""
