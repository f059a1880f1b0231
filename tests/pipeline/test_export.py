"""An export: one file for each image in the form of another program, ours alone replaced, the same bytes again."""

import csv
import json
import os
import shutil
import sys
from pathlib import Path

import pytest
from PIL import Image

from image_tagging import ClassifyConfig, ProcessConfig, classify_images, process_dataset
from image_tagging.errors import InputError, OutputError
from image_tagging.pipeline import ExportConfig, Judged, Review, export_results, search_pictures
from image_tagging.search import parse_arguments

DARKTABLE = b"""<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:subject><rdf:Bag><rdf:li>holidays</rdf:li></rdf:Bag>
</dc:subject></rdf:Description></rdf:RDF></x:xmpmeta>"""


@pytest.fixture
def photos(tmp_path, drawing):
    """A folder of images, one of them in an archive in an archive."""
    folder = tmp_path / "photos"
    for number in range(3):
        drawing(folder / "2024" / f"tiles {number}.png", "tiles", 50 + number)
        drawing(folder / "2025" / f"sprites-{number}.png", "sprites", 50 + number)
    drawing(tmp_path / "inner" / "cat" / "7.png", "tiles", 77)
    shutil.make_archive(str(tmp_path / "outer" / "inner"), "zip", tmp_path / "inner")
    shutil.make_archive(str(tmp_path / "photos"), "zip", tmp_path / "outer")
    return folder


@pytest.fixture
def scored(photos, trained, tmp_path):
    """An output folder with examples of its own, and the scores of the photos and of the archive."""
    shutil.copytree(trained.images, tmp_path / "images")
    shutil.copytree(trained.models, tmp_path / "out" / "models")
    output = str(tmp_path / "out")
    process_dataset(ProcessConfig(input_folder=str(tmp_path / "images"), output_folder=output, clip_model="builtin"))
    for source, archives in ((photos, False), (photos.with_suffix(".zip"), True)):
        classify(source, tmp_path / "out", archives=archives)
    return tmp_path / "out"


def classify(source, output, *, archives=False):
    models = str(output / "models")
    classify_images(
        ClassifyConfig(directory=str(source), output=str(output), model=models, place="none", archives=archives)
    )


def export(output, name="txt", **settings):
    return export_results(ExportConfig(format=name, output=str(output), **settings))


