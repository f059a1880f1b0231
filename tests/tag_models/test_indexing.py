"""Tag models by their tag, one after the other, and as a notebook shows them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from image_tagging.errors import ImageTaggingError, UnknownTagError
from image_tagging.records import EncoderSpec
from image_tagging.tag_models import EXAMPLES, LOGISTIC_REGRESSION, SVM, AveragePrecision, ImageCounts, examine
from image_tagging.tag_models.cards import ModelCard
from image_tagging.tag_models.models import TagModel, TagModels
from image_tagging.tag_models.scorers import LinearScorer

LR, SV = LOGISTIC_REGRESSION.name, SVM.name
CARD = ModelCard("abc", None, 0.5, ImageCounts(1_234, 5), None, None, None, None, None, None, ())
SPEC = EncoderSpec("mean-colours", "v1", 2, "none")


def model(tag, kind=LR, figure=None):
    card = replace(CARD, pictures=CARD.training, out_of_fold=figure and AveragePrecision(figure, None, EXAMPLES))
    return TagModel(tag, kind, SPEC, LinearScorer(np.array([1.0, 0.0]), 0.0, normalise=False), 0.25, card=card)


@pytest.fixture
def models():
    return TagModels([model("cat", LR, 0.8), model("dog", LR, 0.9), model("cat", SV, 0.85), model("dog", SV, 0.7)])


def test_a_tag_gives_the_model_that_answers(models):
    assert (models["cat"].kind, models["dog"].kind) == (SV, LR)
    assert models["cat", LR].kind == LR


def test_iteration_gives_every_model_in_order(models):
    assert [(one.kind, one.tag) for one in models] == models.names
    assert len(models) == 4
    assert models.tags == ("cat", "dog")


def test_membership_is_of_tags_and_of_tags_with_kinds(models):
    assert "cat" in models
    assert ("cat", SV) in models
    assert "owl" not in models
    assert ("cat", "ovr-other") not in models
    assert 3 not in models


def test_a_tag_in_the_letters_of_macos_is_found():
    assert "caf\u00e9" in TagModels([model("caf\u00e9")])
    assert TagModels([model("caf\u00e9")])["cafe\u0301"].tag == "caf\u00e9"


@pytest.mark.parametrize(
    ("key", "says"),
    [
        ("cats", "there is no model of the tag cats. Did you mean cat?"),
        ("zebra", "there is no model of the tag zebra."),
        (("cat", "svm"), "there is no model of the tag cat and the kind svm. Did you mean ovr-svm?"),
        (("cat", "x"), "there is no model of the tag cat and the kind x. It has ovr-logistic-regression, ovr-svm."),
        ((SV, "cat"), "there is no model of the tag ovr-svm. The tag comes first, then the kind."),
        ("c\x1b[2J", "there is no model of the tag c\\x1b[2J."),
    ],
)
def test_an_unknown_tag_names_the_one_that_is_meant(models, key, says):
    with pytest.raises(KeyError) as raised:
        models[key]
    assert str(raised.value) == says
    assert isinstance(raised.value, UnknownTagError)
    assert isinstance(raised.value, ImageTaggingError)


def test_what_is_no_tag_is_refused(models):
    with pytest.raises(TypeError, match="indexed by a tag, or by a tag and a kind, and not by 0"):
        models[0]


def test_examining_a_tag_names_the_one_that_is_meant(tmp_path):
    (tmp_path / "model-ovr-svm-tag-cat.pkl").touch()
    with pytest.raises(ImageTaggingError, match=r"the tag kat at .*\. Did you mean cat\? Without --tag all"):
        examine(tmp_path, "kat")


def test_the_line_of_a_notebook_is_short(models):
    assert repr(models) == "<TagModels: 4 models of 2 tags (cat, dog), encoder mean-colours/v1>"
    assert repr(models["cat"]) == "<TagModel cat: ovr-svm, mean-colours/v1, threshold 0.25>"
    many = TagModels([model(f"tag {number}") for number in range(5_000)])
    assert repr(many).startswith("<TagModels: 5,000 models of 5,000 tags (tag 0, tag 1, tag 2 and 4,997 more), enc")


def test_the_table_of_a_notebook_has_a_row_a_tag(models):
    table = models._repr_html_()
    assert "<tr><td>cat</td><td>ovr-svm</td><td>0.85</td><td>1,234</td><td>0.25</td></tr>" in table
    assert "<tr><td>dog</td><td>ovr-logistic-regression</td><td>0.90</td>" in table
    assert table.count("<tr>") == 3


def test_the_table_of_a_notebook_ends_after_20_tags():
    table = TagModels([model(f"tag {number:03}") for number in range(2_025)])._repr_html_()
    assert table.count("<tr>") == 21
    assert "… and 2,005 more tags" in table
    assert len(table) < 4_000


def test_the_table_of_a_notebook_shows_a_nasty_tag_harmlessly():
    table = TagModels([model("<script>alert(1)</script>\x1b[2J\u202e" + "x" * 500)])._repr_html_()
    assert "<script" not in table
    assert "&lt;script&gt;" in table
    assert not set("\x1b\u202e") & set(table)
    assert len(table) < 1_000
