"""Scalers: one module each, with ``Parameters`` and ``fit``; `table` names them."""
