"""The files of ``million.py``: zips of tiny pictures, metadata of them, and models; the same for every run.

Records have 512 values, as those of ViT-B-32. Of 500 pictures each tag has one, the others are ``other-training``; one
in twenty is a near-duplicate of the one before it.
"""

from __future__ import annotations

import hashlib
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from image_tagging.addresses import ImageRef
from image_tagging.datasets import record_writer, write_lists
from image_tagging.datasets.tagged_embeddings import OTHER_TRAINING
from image_tagging.images import decoder_version
from image_tagging.records import EmbeddedImage, EncoderSpec, ImageFacts, ImageRecord
from image_tagging.settings import ImageLimits
from image_tagging.sources import DataSetRules, find_images
from image_tagging.store import Role, WorkingStore
from image_tagging.tag_models import kind_names, save_tag_model
from image_tagging.training.fitting.fit import fit_models

DIM = 512
ENCODER = EncoderSpec("ViT-B-32", "openai", DIM, "")
CONCEPTS = 200
#: How far the images of a tag lie apart from the others; at this distance few of the nearest are confused.
TAG_STRENGTH = 0.2
#: One image in so many is nearly the same as the one before it.
REPEATED = 20
#: Pictures of one zip, and examples of one tag where the million records are the background.
IN_ZIP = 100_000
EXAMPLES = 200

_SIDE = 6
_TOGETHER = 4096


class Drawing:
    """Embeddings like those of an encoder: a common direction, many concepts, and one for each tag."""

    def __init__(self, tags: int) -> None:
        random = np.random.default_rng(0)
        self._common = random.normal(size=DIM)
        self._concepts = random.normal(size=(CONCEPTS, DIM)) * 0.6
        self._tags = np.concatenate([random.normal(size=(tags, DIM)) * TAG_STRENGTH, np.zeros((1, DIM))])

    def embeddings(self, tags: np.ndarray, seed: int, repeated: int = 0) -> np.ndarray:
        """Return an embedding (n, D) float32 for each number of a tag (n,), -1 for none.

        One in ``repeated`` is nearly that of the row before it.
        """
        random = np.random.default_rng([1, seed])
        concepts = self._concepts[random.integers(CONCEPTS, size=len(tags))]
        noise = random.normal(size=(len(tags), DIM)) * 0.5
        drawn = (self._common + concepts + self._tags[tags] + noise).astype(np.float32)
        if repeated:
            again = np.arange(repeated - 1, len(tags), repeated)
            drawn[again] = drawn[again - 1] + noise[again].astype(np.float32) / 5
        return drawn


