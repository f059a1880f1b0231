"""A run by shards gives what a run in this process gives, and computes nothing twice."""

from __future__ import annotations

import json
import os

import pytest

from image_tagging import ClassifyConfig, ProcessConfig, classify_images, process_dataset
from image_tagging.errors import EncoderUnavailableError, RunnerError, StorageError
from image_tagging.store import STORE_NAME
from results_of_runs import results, shards, summary
from samples import png, written, zipped
from shard_runners import ShardsHere, ShardsInProcesses

pytest.importorskip("pyarrow")


@pytest.fixture
def images(tmp_path):
    """Pictures in folders and nested zips, some of them twice, and files that cannot be used."""
    for number in range(24):
        written(tmp_path / "in" / ("cats" if number % 2 else "dogs") / f"{number}.png", png(number))
    written(tmp_path / "in" / "cats" / "again.png", png(3))
    written(tmp_path / "in" / "cats" / "broken.png", b"\x89PNG\r\n\x1a\n")
    written(tmp_path / "in" / "more.zip", zipped({"inner.zip": {"owls/1.png": png(50)}, "owls/2.png": png(51)}))
    return tmp_path / "in"


def config(images, output, **options):
    return ProcessConfig(
        input_folder=str(images),
        output=str(output),
        **{"clip_model": "builtin", "metadata_format": "both", "shard_images": 4, **options},
    )


@pytest.mark.parametrize("runner", [ShardsHere, pytest.param(ShardsInProcesses, marks=pytest.mark.slow)])
def test_shards_give_the_bytes_of_a_local_run(images, tmp_path, runner):
    local = process_dataset(config(images, tmp_path / "local"))
    sharded = process_dataset(config(images, tmp_path / "sharded"), runner=runner())
    assert results(tmp_path / "sharded") == results(tmp_path / "local")
    assert summary(sharded) == summary(local)
    assert len(shards(tmp_path / "sharded")) > 1


def test_a_run_after_its_end_computes_nothing_and_ends_alike(images, tmp_path):
    process_dataset(config(images, tmp_path / "out"), runner=ShardsHere())
    before, success = shards(tmp_path / "out"), (tmp_path / "out" / "shards" / "_SUCCESS").read_bytes()
    again = ShardsHere()
    process_dataset(config(images, tmp_path / "out"), runner=again)
    assert again.done == []
    assert shards(tmp_path / "out") == before
    assert (tmp_path / "out" / "shards" / "_SUCCESS").read_bytes() == success


def test_a_run_that_stopped_goes_on_where_it_was(images, tmp_path):
    first, second = ShardsHere(most=2), ShardsHere()
    with pytest.raises(RunnerError, match=r"shards? came to no end.*\.png to .*run again: what is done is kept"):
        process_dataset(config(images, tmp_path / "out"), runner=first)
    assert not (tmp_path / "out" / "shards" / "_SUCCESS").exists()
    process_dataset(config(images, tmp_path / "out"), runner=second)
    assert not set(first.done) & set(second.done)
    process_dataset(config(images, tmp_path / "local"))
    assert results(tmp_path / "out") == results(tmp_path / "local")


def test_shards_outlive_the_store(images, tmp_path):
    process_dataset(config(images, tmp_path / "out"), runner=ShardsHere())
    os.remove(tmp_path / "out" / STORE_NAME)
    again = ShardsHere()
    process_dataset(config(images, tmp_path / "out"), runner=again)
    assert again.done == []
    process_dataset(config(images, tmp_path / "local"))
    assert results(tmp_path / "out") == results(tmp_path / "local")


def test_a_shard_computed_twice_is_the_same_file(images, tmp_path):
    for name, runner in (("one", ShardsHere()), ("two", ShardsHere())):
        process_dataset(config(images, tmp_path / name), runner=runner)
    one, two = ({name: content for name, (content, _) in shards(tmp_path / each).items()} for each in ("one", "two"))
    assert one == two


def test_a_new_image_is_the_only_one_that_is_computed(images, tmp_path):
    process_dataset(config(images, tmp_path / "out"), runner=ShardsHere())
    written(images / "cats" / "new.png", png(90))
    again = ShardsHere()
    process_dataset(config(images, tmp_path / "out"), runner=again)
    assert len(again.done) == 1
    process_dataset(config(images, tmp_path / "local"))
    assert results(tmp_path / "out")[0] == results(tmp_path / "local")[0]


