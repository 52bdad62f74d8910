"""Image files that cannot be used, drawn in code, each with the sentence that is expected."""

import io
import struct
import zlib
from collections.abc import Sequence

import msgspec
import numpy as np
import tifffile
from PIL import Image

RNG = np.random.default_rng(5)
RGB = RNG.integers(0, 256, (48, 64, 3), dtype=np.uint8)
UNREADABLE = "replace the file or leave it out"
HEADER = "the header cannot be read"
PIXELS = "the pixels cannot be decoded"
TRUNCATED = "the file is truncated: pixels stand behind its end"


class Broken(msgspec.Struct, frozen=True):
    """A file that is refused: by its header, or, if ``has_header``, when its pixels are decoded.

    One that does not end as its format says is decoded to be inspected.
    """

    name: str
    content: bytes
    sentence: str
    has_header: bool = False
    has_end: bool = True


def picture(pixels: Image.Image | np.ndarray, kind: str, **options: object) -> bytes:
    """Return a picture as a file that Pillow writes."""
    buffer = io.BytesIO()
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    image.save(buffer, format=kind, **options)
    return buffer.getvalue()


def tiff(pixels: np.ndarray, **options: object) -> bytes:
    """Return pixels as a file that tifffile writes."""
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, pixels, metadata=None, **options)  # type: ignore[arg-type]
    return buffer.getvalue()