def files(folder):
    """The files below a folder with their bytes."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }


def judge(output, name, tag, verdict):
    """Say a verdict on the picture of a file name."""
    (found,) = search_pictures(parse_arguments([f"path:{name}"]), str(output)).pictures
    review = Review(str(output))
    review.judge(tag, "all", [Judged(found.hash_id, verdict, 0)])
    review.close()


def test_images_get_their_tags_in_the_folders_they_lie_in(scored):
    summary = export(scored)
    written = files(scored / "export" / "txt")
    assert written["photos/2024/tiles 0.txt"] == b"tiles\n"
    assert written["photos/2025/sprites-1.txt"] == b"sprites\n"
    assert written["photos.zip/inner.zip/cat/7.txt"] == b"tiles\n"
    assert written["images/isometric/isometric-3.txt"].startswith(b"isometric")
    assert summary.counts.new == len(written)


def test_a_second_export_touches_nothing(scored):
    export(scored)
    before, ledger = files(scored / "export"), (scored / "image-tagging.exports").stat()
    times = {path: path.stat().st_ino for path in (scored / "export").rglob("*.txt")}
    counts = export(scored).counts
    assert (counts.new, counts.changed, counts.unchanged) == (0, 0, len(before))
    assert files(scored / "export") == before
    assert {path: path.stat().st_ino for path in (scored / "export").rglob("*.txt")} == times
    assert (scored / "image-tagging.exports").stat().st_ino == ledger.st_ino


def test_a_dry_run_counts_what_the_run_then_does_and_writes_nothing(scored):
    dry = export(scored, dry_run=True)
    assert dry.is_dry
    assert not (scored / "export").exists()
    assert not (scored / "image-tagging.exports").exists()
    assert export(scored).counts == dry.counts


def test_what_is_no_longer_wanted_is_removed_with_its_folder(scored):
    export(scored, prefix="style")
    everything = files(scored / "export" / "txt")
    own = scored / "export" / "txt" / "photos" / "mine.txt"
    own.write_text("a note of mine")
    counts = export(scored, min_probability=1.0).counts
    left = files(scored / "export" / "txt")
    assert counts.removed == len(everything) - len(left) + 1
    assert own.exists()
    assert not (scored / "export" / "txt" / "photos" / "2024").exists()


def test_the_words_of_tags_the_separator_and_the_prefix_are_as_asked(scored):
    export(scored, min_probability=0.0, separator="newline", prefix="my style", spaces="underscore")
    lines = files(scored / "export" / "txt")["photos/2024/tiles 0.txt"].decode().splitlines()
    assert lines[:2] == ["my style", "tiles"]
    assert sorted(lines[1:]) == ["isometric", "sprites", "tiles"]


@pytest.mark.skipif(sys.platform != "linux", reason="the names of other systems are text")
@pytest.mark.parametrize("settings", [{}, {"beside": True}, {"to": "caf\udce9"}], ids=["export", "beside", "to"])
def test_a_name_that_is_no_text_is_exported_and_known_again(scored, photos, drawing, monkeypatch, settings):
    monkeypatch.chdir(photos.parent)
    drawing(photos / "2024" / "one.png", "tiles", 60)
    os.rename(photos / "2024" / "one.png", photos / "2024" / "caf\udce9.png")
    classify(photos, scored)
    first, second = export(scored, **settings), export(scored, **settings)
    root = photos.parent if "beside" in settings else Path(first.folder)
    assert (root / "photos" / "2024" / "caf\udce9.txt").read_bytes() == b"tiles\n"
    assert (second.counts.unchanged, second.counts.changed) == (first.counts.new, 0)
    assert export(scored, prefix="x", **settings).counts.changed == first.counts.new
    tasks = Path(export(scored, "label-studio", place="none").folder, "tasks.json").read_bytes()
    assert b"?d=photos/2024/caf%E9.png" in tasks
    assert rb"photos/2024/caf\\udce9.png" in tasks


def test_verdicts_win_over_examples_and_models(scored):
    for name, tag, verdict in (("tiles 0.png", "tiles", "no"), ("tiles 0.png", "sprites", "yes")):
        judge(scored, name, tag, verdict)
    judge(scored, "isometric-3.png", "isometric", "no")
    export(scored)
    written = files(scored / "export" / "txt")
    assert written["photos/2024/tiles 0.txt"] == b"sprites\n"
    assert b"isometric" not in written.get("images/isometric/isometric-3.txt", b"")


def test_files_go_next_to_the_images_only_when_asked_and_archives_are_counted(scored, photos):
    counts = export(scored, beside=True).counts
    assert (photos / "2024" / "tiles 0.txt").read_bytes() == b"tiles\n"
    assert counts.inside == 1
    assert not (scored / "export").exists()


def test_a_file_of_others_is_never_replaced_unless_asked(scored, photos):
    note = photos / "2024" / "tiles 0.txt"
    note.write_text("taken in June")
    with pytest.raises(OutputError, match=r"tiles 0\.txt was not written by an export.*--replace"):
        export(scored, beside=True)
    assert note.read_text() == "taken in June"
    assert list(photos.rglob("*.txt")) == [note]
    export(scored, beside=True, replace=True)
    assert note.read_bytes() == b"tiles\n"


def test_a_file_that_a_person_changed_after_the_export_stays(scored, photos):
    export(scored, beside=True)
    changed = photos / "2024" / "tiles 1.txt"
    changed.write_text("tiles, checked by hand\n")
    with pytest.raises(OutputError, match="was changed since"):
        export(scored, beside=True, prefix="style")
    assert changed.read_text() == "tiles, checked by hand\n"
    assert (photos / "2024" / "tiles 0.txt").read_bytes() == b"tiles\n"


def test_two_images_that_want_one_file_are_refused_and_both_named(scored, photos, drawing):
    drawing(photos / "2024" / "tiles 0.bmp", "tiles", 91)
    classify_images(
        ClassifyConfig(directory=str(photos), output=str(scored), model=str(scored / "models"), place="none")
    )
    with pytest.raises(InputError, match=r"tiles 0\.\w+ and .*tiles 0\.\w+ want one file, tiles 0\.txt") as error:
        export(scored)
    assert "tiles 0.png" in str(error.value)
    assert "tiles 0.bmp" in str(error.value)
    assert not files(scored / "export") if (scored / "export").exists() else True
    export(scored, sidecar_name="full")
    assert {"photos/2024/tiles 0.png.txt", "photos/2024/tiles 0.bmp.txt"} <= set(files(scored / "export" / "txt"))


def test_an_export_that_was_killed_is_taken_up_by_the_next(scored, monkeypatch):
    from image_tagging.pipeline.export import sidecars

    copy, calls = sidecars.copy_image, []

    def killed(*arguments):
        if len(calls) == 5:
            raise KeyboardInterrupt
        calls.append(arguments)
        copy(*arguments)

    monkeypatch.setattr(sidecars, "copy_image", killed)
    with pytest.raises(KeyboardInterrupt):
        export(scored)
    monkeypatch.setattr(sidecars, "copy_image", copy)
    counts = export(scored, prefix="style").counts
    assert counts.changed == 5


@pytest.mark.parametrize("content", [b"of somebody else", b"tiles\n"])
def test_what_appears_while_an_export_runs_is_not_replaced(scored, monkeypatch, content):
    from image_tagging.pipeline.export import export as module

    place = scored / "export" / "txt" / "photos" / "2024" / "tiles 0.txt"

    def meanwhile(_):
        place.parent.mkdir(parents=True)
        place.write_bytes(content)

    monkeypatch.setattr(module, "remove_leftovers", meanwhile)
    if content == b"tiles\n":
        export(scored)
    else:
        with pytest.raises(OutputError, match=r"tiles 0.txt was changed meanwhile: export again"):
            export(scored)
    assert place.read_bytes() == content


def test_without_room_for_its_plan_an_export_says_so(scored, monkeypatch):
    from image_tagging.pipeline.export import planned

    def full():
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(planned, "temporary_file", full)
    with pytest.raises(OutputError, match=r"No space left on device. Free some space there, or name another in TMPDIR"):
        export(scored)
    assert not (scored / "export").exists()


def test_two_inputs_of_one_name_keep_apart(tmp_path, drawing, output):
    for side in ("left", "right"):
        drawing(tmp_path / side / "photos" / "a.png", "tiles", len(side))
        source = str(tmp_path / side / "photos")
        classify_images(
            ClassifyConfig(directory=source, output=str(output), model=str(output / "models"), place="none")
        )
    export(output, min_probability=0.0)
    assert {"photos/a.txt", "photos (2)/a.txt"} <= set(files(output / "export" / "txt"))


def test_a_folder_that_is_no_output_folder_says_so(tmp_path):
    with pytest.raises(InputError, match="holds no"):
        export(tmp_path)


def test_a_read_only_folder_next_to_the_images_is_named_before_anything_is_written(scored, photos, monkeypatch):
    from image_tagging.pipeline.export import sidecars

    closed = str(photos / "2025")
    monkeypatch.setattr(sidecars.os, "access", lambda path, _mode: path != closed)  # root may write everywhere
    with pytest.raises(OutputError, match=r"2025: it is read-only\. Leave out --beside"):
        export(scored, beside=True)
    assert not list(photos.rglob("*.txt"))


def test_examples_alone_can_be_exported(tmp_path, drawing):
    for number in range(2):
        drawing(tmp_path / "in" / "red, blue" / f"{number}.png", "tiles", number)
    out = tmp_path / "new"
    process_dataset(ProcessConfig(input_folder=str(tmp_path / "in"), output_folder=str(out), clip_model="builtin"))
    summary = export(out)
    assert Path(out, "export/txt/in/red, blue/0.txt").read_bytes() == b"red  blue\n"
    assert summary.changed_tags == ("red, blue",)


def test_a_sidecar_of_a_photo_manager_is_merged_and_never_removed(scored, photos):
    sidecar = photos / "2024" / "tiles 0.png.xmp"
    sidecar.write_bytes(DARKTABLE)
    export(scored, "xmp", beside=True)
    merged = sidecar.read_bytes()
    assert merged != DARKTABLE
    assert b"holidays" in merged
    assert (photos / "2024" / "tiles 1.png.xmp").exists()
    assert export(scored, "xmp", beside=True).counts.changed == 0
    export(scored, "xmp", beside=True, min_probability=1.0)  # no photo has a tag now
    assert sidecar.read_bytes() == merged
    assert not (photos / "2024" / "tiles 1.png.xmp").exists()


def test_a_sidecar_that_a_person_went_on_with_is_merged(scored, photos):
    export(scored, "xmp", beside=True)
    sidecar = photos / "2024" / "tiles 1.png.xmp"
    sidecar.write_bytes(sidecar.read_bytes().replace(b"<rdf:li>tiles</rdf:li>", b"<rdf:li>mine</rdf:li>"))
    export(scored, "xmp", beside=True, min_probability=0.0)
    assert b">mine<" in sidecar.read_bytes()
    assert b">tiles<" in sidecar.read_bytes()


def test_a_sidecar_that_is_not_xml_stops_the_export_before_anything_is_written(scored, photos):
    sidecar = photos / "2025" / "sprites-1.png.xmp"
    sidecar.write_text("no XML")
    with pytest.raises(InputError, match=r"sprites-1\.png\.xmp is not XML \(line 1: syntax error\)\. Nothing"):
        export(scored, "xmp", beside=True, replace=True)
    assert list(photos.rglob("*.xmp")) == [sidecar]


def rows(output, **settings):
    """The rows of the CSV of an export."""
    export(output, "csv", **settings)
    with open(output / "export" / "csv" / "export.csv", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_csv_has_a_row_for_each_tag_and_says_who_said_it(scored):
    judge(scored, "tiles 1.png", "sprites", "yes")
    found = {(Path(row["file_path"]).name, row["tag"]): row for row in rows(scored)}
    assert found["tiles 1.png", "sprites"]["said_by"] == "verdict"
    assert found["tiles 1.png", "tiles"]["said_by"] == "model"
    assert 0.5 < float(found["tiles 1.png", "tiles"]["probability"]) <= 1
    assert found["isometric-3.png", "isometric"]["said_by"] == "example"


def test_json_lines_have_all_files_and_scores(scored):
    judge(scored, "tiles 1.png", "tiles", "no")
    export(scored, "jsonl")
    lines = [json.loads(line) for line in (scored / "export/jsonl/export.jsonl").read_text("utf-8").splitlines()]
    assert [line["hash_id"] for line in lines] == sorted(line["hash_id"] for line in lines)
    by_name = {Path(line["file_path"]).name: line for line in lines}
    assert by_name["7.png"]["addresses"][0][1:] == ["inner.zip", "cat/7.png"]
    assert {"tag": "tiles", "probability": 0.0, "said_by": "verdict"} in by_name["tiles 1.png"]["scores"]
    assert "tiles" not in {each["tag"] for each in by_name["tiles 1.png"]["tags"]}
    assert {each["tag"] for each in by_name["tiles 0.png"]["scores"]} == {"isometric", "sprites", "tiles"}


def test_parquet_has_all_scores_and_which_of_them_are_tags(scored):
    parquet = pytest.importorskip("pyarrow.parquet")
    export(scored, "parquet")
    table = parquet.read_table(scored / "export/parquet/export.parquet").to_pylist()
    tags = [(row["hash_id"], row["tag"], row["probability"]) for row in table if row["has_tag"]]
    assert sorted(tags) == sorted((row["hash_id"], row["tag"], float(row["probability"])) for row in rows(scored))
    assert len(table) > len(tags)


@pytest.mark.parametrize("name", ["csv", "jsonl", "parquet"])
def test_a_table_is_written_again_only_when_it_is_another(scored, name):
    if name == "parquet":
        pytest.importorskip("pyarrow")
    export(scored, name)
    (path,) = (scored / "export" / name).iterdir()
    before, content = path.stat().st_ino, path.read_bytes()
    counts = export(scored, name).counts
    assert (counts.new, counts.changed, counts.unchanged) == (0, 0, 1)
    assert path.stat().st_ino == before
    judge(scored, "tiles 1.png", "sprites", "yes")
    assert export(scored, name, dry_run=True).counts.changed == 1
    assert path.read_bytes() == content
    export(scored, name)
    assert path.read_bytes() != content


def test_a_table_of_others_is_not_replaced(scored, tmp_path):
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "export.csv").write_text("mine")
    with pytest.raises(OutputError, match=r"export\.csv was not written by an export"):
        export(scored, "csv", to=str(tmp_path / "tables"))
    assert (tmp_path / "tables" / "export.csv").read_text() == "mine"


def test_a_table_cannot_go_next_to_the_images(scored):
    with pytest.raises(InputError, match="leave out --beside"):
        export(scored, "csv", beside=True)


def test_files_on_a_disk_that_comes_back_are_still_ours(scored, photos):
    export(scored, beside=True)
    photos.rename(photos.with_name("unplugged"))
    assert export(scored, beside=True).counts.gone == 6
    photos.with_name("unplugged").rename(photos)
    export(scored, beside=True, prefix="style")
    assert (photos / "2024" / "tiles 0.txt").read_bytes() == b"style, tiles\n"


@pytest.mark.parametrize("name", ["imagefolder", "webdataset", "coco", "label-studio", "fiftyone"])
def test_a_data_set_leaves_out_what_has_no_tag_unless_it_is_asked_for(scored, drawing, name):
    sources = scored.parent / "more"
    drawing(sources / "chart.png", "charts", 99)
    models = str(scored / "models")
    classify_images(ClassifyConfig(directory=str(sources), output=str(scored), model=models, place="none"))
    every = len(json_lines(scored))
    summary = export(scored, name)
    assert 0 < summary.counts.untagged < every
    assert summary.is_data_set
    again = export(scored, name, untagged=True)
    assert again.counts.untagged == 0
    assert again.counts.pictures == summary.counts.pictures == every


def json_lines(output):
    export(output, "jsonl")
    return (output / "export" / "jsonl" / "export.jsonl").read_text("utf-8").splitlines()


def test_untagged_is_about_data_sets(scored):
    with pytest.raises(InputError, match="txt is none"):
        export(scored, untagged=True)


def test_repeats_are_left_out_where_that_is_asked_for(scored):
    repeat = scored.parent / "again" / "sprites-1.jpg"
    repeat.parent.mkdir()
    with Image.open(scored.parent / "photos" / "2025" / "sprites-1.png") as image:
        image.convert("RGB").save(repeat, quality=98, subsampling=0)
    models = str(scored / "models")
    classify_images(ClassifyConfig(directory=str(repeat.parent), output=str(scored), model=models, place="none"))
    assert export(scored).counts.pictures == export(scored, hide_repeats=True).counts.pictures + 1