class Files:
    """The files of one size in a folder; each is made when it is first asked for."""

    def __init__(self, folder: Path, count: int, tags: int) -> None:
        self.folder = folder
        self.count = count
        self.tags = tags
        self.zips = folder / "mountain"
        self.examples_folder = folder / "examples"
        self.lists = folder / "input-tag-to-image-hash-list.json"

    def make_pictures(self) -> Path:
        """Write the zips of tiny pictures; return their folder."""
        if not self.zips.is_dir():
            self.zips.mkdir(parents=True)
            for start in range(0, self.count, IN_ZIP):
                with zipfile.ZipFile(self.zips / _zip_name(start), "w") as file:
                    for number in range(start, min(start + IN_ZIP, self.count)):
                        file.writestr(_member(number), png(_pixels(number)))
        return self.zips

    def make_metadata(self, suffix: str) -> Path:
        """Write the metadata of all pictures, with the lists of hashes by tag; return its path."""
        path = self.folder / f"input-metadata.{suffix}"
        if not path.is_file():
            hashes: dict[str, list[str]] = {}
            with record_writer([str(path)], ENCODER, tagged=True) as writer:
                for record in self.records():
                    writer.add(record)
                    hashes.setdefault(record.tags[0], []).append(record.hash_id)
            write_lists(str(self.lists), sorted(hashes.items()))
        return path

    def make_examples(self) -> tuple[Path, Path]:
        """Write metadata and lists of a few examples of each tag; return both paths."""
        paths = self.folder / "examples-metadata.json", self.folder / "examples-lists.json"
        draw, hashes = Drawing(self.tags), {}
        with record_writer([str(paths[0])], ENCODER, tagged=True) as writer:
            for tag, images in self.examples().items():
                vectors = draw.embeddings(np.full(EXAMPLES, tag), seed=(1 << 40) + tag)
                records = [_record(ImageRef(str(path)), n, f"tag-{tag}", v) for (path, n), v in zip(images, vectors)]
                for record in records:
                    writer.add(record)
                hashes[f"tag-{tag}"] = [record.hash_id for record in records]
        write_lists(str(paths[1]), sorted(hashes.items()))
        return paths

    def examples(self) -> dict[int, list[tuple[Path, int]]]:
        """Write a few pictures of each tag into a folder of it; return each path with its number."""
        made = {}
        for tag in range(self.tags):
            folder = self.examples_folder / f"tag-{tag}"
            folder.mkdir(parents=True, exist_ok=True)
            numbers = [(1 << 40) + tag * EXAMPLES + each for each in range(EXAMPLES)]
            made[tag] = [(folder / f"{number}.png", number) for number in numbers]
            for path, number in made[tag]:
                path.write_bytes(png(_pixels(number)))
        return made

    def make_models(self, count: int) -> Path:
        """Fit small models to score with: 300 examples each, of which the machines keep nearly all."""
        folder = self.folder / f"models-{count}"
        card = {"encoder": {"name": ENCODER.name, "pretrained": ENCODER.pretrained, "dim": DIM, "preprocess": ""}}
        draw, is_tag, kinds = Drawing(count), np.arange(300) < 60, kind_names()
        for number in range(0 if folder.is_dir() else count):
            kind, tag = kinds[number % len(kinds)], number // len(kinds)
            examples = draw.embeddings(np.where(is_tag, tag, -1), seed=number)
            save_tag_model(str(folder), f"tag-{tag}", kind, fit_models(examples, is_tag)[kind].estimator, card)
        return folder

    def make_sorted(self, output: Path) -> None:
        """Fill the store of an output folder of ``sort`` as if it had embedded the mountain and the examples."""
        output.mkdir()
        decoder = decoder_version(ImageLimits())
        examples, vectors = self.examples(), Drawing(self.tags)
        with WorkingStore(str(output), decoder) as store:
            store.encoders.add(ENCODER)
            for role, source in ((Role.TAGGED, self.examples_folder), (Role.MOUNTAIN, self.zips)):
                store.inputs.choose(role, str(source))
                store.listing.replace(find_images(str(source), DataSetRules()))
            for tag, images in examples.items():
                drawn = vectors.embeddings(np.full(EXAMPLES, tag), seed=(1 << 40) + tag)
                pairs = [(ImageRef(str(path)), number) for path, number in images]
                add_records(store, (_record(ref, number, "", v) for (ref, number), v in zip(pairs, drawn)))
            add_records(store, self.records())

    def records(self) -> Iterator[ImageRecord]:
        """Yield the records of all pictures."""
        draw = Drawing(self.tags)
        for start in range(0, self.count, _TOGETHER):
            numbers = np.arange(start, min(start + _TOGETHER, self.count))
            tags = np.where(numbers % 500 < self.tags, numbers % 500, -1)
            for number, tag, vector in zip(numbers.tolist(), tags, draw.embeddings(tags, start, REPEATED)):
                name = OTHER_TRAINING if tag < 0 else f"tag-{tag}"
                yield _record(ImageRef(str(self.zips / _zip_name(number)), (_member(number),)), number, name, vector)


def add_records(store: WorkingStore, records: Iterator[ImageRecord]) -> None:
    """Add images to a store, some thousand in one transaction."""
    batch: list[EmbeddedImage] = []
    for record in records:
        facts = (record.hash_id, record.picture_hash, record.format, record.size_bytes, record.width, record.height)
        batch.append(EmbeddedImage(ImageFacts(record.ref, *facts), record.embedding))
        if len(batch) == _TOGETHER:
            store.embeddings.add(batch, ENCODER)
            batch = []
    store.embeddings.add(batch, ENCODER)


def _record(ref: ImageRef, number: int, tag: str, vector: np.ndarray) -> ImageRecord:
    pixels = _pixels(number)
    picture_hash = hashlib.blake2b(f"{_SIDE}x{_SIDE}\n".encode() + pixels).hexdigest()
    sizes = len(png(pixels)), _SIDE, _SIDE
    return ImageRecord(ref, hashlib.blake2b(pixels).hexdigest(), picture_hash, "PNG", *sizes, (tag,), vector, ENCODER)


def _zip_name(number: int) -> str:
    return f"{number // IN_ZIP:04}.zip"


def _member(number: int) -> str:
    return f"{number // 1000 % 100:02}/{number:07}.png"


def _pixels(number: int) -> bytes:
    return hashlib.shake_128(str(number).encode()).digest(3 * _SIDE * _SIDE)


def png(pixels: bytes) -> bytes:
    """Return a PNG of random pixels: 190 bytes."""
    rows = b"".join(b"\0" + pixels[start : start + 3 * _SIDE] for start in range(0, len(pixels), 3 * _SIDE))
    header = struct.pack(">IIBBBBB", _SIDE, _SIDE, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 1)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )
