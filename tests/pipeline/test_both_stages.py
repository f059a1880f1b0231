"""Stages 3 and 4 in one output folder: ``output.json`` holds both, and nothing of it is lost without a word."""

from __future__ import annotations

import io
import json
import shutil
import tarfile
import zipfile
from contextlib import suppress

import numpy as np
import pytest
from PIL import Image

from image_tagging import ClassifyConfig, classify_images
from image_tagging.cli import app as cli
from image_tagging.exporters import earlier as earlier_module
from image_tagging.exporters import read_results
from image_tagging.exporters.results import ResultWriter
from samples import written


def classify(source, output, models, **settings):
    settings = {"archives": str(source).endswith((".zip", ".tar", "archives")), "place": "none", **settings}
    return classify_images(ClassifyConfig(directory=str(source), output=str(output), model=str(models), **settings))


@pytest.fixture
def sources(tmp_path, drawing):
    """Two pictures in a folder alone, two in an archive alone, and one in both: ``folder`` and ``a.zip``."""
    for name in ("tiles-1", "sprites-2", "tiles-3"):
        kind, number = name.split("-")
        drawing(tmp_path / "folder" / f"{name}.png", kind, int(number))
    for name in ("isometric-4", "tiles-3", "isometric-5"):
        kind, number = name.split("-")
        drawing(tmp_path / "packed" / f"{name}.png", kind, int(number))
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for name in ("isometric-4", "tiles-3", "isometric-5"):
            archive.write(tmp_path / "packed" / f"{name}.png", f"in/{name}.png")
    return tmp_path


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


def test_the_table_of_scores_holds_both_stages(sources, out, trained):
    classify(sources / "folder", out, trained.models, results_format="csv")
    summary = classify(sources / "a.zip", out, trained.models)
    lines = (out / "output.csv").read_text("utf-8").splitlines()
    assert len(lines) == 7
    assert sum("a.zip/in/" in line for line in lines) == 3
    assert summary.files[-1] == str(out / "output.csv")


def entries(out):
    return json.loads((out / "output.json").read_text(encoding="utf-8"))


def names(out):
    """The names of the files of each entry, in order."""
    return [[ref.name for ref in picture.addresses] for picture in read_results(str(out / "output.json"))]


def data(out):
    return (out / "output.json").read_bytes()


FOLDER = [["sprites-2.png"], ["tiles-1.png"], ["tiles-3.png"]]
BOTH = [["sprites-2.png"], ["tiles-1.png"], ["tiles-3.png", "tiles-3.png"], ["isometric-4.png"], ["isometric-5.png"]]


@pytest.mark.parametrize("order", [("folder", "a.zip"), ("a.zip", "folder")], ids=["3 then 4", "4 then 3"])
def test_both_stages_are_in_the_file_whichever_was_first(sources, out, trained, order):
    first, second = (classify(sources / source, out, trained.models) for source in order)
    assert names(out) == BOTH
    assert (first.replaced, first.dropped, first.kept) == (0, 0, 0)
    assert (second.replaced, second.dropped, second.kept) == (0, 0, 3)


def test_a_picture_of_both_stages_is_one_entry_with_all_its_files(sources, out, trained):
    classify(sources / "a.zip", out, trained.models)
    classify(sources / "folder", out, trained.models)
    plain, packed = str(sources / "folder" / "tiles-3.png"), str(sources / "a.zip")
    (entry,) = (entry for entry in entries(out).values() if len(entry["file_paths"]) == 2)
    assert entry["file_path"] == plain
    assert entry["file_paths"] == [plain, f"{packed}/in/tiles-3.png"]
    assert entry["addresses"] == [[plain], [packed, "in/tiles-3.png"]]
    assert list(entry) == ["hash_id", "file_path", "file_paths", "addresses", "classifiers_output"]


def test_stage_4_alone_writes_the_file(sources, out, trained):
    classify(sources / "a.zip", out, trained.models)
    assert sorted(names(out)) == [["isometric-4.png"], ["isometric-5.png"], ["tiles-3.png"]]


