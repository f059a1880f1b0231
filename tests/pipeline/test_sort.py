"""The whole job in one command: equal to the stages, resumable, and nothing is computed twice."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from image_tagging import (
    ClassifyConfig,
    ProcessConfig,
    SortConfig,
    TrainConfig,
    classify_images,
    process_dataset,
    sort_images,
    train_tag_models,
)
from image_tagging.datasets import HashList, read_background
from image_tagging.demo import draw
from image_tagging.errors import EncoderUnavailableError, InputError, NoImagesError, OutputError, TrainingError
from image_tagging.exporters import read_results
from image_tagging.pipeline import chosen_encoder as chosen_encoder_module
from image_tagging.pipeline import sort_training
from image_tagging.progress import WHOLE
from image_tagging.store import PLACING, Role, WorkingStore
from raw_tars import tarred
from samples import encoded, written, zipped

KINDS = ("sprites", "tiles", "isometric")


def png(kind, number):
    """The bytes of a drawn picture."""
    return encoded(draw(kind, number).convert("RGB"))


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    """``examples`` of three kinds, and a ``mountain`` of loose images, a zip with a zip in it, and a tar."""
    root = tmp_path_factory.mktemp("inputs")
    for kind in KINDS:
        for number in range(6):
            written(root / "examples" / kind / f"{number}.png", png(kind, number))
    for number in range(12):
        kind = (*KINDS, "charts", "maps", "gradients")[number % 6]
        written(root / "mountain" / f"folder {number % 2}" / f"{number}.png", png(kind, 100 + number))
    inner = zipped({"x/a.png": png("sprites", 200)})
    written(
        root / "mountain" / "z.zip", zipped({"a.png": png("charts", 201), "b.png": png("tiles", 202), "i.zip": inner})
    )
    written(root / "mountain" / "t.tar", tarred({"c.png": png("maps", 203)}))
    return root


@pytest.fixture
def least(monkeypatch):
    """So few pictures of the mountain are enough, that a test need not draw hundreds."""
    monkeypatch.setattr(sort_training, "LEAST_BACKGROUND", 10)


def config(inputs, output, **settings):
    settings = {"clip_model": "builtin", **settings}
    return SortConfig(
        examples=str(inputs / "examples"), mountain=str(inputs / "mountain"), output=str(output), **settings
    )


def results(folder):
    """What is in a folder of results, but for the store, the log, the background and dates."""
    found = {}
    for path in sorted(Path(folder).rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_dir() or name.startswith(("image-tagging.", "clip-cache", "background", "reports/")):
            continue
        data = path.read_bytes()
        if name.startswith("models/") and name.endswith(".json"):
            data = {key: value for key, value in json.loads(data).items() if key != "created"}
        found[name] = data
    return found


def stages(inputs, output, *, background, placed="tagged", by_tag=True):
    """The same by the stages, one by one."""
    out = str(output)
    process_dataset(ProcessConfig(input_folder=str(inputs / "examples"), output_folder=out, clip_model="builtin"))
    cache = str(output.parent / "cache")
    process_dataset(
        ProcessConfig(
            input_folder=str(inputs / "mountain"), output_folder=cache, clip_model="builtin", tagged_dataset=False
        )
    )
    train = TrainConfig(
        metadata_json=f"{out}/input-metadata.json",
        tag_to_hash_json=f"{out}/input-tag-to-image-hash-list.json",
        output=out,
        background=(f"{cache}/clip-cache/mountain-metadata.json",) if background else (),
    )
    models = train_tag_models(train).models
    for archives in (False, True):
        classify_images(
            ClassifyConfig(
                directory=str(inputs / "mountain"),
                output=out,
                model=models,
                archives=archives,
                placed=placed,
                name_with_score=by_tag,
            )
        )


@pytest.mark.slow
@pytest.mark.parametrize(("background", "by_tag"), [(True, True), (False, True), (True, False)])
def test_the_whole_job_is_that_of_the_stages(inputs, tmp_path, monkeypatch, background, by_tag):
    if background:
        monkeypatch.setattr(sort_training, "LEAST_BACKGROUND", 10)
    summary = sort_images(config(inputs, tmp_path / "sorted", **({} if by_tag else {"name_with_score": False})))
    stages(inputs, tmp_path / "stages", background=background, by_tag=by_tag)
    assert summary.background == (16 if background else 0)
    assert results(tmp_path / "sorted") == results(tmp_path / "stages")
    assert (tmp_path / "sorted" / "reports" / "index.html").exists()


def test_everything_is_in_one_folder(inputs, tmp_path, least):
    summary = sort_images(config(inputs, tmp_path / "sorted"))
    names = set(os.listdir(tmp_path / "sorted"))
    assert names >= {"input-metadata.json", "models", "reports", "output.json", "stage1.db", "stage3.db", "stage4.db"}
    assert (summary.folder.embedding.images, summary.archive.embedding.images) == (12, 4)
    assert (summary.mountain.images, summary.mountain.computed) == (16, 16)
    assert summary.folder.embedding.computed == summary.archive.embedding.computed == 0
    assert len(list(read_results(tmp_path / "sorted" / "output.json"))) == 16


def test_a_second_run_computes_nothing_and_changes_nothing(inputs, tmp_path, least):
    first = sort_images(config(inputs, tmp_path / "sorted"))
    before = results(tmp_path / "sorted")
    again = sort_images(config(inputs, tmp_path / "sorted"))
    assert (first.train is None, again.train is None) == (False, True)
    assert (again.process.embedding.computed, again.mountain.computed) == (0, 0)
    assert results(tmp_path / "sorted") == before
    assert (again.folder.moved, again.folder.removed, again.folder.stayed) == (0, 0, 0)
    assert not again.folder.mixed_bins


def test_a_hard_linked_second_run_computes_nothing_either(inputs, tmp_path, least):
    root = shutil.copytree(inputs, tmp_path / "inputs")
    for _ in range(2):
        summary = sort_images(config(root, tmp_path / "sorted", place="hardlink", placed="all"))
    assert summary.train is None
    assert summary.mountain.computed == 0


@pytest.mark.parametrize("change", ["example", "mountain", "setting", "model"])
def test_tags_are_learned_again_where_something_has_changed(inputs, tmp_path, least, change):
    root = shutil.copytree(inputs, tmp_path / "inputs")
    sort_images(config(root, tmp_path / "sorted"))
    settings = {}
    if change == "example":
        written(root / "examples" / "tiles" / "more.png", png("tiles", 300))
    elif change == "mountain":
        written(root / "mountain" / "more.png", png("maps", 300))
    elif change == "setting":
        settings["test_per"] = 0.3
    else:
        next((tmp_path / "sorted" / "models").glob("*.pkl")).unlink()
    summary = sort_images(config(root, tmp_path / "sorted", **settings))
    assert summary.train is not None
    assert summary.folder.stayed == 0
    assert not summary.folder.mixed_bins


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
@pytest.mark.parametrize("moment", ["embedding the examples", "embedding the mountain", "learning", "sorting images"])
def test_a_killed_run_goes_on_to_the_same_results(inputs, tmp_path, moment):
    code = f"""
