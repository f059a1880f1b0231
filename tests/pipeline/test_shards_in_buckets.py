"""A run by shards on pictures in a bucket, with results there: what workers write is in the bucket alone."""

import pytest

from image_tagging import ProcessConfig, process_dataset
from results_of_runs import summary
from samples import png, zipped
from shard_runners import ShardsHere, ShardsInProcesses


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """Where copies are kept; another folder is another machine."""

    def machine(name):
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / name))
        monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / name))

    machine("cache")
    return machine


@pytest.fixture
def photos(bucket):
    for number in range(12):
        bucket.put(f"photos/{'cat' if number % 2 else 'dog'}/{number}.png", png(number))
    bucket.put("photos/owl/more.zip", zipped({"owls": {"a.png": png(100), "b.png": png(101)}}))
    bucket.put("photos/cat/broken.png", b"\x89PNG\r\n\x1a\n")
    return f"{bucket.url}/photos"


def config(source, output):
    return ProcessConfig(
        input_folder=source, output=output, clip_model="builtin", metadata_format="both", shard_images=4
    )


def results(bucket, folder):
    keys = (key for key in bucket.list_keys() if key.startswith(f"{folder}/") and key.endswith((".json", ".parquet")))
    names = {key: key.partition("/")[2] for key in keys if "shards" not in key and "files" not in key}
    return {name: bucket.get(key) for key, name in names.items()}


@pytest.mark.parametrize("runner", [ShardsHere, pytest.param(ShardsInProcesses, marks=pytest.mark.slow)])
def test_results_in_a_bucket_are_those_of_a_local_run(bucket, photos, cache, tmp_path, runner):
    local = process_dataset(config(photos, f"{bucket.url}/local"))
    sharded = process_dataset(config(photos, f"{bucket.url}/sharded"), runner=runner())
    assert len(results(bucket, "local")) >= 4
    assert results(bucket, "sharded") == results(bucket, "local")
    assert summary(sharded) == summary(local)
    shards = [key for key in bucket.list_keys() if key.startswith("sharded/shards/")]
    assert any(key.endswith("_SUCCESS") for key in shards)
    assert any(key.endswith(".parquet") for key in shards)  # how many depends on the name of the bucket
    assert not list((tmp_path / "cache").rglob("shards"))


def test_another_machine_goes_on_by_the_shards_in_the_bucket(bucket, photos, cache):
    process_dataset(config(photos, f"{bucket.url}/out"), runner=ShardsHere())
    before = results(bucket, "out")
    for key in bucket.list_keys():
        if key.startswith("out/") and "shards" not in key:
            bucket.delete(key)
    cache("another")
    again = ShardsHere()
    process_dataset(config(photos, f"{bucket.url}/out"), runner=again)
    assert again.done == []
    assert results(bucket, "out") == before


@pytest.mark.slow
@pytest.mark.xdist_group("ray")
@pytest.mark.filterwarnings("ignore")
def test_workers_of_a_cluster_read_and_write_the_bucket(bucket, photos, cache):
    ray = pytest.importorskip("ray", reason="ray is not installed: a bucket was not tried on a cluster")
    from image_tagging.runners import RayRunner
    from ray_clusters import TwoNodes

    local = process_dataset(config(photos, f"{bucket.url}/local"))
    nodes = TwoNodes()  # started here, so that its workers have the credentials of this test
    try:
        done = process_dataset(config(photos, f"{bucket.url}/ray"), runner=RayRunner(nodes.address))
    finally:
        ray.shutdown()
        nodes.stop()
    assert results(bucket, "ray") == results(bucket, "local")
    assert summary(done) == summary(local)
