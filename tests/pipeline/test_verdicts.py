"""Stage 2 and the whole job with verdicts: whose they are, where embeddings come from, and what is said of them."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import pytest

from image_tagging import (
    ProcessConfig,
    SortConfig,
    TrainConfig,
    export_verdicts,
    forget_input,
    forget_tag,
    import_verdicts,
    list_verdicts,
    process_dataset,
    sort_images,
    train_tag_models,
)
from image_tagging.cli import app as cli
from image_tagging.demo import draw
from image_tagging.errors import InputError, TrainingError, VerdictsError
from image_tagging.pipeline import sort_training
from image_tagging.store import Verdict, Verdicts, WorkingStore
from mountains import mountain, stage_1, written
from samples import encoded
from samples import written as saved

COUNTS = {"cat": 20, "dog": 20, "owl": 12}

SAID = [
    *(Verdict("cat", f"m-{number}", "yes", "next") for number in range(15)),
    *(Verdict("cat", f"m-{number}", "no", "next") for number in range(100, 115)),
    Verdict("cat", "dog-1", "unsure", "next"),
    *(Verdict("cat", f"m-{number}", "yes" if number < 60 else "no", "check") for number in (50, 51, 300, 301)),
    *(Verdict("new", f"m-{number}", "yes", "next") for number in range(60, 70)),
    Verdict("new", "nowhere", "no", "next"),
    Verdict("other-training", "m-1", "yes", "next"),
]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The two files of stage 1, and a background."""
    root = tmp_path_factory.mktemp("made")
    return *stage_1(root / "in", COUNTS), written(root / "bg-metadata.json", mountain(600, (0.1, 0.1)))


def train(made, output, *, with_background=True, **settings):
    metadata, lists, background = made
    return train_tag_models(
        TrainConfig(
            metadata_json=metadata,
            tag_to_hash_json=lists,
            output=str(output),
            background=[background] if with_background else [],
            **settings,
        )
    )


def give(output, said=SAID):
    with Verdicts(str(output)) as verdicts:
        verdicts.append(said)


def models(output):
    return {path.name: hashlib.sha256(path.read_bytes()).digest() for path in Path(output, "models").glob("*.pkl")}


def changed(one, other):
    """The tags whose models are not the same."""
    names = [name for name in one.keys() | other.keys() if one.get(name) != other.get(name)]
    return sorted({name.rpartition("-tag-")[2].removesuffix(".pkl") for name in names})


@pytest.fixture(scope="module")
def without(made, tmp_path_factory):
    """The models without verdicts."""
    output = tmp_path_factory.mktemp("without")
    train(made, output)
    return models(output)


def test_the_verdicts_of_the_output_folder_are_used_and_counted(made, without, tmp_path):
    give(tmp_path)
    used = train(made, tmp_path).verdicts
    assert used.path == str(tmp_path / "verdicts.db")
    assert (used.used, used.tags, used.checks, used.missing, used.no_tags) == (45, ("cat", "new"), 4, 1, 1)
    assert changed(models(tmp_path), without) == ["cat", "new"]


def test_without_verdicts_models_are_what_they_were(made, without, tmp_path):
    give(tmp_path)
    assert train(made, tmp_path, no_verdicts=True).verdicts is None
    assert models(tmp_path) == without


def test_an_empty_file_of_verdicts_changes_nothing(made, without, tmp_path):
    (tmp_path / "verdicts.db").touch()
    used = train(made, tmp_path).verdicts
    assert (used.used, used.tags) == (0, ())
    assert models(tmp_path) == without


def test_undone_verdicts_are_not_used(made, without, tmp_path):
    give(tmp_path)
    with Verdicts(str(tmp_path)) as verdicts:
        verdicts.undo()
    train(made, tmp_path)
    assert models(tmp_path) == without


def test_a_file_that_is_named_is_used_in_place_of_that_of_the_folder(made, tmp_path):
    give(tmp_path / "one")
    train(made, tmp_path / "one")
    export_verdicts(tmp_path / "one", tmp_path / "said.jsonl")
    give(tmp_path / "two", [Verdict("owl", "m-3", "yes")])
    for source in ("said.jsonl", "one/verdicts.db"):
        used = train(made, tmp_path / "two", verdicts=tmp_path / source).verdicts
        assert (used.used, used.path) == (45, str(tmp_path / source))
        assert models(tmp_path / "two") == models(tmp_path / "one")


