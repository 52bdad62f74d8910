"""The strong view: its operations against slow ones, its batches against single images."""

import math

import msgspec
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from Datasets.errors import ParamsError
from Models.networks.network import InputShape
from Models.views import strong as module
from Models.views.arguments import Strong
from Models.views.colour import COLOURS
from Models.views.draws import uniforms
from Models.views.geometry import GEOMETRY, cut_out, warp
from Models.views.strong import OPERATIONS, WHITES, StrongView

SEED = 3
WHITE = 255.0
STRENGTHS = (-1.0, -0.63, -0.1, 0.2, 0.55, 0.99)


def drawn(shape: tuple[int, ...], dtype: str = "uint8") -> np.ndarray:
    """Return integers of all sizes, in a dtype."""
    white = WHITES.get(dtype, 1.0)
    values = np.random.default_rng(1).uniform(0, 1, shape) * white
    return values.astype(dtype) if dtype == "float32" else np.rint(values).astype(dtype)


def slow_colour(name: str, image: np.ndarray, by: float) -> np.ndarray:
    """One image (H, W, C), float64, pixel by pixel where neighbours matter."""
    factor = 1 + 0.9 * by
    if name == "autocontrast":
        low, high = image.min(axis=(0, 1)), image.max(axis=(0, 1))
        return (image - low) / (high - low) * WHITE
    if name == "posterize":
        step = 2 ** (1 + min(int(np.float32(abs(by)) * np.float32(4)), 3))
        return np.floor(image / step) * step
    if name == "solarize":
        return np.where(image >= np.float32(1 - np.float32(abs(by))) * WHITE, WHITE - image, image)
    if name == "brightness":
        base = np.zeros_like(image)
    elif name == "contrast":
        base = np.full_like(image, image.mean())
    elif name == "saturation":
        base = np.repeat((image @ np.array([0.299, 0.587, 0.114]))[:, :, None], 3, axis=2)
    else:
        base = image.copy()
        for y in range(1, len(image) - 1):
            for x in range(1, image.shape[1] - 1):
                around = image[y - 1 : y + 2, x - 1 : x + 2].sum(axis=(0, 1))
                base[y, x] = (around + 4 * image[y, x]) / 13
    return np.clip(base + factor * (image - base), 0, WHITE)


def slow_warp(image: np.ndarray, by: dict[str, float], beyond: float) -> np.ndarray:
    """One image (H, W, C), float64, pixel by pixel."""
    height, width = image.shape[:2]
    angle = math.radians(30) * by.get("rotate", 0)
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    shear = np.array([[1, 0.3 * by.get("shear_x", 0)], [0.3 * by.get("shear_y", 0), 1]])
    moved = np.array(
        [0.3 * width * by.get("translate_x", 0), 0.3 * height * by.get("translate_y", 0)]
    )
    padded = np.pad(image, ((1, 1), (1, 1), (0, 0)), constant_values=beyond)
    middle = np.array([(width - 1) / 2, (height - 1) / 2])
    out = np.empty_like(image)
    for y in range(height):
        for x in range(width):
            there = turn @ shear @ (np.array([x, y]) - middle) + moved + middle + 1
            left, top = np.clip(there, 0, [width + 0.999999, height + 0.999999])
            i, j = int(top), int(left)
            down, right = top - i, left - j
            upper = padded[i, j] * (1 - right) + padded[i, j + 1] * right
            i = min(i + 1, height + 1)
            lower = padded[i, j] * (1 - right) + padded[i, min(j + 1, width + 1)] * right
            out[y, x] = upper * (1 - down) + lower * down
    return out


def planes_of(images: np.ndarray) -> Tensor:
    return torch.from_numpy(images).permute(0, 3, 1, 2).float().contiguous()


def images_of(planes: Tensor) -> np.ndarray:
    return planes.permute(0, 2, 3, 1).double().numpy()


