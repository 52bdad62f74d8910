"""Any annotations in, one format out: one reader a format, one way on for all."""
