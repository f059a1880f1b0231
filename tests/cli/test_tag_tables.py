"""The tables of tags that close a command: one answer per tag, and no more rows than a screen holds."""

from __future__ import annotations

import io

import pytest
from rich.cells import cell_len
from rich.console import Console

from image_tagging.cli.tag_tables import (
    MOST_ROWS,
    answering_reports,
    explain_precision,
    show_answers,
    show_counts,
    show_reports,
)
from image_tagging.exporters import WrittenResults
from image_tagging.pipeline import TagAnswer
from summary_values import classify_summary, embedding, report, reports


def answer(tag, tagged=121, expected=136.2, right=98.4, **values):
    values = {"interval": (92.1, 261.0), "warnings": (), **values}
    return TagAnswer(
        tag=tag, kind="ovr-svm", expected=expected, tagged=tagged, right=right, folder=f"ovr-svm/{tag}", **values
    )


def bare(tag, tagged=3):
    return answer(tag, tagged, None, None, interval=None)


def printed(show, *arguments, width=200):
    console = Console(file=io.StringIO(), width=width, soft_wrap=True)
    show(console, *arguments)
    return console.file.getvalue().splitlines()


def answers(*given, width=200, **values):
    values = {"written": WrittenResults(("/o/output.json", "/o/stage3.db"), 0, 0), "place": "none", **values}
    return printed(show_answers, classify_summary(answers=tuple(given), **values), width=width)


def table_of(lines):
    """The first cell of each row below the heading, up to the first line that is no row."""
    end = next(n for n, line in enumerate(lines) if not line or line.startswith("…"))
    return [line.split()[0] for line in lines[1:end]]


def test_a_row_says_how_many_there_are_and_how_many_are_right():
    images = embedding(images=1000, pictures=1000)
    lines = answers(answer("cat"), embedding=images, tagged=121, untagged=879, place="copy")
    assert lines[0].split("  ")[0] == "tag"
    assert " ".join(lines[0].split()) == "tag about tagged about right note folder"
    assert " ".join(lines[1].split()) == "cat 140 (92 to 260) 121 98 ovr-svm/cat"
    assert lines[3] == "about: how many pictures have it, estimated; about right: how many of the tagged have it"
    assert lines[4] == "121 of 1,000 pictures got at least one tag, 879 got none"


def test_a_tag_with_a_warning_claims_no_right_ones_and_is_named():
    lines = answers(answer("cat"), answer("dog", right=None, warnings=("too few examples",)))
    assert " ".join(lines[2].split()) == "dog 140 (92 to 260) 121 too few examples"
    assert lines[-1] == "  Look through this tag before you rely on it: dog."


def test_what_a_note_means_stands_once_below_the_table():
    warnings = ("3 images", "cannot be distinguished: its figures mean little")
    for lines in (
        answers(*(answer(tag, right=None, warnings=warnings) for tag in ("cat", "dog"))),
        printed(show_reports, [report(tag, 0.1, warnings=warnings) for tag in ("cat", "dog")], "/o/page"),
    ):
        assert [line.endswith("3 images; cannot be distinguished") for line in lines[1:3]] == [True, True]
        assert [line for line in lines if "mean little" in line] == ["note: " + warnings[1]]


def test_at_most_eight_tags_to_distrust_are_named():
    given = [answer(f"t{number}", right=None, warnings=("empty",)) for number in range(10)]
    assert answers(*given)[-1].endswith("tags before you rely on them: t0, t1, t2, t3, t4, t5, t6, t7 and 2 more.")


def test_models_without_a_background_claim_nothing_about_right_ones():
    lines = answers(bare("cat"), bare("dog", 1_234))
    assert [line.split() for line in lines[:3]] == [["tag", "tagged"], ["cat", "3"], ["dog", "1,234"]]
    assert "right" not in "".join(lines)


def test_estimates_without_an_interval_stand_alone():
    lines = answers(answer("cat", expected=0.2, interval=(0.1, 0.4)), answer("dog", interval=None))
    assert lines[1].split()[:2] == ["cat", "0"]
    assert lines[2].split()[:2] == ["dog", "140"]


