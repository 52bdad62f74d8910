"""Answering with a bundle. Free of torch."""
