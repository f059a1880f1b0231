"""What the fuzzers begin with, all of it made here: small trained models, drawn images in zips, and attacks."""

from __future__ import annotations

import io
import json
import os
import pickle
import struct
import tarfile
import zipfile
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import joblib
import numpy as np
from PIL import Image

from .fuzz_pickle import CARD
from .seeds_drawings import drawings
from .seeds_json import CARDS, LISTS, METADATA, RESULTS
from .seeds_parquet import tables
from .seeds_weights import weights

DIM = 4

FINDINGS = Path(__file__).parent / "findings"


@cache
def seeds(target: str) -> dict[str, bytes]:
    """The seed corpus of a target, by name."""
    return dict(_MAKERS[target]())


def findings(target: str) -> dict[str, bytes]:
    """The inputs that once were findings, by the names of their files."""
    return {path.name: path.read_bytes() for path in sorted((FINDINGS / target).glob("*.bin"))}


def _models() -> Iterator[tuple[str, bytes]]:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import Normalizer

    from image_tagging.training.fitting.fit import fit_models

    x = np.random.default_rng(0).normal(size=(12, DIM)).astype(np.float32)
    x[:5] += 1
    is_tag = np.arange(12) < 5
    estimators = {
        **{kind: model.estimator for kind, model in fit_models(x, is_tag, seed=0).items()},
        "plain": LogisticRegression().fit(x, (~is_tag).astype(int)),
        "float32": make_pipeline(Normalizer(), LogisticRegression()).fit(x, (~is_tag).astype(int)),
    }
    for name, estimator in estimators.items():
        file = io.BytesIO()
        joblib.dump(estimator, file)
        yield f"{name}-joblib", file.getvalue()
        for protocol in (3, 4, 5):
            yield f"{name}-pickle-{protocol}", pickle.dumps(estimator, protocol)
    model = pickle.dumps(estimators["plain"], 4)
    encoder = {"name": "ViT-B-32", "pretrained": "openai", "dim": DIM, "preprocess": "clip-224"}
    card = json.dumps({"encoder": encoder, "threshold": 0.4, "format": 1, "sha256": "SHA"}).encode()
    yield "with-a-card", model + CARD + card
    yield "with-a-card-of-another", model + CARD + card.replace(b"SHA", b"0" * 64)
    yield "with-a-foreign-card", model + CARD + b'{"name": "package"}'
    packed = io.BytesIO()
    joblib.dump(estimators["plain"], packed, compress=3)
    yield "compressed", packed.getvalue()
    yield from _attacks()


def _attacks() -> Iterator[tuple[str, bytes]]:
    yield "os.system", b"cos\nsystem\n(S'true'\ntR."
    yield "eval", b"\x80\x04\x8c\x08builtins\x8c\x04eval\x93\x8c\x011\x85R."
    yield "setstate", b"\x80\x04\x8c\x0bsklearn.svm\x8c\x03SVC\x93)\x81}\x8c\x01a\x8c\x01bsb."
    yield "extension", b"\x80\x02\x82\x01)R."
    yield "persistent", b"\x80\x04\x8c\x01aQ."
    yield "deep", b"\x80\x04" + b"]" * 200 + b"a" * 199 + b"."
    yield "laughs", b"\x80\x04]\x94" + b"".join(b"](" + b"h%c" % i * 9 + b"e\x94" for i in range(20)) + b"."
    yield "frame", b"\x80\x04\x95\xff\xff\xff\xff\xff\xff\xff\x7fN."
    yield "long bytes", b"\x80\x04B\xff\xff\xff\x7fabc."
    yield "object array", pickle.dumps(np.array([None, 1], dtype=object), 4)
    file = io.BytesIO()
    joblib.dump(np.array([None], dtype=object), file)
    yield "joblib object array", file.getvalue()


