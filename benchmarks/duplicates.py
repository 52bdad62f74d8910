"""What near-duplicates are found, and what looking for them costs.

``python -m benchmarks.duplicates [FOLDER] [--network FILE]`` takes the pictures of a folder (the
demo's by default), plants a changed one of each, and says how many of them are found, by kind of
change and by the distance allowed, and which of the folder's own pictures look alike: how many
sets, how many pictures stand in them, and how many in the largest. With a network it says the same
of its features, by the cosine asked for. Then it times hashing a picture, decoding apart, and
searching 100,000 hashes, or features of 512 numbers.
"""

import argparse
import io
import resource
import statistics
import time
from collections.abc import Callable, Sequence
from operator import xor
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageEnhance, ImageOps

from Data_processing.fingerprints import cosine
from Data_processing.fingerprints.kin import hashes
from Data_processing.fingerprints.network import Network, read_network
from Data_processing.fingerprints.perceptual import Looks, looks_of
from Data_processing.fingerprints.search import CONFIRMED, Hashes, clusters
from Data_processing.fingerprints.view import VIEWS, views_of
from Data_processing.sections import Audit

DEMO = Path("Datasets/raw/digits/images")
SUFFIXES = (".jpg", ".jpeg", ".png")
DISTANCES = (2, 4, 6, 8, 10)
COSINES = (0.95, 0.96, 0.97, 0.98, 0.99)
MOST = 400
"""Pictures that are looked at."""
HASHES = 100_000
NUMBERS = 512
ROUNDS = 3

Change = Callable[[Image.Image], Image.Image]


class Alike(NamedTuple):
    """Sets of pictures that look alike, the pictures in them, and those in the largest."""

    sets: int
    pictures: int
    largest: int


def alike(cluster: np.ndarray) -> Alike:
    """Return what looks alike by clusters (N,), a number a picture; one by itself is no set.

    >>> alike(np.array([0, 0, 2, 3, 3, 3]))
    Alike(sets=2, pictures=5, largest=3)
    """
    lengths = np.unique(cluster, return_counts=True)[1]
    several = lengths[lengths > 1]
    return Alike(len(several), int(several.sum()), int(several.max(initial=0)))


def tell(found: Sequence[np.ndarray]) -> None:
    """Print what looks alike of the pictures themselves, a column for each of ``found``."""
    told = [alike(cluster) for cluster in found]
    print(f"{'sets of their own':22}" + "".join(f"{one.sets:7}" for one in told))
    print(f"{'pictures in them':22}" + "".join(f"{one.pictures:7}" for one in told))
    print(f"{'in the largest':22}" + "".join(f"{one.largest:7}" for one in told))


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


def elsewhere(share: float) -> Change:
    """Return what cuts ``share`` off each length, at places that differ from picture to picture."""
    rng = np.random.default_rng(0)

    def crop(image: Image.Image) -> Image.Image:
        lengths = [round(side * (1 - share)) for side in image.size]
        pairs = zip(image.size, lengths, strict=True)
        x, y = (int(rng.integers(side - length + 1)) for side, length in pairs)
        return image.crop((x, y, x + lengths[0], y + lengths[1]))

    return crop


CHANGES: dict[str, Change] = {
    "JPEG, quality 50": encoded,
    "half as large": lambda image: image.resize((image.width // 2, image.height // 2)),
    "30 % brighter": lambda image: ImageEnhance.Brightness(image).enhance(1.3),
    "mirrored": ImageOps.mirror,
    "upside down": ImageOps.flip,
    "5 % cropped": cropped(0.05),
    "10 % cropped": cropped(0.10),
    "15 % cropped": cropped(0.15),
    "20 % cropped": cropped(0.20),
    "5 % cropped anywhere": elsewhere(0.05),
    "15 % cropped anywhere": elsewhere(0.15),
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
    tell([clusters(upright, mirrored, one) for one in DISTANCES])


def recall_of_features(images: list[Image.Image], network: Network) -> None:
    """Print the share of planted pictures that a network finds."""
    own = asked(images, network)  # (VIEWS, N, D)
    print(f"{'found, by cosine':22}" + "".join(f"{one:7}" for one in COSINES))
    for name, change in CHANGES.items():
        changed = asked([change(image) for image in images], network)
        pairs = [(view, changed[0]) for view in own] + [(view, own[0]) for view in changed]
        cosines = np.max([np.sum(one * other, axis=1) for one, other in pairs], axis=0)
        print(f"{name:22}" + "".join(f"{(cosines >= one).mean():7.2f}" for one in COSINES))
    tell([cosine.clusters(cosine.rounded(own), one) for one in COSINES])


def asked(images: list[Image.Image], network: Network) -> np.ndarray:
    """Return the directions of what a network says, (VIEWS, N, D)."""
    found = []
    for image in images:
        views = views_of(np.array(image), network)
        if views is None:
            raise SystemExit("a changed picture is flat")
        said = network.features(views)
        found.append(said / np.linalg.norm(said, axis=1, keepdims=True))
    return np.stack(found, axis=1)


def cost_of_features(images: list[Image.Image], network: Network) -> None:
    """Print the CPU time of asking a network for a picture, and of a search."""
    started = time.process_time()
    asked(images[:100], network)
    spent = (time.process_time() - started) / len(images[:100])
    print(f"asking the network for a picture: {spent * 1e3:.1f} CPU-ms")
    numbers = np.random.default_rng(0).normal(size=(HASHES // 10, NUMBERS))
    directions = np.tile(cosine.rounded(numbers), (10, 1))
    directions[np.arange(HASHES), np.arange(HASHES) % NUMBERS] += 200  # so that ten are alike
    started = time.process_time()
    found = cosine.clusters(np.stack([directions] * VIEWS), 0.97)
    spent, peak = time.process_time() - started, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"searching {HASHES:,} x {NUMBERS}: {spent:.0f} CPU-s, {peak / 2**20:.1f} GiB at most")
    assert len(np.unique(found)) == HASHES // 10


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
    parser.add_argument("--network", type=Path, help="an ONNX file that is asked, too")
    parser.add_argument("--no-cost", action="store_true", help="time nothing")
    arguments = parser.parse_args()
    paths = sorted(path for path in arguments.folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    if not paths:
        parser.error(f"{arguments.folder}: no picture is there ({', '.join(sorted(SUFFIXES))})")
    images = [Image.open(path).convert("RGB") for path in paths[:MOST]]
    pairs = [(image, looks_of(np.asarray(image))) for image in images]
    seen = [(image, looks) for image, looks in pairs if looks is not None]
    print(f"{len(images)} pictures, {len(images) - len(seen)} of them flat")
    recall([image for image, _ in seen], [looks for _, looks in seen])
    network = None
    if arguments.network:
        network = read_network(Audit(), arguments.network, "--network")
        recall_of_features([image for image, _ in seen], network)
    if arguments.no_cost:
        return
    cost(images)
    if network:
        cost_of_features(images, network)


if __name__ == "__main__":
    main()