def test_the_end_of_a_run_says_what_failed(images, tmp_path):
    done = process_dataset(config(images, tmp_path / "out"), runner=ShardsHere())
    said = json.loads((tmp_path / "out" / "shards" / "_SUCCESS").read_bytes())
    assert said["images"] == done.embedding.images
    assert said["failures"] == done.embedding.failure_codes
    assert said["encoder"]["name"] == "builtin"
    (line,) = (tmp_path / "out" / "shards" / "failures.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(line)["address"] == [str(images / "cats" / "broken.png")]


class Changing(ShardsHere):
    """Changes an image between listing and reading."""

    def __init__(self, path):
        super().__init__()
        self._path = path

    def run_shards(self, work, shards):
        written(self._path, png(91))
        yield from super().run_shards(work, shards)


def test_an_image_that_changes_after_listing_is_a_failure_and_then_read_again(images, tmp_path):
    done = process_dataset(config(images, tmp_path / "out"), runner=Changing(images / "cats" / "5.png"))
    assert done.embedding.failure_codes["changed"] == 1
    done = process_dataset(config(images, tmp_path / "out"), runner=ShardsHere())
    assert "changed" not in done.embedding.failure_codes
    process_dataset(config(images, tmp_path / "local"))
    assert results(tmp_path / "out")[0] == results(tmp_path / "local")[0]


class Removing(Changing):
    """Removes an image between listing and reading, and puts it back."""

    def run_shards(self, work, shards):
        os.rename(self._path, f"{self._path}.away")
        yield from ShardsHere.run_shards(self, work, shards)
        os.rename(f"{self._path}.away", self._path)


def test_an_image_that_was_away_is_tried_by_each_run(tmp_path):
    alone = written(tmp_path / "in" / "cats" / "1.png", png(1))
    written(tmp_path / "in" / "cats" / "2.png", png(2))
    one = config(tmp_path / "in", tmp_path / "out", shard_images=1)
    done = process_dataset(one, runner=Removing(alone))
    assert done.embedding.failure_codes == {"missing": 1}
    done = process_dataset(one, runner=ShardsHere())
    assert done.embedding.failure_codes == {}
    assert done.embedding.images == 2


def test_failures_are_tried_again_on_request(images, tmp_path):
    process_dataset(config(images, tmp_path / "out"), runner=ShardsHere())
    again = ShardsHere()
    process_dataset(config(images, tmp_path / "out", retry_failures=True), runner=again)
    assert len(again.done) == 1


def test_a_damaged_shard_is_named(images, tmp_path):
    process_dataset(config(images, tmp_path / "out"), runner=ShardsHere())
    os.remove(tmp_path / "out" / STORE_NAME)
    name = next(iter(shards(tmp_path / "out")))
    (tmp_path / "out" / "shards" / name).write_bytes(b"PAR1 and no more")
    with pytest.raises(StorageError, match=f"{name} is damaged"):
        process_dataset(config(images, tmp_path / "out"), runner=ShardsHere())


def test_a_shard_under_the_name_of_another_is_named(images, tmp_path):
    process_dataset(config(images, tmp_path / "out"), runner=ShardsHere())
    os.remove(tmp_path / "out" / STORE_NAME)
    first, second = list(shards(tmp_path / "out"))[:2]
    os.replace(tmp_path / "out" / "shards" / first, tmp_path / "out" / "shards" / second)
    with pytest.raises(StorageError, match="holds results of other images"):
        process_dataset(config(images, tmp_path / "out"), runner=ShardsHere())


def test_an_encoder_that_workers_lack_ends_the_run_in_words(images, tmp_path):
    with pytest.raises(EncoderUnavailableError):
        process_dataset(
            config(images, tmp_path / "out", clip_model="ViT-B-32", pretrained=str(tmp_path / "no.pt")),
            runner=ShardsHere(),
        )


def test_no_rows_files_are_left(images, tmp_path):
    process_dataset(config(images, tmp_path / "out"), runner=ShardsHere())
    assert list((tmp_path / "out" / "shards" / "rows").iterdir()) == []


@pytest.mark.parametrize("archives", [False, True])
def test_classify_by_shards_gives_the_results_of_a_local_run(trained, images, tmp_path, archives):
    done = {}
    for name, runner in (("local", None), ("sharded", ShardsHere())):
        classify = ClassifyConfig(
            directory=str(images),
            metadata_json=str(trained.metadata),
            model=str(trained.models),
            output=str(tmp_path / name),
            archives=archives,
            shard_images=4,
        )
        done[name] = classify_images(classify, runner=runner)
    local, sharded = (json.loads((tmp_path / name / "output.json").read_bytes()) for name in done)
    assert json.dumps(sharded).replace("/sharded/", "/local/") == json.dumps(local)
    assert done["sharded"].embedding == done["local"].embedding
