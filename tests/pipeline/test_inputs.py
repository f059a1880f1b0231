"""The inputs of an output folder: they are listed, taken out, and found again where they were moved."""

from __future__ import annotations

import json
import os
import shutil

import pytest

from collected import Collected
from image_tagging import forget_input, list_inputs, move_input
from image_tagging.cli import app as cli
from image_tagging.errors import InputError, OutputError
from image_tagging.exporters import read_results, read_table


@pytest.fixture
def made(tmp_path, trained):
    return Collected(tmp_path, trained.models)


def run_all(made, *sources):
    for source in sources:
        made.process(source)
        made.classify(source)
        made.classify(f"{source}.zip")


def placed(made):
    """The files in bins."""
    return sorted(path.relative_to(made.out) for path in made.out.rglob("*.png"))


# --- listing -----------------------------------------------------------------------------------------------


def test_inputs_are_listed_by_role_in_the_order_added(made):
    run_all(made, "b", "a")
    made.process("a", tagged_dataset=False)
    shutil.rmtree(made.folder / "a")
    found = [(each.role, os.path.basename(each.path), each.images, each.is_there) for each in list_inputs(made.out)]
    assert found == [
        ("tagged", "b", 2, True),
        ("tagged", "a", 3, False),
        ("untagged", "a", 3, False),
        ("classify", "b", 2, True),
        ("classify", "a", 3, False),
        ("classify-zip", "b.zip", 2, True),
        ("classify-zip", "a.zip", 3, True),
    ]


