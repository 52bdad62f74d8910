"""Frameworks: the head, the loss and what is predicted."""