@pytest.mark.parametrize("count", [MOST_ROWS, MOST_ROWS + 1, MOST_ROWS + 508])
def test_twenty_tags_are_shown_and_the_others_counted(count):
    lines = answers(*(answer(f"tag-{number:03}") for number in range(count)))
    assert len(table_of(lines)) == MOST_ROWS
    more = [line for line in lines if line.startswith("…")]
    tags = "1 more tag" if count == MOST_ROWS + 1 else f"{count - MOST_ROWS} more tags"
    expected = [f"… and {tags} (those to distrust come first); all are in /o/output.json"]
    assert more == (expected if count > MOST_ROWS else [])


def test_of_many_tags_the_worst_answers_come_first():
    good = [answer(f"good-{number:02}", 100, right=99.0) for number in range(30)]
    none = [answer(f"none-{number:02}", 0, right=0.0) for number in range(30)]
    lines = answers(*good, answer("half", 100, right=50.0), *none, answer("warned", right=None, warnings=("x",)))
    assert table_of(lines)[:3] == ["warned", "half", "good-00"]


def test_of_many_tags_without_figures_the_most_tagged_come_first():
    lines = answers(*(bare(f"tag-{number:02}", number) for number in range(30)))
    assert table_of(lines)[:2] == ["tag-29", "tag-28"]
    assert "… and 10 more tags (the most tagged come first); all are in /o/output.json" in lines


def test_where_nothing_was_scored_there_is_no_table():
    assert answers(tagged=0, untagged=3) == ["0 of 3 pictures got at least one tag, 3 got none"]


@pytest.mark.parametrize("width", [20, 40, 60, 80])
def test_no_row_is_wider_than_the_terminal(width):
    lines = answers(
        answer("a tag of some length", warnings=("cannot be distinguished from the mountain",)), width=width
    )
    rows = lines[: lines.index("")]
    assert max(cell_len(line) for line in rows if not line.startswith("no room for")) <= width
    assert lines[0].startswith("tag")


def test_copies_of_pictures_are_counted_as_files_in_brackets():
    images = embedding(images=30, pictures=24)
    lines = answers(bare("cat"), embedding=images, tagged=12, untagged=18, with_tag=9)
    assert lines[-1] == "9 of 24 pictures (12 of 30 files) got at least one tag, 15 got none"


def test_a_row_of_training_has_the_one_figure_of_the_tag_with_its_interval():
    given = answering_reports(reports("cat", 0.8, tag_images=24, warnings=("24 images",)))
    lines = printed(show_reports, given, "/o/page")
    assert lines[0].split() == "tag pictures AP 95 % kind note".split()
    assert lines[1].split() == "cat 24 0.80 0.40 to 0.90 lr 24 images".split()


def test_the_figure_is_that_of_the_kind_that_answers():
    given = answering_reports((report("cat", 0.6, kind="ovr-logistic-regression"), report("cat", 0.8)))
    assert [(each.kind, each.average_precision) for each in given] == [("ovr-svm", 0.8)]


def test_what_the_figure_was_measured_on_is_said():
    on_mountain, among = report("cat", 0.8, on="mountain").precision, report("cat", 0.8).precision
    assert explain_precision([on_mountain, None]) == (
        "AP: average precision out of fold, on the mountain; 95 %: its interval"
    )
    assert "out of fold, on the mountain or out of fold, among the examples" in explain_precision([among, on_mountain])
    assert explain_precision([]) == "AP: average precision out of fold; 95 %: its interval"


def test_of_many_trained_tags_the_least_precise_come_first():
    easy = [report(f"easy-{number:02}", 0.9) for number in range(30)]
    lines = printed(show_reports, [report("bare"), *easy, report("hard", 0.3)], "/o/page")
    rows = table_of([*lines, ""])
    assert (len(rows), rows[:2]) == (MOST_ROWS, ["hard", "easy-00"])
    assert "bare" not in rows
    assert lines[-1] == "… and 12 more tags (the lowest average precision comes first); all are in /o/page"


def test_twenty_trained_tags_keep_their_order():
    given = [report(f"t{number:02}", 1 - number / 100) for number in range(20)]
    lines = printed(show_reports, given, "/o/p")
    assert table_of([*lines, ""]) == [f"t{number:02}" for number in range(20)]


def test_of_many_listed_tags_those_with_the_fewest_pictures_come_first():
    files = ("/o/input-metadata.json", "/o/input-tag-to-image-hash-list.json")
    lines = printed(show_counts, {f"t{number}": 100 - number for number in range(21)}, files)
    assert table_of(lines)[:2] == ["t20", "t19"]
    assert lines[-1] == (
        "… and 1 more tag (the fewest pictures come first); all are in /o/input-tag-to-image-hash-list.json"
    )
