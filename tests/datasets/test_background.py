"""A sample of the mountain, read from metadata: which pictures it holds, whatever the order of records and files."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from image_tagging.datasets import HashList
from image_tagging.datasets.background import MOST_KEPT, read_background
from image_tagging.datasets.tagged_embeddings import draw_of
from image_tagging.errors import EncoderMismatchError, MetadataError
from mountains import DIM, ENCODER, cloud, mountain, pictures, written


def read(*paths, examples=(), most=MOST_KEPT):
    return read_background([str(path) for path in paths], ENCODER, HashList(examples), most=most)


def hashes(found):
    return [picture.hash_id for picture in found.pictures]


def test_pictures_come_in_the_order_drawn_with_their_embeddings(tmp_path):
    every = mountain(50)
    found = read(written(tmp_path / "m.json", every))
    assert hashes(found) == sorted((each.hash_id for each in every), key=draw_of)
    assert (found.embeddings.shape, found.embeddings.dtype) == ((50, DIM), np.float32)
    for picture, row in zip(found.pictures, found.embeddings):
        np.testing.assert_array_equal(picture.embedding, row)
    assert (found.read, found.examples, len(found)) == (50, 0, 50)


@pytest.mark.parametrize("most", [20, 100])
def test_neither_the_order_of_records_nor_of_files_matters(tmp_path, most):
    every = mountain(60)
    one, other = written(tmp_path / "a.json", every[:25]), written(tmp_path / "b.json", every[25:])
    all_ = written(tmp_path / "c.json", every[::-1])
    found = read(one, other, most=most)
    for again in (read(other, one, most=most), read(all_, most=most), read(one, all_, other, one, most=most)):
        assert hashes(again) == hashes(found)
        np.testing.assert_array_equal(again.embeddings, found.embeddings)
        assert (again.read, again.examples) == (60, 0)
    assert len(found) == min(most, 60)


def test_of_many_pictures_those_of_the_least_draws_are_kept(tmp_path):
    every = mountain(200)
    found = read(written(tmp_path / "m.json", every), most=30)
    assert hashes(found) == sorted((each.hash_id for each in every), key=draw_of)[:30]
    assert (found.read, len(found)) == (200, 30)


def test_images_of_the_data_set_are_left_out_and_counted(tmp_path):
    every = mountain(40)
    examples = [every[3].hash_id, every[17].hash_id, "of another place"]
    found = read(written(tmp_path / "m.json", every), examples=examples)
    assert (len(found), found.read, found.examples) == (38, 40, 2)
    assert not set(hashes(found)) & set(examples)
    assert len(read(written(tmp_path / "m.json", every), examples=[each.hash_id for each in every])) == 0


def test_a_picture_of_two_embeddings_is_the_same_in_any_order_of_files(tmp_path):
    """As where a library computed the same picture on two machines."""
    every = mountain(20)
    other = pictures("m", cloud(20, None, seed=9))
    one, two = written(tmp_path / "a.json", every), written(tmp_path / "b.json", other)
    found, again = read(one, two), read(two, one)
    np.testing.assert_array_equal(found.embeddings, again.embeddings)
    assert len(found) == found.read == 20


def test_a_file_of_another_encoder_is_refused_with_what_to_do(tmp_path):
    mine = written(tmp_path / "a.json", mountain(5))
    foreign = written(tmp_path / "b.json", mountain(5), model="ViT-B-32", pretrained="openai")
    with pytest.raises(EncoderMismatchError) as raised:
        read(mine, foreign)
    message = str(raised.value)
    assert foreign in message
    assert "ViT-B-32/openai (16 values)" in message
    assert "made-up/test (16)" in message
    assert message.endswith("Run stage 1 on the mountain with the encoder of the examples.")
    assert "\n" not in message


def damaged(tmp_path, change):
    path = tmp_path / "m.json"
    written(path, mountain(8))
    records = json.loads(path.read_text(encoding="utf-8"))
    change(records["m-5"])
    path.write_text(json.dumps(records), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "change",
    [
        lambda record: record.pop("embeddings_vector"),
        lambda record: record.update(embeddings_vector=[1.0, "x"] * 8),
        lambda record: record.update(embeddings_vector=[1e300] * DIM),
        lambda record: record.update(embeddings_vector=[1.0] * (DIM - 1)),
        lambda record: record.update(file_path=7),
    ],
    ids=["no embedding", "no numbers", "too large", "too short", "no path"],
)
def test_a_damaged_record_is_an_error_that_names_the_file(tmp_path, change):
    path = damaged(tmp_path, change)
    with pytest.raises((MetadataError, EncoderMismatchError)) as raised:
        read(path)
    assert str(path) in str(raised.value)
    assert "\n" not in str(raised.value)


MILLION = """
import resource, sys
import numpy as np
from image_tagging.datasets import HashList, background
from image_tagging.records import EncoderSpec, ImportedEmbedding
random = np.random.default_rng(0)
vectors = random.normal(size=(1000, 64)).astype(np.float32)
def pictures(count):
    for number in range(count):
        if number % 500 == 0:
            table = vectors[:500] + number
        yield ImportedEmbedding(f"{number:064x}", f"/mountain/{number}.png", table[number % 500])
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
sample = background.BackgroundSample(HashList(), 2000)
sample.add(pictures(5000))
before = peak()
sample.add(pictures(int(sys.argv[1])))
found = sample.finish(64)
print(len(found), found.read, peak() - before)
"""


@pytest.mark.slow
def test_memory_does_not_grow_with_the_embeddings_of_a_large_mountain():
    """200,000 embeddings of 64 values are 51 MB, in tables of 500 as Parquet is read; a sample of them is kept."""
    pytest.importorskip("resource")
    ran = subprocess.run(
        [sys.executable, "-c", MILLION, "200000"], stdout=subprocess.PIPE, check=True, text=True, env=os.environ
    )
    kept, seen, megabytes = map(float, ran.stdout.split())
    assert (kept, seen) == (2000, 200_000)
    assert megabytes < 33
