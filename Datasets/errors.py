"""Everything that can go wrong and that a user can mend.

DarkroomError
    ParamsError        params.yaml or compute.yaml asks for what does not exist or does not fit
    AnnotationError    an annotation file is broken or contradicts itself
    ImageError         an image cannot be read, or is not what its header says
    SampleError        an operation cannot be done on this sample
    StoreError         a folder that a stage wrote (metadata, store, bundle) is missing or damaged
    RejectedError      samples were rejected under the policy ``strict``
    StackError         samples of different shapes meet at the door of ``stack``
    GateError          ``audit`` or ``verify`` says no
    StageError         the stage cannot run here and now: locked, disk full, a program missing

A message says what was wrong, where (file, line, sample, key), and what to do next.
"""


class DarkroomError(Exception):
    """Root of all errors that a command turns into one clear message and exit status 1."""


class ParamsError(DarkroomError):
    """params.yaml or compute.yaml asks for something that does not exist or does not fit."""


class AnnotationError(DarkroomError):
    """An annotation file is broken or contradicts itself.

    ``kind`` is the same for all of one sort, so that a report can count them: "zero area".
    """

    def __init__(self, message: str, kind: str = "broken annotation") -> None:
        super().__init__(message)
        self.kind = kind


class ImageError(DarkroomError):
    """An image cannot be read, or is not what its header says; ``kind`` as for annotations."""

    def __init__(self, message: str, kind: str = "broken image") -> None:
        super().__init__(message)
        self.kind = kind


class SampleError(DarkroomError):
    """An operation cannot be done on this sample."""


class StoreError(DarkroomError):
    """A folder that a stage wrote is missing or damaged."""


class RejectedError(DarkroomError):
    """Samples were rejected under the policy ``strict``."""


class StackError(DarkroomError):
    """Samples of different shapes meet at the door of ``stack``."""


class GateError(DarkroomError):
    """A gate (``audit``, ``verify``) refuses to let the run go on."""


class StageError(DarkroomError):
    """The stage cannot run here and now."""
