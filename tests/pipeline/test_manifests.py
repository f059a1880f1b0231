"""A run on a manifest gives the bytes of a run on its source, and reads nothing that was not listed."""

from __future__ import annotations

import os
import shutil
import zipfile

import pytest

from image_tagging import ClassifyConfig, ProcessConfig, classify_images, process_dataset
from image_tagging.errors import InputError, OutputError
from image_tagging.pipeline import ListConfig, list_images
from image_tagging.sources import DataSetRules, Manifest, find_images
from image_tagging.tag_models import kind_names
from samples import png, written, zipped

pq = pytest.importorskip("pyarrow.parquet", reason="needs the parquet extra")


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """Folders, archives in archives, and everything that a source can have besides images."""
    root = tmp_path_factory.mktemp("source")
    for number in range(6):
        written(root / "cat" / f"{number}.png", png(number))
        written(root / "dog" / "red" / f"{number}.png", png(10 + number))
    written(root / "cat" / "double.png", png(0))
    written(root / "cat" / "broken.png", b"none")
    written(root / "notes.txt", b"x")
    written(root / "raw.cr2", b"x")
    written(root / ".hidden.png", png(1))
    written(root / "what", b"x")
    (root / "empty").mkdir()
    written(root / "a.zip", zipped({"1.png": png(20), "in.zip": {"bird/2.png": png(21)}, "r.txt": b"", "q.nef": b""}))
    written(root / "damaged.zip", zipped({"1.png": png(22)})[:-30] + b"x")
    return root


def list_at(source, tmp_path, **settings):
    return list_images(ListConfig(source=str(source), output=str(tmp_path / "manifest.parquet"), **settings))


def process(output, **settings):
    return process_dataset(ProcessConfig(output=str(output), clip_model="builtin", **settings))


def results(output):
    """The results of a run by their paths, without the working store and the log."""
    return {
        path.relative_to(output).as_posix(): path.read_bytes()
        for path in sorted(output.rglob("*"))
        if path.is_file() and not path.name.startswith("image-tagging.")
    }


def said(summary):
    """What a summary says, without what differs from run to run."""
    return {
        **vars(summary.embedding),
        "computed_on": None,
        "tags": getattr(summary, "tags", None),
        "warnings": getattr(summary, "warnings", None),
        "empty": getattr(summary, "empty_tags", None),
    }


@pytest.mark.parametrize("level", ["parent", "top"])
def test_a_run_on_a_manifest_is_that_on_its_source(source, tmp_path, level):
    listed = list_at(source, tmp_path, tag_level=level, exclude=["cat/3.png"])
    direct = process(tmp_path / "a", input_folder=str(source), tag_level=level, exclude=["cat/3.png"])
    by_manifest = process(tmp_path / "b", manifest=listed.path)
    assert said(by_manifest) == said(direct)
    assert by_manifest.embedding.images > 10
    assert results(tmp_path / "a") == results(tmp_path / "b")
    assert len(results(tmp_path / "a")) >= 4


@pytest.mark.parametrize("archives", [False, True])
def test_classifying_by_a_manifest_is_that_of_its_source(source, tmp_path, trained, archives):
    listed = list_at(source, tmp_path)
    given = {"model": str(trained.models), "archives": archives}
    direct = classify_images(ClassifyConfig(directory=str(source), output=str(tmp_path / "a"), **given))
    by_manifest = classify_images(ClassifyConfig(manifest=listed.path, output=str(tmp_path / "b"), **given))
    assert said(by_manifest) == said(direct)
    assert (by_manifest.left_out, by_manifest.directory) == (direct.left_out, direct.directory)
    of_a, of_b = results(tmp_path / "a"), results(tmp_path / "b")
    assert of_a.keys() == of_b.keys()
    assert [name for name in of_a if of_a[name] != of_b[name]] == []


def test_everything_in_hostile_archives_comes_back_as_it_was_found(shared_data, tmp_path):
    for folder in ("nasty-zips", "nasty-images"):
        found = list(find_images(str(shared_data / folder), DataSetRules((), kind_names())))
        assert list(Manifest(list_at(shared_data / folder, tmp_path).path).items()) == found


