"""What a person sees: summaries, the list of models, messages."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest

from image_tagging.addresses import ImageRef
from image_tagging.cli import console, sort_summaries, summaries
from image_tagging.datasets.audit.facts import Advice
from image_tagging.demo import run_demo
from image_tagging.errors import NoModelsError
from image_tagging.pipeline import progress_bar
from image_tagging.progress import WHOLE, Step, Steps
from image_tagging.records import Failure
from summary_values import classify_summary, embedding, process_summary, reports, train_summary

#: Clears the screen, turns the text round, rings, breaks the line.
NASTY = "cat\x1b[2J\u202e\x07\r\nx"


def advice(sentence):
    return Advice("few-images", ("cat",), (0,), sentence)


def failure(name, code="empty", reason="the file is empty"):
    return Failure(ImageRef(f"/in/{name}"), "decode", code, reason)


def test_what_moves_the_cursor_is_shown_as_a_mark(capsys):
    summaries.show_process(
        process_summary(
            tags={NASTY: 1},
            empty_tags=(NASTY,),
            files=(f"/{NASTY}",),
            embedding=embedding(failures=(failure(NASTY, reason=f"because {NASTY}"),)),
        ),
        f"/{NASTY}.log",
    )
    told = {"skipped": ((NASTY, NASTY),), "warnings": (NASTY,), "advice": (advice(NASTY),)}
    summaries.show_train(train_summary(reports(NASTY), **told))
    summaries.show_classify(classify_summary(folder=NASTY, place_failures=(failure(NASTY),)))
    console.complain(NASTY)
    shown = capsys.readouterr()
    assert not set("\x1b\u202e\x07\r") & set(shown.out + shown.err)
    assert "cat�[2J����x" in shown.out
    assert shown.err == "image-tagging: cat�[2J����x\n"


def test_advice_on_the_data_set_is_shown_in_its_order(capsys):
    summaries.show_train(train_summary(reports("a"), advice=(advice("cats bark."), advice("dogs mew."))))
    shown = capsys.readouterr().out
    assert "  To look at: cats bark.\n  To look at: dogs mew.\n" in shown


def test_names_in_any_script_are_shown_as_they_are(capsys):
    names = ["it's", "猫", "🐈‍⬛", "[bold]no markup[/bold]", ":smile:", "می‌خواهم"]
    summaries.show_process(process_summary(tags=dict.fromkeys(names, 1)))
    shown = capsys.readouterr().out
    assert all(name in shown for name in names)


def test_list_models_prints_kind_and_tag(tmp_path, capsys):
    for name in ("model-ovr-svm-tag-not-pixel-art.pkl", "model-ovr-logistic-regression-tag-a%2Fb.pkl", "notes.txt"):
        (tmp_path / name).touch()
    assert console.list_models(str(tmp_path)) is None
    assert capsys.readouterr().out == (
        "model-type = ovr-logistic-regression, tag= a/b\nmodel-type = ovr-svm, tag= not-pixel-art\n"
    )


def test_list_models_shows_a_nasty_tag_harmlessly(tmp_path, capsys):
    (tmp_path / "model-ovr-svm-tag-cat%1B[2J.pkl").touch()
    console.list_models(str(tmp_path))
    assert capsys.readouterr().out == "model-type = ovr-svm, tag= cat�[2J\n"


def test_list_models_of_an_empty_folder_says_so(tmp_path):
    with pytest.raises(NoModelsError, match="holds no tag model"):
        console.list_models(str(tmp_path))


@pytest.mark.slow
def test_classify_main_as_the_readme_calls_it(trained, tmp_path, capsys):
    console.classify_main(
        folder_path=str(trained.images / "tiles" / "tiles-0.png"),
        output_dir=str(tmp_path / "out"),
        json_file_path=str(trained.metadata),
        bins_number=10,
        model_path=str(trained.models / "model-ovr-logistic-regression-tag-tiles.pkl"),
    )
    shown = capsys.readouterr()
    assert shown.out.partition("\n")[2].startswith(
        "1 picture, 0 skipped\nEncoder builtin/learned-2: 0 embeddings computed, all known"
    )
    assert "1 model of 1 tag; images are in" in shown.out
    assert "\n1 of 1 picture got at least one tag, 0 got none\n" in shown.out
    assert shown.err == ""
    assert len(list((tmp_path / "out").glob("ovr-logistic-regression/tiles/*/tiles-0.png"))) == 1


def test_classify_main_without_a_model_says_where_to_look(trained, tmp_path):
    with pytest.raises(NoModelsError, match="list_models shows which there are"):
        console.classify_main(str(trained.images), str(tmp_path), str(trained.metadata), 10, None)


def test_counts_read_well(capsys):
    archives = (object(),)
    summaries.show_classify(
        classify_summary(
            embedding=embedding(images=1234, pictures=1233, computed=1, archives=archives),
            left_out=1,
            models=(("a", "b"),),
            tagged=1_020,
            untagged=214,
            with_tag=1_019,
            differing=1,
        )
    )
    shown = capsys.readouterr().out
    assert "1,233 pictures (1,234 files), 1 archive, 0 skipped" in shown
    assert "1 embedding computed, on cpu" in shown
    assert "1 model of 1 tag" in shown
    assert "  1 picture: the metadata holds another embedding than was computed; the computed one was used." in shown
    assert "\n1,019 of 1,233 pictures (1,020 of 1,234 files) got at least one tag, 214 got none\n" in shown
    assert "Left out 1 archive: use image-tagging classify-zip for that." in shown
    summaries.show_classify(classify_summary(left_out=20, of_archives=True))
    assert "Left out 20 plain images: use image-tagging classify for that." in capsys.readouterr().out


def test_ten_skipped_files_are_shown_and_the_log_named_for_the_rest(capsys):
    failures = tuple(failure(f"{number}.png") for number in range(25))
    summaries.show_process(process_summary(embedding=embedding(failures=failures)), "/o/image-tagging.log")
    shown = capsys.readouterr().out
    assert "3 pictures, 25 skipped" in shown
    assert shown.count("skipped: /in/") == 10
    assert "skipped: /in/0.png: the file is empty (empty)" in shown
    assert "… and 15 more; all are in /o/image-tagging.log" in shown


def test_skipped_files_are_counted_by_their_codes(capsys):
    codes = ["truncated"] * 2 + ["empty"] * 1_200
    failures = tuple(replace(failure(f"{number}.png"), code=code) for number, code in enumerate(codes))
    summaries.show_process(process_summary(embedding=embedding(failures=failures)), "/o/image-tagging.log")
    assert "3 pictures, 1,202 skipped (1,200 empty, 2 truncated)\n" in capsys.readouterr().out


def test_palette_swaps_are_told(capsys):
    pair = (ImageRef("/b.png"), ImageRef("/a.png"))
    summaries.show_process(process_summary(embedding=embedding(shared_hashes=(pair,), shared_count=1)), "/o/x.log")
    assert "1 picture has the pixel hash of another" in capsys.readouterr().out
    summaries.show_process(process_summary(embedding=embedding(shared_hashes=(pair, pair), shared_count=2)))
    assert "2 pictures have the pixel hash of another" in capsys.readouterr().out
    many = embedding(shared_hashes=(pair, pair), shared_count=12_345)
    summaries.show_process(process_summary(embedding=many), "/o/x.log")
    shown = " ".join(capsys.readouterr().out.split())
    assert "12,345 pictures have the pixel hash of another" in shown
    assert "/o/x.log names 2 of them." in shown


def test_training_shows_a_row_a_tag_with_its_one_figure(capsys):
    unmeasured = reports("dog", warnings=("not calibrated: too few images to hold some out",))
    summary = train_summary(
        (*reports("cat", 0.8), *unmeasured),
        skipped=(("bare", "it has no image with an embedding"),),
        unknown=2,
    )
    summaries.show_train(summary)
    lines = capsys.readouterr().out.splitlines()
    assert "2 tags, 30 pictures, encoder builtin/learned-2" in lines
    assert lines[0].split() == "tag pictures AP 95 % kind note".split()
    assert lines[1].split() == ["cat", "9", *"0.80 0.40 to 0.90".split(), "lr"]
    assert " ".join(lines[2].split()).startswith("dog 9 n/a n/a lr not calibrated")
    assert "AP: average precision out of fold, among the examples; 95 %: its interval; kind: the" in " ".join(lines)
    assert "(lr: ovr-logistic-regression, svm: ovr-svm)" in " ".join(lines)
    assert "  The tag bare was not learned: it has no image with an embedding." in lines
    assert "  The metadata lacks 2 listed images: run stage 1 again to learn from all." in lines


@pytest.mark.parametrize(
    ("pictures", "said"),
    [
        (None, "To distinguish them from your mountain: --background, or image-tagging sort"),
        (999, "The background has 999 pictures: fewer than 1,000 help little."),
        (1000, ""),
    ],
)
def test_training_says_what_tags_were_told_apart_from(capsys, pictures, said):
    summaries.show_train(train_summary(reports("cat"), background=pictures))
    shown = capsys.readouterr().out
    assert said in shown
    assert ("background" in shown) is bool(said)


@pytest.mark.parametrize(
    ("outside", "pictures", "is_said"),
    [(None, 100, False), (42, 100, False), (43, 100, True), (29, 29, False), (30, 30, True)],
)
def test_a_mountain_of_other_things_is_noticed_with_the_command_that_mends_it(capsys, outside, pictures, is_said):
    summary = classify_summary(embedding=embedding(pictures=pictures), outside=outside, directory="/my photos")
    summaries.show_classify(summary)
    shown = capsys.readouterr().out
    assert ("are unlike all that the tags were distinguished from" in shown) is is_said
    assert ("or: image-tagging sort EXAMPLES '/my photos'\n" in shown) is is_said  # the line can be pasted to its end


def test_long_tags_are_shown_whole(capsys):
    tags = ["x" * 100 + "a", "x" * 100 + "b"]
    summaries.show_process(process_summary(tags=dict.fromkeys(tags, 1)))
    shown = capsys.readouterr().out.split("3 pictures")[0]
    assert shown.count("x") == 200
    assert "…" not in shown
    summaries.show_train(train_summary((*reports(tags[0]), *reports(tags[1]))))
    assert "…" not in capsys.readouterr().out


def test_the_bar_is_drawn_on_a_terminal_alone(monkeypatch):
    class Screen(io.StringIO):
        def isatty(self):
            return True

    for name in ("NO_COLOR", "TERM", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    for stream, drawn in ((io.StringIO(), False), (Screen(), True)):
        monkeypatch.setattr("sys.stderr", stream)
        with progress_bar() as watch:
            watch("embedding", 1, 3)
            watch("embedding", 3, 3)
            watch("writing the metadata", 0, None)
        assert ("embedding" in stream.getvalue() or "writing" in stream.getvalue()) is drawn


@pytest.mark.slow
def test_the_demo_shows_where_to_look(tmp_path, capsys):
    summary = run_demo(str(tmp_path / "demo"), share=0.1)
    sort_summaries.show_demo(summary)
    shown = capsys.readouterr().out
    assert f"{summary.found} got it; of the {summary.tagged} tags that were given, {summary.right} are right." in shown
    assert "fewer than 300 pictures besides the examples: tags were distinguished from each other alone" in shown
    for folder in (summary.dataset.examples, summary.dataset.mountain, summary.sort.output):
        assert folder in shown
        assert Path(folder).is_dir()
    assert Path(summary.sort.page).exists()
    assert "use image-tagging classify" not in shown
    sort_summaries.show_sort(replace(summary.sort, train=None, background=300))
    shown = capsys.readouterr().out
    assert "The tag models are those of the last run" in shown
    assert "Tags were distinguished from each other and from 300 pictures of the mountain." in shown


def test_what_became_of_placed_files_is_said(capsys):
    summaries.show_classify(classify_summary(moved=3, removed=1, stayed=1, first_stayed="/o/lr/cat/0.5/a.png"))
    shown = capsys.readouterr().out
    assert "3 files moved to another folder or name, 1 file taken out, not placed any more." in shown
    assert (
        "1 placed file stays in its old place, changed since or no copy of the image now: /o/lr/cat/0.5/a.png" in shown
    )


def test_the_bar_of_several_steps_is_one_bar(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    for name in ("NO_COLOR", "TERM", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sys.stderr", stream := Terminal())
    with progress_bar(of_steps=True) as watch:
        steps = Steps(watch, {"first": Step(1, "embedding"), "second": Step(3, "training")})
        steps.of("first")("embedding", 1, 2)
        steps.of("second")("checking", 0, None)
        steps.of("second")("training", 2, 2)
    assert "100%" in stream.getvalue()


def test_the_share_of_a_step_follows_from_its_seconds():
    seen = []
    steps = Steps(lambda *call: seen.append(call), {"a": Step(1, "embedding"), "b": Step(3, "training")})
    steps.of("a")("looking", 5, None)
    steps.of("a")("embedding", 1, 2)
    steps.of("b")("training", 1, 3)
    steps.of("b")("training", 0, 3)  # it never goes back
    assert [done / WHOLE for _, done, _ in seen] == [0, 0.125, 0.5, 0.5]
    assert [words for words, *_ in seen] == ["looking: 5", "a: 1 of 2", "b: 1 of 3", "b: 0 of 3"]


@pytest.mark.parametrize("count", [0, 1, 10, 11, 20_000])
def test_ten_folders_without_an_image_are_named_and_the_others_counted(capsys, count):
    summaries.show_process(process_summary(empty_tags=tuple(f"tag {number}" for number in range(count))))
    shown = capsys.readouterr().out
    assert shown.count("The folder tag ") == min(count, 10)
    assert (f"… and {count - 10:,} more\n" in shown) == (count > 10)


@pytest.mark.parametrize("count", [0, 1, 10, 11, 20_000])
def test_ten_tags_that_were_not_learned_are_named_and_the_others_counted(capsys, count):
    skipped = tuple((f"tag {number}", "it has no image") for number in range(count))
    summaries.show_train(train_summary(reports("cat", 0.8), skipped=skipped))
    shown = capsys.readouterr().out
    assert shown.count(" was not learned: it has no image.") == min(count, 10)
    assert (f"… and {count - 10:,} more; all are in /o/reports\n" in shown) == (count > 10)
