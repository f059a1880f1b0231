"""The output folder of ``review_speed.py``: a real store of many synthetic pictures, tag models, and drawn photos.

The mountain is that of ``million.py``: zips of tiny pictures, embeddings of 512 values. The examples are JPEGs of a
megapixel that are drawn here, so that thumbnails cost what those of photos cost.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from million_files import ENCODER, Drawing, Files, add_records
from PIL import Image

from image_tagging.addresses import ImageRef
from image_tagging.images import decoder_version
from image_tagging.records import ImageRecord
from image_tagging.settings import ImageLimits
from image_tagging.sources import DataSetRules, find_images
from image_tagging.store import Role, WorkingStore
from image_tagging.tag_models import MODELS_FOLDER, kind_names

WIDTH, HEIGHT = 1152, 864


def make_output(folder: Path, pictures: int, tags: int, examples: int) -> Path:
    """Return an output folder with so many pictures in the mountain, and drawn examples of each tag."""
    output = folder / "output"
    if output.is_dir():
        return output
    files = Files(folder, pictures, tags)
    files.make_pictures()
    drawn = list(_examples(files, examples))
    made = folder / "unfinished"
    shutil.rmtree(made, ignore_errors=True)
    made.mkdir()
    with WorkingStore(str(made), decoder_version(ImageLimits())) as store:
        store.encoders.add(ENCODER)
        parts = (Role.TAGGED, files.examples_folder, iter(drawn)), (Role.MOUNTAIN, files.zips, files.records())
        for role, source, records in parts:
            store.inputs.choose(role, str(source))
            store.listing.replace(find_images(str(source), DataSetRules()))
            add_records(store, records)
            store.names.assign(ENCODER)
    shutil.copytree(files.make_models(tags * len(kind_names())), made / MODELS_FOLDER)
    made.rename(output)
    return output


def _examples(files: Files, count: int) -> Iterator[ImageRecord]:
    draw = Drawing(files.tags)
    for tag in range(files.tags):
        folder = files.examples_folder / f"tag-{tag}"
        folder.mkdir(parents=True, exist_ok=True)
        vectors = draw.embeddings(np.full(count, tag), seed=(1 << 41) + tag)
        for number, vector in enumerate(vectors):
            path = folder / f"{number}.jpg"
            _photo(tag * count + number).save(path, quality=88)
            with Image.open(path) as image:
                pixels = image.convert("RGB").tobytes()
            hashes = hashlib.blake2b(pixels).hexdigest(), hashlib.blake2b(b"%dx%d\n" % (WIDTH, HEIGHT) + pixels)
            facts = hashes[0], hashes[1].hexdigest(), "JPEG", path.stat().st_size, WIDTH, HEIGHT
            yield ImageRecord(ImageRef(str(path)), *facts, (f"tag-{tag}",), vector, ENCODER)


def _photo(seed: int) -> Image.Image:
    """Return a picture with large shapes and fine detail, as a photo has."""
    random = np.random.default_rng([2, seed])
    picture = np.zeros((HEIGHT, WIDTH, 3), dtype=np.float32)
    for cells, weight in ((4, 130), (24, 60), (144, 30)):
        few = random.integers(0, 255, (cells * 3 // 4 or 1, cells, 3), dtype=np.uint8)
        picture += np.asarray(Image.fromarray(few).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)) * (weight / 255)
    picture += random.normal(0, 6, picture.shape).astype(np.float32)
    return Image.fromarray(picture.clip(0, 255).astype(np.uint8))
