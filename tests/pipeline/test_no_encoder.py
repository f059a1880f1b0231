"""The encoder is not available: what is known of the pictures is scored, and the others say what they need."""

from __future__ import annotations

import json
import sqlite3
import zipfile
from contextlib import closing

import numpy as np
import pytest

from fakes import MeanColours
from image_tagging import ClassifyConfig, ProcessConfig, TrainConfig, classify_images, process_dataset, train_tag_models
from image_tagging.cli import app as cli
from image_tagging.encoders import EncoderFamily, register_encoder
from image_tagging.errors import DeviceUnavailableError, EncoderError, EncoderUnavailableError, NoImagesError
from image_tagging.records import EncoderSpec
from image_tagging.runners import LocalRunner
from process_pool import ProcessPoolRunner
from samples import encoded, plain, written

NAME = "absent-colours"
SPEC = EncoderSpec(NAME, "v1", 3, "none")
REASON = "the library colours is not installed: pip install colours"

#: The errors of loading; without one the encoder is available.
errors = []
loads = []


def load(*_):
    loads.append(1)
    if errors:
        raise errors[0]
    return MeanColours(SPEC)


@pytest.fixture(autouse=True)
def available():
    register_encoder(EncoderFamily(NAME, load, "the encoder of colours", version="v1"))
    errors.clear()
    loads.clear()
    yield
    errors.clear()


def unavailable(error=None):
    errors[:] = [error or EncoderUnavailableError(REASON, "take --clip_model=builtin")]
    loads.clear()


@pytest.fixture
def made(tmp_path):
    """Stages 1 and 2 done with the encoder: ``images`` with a folder for each of two tags, and ``out``."""
    for tag, channel in (("red", 0), ("blue", 2)):
        for number in range(6):
            colour = [30 * number, 30 * number, 30 * number]
            colour[channel] = 250
            written(tmp_path / "images" / tag / f"{number}.png", encoded(plain(tuple(colour))))
    process_dataset(
        ProcessConfig(input_folder=str(tmp_path / "images"), output_folder=str(tmp_path / "out"), clip_model=NAME)
    )
    train_tag_models(
        TrainConfig(
            metadata_json=str(tmp_path / "out" / "input-metadata.json"),
            tag_to_hash_json=str(tmp_path / "out" / "input-tag-to-image-hash-list.json"),
            output=str(tmp_path / "out"),
        )
    )
    return tmp_path


@pytest.fixture(params=[False, True], ids=["a folder", "archives"])
def archives(request):
    return request.param


def new_images(root, names, *, archives):
    """The images of the data set and new ones, in a folder or in an archive; the path of either."""
    for number, name in enumerate(names):
        written(root / "new" / name, encoded(plain((9, 40 * number, 9))))
    if not archives:
        for path in (root / "images").rglob("*.png"):
            written(root / "new" / path.parent.name / path.name, path.read_bytes())
        return root / "new"
    with zipfile.ZipFile(root / "new.zip", "w") as archive:
        for folder in ("new", "images"):
            for path in sorted((root / folder).rglob("*.png")):
                archive.write(path, str(path.relative_to(root)))
    return root / "new.zip"


def classify(root, source, *, archives, runner=None, metadata=True, **settings):
    config = ClassifyConfig(
        directory=str(source),
        output=str(root / "scored"),
        model=str(root / "out" / "models"),
        metadata_json=str(root / "out" / "input-metadata.json") if metadata else None,
        archives=archives,
        place="none",
        batch_size=4,
        **settings,
    )
    return classify_images(config, runner=runner or LocalRunner())


def missing(summary):
    return sorted((each.ref.name, each.step) for each in summary.embedding.failures if each.code == "no-encoder")


RUNNERS = [LocalRunner, pytest.param(ProcessPoolRunner, marks=pytest.mark.slow)]


@pytest.mark.parametrize("runner", RUNNERS)
def test_what_the_metadata_holds_is_scored_and_the_rest_are_failures(made, archives, runner):
    source = new_images(made, ["x.png", "y.png"], archives=archives)
    unavailable()
    summary = classify(made, source, archives=archives, runner=runner())
    assert (summary.embedding.images, summary.embedding.computed) == (12, 0)
    assert missing(summary) == [("x.png", "embed"), ("y.png", "embed")]
    assert summary.embedding.failure_codes == {"no-encoder": 2}
    assert summary.embedding.no_encoder == REASON
    assert {each.reason for each in summary.embedding.failures} == {
        f"it needs the encoder {NAME}/v1, which is not available: {REASON}"
    }
    assert len(json.loads((made / "scored" / "output.json").read_text())) == 12
    assert loads == [1]  # loading may take seconds, of a download that fails


@pytest.mark.parametrize("runner", RUNNERS)
def test_the_next_run_tries_them_again(made, archives, runner):
    source = new_images(made, ["x.png", "y.png"], archives=archives)
    for _ in range(2):
        unavailable()
        assert len(missing(classify(made, source, archives=archives, runner=runner()))) == 2
    errors.clear()
    summary = classify(made, source, archives=archives, runner=runner())
    assert (missing(summary), summary.embedding.images, summary.embedding.computed) == ([], 14, 2)
    assert summary.embedding.no_encoder == ""
    unavailable()
    summary = classify(made, source, archives=archives, runner=runner())
    assert (missing(summary), summary.embedding.images, loads) == ([], 14, [])