def chunk(kind: bytes, data: bytes) -> bytes:
    """Return a chunk of a PNG."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, *chunks: bytes, depth: int = 8, colour: int = 2) -> bytes:
    """Return a PNG that begins with these sides and goes on with ``chunks``."""
    sides = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return b"".join([b"\x89PNG\r\n\x1a\n", chunk(b"IHDR", sides), *chunks, chunk(b"IEND", b"")])


def directory(tags: dict[int, int | tuple[int, ...]], following: int = 0) -> bytes:
    """Return a TIFF of one directory at byte 8 whose tags hold one number, or (type, n, value)."""
    entries = b""
    for code, value in sorted(tags.items()):
        kind, count, number = value if isinstance(value, tuple) else (4, 1, value)
        entries += struct.pack("<HHII", code, kind, count, number)
    return (
        b"II*\0\x08\0\0\0" + struct.pack("<H", len(tags)) + entries + struct.pack("<I", following)
    )


def plain(**changed: int | tuple[int, ...]) -> dict[int, int | tuple[int, ...]]:
    """Return the tags of a gray image of 4 x 4 pixels whose strip stands at byte 8."""
    names = {
        "width": 256, "height": 257, "bits": 258, "compression": 259, "photometric": 262,
        "offsets": 273, "samples": 277, "rows": 278, "counts": 279, "tile_width": 322,
        "tile_height": 323, "tile_offsets": 324, "tile_counts": 325, "depth": 32997,
    }  # fmt: skip
    values: dict[str, int | tuple[int, ...]] = {
        "width": 4, "height": 4, "bits": 8, "compression": 1, "photometric": 1, "offsets": 8,
        "samples": 1, "rows": 4, "counts": 16,
    }  # fmt: skip
    return {names[name]: value for name, value in {**values, **changed}.items()}


def pages(*arrays: np.ndarray) -> bytes:
    """Return a TIFF of several pages."""
    buffer = io.BytesIO()
    with tifffile.TiffWriter(buffer) as writer:
        for array in arrays:
            writer.write(array, metadata=None, contiguous=False)
    return buffer.getvalue()


def cut(content: bytes, share: float) -> bytes:
    """Return the first part of a file."""
    return content[: int(len(content) * share)]


def altered(content: bytes, at: int, new: bytes) -> bytes:
    """Return a file with some bytes written over."""
    return content[:at] + new + content[at + len(new) :]


def _frames() -> list[Image.Image]:
    return [Image.fromarray(RGB), Image.fromarray(255 - RGB)]


def _animated(kind: str) -> bytes:
    first, second = _frames()
    return picture(first, kind, save_all=True, append_images=[second])


def _ycck() -> bytes:
    """Return a JPEG of four channels whose Adobe marker says that three are YCbCr."""
    content = picture(Image.fromarray(RGB).convert("CMYK"), "JPEG")
    return altered(content, content.index(b"Adobe") + 11, b"\2")


def _without(content: bytes, part: bytes, new: bytes) -> bytes:
    return altered(content, content.index(part), new)


JPEG = picture(RGB, "JPEG")
PNG = picture(RGB, "PNG")
WEBP = picture(RGB, "WEBP")
BMP = picture(RGB, "BMP")
TIFF = tiff(RGB)
TILED = tiff(RGB, tile=(16, 16), compression="deflate", photometric="rgb")
DEEP = tiff(RGB.astype(np.uint16), photometric="rgb")
_GRAY = RGB[:, :, 0]
_BOMB_TEXT = chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(80_000_000)))
_PIXELS = chunk(b"IDAT", zlib.compress(bytes(100)))


def _foreign() -> Sequence[Broken]:
    """Return what is no image of the formats that are read."""
    save = "; save it as one of JPEG, PNG, WebP, BMP, TIFF"
    box = struct.pack(">I", 32)
    return (
        Broken("empty.jpg", b"", "empty.jpg: the file is empty; replace it or leave it out"),
        Broken("zeros.png", bytes(999), "begins with zeros, as if its download never ended"),
        Broken("text.jpg", "Größe: 3\n".encode() * 99, f"known format but text{save}"),
        Broken("page.jpg", b"\n<!DOCTYPE html><html>404", "but a web page; download the image"),
        Broken("lfs.png", b"version https://git-lfs.github.com/spec/v1\n", "run `git lfs pull`"),
        Broken("still.gif", picture(RGB, "GIF"), f"known format but a GIF image{save}"),
        Broken("moving.gif", _animated("GIF"), f"known format but a GIF image{save}"),
        Broken("x.svg", b'<?xml version="1.0"?>\n<!-- a --><svg xmlns="">', "but an SVG drawing"),
        Broken("x.heic", box + b"ftypheic" + bytes(24), f"known format but a HEIC image{save}"),
        Broken("phone.jpg", box + b"ftypmif1" + bytes(24), f"known format but a HEIC image{save}"),
        Broken("x.avif", box + b"ftypavif" + bytes(24), f"known format but an AVIF image{save}"),
        Broken("x.mp4", box + b"ftypisom" + bytes(24), f"known format but a film{save}"),
        Broken(
            "x.jp2", b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(9), "known format but a JPEG 2000 image"
        ),
        Broken("x.jxl", b"\xff\x0a" + bytes(9), f"known format but a JPEG XL image{save}"),
        Broken("x.psd", b"8BPS\0\1" + bytes(20), "known format but a Photoshop document"),
        Broken("x.exr", b"v/1\x01" + bytes(20), "known format but an OpenEXR image"),
        Broken("x.ppm", picture(RGB, "PPM"), "known format but a netpbm image"),
        Broken("x.ico", b"\0\0\1\0\1\0" + bytes(20), "known format but an icon"),
        Broken("x.dcm", bytes(128) + b"DICM" + bytes(20), "known format but a DICOM image"),
        Broken("x.pdf", b"%PDF-1.7\n", f"known format but a PDF document{save}"),
        Broken("x.zip", b"PK\3\4" + bytes(20), "known format but a ZIP archive"),
        Broken("x.npy", b"\x93NUMPY\1\0" + bytes(20), "known format but a NumPy array"),
        Broken("x.tif.gz", b"\x1f\x8b\x08" + bytes(20), "known format but a gzip archive"),
        Broken("noise.jpg", b"\xfe\xdc" * 99, f"not an image of a known format{save}"),
    )


def _photographs() -> Sequence[Broken]:
    """Return broken JPEG, PNG, WebP and BMP."""
    deep = png(64, 48, chunk(b"IDAT", zlib.compress(bytes(999))), depth=16)
    return (
        Broken("cut.jpg", JPEG[:40], HEADER),
        Broken("cut.jpg", cut(JPEG, 0.6), PIXELS, True, False),
        Broken("zeros.jpg", cut(JPEG, 0.6) + bytes(9), PIXELS, True, False),
        Broken("no-size.jpg", _without(JPEG, b"\xff\xc0", b"\xff\xc0\0\x11\x08\0\0\0\0"), "cannot"),
        Broken("cmyk.jpg", picture(Image.fromarray(RGB).convert("CMYK"), "JPEG"), "mode CMYK is"),
        Broken("ycck.jpg", _ycck(), "colour mode CMYK is not understood; convert it to RGB"),
        Broken("cut.png", PNG[:8], HEADER),
        Broken("cut.png", PNG[:30], HEADER),
        Broken("cut.png", cut(PNG, 0.5), PIXELS, True, False),
        Broken("damaged.png", altered(PNG, len(PNG) // 2, b"\0\1\2\3"), PIXELS, True),
        Broken("damaged.png", altered(PNG, 29, b"\0\1\2\3"), HEADER),
        Broken("no-width.png", png(0, 48, _PIXELS), HEADER),
        Broken(
            "bomb.png",
            png(14_000, 14_000, _PIXELS),
            "196000000 pixels are more than 100000000; cut",
        ),
        Broken("large.png", png(11_000, 11_000, _PIXELS), "11000 x 11000 pixels are more than"),
        Broken("huge.png", png(2**31 - 1, 2**31 - 1, _PIXELS), "pixels are more than 100000000"),
        Broken("text.png", png(4, 4, _BOMB_TEXT, _PIXELS), HEADER),
        Broken("moving.png", _animated("PNG"), "the file holds 2 frames; save each as an image"),
        Broken("few.png", png(64, 48, _PIXELS), PIXELS, True),
        Broken("few-deep.png", deep, PIXELS, True),
        Broken("cut.webp", WEBP[:20], HEADER),
        Broken("cut.webp", cut(WEBP, 0.6), "cannot be"),
        Broken("moving.webp", _animated("WEBP"), "the file holds 2 frames; save each as an image"),
        Broken("cut.bmp", BMP[:20], HEADER),
        Broken("cut.bmp", cut(BMP, 0.6), PIXELS, True, False),
        Broken("packed.bmp", altered(BMP, 30, b"\x09"), HEADER),
        Broken("bomb.bmp", altered(BMP, 18, struct.pack("<II", 2**15, 2**15)), "are more than"),
    )


def _rasters() -> Sequence[Broken]:
    """Return broken TIFF."""
    of = {kind: tiff(_GRAY.astype(kind)) for kind in ("uint32", "int64", "float64", "complex64")}
    dtypes = "are not read; save them as uint8, uint16, float32"
    tiled = plain(tile_width=0, tile_height=16, tile_offsets=8, tile_counts=9)
    large = plain(width=20_000, height=20_000, rows=20_000, compression=8)
    return (
        Broken("cut.tif", TIFF[:6], HEADER),
        Broken("nothing.tif", b"II*\0\0\0\0\0", "the TIFF holds no image"),
        Broken("far.tif", b"II*\0\xff\xff\0\0", "the TIFF holds no image"),
        Broken("cut.tif", TIFF[:40], "cannot be read"),
        Broken("cut.tif", cut(TIFF, 0.6), TRUNCATED),
        Broken("cut.tif", cut(TILED, 0.6), TRUNCATED),
        Broken("damaged.tif", altered(TILED, len(TILED) - 500, bytes(400)), PIXELS, True),
        Broken("circle.tif", directory(plain(), 8), "the directories of the TIFF run in a circle"),
        Broken("no-width.tif", directory(plain(width=0)), "0 x 4 pixels"),
        Broken("tags.tif", directory(plain(offsets=(4, 0xFFFFFFF0, 8))), "strips or tiles"),
        Broken(
            "strips.tif", directory(plain(rows=1)), "lists 1 strips or tiles, its image needs 4"
        ),
        Broken("far-strip.tif", directory(plain(offsets=2**31)), TRUNCATED),
        Broken("few.tif", directory(plain(counts=3)), PIXELS, True),
        Broken("tile.tif", directory(tiled), HEADER),
        Broken("volume.tif", directory(plain(depth=3)), "a volume is not read; save each slice"),
        Broken("bomb.tif", directory(plain(width=14_000, height=14_000)), "14000 x 14000 pixels"),
        Broken("strip.tif", directory(large), "20000 x 20000 pixels are more than"),
        Broken("jp2.tif", directory(plain(compression=34712)), "the compression JPEG2000 is not"),
        Broken("odd.tif", directory(plain(compression=4711)), "the compression 4711 is not read"),
        Broken("cmyk.tif", directory(plain(photometric=5, samples=4)), "colour mode CMYK is not"),
        Broken("lab.tif", directory(plain(photometric=8)), "colour mode CIELAB is not understood"),
        Broken("ycbcr.tif", directory(plain(photometric=6)), "colour mode YCbCr"),
        Broken("palette.tif", directory(plain(photometric=3)), PIXELS, True),
        Broken("4-bit.tif", directory(plain(bits=4)), f"pixels of 4-bit {dtypes}"),
        Broken("int16.tif", tiff(_GRAY.astype(np.int16)), f"pixels of int16 {dtypes}"),
        Broken("float16.tif", tiff(_GRAY.astype(np.float16)), f"pixels of float16 {dtypes}"),
        *(Broken(f"{kind}.tif", of[kind], f"pixels of {kind} {dtypes}") for kind in of),
        Broken("17.tif", directory(plain(samples=17)), "17 channels are more than 16; leave some"),
        Broken("2.tif", pages(_GRAY, _GRAY), "the file holds 2 frames; save each as an image"),
        Broken("99.tif", pages(*[_GRAY[:2, :2]] * 99), "holds more than 64 frames"),
    )


CASES = (*_foreign(), *_photographs(), *_rasters())