def test_the_scores_of_a_picture_of_both_are_those_of_the_later_run(sources, out, trained, tmp_path):
    models = shutil.copytree(trained.models, tmp_path / "models")
    classify(sources / "folder", out, models)
    before = entries(out)
    for path in models.glob("*sprites*"):
        path.unlink()
    classify(sources / "a.zip", out, models)
    for hash_id, entry in entries(out).items():
        tags = {score["tag_name"] for score in entry["classifiers_output"]}
        is_packed = any(len(address) > 1 for address in entry["addresses"])
        assert tags == ({"isometric", "tiles"} if is_packed else {"isometric", "sprites", "tiles"})
        if not is_packed:
            assert entry == before[hash_id]


@pytest.mark.parametrize("archive", ["a.zip", "a.tar", "archives"], ids=["a zip", "a tar", "an archive in another"])
def test_runs_again_leave_the_same_bytes(sources, out, trained, archive):
    with tarfile.open(sources / "a.tar", "w") as tar:
        tar.add(sources / "packed", "packed")
    with zipfile.ZipFile(sources / "outer.zip", "w") as outer:
        outer.write(sources / "a.zip", "a.zip")
    written(sources / "archives" / "outer.zip", (sources / "outer.zip").read_bytes())
    for source in ("folder", archive):
        classify(sources / source, out, trained.models)
    both = data(out)
    assert len(names(out)) == 5
    for source in ("folder", archive, archive, "folder", "folder"):
        summary = classify(sources / source, out, trained.models)
        assert data(out) == both
        assert (summary.replaced, summary.dropped, summary.kept) == (3, 0, 3)


def test_what_is_gone_of_this_stage_is_dropped_and_counted(sources, out, trained):
    for source in ("folder", "a.zip"):
        classify(sources / source, out, trained.models)
    (sources / "folder" / "tiles-3.png").unlink()
    (sources / "folder" / "tiles-1.png").unlink()
    summary = classify(sources / "folder", out, trained.models)
    assert (summary.replaced, summary.dropped, summary.kept) == (3, 2, 3)
    assert sorted(names(out)) == [["isometric-4.png"], ["isometric-5.png"], ["sprites-2.png"], ["tiles-3.png"]]
    with zipfile.ZipFile(sources / "a.zip", "w") as archive:
        archive.write(sources / "packed" / "isometric-5.png", "in/isometric-5.png")
    summary = classify(sources / "a.zip", out, trained.models)
    assert (summary.replaced, summary.dropped, summary.kept) == (3, 2, 1)
    assert names(out) == [["sprites-2.png"], ["isometric-5.png"]]


@pytest.fixture
def reads(monkeypatch):
    """The files of results that are read from their beginning."""
    met, whole = [], earlier_module.json_pieces
    monkeypatch.setattr(
        earlier_module, "json_pieces", lambda errors, file: met.append(errors.path) or whole(errors, file)
    )
    return met


def test_a_file_that_is_as_this_stage_left_it_is_not_read_again(sources, out, trained, reads):
    for _ in range(3):
        summary = classify(sources / "folder", out, trained.models)
    assert reads == []
    assert (summary.replaced, summary.dropped, summary.kept) == (3, 0, 0)
    assert names(out) == FOLDER


def test_what_is_gone_is_counted_in_a_file_that_is_known_too(sources, out, trained, reads):
    classify(sources / "folder", out, trained.models)
    (sources / "folder" / "tiles-3.png").unlink()
    written(sources / "folder" / "new.png", (sources / "packed" / "isometric-5.png").read_bytes())
    summary = classify(sources / "folder", out, trained.models)
    assert (summary.replaced, summary.dropped, summary.kept) == (3, 1, 0)
    assert len(reads) == 1
    assert classify(sources / "folder", out, trained.models).dropped == 0
    assert len(reads) == 1


@pytest.mark.parametrize("change", ["another program", "the other stage"])
def test_a_file_that_was_written_since_is_read(sources, out, trained, reads, change):
    classify(sources / "folder", out, trained.models)
    if change == "the other stage":
        classify(sources / "a.zip", out, trained.models)
    else:
        (out / "output.json").write_bytes(data(out))
    reads.clear()
    summary = classify(sources / "folder", out, trained.models)
    assert reads
    assert (summary.replaced, summary.dropped) == (3, 0)
    assert names(out) == (BOTH if change == "the other stage" else FOLDER)


