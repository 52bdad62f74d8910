"""The stage ``report``: everything that can be looked at, on one page, Models/report.html."""

import argparse
from pathlib import Path

from Datasets.files import write_bytes
from Datasets.stage import running
from Models.report.evidence import shown
from Models.report.gather import gather
from Models.report.page import render

REPORT = Path("Models/report.html")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add nothing: what the page tells is what the stages before it wrote."""


def run(arguments: argparse.Namespace) -> None:
    """Write the page."""
    with running("report") as stage:
        evidence = gather()
        content = render(evidence).encode("utf-8")
        write_bytes(REPORT, content)
        figure = f"accuracy {shown(evidence.out_of_fold)} on {evidence.n:,} images"
        stage.summary = f"{figure}, {REPORT}, {len(content) / 2**20:.1f} MB"