def test_the_same_verdicts_in_any_order_give_the_same_models(made, tmp_path):
    give(tmp_path / "one")
    export_verdicts(tmp_path / "one", tmp_path / "one.jsonl")
    lines = (tmp_path / "one.jsonl").read_text("utf-8").splitlines(keepends=True)
    (tmp_path / "other").mkdir()
    (tmp_path / "other.jsonl").write_text("".join(lines[::-1]), "utf-8")
    import_verdicts(tmp_path / "other", tmp_path / "other.jsonl")
    for name in ("one", "other"):
        train(made, tmp_path / name)
    assert models(tmp_path / "one") == models(tmp_path / "other")


def test_embeddings_come_from_the_working_store_where_no_metadata_has_them(trained, tmp_path, drawing):
    """A picture that an earlier run has embedded, without a background."""
    out = tmp_path / "out"
    process_dataset(ProcessConfig(input_folder=str(trained.images), output=str(out), clip_model="builtin"))
    for number in range(4):
        drawing(tmp_path / "more" / f"{number}.png", "charts", number)
    more = ProcessConfig(
        input_folder=str(tmp_path / "more"), output=str(out), clip_model="builtin", tagged_dataset=False
    )
    process_dataset(more)
    hashes = list(json.loads((out / "clip-cache" / "more-metadata.json").read_text("utf-8")))
    assert len(hashes) == 4
    give(out, [Verdict("charts", name, "yes") for name in hashes])
    config = TrainConfig(
        metadata_json=str(out / "input-metadata.json"),
        tag_to_hash_json=str(out / "input-tag-to-image-hash-list.json"),
    )
    summary = train_tag_models(config)
    assert (summary.verdicts.used, summary.verdicts.missing) == (4, 0)
    assert {report.tag for report in summary.reports} == {"charts", "isometric", "sprites", "tiles"}
    forget_input(out, tmp_path / "more")  # known still, though no input has them now
    assert train_tag_models(config).verdicts.used == 4


def test_a_tag_of_verdicts_without_a_yes_is_not_learned_and_said(made, tmp_path):
    give(tmp_path, [Verdict("new", "m-3", "no"), Verdict("gone", "nowhere", "yes")])
    skipped = train(made, tmp_path).skipped
    assert [tag for tag, _ in skipped] == ["gone", "new"]
    assert all(why.startswith("it has no image with an embedding") for _, why in skipped)


def test_checks_are_validation_in_the_report_of_their_tag(made, tmp_path):
    give(tmp_path)
    report = next(report for report in train(made, tmp_path).reports if report.tag == "cat")
    assert (report.validation_tag, report.validation_other) == (2 + 4, 2 + 5)  # and a tenth of the others
    assert "verdicts: 15 yes, 15 no, 1 unsure; 4 of check are validation" in report.marks
    text = (tmp_path / "reports" / "model-report-ovr-svm-tag-cat.txt").read_text("utf-8")
    assert "15 yes, 15 no, 1 unsure" in text


def test_pictures_of_verdicts_are_shown_in_the_report(made, tmp_path):
    give(tmp_path, [*SAID, *(Verdict("dog", f"m-{number}", "yes") for number in range(15))])
    train(made, tmp_path)
    entries = json.loads((tmp_path / "reports" / "reports.json").read_text("utf-8"))["models"]
    shown = {
        image["file_path"] for entry in entries for sort in ("hits", "misses", "label_errors") for image in entry[sort]
    }
    assert any(path.startswith("/m/") for path in shown)


def test_a_threshold_may_be_set_for_a_tag_of_verdicts_alone(made, tmp_path):
    give(tmp_path)
    train(made, tmp_path, threshold_for={"new": 0.25})
    assert json.loads((tmp_path / "models" / "model-ovr-svm-tag-new.json").read_text())["threshold"] == 0.25


def test_a_file_that_is_named_and_missing_is_an_error(made, tmp_path):
    with pytest.raises(VerdictsError, match="cannot read"):
        train(made, tmp_path, verdicts=tmp_path / "none.jsonl")


def test_a_tag_that_lost_its_images_by_verdicts_is_not_learned(made, tmp_path):
    give(tmp_path, [Verdict("owl", f"owl-{number}", "no") for number in range(12)])
    summary = train(made, tmp_path)
    assert [tag for tag, _ in summary.skipped] == ["owl"]
    give(tmp_path, [Verdict(tag, f"{tag}-{number}", "no") for tag in ("cat", "dog") for number in range(20)])
    with pytest.raises(TrainingError):
        train(made, tmp_path)


