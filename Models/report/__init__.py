"""The page to look at: what was trained on what, how good, how sure, what looks wrong."""
