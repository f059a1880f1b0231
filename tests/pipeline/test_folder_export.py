"""Exports of data sets: written once, ours alone replaced, the same bytes again."""

import json
import ntpath
import os
import shutil
from pathlib import Path

import pytest

from image_tagging import ClassifyConfig, classify_images
from image_tagging.errors import InputError, OutputError
from image_tagging.pipeline import ExportConfig, export_results
from image_tagging.pipeline.export.export import _place
from image_tagging.pipeline.export.written_folders import identity

FORMATS = ["imagefolder", "webdataset", "coco", "label-studio", "fiftyone"]


@pytest.fixture
def photos(tmp_path, drawing):
    """A folder of images, and an archive in an archive with one more."""
    folder = tmp_path / "photos"
    for number in range(3):
        drawing(folder / "test" / f"tiles {number}.png", "tiles", 50 + number)
    drawing(tmp_path / "inner" / "cat" / "7.png", "tiles", 77)
    shutil.make_archive(str(tmp_path / "outer" / "inner"), "zip", tmp_path / "inner")
    shutil.make_archive(str(tmp_path / "photos"), "zip", tmp_path / "outer")
    return folder


@pytest.fixture
def scored(photos, output):
    """An output folder with the scores of the photos and of the archive."""
    for source, archives in ((photos, False), (photos.with_suffix(".zip"), True)):
        classify_images(
            ClassifyConfig(
                directory=str(source), output=str(output), model=str(output / "models"), place="none", archives=archives
            )
        )
    return output


def export(output, name, **settings):
    return export_results(ExportConfig(format=name, output=str(output), **settings))


def files(folder):
    """The files below a folder with their bytes and what says that they were not written again."""
    found = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {path.relative_to(folder).as_posix(): (path.read_bytes(), path.lstat().st_ino) for path in found}


@pytest.mark.parametrize("name", FORMATS)
def test_a_second_export_touches_nothing(name, scored):
    first = export(scored, name)
    before = files(scored / "export")
    second = export(scored, name)
    assert first.counts.new == len(before) == second.counts.unchanged
    assert (second.counts.new, second.counts.changed, second.counts.removed) == (0, 0, 0)
    assert files(scored / "export") == before


@pytest.mark.parametrize("place", ["hardlink", "symlink"])
def test_links_are_made_once(place, scored):
    export(scored, "imagefolder", place=place)
    before = files(scored / "export")
    assert export(scored, "imagefolder", place=place).counts.unchanged == len(before)
    assert files(scored / "export") == before


@pytest.mark.parametrize("places", [("copy", "symlink"), ("symlink", "hardlink"), ("hardlink", "copy")])
def test_another_way_to_place_replaces_what_ours_is(places, scored):
    for place in places:
        export(scored, "coco", place=place)
    links = [path.is_symlink() for path in (scored / "export" / "coco" / "images").rglob("*.png")]
    assert any(links) == (places[-1] == "symlink")


@pytest.mark.parametrize("name", FORMATS)
def test_a_dry_run_counts_what_the_run_then_does_and_writes_nothing(name, scored):
    planned = export(scored, name, dry_run=True).counts
    assert not (scored / "export").exists()
    assert export(scored, name).counts == planned
    assert export(scored, name, dry_run=True).counts == export(scored, name).counts


def test_images_that_are_no_longer_wanted_are_removed_and_no_others(scored):
    export(scored, "imagefolder")
    folder = scored / "export" / "imagefolder"
    (folder / "images" / "mine.txt").write_text("mine")
    counts = export(scored, "imagefolder", place="none").counts
    assert counts.removed > 1
    assert sorted(files(folder)) == ["images/mine.txt", "metadata.jsonl"]


@pytest.mark.parametrize("name", ["metadata.jsonl", "README.md"])
def test_a_file_of_others_stops_an_export_before_it_writes(name, scored, tmp_path):
    (tmp_path / "to").mkdir()
    (tmp_path / "to" / name).write_text("mine")
    with pytest.raises(OutputError, match="was not written by an export"):
        export(scored, "imagefolder", to=str(tmp_path / "to"))
    assert [path.name for path in (tmp_path / "to").rglob("*")] == [name]
    export(scored, "imagefolder", to=str(tmp_path / "to"), replace=True)
    assert (tmp_path / "to" / name).read_text() != "mine"


def test_a_folder_in_place_of_a_file_of_ours_stops_an_export_too(scored):
    table = scored / "export" / "csv" / "export.csv"
    export(scored, "csv")
    table.unlink()
    table.mkdir()
    for is_dry in (True, False):
        with pytest.raises(OutputError, match=r"export\.csv was not written by an export"):
            export(scored, "csv", dry_run=is_dry)
    assert list(table.parent.iterdir()) == [table]


def test_on_windows_an_export_may_go_to_another_drive(monkeypatch):
    monkeypatch.setattr(os, "path", ntpath)
    monkeypatch.setattr(os, "sep", "\\")
    assert _place("txt", "D:\\captions", "C:\\out") == "txt:D:/captions"
    assert _place("txt", "C:\\output", "C:\\out") == "txt:C:/output"
    assert _place("txt", "C:\\out\\export\\txt", "C:\\out") == "txt:export/txt"


def test_a_link_is_known_by_where_it_leads_as_windows_says_it(tmp_path):
    links = [tmp_path / "one", tmp_path / "other"]
    links[0].symlink_to("C:\\photos\\a.png")
    links[1].symlink_to("\\\\?\\C:\\photos\\a.png")
    assert len({identity(str(link)) for link in links}) == 1


def test_a_file_that_a_person_changed_is_kept(scored):
    export(scored, "imagefolder")
    card = scored / "export" / "imagefolder" / "README.md"
    card.write_text("my card")
    with pytest.raises(OutputError, match="changed since"):
        export(scored, "imagefolder")
    assert card.read_text() == "my card"


def test_images_that_are_gone_are_failures(scored, photos):
    shutil.rmtree(photos)
    summary = export(scored, "webdataset")
    assert sorted(failure.ref.name for failure in summary.failures) == [f"tiles {number}.png" for number in range(3)]
    assert summary.counts.new == 1


def test_members_of_archives_are_copied_where_files_are_linked(scored):
    export(scored, "imagefolder", place="symlink")
    rows = [json.loads(line) for line in (scored / "export/imagefolder/metadata.jsonl").read_bytes().splitlines()]
    (member,) = (row for row in rows if row["files"][0].endswith("cat/7.png"))
    assert not (scored / "export" / "imagefolder" / member["file_name"]).is_symlink()


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_a_link_in_place_of_a_folder_is_not_followed(scored, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (scored / "export" / "imagefolder").mkdir(parents=True)
    (scored / "export" / "imagefolder" / "images").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OutputError):
        export(scored, "imagefolder")
    assert not list(Path(tmp_path / "elsewhere").iterdir())


@pytest.mark.parametrize(
    ("settings", "words"),
    [({"beside": True}, "leave out --beside"), ({"by_tag": True, "place": "none"}, "hold images")],
)
def test_settings_that_contradict_each_other_are_refused(settings, words, scored):
    with pytest.raises(InputError, match=words):
        export(scored, "imagefolder", **settings)
    assert not (scored / "export").exists()
