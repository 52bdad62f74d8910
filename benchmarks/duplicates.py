"""What near-duplicates are found, and what looking for them costs.

``python -m benchmarks.duplicates [FOLDER]`` takes the pictures of a folder (the demo's by default),
plants a changed one of each, and says how many of them are found, by kind of change and by the
distance allowed, and how many sets of the folder's own pictures look alike. Then it times hashing a
picture, decoding apart, and searching 100,000 hashes.
"""

import argparse
import io
import statistics
import time
from collections.abc import Callable
from operator import xor
from pathlib import Path

import numpy as np
from PIL import Image, ImageEnhance, ImageOps

from Data_processing.fingerprints.kin import hashes
from Data_processing.fingerprints.perceptual import Looks, looks_of
from Data_processing.fingerprints.search import CONFIRMED, Hashes, clusters

DEMO = Path("Datasets/raw/digits/images")
SUFFIXES = (".jpg", ".jpeg", ".png")
DISTANCES = (2, 4, 6, 8, 10)
MOST = 400
"""Pictures that are looked at."""
HASHES = 100_000
ROUNDS = 3

Change = Callable[[Image.Image], Image.Image]


def encoded(image: Image.Image) -> Image.Image:
    """Return a picture after JPEG compression at quality 50."""
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=50)
    return Image.open(buffer).convert("RGB")


def cropped(share: float) -> Change:
    """Return what cuts ``share`` off each length, half at either end."""

    def crop(image: Image.Image) -> Image.Image:
        x, y = (round(side * share / 2) for side in image.size)
        return image.crop((x, y, image.width - x, image.height - y))

    return crop


CHANGES: dict[str, Change] = {
    "JPEG, quality 50": encoded,
    "half as large": lambda image: image.resize((image.width // 2, image.height // 2)),
    "30 % brighter": lambda image: ImageEnhance.Brightness(image).enhance(1.3),
    "mirrored": ImageOps.mirror,
    "upside down": ImageOps.flip,
    "5 % cropped": cropped(0.05),
    "15 % cropped": cropped(0.15),
}


def apart(one: Looks, other: Looks) -> int:
    """Return in how many bits two pictures differ, mirrored or not; all if details say no."""
    return min(
        (turned.coarse ^ other.upright.coarse).bit_count()
        if int.from_bytes(bytes(map(xor, turned.fine, other.upright.fine))).bit_count() <= CONFIRMED
        else 64
        for turned in (one.upright, one.mirrored)
    )


def recall(images: list[Image.Image], looks: list[Looks]) -> None:
    """Print the share of planted pictures that are found."""
    print(f"{'found, by distance':22}" + "".join(f"{distance:7}" for distance in DISTANCES))
    for name, change in CHANGES.items():
        changed = [looks_of(np.asarray(change(image))) for image in images]
        bits = np.array(
            [apart(one, other) if other else 64 for one, other in zip(looks, changed, strict=True)]
        )
        print(f"{name:22}" + "".join(f"{(bits <= distance).mean():7.2f}" for distance in DISTANCES))
    upright, mirrored = (
        hashes([getattr(one, name) for one in looks]) for name in ("upright", "mirrored")
    )
    alike = [len(images) - len(set(clusters(upright, mirrored, one))) for one in DISTANCES]
    print(f"{'alike of their own':22}" + "".join(f"{count:7}" for count in alike))


def cost(images: list[Image.Image]) -> None:
    """Print the CPU time of a hash, and of a search."""
    arrays = [np.asarray(image) for image in images[:100]]
    started = time.process_time()
    for array in arrays:
        looks_of(array)
    spent = (time.process_time() - started) / len(arrays)
    print(f"hashing a picture of {images[0].width} x {images[0].height}: {spent * 1e3:.2f} CPU-ms")
    words = np.random.default_rng(0).integers(0, 2**64 - 1, (HASHES, 5), np.uint64)
    some, turned = (Hashes(one[:, 0], one[:, 1:]) for one in (words, words[::-1].copy()))
    seconds = []
    for _ in range(ROUNDS):
        started = time.process_time()
        clusters(some, turned, 8)
        seconds.append(time.process_time() - started)
    print(f"searching {HASHES:,} hashes: {statistics.median(seconds):.1f} CPU-s")


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser("python -m benchmarks.duplicates", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("folder", nargs="?", type=Path, default=DEMO)
    paths = sorted(
        path for path in parser.parse_args().folder.rglob("*") if path.suffix.lower() in SUFFIXES
    )
    images = [Image.open(path).convert("RGB") for path in paths[:MOST]]
    pairs = [(image, looks_of(np.asarray(image))) for image in images]
    seen = [(image, looks) for image, looks in pairs if looks is not None]
    print(f"{len(images)} pictures, {len(images) - len(seen)} of them flat")
    recall([image for image, _ in seen], [looks for _, looks in seen])
    cost(images)


if __name__ == "__main__":
    main()
