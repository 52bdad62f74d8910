"""Libraries that talk about their own making, silenced while they work and no longer."""

import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager


@contextmanager
def quiet(loggers: Sequence[str], warned_by: str = "") -> Iterator[None]:
    """Run the block with ``loggers`` at the level of errors, without the warnings of a library.

    Args:
        loggers: names of loggers; their levels are put back.
        warned_by: regular expression of the modules whose warnings are ignored; all by default.
    """
    chatty = [logging.getLogger(name) for name in loggers]
    levels = [logger.level for logger in chatty]
    try:
        for logger in chatty:
            logger.setLevel(logging.ERROR)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module=warned_by)
            yield
    finally:
        for logger, level in zip(chatty, levels, strict=True):
            logger.setLevel(level)