def test_the_command_says_how_many_are_replaced_and_kept(sources, out, trained, capsys):
    options = (f"--model={trained.models}", f"--output={out}", "--place=none")
    for name, source in (("classify", "folder"), ("classify-zip", "a.zip"), ("classify", "folder")):
        if name == "classify" and out.exists():
            (sources / "folder" / "tiles-1.png").unlink()
        assert cli.main([name, f"--directory={sources / source}", *options]) == 0
    said = capsys.readouterr().out
    assert "output.json: kept 3 pictures of stage 3 (classify)." in said
    assert "output.json: kept 3 pictures of stage 4 (classify-zip)." in said
    assert "replaced 3 pictures of the last run of this stage, of which 1 is not among these images." in said
    log = (out / "image-tagging.log").read_text(encoding="utf-8")
    assert "output.json: replaced 3 pictures of this stage (1 of them gone), kept 3 of the other" in log


def test_pictures_that_share_a_hash_alone_keep_apart(tmp_path, out, trained):
    """Palette swaps: the pixels are the same numbers, and the pictures are not."""
    for name, colours in (("plain", (255, 0, 0)), ("packed", (0, 0, 255))):
        image = Image.fromarray(np.zeros((9, 9), np.uint8))
        image.putpalette(colours)
        file = io.BytesIO()
        image.save(file, "PNG")
        if name == "plain":
            written(tmp_path / "folder" / "plain.png", file.getvalue())
        else:
            with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
                archive.writestr("packed.png", file.getvalue())
    for source in ("folder", "a.zip"):
        classify(tmp_path / source, out, trained.models)
    both = data(out)
    assert names(out) == [["plain.png"], ["packed.png"]]
    for source in ("folder", "a.zip", "a.zip"):
        classify(tmp_path / source, out, trained.models)
        assert data(out) == both
    shutil.rmtree(out)
    for source in ("a.zip", "folder"):
        classify(tmp_path / source, out, trained.models)
        assert names(out)[-1] == ["packed.png"]
    assert names(out) == [["plain.png"], ["packed.png"]]


def test_images_of_one_path_in_one_archive_are_all_scored(tmp_path, out, trained, drawing):
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.write(drawing(tmp_path / "1.png", "tiles", 1), "x.png")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("inner.zip", inner.getvalue())
        archive.write(drawing(tmp_path / "2.png", "tiles", 2), "inner.zip/x.png")
    assert classify(tmp_path / "a.zip", out, trained.models).embedding.images == 2
    packed = str(tmp_path / "a.zip")
    found = sorted(entry["addresses"] for entry in entries(out).values())
    assert found == [[[packed, "inner.zip", "x.png"]], [[packed, "inner.zip/x.png"]]]


def test_keys_that_others_add_are_kept(sources, out, trained):
    classify(sources / "folder", out, trained.models)
    noted = {hash_id: {**entry, "note": "mine"} for hash_id, entry in entries(out).items()}
    (out / "output.json").write_text(json.dumps(noted, indent=2), encoding="utf-8")
    classify(sources / "a.zip", out, trained.models)
    assert [entry.get("note") for entry in entries(out).values()] == ["mine"] * 3 + [None] * 2
    assert names(out) == BOTH


def test_an_interrupted_run_leaves_the_file_as_it_was(sources, out, trained, monkeypatch):
    for source in ("folder", "a.zip"):
        classify(sources / source, out, trained.models)
    both = data(out)
    add, counted = ResultWriter.add, []

    def interrupted(*arguments):
        counted.append(1)
        if len(counted) == 3:
            raise KeyboardInterrupt
        add(*arguments)

    monkeypatch.setattr(ResultWriter, "add", interrupted)
    for source in ("folder", "a.zip"):
        counted.clear()
        with suppress(KeyboardInterrupt):
            classify(sources / source, out, trained.models)
        assert data(out) == both
    monkeypatch.undo()
    assert not list(out.glob(".image-tagging-*"))
    classify(sources / "folder", out, trained.models)
    assert data(out) == both


def test_a_file_of_an_earlier_version_is_replaced_by_a_run_of_its_stage(sources, out, trained):
    for source in ("a.zip", "folder"):
        classify(sources / source, out, trained.models)
    without_addresses(out)
    summary = classify(sources / "folder", out, trained.models)
    assert (summary.replaced, summary.dropped, summary.kept) == (5, 2, 0)
    assert names(out) == FOLDER


def without_addresses(out):
    earlier = {hash_id: {**entry, "addresses": None} for hash_id, entry in entries(out).items()}
    for entry in earlier.values():
        del entry["addresses"]
    (out / "output.json").write_text(json.dumps(earlier), encoding="utf-8")