@pytest.mark.parametrize("name", COLOURS)
def test_a_colour_operation_equals_a_slow_one(name: str) -> None:
    images = drawn((len(STRENGTHS), 7, 9, 3))
    result = images_of(COLOURS[name].apply(planes_of(images), torch.tensor(STRENGTHS), WHITE))
    for image, by, seen in zip(images.astype(np.float64), STRENGTHS, result, strict=True):
        # Some roundings of float32 at 255 (1.5e-5 each), made larger by a factor of up to 1.9.
        tolerance = 0.0 if name in ("posterize", "solarize") else 2e-4
        assert np.abs(slow_colour(name, image, by) - seen).max() <= tolerance
        assert not np.array_equal(seen, image)


@pytest.mark.parametrize("name", [*GEOMETRY, "all"])
@pytest.mark.parametrize("shape", [(9, 9), (6, 11), (12, 5)])
def test_the_warp_equals_a_slow_one(name: str, shape: tuple[int, int]) -> None:
    images = drawn((len(STRENGTHS), *shape, 2))
    by = torch.tensor(STRENGTHS)
    strengths = {n: by.roll(i) for i, n in enumerate(GEOMETRY) if name in (n, "all")}
    result = images_of(warp(planes_of(images), strengths, 127.5))
    for place, image in enumerate(images.astype(np.float64)):
        own = {n: float(values[place]) for n, values in strengths.items()}
        # Places are float32 too: 12 pixels to 1e-6, times a slope of up to 255 a pixel, twice.
        assert np.abs(slow_warp(image, own, 127.5) - result[place]).max() <= 2e-3


def test_a_warp_of_strength_0_stays() -> None:
    images = planes_of(drawn((2, 8, 8, 1)))
    assert torch.allclose(warp(images, {"rotate": torch.zeros(2)}, 9.0), images, atol=1e-3)


@given(
    draws=st.lists(st.floats(0, 0.984375, width=32), min_size=3, max_size=3), most=st.floats(0, 1)
)
def test_the_square_is_where_it_was_drawn(draws: list[float], most: float) -> None:
    planes = torch.zeros(1, 2, 6, 9)
    cut_out(planes, torch.tensor([draws]), most, 1.0)
    half = np.float32(draws[2]) * np.float32(most * 6 / 2)
    for y in range(6):
        for x in range(9):
            inside = max(
                abs(np.float32(y + 0.5) - np.float32(draws[0]) * 6),
                abs(np.float32(x + 0.5) - np.float32(draws[1]) * 9),
            )
            assert planes[0, :, y, x].tolist() == [float(inside < half)] * 2


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("shape", [(16, 16), (13, 7), (2, 3), (1, 1)])
@pytest.mark.parametrize("channels", [1, 3, 8])
def test_neighbours_in_the_batch_change_no_bit(
    monkeypatch: pytest.MonkeyPatch, dtype: str, shape: tuple[int, int], channels: int
) -> None:
    images = torch.from_numpy(drawn((30, *shape, channels), dtype))
    keys = torch.arange(30) * 77 - 5
    view = StrongView(Strong(count=4, white=1.0), InputShape(*shape, channels, dtype))
    whole = view(images, keys, SEED)
    assert whole.shape == images.shape
    assert whole.dtype == torch.float32
    for place in range(30):
        one = slice(place, place + 1)
        assert torch.equal(view(images[one], keys[one], SEED), whole[one])
    other = torch.randperm(30, generator=torch.Generator().manual_seed(0))[:23]
    assert torch.equal(view(images[other], keys[other], SEED), whole[other])
    monkeypatch.setattr(module, "CHUNK_BYTES", 4 * 7 * images[0].numel())
    assert torch.equal(view(images, keys, SEED), whole)


