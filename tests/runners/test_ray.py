"""On a Ray cluster of two nodes results are those of this process, whatever dies on the way."""

from __future__ import annotations

import io
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import time

import pytest

pytest.importorskip("ray", reason="ray is not installed: the runner on a cluster was not tried")
pytest.importorskip("pyarrow")

import ray
from PIL import Image

from image_tagging import ClassifyConfig, ProcessConfig, classify_images, process_dataset
from image_tagging.errors import EncoderUnavailableError, RunnerError
from image_tagging.runners import RayRunner
from image_tagging.runners.ray import in_words, places_in
from image_tagging.store import STORE_NAME
from ray_clusters import TwoNodes
from results_of_runs import results, shards, summary
from samples import drawn, encoded, png, written, zipped
from shard_runners import DeadlyWork

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("ray"), pytest.mark.filterwarnings("ignore")]


@pytest.fixture(scope="module")
def nodes():
    started = TwoNodes()
    yield started
    started.stop()


@pytest.fixture
def cluster(nodes):
    """Two nodes, whose log begins here."""
    nodes.add_node()
    nodes.forget()
    yield nodes
    ray.shutdown()


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    """Ninety pictures of 300 x 300 pixels, in folders and a nested zip."""
    root = tmp_path_factory.mktemp("images") / "in"
    for number in range(80):
        written(root / ("cats" if number % 2 else "dogs") / f"{number}.png", encoded(drawn(number, (300, 300))))
    written(root / "broken" / "broken.png", b"\x89PNG\r\n\x1a\n")
    written(root / "more.zip", zipped({"inner.zip": {f"owls/{n}.png": png(n + 200) for n in range(10)}}))
    return root


@pytest.fixture(scope="module")
def local(images, tmp_path_factory):
    """The results of a run in this process, and its summary."""
    output = tmp_path_factory.mktemp("local") / "out"
    done = process_dataset(config(images, output))
    return results(output), summary(done)


def config(images, output, **options):
    return ProcessConfig(
        input_folder=str(images),
        output=str(output),
        **{"clip_model": "builtin", "metadata_format": "both", "shard_images": 5, **options},
    )


class After:
    """Watches a run, and does something once when a number of images is embedded."""

    def __init__(self, images, act):
        self._images, self._act = images, act

    def __call__(self, activity, done, total):
        if activity == "embedding" and done >= self._images and self._act:
            act, self._act = self._act, None
            act()


def test_results_are_those_of_a_local_run_to_the_byte(cluster, images, local, tmp_path):
    said = []
    done = process_dataset(config(images, tmp_path / "out"), runner=RayRunner(cluster.address, say=said.append))
    assert (results(tmp_path / "out"), summary(done)) == local
    assert said == ["Ray cluster of 2 machines: 2 cores, 0 GPUs."]
    assert set(cluster.begun().values()) == {1}


def test_a_node_killed_in_mid_run_costs_one_shard_a_worker(cluster, images, local, tmp_path):
    watch = After(15, cluster.kill_node)
    done = process_dataset(config(images, tmp_path / "out"), watch, RayRunner(cluster.address))
    assert (results(tmp_path / "out"), summary(done)) == local
    begun = cluster.begun()
    assert sum(begun.values()) - len(begun) <= 1
    assert set(begun) == {name.partition(".")[0] for name in shards(tmp_path / "out")}


def test_a_worker_killed_in_mid_run_costs_one_shard(cluster, images, local, tmp_path):
    watch = After(15, cluster.kill_worker)
    done = process_dataset(config(images, tmp_path / "out"), watch, RayRunner(cluster.address))
    assert (results(tmp_path / "out"), summary(done)) == local
    begun = cluster.begun()
    assert sum(begun.values()) - len(begun) <= 1


