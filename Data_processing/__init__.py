"""The verbs on samples: demo, convert, split, audit, process, stack, scale."""
