"""Each command ends with the next one, as it can be pasted, or with what to look at."""

from __future__ import annotations

import os
import shlex

import pytest

from image_tagging.cli import next_steps, summaries
from image_tagging.cli.next_steps import after_classify, after_process, after_train, command_line, to_review
from image_tagging.exporters import PlacingPlan
from image_tagging.pipeline import TagAnswer
from image_tagging.pipeline.tag_answers import ScoredImage
from image_tagging.records import TagScore
from summary_values import classify_summary, process_summary, report, train_summary

posix = pytest.mark.skipif(os.name == "nt", reason="the shells of Windows quote otherwise")


def answer(tag, right, *, warnings=(), placed=3, best=None):
    values = {"expected": 9.0, "interval": None, "tagged": 5, "folder": f"by-tag/{tag}"}
    best = f"by-tag/{tag}" if best is None else best
    return TagAnswer(tag, "ovr-svm", right=right, warnings=warnings, placed=placed, best=best, **values)


@posix
def test_a_command_is_quoted_for_the_shell():
    words = shlex.split(command_line("sort", "my examples", "it's $HOME"))
    assert words == ["image-tagging", "sort", "my examples", "it's $HOME"]


@posix
def test_after_stage_1_the_tags_are_learned():
    names = ("input-metadata.json", "input-image-hash-to-tag-list.json", "input-tag-to-image-hash-list.json")
    said = after_process(process_summary(files=tuple(f"/my o/{name}" for name in names), source="/in"))
    assert shlex.split(said) == [
        *("Next:", "image-tagging", "train"),
        *("--metadata_json", "/my o/input-metadata.json"),
        *("--tag_to_hash_json", "/my o/input-tag-to-image-hash-list.json"),
        *("--output", "/my o"),
    ]


@posix
def test_after_untagged_images_examples_are_asked_for():
    said = after_process(process_summary(files=("/o/clip-cache/in-metadata.json",), source="/my in"))
    assert said == "Next, with a folder of EXAMPLES: image-tagging sort EXAMPLES '/my in'"


@posix
@pytest.mark.parametrize(("in_archives", "stage"), [(False, "classify"), (True, "classify-zip")])
def test_after_stage_2_images_are_scored(in_archives, stage):
    summary = train_summary((report("cat"),), metadata="/o/m.json", directory="/my in", in_archives=in_archives)
    assert after_train(summary) == (
        f"Next (or another --directory): image-tagging {stage} --directory '/my in' --metadata_json /o/m.json "
        "--model /o/models --output /o --placed tagged"
    )
    assert after_train(train_summary((report("cat"),))) == (
        "Next, with a FOLDER of images: image-tagging classify --directory FOLDER --model /o/models --output /o "
        "--placed tagged"
    )


def test_after_stage_3_the_folder_with_most_to_find_is_named():
    answers = (answer("cat", 3.0), answer("dog", 90.0, warnings=("rough",)), answer("owl", 40.0))
    said = after_classify(classify_summary(answers=answers, by_tag=True), page="")
    assert said == f"Look at {os.path.join('/o', 'by-tag/owl')} first (owl, the best first)"


def test_a_folder_without_a_file_is_not_named():
    answers = (answer("cat", 90.0, placed=0, best=""), answer("dog", 3.0))
    assert "dog" in after_classify(classify_summary(answers=answers, by_tag=True), page="")
    assert after_classify(classify_summary(answers=answers[:1], by_tag=True), page="") == ""


def test_of_bins_the_highest_is_named():
    answers = (answer("cat", 9.0, best="ovr-svm/cat/0.8"),)
    assert "ovr-svm/cat/0.8 first (cat, its highest bin)" in after_classify(classify_summary(answers=answers), page="")


def test_the_page_is_named_where_it_is(tmp_path):
    page = tmp_path / "reports" / "index.html"
    page.parent.mkdir()
    page.touch()
    summary = classify_summary(answers=(answer("cat", 9.0),), folder=str(tmp_path))
    assert after_classify(summary, page="").endswith(f"; {page} shows how good the tags are")
    assert str(page) not in after_classify(summary, page=str(page))
    assert after_classify(classify_summary(folder=str(tmp_path)), page="") == f"Look at {page}"


def test_what_was_placed_by_tag_and_the_examples_are_said(capsys):
    summaries.show_classify(classify_summary(by_tag=True, examples=12, answers=(answer("cat", 9.0, placed=7),)))
    shown = capsys.readouterr().out
    assert "<tag>" in shown
    assert "12 pictures are among the examples already and were not placed." in shown
    assert any(line.split() == ["cat", "9", "5", "9", "7", "by-tag/cat"] for line in shown.splitlines())
    summaries.show_classify(classify_summary(examples=1))
    assert "1 picture is among the examples already." in capsys.readouterr().out


def test_hard_links_are_offered_with_what_they_mean(capsys):
    plan = PlacingPlan("/o", files=9, bytes=1, taken=1, free=1, linkable=1_200_000_000, tagged_only=True)
    summaries.show_classify(classify_summary(plan=plan))
    shown = capsys.readouterr().out
    assert "--place hardlink saves 1.2 GB: then a placed file is the image itself, and to edit one edits both." in shown


def test_the_scores_of_a_few_images_are_on_the_screen(capsys):
    scores = (TagScore("cat", "lr", 0.9, 9, tagged=True), TagScore("dog", "svm", 0.125, 2, tagged=False))
    summaries.show_classify(classify_summary(few=(ScoredImage("/m/a\x1b.png", scores),)))
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    start = lines.index("/m/a\ufffd.png")
    assert lines[start + 1 : start + 3] == ["  0.9000 tagged  cat", "  0.1250         dog"]


def test_where_the_review_is_installed_its_command_can_be_pasted(tmp_path, monkeypatch):
    folder = tmp_path / "my out"
    folder.mkdir()
    monkeypatch.setattr(next_steps, "find_spec", lambda name: name)
    assert to_review(str(folder)) == ""  # nothing to review
    (folder / "image-tagging.store").touch()
    quoted = f'"{folder}"' if os.name == "nt" else f"'{folder}'"
    assert to_review(str(folder)).endswith(f": image-tagging review {quoted}")
    monkeypatch.setattr(next_steps, "find_spec", lambda name: None if name == "uvicorn" else name)
    assert to_review(str(folder)) == ""