@pytest.mark.parametrize("count", [0, 1, 3])
def test_the_view_equals_a_loop_of_slow_operations(count: int) -> None:
    """Without the two operations that jump, where a rounding before them would show."""
    ops = tuple(name for name in OPERATIONS if name not in ("posterize", "solarize"))
    strong = Strong(ops, count, 0.8, 0.4)
    images, keys = drawn((40, 9, 10, 3)), torch.arange(40)
    seen = StrongView(strong, InputShape(9, 10, 3, "uint8"))(torch.from_numpy(images), keys, SEED)
    draws = uniforms(SEED, keys, 3 + 2 * len(ops)).numpy()
    tried = set()
    for image, own, result in zip(images.astype(np.float64), draws, seen.numpy(), strict=True):
        lots, sizes = own[3 : 3 + len(ops)], own[3 + len(ops) :]
        chosen = [ops[place] for place in sorted(np.argsort(lots)[:count])]
        by = {n: 0.8 * (2 * float(sizes[ops.index(n)]) - 1) for n in chosen}
        for name in [name for name in chosen if name in COLOURS]:
            image = slow_colour(name, image, by[name])
        if by.keys() & set(GEOMETRY):
            image = slow_warp(image, by, 127.5)
        y, x = np.mgrid[:9, :10] + 0.5
        half = own[2] * 0.4 * 9 / 2
        image[(abs(y - own[0] * 9) < half) & (abs(x - own[1] * 10) < half)] = 127.5
        # As for the warp, made larger by colours before it.
        assert np.abs(image - result).max() <= 1e-2
        tried |= set(chosen)
    assert len(tried) == (len(ops) if count == 3 else len(tried))


def test_a_hole_does_not_spread_and_what_lies_beyond_is_cut() -> None:
    images = drawn((20, 8, 8, 4), "float32")
    images[:, 4, 4, 2] = np.nan
    images[:, 0, 0, 0] = 3.0
    strong = Strong(("brightness", "solarize", "posterize"), 3, cutout=0.0, white=1.0)
    view = StrongView(strong, InputShape(8, 8, 4, "float32"))
    seen = view(torch.from_numpy(images), torch.arange(20), SEED)
    assert torch.equal(seen.isnan(), torch.from_numpy(images).isnan())
    assert seen.nan_to_num(0.5).min() >= 0
    assert seen.nan_to_num(0.5).max() <= 1


def test_all_operations_are_drawn_alike() -> None:
    view = StrongView(Strong(count=2), InputShape(4, 4, 3, "uint8"))
    draws = uniforms(1, torch.arange(6000), 2 * len(OPERATIONS))
    strengths = view._strengths(draws)
    assert (strengths.ne(0).sum(dim=1) == 2).all()
    share = strengths.ne(0).float().mean(dim=0)
    assert ((share - 2 / len(OPERATIONS)).abs() < 0.02).all()
    assert strengths.abs().max() <= 1
    assert strengths.mean().abs() < 0.01


@pytest.mark.parametrize(
    ("strong", "shape", "message"),
    [
        (Strong(("sharpnes",)), (4, 4, 3, "uint8"), r"ops: unknown .*did you mean 'sharpness'\?"),
        (
            Strong(("saturation",)),
            (4, 4, 8, "uint8"),
            "saturation needs red, green and blue, and the images have 8 channels; others work: "
            "autocontrast, brightness, contrast, sharpness",
        ),
        (Strong(("rotate",), 2), (4, 4, 3, "uint8"), "count: 2 operations .* only 1 can be"),
        (Strong(), (4, 4, 3, "float32"), "white: the images are float32"),
    ],
)
def test_what_cannot_be_is_said_when_it_is_built(
    strong: Strong, shape: tuple[int, int, int, str], message: str
) -> None:
    with pytest.raises(ParamsError, match=message):
        StrongView(strong, InputShape(*shape), where="params.yaml: train.strong")


def test_colours_of_many_channels_are_left_out_by_auto() -> None:
    view = StrongView(Strong(count=len(OPERATIONS) - 1), InputShape(4, 4, 8, "uint8"))
    assert (
        view(torch.zeros(1, 4, 4, 8, dtype=torch.uint8), torch.zeros(1).long(), 0).isfinite().all()
    )


def test_its_parameters_are_read_as_a_section() -> None:
    read = msgspec.convert({"ops": ["rotate"], "count": 1, "white": 4}, Strong)
    assert read == Strong(("rotate",), 1, white=4.0)
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"cutout": 2}, Strong)


@pytest.mark.gpu
def test_a_cuda_device_sees_nearly_the_same() -> None:
    images, keys = torch.from_numpy(drawn((64, 32, 32, 3))), torch.arange(64)
    ops = tuple(name for name in OPERATIONS if name not in ("posterize", "solarize"))
    view = StrongView(Strong(ops), InputShape(32, 32, 3, "uint8"))
    there = view(images.cuda(), keys.cuda(), SEED).cpu()
    assert (there - view(images, keys, SEED)).abs().max() < 2e-2
