"""compute.yaml: what must not change results. How many workers, which engine, which device."""

import os
import re
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from Datasets.errors import ParamsError
from Datasets.params import checked, read_yaml

COMPUTE_FILE = Path("compute.yaml")
ADDRESS = re.compile(r"(tcp|tls)://[^\s/]+:\d{1,5}")
Positive = Annotated[int, msgspec.Meta(ge=1)]


class Compute(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The content of compute.yaml."""

    workers: Positive | Literal["auto"] = "auto"
    engine: Literal["local", "dask"] = "local"
    address: str | None = None
    row_cache_gb: Annotated[float, msgspec.Meta(ge=0)] = 20.0
    resident: bool = False
    device: Literal["auto", "cpu", "cuda"] = "auto"

    def worker_count(self) -> int:
        """Return how many processes may compute at a time: as asked, or one a processor."""
        if self.workers != "auto":
            return self.workers
        if hasattr(os, "sched_getaffinity"):
            return len(os.sched_getaffinity(0))
        return os.cpu_count() or 1


def load(path: Path = COMPUTE_FILE) -> Compute:
    """Return the content of compute.yaml, or the defaults where there is no such file.

    Raises:
        ParamsError: the file has an unknown key or a value of a wrong type; or an engine without
            an address that it needs, or an address that no engine takes.
    """
    found = checked(read_yaml(path), Compute, str(path)) if path.exists() else Compute()
    if found.engine == "dask" and not ADDRESS.fullmatch(found.address or ""):
        raise ParamsError(
            f"{path}: address: engine: dask needs the address of a scheduler, as "
            f"tcp://127.0.0.1:8786, got {found.address or 'nothing'}; or write engine: local"
        )
    if found.engine != "dask" and found.address is not None:
        raise ParamsError(
            f"{path}: address: only engine: dask takes one; write engine: dask, or address: null"
        )
    return found
