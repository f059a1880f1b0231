"""Images are prepared by a function of plain values, so that any runner gives the same results."""

from __future__ import annotations

import json
import pickle

import pytest

from image_tagging import ProcessConfig, process_dataset
from image_tagging.encoders import load_encoder
from image_tagging.pipeline.prepare import Always, PrepareImages
from image_tagging.records import Failure
from image_tagging.settings import ImageLimits
from process_pool import ProcessPoolRunner
from samples import found, png, written, zipped


@pytest.fixture
def images(tmp_path):
    """Pictures in folders and nested zips, one of them twice, and files that cannot be used."""
    for number in range(12):
        written(tmp_path / "in" / ("cats" if number % 2 else "dogs") / f"{number}.png", png(number))
    written(tmp_path / "in" / "cats" / "again.png", png(3))
    written(tmp_path / "in" / "cats" / "broken.png", b"\x89PNG\r\n\x1a\n")
    written(tmp_path / "in" / "more.zip", zipped({"inner.zip": {"owls/1.png": png(50)}, "owls/2.png": png(51)}))
    return tmp_path / "in"


def outputs(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix == ".json"}


def test_a_pool_of_processes_gives_the_bytes_of_threads(images, tmp_path):
    summaries = [
        process_dataset(
            ProcessConfig(
                input_folder=str(images), output_folder=str(tmp_path / name), clip_model="builtin", **options
            ),
            **runner,
        )
        for name, options, runner in (
            ("threads", {}, {}),
            ("pool", {"batch_size": 4, "num_threads": 2}, {"runner": ProcessPoolRunner()}),
        )
    ]
    assert len(outputs(tmp_path / "threads")) == 3
    assert outputs(tmp_path / "pool") == outputs(tmp_path / "threads")
    threads, pool = (summary.embedding for summary in summaries)
    assert pool.failures == threads.failures
    assert (pool.images, pool.pictures, pool.computed) == (threads.images, threads.pictures, threads.computed)
    assert len(json.loads((tmp_path / "pool" / "input-metadata.json").read_text(encoding="utf-8"))) == 14


def test_work_survives_being_sent_to_another_process(tmp_path):
    work = PrepareImages(ImageLimits(max_megapixels=1), Always(load_encoder("builtin", "openai").preprocess))
    sent = pickle.loads(pickle.dumps(work))
    assert sent.limits == work.limits
    preparer = sent.open()
    prepared = preparer(found(written(tmp_path / "cat.png", png(1))))
    missing = preparer(found(str(tmp_path / "none.png")))
    preparer.stop()
    preparer.close()
    assert prepared.pixels.ndim == 1
    assert isinstance(missing, Failure)
    assert missing.code == "missing"


def test_a_picture_that_nobody_asks_for_is_decoded_and_not_prepared(tmp_path):
    preparer = PrepareImages(ImageLimits(), lambda facts: None).open()
    prepared = preparer(found(written(tmp_path / "cat.png", png(1))))
    preparer.close()
    assert prepared.pixels is None
    assert prepared.facts.width == 12