def test_what_the_store_holds_is_scored_without_metadata(made, archives):
    source = new_images(made, [], archives=archives)
    classify(made, source, archives=archives, metadata=False)
    source = new_images(made, ["x.png"], archives=archives)
    unavailable()
    summary = classify(made, source, archives=archives, metadata=False)
    assert (summary.embedding.images, missing(summary)) == (12, [("x.png", "embed")])


def test_each_file_of_a_picture_that_is_not_known_is_a_failure(made, archives):
    source = new_images(made, ["x.png"], archives=archives)
    for name in ("a/x2.png", "b/x3.png"):
        written(made / "new" / name, (made / "new" / "x.png").read_bytes())
    source = new_images(made, ["x.png"], archives=archives)
    unavailable()
    summary = classify(made, source, archives=archives)
    assert [name for name, _ in missing(summary)] == ["x.png", "x2.png", "x3.png"]


@pytest.mark.parametrize("runner", RUNNERS)
@pytest.mark.parametrize("metadata", [True, False])
def test_where_nothing_can_be_scored_the_run_ends_with_what_to_install(made, archives, runner, metadata):
    for path in (made / "images").rglob("*.png"):
        path.unlink()
    source = new_images(made, ["x.png", "y.png"], archives=archives)
    unavailable()
    with pytest.raises(EncoderUnavailableError, match=r"some images have no embedding yet.*pip install colours"):
        classify(made, source, archives=archives, runner=runner(), metadata=metadata)
    assert not (made / "scored" / "output.json").exists()


def test_without_anything_known_no_image_is_decoded_first(made):
    source = new_images(made, [f"{number}.png" for number in range(6)], archives=False)
    unavailable()
    watched = []
    config = ClassifyConfig(directory=str(source), output=str(made / "scored"), model=str(made / "out" / "models"))
    with pytest.raises(EncoderUnavailableError):
        classify_images(config, lambda *told: watched.append(told))
    assert "embedding" not in {activity for activity, *_ in watched}


def test_images_that_are_broken_are_not_said_to_need_the_encoder(made):
    source = new_images(made, ["x.png"], archives=False)
    written(source / "broken.png", b"no image")
    unavailable()
    summary = classify(made, source, archives=False)
    assert summary.embedding.failure_codes == {"no-encoder": 1, "not-an-image": 1}


def test_broken_images_alone_are_no_reason_to_install_an_encoder(made):
    written(made / "new" / "broken.png", b"no image")
    unavailable()
    with pytest.raises(NoImagesError):
        classify(made, made / "new", archives=False)


@pytest.mark.parametrize("error", [DeviceUnavailableError("there is no cuda:7"), EncoderError("no precision int4")])
def test_what_the_user_asked_for_and_cannot_have_ends_the_run(made, error):
    source = new_images(made, ["x.png"], archives=False)
    unavailable(error)
    with pytest.raises(type(error), match=str(error)):
        classify(made, source, archives=False)


def test_stage_1_is_refused_without_the_encoder_it_was_asked_for(made):
    written(made / "images" / "red" / "x.png", encoded(plain((1, 2, 3))))
    unavailable()
    with pytest.raises(EncoderUnavailableError, match="pip install colours"):
        process_dataset(
            ProcessConfig(input_folder=str(made / "images"), output_folder=str(made / "out"), clip_model=NAME)
        )


def test_a_library_that_cannot_be_imported_is_an_encoder_that_is_not_available(made):
    source = new_images(made, ["x.png"], archives=False)
    unavailable(ModuleNotFoundError("No module named 'colours'\x1b[2J\nmore"))
    summary = classify(made, source, archives=False)
    assert len(missing(summary)) == 1
    assert (
        "the encoder of colours needs what cannot be imported (No module named 'colours'"
        in summary.embedding.no_encoder
    )
    assert summary.embedding.no_encoder.isprintable()


def test_the_commands_end_with_0_and_say_what_to_install(made, archives, capsys):
    source = new_images(made, ["x.png", "y.png"], archives=archives)
    unavailable()
    command = "classify-zip" if archives else "classify"
    arguments = [command, f"--directory={source}", f"--output={made / 'scored'}", f"--model={made / 'out' / 'models'}"]
    assert cli.main([*arguments, f"--metadata_json={made / 'out' / 'input-metadata.json'}"]) == 0
    said = capsys.readouterr().out
    assert f"2 images need the encoder {NAME}/v1, which is not available ({REASON}): not scored" in said
    assert "2 skipped" in said
    assert "x.png (no-encoder)\n" in said
    assert said.count(REASON) == 1
    log = (made / "scored" / "image-tagging.log").read_text(encoding="utf-8")
    assert log.count("(embed, no-encoder)") == 2
    with closing(sqlite3.connect(made / "scored" / ("stage4.db" if archives else "stage3.db"))) as db:
        table = "stage4" if archives else "stage3"
        assert db.execute(f"SELECT count(DISTINCT hash_id) FROM {table}").fetchone() == (12,)


def test_the_scores_are_those_that_a_run_with_the_encoder_gives(made, archives):
    source = new_images(made, ["x.png"], archives=archives)
    unavailable()
    classify(made, source, archives=archives)
    without = json.loads((made / "scored" / "output.json").read_text())
    errors.clear()
    classify(made, source, archives=archives)
    with_it = json.loads((made / "scored" / "output.json").read_text())
    assert len(with_it) == len(without) + 1
    for hash_id, entry in without.items():
        assert with_it[hash_id]["file_paths"] == entry["file_paths"]
        for score, other in zip(entry["classifiers_output"], with_it[hash_id]["classifiers_output"]):
            np.testing.assert_allclose(score["tag_prob"], other["tag_prob"], atol=1e-9)
