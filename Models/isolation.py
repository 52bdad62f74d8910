"""A room of its own for torch: what is set inside, generators too, is put back at the end."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from Models.quiet import quiet

CUBLAS = "CUBLAS_WORKSPACE_CONFIG"
CHATTY = ("lightning.pytorch", "lightning.fabric", "lightning.pytorch.utilities.rank_zero")


@contextmanager
def isolated(seed: int, threads: int) -> Iterator[None]:
    """Run the block deterministically on ``threads`` CPU threads, from a generator of its own.

    Nothing leaks: generators, threads, torch's switches and the level of Lightning's loggers are
    put back.
    """
    threads_before = torch.get_num_threads()
    deterministic_before = torch.are_deterministic_algorithms_enabled()
    warn_only_before = torch.is_deterministic_algorithms_warn_only_enabled()
    benchmark_before = torch.backends.cudnn.benchmark
    cudnn_before = torch.backends.cudnn.deterministic
    cublas_before = os.environ.get(CUBLAS)
    try:
        with torch.random.fork_rng(), quiet(CHATTY, r"lightning\..*"):
            os.environ[CUBLAS] = ":4096:8"
            torch.set_num_threads(threads)
            torch.use_deterministic_algorithms(True)
            torch.backends.cudnn.benchmark = False
            torch.manual_seed(seed)
            yield
    finally:
        torch.set_num_threads(threads_before)
        torch.use_deterministic_algorithms(deterministic_before, warn_only=warn_only_before)
        torch.backends.cudnn.benchmark = benchmark_before
        torch.backends.cudnn.deterministic = cudnn_before
        if cublas_before is None:
            os.environ.pop(CUBLAS, None)
        else:
            os.environ[CUBLAS] = cublas_before


def device_of(wanted: str) -> torch.device:
    """Return the device that compute.yaml asks for; ``auto`` is cuda where there is one."""
    if wanted == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return torch.device(wanted)