def test_the_manifest_counts_what_it_lists(source, tmp_path):
    listed = list_at(source, tmp_path, shard_images=4)
    table = pq.read_table(listed.path)
    kinds = table.column("kind").to_pylist()
    assert (listed.rows, listed.images) == (table.num_rows, kinds.count("image"))
    assert listed.archives == kinds.count("archive") == 3
    assert listed.shards == max(each for each in table.column("shard").to_pylist() if each is not None) + 1 > 2
    assert listed.size == sum(each or 0 for each in table.column("size").to_pylist()) > 0
    assert set(kinds) == {"image", "archive", "folder", "file", "left-out", "failure"}
    assert listed.failure_codes["damaged-archive"] == 1


def test_the_same_source_gives_the_same_manifest(source, tmp_path):
    first = list_at(source, tmp_path / "a")
    second = list_at(source, tmp_path / "b")
    with open(first.path, "rb") as one, open(second.path, "rb") as other:
        assert one.read() == other.read()


def test_what_has_changed_since_it_was_listed_fails_in_words(tmp_path):
    source = tmp_path / "in"
    for number in range(4):
        written(source / "cat" / f"{number}.png", png(number))
    written(source / "pack.zip", zipped({"5.png": png(5)}))
    listed = list_at(source, tmp_path)
    os.remove(source / "cat" / "1.png")
    written(source / "cat" / "2.png", png(30) + b"more")
    written(source / "pack.zip", zipped({"5.png": png(31)}))
    written(source / "cat" / "new.png", png(9))
    summary = process(tmp_path / "out", manifest=listed.path)
    assert summary.embedding.images == 2
    codes = {failure.ref.name: failure.code for failure in summary.embedding.failures}
    assert codes == {"1.png": "missing", "2.png": "changed", "5.png": "changed"}


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        ({"input_folder": "elsewhere"}, "input_folder"),
        ({"exclude": ["x"]}, "exclude"),
        ({"tag_level": "top"}, "tag_level"),
        ({"follow_links": True}, "follow_links"),
        ({"archive_encoding": "cp932"}, "archive_encoding"),
    ],
)
def test_settings_that_the_manifest_was_not_listed_with_are_refused(source, tmp_path, settings, word):
    listed = list_at(source, tmp_path)
    with pytest.raises(InputError, match=f"was listed with {word} .*leave {word} out, or list the source again"):
        process(tmp_path / "out", manifest=listed.path, **settings)
    assert not (tmp_path / "out").exists()


def test_the_source_may_be_given_next_to_its_manifest(source, tmp_path):
    listed = list_at(source, tmp_path)
    assert process(tmp_path / "out", manifest=listed.path, input_folder=str(source)).embedding.images > 10


def test_nothing_to_read_is_an_error_in_words(tmp_path):
    with pytest.raises(InputError, match="give input_folder, or a manifest"):
        process(tmp_path / "out")
    with pytest.raises(InputError, match="give directory, or a manifest"):
        classify_images(ClassifyConfig(output=str(tmp_path / "out")))


def test_a_listing_that_fails_leaves_the_earlier_manifest(source, tmp_path):
    listed = list_at(source, tmp_path)
    before = (tmp_path / "manifest.parquet").read_bytes()
    with pytest.raises(InputError, match="no folder or file"):
        list_at(tmp_path / "nothing", tmp_path)
    assert (tmp_path / "manifest.parquet").read_bytes() == before
    assert os.listdir(tmp_path) == ["manifest.parquet"]
    assert listed.rows > 0


def test_a_file_of_another_program_is_not_replaced(source, tmp_path):
    written(tmp_path / "manifest.parquet", b"mine")
    with pytest.raises(OutputError, match="not a file that"):
        list_at(source, tmp_path)
    assert (tmp_path / "manifest.parquet").read_bytes() == b"mine"


def test_a_manifest_outlives_a_source_that_moves_away(source, tmp_path):
    copy = tmp_path / "in"
    shutil.copytree(source, copy)
    listed = list_at(copy, tmp_path)
    shutil.rmtree(copy)
    with pytest.raises(InputError, match="none of the"):
        process(tmp_path / "out", manifest=listed.path)


def test_names_that_are_no_text_come_back_as_they_are(tmp_path):
    source = tmp_path / "in"
    written(source / "cat" / "1.png", png(1))
    with zipfile.ZipFile(source / "x.zip", "w") as archive:
        archive.writestr("b\\ud800.png", png(2))
    listed = list_at(source, tmp_path)
    direct = process(tmp_path / "a", input_folder=str(source))
    assert said(process(tmp_path / "b", manifest=listed.path)) == said(direct)
