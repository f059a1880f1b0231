"""Results at a URL: a run works on a copy here, puts up what it changed, and no other file there is touched."""

import json
import os
import shutil

import pytest

from buckets import DENIED, SLOW_DOWN
from image_tagging import (
    ClassifyConfig,
    ProcessConfig,
    TrainConfig,
    classify_images,
    process_dataset,
    train_tag_models,
)
from image_tagging.errors import InputError, OutputError, StorageError
from image_tagging.pipeline import at_hand
from image_tagging.storage import storage_at
from image_tagging.storage.working_copy import INDEX
from samples import png, zipped


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """Where copies are kept; removing it makes this another machine."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    monkeypatch.setenv("LOCALAPPDATA", str(folder))
    return folder


def photos(folder, count=8):
    for number in range(count):
        for place, tag in enumerate(("cat", "dog")):
            path = folder / tag / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(png(number + 100 * place))
    return folder


def processed(bucket, folder, **more):
    config = ProcessConfig(input_folder=str(folder), output=f"{bucket.url}/out", clip_model="builtin", **more)
    return process_dataset(config)


def half_done(folder):
    with open(os.path.join(folder, "half"), "wb") as file:
        file.write(b"1")
    raise ZeroDivisionError


def results(bucket):
    return {key: bucket.get(key) for key in bucket.list_keys()}


def test_the_whole_job_in_a_bucket_gives_the_files_of_one_here(bucket, cache, tmp_path):
    folder = photos(tmp_path / "photos")
    here, there = tmp_path / "here", f"{bucket.url}/out"
    for out in (str(here), there):
        process_dataset(ProcessConfig(input_folder=str(folder), output=out, clip_model="builtin"))
        train_tag_models(
            TrainConfig(
                metadata_json=f"{out}/input-metadata.json",
                tag_to_hash_json=f"{out}/input-tag-to-image-hash-list.json",
            )
        )
        classify_images(
            ClassifyConfig(
                directory=str(folder), metadata_json=f"{out}/input-metadata.json", model=f"{out}/models", output=out
            )
        )
    skipped = {"image-tagging.store", "image-tagging.log", "image-tagging.lock", "stage1.db", "stage3.db"}
    put = {key.removeprefix("out/"): data for key, data in results(bucket).items()}
    files = {path.relative_to(here).as_posix(): path.read_bytes() for path in here.rglob("*") if path.is_file()}
    assert put.keys() - {INDEX} == files.keys() - {"image-tagging.log", "image-tagging.lock"}
    for name in files.keys() - skipped:
        if name.startswith(("models", "reports")):  # they name the paths of the results
            continue
        assert put[name] == files[name], name


def test_a_run_that_finds_nothing_new_puts_up_nothing(bucket, failing, cache, tmp_path):
    folder = photos(tmp_path / "photos")
    processed(bucket, folder)
    before = results(bucket)
    failing.requests.clear()
    assert processed(bucket, folder).embedding.unchanged
    written = {path.rpartition("/")[2] for method, path in failing.requests if method == "PUT"}
    assert written <= {"image-tagging.store", INDEX}  # the store notes which input a run has chosen
    after = results(bucket)
    assert [key for key in before if after[key] != before[key] and key.rpartition("/")[2] not in written] == []


def test_another_machine_goes_on_where_the_first_ended(bucket, cache, tmp_path):
    folder = photos(tmp_path / "photos")
    processed(bucket, folder)
    shutil.rmtree(cache)
    (folder / "cat" / "new.png").write_bytes(png(999))
    summary = processed(bucket, folder)
    assert (summary.embedding.computed, summary.embedding.pictures) == (1, 17)
    assert len(json.loads(bucket.get("out/input-metadata.json"))) == 17


def test_another_machine_knows_what_was_placed(bucket, cache, tmp_path, output):
    folder = photos(tmp_path / "photos", 3)
    config = {"directory": str(folder), "model": str(output / "models"), "output": f"{bucket.url}/sorted"}
    classify_images(ClassifyConfig(**config))
    placed = [key for key in bucket.list_keys() if key.endswith(".png")]
    assert len(placed) == 36
    shutil.rmtree(cache)
    summary = classify_images(ClassifyConfig(**config))
    assert (summary.moved, summary.removed, summary.stayed, summary.plan.files) == (0, 0, 0, 0)
    assert [key for key in bucket.list_keys() if key.endswith(".png")] == placed


def test_a_machine_with_an_old_copy_takes_what_another_has_put_up(bucket, cache, tmp_path):
    folder = photos(tmp_path / "photos")
    processed(bucket, folder)
    os.rename(cache, tmp_path / "first")
    (folder / "cat" / "new.png").write_bytes(png(999))
    processed(bucket, folder)
    shutil.rmtree(cache)
    os.rename(tmp_path / "first", cache)
    assert processed(bucket, folder).embedding.computed == 0


def test_results_that_were_removed_there_are_made_again(bucket, cache, tmp_path):
    folder = photos(tmp_path / "photos")
    processed(bucket, folder)
    before = set(bucket.list_keys())
    for key in before:
        bucket.delete(key)
    assert processed(bucket, folder).embedding.computed == 16
    assert set(bucket.list_keys()) == before


def test_a_run_that_fails_puts_up_nothing_and_keeps_its_work(bucket, cache, tmp_path):
    config = ProcessConfig(input_folder="x", output=f"{bucket.url}/out")
    with pytest.raises(ZeroDivisionError), at_hand(config) as here:
        half_done(here.output)
    assert bucket.list_keys() == []
    said = []
    with at_hand(config, said.append) as here:
        assert os.listdir(here.output) == ["half"]
    assert bucket.list_keys() == ["out/half", f"out/{INDEX}"]
    assert said == [f"1 file put up at {bucket.url}/out; the copy in {here.output} serves the next run."]


def test_a_file_of_others_is_not_replaced(bucket, cache, tmp_path):
    bucket.put("out/input-metadata.json", b"mine")
    with pytest.raises(OutputError, match=r"input-metadata.json is there, and this program did not put it there"):
        processed(bucket, photos(tmp_path / "photos"))
    assert bucket.get("out/input-metadata.json") == b"mine"
    assert bucket.list_keys() == ["out/input-metadata.json"]


def test_two_runs_at_one_time_do_not_overwrite_each_other(bucket, cache, tmp_path, monkeypatch):
    folder = photos(tmp_path / "photos")
    config = ProcessConfig(input_folder=str(folder), output=f"{bucket.url}/out", clip_model="builtin")

    def from_another_machine(here):
        process_dataset(here)
        with monkeypatch.context() as other:
            other.setenv("XDG_CACHE_HOME", str(tmp_path / "other"))
            other.setenv("LOCALAPPDATA", str(tmp_path / "other"))
            process_dataset(config)

    with pytest.raises(OutputError, match="another run has put results"), at_hand(config) as here:
        from_another_machine(here)
    with at_hand(config), pytest.raises(InputError, match="a run of this program works"), at_hand(config):
        pass


def test_a_removed_file_is_removed_there_too(bucket, cache, tmp_path):
    config = ProcessConfig(input_folder="x", output=f"{bucket.url}/out")
    with at_hand(config) as here, open(os.path.join(here.output, "a"), "wb") as file:
        file.write(b"1")
    with at_hand(config) as here:
        os.remove(os.path.join(here.output, "a"))
    assert bucket.list_keys() == [f"out/{INDEX}"]


@pytest.mark.parametrize(
    "name", ["../../evil", "/etc/evil", "a/../../evil", "a//b", "C:\\evil", "con:", "a\\..\\b", ""]
)
def test_a_list_that_names_files_outside_leads_to_none(bucket, cache, tmp_path, name):
    bucket.put(f"out/{name}", b"evil")
    bucket.put(f"out/{INDEX}", json.dumps({"format": 1, "files": {name: ["4:x", 1]}}).encode())
    with at_hand(ProcessConfig(input_folder="x", output=f"{bucket.url}/out")) as here:
        assert not os.path.exists(here.output) or os.listdir(here.output) == []
    assert list(tmp_path.rglob("*evil*")) == []
    assert bucket.get(f"out/{name}") == b"evil"


@pytest.mark.parametrize(
    "index", [b"", b"[]", b"{}", b'{"files": 3}', b'{"files": {"a": 3}}', b'{"files": {"a": ["x", "y"]}}', b"\xff"]
)
def test_a_damaged_list_is_said(bucket, cache, index):
    bucket.put(f"out/{INDEX}", index)
    with (
        pytest.raises(OutputError, match="is damaged, or of another program"),
        at_hand(ProcessConfig(input_folder="x", output=f"{bucket.url}/out")),
    ):
        pass


def test_results_at_an_address_of_the_web_are_refused(cache):
    with (
        pytest.raises(OutputError, match="nothing is written to addresses of the web"),
        at_hand(ProcessConfig(input_folder="x", output="https://example.org/out")),
    ):
        pass


def test_a_bucket_that_may_not_be_written_is_said(bucket, failing, cache, tmp_path):
    failing.plan = lambda method, path: DENIED if method == "PUT" else None
    with pytest.raises(OutputError, match=r"cannot be written: access to the bucket .* is denied"):
        processed(bucket, photos(tmp_path / "photos"))


def test_putting_up_goes_on_after_throttling(bucket, failing, cache, tmp_path):
    failing.fail_first(4, SLOW_DOWN, "PUT")
    processed(bucket, photos(tmp_path / "photos"))
    assert "out/image-tagging.store" in bucket.list_keys()


def test_shards_of_a_working_copy_go_straight_to_the_bucket(bucket, cache):
    with at_hand(ProcessConfig(input_folder="x", output=f"{bucket.url}/out")) as here:
        storage_at(here.output).write("shards/1.parquet", b"1")
    assert "out/shards/1.parquet" in bucket.list_keys()
    assert not storage_at(here.output).root.startswith("s3://")


def test_metadata_and_models_at_urls_are_read_for_results_here(bucket, cache, output, trained, tmp_path):
    bucket.put_folder(output, "trained")
    bucket.put("archives/all.zip", zipped({"a/1.png": png(1), "a/2.png": png(2)}))
    summary = classify_images(
        ClassifyConfig(
            directory=f"{bucket.url}/archives",
            archives=True,
            metadata_json=f"{bucket.url}/trained/input-metadata.json",
            model=f"{bucket.url}/trained/models",
            output=str(tmp_path / "sorted"),
        )
    )
    assert (summary.embedding.images, len(summary.models)) == (2, 6)
    model = sorted(path.name for path in (output / "models").glob("*.pkl"))[0]
    one = classify_images(
        ClassifyConfig(
            directory=str(trained.images), model=f"{bucket.url}/trained/models/{model}", output=str(tmp_path / "one")
        )
    )
    assert len(one.models) == 1
    train_tag_models(
        TrainConfig(
            metadata_json=f"{bucket.url}/trained/input-metadata.json",
            tag_to_hash_json=f"{bucket.url}/trained/input-tag-to-image-hash-list.json",
            output=str(tmp_path / "again"),
        )
    )
    assert len(list((tmp_path / "again" / "models").glob("*.pkl"))) == 6


def test_a_missing_file_at_a_url_is_said(bucket, cache, tmp_path):
    config = {"metadata_json": f"{bucket.url}/none.json", "tag_to_hash_json": "x", "output": str(tmp_path / "out")}
    with pytest.raises(StorageError, match=f"there is no file at {bucket.url}/none.json"):
        train_tag_models(TrainConfig(**config))
    with pytest.raises(StorageError, match=r"there are no files \(.pkl, .json\) at"):
        classify_images(ClassifyConfig(directory="x", model=f"{bucket.url}/models"))