def _archives() -> Iterator[tuple[str, bytes]]:
    picture = _picture()
    yield "empty", _zip({})
    for name, method in (("stored", 0), ("deflated", 8), ("bzip2", 12), ("lzma", 14)):
        yield name, _zip({"a.png": picture, "cat/b.PNG": picture, "c.txt": b"no image"}, method)
    inner = _zip({"b.png": picture})
    yield "nested", _zip({"a.png": picture, "inner.zip": inner, "x/y.zip": _zip({"deeper.zip": inner})})
    yield "nested, not packed", _zip({"inner.zip": inner, "b.zip": _zip({"deeper.zip": inner}, 0)}, 0)
    names = ["../up.png", "/root.png", "C:\\win.png", "nul\x01.png", "猫.png", "a.png/", "__MACOSX/._a.png", "a//b.png"]
    yield "names", _zip(dict.fromkeys(names, picture))
    whole = _zip({"a.png": picture, "b.png": picture})
    yield "names of DOS", _zip({"caf_.png": picture, "b_.png": picture}).replace(b"_.png", b"\x82.png")
    yield "twice", whole.replace(b"b.png", b"a.png")
    yield "cut short", whole[: len(whole) * 2 // 3]
    yield "without a directory", whole[: whole.index(b"PK\x01\x02")]
    yield "bytes in front", b"#!/bin/sh\n" * 9 + whole
    yield "comment", _zip({"a.png": picture}, comment=b"PK\x05\x06" * 5)
    yield (
        "encrypted",
        whole.replace(b"PK\x03\x04\x14\x00\x00", b"PK\x03\x04\x14\x00\x01").replace(
            b"PK\x01\x02\x14\x03\x14\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x01"
        ),
    )
    yield "odd method", whole.replace(b"\x14\x00\x00\x00\x08\x00", b"\x14\x00\x00\x00\x62\x00")
    yield "zeros", _zip({f"{number}.png": bytes(1 << 16) for number in range(3)})
    yield "streamed", _streamed({"a.png": picture, "b.png": picture})
    yield "zip64", _zip64({"a.png": picture})
    yield "many", _zip({f"{number}.png": b"" for number in range(100)})
    yield "link", _link()
    yield from _tars(picture)


def _tars(picture: bytes) -> Iterator[tuple[str, bytes]]:
    members = {"a.png": picture, "cat/b.PNG": picture, "c.txt": b"no image"}
    for tar_format in (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        yield f"tar {tar_format}", _tar({**members, "n" * 90 + "/" + "n" * 80 + ".png": picture}, "", tar_format)
    for packing in ("gz", "bz2", "xz"):
        yield f"tar {packing}", _tar(members, packing)
        yield f"tar {packing} of zeros", _tar({"zeros.png": bytes(1 << 16)}, packing)
        yield f"zip with tar {packing}", _zip({"in.tar.gz": _tar(members, packing)})
    inner = {"in.zip": _zip(members), "in.tar": _tar(members), "in.tgz": _tar(members, "gz")}
    yield "nested tar", _tar(inner)
    yield "nested tar gz", _tar(inner, "gz")
    whole = _tar({"a.png": picture, "b.png": picture})
    yield "tar cut short", whole[:1300]
    yield "tar twice", whole[:2048] + whole
    yield "tar with a damaged header", whole[:1100] + b"x" + whole[1101:]
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for name, kind in (("a.png", tarfile.REGTYPE), ("b.png", tarfile.LNKTYPE), ("c.png", tarfile.SYMTYPE)):
            _add(archive, name, b"", kind, "a.png")
        for name, kind in (("d.png", tarfile.CHRTYPE), ("e.png", tarfile.FIFOTYPE), ("f.png", tarfile.GNUTYPE_SPARSE)):
            _add(archive, name, b"", kind)
    yield "tar of links", file.getvalue()


def _tar(members: dict[str, bytes], packing: str = "", tar_format: int = tarfile.PAX_FORMAT) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=f"w:{packing}", format=tar_format) as archive:
        for name, content in members.items():
            _add(archive, name, content)
    data = file.getvalue()
    return data if packing else data[: len(data.rstrip(b"\0")) // 512 * 512 + 1536]  # less zeros at the end


def _add(archive: tarfile.TarFile, name: str, content: bytes, kind: bytes = tarfile.REGTYPE, link: str = "") -> None:
    info = tarfile.TarInfo(name)
    info.size, info.type, info.linkname = len(content), kind, link
    archive.addfile(info, io.BytesIO(content))


def _picture() -> bytes:
    file = io.BytesIO()
    Image.new("P", (2, 2)).save(file, "PNG")
    return file.getvalue()


def _zip(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED, comment: bytes = b"") -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        archive.comment = comment
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content, method)
    return file.getvalue()


class _OneWay(io.RawIOBase):
    """A file that cannot be sought in: what is written to it has its sizes behind the data."""

    def __init__(self) -> None:
        self.data = b""

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        self.data += bytes(data)  # type: ignore[call-overload]
        return len(data)  # type: ignore[arg-type]


def _streamed(members: dict[str, bytes]) -> bytes:
    file = _OneWay()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:  # type: ignore[arg-type]
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return file.data


def _zip64(members: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items():
            with archive.open(name, "w", force_zip64=True) as member:
                member.write(content)
    data = file.getvalue()
    # The end as zip64 has it: a record and its locator before the plain one, whose fields are full.
    at = data.rindex(b"PK\x05\x06")
    count, size, start = struct.unpack("<HLL", data[at + 10 : at + 20])
    record = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, size, start)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, at, 1)
    full = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    return data[:at] + record + locator + full


def _link() -> bytes:
    info = zipfile.ZipInfo("link.png")
    info.external_attr = 0o120777 << 16
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(info, "/etc/hostname")
    return file.getvalue()


def write_seeds(target: str, folder: str) -> int:
    """Write seeds and findings into a folder, as files; their number."""
    os.makedirs(folder, exist_ok=True)
    inputs = {**seeds(target), **findings(target)}
    for number, data in enumerate(inputs.values()):
        (Path(folder) / f"{number:03}").write_bytes(data)
    return len(inputs)


#: Each target with what makes its inputs, by name; Parquet needs its extra.
_MAKERS: dict[str, Callable[[], Iterable[tuple[str, bytes]]]] = {
    "pickle": _models,
    "archives": _archives,
    "drawings": drawings,
    "metadata": METADATA.items,
    "lists": LISTS.items,
    "results": RESULTS.items,
    "cards": CARDS.items,
    "weights": weights,
    **({"parquet": tables} if find_spec("pyarrow") else {}),
}

TARGETS = tuple(_MAKERS)