def test_forgetting_a_tag_says_that_verdicts_are_left(made, tmp_path, capsys):
    give(tmp_path)
    train(made, tmp_path)
    assert forget_tag("new", tmp_path).has_verdicts
    assert not forget_tag("owl", tmp_path).has_verdicts
    train(made, tmp_path)
    assert cli.main(["forget", "new", "--output", str(tmp_path)]) == 0
    assert "There are verdicts on new" in capsys.readouterr().out


# Moving them ------------------------------------------------------------------------------------------------


def test_import_is_additive_and_idempotent(tmp_path):
    give(tmp_path / "one")
    count = export_verdicts(tmp_path / "one", tmp_path / "said.jsonl")
    give(tmp_path / "two", [Verdict("owl", "m-3", "yes")])
    done = import_verdicts(tmp_path / "two", tmp_path / "said.jsonl")
    assert (done.new, done.known, count) == (len(SAID), 0, len(SAID))
    assert done.verdicts == list_verdicts(tmp_path / "two")
    assert {each.tag for each in done.verdicts} == {"cat", "new", "other-training", "owl"}
    again = import_verdicts(tmp_path / "two", tmp_path / "said.jsonl")
    assert (again.new, again.known) == (0, len(SAID))
    assert again.verdicts == done.verdicts


def test_an_export_is_the_same_bytes_every_time(tmp_path):
    give(tmp_path)
    for name in ("one", "other"):
        export_verdicts(tmp_path, tmp_path / name)
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / "verdicts.db").write_bytes((tmp_path / "verdicts.db").read_bytes())
    export_verdicts(tmp_path / "copy", tmp_path / "copied")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes() == (tmp_path / "copied").read_bytes()


def test_a_database_can_be_imported_too(tmp_path):
    give(tmp_path / "one")
    (tmp_path / "two").mkdir()
    assert import_verdicts(tmp_path / "two", tmp_path / "one" / "verdicts.db").new == len(SAID)
    assert list_verdicts(tmp_path / "one") == list_verdicts(tmp_path / "two")


def test_pictures_that_nothing_is_known_of_are_counted(trained, tmp_path):
    out = Path(shutil.copytree(trained.output, tmp_path / "out"))
    known = next(iter(json.loads((out / "input-metadata.json").read_text("utf-8"))))
    give(tmp_path / "one", [Verdict("tiles", known, "no"), Verdict("tiles", "nowhere", "no")])
    export_verdicts(tmp_path / "one", tmp_path / "said.jsonl")
    assert import_verdicts(out, tmp_path / "said.jsonl").unknown_pictures == 1
    with WorkingStore(str(out)):
        assert import_verdicts(out, tmp_path / "said.jsonl").unknown_pictures is None