import os, signal, sys
from image_tagging import SortConfig, sort_images
from image_tagging.pipeline import sort_training
sort_training.LEAST_BACKGROUND = 10
def watch(activity, done, total):
    if activity.startswith({moment!r}):
        os.kill(os.getpid(), signal.SIGKILL)
sort_images(SortConfig(examples=sys.argv[1], mountain=sys.argv[2], output=sys.argv[3], clip_model="builtin",
                       batch_size=2), watch if len(sys.argv) > 4 else lambda *_: None)
"""
    paths = [str(inputs / "examples"), str(inputs / "mountain")]
    run = [sys.executable, "-c", code, *paths]
    killed = subprocess.run([*run, str(tmp_path / "killed"), "kill"], check=False, timeout=300)
    assert killed.returncode == -signal.SIGKILL
    subprocess.run([*run, str(tmp_path / "killed")], check=True, timeout=300)
    subprocess.run([*run, str(tmp_path / "whole")], check=True, timeout=300)
    assert results(tmp_path / "killed") == results(tmp_path / "whole")


def test_the_progress_is_one_whole_that_never_goes_back(inputs, tmp_path, least):
    seen = []
    sort_images(config(inputs, tmp_path / "sorted"), lambda *call: seen.append(call))
    steps = [call for call in seen if call[2] == WHOLE]
    shares = [done for _, done, _ in steps]
    assert shares == sorted(shares)
    assert shares[-1] == WHOLE
    assert any(words.startswith("embedding the mountain: 16 of 16") for words, _, _ in steps)
    assert all(call[2] in {None, WHOLE} for call in seen)


# --- inputs ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mountain", ["z.zip", "t.tar", "folder 0", "folder 0/0.png"])
def test_a_mountain_may_be_a_folder_an_archive_or_one_image(inputs, tmp_path, mountain):
    path = str(inputs / "mountain" / mountain)
    summary = sort_images(
        SortConfig(examples=str(inputs / "examples"), mountain=path, output=str(tmp_path / "o"), clip_model="builtin")
    )
    assert (summary.folder is None) == mountain.endswith(("zip", "tar"))
    assert (summary.archive is None) == (not mountain.endswith(("zip", "tar")))
    assert summary.background == 0


def test_examples_may_be_an_archive(inputs, tmp_path):
    members = {f"{kind}/{number}.png": png(kind, number) for kind in KINDS for number in range(4)}
    written(tmp_path / "e.zip", zipped(members))
    summary = sort_images(
        SortConfig(
            examples=str(tmp_path / "e.zip"),
            mountain=str(inputs / "mountain"),
            output=str(tmp_path / "o"),
            clip_model="builtin",
        )
    )
    assert set(summary.process.tags) == set(KINDS)


def test_the_examples_may_lie_in_the_mountain_or_be_it(inputs, tmp_path, least):
    root = shutil.copytree(inputs, tmp_path / "inputs")
    within = SortConfig(
        examples=str(root / "examples"), mountain=str(root), output=str(root / "sorted"), clip_model="builtin"
    )
    for _ in range(2):  # of its results it reads nothing
        summary = sort_images(within)
        assert (summary.mountain.images, summary.background) == (34, 16)
    same = SortConfig(
        examples=str(root / "examples"),
        mountain=str(root / "examples"),
        output=str(tmp_path / "same"),
        clip_model="builtin",
    )
    assert sort_images(same).background == 0


def test_a_mountain_in_the_examples_is_refused_before_any_work(inputs, tmp_path):
    wrong = SortConfig(
        examples=str(inputs), mountain=str(inputs / "mountain"), output=str(tmp_path / "o"), clip_model="builtin"
    )
    with pytest.raises(InputError, match=r"lies in the examples .* Move one of the two out of the other") as error:
        sort_images(wrong)
    assert "\n" not in str(error.value)
    assert not (tmp_path / "o").exists()


@pytest.mark.parametrize("missing", ["examples", "mountain"])
def test_an_input_that_is_missing_is_named_before_any_work(inputs, tmp_path, missing):
    paths = {name: str(inputs / name) for name in ("examples", "mountain")} | {missing: str(tmp_path / "gone")}
    with pytest.raises(InputError, match=r"there is no folder or file at .*gone"):
        sort_images(SortConfig(**paths, output=str(tmp_path / "o"), clip_model="builtin"))
    assert not (tmp_path / "o").exists()


@pytest.mark.parametrize("empty", ["examples", "mountain"])
def test_an_input_without_images_is_named(inputs, tmp_path, empty):
    written(tmp_path / "empty" / "sub" / "notes.txt", b"text")
    paths = {name: str(inputs / name) for name in ("examples", "mountain")} | {empty: str(tmp_path / "empty")}
    with pytest.raises(NoImagesError, match=r"empty: no image was found among 1 file\. Name") as error:
        sort_images(SortConfig(**paths, output=str(tmp_path / "o"), clip_model="builtin"))
    assert "\n" not in str(error.value)
    assert not (tmp_path / "o" / "models").exists()


def test_examples_of_one_tag_without_a_background_cannot_be_learned(inputs, tmp_path):
    one = SortConfig(
        examples=str(inputs / "examples" / "tiles"),
        mountain=str(inputs / "mountain"),
        output=str(tmp_path / "o"),
        clip_model="builtin",
    )
    with pytest.raises(TrainingError) as error:
        sort_images(one)
    assert "\n" not in str(error.value)


def test_links_to_images_in_archives_are_refused_before_any_work(inputs, tmp_path):
    with pytest.raises(InputError, match="place copy, hardlink or none"):
        sort_images(config(inputs, tmp_path / "o", place="symlink"))
    assert not (tmp_path / "o" / "models").exists()


def test_the_background_file_is_bounded(inputs, tmp_path, least, monkeypatch):
    monkeypatch.setattr(sort_training, "MOST_KEPT", 3)
    monkeypatch.setattr(sort_training, "LEAST_BACKGROUND", 3)
    monkeypatch.setattr(sort_training, "find_spec", lambda _: None)
    sort_images(config(inputs, tmp_path / "o"))
    drawn = json.loads((tmp_path / "o" / "background-metadata.json").read_bytes())
    assert len(drawn) == 3


def test_the_sample_is_what_training_would_draw_from_all(inputs, tmp_path, monkeypatch):
    cache = ProcessConfig(
        input_folder=str(inputs / "mountain"), output_folder=str(tmp_path), clip_model="builtin", tagged_dataset=False
    )
    encoder = process_dataset(cache).embedding.encoder
    whole = str(tmp_path / "clip-cache" / "mountain-metadata.json")
    monkeypatch.setattr(sort_training, "MOST_KEPT", 5)
    with WorkingStore(str(tmp_path)) as store:
        store.inputs.choose(Role.UNTAGGED, str(inputs / "mountain"))
        (example, _), *_ = store.pictures.names()
        sample = sort_training.draw_sample(store, {example})
        records = list(store.pictures.records_of([name for name, _ in sample.pictures], encoder))
    drawn = read_background([whole], encoder, HashList([example]), most=5)
    assert sorted(picture.hash_id for picture in drawn.pictures) == [record.hash_id for record in records]
    assert example not in [record.hash_id for record in records]


# --- the encoder -------------------------------------------------------------------------------------------


@pytest.fixture
def available(monkeypatch):
    """``available(name, pretrained, why)`` is what the automatic choice gives from now on."""

    def set_to(*choice):
        monkeypatch.setattr(chosen_encoder_module, "automatic_encoder", lambda: choice)

    return set_to


def sentence(inputs, output, **settings):
    return chosen_encoder_module.choose_encoder(config(inputs, output, **settings)).sentence


def test_the_automatic_encoder_is_said_with_the_reason(inputs, tmp_path, available):
    available("builtin", "learned-2", "since open_clip is not installed")
    said = sentence(inputs, tmp_path / "o", clip_model="auto")
    assert said == "Encoder builtin/learned-2, since open_clip is not installed."


def test_a_folder_keeps_the_encoder_of_its_first_run(inputs, tmp_path, available):
    available("builtin", "learned-2", "since open_clip is not installed")
    sort_images(config(inputs, tmp_path / "o", clip_model="auto"))
    available("ViT-B-32", "openai", "since it is there")
    said = sentence(inputs, tmp_path / "o", clip_model="auto")
    assert said.startswith("Encoder builtin/learned-2, that of earlier runs into")


def test_a_folder_of_the_stages_keeps_their_encoder(inputs, tmp_path, available):
    process_dataset(
        ProcessConfig(input_folder=str(inputs / "examples"), output_folder=str(tmp_path / "o"), clip_model="builtin")
    )
    available("ViT-B-32", "openai", "since it is there")
    assert "builtin/learned-2, that of earlier runs" in sentence(inputs, tmp_path / "o", clip_model="auto")


def test_another_encoder_says_what_is_computed_again(inputs, tmp_path):
    sort_images(config(inputs, tmp_path / "o"))
    said = sentence(inputs, tmp_path / "o", clip_model="ViT-B-32", pretrained="openai")
    assert said == (
        "Encoder ViT-B-32/openai, as --clip_model says. 34 embeddings by builtin/learned-2 are computed again."
    )
    assert sentence(inputs, tmp_path / "o") == "Encoder builtin/learned-2, as --clip_model says."


def test_an_encoder_that_is_asked_for_and_not_there_is_an_error(inputs, tmp_path):
    with pytest.raises(EncoderUnavailableError):
        sort_images(config(inputs, tmp_path / "o", clip_model="ViT-B-32", pretrained=str(tmp_path / "gone.pt")))


@pytest.mark.parametrize("clip_model", ["no-such-model", "ViT-B-32"])
def test_an_encoder_that_is_not_there_is_not_kept(inputs, tmp_path, available, clip_model):
    available("builtin", "learned-2", "since open_clip is not installed")
    with pytest.raises(EncoderUnavailableError):
        sort_images(config(inputs, tmp_path / "o", clip_model=clip_model, pretrained=str(tmp_path / "gone.pt")))
    assert "builtin/learned-2, since open_clip" in sentence(inputs, tmp_path / "o", clip_model="auto")


def test_files_placed_by_an_earlier_version_stay_and_are_told(inputs, tmp_path, least):
    sort_images(config(inputs, tmp_path / "o"))
    with WorkingStore(str(tmp_path / "o")) as store:
        store.finished.finish(PLACING, "models of an earlier version/10")
    summary = sort_images(config(inputs, tmp_path / "o"))
    assert summary.folder.mixed_bins
    assert not sort_images(config(inputs, tmp_path / "o")).folder.mixed_bins


def test_all_and_tagged_follow_each_other(inputs, tmp_path, least):
    root, out = shutil.copytree(inputs, tmp_path / "inputs"), tmp_path / "o"
    counts = []
    for placed in ("tagged", "all", "tagged"):
        sort_images(config(root, out, placed=placed))
        counts.append(len(list(out.glob("by-tag/*/*"))))
    assert counts[1] == 16 * len(KINDS)
    assert counts[0] == counts[2] < counts[1]
    assert sum(1 for path in (root / "mountain").rglob("*") if path.is_file()) == 14


def test_a_second_run_in_the_folder_is_refused_while_the_first_works(inputs, tmp_path, least):
    second: list[str] = []

    def meanwhile(activity, done, total):
        if not second:
            with pytest.raises(OutputError) as refused:
                sort_images(config(inputs, tmp_path / "o"))
            second.append(str(refused.value))

    first = sort_images(config(inputs, tmp_path / "o"), meanwhile)
    assert first.folder.embedding.images == 12
    assert second == [f"another run works in {tmp_path / 'o'}. Wait for it, or use another output folder."]