def test_a_program_that_is_killed_goes_on_where_it_was(cluster, images, local, tmp_path):
    command = [
        sys.executable,
        "-m",
        "image_tagging",
        "process",
        f"--input_folder={images}",
        f"--output={tmp_path / 'out'}",
    ]
    command += ["--clip_model=builtin", "--metadata_format=both", "--shard_images=5", "--runner=ray"]
    command += [f"--ray_address={cluster.address}"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as killed:
        until = time.monotonic() + 240
        while not (tmp_path / "out" / "shards").is_dir() or len(shards(tmp_path / "out")) < 4:
            assert time.monotonic() < until
            assert killed.poll() is None
            time.sleep(0.05)
        killed.send_signal(signal.SIGKILL)
    finished = subprocess.run(command, capture_output=True, encoding="utf-8", check=True)
    assert finished.stderr.splitlines() == ["Ray cluster of 2 machines: 2 cores, 0 GPUs."] or finished.stderr == ""
    assert results(tmp_path / "out") == local[0]
    begun = cluster.begun()
    assert sum(begun.values()) - len(begun) <= 2


def test_a_shard_computed_again_is_the_same_file(cluster, images, tmp_path):
    process_dataset(config(images, tmp_path / "out"), runner=RayRunner(cluster.address))
    before = shards(tmp_path / "out")
    lost = sorted(before)[3]
    os.remove(tmp_path / "out" / "shards" / lost)
    os.remove(tmp_path / "out" / STORE_NAME)
    cluster.forget()
    process_dataset(config(images, tmp_path / "out"), runner=RayRunner(cluster.address))
    assert cluster.begun() == {lost.partition(".")[0]: 1}
    after = shards(tmp_path / "out")
    assert {name: content for name, (content, _) in after.items()} == {
        name: content for name, (content, _) in before.items()
    }


def test_real_and_hostile_images_give_the_results_of_a_local_run(cluster, shared_data, tmp_path):
    source = tmp_path / "in"
    for folder in ("photos", "pixelart"):
        pictures = sorted(path for path in (shared_data / folder).rglob("*") if path.is_file())
        for path in pictures[::4]:
            target = source / folder / path.relative_to(shared_data / folder)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, target)
    hostile = sorted(path for path in (shared_data / "nasty-images").rglob("*") if path.is_file())
    for number, path in enumerate(hostile[:: max(1, len(hostile) // 200)][:200]):
        target = source / "hostile" / f"{number}-{path.name}"
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, target)
    written(source / "deep.zip", zipped({"a.zip": {"b.zip": {"cats/1.png": png(1), "cats/2.png": png(2)}}}))
    with tarfile.open(source / "more.tar.gz", "w:gz") as tar:
        for number in range(8):
            member = tarfile.TarInfo(f"birds/{number}.png")
            content = png(number + 500)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    options = {"image_seconds": 600.0, "shard_images": 32}
    here = process_dataset(config(source, tmp_path / "local", **options))
    there = process_dataset(config(source, tmp_path / "ray", **options), runner=RayRunner(cluster.address))
    assert results(tmp_path / "ray") == results(tmp_path / "local")
    assert summary(there) == summary(here)
    assert len(here.embedding.failures) > 10


@pytest.mark.parametrize("archives", [False, True])
def test_classify_gives_the_scores_of_a_local_run(cluster, images, trained, tmp_path, archives):
    given = {"directory": str(images), "model": str(trained.models), "archives": archives, "shard_images": 5}
    done = {}
    for name, runner in (("local", None), ("ray", RayRunner(cluster.address))):
        output = tmp_path / name
        summary_of = classify_images(ClassifyConfig(output=str(output), place="none", **given), runner=runner)
        done[name] = (output / "output.json").read_bytes(), summary_of.embedding
    assert done["ray"] == done["local"]


def test_a_slow_image_is_the_failure_that_it_is_in_a_local_run(cluster, tmp_path):
    for number in range(6):
        written(tmp_path / "in" / "cats" / f"{number}.png", png(number))
    Image.new("RGB", (13_000, 13_000)).save(tmp_path / "in" / "cats" / "slow.png", compress_level=1)
    options = {"image_seconds": 1.0}
    here = process_dataset(config(tmp_path / "in", tmp_path / "local", **options))
    there = process_dataset(config(tmp_path / "in", tmp_path / "ray", **options), runner=RayRunner(cluster.address))
    assert [failure.code for failure in there.embedding.failures] == ["timeout"]
    assert (results(tmp_path / "ray"), summary(there)) == (results(tmp_path / "local"), summary(here))


def test_workers_with_a_gpu_each_take_one(cluster, images, local, tmp_path):
    """The GPU is one in name only, of a node that is added for it."""
    node = cluster.add_gpu_node()
    try:
        runner = RayRunner(cluster.address, num_gpus=1)
        done = process_dataset(config(images, tmp_path / "out"), runner=runner)
    finally:
        cluster.remove(node)
    assert (results(tmp_path / "out"), summary(done)) == local
    assert len(cluster.workers()) == 1


def test_a_shard_at_which_every_worker_dies_is_left_out(cluster, caplog):
    done = list(RayRunner(cluster.address).run_shards(DeadlyWork(), ["a", "b", "deadly", "c"]))
    assert sorted(each.shard for each in done) == ["a", "b", "c"]
    assert "shard deadly: left out, as 5 workers that began it died" in caplog.text


def test_workers_take_the_room_that_machines_have():
    assert places_in([{"CPU": 8.0}, {"CPU": 4.0}], 0.0, 1000) == (12, 1.0, 0.0)
    assert places_in([{"CPU": 8.0}, {"CPU": 4.0}], 0.0, 3) == (3, 1.0, 0.0)
    assert places_in([{"CPU": 16.0, "GPU": 2.0}, {"CPU": 64.0}], 1.0, 1000) == (2, 8.0, 1.0)
    assert places_in([{"CPU": 16.0, "GPU": 2.0}, {"CPU": 4.0, "GPU": 1.0}], 0.5, 1000) == (6, 2.0, 0.5)
    assert places_in([{"CPU": 16.0}], 1.0, 1000) == (1, 1.0, 1.0)


def test_weights_that_workers_lack_end_the_run_in_words(cluster, images, tmp_path):
    wrong = config(images, tmp_path / "out", clip_model="ViT-B-32", pretrained=str(tmp_path / "none.pt"))
    with pytest.raises(EncoderUnavailableError):
        process_dataset(wrong, runner=RayRunner(cluster.address))


def test_an_address_without_a_cluster_is_said_at_once(images, tmp_path):
    with pytest.raises(RunnerError, match=r"no Ray cluster answers at 127\.0\.0\.1:1"):
        process_dataset(config(images, tmp_path / "out"), runner=RayRunner("127.0.0.1:1"))


def test_what_ray_reports_becomes_one_line_with_the_cause():
    said = "ray::MapWorker() (pid=1)\n  File x\nValueError: no such thing\nTo change retry attempts, configure `x` (y)"
    assert in_words(said) == (
        "the workers of the Ray cluster cannot go on (ValueError: no such thing). Run again: what is done is kept."
    )
    assert "install image-tagging-tools[ray]" in in_words("ModuleNotFoundError: No module named 'image_tagging'")