@pytest.mark.parametrize(
    "call", [list_verdicts, lambda out: export_verdicts(out, "x"), lambda out: import_verdicts(out, "x")]
)
def test_a_folder_that_is_missing_is_not_made(tmp_path, call):
    with pytest.raises(InputError, match="there is no folder"):
        call(tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_a_folder_without_verdicts_has_none(tmp_path):
    assert list_verdicts(tmp_path) == ()
    assert export_verdicts(tmp_path, tmp_path / "said.jsonl") == 0
    assert (tmp_path / "said.jsonl").read_bytes() == b""
    assert [path.name for path in tmp_path.iterdir()] == ["said.jsonl"]


def test_the_commands_show_and_move_them(tmp_path, capsys):
    out, two = tmp_path / "one", tmp_path / "two"
    two.mkdir()
    give(out, [Verdict("k\u00e4tzchen", "a", "yes", file_path="/in/a.png"), Verdict("dog", "a", "no", "check")])
    assert cli.main(["verdicts", str(out)]) == 0
    shown = capsys.readouterr().out
    assert [line.split() for line in shown.splitlines()[:3]] == [
        ["tag", "yes", "no", "unsure", "checks"],
        ["dog", "0", "1", "0", "1"],
        ["k\u00e4tzchen", "1", "0", "0", "0"],
    ]
    assert cli.main(["verdicts", str(out), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0] == {"tag": "dog", "yes": 0, "no": 1, "unsure": 0, "checks": 1}
    assert cli.main(["verdicts", "export", str(out)]) == 0
    printed = capsys.readouterr().out
    assert printed.isascii()
    assert cli.main(["verdicts", "export", str(out), str(tmp_path / "said.jsonl")]) == 0
    lines = [json.loads(line) for line in (tmp_path / "said.jsonl").read_text("utf-8").splitlines()]
    assert [json.loads(line) for line in printed.splitlines()] == lines
    assert cli.main(["verdicts", "import", str(two), str(tmp_path / "said.jsonl")]) == 0
    assert "Added 2 verdicts" in " ".join(capsys.readouterr().out.split())
    assert cli.main(["verdicts", str(two)]) == 0
    assert capsys.readouterr().out == shown
    assert cli.main(["verdicts", str(tmp_path)]) == 0
    assert "has no verdicts yet" in capsys.readouterr().out


# The whole job ----------------------------------------------------------------------------------------------


@pytest.fixture
def sorted_folder(tmp_path, monkeypatch):
    """``sort()`` sorts drawings of three kinds; it returns the summary."""
    monkeypatch.setattr(sort_training, "LEAST_BACKGROUND", 10)
    for number in range(8):
        for kind in ("sprites", "tiles", "isometric"):
            saved(tmp_path / "examples" / kind / f"{number}.png", encoded(draw(kind, number).convert("RGB")))
    for number in range(30):
        kind = ("sprites", "tiles", "isometric", "charts", "maps")[number % 5]
        saved(tmp_path / "mountain" / f"{kind}-{number}.png", encoded(draw(kind, 100 + number).convert("RGB")))

    def run(**settings):
        return sort_images(
            SortConfig(
                examples=str(tmp_path / "examples"),
                mountain=str(tmp_path / "mountain"),
                output=str(tmp_path / "out"),
                clip_model="builtin",
                **settings,
            )
        )

    return run


def mountain_names(output):
    """``{file name: hash_id}`` of the mountain."""
    entries = json.loads((output / "output.json").read_text("utf-8"))
    return {Path(entry["file_path"]).name: hash_id for hash_id, entry in entries.items()}


def test_sort_learns_from_verdicts_and_says_which_tags_they_concern(sorted_folder, tmp_path):
    out = tmp_path / "out"
    sorted_folder()
    before, names = models(out), mountain_names(out)
    give(out, [Verdict("charts", names[name], "yes") for name in names if name.startswith("charts")])
    summary = sorted_folder()
    assert (summary.train.verdicts.used, summary.train.verdicts.tags) == (6, ("charts",))
    assert summary.train.verdicts.missing == 0
    assert summary.verdict_tags == ("charts",)
    assert changed(before, models(out)) == ["charts"]
    assert {answer.tag for answer in summary.answers} == {"charts", "isometric", "sprites", "tiles"}
    assert sorted_folder().train is None  # nothing was said since
    with Verdicts(str(out)) as verdicts:
        verdicts.undo()
    assert sorted_folder().train is not None


def test_sort_leaves_verdicts_out_where_it_is_told_to(sorted_folder, tmp_path):
    out = tmp_path / "out"
    sorted_folder()
    before, names = models(out), mountain_names(out)
    give(out, [Verdict("tiles", names["charts-3.png"], "no"), Verdict("tiles", names["tiles-1.png"], "yes")])
    assert sorted_folder(no_verdicts=True).train is None
    assert models(out) == before
    assert changed(before, models(out)) == []
    sorted_folder()
    assert changed(before, models(out)) == ["tiles"]


@pytest.mark.parametrize("wrong", ["verdicts.db", "--verdicts"])
def test_sort_refuses_verdicts_that_cannot_be_used_before_any_work(sorted_folder, tmp_path, wrong):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "verdicts.db").write_bytes(b"a letter to my aunt" if wrong == "verdicts.db" else b"")
    (tmp_path / "said.jsonl").write_text("{}\n")
    with pytest.raises(VerdictsError):
        sorted_folder(**({} if wrong == "verdicts.db" else {"verdicts": str(tmp_path / "said.jsonl")}))
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["verdicts.db"]


def test_what_is_said_while_a_run_learns_is_learned_by_the_next(sorted_folder, tmp_path, monkeypatch):
    out = tmp_path / "out"
    sorted_folder()
    names = mountain_names(out)
    give(out, [Verdict("tiles", names["charts-3.png"], "no")])
    learn = sort_training.train_tag_models

    def meanwhile(*arguments, **options):
        summary = learn(*arguments, **options)
        give(out, [Verdict("tiles", names["charts-8.png"], "no")])
        return summary

    monkeypatch.setattr(sort_training, "train_tag_models", meanwhile)
    assert sorted_folder().train.verdicts.used == 1
    monkeypatch.setattr(sort_training, "train_tag_models", learn)
    assert sorted_folder().train.verdicts.used == 2
    assert sorted_folder().train is None
