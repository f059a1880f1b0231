"""The stages on what the original's authors published: their images, archive, metadata and models."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

pytestmark = [pytest.mark.data, pytest.mark.slow]

CHECKOUT = Path(__file__).resolve().parents[2]


def run(front, *arguments, **environment):
    """A documented command, from the checkout; gives what it printed."""
    done = subprocess.run(
        [sys.executable, f"./{front}", *map(str, arguments)],
        check=False,
        capture_output=True,
        encoding="utf-8",
        timeout=600,
        cwd=CHECKOUT,
        env={**os.environ, **environment},
    )
    # Nothing about versions of scikit-learn, or anything else.
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def read_json(path):
    return json.loads(Path(path).read_text(encoding="utf-8"))


def rows(path, name):
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(f"SELECT * FROM {name}")]


@pytest.fixture(scope="module")
def golden(published):
    """hash -> {(kind, tag): what the original scores}."""
    images = read_json(published / "golden-scores.json")
    return {
        hash_id: {tuple(key.split("|")): score for key, score in image["scores"].items()}
        for hash_id, image in images.items()
    }


def assert_golden(scores, golden):
    """``scores`` are (hash, kind, tag, probability)."""
    worst = max(abs(probability - golden[hash_id][kind, tag]) for hash_id, kind, tag, probability in scores)
    assert worst < 1e-6


def scores_of(output):
    return [
        (hash_id, score["model_type"], score["tag_name"], score["tag_prob"])
        for hash_id, entry in output.items()
        for score in entry["classifiers_output"]
    ]


def test_stage_1_gives_the_published_hashes_and_tags(published, tmp_path):
    run(
        "stage1/ImageDatasetProcessor.py",
        f"--input_folder={published / 'images'}",
        f"--output_folder={tmp_path}",
        "--clip_model=builtin",
    )
    theirs = read_json(published / "input-metadata.json")
    ours = read_json(tmp_path / "input-metadata.json")
    assert set(ours) == set(theirs)
    assert len(ours) == 24
    for hash_id, record in ours.items():
        told = theirs[hash_id]
        for key in ("hash_id", "file_name", "file_type", "image_size_bytes", "image_resolution", "image_tags"):
            assert record[key] == told[key], key
        assert (record["image_xsize"], record["image_ysize"]) == (told["image_xsize"], told["image_ysize"])
        assert [key for key in record if key != "address"] == list(told)
    folders = {folder.name: {path.name for path in folder.iterdir()} for folder in (published / "images").iterdir()}
    by_tag = read_json(tmp_path / "input-tag-to-image-hash-list.json")
    assert {tag: {ours[hash_id]["file_name"] for hash_id in hashes} for tag, hashes in by_tag.items()} == folders
    by_hash = read_json(tmp_path / "input-image-hash-to-tag-list.json")
    assert {(hash_id, tag) for hash_id, tags in by_hash.items() for tag in tags} == {
        (hash_id, tag) for tag, hashes in by_tag.items() for hash_id in hashes
    }
    stored = rows(tmp_path / "stage1.db", "stage1")
    assert len(stored) == 24
    assert {row["hash_id"] for row in stored} == set(theirs)


def test_stage_3_scores_as_the_original_does(published, tmp_path, golden):
    run(
        "stage3/classify.py",
        f"--directory={published / 'images'}",
        f"--metadata_json={published / 'input-metadata.json'}",
        f"--model={published / 'models'}",
        f"--output={tmp_path}",
    )
    scores = scores_of(read_json(tmp_path / "output.json"))
    assert {(hash_id, kind, tag) for hash_id, kind, tag, _ in scores} == {
        (hash_id, *name) for hash_id, names in golden.items() for name in names
    }
    assert len(scores) == 24 * 40
    assert_golden(scores, golden)
    stored = rows(tmp_path / "stage3.db", "stage3")
    assert len(stored) == 24 * 40
    assert_golden([(row["hash_id"], row["model_type"], row["tag_name"], row["tag_prob"]) for row in stored], golden)
    assert all(row["tagged"] == (row["tag_prob"] >= 0.5) for row in stored)
    counts = Counter(path.parts[-4:-2] for path in tmp_path.glob("ovr-*/*/*/*"))
    assert len(counts) == 40
    assert set(counts.values()) == {24}


def test_stage_4_scores_the_published_archive(published, tmp_path, golden):
    archive = published / "subset3.zip"
    before = archive.read_bytes()
    run(
        "stage4/classify_zip.py",
        f"--directory={archive}",
        f"--metadata_json={published / 'input-metadata.json'}",
        f"--model={published / 'models'}",
        f"--output={tmp_path}",
    )
    assert archive.read_bytes() == before
    output = read_json(tmp_path / "output.json")
    assert set(output) < set(golden)
    assert_golden(scores_of(output), golden)
    files = [path for entry in output.values() for path in entry["file_paths"]]
    inner = f"{archive}/subset3/subset3_subzip1.zip"
    assert (len(files), len(set(files))) == (20, 20)
    assert sum(path.startswith(f"{inner}/") for path in files) == 4
    stored = rows(tmp_path / "stage4.db", "stage4")
    images = [row for row in stored if row["type"] != ".zip"]
    assert len(images) == 20 * 40
    assert_golden([(row["hash_id"], row["model_type"], row["tag_name"], row["tag_prob"]) for row in images], golden)
    assert Counter(row["archive_path"] for row in images) == {str(archive): 16 * 40, inner: 4 * 40}
    archives = {row["file_path"]: row["n_img_content"] for row in stored if row["type"] == ".zip"}
    assert archives == {str(archive): 16, inner: 4}


@pytest.mark.parametrize("stage", ["stage3/classify.py", "stage4/classify_zip.py"])
def test_without_the_weights_all_but_unknown_pictures_are_scored(published, tmp_path, golden, drawing, stage):
    images = shutil.copytree(published / "images", tmp_path / "images")
    for number in range(2):
        drawing(images / "new" / f"{number}.png", "tiles", number)
    source = shutil.make_archive(str(tmp_path / "images"), "zip", images) if "zip" in stage else images
    said = run(
        stage,
        f"--directory={source}",
        f"--metadata_json={published / 'input-metadata.json'}",
        f"--model={published / 'models'}",
        f"--output={tmp_path / 'out'}",
        HF_HUB_CACHE=str(tmp_path / "empty"),
        HF_HUB_OFFLINE="1",
    )
    assert "2 images need the encoder ViT-B-32/openai, which is not available (the weights 'openai' of ViT-B-32" in said
    assert "give a local file with --pretrained=/path/to/file" in said
    scores = scores_of(read_json(tmp_path / "out" / "output.json"))
    assert len(scores) == 24 * 40
    assert_golden(scores, golden)


def test_stage_2_learns_from_the_published_embeddings(published, tmp_path):
    """Real CLIP embeddings, with ``other-training`` and ``other-validation`` as the authors used them."""
    lists = {}
    for hash_id, record in read_json(published / "input-metadata.json").items():
        for tag in record["image_tags"]:
            lists.setdefault(tag, []).append(hash_id)
    (tmp_path / "lists.json").write_text(json.dumps(lists), encoding="utf-8")
    run(
        "stage2/train.py",
        *("--metadata_json", published / "input-metadata.json"),
        *("--tag_to_hash_json", tmp_path / "lists.json"),
        *("--output", tmp_path),
    )
    report = (tmp_path / "reports" / "model-report-ovr-svm-tag-not-pixel-art.txt").read_text(encoding="utf-8")
    assert "tag-set-image-count: 8\nother-set-image-count: 8\n" in report
    card = read_json(tmp_path / "models" / "model-ovr-svm-tag-not-pixel-art.json")
    assert card["encoder"]["name"] == "ViT-B-32"
    run("stage3/classify.py", f"--directory={published / 'images'}", f"--model={tmp_path / 'models'}",
        f"--metadata_json={published / 'input-metadata.json'}", f"--output={tmp_path}")  # fmt: skip
    assert len(rows(tmp_path / "stage3.db", "stage3")) == 24 * 4
