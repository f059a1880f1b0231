"""Mountains of embeddings that the tests make up: which pictures have a tag is known, and the program is not told."""

from __future__ import annotations

import json

import numpy as np

from image_tagging.datasets import HashList
from image_tagging.datasets.background import Background, BackgroundSample
from image_tagging.datasets.tagged_embeddings import gather
from image_tagging.records import EncoderSpec, ImportedEmbedding
from labelled import tag_lists

DIM = 16
ENCODER = EncoderSpec("made-up", "test", DIM, "")

#: How far the pictures of a tag lie from the rest, each tag along an axis of its own.
FAR = 8.0


def cloud(count, axis=None, seed=0, far=FAR):
    """Embeddings (count, DIM) float32 of one tag, or without an axis of pictures that have none."""
    vectors = np.random.default_rng([seed, 99 if axis is None else axis]).normal(size=(count, DIM))
    vectors[:, -1] += 3.0  # what all pictures have in common
    if axis is not None:
        vectors[:, axis] += far
    return vectors.astype(np.float32)


def pictures(prefix, vectors):
    """The pictures of embeddings; their hashes are ``prefix-0`` and on, those of a mountain do not begin alike."""
    return [
        ImportedEmbedding(f"{prefix}-{number}", f"/{prefix}/{number}.png", vector)
        for number, vector in enumerate(vectors)
    ]


def labelled(counts, shuffled=None):
    """So many images of each tag, each tag along the next axis, and the hashes of each; both in another order."""
    images = [
        image for axis, (tag, count) in enumerate(counts.items()) for image in pictures(tag, cloud(count, axis, seed=1))
    ]
    listed = {tag: [f"{tag}-{number}" for number in range(count)] for tag, count in counts.items()}
    if shuffled is None:
        return images, listed
    order = np.random.default_rng(shuffled).permutation(len(images))
    return [images[row] for row in order], {tag: hashes[::-1] for tag, hashes in reversed(listed.items())}


def data_set(counts, lists=None, shuffled=None):
    """A data set of so many images of each tag; ``lists`` are further tags, of hashes that are in it."""
    images, listed = labelled(counts, shuffled)
    return gather(iter(images), tag_lists({**listed, **(lists or {})}))


def mountain(count, shares=(), seed=2):
    """Pictures of a mountain, of which ``shares`` (one for each axis) have a tag; the others have none."""
    numbers = [round(count * share) for share in shares]
    parts = [cloud(number, axis, seed=seed) for axis, number in enumerate(numbers)]
    return pictures("m", np.concatenate([*parts, cloud(count - sum(numbers), None, seed=seed)]))


def background(found, examples=(), most=20_000):
    """The background that the program makes of pictures."""
    sample = BackgroundSample(HashList(examples), most)
    sample.add(found)
    return sample.finish(DIM)


def has_tag(made: Background, count, shares, axis=0):
    """(m,) bool, which pictures of a background have the tag of an axis, by what :func:`mountain` made."""
    numbers = [round(count * share) for share in shares]
    first = sum(numbers[:axis])
    return np.array([first <= int(each.hash_id[2:]) < first + numbers[axis] for each in made.pictures])


def written(path, found, model="made-up", pretrained="test"):
    """A metadata file of pictures, JSON; its path."""
    records = {
        each.hash_id: {
            "file_path": each.file_path,
            "model": model,
            "pretrained": pretrained,
            "embeddings_vector": each.embedding.tolist(),
        }
        for each in found
    }
    path.write_text(json.dumps(records), encoding="utf-8")
    return str(path)


def stage_1(folder, counts, lists=None, shuffled=None):
    """The two files of stage 1 of the images that :func:`data_set` has; their paths."""
    folder.mkdir(exist_ok=True)
    images, listed = labelled(counts, shuffled)
    path = folder / "input-tag-to-image-hash-list.json"
    path.write_text(json.dumps({**listed, **(lists or {})}), encoding="utf-8")
    return written(folder / "input-metadata.json", images), str(path)