def test_a_folder_of_something_else_has_no_inputs(tmp_path):
    with pytest.raises(InputError, match="give an output folder"):
        list_inputs(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_command_shows_inputs_for_people_and_programs(made, capsys):
    made.process("a")
    shutil.rmtree(made.folder / "a")
    capsys.readouterr()
    assert cli.main(["inputs", str(made.out)]) == 0
    said = capsys.readouterr().out
    assert str(made.folder / "a") in said
    assert "not there now" in said
    assert cli.main(["inputs", str(made.out), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == [
        {"role": "tagged", "path": str(made.folder / "a"), "images": 3, "is_there": False}
    ]


# --- taking out --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("gone", ["a", "b"])
def test_without_an_input_the_files_are_those_of_the_other(made, tmp_path, gone):
    other = {"a": "b", "b": "a"}[gone]
    run_all(made, other)
    alone, paths = made.files(), {each.file_paths for each in read_results(made.out / "output.json")}
    shutil.rmtree(made.out)
    run_all(made, "a", "b")
    for source in (gone, f"{gone}.zip"):
        forget_input(made.out, made.folder / source)
    now = made.files()
    assert {name for name in now if not name.endswith(".png")} == {name for name in alone if not name.endswith(".png")}
    same = [name for name in alone if not name.endswith(("output.json", ".db", ".png"))]
    assert {name: now[name] for name in same} == {name: alone[name] for name in same}
    assert {each.file_paths for each in read_results(made.out / "output.json")} == paths


def test_files_placed_of_the_input_are_removed_and_changed_ones_stay(made):
    made.classify("a")
    before = placed(made)
    made.classify("b")
    (changed,) = [path for path in placed(made) if path.name == "3.png"][:1]
    (made.out / changed).write_bytes(b"mine")
    summary = forget_input(made.out, made.folder / "b")
    assert placed(made) == sorted([*before, changed])
    assert (summary.removed, summary.stayed) == (11, 1)


def test_files_placed_of_an_input_that_is_not_there_stay(made):
    made.classify("a")
    made.classify("b")
    before = placed(made)
    shutil.rmtree(made.folder / "b")
    assert (forget_input(made.out, made.folder / "b").removed, placed(made)) == (0, before)


def test_the_next_run_after_an_input_was_taken_out_changes_nothing(made):
    run_all(made, "a", "b")
    for source in ("b", "b.zip"):
        forget_input(made.out, made.folder / source)
    before = made.files()
    run_all(made, "a")
    assert made.files() == before


def answers(made):
    """What the table says, by file and model."""
    rows = read_table(os.path.join(made.out, "stage3.db"))
    return {(row.file_name, row.score.tag, row.score.kind): row.score.tagged for row in rows}


def test_without_the_table_thresholds_are_what_the_scores_show(made):
    for source in ("a", "b"):
        made.classify(source)
    before = answers(made)
    (made.out / "stage3.db").unlink()
    forget_input(made.out, made.folder / "b")
    after = answers(made)
    assert after == {key: before[key] for key in after}
    assert {*after.values()} == {0, 1}
    assert {name for name, *_ in after} == {path.name for path in (made.folder / "a").rglob("*.png")}


def test_scores_that_no_threshold_gives_are_refused_and_the_files_stay(made):
    for source in ("a", "b"):
        made.classify(source, place="none")
    path = made.out / "output.json"
    results, of_model = json.loads(path.read_bytes()), {}
    for entry in results.values():
        for score in entry["classifiers_output"]:
            of_model.setdefault((score["model_type"], score["tag_name"]), []).append(score["tag_prob"])
    for entry in results.values():
        for score in entry["classifiers_output"]:
            score["tagged"] = score["tag_prob"] == min(of_model[score["model_type"], score["tag_name"]])
    path.write_text(json.dumps(results))
    before = made.files()
    with pytest.raises(OutputError, match=r"output\.json was changed: by \S+ a probability of .* Run classify again"):
        forget_input(made.out, made.folder / "b")
    assert made.files() == before
    made.classify("a", place="none")
    assert {*answers(made).values()} == {0, 1}


def test_the_table_for_spreadsheets_is_of_the_inputs_that_are_left(made):
    made.classify("a", results_format="csv")
    made.classify("b")
    table = made.out / "output.csv"
    forget_input(made.out, made.folder / "a")
    assert "/b/" in table.read_text("utf-8")
    assert "/a/" not in table.read_text("utf-8")
    forget_input(made.out, made.folder / "b")
    assert not table.exists()


def test_without_any_input_no_file_is_left(made):
    run_all(made, "a")
    made.process("a", tagged_dataset=False)
    for source in ("a", "a.zip"):
        forget_input(made.out, made.folder / source)
    assert made.files() == {}
    assert list_inputs(made.out) == ()


def test_one_untagged_input_of_two_takes_its_metadata_along(made):
    for source in ("a", "b"):
        made.process(source, tagged_dataset=False)
    forget_input(made.out, made.folder / "a")
    assert sorted(made.files()) == ["clip-cache/b-metadata.json", "clip-cache/stage1.db"]
    rows = list(read_table(made.out / "clip-cache" / "stage1.db"))
    assert [(row.file_name, row.input) for row in rows] == [("2.png", ""), ("3.png", "")]


def test_an_input_that_is_none_is_named_with_those_there_are(made):
    made.process("a")
    with pytest.raises(InputError, match=rf"b is no input of .*Its inputs: {made.folder / 'a'}\."):
        forget_input(made.out, made.folder / "b")


# --- moving ------------------------------------------------------------------------------------------------


def test_an_input_that_was_moved_is_found_again_and_nothing_is_computed(made, monkeypatch):
    run_all(made, "a", "b")
    before = made.files()
    (made.folder / "new").mkdir()
    for name in ("a", "a.zip"):
        shutil.move(made.folder / name, made.folder / "new" / name)
        assert move_input(made.out, made.folder / name, made.folder / "new" / name).missing == 0
    old, new = (str(path).encode() for path in (made.folder / "a", made.folder / "new" / "a"))
    now = made.files()
    tables = {name for name in now if name.endswith(".db")}
    assert {name: now[name] for name in now if name not in tables} == {
        name: data if name.endswith(".png") else data.replace(old, new)
        for name, data in before.items()
        if name not in tables
    }
    assert {row.input for row in read_table(made.out / "stage3.db")} == {new.decode(), str(made.folder / "b")}
    monkeypatch.setattr("image_tagging.pipeline.prepare.PrepareImages.__call__", lambda *_: pytest.fail("read"))
    for run, source in ((made.process, "new/a"), (made.classify, "new/a"), (made.classify, "new/a.zip")):
        assert run(source).embedding.computed == 0
    assert {name: data for name, data in made.files().items() if name not in tables} == {
        name: data for name, data in now.items() if name not in tables
    }


def test_a_path_without_the_images_is_refused(made):
    made.process("a")
    before = made.files()
    for new, says in (("b", "3 of the 3 images"), ("nowhere", "there is no folder or file")):
        with pytest.raises(InputError, match=says):
            move_input(made.out, made.folder / "a", made.folder / new)
    assert made.files() == before


def test_images_that_are_not_at_the_new_path_are_counted(made):
    made.process("a")
    shutil.move(made.folder / "a", made.folder / "new")
    (made.folder / "new" / "cat" / "0.png").unlink()
    assert move_input(made.out, made.folder / "a", made.folder / "new").missing == 1
    assert made.process("new").embedding.gone == 1


def test_untagged_metadata_is_called_like_the_moved_folder(made):
    made.process("a", tagged_dataset=False)
    shutil.move(made.folder / "a", made.folder / "new")
    move_input(made.out, made.folder / "a", made.folder / "new")
    assert sorted(made.files()) == ["clip-cache/new-metadata.json", "clip-cache/stage1.db"]
    before = made.files()
    made.process("new", tagged_dataset=False)
    assert made.files() == before


def test_the_commands_say_what_they_did(made, capsys):
    run_all(made, "a", "b")
    capsys.readouterr()
    assert cli.main(["inputs", str(made.out), "--forget", str(made.folder / "b")]) == 0
    said = capsys.readouterr().out
    assert f"Taken out of the results: {made.folder / 'b'} (2 images). The input itself is as it was." in said
    assert "12 files placed of it were removed." in said
    shutil.move(made.folder / "a", made.folder / "new")
    assert cli.main(["inputs", str(made.out), "--moved", str(made.folder / "a"), str(made.folder / "new")]) == 0
    said = capsys.readouterr().out
    assert f"Moved: 3 images are at {made.folder / 'new'} now." in said
    assert f"Written {made.out / 'output.json'}" in said
