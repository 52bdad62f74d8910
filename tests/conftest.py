"""What holds for all tests: one thread a library, no network, no clock; a reason to skip."""

import os
from pathlib import Path

# Before anything imports numpy, torch or albumentations.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")

import pytest
from hypothesis import HealthCheck, settings

# How long an example takes proves nothing.
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def root() -> Path:
    """Return the top folder of the repository."""
    return ROOT


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of real data sets beside the repository, or skip the test."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"the real data sets are not here: {folder}")
    return folder


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the flag that writes golden files anew; read the difference before it is committed."""
    parser.addoption("--update-golden", action="store_true", help="write tests/golden anew")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what this machine cannot run, and say why."""
    if item.get_closest_marker("root") and os.geteuid() != 0:
        pytest.skip("needs the rights of root")
    if item.get_closest_marker("gpu"):
        import torch

        if not torch.cuda.is_available():
            pytest.skip("needs a CUDA device")
