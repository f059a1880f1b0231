"""What metadata and cards of a stranger say is a claim: nothing is shown, read or replaced because they say so."""

from __future__ import annotations

import json
import os
import re
import shutil
import zipfile
from pathlib import Path

import pytest

from image_tagging.cli import app as cli
from image_tagging.encoders.clip import weights
from samples import png, written


def metadata_of(trained):
    return json.loads((trained.output / "input-metadata.json").read_text(encoding="utf-8"))


def rewritten(trained, path, change):
    """Write the metadata with ``change(number, record)`` made to each record."""
    records = metadata_of(trained)
    for number, record in enumerate(records.values()):
        change(number, record)
    path.write_text(json.dumps(records), encoding="utf-8")
    return path


# --- pictures of the machine (R4) --------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("with_address", [True, False])
def test_the_page_shows_no_picture_that_the_metadata_only_claims(trained, tmp_path, with_address):
    home = tmp_path / "home"

    def claim(number, record):
        private = Path(written(home / f"private{number}.png", png(number)))  # each path is that of one record alone
        for name in (f"Letter{number}.docx", f"photos{number}.zip"):
            with zipfile.ZipFile(home / name, "w") as archive:
                archive.write(private, "image1.png")
        claims = [
            [str(private)],
            [f"{tmp_path}/in/../home/private{number}.png"],
            [f"{home}/Letter{number}.docx", "image1.png"],
            [f"{home}/photos{number}.zip", "image1.png"],
            [f"//server/share/private{number}.png"],
        ]
        address = claims[number % len(claims)]
        record["file_path"] = "/".join(address)
        record.pop("address", None)
        if with_address:
            record["address"] = address

    metadata = rewritten(trained, tmp_path / "m.json", claim)
    lists = trained.output / "input-tag-to-image-hash-list.json"
    output = tmp_path / "output"
    arguments = (f"--metadata_json={metadata}", f"--tag_to_hash_json={lists}", f"--output={output}")
    assert cli.main(["train", *arguments]) == 0
    page = (output / "reports" / "index.html").read_text(encoding="utf-8")
    assert json.loads(re.search('id="thumbnails">(.*?)</script>', page)[1]) == []


# --- embeddings of the metadata (R5) -----------------------------------------------------------------------


@pytest.mark.slow
def test_a_run_with_wrong_metadata_leaves_what_was_computed(trained, tmp_path, capsys):
    output = tmp_path / "output"
    stage_1 = ["process", f"--input_folder={trained.images}", f"--output_folder={output}", "--clip_model=builtin"]
    assert cli.main(stage_1) == 0
    before = (output / "input-metadata.json").read_bytes()
    vectors = [record["embeddings_vector"] for record in metadata_of(trained).values()]

    def rotate(number, record):
        record["embeddings_vector"] = vectors[(number + 8) % len(vectors)]

    foreign = rewritten(trained, tmp_path / "foreign.json", rotate)
    options = (f"--model={trained.models}", f"--output={output}", "--place=none")
    stage_3 = ["classify", f"--directory={trained.images}", *options]
    assert cli.main(stage_3) == 0
    own = (output / "output.json").read_bytes()
    capsys.readouterr()
    assert cli.main([*stage_3, f"--metadata_json={foreign}"]) == 0
    assert f"{len(vectors)} pictures: the metadata holds another embedding than was computed" in capsys.readouterr().out
    assert (output / "output.json").read_bytes() == own
    assert cli.main(stage_1) == 0
    assert (output / "input-metadata.json").read_bytes() == before


@pytest.mark.slow
def test_wrong_metadata_counts_in_no_run_that_does_not_name_it(trained, tmp_path):
    def shrink(number, record):
        record["embeddings_vector"] = [value + number for value in record["embeddings_vector"]]

    foreign = rewritten(trained, tmp_path / "foreign.json", shrink)
    folders = {}
    for name, metadata in (("with", [f"--metadata_json={foreign}"]), ("without", [])):
        folders[name] = tmp_path / name
        options = (f"--model={trained.models}", f"--output={folders[name]}", "--place=none")
        assert cli.main(["classify", f"--directory={trained.images}", *options, *metadata]) == 0
    claimed = (folders["with"] / "output.json").read_bytes()
    computed = (folders["without"] / "output.json").read_bytes()
    assert claimed != computed
    options = (f"--model={trained.models}", f"--output={folders['with']}", "--place=none")
    assert cli.main(["classify", f"--directory={trained.images}", *options]) == 0
    assert (folders["with"] / "output.json").read_bytes() == computed


# --- files that cards name (R14) ---------------------------------------------------------------------------


@pytest.fixture
def pin(tmp_path, monkeypatch):
    """A file of the user that is never read; it lies in the working directory as well."""
    path = tmp_path / "pin.txt"
    path.write_text("1234")
    shutil.copy(path, tmp_path / "openai")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(weights, "file_digest", lambda path: pytest.fail(f"{path} was read"))
    return path


@pytest.mark.parametrize("named", ["{path}", "pin.txt", "./pin.txt", "openai", "//server/share/w.pt"])
def test_the_pretrained_of_a_card_is_no_file(refused, trained, tmp_path, pin, named):
    models = tmp_path / "models"
    shutil.copytree(trained.models, models)
    for card in models.glob("*.json"):
        content = json.loads(card.read_text(encoding="utf-8"))
        content["encoder"].update(name="ViT-B-32", pretrained=named.format(path=pin))
        card.write_text(json.dumps(content), encoding="utf-8")
    said = refused("classify", f"--directory={trained.images}", f"--model={models}", f"--output={tmp_path / 'out'}")
    assert "1234" not in said


def test_the_pretrained_of_metadata_is_no_file(refused, trained, tmp_path, pin):
    def name(_, record):
        record.update(model="ViT-B-32", pretrained=str(pin))

    metadata = rewritten(trained, tmp_path / "m.json", name)
    lists = trained.output / "input-tag-to-image-hash-list.json"
    shown = cli.main(
        [
            "train",
            f"--metadata_json={metadata}",
            f"--tag_to_hash_json={lists}",
            f"--output={tmp_path / 'out'}",
            "--prior=text",
        ]
    )
    assert shown == 0  # without the prior, which a warning says


def test_a_file_called_like_the_default_weights_is_not_taken_for_them(pin):
    assert os.path.isfile("openai")
    found = weights.identify("ViT-B-32", "openai", lambda: pytest.fail("open_clip was imported"))
    assert (found.pretrained, found.path) == ("openai", "")


# --- kinds that are called like files of results (R14) -----------------------------------------------------


@pytest.mark.parametrize("kind", ["output.json", "stage3.db", "models", "Reports", "image-tagging.store", "clip-cache"])
def test_a_kind_called_like_a_file_of_results_is_refused_before_work(refused, trained, tmp_path, kind):
    (tmp_path / "models").mkdir()
    for suffix in (".pkl", ".json"):
        source = trained.models / f"model-ovr-svm-tag-tiles{suffix}"
        shutil.copy(source, tmp_path / "models" / f"model-{kind}-tag-tiles{suffix}")
    options = (f"--model={tmp_path / 'models'}", f"--output={tmp_path / 'out'}")
    said = refused("classify", f"--directory={trained.images}", *options)
    assert f"model-{kind}-tag-tiles.pkl names a kind, {kind}, that other results are called by" in said
    assert not (tmp_path / "out" / "image-tagging.store").exists()
