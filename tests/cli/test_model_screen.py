"""What a person sees of tag models, on a terminal and where a program reads."""

from __future__ import annotations

import io
from datetime import datetime, timezone

import pytest

from image_tagging.cli import model_screen
from image_tagging.records import EncoderSpec
from image_tagging.tag_models import AveragePrecision
from image_tagging.tag_models.card_values import ImageCounts
from image_tagging.tag_models.cards import ModelCard
from image_tagging.tag_models.folder import ListedModel, ModelList

CLIP = EncoderSpec("ViT-B-32", "openai", 512, "")
LR, SVM = "ovr-logistic-regression", "ovr-svm"
NASTY = "cat\x1b[2J\u202e\x07\r\nx"


def model(tag, kind=SVM, encoder=CLIP, *, card=True, **said):
    values = {
        "encoder": encoder,
        "threshold": 0.3125,
        "training": ImageCounts(1042, 20),
        "validation": ImageCounts(4, 8),
        "validation_precision": 0.3,
        "out_of_fold": AveragePrecision(0.814, (0.7, 0.9), "examples"),
        "pictures": ImageCounts(1046, 28),
        "balanced_accuracy": 0.7,
        "recipe": None,
        "threshold_for": None,
        "created": datetime(2026, 11, 3, tzinfo=timezone.utc),
        "marks": (),
        **said,
    }
    return ListedModel(kind, tag, f"/m/{tag}.pkl", ModelCard(sha256="", **values) if card else None, 512)


@pytest.fixture
def terminal(monkeypatch):
    """``terminal(columns)`` makes standard output a terminal of that width, and gives what is written there."""

    class Screen(io.StringIO):
        def isatty(self):
            return True

    def make(columns):
        for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("COLUMNS", str(columns))
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.setattr("sys.stdout", Screen())
        return model_screen.screen().file

    return make


def test_a_row_a_model_with_aligned_figures_and_a_sum(capsys):
    unmeasured = model("a dog", out_of_fold=None, threshold=0.5, pictures=ImageCounts(7, 1))
    model_screen.show_model_list(ModelList((model("a dog", LR), unmeasured, model("cat", card=False)), ()))
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert lines[:4] == [
        "tag    kind                     encoder          pictures    AP          95 %  threshold        date",
        "a dog  ovr-logistic-regression  ViT-B-32/openai     1,046  0.81  0.70 to 0.90      0.312  2026-11-03",
        "a dog  ovr-svm                  ViT-B-32/openai         7     -             -      0.500  2026-11-03",
        "cat    ovr-svm                  -                       -     -             -          -           -",
    ]
    assert lines[5] == "3 models of 2 tags, encoder ViT-B-32/openai"
    assert lines[8] == "1 model without a card (-), as those published with the original: they count from 0.5 up."


def test_a_row_is_one_line_where_no_terminal_sets_its_end_and_long_tags_are_folded(capsys):
    model_screen.show_model_list(ModelList((model("x" * 59), model("y" * 150)), ()))
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].startswith("x" * 59 + "   ovr-svm")
    assert [line.strip() for line in lines[3:5]] == ["y" * 60, "y" * 30]
    assert "…" not in "".join(lines)


def test_a_narrow_terminal_shows_the_encoder_once_where_it_is_one(terminal):
    one, two = (model("a tag of some length"),), (model("cat"), model("dog", encoder=None))
    for columns, models, has_column in ((80, one, False), (80, two, True), (120, one, True)):
        shown = terminal(columns)
        model_screen.show_model_list(ModelList(models, ()))
        assert ("encoder" in shown.getvalue().splitlines()[0]) is has_column
        assert ", encoder ViT-B-32/openai" in shown.getvalue()


def test_faults_are_named_up_to_ten_and_what_follows_from_them(capsys):
    faults = tuple(f"model {number} is none. Remove it." for number in range(12))
    model_screen.show_model_list(ModelList((model("cat"),), faults))
    shown = capsys.readouterr().out
    assert shown.count("Remove it.") == 10
    assert "  … and 2 more\n  Stages 3 and 4 take no model of a folder in which one cannot be used.\n" in shown


def test_models_in_words_with_headings_one_below_the_other(capsys):
    models = (model("cat", LR), model("cat", card=False))
    model_screen.show_examined(ModelList(models, ("one more is none.",)))
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == "Model              /m/cat.pkl"
    assert lines[2] == "Learned from       1,042 images of the tag and 20 others"
    second = lines.index("") + 1
    assert lines[second].startswith("Model ")
    assert lines[-2] == "  one more is none."


def test_what_moves_the_cursor_is_shown_as_a_mark(capsys):
    odd = model(
        NASTY, NASTY, EncoderSpec(NASTY, NASTY, 1, ""), recipe=NASTY, marks=(NASTY,), threshold_for=NASTY, threshold=0.1
    )
    for show in (model_screen.show_model_list, model_screen.show_examined):
        show(ModelList((odd,), (NASTY,)))
        shown = capsys.readouterr().out
        assert not set("\x1b\u202e\x07\r") & set(shown)
        assert "cat�[2J����x" in shown


def test_names_are_no_markup(capsys):
    for show in (model_screen.show_model_list, model_screen.show_examined):
        show(ModelList((model("[bold]猫[/bold] :smile:"),), ()))
        assert "[bold]猫[/bold] :smile:" in capsys.readouterr().out
