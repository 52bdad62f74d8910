"""Training, evaluation, export and the report."""
