"""Weights that were trained elsewhere, or here before: checked, kept as safetensors, begun from.

``python -m Models weights add`` puts a file into ``Datasets/weights`` with what is known of it;
``train.pretrained`` names it.
"""
