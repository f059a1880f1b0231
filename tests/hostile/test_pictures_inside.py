"""Images that hold something else inside: programs to run, and pictures larger than the image says that it is."""

from __future__ import annotations

import os
import re
import struct
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fakes import WatchedLock
from image_tagging.addresses import ImageRef
from image_tagging.errors import DecodeError
from image_tagging.images import decoding_child
from image_tagging.images.avif_size import coded_pixels
from image_tagging.images.decode import decode
from image_tagging.images.decoders import Decoders
from image_tagging.images.formats import other_formats
from image_tagging.records import Failure
from image_tagging.settings import ImageLimits
from samples import drawn, encoded, png, written, zipped

REF = ImageRef("a.png")
HAS_AVIF = "AVIF" in other_formats()  # from Pillow 11.3 on

EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 90 90\n%%EndComments\n(x) show\n%%EOF\n"
DOS_EPS = struct.pack("<IIIIIIIH", 0xC6D3D0C5, 30, len(EPS), 0, 0, 0, 0, 0xFFFF) + EPS
WMF = struct.pack("<IHhhhhHIH", 0x9AC6CDD7, 0, 0, 0, 90, 90, 72, 0, 0) + b"\1\0\t\0" + bytes(60)
EMF = struct.pack("<II8i", 1, 88, 0, 0, 90, 90, 0, 0, 900, 900) + b" EMF" + bytes(60)


# --- what wraps what --------------------------------------------------------------------------------------


def iptc(content: bytes, size: int = 90, compression: int = 5) -> bytes:
    """An IPTC file that says it is a grey picture; Pillow gives the content to any decoder."""

    def field(record: int, number: int, data: bytes) -> bytes:
        return struct.pack(">BBBH", 0x1C, record, number, len(data)) + data

    side = struct.pack(">I", size)
    head = (
        field(3, 60, b"\1\0") + field(3, 20, side) + field(3, 30, side) + field(3, 120, struct.pack(">I", compression))
    )
    pieces = (content[start : start + 9000] for start in range(0, len(content), 9000))
    return head + b"".join(field(8, 10, piece) for piece in pieces) + bytes(5)


def ico(content: bytes, bits: int = 32) -> bytes:
    return struct.pack("<3H4B2H2I", 0, 1, 1, 16, 16, 0, 0, 1, bits, len(content), 22) + content


def icns(kind: bytes, content: bytes) -> bytes:
    return b"icns" + struct.pack(">I", 16 + len(content)) + kind + struct.pack(">I", 8 + len(content)) + content


def blp(content: bytes) -> bytes:
    """A texture of 16 x 16 whose content is a JPEG."""
    head = struct.pack("<4sIIIIII", b"BLP1", 0, 0, 16, 16, 4, 0)
    offset = len(head) + 128 + 4
    return head + struct.pack("<16I16I", offset, *[0] * 15, len(content), *[0] * 15) + bytes(4) + content


def tiff(compression: int, content: bytes, side: int = 16) -> bytes:
    tags = [(256, side), (257, side), (258, 8), (259, compression), (262, 6), (273, 0), (277, 3), (278, side)]
    tags.append((279, len(content)))
    start = 8 + 2 + 12 * len(tags) + 4
    entries = (struct.pack("<HHII", tag, 4, 1, start if tag == 273 else value) for tag, value in tags)
    return struct.pack("<2sHIH", b"II", 42, 8, len(tags)) + b"".join(entries) + bytes(4) + content


def gimp_brush(content: bytes) -> bytes:
    return struct.pack(">5I4sI", 28, 2, 16, 16, 1, b"GIMP", 10) + content


def texture(content: bytes) -> bytes:
    return struct.pack("<4s8i", b"FTEX", 0, 16, 16, 1, 1, 1, 32, len(content)) + content


def document(content: bytes) -> bytes:
    return b"%%PDF-1.4\n1 0 obj <</Subtype /PS /Length %d>> stream\n" % len(content) + content


