"""A run into a folder that has an encoder takes that one, unless another is named."""

from __future__ import annotations

import pytest

from image_tagging import ProcessConfig, process_dataset
from image_tagging.cli import app as cli
from image_tagging.encoders import EncoderChoice
from image_tagging.errors import EncoderMismatchError, EncoderUnavailableError
from image_tagging.pipeline import choose_encoder
from image_tagging.store import STORE_NAME


def config(trained, output, **settings):
    return ProcessConfig(input_folder=str(trained.images), output_folder=str(output), **settings)


def test_stage_1_takes_the_encoder_that_the_folder_has(trained, output):
    summary = process_dataset(config(trained, output))
    assert (summary.embedding.encoder.label, summary.embedding.computed) == ("builtin/learned-2", 0)


def test_the_command_says_the_encoder_in_its_first_line(trained, output, capsys):
    assert cli.main(["process", f"--input_folder={trained.images}", f"--output_folder={output}"]) == 0
    first, *_ = capsys.readouterr().out.splitlines()
    assert first == f"Encoder builtin/learned-2, that of earlier runs into {output} (--clip_model changes it)."


def test_a_named_encoder_says_what_is_computed_again(trained, output):
    said = choose_encoder(config(trained, output, clip_model="ViT-B-32")).sentence
    assert said == (
        "Encoder ViT-B-32/openai, as --clip_model says. 24 embeddings by builtin/learned-2 are computed again."
    )


def test_a_new_folder_has_the_documented_default(trained, tmp_path):
    chosen = choose_encoder(config(trained, tmp_path / "new"))
    assert (chosen.choice.name, chosen.choice.pretrained) == ("ViT-B-32", "openai")
    assert chosen.sentence == "Encoder ViT-B-32/openai, the default (--clip_model names another)."
    assert not (tmp_path / "new").exists()


def test_weights_alone_are_those_of_the_default_model(trained, output):
    chosen = choose_encoder(config(trained, output, pretrained="laion2b_s34b_b79k"))
    assert (chosen.choice.name, chosen.choice.pretrained) == ("ViT-B-32", "laion2b_s34b_b79k")
    assert "24 embeddings by builtin/learned-2 are computed again" in chosen.sentence


def test_metadata_without_a_store_says_the_encoder_too(trained, output):
    (output / STORE_NAME).unlink()
    chosen = choose_encoder(config(trained, output))
    assert chosen.sentence.startswith("Encoder builtin/learned-2, that of earlier runs")


def test_metadata_of_something_else_says_no_encoder(trained, tmp_path):
    (tmp_path / "input-metadata.json").write_text("[1, 2]")
    assert choose_encoder(config(trained, tmp_path)).choice.name == "ViT-B-32"


def test_an_encoder_that_is_not_there_is_not_kept(trained, tmp_path):
    process_dataset(config(trained, tmp_path / "o", clip_model="builtin"))
    with pytest.raises(EncoderUnavailableError):
        process_dataset(config(trained, tmp_path / "o", clip_model="ViT-B-32", pretrained=str(tmp_path / "gone.pt")))
    assert choose_encoder(config(trained, tmp_path / "o")).choice.name == "builtin"


def test_auto_is_for_stage_1_what_it_is_for_sort(trained, tmp_path, monkeypatch):
    monkeypatch.setattr(
        "image_tagging.pipeline.chosen_encoder.automatic_encoder", lambda: ("builtin", "learned-2", "x")
    )
    assert choose_encoder(config(trained, tmp_path / "new", clip_model="auto")).choice.name == "builtin"


@pytest.mark.parametrize("name", ["bultin", "build-in", "built-in", "Builtin", "buitlin"])
def test_a_misspelt_embedded_encoder_is_recognised(name):
    with pytest.raises(EncoderUnavailableError, match=f"there is no encoder {name}: did you mean builtin?"):
        EncoderChoice.by_name(name, "openai")


@pytest.mark.parametrize("name", ["ViT-B32", "vit-b-32", "ViTB-32", "ViT-B/32x"])
@pytest.mark.parametrize("installed", [True, False])
def test_a_misspelt_clip_model_is_recognised_without_clip_too(name, installed, monkeypatch):
    monkeypatch.setattr("image_tagging.encoders.clip.knows_all_names", lambda: installed)
    with pytest.raises(EncoderUnavailableError, match=r"did you mean .*ViT-B-32") as error:
        EncoderChoice.by_name(name, "openai")
    assert ("pip install 'image-tagging-tools[torch]'" in str(error.value)) is not installed


@pytest.mark.parametrize("name", ["ViT-B-32", "ViT-B/32", "ViT-L-14", "coca_ViT-B-32", "no-such-model", "builtin"])
def test_a_name_that_is_one_or_like_none_is_taken_as_it_is(name):
    assert EncoderChoice.by_name(name, "openai").name == name.replace("/", "-")


def test_weights_of_another_file_are_refused_as_before(trained, output, tmp_path):
    choice = EncoderChoice.by_spec(choose_encoder(config(trained, output)).choice.load().spec, None)
    assert choice.load().spec.name == "builtin"
    with pytest.raises((EncoderMismatchError, EncoderUnavailableError)):
        EncoderChoice.by_name("builtin", "other-weights")


def test_a_misspelt_name_is_said_in_one_line_and_makes_no_folder(trained, tmp_path, capsys):
    arguments = [f"--input_folder={trained.images}", f"--output_folder={tmp_path / 'o'}", "--clip_model=bultin"]
    assert cli.main(["process", *arguments]) == 1
    assert capsys.readouterr().err == "image-tagging: there is no encoder bultin: did you mean builtin?\n"
    assert not (tmp_path / "o").exists()
