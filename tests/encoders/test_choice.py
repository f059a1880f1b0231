"""Which encoder a run uses, and what is refused before a picture is embedded with another one."""

from __future__ import annotations

import pytest

from image_tagging.encoders import EncoderChoice, require_this_version
from image_tagging.encoders.builtin.encoder import BuiltinEncoder
from image_tagging.errors import EncoderMismatchError, EncoderUnavailableError
from image_tagging.records import EncoderSpec


def test_the_encoder_a_person_names_is_loaded():
    choice = EncoderChoice.by_name("builtin", "openai")
    assert (choice.name, choice.pretrained) == ("builtin", BuiltinEncoder.spec.pretrained)
    assert choice.load().spec == BuiltinEncoder.spec


def test_an_encoder_of_another_version_is_refused():
    with pytest.raises(EncoderUnavailableError, match="there is no builtin/0"):
        EncoderChoice.by_spec(EncoderSpec("builtin", "0", 8, ""), None).load()


def test_an_encoder_of_another_length_is_refused():
    spec = BuiltinEncoder.spec
    choice = EncoderChoice.by_spec(EncoderSpec(spec.name, spec.pretrained, spec.dim + 1, ""), None)
    with pytest.raises(EncoderMismatchError, match=f"gives embeddings of {spec.dim} values"):
        choice.load()


def test_where_the_encoder_of_the_tag_models_is_not_here_the_message_says_what_for(tmp_path):
    choice = EncoderChoice.by_spec(EncoderSpec("ViT-B-32", "no_such_tag", 512, ""), None)
    with pytest.raises(EncoderUnavailableError, match=r"have no embedding yet.*ViT-B-32/no_such_tag") as told:
        choice.load()
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(("version", "values"), [("classical-1", 706), ("learned-1", 768)])
def test_embeddings_of_another_version_of_the_embedded_encoder_are_refused_with_what_to_do(version, values):
    with pytest.raises(EncoderMismatchError, match=rf"builtin/{version}.*builtin/learned-2") as told:
        require_this_version(EncoderSpec("builtin", version, values, "letterbox-128"))
    assert "Make the metadata again (stage 1), then the tag models (stage 2)" in str(told.value)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("spec", [BuiltinEncoder.spec, EncoderSpec("ViT-B-32", "openai", 512, "")])
def test_embeddings_of_this_version_and_of_other_encoders_are_taken(spec):
    require_this_version(spec)