PROGRAMS = {
    "iptc-eps": (iptc(EPS), "unsupported"),
    "iptc-dos-eps": (iptc(DOS_EPS), "unsupported"),
    "iptc-wmf": (iptc(WMF), "unsupported"),
    "iptc-iptc-eps": (iptc(iptc(EPS)), "unsupported"),
    "iptc-raw-eps": (iptc(EPS, compression=1), "unsupported"),
    "iptc-png": (iptc(png()), "unsupported"),
    "eps": (EPS, "unsupported"),
    "dos-eps": (DOS_EPS, "unsupported"),
    "wmf": (WMF, "unsupported"),
    "emf": (EMF, "unsupported"),
    "mpeg": (b"\0\0\1\xb3\x05\xa0\x5a" + bytes(99), "unsupported"),
    "hdf5": (b"\x89HDF\r\n\x1a\n" + bytes(99), "unsupported"),
    "grib": (b"GRIB\0\0\0\1" + bytes(99), "unsupported"),
    "bufr": (b"BUFR" + bytes(99), "unsupported"),
    "pdf-eps": (document(EPS), "not-an-image"),
    "compound": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000), "not-an-image"),
    "zip-eps": (zipped({"a.eps": EPS}), "not-an-image"),
    "ico-eps": (ico(EPS), None),
    "ico-iptc": (ico(iptc(EPS)), None),
    "icns-eps": (icns(b"ic07", EPS), None),
    "blp-eps": (blp(EPS), None),
    "tiff-eps": (tiff(7, EPS), None),
    "gbr-eps": (gimp_brush(EPS), None),
    "ftex-eps": (texture(EPS), None),
    "jpeg-then-eps": (encoded(drawn(), "JPEG") + EPS, "used"),
    "mpo-eps": (encoded(drawn(), "MPO", save_all=True, append_images=[drawn(1)]) + EPS, "used"),
}  # None: any failure of decoding


@pytest.fixture
def false_programs(tmp_path, monkeypatch):
    """Programs that an image might start come first on PATH, and write down that they ran."""
    folder, ran = tmp_path / "bin", tmp_path / "ran"
    names = (
        "gs gsc gswin64c convert magick identify ffmpeg ffprobe dwebp djpeg xdg-open open display gm eog xv inkscape"
    )
    for name in [*names.split(), "unoconv", "soffice", "wmf2eps", "cjpeg", "ppmtogif", "gifsicle", "sh"]:
        script = Path(written(folder / name, f'#!/bin/sh\necho "$0 $*" >> {ran}\n'.encode()))
        script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return lambda: ran.read_text() if ran.exists() else ""


def stage_1(folder, output, *, entry=("-m", "image_tagging"), cwd=None):
    options = (f"--input_folder={folder}", f"--output_folder={output}", "--clip_model=builtin")
    done = subprocess.run(
        [sys.executable, *entry, "process", *options], capture_output=True, text=True, check=False, cwd=cwd
    )
    assert done.returncode == 0, done.stderr
    return (Path(output) / "image-tagging.log").read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="the false programs are shell scripts")
def test_no_image_starts_a_program_whatever_is_inside(tmp_path, false_programs):
    assert os.system("gs --version") == 0  # they would be found
    assert "gs --version" in false_programs()
    (tmp_path / "ran").unlink()
    for name, (data, _) in PROGRAMS.items():
        written(tmp_path / "in" / "odd" / f"{name}.png", data)
    written(tmp_path / "in" / "odd" / "good.png", png())
    log = stage_1(tmp_path / "in", tmp_path / "out")
    assert false_programs() == ""
    codes = dict(re.findall(r"skipped .*?([a-z0-9-]+)\.png: .*\(decode, ([a-z-]+)\)$", log, re.M))
    expected = {name: code for name, (_, code) in PROGRAMS.items()}
    assert {name: codes.get(name, "used") for name, code in expected.items() if code} == {
        name: code for name, code in expected.items() if code
    }
    assert all(name in codes for name, code in expected.items() if code is None)


# --- pictures of another size than the image says ---------------------------------------------------------

SIDE = 1000  # of the picture inside; the image around it says 16 x 16, or at most 1024 x 1024


def white(side: int = SIDE, mode: str = "L") -> Image.Image:
    return Image.new(mode, (side, side), "white")


