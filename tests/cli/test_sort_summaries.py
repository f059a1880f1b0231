"""What closes the whole job: also what results of earlier runs are among those of this one."""

from __future__ import annotations

from image_tagging.cli import sort_summaries
from image_tagging.pipeline import SortSummary, TagAnswer
from summary_values import classify_summary, embedding, process_summary


def answer(tag):
    return TagAnswer(tag, "ovr-svm", expected=9.0, interval=None, tagged=3, right=2.0, warnings=(), folder=tag)


def shown(capsys, *tags, examples=("cat",), **stage):
    answers = tuple(map(answer, tags))
    summary = SortSummary(
        encoder="",
        process=process_summary(tags=dict.fromkeys(examples, 5), empty_tags=("named",)),
        mountain=embedding(),
        background=300,
        train=None,
        folder=classify_summary(answers=answers, **stage),
        archive=None,
        answers=answers,
        with_tag=2,
        output="/o",
        page="/o/reports/index.html",
        seconds=1.0,
    )
    sort_summaries.show_sort(summary)
    return capsys.readouterr().out


def test_models_of_tags_without_examples_are_said_by_every_run(capsys):
    assert "The examples have no folder of dog now, and /o/models still has models of it" in shown(capsys, "cat", "dog")
    assert "The examples have no folder" not in shown(capsys, "cat", "named")


def test_pictures_of_archives_that_are_gone_are_counted(capsys):
    assert "7 pictures in archives of an earlier run" in shown(capsys, "cat", kept=7)
    assert "of an earlier run" not in shown(capsys, "cat", kept=0)


def test_tags_that_the_table_leaves_out_are_on_the_page(capsys):
    tags = [f"t{number:02}" for number in range(25)]
    assert "; all are in /o/reports/index.html" in shown(capsys, *tags, examples=tags)