def ico_bitmap(side: int = SIDE) -> bytes:
    """An icon with a bitmap of more pixels than it says; its height counts twice."""
    bitmap = bytearray(encoded(white(side), "DIB"))
    bitmap[8:12] = struct.pack("<i", 2 * side)
    return ico(bytes(bitmap) + bytes(side * side // 8 + side * 4), bits=8)


def iptc_raw(side: int = SIDE) -> bytes:
    return iptc(encoded(white(side)), 16)


def avif(side: int = SIDE) -> bytes:
    """An AVIF that says 16 x 16."""
    return re.sub(rb"(?s)ispe.{12}", b"ispe" + struct.pack(">3I", 0, 16, 16), encoded(white(side, "RGB"), "AVIF"))


INSIDE = {
    "ico png": lambda: ico(encoded(white())),
    "ico bitmap": ico_bitmap,
    "icns png": lambda: icns(b"icp4", encoded(white())),
    "icns jpeg 2000": lambda: icns(b"icp4", encoded(white(), "JPEG2000")),
    "blp jpeg": lambda: blp(encoded(white(mode="RGB"), "JPEG")),
    "gif frame": lambda: encoded(white(), "GIF")[:6] + b"\x10\0\x10\0" + encoded(white(), "GIF")[10:],
}
if HAS_AVIF:
    INSIDE["avif"] = avif


@pytest.mark.parametrize("name", INSIDE)
def test_the_pixels_of_a_picture_inside_are_asked_for_before_they_are_made(name):
    asked = []
    data = INSIDE[name]()
    with suppress(DecodeError):  # Pillow refuses some for their size, once it has decoded them
        decode(REF, data, before_load=asked.append)
    assert max(asked) >= SIDE * SIDE


@pytest.mark.parametrize("name", INSIDE)
def test_a_picture_inside_that_is_larger_than_the_limit_is_refused(name):
    asked = []
    with pytest.raises(DecodeError) as raised:
        decode(REF, INSIDE[name](), ImageLimits(max_megapixels=0.3), before_load=asked.append)
    assert raised.value.code == "too-large"
    assert "--max_megapixels raises the limit" in str(raised.value)
    assert max(asked, default=0) <= 300_000


@pytest.mark.slow
@pytest.mark.parametrize("name", ["ico", "icns", "iptc", "tiff", "jpeg 2000", "avif"])
def test_memory_stays_small_whatever_is_inside(tmp_path, measured, name):
    """169 megapixels where 16 x 16 are declared, or a part of it where writing that many takes long."""
    if name == "avif" and not HAS_AVIF:
        pytest.skip("this Pillow has no AVIF")
    side = 13_000
    make = {
        "ico": lambda: ico(encoded(white(side))),
        "icns": lambda: icns(b"icp4", encoded(white(side))),
        "iptc": lambda: iptc(encoded(white(side)), 16),
        "tiff": lambda: tiff(7, encoded(white(4_000, "RGB"), "JPEG", progressive=True)),
        "jpeg 2000": lambda: encoded(white(4_000), "JPEG2000").replace(
            b"ihdr" + struct.pack(">II", 4_000, 4_000), b"ihdr" + struct.pack(">II", 16, 16)
        ),
        "avif": lambda: avif(4_000),
    }[name]
    path = written(tmp_path / "a", make())
    limits = "ImageLimits(max_megapixels=1)"
    program = (
        "import sys\n"
        "from image_tagging.images.decoders import Decoders\n"
        "from image_tagging.addresses import ImageRef\n"
        "from image_tagging.settings import ImageLimits\n"
        f"with Decoders({limits}) as decoders:\n"
        "    with decoders.decoded(ImageRef('a'), open(sys.argv[1], 'rb').read()) as image:\n"
        "        sys.exit(0 if hasattr(image, 'code') else 3)\n"
    )
    code, said, mebibytes = measured(sys.executable, "-c", program, path)
    assert (code, said) == (0, "")
    assert mebibytes < 90


@pytest.mark.slow
def test_large_pictures_inside_are_decoded_one_at_a_time():
    side = int(decoding_child.LARGE_PIXELS**0.5) + 1
    files = [ico(encoded(white(side))), icns(b"icp4", encoded(white(side)))]
    if HAS_AVIF:
        files.append(avif(side))
    with Decoders(processes=3) as decoders, ThreadPoolExecutor(3) as pool:
        watched = decoders.large = WatchedLock(decoders.large)

        def work(data):
            with decoders.decoded(REF, data) as image:
                return image

        outcomes = list(pool.map(work, files * 2))
    failed = [outcome.reason for outcome in outcomes if isinstance(outcome, Failure)]
    assert all(
        "not one of the allowed sizes" in reason for reason in failed
    )  # what Pillow says when it has it, in ICNS
    assert (watched.counts, watched.holders) == ([1] * len(files) * 2, 0)


def test_the_size_inside_an_avif_is_known_or_counts_as_large():
    if not HAS_AVIF:
        pytest.skip("this Pillow has no AVIF")
    data = encoded(drawn(size=(300, 200)), "AVIF")
    assert coded_pixels(data) == [60_000]
    cloud = drawn(size=(300, 200), mode="RGBA")
    cloud.putalpha(drawn(1, (300, 200), "L"))
    assert coded_pixels(encoded(cloud, "AVIF")) == [60_000, 60_000]
    sequence = encoded(drawn(), "AVIF", save_all=True, append_images=[drawn(1)])
    assert coded_pixels(sequence) is None
    asked = []
    decode(REF, sequence, before_load=asked.append)
    assert max(asked) > decoding_child.LARGE_PIXELS
    for length in range(0, len(data), 7):
        assert coded_pixels(data[:length]) in (None, [60_000])
    random = np.random.default_rng(0)
    for _ in range(500):
        changed = bytearray(data)
        changed[random.integers(len(data))] ^= 1 << random.integers(8)
        coded_pixels(bytes(changed))  # any answer, and no error
